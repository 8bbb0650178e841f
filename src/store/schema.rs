//! The file: how it is made, opened and brought up to date.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::StoreError;

/// The one file of a data directory; SQLite puts `-wal` and `-shm` beside it, with its permissions.
pub const FILE_NAME: &str = "bridge.sqlite3";

/// "B24b": marks the file as ours, in SQLite's header.
pub(super) const APPLICATION_ID: i32 = 0x4232_3462;

/// Every migration there ever was, in order. Released ones are never edited: add another.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../assets/migrations/0001_first.sql"),
    include_str!("../../assets/migrations/0002_accounts_and_traffic.sql"),
    include_str!("../../assets/migrations/0003_bodies_removed.sql"),
];

/// How long a statement waits for another process's write. The command line's writes take
/// milliseconds; a migration or a chunk of a purge stays well below this.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// 8 MiB for the writer: the inbox grows at its right edge, and the pages worth keeping are the
/// inner pages of the delivery indexes, some 8,000 pages at ten million rows of which the newest
/// edge is hot. SQLite allocates pages as they are used, so an idle bridge pays nothing.
const WRITER_CACHE_KIB: i64 = 8 * 1024;
/// 2 MiB a reader: one page of the inbox touches a few dozen pages.
const READER_CACHE_KIB: i64 = 2 * 1024;
/// What the WAL file keeps on the disk after a restart of the log. See `checkpoint` for the sizes.
const WAL_KEEP_BYTES: i64 = 64 * 1024 * 1024;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Writer,
    Reader,
    /// Moves the log into the file; must not wait for readers while it holds up the writer.
    Checkpoint,
}

/// Makes the data directory (0700) and the file (0600) unless they exist. A file whose contents
/// others could read is tightened: it holds tokens and personal data.
pub(super) fn prepare_files(dir: &Path) -> Result<PathBuf, StoreError> {
    let path = dir.join(FILE_NAME);
    let failed = |error: std::io::Error| StoreError::Open {
        path: path.clone(),
        reason: error.to_string(),
    };
    if !dir.is_dir() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(failed)?;
    }
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
    {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => tighten(&path),
        Err(error) => return Err(failed(error)),
    }
    Ok(path)
}

/// Takes the rights of others away where that is allowed; `doctor` names a file that stays open.
fn tighten(path: &Path) {
    if let Ok(meta) = std::fs::metadata(path)
        && meta.permissions().mode() & 0o077 != 0
        && let Err(error) = std::fs::set_permissions(path, Permissions::from_mode(0o600))
    {
        tracing::warn!(%error, path = %path.display(), "others can read the database file; run chmod 600 on it");
    }
}

/// Opens a connection with its pragmas set; the file must exist.
pub(super) fn connect(path: &Path, purpose: Purpose) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::Open {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    // NO_MUTEX: each connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(failed)?;
    pragmas(&conn, purpose).map_err(failed)?;
    Ok(conn)
}

fn pragmas(conn: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
    // 1. Before anything that touches the file: two processes may start at once, and the pragmas
    //    below take locks.
    conn.busy_timeout(BUSY)?;
    // 2. The log must be in place before `synchronous` is given its meaning. Kept in the file, so
    //    this is a no-op on every later start.
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // 3. FULL syncs the log at every commit: "accepted" is answered only for what survives a power
    //    cut. NORMAL would sync at checkpoints only. The checkpoint connection needs it just as much.
    conn.pragma_update(None, "synchronous", "FULL")?;
    // 4. Off by default in SQLite, and a no-op inside a transaction: so here.
    conn.pragma_update(None, "foreign_keys", "ON")?;
    // 5. Checkpoints run on a thread of their own, never inside somebody's commit.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", WAL_KEEP_BYTES)?;
    // 6. What is purged is overwritten where that costs no additional page.
    conn.pragma_update(None, "secure_delete", "FAST")?;
    // 7. A file that somebody doctored cannot make us run functions with side effects.
    conn.pragma_update(None, "trusted_schema", "OFF")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    match purpose {
        Purpose::Writer => conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?,
        Purpose::Reader => {
            conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
            // 8. Last, since it forbids what comes before.
            conn.pragma_update(None, "query_only", "ON")?;
        }
        // A restart of the log waits for readers with the write lock in its hand: briefly, then.
        Purpose::Checkpoint => conn.busy_timeout(Duration::from_millis(20))?,
    }
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Brings the file to the newest schema, one transaction a migration; refuses a newer or foreign one.
pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    migrate_by(conn, path, MIGRATIONS)
}

fn migrate_by(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    loop {
        // The version is read inside the transaction: another process may be migrating just now.
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let owner: i32 = tx.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if found > known && owner == APPLICATION_ID {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        if owner != APPLICATION_ID {
            let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables > 0 || found != 0 {
                return Err(StoreError::Foreign(path.to_owned()));
            }
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        let Some(sql) = usize::try_from(found).ok().and_then(|n| migrations.get(n)) else {
            return Ok(());
        };
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", found + 1)?;
        tx.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(conn: &Connection) -> i64 {
        conn.pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap()
    }

    fn fresh(dir: &Path) -> (PathBuf, Connection) {
        let path = prepare_files(dir).unwrap();
        let conn = connect(&path, Purpose::Writer).unwrap();
        (path, conn)
    }

    #[test]
    fn the_file_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (path, mut conn) = fresh(&data);
        migrate(&mut conn, &path).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        for suffix in ["", "-wal", "-shm"] {
            assert_eq!(
                mode(&data.join(format!("{FILE_NAME}{suffix}"))),
                0o600,
                "{suffix}"
            );
        }
        drop(conn);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        prepare_files(&data).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn the_log_is_synced_at_every_commit() {
        let dir = tempfile::tempdir().unwrap();
        let (_, conn) = fresh(dir.path());
        let text: String = conn
            .pragma_query_value(None, "journal_mode", |r| r.get(0))
            .unwrap();
        assert_eq!(text, "wal");
        for (pragma, value) in [("synchronous", 2), ("foreign_keys", 1), ("wal_autocheckpoint", 0)] {
            let found: i64 = conn.pragma_query_value(None, pragma, |r| r.get(0)).unwrap();
            assert_eq!(found, value, "{pragma}");
        }
    }

    #[test]
    fn a_newer_file_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut conn) = fresh(dir.path());
        migrate(&mut conn, &path).unwrap();
        let known = version(&conn);
        conn.pragma_update(None, "user_version", known + 1).unwrap();
        let refused = migrate(&mut conn, &path);
        assert_eq!(
            refused,
            Err(StoreError::Newer {
                path,
                found: known + 1,
                known
            })
        );
        assert_eq!(version(&conn), known + 1);
    }

    #[test]
    fn a_database_of_somebody_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut conn) = fresh(dir.path());
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert_eq!(migrate(&mut conn, &path), Err(StoreError::Foreign(path)));
    }

    #[test]
    fn a_migration_that_fails_leaves_no_trace_and_the_earlier_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut conn) = fresh(dir.path());
        let broken = ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"];
        assert!(migrate_by(&mut conn, &path, &broken).is_err());
        assert_eq!(version(&conn), 1);
        let tables: i64 = conn
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name IN ('a','b')",
                [],
                |r| r.get(0),
            )
            .unwrap();
        assert_eq!(tables, 1);
        migrate_by(&mut conn, &path, &[broken[0], "CREATE TABLE b (x)"]).unwrap();
        assert_eq!(version(&conn), 2);
    }
}
