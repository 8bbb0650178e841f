//! A request as it came, for people to look at, without the value of the field [`SECRET_FIELD`].
//!
//! Bodies that cannot be read are shown too, and those above all: so the value is found by what stands around it, and
//! not by reading the body. Where that can be read as well, its values are looked for once more as they are, in case
//! the name was written with escapes.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use serde_json::Value;

use super::{Limits, Method, Raw, SECRET_FIELD, decode, form, multipart};

/// What stands in place of a secret: seen as it is in every charset.
const MASK: &[u8] = b"****";
/// A text shorter than this stands in too many places.
const TELLING: usize = 4;

/// The query without the secret.
pub fn masked_query(query: &str) -> Cow<'_, str> {
    match pairs(query.as_bytes()) {
        None => Cow::Borrowed(query),
        Some(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
    }
}

/// The body without the secret.
pub fn masked_body<'b>(body: &'b Bytes, content_type: Option<&str>) -> Cow<'b, [u8]> {
    let mut shown = Cow::Borrowed(&body[..]);
    // Of other charsets only those with a mark put anything between a text's letters.
    if let Some((encoding, length)) = Encoding::for_bom(body)
        && encoding != UTF_8
    {
        let text = encoding.decode_without_bom_handling(&body[length..]).0;
        shown = Cow::Owned(text.into_owned().into_bytes());
    }
    let start = shown.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&shown);
    let masked = match start.trim_ascii_start().first() {
        Some(b'{' | b'[') => json(&shown),
        _ => match multipart::boundary(start.trim_ascii(), content_type) {
            Some(boundary) => parts(&shown, &boundary),
            None => pairs(&shown),
        },
    };
    let has_secret = masked.is_some();
    let mut shown = masked.map_or(shown, Cow::Owned);
    let values = values(body, content_type);
    let telling = || values.iter().filter(|text| text.len() >= TELLING);
    for text in telling() {
        let escaped = Value::from(text.as_str()).to_string();
        for form in [text.as_str(), escaped.trim_matches('"')] {
            if let Some(masked) = replaced(&shown, form.as_bytes()) {
                shown = Cow::Owned(masked);
            }
        }
    }
    // What was transcoded and holds no secret is shown as it came.
    if has_secret || !values.is_empty() {
        shown
    } else {
        Cow::Borrowed(body)
    }
}

/// The texts of the field, where the body can be read.
fn values(body: &Bytes, content_type: Option<&str>) -> Vec<String> {
    fn texts(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
            Value::Object(items) => items.values().for_each(|item| texts(item, out)),
            Value::String(text) => out.push(text.clone()),
            Value::Number(number) => out.push(number.to_string()),
            Value::Bool(_) | Value::Null => {}
        }
    }
    let raw = Raw {
        method: Method::Post,
        query: "",
        content_type,
        body,
    };
    let limits = Limits {
        fields: usize::MAX,
        body: usize::MAX,
        files: usize::MAX,
        ..Limits::default()
    };
    let mut out = Vec::new();
    if let Ok(decoded) = decode(&raw, &limits)
        && let Some(value) = decoded.fields.get(SECRET_FIELD)
    {
        texts(value, &mut out);
    }
    out
}

/// Whether a name, its escapes resolved, is the field's: `_secret`, `_secret[]`, `_secret[a]`.
fn is_secret(name: &[u8]) -> bool {
    let rest = name.trim_ascii().strip_prefix(SECRET_FIELD.as_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'[' | b'.')))
}

fn pairs(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut found = false;
    for (n, pair) in text.split(|byte| *byte == b'&').enumerate() {
        if n > 0 {
            out.push(b'&');
        }
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        if end < pair.len() && is_secret(&form::unescape(&pair[..end])) {
            out.extend_from_slice(&pair[..=end]);
            out.extend_from_slice(MASK);
            found = true;
        } else {
            out.extend_from_slice(pair);
        }
    }
    found.then_some(out)
}

