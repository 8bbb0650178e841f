//! Name=value pairs: a query string, or a body of `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use super::charset::{self, Declared};
use super::names::Tree;
use super::{Fields, Limits, Unreadable};

/// The hidden form field in which browsers name the charset they encoded a form in (HTML, "Attributes
/// for form submission").
pub(super) const CHARSET_FIELD: &[u8] = b"_charset_";

/// Whether a body is pairs: it has a `=`, and what stands before the first one could be a name.
/// XML and HTML have `=` too.
pub(super) fn is_form(body: &[u8]) -> bool {
    match body.iter().position(|byte| *byte == b'=') {
        None => false,
        Some(end) => !body[..end]
            .iter()
            .any(|byte| matches!(byte, b'<' | b'>' | b'"') || byte.is_ascii_control()),
    }
}

/// Reads pairs. Percent escapes and `+` are resolved to bytes first and only then read as text,
/// since a page in windows-1251 escapes its own bytes. A pair without a name is skipped.
pub(super) fn fields(text: &[u8], declared: Declared, limits: &Limits) -> Result<Fields, Unreadable> {
    let mut tree = Tree::new(limits);
    if text.is_empty() {
        return tree.finish(&mut []);
    }
    let declared = named_charset(text).or(declared);
    for (name, value) in pairs(text) {
        let name = charset::text(unescape(name), declared);
        if name.is_empty() {
            continue;
        }
        let value = charset::text(unescape(value), declared).into_owned();
        tree.add(name, value.into())?;
    }
    tree.finish(&mut [])
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'&')
        .map(|pair| match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &pair[pair.len()..]),
        })
}

fn named_charset(text: &[u8]) -> Declared {
    let (_, label) = pairs(text).find(|(name, _)| *name == CHARSET_FIELD)?;
    charset::of_label(label)
}

/// One pass and one allocation, and none for what has no escapes: names, mostly. A `%` that begins no escape stays.
pub(super) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = text.iter().position(|byte| matches!(byte, b'+' | b'%')) else {
        return Cow::Borrowed(text);
    };
    let mut bytes = Vec::with_capacity(text.len());
    bytes.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while let [byte, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (byte, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = tail;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *byte,
        });
    }
    Cow::Owned(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(text: &str) -> Value {
        fields(text.as_bytes(), None, &Limits::default()).unwrap().into()
    }

    #[test]
    fn pairs_become_fields() {
        let cases = [
            ("", json!({})),
            ("a=1", json!({"a": "1"})),
            ("a=1+2%2B3", json!({"a": "1 2+3"})),
            ("a=x=y&b", json!({"a": "x=y", "b": ""})),
            ("&&=lost&a=&", json!({"a": ""})),
            ("a=100%&b=%zz", json!({"a": "100%", "b": "%zz"})),
            ("a=1&a=2", json!({"a": ["1", "2"]})),
            (
                "your-name=A&a.b=1&Your+name=B",
                json!({"your-name": "A", "a.b": "1", "Your name": "B"}),
            ),
            ("n=%D0%9C%D0%B0", json!({"n": "Ма"})),
            ("n=%CC%E0%F0%E8%FF", json!({"n": "Мария"})),
            ("n=a%00b", json!({"n": "a\u{0}b"})),
            // The charset field may stand last, and decides what could be either.
            (
                "n=%C5%B8&_charset_=windows-1251",
                json!({"n": "Её", "_charset_": "windows-1251"}),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn escapes_are_resolved_as_the_url_standard_says(text in prop::collection::vec(prop::sample::select(b"%+aF09g&\xd0".to_vec()), 0..24)) {
            let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            let expected: Vec<u8> = percent_encoding::percent_decode(&spaced).collect();
            prop_assert_eq!(unescape(&text).into_owned(), expected);
        }
    }

    #[test]
    fn markup_and_prose_are_no_forms() {
        for body in [
            "<?xml version=\"1.0\"?><a/>",
            "<a href=x>",
            "hello",
            "line\nname=value",
        ] {
            assert!(!is_form(body.as_bytes()), "{body}");
        }
        for body in ["a=1", "Your name=Мария", "a[b]=1", "=x"] {
            assert!(is_form(body.as_bytes()), "{body}");
        }
    }
}
