//! Every sentence of ours is known here, in Russian.

mod sources;

use super::*;
use crate::intake;
use crate::model::{Answer, Catalog, Field, FieldKind, Label, Millis, User};
use crate::plan::wanted::Unfit;
use crate::values::{self, Context, Input};
use crate::wire::verdict::{self, Level};
use bytes::Bytes;
use proptest::prelude::*;

const RU: Language = Language::Russian;

#[test]
fn patterns_are_matched_whole() {
    for (pattern, text, expected) in [
        ("a {} b {}", "a 1 b 2", Some(vec!["1", "2"])),
        ("a {}", "a ", Some(vec![""])),
        ("a {}; z", "a b; c; z", Some(vec!["b; c"])),
        ("a {}; z", "a b; c", None),
        ("{} b", "x b", Some(vec!["x"])),
        ("a", "a", Some(vec![])),
        ("a", "ab", None),
    ] {
        assert_eq!(matched(pattern, text), expected, "{pattern} {text}");
    }
    assert_eq!(
        filled("{1}-{0}-{9}", &["{1}".to_owned(), "b".to_owned()]),
        "b-{1}-"
    );
}

#[test]
fn a_key_that_is_not_accepted_asks_for_the_key() {
    let gone = |code: &str| {
        format!(
            "the application cannot be used since 2026-11-28T00:00:00Z (the authorization server gives no new tokens: {code}); \
             connect it anew in the portal, requests wait until then"
        )
    };
    for code in ["invalid_client", "invalid_client, Invalid client"] {
        let said = in_full(RU, &gone(code));
        assert!(said.contains("client_secret"), "{said}");
    }
    let other = in_full(RU, &gone("invalid_grant"));
    assert!(other.contains("установите приложение"), "{other}");
}

/// Text without a Latin word, names in capitals and what came from outside left aside.
fn is_russian(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "mail",
        "true",
        "false",
        "nginx",
        "client",
        "body",
        "size",
        "multipart",
        "http",
        "https",
        "website",
        "shop",
        "example",
        "secret",
        "form",
        "data",
    ];
    let flags = |word: &&str| !word.trim_start_matches('(').starts_with("--");
    let text: Vec<&str> = text.split(' ').filter(flags).collect();
    !text
        .join(" ")
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !NAMES.contains(word))
        .any(|word| word.len() > 3 && word.chars().all(|c| c.is_ascii_lowercase()))
}

fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        title: "Название".to_owned(),
        kind,
        type_name: String::new(),
        multiple: false,
        read_only: false,
        required: false,
        items: vec![Label {
            id: "1".to_owned(),
            label: "Первый".to_owned(),
        }],
    }
}

/// Every sentence by which the conversion of values refuses one.
#[test]
fn every_refused_value_is_explained_in_russian() {
    let user = |id, name: &str, active| User {
        id,
        name: name.to_owned(),
        email: String::new(),
        active,
    };
    let catalog = Catalog {
        users: vec![
            user(1, "Иван Ушёл", false),
            user(2, "Анна Два", true),
            user(3, "Анна Два", true),
        ],
        currencies: vec![Label {
            id: "RUB".to_owned(),
            label: "Рубль".to_owned(),
        }],
        ..Catalog::default()
    };
    let many = Field {
        items: (0..12)
            .map(|n| Label {
                id: n.to_string(),
                label: format!("Значение {n}"),
            })
            .collect(),
        ..field("UF_CRM_A", FieldKind::Enumeration)
    };
    let cases = [
        (field("UF_CRM_A", FieldKind::Integer), "много"),
        (field("UF_CRM_A", FieldKind::Double), "много"),
        (field("UF_CRM_A", FieldKind::Money), "много"),
        (field("UF_CRM_A", FieldKind::Money), "5 XAU"),
        (field("UF_CRM_A", FieldKind::Date), "завтра"),
        (field("UF_CRM_A", FieldKind::DateTime), "завтра"),
        (field("UF_CRM_A", FieldKind::Boolean), "может быть"),
        (field("UF_CRM_A", FieldKind::Enumeration), "Второй"),
        (many, "Второй"),
        (
            Field {
                items: vec![],
                ..field("UF_CRM_A", FieldKind::Enumeration)
            },
            "Второй",
        ),
        (field("CURRENCY_ID", FieldKind::Currency), "тугрик"),
        (field("ASSIGNED_BY_ID", FieldKind::User), "99"),
        (field("ASSIGNED_BY_ID", FieldKind::User), "Пётр Нет"),
        (field("ASSIGNED_BY_ID", FieldKind::User), "Иван Ушёл"),
        (field("ASSIGNED_BY_ID", FieldKind::User), "Анна Два"),
        (field("UF_CRM_A", FieldKind::File), "резюме"),
        (
            Field {
                read_only: true,
                ..field("ID", FieldKind::Integer)
            },
            "5",
        ),
        (
            Field {
                multiple: true,
                ..field("UF_CRM_A", FieldKind::Integer)
            },
            " ",
        ),
    ];
    for (field, text) in cases {
        let ctx = Context {
            catalog: &catalog,
            country: "RU",
            attachments: &[],
            category_id: None,
        };
        let bad = values::convert(&field, &Input::one(text), &ctx).expect_err(text);
        let stored = Unfit::Value(bad).to_string();
        let explained = explain(RU, &stored).expect(&stored);
        assert_eq!(explained.what, "Значение не подходит полю портала", "{stored}");
        assert_eq!(explained.facts.len(), 3, "{stored}");
        let (expected, way_out) = (&explained.facts[2].1, &explained.way_out);
        assert!(is_russian(expected), "{expected} of {stored}");
        assert!(is_russian(way_out), "{way_out} of {stored}");
    }
}