/// What follows the field's name and a colon, at whatever depth.
fn json(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = position(rest, SECRET_FIELD.as_bytes()) {
        let (before, after) = rest.split_at(at + SECRET_FIELD.len());
        out.extend_from_slice(before);
        rest = after;
        let quoted = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'"));
        let Some(value) = quoted.unwrap_or(rest).trim_ascii_start().strip_prefix(b":") else {
            continue;
        };
        let value = value.trim_ascii_start();
        out.extend_from_slice(&rest[..rest.len() - value.len()]);
        out.extend_from_slice(b"\"****\"");
        rest = &value[json_value(value)..];
        found = true;
    }
    out.extend_from_slice(rest);
    found.then_some(out)
}

/// The length of the value that a text begins with; all of it where the value does not end.
fn json_value(text: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match (quote, byte) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(open), byte) if open == *byte => {
                quote = None;
                if depth == 0 {
                    return at + 1;
                }
            }
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'{' | b'[') => depth += 1,
            (None, b'}' | b']') if depth > 1 => depth -= 1,
            (None, b'}' | b']') => return at + usize::from(depth == 1),
            (None, b',') if depth == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}

/// Parts of a multipart body with the field's name, down to the next boundary. Such a part's own headers may hold a
/// file name.
fn parts(body: &[u8], boundary: &str) -> Option<Vec<u8>> {
    let line = [b"--", boundary.as_bytes()].concat();
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut found = false;
    while let Some(at) = position(rest, &line) {
        let (before, after) = rest.split_at(at + line.len());
        out.extend_from_slice(before);
        rest = after;
        let part = &rest[..position(rest, &line).unwrap_or(rest.len())];
        let (head, gap) = head(part);
        if !names_secret(head) {
            continue;
        }
        let end = part.trim_ascii_end().len();
        out.extend_from_slice(b"\r\nContent-Disposition: form-data; name=\"_secret\"\r\n\r\n");
        out.extend_from_slice(MASK);
        out.extend_from_slice(&part[end.max(head.len() + gap).min(part.len())..]);
        rest = &rest[part.len()..];
        found = true;
    }
    out.extend_from_slice(rest);
    found.then_some(out)
}

/// The headers of a part, and the length of what parts them from its content.
fn head(part: &[u8]) -> (&[u8], usize) {
    let ends = [&b"\r\n\r\n"[..], b"\n\n"].map(|gap| position(part, gap).map(|at| (at, gap.len())));
    let first = ends.into_iter().flatten().min();
    first.map_or((part, 0), |(at, gap)| (&part[..at], gap))
}

