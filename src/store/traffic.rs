//! What came in by the hour and what became of it, and what still waits: cheap with any number of submissions.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, params};

use super::error::StoreError;
use super::{ChannelKey, Store, meta};
use crate::model::{Millis, State, SubmissionId};

/// The unit in which traffic is counted.
pub const HOUR_MS: i64 = 3_600_000;

/// How many submissions of one hour came to one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// The hour's first moment, in UTC.
    pub from: Millis,
    /// `None` counts what was received, finished or not.
    pub outcome: Option<State>,
    pub n: u64,
}

/// What is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    pub waiting: u64,
    /// The oldest of them; its id tells since when it waits.
    pub oldest: Option<SubmissionId>,
}

impl Store {
    /// Counts by hour and outcome since the hour that holds `since`, oldest first; of one channel or of all. What
    /// was purged is still counted; what nobody has taken up yet, which takes milliseconds, is not.
    pub fn traffic(&self, since: Millis, channel: Option<ChannelKey>) -> Result<Vec<Traffic>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(
                "SELECT hour, outcome, sum(n) FROM traffic WHERE hour >= ?1 AND (?2 IS NULL OR channel = ?2) \
                 GROUP BY hour, outcome HAVING sum(n) > 0 ORDER BY hour",
            )?;
            let rows = query.query_map(params![hour_of(since), channel.map(|c| c.0)], |row| {
                Ok(Traffic {
                    from: Millis(row.get::<_, i64>(0)?.saturating_mul(HOUR_MS)),
                    outcome: outcome(row, 1)?,
                    n: count(row, 2)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Counts by channel and outcome since the hour that holds `since`; an outcome of `None` counts what was received.
    pub fn traffic_by_channel(
        &self,
        since: Millis,
    ) -> Result<HashMap<(ChannelKey, Option<State>), u64>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(
                "SELECT channel, outcome, sum(n) FROM traffic WHERE hour >= ?1 GROUP BY channel, outcome HAVING sum(n) > 0",
            )?;
            let rows = query.query_map([hour_of(since)], |row| {
                Ok(((ChannelKey(row.get(0)?), outcome(row, 1)?), count(row, 2)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// How much waits for delivery, and since when.
    pub fn backlog(&self) -> Result<Backlog, StoreError> {
        self.inner.readers.read(|conn| {
            let queued: i64 = conn
                .prepare_cached(
                    "SELECT coalesce(sum(n), 0) FROM tally WHERE state IN ('queued', 'delivering')",
                )?
                .query_row([], |row| row.get(0))?;
            let oldest: Option<i64> = conn
                .prepare_cached(
                    "SELECT id FROM delivery INDEXED BY delivery_unfinished \
                     WHERE state IN ('queued', 'delivering') ORDER BY id LIMIT 1",
                )?
                .query_row([], |row| row.get(0))
                .optional()?;
            let (fresh, first): (i64, Option<i64>) = conn
                .prepare_cached(
                    "SELECT count(*), min(i.id) FROM inbox i LEFT JOIN delivery d ON d.id = i.id \
                     WHERE i.id > ?1 AND d.id IS NULL",
                )?
                .query_row(params![meta::get(conn, meta::WATERMARK)?], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            Ok(Backlog {
                waiting: u64::try_from(queued + fresh).unwrap_or(0),
                oldest: oldest.or(first).map(SubmissionId),
            })
        })
    }
}

fn hour_of(at: Millis) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

/// `received` is no state.
fn outcome(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<State>> {
    let name: String = row.get(column)?;
    Ok(State::from_name(&name))
}

/// A number that counts rows: never negative.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}
