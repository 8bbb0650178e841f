//! The `Content-Disposition` header of one part: which field it is, and which file.
//!
//! Read from bytes, because senders put names there in their page's charset (RFC 7578, 4.2 and 5.1).

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::charset::{self, Declared};

/// What a part is, in the sender's bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: Vec<u8>,
    /// Present for files, and empty for a file input that was left empty.
    file_name: Option<Vec<u8>>,
    /// `filename*=UTF-8''…` (RFC 5987), which some libraries send instead.
    extended: Option<String>,
}

impl Disposition {
    pub(super) fn parse(header: &[u8]) -> Disposition {
        let mut found = Disposition::default();
        let mut rest = after(header, b';');
        while !rest.is_empty() {
            let Some(at) = rest.iter().position(|byte| matches!(byte, b'=' | b';')) else {
                break;
            };
            if rest[at] == b';' {
                rest = &rest[at + 1..];
                continue;
            }
            let key = rest[..at].trim_ascii().to_ascii_lowercase();
            let (value, tail) = value(rest[at + 1..].trim_ascii_start());
            match key.as_slice() {
                b"name" => found.name = value,
                b"filename" => found.file_name = Some(value),
                b"filename*" => found.extended = extended(&value),
                _ => {}
            }
            rest = tail;
        }
        found
    }

    pub(super) fn name(&self, declared: Declared) -> Cow<'_, str> {
        unquote(charset::text(Cow::Borrowed(&self.name), declared))
    }

    /// The file's name without folders (old browsers send the whole path), if the part is a file.
    pub(super) fn file_name(&self, declared: Declared) -> Option<String> {
        let name = match (&self.extended, &self.file_name) {
            (Some(name), _) => Cow::Borrowed(name.as_str()),
            (None, Some(bytes)) => unquote(charset::text(Cow::Borrowed(bytes), declared)),
            (None, None) => return None,
        };
        Some(name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
    }
}

/// One parameter's value and what follows it. In quotes only `\"` and `\\` are escapes.
fn value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        return (text[..end].trim_ascii().to_vec(), after(text, b';'));
    };
    let mut value = Vec::with_capacity(quoted.len());
    let mut at = 0;
    while let Some(byte) = quoted.get(at) {
        match (byte, quoted.get(at + 1)) {
            (b'"', _) => break,
            (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                value.push(*escaped);
                at += 2;
            }
            _ => {
                value.push(*byte);
                at += 1;
            }
        }
    }
    (value, after(&quoted[at.min(quoted.len())..], b';'))
}

fn after(text: &[u8], separator: u8) -> &[u8] {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => &text[at + 1..],
        None => &[],
    }
}

/// Browsers write a quote inside a name as `%22` (HTML, "Multipart form data").
fn unquote(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains("%22") {
        Cow::Owned(text.replace("%22", "\""))
    } else {
        text
    }
}

fn extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let declared = charset::of_label(parts.next()?);
    let (_language, escaped) = (parts.next()?, parts.next()?);
    Some(charset::text(percent_decode(escaped).into(), declared).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_file_names_in_every_notation() {
        let cases: [(&[u8], &str, Option<&str>); 11] = [
            (b"form-data; name=\"a\"", "a", None),
            (b"form-data;NAME=a ;filename = b.txt", "a", Some("b.txt")),
            (
                b"form-data; filename=\"b;c.txt\"; name=\"a\"",
                "a",
                Some("b;c.txt"),
            ),
            (b"form-data; name=\"a\"; filename=\"\"", "a", Some("")),
            (
                b"form-data; name=\"say \\\"hi\\\"\"; filename=\"x%22y\"",
                "say \"hi\"",
                Some("x\"y"),
            ),
            (
                b"form-data; name=\"a\"; filename=\"C:\\docs\\cv.pdf\"",
                "a",
                Some("cv.pdf"),
            ),
            (
                b"form-data; name=\"a\"; filename=\"../../etc/passwd\"",
                "a",
                Some("passwd"),
            ),
            (
                b"form-data; name=\"a\"; filename*=utf-8''%D0%9C.txt",
                "a",
                Some("\u{41c}.txt"),
            ),
            (
                "form-data; name=\"имя\"; filename=\"резюме.pdf\"".as_bytes(),
                "имя",
                Some("резюме.pdf"),
            ),
            (b"form-data; name=\"\xE8\xEC\xFF\"", "имя", None),
            (b"form-data", "", None),
        ];
        for (header, name, file_name) in cases {
            let found = Disposition::parse(header);
            assert_eq!(found.name(None), name, "{}", header.escape_ascii());
            assert_eq!(
                found.file_name(None).as_deref(),
                file_name,
                "{}",
                header.escape_ascii()
            );
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read(header in prop::collection::vec(prop::sample::select(b"name=file\"\\;*'% \xff".to_vec()), 0..60)) {
            let found = Disposition::parse(&header);
            let _ = (found.name(None), found.file_name(None));
        }
    }
}
