//! The accept path: one short row for each submission, written by the group.

use std::time::Duration;

use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::error::StoreError;
use super::writer::alone;
use super::{ChannelKey, Store, meta};
use crate::model::{Millis, State, SubmissionId};

/// How long an `Idempotency-Key` is remembered.
pub const IDEMPOTENCY: Duration = Duration::from_secs(24 * 60 * 60);

/// One request, as it came, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    pub channel: ChannelKey,
    /// The slug by which it came, when that is not the channel's own.
    pub via: Option<String>,
    /// POST; otherwise GET.
    pub post: bool,
    /// The query string, still encoded, without `?`.
    pub query: String,
    pub content_type: Option<String>,
    pub body: Bytes,
    pub ip: String,
    pub referer: String,
    pub user_agent: String,
    /// `Queued`, or one of the states in which nothing is delivered.
    pub state: State,
    /// Why it is not delivered, for people.
    pub error: Option<String>,
    pub idempotency_key: Option<String>,
}

/// What the website is answered. Both are on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    New(SubmissionId),
    /// The key was seen before on this channel: the first submission's id. The repeat itself is
    /// stored too, in state `repeat`.
    Repeat(SubmissionId),
}

impl Accepted {
    /// The id for the answer.
    pub fn id(self) -> SubmissionId {
        match self {
            Accepted::New(id) | Accepted::Repeat(id) => id,
        }
    }
}

impl Store {
    /// Stores a submission; returns once it is on the disk. Waits while the writer is behind.
    pub async fn accept(&self, arrival: Arrival) -> Result<Accepted, StoreError> {
        self.inner.writer.accept(arrival).await
    }

    /// The same for a thread that may block; refused at once while the writer is far behind.
    pub fn accept_blocking(&self, arrival: Arrival) -> Result<Accepted, StoreError> {
        self.inner.writer.accept_blocking(arrival)
    }
}

/// Gives out ids over the life of the writer.
#[derive(Debug, Default)]
pub(super) struct Acceptor {
    last: i64,
}

pub(super) const INSERT: &str = "INSERT INTO inbox (id, channel, via, post, query, content_type, ip, referer, user_agent, body) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

impl Acceptor {
    /// Starts a group. Ids must grow over all processes and over purges, and none may ever be given
    /// out below the watermark, where nobody would look for it: so the file is asked, once a group,
    /// under the write lock.
    pub(super) fn begin<'c>(
        &mut self,
        conn: &'c Connection,
        now: Millis,
    ) -> Result<Rows<'_, 'c>, StoreError> {
        let newest: Option<i64> = conn
            .prepare_cached("SELECT max(id) FROM inbox")?
            .query_row([], |row| row.get(0))?;
        let watermark = meta::get(conn, meta::WATERMARK)?;
        self.last = self.last.max(newest.unwrap_or(0)).max(watermark);
        let insert = conn.prepare_cached(INSERT)?;
        Ok(Rows {
            acceptor: self,
            conn,
            insert,
            now,
        })
    }
}

/// The rows of one group.
pub(super) struct Rows<'a, 'c> {
    acceptor: &'a mut Acceptor,
    conn: &'c Connection,
    insert: CachedStatement<'c>,
    now: Millis,
}

impl Rows<'_, '_> {
    pub(super) fn insert(&mut self, arrival: &Arrival) -> Result<Accepted, StoreError> {
        let id = SubmissionId(self.acceptor.last).next(self.now);
        self.acceptor.last = id.0;
        if arrival.state == State::Queued && arrival.idempotency_key.is_none() {
            // The common case is one statement, which is atomic by itself.
            self.row(id, arrival)?;
            return Ok(Accepted::New(id));
        }
        let conn = self.conn;
        alone(conn, || self.with_company(id, arrival))
    }

    fn row(&mut self, id: SubmissionId, a: &Arrival) -> Result<(), StoreError> {
        self.insert.execute(params![
            id.0,
            a.channel.0,
            a.via.as_deref(),
            a.post,
            a.query.as_str(),
            a.content_type.as_deref(),
            a.ip.as_str(),
            a.referer.as_str(),
            a.user_agent.as_str(),
            &a.body[..],
        ])?;
        Ok(())
    }

    /// A submission that comes with a key, or that nobody will deliver.
    fn with_company(&mut self, id: SubmissionId, arrival: &Arrival) -> Result<Accepted, StoreError> {
        self.row(id, arrival)?;
        let first = match &arrival.idempotency_key {
            Some(key) => first_of_key(self.conn, arrival.channel, key, id, self.now)?,
            None => None,
        };
        let (state, error) = match first {
            Some(first) => (
                State::Repeat,
                Some(format!(
                    "the Idempotency-Key is that of submission {first}: nothing is delivered again"
                )),
            ),
            None => (arrival.state, arrival.error.clone()),
        };
        if state != State::Queued {
            self.conn
                .prepare_cached(
                    "INSERT INTO delivery (id, channel, state, since, error, changed_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?4)",
                )?
                .execute(params![
                    id.0,
                    arrival.channel.0,
                    state.as_str(),
                    self.now.0,
                    error
                ])?;
        }
        Ok(first.map_or(Accepted::New(id), Accepted::Repeat))
    }
}

/// The submission that first came with this key in the last 24 hours; otherwise remembers `id` as it.
fn first_of_key(
    conn: &Connection,
    channel: ChannelKey,
    key: &str,
    id: SubmissionId,
    now: Millis,
) -> Result<Option<SubmissionId>, StoreError> {
    let oldest = now - IDEMPOTENCY;
    let first: Option<i64> = conn
        .prepare_cached("SELECT id FROM idempotency WHERE channel = ?1 AND key = ?2 AND at > ?3")?
        .query_row(params![channel.0, key, oldest.0], |row| row.get(0))
        .optional()?;
    if first.is_none() {
        // Old keys go a few at a time with each new one, so the table needs no other broom.
        conn.prepare_cached(
            "DELETE FROM idempotency WHERE (channel, key) IN \
             (SELECT channel, key FROM idempotency WHERE at <= ?1 ORDER BY at LIMIT 8)",
        )?
        .execute([oldest.0])?;
        conn.prepare_cached(
            "INSERT INTO idempotency (channel, key, id, at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (channel, key) DO UPDATE SET id = excluded.id, at = excluded.at",
        )?
        .execute(params![channel.0, key, id.0, now.0])?;
    }
    Ok(first.map(SubmissionId))
}
