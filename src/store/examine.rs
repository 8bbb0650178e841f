//! A look at a database from beside, for `doctor`: nothing is made, migrated or written, and a running server is not
//! held up.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::schema::{APPLICATION_ID, BUSY, FILE_NAME, MIGRATIONS};

/// Steps of SQLite's machine between two looks at the clock: some milliseconds.
const STEPS: i32 = 100_000;
/// Faults that are told; the first ones say enough.
const FAULTS: usize = 3;

/// An open database that is only looked at.
pub struct Examined {
    conn: Connection,
    path: PathBuf,
}

/// How the file came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Soundness {
    Sound,
    /// In SQLite's words.
    Damaged(Vec<String>),
    /// The file is so large that the time was over first; as far as was read it is sound.
    Unfinished,
}

/// Which schema a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    pub found: i64,
    /// The newest that this program knows.
    pub known: i64,
}

impl Examined {
    /// `None`: there is no database in this directory, or no directory.
    pub fn open(dir: &Path) -> Result<Option<Examined>, StoreError> {
        let path = dir.join(FILE_NAME);
        if !path
            .try_exists()
            .map_err(|error| refused(&path, &error.to_string()))?
        {
            return Ok(None);
        }
        // Not read-only: the last one to close a file must be able to tidy its log up.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&path, flags).and_then(|conn| {
            conn.busy_timeout(BUSY)?;
            conn.pragma_update(None, "query_only", "ON")?;
            conn.pragma_update(None, "trusted_schema", "OFF")?;
            let owner: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
            Ok((conn, owner))
        });
        match opened {
            // Zero, too, is the mark of a file that a first start has just made.
            Ok((conn, APPLICATION_ID | 0)) => Ok(Some(Examined { conn, path })),
            Ok(_) => Err(StoreError::Foreign(path)),
            Err(error) if is_damage(&error) => Err(StoreError::Broken {
                what: "the header",
                reason: error.to_string(),
            }),
            Err(error) => Err(refused(&path, &error.to_string())),
        }
    }

    pub fn schema(&self) -> Result<Schema, StoreError> {
        Ok(Schema {
            found: self
                .conn
                .pragma_query_value(None, "user_version", |row| row.get(0))?,
            known: i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX),
        })
    }

    /// Bytes of the file and of its log.
    pub fn size(&self) -> u64 {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        size(&self.path) + size(Path::new(&log))
    }

    /// Reads the whole file, until `end` at most.
    pub fn soundness(&mut self, end: Instant) -> Result<Soundness, StoreError> {
        self.conn
            .progress_handler(STEPS, Some(move || Instant::now() >= end))?;
        let found = self.faults();
        self.conn.progress_handler(0, None::<fn() -> bool>)?;
        match found {
            Ok(faults) if faults == ["ok"] => Ok(Soundness::Sound),
            Ok(faults) => Ok(Soundness::Damaged(faults)),
            Err(error) if is_damage(&error) => Ok(Soundness::Damaged(vec![error.to_string()])),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Ok(Soundness::Unfinished)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn faults(&self) -> rusqlite::Result<Vec<String>> {
        let mut check = self.conn.prepare(&format!("PRAGMA quick_check({FAULTS})"))?;
        let faults = check.query_map([], |row| row.get(0))?;
        faults.collect()
    }

    /// A setting by its name.
    pub fn setting<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.value("setting", key)
    }

    /// Something secret by its name.
    pub fn credential<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.value("credential", key)
    }

    /// What cannot be read is as good as absent: whether the file is sound is a question of its own.
    fn value<T: DeserializeOwned>(&self, table: &str, key: &str) -> Option<T> {
        let sql = format!("SELECT value FROM {table} WHERE key = ?1");
        let text: Option<String> = self
            .conn
            .query_row(&sql, [key], |row| row.get(0))
            .optional()
            .ok()?;
        serde_json::from_str(&text?).ok()
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

fn refused(path: &Path, reason: &str) -> StoreError {
    StoreError::Open {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn where_nothing_is_nothing_is_made() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Examined::open(dir.path()).unwrap().is_none());
        assert!(Examined::open(&dir.path().join("nowhere")).unwrap().is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_store_is_looked_at_while_it_works() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.put_setting("color", &"green").unwrap();
        store.put_credential("code", &7).unwrap();
        let mut seen = Examined::open(dir.path()).unwrap().unwrap();
        assert_eq!(seen.setting::<String>("color").as_deref(), Some("green"));
        assert_eq!(seen.setting::<u8>("color"), None);
        assert_eq!(seen.credential::<u8>("code"), Some(7));
        assert_eq!(seen.credential::<u8>("other"), None);
        let schema = seen.schema().unwrap();
        assert_eq!(schema.found, schema.known);
        assert!(seen.size() > 0);
        assert_eq!(seen.soundness(soon()).unwrap(), Soundness::Sound);
        store.put_setting("color", &"red").unwrap();
        assert_eq!(seen.setting::<String>("color").as_deref(), Some("red"));
    }

    #[test]
    fn no_time_is_no_verdict() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let many: Vec<u64> = (0..200_000).collect();
        store.put_setting("many", &many).unwrap();
        drop(store);
        let conn = Connection::open(dir.path().join(FILE_NAME)).unwrap();
        conn.execute_batch(
            "CREATE TABLE t (x); WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 50000) \
             INSERT INTO t SELECT x FROM n",
        )
        .unwrap();
        drop(conn);
        let mut seen = Examined::open(dir.path()).unwrap().unwrap();
        assert_eq!(seen.soundness(Instant::now()).unwrap(), Soundness::Unfinished);
        assert_eq!(seen.soundness(soon()).unwrap(), Soundness::Sound);
    }

    #[test]
    fn what_is_no_database_of_ours_is_refused_and_a_damaged_one_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        std::fs::write(&path, "x".repeat(5000)).unwrap();
        assert!(matches!(
            Examined::open(dir.path()),
            Err(StoreError::Broken { .. })
        ));
        std::fs::remove_file(&path).unwrap();
        let foreign = Connection::open(&path).unwrap();
        foreign
            .execute_batch("PRAGMA application_id = 7; CREATE TABLE theirs (x)")
            .unwrap();
        drop(foreign);
        assert!(matches!(Examined::open(dir.path()), Err(StoreError::Foreign(_))));
        std::fs::remove_file(&path).unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.close();
        drop(store);
        let mut bytes = std::fs::read(&path).unwrap();
        let half = bytes.len() / 2;
        bytes[half..].fill(0xa5);
        std::fs::write(&path, bytes).unwrap();
        let mut seen = Examined::open(dir.path()).unwrap().unwrap();
        assert!(matches!(seen.soundness(soon()).unwrap(), Soundness::Damaged(_)));
    }
}
