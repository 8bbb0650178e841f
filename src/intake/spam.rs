//! What a channel's settings say of a request's content: a hidden field that only robots fill, and a secret that only the
//! website knows.

use sha2::{Digest, Sha256};

use super::Fields;
use crate::model::{Channel, Secret};
use crate::template;

/// Whether [`caught`] has to know what is in a channel's requests.
pub fn reads(channel: &Channel) -> bool {
    channel.secret.is_some() || channel.honeypot.is_some()
}

/// Why a request is spam, in a sentence for the inbox; `None` when it is not. `secrets`: what it gave for the channel's
/// secret, wherever it stood.
pub fn caught<'s>(
    channel: &Channel,
    fields: &Fields,
    secrets: impl IntoIterator<Item = &'s [u8]>,
) -> Option<String> {
    if let Some(secret) = &channel.secret {
        let mut given = secrets.into_iter().peekable();
        if given.peek().is_none() {
            return Some("it came without the channel's secret".to_owned());
        }
        if !given.any(|given| is_same(given, secret)) {
            return Some("it came with another secret than the channel's".to_owned());
        }
    }
    trapped(channel, fields)
}

/// The same as far as the hidden field goes.
pub fn trapped(channel: &Channel, fields: &Fields) -> Option<String> {
    let name = channel.honeypot.as_ref()?;
    let (_, value) = template::lookup(fields, name)?;
    let is_filled = !template::text_of(value).trim().is_empty();
    is_filled.then(|| format!("the hidden field \"{name}\" was filled in"))
}

/// Digests are compared: how long that takes says nothing about the secret.
fn is_same(given: &[u8], secret: &Secret) -> bool {
    Sha256::digest(given) == Sha256::digest(secret.reveal())
}
