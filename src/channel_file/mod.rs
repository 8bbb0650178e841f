//! One channel's JSON, as `channel apply` reads it and `channel show` and `export` print it.
//!
//! Everything that is wrong is reported at once, each with its JSON path; nothing is guessed. The
//! `address` that printed channels carry is accepted and ignored, so that output can be applied again.

mod against;
mod checks;

use std::fmt;

use serde_json::Value;

pub use against::unknown_to;

use crate::model::Channel;

/// The key of a printed channel that is no setting.
const ADDRESS: &str = "address";

const CHANNEL_KEYS: [&str; 22] = [
    "slug",
    "name",
    "enabled",
    "entity",
    "mode",
    "search_stages",
    "on_found",
    "update_stage",
    "update_fields",
    "update_contact",
    "responsible_id",
    "category_id",
    "stage_id",
    "add_comment",
    "add_activity",
    "is_default",
    "thank_you_url",
    "allowed_origins",
    "honeypot",
    "secret",
    "max_per_minute",
    "fields",
];

const MAPPING_KEYS: [&str; 4] = ["of", "field", "value", "search"];

/// How unlike a key may be for it to be taken for a misspelling (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// One thing that is wrong with a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelProblem {
    /// Where: `fields[2].value`; empty for the channel as a whole.
    pub path: String,
    /// What, and the way out.
    pub reason: String,
}

impl ChannelProblem {
    fn new(path: impl Into<String>, reason: impl Into<String>) -> ChannelProblem {
        ChannelProblem {
            path: path.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ChannelProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.path, self.reason)
        }
    }
}

impl std::error::Error for ChannelProblem {}

/// Reads one channel.
pub fn parse(json: &str) -> Result<Channel, Vec<ChannelProblem>> {
    channel(tree(json)?, "")
}

