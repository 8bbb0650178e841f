//! Is the application still in its portal? Its own tokens tell: the portal revokes them together with it.
// b24: api-reference/common/events/on-app-uninstall.md

use super::{Connection, Store, StoreError, keys, portal};
use crate::deliver::tokens;
use crate::model::{Answer, Call, Effect, Trouble, TroubleKind};

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
    Ok(match trouble_of(&portal.call(&question())) {
        None => Presence::Works,
        Some(trouble) => match trouble.kind {
            TroubleKind::AuthorizationLost | TroubleKind::ConnectionRefused => Presence::Refused,
            _ => Presence::Unknown(trouble.text),
        },
    })
}

/// One cheap call that any connection may make.
// b24: api-reference/common/system/server-time.md
pub(in crate::deliver) fn question() -> Call {
    Call {
        key: "probe".to_owned(),
        method: "server.time".to_owned(),
        args: Vec::new(),
        effect: Effect::Read,
    }
}

/// What an answer to [`question`] tells of the connection. It needs no right: whoever is refused it (the user was
/// dismissed, REST was switched off) is refused everything. Only a portal that lacks the method has answered for all that.
// b24: _includes/system-errors.md
pub(in crate::deliver) fn trouble_of(answer: &Answer) -> Option<Trouble> {
    match answer {
        Answer::Done { .. } => None,
        Answer::Later(trouble) | Answer::Unknown(trouble) => Some(trouble.clone()),
        Answer::Refused(refusal) if refusal.code.eq_ignore_ascii_case("ERROR_METHOD_NOT_FOUND") => None,
        Answer::Refused(refusal) => {
            let says = match refusal.code.as_str() {
                "" => refusal.text.clone(),
                code => format!("{code}: {}", refusal.text),
            };
            Some(Trouble {
                kind: TroubleKind::ConnectionRefused,
                text: format!(
                    "the portal refuses the connection ({says}); check the rights of the webhook or the application, or connect the portal anew"
                ),
                not_before: None,
            })
        }
    }
}
