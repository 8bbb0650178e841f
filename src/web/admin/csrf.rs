//! A change is made only by a form of ours: it carries a token that is bound to the browser's cookie, and comes from
//! a page of this very site.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::form::Form;
use super::router::Asked;
use super::session::Token;
use super::visit::{Problem, Visit};
use crate::http::Uri;
use crate::http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use crate::model::Secret;

/// The name of the hidden field.
pub const FIELD: &str = "csrf";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The token for forms shown to whoever holds `token`.
pub fn token(token: &Token) -> String {
    let digest = Sha256::new()
        .chain_update(b"form\0")
        .chain_update(token.bytes())
        .finalize();
    BASE64URL_NOPAD.encode(&digest)
}

/// What the portal gives back with the code of an authorization: it proves that this browser asked for it.
// b24: settings/oauth/index.md
pub fn state(token: &Token) -> String {
    let digest = Sha256::new()
        .chain_update(b"oauth\0")
        .chain_update(token.bytes())
        .finalize();
    BASE64URL_NOPAD.encode(&digest)
}

/// Reads the form of a request, if it was sent from a page of ours.
pub fn checked(visit: &Visit<'_>, asked: &Asked) -> Result<Form, Problem> {
    if let Err(error) = &asked.body {
        return Err(Problem::Body(*error));
    }
    if !comes_from_us(&asked.headers, &visit.site.admin_url) {
        return Err(Problem::Forged);
    }
    let form = unchecked(asked)?;
    let expected = token(visit.who.token());
    if Secret::new(expected).is_same(form.get(FIELD).unwrap_or_default()) {
        Ok(form)
    } else {
        Err(Problem::Forged)
    }
}

/// Reads the form of a request, whoever has sent it.
pub fn unchecked(asked: &Asked) -> Result<Form, Problem> {
    let body = asked.body.as_ref().map_err(|error| Problem::Body(*error))?;
    let kind = asked
        .headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], |kind| kind.as_bytes());
    if !kind
        .to_ascii_lowercase()
        .starts_with(b"application/x-www-form-urlencoded")
    {
        return Err(Problem::NoForm);
    }
    Ok(Form::read(body))
}

/// What the browser says of the page that sends: `Sec-Fetch-Site`, which scripts cannot forge, and where that is
/// missing `Origin`. A program that says neither has no user to be tricked.
fn comes_from_us(headers: &HeaderMap, admin_url: &str) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let authority = |text: &str| {
        text.parse::<Uri>()
            .ok()?
            .authority()
            .map(|a| a.as_str().to_ascii_lowercase())
    };
    let Some(origin) = origin.to_str().ok().and_then(authority) else {
        return false;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // A proxy may have put its own name into Host.
    host.is_some_and(|host| host.eq_ignore_ascii_case(&origin)) || authority(admin_url) == Some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::header::HeaderValue;

    #[test]
    fn forms_come_from_our_own_pages() {
        let admin = "https://bridge.example";
        for (sent, expected) in [
            (vec![], true),
            (vec![(SEC_FETCH_SITE, "same-origin")], true),
            (vec![(SEC_FETCH_SITE, "same-site")], false),
            (vec![(SEC_FETCH_SITE, "cross-site")], false),
            (
                vec![(SEC_FETCH_SITE, "cross-site"), (HOST, "a"), (ORIGIN, "http://a")],
                false,
            ),
            (
                vec![(HOST, "10.0.0.1:8081"), (ORIGIN, "http://10.0.0.1:8081")],
                true,
            ),
            (
                vec![(HOST, "10.0.0.1:8081"), (ORIGIN, "http://10.0.0.1:8080")],
                false,
            ),
            (
                vec![(HOST, "inside:8081"), (ORIGIN, "https://Bridge.example")],
                true,
            ),
            (
                vec![(HOST, "bridge.example"), (ORIGIN, "https://evil.example")],
                false,
            ),
            (vec![(HOST, "bridge.example"), (ORIGIN, "null")], false),
        ] {
            let headers: HeaderMap = sent
                .iter()
                .map(|(k, v)| (k.clone(), HeaderValue::from_static(v)))
                .collect();
            assert_eq!(comes_from_us(&headers, admin), expected, "{sent:?}");
        }
    }
}
