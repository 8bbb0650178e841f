//! The answers of the pages, with the headers that keep browsers from being turned against their users.

use bytes::Bytes;
use maud::Markup;

use crate::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use crate::http::{Response, StatusCode, respond};
use crate::web::reply;

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Scripts, styles and pictures are files of ours; nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; script-src 'self'";
/// Where Bitrix24's own script comes from: the last resort for ending an installation.
// b24: sdk/bx24-js-sdk/index.md
pub const LIBRARY: &str = "https://api.bitrix24.com/api/v1/";
const LIBRARY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'none'; \
                              form-action 'none'; base-uri 'none'; script-src 'self' https://api.bitrix24.com";
/// For a page whose own policy cannot be written down.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Who may show a page in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// Nobody: whoever shows a page of ours inside one of his may trick people into pressing its buttons.
    Never,
    /// The portal alone, by its origin.
    Portal(String),
}

impl Framing {
    pub fn origin(&self) -> Option<&str> {
        match self {
            Framing::Never => None,
            Framing::Portal(origin) => Some(origin),
        }
    }

    fn policy(&self) -> HeaderValue {
        HeaderValue::try_from(format!("{POLICY}; {}", self.ancestors())).unwrap_or(NOTHING)
    }

    fn ancestors(&self) -> String {
        let ancestors = match self {
            Framing::Never => "'none'",
            Framing::Portal(origin) => origin,
        };
        format!("frame-ancestors {ancestors}")
    }
}

/// A page.
pub fn page(status: StatusCode, markup: Markup, framing: &Framing) -> Response {
    let mut response = respond(status, Bytes::from(markup.into_string()));
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    put(CONTENT_TYPE, "text/html; charset=utf-8");
    put(OPENER_POLICY, "same-origin");
    put(ROBOTS, "noindex");
    if *framing == Framing::Never {
        // It knows no single site: where the portal may show a page, the policy alone says so.
        put(X_FRAME_OPTIONS, "DENY");
    }
    headers.insert(CONTENT_SECURITY_POLICY, framing.policy());
    harden(response)
}

/// Lets a page load Bitrix24's own script besides ours. It runs as if it were ours, so that such a page holds no secret, and
/// nothing can be fetched or posted from it, whatever cookies the browser has.
pub fn allow_library(response: &mut Response, framing: &Framing) {
    let policy = format!("{LIBRARY_POLICY}; {}", framing.ancestors());
    let policy = HeaderValue::try_from(policy).unwrap_or(NOTHING);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
}

/// Goes to a page of ours with GET.
pub fn see_other(path: &str) -> Response {
    harden(reply::see_other(path).unwrap_or_else(|| reply::empty(StatusCode::SEE_OTHER)))
}

/// When not even a page can be made.
pub fn plain_failure() -> Response {
    harden(reply::text(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The bridge failed on this request; its log says why.",
    ))
}

/// What every answer carries. Answers that are no pages (downloads) pass through here, too.
pub fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    put(CACHE_CONTROL, "no-store");
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    put(REFERRER_POLICY, "same-origin");
    put(RESOURCE_POLICY, "same-origin");
    response
}
