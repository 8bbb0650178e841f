//! Are the application's keys any good? The portal itself hands the first pair of tokens to whoever is installed; whether
//! the authorization server takes the key, and whether it can be reached at all, would show only when that pair has
//! expired, an hour later, when the webhook has long been given up. So the pair is exchanged for the next one at once.
// b24: settings/oauth/index.md, settings/oauth/auto-renewal.md

use super::door::{Denied, Verified};
use super::install::Missed;
use crate::deliver::app;
use crate::model::{AppTokens, Millis, Secret};
use crate::portal;
use crate::store::Store;
use crate::wire::oauth::Granted;

/// What the authorization server says of a key that is not the application's.
// b24: settings/oauth/error-codes.md
const WRONG_KEY: &[&str] = &["invalid_client", "wrong_client"];

/// The pair to be stored, and what the exchange has shown.
pub struct Proof {
    pub tokens: AppTokens,
    /// When there was no exchange, the words why: the pair that came is as good as it ever was.
    pub renewal: Result<(), Missed>,
}

/// Exchanges the refresh token of `first`. Nothing is to be changed for keys that are refused, nor is a webhook to be
/// given up while nobody knows whether the application could work for longer than an hour.
pub fn prove(
    store: &Store,
    options: &portal::Options,
    verified: &Verified,
    first: AppTokens,
    refresh: &Secret,
    now: Millis,
) -> Result<Proof, Denied> {
    if verified.caller.tokens.came_for_a_code {
        // The server has looked at the keys a moment ago.
        return Ok(Proof {
            tokens: first,
            renewal: Ok(()),
        });
    }
    let granted = portal::renew(&verified.keys, refresh, options, now);
    let why_not = match granted.map_err(|error| Denied::Unreachable(error.to_string()))? {
        Granted::Pair(pair) => {
            return Ok(Proof {
                // In whose name was asked of the portal itself.
                tokens: AppTokens {
                    user_id: first.user_id,
                    ..pair.tokens.after(&first)
                },
                renewal: Ok(()),
            });
        }
        Granted::Never { code, .. } if WRONG_KEY.iter().any(|wrong| code.eq_ignore_ascii_case(wrong)) => {
            return Err(Denied::WrongKey(code));
        }
        Granted::Never { code, text } => format!("the authorization server answered {code}: {text}"),
        Granted::Later { text, .. } if app::status(store)?.is_some_and(|status| status.webhook_delivers) => {
            return Err(Denied::NoRenewal(text));
        }
        Granted::Later { text, .. } => text,
    };
    tracing::warn!(reason = %why_not, "whether the application's tokens can be renewed is not known");
    Ok(Proof {
        tokens: first,
        renewal: Err(Missed::Said(why_not)),
    })
}
