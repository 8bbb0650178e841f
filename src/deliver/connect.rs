//! Connecting a portal: a connection is stored only after it was seen to work. The command line and the page share it.

use std::time::Duration;

use super::app;
use super::clock::now;
use super::engine::{CATALOG_SETTING, CONNECTION_CREDENTIAL};
use crate::model::Catalog;
use crate::portal::{self, CatalogError, Connection, OpenError, Portal, Report};
use crate::store::{Store, StoreError};

/// The setting that remembers which portal was served last: a disconnected one is still the one to which submissions
/// are half delivered.
const LAST_PORTAL_SETTING: &str = "last_portal";
/// A running server has let go of the old portal after this: it looks for changed settings once a second.
const LET_GO: Duration = Duration::from_secs(2);

/// What becomes of submissions that are half delivered when the portal's address is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfDone {
    /// It is the same portal: go on where they stopped.
    Continue,
    /// It is another portal: deliver them from the beginning.
    StartOver,
}

/// Why a connection was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody has to say what becomes of so many.
    #[error("{0} submissions are half delivered to the portal known so far")]
    HalfDone(u64),
}

/// A connection that was tried.
#[derive(Debug)]
pub struct Trial {
    pub connection: Connection,
    pub report: Report,
    /// What the portal is made of; absent when something that is needed is missing.
    pub catalog: Option<Catalog>,
}

/// Asks the portal what a webhook may do and, when that is enough, reads its catalogue. An application is tried by its
/// installation.
pub fn try_out(connection: Connection, options: &portal::Options) -> Result<Trial, ConnectError> {
    let portal = Portal::open(connection.clone(), options)?;
    let report = portal.check();
    let catalog = match report.passed() {
        true => Some(portal.read_catalog(now())?),
        false => None,
    };
    Ok(Trial {
        connection,
        report,
        catalog,
    })
}

/// How many submissions are half delivered to another portal than this one.
pub fn half_done_elsewhere(store: &Store, new: &Connection) -> Result<u64, StoreError> {
    match is_elsewhere(store, &new.portal())? {
        true => store.half_done(),
        false => Ok(0),
    }
}

/// Whether another portal than the one at this address was served so far.
pub(super) fn is_elsewhere(store: &Store, address: &str) -> Result<bool, StoreError> {
    let known = match store.credential::<Connection>(CONNECTION_CREDENTIAL)? {
        Some(known) => Some(known.portal()),
        None => store.setting(LAST_PORTAL_SETTING)?,
    };
    Ok(known.is_some_and(|known| !portal::is_same_portal(&known, address)))
}

/// The portal that is served, when it is another one than that at this address: what is connected lies elsewhere, and
/// nobody has said since that both are one.
pub(super) fn served_elsewhere(store: &Store, address: &str) -> Result<Option<String>, StoreError> {
    let is_other = |known: &String| !portal::is_same_portal(known, address);
    let connected: Option<Connection> = store.credential(CONNECTION_CREDENTIAL)?;
    let last: Option<String> = store.setting(LAST_PORTAL_SETTING)?;
    Ok(match connected.map(|connected| connected.portal()) {
        Some(connected) if is_other(&connected) && last.as_ref().is_none_or(is_other) => Some(connected),
        _ => None,
    })
}

/// Notes which portal is served now.
pub(super) fn remember(store: &Store, portal: &str) -> Result<(), StoreError> {
    store.put_setting(LAST_PORTAL_SETTING, &portal)
}

/// Stores the connection under the address that the portal itself has told: it is the same portal.
pub(super) fn moved(store: &Store, connection: &Connection) -> Result<(), StoreError> {
    if let Connection::App(keys) = connection {
        store.put_credential(app::APP_KEYS_CREDENTIAL, keys)?;
    }
    remember(store, &connection.portal())?;
    store.put_credential(CONNECTION_CREDENTIAL, connection)
}

/// Forgets the connection and waits until a running server has let go of it, so that nothing reaches that portal once
/// more. False when there was none.
pub(super) fn let_go(store: &Store) -> Result<bool, StoreError> {
    let was_there = store.delete_credential(CONNECTION_CREDENTIAL)?;
    if was_there {
        std::thread::sleep(LET_GO);
    }
    Ok(was_there)
}

/// Stores a connection that passed, with the catalogue that was read. Numbers of contacts and deals mean other records
/// in another portal: what is half delivered goes on there only if somebody says that it is the same one. An application
/// of another portal is forgotten. Returns how many submissions start over.
pub fn keep(
    store: &Store,
    connection: &Connection,
    catalog: &Catalog,
    choice: Option<HalfDone>,
) -> Result<u64, ConnectError> {
    let half_done = half_done_elsewhere(store, connection)?;
    let started_over = match choice {
        _ if half_done == 0 => 0,
        Some(HalfDone::Continue) => 0,
        Some(HalfDone::StartOver) => {
            let_go(store)?;
            store.start_over()?
        }
        None => return Err(ConnectError::HalfDone(half_done)),
    };
    // An application of another portal must not take delivery back there when somebody opens it.
    if choice != Some(HalfDone::Continue) {
        app::forget_elsewhere(store, &connection.portal())?;
    }
    store.put_setting(CATALOG_SETTING, catalog)?;
    remember(store, &connection.portal())?;
    store.put_credential(CONNECTION_CREDENTIAL, connection)?;
    Ok(started_over)
}

/// Forgets the connection, an application's keys and tokens with it; submissions are stored and wait. False when there
/// was none.
pub fn disconnect(store: &Store) -> Result<bool, StoreError> {
    let Some(known) = store.credential::<Connection>(CONNECTION_CREDENTIAL)? else {
        return Ok(false);
    };
    remember(store, &known.portal())?;
    let was_there = store.delete_credential(CONNECTION_CREDENTIAL)?;
    if let Connection::App(_) = known {
        app::forget_credentials(store)?;
    }
    Ok(was_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portal_that_was_disconnected_is_still_the_one_that_was_served() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let connection =
            |host: &str| Connection::webhook(&format!("https://{host}/rest/1/abcdef0123456789/")).unwrap();
        let (old, new) = (connection("old.example"), connection("new.example"));
        let last = || store.setting::<String>(LAST_PORTAL_SETTING).unwrap();
        assert!(!disconnect(&store).unwrap());
        assert_eq!(keep(&store, &old, &Catalog::default(), None).unwrap(), 0);
        assert!(disconnect(&store).unwrap());
        assert_eq!(last().as_deref(), Some("https://old.example"));
        assert_eq!(half_done_elsewhere(&store, &new).unwrap(), 0);
        assert_eq!(keep(&store, &new, &Catalog::default(), None).unwrap(), 0);
        assert_eq!(last().as_deref(), Some("https://new.example"));
    }
}
