//! Who reads the answer: a program that wants JSON, or a person whose browser went to our address with a form.

use crate::http::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderName};

use crate::http::Request;
pub use crate::model::Language;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    Program,
    Person(Person),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub language: Language,
    /// The way from the page to the root of the site, `../`: a proxy may have put us below a path.
    pub root: String,
}

impl Visitor {
    pub fn of(request: &Request) -> Visitor {
        if !navigates(&request.headers) {
            return Visitor::Program;
        }
        let language = request
            .headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        let depth = request.uri.path().matches('/').count().saturating_sub(1);
        Visitor::Person(Person {
            language: Language::preferred(language.unwrap_or_default()),
            root: "../".repeat(depth),
        })
    }
}

/// Whether a browser will show the answer as a page. Browsers say so (`Sec-Fetch-Mode`), but only to https sites;
/// elsewhere a page is what asks for HTML before anything else, as no script does unless it says that it is one.
fn navigates(headers: &HeaderMap) -> bool {
    match headers.get(SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => {
            headers
                .get(ACCEPT)
                .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"))
                && !headers.contains_key(X_REQUESTED_WITH)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::header::HeaderValue;

    #[test]
    fn pages_go_to_browsers_that_navigate() {
        let page = "text/html,application/xhtml+xml,*/*;q=0.8";
        let table: &[(&[(HeaderName, &str)], bool)] = &[
            (&[], false),
            (&[(ACCEPT, "*/*")], false),
            (&[(ACCEPT, "application/json, text/html")], false),
            (&[(ACCEPT, page)], true),
            (
                &[
                    (ACCEPT, "text/html, */*; q=0.01"),
                    (X_REQUESTED_WITH, "XMLHttpRequest"),
                ],
                false,
            ),
            (&[(ACCEPT, page), (SEC_FETCH_MODE, "cors")], false),
            (&[(ACCEPT, page), (SEC_FETCH_MODE, "no-cors")], false),
            (&[(ACCEPT, "*/*"), (SEC_FETCH_MODE, "navigate")], true),
        ];
        for (sent, expected) in table {
            let headers = sent
                .iter()
                .map(|(k, v)| (k.clone(), HeaderValue::from_str(v).unwrap()))
                .collect();
            assert_eq!(navigates(&headers), *expected, "{sent:?}");
        }
    }
}
