//! Style, script and icon, embedded. Their addresses change with their contents, so browsers may keep them for good.

use std::sync::LazyLock;

use bytes::Bytes;

use crate::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use crate::http::{Response, StatusCode, respond};
use crate::web::page::fnv1a;

/// A file with the address under which it is served.
pub struct Asset {
    pub path: String,
    content_type: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, content: &'static str) -> Asset {
        Asset {
            path: format!("/assets/{name}.{:016x}.{extension}", fnv1a(content.as_bytes())),
            content_type,
            content,
        }
    }
}

pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let css = include_str!("../../../assets/admin.css");
    Asset::new("admin", "css", "text/css; charset=utf-8", css)
});
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let js = include_str!("../../../assets/admin.js");
    Asset::new("admin", "js", "text/javascript; charset=utf-8", js)
});
/// What pages inside the portal have besides.
pub static FRAME_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let js = include_str!("../../../assets/frame.js");
    Asset::new("frame", "js", "text/javascript; charset=utf-8", js)
});
pub static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let svg = include_str!("../../../assets/icon.svg");
    Asset::new("icon", "svg", "image/svg+xml", svg)
});

/// The file of an address.
pub fn find(path: &str) -> Option<Response> {
    if !path.starts_with("/assets/") {
        return None;
    }
    let all = [&*STYLE, &*SCRIPT, &*FRAME_SCRIPT, &*ICON];
    let asset = all.into_iter().find(|asset| asset.path == path)?;
    let mut response = respond(StatusCode::OK, Bytes::from_static(asset.content.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Some(response)
}
