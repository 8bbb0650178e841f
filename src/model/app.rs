//! A local application of the portal: its keys, its tokens, and what became of its installation.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::time::Millis;

/// How long a refresh token lives from the moment it was issued.
// b24: settings/oauth/auto-renewal.md
pub const REFRESH_LIFE: Duration = Duration::from_secs(180 * 24 * 3600);

/// What the portal's form of a local application gives out.
// b24: local-integrations/local-apps.md
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppKeys {
    /// `https://portal.example`, without a slash at the end.
    pub portal: String,
    pub client_id: String,
    pub client_secret: Secret,
}

impl AppKeys {
    /// Whether both speak of one application of one portal; its secret may have been changed.
    pub fn is_same_app(&self, other: &AppKeys) -> bool {
        self.portal == other.portal && self.client_id == other.client_id
    }
}

/// A pair of tokens and whose they are.
// b24: settings/oauth/auto-renewal.md, settings/oauth/simple-way.md
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppTokens {
    pub access: Secret,
    pub refresh: Secret,
    /// By this machine's clock.
    pub issued_at: Millis,
    pub expires_at: Millis,
    /// The refresh token dies then, unless it is exchanged for a new one before.
    pub refresh_until: Millis,
    /// The portal's number, which a new address does not change.
    pub member_id: String,
    /// What the portal's events prove themselves with; the authorization server does not tell it.
    pub application_token: Option<Secret>,
    /// Rights of the application.
    pub scope: Vec<String>,
    /// In whose name the tokens work; 0 when nobody said.
    pub user_id: u64,
}

impl AppTokens {
    /// A pair that came now; the lifetime is that of the access token.
    pub fn issued(access: Secret, refresh: Secret, now: Millis, lifetime: Duration) -> AppTokens {
        AppTokens {
            access,
            refresh,
            issued_at: now,
            expires_at: now + lifetime,
            refresh_until: now + REFRESH_LIFE,
            member_id: String::new(),
            application_token: None,
            scope: Vec::new(),
            user_id: 0,
        }
    }

    /// What the new pair did not say, as the old one knew it.
    #[must_use]
    pub fn after(mut self, old: &AppTokens) -> AppTokens {
        if self.member_id.is_empty() {
            self.member_id.clone_from(&old.member_id);
        }
        if self.application_token.is_none() {
            self.application_token.clone_from(&old.application_token);
        }
        if self.scope.is_empty() {
            self.scope.clone_from(&old.scope);
        }
        if self.user_id == 0 {
            self.user_id = old.user_id;
        }
        self
    }
}

/// Rights as the portal lists them: by commas, or by spaces in an event.
// b24: api-reference/common/events/on-app-install.md
pub fn scopes(text: &str) -> Vec<String> {
    text.split([',', ' '])
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// An application that has been installed in its portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    pub tokens: AppTokens,
    /// Of which application; a secret of another one is of no use with these tokens.
    pub client_id: String,
    /// Who installed it, as a person reads it.
    pub user_name: String,
    pub since: Millis,
    /// The tokens are of no use any more.
    pub gone: Option<Gone>,
    /// Why nobody knows yet whether these tokens can be renewed; the first renewal clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
}

/// Since when and why an application cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    pub since: Millis,
    pub why: GoneWhy,
}

/// Why an application cannot be used until it is connected anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GoneWhy {
    /// The portal said so.
    Uninstalled,
    /// The authorization server gives no new tokens, in its own words.
    Refused { code: String, text: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_separated_by_commas_or_spaces() {
        assert_eq!(
            scopes("crm,user placement, im"),
            ["crm", "user", "placement", "im"]
        );
        assert!(scopes("").is_empty());
    }

    #[test]
    fn a_new_pair_keeps_what_it_does_not_say() {
        let secret = |text: &str| Secret::new(text);
        let pair = |access: &str| {
            AppTokens::issued(
                secret(access),
                secret("r"),
                Millis(1_000),
                Duration::from_secs(3600),
            )
        };
        let old = AppTokens {
            member_id: "m".to_owned(),
            application_token: Some(secret("a")),
            scope: vec!["crm".to_owned()],
            user_id: 7,
            ..pair("old")
        };
        let new = AppTokens {
            user_id: 9,
            ..pair("new")
        };
        let kept = new.after(&old);
        assert_eq!(
            kept,
            AppTokens {
                access: secret("new"),
                user_id: 9,
                ..old
            }
        );
        assert_eq!(kept.refresh_until.since(kept.issued_at), REFRESH_LIFE);
    }
}
