//! A value that does not fit its field: which, why, and the way out.

use crate::model::Field;

/// How much of a value an error shows, in characters: enough to know it by, in one line of a log.
const SHOWN_CHARS: usize = 60;
/// How many of the allowed values an error names.
const SHOWN_CHOICES: usize = 10;

/// A value that cannot be converted. Displays as one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the field {field}{} cannot take \"{value}\": {expected}", titled(title))]
pub struct BadValue {
    /// The field's name in the CRM (`UF_CRM_SIZE`).
    pub field: String,
    /// Its title as people see it; may be empty.
    pub title: String,
    /// Shortened, in one line.
    pub value: String,
    /// What the field takes, and the way out.
    pub expected: String,
    /// The value may be newer than the catalogue (an added label, user or currency): read the
    /// catalogue again before the submission fails.
    pub stale_possible: bool,
}

impl BadValue {
    pub(super) fn new(field: &Field, value: &str, expected: impl Into<String>) -> BadValue {
        BadValue {
            field: field.name.clone(),
            title: shown(&field.title),
            value: shown(value),
            expected: expected.into(),
            stale_possible: false,
        }
    }

    pub(super) fn perhaps_stale(self) -> BadValue {
        BadValue {
            stale_possible: true,
            ..self
        }
    }
}

fn titled(title: &str) -> String {
    if title.is_empty() {
        String::new()
    } else {
        format!(" ({title})")
    }
}

/// In one line and shortened.
pub(super) fn shown(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// `one of S, M, L`, the first few of them.
pub(super) fn one_of<'a>(labels: impl IntoIterator<Item = &'a str>) -> String {
    let labels: Vec<&str> = labels.into_iter().collect();
    let first: Vec<String> = labels
        .iter()
        .take(SHOWN_CHOICES)
        .map(|label| shown(label))
        .collect();
    match labels.len().saturating_sub(SHOWN_CHOICES) {
        0 => format!("one of {}", first.join(", ")),
        more => format!("one of {} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_and_lists_are_cut() {
        assert_eq!(shown(&"я".repeat(61)), format!("{}…", "я".repeat(60)));
        assert_eq!(shown(" a\n b "), "a b");
        let labels: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
        assert_eq!(
            one_of(labels.iter().map(String::as_str)),
            "one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"
        );
    }
}
