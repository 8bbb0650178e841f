//! A template and a submission into the text of a CRM field.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{BuiltIn, Part, Template, flatten};
use crate::model::Submission;

/// What a template can name and a submission does not carry.
#[derive(Debug, Clone, Copy)]
pub struct Extras<'a> {
    /// The channel's name, for `{_channel}`.
    pub channel: &'a str,
}

/// What a mapping's template came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// None: nothing is sent. One: the value. Several: the items of a list that the template's only
    /// placeholder stands for; a field that is not multiple takes them joined.
    pub texts: Vec<String>,
    /// The dotted path of the field, when the template is exactly one placeholder and the field is
    /// there: where a file field finds its files, see [`super::attachments_at`].
    pub path: Option<String>,
}

impl Rendered {
    /// Every placeholder was empty: the CRM's value is left alone.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The value as one text, a list joined by `, `.
    pub fn joined(&self) -> Cow<'_, str> {
        match self.texts.as_slice() {
            [] => Cow::Borrowed(""),
            [only] => Cow::Borrowed(only),
            several => Cow::Owned(several.join(", ")),
        }
    }
}

/// Fills a template in.
///
/// Fixed text alone is always sent, unless it is blank. With placeholders the text is sent when one of them has a
/// value; a value of nothing but white space is none. Where one of several is empty, white space that
/// it leaves at the ends goes too (`{first} {last}`).
pub fn render(template: &Template, submission: &Submission, extras: &Extras<'_>) -> Rendered {
    match template.parts.as_slice() {
        [Part::Field(path)] => match path.find(&submission.fields) {
            None => Rendered::default(),
            Some((path, value)) => Rendered {
                texts: texts_of(value),
                path: Some(path),
            },
        },
        parts => Rendered {
            texts: mixed(parts, submission, extras).into_iter().collect(),
            path: None,
        },
    }
}

fn mixed(parts: &[Part], submission: &Submission, extras: &Extras<'_>) -> Option<String> {
    let mut out = String::new();
    let (mut filled, mut empty) = (0, 0);
    for part in parts {
        let text = match part {
            Part::Text(text) => {
                out.push_str(text);
                continue;
            }
            Part::BuiltIn(built_in) => built_in_text(*built_in, submission, extras),
            Part::Field(path) => match path.find(&submission.fields) {
                Some((_, Value::Array(items))) => Cow::Owned(list_texts(items).join(", ")),
                Some((_, value)) => text_of(value),
                None => Cow::Borrowed(""),
            },
        };
        if text.trim().is_empty() {
            empty += 1;
        } else {
            filled += 1;
            out.push_str(&text);
        }
    }
    match (filled, empty) {
        (0, 1..) => None,
        (_, 0) => Some(out).filter(|text| !text.trim().is_empty()),
        _ => Some(out.trim().to_owned()),
    }
}

fn built_in_text<'s>(built_in: BuiltIn, submission: &'s Submission, extras: &Extras<'s>) -> Cow<'s, str> {
    match built_in {
        BuiltIn::Id => Cow::Owned(submission.id.to_string()),
        BuiltIn::Time => Cow::Owned(submission.received_at.to_string()),
        BuiltIn::Ip => Cow::Borrowed(&submission.ip),
        BuiltIn::Referer => Cow::Borrowed(&submission.referer),
        BuiltIn::UserAgent => Cow::Borrowed(&submission.user_agent),
        BuiltIn::Channel => Cow::Borrowed(extras.channel),
        BuiltIn::All => Cow::Owned(listed(&submission.fields)),
    }
}

/// All fields, one a line, nested names written out: `order.items.0.sku: X`.
pub fn listed(fields: &Map<String, Value>) -> String {
    let lines: Vec<String> = flatten(fields)
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n")
}

fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => list_texts(items),
        other => Some(text_of(other))
            .filter(|text| !text.trim().is_empty())
            .map(Cow::into_owned)
            .into_iter()
            .collect(),
    }
}

/// The items that have a value.
fn list_texts(items: &[Value]) -> Vec<String> {
    let texts = items.iter().map(text_of).filter(|text| !text.trim().is_empty());
    texts.map(Cow::into_owned).collect()
}

