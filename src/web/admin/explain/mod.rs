//! What the engine says, in the reader's language: what happened, with which field and value, and what to do.
//!
//! Errors are stored, logged and reported in English: by their text they are known again here. `causes` holds whole
//! sentences, `phrases` the parts of them. What is not known is shown as it is, and marked as English; tests read the
//! sources and fail when a sentence of ours is among it. The text itself can always be unfolded.

mod causes;
mod phrases;
#[cfg(test)]
mod tests;

use maud::{Markup, html};

use super::shown::{short, visible};
use super::view::{facts, portal_page_link};
use super::visit::Visit;
use crate::store::StoreError;
use crate::values::BadValue;
use crate::web::visitor::Language;
use causes::{CAUSES, Cause, Mend};
use phrases::{METHODS, PHRASES};

/// How many characters of an error a list shows.
const SHORT_CHARS: usize = 140;
const GIVEN_UP: &str = "given up after seven days of trying: {}; deliver it again when that is mended";
/// Sentences around another one, which says everything.
const AROUND: [&str; 2] = [
    "the portal could not be read: {}",
    "the portal did not answer: {}; check the connection with `b24-bridge portal check`",
];

/// An error in words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Explained {
    what: String,
    facts: Vec<(&'static str, String)>,
    way_out: String,
    mend: Mend,
}

/// Explains an error; `None` when it is of no known kind.
fn explain(lang: Language, error: &str) -> Option<Explained> {
    if let Some(inner) = matched(GIVEN_UP, error) {
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
    for pattern in AROUND {
        if let Some(inner) = matched(pattern, error) {
            return explain(lang, inner.first()?);
        }
    }
    CAUSES.iter().copied().flatten().find_map(|cause| {
        let parts = matched(cause.pattern, error)?;
        Some(of_cause(lang, cause, &parts))
    })
}

/// The same for a request whose channel, of this slug, is deleted: nothing can be mended in its settings.
fn explain_of(lang: Language, error: &str, deleted: Option<&str>) -> Option<Explained> {
    let mut explained = explain(lang, error)?;
    if let (Mend::Channel, Some(slug)) = (explained.mend, deleted) {
        let slug = visible(slug);
        explained.way_out = lang.t(
            format!("Канал этого запроса удалён. Создайте канал с тем же адресом ({slug}) и верными настройками, затем доставьте запрос снова."),
            format!("The request's channel is deleted. Make a channel of the same address ({slug}) with the right settings, then deliver again."),
        );
        explained.mend = Mend::Elsewhere;
    }
    Some(explained)
}

fn of_cause(lang: Language, cause: &Cause, parts: &[&str]) -> Explained {
    let words: Vec<Option<String>> = parts.iter().map(|part| in_words(lang, part)).collect();
    let facts = cause.facts.iter().filter_map(|fact| {
        let value = match words.get(fact.part)? {
            Some(words) => words.clone(),
            // Another sentence of ours, or a library's words: whoever wants those unfolds the text.
            None if fact.is_own && lang == Language::Russian => {
                let inner = explain(lang, parts.get(fact.part)?)?;
                lower_first(&inner.what)
            }
            None => (*parts.get(fact.part)?).to_owned(),
        };
        let value = if fact.is_field { titled(&value) } else { value };
        Some((lang.of(fact.label), value))
    });
    let facts = facts.collect();
    let filling: Vec<String> = words
        .into_iter()
        .zip(parts)
        .map(|(words, part)| words.unwrap_or_else(|| (*part).to_owned()))
        .collect();
    Explained {
        what: filled(lang.of(cause.what), &filling),
        facts,
        way_out: sentence(&filled(lang.of(cause.way_out), &filling)),
        mend: cause.mend,
    }
}

/// `OPPORTUNITY (Сумма)` as the form of a channel has it: `Сумма (OPPORTUNITY)`.
fn titled(field: &str) -> String {
    match field
        .split_once(" (")
        .and_then(|(code, rest)| Some((code, rest.strip_suffix(')')?)))
    {
        Some((code, title)) => format!("{title} ({code})"),
        None => field.to_owned(),
    }
}

/// A part of an error in the reader's language; `None` when it is none of the bridge's own words.
fn in_words(lang: Language, part: &str) -> Option<String> {
    if let Some((_, purpose)) = METHODS.iter().find(|(method, _)| *method == part) {
        return Some(lang.of(*purpose).to_owned());
    }
    if lang == Language::English {
        // "it takes a date" stands beside "Expected".
        return part.strip_prefix("it takes ").map(str::to_owned);
    }
    let (text, code) = match part.rsplit_once(" [") {
        Some((text, code)) if code.ends_with(']') => (text, Some(code)),
        _ => (part, None),
    };
    let russian = PHRASES.iter().copied().flatten().find_map(|(pattern, russian)| {
        let parts: Vec<String> = matched(pattern, text)?
            .into_iter()
            .map(|part| inner(part).unwrap_or_else(|| unquoted(part)))
            .collect();
        Some(filled(russian, &parts))
    })?;
    Some(match code {
        Some(code) => format!("{russian} [{code}"),
        None => russian,
    })
}

/// A sentence of ours within another one, in Russian. One word is a code or a value.
fn inner(part: &str) -> Option<String> {
    if !part.contains(' ') {
        return None;
    }
    let explained = explain(Language::Russian, part).map(|explained| lower_first(&explained.what));
    explained.or_else(|| in_words(Language::Russian, part))
}

/// A part that was written down in quotes, without them: Russian has its own.
fn unquoted(part: &str) -> String {
    let inside = part.strip_prefix('"').and_then(|part| part.strip_suffix('"'));
    inside.map_or_else(
        || part.to_owned(),
        |text| text.replace("\\\"", "\"").replace("\\\\", "\\"),
    )
}

/// What a method does, in words; the method's own name when it is not known.
pub fn purpose(lang: Language, method: &str) -> &str {
    let known = METHODS.iter().find(|(name, _)| *name == method);
    known.map_or(method, |(_, purpose)| lang.of(*purpose))
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
        let number = after
            .split_once('}')
            .filter(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        rest = match number {
            Some((number, after)) => {
                if let Some(part) = number.parse::<usize>().ok().and_then(|n| parts.get(n)) {
                    out.push_str(part);
                }
                after
            }
            None => {
                out.push('{');
                after
            }
        };
    }
    out.push_str(rest);
    out
}

fn sentence(text: &str) -> String {
    let mut text = upper_first(text);
    if !text.is_empty() && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(chars).collect()
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_lowercase).into_iter().flatten();
    first.chain(chars).collect()
}

