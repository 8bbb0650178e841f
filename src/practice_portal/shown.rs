//! What a page of the portal answers.

use hyper::StatusCode;
use hyper::header::{HeaderName, LOCATION, SET_COOKIE};
use serde_json::Value;

/// An answer to be sent.
#[derive(Debug)]
pub struct Shown {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub body: String,
    pub headers: Vec<(HeaderName, String)>,
}

impl Shown {
    pub fn new(content_type: &'static str, body: impl Into<String>) -> Shown {
        Shown {
            status: StatusCode::OK,
            content_type,
            body: body.into(),
            headers: Vec::new(),
        }
    }

    pub fn html(status: StatusCode, page: maud::Markup) -> Shown {
        Shown {
            status,
            ..Shown::new("text/html; charset=utf-8", page.into_string())
        }
    }

    pub fn json(value: &Value) -> Shown {
        Shown::new("application/json; charset=utf-8", value.to_string())
    }

    /// After a form: the next page by GET.
    pub fn see_other(place: impl Into<String>) -> Shown {
        Shown::redirect(StatusCode::SEE_OTHER, place)
    }

    pub fn redirect(status: StatusCode, place: impl Into<String>) -> Shown {
        Shown {
            status,
            headers: vec![(LOCATION, place.into())],
            ..Shown::new("text/plain; charset=utf-8", "")
        }
    }

    #[must_use]
    pub fn cookie(mut self, name: &str, value: &str) -> Shown {
        let cookie = format!("{name}={value}; Path=/; SameSite=Lax; HttpOnly");
        self.headers.push((SET_COOKIE, cookie));
        self
    }
}
