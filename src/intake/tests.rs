//! The whole of reading a request: kinds, charsets, limits.

use bytes::Bytes;
use encoding_rs::WINDOWS_1251;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn post(content_type: Option<&str>, body: impl Into<Bytes>) -> Result<Decoded, Unreadable> {
    request(Method::Post, "", content_type, body)
}

fn request(
    method: Method,
    query: &str,
    content_type: Option<&str>,
    body: impl Into<Bytes>,
) -> Result<Decoded, Unreadable> {
    decode(
        &Raw {
            method,
            query,
            content_type,
            body: &body.into(),
        },
        &Limits::default(),
    )
}

fn fields(decoded: Result<Decoded, Unreadable>) -> Value {
    Value::Object(decoded.unwrap().fields)
}

fn multipart(parts: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (headers, value) in parts {
        body += &format!("--XyZ\r\nContent-Disposition: form-data; {headers}\r\n\r\n{value}\r\n");
    }
    body + "--XyZ--\r\n"
}

/// Values as text, since forms have no numbers.
fn as_text(value: Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        Value::Object(items) => items
            .into_iter()
            .map(|(name, item)| (name, as_text(item)))
            .collect(),
        other => other,
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const PAIRS: &str =
    "client_phone=74712773120&client_name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F&order_id=6510&order_amount=3500";

#[test]
fn the_manuals_example_reads_the_same_in_every_form() {
    let expected = json!({
        "client_phone": "74712773120", "client_name": "Мария", "order_id": "6510", "order_amount": "3500"
    });
    let single_quoted = "{\n'client_phone': 74712773120,\n'client_name': 'Мария',\n'order_id': 6510,\n'order_amount': 3500\n}";
    let double_quoted = single_quoted.replace('\'', "\"");
    let parts = multipart(&[
        ("name=\"client_phone\"", "74712773120"),
        ("name=\"client_name\"", "Мария"),
        ("name=\"order_id\"", "6510"),
        ("name=\"order_amount\"", "3500"),
    ]);
    let types = [
        None,
        Some(FORM),
        Some("application/json"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=XyZ"),
        Some("multipart/form-data; boundary=other"),
        Some("nonsense"),
    ];
    for content_type in types {
        for body in [PAIRS, single_quoted, &double_quoted, &parts] {
            let read = as_text(fields(post(content_type, body.to_owned())));
            assert_eq!(read, expected, "{content_type:?} {body}");
        }
    }
    assert_eq!(fields(request(Method::Get, PAIRS, None, "")), expected);
}

#[test]
fn the_query_fills_in_and_the_body_wins() {
    let read = fields(request(
        Method::Post,
        "a=query&utm=x&c[k]=query",
        None,
        "a=body&c[l]=body",
    ));
    assert_eq!(read, json!({"a": "body", "c": {"l": "body"}, "utm": "x"}));
    assert_eq!(
        fields(request(Method::Post, "utm=x", None, "")),
        json!({"utm": "x"})
    );
    assert_eq!(
        fields(request(Method::Post, "utm=x", None, "{\"a\":1}")),
        json!({"a": 1, "utm": "x"})
    );
    assert_eq!(fields(request(Method::Get, "a=1", None, "{")), json!({"a": "1"}));
    assert_eq!(fields(request(Method::Get, "", None, "a=1")), json!({"a": "1"}));
    for method in [Method::Get, Method::Post] {
        assert_eq!(fields(request(method, "", None, " \r\n")), json!({}));
    }
}

#[test]
fn text_is_read_in_its_charset() {
    let encode = |text: &str| Bytes::from(WINDOWS_1251.encode(text).0.into_owned());
    let expected = json!({"name": "Мария"});
    for content_type in [
        None,
        Some("a/b; charset=windows-1251"),
        Some("a/b; charset=utf-8"),
    ] {
        for text in ["name=Мария", "{\"name\":\"Мария\"}", "{name:'Мария'}"] {
            assert_eq!(
                fields(post(content_type, encode(text))),
                expected,
                "{content_type:?} {text}"
            );
        }
        let parts = multipart(&[("name=\"name\"", "Мария")]);
        assert_eq!(
            fields(post(content_type, encode(&parts))),
            expected,
            "{content_type:?} {parts}"
        );
    }
    // "Её" in windows-1251 is valid UTF-8 too: only a declaration can tell.
    let part = "--b\r\nContent-Disposition: form-data; name=n\r\nContent-Type: text/plain; charset=cp1251\r\n\r\nЕё\r\n--b--";
    assert_eq!(fields(post(None, encode(part))), json!({"n": "Её"}));
    let named = multipart(&[("name=\"n\"", "Её"), ("name=\"_charset_\"", "windows-1251")]);
    assert_eq!(fields(post(None, encode(&named)))["n"], json!("Её"));
    // Byte order marks.
    assert_eq!(fields(post(None, "\u{feff}{\"name\":\"Мария\"}")), expected);
    assert_eq!(
        fields(post(Some("a/b; charset=windows-1251"), "\u{feff}name=Мария")),
        expected
    );
    let utf16: Vec<u8> = "\u{feff}{\"name\":\"Мария\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(fields(post(None, utf16)), expected);
}

#[test]
fn files_are_attachments_and_stand_as_their_names() {
    let body = multipart(&[
        ("name=\"who\"", "Мария"),
        ("name=\"resume\"; filename=\"cv.pdf\"", "%PDF\r\n--Xy"),
        ("name=\"docs[]\"; filename=\"a.txt\"", "A"),
        ("name=\"docs[]\"; filename=\"b.txt\"", ""),
        ("name=\"scan\"; filename=\"1.png\"", "1"),
        ("name=\"scan\"; filename=\"2.png\"", "2"),
        ("name=\"empty\"; filename=\"\"", ""),
        ("filename=\"nameless\"", "x"),
    ]);
    let decoded = post(None, body).unwrap();
    assert_eq!(
        Value::Object(decoded.fields),
        json!({"who": "Мария", "resume": "cv.pdf", "docs": ["a.txt", "b.txt"], "scan": ["1.png", "2.png"]})
    );
    let files: Vec<_> = decoded
        .attachments
        .iter()
        .map(|file| (file.path.as_str(), file.file_name.as_str(), file.bytes.as_ref()))
        .collect();
    let expected: [(&str, &str, &[u8]); 5] = [
        ("resume", "cv.pdf", b"%PDF\r\n--Xy"),
        ("docs.0", "a.txt", b"A"),
        ("docs.1", "b.txt", b""),
        ("scan.0", "1.png", b"1"),
        ("scan.1", "2.png", b"2"),
    ];
    assert_eq!(files, expected);
}

#[test]
fn multipart_is_known_by_its_boundary() {
    let parts = multipart(&[("name=\"a\"", "1\n2")]);
    let expected = json!({"a": "1\n2"});
    assert_eq!(fields(post(None, format!("\r\n{parts}"))), expected);
    let preamble = format!("preamble\r\n{parts}");
    assert_eq!(
        fields(post(Some("multipart/form-data; boundary=XyZ"), preamble.clone())),
        expected
    );
    assert_eq!(post(None, preamble), Err(Unreadable::NotFields));
    let bare = multipart(&[("name=\"a\"", "1"), ("name=\"b\"", "2")]).replace('\r', "");
    assert_eq!(fields(post(None, bare)), json!({"a": "1", "b": "2"}));
    let nothing = post(Some("multipart/form-data; boundary=XyZ"), "--XyZ--\r\n");
    assert_eq!(fields(nothing), json!({}));
    for cut in [parts.len() - 8, parts.len() - 14, 40, 12] {
        let read = post(Some("multipart/form-data; boundary=XyZ"), parts[..cut].to_owned());
        assert!(
            matches!(read, Err(Unreadable::Multipart { .. })),
            "{cut}: {read:?}"
        );
    }
}

#[test]
fn what_is_no_fields_is_refused() {
    for body in [
        "hello",
        "<?xml version=\"1.0\"?><a/>",
        "\"text\"",
        "42",
        "null",
        "--x\r\ny",
        "\u{0}\u{1}",
    ] {
        assert_eq!(post(None, body), Err(Unreadable::NotFields), "{body}");
    }
    for body in ["{", "[1,", "{\"a\":1}}", "[a]=b", "{'a':1"] {
        let read = post(Some(FORM), body);
        assert!(matches!(read, Err(Unreadable::Json { .. })), "{body}: {read:?}");
    }
}

#[test]
fn limits_are_told_apart_from_nonsense() {
    let limits = Limits {
        fields: 3,
        values: 3,
        depth: 3,
        body: 400,
        files: 10,
    };
    let read = |query: &str, body: String| {
        decode(
            &Raw {
                method: Method::Post,
                query,
                content_type: None,
                body: &body.into(),
            },
            &limits,
        )
    };
    let file = |size: usize| multipart(&[("name=\"f\"; filename=\"f\"", &"x".repeat(size))]);
    let four = multipart(&[("name=a", ""), ("name=b", ""), ("name=c", ""), ("name=d", "")]);
    assert!(read("a=1&b=2&c=3", file(10)).is_ok());
    for (refused, expected) in [
        (
            read("a&b&c&d", String::new()),
            Unreadable::TooManyFields { limit: 3 },
        ),
        (
            read("", "[1,2,3,4]".to_owned()),
            Unreadable::TooManyFields { limit: 3 },
        ),
        (read("", four), Unreadable::TooManyFields { limit: 3 }),
        (
            read("a[b][c][d]=1", String::new()),
            Unreadable::TooDeep { limit: 3 },
        ),
        (
            read("", "{'a':{'b':{'c':{'d':1}}}}".to_owned()),
            Unreadable::TooDeep { limit: 3 },
        ),
        (
            read("", "{\"a\":[[[1]]]}".to_owned()),
            Unreadable::TooDeep { limit: 3 },
        ),
        (
            read("", format!("a={}", "x".repeat(400))),
            Unreadable::TextTooLarge { limit: 400 },
        ),
        (
            read("", format!("[\"{}\"]", "x".repeat(400))),
            Unreadable::TextTooLarge { limit: 400 },
        ),
        (
            read("", multipart(&[("name=a", &"x".repeat(400))])),
            Unreadable::TextTooLarge { limit: 400 },
        ),
        (read("", file(11)), Unreadable::FilesTooLarge { limit: 10 }),
    ] {
        assert_eq!(refused.as_ref(), Err(&expected));
        assert!(expected.is_too_large());
    }
    assert!(!Unreadable::NotFields.is_too_large());
}

#[test]
fn a_connection_test_is_test_and_nothing_else() {
    for (query, expected) in [
        ("test=test", true),
        ("test=test&a=", false),
        ("test=1", false),
        ("", false),
    ] {
        assert_eq!(
            is_connection_test(&request(Method::Get, query, None, "").unwrap().fields),
            expected
        );
    }
    assert!(is_connection_test(
        &post(None, "{\"test\":\"test\"}").unwrap().fields
    ));
}

proptest! {
    #[test]
    fn any_request_is_read_or_refused(
        query in "\\PC{0,30}",
        content_type in prop::option::of("(multipart/form-data; boundary=b|a/b; charset=[a-z0-9-]{0,12}|\\PC{0,20})"),
        body in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let _ = request(Method::Post, &query, content_type.as_deref(), body);
    }

    /// Bodies that come close to multipart.
    #[test]
    fn any_near_multipart_is_read_or_refused(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "--b", "--", "\r\n", "\n", "Content-Disposition: form-data; ", "name=a", "name=\"a[]\"",
                "; filename=f", "; filename=\"", "\"", ":", "Content-Type: text/plain; charset=cp1251", "é", "",
            ]),
            0..24,
        ),
    ) {
        let body = format!("--b\r\nContent-{}", pieces.concat());
        let _ = post(None, body);
        let _ = post(Some("multipart/form-data; boundary=b"), pieces.concat());
    }

    #[test]
    fn form_text_comes_through_exactly(name in "[^\\[\\]]{1,12}", value in "\\PC{0,20}") {
        prop_assume!(!name.eq("_charset_"));
        let body: String = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
        prop_assume!(!body.starts_with('='));
        let mut expected = Fields::new();
        expected.insert(name, value.into());
        prop_assert_eq!(&request(Method::Post, &body, None, "").unwrap().fields, &expected);
        prop_assert_eq!(&post(None, body).unwrap().fields, &expected);
    }

    /// What was accepted can be stored and read again: its JSON text reads back as the same fields.
    #[test]
    fn what_is_accepted_survives_storage(body in "[a-c\\[\\]=&0-2%é]{0,30}") {
        if let Ok(decoded) = post(None, body) {
            let stored = serde_json::to_string(&decoded.fields).unwrap();
            prop_assert_eq!(serde_json::from_str::<Fields>(&stored).unwrap(), decoded.fields);
        }
    }
}
