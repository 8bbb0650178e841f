//! Who reads the answer: a program that wants JSON, or a person whose browser went to our address with a form.

use crate::http::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderName};

use crate::http::Request;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Russian,
    English,
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

impl Language {
    /// The better liked of the two in an `Accept-Language` (RFC 9110, section 12.5.4); English when neither is.
    pub fn preferred(accept: &str) -> Language {
        let mut best = (Language::English, 0.0);
        for range in accept.split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let language = match tag
                .trim()
                .split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
                .as_str()
            {
                "ru" => Language::Russian,
                "en" => Language::English,
                _ => continue,
            };
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(q) => q.trim().parse().unwrap_or(0.0),
                None => 1.0,
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::header::HeaderValue;
    use proptest::prelude::*;

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

    #[test]
    fn the_better_liked_language_wins() {
        for (accept, expected) in [
            ("", Language::English),
            ("de", Language::English),
            ("ru", Language::Russian),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Language::Russian),
            ("en-US,en;q=0.9,ru;q=0.8", Language::English),
            ("kk;q=1, RU;q=0.5, en;q=0.4", Language::Russian),
            ("ru;q=0, de", Language::English),
        ] {
            assert_eq!(Language::preferred(accept), expected, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn any_header_can_be_read(accept in ".*") {
            Language::preferred(&accept);
        }
    }
}