/// Reads one channel or a list of them (what `channel export` prints).
pub fn parse_many(json: &str) -> Result<Vec<Channel>, Vec<ChannelProblem>> {
    let items = match tree(json)? {
        Value::Array(items) => items,
        one => return Ok(vec![channel(one, "")?]),
    };
    let mut channels: Vec<Channel> = Vec::with_capacity(items.len());
    let mut problems = Vec::new();
    for (number, item) in items.into_iter().enumerate() {
        match channel(item, &format!("[{number}]")) {
            Ok(channel) => {
                if !channel.slug.is_empty() && channels.iter().any(|other| other.slug == channel.slug) {
                    let reason = format!(
                        "{:?} is an earlier channel's slug too: give it another",
                        channel.slug
                    );
                    problems.push(ChannelProblem::new(format!("[{number}].slug"), reason));
                }
                channels.push(channel);
            }
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        Ok(channels)
    } else {
        Err(problems)
    }
}

/// What types alone cannot say of a channel, whatever it was made from (a file, a page's form).
pub fn check(channel: &Channel) -> Result<(), Vec<ChannelProblem>> {
    let problems = checks::problems(channel);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// A channel as JSON, indented, its keys in the order of the contract. [`parse`] reads it back.
pub fn to_json(channel: &Channel) -> String {
    pretty(&value(channel))
}

/// The same with the channel's address as its last key.
pub fn to_json_with_address(channel: &Channel, address: &str) -> String {
    let mut value = value(channel);
    if let Value::Object(keys) = &mut value {
        keys.insert(ADDRESS.to_owned(), address.into());
    }
    pretty(&value)
}

/// A list of channels as JSON, for [`parse_many`].
pub fn many_to_json(channels: &[Channel]) -> String {
    pretty(&Value::Array(channels.iter().map(value).collect()))
}

// Neither can fail: a channel has text keys only, and its numbers are whole.
fn value(channel: &Channel) -> Value {
    serde_json::to_value(channel).unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn tree(json: &str) -> Result<Value, Vec<ChannelProblem>> {
    serde_json::from_str(json.trim_start_matches('\u{feff}'))
        .map_err(|error| vec![ChannelProblem::new("", format!("not valid JSON: {error}"))])
}

fn channel(mut value: Value, at: &str) -> Result<Channel, Vec<ChannelProblem>> {
    let Value::Object(keys) = &mut value else {
        return Err(vec![ChannelProblem::new(
            at,
            "a channel is a JSON object: { \"entity\": …, \"fields\": [ … ] }",
        )]);
    };
    keys.shift_remove(ADDRESS);
    let mut problems = unknown_keys(keys, at);
    // An unknown key is reported above with a suggestion, so it need not stop the types' report.
    keys.retain(|key, _| CHANNEL_KEYS.contains(&key.as_str()));
    for mapping in mappings(keys) {
        mapping.retain(|key, _| MAPPING_KEYS.contains(&key.as_str()));
    }
    let read: Result<Channel, _> = serde_path_to_error::deserialize(value);
    match read {
        Ok(channel) => {
            let more = checks::problems(&channel);
            problems.extend(more.into_iter().map(|problem| ChannelProblem {
                path: join(at, &problem.path),
                ..problem
            }));
            if problems.is_empty() {
                Ok(channel)
            } else {
                Err(problems)
            }
        }
        Err(error) => {
            let path = error.path().to_string();
            // The path of the value as a whole is printed as a dot.
            let path = if path == "." { "" } else { &path };
            problems.push(ChannelProblem::new(join(at, path), error.inner().to_string()));
            Err(problems)
        }
    }
}

type Keys = serde_json::Map<String, Value>;

fn mappings(keys: &mut Keys) -> impl Iterator<Item = &mut Keys> {
    let rows = keys.get_mut("fields").and_then(Value::as_array_mut);
    rows.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn unknown_keys(keys: &Keys, at: &str) -> Vec<ChannelProblem> {
    let unknown = |keys: &Keys, at: &str, known: &[&str]| -> Vec<ChannelProblem> {
        let strangers = keys.keys().filter(|key| !known.contains(&key.as_str()));
        strangers
            .map(|key| ChannelProblem::new(join(at, key), suggestion(key, known)))
            .collect()
    };
    let mut problems = unknown(keys, at, &CHANNEL_KEYS);
    let rows = keys.get("fields").and_then(Value::as_array).into_iter().flatten();
    for (number, row) in rows.enumerate() {
        if let Some(row) = row.as_object() {
            problems.extend(unknown(
                row,
                &join(at, &format!("fields[{number}]")),
                &MAPPING_KEYS,
            ));
        }
    }
    problems
}

fn suggestion(key: &str, known: &[&str]) -> String {
    match likest(key, known.iter().copied()) {
        Some(known) => format!("unknown key, did you mean `{known}`?"),
        None => format!("unknown key: remove it, or use one of {}", known.join(", ")),
    }
}

/// The known word of which this one is a misspelling, if it is one.
fn likest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let alike = known.map(|known| (strsim::jaro_winkler(word, known), known));
    let (likeness, known) = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= ALIKE).then_some(known)
}

fn join(at: &str, path: &str) -> String {
    match (at, path) {
        ("", path) => path.to_owned(),
        (at, "") => at.to_owned(),
        (at, path) => format!("{at}.{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entity, Mapping, Mode, Of, OnFound, Secret};
    use proptest::prelude::*;
    use serde_json::json;

    const EXAMPLE: &str = r#"{
      "slug": "shop-orders", "name": "Заказы магазина", "enabled": true, "entity": "deal",
      "mode": "search_first", "search_stages": ["NEW", "PREPARATION"], "on_found": "update",
      "update_stage": true, "update_fields": true, "update_contact": false, "responsible_id": 1,
      "category_id": 0, "stage_id": "NEW", "add_comment": true, "add_activity": true, "is_default": false,
      "fields": [
        {"of": "contact", "field": "NAME",  "value": "{client_name}"},
        {"of": "contact", "field": "PHONE", "value": "{client_phone}", "search": true},
        {"of": "deal", "field": "TITLE", "value": "Заказ №{order_id}"},
        {"of": "deal", "field": "UF_CRM_ORDER_ID", "value": "{order_id}", "search": true},
        {"of": "deal", "field": "OPPORTUNITY", "value": "{order_amount}"},
        {"of": "deal", "field": "CURRENCY_ID", "value": "RUB"}
      ]
    }"#;

    fn full() -> Channel {
        Channel {
            thank_you_url: Some("https://shop.example/thanks?x=1".to_owned()),
            allowed_origins: vec![
                "https://shop.example".to_owned(),
                "http://localhost:3000".to_owned(),
            ],
            honeypot: Some("website".to_owned()),
            secret: Some(Secret::new("correct-horse-battery")),
            max_per_minute: Some(30),
            ..parse(EXAMPLE).unwrap()
        }
    }

    /// The example with one place changed, as its problems in text.
    fn with(pointer: &str, new: Value) -> Vec<String> {
        let mut tree: Value = serde_json::from_str(EXAMPLE).unwrap();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = tree.pointer_mut(parent).unwrap();
        match key.parse::<usize>() {
            Ok(number) => parent[number] = new,
            Err(_) => parent[key] = new,
        }
        match parse(&tree.to_string()) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ChannelProblem::to_string).collect(),
        }
    }

    #[test]
    fn the_contracts_example_is_a_channel() {
        let channel = parse(EXAMPLE).unwrap();
        assert_eq!((channel.entity, channel.mode), (Entity::Deal, Mode::SearchFirst));
        assert_eq!((channel.on_found, channel.fields.len()), (OnFound::Update, 6));
        let phone = Mapping {
            of: Of::Contact,
            field: "PHONE".to_owned(),
            value: "{client_phone}".to_owned(),
            search: true,
        };
        assert_eq!(channel.fields[1], phone);
        let least = parse(r#"{"entity":"lead"}"#).unwrap();
        assert_eq!(
            (least.slug.as_str(), least.enabled, least.mode),
            ("", true, Mode::AlwaysCreate)
        );
    }

    #[test]
    fn what_is_printed_can_be_applied_again() {
        for channel in [parse(EXAMPLE).unwrap(), full()] {
            assert_eq!(parse(&to_json(&channel)), Ok(channel.clone()));
            let printed = to_json_with_address(&channel, "https://in.example/in/shop-orders");
            assert!(printed.contains("\"address\": \"https://in.example/in/shop-orders\""));
            assert_eq!(parse(&printed), Ok(channel.clone()));
            let mut other = channel.clone();
            other.slug = "other".to_owned();
            let both = vec![channel, other];
            assert_eq!(parse_many(&many_to_json(&both)), Ok(both));
        }
    }

    #[test]
    fn the_known_keys_are_those_of_the_model_in_its_order() {
        let Value::Object(keys) = value(&full()) else {
            panic!("no object")
        };
        assert_eq!(keys.keys().map(String::as_str).collect::<Vec<_>>(), CHANNEL_KEYS);
        let row = keys["fields"][1].as_object().unwrap();
        assert_eq!(row.keys().map(String::as_str).collect::<Vec<_>>(), MAPPING_KEYS);
    }

    #[test]
    fn types_and_keys_are_refused_with_their_path() {
        let cases = [
            (
                "/fields/2/valu",
                json!("x"),
                "fields[2].valu: unknown key, did you mean `value`?",
            ),
            (
                "/on_fuond",
                json!("x"),
                "on_fuond: unknown key, did you mean `on_found`?",
            ),
            ("/colour", json!(1), "colour: unknown key: remove it"),
            (
                "/entity",
                json!("deals"),
                "entity: unknown variant `deals`, expected `lead` or `deal`",
            ),
            ("/mode", json!("search"), "mode: unknown variant `search`"),
            (
                "/fields/0/of",
                json!("company"),
                "fields[0].of: unknown variant `company`",
            ),
            (
                "/fields/1/search",
                json!("yes"),
                "fields[1].search: invalid type: string \"yes\", expected a boolean",
            ),
            (
                "/fields/1",
                json!({"of": "deal", "field": "A"}),
                "fields[1]: missing field `value`",
            ),
            ("/responsible_id", json!(-1), "responsible_id: invalid"),
            ("/search_stages/0", json!(1), "search_stages[0]: invalid type"),
            (
                "/fields",
                json!({}),
                "fields: invalid type: map, expected a sequence",
            ),
        ];
        for (pointer, new, expected) in cases {
            let problems = with(pointer, new);
            assert!(
                problems.iter().any(|problem| problem.starts_with(expected)),
                "{pointer}: {problems:?}"
            );
        }
        assert_eq!(parse("{}").unwrap_err()[0].to_string(), "missing field `entity`");
        assert!(
            parse("[]").unwrap_err()[0]
                .to_string()
                .starts_with("a channel is a JSON object")
        );
        assert!(
            parse("{'entity':'lead'}").unwrap_err()[0]
                .to_string()
                .starts_with("not valid JSON: ")
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let json = r#"[{"entity":"lead","nmae":"x","fields":[{"of":"deal","field":"TITLE","value":"{"}]},
            {"entity":"lead","slug":"a"},{"entity":"lead","slug":"a"}]"#;
        let paths: Vec<String> = parse_many(json)
            .unwrap_err()
            .into_iter()
            .map(|problem| problem.path)
            .collect();
        assert_eq!(
            paths,
            ["[0].nmae", "[0].fields[0].of", "[0].fields[0].value", "[2].slug"]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_channel_or_problems(text in "[\\[{][\"a-f:,\\[\\]{}0-9]{0,30}") {
            let _ = (parse(&text), parse_many(&text));
        }

        /// What is accepted, the next layer accepts: it prints, reads back, and its templates parse.
        #[test]
        fn an_accepted_channel_round_trips(
            slug in "[a-zA-Z_./-]{0,4}", field in "[A-Z_a-z]{0,3}", template in "[{}a ]{0,5}", url in "(http://a|ftp:b|)",
        ) {
            let mut channel = full();
            channel.slug = slug;
            channel.thank_you_url = Some(url);
            channel.fields[2].field = field;
            channel.fields[2].value = template;
            if let Ok(read) = parse(&to_json(&channel)) {
                prop_assert_eq!(&read, &channel);
                prop_assert!(crate::template::Template::parse(&read.fields[2].value).is_ok());
            }
        }
    }
}
