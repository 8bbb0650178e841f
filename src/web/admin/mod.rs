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
//! - `retries`: many requests delivered again in the background.
//! - `explain`: what the engine says, in the reader's language. `shown`: values from outside as text that can be read.
//! - `form`: what was typed, and what is wrong with it. `words`: texts, numbers and dates in two languages.
//! - `view`: the layout and the components. `assets`: style and script. `security`: headers.

mod assets;
mod attempts;
mod csrf;
mod explain;
mod form;
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
pub use router::{Route, change, greet, knock, show};
pub use session::Admin;
pub use site::{Site, SiteOptions};
pub use visit::{Answer, Problem, Visit};

use super::status;
use crate::http::{BodyError, Method, Request, Response};
use crate::model::Millis;
use router::Asked;

/// The largest form: a channel with a few hundred mappings takes 100 KiB.
const FORM_SIZE: usize = 1 << 20;

/// Answers one request of the admin listener at the moment `now`.
pub async fn handle(mut request: Request, site: Arc<Site>, now: Millis) -> Response {
    if matches!(request.uri.path(), "/healthz" | "/status") {
        return status::handle(&request, &site.engine.weather());
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
        peer: request.peer.ip().to_canonical(),
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
