//! A person at the administrator's pages: keeps cookies, takes each form's token, sends what a browser would.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::harness::{Answer, Bridge, download};

pub const NAME: &str = "Анна";
pub const PASSWORD: &str = "корабль-на-якоре";

pub struct Visitor {
    /// `http://127.0.0.1:PORT` of the pages.
    base: String,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Visitor {
    pub fn of(bridge: &Bridge) -> Visitor {
        Visitor {
            base: bridge.admin().to_owned(),
            cookies: RefCell::default(),
        }
    }

    /// Comes in by the link that `serve` printed.
    pub fn first(bridge: &Bridge) -> Visitor {
        let visitor = Visitor::of(bridge);
        let link = bridge.setup_link();
        let path = link
            .strip_prefix(&visitor.base)
            .expect("a link to the pages")
            .to_owned();
        let form = [("name", NAME), ("password", PASSWORD), ("again", PASSWORD)];
        let answer = visitor.post(&path, &form);
        assert_eq!(answer.status, 303, "{}", answer.body);
        visitor
    }

    pub fn get(&self, path: &str) -> Answer {
        self.exchange("GET", path, "").0
    }

    /// A page that must be there; its HTML.
    pub fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Sends a form with the token of the page at the same path, or else of the front page.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_for_file(path, fields).0
    }

    /// The same for an answer that is a file.
    pub fn post_for_file(&self, path: &str, fields: &[(&str, &str)]) -> (Answer, Vec<u8>) {
        let token = [path, "/"].iter().find_map(|path| token(&self.get(path).body));
        let mut all = vec![("csrf", token.expect("a page with a form"))];
        all.extend(fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.exchange("POST", path, &serde_urlencoded::to_string(all).expect("a form"))
    }

    /// Sends a form that must lead on to another page; that page's HTML.
    pub fn submit(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        self.page(answer.header("location").expect("a location"))
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> (Answer, Vec<u8>) {
        let cookies: Vec<String> = self
            .cookies
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let headers = [
            ("cookie", cookies.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", self.base.as_str()),
            ("accept-language", "en"),
        ];
        // A page has no body to describe.
        let headers = if method == "GET" {
            &headers[..1]
        } else {
            &headers[..]
        };
        let url = format!("{}{path}", self.base);
        let (mut answer, bytes) = download(&url, method, headers, body.as_bytes()).expect("an answer");
        for (name, value) in &answer.headers {
            if name == "set-cookie" {
                let (pair, attributes) = value.split_once(';').expect("attributes");
                let (name, value) = pair.split_once('=').expect("a pair");
                let mut cookies = self.cookies.borrow_mut();
                if attributes.contains("Max-Age=0") {
                    cookies.remove(name);
                } else {
                    cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        answer.body = String::from_utf8_lossy(&bytes).into_owned();
        (answer, bytes)
    }
}

/// The token of a page's first form.
fn token(html: &str) -> Option<String> {
    let (_, rest) = html.split_once(r#"name="csrf" value=""#)?;
    Some(rest.split('"').next()?.to_owned())
}
