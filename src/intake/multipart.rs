//! `multipart/form-data` (RFC 7578): the framing by multer, the fields and files here.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::{FutureExt, stream};

use super::charset::{self, Declared};
use super::disposition::Disposition;
use super::form::CHARSET_FIELD;
use super::names::Tree;
use super::{Decoded, Limits, Unreadable};
use crate::model::Attachment;

/// RFC 2046 allows 70 characters; a line much longer than that is no boundary.
const LONGEST_BOUNDARY: usize = 200;

struct Part {
    disposition: Disposition,
    /// The charset in the part's own `Content-Type`.
    declared: Declared,
    bytes: Bytes,
}

/// The boundary of a multipart body, taken from its first line; from the header when the body starts
/// with something else (a preamble) and has the header's boundary further down.
pub(super) fn boundary(body: &[u8], content_type: Option<&str>) -> Option<String> {
    first_line(body).map(str::to_owned).or_else(|| {
        let named = multer::parse_boundary(content_type?).ok()?;
        let line = [b"--", named.as_bytes()].concat();
        contains(body, &line).then_some(named)
    })
}

fn first_line(body: &[u8]) -> Option<&str> {
    let rest = body.strip_prefix(b"--")?;
    let end = rest
        .iter()
        .take(LONGEST_BOUNDARY)
        .position(|byte| *byte == b'\n')?;
    let line = rest[..end].trim_ascii_end();
    let headers = b"content-";
    let is_part = rest[end + 1..]
        .get(..headers.len())?
        .eq_ignore_ascii_case(headers);
    std::str::from_utf8(line)
        .ok()
        .filter(|line| is_part && !line.is_empty())
}

/// Reads the parts into fields and files. Files are slices of one copy of the body.
pub(super) fn decode(
    body: &Bytes,
    boundary: String,
    declared: Declared,
    limits: &Limits,
) -> Result<Decoded, Unreadable> {
    let parts = read(with_crlf(body), boundary, limits.fields)
        .now_or_never()
        .ok_or_else(|| broken("it ends in the middle of a part"))?
        .map_err(|error| broken(&error.to_string()))?;
    let named = parts.iter().find(|part| part.disposition.name == CHARSET_FIELD);
    let declared = named
        .and_then(|part| charset::of_label(part.bytes.trim_ascii()))
        .or(declared);

    let mut tree = Tree::new(limits);
    let mut attachments = Vec::new();
    let mut in_files = 0;
    for part in parts {
        let declared = part.declared.or(declared);
        let name = part.disposition.name(declared);
        if name.is_empty() {
            continue;
        }
        let Some(file_name) = part.disposition.file_name(declared) else {
            let value = charset::text(Cow::Borrowed(&part.bytes), declared).into_owned();
            tree.add(name, value.into())?;
            continue;
        };
        // A file input that was left empty.
        if file_name.is_empty() && part.bytes.is_empty() {
            continue;
        }
        in_files += part.bytes.len();
        if in_files > limits.files {
            return Err(Unreadable::FilesTooLarge { limit: limits.files });
        }
        let file_name = if file_name.is_empty() {
            name.clone().into_owned()
        } else {
            file_name
        };
        tree.add(name, attachments.len().into())?;
        attachments.push(Attachment {
            path: String::new(),
            file_name,
            bytes: part.bytes,
        });
    }
    if body.len().saturating_sub(in_files) > limits.body {
        return Err(Unreadable::TextTooLarge { limit: limits.body });
    }
    let fields = tree.finish(&mut attachments)?;
    Ok(Decoded { fields, attachments })
}

/// Splits a body into its parts; stops after one part more than `most`, which [`Tree`] then refuses.
/// multer reads from a stream; ours holds the whole body and is never waited for.
async fn read(body: Bytes, boundary: String, most: usize) -> multer::Result<Vec<Part>> {
    let whole = stream::once(ready(Ok::<Bytes, Infallible>(body)));
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut found = Vec::new();
    while let Some(mut field) = parts.next_field().await? {
        let header = |name| field.headers().get(name).map(|value| value.as_bytes());
        let disposition = Disposition::parse(header("content-disposition").unwrap_or_default());
        let content_type = header("content-type").and_then(|value| std::str::from_utf8(value).ok());
        let declared = charset::of_content_type(content_type);
        // With all of the body at hand the first chunk is the whole part.
        let mut bytes = field.chunk().await?.unwrap_or_default();
        while let Some(more) = field.chunk().await? {
            bytes = [bytes, more].concat().into();
        }
        found.push(Part {
            disposition,
            declared,
            bytes,
        });
        if found.len() > most {
            break;
        }
    }
    Ok(found)
}

/// A body typed by hand ends its lines with LF alone, which the framing does not take. Without files
/// nothing is harmed by giving it the CRs it lacks.
fn with_crlf(body: &Bytes) -> Bytes {
    let bare = match body.iter().position(|byte| *byte == b'\n') {
        Some(0) => true,
        Some(at) => body[at - 1] != b'\r',
        None => false,
    };
    if !bare || body.contains(&b'\r') || contains(body, b"filename") {
        return body.clone();
    }
    let mut whole = Vec::with_capacity(body.len() + 64);
    for byte in body {
        if *byte == b'\n' {
            whole.push(b'\r');
        }
        whole.push(*byte);
    }
    whole.into()
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

fn broken(reason: &str) -> Unreadable {
    Unreadable::Multipart {
        reason: reason.to_owned(),
    }
}
