//! The admin listener, as far as machines ask it: is the bridge alive, and does it reach the portal?

use super::reply;
use crate::http::{Method, Request, Response, StatusCode};

/// Answers one request of the admin listener. `known` tells what `/status` shows: for a monitoring system that should
/// tell a closed firewall from a stopped bridge.
pub fn handle(request: &Request, known: impl FnOnce() -> Option<serde_json::Value>) -> Response {
    if request.method != Method::GET && request.method != Method::HEAD {
        return reply::text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    }
    match request.uri.path() {
        "/healthz" => reply::text(StatusCode::OK, "ok"),
        "/status" => match known().map(|known| known.to_string().into_bytes()) {
            Some(body) => reply::json(StatusCode::OK, body),
            None => reply::text(StatusCode::INTERNAL_SERVER_ERROR, "the state cannot be shown"),
        },
        _ => reply::text(StatusCode::NOT_FOUND, "not found; see /healthz and /status"),
    }
}