/// An error in one line, for lists.
pub fn in_short(lang: Language, error: &str) -> String {
    let line = match explain(lang, error) {
        None => error.to_owned(),
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

/// An error whole, in one paragraph: what happened, the facts, the way out.
pub fn in_full(lang: Language, error: &str) -> String {
    in_full_of(lang, error, None)
}

fn in_full_of(lang: Language, error: &str, deleted: Option<&str>) -> String {
    let Some(explained) = explain_of(lang, error, deleted) else {
        return in_words(lang, error).map_or_else(|| error.to_owned(), |words| upper_first(&words));
    };
    let mut text = explained.what;
    for (n, (label, value)) in explained.facts.iter().enumerate() {
        let mark = if n == 0 { ". " } else { "; " };
        let label = if n == 0 {
            (*label).to_owned()
        } else {
            lower_first(label)
        };
        text.push_str(&format!("{mark}{label}: {value}"));
    }
    if !explained.way_out.is_empty() {
        text.push_str(if text.ends_with(['.', '!', '?']) {
            " "
        } else {
            ". "
        });
        text.push_str(&explained.way_out);
    }
    text
}

/// The language that [`in_full`] and [`in_short`] answer in, where that is another than the page's.
fn lang_of(lang: Language, error: &str) -> Option<&'static str> {
    let is_known =
        lang == Language::English || explain(lang, error).is_some() || in_words(lang, error).is_some();
    (!is_known).then_some("en")
}

/// A paragraph that says everything about an error.
pub fn paragraph(lang: Language, error: &str) -> Markup {
    paragraph_of(lang, error, None)
}

/// The same for a request whose channel may be deleted: its slug then.
pub fn paragraph_of(lang: Language, error: &str, deleted: Option<&str>) -> Markup {
    let text = beginning(in_full_of(lang, error, deleted));
    html! { p { span lang=[lang_of(lang, error)] { (visible(&text)) } } }
}

/// The same within a paragraph.
pub fn words(lang: Language, error: &str) -> Markup {
    html! { span lang=[lang_of(lang, error)] { (visible(&in_full(lang, error))) } }
}

/// The engine's errors begin small. So does what is no word: a code, a field's name.
fn beginning(text: String) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first.bytes().all(|byte| byte.is_ascii_lowercase()) {
        upper_first(&text)
    } else {
        text
    }
}

