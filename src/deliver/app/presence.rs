//! Is the application still in its portal? Its own tokens tell: the portal revokes them together with it.
// b24: api-reference/common/events/on-app-uninstall.md

use super::{Connection, Store, StoreError, keys, portal};
use crate::deliver::tokens;
use crate::model::{Answer, Call, Effect, Trouble, TroubleKind};
use crate::portal::Portal;

/// The portal's answer to a call by the stored tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It answers them.
    Works,
    /// It refuses them, or they are known to be dead.
    Refused,
    /// It did not answer; in words.
    Unknown(String),
}

/// Asks the portal once, by the stored tokens, which are renewed if they have expired.
pub fn presence(store: &Store, options: &portal::Options) -> Result<Presence, StoreError> {
    let Some(keys) = keys(store)? else {
        return Ok(Presence::Refused);
    };
    let portal = match tokens::open(store, Connection::App(keys), options) {
        Ok(portal) => portal,
        Err(error) => return Ok(Presence::Unknown(error.to_string())),
    };
    Ok(match probe(&portal) {
        Ok(()) => Presence::Works,
        Err(trouble) => match trouble.kind {
            TroubleKind::AuthorizationLost | TroubleKind::ConnectionRefused => Presence::Refused,
            _ => Presence::Unknown(trouble.text),
        },
    })
}

/// One cheap call that any connection may make. It goes as a batch: what is said in place of a batch's answer speaks of the
/// connection, while a refusal of the call alone would leave open whether it or the connection is meant.
// b24: api-reference/common/system/server-time.md, settings/how-to-call-rest-api/batch.md
pub(in crate::deliver) fn probe(portal: &Portal) -> Result<(), Trouble> {
    let call = Call {
        key: "probe".to_owned(),
        method: "server.time".to_owned(),
        args: Vec::new(),
        effect: Effect::Read,
    };
    let answers = portal.batch(&[(String::new(), &call)], false);
    match answers.iter().find_map(Answer::trouble) {
        None => Ok(()),
        Some(trouble) => Err(trouble.clone()),
    }
}
