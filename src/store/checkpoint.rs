//! Moves the write-ahead log into the database file, on a thread of its own: no submission ever waits
//! for a checkpoint, except for the few milliseconds in which a log grown too long starts over.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::error::StoreError;
use super::schema::{Purpose, connect};

/// Written since the last checkpoint before the next one is due at once. Large enough that pages
/// written by many groups (the right edge of the inbox) go to the file once; small enough that the
/// file system is given its work in portions of some tens of milliseconds.
const DUE_BYTES: u64 = 8 * 1024 * 1024;
/// Less than that waits this long, so that a lone submission costs no second sync of its own.
const DUE_AFTER: Duration = Duration::from_secs(2);
/// Frames (pages) in the log, 64 MiB, from which on it must start over. A passive checkpoint cannot
/// make it start over while a writer keeps writing.
const RESTART_FRAMES: i64 = 16 * 1024;

#[derive(Debug, Default)]
struct Shared {
    written: AtomicU64,
    stop: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

/// The handle that the writer tells of its commits.
#[derive(Debug, Clone, Default)]
pub(super) struct Checkpoints(Arc<Shared>);

impl Checkpoints {
    /// About `bytes` were committed.
    pub(super) fn wrote(&self, bytes: u64) {
        let before = self.0.written.fetch_add(bytes, Ordering::AcqRel);
        if before == 0 || (before < DUE_BYTES && before + bytes >= DUE_BYTES) {
            self.wake();
        }
    }

    pub(super) fn stop(&self) {
        self.0.stop.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        drop(self.0.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.wake.notify_all();
    }

    pub(super) fn spawn(&self, path: PathBuf) -> Result<JoinHandle<()>, StoreError> {
        let conn = connect(&path, Purpose::Checkpoint)?;
        let this = self.clone();
        std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || this.run(&conn))
            .map_err(|error| StoreError::Open {
                path,
                reason: error.to_string(),
            })
    }

    fn run(&self, conn: &Connection) {
        while self.wait_until_due() {
            self.0.written.store(0, Ordering::Release);
            if let Err(error) = checkpoint(conn) {
                // Nothing is lost: the log keeps it all and the next round tries again.
                tracing::warn!(%error, "the write-ahead log could not be moved into the database file");
            }
        }
    }

    /// False when it is time to end. The last connection to close checkpoints by itself.
    fn wait_until_due(&self) -> bool {
        let shared = &self.0;
        let stopped = || shared.stop.load(Ordering::Acquire);
        let written = || shared.written.load(Ordering::Acquire);
        let guard = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = shared
            .wake
            .wait_while(guard, |()| !stopped() && written() == 0)
            .unwrap_or_else(PoisonError::into_inner);
        drop(
            shared
                .wake
                .wait_timeout_while(guard, DUE_AFTER, |()| !stopped() && written() < DUE_BYTES)
                .unwrap_or_else(PoisonError::into_inner),
        );
        !stopped()
    }
}

fn checkpoint(conn: &Connection) -> rusqlite::Result<()> {
    let frames: i64 = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?;
    if frames > RESTART_FRAMES {
        // Passive did the long part beside the writer; what is left is what came in meanwhile.
        conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
    }
    Ok(())
}
