//! What can go wrong with the store, in words that tell the way out.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::model::SubmissionId;

/// Every failure of the store. Cloned to each submission of a group that was refused together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk did not take the write; nothing of it was stored. The HTTP answer is 503.
    #[error(
        "the disk refused the write ({0}): free space or mend the disk, later writes then work by themselves"
    )]
    Refused(String),
    #[error("the store is shutting down: send the request again")]
    Closed,
    #[error(
        "{path} was written by a newer b24-bridge (schema {found}, this program knows {known}): \
         start the newer program, or restore a backup of this version"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("{0} is not a database of b24-bridge: name another data directory")]
    Foreign(PathBuf),
    #[error(
        "cannot open {path}: {reason}; check that the directory exists and belongs to the user that runs the bridge"
    )]
    Open { path: PathBuf, reason: String },
    #[error("{0} is in use by another `b24-bridge serve`: stop that one, or choose another --data-dir")]
    InUse(PathBuf),
    #[error("{0} already holds data: choose another --data-dir, or overwrite it with --force")]
    Exists(PathBuf),
    #[error("{path} cannot be read ({reason}): name a file that `b24-bridge backup` made")]
    NoFile { path: PathBuf, reason: String },
    #[error("{path} is not a backup of b24-bridge ({reason}): name a file that `b24-bridge backup` made")]
    NoBackup { path: PathBuf, reason: String },
    #[error("there is no channel {0:?}: `channel list` shows those there are")]
    NoSuchChannel(String),
    #[error("there is no submission {0} waiting for delivery: it was removed while it was worked on")]
    NoSuchDelivery(SubmissionId),
    #[error("{what} in the database cannot be read ({reason}): restore a backup")]
    Broken { what: &'static str, reason: String },
    #[error("{what} cannot be written ({reason})")]
    Unwritable { what: &'static str, reason: String },
    /// SQLite refused a statement for a reason that is not the disk's.
    #[error("the database refused a statement: {0}")]
    Statement(String),
    #[error("the operating system gave no random numbers: {0}")]
    NoRandomness(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        if is_of_the_disk(&error) {
            StoreError::Refused(error.to_string())
        } else {
            StoreError::Statement(error.to_string())
        }
    }
}

impl StoreError {
    /// No statement of the same transaction can be trusted to reach the disk.
    pub(super) fn spoils_the_group(&self) -> bool {
        matches!(self, StoreError::Refused(_))
    }

    pub(super) fn broken(what: &'static str) -> impl Fn(serde_json::Error) -> StoreError {
        move |error| StoreError::Broken {
            what,
            reason: error.to_string(),
        }
    }

    pub(super) fn unwritable(what: &'static str) -> impl Fn(serde_json::Error) -> StoreError {
        move |error| StoreError::Unwritable {
            what,
            reason: error.to_string(),
        }
    }
}

/// Trouble of the file or its disk, which passes when the disk is mended, as opposed to trouble of
/// one statement. A lock that another process held too long belongs here: the write may be repeated.
fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
        )
    )
}
