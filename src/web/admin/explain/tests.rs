//! Every sentence of ours is known here, in Russian.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

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

/// Folders whose sentences can reach a page, and files.
const SOURCES: &[&str] = &[
    "values",
    "plan",
    "wire",
    "portal",
    "intake",
    "template",
    "deliver",
    "channel_file/checks.rs",
    "web/letter.rs",
    "web/sieve.rs",
];

/// Sentences that no page shows, each with its reason.
const ELSEWHERE: &[&str] = &[
    // `pages::portal` has words of its own for each line of the check and for a wrong address.
    "portal/check.rs",
    "portal/connection.rs",
    "portal/test_server.rs",
    // A phone's notations and the like: parts of values, not of sentences.
    "{} · {} {}",
    // Parts of sentences that are looked at whole below.
    "one of {}",
    "one of {} and {} more",
    "in deal pipeline {}",
    // Is always around a sentence of its own.
    "it takes {}; correct the form or add the value in the portal",
    // The portal's own values follow, or another sentence does; `every_refused_value…` and `what_the_portal…` have them.
    "the portal's currencies are known by code or name: {}; correct the row or add the currency to the portal",
    "the portal has no stage {} {}; choose another stage in the channel, then deliver again",
    "this delivery began as a {} and its channel makes a {} now; set the channel's entity back to {}, deliver again, and change it after that",
    "the portal could not be read: {}",
    "the portal did not answer: {}; check the connection with `b24-bridge portal check`",
    // `pages::portal` asks instead.
    "{} submissions are half delivered to the portal known so far",
    // To the log, to a terminal, or to the other end of the wire.
    "cannot start a thread: {}",
    "Mozilla/5.0 (compatible; b24-bridge/{})",
];

/// The text of every string in a file of ours that reads like a sentence, tests, logging and documentation left out.
fn sentences(file: &Path) -> Vec<String> {
    fn walk(stream: TokenStream, out: &mut Vec<String>) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let is = |token: Option<&TokenTree>, text: &str| token.is_some_and(|token| token.to_string() == text);
        let mut i = 0;
        while let Some(token) = tokens.get(i) {
            if is(Some(token), "#")
                && tokens
                    .get(i + 1)
                    .is_some_and(|next| next.to_string().replace(' ', "") == "[cfg(test)]")
            {
                // The item ends with a block or a semicolon.
                i += 2;
                while let Some(token) = tokens.get(i) {
                    let is_block = matches!(token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace);
                    i += 1;
                    if is_block || token.to_string() == ";" {
                        break;
                    }
                }
                continue;
            }
            let is_log = is(Some(token), "tracing") && is(tokens.get(i + 4), "!");
            let hash = usize::from(is(tokens.get(i + 1), "!"));
            let is_documentation = is(Some(token), "#")
                && tokens
                    .get(i + 1 + hash)
                    .is_some_and(|next| next.to_string().starts_with("[doc"));
            if is_log {
                i += 6;
                continue;
            }
            if is_documentation {
                i += 2 + hash;
                continue;
            }
            match token {
                TokenTree::Group(group) => walk(group.stream(), out),
                TokenTree::Literal(literal) => out.extend(text_of(&literal.to_string())),
                _ => {}
            }
            i += 1;
        }
    }
    let text = std::fs::read_to_string(file).unwrap();
    let mut out = Vec::new();
    walk(text.parse().unwrap(), &mut out);
    out.retain(|text| {
        let words = text.split(' ').filter(|word| {
            word.len() > 1
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == ',' || c == ';')
        });
        words.count() >= 3
    });
    out
}

/// What a literal holds, with `{}` for every placeholder of a format.
fn text_of(literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            '{' | '}' if chars.next_if_eq(&c).is_some() => text.push(c),
            '{' => {
                while chars.next_if(|c| *c != '}').is_some() {}
                chars.next();
                text.push_str("{}");
            }
            c => text.push(c),
        }
    }
    Some(text)
}

fn files(at: &Path, out: &mut Vec<std::path::PathBuf>) {
    if at.is_file() {
        out.push(at.to_owned());
        return;
    }
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains("test") {
            files(&path, out);
        }
    }
}

/// Reads the sources: no sentence of ours reaches a Russian page in English, and a new one is not forgotten.
#[test]
fn every_sentence_of_the_engine_is_known_in_russian() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    for source in SOURCES {
        files(&root.join(source), &mut all);
    }
    let mut unknown = Vec::new();
    let mut known = 0;
    for file in &all {
        let name = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        if ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        for pattern in sentences(file) {
            if ELSEWHERE.contains(&pattern.as_str()) {
                continue;
            }
            // As it would be filled: numbers fit everywhere.
            let text = pattern.replace("{}", "7");
            match russian(&text) {
                Some(words) if is_russian(&words) => known += 1,
                other => unknown.push(format!("{name}: {text} -> {other:?}")),
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "{} sentences without Russian:\n{}",
        unknown.len(),
        unknown.join("\n")
    );
    assert!(known > 90, "only {known} sentences were found");
}

/// Everything that is shown for a sentence, or for the two halves of what a field takes.
fn russian(text: &str) -> Option<String> {
    let halves = text.split_once("; ").and_then(|(expected, way_out)| {
        Some(format!("{} {}", in_words(RU, expected)?, in_words(RU, way_out)?))
    });
    halves.or_else(|| (lang_of(RU, text).is_none()).then(|| in_full(RU, text)))
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
    ] {
        let words = in_full(RU, error);
        assert!(words.starts_with(expected), "{words}");
        assert_eq!(lang_of(RU, error), None);
    }
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
