//! Tokens: how they are given, renewed and forgotten.

use std::time::Duration;

use super::later;
use crate::model::{Millis, Secret};
use crate::practice_portal::world::{Token, World};

/// What an application gets in the name of a user.
// b24: settings/oauth/index.md
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPair {
    pub access: Secret,
    pub refresh: Secret,
    pub user_id: u64,
    pub expires_at: Millis,
    pub expires_in: Duration,
}

/// A refresh token.
#[derive(Debug, Clone)]
pub struct Refresh {
    pub application: String,
    pub user_id: u64,
    pub until: Millis,
}

/// A code that is exchanged for tokens once.
#[derive(Debug, Clone)]
pub struct Code {
    pub application: String,
    pub user_id: u64,
    pub until: Millis,
}

/// Bytes of a token and of a code.
const TOKEN_BYTES: usize = 32;
const CODE_BYTES: usize = 16;

impl World {
    /// A new pair for an application in the name of a user.
    pub fn issue_tokens(&mut self, client_id: &str, user_id: u64, now: Millis) -> TokenPair {
        let (access, refresh) = (self.apps.draw(TOKEN_BYTES), self.apps.draw(TOKEN_BYTES));
        let lifetimes = self.apps.lifetimes;
        let expires_at = later(now, lifetimes.access_ms);
        let token = Token {
            user_id,
            application: client_id.to_owned(),
            expires_at,
        };
        self.tokens.insert(access.clone(), token);
        let kept = Refresh {
            application: client_id.to_owned(),
            user_id,
            until: later(now, lifetimes.refresh_ms),
        };
        self.apps.refresh.insert(refresh.clone(), kept);
        TokenPair {
            access: Secret::new(access),
            refresh: Secret::new(refresh),
            user_id,
            expires_at,
            expires_in: Duration::from_millis(u64::try_from(lifetimes.access_ms).unwrap_or_default()),
        }
    }

    /// A new pair for a refresh token, which is used up by that. Nothing when it is unknown, dead, or another's.
    // b24: settings/oauth/auto-renewal.md
    pub fn renew_tokens(&mut self, client_id: &str, refresh: &str, now: Millis) -> Option<TokenPair> {
        let known = self.apps.refresh.get(refresh)?;
        if known.application != client_id || known.until <= now {
            return None;
        }
        let user_id = known.user_id;
        if !self.apps.lifetimes.used_refresh_works {
            self.apps.refresh.remove(refresh);
        }
        self.apps.renewals += 1;
        Some(self.issue_tokens(client_id, user_id, now))
    }

    /// A code that lives for half a minute.
    // b24: settings/oauth/index.md
    pub fn issue_code(&mut self, client_id: &str, user_id: u64, now: Millis) -> String {
        let text = self.apps.draw(CODE_BYTES);
        let code = Code {
            application: client_id.to_owned(),
            user_id,
            until: later(now, self.apps.lifetimes.code_ms),
        };
        self.apps.codes.insert(text.clone(), code);
        text
    }

    /// The first pair for a code. It works once, also when it comes too late.
    pub fn exchange_code(&mut self, client_id: &str, code: &str, now: Millis) -> Option<TokenPair> {
        let known = self.apps.codes.remove(code)?;
        if known.application != client_id || known.until <= now {
            return None;
        }
        Some(self.issue_tokens(client_id, known.user_id, now))
    }

    /// Whatever token of access there is has expired.
    pub fn expire_tokens(&mut self) {
        self.tokens
            .values_mut()
            .for_each(|token| token.expires_at = Millis(0));
    }

    /// Whatever refresh token there is has died.
    pub fn expire_refresh_tokens(&mut self) {
        self.apps
            .refresh
            .values_mut()
            .for_each(|refresh| refresh.until = Millis(0));
    }
}
