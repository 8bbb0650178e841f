//! Who is signed in. The store keeps a token's digest only; making and hashing tokens is the caller's business.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::Store;
use super::accounts::{ACCOUNT, ACCOUNT_COLUMNS, Account, AccountId};
use super::error::StoreError;
use crate::model::Millis;

/// A session that nobody used for so long has ended: a working day and a half.
pub const SESSION_IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// However busy, a session ends after this.
pub const SESSION_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// SHA-256 of the token that the browser holds.
pub type TokenDigest = [u8; 32];

/// A session's number, for lists and for ending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// One browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub account: Account,
    pub created_at: Millis,
    /// Last use, exact to the minutes between two [`Store::touch_session`].
    pub seen_at: Millis,
    /// Where it was signed in from.
    pub address: String,
    /// What the browser calls itself; hostile until escaped.
    pub agent: String,
}

impl Session {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Session> {
        let next = ACCOUNT_COLUMNS;
        Ok(Session {
            account: Account::from_row(row)?,
            id: SessionId(row.get(next)?),
            created_at: Millis(row.get(next + 1)?),
            seen_at: Millis(row.get(next + 2)?),
            address: row.get(next + 3)?,
            agent: row.get(next + 4)?,
        })
    }
}

const SESSION: &str = "s.id, s.created_at, s.seen_at, s.address, s.agent";
/// `?1` and `?2`: the moments of [`horizon`].
const ALIVE: &str = "s.seen_at > ?1 AND s.created_at > ?2";

/// What was last seen, or made, before these moments has ended.
fn horizon(now: Millis) -> (i64, i64) {
    ((now - SESSION_IDLE).0, (now - SESSION_LIFE).0)
}

impl Store {
    /// Signs an account in, and clears away what has ended.
    pub fn open_session(
        &self,
        account: AccountId,
        token: TokenDigest,
        address: String,
        agent: String,
    ) -> Result<SessionId, StoreError> {
        self.inner.writer.write(move |conn, now| {
            let (idle, old) = horizon(now);
            conn.prepare_cached("DELETE FROM session WHERE seen_at <= ?1 OR created_at <= ?2")?
                .execute([idle, old])?;
            conn.prepare_cached("UPDATE account SET seen_at = ?2 WHERE id = ?1")?
                .execute([account.0, now.0])?;
            let id = conn
                .prepare_cached(
                    "INSERT INTO session (token, account, created_at, seen_at, address, agent) \
                     VALUES (?1, ?2, ?3, ?3, ?4, ?5) RETURNING id",
                )?
                .query_row(params![token, account.0, now.0, address, agent], |row| row.get(0))?;
            Ok(SessionId(id))
        })
    }

    /// The session of a token, if it has not ended.
    pub fn session(&self, token: &TokenDigest, now: Millis) -> Result<Option<Session>, StoreError> {
        self.inner.readers.read(|conn| {
            let (idle, old) = horizon(now);
            let sql = format!(
                "SELECT {ACCOUNT}, {SESSION} FROM session s JOIN account a ON a.id = s.account \
                 WHERE {ALIVE} AND s.token = ?3"
            );
            let mut query = conn.prepare_cached(&sql)?;
            let row = query.query_row(params![idle, old, token], Session::from_row);
            Ok(row.optional()?)
        })
    }

    /// Sessions that have not ended, last used first; of one account or of all.
    pub fn sessions(&self, account: Option<AccountId>, now: Millis) -> Result<Vec<Session>, StoreError> {
        self.inner.readers.read(|conn| {
            let (idle, old) = horizon(now);
            let sql = format!(
                "SELECT {ACCOUNT}, {SESSION} FROM session s JOIN account a ON a.id = s.account \
                 WHERE {ALIVE} AND (?3 IS NULL OR s.account = ?3) ORDER BY s.seen_at DESC"
            );
            let mut query = conn.prepare_cached(&sql)?;
            let rows = query.query_map(params![idle, old, account.map(|a| a.0)], Session::from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Notes that a session is in use.
    pub fn touch_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.inner.writer.write(move |conn, now| {
            conn.prepare_cached("UPDATE session SET seen_at = ?2 WHERE id = ?1")?
                .execute([id.0, now.0])?;
            Ok(())
        })
    }

    /// Ends all sessions of an account but `keep`; returns how many.
    pub fn end_sessions(&self, account: AccountId, keep: Option<SessionId>) -> Result<u64, StoreError> {
        self.inner.writer.write(move |conn, _| {
            let sql = "DELETE FROM session WHERE account = ?1 AND id IS NOT ?2";
            let ended = conn
                .prepare_cached(sql)?
                .execute(params![account.0, keep.map(|session| session.0)])?;
            Ok(ended as u64)
        })
    }

    /// Ends a session; false when there was none.
    pub fn end_session(&self, id: SessionId) -> Result<bool, StoreError> {
        self.inner.writer.write(move |conn, _| {
            let sql = "DELETE FROM session WHERE id = ?1";
            Ok(conn.prepare_cached(sql)?.execute([id.0])? > 0)
        })
    }
}
