//! What all requests to the pages share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::attempts::Attempts;
use super::early::Early;
use super::knocks::Knocks;
use super::retries::Retries;
use super::setup;
use crate::deliver::{CONNECTION_CREDENTIAL, Engine, app};
use crate::model::Millis;
use crate::portal::Connection;
use crate::portal_app::frames::Frames;
use crate::store::{Store, StoreError, TokenDigest};

/// Messages that wait for the next page of their session; beyond this all are forgotten.
const MESSAGES: usize = 1_000;

/// Long enough to grant a right in the portal and come back.
const TRIED: Duration = Duration::from_secs(30 * 60);

/// What the shell decides.
pub struct SiteOptions {
    /// How administrators reach the pages, without a slash at the end: the origin that forms must come from.
    pub admin_url: String,
    /// How websites reach the bridge, without a slash at the end: for the addresses of channels.
    pub public_url: String,
    /// Lets the first administrator in; absent when there is one.
    pub setup: Option<setup::Link>,
    /// In which times are shown.
    pub zone: TimeZone,
}

/// The pages' surroundings.
pub struct Site {
    pub store: Store,
    pub engine: Arc<Engine>,
    pub admin_url: String,
    pub public_url: String,
    pub zone: TimeZone,
    pub(super) retries: Retries,
    frames: Mutex<Frames>,
    early: Mutex<Early>,
    /// One installation at a time: two would each put up their buttons.
    installing: Mutex<()>,
    setup: Mutex<Option<setup::Link>>,
    attempts: Mutex<Attempts>,
    /// Tokens that came from the portal, or not from it.
    pub(super) knocks: Knocks,
    /// One password at a time is hashed: each takes 19 MiB and a core.
    hashing: Mutex<()>,
    messages: Mutex<HashMap<TokenDigest, Message>>,
    /// Connections that were tried and not stored yet, and when: an address is a secret, and no page carries it back
    /// to the browser for another try.
    tried: Mutex<HashMap<TokenDigest, (Connection, Millis)>>,
}

/// Something to say on the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub text: String,
    pub is_good: bool,
}

impl Site {
    pub fn new(store: Store, engine: Arc<Engine>, options: SiteOptions) -> Site {
        Site {
            store,
            engine,
            admin_url: options.admin_url,
            public_url: options.public_url,
            zone: options.zone,
            retries: Retries::default(),
            frames: Mutex::default(),
            early: Mutex::default(),
            installing: Mutex::default(),
            setup: Mutex::new(options.setup),
            attempts: Mutex::default(),
            knocks: Knocks::default(),
            hashing: Mutex::default(),
            messages: Mutex::default(),
            tried: Mutex::default(),
        }
    }

    /// A channel's address.
    pub fn address(&self, slug: &str) -> String {
        format!("{}/in/{slug}", self.public_url)
    }

    /// Where the portal opens the application.
    pub fn app_address(&self) -> String {
        format!("{}/b24/app", self.admin_url)
    }

    /// Where the portal installs it.
    pub fn install_address(&self) -> String {
        format!("{}/b24/install", self.admin_url)
    }

    /// Cookies are for TLS alone.
    pub fn is_secure(&self) -> bool {
        self.admin_url.starts_with("https:")
    }

    pub(super) fn frames(&self) -> MutexGuard<'_, Frames> {
        lock(&self.frames)
    }

    pub(super) fn installing(&self) -> MutexGuard<'_, ()> {
        lock(&self.installing)
    }

    pub(super) fn early(&self) -> MutexGuard<'_, Early> {
        lock(&self.early)
    }

    /// The one place whose pages may show ours in a frame.
    pub(super) fn portal_origin(&self) -> Result<Option<String>, StoreError> {
        if let Some(keys) = app::keys(&self.store)? {
            return Ok(Some(keys.portal));
        }
        let connection: Option<Connection> = self.store.credential(CONNECTION_CREDENTIAL)?;
        Ok(connection.map(|connection| connection.portal()))
    }

    pub(super) fn setup(&self) -> MutexGuard<'_, Option<setup::Link>> {
        lock(&self.setup)
    }

    pub(super) fn attempts(&self) -> MutexGuard<'_, Attempts> {
        lock(&self.attempts)
    }

    pub(super) fn hashing(&self) -> MutexGuard<'_, ()> {
        lock(&self.hashing)
    }

    pub(super) fn keep_tried(&self, session: TokenDigest, connection: Connection, now: Millis) {
        let mut tried = lock(&self.tried);
        tried.retain(|_, (_, at)| now.since(*at) < TRIED);
        tried.insert(session, (connection, now));
    }

    /// What this session tried a while ago.
    pub(super) fn tried(&self, session: &TokenDigest, now: Millis) -> Option<Connection> {
        let tried = lock(&self.tried);
        let (connection, at) = tried.get(session)?;
        (now.since(*at) < TRIED).then(|| connection.clone())
    }

    pub(super) fn forget_tried(&self, session: &TokenDigest) {
        lock(&self.tried).remove(session);
    }

    pub(super) fn leave_message(&self, session: TokenDigest, message: Message) {
        let mut messages = lock(&self.messages);
        if messages.len() >= MESSAGES {
            messages.clear();
        }
        messages.insert(session, message);
    }

    pub(super) fn take_message(&self, session: &TokenDigest) -> Option<Message> {
        lock(&self.messages).remove(session)
    }
}

/// What stands behind these locks is whole at every moment, also after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
