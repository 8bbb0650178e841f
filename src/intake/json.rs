//! JSON bodies, and JSON5 for what strict JSON refuses.
//!
//! Strict JSON goes first, by serde_json. JSON5 (single quotes, bare names, trailing commas) is read by
//! jsonc-parser: it hands numbers over as they were typed, bounds its own recursion and does not panic
//! on hostile text. The `json5` crate turns `3500.00` into 3500 and recurses without bound; `json-five`
//! keeps the digits but has panics on paths that text from outside reaches.

use std::borrow::Cow;

use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, ast, parse_to_ast};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::{Fields, Limits, Unreadable};

/// Reads a JSON object, or a list, into fields.
pub(super) fn fields(text: &str, limits: &Limits) -> Result<Fields, Unreadable> {
    if is_crowded(text, limits.values) {
        return Err(Unreadable::TooManyFields { limit: limits.values });
    }
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => {
            let whole = whole_characters(text);
            match serde_json::from_str(&whole) {
                Ok(value) => value,
                // serde_json's own bound on recursion ends here too, and is told apart below.
                Err(_) => json5(&whole, limits)?,
            }
        }
    };
    // Of a name that comes again serde_json keeps the last value only. (A comment of JSON5 may hold colons of its own.)
    let value = if marks(text, b":") > members(&value) {
        json5(&whole_characters(text), limits).unwrap_or(value)
    } else {
        value
    };
    let fields = match value {
        Value::Object(fields) => fields,
        Value::Array(items) => listed(items),
        _ => return Err(Unreadable::NotFields),
    };
    let mut count = 0;
    for value in fields.values() {
        measure(value, 1, &mut count, limits)?;
    }
    Ok(fields)
}

/// Whether a text surely holds more values than allowed, told by its punctuation: a tree of the half
/// million values that a megabyte can hold takes a fifth of a second to build, and the count of its
/// commas and brackets a thousandth. [`measure`] has the exact count afterwards.
fn is_crowded(text: &str, most: usize) -> bool {
    // JSON5 lets every container end in a comma, so there are at most two commas to a value.
    let most_marks = most.saturating_mul(3);
    if text.len() <= most_marks {
        return false;
    }
    // One container holds the fields and is no value itself, and another may stand around it.
    marks(text, b",[{") > most_marks + 4
}

/// How often these bytes stand in a text outside its strings.
fn marks(text: &str, wanted: &[u8]) -> usize {
    let (mut count, mut quote, mut escaped) = (0, None, false);
    for byte in text.bytes() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, _) => count += usize::from(wanted.contains(&byte)),
        }
    }
    count
}