#[test]
fn what_the_portal_and_the_network_do_is_explained() {
    let mut stored = vec![
        Unfit::NoField {
            of: "deal",
            field: "UF_CRM_X".to_owned(),
        }
        .to_string(),
        Unfit::Template {
            field: "TITLE".to_owned(),
            reason: "x".to_owned(),
        }
        .to_string(),
    ];
    let now = Millis(0);
    for place in ["in deal pipeline 3", "of leads"] {
        let (stage, place) = ("NEW".to_owned(), place.to_owned());
        stored.push(Unfit::NoStage { stage, place }.to_string());
    }
    for (before, now) in [("deal", "lead"), ("lead", "deal")] {
        stored.push(format!(
            "this delivery began as a {before} and its channel makes a {now} now; set it back"
        ));
    }
    for template in ["{", "}", "{}"] {
        let reason = crate::template::Template::parse(template)
            .unwrap_err()
            .to_string();
        let field = "TITLE".to_owned();
        stored.push(Unfit::Template { field, reason }.to_string());
    }
    for (status, code) in [
        (401, "NO_AUTH_FOUND"),
        (503, "QUERY_LIMIT_EXCEEDED"),
        (500, "INTERNAL_SERVER_ERROR"),
        (503, ""),
    ] {
        stored.extend(said(&verdict::of_error(Level::Batch, status, code, "слова", now)));
    }
    for status in [200, 413, 429, 502] {
        stored.extend(said(&verdict::of_page(status, "text/html", b"<html>")));
    }
    for body in ["{", "----x\r\n"] {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let raw = intake::Raw {
            method: intake::Method::Post,
            query: "",
            content_type: Some("multipart/form-data; boundary=x"),
            body: &body,
        };
        stored.extend(
            intake::decode(&raw, &intake::Limits::default())
                .err()
                .map(|error| error.to_string()),
        );
    }
    assert!(stored.len() >= 17, "{stored:?}");
    for text in stored {
        let explained = explain(RU, &text).unwrap_or_else(|| panic!("not known: {text}"));
        assert!(is_russian(&explained.what), "{explained:?}");
        assert!(is_russian(&explained.way_out), "{explained:?}");
        let given_up =
            format!("given up after seven days of trying: {text}; deliver it again when that is mended");
        let outer = explain(RU, &given_up).unwrap();
        assert!(outer.what.starts_with("Семь дней"), "{outer:?}");
        assert_eq!(outer.facts, explained.facts);
    }
}

#[test]
fn a_refusal_names_what_was_tried_and_the_portals_words() {
    let stored = "the portal refused crm.deal.add at step \"entity\": Не заполнено поле «Размер» [REQUIRED]; mend it in the portal or in the channel, then deliver again";
    let explained = explain(RU, stored).unwrap();
    assert_eq!(explained.what, "Портал отказал: Создание сделки");
    let words = "Не заполнено поле «Размер» [REQUIRED]".to_owned();
    assert_eq!(explained.facts, [("Ответ портала", words)]);
    assert_eq!(explained.mend, Mend::Channel);
    let scope = "the portal refused crm.deal.add at step \"entity\": the connection lacks the right (scope) that this method needs [insufficient_scope]; mend it in the portal or in the channel, then deliver again";
    assert_eq!(explain(RU, scope).unwrap().mend, Mend::Portal);
}

