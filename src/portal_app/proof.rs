//! Can the application's tokens be renewed? The portal itself hands the first pair to whoever is installed; whether the
//! authorization server takes the application's key, and whether it can be reached at all, would show only when that
//! pair has expired, an hour later, when the webhook has long been given up. So the pair is exchanged for the next one
//! at once.
// b24: settings/oauth/index.md, settings/oauth/auto-renewal.md

use super::door::{Denied, Verified};
use crate::model::{AppTokens, Millis};
use crate::portal;
use crate::wire::oauth::Granted;

/// What the authorization server says of a key that is not the application's. The documentation gives another reason,
/// too: that the application may not be installed.
// b24: settings/oauth/error-codes.md
const WRONG_KEY: &[&str] = &["invalid_client", "wrong_client"];

/// What is to be stored.
pub struct Proof {
    /// The next pair, or the first one where there was no exchange.
    pub tokens: AppTokens,
    /// Why nobody knows whether they can be renewed.
    pub unproven: Option<String>,
}

/// Exchanges the refresh token of `first`. What delivers now is not given up for tokens that may be good for an hour; where
/// nothing delivers, there is nothing to lose.
pub fn prove(
    options: &portal::Options,
    verified: &Verified,
    first: AppTokens,
    delivers: bool,
    now: Millis,
) -> Result<Proof, Denied> {
    if verified.caller.tokens.came_for_a_code {
        // The authorization server has looked at the keys a moment ago.
        return Ok(Proof {
            tokens: first,
            unproven: None,
        });
    }
    let granted = portal::renew(&verified.keys, &first.refresh, options, now);
    let (reason, is_the_key) = match granted.map_err(|error| Denied::Unreachable(error.to_string()))? {
        Granted::Pair(pair) => {
            let owner = pair.tokens.user_id;
            if owner != 0 && owner != first.user_id {
                return Err(Denied::Forged(
                    "the refresh token is another user's than the access token".to_owned(),
                ));
            }
            return Ok(Proof {
                tokens: pair.tokens.after(&first),
                unproven: None,
            });
        }
        Granted::Never { code, text } => {
            let is_the_key = WRONG_KEY.iter().any(|wrong| code.eq_ignore_ascii_case(wrong));
            let words = if text.is_empty() {
                code
            } else {
                format!("{code}: {text}")
            };
            (format!("the authorization server answered {words}"), is_the_key)
        }
        Granted::Later { text, .. } => (text, false),
    };
    match (delivers, is_the_key) {
        (true, true) => Err(Denied::WrongKey(reason)),
        (true, false) => Err(Denied::NoRenewal(reason)),
        (false, _) => {
            tracing::warn!(%reason, "whether the application's tokens can be renewed is not known");
            Ok(Proof {
                tokens: first,
                unproven: Some(reason),
            })
        }
    }
}
