//! Requests to the authorization server. Secrets travel in the body: addresses stand in the logs of proxies.

use ureq::Agent;

use super::post::{Once, Posted, once};
use super::{OpenError, Options, agent};
use crate::model::{AppKeys, Millis, Secret};
use crate::wire::oauth::{self, Granted, TOKEN_PATH};

/// Asks for a new pair in exchange for a refresh token that nobody else uses.
pub fn renew(keys: &AppKeys, refresh: &Secret, options: &Options, now: Millis) -> Result<Granted, OpenError> {
    let agent = agent::build(options)?;
    Ok(renew_by(&agent, &options.oauth_url, keys, refresh, now))
}

/// The same over an agent that is at hand.
pub(super) fn renew_by(
    agent: &Agent,
    oauth_url: &str,
    keys: &AppKeys,
    refresh: &Secret,
    now: Millis,
) -> Granted {
    let body = oauth::renewal(&keys.client_id, &keys.client_secret, refresh);
    ask(agent, oauth_url, &body, &[&keys.client_secret, refresh], now)
}

/// Asks for the first pair in exchange for a code of the portal.
pub fn exchange(keys: &AppKeys, code: &Secret, options: &Options, now: Millis) -> Result<Granted, OpenError> {
    let agent = agent::build(options)?;
    let body = oauth::exchange(keys, code);
    Ok(ask(
        &agent,
        &options.oauth_url,
        &body,
        &[&keys.client_secret, code],
        now,
    ))
}

fn ask(agent: &Agent, oauth_url: &str, body: &str, secrets: &[&Secret], now: Millis) -> Granted {
    let url = format!("{}{TOKEN_PATH}", oauth_url.trim_end_matches('/'));
    let granted = match once(
        agent,
        &url,
        oauth_url,
        "application/x-www-form-urlencoded",
        body.as_bytes(),
    ) {
        Once::Answered { reply, .. } if (300..400).contains(&reply.status) => {
            passing("it sends the request on to another address; check --oauth-url".to_owned())
        }
        Once::Answered { reply, .. } => oauth::read(reply.status, &reply.content_type, &reply.body, now),
        Once::Failed(Posted::NotSent(text) | Posted::Lost(text) | Posted::Redirected(text)) => passing(text),
        Once::Failed(Posted::Answered(_)) => passing("it did not answer".to_owned()),
    };
    without(granted, secrets)
}

fn passing(text: String) -> Granted {
    Granted::Later {
        text,
        not_before: None,
    }
}

/// A server may repeat what it was sent.
fn without(mut granted: Granted, secrets: &[&Secret]) -> Granted {
    if let Granted::Never { text, .. } | Granted::Later { text, .. } = &mut granted {
        for secret in secrets {
            *text = masked(text, secret);
        }
    }
    granted
}

/// `text` without this secret.
pub(super) fn masked(text: &str, secret: &Secret) -> String {
    match secret.reveal() {
        "" => text.to_owned(),
        secret => text.replace(secret, "…"),
    }
}
