//! The names of form fields, read as PHP reads them: `client[phone]`, `items[0][sku]`, `tags[]`.
//!
//! Rules, so that a form and JSON of the same data give the same tree:
//! - Brackets name the way down; an empty pair takes the next free number. A name whose brackets do
//!   not match, or that starts with one, is a plain name. Dots and spaces stay as typed.
//! - A name that comes again goes on as if it ended in `[]`: `a=1&a=2` is `a[]=1&a[]=2`.
//! - A container whose keys are exactly 0..n-1, in any order, is a list; with any other key or a gap
//!   it is an object, and its numbers are names like others (`{a.5}` finds them all the same).

use std::borrow::Cow;
use std::mem;

use serde_json::{Map, Value};

use super::{Fields, Limits, Unreadable};
use crate::model::Attachment;

/// Fields under construction. Containers are objects until [`Tree::finish`]; a leaf is a string, or
/// the number of a file among the attachments; `Null` is a place that nothing has filled yet.
pub(super) struct Tree<'l> {
    root: Fields,
    count: usize,
    limits: &'l Limits,
}

impl<'l> Tree<'l> {
    pub(super) fn new(limits: &'l Limits) -> Tree<'l> {
        Tree {
            root: Map::new(),
            count: 0,
            limits,
        }
    }

    /// Puts a leaf at the place its name says.
    pub(super) fn add(&mut self, name: Cow<'_, str>, leaf: Value) -> Result<(), Unreadable> {
        self.count += 1;
        if self.count > self.limits.fields {
            return Err(Unreadable::TooManyFields {
                limit: self.limits.fields,
            });
        }
        let Some((base, brackets)) = split(&name) else {
            put(self.root.entry(name.into_owned()).or_insert(Value::Null), leaf);
            return Ok(());
        };
        if brackets.split("][").count() >= self.limits.depth {
            return Err(Unreadable::TooDeep {
                limit: self.limits.depth,
            });
        }
        let mut place = self.root.entry(base).or_insert(Value::Null);
        for key in brackets.split("][") {
            let Some(container) = container(place) else {
                return Ok(());
            };
            let key = if key.is_empty() {
                next_number(container)
            } else {
                key.to_owned()
            };
            place = container.entry(key).or_insert(Value::Null);
        }
        put(place, leaf);
        Ok(())
    }

    /// The fields, with lists as lists; each attachment learns its path and stands in the tree as its
    /// file name.
    pub(super) fn finish(mut self, attachments: &mut [Attachment]) -> Result<Fields, Unreadable> {
        let mut path = String::new();
        for (name, value) in &mut self.root {
            if !value.is_string() {
                path.clear();
                path.push_str(name);
                settle(value, &mut path, attachments);
            }
        }
        Ok(self.root)
    }
}

/// `a[b][c]` into `a` and `b][c`.
fn split(name: &str) -> Option<(&str, &str)> {
    let (base, rest) = name.split_once('[')?;
    let brackets = rest.strip_suffix(']')?;
    let matched = brackets.split("][").all(|key| !key.contains(['[', ']']));
    (!base.is_empty() && matched).then_some((base, brackets))
}

fn put(place: &mut Value, leaf: Value) {
    if place.is_null() {
        *place = leaf;
    } else if let Some(container) = container(place) {
        let key = next_number(container);
        container.insert(key, leaf);
    }
}

/// Makes a place a container; a leaf that stood there becomes its first item.
fn container(place: &mut Value) -> Option<&mut Map<String, Value>> {
    if !place.is_object() {
        let leaf = mem::take(place);
        let mut items = Map::new();
        if !leaf.is_null() {
            items.insert("0".to_owned(), leaf);
        }
        *place = Value::Object(items);
    }
    place.as_object_mut()
}

/// The key that `[]` takes: one above the largest number so far. While numbers come in order, the
/// number of items answers that without a search.
fn next_number(items: &Map<String, Value>) -> String {
    let next = items.len();
    let in_order = match items.keys().next_back() {
        None => true,
        Some(last) => number(last).is_some_and(|last| last + 1 == next),
    };
    let key = next.to_string();
    if in_order && !items.contains_key(&key) {
        return key;
    }
    let largest = items.keys().filter_map(|key| number(key)).max();
    largest.map_or(0, |largest| largest + 1).to_string()
}

/// A key that PHP takes for a number: digits without a leading zero, and few enough to count on from.
fn number(key: &str) -> Option<usize> {
    const MOST_DIGITS: usize = 9;
    let canonical = key == "0" || !key.starts_with('0');
    let digits = key.len() <= MOST_DIGITS && key.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits {
        key.parse().ok()
    } else {
        None
    }
}

fn settle(value: &mut Value, path: &mut String, attachments: &mut [Attachment]) {
    match value {
        Value::Number(index) => {
            let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
            if let Some(file) = index.and_then(|index| attachments.get_mut(index)) {
                file.path.clone_from(path);
                *value = Value::String(file.file_name.clone());
            }
        }
        Value::Object(items) => {
            for (key, item) in items.iter_mut() {
                let length = path.len();
                path.push('.');
                path.push_str(key);
                settle(item, path, attachments);
                path.truncate(length);
            }
            if items
                .keys()
                .all(|key| number(key).is_some_and(|number| number < items.len()))
            {
                *value = Value::Array(in_order(mem::take(items)));
            }
        }
        _ => {}
    }
}

/// The values of keys that are 0..n-1, by number.
fn in_order(items: Map<String, Value>) -> Vec<Value> {
    let mut list = vec![Value::Null; items.len()];
    for (key, item) in items {
        if let Some(place) = number(&key).and_then(|number| list.get_mut(number)) {
            *place = item;
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn tree(pairs: &[(&str, &str)]) -> Value {
        let limits = Limits::default();
        let mut tree = Tree::new(&limits);
        for (name, value) in pairs {
            tree.add(Cow::Borrowed(name), (*value).into()).unwrap();
        }
        tree.finish(&mut []).unwrap().into()
    }

    #[test]
    fn names_nest_as_in_php() {
        let cases: [(&[(&str, &str)], Value); 14] = [
            (&[("client[phone]", "7")], json!({"client": {"phone": "7"}})),
            (
                &[("items[0][sku]", "A"), ("items[1][sku]", "B")],
                json!({"items": [{"sku": "A"}, {"sku": "B"}]}),
            ),
            (&[("tags[]", "a"), ("tags[]", "b")], json!({"tags": ["a", "b"]})),
            (&[("a[1]", "y"), ("a[0]", "x")], json!({"a": ["x", "y"]})),
            (&[("a[1]", "y")], json!({"a": {"1": "y"}})),
            (&[("a[5]", "x"), ("a[]", "y")], json!({"a": {"5": "x", "6": "y"}})),
            (
                &[("a[2]", "x"), ("a[1]", "y"), ("a[]", "z")],
                json!({"a": {"2": "x", "1": "y", "3": "z"}}),
            ),
            (&[("a[]", "x"), ("a[k]", "y")], json!({"a": {"0": "x", "k": "y"}})),
            (&[("a", "x"), ("a[k]", "y")], json!({"a": {"0": "x", "k": "y"}})),
            (
                &[("a[k]", "x"), ("a[k]", "y"), ("a[k]", "z")],
                json!({"a": {"k": ["x", "y", "z"]}}),
            ),
            (&[("a[00]", "x")], json!({"a": {"00": "x"}})),
            (
                &[("a[][b]", "x"), ("a[][b]", "y")],
                json!({"a": [{"b": "x"}, {"b": "y"}]}),
            ),
            (
                &[
                    ("[a]", "1"),
                    ("a[b", "2"),
                    ("a]b", "3"),
                    ("a[b]c", "4"),
                    ("a[[b]]", "5"),
                ],
                json!({"[a]": "1", "a[b": "2", "a]b": "3", "a[b]c": "4", "a[[b]]": "5"}),
            ),
            (
                &[("a b[c d]", "1"), ("a.b[c.d]", "2")],
                json!({"a b": {"c d": "1"}, "a.b": {"c.d": "2"}}),
            ),
        ];
        for (pairs, expected) in cases {
            assert_eq!(tree(pairs), expected, "{pairs:?}");
        }
    }

    #[test]
    fn names_are_counted_and_their_depth_bounded() {
        let limits = Limits {
            fields: 2,
            depth: 3,
            ..Limits::default()
        };
        let mut tree = Tree::new(&limits);
        assert_eq!(tree.add("a[b][c]".into(), "1".into()), Ok(()));
        assert_eq!(
            tree.add("a[b][c][d]".into(), "1".into()),
            Err(Unreadable::TooDeep { limit: 3 })
        );
        assert_eq!(
            tree.add("c".into(), "1".into()),
            Err(Unreadable::TooManyFields { limit: 2 })
        );
    }

    /// A JSON tree with string leaves, without empty containers, which a form cannot say.
    fn nested() -> impl Strategy<Value = Value> {
        let leaf = "[a-zа-я0-9 ]{0,6}".prop_map(Value::from);
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                prop::collection::hash_map("[a-z]{1,4}", inner, 1..4)
                    .prop_map(|items| Value::Object(items.into_iter().collect())),
            ]
        })
    }

    fn flatten(name: String, value: &Value, pairs: &mut Vec<(String, String)>) {
        match value {
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    flatten(format!("{name}[{i}]"), item, pairs);
                }
            }
            Value::Object(items) => {
                for (key, item) in items {
                    flatten(format!("{name}[{key}]"), item, pairs);
                }
            }
            leaf => pairs.push((name, leaf.as_str().unwrap_or_default().to_owned())),
        }
    }

    proptest! {
        #[test]
        fn a_form_and_json_of_the_same_data_agree(value in nested()) {
            let mut pairs = Vec::new();
            flatten("root".to_owned(), &value, &mut pairs);
            let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            prop_assert_eq!(tree(&pairs), json!({"root": value}));
        }

        #[test]
        fn no_leaf_is_lost(names in prop::collection::vec("[ab\\[\\]01]{1,7}", 1..20)) {
            let pairs: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
            let count = tree(&pairs).to_string().matches("\"x\"").count();
            prop_assert_eq!(count, names.len());
        }
    }
}
