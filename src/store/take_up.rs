//! What is left to do: new submissions are taken up in order of arrival, unfinished ones are found again.

use bytes::Bytes;
use rusqlite::{Connection, Row, params};

use super::error::StoreError;
use super::{ChannelKey, Store, meta};
use crate::model::{Millis, State, SubmissionId};

/// Rows taken up in one transaction: submissions that come in meanwhile wait for it, some milliseconds.
const READ_AHEAD: u32 = 64;

/// A request as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    pub id: SubmissionId,
    pub channel: ChannelKey,
    /// The slug by which it came, when that was not the channel's own.
    pub via: Option<String>,
    pub post: bool,
    pub query: String,
    pub content_type: Option<String>,
    pub ip: String,
    pub referer: String,
    pub user_agent: String,
    pub body: Bytes,
}

/// The columns that [`Received::from_row`] reads, in its order.
pub(super) const RECEIVED: &str =
    "i.id, i.channel, i.via, i.post, i.query, i.content_type, i.ip, i.referer, i.user_agent, i.body";
/// How many columns [`RECEIVED`] has.
pub(super) const RECEIVED_COLUMNS: usize = 10;

impl Received {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Received> {
        Ok(Received {
            id: SubmissionId(row.get(0)?),
            channel: ChannelKey(row.get(1)?),
            via: row.get(2)?,
            post: row.get(3)?,
            query: row.get(4)?,
            content_type: row.get(5)?,
            ip: row.get(6)?,
            referer: row.get(7)?,
            user_agent: row.get(8)?,
            body: Bytes::from(row.get::<_, Vec<u8>>(9)?),
        })
    }
}

/// A submission that still has to be brought into the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub id: SubmissionId,
    pub channel: ChannelKey,
    /// Attempts that counted, since it was last queued by hand.
    pub attempts: u32,
    /// Not before this moment; absent: at once.
    pub next_attempt_at: Option<Millis>,
    /// When its time to be delivered began: its arrival, or the last `inbox retry`.
    pub since: Millis,
}

impl Store {
    /// Takes up at most `limit` new submissions, oldest first, and marks them `queued`. `summarise`
    /// gives the short text that lists show and searches find (name, phone, order number). Only the
    /// process that holds the [`super::ServeLock`] may call this.
    ///
    /// New submissions stand as `queued` in lists before this, too; take up what there is room for
    /// and leave the rest.
    pub fn take_up(
        &self,
        limit: usize,
        mut summarise: impl FnMut(&Received) -> String,
    ) -> Result<Vec<Waiting>, StoreError> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            let room = u32::try_from(limit - taken.len())
                .unwrap_or(u32::MAX)
                .min(READ_AHEAD);
            let (last, fresh) = self.inner.readers.read(|conn| fresh(conn, room))?;
            let Some(last) = last else { break };
            let rows: Vec<(SubmissionId, ChannelKey, String)> = fresh
                .iter()
                .map(|received| (received.id, received.channel, summarise(received)))
                .collect();
            taken.extend(rows.iter().map(|(id, channel, _)| Waiting {
                id: *id,
                channel: *channel,
                attempts: 0,
                next_attempt_at: None,
                since: id.at(),
            }));
            self.inner
                .writer
                .write(move |conn, now| queue(conn, last, &rows, now))?;
        }
        Ok(taken)
    }

    /// Submissions that were taken up and not finished, in order of arrival, beyond `after`; those
    /// that must wait for their next attempt included.
    pub fn unfinished(&self, after: SubmissionId, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(
                "SELECT id, channel, attempts, next_attempt_at, since FROM delivery INDEXED BY delivery_unfinished \
                 WHERE id > ?1 AND state IN ('queued', 'delivering') ORDER BY id LIMIT ?2",
            )?;
            let rows = query.query_map([after.0, limit], |row| {
                Ok(Waiting {
                    id: SubmissionId(row.get(0)?),
                    channel: ChannelKey(row.get(1)?),
                    attempts: row.get(2)?,
                    next_attempt_at: row.get::<_, Option<i64>>(3)?.map(Millis),
                    since: Millis(row.get(4)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Replaces the short text of a submission that was stored without one (`spam`, `unreadable`) and
    /// is delivered after all.
    pub fn describe(&self, id: SubmissionId, summary: String) -> Result<(), StoreError> {
        self.inner.writer.write(move |conn, _| {
            conn.prepare_cached("UPDATE delivery SET summary = ?2 WHERE id = ?1")?
                .execute(params![id.0, summary])?;
            Ok(())
        })
    }
}

/// The next rows beyond the watermark: the last one's id, and those that nobody has decided about.
fn fresh(conn: &Connection, limit: u32) -> Result<(Option<SubmissionId>, Vec<Received>), StoreError> {
    let watermark = meta::get(conn, meta::WATERMARK)?;
    let mut query = conn.prepare_cached(&format!(
        "SELECT {RECEIVED}, d.id FROM inbox i LEFT JOIN delivery d ON d.id = i.id WHERE i.id > ?1 ORDER BY i.id LIMIT ?2"
    ))?;
    let mut rows = query.query(params![watermark, limit])?;
    let (mut last, mut fresh) = (None, Vec::new());
    while let Some(row) = rows.next()? {
        last = Some(SubmissionId(row.get(0)?));
        if row.get::<_, Option<i64>>(RECEIVED_COLUMNS)?.is_none() {
            fresh.push(Received::from_row(row)?);
        }
    }
    Ok((last, fresh))
}

fn queue(
    conn: &Connection,
    last: SubmissionId,
    rows: &[(SubmissionId, ChannelKey, String)],
    now: Millis,
) -> Result<(), StoreError> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO delivery (id, channel, state, since, changed_at, summary) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (id, channel, summary) in rows {
        insert.execute(params![
            id.0,
            channel.0,
            State::Queued.as_str(),
            id.at().0,
            now.0,
            summary
        ])?;
    }
    // Ids are given out under the write lock and above the watermark, so nothing can still appear
    // below `last`.
    meta::set(conn, meta::WATERMARK, last.0)
}