/// A value as text: numbers with the digits that were sent, `true` and `false` (which boolean CRM
/// fields take), nothing for null and for an empty list or object, compact JSON for other nested values.
pub fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(items) if items.is_empty() => Cow::Borrowed(""),
        Value::Object(items) if items.is_empty() => Cow::Borrowed(""),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Cow::Owned(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Millis, SubmissionId};
    use crate::template::escape;
    use proptest::prelude::*;
    use serde_json::json;

    fn submission(fields: &str) -> Submission {
        Submission {
            id: SubmissionId::first_at(Millis(1_795_341_600_123)),
            received_at: Millis(1_795_341_600_123),
            received_via: "shop".to_owned(),
            fields: serde_json::from_str(fields).unwrap(),
            attachments: Vec::new(),
            ip: "203.0.113.7".to_owned(),
            referer: String::new(),
            user_agent: "curl".to_owned(),
        }
    }

    fn filled(template: &str, fields: &str) -> Rendered {
        let template = Template::parse(template).unwrap();
        render(
            &template,
            &submission(fields),
            &Extras {
                channel: "Магазин"
            },
        )
    }

    #[test]
    fn templates_fill_in() {
        let fields = r#"{"id":6510,"sum":3500.00,"big":12345678901234567890,"yes":true,"no":false,"none":null,
            "blank":" ","first":"Иван","last":"","tags":["a","","b"],"nothing":[],"one":["x"],
            "order":{"sku":"A","n":[1,2]},"list":[{"a":1},[2]],"_ip":"forged"}"#;
        let cases: [(&str, &[&str]); 25] = [
            ("RUB", &["RUB"]),
            ("", &[]),
            (" ", &[]),
            ("{id}", &["6510"]),
            ("{sum}", &["3500.00"]),
            ("{big}", &["12345678901234567890"]),
            ("Заказ №{id}", &["Заказ №6510"]),
            ("Заказ №{missing}", &[]),
            ("Заказ №{none}{blank}", &[]),
            ("{blank}", &[]),
            ("{yes} {no}", &["true false"]),
            ("{first} {last}", &["Иван"]),
            ("{last} {first}", &["Иван"]),
            (" {first} ", &[" Иван "]),
            ("{tags}", &["a", "b"]),
            ("Теги: {tags}", &["Теги: a, b"]),
            ("{nothing}", &[]),
            ("{one}", &["x"]),
            ("{order}", &["{\"sku\":\"A\",\"n\":[1,2]}"]),
            ("{list}", &["{\"a\":1}", "[2]"]),
            ("{order.n}", &["1", "2"]),
            ("{{{id}}}", &["{6510}"]),
            ("{_ip}, {_user_agent}", &["203.0.113.7, curl"]),
            ("{_referer}", &[]),
            ("{_time} {_channel}", &["2026-11-22T10:00:00Z Магазин"]),
        ];
        for (template, expected) in cases {
            assert_eq!(filled(template, fields).texts, expected, "{template}");
        }
    }

    #[test]
    fn the_path_is_known_of_a_lone_placeholder() {
        let fields = r#"{"client":{"docs":["a.txt","b.txt"]}}"#;
        assert_eq!(
            filled("{client[docs]}", fields).path.as_deref(),
            Some("client.docs")
        );
        assert_eq!(
            filled("{client.docs.1}", fields).path.as_deref(),
            Some("client.docs.1")
        );
        assert_eq!(filled("x{client.docs}", fields).path, None);
        assert_eq!(filled("{missing}", fields).path, None);
        assert_eq!(filled("{client.docs}", fields).joined(), "a.txt, b.txt");
    }

    #[test]
    fn all_is_one_field_a_line() {
        let all = filled(
            "{_all}",
            r#"{"n":"Мария","order":{"items":[{"sku":"X"}]},"empty":{},"t":"a\nb"}"#,
        );
        assert_eq!(all.texts, ["n: Мария\norder.items.0.sku: X\nempty: \nt: a\nb"]);
        assert!(filled("{_all}", "{}").is_empty());
        assert_eq!(filled("{_id}", "{}").texts, [submission("{}").id.to_string()]);
    }

    proptest! {
        #[test]
        fn fixed_text_comes_out_as_it_went_in(text in "[{}a \n é]{0,9}[{}aé][{}a \n é]{0,9}") {
            prop_assert_eq!(filled(&escape(&text), "{}").texts, vec![text]);
        }

        #[test]
        fn a_field_comes_out_as_it_was_sent(value in "\\PC{0,20}") {
            let fields = json!({"f": value}).to_string();
            let expected: Vec<String> = Some(value).filter(|v| !v.trim().is_empty()).into_iter().collect();
            prop_assert_eq!(filled("{f}", &fields).texts, expected);
        }
    }
}
