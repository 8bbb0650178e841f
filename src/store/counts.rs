//! Figures for the overview pages, cheap with any number of submissions.

use std::collections::HashMap;

use rusqlite::{Row, params};

use super::error::StoreError;
use super::{ChannelKey, Store, meta};
use crate::model::{Millis, State, SubmissionId};

/// What has come by one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// The newest submission; its id tells when it came.
    pub last: Option<SubmissionId>,
    /// Received since the moment that was asked for.
    pub recent: u64,
}

impl Store {
    /// How many submissions stand in each state; states without any are absent.
    pub fn counts(&self, channel: Option<ChannelKey>) -> Result<HashMap<State, u64>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut counts = HashMap::new();
            let mut query = conn.prepare_cached(
                "SELECT state, sum(n) FROM tally WHERE ?1 IS NULL OR channel = ?1 GROUP BY state HAVING sum(n) > 0",
            )?;
            let mut rows = query.query([channel.map(|c| c.0)])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                if let Some(state) = State::from_name(&name) {
                    counts.insert(state, count(row, 1)?);
                }
            }
            let fresh: u64 = conn
                .prepare_cached(&format!("SELECT count(*) {NOT_TAKEN_UP} AND (?2 IS NULL OR i.channel = ?2)"))?
                .query_row(params![meta::get(conn, meta::WATERMARK)?, channel.map(|c| c.0)], |row| count(row, 0))?;
            if fresh > 0 {
                *counts.entry(State::Queued).or_insert(0) += fresh;
            }
            Ok(counts)
        })
    }

    /// The last submission of each channel, and how many came since `since` (24 hours ago, for the
    /// channel list). Channels by which nothing ever came are absent.
    pub fn activity(&self, since: Millis) -> Result<HashMap<ChannelKey, Activity>, StoreError> {
        self.inner.readers.read(|conn| {
            let first = SubmissionId::first_at(since).0;
            let mut all: HashMap<ChannelKey, Activity> = HashMap::new();
            let mut query = conn.prepare_cached(
                "SELECT c.key, (SELECT max(d.id) FROM delivery d INDEXED BY delivery_by_channel WHERE d.channel = c.key), \
                 (SELECT count(*) FROM delivery d INDEXED BY delivery_by_channel WHERE d.channel = c.key AND d.id >= ?1) \
                 FROM channel c",
            )?;
            let mut rows = query.query([first])?;
            while let Some(row) = rows.next()? {
                if let Some(last) = row.get::<_, Option<i64>>(1)? {
                    let activity = Activity { last: Some(SubmissionId(last)), recent: count(row, 2)? };
                    all.insert(ChannelKey(row.get(0)?), activity);
                }
            }
            let mut query = conn.prepare_cached(&format!(
                "SELECT i.channel, max(i.id), count(*) FILTER (WHERE i.id >= ?2) {NOT_TAKEN_UP} GROUP BY i.channel"
            ))?;
            let mut rows = query.query([meta::get(conn, meta::WATERMARK)?, first])?;
            while let Some(row) = rows.next()? {
                let activity = all.entry(ChannelKey(row.get(0)?)).or_default();
                activity.last = activity.last.max(Some(SubmissionId(row.get(1)?)));
                activity.recent += count(row, 2)?;
            }
            Ok(all)
        })
    }
}

/// Rows beyond the watermark (`?1`) about which nothing is decided.
const NOT_TAKEN_UP: &str =
    "FROM inbox i LEFT JOIN delivery d ON d.id = i.id WHERE i.id > ?1 AND d.id IS NULL";

/// A number that counts rows: never negative.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}
