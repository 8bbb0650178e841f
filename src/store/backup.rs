//! Copies of the whole database: made while serving, and put back.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::Store;
use super::error::StoreError;
use super::lock::ServeLock;
use super::schema::{FILE_NAME, Purpose, connect, migrate, prepare_files};

/// Pages copied at a time, 4 MiB.
const PAGES_AT_ONCE: i32 = 1024;

impl Store {
    /// Writes a consistent copy of everything to `target` (0600), while others go on reading and
    /// writing. It appears under its name only when it is complete; a file of that name is replaced.
    pub fn backup_to(&self, target: &Path) -> Result<(), StoreError> {
        let source = connect(&self.inner.path, Purpose::Reader)?;
        // One snapshot for the whole copy: otherwise every write of the bridge would start it again.
        source.execute_batch("BEGIN; SELECT count(*) FROM meta;")?;
        copy(&source, target)
    }

    /// The same as a file without a name, beside the database: it is gone when it is closed. For downloads.
    pub fn backup_file(&self) -> Result<File, StoreError> {
        let path = with_suffix(&self.inner.path, ".download");
        // One name, so that what a crash leaves behind is replaced by the next copy.
        let _one = self.inner.copying.lock().unwrap_or_else(PoisonError::into_inner);
        self.backup_to(&path)?;
        let file = File::open(&path).map_err(|error| unreadable(&path, &error.to_string()));
        remove(&path);
        file
    }
}

/// Puts a backup in the place of a data directory's database. Refused while `serve` runs there, when
/// the file is damaged, foreign or of a newer program, and, unless `force`, when there is a database.
pub fn restore(dir: &Path, backup: &Path, force: bool) -> Result<(), StoreError> {
    let path = dir.join(FILE_NAME);
    File::open(backup).map_err(|error| StoreError::NoFile {
        path: backup.to_owned(),
        reason: error.to_string(),
    })?;
    if !force && path.metadata().is_ok_and(|meta| meta.len() > 0) {
        return Err(StoreError::Exists(dir.to_owned()));
    }
    let opened = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let source = opened.map_err(|error| no_backup(backup, &error.to_string()))?;
    let verdict: Result<String, _> = source.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match verdict {
        Ok(text) if text == "ok" => {}
        Ok(text) => return Err(no_backup(backup, &text)),
        Err(error) => return Err(no_backup(backup, &error.to_string())),
    }
    // Tried on a copy: the schema may be older than ours, and must never be newer.
    let _lock = ServeLock::take(dir)?;
    let candidate = dir.join(format!("{FILE_NAME}.restore"));
    copy(&source, &candidate)?;
    let checked = Connection::open(&candidate)
        .map_err(StoreError::from)
        .and_then(|mut conn| migrate(&mut conn, backup));
    if let Err(error) = checked {
        remove(&candidate);
        return Err(match error {
            StoreError::Foreign(_) => no_backup(backup, "it is the database of another program"),
            other => other,
        });
    }
    // The old log would be replayed into the new file.
    for suffix in ["-wal", "-shm"] {
        remove(&dir.join(format!("{FILE_NAME}{suffix}")));
    }
    put_in_place(&candidate, &path)?;
    prepare_files(dir).map(|_| ())
}

fn no_backup(path: &Path, reason: &str) -> StoreError {
    StoreError::NoBackup {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

fn unreadable(path: &Path, reason: &str) -> StoreError {
    StoreError::Open {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

fn copy(source: &Connection, target: &Path) -> Result<(), StoreError> {
    let partial = with_suffix(target, ".partial");
    remove(&partial);
    let failed = |error: std::io::Error| unreadable(target, &error.to_string());
    // Made here, so that it is never readable by others, not even while it grows.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)
        .map_err(failed)?;
    let outcome = copy_pages(source, &partial);
    if let Err(error) = outcome {
        remove(&partial);
        return Err(error);
    }
    put_in_place(&partial, target)
}

fn copy_pages(source: &Connection, partial: &Path) -> Result<(), StoreError> {
    let mut copy = Connection::open(partial)?;
    Backup::new(source, &mut copy)?.run_to_completion(PAGES_AT_ONCE, std::time::Duration::ZERO, None)?;
    // A single file, without a log beside it; opening it as a data directory's file brings WAL back.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    Ok(())
}

/// Renames and makes the name itself durable.
fn put_in_place(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| unreadable(to, &error.to_string());
    File::open(from)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(from, to).map_err(failed)?;
    match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            File::open(parent).and_then(|dir| dir.sync_all()).map_err(failed)
        }
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What is not there need not be removed; anything else shows in the step that follows.
fn remove(path: &Path) {
    let _absent = std::fs::remove_file(path);
}
