//! What came in by the hour and what became of it, and what still waits: cheap with any number of submissions.

use rusqlite::{OptionalExtension, params};

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
    pub channel: ChannelKey,
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
    /// Counts by hour, channel and outcome since the hour that holds `since`, oldest first. What was
    /// purged is still counted; what nobody has taken up yet, which takes milliseconds, is not.
    pub fn traffic(&self, since: Millis) -> Result<Vec<Traffic>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(
                "SELECT hour, channel, outcome, n FROM traffic WHERE hour >= ?1 AND n > 0 ORDER BY hour",
            )?;
            let mut rows = query.query([since.0.div_euclid(HOUR_MS)])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let hour: i64 = row.get(0)?;
                let name: String = row.get(2)?;
                all.push(Traffic {
                    from: Millis(hour.saturating_mul(HOUR_MS)),
                    channel: ChannelKey(row.get(1)?),
                    // `received` is no state.
                    outcome: State::from_name(&name),
                    n: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                });
            }
            Ok(all)
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
