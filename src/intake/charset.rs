//! Bytes into text: the declared charset, else UTF-8, else windows-1251.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1251, WINDOWS_1252};

/// The charset that a sender named, if it is one that keeps ASCII as it is. (UTF-16 is believed by
/// its byte order mark only: a header that names it over ASCII bytes would destroy them.)
pub(super) type Declared = Option<&'static Encoding>;

/// The `charset` parameter of a `Content-Type` header.
pub(super) fn of_content_type(content_type: Option<&str>) -> Declared {
    let header = content_type?;
    let (_, value) = header.split(';').skip(1).find_map(|parameter| {
        parameter
            .split_once('=')
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
    })?;
    of_label(value.trim().trim_matches('"').as_bytes())
}

/// The charset of this name (`windows-1251`, `cp1251`, `utf-8`).
pub(super) fn of_label(label: &[u8]) -> Declared {
    Encoding::for_label(label).filter(|encoding| encoding.is_ascii_compatible())
}

/// Reads bytes in the declared charset. Undeclared, or declared as UTF-8 and not valid in it: UTF-8
/// if they are, else windows-1251, in which every byte is a character.
///
/// Latin charsets (ISO-8859-1, US-ASCII) are what libraries name by default over UTF-8 bytes, so
/// they are believed only of bytes that are not UTF-8.
pub(super) fn text(bytes: Cow<'_, [u8]>, declared: Declared) -> Cow<'_, str> {
    let otherwise = match declared {
        None => WINDOWS_1251,
        Some(encoding) if encoding == UTF_8 => WINDOWS_1251,
        Some(encoding) if encoding == WINDOWS_1252 => WINDOWS_1252,
        Some(encoding) => return decode(bytes, encoding),
    };
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => decode(Cow::Borrowed(bytes), otherwise),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => decode(Cow::Owned(error.into_bytes()), otherwise),
        },
    }
}

fn decode<'a>(bytes: Cow<'a, [u8]>, encoding: &'static Encoding) -> Cow<'a, str> {
    match bytes {
        Cow::Borrowed(bytes) => encoding.decode_without_bom_handling(bytes).0,
        Cow::Owned(bytes) => Cow::Owned(encoding.decode_without_bom_handling(&bytes).0.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_the_charset() {
        let cases = [
            ("text/html; charset=windows-1251", Some(WINDOWS_1251)),
            ("application/json;Charset=\"CP1251\"", Some(WINDOWS_1251)),
            ("a/b; x=y; charset = utf-8", Some(UTF_8)),
            ("application/json", None),
            ("a/b; charset=klingon", None),
            ("a/b; charset=utf-16", None),
            ("charset=windows-1251", None),
        ];
        for (header, expected) in cases {
            assert_eq!(of_content_type(Some(header)), expected, "{header}");
        }
    }

    #[test]
    fn bytes_are_read_as_declared_else_guessed() {
        let russian = "Мария";
        let (cp1251, _, _) = WINDOWS_1251.encode(russian);
        let cases: [(&[u8], Declared, &str); 6] = [
            (russian.as_bytes(), None, russian),
            (&cp1251, None, russian),
            (&cp1251, Some(UTF_8), russian),
            (&cp1251, Some(WINDOWS_1251), russian),
            // Valid UTF-8 by accident: the declaration decides.
            (b"\xC5\xB8", Some(WINDOWS_1251), "Её"),
            (russian.as_bytes(), Some(WINDOWS_1252), russian),
        ];
        for (bytes, declared, expected) in cases {
            assert_eq!(text(Cow::Borrowed(bytes), declared), expected);
            assert_eq!(text(Cow::Owned(bytes.to_vec()), declared), expected);
        }
    }
}
