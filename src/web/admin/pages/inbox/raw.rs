//! A request's body as it came, but for the channel's secret, to be saved. Never shown by a browser: it may be
//! anything.

use crate::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
};
use crate::http::{StatusCode, respond};
use crate::intake;
use crate::model::SubmissionId;
use crate::web::admin::security;
use crate::web::admin::session::Admin;
use crate::web::admin::visit::{Answer, Problem, Visit};

pub fn raw(visit: &Visit<'_>, _: &Admin) -> Answer {
    let id: SubmissionId = visit.param("id").parse().map_err(|_| Problem::NotFound)?;
    let received = visit.site.store.received(id)?.ok_or(Problem::NotFound)?;
    let body = intake::masked_body(&received.body, received.content_type.as_deref()).into_owned();
    let response = respond(StatusCode::OK, body);
    Ok(attachment(
        response,
        "application/octet-stream",
        &format!("{id}.bin"),
    ))
}

/// An answer that is saved and never opened. `name` is ours: letters, digits, dots and dashes.
pub fn attachment(
    mut response: crate::http::Response,
    kind: &'static str,
    name: &str,
) -> crate::http::Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let mut put = |header: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(header, value);
        }
    };
    put(CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    put(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    security::harden(response)
}
