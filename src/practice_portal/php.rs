//! Values as PHP sees them: the portal is a PHP program, and half of what surprises its clients is PHP.
//!
//! Parameters arrive as one tree whatever the transport was: JSON objects and arrays are both PHP
//! arrays, a form's leaves are strings. What goes out follows `json_encode`: an empty map is `[]`, and
//! a map whose keys are 0..n-1 is a list.

use serde_json::{Map, Value};

/// PHP's `max_input_nesting_level`: deeper names are dropped.
const MAX_NESTING: usize = 64;

/// Reads `a=1&b[c][]=2` as PHP fills `$_REQUEST`: an object whose leaves are strings.
// b24: settings/how-to-call-rest-api/data-encoding.md
pub fn parse_query(query: &[u8]) -> Value {
    let mut root = Map::new();
    for (name, value) in form_urlencoded::parse(query) {
        let path = split_name(&name);
        if !path.is_empty() && path.len() <= MAX_NESTING {
            insert(&mut root, &path, value.into_owned());
        }
    }
    Value::Object(
        root.into_iter()
            .map(|(key, value)| (key, lists_where_keys_count(value)))
            .collect(),
    )
}

/// Everything a request carries, as PHP fills `$_REQUEST`; parameters of the body win over the query. A JSON body is read as
/// the REST interface reads it.
// b24: settings/how-to-call-rest-api/general-principles.md
pub fn request(query: &[u8], content_type: &str, body: &[u8]) -> Value {
    let mut params = parse_query(query);
    let sent = if content_type.to_ascii_lowercase().contains("json") {
        serde_json::from_slice::<Value>(body).unwrap_or(Value::Null)
    } else {
        parse_query(body)
    };
    if let (Value::Object(params), Value::Object(sent)) = (&mut params, sent) {
        params.extend(sent);
    }
    params
}

/// `a.b[c][]` → `a_b`, `c`, `` (an empty part appends).
fn split_name(name: &str) -> Vec<String> {
    let name = name.trim_start();
    let (head, mut rest) = match name.find('[') {
        // Without a closing bracket the bracket is part of the name, and PHP writes `_` for it.
        Some(open) if open > 0 && name[open..].contains(']') => name.split_at(open),
        _ => (name, ""),
    };
    if head.is_empty() {
        return Vec::new();
    }
    let mut path = vec![head.replace(['.', ' ', '['], "_")];
    while let Some(inner) = rest.strip_prefix('[') {
        let Some(close) = inner.find(']') else { break };
        path.push(inner[..close].to_owned());
        rest = &inner[close + 1..];
    }
    path
}

fn insert(node: &mut Map<String, Value>, path: &[String], value: String) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let key = if first.is_empty() {
        let next = node
            .keys()
            .filter_map(|k| k.parse::<u64>().ok())
            .max()
            .map_or(0, |n| n + 1);
        next.to_string()
    } else {
        first.clone()
    };
    if rest.is_empty() {
        node.insert(key, Value::String(value));
        return;
    }
    let child = node.entry(key).or_insert(Value::Null);
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    if let Value::Object(child) = child {
        insert(child, rest, value);
    }
}

fn lists_where_keys_count(value: Value) -> Value {
    match value {
        Value::Object(map) => array(
            map.into_iter()
                .map(|(key, value)| (key, lists_where_keys_count(value)))
                .collect(),
        ),
        other => other,
    }
}

/// A PHP array as `json_encode` writes it.
pub fn array(items: Vec<(String, Value)>) -> Value {
    let counts = items
        .iter()
        .enumerate()
        .all(|(i, (key, _))| *key == i.to_string());
    if counts {
        Value::Array(items.into_iter().map(|(_, value)| value).collect())
    } else {
        Value::Object(items.into_iter().collect())
    }
}

/// What PHP calls an array: a list or a map.
pub fn is_array(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

/// The items of a PHP array with their keys; nothing for a scalar.
pub fn entries(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), v)).collect(),
        _ => Vec::new(),
    }
}

/// An item of a PHP array by key.
pub fn item<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        Value::Object(map) => map.get(key),
        _ => None,
    }
}

/// A parameter whose name may be written in any case (`FIELDS`, `fields`), as the classic CRM methods take it.
pub fn param<'a>(params: &'a Value, name: &str) -> Option<&'a Value> {
    let map = params.as_object()?;
    map.get(name).or_else(|| {
        map.iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// The string cast.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::Bool(true) => "1".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => "Array".to_owned(),
    }
}