fn names_secret(head: &[u8]) -> bool {
    let lower = head.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = position(&lower[from..], b"name") {
        let end = from + at + b"name".len();
        let value = head[end..].trim_ascii_start().strip_prefix(b"=");
        if let Some(value) = value {
            let value = value.trim_ascii_start();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let length = value
                .iter()
                .take_while(|byte| !matches!(byte, b'"' | b';' | b'\r' | b'\n'));
            if is_secret(&value[..length.count()]) {
                return true;
            }
        }
        from = end;
    }
    false
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn replaced(text: &[u8], part: &[u8]) -> Option<Vec<u8>> {
    let first = position(text, part)?;
    let mut out = Vec::with_capacity(text.len());
    let (mut rest, mut at) = (text, Some(first));
    while let Some(found) = at {
        out.extend_from_slice(&rest[..found]);
        out.extend_from_slice(MASK);
        rest = &rest[found + part.len()..];
        at = position(rest, part);
    }
    out.extend_from_slice(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "correct-horse-battery";

    fn shown(body: &str, content_type: Option<&str>) -> String {
        let body = Bytes::copy_from_slice(body.as_bytes());
        String::from_utf8_lossy(&masked_body(&body, content_type)).into_owned()
    }

    #[test]
    fn the_secret_is_masked_and_nothing_else() {
        for (body, expected) in [
            ("a=1&_secret=SECRET&b=2", "a=1&_secret=****&b=2"),
            (
                "_secret[]=SECRET&_secret_santa=yes",
                "_secret[]=****&_secret_santa=yes",
            ),
            ("%5Fsecret=SECRET", "%5Fsecret=****"),
            ("_secret=%63orrect-horse-battery", "_secret=****"),
            (
                r#"{"_secret": "SECRET", "a": 1}"#,
                r#"{"_secret": "****", "a": 1}"#,
            ),
            (r#"{"_secret":"SECRET"#, r#"{"_secret":"****""#),
            (
                r#"{'_secret':'a\'SECRET','b':"c"}"#,
                r#"{'_secret':"****",'b':"c"}"#,
            ),
            (r#"{_secret: 12345, a: 2}"#, r#"{_secret: "****", a: 2}"#),
            (
                r#"{"_secret": ["SECRET", {"a": "SECRET"}], "a": [1]}"#,
                r#"{"_secret": "****", "a": [1]}"#,
            ),
            (r#"{"\u005fsecret": "SECRET"}"#, r#"{"\u005fsecret": "****"}"#),
            (r#"[{"_secret": "SECRET"}]"#, r#"[{"_secret": "****"}]"#),
            (r#"{"a": "SECRET"}"#, r#"{"a": "SECRET"}"#),
            ("a=SECRET", "a=SECRET"),
            ("", ""),
        ] {
            let (body, expected) = (body.replace("SECRET", SECRET), expected.replace("SECRET", SECRET));
            assert_eq!(shown(&body, None), expected, "{body}");
        }
        assert_eq!(masked_query("a=1&_secret=x"), "a=1&_secret=****");
        assert_eq!(masked_query("a=1"), "a=1");
    }

    #[test]
    fn parts_are_masked_whole() {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; \
             NAME=_secret; filename=\"{SECRET}\"\r\nContent-Type: text/plain\r\n\r\n{SECRET}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"_secret_santa\"\r\n\r\nyes\r\n--b--\r\n"
        );
        let masked = shown(&body, Some("multipart/form-data; boundary=b"));
        let expected = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; \
             name=\"_secret\"\r\n\r\n****\r\n--b\r\nContent-Disposition: form-data; name=\"_secret_santa\"\r\n\r\nyes\r\n--b--\r\n";
        assert_eq!(masked, expected);
        // Cut off in the middle.
        let cut = body
            .find("\r\n--b\r\nContent-Disposition: form-data; name=\"_secret_santa\"")
            .unwrap();
        assert!(!shown(&body[..cut], None).contains(SECRET));
        // Bare line feeds.
        let masked = shown(&body.replace("\r\n", "\n"), None);
        assert!(!masked.contains(SECRET) && masked.contains("yes"), "{masked}");
    }

    #[test]
    fn a_body_with_a_mark_of_its_charset_is_masked() {
        let text = format!(r#"{{"_secret": "{SECRET}", "имя": "Анна"}}"#);
        let utf16: Vec<u8> = [0xfeff]
            .into_iter()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let body = Bytes::from(utf16);
        let masked = String::from_utf8(masked_body(&body, None).into_owned()).unwrap();
        assert_eq!(masked, r#"{"_secret": "****", "имя": "Анна"}"#);
        let plain: Vec<u8> = [0xfeff]
            .into_iter()
            .chain("a=1".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let plain = Bytes::from(plain);
        assert_eq!(masked_body(&plain, None), &plain[..]);
    }

    proptest! {
        #[test]
        fn no_readable_secret_is_left(secret in "[a-z\"'\\\\&= й]{8,12}", other in "[a-z]{1,5}") {
            prop_assume!(!secret.trim().is_empty());
            let object = serde_json::json!({"_secret": secret, other.clone(): 1});
            let pairs = serde_urlencoded::to_string([("_secret", secret.as_str()), (other.as_str(), "1")]).unwrap();
            for body in [object.to_string(), pairs] {
                let bytes = Bytes::from(body.clone());
                let masked = masked_body(&bytes, None);
                let raw = Raw { method: Method::Post, query: "", content_type: None, body: &Bytes::copy_from_slice(&masked) };
                let mut decoded = decode(&raw, &Limits::default()).unwrap();
                prop_assert_eq!(decoded.take_secret().unwrap(), "****");
                prop_assert!(decoded.fields.contains_key(&other));
            }
        }

        #[test]
        fn anything_is_masked_without_harm(body in "[\\[{_secret\":, '&=\\-\r\n]{0,60}", kind in "(multipart/form-data; boundary=-|)") {
            shown(&body, Some(&kind));
        }
    }
}
