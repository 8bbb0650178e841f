//! The answers of the public listener, as bytes.

use crate::http::StatusCode;
use crate::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::http::{Response, respond};
use crate::model::SubmissionId;

const ACCEPTED: (&[u8], &[u8]) = (br#"{"status":"accepted","id":""#, br#""}"#);
/// An id has 13 characters.
const ID_SIZE: usize = 13;
/// Our pages show words and one style sheet. Framing is allowed: a form may live in a frame, and a page on which
/// nothing can be done has nothing to be tricked into.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'";
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// An administrator's address may hold Cyrillic and spaces; a header may not.
const ADDRESS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// `200 {"status":"accepted","id":"…"}`
pub fn accepted(id: SubmissionId) -> Response {
    let mut body = Vec::with_capacity(ACCEPTED.0.len() + ID_SIZE + ACCEPTED.1.len());
    body.extend_from_slice(ACCEPTED.0);
    body.extend_from_slice(id.to_string().as_bytes());
    body.extend_from_slice(ACCEPTED.1);
    json(StatusCode::OK, body)
}

pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    reply(status, "application/json", body.into())
}

pub fn text(status: StatusCode, body: &'static str) -> Response {
    reply(
        status,
        "text/plain; charset=utf-8",
        Bytes::from_static(body.as_bytes()),
    )
}

pub fn page(status: StatusCode, html: String) -> Response {
    let mut response = reply(status, "text/html; charset=utf-8", Bytes::from(html));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
    response
}

/// A style sheet whose address changes with its content.
pub fn style(css: &'static str) -> Response {
    let mut response = reply(
        StatusCode::OK,
        "text/css; charset=utf-8",
        Bytes::from_static(css.as_bytes()),
    );
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(CACHE_CONTROL, forever);
    response
}

/// 303, so that the browser asks for `address` with GET; `None` when it cannot stand in a header.
pub fn see_other(address: &str) -> Option<Response> {
    let address = utf8_percent_encode(address.trim(), ADDRESS).to_string();
    let location = HeaderValue::try_from(address)
        .ok()
        .filter(|location| !location.is_empty())?;
    let mut response = empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, location);
    Some(response)
}

pub fn empty(status: StatusCode) -> Response {
    let mut response = respond(status, Bytes::new());
    harden(response.headers_mut());
    response
}

fn reply(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = respond(status, body);
    harden(response.headers_mut());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn harden(headers: &mut HeaderMap) {
    // One allocation for all the headers of an ordinary answer.
    headers.reserve(6);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_headers() {
        for (address, expected) in [
            (
                "https://shop.example/thanks?a=1&b=%20#x",
                Some("https://shop.example/thanks?a=1&b=%20#x"),
            ),
            (
                " https://shop.example/спс ",
                Some("https://shop.example/%D1%81%D0%BF%D1%81"),
            ),
            (
                "https://shop.example/\r\nSet-Cookie: a",
                Some("https://shop.example/%0D%0ASet-Cookie:%20a"),
            ),
            ("", None),
        ] {
            let location =
                see_other(address).map(|response| response.headers()[LOCATION].to_str().unwrap().to_owned());
            assert_eq!(location.as_deref(), expected, "{address:?}");
        }
    }
}
