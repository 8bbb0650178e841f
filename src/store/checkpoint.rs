//! Moves the write-ahead log into the database file, on a thread of its own: no submission waits for a
//! checkpoint, except for the millisecond in which the log starts over.
//!
//! The log is kept short, so that it is written over instead of growing: a commit into a file that grows has to
//! sync the file's length too, which doubles what it costs. While a writer keeps writing, a checkpoint beside it
//! never reaches the end of the log; so the thread moves nearly all of it, and the writer moves the rest
//! between two groups and starts over.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::error::StoreError;
use super::schema::{Purpose, connect};

/// Frames (pages of 4 KiB) written since the last checkpoint from which on the next one is due at once. Large enough
/// that a page written by many groups (the right edge of the inbox) goes to the file once; small enough that the
/// file system is given its work in portions of some milliseconds.
const DUE_FRAMES: u64 = 1024;
/// Less than that waits this long, so that a lone submission costs no second sync of its own.
const DUE_AFTER: Duration = Duration::from_secs(2);
/// A log of so many frames starts over once it is in the file.
const LONG_FRAMES: u64 = 1024;

/// The handle that the writer tells of its commits.
#[derive(Debug, Clone, Default)]
pub(super) struct Checkpoints(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    log: Mutex<Log>,
    wake: Condvar,
    /// The log is long, and in the file but for its newest part.
    restart: AtomicBool,
}

/// Counted in frames from where the log last started over.
#[derive(Debug, Default)]
struct Log {
    written: u64,
    /// A checkpoint has tried to move so many. A reader with an old snapshot keeps it from moving all; the next try
    /// comes with further writes, not at once.
    tried: u64,
    stop: bool,
}

impl Log {
    fn pending(&self) -> u64 {
        self.written - self.tried
    }

    /// Whether the thread has to hear of it.
    fn grew_to(&mut self, frames: u64) -> bool {
        if frames < self.written {
            // It started over.
            (self.written, self.tried) = (0, 0);
        }
        let before = self.pending();
        self.written = frames;
        let after = self.pending();
        (before == 0 && after > 0) || (before < DUE_FRAMES && after >= DUE_FRAMES)
    }
}

impl Checkpoints {
    /// Has `conn` tell of each of its commits. It must not be told to checkpoint by itself afterwards.
    pub(super) fn listen(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        let this = self.clone();
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames| {
            if this.lock().grew_to(u64::try_from(frames).unwrap_or(0)) {
                this.0.wake.notify_all();
            }
            Ok(())
        }))
    }

    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.0.wake.notify_all();
    }

    /// Lets the log start over, if it is time: for the writer, between two groups. Little is left to move, nobody can
    /// add to it meanwhile, and the next group finds the whole log in the file.
    pub(super) fn restart_if_due(&self, conn: &Connection) {
        if self.0.restart.swap(false, Ordering::AcqRel) {
            self.checkpoint(conn);
        }
    }

    pub(super) fn spawn(&self, path: PathBuf) -> Result<JoinHandle<()>, StoreError> {
        let conn = connect(&path, Purpose::Checkpoint)?;
        let this = self.clone();
        std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || {
                while this.wait_until_due() {
                    if this.checkpoint(&conn) >= LONG_FRAMES {
                        this.0.restart.store(true, Ordering::Release);
                    }
                }
            })
            .map_err(|error| StoreError::Open {
                path,
                reason: error.to_string(),
            })
    }

    /// Moves what can be moved without waiting for anybody; how many frames there are in the log.
    fn checkpoint(&self, conn: &Connection) -> u64 {
        let before = self.lock().written;
        let frames = conn
            .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(1)));
        let mut log = self.lock();
        log.tried = before.min(log.written);
        drop(log);
        match frames {
            // -1 where another checkpoint is under way.
            Ok(frames) => u64::try_from(frames).unwrap_or(0),
            Err(error) => {
                // Nothing is lost: the log keeps it all.
                tracing::warn!(%error, "the write-ahead log could not be moved into the database file");
                0
            }
        }
    }

    /// False when it is time to end. The last connection to close checkpoints by itself.
    fn wait_until_due(&self) -> bool {
        let log = self.lock();
        let log = self
            .0
            .wake
            .wait_while(log, |log| !log.stop && log.pending() == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let (log, _) = self
            .0
            .wake
            .wait_timeout_while(log, DUE_AFTER, |log| !log.stop && log.pending() < DUE_FRAMES)
            .unwrap_or_else(PoisonError::into_inner);
        !log.stop
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_hears_of_the_first_frames_and_of_many() {
        let mut log = Log::default();
        // Frames in the log after a commit, whether it is news.
        for (frames, news) in [
            (3, true),
            (6, false),
            (DUE_FRAMES + 1, true),
            (DUE_FRAMES + 9, false),
        ] {
            assert_eq!(log.grew_to(frames), news, "{frames}");
        }
        log.tried = DUE_FRAMES + 5;
        assert_eq!(log.pending(), 4);
        log.tried = DUE_FRAMES + 9;
        assert!(log.grew_to(DUE_FRAMES + 12));
    }

    #[test]
    fn a_log_that_started_over_is_counted_anew() {
        let mut log = Log::default();
        log.grew_to(5_000);
        log.tried = 5_000;
        assert!(log.grew_to(2));
        assert_eq!(log.pending(), 2);
    }

    #[test]
    fn the_log_is_written_over_while_a_writer_keeps_writing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::File::create(&path).unwrap();
        let mut conn = connect(&path, Purpose::Writer).unwrap();
        let checkpoints = Checkpoints::default();
        checkpoints.listen(&mut conn).unwrap();
        let thread = checkpoints.spawn(path.clone()).unwrap();
        conn.execute_batch("CREATE TABLE t (b BLOB)").unwrap();
        let (mut longest, mut restarts) = (0, 0);
        while restarts < 3 {
            // A hundred pages a commit.
            conn.execute("INSERT INTO t VALUES (zeroblob(409600))", [])
                .unwrap();
            checkpoints.restart_if_due(&conn);
            let frames = checkpoints.lock().written;
            restarts += u32::from(frames < longest);
            longest = frames;
            assert!(frames < 100 * LONG_FRAMES, "the log only grows");
        }
        checkpoints.stop();
        thread.join().unwrap();
    }
}
