//! Stored errors in the reader's language: what happened, with which field and value, and what to do.
//!
//! Errors are stored and logged in English. What is not known here is shown as it is stored; the stored text can
//! always be unfolded.

use maud::{Markup, html};

use super::causes::{CAUSES, Cause, Mend};
use super::phrases::{EXPECTED, REASONS, WAYS_OUT};
use super::shown::{short, visible};
use super::steps::purpose;
use crate::web::admin::view::{facts, portal_page_link};
use crate::web::admin::visit::Visit;
use crate::web::visitor::Language;

/// How many characters of an error a list shows.
const SHORT_CHARS: usize = 140;
const GIVEN_UP: &str = "given up after seven days of trying: {}; deliver it again when that is mended";

/// An error in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    pub what: String,
    pub facts: Vec<(&'static str, String)>,
    pub way_out: String,
    pub mend: Mend,
}

/// Explains a stored error; `None` when it is of no known kind.
pub fn explain(lang: Language, stored: &str) -> Option<Explained> {
    if let Some(inner) = matched(GIVEN_UP, stored) {
        let inner = inner.first().copied().unwrap_or_default();
        let mut explained = explain(lang, inner).unwrap_or_else(|| Explained {
            what: inner.to_owned(),
            facts: Vec::new(),
            way_out: String::new(),
            mend: Mend::Elsewhere,
        });
        explained.what = format!(
            "{}: {}",
            lang.t(
                "Семь дней попыток не помогли",
                "Given up after seven days of trying"
            ),
            lower_first(&explained.what)
        );
        explained.way_out = lang
            .t(
                "Устраните причину и доставьте запрос снова.",
                "Mend the cause and deliver the request again.",
            )
            .to_owned();
        return Some(explained);
    }
    CAUSES.iter().find_map(|cause| {
        let parts = matched(cause.pattern, stored)?;
        Some(of_cause(lang, cause, &parts))
    })
}

fn of_cause(lang: Language, cause: &Cause, parts: &[&str]) -> Explained {
    let parts: Vec<String> = parts.iter().map(|part| in_words(lang, part)).collect();
    let facts = cause.facts.iter().filter_map(|(n, label)| {
        let value = parts.get(*n)?;
        Some((lang.of(*label), value.clone()))
    });
    Explained {
        what: filled(lang.of(cause.what), &parts),
        facts: facts.collect(),
        way_out: sentence(&filled(lang.of(cause.way_out), &parts)),
        mend: cause.mend,
    }
}

/// A part of a stored error in the reader's language, when it is one of the bridge's own words.
fn in_words(lang: Language, part: &str) -> String {
    if part.starts_with("crm.") {
        return purpose(lang, part).to_owned();
    }
    if lang == Language::English {
        // "it takes a date" stands beside "Expected".
        return part.strip_prefix("it takes ").unwrap_or(part).to_owned();
    }
    for (pattern, russian) in EXPECTED.iter().chain(WAYS_OUT).chain(REASONS) {
        if let Some(parts) = matched(pattern, part) {
            let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            return filled(russian, &parts);
        }
    }
    part.to_owned()
}

/// What stands for the `{}` of a pattern; `None` when the text is another one.
fn matched<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut literals = pattern.split("{}");
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut literals = literals.peekable();
    let mut parts = Vec::new();
    while let Some(literal) = literals.next() {
        if literals.peek().is_none() {
            // The last one ends the text.
            parts.push(rest.strip_suffix(literal)?);
            rest = "";
        } else {
            let (part, after) = rest.split_once(literal)?;
            parts.push(part);
            rest = after;
        }
    }
    rest.is_empty().then_some(parts)
}

/// Puts parts in the place of `{0}`, `{1}`, …. One pass, so that no part is taken for a placeholder.
fn filled(template: &str, parts: &[String]) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((number, after)) = after.split_once('}') else {
            break;
        };
        if let Some(part) = number.parse::<usize>().ok().and_then(|n| parts.get(n)) {
            out.push_str(part);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut text: String = chars
        .next()
        .map(char::to_uppercase)
        .into_iter()
        .flatten()
        .collect();
    text.extend(chars);
    if !text.is_empty() && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_lowercase).into_iter().flatten();
    first.chain(chars).collect()
}

/// An error in one line, for lists.
pub fn in_short(lang: Language, stored: &str) -> String {
    let line = match explain(lang, stored) {
        None => stored.to_owned(),
        Some(explained) => {
            let facts: Vec<&str> = explained
                .facts
                .iter()
                .take(2)
                .map(|(_, value)| value.as_str())
                .collect();
            if facts.is_empty() {
                explained.what
            } else {
                format!("{}: {}", explained.what, facts.join(" ← "))
            }
        }
    };
    short(&visible(&line), SHORT_CHARS).into_owned()
}

/// An error with its way out. `channel` is the address of the channel's settings, when it still exists.
pub fn panel(visit: &Visit<'_>, stored: &str, channel: Option<&str>) -> Markup {
    let Some(explained) = explain(visit.lang, stored) else {
        return html! { p.cause lang="en" { (visible(stored)) } };
    };
    let rows: Vec<(&str, Markup)> = explained
        .facts
        .iter()
        .map(|(name, value)| (*name, html! { (visible(value)) }))
        .collect();
    html! {
        p.cause { (visible(&explained.what)) }
        @if !rows.is_empty() { (facts(&rows)) }
        @if !explained.way_out.is_empty() {
            p.way-out {
                (visible(&explained.way_out))
                @match (explained.mend, channel) {
                    (Mend::Channel, Some(channel)) => { " " a href=(visit.at(channel)) { (visit.t("Открыть настройки канала", "Open the channel's settings")) } }
                    (Mend::Portal, _) => { " " (portal_page_link(visit, visit.t("Открыть подключение портала", "Open the portal's connection"))) }
                    _ => {}
                }
            }
        }
        (as_stored(visit, stored))
    }
}

/// The reason of something that mends itself: in one line, with the stored text to unfold.
pub fn aside(visit: &Visit<'_>, stored: &str) -> Markup {
    html! {
        p { (visit.t("Причина: ", "Reason: ")) (in_short(visit.lang, stored)) "." }
        (as_stored(visit, stored))
    }
}

fn as_stored(visit: &Visit<'_>, stored: &str) -> Markup {
    html! {
        details #stored-error .as-stored {
            summary { (visit.t("Исходный текст ошибки", "The error as it is stored")) }
            p lang="en" { (visible(stored)) }
        }
    }
}

#[cfg(test)]
mod tests {
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
            "form",
            "data",
        ];
        !text
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
        assert!(stored.len() >= 11, "{stored:?}");
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

    proptest! {
        #[test]
        fn any_text_can_be_explained_or_not(text in "(the field |the portal )?[\"{}:; a-z]{0,60}") {
            explain(RU, &text);
            in_short(RU, &text);
        }
    }
}
