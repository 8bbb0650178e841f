//! One `serve` for each data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::StoreError;
use super::schema::prepare_files;

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
        let path = dir.join("serve.lock");
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
        match file.try_lock() {
            Ok(()) => Ok(ServeLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
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
        drop(first);
        ServeLock::take(dir.path()).unwrap();
    }
}
