//! The portal reached as a local application: its keys, its installation, what is known of both. The command line, the
//! pages and the portal's frame share it.
//!
//! Keys may be stored while a webhook delivers; the webhook goes on until the installation has brought tokens. From
//! then on the application delivers, and the webhook is forgotten: two ways into one portal, of which the second is
//! tried when the first fails, would hide that the first is broken, and would write in another person's name.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::clock::now;
use super::connect::{self, ConnectError, HalfDone};
use super::engine::CONNECTION_CREDENTIAL;
use crate::model::{AppKeys, AppTokens, Gone, GoneWhy, Installation, Millis, Secret, Trouble};
use crate::portal::{self, Connection, OpenError};
use crate::store::{Store, StoreError};
use crate::wire::oauth::{self, Granted};

/// The stored credential that holds an application's keys, whether it is installed or not.
pub const APP_KEYS_CREDENTIAL: &str = "app_keys";
/// The stored credential that holds its [`Installation`].
pub const APP_TOKENS_CREDENTIAL: &str = "app_tokens";
/// A refresh token that dies sooner than this is worth a warning.
pub const REFRESH_WARNING: Duration = Duration::from_secs(14 * 24 * 3600);

/// What is known of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppStatus {
    pub keys: AppKeys,
    pub state: AppState,
    /// Submissions go through it.
    pub delivers: bool,
    /// Submissions go through a webhook. Without either they wait.
    pub webhook_delivers: bool,
}

/// How far an application has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AppState {
    /// Its keys are stored; the portal has not installed it yet.
    NotInstalled,
    Installed {
        user_id: u64,
        user_name: String,
        scope: Vec<String>,
        since: Millis,
        /// The access token is good until then; it is renewed when the portal says that it has expired.
        access_until: Millis,
        /// Without a call before then it must be connected anew.
        refresh_until: Millis,
        /// Why nobody knows whether the access can be renewed.
        #[serde(skip_serializing_if = "Option::is_none")]
        unproven: Option<String>,
    },
    Gone(Gone),
}

/// What an administrator has to be told of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum AppWarning {
    /// The first renewal did not succeed, for this reason: without one the application works for an hour.
    Unproven { reason: String },
    /// The refresh token dies then, and could not be renewed so far.
    RefreshEnds { at: Millis },
    /// It was removed, or its tokens are dead: requests wait.
    Gone(Gone),
}

impl AppStatus {
    /// Its tokens are alive, and it delivers or leaves that to a webhook: nobody has to install it anew.
    pub fn is_in_use(&self) -> bool {
        matches!(self.state, AppState::Installed { .. }) && (self.delivers || self.webhook_delivers)
    }

    /// What is to be said on the Overview; nothing when all is well, or when a webhook delivers.
    pub fn warning(&self, now: Millis) -> Option<AppWarning> {
        match &self.state {
            AppState::Gone(gone) if self.delivers => Some(AppWarning::Gone(gone.clone())),
            AppState::Installed {
                unproven: Some(reason),
                ..
            } if self.delivers => Some(AppWarning::Unproven {
                reason: reason.clone(),
            }),
            AppState::Installed { refresh_until, .. }
                if self.delivers && *refresh_until < now + REFRESH_WARNING =>
            {
                Some(AppWarning::RefreshEnds { at: *refresh_until })
            }
            _ => None,
        }
    }
}

/// What storing keys has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptKeys {
    /// So many half delivered submissions start over.
    pub started_over: u64,
    /// A webhook of another portal was forgotten.
    pub disconnected: bool,
    /// A webhook goes on delivering until the application is installed.
    pub webhook_goes_on: bool,
}

