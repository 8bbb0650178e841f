//! Notices what other processes wrote into the same file (`channel apply` beside a running `serve`).

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::error::StoreError;
use super::schema::{Purpose, connect};
use super::{Inner, meta};

/// The contract promises one second; a look costs some microseconds.
const EVERY: Duration = Duration::from_millis(250);

/// Ends the watching thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    pub(super) fn now(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// True when it is time to end.
    fn wait(&self, timeout: Duration) -> bool {
        let stopped = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *self
            .0
            .1
            .wait_timeout_while(stopped, timeout, |stop| !*stop)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

/// The counters that tell what kind of change there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    channels: i64,
    settings: i64,
    retries: i64,
    newest: i64,
}

impl Seen {
    fn read(conn: &Connection) -> Result<Seen, StoreError> {
        Ok(Seen {
            channels: meta::get(conn, meta::CHANNELS)?,
            settings: meta::get(conn, meta::SETTINGS)?,
            retries: meta::get(conn, meta::RETRIES)?,
            newest: conn
                .prepare_cached("SELECT coalesce(max(id), 0) FROM inbox")?
                .query_row([], |r| r.get(0))?,
        })
    }
}

pub(super) fn spawn(path: PathBuf, store: Weak<Inner>, stop: Stop) -> Result<JoinHandle<()>, StoreError> {
    let conn = connect(&path, Purpose::Reader)?;
    // Taken before the thread starts, so that nothing between opening and its first look is missed.
    let mut version = data_version(&conn)?;
    let mut seen = Seen::read(&conn)?;
    std::thread::Builder::new()
        .name("watch".to_owned())
        .spawn(move || {
            while !stop.wait(EVERY) {
                let Some(store) = store.upgrade() else { return };
                if let Err(error) = look(&conn, &store, &mut version, &mut seen) {
                    tracing::warn!(%error, "changes made by other processes cannot be seen at the moment");
                }
            }
        })
        .map_err(|error| StoreError::Open {
            path,
            reason: error.to_string(),
        })
}

/// Changes when any other connection committed something, our own writer's included.
fn data_version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

fn look(conn: &Connection, store: &Inner, version: &mut i64, seen: &mut Seen) -> Result<(), StoreError> {
    let current = data_version(conn)?;
    if current == *version {
        return Ok(());
    }
    let news = Seen::read(conn)?;
    if news.channels != seen.channels {
        store.refresh_directory()?;
    }
    store.changes.bump_if(|generation| {
        if news.settings != seen.settings {
            generation.settings += 1;
        }
        if news.retries != seen.retries {
            generation.retries += 1;
        }
        if news.newest != seen.newest {
            generation.work += 1;
        }
    });
    // Last: after an error the next look compares with the same state again.
    *version = current;
    *seen = news;
    Ok(())
}
