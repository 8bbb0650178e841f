//! Administrators of the pages. Passwords are hashed by whoever calls: here a hash is a text.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Store;
use super::error::StoreError;
use crate::model::Millis;

/// An account's number: never that of another account, also after a deletion by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// An administrator, without the password's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// As it was typed; compared without regard to case.
    pub name: String,
    /// `ru` or `en`; absent: the browser's.
    pub language: Option<String>,
    pub created_at: Millis,
    /// When somebody last signed in by it.
    pub seen_at: Option<Millis>,
}

/// What became of a wish to remove an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    Done,
    NotFound,
    /// Nobody else could sign in.
    IsLast,
}

/// The columns that [`Account::from_row`] reads, in its order.
pub(super) const ACCOUNT: &str = "a.id, a.name, a.language, a.created_at, a.seen_at";
/// How many columns [`ACCOUNT`] has.
pub(super) const ACCOUNT_COLUMNS: usize = 5;

impl Account {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Account> {
        Ok(Account {
            id: AccountId(row.get(0)?),
            name: row.get(1)?,
            language: row.get(2)?,
            created_at: Millis(row.get(3)?),
            seen_at: row.get::<_, Option<i64>>(4)?.map(Millis),
        })
    }
}

impl Store {
    /// All administrators by name.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.inner.readers.read(|conn| {
            let sql = format!("SELECT {ACCOUNT} FROM account a ORDER BY a.folded");
            let mut query = conn.prepare_cached(&sql)?;
            let rows = query.query_map([], Account::from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Whether anybody can sign in at all.
    pub fn has_accounts(&self) -> Result<bool, StoreError> {
        self.inner.readers.read(has_any)
    }

    /// The account of a name and its password's hash.
    pub fn account(&self, name: &str) -> Result<Option<(Account, String)>, StoreError> {
        self.inner.readers.read(|conn| {
            let sql = format!("SELECT {ACCOUNT}, a.hash FROM account a WHERE a.folded = ?1");
            let mut query = conn.prepare_cached(&sql)?;
            let row = query.query_row([fold(name)], |row| {
                Ok((Account::from_row(row)?, row.get(ACCOUNT_COLUMNS)?))
            });
            Ok(row.optional()?)
        })
    }

    /// Makes an account; `None` when the name is taken.
    pub fn add_account(&self, name: &str, hash: String) -> Result<Option<AccountId>, StoreError> {
        let name = name.trim().to_owned();
        self.inner
            .writer
            .write(move |conn, now| insert(conn, &name, &hash, now))
    }

    /// Makes the first account; `None` when there is one already.
    pub fn add_first_account(&self, name: &str, hash: String) -> Result<Option<AccountId>, StoreError> {
        let name = name.trim().to_owned();
        self.inner.writer.write(move |conn, now| {
            if has_any(conn)? {
                return Ok(None);
            }
            insert(conn, &name, &hash, now)
        })
    }

    /// Sets a password and ends all sessions of the account but `keep`; false when there is no such account.
    pub fn set_password(
        &self,
        name: &str,
        hash: String,
        keep: Option<super::SessionId>,
    ) -> Result<bool, StoreError> {
        let folded = fold(name);
        self.inner.writer.write(move |conn, _| {
            let found: Option<i64> = conn
                .prepare_cached("UPDATE account SET hash = ?2 WHERE folded = ?1 RETURNING id")?
                .query_row(params![folded, hash], |row| row.get(0))
                .optional()?;
            let Some(account) = found else { return Ok(false) };
            conn.prepare_cached("DELETE FROM session WHERE account = ?1 AND id IS NOT ?2")?
                .execute(params![account, keep.map(|session| session.0)])?;
            Ok(true)
        })
    }

    /// `ru`, `en`, or none for the browser's.
    pub fn set_language(&self, account: AccountId, language: Option<&str>) -> Result<(), StoreError> {
        let language = language.map(str::to_owned);
        self.inner.writer.write(move |conn, _| {
            conn.prepare_cached("UPDATE account SET language = ?2 WHERE id = ?1")?
                .execute(params![account.0, language])?;
            Ok(())
        })
    }

    /// Removes an account with its sessions, unless it is the only one: somebody must be able to come in.
    pub fn delete_account_but_last(&self, account: AccountId) -> Result<Deleted, StoreError> {
        self.inner.writer.write(move |conn, _| {
            let others = "SELECT EXISTS (SELECT 1 FROM account WHERE id <> ?1)";
            if !conn
                .prepare_cached(others)?
                .query_row([account.0], |row| row.get::<_, bool>(0))?
            {
                return Ok(Deleted::IsLast);
            }
            let sql = "DELETE FROM account WHERE id = ?1";
            Ok(match conn.prepare_cached(sql)?.execute([account.0])? {
                0 => Deleted::NotFound,
                _ => Deleted::Done,
            })
        })
    }

    /// Removes an account with its sessions; false when there was none.
    pub fn delete_account(&self, name: &str) -> Result<bool, StoreError> {
        let folded = fold(name);
        self.inner.writer.write(move |conn, _| {
            let sql = "DELETE FROM account WHERE folded = ?1";
            Ok(conn.prepare_cached(sql)?.execute([folded])? > 0)
        })
    }
}

fn insert(conn: &Connection, name: &str, hash: &str, now: Millis) -> Result<Option<AccountId>, StoreError> {
    let made = conn
        .prepare_cached(
            "INSERT INTO account (name, folded, hash, created_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (folded) DO NOTHING RETURNING id",
        )?
        .query_row(params![name, fold(name), hash, now.0], |row| row.get(0))
        .optional()?;
    Ok(made.map(AccountId))
}

fn has_any(conn: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM account)";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// SQLite's own folding knows ASCII only.
fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
