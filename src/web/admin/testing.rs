//! For tests of pages: the site over a temporary store, without a socket, and a browser with its cookies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use jiff::tz::TimeZone;

use super::router::{Asked, answer};
use super::{Site, SiteOptions, password, session, setup};
use crate::deliver::{self, Engine};
use crate::http::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use crate::http::{Method, Response};
use crate::model::Millis;
use crate::portal;
use crate::portal_app::frames::FrameUser;
use crate::store::Store;

/// The name and password by which [`Desk::signed_in`] comes in.
pub const NAME: &str = "Анна";
pub const PASSWORD: &str = "корабль-на-якоре";

pub const ADMIN_URL: &str = "http://127.0.0.1:8081";

/// A site, and one browser that visits it.
pub struct Desk {
    pub site: Site,
    pub now: Millis,
    pub peer: [u8; 4],
    pub headers: HeaderMap,
    pub cookies: BTreeMap<String, String>,
    /// Path of the one-time link.
    pub setup: String,
    _dir: tempfile::TempDir,
}

/// What a page answered.
pub struct Shown {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Shown {
    pub fn header(&self, name: &'static str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where it leads.
    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The CSRF token of the first form on the page.
    pub fn csrf(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once(r#"name="csrf" value=""#)?;
        Some(rest.split_once('"')?.0)
    }
}

impl Desk {
    /// Nobody has come in yet; `admin_url` says whether there is TLS.
    pub fn open_at(admin_url: &str) -> Desk {
        Desk::started(
            admin_url,
            deliver::Given::default(),
            portal::Options::default(),
            |_| {},
        )
    }

    /// `given` was said at start; `prepare` writes what is in the store when the engine starts.
    fn started(
        admin_url: &str,
        given: deliver::Given,
        portal: portal::Options,
        prepare: impl FnOnce(&Store),
    ) -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        prepare(&store);
        let options = deliver::Options {
            given,
            settle: Duration::from_secs(1),
            portal,
        };
        let engine = Arc::new(Engine::start(store.clone(), options).unwrap());
        let now = deliver::now();
        let (link, path) = setup::Link::make(now).unwrap();
        let options = SiteOptions {
            admin_url: admin_url.to_owned(),
            public_url: "http://shop.example".to_owned(),
            setup: Some(link),
            zone: TimeZone::UTC,
        };
        Desk {
            site: Site::new(store, engine, options),
            now,
            peer: [10, 0, 0, 1],
            headers: HeaderMap::new(),
            cookies: BTreeMap::new(),
            setup: path,
            _dir: dir,
        }
    }

    pub fn open() -> Desk {
        Desk::open_at(ADMIN_URL)
    }

    /// An administrator at the front page, in English.
    pub fn signed_in() -> Desk {
        Desk::signed_in_with(|_| {})
    }

    /// The same with something in the store when the engine starts.
    pub fn signed_in_with(prepare: impl FnOnce(&Store)) -> Desk {
        Desk::started(
            ADMIN_URL,
            deliver::Given::default(),
            portal::Options::default(),
            prepare,
        )
        .with_account()
    }

    /// The same with another authorization server.
    pub fn signed_in_by(oauth_url: String) -> Desk {
        let portal = portal::Options {
            oauth_url,
            ..portal::Options::default()
        };
        Desk::started(ADMIN_URL, deliver::Given::default(), portal, |_| {}).with_account()
    }

    /// The same where something was said at start.
    pub fn signed_in_where(given: deliver::Given) -> Desk {
        Desk::started(ADMIN_URL, given, portal::Options::default(), |_| {}).with_account()
    }

    fn with_account(self) -> Desk {
        let mut desk = self;
        desk.add_account();
        let shown = desk.post("/sign-in", &[("name", NAME), ("password", PASSWORD)]);
        assert_eq!((shown.status, shown.location()), (303, "/"), "{}", shown.body);
        desk
    }

    pub fn add_account(&self) {
        let hash = password::hash(PASSWORD).unwrap();
        self.site.store.add_account(NAME, hash).unwrap().unwrap();
    }

    /// The same site, seen from inside the portal's frame: what stands before its paths.
    pub fn frame(&self, user: FrameUser) -> String {
        session::open_frame(&self.site, user, self.now).unwrap()
    }

    pub fn say(&mut self, name: &'static str, value: &'static str) {
        let name = HeaderName::from_static(name);
        self.headers.insert(name, HeaderValue::from_static(value));
    }

    pub fn get(&mut self, path: &str) -> Shown {
        self.ask(Method::GET, path, String::new())
    }

    /// Opens the page at `path` or, where there is none, the sign-in, takes its token and posts the form.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let token = |shown: Shown| shown.csrf().map(str::to_owned);
        let csrf = token(self.get(path))
            .or_else(|| token(self.get("/sign-in")))
            .or_else(|| token(self.get("/")));
        self.post_as(path, &csrf.expect("a page with a form"), fields)
    }

    /// Posts a form with this token.
    pub fn post_as(&mut self, path: &str, csrf: &str, fields: &[(&str, &str)]) -> Shown {
        let mut all = vec![("csrf", csrf)];
        all.extend_from_slice(fields);
        self.ask(Method::POST, path, serde_urlencoded::to_string(all).unwrap())
    }

    /// Posts what was written elsewhere.
    pub fn post_raw(&mut self, target: &str, body: String) -> Shown {
        self.ask(Method::POST, target, body)
    }

    fn ask(&mut self, method: Method, target: &str, body: String) -> Shown {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = self.headers.clone();
        if method == Method::POST && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
        }
        let cookies: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        if !cookies.is_empty() {
            headers.insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).unwrap());
        }
        let asked = Asked {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            peer: self.peer.into(),
            body: Ok(Bytes::from(body)),
        };
        let response = answer(&self.site, &asked, self.now);
        self.keep_cookies(&response);
        let (head, body) = response.into_parts();
        Shown {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8_lossy(&whole(body)).into_owned(),
        }
    }

    fn keep_cookies(&mut self, response: &Response) {
        for line in response.headers().get_all(SET_COOKIE) {
            let (pair, attributes) = line.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn whole(body: crate::http::Body) -> Bytes {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(body.collect()).unwrap().to_bytes()
}
