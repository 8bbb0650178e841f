//! What can be said of a request without reading it out.

use memchr::{memchr, memchr_iter, memmem};

use super::{Limits, Method, Raw};

/// Whether a request certainly reads into fields, at least one of which is neither the connection test's nor the
/// secret. Most requests are such forms, and before they are stored nobody asks for more. False says nothing at all:
/// whoever must know reads the request.
///
/// All that can go wrong with a form is bounded here by counting bytes: its names by `&`, the way down to a value by
/// `[`, escaped or not. Charsets cannot add to either, since those that are believed keep ASCII as it is.
pub fn is_plain_form(raw: &Raw<'_>, limits: &Limits) -> bool {
    let body: &[u8] = raw.body;
    let is_declared = |kind: &str| {
        kind.get(..FORM.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(FORM))
    };
    raw.method == Method::Post
        && raw.query.is_empty()
        && raw.content_type.is_none_or(is_declared)
        && body.len() <= limits.body
        && memchr(b'=', body).is_some_and(|end| is_plain_name(&body[..end]))
        && memchr_iter(b'&', body).count() < limits.fields
        && openings(body) < limits.depth
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A name that is itself in every charset, and none of those that say nothing about anybody.
fn is_plain_name(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']');
    // The secret's begins with another character.
    name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(plain) && !name.starts_with(b"test")
}

fn openings(body: &[u8]) -> usize {
    let escaped = |escape: &[u8]| memmem::find_iter(body, escape).count();
    memchr_iter(b'[', body).count() + escaped(b"%5B") + escaped(b"%5b")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{decode, is_connection_test};
    use bytes::Bytes;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        fields: 4,
        values: 10,
        depth: 4,
        body: 60,
        files: 100,
    };

    fn raw<'a>(query: &'a str, content_type: Option<&'a str>, body: &'a Bytes) -> Raw<'a> {
        Raw {
            method: Method::Post,
            query,
            content_type,
            body,
        }
    }

    #[test]
    fn ordinary_forms_are_plain_and_all_others_are_read() {
        let form = Some("application/x-www-form-urlencoded; charset=UTF-8");
        let table: [(&str, Option<&str>, &str, bool); 18] = [
            ("", form, "name=%D0%9C&phone=%2B7", true),
            ("", None, "name=a", true),
            ("", form, "client[phone]=7&client%5Bname%5D=a", true),
            ("", form, "name", false),
            ("", form, "", false),
            ("utm=1", form, "name=a", false),
            ("", Some("multipart/form-data; boundary=x"), "name=a", false),
            ("", Some("text/plain"), "name=a", false),
            ("", form, "test=test", false),
            ("", form, "_secret=x", false),
            ("", form, "_charset_=utf-16&name=a", false),
            ("", form, "{\"name\":\"a=\"}", false),
            ("", form, "<a href=x>", false),
            ("", form, "na%6De=a", false),
            ("", form, "a=1&b=2&c=3&d=4", true),
            ("", form, "a=1&b=2&c=3&d=4&e=5", false),
            ("", form, "a[b][c][d][e]=1", false),
            (
                "",
                form,
                "a=1111111111111111111111111111111111111111111111111111111111111",
                false,
            ),
        ];
        for (query, content_type, body, expected) in table {
            let bytes = Bytes::from(body);
            assert_eq!(
                is_plain_form(&raw(query, content_type, &bytes), &LIMITS),
                expected,
                "{body}"
            );
        }
        let body = Bytes::from("name=a");
        let asked = Raw {
            method: Method::Get,
            ..raw("", None, &body)
        };
        assert!(!is_plain_form(&asked, &LIMITS));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn what_is_called_plain_reads_into_fields(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "test", "te", "st", "_secret", "_charset_", "utf-16", "shift_jis", "=", "=", "&", "[", "]", "][",
                    "%5B", "%5b", "%5D", "%", "+", "%00", "%C5", "\u{44f}", "--a\r\n", "{", "<", " ", "\n", "0", "1",
                ]),
                0..14,
            ),
            content_type in prop::sample::select(vec![
                None,
                Some("application/x-www-form-urlencoded"),
                Some("application/x-www-form-urlencoded; charset=shift_jis"),
                Some("application/x-www-form-urlencoded; boundary=a"),
            ]),
        ) {
            let body = Bytes::from(words.concat());
            let raw = raw("", content_type, &body);
            if is_plain_form(&raw, &LIMITS) {
                let mut decoded = decode(&raw, &LIMITS).expect("it can be read");
                decoded.take_secret();
                prop_assert!(!decoded.fields.is_empty());
                prop_assert!(!is_connection_test(&decoded.fields));
            }
        }
    }
}
