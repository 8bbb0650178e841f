//! Counters and marks kept in the file, by which processes notice each other's changes.

use rusqlite::Connection;

use super::error::StoreError;

/// The newest submission that the engine has taken up.
pub(super) const WATERMARK: &str = "watermark";
/// Grows when a channel is written.
pub(super) const CHANNELS: &str = "channels";
/// Grows when a setting or a credential is written.
pub(super) const SETTINGS: &str = "settings";
/// Grows when submissions are queued again.
pub(super) const RETRIES: &str = "retries";

/// The newest submission whose old request the broom has looked at.
pub(super) const BODIES: &str = "bodies";

pub(super) fn get(conn: &Connection, name: &str) -> Result<i64, StoreError> {
    Ok(conn
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))?)
}

pub(super) fn set(conn: &Connection, name: &str, value: i64) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?
        .execute(rusqlite::params![name, value])?;
    Ok(())
}

pub(super) fn bump(conn: &Connection, name: &str) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE meta SET value = value + 1 WHERE name = ?1")?
        .execute([name])?;
    Ok(())
}