/// How many names a tree has.
fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(items) => items.len() + items.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// The text with U+FFFD for every half of a surrogate pair that stands alone. A script that cuts a text in the middle of
/// an emoji sends one (`"\ud83d"`), and readers of JSON refuse all the rest for it.
fn whole_characters(text: &str) -> Cow<'_, str> {
    const LENGTH: usize = "\\ud83d".len();
    let half = |at: usize| {
        let digits = text.get(at..at + LENGTH)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(next) = text[at..].find('\\') {
        at += next;
        match (half(at), half(at + LENGTH)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 2 * LENGTH,
            (Some(0xD800..=0xDFFF), _) => {
                out.push_str(&text[copied..at]);
                out.push('\u{FFFD}');
                at += LENGTH;
                copied = at;
            }
            // What follows the backslash may be another one, which escapes nothing.
            _ => {
                let escaped = text[at + 1..].chars().next();
                at += 1 + escaped.map_or(0, char::len_utf8);
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// A list of one object is that object; other lists are fields named by number.
fn listed(mut items: Vec<Value>) -> Fields {
    if let [Value::Object(only)] = items.as_mut_slice() {
        return std::mem::take(only);
    }
    items
        .into_iter()
        .enumerate()
        .map(|(number, item)| (number.to_string(), item))
        .collect()
}

fn measure(value: &Value, depth: usize, count: &mut usize, limits: &Limits) -> Result<(), Unreadable> {
    if depth > limits.depth {
        return Err(Unreadable::TooDeep { limit: limits.depth });
    }
    *count += 1;
    if *count > limits.values {
        return Err(Unreadable::TooManyFields { limit: limits.values });
    }
    match value {
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| measure(item, depth + 1, count, limits)),
        Value::Object(items) => items
            .values()
            .try_for_each(|item| measure(item, depth + 1, count, limits)),
        _ => Ok(()),
    }
}

fn json5(text: &str, limits: &Limits) -> Result<Value, Unreadable> {
    let options = ParseOptions {
        allow_missing_commas: false,
        ..ParseOptions::default()
    };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(parsed) => convert(parsed.value.ok_or(Unreadable::NotFields)?, 0, limits),
        Err(error) if matches!(error.kind(), ParseErrorKind::NestingDepthExceeded) => {
            Err(Unreadable::TooDeep { limit: limits.depth })
        }
        Err(error) => Err(Unreadable::Json {
            reason: error.to_string(),
        }),
    }
}

/// A name that comes again is a list, as in a form.
fn convert(value: ast::Value<'_>, depth: usize, limits: &Limits) -> Result<Value, Unreadable> {
    // A list around the fields is one level that they do not count.
    if depth > limits.depth + 1 {
        return Err(Unreadable::TooDeep { limit: limits.depth });
    }
    Ok(match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(yes) => Value::Bool(yes.value),
        ast::Value::StringLit(text) => Value::String(text.value.into_owned()),
        ast::Value::NumberLit(digits) => number(digits.value),
        ast::Value::Array(list) => {
            let items = list.elements.into_iter();
            let items = items.map(|item| convert(item, depth + 1, limits));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        ast::Value::Object(object) => {
            let mut fields = Map::new();
            for property in object.properties {
                let value = convert(property.value, depth + 1, limits)?;
                match fields.entry(property.name.into_string()) {
                    Entry::Vacant(place) => {
                        place.insert(value);
                    }
                    Entry::Occupied(mut place) => match (place.get_mut(), value) {
                        (Value::Array(items), Value::Array(more)) => items.extend(more),
                        (Value::Array(items), value) => items.push(value),
                        (first, value) => *first = Value::Array(vec![first.take(), value]),
                    },
                }
            }
            Value::Object(fields)
        }
    })
}

/// A JSON5 number with its digits; what JSON has no number for (`0xFF`, `Infinity`) stays as typed.
fn number(typed: &str) -> Value {
    let unsigned = typed.trim_start_matches(['+', '-']);
    let sign = if typed.starts_with('-') { "-" } else { "" };
    let leading = if unsigned.starts_with('.') { "0" } else { "" };
    let digits = unsigned.strip_suffix('.').unwrap_or(unsigned);
    match format!("{sign}{leading}{digits}").parse::<Number>() {
        Ok(number) => Value::Number(number),
        Err(_) => Value::String(typed.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        Value::Object(fields(text, &Limits::default()).unwrap()).to_string()
    }

    #[test]
    fn json_and_json5_keep_values_as_they_came() {
        let cases = [
            (
                r#"{"a":74712773120,"b":3500.00,"c":12345678901234567890,"d":-0.10}"#,
                r#"{"a":74712773120,"b":3500.00,"c":12345678901234567890,"d":-0.10}"#,
            ),
            (
                "{'a': 74712773120, b: 3500.00, 'c': 12345678901234567890123,}",
                r#"{"a":74712773120,"b":3500.00,"c":12345678901234567890123}"#,
            ),
            (
                "{a:+1,b:.5,c:5.,d:-.5,e:0xFF,f:-Infinity}",
                r#"{"a":1,"b":0.5,"c":5,"d":-0.5,"e":"0xFF","f":"-Infinity"}"#,
            ),
            (
                "{'имя': 'it\\'s', /* note */ n: null, t: true}",
                r#"{"имя":"it's","n":null,"t":true}"#,
            ),
            ("{\"a\": \"two\nlines\"}", r#"{"a":"two\nlines"}"#),
            (
                r#"{"a":"x\ud83d","b":"\udE00\ud83d\uDE00\\ud83d"}"#,
                r#"{"a":"x�","b":"�😀\\ud83d"}"#,
            ),
            (r#"{'a':'x\ud83d\u0041'}"#, r#"{"a":"x�A"}"#),
            (
                r#"{"a":1.50,"b":":","a":"2:\"","a":3.00}"#,
                r#"{"a":[1.50,"2:\"",3.00],"b":":"}"#,
            ),
            (
                "{'a':1,'b':{'c':[1],'c':2,'c':[3]},'a':2}",
                r#"{"a":[1,2],"b":{"c":[1,2,3]}}"#,
            ),
            (r#"[{"a":{"x":1},"a":null}]"#, r#"{"a":[{"x":1},null]}"#),
            (r#"{"a":"x\ud83d","a":"y"}"#, r#"{"a":["x�","y"]}"#),
            ("{/* a: b */ 'a': 1}", r#"{"a":1}"#),
            (r#"[{"a":1}]"#, r#"{"a":1}"#),
            (r#"[{"a":1},{"a":2}]"#, r#"{"0":{"a":1},"1":{"a":2}}"#),
            (r#"["x"]"#, r#"{"0":"x"}"#),
            ("[]", "{}"),
            ("{'b':1,'a':2,'c':3}", r#"{"b":1,"a":2,"c":3}"#),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn broken_json_says_where() {
        for text in ["{", "{\"a\":}", "[1,2", "{'a' 1}", "{a:1 b:2}", "{} {}"] {
            let Err(Unreadable::Json { reason }) = fields(text, &Limits::default()) else {
                panic!("{text} was read");
            };
            assert!(reason.contains("line 1"), "{reason}");
        }
    }

    #[test]
    fn depth_and_count_are_bounded_at_every_size() {
        let limits = Limits {
            depth: 4,
            values: 5,
            ..Limits::default()
        };
        let nested = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
        assert!(fields(&nested(3), &limits).is_ok());
        // Told by its size before its depth is known.
        assert_eq!(
            fields(&nested(100_000), &limits),
            Err(Unreadable::TooManyFields { limit: 5 })
        );
        let limits = Limits {
            depth: 4,
            ..Limits::default()
        };
        for n in [4, 100, 130, 600, 20_000] {
            assert_eq!(
                fields(&nested(n), &limits),
                Err(Unreadable::TooDeep { limit: 4 }),
                "{n}"
            );
            let unclosed = format!("{{'a':{}", "[".repeat(n));
            assert!(fields(&unclosed, &limits).is_err());
        }
        let limits = Limits {
            depth: 4,
            values: 5,
            ..Limits::default()
        };
        assert!(fields("[1,2,3,4,5]", &limits).is_ok());
        assert!(fields("[[1,],[2,],", &limits).is_err());
        assert!(fields("[{},{},[1,],'[,,,,\\',,,,,,,,,,,,,,,,,]',]", &limits).is_ok());
        assert_eq!(
            fields("[1,2,3,4,5,6]", &limits),
            Err(Unreadable::TooManyFields { limit: 5 })
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[{][\\[\\]{}:,'\"\\\\a-f0-9xu+.\\-/*\n\r\u{2028} é]{0,40}") {
            let _ = fields(&text, &Limits::default());
        }

        #[test]
        fn json5_of_strings_reads_what_json_reads(text in "\\PC{0,20}") {
            let quoted = Value::String(text.clone()).to_string();
            let strict = fields(&format!("{{\"a\":{quoted}}}"), &Limits::default()).unwrap();
            let loose = fields(&format!("{{a:{quoted},}}"), &Limits::default()).unwrap();
            prop_assert_eq!(&strict["a"], &Value::String(text));
            prop_assert_eq!(strict, loose);
        }
    }
}