/// An error in one line, within a sentence.
pub fn line(lang: Language, error: &str) -> Markup {
    html! { span lang=[lang_of(lang, error)] { (in_short(lang, error)) } }
}

/// An error with its way out. `channel` is the address of the channel's settings, when it still exists; `deleted` is
/// its slug, when it does not.
pub fn panel(visit: &Visit<'_>, error: &str, channel: Option<&str>, deleted: Option<&str>) -> Markup {
    let Some(explained) = explain_of(visit.lang, error, deleted) else {
        return html! { p.cause lang="en" { (visible(error)) } };
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
        (as_stored(visit, error))
    }
}

/// The reason of something that mends itself: in one line, with the text itself to unfold.
pub fn aside(visit: &Visit<'_>, error: &str) -> Markup {
    html! {
        p { (visit.t("Причина: ", "Reason: ")) (line(visit.lang, error)) "." }
        (as_stored(visit, error))
    }
}

fn as_stored(visit: &Visit<'_>, error: &str) -> Markup {
    html! {
        details #stored-error .as-stored {
            summary { (visit.t("Исходный текст ошибки", "The error as it is stored")) }
            p lang="en" { (visible(error)) }
        }
    }
}

/// A value that the portal would not take, beside the row that gives it.
pub fn of_value(lang: Language, bad: &BadValue) -> String {
    let (expected, way_out) = bad.expected.split_once("; ").unwrap_or((&bad.expected, ""));
    let words = |part: &str| in_words(lang, part).unwrap_or_else(|| part.to_owned());
    let (value, expected, way_out) = (&bad.value, words(expected), sentence(&words(way_out)));
    let text = lang.t(
        format!("Портал этого не примет: пришло «{value}», а нужно: {expected}. {way_out}"),
        format!("The portal would not take this: “{value}” came, expected: {expected}. {way_out}"),
    );
    text.trim_end().to_owned()
}

/// What went wrong with the store, as far as a page can meet it.
pub fn of_store(lang: Language, error: &StoreError) -> String {
    match (lang, error) {
        (Language::English, error) => error.to_string(),
        (_, StoreError::Refused(reason)) => format!(
            "Диск не принял запись ({reason}). Освободите место или почините диск — дальше всё заработает само."
        ),
        (_, StoreError::Closed) => "Мост останавливается. Повторите, когда он запустится снова.".to_owned(),
        (_, StoreError::NoSuchChannel(slug)) => format!("Канала «{slug}» нет."),
        (_, StoreError::NoSuchDelivery(id)) => format!("Запроса {id} больше нет: он удалён."),
        (_, StoreError::Broken { reason, .. } | StoreError::Unwritable { reason, .. }) => {
            format!("Данные в базе не читаются ({reason}). Восстановите резервную копию.")
        }
        (_, StoreError::Statement(reason)) => format!("База не выполнила запрос: {reason}."),
        (_, StoreError::NoRandomness(reason)) => {
            format!("Операционная система не дала случайных чисел: {reason}.")
        }
        // These are met at start alone, on a terminal.
        (
            _,
            StoreError::Newer { .. }
            | StoreError::Foreign(_)
            | StoreError::Open { .. }
            | StoreError::InUse(_)
            | StoreError::Exists(_)
            | StoreError::NoFile { .. }
            | StoreError::NoBackup { .. },
        ) => "База недоступна. Подробности — в журнале работы моста.".to_owned(),
    }
}
