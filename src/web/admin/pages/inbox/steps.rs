//! Every call of a delivery, oldest first: what it is for, what was sent, what the portal answered, and how long it took.

use maud::{Markup, html};
use serde_json::Value;

use crate::model::{Effect, Entity, Step, StepState};
use crate::store::PastStep;
use crate::template;
use crate::web::admin::explain;
use crate::web::admin::shown::{exact, visible};
use crate::web::admin::view::{Tone, badge, facts};
use crate::web::admin::visit::Visit;

/// Calls shown; a delivery makes about ten, one that was tried for days hundreds.
const STEPS: usize = 200;

/// The card with all calls.
pub fn card(visit: &Visit<'_>, history: &[PastStep]) -> Markup {
    html! {
        section.card aria-labelledby="steps" {
            h2 #steps { (visit.t("Обработка по шагам", "Delivery step by step")) }
            @if history.is_empty() {
                p.hint { (visit.t("К порталу обращений не было.", "The portal was not called.")) }
            }
            @let skipped = history.len().saturating_sub(STEPS);
            @if skipped > 0 {
                p.hint { (visit.t("Ранние шаги скрыты: ", "Earlier steps left out: ")) (visit.lang.number(skipped as u64)) }
            }
            @if !history.is_empty() {
                ol.steps-list {
                    @for (n, past) in history.iter().enumerate().skip(skipped) { (step(visit, n, past, is_for_nothing(history, past))) }
                }
            }
        }
    }
}

/// A search for the leads or deals of contacts, sent together with the search for those, none of whom was found: the
/// portal takes the empty reference for no condition at all, and answers with somebody else's.
fn is_for_nothing(history: &[PastStep], past: &PastStep) -> bool {
    let Some(search) = past.step.key.strip_prefix("entities_of_") else {
        return false;
    };
    let StepState::Done { result } = &past.step.state else {
        return false;
    };
    let contacts = format!("find_contact_{search}");
    let found = history
        .iter()
        .rev()
        .find(|one| one.dropped == past.dropped && one.step.key == contacts)
        .map(|one| &one.step.state);
    !is_empty(result)
        && matches!(found, Some(StepState::Done { result }) if is_empty(result.get("CONTACT").unwrap_or(result)))
}

fn step(visit: &Visit<'_>, n: usize, past: &PastStep, for_nothing: bool) -> Markup {
    let Step {
        method,
        sent,
        state,
        begun_at,
        took_ms,
        ..
    } = &past.step;
    html! {
        li .dropped[past.dropped] {
            details id={ "step-" (n) } {
                summary {
                    span.step-name { (visible(explain::purpose(visit.lang, method))) }
                    span.step-state {
                        @if for_nothing { (badge(Tone::Plain, visit.t("Не учтено", "Not counted"))) } @else { (state_badge(visit, &past.step)) }
                    }
                    span.step-time {
                        (exact(visit, *begun_at))
                        @if let Some(ms) = took_ms { " · " (visit.lang.number(u64::from(*ms))) "\u{a0}" (visit.t("мс", "ms")) }
                    }
                }
                div.step-body {
                    @if past.dropped {
                        p.hint { (visit.t("Шаг прежней попытки: при повторе он не учитывается.", "A step of an earlier attempt: it no longer counts.")) }
                    }
                    @if for_nothing {
                        p.hint { (visit.t("Контакт не найден, поэтому условие поиска оказалось пустым, и портал прислал чужие записи. Мост их не учитывает.", "No contact was found, so the search had an empty condition and the portal sent somebody else's records. The bridge does not count them.")) }
                    }
                    p { (visit.t("Метод", "Method")) ": " code { (visible(method)) } }
                    h3 { (visit.t("Отправлено", "Sent")) }
                    (sent_values(visit, sent))
                    h3 { (visit.t("Ответ портала", "The portal's answer")) }
                    (answer(visit, state))
                }
            }
        }
    }
}

fn state_badge(visit: &Visit<'_>, step: &Step) -> Markup {
    let (tone, word) = match (&step.state, step.effect) {
        (StepState::Begun, _) => (Tone::Busy, visit.t("Отправлено", "Sent")),
        (StepState::Done { result }, Effect::Read) if is_empty(result) => {
            (Tone::Plain, visit.t("Ничего не найдено", "Nothing found"))
        }
        (StepState::Done { .. }, _) => (Tone::Good, visit.t("Выполнено", "Done")),
        // A question about something that turned out not to exist.
        (StepState::Refused(_), Effect::Read) => (Tone::Plain, visit.t("Ничего не найдено", "Nothing found")),
        (StepState::Refused(_), Effect::Write) => (Tone::Bad, visit.t("Отказ", "Refused")),
        (StepState::Later(_), _) => (Tone::Warn, visit.t("Не выполнено", "Not done")),
        (StepState::Unknown(_), _) => (Tone::Warn, visit.t("Ответ не получен", "No answer")),
    };
    badge(tone, word)
}

