//! What the portal tells an application by itself: that it was installed without a page, and that it was removed.

use super::door::{self, Caller, Denied};
use super::install::{Installed, Installer};
use super::request::{Event, EventKind, is_of};
use crate::deliver::app::{self, Presence};
use crate::model::{GoneWhy, Installation, Language, Millis, Secret};
use crate::portal;
use crate::store::Store;

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    Installed(Installed),
    /// The application was removed; false when that was known.
    Removed(bool),
    /// Nothing that concerns us.
    Nothing,
}

/// Takes an event in. `handler` is the address that the buttons open. `alone` waits until no other installation is under
/// way; nobody waits for a stranger's verification.
pub fn receive<Alone>(
    store: &Store,
    options: &portal::Options,
    event: Event,
    handler: &str,
    now: Millis,
    alone: impl FnOnce() -> Alone,
) -> Result<Received, Denied> {
    match event.kind {
        EventKind::Install => installed(store, options, event, handler, now, alone).map(Received::Installed),
        EventKind::Uninstall => {
            signed(store, &event)?;
            removed(store, options)
        }
        EventKind::Other => {
            signed(store, &event)?;
            Ok(Received::Nothing)
        }
    }
}

/// The installation of an application without pages. There is nothing to finish: the portal counts it as done.
// b24: settings/app-installation/local-apps/installation-callback.md
fn installed<Alone>(
    store: &Store,
    options: &portal::Options,
    event: Event,
    handler: &str,
    now: Millis,
    alone: impl FnOnce() -> Alone,
) -> Result<Installed, Denied> {
    // Once a signature is known, every event must carry it; an application that is gone may have got a new one.
    if matches!(known_signature(store)?, Some((_, false))) {
        signed(store, &event)?;
    }
    let language = event.language.unwrap_or(Language::English);
    let caller = Caller {
        domain: event.domain,
        member_id: event.member_id,
        tokens: event
            .tokens
            .ok_or_else(|| Denied::Forged("it carries none".to_owned()))?,
        application_token: event.application_token,
    };
    let verified = door::verify(store, options, caller)?;
    let _one = alone();
    let installer = Installer {
        store,
        options,
        verified: &verified,
        handler,
        language,
        now,
    };
    installer.install()
}

/// The portal hands its signature to the browser of everybody who presses the button: a colleague could sign a removal,
/// too. It is a hint only, and our own tokens tell the truth. When the portal does not answer, nothing is marked: if
/// the application is gone, delivery learns of it by the refusal of its next call.
// b24: api-reference/common/events/on-app-uninstall.md, api-reference/widgets/_includes/widget_data.md
fn removed(store: &Store, options: &portal::Options) -> Result<Received, Denied> {
    let is_known = |known: Installation| known.gone.is_some_and(|gone| gone.why == GoneWhy::Uninstalled);
    if app::installation(store)?.is_some_and(is_known) {
        return Ok(Received::Removed(false));
    }
    match app::presence(store, options)? {
        Presence::Works => {
            tracing::warn!(
                "an event says that the application was removed, but the portal still accepts its tokens; nothing was changed"
            );
            Ok(Received::Nothing)
        }
        Presence::Refused => {
            tracing::warn!("the portal tells that the application was removed");
            Ok(Received::Removed(app::mark_uninstalled(store)?))
        }
        Presence::Unknown(text) => Err(Denied::Unreachable(text)),
    }
}

/// The signature that is known, and whether its application is gone.
fn known_signature(store: &Store) -> Result<Option<(Secret, bool)>, Denied> {
    let Some(installation) = app::installation(store)? else {
        return Ok(None);
    };
    let is_gone = installation.gone.is_some();
    Ok(installation
        .tokens
        .application_token
        .map(|token| (token, is_gone)))
}

/// Whoever has no business with the portal does not know its signature.
// b24: api-reference/events/safe-event-handlers.md
fn signed(store: &Store, event: &Event) -> Result<(), Denied> {
    let keys = app::keys(store)?.ok_or(Denied::NoKeys)?;
    if !is_of(&keys.portal, &event.domain) {
        return Err(Denied::OtherPortal { ours: keys.portal });
    }
    let known = known_signature(store)?.map(|(known, _)| known);
    match (known, &event.application_token) {
        (Some(known), Some(sent)) if known.is_same(sent.reveal()) => Ok(()),
        _ => Err(Denied::WrongSignature),
    }
}
