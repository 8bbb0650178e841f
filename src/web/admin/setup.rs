//! The one-time link by which the first administrator comes in.

use std::time::Duration;

use super::session::Token;
use crate::model::Millis;
use crate::store::{StoreError, TokenDigest};

/// Long enough to walk from the terminal to a browser; a restart makes a new one.
pub const LIFE: Duration = Duration::from_secs(15 * 60);

/// A link that was given out. It knows its token's digest only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    digest: TokenDigest,
    until: Millis,
}

impl Link {
    /// A new link and its path, `/setup/<token>`.
    pub fn make(now: Millis) -> Result<(Link, String), StoreError> {
        let token = Token::random()?;
        let link = Link {
            digest: token.digest(),
            until: now + LIFE,
        };
        Ok((link, format!("/setup/{}", token.reveal())))
    }

    /// Whether `token` is this link's, and still good.
    pub fn admits(&self, token: &str, now: Millis) -> bool {
        // Digests are compared: how long that takes says nothing about the token.
        now < self.until && Token::parse(token).is_some_and(|token| token.digest() == self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_a_quarter_of_an_hour() {
        let (link, path) = Link::make(Millis(1_000)).unwrap();
        let token = path.strip_prefix("/setup/").unwrap();
        let end = (Millis(1_000) + LIFE).0;
        for (token, at, expected) in [
            (token, 1_000, true),
            (token, end - 1, true),
            (token, end, false),
            (&token[1..], 1_000, false),
            ("", 1_000, false),
            (&Token::random().unwrap().reveal(), 1_000, false),
        ] {
            assert_eq!(link.admits(token, Millis(at)), expected, "{token} {at}");
        }
    }
}
