//! Calls in PHP's notation: `method?fields[PHONE][0][VALUE]=…`, and batches of them.
// b24: settings/how-to-call-rest-api/data-encoding.md

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::model::{Arg, Call, Secret};

/// Commands in one batch; the portal refuses the ones beyond.
// b24: settings/how-to-call-rest-api/batch.md
pub const MAX_COMMANDS: usize = 50;

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a batch takes for a reference to an earlier answer begins so (`$result`, `$result_error`, …).
const REFERENCE: &str = "$result";

/// Invisible, takes no room, forbids no line break that people expect: it only keeps text from
/// looking like a reference.
const WORD_JOINER: char = '\u{2060}';

/// The key of a call within a batch that serves many submissions: `tag` tells them apart.
///
/// Only `a-z`, `0-9` and `_`, never a number (PHP would turn a map of numbers into a list), and
/// different for every pair of tag and key.
pub fn key(tag: &str, call_key: &str) -> String {
    // `__` cannot come out of `escaped`, so it marks the seam.
    format!("k{}__{}", escaped(tag), escaped(call_key))
}

fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "_{byte:02x}");
        }
    }
    out
}

/// One call as `method?query`. `rename` turns the key of a call that is referred to into its key in
/// the batch.
pub fn command(call: &Call, rename: impl Fn(&str) -> String) -> String {
    let query = query(call, rename);
    if query.is_empty() {
        call.method.clone()
    } else {
        format!("{}?{query}", call.method)
    }
}

/// The arguments alone, percent-encoded once: the body of a form, or what follows `?`.
pub fn query(call: &Call, rename: impl Fn(&str) -> String) -> String {
    let mut pairs = Pairs {
        out: String::new(),
        rename: &rename,
    };
    for (name, arg) in &call.args {
        pairs.put(&percent(name), arg);
    }
    pairs.out
}

struct Pairs<'a> {
    out: String,
    rename: &'a dyn Fn(&str) -> String,
}

impl Pairs<'_> {
    fn put(&mut self, name: &str, arg: &Arg) {
        match arg {
            Arg::Text(text) => self.pair(name, &neutral(text)),
            // A query string cannot say "an empty list". Left out, a filter by it would match every
            // record; with one empty item it matches none.
            Arg::List(items) if items.is_empty() => self.pair(&member(name, "0"), ""),
            Arg::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.put(&member(name, &index.to_string()), item);
                }
            }
            // An empty map is the same as no argument.
            Arg::Map(items) => {
                for (key, item) in items {
                    self.put(&member(name, key), item);
                }
            }
            // b24: settings/how-to-call-rest-api/batch.md
            Arg::Answer { key, path } => {
                let mut reference = format!("{REFERENCE}[{}]", (self.rename)(key));
                for part in path {
                    reference.push('[');
                    reference.push_str(part);
                    reference.push(']');
                }
                self.pair(name, &reference);
            }
        }
    }

    fn pair(&mut self, name: &str, value: &str) {
        if !self.out.is_empty() {
            self.out.push('&');
        }
        self.out.push_str(name);
        self.out.push('=');
        self.out.push_str(&percent(value));
    }
}

/// `name[key]`, brackets encoded as everything else; `name` is encoded already.
fn member(name: &str, key: &str) -> String {
    format!("{name}%5B{}%5D", percent(key))
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Text from a website in which the portal finds no reference to an earlier answer: a visitor who
/// types `$result[contact]` would otherwise read what other commands of the batch answered. Without NUL, too: a portal
/// on PostgreSQL cannot store it and fails at the whole request.
fn neutral(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        return Cow::Owned(neutral(&text.replace('\0', "")).into_owned());
    }
    let lower = text.to_ascii_lowercase();
    if !lower.contains(REFERENCE) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + WORD_JOINER.len_utf8());
    let mut copied = 0;
    for (at, _) in lower.match_indices(REFERENCE) {
        out.push_str(&text[copied..=at]);
        out.push(WORD_JOINER);
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The body of a `batch` request, as JSON: so the commands need no second encoding.
pub fn batch_body<'a>(commands: impl IntoIterator<Item = (&'a str, &'a str)>, halt: bool) -> Vec<u8> {
    let cmd: Map<String, Value> = commands
        .into_iter()
        .map(|(key, command)| (key.to_owned(), Value::from(command)))
        .collect();
    json!({ "halt": u8::from(halt), "cmd": cmd })
        .to_string()
        .into_bytes()
}

/// A body, a JSON object or a form, with an application's token in it.
// b24: settings/how-to-call-rest-api/authorization.md
pub fn with_token(body: &[u8], token: &Secret) -> Vec<u8> {
    let (head, rest) = match body {
        [b'{', rest @ ..] => {
            let comma = if rest == b"}" { "" } else { "," };
            (format!("{{\"auth\":{}{comma}", Value::from(token.reveal())), rest)
        }
        form => (format!("auth={}&", percent(token.reveal())), form),
    };
    let mut out = head.into_bytes();
    out.extend_from_slice(rest);
    out
}

