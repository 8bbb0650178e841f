//! A few connections for reading, lent to whatever blocking thread asks.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::schema::{Purpose, connect};

/// Enough for the engine's threads and a few pages at once; each costs up to 2 MiB of cache.
const CONNECTIONS: usize = 4;

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    lent: usize,
}

#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Readers {
        Readers {
            path,
            pool: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Runs `query` on one snapshot of the file: several statements see the same state.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lent = self.lend()?;
        let tx = lent
            .conn()?
            .transaction_with_behavior(TransactionBehavior::Deferred)?;
        query(&tx)
    }

    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pool = self
            .returned
            .wait_while(pool, |pool| pool.idle.is_empty() && pool.lent >= CONNECTIONS)
            .unwrap_or_else(PoisonError::into_inner);
        let idle = pool.idle.pop();
        pool.lent += 1;
        drop(pool);
        // From here on `Lent` gives the place back, whatever happens.
        let mut lent = Lent {
            readers: self,
            conn: idle,
        };
        if lent.conn.is_none() {
            lent.conn = Some(connect(&self.path, Purpose::Reader)?);
        }
        Ok(lent)
    }
}

struct Lent<'a> {
    readers: &'a Readers,
    conn: Option<Connection>,
}

impl Lent<'_> {
    fn conn(&mut self) -> Result<&mut Connection, StoreError> {
        self.conn.as_mut().ok_or(StoreError::Closed)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.lent -= 1;
        pool.idle.extend(self.conn.take());
        drop(pool);
        self.readers.returned.notify_one();
    }
}
