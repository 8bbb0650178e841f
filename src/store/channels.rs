//! Channels as they are stored. A deleted one stays as a tombstone: its address lives on.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::{ChannelKey, Store, meta};
use crate::model::{Channel, Millis};

/// 120 bits: an address that cannot be guessed, in 24 letters and digits.
const SLUG_BYTES: usize = 15;

/// A channel with what the store knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChannel {
    pub key: ChannelKey,
    pub channel: Channel,
    pub created_at: Millis,
    pub changed_at: Millis,
    pub deleted_at: Option<Millis>,
}

impl Store {
    /// Creates the channel, or replaces the one of the same slug (also a deleted one, which lives
    /// again). An empty slug is made unguessable; an empty name stays what it was, or is generated.
    /// The default flag moves in the same transaction.
    pub fn put_channel(&self, channel: Channel) -> Result<StoredChannel, StoreError> {
        let stored = self
            .inner
            .writer
            .write(move |conn, now| put(conn, channel, now))?;
        self.inner.refresh_directory()?;
        Ok(stored)
    }

    /// Deletes a channel; its address goes to the default channel from now on.
    pub fn delete_channel(&self, slug: &str) -> Result<(), StoreError> {
        let slug = slug.to_owned();
        self.inner.writer.write(move |conn, now| {
            let deleted = conn
                .prepare_cached(
                    "UPDATE channel SET deleted_at = ?2, changed_at = ?2, is_default = 0 \
                     WHERE slug = ?1 AND deleted_at IS NULL",
                )?
                .execute(params![slug, now.0])?;
            if deleted == 0 {
                return Err(StoreError::NoSuchChannel(slug));
            }
            meta::bump(conn, meta::CHANNELS)
        })?;
        self.inner.refresh_directory()
    }

    /// The channels there are, in the order in which they were made; without deleted ones.
    pub fn channels(&self) -> Result<Vec<StoredChannel>, StoreError> {
        let mut channels = self.inner.readers.read(all)?;
        channels.retain(|stored| stored.deleted_at.is_none());
        Ok(channels)
    }

    /// The channel of that slug, straight from the file; `None` when there is none or it was deleted.
    pub fn channel(&self, slug: &str) -> Result<Option<StoredChannel>, StoreError> {
        let found = self.inner.readers.read(|conn| by_slug(conn, slug))?;
        Ok(found.filter(|stored| stored.deleted_at.is_none()))
    }
}

const COLUMNS: &str = "key, slug, settings, is_default, created_at, changed_at, deleted_at";

/// All channels, deleted ones included, by key.
pub(super) fn all(conn: &Connection) -> Result<Vec<StoredChannel>, StoreError> {
    let mut query = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM channel ORDER BY key"))?;
    let mut rows = query.query([])?;
    let mut channels = Vec::new();
    while let Some(row) = rows.next()? {
        channels.push(from_row(row)?);
    }
    Ok(channels)
}

fn by_slug(conn: &Connection, slug: &str) -> Result<Option<StoredChannel>, StoreError> {
    let mut query = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM channel WHERE slug = ?1"))?;
    let mut rows = query.query([slug])?;
    rows.next()?.map(from_row).transpose()
}

fn from_row(row: &Row<'_>) -> Result<StoredChannel, StoreError> {
    let settings: String = row.get(2)?;
    let mut channel: Channel =
        serde_json::from_str(&settings).map_err(StoreError::broken("a channel's settings"))?;
    channel.slug = row.get(1)?;
    channel.is_default = row.get(3)?;
    Ok(StoredChannel {
        key: ChannelKey(row.get(0)?),
        channel,
        created_at: Millis(row.get(4)?),
        changed_at: Millis(row.get(5)?),
        deleted_at: row.get::<_, Option<i64>>(6)?.map(Millis),
    })
}

fn put(conn: &Connection, mut channel: Channel, now: Millis) -> Result<StoredChannel, StoreError> {
    if channel.slug.is_empty() {
        channel.slug = new_slug()?;
    }
    let old = by_slug(conn, &channel.slug)?;
    let key = match &old {
        Some(old) => old.key,
        None => conn.query_row("SELECT coalesce(max(key), 0) + 1 FROM channel", [], |row| {
            row.get(0).map(ChannelKey)
        })?,
    };
    if channel.name.trim().is_empty() {
        channel.name = match &old {
            Some(old) => old.channel.name.clone(),
            None => new_name(conn, key)?,
        };
    }
    if channel.is_default {
        conn.execute(
            "UPDATE channel SET is_default = 0, changed_at = ?2 WHERE is_default = 1 AND slug <> ?1",
            params![channel.slug, now.0],
        )?;
    }
    let settings = serde_json::to_string(&channel).map_err(StoreError::unwritable("a channel"))?;
    conn.execute(
        "INSERT INTO channel (key, slug, settings, is_default, created_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5) \
         ON CONFLICT (key) DO UPDATE SET settings = excluded.settings, is_default = excluded.is_default, \
         changed_at = excluded.changed_at, deleted_at = NULL",
        params![key.0, channel.slug, settings, channel.is_default, now.0],
    )?;
    meta::bump(conn, meta::CHANNELS)?;
    let created_at = old.map_or(now, |old| old.created_at);
    Ok(StoredChannel {
        key,
        channel,
        created_at,
        changed_at: now,
        deleted_at: None,
    })
}

/// «Входящий канал N», N being the channel's number unless somebody took that name by hand.
fn new_name(conn: &Connection, key: ChannelKey) -> Result<String, StoreError> {
    let mut number = key.0;
    loop {
        let name = format!("Входящий канал {number}");
        let taken: Option<i64> = conn
            .query_row(
                "SELECT 1 FROM channel WHERE json_extract(settings, '$.name') = ?1 LIMIT 1",
                [&name],
                |row| row.get(0),
            )
            .optional()?;
        if taken.is_none() {
            return Ok(name);
        }
        number += 1;
    }
}

fn new_slug() -> Result<String, StoreError> {
    let mut bytes = [0u8; SLUG_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::NoRandomness(error.to_string()))?;
    Ok(data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}
