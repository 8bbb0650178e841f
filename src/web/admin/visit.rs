//! One request as a page sees it.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::form::Form;
use super::router::Asked;
use super::security::Framing;
use super::session::{Admin, Who};
use super::site::{Message, Site};
use super::view::Page;
use super::{csrf, frame, security};
use crate::http::header::{HeaderMap, HeaderName, REFERER};
use crate::http::{BodyError, Method, Response};
use crate::model::Millis;
use crate::store::StoreError;
use crate::web::visitor::Language;

/// What a page comes to: an answer, or a problem that gets a page of its own.
pub type Answer = Result<Response, Problem>;

/// Said by our script when it fetches a page only to renew a part of the one that is shown.
const REFRESH: HeaderName = HeaderName::from_static("x-refresh");

/// Why there is no page.
#[derive(Debug)]
pub enum Problem {
    NotFound,
    /// With the methods that would do.
    MethodNotAllowed(&'static str),
    SignInFirst,
    /// The form was not sent from our page, or from one of an earlier session.
    Forged,
    /// Inside the portal there is no such page: it is for operators.
    NotInFrame,
    /// Nobody's frame, or not any more.
    FrameOver,
    /// What was sent is no form.
    NoForm,
    Body(BodyError),
    Store(StoreError),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        Problem::Store(error)
    }
}

/// One request, with the language, the time and who asks.
pub struct Visit<'a> {
    pub site: &'a Site,
    pub now: Millis,
    pub lang: Language,
    /// Without the query, and without what stands before it inside the portal's frame.
    pub path: &'a str,
    pub query: Form,
    /// GET or HEAD.
    pub is_read: bool,
    /// The query as it came.
    pub raw_query: &'a str,
    pub peer: IpAddr,
    pub headers: &'a HeaderMap,
    /// Who may show this page in a frame; nobody when there is none.
    pub(super) framing: Framing,
    pub(super) who: &'a Who,
    pub(super) params: Vec<(&'static str, String)>,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        site: &'a Site,
        asked: &'a Asked,
        path: &'a str,
        who: &'a Who,
        framing: Framing,
        now: Millis,
    ) -> Visit<'a> {
        let query = Form::read(asked.query.as_bytes());
        // At the portal's door, it says in which language its pages are.
        // b24: settings/oauth/simple-way.md
        let said = query.get("LANG").filter(|_| frame::is_framed(path));
        Visit {
            site,
            now,
            lang: said.map_or_else(|| who.language(&asked.headers), Language::preferred),
            path,
            framing,
            query,
            is_read: asked.method != Method::POST,
            raw_query: &asked.query,
            peer: asked.peer,
            headers: &asked.headers,
            who,
            params: Vec::new(),
        }
    }

    /// The text in the visitor's language: `visit.t("Каналы", "Channels")`.
    pub fn t<T>(&self, russian: T, english: T) -> T {
        self.lang.t(russian, english)
    }

    /// The address of a page of ours, for everything that leads to one: links, forms, redirects. Inside the portal's
    /// frame it begins with the frame's token.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.who.base())
    }

    /// Whether this is inside the portal's frame.
    pub fn is_framed(&self) -> bool {
        !self.who.base().is_empty()
    }

    /// By which the portal's page knows the messages of this frame.
    pub(super) fn app_sid(&self) -> Option<&str> {
        match self.who.frame_user() {
            Some(user) => Some(&user.app_sid),
            None if self.framing.origin().is_some() => {
                self.query.get("APP_SID").filter(|sid| frame::is_app_sid(sid))
            }
            None => None,
        }
    }

    /// What stands in the path for `{name}`.
    pub fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn admin(&self) -> Option<&'a Admin> {
        self.who.admin()
    }

    pub fn zone(&self) -> &TimeZone {
        &self.site.zone
    }

    /// The hidden field that every form with `method="post"` begins with.
    pub fn csrf(&self) -> Markup {
        html! { input type="hidden" name=(csrf::FIELD) value=(csrf::token(self.who.token())); }
    }

    /// Begins a page; see [`Page`].
    pub fn page(&self, title: impl Into<String>) -> Page<'_> {
        Page::new(self, title.into())
    }

    /// Goes to another page.
    pub fn go(&self, path: &str) -> Answer {
        Ok(security::see_other(&self.at(path)))
    }

    /// Goes to another page and says there that it is done.
    pub fn done(&self, path: &str, text: impl Into<String>) -> Answer {
        self.leave(text.into(), true);
        self.go(path)
    }

    /// Goes to another page and says there what went wrong.
    pub fn failed(&self, path: &str, text: impl Into<String>) -> Answer {
        self.leave(text.into(), false);
        self.go(path)
    }

    fn leave(&self, text: String, is_good: bool) {
        let message = Message { text, is_good };
        self.site.leave_message(self.who.token().digest(), message);
    }

    /// What an earlier request left to be said here.
    pub(super) fn message(&self) -> Option<Message> {
        if self.headers.contains_key(REFRESH) {
            return None;
        }
        self.site.take_message(&self.who.token().digest())
    }

    /// Where the visitor came from, if that was one of our pages; else the front page.
    pub fn came_from(&self) -> String {
        let referer = self.headers.get(REFERER).and_then(|value| value.to_str().ok());
        let uri = referer.and_then(|text| text.parse::<crate::http::Uri>().ok());
        let path = uri.as_ref().and_then(|uri| uri.path_and_query());
        local(path.map_or("/", |path| path.as_str())).to_owned()
    }
}

/// A path of this site; the front page for anything else.
pub fn local(path: &str) -> &str {
    let inside = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t']);
    if inside { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (path, expected) in [
            ("/inbox?state=failed", "/inbox?state=failed"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("https://evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(path), expected, "{path:?}");
        }
    }
}
