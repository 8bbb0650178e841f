//! The way from a name to a value in a submission's tree, and from the tree to names.

use serde_json::{Map, Value};

use super::text_of;
use crate::model::{Attachment, Submission};

/// A name as typed, and the steps that it may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    typed: String,
    steps: Vec<String>,
}

impl Path {
    /// Dots and brackets part the steps alike; empty ones (`tags[]`) are none.
    pub(super) fn new(typed: &str) -> Path {
        let steps = typed.split(['.', '[', ']']).filter(|step| !step.is_empty());
        Path {
            typed: typed.to_owned(),
            steps: steps.map(str::to_owned).collect(),
        }
    }

    pub(super) fn typed(&self) -> &str {
        &self.typed
    }

    /// The value and its dotted path (as in [`Attachment::path`]). A top-level field of exactly the
    /// typed name comes first (`a.b`, `client[phone]`), then the walk, then a top-level field that is named with
    /// brackets: a script that makes JSON of a form's fields leaves their names as they are.
    pub(super) fn find<'v>(&self, fields: &'v Map<String, Value>) -> Option<(String, &'v Value)> {
        if let Some(value) = fields.get(&self.typed) {
            return Some((self.typed.clone(), value));
        }
        let value = walk_object(fields, &self.steps).or_else(|| fields.get(&bracketed(&self.steps)?))?;
        Some((self.steps.join("."), value))
    }
}

/// Finds a value by a name as templates write it: its dotted path, and the value.
pub fn lookup<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<(String, &'v Value)> {
    Path::new(name).find(fields)
}

/// `client[phone]` of `client` and `phone`; nothing for a single step.
fn bracketed(steps: &[String]) -> Option<String> {
    let (first, rest) = steps.split_first()?;
    let rest: String = rest.iter().map(|step| format!("[{step}]")).collect();
    (!rest.is_empty()).then(|| format!("{first}{rest}"))
}

fn walk<'v>(value: &'v Value, steps: &[String]) -> Option<&'v Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    match value {
        Value::Object(items) => walk_object(items, steps),
        Value::Array(items) => walk(items.get(step.parse::<usize>().ok()?)?, rest),
        _ => None,
    }
}

/// Field names may contain dots themselves, so the longest run of steps that is a name goes first.
fn walk_object<'v>(items: &'v Map<String, Value>, steps: &[String]) -> Option<&'v Value> {
    (1..=steps.len()).rev().find_map(|taken| {
        let (name, rest) = steps.split_at(taken);
        let value = match name {
            [name] => items.get(name),
            several => items.get(&several.join(".")),
        };
        walk(value?, rest)
    })
}

/// The files at a path and below it: one for `resume`, all of `docs.0`, `docs.1` for `docs`.
pub fn attachments_at<'s>(submission: &'s Submission, path: &str) -> impl Iterator<Item = &'s Attachment> {
    submission.attachments.iter().filter(move |file| {
        file.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Every value of the tree with its dotted name (`order.items.0.sku`), in order; an empty list or
/// object is an empty value.
pub fn flatten(fields: &Map<String, Value>) -> Vec<(String, String)> {
    let mut flat = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        flatten_into(name.clone(), value, &mut flat);
    }
    flat
}

fn flatten_into(name: String, value: &Value, flat: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                flatten_into(format!("{name}.{number}"), item, flat);
            }
        }
        Value::Object(items) if !items.is_empty() => {
            for (key, item) in items {
                flatten_into(format!("{name}.{key}"), item, flat);
            }
        }
        Value::Array(_) | Value::Object(_) => flat.push((name, String::new())),
        leaf => flat.push((name, text_of(leaf).into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn fields() -> Map<String, Value> {
        let tree = json!({
            "order": {"items": [{"sku": "A", "qty": 2}, {"sku": "B"}], "total": 3500},
            "your-name": "Мария", "a.b": "literal", "a": {"b": "walked", "c": "walked"},
            "client[phone]": "7", "user.name": {"first": "И"}, "deep": {"x.y": {"z": 1}}, "tags": [],
        });
        serde_json::from_value(tree).unwrap()
    }

    #[test]
    fn names_find_values() {
        let cases = [
            ("order.items.0.sku", Some(("order.items.0.sku", json!("A")))),
            ("order[items][1][sku]", Some(("order.items.1.sku", json!("B")))),
            ("order[items].0.qty", Some(("order.items.0.qty", json!(2)))),
            ("order.items.2", None),
            ("order.items.sku", None),
            ("order.total.x", None),
            ("your-name", Some(("your-name", json!("Мария")))),
            ("a.b", Some(("a.b", json!("literal")))),
            ("a[b]", Some(("a.b", json!("literal")))),
            ("a.c", Some(("a.c", json!("walked")))),
            ("client[phone]", Some(("client[phone]", json!("7")))),
            ("client.phone", Some(("client.phone", json!("7")))),
            ("client.name", None),
            ("user.name[first]", Some(("user.name.first", json!("И")))),
            ("deep.x.y.z", Some(("deep.x.y.z", json!(1)))),
            ("tags[]", Some(("tags", json!([])))),
            ("missing", None),
            ("[]", None),
        ];
        for (name, expected) in cases {
            let found = lookup(&fields(), name).map(|(path, value)| (path, value.clone()));
            let expected = expected.map(|(path, value)| (path.to_owned(), value));
            assert_eq!(found, expected, "{name}");
        }
    }

    proptest! {
        /// The names that `_all` shows can be copied into a template.
        #[test]
        fn flattened_names_are_found(keys in prop::collection::vec("[a-c.]{1,3}", 1..5), index in 0usize..3) {
            let leaf = json!("x");
            let tree = keys.iter().rev().fold(leaf, |inner, key| json!({key: vec![inner; index + 1]}));
            let Value::Object(fields) = tree else { return Ok(()) };
            for (name, value) in flatten(&fields) {
                // A name such as `.` or `a..b` is the whole name or none: dots alone are no steps.
                if !name.contains("..") && !name.starts_with('.') && !name.ends_with('.') {
                    let found = lookup(&fields, &name);
                    prop_assert_eq!(found.map(|(_, value)| text_of(value).into_owned()), Some(value));
                }
            }
        }
    }
}
