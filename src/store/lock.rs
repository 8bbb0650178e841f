//! One `serve` for each data directory, and one process at a time for what must not be done twice.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Store;
use super::error::StoreError;
use super::schema::prepare_files;

/// The file that is locked; it is empty.
pub const LOCK_NAME: &str = "serve.lock";
/// Longer than whoever asks [`ServeLock::is_held`] has the lock in hand.
const GLANCE: Duration = Duration::from_millis(200);

/// Held while `serve` runs. The operating system releases it when the process ends, however it ends,
/// so there is no stale lock to remove by hand.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock of a data directory, which is made when it does not exist; refused while
    /// another process (or this one) holds it.
    pub fn take(dir: &Path) -> Result<ServeLock, StoreError> {
        prepare_files(dir)?;
        let path = dir.join(LOCK_NAME);
        let started = Instant::now();
        loop {
            match try_lock(&path)? {
                Some(file) => return Ok(ServeLock { _file: file }),
                // `is_held` may be looking just now.
                None if started.elapsed() < GLANCE => sleep(GLANCE / 20),
                None => return Err(StoreError::InUse(dir.to_owned())),
            }
        }
    }

    /// Whether a server runs on this data directory. Makes nothing.
    pub fn is_held(dir: &Path) -> std::io::Result<bool> {
        let file = match File::open(dir.join(LOCK_NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Held while one process, or one of its threads, does something that no other may do meanwhile.
#[derive(Debug)]
pub struct WorkLock {
    _file: File,
}

/// How often a lock that somebody holds is tried again.
const AGAIN: Duration = Duration::from_millis(20);

impl Store {
    /// Waits for the lock `name` of this data directory; `None` when it was not to be had for so long.
    pub fn work_lock(&self, name: &str, patience: Duration) -> Result<Option<WorkLock>, StoreError> {
        let path = self.path().with_file_name(format!("{name}.lock"));
        let end = Instant::now() + patience;
        loop {
            if let Some(file) = try_lock(&path)? {
                return Ok(Some(WorkLock { _file: file }));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            sleep(AGAIN);
        }
    }
}

/// Opens a file, makes it when there is none, and locks it; `None` while somebody else holds the lock.
fn try_lock(path: &Path) -> Result<Option<File>, StoreError> {
    let failed = |error: std::io::Error| StoreError::Open {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_serve_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let first = ServeLock::take(dir.path()).unwrap();
        assert_eq!(
            ServeLock::take(dir.path()).unwrap_err(),
            StoreError::InUse(dir.path().to_owned())
        );
        assert!(ServeLock::is_held(dir.path()).unwrap());
        drop(first);
        assert!(!ServeLock::is_held(dir.path()).unwrap());
        ServeLock::take(dir.path()).unwrap();
        assert!(!ServeLock::is_held(&dir.path().join("nowhere")).unwrap());
    }

    #[test]
    fn work_is_done_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let first = store.work_lock("work", Duration::ZERO).unwrap();
        assert!(first.is_some());
        assert!(store.work_lock("work", AGAIN).unwrap().is_none());
        assert!(store.work_lock("other", Duration::ZERO).unwrap().is_some());
        let waiting = {
            let store = store.clone();
            std::thread::spawn(move || store.work_lock("work", Duration::from_secs(600)))
        };
        drop(first);
        assert!(waiting.join().unwrap().unwrap().is_some());
    }
}
