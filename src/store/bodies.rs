//! Taking the requests themselves away after a time: rows, summaries and results stay.

use rusqlite::{Connection, params};

use super::error::StoreError;
use super::{Store, meta};
use crate::model::{Millis, SubmissionId};

/// Rows that one transaction empties: milliseconds, so that accepts between them hardly notice.
const CHUNK: i64 = 200;
/// And bytes: freeing a large body visits each of its pages.
const CHUNK_BYTES: i64 = 4 << 20;

impl Store {
    /// Takes query and body of finished submissions received before `older_than` away, in small transactions, until
    /// done or until `go_on` says no. What is unfinished keeps them until it is finished. Returns how many were
    /// emptied.
    pub fn remove_bodies(&self, older_than: Millis, go_on: impl Fn() -> bool) -> Result<u64, StoreError> {
        let mut count = self.remove_kept(older_than, &go_on)?;
        while go_on() {
            let end = SubmissionId::first_at(older_than).0;
            let found = self.inner.readers.read(|conn| {
                let (after, last) = (meta::get(conn, meta::BODIES)?, meta::get(conn, meta::WATERMARK)?);
                rows(
                    conn,
                    "SELECT d.id, length(i.body) FROM delivery d JOIN inbox i ON i.id = d.id \
                     WHERE d.id > ?1 AND d.id < ?2 ORDER BY d.id LIMIT ?3",
                    after,
                    end.min(last.saturating_add(1)),
                )
            })?;
            let chunk = first_bytes(found);
            let Some(last) = chunk.last().copied() else { break };
            count += self.inner.writer.write(move |conn, now| {
                let mut removed = 0;
                for id in chunk {
                    if remove(conn, id, now)? {
                        removed += 1;
                    } else {
                        conn.prepare_cached(
                            "INSERT OR IGNORE INTO body_kept (id) SELECT id FROM delivery \
                             WHERE id = ?1 AND body_removed_at IS NULL",
                        )?
                        .execute([id])?;
                    }
                }
                meta::set(conn, meta::BODIES, last)?;
                Ok(removed)
            })?;
        }
        Ok(count)
    }

    /// Those that were unfinished when their turn came.
    fn remove_kept(&self, older_than: Millis, go_on: impl Fn() -> bool) -> Result<u64, StoreError> {
        let end = SubmissionId::first_at(older_than).0;
        let (mut after, mut count) = (0, 0);
        while go_on() {
            let found = self.inner.readers.read(|conn| {
                rows(
                    conn,
                    "SELECT k.id, length(i.body) FROM body_kept k JOIN delivery d ON d.id = k.id \
                     JOIN inbox i ON i.id = k.id WHERE k.id > ?1 AND k.id < ?2 \
                     AND d.state NOT IN ('queued', 'delivering') ORDER BY k.id LIMIT ?3",
                    after,
                    end,
                )
            })?;
            let chunk = first_bytes(found);
            let Some(last) = chunk.last().copied() else { break };
            after = last;
            count += self.inner.writer.write(move |conn, now| {
                let mut removed = 0;
                for id in chunk {
                    if remove(conn, id, now)? {
                        removed += 1;
                        conn.prepare_cached("DELETE FROM body_kept WHERE id = ?1")?
                            .execute([id])?;
                    }
                }
                Ok(removed)
            })?;
        }
        Ok(count)
    }
}

fn rows(conn: &Connection, sql: &str, after: i64, end: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut query = conn.prepare_cached(sql)?;
    let rows = query.query_map(params![after, end, CHUNK], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The first ids whose bodies together stay within [`CHUNK_BYTES`]; one at least.
fn first_bytes(found: Vec<(i64, i64)>) -> Vec<i64> {
    let mut sum = 0;
    let mut chunk = Vec::with_capacity(found.len());
    for (id, bytes) in found {
        sum += bytes;
        if sum > CHUNK_BYTES && !chunk.is_empty() {
            break;
        }
        chunk.push(id);
    }
    chunk
}

/// False when it is not finished, or was emptied before. Looked at under the write lock: somebody may have queued it
/// again meanwhile.
fn remove(conn: &Connection, id: i64, now: Millis) -> Result<bool, StoreError> {
    let marked = conn
        .prepare_cached(
            "UPDATE delivery SET body_removed_at = ?2 WHERE id = ?1 AND body_removed_at IS NULL \
             AND state NOT IN ('queued', 'delivering')",
        )?
        .execute(params![id, now.0])?;
    if marked == 0 {
        return Ok(false);
    }
    conn.prepare_cached("UPDATE inbox SET query = '', body = x'' WHERE id = ?1")?
        .execute([id])?;
    Ok(true)
}
