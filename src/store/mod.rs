//! SQLite: the durable inbox and all other state, in one file of the data directory.
//!
//! One thread writes ([`writer`]), in groups that share one sync of the disk; readers have their own
//! connections and never wait for it. The accept path writes one row without any index; what lists and
//! searches need is written when the engine takes a submission up. Several processes may use the file
//! at once (the command line beside `serve`); they notice each other within a second ([`watch`]).
//!
//! All methods but [`Store::accept`] and the ones that only look at memory block: call them from
//! threads that may.

mod accept;
mod accounts;
mod backup;
mod bodies;
mod changes;
mod channels;
mod checkpoint;
mod counts;
mod directory;
mod error;
mod examine;
mod find;
mod inbox;
mod journal;
mod lock;
mod meta;
mod pace;
mod queue;
mod readers;
mod samples;
mod schema;
mod sessions;
mod settings;
mod take_up;
mod traffic;
mod upkeep;
mod watch;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;

use crate::model::Millis;

pub use accept::{Accepted, Arrival, IDEMPOTENCY};
pub use accounts::{Account, AccountId, Deleted};
pub use backup::restore;
pub use changes::{Changes, Generation};
pub use channels::StoredChannel;
pub use counts::Activity;
pub use directory::{Address, Directory};
pub use error::StoreError;
pub use examine::{Examined, Schema, Soundness};
pub use inbox::{Filter, Line, Listing, Tally};
pub use journal::{Begin, Change, PastStep, Record, Standing, Stored};
pub use lock::{LOCK_NAME, ServeLock, WorkLock};
pub use schema::FILE_NAME;
pub use sessions::{SESSION_IDLE, SESSION_LIFE, Session, SessionId, TokenDigest};
pub use take_up::{Received, Waiting};
pub use traffic::{Backlog, HOUR_MS, Traffic};
pub use upkeep::Retried;

/// A channel's number in the database: stable for as long as the file lives, also over deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelKey(pub i64);

/// Tells the time of a write; tests bring their own.
type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// The store of one data directory. Clones share it; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: writer::Writer,
    readers: readers::Readers,
    directory: ArcSwap<Directory>,
    /// Held while the directory is read and replaced: an older snapshot must not overtake a newer one.
    refreshing: Mutex<()>,
    /// Held while a copy for download is made.
    copying: Mutex<()>,
    changes: Arc<Changes>,
    checkpoints: checkpoint::Checkpoints,
    stop_watching: watch::Stop,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the database of a data directory; makes both when they do not exist, and brings an older
    /// schema up to date.
    pub fn open(dir: &Path) -> Result<Store, StoreError> {
        Store::open_at(dir, Arc::new(system_time))
    }

    fn open_at(dir: &Path, clock: Clock) -> Result<Store, StoreError> {
        let path = schema::prepare_files(dir)?;
        let mut conn = schema::connect(&path, schema::Purpose::Writer)?;
        schema::migrate(&mut conn, &path)?;
        let changes = Arc::new(Changes::default());
        let checkpoints = checkpoint::Checkpoints::default();
        checkpoints.listen(&mut conn)?;
        let writer =
            writer::Writer::spawn(conn, clock, changes.clone(), checkpoints.clone()).map_err(|error| {
                StoreError::Open {
                    path: path.clone(),
                    reason: error.to_string(),
                }
            })?;
        let store = Store {
            inner: Arc::new(Inner {
                readers: readers::Readers::new(path.clone()),
                writer,
                directory: ArcSwap::default(),
                refreshing: Mutex::default(),
                copying: Mutex::default(),
                changes,
                checkpoints: checkpoints.clone(),
                stop_watching: watch::Stop::default(),
                threads: Mutex::default(),
                path: path.clone(),
            }),
        };
        let watcher = watch::spawn(
            path.clone(),
            Arc::downgrade(&store.inner),
            store.inner.stop_watching.clone(),
        )?;
        store.inner.keep(watcher);
        store.inner.keep(checkpoints.spawn(path)?);
        store.inner.refresh_directory()?;
        Ok(store)
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Where to wait for news.
    pub fn changes(&self) -> Arc<Changes> {
        self.inner.changes.clone()
    }

    /// Whether the disk takes writes, by writing a counter: for `doctor` and health checks.
    pub fn check_write(&self) -> Result<(), StoreError> {
        self.inner.writer.write(|conn, _| meta::bump(conn, "probe"))
    }

    /// How many writes wait for the disk, for metrics.
    pub fn backlog_of_writer(&self) -> usize {
        self.inner.writer.waiting()
    }

    /// Commits what is waiting, refuses what comes later, and ends the threads. Dropping the last
    /// clone does the same.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Inner {
    fn keep(&self, thread: JoinHandle<()>) {
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(thread);
    }

    /// Reads the channels anew, and tells those who wait for news of them.
    fn refresh_directory(&self) -> Result<(), StoreError> {
        let refreshing = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        // The counter first: what changes between the two is then read once more, and never missed.
        let (version, channels) = self
            .readers
            .read(|conn| Ok((meta::get(conn, meta::CHANNELS)?, channels::all(conn)?)))?;
        self.directory.store(Arc::new(Directory::new(version, channels)));
        drop(refreshing);
        self.changes.bump(|generation| generation.channels += 1);
        Ok(())
    }

    fn close(&self) {
        self.writer.stop();
        self.checkpoints.stop();
        self.stop_watching.now();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // The watching thread may hold the last reference for a moment, and ends by itself then.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread of the store ended by a panic");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn system_time() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
