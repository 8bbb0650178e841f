//! What administrators do with the inbox: send again, and throw away.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::inbox::Filter;
use super::journal::{clear_for_retry, forget};
use super::{Store, meta};
use crate::model::{Millis, State, SubmissionId};

/// Submissions that one transaction removes or queues again: a few milliseconds, so that accepts
/// between them hardly notice.
const CHUNK: usize = 200;
/// What `retry` did with one submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It goes to the portal as soon as the engine comes to it.
    Queued,
    /// There is no such submission.
    NotFound,
    /// The request itself was taken away because of its age: there is nothing left to send.
    BodyRemoved,
    /// In this state there is nothing to send again.
    Pointless(State),
}

impl Store {
    /// Queues submissions for another delivery: failed ones from the step that failed, and those that
    /// were held back (spam, unreadable, ignored). One that waits for its next attempt gets it now.
    pub fn retry(&self, ids: Vec<SubmissionId>) -> Result<Vec<(SubmissionId, Retried)>, StoreError> {
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let chunk = chunk.to_vec();
            all.extend(self.inner.writer.write(move |conn, now| {
                let done = chunk.iter().map(|id| Ok((*id, retry(conn, *id, now)?)));
                let done = done.collect::<Result<Vec<_>, StoreError>>()?;
                meta::bump(conn, meta::RETRIES)?;
                Ok(done)
            })?);
        }
        self.inner.changes.bump(|generation| generation.retries += 1);
        Ok(all)
    }

    /// Queues all failed submissions that the filter lets through (its state is not looked at);
    /// returns how many.
    pub fn retry_failed(&self, filter: &Filter) -> Result<u64, StoreError> {
        let mut filter = Filter {
            state: Some(State::Failed),
            ..filter.clone()
        };
        let mut count = 0;
        loop {
            let page = self.list(&filter, CHUNK)?;
            let Some(last) = page.last() else { return Ok(count) };
            filter.before = Some(last.id);
            let done = self.retry(page.iter().map(|line| line.id).collect())?;
            count += done
                .iter()
                .filter(|(_, retried)| *retried == Retried::Queued)
                .count() as u64;
        }
    }

    /// How many unfinished submissions have already changed something in the portal.
    pub fn half_done(&self) -> Result<u64, StoreError> {
        self.inner.readers.read(|conn| Ok(half_done(conn)?.len() as u64))
    }

    /// Starts unfinished submissions over, as if nothing of them had reached the portal: for another portal, whose
    /// records have other numbers. Their history stays for people. Returns how many had got somewhere.
    pub fn start_over(&self) -> Result<u64, StoreError> {
        let count = self.inner.writer.write(|conn, _| {
            let ids = half_done(conn)?;
            for id in &ids {
                forget(conn, *id, true)?;
            }
            meta::bump(conn, meta::RETRIES)?;
            Ok(ids.len() as u64)
        })?;
        self.inner.changes.bump(|generation| generation.retries += 1);
        Ok(count)
    }

    /// Removes finished submissions received before `older_than`, with their history; returns how
    /// many. What still has to be delivered stays, however old.
    pub fn purge(&self, older_than: Millis) -> Result<u64, StoreError> {
        let end = SubmissionId::first_at(older_than);
        let mut after = SubmissionId(0);
        let mut count = 0;
        loop {
            let ids = self.inner.readers.read(|conn| {
                let mut query = conn.prepare_cached(
                    "SELECT id FROM delivery WHERE id > ?1 AND id < ?2 \
                     AND state NOT IN ('queued', 'delivering') ORDER BY id LIMIT ?3",
                )?;
                let rows = query.query_map(params![after.0, end.0, CHUNK as i64], |row| row.get(0))?;
                Ok(rows.collect::<Result<Vec<i64>, _>>()?)
            })?;
            let Some(last) = ids.last() else { return Ok(count) };
            after = SubmissionId(*last);
            count += self.inner.writer.write(move |conn, _| {
                let mut removed = 0;
                for id in &ids {
                    // Looked at again under the write lock: somebody may have retried it meanwhile.
                    removed += conn
                        .prepare_cached(
                            "DELETE FROM inbox WHERE id = ?1 AND EXISTS (SELECT 1 FROM delivery d \
                             WHERE d.id = ?1 AND d.state NOT IN ('queued', 'delivering'))",
                        )?
                        .execute([id])?;
                }
                Ok(removed as u64)
            })?;
        }
    }
}

fn half_done(conn: &Connection) -> Result<Vec<SubmissionId>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT d.id FROM delivery d INDEXED BY delivery_unfinished WHERE d.state IN ('queued', 'delivering') \
         AND EXISTS (SELECT 1 FROM step s WHERE s.submission = d.id AND s.dropped = 0 AND s.effect = 'write' \
         AND s.state IN ('begun', 'done', 'unknown'))",
    )?;
    let rows = query.query_map([], |row| Ok(SubmissionId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn retry(conn: &Connection, id: SubmissionId, now: Millis) -> Result<Retried, StoreError> {
    let found: Option<(Option<String>, bool)> = conn
        .prepare_cached(
            "SELECT d.state, d.body_removed_at IS NOT NULL FROM inbox i LEFT JOIN delivery d ON d.id = i.id WHERE i.id = ?1",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let state = match found {
        None => return Ok(Retried::NotFound),
        Some((_, true)) => return Ok(Retried::BodyRemoved),
        // Not taken up yet: it is queued as it is.
        Some((None, false)) => return Ok(Retried::Queued),
        Some((Some(name), false)) => State::from_name(&name),
    };
    match state {
        Some(state @ (State::Failed | State::Spam | State::Unreadable | State::Ignored)) => {
            // What was ignored is looked at anew: that decision is what somebody wants to be made again.
            match state {
                State::Ignored => forget(conn, id, true)?,
                _ => clear_for_retry(conn, id)?,
            }
            conn.prepare_cached(
                "UPDATE delivery SET state = 'queued', attempts = 0, next_attempt_at = NULL, since = ?2, \
                 error = NULL, error_step = NULL, result = NULL, changed_at = ?2 WHERE id = ?1",
            )?
            .execute([id.0, now.0])?;
            Ok(Retried::Queued)
        }
        Some(State::Queued) => {
            conn.prepare_cached("UPDATE delivery SET next_attempt_at = NULL, changed_at = ?2 WHERE id = ?1")?
                .execute([id.0, now.0])?;
            Ok(Retried::Queued)
        }
        Some(state) => Ok(Retried::Pointless(state)),
        None => Err(StoreError::Broken {
            what: "a delivery",
            reason: format!("{id} has no known state"),
        }),
    }
}