/// Why tokens were not taken.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("these are not the application's keys any more; start again with the ones that are stored now")]
    OtherKeys,
    /// The same application's tokens of a portal with another number.
    #[error("the tokens are those of another portal; connect the portal that the bridge knows")]
    OtherPortal,
    /// Nobody has asked for the portal that is connected to be left.
    #[error(
        "{connected} is connected, and the application is one of {ours}; store the application's keys once more if it is to take over"
    )]
    ServedElsewhere { ours: String, connected: String },
    /// The authorization server will not exchange this code.
    #[error("the authorization server does not accept the code ({0}); start the connection once more")]
    Refused(String),
    #[error("the authorization server could not be asked: {0}; try again in a moment")]
    Later(String),
    #[error(
        "the portal calls itself {theirs}, the application's keys were stored for {ours}; store them with the portal's own \
         address, and name its network address with --portal-resolve if need be"
    )]
    OtherAddress { ours: String, theirs: String },
}

/// The application's keys, when some are stored.
pub fn keys(store: &Store) -> Result<Option<AppKeys>, StoreError> {
    store.credential(APP_KEYS_CREDENTIAL)
}

/// What the portal's installation has brought, of the application whose keys are stored.
pub fn installation(store: &Store) -> Result<Option<Installation>, StoreError> {
    let Some(keys) = keys(store)? else {
        return Ok(None);
    };
    let installation: Option<Installation> = store.credential(APP_TOKENS_CREDENTIAL)?;
    Ok(installation.filter(|installation| installation.client_id == keys.client_id))
}

/// What is known of the application; `None` when no keys are stored.
pub fn status(store: &Store) -> Result<Option<AppStatus>, StoreError> {
    let Some(keys) = keys(store)? else {
        return Ok(None);
    };
    let connection: Option<Connection> = store.credential(CONNECTION_CREDENTIAL)?;
    let state = match installation(store)? {
        None => AppState::NotInstalled,
        Some(Installation { gone: Some(gone), .. }) => AppState::Gone(gone),
        Some(Installation {
            tokens,
            user_name,
            since,
            unproven,
            ..
        }) => AppState::Installed {
            user_id: tokens.user_id,
            user_name,
            scope: tokens.scope,
            since,
            access_until: tokens.expires_at,
            refresh_until: tokens.refresh_until,
            unproven,
        },
    };
    Ok(Some(AppStatus {
        keys,
        state,
        delivers: matches!(connection, Some(Connection::App(_))),
        webhook_delivers: matches!(connection, Some(Connection::Webhook { .. })),
    }))
}

/// Stores the keys of an application. It delivers once [`keep_tokens`] has brought its tokens; a webhook of the same
/// portal goes on until then, one of another portal is forgotten. What is half delivered to another portal goes on only
/// if somebody says that it is the same one under a new address. Nobody is asked about an application that is known:
/// its code belongs to one portal, and its tokens go on.
pub fn keep_app_keys(
    store: &Store,
    keys: &AppKeys,
    choice: Option<HalfDone>,
) -> Result<KeptKeys, ConnectError> {
    let known: Option<Connection> = store.credential(CONNECTION_CREDENTIAL)?;
    let before = self::keys(store)?;
    let is_elsewhere = connect::is_elsewhere(store, &keys.portal)?;
    let half_done = if is_elsewhere { store.half_done()? } else { 0 };
    let is_same_app = before.is_some_and(|before| before.client_id == keys.client_id);
    let has_webhook = matches!(known, Some(Connection::Webhook { .. }));
    let choice = match (half_done, choice) {
        (0, Some(HalfDone::Continue)) => Some(HalfDone::Continue),
        (0, None) if is_same_app && !has_webhook => Some(HalfDone::Continue),
        (0, _) => None,
        (_, Some(choice)) => Some(choice),
        (half_done, None) => return Err(ConnectError::HalfDone(half_done)),
    };
    let mut kept = KeptKeys::default();
    let is_another_portal = is_elsewhere && choice != Some(HalfDone::Continue);
    if is_another_portal {
        kept.disconnected = connect::let_go(store)?;
        if choice == Some(HalfDone::StartOver) {
            kept.started_over = store.start_over()?;
        }
    }
    connect::remember(store, &keys.portal)?;
    store.put_credential(APP_KEYS_CREDENTIAL, keys)?;
    if is_same_app && !is_another_portal {
        forgive(store)?;
    } else {
        // The tokens of another application, or of another portal, are of no use any more.
        store.delete_credential(APP_TOKENS_CREDENTIAL)?;
    }
    let is_alive = installation(store)?.is_some_and(|installation| installation.gone.is_none());
    match &known {
        Some(Connection::Webhook { .. }) => {}
        Some(Connection::App(old)) if old.client_id == keys.client_id && !is_another_portal => {
            store.put_credential(CONNECTION_CREDENTIAL, &Connection::App(keys.clone()))?;
        }
        // Nothing delivers, and its tokens are there.
        None if is_alive => {
            store.put_credential(CONNECTION_CREDENTIAL, &Connection::App(keys.clone()))?;
        }
        Some(Connection::App(_)) => {
            store.delete_credential(CONNECTION_CREDENTIAL)?;
        }
        None => {}
    }
    kept.webhook_goes_on = has_webhook && !kept.disconnected;
    Ok(kept)
}