/// A portal is PHP: nothing is an empty list, also where a map is meant.
fn is_empty(result: &Value) -> bool {
    match result {
        Value::Array(items) => items.is_empty(),
        Value::Object(items) => items.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

/// `fields.TITLE` and the like, one a line.
fn sent_values(visit: &Visit<'_>, sent: &Value) -> Markup {
    let pairs = match sent {
        Value::Object(object) => template::flatten(object),
        other => vec![(String::new(), template::text_of(other).into_owned())],
    };
    let names: Vec<_> = pairs.iter().map(|(name, _)| visible(name)).collect();
    let rows: Vec<(&str, Markup)> = names
        .iter()
        .zip(&pairs)
        .map(|(name, (_, value))| (name.as_ref(), html! { bdi.value { (visible(value)) } }))
        .collect();
    html! {
        @if rows.is_empty() { p.hint { (visit.t("без параметров", "no parameters")) } } @else { div.sent { (facts(&rows)) } }
    }
}

fn answer(visit: &Visit<'_>, state: &StepState) -> Markup {
    match state {
        StepState::Begun => html! {
            p.hint { (visit.t("Ответа пока нет.", "There is no answer yet.")) }
        },
        StepState::Done { result } => html! { pre tabindex="0" { code { (visible(&pretty(result))) } } },
        StepState::Refused(refusal) => html! {
            p { bdi { (explain::words(visit.lang, &refusal.text)) } @if !refusal.code.is_empty() { " " code { (visible(&refusal.code)) } } }
        },
        StepState::Later(trouble) | StepState::Unknown(trouble) => {
            explain::paragraph(visit.lang, &trouble.text)
        }
    }
}

/// JSON with indents. A long answer was stored as the beginning of its text.
fn pretty(result: &Value) -> String {
    match result {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => pretty(&inner),
            _ => text.clone(),
        },
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.to_string()),
    }
}

/// The stage in which an entity was found, as the search answered. `None` when the answer was too long to be kept.
pub fn found_stage(history: &[PastStep], entity: Entity, id: u64) -> Option<String> {
    let id = id.to_string();
    history.iter().rev().find_map(|past| {
        let StepState::Done { result } = &past.step.state else {
            return None;
        };
        stage_in(result, entity, &id)
    })
}

fn stage_in(value: &Value, entity: Entity, id: &str) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| stage_in(item, entity, id)),
        Value::Object(record) => {
            let own = record.get("ID").map(template::text_of);
            let stage = record.get(entity.stage_field()).and_then(Value::as_str);
            match (own, stage) {
                (Some(own), Some(stage)) if own == id => Some(stage.to_owned()),
                _ => record
                    .values()
                    .filter(|value| value.is_object() || value.is_array())
                    .find_map(|value| stage_in(value, entity, id)),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_stage_of_a_found_deal_is_read_from_the_search() {
        for (answer, expected) in [
            (
                json!([{"ID": "40", "STAGE_ID": "NEW"}, {"ID": "41", "STAGE_ID": "C1:WON"}]),
                Some("C1:WON"),
            ),
            (json!({"items": [{"ID": 41, "STAGE_ID": "NEW"}]}), Some("NEW")),
            (json!([{"ID": "41", "STATUS_ID": "NEW"}]), None),
            (json!("[{\"ID\":\"41\",\"STAGE"), None),
        ] {
            assert_eq!(
                stage_in(&answer, Entity::Deal, "41").as_deref(),
                expected,
                "{answer}"
            );
        }
    }

    #[test]
    fn answers_stand_on_lines_of_their_own() {
        assert_eq!(pretty(&json!({"a": 1})), "{\n  \"a\": 1\n}");
        assert_eq!(pretty(&json!("{\"a\":1}")), "{\n  \"a\": 1\n}");
        assert_eq!(pretty(&json!("[{\"a\":1},{\"b…")), "[{\"a\":1},{\"b…");
        assert_eq!(pretty(&json!(41)), "41");
    }
}