/// How many bytes a command adds to a batch at most: what a wave is measured by.
pub fn size(key: &str, command: &str) -> usize {
    // `"key":"command",`; both are ASCII without quotes, so JSON adds no escapes.
    key.len() + command.len() + 6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Effect;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn call(args: Vec<(&str, Arg)>) -> Call {
        Call {
            key: "k".into(),
            method: "crm.lead.add".into(),
            args: args.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            effect: Effect::Write,
        }
    }

    fn map(items: Vec<(&str, Arg)>) -> Arg {
        Arg::Map(items.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    /// What PHP's `parse_str` would see: names and values, in order.
    fn parsed(command: &str) -> Vec<(String, String)> {
        let query = command.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    fn pairs(items: &[(&str, &str)]) -> Vec<(String, String)> {
        items
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn nested_names_are_phps() {
        let call = call(vec![(
            "fields",
            map(vec![
                ("TITLE", Arg::text("John&Martin")),
                (
                    "PHONE",
                    Arg::List(vec![map(vec![
                        ("VALUE", Arg::text("+74712773120")),
                        ("VALUE_TYPE", Arg::text("WORK")),
                    ])]),
                ),
            ]),
        )]);
        let command = command(&call, str::to_owned);
        assert!(command.starts_with("crm.lead.add?fields%5BTITLE%5D=John%26Martin&"));
        assert_eq!(
            parsed(&command),
            pairs(&[
                ("fields[TITLE]", "John&Martin"),
                ("fields[PHONE][0][VALUE]", "+74712773120"),
                ("fields[PHONE][0][VALUE_TYPE]", "WORK"),
            ])
        );
    }

    #[test]
    fn a_call_without_arguments_has_no_query() {
        assert_eq!(command(&call(vec![]), str::to_owned), "crm.lead.add");
        assert_eq!(
            command(&call(vec![("filter", map(vec![]))]), str::to_owned),
            "crm.lead.add"
        );
    }

    #[test]
    fn an_empty_list_stays_a_list_that_matches_nothing() {
        let call = call(vec![("filter", map(vec![("@ID", Arg::List(vec![]))]))]);
        assert_eq!(
            parsed(&command(&call, str::to_owned)),
            pairs(&[("filter[@ID][0]", "")])
        );
    }

    #[test]
    fn references_are_renamed_and_reach_the_portal_as_written() {
        let call = call(vec![(
            "fields",
            map(vec![(
                "CONTACT_ID",
                Arg::Answer {
                    key: "find".into(),
                    path: vec!["0".into(), "ID".into()],
                },
            )]),
        )]);
        let command = command(&call, |key| super::key("7", key));
        assert_eq!(
            parsed(&command),
            pairs(&[("fields[CONTACT_ID]", "$result[k7__find][0][ID]")])
        );
    }

    #[test]
    fn text_is_never_a_reference() {
        let cases = [
            ("$result[contact]", "$\u{2060}result[contact]"),
            ("a $result_error[x] b", "a $\u{2060}result_error[x] b"),
            ("$RESULT[x] $Result", "$\u{2060}RESULT[x] $\u{2060}Result"),
            ("$$result[x]", "$$\u{2060}result[x]"),
            ("Ж$resultЖ", "Ж$\u{2060}resultЖ"),
            ("a\0b $re\0sult[x]", "ab $\u{2060}result[x]"),
            ("цена $100, result", "цена $100, result"),
        ];
        for (text, expected) in cases {
            let command = command(&call(vec![("X", Arg::text(text))]), str::to_owned);
            assert_eq!(parsed(&command), pairs(&[("X", expected)]), "{text}");
        }
    }

    #[test]
    fn a_batch_is_json_with_the_commands_in_order() {
        let body = batch_body([("kb__x", "a?b=%26"), ("ka__y", "c")], true);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"halt":1,"cmd":{"kb__x":"a?b=%26","ka__y":"c"}}"#
        );
        assert_eq!(batch_body([], false), br#"{"halt":0,"cmd":{}}"#);
    }

    #[test]
    fn a_token_travels_in_the_body() {
        let token = Secret::new("a\"b");
        let with = |body: &str| String::from_utf8(with_token(body.as_bytes(), &token)).unwrap();
        assert_eq!(with("{}"), r#"{"auth":"a\"b"}"#);
        assert_eq!(
            with(r#"{"halt":1,"cmd":{}}"#),
            r#"{"auth":"a\"b","halt":1,"cmd":{}}"#
        );
        assert_eq!(with("a=1&b=2"), "auth=a%22b&a=1&b=2");
    }

    proptest! {
        #[test]
        fn any_text_comes_through_whole(text in "\\PC*|[\\x00-\\x7f]*") {
            let command = command(&call(vec![("X", Arg::text(text.clone()))]), str::to_owned);
            prop_assert!(command.bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(!command[1..].contains(['#', '[', '+', '"', '\\']));
            let seen = parsed(&command);
            prop_assert_eq!(seen.len(), 1);
            prop_assert_eq!(seen[0].1.replace('\u{2060}', ""), text.replace(['\u{2060}', '\0'], ""));
            prop_assert!(!seen[0].1.to_ascii_lowercase().contains("$result"));
        }

        #[test]
        fn keys_are_safe_and_never_meet(names in proptest::collection::btree_set(("[a-zA-Z0-9:_]{0,6}", "[a-zA-Z0-9:_]{0,6}"), 1..40)) {
            let keys: BTreeSet<String> = names.iter().map(|(tag, name)| key(tag, name)).collect();
            prop_assert_eq!(keys.len(), names.len());
            for key in keys {
                prop_assert!(key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
                prop_assert!(key.parse::<f64>().is_err());
            }
        }

        #[test]
        fn size_is_an_upper_bound(commands in proptest::collection::vec(("[a-z]{1,9}", "[a-z%0-9?=]{0,60}"), 1..20)) {
            let commands: std::collections::BTreeMap<String, String> = commands.into_iter().collect();
            let sum: usize = commands.iter().map(|(k, c)| size(k, c)).sum();
            let body = batch_body(commands.iter().map(|(k, c)| (k.as_str(), c.as_str())), false);
            prop_assert!(body.len() <= sum + batch_body([], false).len());
        }
    }
}