fn said(answer: &Answer) -> Option<String> {
    answer.trouble().map(|trouble| trouble.text.clone())
}

#[test]
fn every_remark_of_the_check_is_known_in_russian() {
    for (method, loss) in crate::portal::OPTIONAL_METHODS {
        let words = in_full(RU, &format!("missing; {loss}"));
        let words = words
            .replace("crm.activity.add", "")
            .replace("crm.dealcategory.list", "");
        assert!(is_russian(&words), "{method}: {words}");
    }
}

#[test]
fn what_libraries_say_is_translated_or_left_out() {
    for (error, expected) in [
        (
            "no connection to https://portal.example (Connection refused (os error 111)); check the name, the route and the firewall",
            "Нет связи с порталом https://portal.example. Причина: соединение отклонено. Проверьте",
        ),
        (
            "the certificate of https://portal.example is refused (invalid peer certificate: UnknownIssuer); name its authority",
            "Сертификату портала https://portal.example нельзя доверять. Причина: сертификат выдан неизвестным центром. Укажите",
        ),
        (
            "no TLS connection to https://portal.example (something quite new)",
            "Нет защищённого соединения с https://portal.example. Проверьте",
        ),
        (
            "the body starts like JSON and is broken (Unexpected word on line 2 column 7): send valid JSON",
            "Тело запроса похоже на JSON, но в нём ошибка. Причина: строка 2, знак 7: здесь что-то лишнее. Исправьте",
        ),
        (
            "the portal refused crm.deal.add at step \"entity\": the portal has no such method [ERROR_METHOD_NOT_FOUND]; mend it in the portal or in the channel, then deliver again",
            "Портал отказал: Создание сделки. Ответ портала: в портале нет такого метода [ERROR_METHOD_NOT_FOUND]. Исправьте",
        ),
        (
            "given up after seven days of trying: the portal could not be read: no connection to x in time; check; deliver it again when that is mended",
            "Семь дней попыток не помогли: портал x не отвечает на соединение. Устраните",
        ),
        (
            "the access token has expired and cannot be renewed at the moment: no connection to https://oauth.example in time; check the route; nothing was sent",
            "Сервер авторизации не продлевает доступ к порталу. Причина: портал https://oauth.example не отвечает на соединение. Проверьте",
        ),
    ] {
        let words = in_full(RU, error);
        assert!(words.starts_with(expected), "{words}");
        assert_eq!(lang_of(RU, error), None);
    }
    let quoted =
        "\"a\\\"b\" is no origin: write scheme, host and port in small letters, such as https://shop.example";
    assert!(
        in_full(RU, quoted).starts_with("«a\"b» — не адрес сайта."),
        "{}",
        in_full(RU, quoted)
    );
    assert_eq!(lang_of(RU, "nobody has seen this"), Some("en"));
    assert_eq!(in_full(RU, "nobody has seen this"), "nobody has seen this");
}

#[test]
fn the_stores_errors_are_told_in_russian() {
    let id = crate::model::SubmissionId(1);
    let text = || "7".to_owned();
    for error in [
        StoreError::Refused(text()),
        StoreError::Closed,
        StoreError::NoSuchChannel(text()),
        StoreError::NoSuchDelivery(id),
        StoreError::Broken {
            what: "a channel",
            reason: text(),
        },
        StoreError::Unwritable {
            what: "a channel",
            reason: text(),
        },
        StoreError::Statement(text()),
        StoreError::NoRandomness(text()),
        StoreError::Foreign("x".into()),
        StoreError::InUse("x".into()),
        StoreError::Exists("x".into()),
    ] {
        assert!(is_russian(&of_store(RU, &error)), "{error:?}");
        assert_eq!(of_store(Language::English, &error), error.to_string());
    }
}

proptest! {
    #[test]
    fn any_text_can_be_explained_or_not(text in "(the field |the portal )?[\"{}:; a-z]{0,60}") {
        explain(RU, &text);
        in_short(RU, &text);
    }
}
