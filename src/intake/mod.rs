//! Reads what a website sent into fields: bytes in, a tree of names and values out.
//!
//! The kind of a body is recognised from the body itself, because senders' `Content-Type` headers
//! are often missing or wrong. The header is asked for a charset only, and for the boundary of a
//! multipart body that starts with something else.
//!
//! What the contract leaves open is decided here:
//! - A body that starts with `{` or `[` is JSON, always; one that is broken is unreadable.
//! - A JSON list of one object is that object; of anything else, its items are fields named
//!   `0`, `1`, … (`{0.name}`). A JSON key that repeats is a list, as in a form.
//! - A form name that repeats is a list. A bare name beside bracketed ones (`a=1&a[b]=2`) counts as
//!   `a[]`; a container whose keys are 0..n-1 is a list, any other an object ([`names`]).
//! - A field of the body replaces the query's field of the same top-level name.
//! - An empty request is an empty set of fields, not an error.

mod charset;
mod disposition;
mod form;
mod glance;
mod json;
mod masking;
mod multipart;
mod names;
pub mod spam;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use serde_json::{Map, Value};

pub use glance::is_plain_form;
pub use masking::{masked_body, masked_query};

use crate::model::Attachment;

/// The fields of a request, by name.
pub type Fields = Map<String, Value>;

/// The field that may carry the channel's secret; see [`Decoded::take_secret`].
pub const SECRET_FIELD: &str = "_secret";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// A request, as far as its fields depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    pub method: Method,
    /// Without the `?`; empty when there is none.
    pub query: &'a str,
    pub content_type: Option<&'a str>,
    pub body: &'a Bytes,
}

/// How much of a request is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Names of a form, query or multipart body, each counted alone.
    pub fields: usize,
    /// Values of a JSON body, at every depth.
    pub values: usize,
    /// Names on the way to a value (`a[b][c]` has three).
    pub depth: usize,
    /// Bytes of a body that are not in files.
    pub body: usize,
    /// Bytes of all files together.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // What PHP takes by default (`max_input_vars`), so no website's form is larger.
            fields: 1_000,
            // A JSON order of hundreds of lines with a dozen values each must pass.
            values: 10_000,
            // Far above any form, far below what a thread's stack holds.
            depth: 32,
            body: 1 << 20,
            files: 10 << 20,
        }
    }
}

/// What a request was read into.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// See [`crate::model::Submission::fields`] for the shape.
    pub fields: Fields,
    pub attachments: Vec<Attachment>,
}

impl Decoded {
    /// Whether nothing is to be delivered: a connection test, or not one field, with which somebody looks whether the
    /// address lives. Asked after [`Decoded::take_secret`].
    pub fn is_test(&self) -> bool {
        let is_empty = self.fields.is_empty() && self.attachments.is_empty();
        is_empty || is_connection_test(&self.fields)
    }

    /// Takes the field out by which a request proves that it comes from the channel's website: it is no content, and
    /// must not get into lists, comments or the journal. Anything but one value of text gives an empty one.
    pub fn take_secret(&mut self) -> Option<String> {
        self.attachments.retain(|file| {
            let rest = file.path.strip_prefix(SECRET_FIELD);
            rest.is_none_or(|rest| !rest.is_empty() && !rest.starts_with('.'))
        });
        match self.fields.shift_remove(SECRET_FIELD)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => Some(String::new()),
        }
    }
}

/// Why a request could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the request has more than {limit} values: send fewer of them in one request")]
    TooManyFields { limit: usize },
    #[error("the request nests its values more than {limit} deep: send a flatter one")]
    TooDeep { limit: usize },
    #[error("the request holds more than {limit} bytes of fields: send less in one request")]
    TextTooLarge { limit: usize },
    #[error("the request's files hold more than {limit} bytes together: send smaller or fewer files")]
    FilesTooLarge { limit: usize },
    #[error("the body starts like JSON and is broken ({reason}): send valid JSON")]
    Json { reason: String },
    #[error(
        "the multipart body is broken ({reason}): end every part with its boundary and every line with CR LF"
    )]
    Multipart { reason: String },
    #[error(
        "the body is neither JSON nor form fields: send a JSON object, name=value pairs or multipart/form-data"
    )]
    NotFields,
}

impl Unreadable {
    /// The request is beyond a limit (HTTP 413), rather than malformed (HTTP 400).
    pub fn is_too_large(&self) -> bool {
        match self {
            Unreadable::TooManyFields { .. }
            | Unreadable::TooDeep { .. }
            | Unreadable::TextTooLarge { .. }
            | Unreadable::FilesTooLarge { .. } => true,
            Unreadable::Json { .. } | Unreadable::Multipart { .. } | Unreadable::NotFields => false,
        }
    }
}

/// Reads a request's fields: those of the body, then those of the query that the body has not.
///
/// A GET's fields are its query (RFC 9110, 9.3.1); its body is looked at only when there is no query.
pub fn decode(raw: &Raw<'_>, limits: &Limits) -> Result<Decoded, Unreadable> {
    let query = form::fields(raw.query.as_bytes(), None, limits)?;
    if raw.method == Method::Get && !query.is_empty() {
        return Ok(Decoded {
            fields: query,
            attachments: Vec::new(),
        });
    }
    let mut decoded = decode_body(raw.body, raw.content_type, limits)?;
    if decoded.fields.is_empty() {
        decoded.fields = query;
    } else {
        for (name, value) in query {
            decoded.fields.entry(name).or_insert(value);
        }
    }
    Ok(decoded)
}

/// Whether the fields are a site builder's connection test: `test=test` and nothing else.
pub fn is_connection_test(fields: &Fields) -> bool {
    fields.len() == 1 && fields.get("test").and_then(Value::as_str) == Some("test")
}

fn decode_body(body: &Bytes, content_type: Option<&str>, limits: &Limits) -> Result<Decoded, Unreadable> {
    let mut declared = charset::of_content_type(content_type);
    let mut body = Cow::Borrowed(body);
    if let Some((encoding, length)) = Encoding::for_bom(&body) {
        body = Cow::Owned(match encoding.decode_without_bom_handling(&body[length..]).0 {
            Cow::Borrowed(_) => body.slice(length..),
            Cow::Owned(text) => Bytes::from(text),
        });
        declared = Some(UTF_8);
    }
    let text = body.trim_ascii();
    match text.first() {
        None => return Ok(Decoded::default()),
        Some(b'{' | b'[') => {
            within(text, limits)?;
            let fields = json::fields(&charset::text(Cow::Borrowed(text), declared), limits)?;
            return Ok(Decoded {
                fields,
                attachments: Vec::new(),
            });
        }
        Some(_) => {}
    }
    if let Some(boundary) = multipart::boundary(text, content_type) {
        return multipart::decode(&body, boundary, declared, limits);
    }
    within(text, limits)?;
    if !form::is_form(text) {
        return Err(Unreadable::NotFields);
    }
    Ok(Decoded {
        fields: form::fields(text, declared, limits)?,
        attachments: Vec::new(),
    })
}

fn within(text: &[u8], limits: &Limits) -> Result<(), Unreadable> {
    if text.len() > limits.body {
        return Err(Unreadable::TextTooLarge { limit: limits.body });
    }
    Ok(())
}