/// Whether a text stands in one of the values of a tree.
pub fn contains(value: &Value, part: &str) -> bool {
    match value {
        Value::String(text) => text.contains(part),
        other => entries(other).iter().any(|(_, value)| contains(value, part)),
    }
}

/// `intval`: the digits at the front, 0 when there are none.
pub fn int(value: &Value) -> i64 {
    let text = text(value);
    let text = text.trim_start();
    let digits = text
        .char_indices()
        .take_while(|(i, c)| c.is_ascii_digit() || (*i == 0 && matches!(c, '-' | '+')))
        .count();
    text[..digits].parse().unwrap_or(0)
}

/// A positive id, or nothing.
pub fn id(value: Option<&Value>) -> Option<u64> {
    u64::try_from(int(value?)).ok().filter(|id| *id > 0)
}

/// `floatval`: the number at the front, 0 when there is none. A comma ends it.
pub fn float(text: &str) -> f64 {
    let text = text.trim_start();
    let end = text
        .char_indices()
        .take_while(|(i, c)| c.is_ascii_digit() || *c == '.' || (*i == 0 && matches!(c, '-' | '+')))
        .count();
    let mut number = &text[..end];
    // `1.2.3` is 1.2 to PHP.
    if let Some(first) = number.find('.')
        && let Some(second) = number[first + 1..].find('.')
    {
        number = &number[..first + 1 + second];
    }
    number.parse().unwrap_or(0.0)
}

/// Whether a flag parameter is on: `Y`, `1`, `true`.
pub fn flag(value: &Value) -> bool {
    matches!(text(value).to_ascii_lowercase().as_str(), "1" | "y" | "true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn names_make_a_tree() {
        let table = [
            ("a=1", json!({"a": "1"})),
            ("a[b][c]=1&a[b][d]=2", json!({"a": {"b": {"c": "1", "d": "2"}}})),
            ("a[]=1&a[]=2", json!({"a": ["1", "2"]})),
            ("a[5]=1&a[]=2", json!({"a": {"5": "1", "6": "2"}})),
            ("a[0][x]=1&a[1][x]=2", json!({"a": [{"x": "1"}, {"x": "2"}]})),
            ("a.b=1&c%20d=2", json!({"a_b": "1", "c_d": "2"})),
            ("a[b=1", json!({"a_b": "1"})),
            ("a=1&a[b]=2", json!({"a": {"b": "2"}})),
            (
                "filter[>%3DID]=5&filter[!%25T]=x",
                json!({"filter": {">=ID": "5", "!%T": "x"}}),
            ),
            // A bare `=` ends the name, here as there.
            ("filter[>=ID]=5", json!({"filter_>": "ID]=5"})),
            ("=1&&a=", json!({"a": ""})),
            ("t=John%26Martin+x", json!({"t": "John&Martin x"})),
        ];
        for (query, expected) in table {
            assert_eq!(parse_query(query.as_bytes()), expected, "{query}");
        }
    }

    #[test]
    fn arrays_go_out_as_php_writes_them() {
        let own =
            |items: &[(&str, i32)]| array(items.iter().map(|(k, v)| (k.to_string(), json!(v))).collect());
        assert_eq!(own(&[]), json!([]));
        assert_eq!(own(&[("0", 7), ("1", 8)]), json!([7, 8]));
        assert_eq!(own(&[("1", 8)]), json!({"1": 8}));
        assert_eq!(own(&[("a", 8)]), json!({"a": 8}));
    }

    #[test]
    fn casts_take_the_front() {
        assert_eq!(int(&json!("41abc")), 41);
        assert_eq!(int(&json!("abc")), 0);
        assert_eq!(int(&json!("-3")), -3);
        assert!((float("3 500,50") - 3.0).abs() < 1e-9);
        assert!((float("3500.50 руб") - 3500.5).abs() < 1e-9);
        assert!((float("1.2.3") - 1.2).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn reading_a_query_never_panics(query in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse_query(&query).is_object());
        }

        #[test]
        fn casts_never_panic(text in ".*") {
            let _ = float(&text);
            let _ = int(&Value::String(text));
        }
    }
}
