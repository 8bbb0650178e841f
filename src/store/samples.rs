//! What a channel's website sends, shown by its newest requests.

use rusqlite::params;

use super::error::StoreError;
use super::take_up::{RECEIVED, Received};
use super::{ChannelKey, Store};

/// Requests among which [`Store::samples`] looks for ones worth showing.
const SAMPLED: u32 = 200;

impl Store {
    /// The newest requests of a channel, newest first, to show what its website sends: at most `limit` of the last
    /// [`SAMPLED`] ones, without spam, tests, unreadable ones and those with more than `max_body` bytes.
    pub fn samples(
        &self,
        channel: ChannelKey,
        limit: u32,
        max_body: u32,
    ) -> Result<Vec<Received>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(&format!(
                "SELECT {RECEIVED} FROM (SELECT id, state FROM delivery INDEXED BY delivery_by_channel \
                 WHERE channel = ?1 ORDER BY id DESC LIMIT {SAMPLED}) d CROSS JOIN inbox i ON i.id = d.id \
                 WHERE d.state NOT IN ('spam', 'test', 'unreadable') AND length(i.body) <= ?3 \
                 ORDER BY d.id DESC LIMIT ?2"
            ))?;
            let rows = query.query_map(params![channel.0, limit, max_body], Received::from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