/// A refusal may have been the old secret's fault, and so may a first renewal that did not succeed.
fn forgive(store: &Store) -> Result<(), StoreError> {
    store.change_credential(APP_TOKENS_CREDENTIAL, |installation: Installation| {
        let refused = matches!(&installation.gone, Some(gone) if matches!(gone.why, GoneWhy::Refused { .. }));
        let is_doubtful = refused || installation.unproven.is_some();
        is_doubtful.then(|| Installation {
            gone: installation.gone.filter(|_| !refused),
            unproven: None,
            ..installation
        })
    })?;
    Ok(())
}

/// Whether [`keep_tokens`] would take tokens of these keys and this portal; what stands there now.
pub fn would_keep(store: &Store, keys: &AppKeys, member_id: &str) -> Result<Option<Installation>, AppError> {
    if !self::keys(store)?.is_some_and(|stored| stored.is_same_app(keys)) {
        return Err(AppError::OtherKeys);
    }
    if let Some(connected) = connect::served_elsewhere(store, &keys.portal)? {
        return Err(AppError::ServedElsewhere {
            ours: keys.portal.clone(),
            connected,
        });
    }
    let before = installation(store)?;
    let known = before.as_ref().map_or("", |old| old.tokens.member_id.as_str());
    if !known.is_empty() && !member_id.is_empty() && known != member_id {
        return Err(AppError::OtherPortal);
    }
    Ok(before)
}

/// Stores the tokens of an installation, or of a connection made anew, after they were verified; from now on the
/// application delivers. Not for tokens of just anybody who opens the application: all is written in their owner's name.
/// `unproven`: see [`Installation`].
pub fn keep_tokens(
    store: &Store,
    keys: &AppKeys,
    tokens: AppTokens,
    user_name: &str,
    unproven: Option<String>,
) -> Result<(), AppError> {
    let before = would_keep(store, keys, &tokens.member_id)?;
    let tokens = match &before {
        Some(old) => tokens.after(&old.tokens),
        None => tokens,
    };
    let installation = Installation {
        since: tokens.issued_at,
        tokens,
        client_id: keys.client_id.clone(),
        user_name: user_name.to_owned(),
        gone: None,
        unproven,
    };
    let json = |value: Result<Value, serde_json::Error>| {
        value.map_err(|error| StoreError::Unwritable {
            what: "a setting",
            reason: error.to_string(),
        })
    };
    store.put_credentials([
        (APP_TOKENS_CREDENTIAL, json(serde_json::to_value(&installation))?),
        (
            CONNECTION_CREDENTIAL,
            json(serde_json::to_value(Connection::App(keys.clone())))?,
        ),
    ])?;
    connect::remember(store, &keys.portal)?;
    tracing::info!(portal = %keys.portal, user = installation.tokens.user_id, "the application is connected");
    Ok(())
}

