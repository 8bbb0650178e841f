//! Settings and credentials: JSON values by name.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::StoreError;
use super::{Store, meta};

/// The two tables. Credentials never appear in a listing of settings.
#[derive(Debug, Clone, Copy)]
enum Table {
    Setting,
    Credential,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Table::Setting => "setting",
            Table::Credential => "credential",
        }
    }
}

impl Store {
    /// A setting by its name; `None` when it was never set.
    pub fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        self.get(Table::Setting, key)
    }

    pub fn put_setting<T: Serialize>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        self.put(Table::Setting, key, value)
    }

    /// False when there was none.
    pub fn delete_setting(&self, key: &str) -> Result<bool, StoreError> {
        self.delete(Table::Setting, key)
    }

    /// Something secret by its name: a webhook, tokens, a password's hash.
    pub fn credential<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        self.get(Table::Credential, key)
    }

    /// On the disk when it returns: a rotated token must be stored before it is used.
    pub fn put_credential<T: Serialize>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        self.put(Table::Credential, key, value)
    }

    /// False when there was none.
    pub fn delete_credential(&self, key: &str) -> Result<bool, StoreError> {
        self.delete(Table::Credential, key)
    }

    /// Several of them at once: all are on the disk when it returns, or none.
    pub fn put_credentials<const N: usize>(&self, values: [(&str, Value); N]) -> Result<(), StoreError> {
        let values = values.map(|(key, value)| (key.to_owned(), value.to_string()));
        self.inner.writer.write(move |conn, _| {
            for (key, value) in &values {
                put(conn, Table::Credential, key, value)?;
            }
            meta::bump(conn, meta::SETTINGS)
        })?;
        self.inner.changes.bump(|generation| generation.settings += 1);
        Ok(())
    }

    /// Looks at a credential and replaces it, and nobody writes in between, no other process either. `change` returns
    /// what is to stand there, or `None` when it shall stay as it is; then false is returned. On the disk when it
    /// returns.
    pub fn change_credential<T: Serialize + DeserializeOwned + 'static>(
        &self,
        key: &str,
        change: impl FnOnce(T) -> Option<T> + Send + 'static,
    ) -> Result<bool, StoreError> {
        let key = key.to_owned();
        let is_changed = self.inner.writer.write(move |conn, _| {
            let Some(text) = get(conn, Table::Credential, &key)? else {
                return Ok(false);
            };
            let Some(new) = change(parsed(&key, &text)?) else {
                return Ok(false);
            };
            let new = serde_json::to_string(&new).map_err(StoreError::unwritable("a setting"))?;
            put(conn, Table::Credential, &key, &new)?;
            meta::bump(conn, meta::SETTINGS)?;
            Ok(true)
        })?;
        if is_changed {
            self.inner.changes.bump(|generation| generation.settings += 1);
        }
        Ok(is_changed)
    }

    /// Names of the credentials that begin with `prefix` (`user:`), in order.
    pub fn credential_names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(
                "SELECT key FROM credential WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
            )?;
            let names = query.query_map([prefix], |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
    }

    fn get<T: DeserializeOwned>(&self, table: Table, key: &str) -> Result<Option<T>, StoreError> {
        let text = self.inner.readers.read(|conn| get(conn, table, key))?;
        text.map(|text| parsed(key, &text)).transpose()
    }

    fn put<T: Serialize>(&self, table: Table, key: &str, value: &T) -> Result<(), StoreError> {
        let value = serde_json::to_string(value).map_err(StoreError::unwritable("a setting"))?;
        let key = key.to_owned();
        self.inner.writer.write(move |conn, _| {
            put(conn, table, &key, &value)?;
            meta::bump(conn, meta::SETTINGS)
        })?;
        self.inner.changes.bump(|generation| generation.settings += 1);
        Ok(())
    }

    fn delete(&self, table: Table, key: &str) -> Result<bool, StoreError> {
        let key = key.to_owned();
        let found = self.inner.writer.write(move |conn, _| {
            let sql = format!("DELETE FROM {} WHERE key = ?1", table.name());
            let found = conn.prepare_cached(&sql)?.execute([key])? > 0;
            if found {
                meta::bump(conn, meta::SETTINGS)?;
            }
            Ok(found)
        })?;
        if found {
            self.inner.changes.bump(|generation| generation.settings += 1);
        }
        Ok(found)
    }
}

fn get(conn: &Connection, table: Table, key: &str) -> Result<Option<String>, StoreError> {
    let sql = format!("SELECT value FROM {} WHERE key = ?1", table.name());
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

fn put(conn: &Connection, table: Table, key: &str, value: &str) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO {} (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        table.name()
    );
    conn.prepare_cached(&sql)?.execute(params![key, value])?;
    Ok(())
}

/// The reason names a place in the JSON and never the value, which may be secret.
fn parsed<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Broken {
        what: "a setting",
        reason: format!(
            "{key} is not what was expected, line {} column {}",
            error.line(),
            error.column()
        ),
    })
}
