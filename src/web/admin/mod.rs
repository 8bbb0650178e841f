//! The administrator's pages on the admin listener.
//!
//! The rim ([`handle`]) is async: it reads a bounded body and hands everything to a blocking thread. From there on a
//! page is a function from a [`Visit`] to an [`Answer`].
//!
//! A new page is a file in `pages/` with a `pub const ROUTES: &[Route]`, and one line in [`pages::ALL`].
//!
//! - `router`: which function answers which method and path, and who may ask.
//! - `visit`: one request as a page sees it, with the language, the time and who asks.
//! - `session`, `csrf`, `setup`, `password`, `attempts`: who may come in. Only `session` makes an [`Admin`].
//! - `frame`: pages inside the portal. `knocks`: how many strangers the portal is asked about. `early`: installations before
//!   the keys.
//! - `retries`: many requests delivered again in the background.
//! - `explain`: what the engine says, in the reader's language. `shown`: values from outside as text that can be read.
//! - `form`: what was typed, and what is wrong with it. `words`: texts, numbers and dates in two languages.
//! - `view`: the layout and the components. `assets`: style and script. `security`: headers.

mod assets;
mod attempts;
mod csrf;
mod early;
mod explain;
mod form;
mod frame;
#[cfg(test)]
mod frame_tests;
mod knocks;
mod pages;
pub mod password;
mod retries;
mod router;
mod security;
mod session;
pub mod setup;
mod shown;
mod site;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod view;
mod visit;
pub mod words;

use std::sync::Arc;

pub use form::{Errors, Form};
pub use router::{Route, call, change, greet, inspect, knock, manage, show};
pub use session::{Admin, Operator};
pub use site::{Site, SiteOptions};
pub use visit::{Answer, Problem, Visit};

use super::status;
use crate::deliver::app::{self, AppState, AppWarning};
use crate::http::{BodyError, Method, Request, Response};
use crate::model::Millis;
use router::Asked;
use serde_json::json;

/// The largest form: a channel with a few hundred mappings takes 100 KiB.
const FORM_SIZE: usize = 1 << 20;

/// Answers one request of the admin listener at the moment `now`.
pub async fn handle(mut request: Request, site: Arc<Site>, now: Millis) -> Response {
    match request.uri.path() {
        "/healthz" => return status::handle(&request, || None),
        "/status" => {
            let at_work = Arc::clone(&site);
            let answer = move || status::handle(&request, || known(&at_work, now));
            return tokio::task::spawn_blocking(answer)
                .await
                .unwrap_or_else(|_| security::plain_failure());
        }
        _ => {}
    }
    let body: Result<_, BodyError> = if request.method == Method::POST {
        request.body(FORM_SIZE).await
    } else {
        Ok(bytes::Bytes::new())
    };
    let asked = Asked {
        method: request.method.clone(),
        path: request.uri.path().to_owned(),
        query: request.uri.query().unwrap_or_default().to_owned(),
        headers: std::mem::take(&mut request.headers),
        peer: request.client,
        body,
    };
    let at_work = Arc::clone(&site);
    match tokio::task::spawn_blocking(move || router::answer(&at_work, &asked, now)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a page ended in a panic");
            security::plain_failure()
        }
    }
}

/// The way to the portal and, when there is one, the application, for `/status`: nothing of people, since anybody who
/// reaches the listener may read it.
fn known(site: &Site, now: Millis) -> Option<serde_json::Value> {
    let mut known = json!({ "portal": site.engine.weather() });
    match app::status(&site.store) {
        Ok(None) => {}
        Ok(Some(status)) => {
            let mut application = match &status.state {
                AppState::NotInstalled => json!({ "state": "not_installed" }),
                AppState::Installed { refresh_until, .. } => {
                    json!({ "state": "installed", "refresh_until": refresh_until })
                }
                AppState::Gone(gone) => json!({ "state": "gone", "since": gone.since }),
            };
            application["delivers"] = status.delivers.into();
            application["refresh_ends"] =
                matches!(status.warning(now), Some(AppWarning::RefreshEnds { .. })).into();
            known["application"] = application;
        }
        Err(error) => tracing::error!(%error, "the application's state cannot be read"),
    }
    Some(known)
}
