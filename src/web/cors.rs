//! Which scripts may talk to a channel: the Fetch standard's CORS protocol.
//!
//! An origin is no proof of anything (only browsers send it, and only honestly), so a request without one is
//! never refused here: servers and scripts post without it.

use crate::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HeaderMap,
    HeaderName, HeaderValue, ORIGIN, VARY,
};

use super::refusal::ALLOWED_METHODS;

/// A page asks before each new kind of request; ten minutes keep a change of the channel's list prompt enough.
const MAX_AGE: &str = "600";
/// Offered when the script did not say which headers it would send.
const USUAL_HEADERS: &str = "content-type, idempotency-key";
/// More header names than that are no form.
const ASKED_HEADERS_SIZE: usize = 1 << 10;
/// A page on the Internet posting to a bridge on a private network (Private Network Access).
const REQUEST_PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// What a channel says to the origin of one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Cors {
    /// The channel takes any origin.
    Any,
    /// The channel has a list, and this origin is on it.
    Listed(HeaderValue),
    /// The channel has a list, and the request names no origin.
    Unasked,
    /// The channel has a list, and this origin is not on it.
    Denied,
}

impl Cors {
    /// Compares a request's origin with a channel's list; an empty list and `*` take any.
    pub fn judge(headers: &HeaderMap, allowed: &[String]) -> Cors {
        if allowed.is_empty() || allowed.iter().any(|one| one.trim() == "*") {
            return Cors::Any;
        }
        let Some(origin) = headers.get(ORIGIN) else {
            return Cors::Unasked;
        };
        let asked = origin.to_str().map(plain).unwrap_or_default();
        if !asked.is_empty() && allowed.iter().any(|one| plain(one) == asked) {
            Cors::Listed(origin.clone())
        } else {
            Cors::Denied
        }
    }

    /// Puts the verdict on any answer, refusals included: a script must be able to read why it was refused.
    pub fn apply(&self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("origin"));
        match self {
            Cors::Any => headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
            Cors::Listed(origin) => {
                // A site's script that sends its cookies along everywhere is refused by the browser without this.
                // There is nothing here that a cookie could open.
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone())
            }
            Cors::Unasked | Cors::Denied => None,
        };
    }

    /// Puts on what a preflight asks for beyond that.
    pub fn permit(&self, asked: &HeaderMap, headers: &mut HeaderMap) {
        let names = asked
            .get(ACCESS_CONTROL_REQUEST_HEADERS)
            .filter(|names| names.len() <= ASKED_HEADERS_SIZE);
        let names = names.cloned().unwrap_or(HeaderValue::from_static(USUAL_HEADERS));
        headers.append(VARY, HeaderValue::from_static("access-control-request-headers"));
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(ALLOWED_METHODS),
        );
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        if asked.contains_key(REQUEST_PRIVATE) {
            headers.insert(ALLOW_PRIVATE, HeaderValue::from_static("true"));
        }
    }
}

/// An origin as browsers write it: lower case, no slash at the end, no port that its scheme implies.
fn plain(origin: &str) -> String {
    let mut origin = origin.trim().trim_end_matches('/').to_ascii_lowercase();
    for (scheme, port) in [("https://", ":443"), ("http://", ":80")] {
        if origin.starts_with(scheme) && origin.ends_with(port) {
            origin.truncate(origin.len() - port.len());
        }
    }
    origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let shop = "https://shop.example";
        let table: &[(&[&str], Option<&str>, &str)] = &[
            (&[], None, "any"),
            (&[], Some(shop), "any"),
            (&[], Some("null"), "any"),
            (&[shop, "*"], Some("https://other.example"), "any"),
            (&[shop], None, "unasked"),
            (&[shop], Some(shop), "listed"),
            (&["https://Shop.Example/"], Some(shop), "listed"),
            (&["https://shop.example:443"], Some(shop), "listed"),
            (&["http://shop.example:80"], Some("http://shop.example"), "listed"),
            (
                &["https://shop.example:8443"],
                Some("https://shop.example:8443"),
                "listed",
            ),
            (&["null"], Some("null"), "listed"),
            (&[shop], Some("http://shop.example"), "denied"),
            (&[shop], Some("https://shop.example:444"), "denied"),
            (&[shop], Some("https://shop.example.evil.example"), "denied"),
            (
                &[shop],
                Some("https://evil.example/https://shop.example"),
                "denied",
            ),
            (&[shop], Some("null"), "denied"),
            (&[shop], Some(""), "denied"),
            (&[""], Some(""), "denied"),
        ];
        for (allowed, origin, expected) in table {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            let verdict = match Cors::judge(&headers, &allowed) {
                Cors::Any => "any",
                Cors::Listed(value) => {
                    assert_eq!(Some(value.to_str().unwrap()), *origin);
                    "listed"
                }
                Cors::Unasked => "unasked",
                Cors::Denied => "denied",
            };
            assert_eq!(verdict, *expected, "{allowed:?} {origin:?}");
        }
    }
}
