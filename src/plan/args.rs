//! Small builders for call arguments, and readers for answers.

use serde_json::Value;

use crate::model::{Arg, Call, Effect, Journal, StepState};

pub fn map<'a>(items: impl IntoIterator<Item = (&'a str, Arg)>) -> Arg {
    Arg::Map(
        items
            .into_iter()
            .map(|(name, arg)| (name.to_owned(), arg))
            .collect(),
    )
}

pub fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Arg {
    Arg::List(
        items
            .into_iter()
            .map(|item| Arg::text(item.to_string()))
            .collect(),
    )
}

pub fn call(key: impl Into<String>, method: &str, effect: Effect, args: Vec<(&str, Arg)>) -> Call {
    Call {
        key: key.into(),
        method: method.to_owned(),
        args: args
            .into_iter()
            .map(|(name, arg)| (name.to_owned(), arg))
            .collect(),
        effect,
    }
}

/// A `*.list` call that names its records oldest first and does not count them.
// b24: settings/performance/huge-data.md (start=-1 skips counting)
pub fn list(key: impl Into<String>, method: &str, filter: Arg, select: Arg) -> Call {
    call(
        key,
        method,
        Effect::Read,
        vec![
            ("filter", filter),
            ("select", select),
            ("order", map([("ID", Arg::text("ASC"))])),
            ("start", Arg::text("-1")),
        ],
    )
}

/// The same, newest first: what was just made is among the first.
pub fn newest(key: impl Into<String>, method: &str, filter: Arg, select: Arg) -> Call {
    call(
        key,
        method,
        Effect::Read,
        vec![
            ("filter", filter),
            ("select", select),
            ("order", map([("ID", Arg::text("DESC"))])),
            ("start", Arg::text("-1")),
        ],
    )
}

/// A whole number that PHP may have sent as a string.
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// The text of a scalar; `None` for null, lists and maps.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(if *b { "1" } else { "0" }.to_owned()),
        _ => None,
    }
}

/// The records of a list answer. PHP writes a list with gaps in its keys as a map.
pub fn records(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => Vec::new(),
    }
}

pub fn id_of(record: &Value) -> Option<u64> {
    record.get("ID").or_else(|| record.get("id")).and_then(number)
}

/// What the portal answered to the call `key`, once it did what was asked.
pub fn done<'j>(journal: &'j Journal, key: &str) -> Option<&'j Value> {
    match &journal.step(key)?.state {
        StepState::Done { result } => Some(result),
        _ => None,
    }
}
