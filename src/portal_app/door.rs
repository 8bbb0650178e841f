//! Who comes in: what a request says is believed only when the configured portal confirms the token that came with it.
//! No address from a request is ever called.

use super::request::{SentTokens, is_of};
use crate::deliver::app;
use crate::model::{AppKeys, Secret};
use crate::portal::{self, TokenOwner, VerifyError, verify_token};
use crate::store::{Store, StoreError};

/// What a request claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub domain: String,
    pub member_id: String,
    pub tokens: SentTokens,
    pub application_token: Option<Secret>,
}

/// A caller whom the portal knows as one of its administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub keys: AppKeys,
    pub owner: TokenOwner,
    pub caller: Caller,
}

/// Why nobody comes in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    #[error("no application's keys are stored; enter them on the Portal page of the bridge first")]
    NoKeys,
    #[error("the request came from another portal than {ours}")]
    OtherPortal { ours: String },
    #[error("the portal does not confirm the token: {0}")]
    Forged(String),
    #[error("the token is one of another application of the portal")]
    OtherApplication,
    #[error("{name} (user {id}) is no administrator of the portal")]
    NotAdmin { id: u64, name: String },
    #[error("the request carries no refresh token, without which the bridge could work for an hour only")]
    NoRefresh,
    #[error(
        "the request was sent before, and its tokens may be spent by now; open the application in the portal once more"
    )]
    Stale,
    #[error("the application has no right to the CRM (crm); tick it in its form in the portal")]
    NoCrm,
    /// With the authorization server's words.
    #[error(
        "the authorization server does not accept the application's key ({0}); store client_secret once more as it stands in the application's form"
    )]
    WrongKey(String),
    /// With the reason.
    #[error(
        "what delivers now stays, since the application's tokens cannot be renewed from here ({0}); let the bridge through to the authorization server"
    )]
    NoRenewal(String),
    #[error("the signature of the event is not the one that is known")]
    WrongSignature,
    #[error("the portal could not be asked: {0}")]
    Unreachable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Denied {
    /// Whether the same request may be taken later, or after another setting here.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Denied::Unreachable(_) | Denied::Store(_) | Denied::WrongKey(_) | Denied::NoRenewal(_)
        )
    }

    /// Whether the portal was asked for somebody of whom it knows nothing. A colleague who is no administrator, and a
    /// portal that does not answer, are no junk; for the rest nobody is asked.
    pub fn was_asked_in_vain(&self) -> bool {
        matches!(self, Denied::Forged(_) | Denied::OtherApplication)
    }
}

/// Asks the portal who calls.
pub fn verify(store: &Store, options: &portal::Options, caller: Caller) -> Result<Verified, Denied> {
    let keys = app::keys(store)?.ok_or(Denied::NoKeys)?;
    let other = || Denied::OtherPortal {
        ours: keys.portal.clone(),
    };
    if !is_of(&keys.portal, &caller.domain) {
        return Err(other());
    }
    // A portal keeps this number when its address changes; another one at the same address is another portal.
    let known = app::installation(store)?.map(|installation| installation.tokens.member_id);
    let differs =
        |known: &String| !known.is_empty() && !caller.member_id.is_empty() && *known != caller.member_id;
    if known.as_ref().is_some_and(differs) {
        return Err(other());
    }
    let owner = verify_token(&keys, &caller.tokens.access, options).map_err(|error| match error {
        VerifyError::Refused(text) => Denied::Forged(text),
        VerifyError::OtherApplication => Denied::OtherApplication,
        VerifyError::Open(error) => Denied::Unreachable(error.to_string()),
        VerifyError::Trouble(trouble) => Denied::Unreachable(trouble.text),
    })?;
    if !owner.is_admin {
        return Err(Denied::NotAdmin {
            id: owner.user_id,
            name: owner.name,
        });
    }
    Ok(Verified { keys, owner, caller })
}
