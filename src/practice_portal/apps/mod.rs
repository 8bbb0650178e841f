//! Local applications, as the portal keeps them: the form, the keys, the tokens, and everything that the portal does
//! for an application by itself.
//!
//! ```text
//! handle (tests) ──► register · frame POST · events
//! oauth (HTTP)   ──► tokens ──► World.tokens, which `core` asks who calls
//! ```

use std::collections::BTreeMap;

use crate::model::{Millis, Secret};

pub mod actions;
pub mod authorize;
pub mod event;
pub mod frame;
pub mod handle;
pub mod oauth;
pub mod pages;
mod post;
pub mod registry;
pub mod tokens;

pub use event::{EventHandler, Sent};
pub use registry::Apps;
pub use tokens::TokenPair;

/// What an administrator fills in under «Локальное приложение».
// b24: local-integrations/serverside-local-app-with-no-ui.md, settings/app-installation/installation-finish.md
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppForm {
    pub name: String,
    /// «Путь вашего обработчика»: the application's page, and where an authorization returns to.
    pub handler: String,
    /// «Путь для первоначальной установки»: the installer's page or, for `script_only`, the event's handler. May be empty.
    pub installation: String,
    /// «Использует только API»: no page, no entry in the menu, installed at once.
    pub script_only: bool,
    /// The rights that are ticked.
    pub scope: Vec<String>,
    /// The entry in the menu by language.
    pub titles: BTreeMap<String, String>,
}

impl AppForm {
    /// An application with pages, whose two addresses are those of a bridge at `base`, with every right this portal has.
    pub fn of_bridge(base: &str) -> AppForm {
        let base = base.trim_end_matches('/');
        let titles = [("ru", "Интеграция с сайтом"), ("en", "Website integration")];
        AppForm {
            name: "b24-bridge".to_owned(),
            handler: format!("{base}/b24/app"),
            installation: format!("{base}/b24/install"),
            script_only: false,
            scope: super::methods::SCOPES.map(str::to_owned).to_vec(),
            titles: titles
                .map(|(language, title)| (language.to_owned(), title.to_owned()))
                .into(),
        }
    }

    /// The same as «Использует только API».
    #[must_use]
    pub fn script_only(self) -> AppForm {
        AppForm {
            script_only: true,
            ..self
        }
    }
}

/// What the portal shows once the form is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppKeys {
    /// `local.…`
    pub client_id: String,
    pub client_secret: Secret,
}

/// A local application of this portal.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its number in this portal.
    pub id: u64,
    pub keys: AppKeys,
    /// By which its handlers know that the portal calls.
    pub application_token: Secret,
    pub form: AppForm,
    pub installed: bool,
    /// The administrator who saved the form.
    pub author: u64,
}

impl Application {
    /// What the menu calls it.
    pub fn title(&self, language: &str) -> String {
        let title = self.form.titles.get(language).filter(|title| !title.is_empty());
        title.unwrap_or(&self.form.name).clone()
    }

    /// The rights as most places list them.
    pub fn scope(&self) -> String {
        self.form.scope.join(",")
    }
}

/// How long the authorization server's gifts live. Tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    pub access_ms: i64,
    pub refresh_ms: i64,
    pub code_ms: i64,
    /// Whether a refresh token that was used once still works. The documentation only says to keep the new one.
    pub used_refresh_works: bool,
}

impl Default for Lifetimes {
    /// An hour, 180 days, 30 seconds.
    // b24: settings/oauth/index.md, settings/oauth/auto-renewal.md
    fn default() -> Lifetimes {
        Lifetimes {
            access_ms: 3_600_000,
            refresh_ms: 180 * 24 * 3_600_000,
            code_ms: 30_000,
            used_refresh_works: false,
        }
    }
}

/// How the portal and its authorization server call themselves.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Host and port of the portal.
    pub domain: String,
    /// Host and port of the authorization server.
    pub oauth_domain: String,
    /// Stays when the address changes.
    pub member_id: String,
    /// The portal's own language, whatever its users choose.
    pub language: String,
}

impl Site {
    // b24: settings/oauth/index.md
    pub fn client_endpoint(&self) -> String {
        format!("http://{}/rest/", self.domain)
    }

    pub fn server_endpoint(&self) -> String {
        format!("http://{}/rest/", self.oauth_domain)
    }
}

/// A moment that many milliseconds later.
fn later(now: Millis, span_ms: i64) -> Millis {
    Millis(now.0.saturating_add(span_ms))
}