/// Stores with what the portal signs its events, when that is not known yet. False when there was nothing to store.
pub fn learn_signature(store: &Store, keys: &AppKeys, sent: Secret) -> Result<bool, StoreError> {
    let client_id = keys.client_id.clone();
    store.change_credential(APP_TOKENS_CREDENTIAL, move |mut installation: Installation| {
        let tokens = &mut installation.tokens;
        if installation.client_id != client_id || tokens.application_token.is_some() {
            return None;
        }
        tokens.application_token = Some(sent);
        Some(installation)
    })
}

/// Where a person lets the application in. The portal then sends the browser to the application's own address, with a
/// code and this state.
pub fn authorize_url(keys: &AppKeys, state: &str) -> String {
    oauth::authorize_url(keys, state)
}

/// Exchanges the code of an authorization for the first pair of tokens; it lives for 30 seconds. The tokens are still
/// to be verified.
// b24: settings/oauth/index.md
pub fn exchange_code(
    keys: &AppKeys,
    code: &Secret,
    options: &portal::Options,
) -> Result<AppTokens, AppError> {
    match portal::exchange(keys, code, options, now())? {
        Granted::Pair(pair) => {
            if let Some(endpoint) = &pair.client_endpoint
                && !portal::is_same_host(endpoint, &keys.portal)
            {
                return Err(AppError::OtherAddress {
                    ours: keys.portal.clone(),
                    theirs: endpoint.clone(),
                });
            }
            Ok(pair.tokens)
        }
        Granted::Never { code, text } if text.is_empty() => Err(AppError::Refused(code)),
        Granted::Never { code, text } => Err(AppError::Refused(format!("{code}: {text}"))),
        Granted::Later { text, .. } => Err(AppError::Later(text)),
    }
}

/// The portal said that the application was removed, and refuses its tokens: delivery pauses. False when there was nothing to mark.
pub fn mark_uninstalled(store: &Store) -> Result<bool, StoreError> {
    let since = now();
    store.change_credential(APP_TOKENS_CREDENTIAL, move |installation: Installation| {
        let known = installation
            .gone
            .as_ref()
            .is_some_and(|gone| gone.why == GoneWhy::Uninstalled);
        (!known).then_some(Installation {
            gone: Some(Gone {
                since,
                why: GoneWhy::Uninstalled,
            }),
            ..installation
        })
    })
}

/// Forgets the application's keys and tokens; when it delivers, the portal is disconnected. False when there was none.
pub fn forget(store: &Store) -> Result<bool, StoreError> {
    if let Some(Connection::App(_)) = store.credential(CONNECTION_CREDENTIAL)? {
        connect::disconnect(store)?;
        return Ok(true);
    }
    forget_credentials(store)
}

/// Forgets an application of another portal than the one at this address.
pub(super) fn forget_elsewhere(store: &Store, address: &str) -> Result<(), StoreError> {
    if keys(store)?.is_some_and(|keys| !portal::is_same_portal(&keys.portal, address)) {
        forget_credentials(store)?;
        tracing::info!(portal = %address, "another portal is connected: the application of the old one was forgotten");
    }
    Ok(())
}

pub(super) fn forget_credentials(store: &Store) -> Result<bool, StoreError> {
    let had_tokens = store.delete_credential(APP_TOKENS_CREDENTIAL)?;
    let had_keys = store.delete_credential(APP_KEYS_CREDENTIAL)?;
    Ok(had_tokens || had_keys)
}

/// Exchanges the refresh token when it would die within [`REFRESH_WARNING`]. An access token is renewed only when the
/// portal calls it expired; but in an application that nobody uses for half a year no call is made that could show it,
/// and the refresh token would die of disuse.
// b24: settings/oauth/auto-renewal.md
pub fn refresh_before_it_ends(portal: &portal::Portal) -> Result<(), Trouble> {
    portal.refresh_before(now() + REFRESH_WARNING)
}

mod presence;
#[cfg(test)]
mod tests;

pub(super) use presence::probe;
pub use presence::{Presence, presence};
