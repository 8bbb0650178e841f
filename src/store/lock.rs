//! One `serve` for each data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

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
        let failed = |error: std::io::Error| StoreError::Open {
            path: path.clone(),
            reason: error.to_string(),
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(ServeLock { _file: file }),
                // `is_held` may be looking just now.
                Err(TryLockError::WouldBlock) if started.elapsed() < GLANCE => sleep(GLANCE / 20),
                Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(dir.to_owned())),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
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
}
