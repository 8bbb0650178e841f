//! What a channel's website sends: the fields of the latest requests, and what the mappings make of one of them.

use serde_json::{Map, Value};

use super::picks::clip;
use crate::deliver;
use crate::model::{Arg, Catalog, Channel, Field, FieldKind, Mapping, Millis, Of, Submission, SubmissionId};
use crate::plan::wanted::{Unfit, wanted};
use crate::store::{Store, StoreError, StoredChannel};
use crate::template::{self, BuiltIn, Template};
use crate::web::admin::explain;
use crate::web::admin::words::{Text, text};
use crate::web::visitor::Language;

/// Requests that are looked at.
const REQUESTS: u32 = 20;
/// A larger one carries files and takes long to read; its fields are those of the others.
const BODY: u32 = 256 << 10;
/// Names that are shown: a form with more of them is read in the inbox.
const NAMES: usize = 100;
/// A name longer than this is a robot's.
const NAME: usize = 200;
/// How much of a value is shown, in characters.
const VALUE: usize = 120;

/// The latest requests, newest first.
pub fn latest(store: &Store, channel: &StoredChannel) -> Result<Vec<Submission>, StoreError> {
    let received = store.samples(channel.key, REQUESTS, BODY)?;
    let slug = &channel.channel.slug;
    Ok(received
        .iter()
        .filter_map(|received| deliver::submission(received, slug).ok())
        .collect())
}

/// A request that holds nothing: what fixed text comes to with any request.
pub fn nothing_sent() -> Submission {
    Submission {
        id: SubmissionId(0),
        received_at: Millis(0),
        received_via: String::new(),
        fields: Map::new(),
        attachments: Vec::new(),
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
    }
}

/// A field of the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub name: String,
    /// The newest value that was not empty.
    pub sample: String,
    /// Can be written between braces.
    pub is_placeholder: bool,
}

/// The fields of all these requests with a value each: those of the newest request first, in its order.
pub fn fields(submissions: &[Submission]) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for submission in submissions {
        for (name, sample) in leaves(&submission.fields) {
            if name.len() > NAME {
                continue;
            }
            let sample = clip(&sample, VALUE);
            if let Some(at) = all.iter().position(|seen| seen.name == name) {
                if all[at].sample.is_empty() {
                    all[at].sample = sample;
                }
            } else if all.len() < NAMES {
                all.push(Seen {
                    is_placeholder: is_placeholder(&name, &submission.fields),
                    name,
                    sample,
                });
            }
        }
    }
    all
}

/// Whether `{name}` stands for this field.
fn is_placeholder(name: &str, fields: &Map<String, Value>) -> bool {
    let parsed = Template::parse(&format!("{{{name}}}"));
    let is_one = parsed.is_ok_and(|template| template.placeholders().eq([name]));
    let is_built_in = BuiltIn::ALL.into_iter().any(|built_in| built_in.as_str() == name);
    is_one && !is_built_in && template::lookup(fields, name).is_some()
}

/// Names and values as templates name them; a list of plain values is one of them.
fn leaves(fields: &Map<String, Value>) -> Vec<(String, String)> {
    fn walk(name: String, value: &Value, out: &mut Vec<(String, String)>) {
        let is_plain = |value: &Value| !value.is_array() && !value.is_object();
        match value {
            Value::Array(items) if !items.iter().all(is_plain) => {
                for (n, item) in items.iter().enumerate() {
                    walk(format!("{name}.{n}"), item, out);
                }
            }
            Value::Array(items) => {
                let texts: Vec<_> = items.iter().map(template::text_of).collect();
                out.push((name, texts.join(", ")));
            }
            Value::Object(items) if !items.is_empty() => {
                for (key, item) in items {
                    walk(format!("{name}.{key}"), item, out);
                }
            }
            leaf => out.push((name, template::text_of(leaf).into_owned())),
        }
    }
    let mut out = Vec::new();
    for (name, value) in fields {
        walk(name.clone(), value, &mut out);
    }
    out
}

/// What every request has.
pub const BUILT_IN: [(BuiltIn, Text); 7] = [
    (BuiltIn::Id, text("номер запроса", "number of the request")),
    (BuiltIn::Time, text("когда пришёл", "when it came")),
    (BuiltIn::Ip, text("адрес посетителя", "the visitor's address")),
    (BuiltIn::Referer, text("страница с формой", "page with the form")),
    (BuiltIn::UserAgent, text("браузер", "browser")),
    (
        BuiltIn::Channel,
        text("наименование канала", "name of the channel"),
    ),
    (BuiltIn::All, text("все поля сразу", "all fields at once")),
];

/// What a mapping makes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Nothing is sent: the request has no value for it.
    Nothing,
    Value {
        text: String,
        /// The forms under which a record is looked for.
        searched: Vec<String>,
    },
    /// The portal would not take it.
    Bad(String),
}

/// Renders and converts one mapping by the very code that delivers. Before the portal told its fields, nothing can be
/// converted: the value is the one that the template gives.
pub fn show(
    mapping: &Mapping,
    channel: &Channel,
    submission: &Submission,
    catalog: Option<&Catalog>,
    country: &str,
    lang: Language,
) -> Shown {
    let Some(catalog) = catalog else {
        return rendered(mapping, channel, submission, lang);
    };
    let alone = Channel {
        fields: vec![mapping.clone()],
        ..channel.clone()
    };
    let wanted = match wanted(submission, &alone, catalog, country) {
        Ok(wanted) => wanted,
        Err(Unfit::Value(bad)) => return Shown::Bad(explain::of_value(lang, &bad)),
        Err(other) => return Shown::Bad(explain::in_full(lang, &other.to_string())),
    };
    let record = match mapping.of {
        Of::Contact => &wanted.contact,
        Of::Lead | Of::Deal => &wanted.entity,
    };
    let field = catalog.fields(mapping.of).get(&mapping.field);
    match record.fields().first() {
        None => Shown::Nothing,
        Some((_, value)) => Shown::Value {
            text: clip(&worded(value, field, catalog), VALUE),
            searched: record
                .searches
                .iter()
                .flat_map(|search| search.values.clone())
                .collect(),
        },
    }
}

fn rendered(mapping: &Mapping, channel: &Channel, submission: &Submission, lang: Language) -> Shown {
    let extras = template::Extras {
        channel: &channel.name,
    };
    match Template::parse(&mapping.value) {
        Err(error) => Shown::Bad(explain::in_full(lang, &error.to_string())),
        Ok(template) => match template::render(&template, submission, &extras) {
            rendered if rendered.is_empty() => Shown::Nothing,
            rendered => Shown::Value {
                text: clip(&rendered.joined(), VALUE),
                searched: Vec::new(),
            },
        },
    }
}

/// A converted value as people know it: a label beside its number.
fn worded(value: &Arg, field: Option<&Field>, catalog: &Catalog) -> String {
    match value {
        Arg::Text(text) => match field.and_then(|field| label(text, field, catalog)) {
            Some(label) if label != *text => format!("{label} ({text})"),
            _ => text.clone(),
        },
        Arg::List(items) => {
            let items: Vec<String> = items.iter().map(|item| worded(item, field, catalog)).collect();
            items.join(", ")
        }
        Arg::Map(items) => {
            let value = items
                .iter()
                .find(|(name, _)| name == "VALUE" || name == "fileData");
            match value {
                Some((name, Arg::List(file))) if name == "fileData" => file
                    .first()
                    .map_or(String::new(), |name| worded(name, None, catalog)),
                Some((_, value)) => worded(value, None, catalog),
                None => String::new(),
            }
        }
        Arg::Answer { .. } => String::new(),
    }
}

fn label(text: &str, field: &Field, catalog: &Catalog) -> Option<String> {
    match field.kind {
        FieldKind::User => {
            let id: u64 = text.parse().ok()?;
            let user = catalog.users.iter().find(|user| user.id == id)?;
            Some(user.name.clone())
        }
        FieldKind::Enumeration | FieldKind::Status => {
            let item = field.items.iter().find(|item| item.id == text)?;
            Some(item.label.clone())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{catalog, submission};
    use super::*;
    use crate::model::Entity;

    #[test]
    fn the_fields_of_the_latest_requests_with_their_values() {
        let newest = submission(json!({
            "name": "Мария", "phone": "", "order": {"items": [{"sku": "A"}, {"sku": "B"}]}, "tags": ["a", "b"],
            "odd}": "x", "_ip": "forged", "y".repeat(300): "z",
        }));
        let older = submission(json!({"phone": "8 912", "email": "m@example.ru"}));
        let seen = fields(&[newest, older]);
        let seen: Vec<(&str, &str, bool)> = seen
            .iter()
            .map(|seen| (seen.name.as_str(), seen.sample.as_str(), seen.is_placeholder))
            .collect();
        let expected = [
            ("name", "Мария", true),
            ("phone", "8 912", true),
            ("order.items.0.sku", "A", true),
            ("order.items.1.sku", "B", true),
            ("tags", "a, b", true),
            ("odd}", "x", false),
            ("_ip", "forged", false),
            ("email", "m@example.ru", true),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_mapping_shows_what_is_sent() {
        let catalog = catalog();
        let channel = super::super::draft::blank(Entity::Deal);
        let submission = submission(json!({"phone": "8 (912) 345-67-89", "how": "курьер", "sum": "много"}));
        let shown = |of: Of, field: &str, value: &str, search: bool| {
            let mapping = Mapping {
                of,
                field: field.to_owned(),
                value: value.to_owned(),
                search,
            };
            show(
                &mapping,
                &channel,
                &submission,
                Some(&catalog),
                "RU",
                Language::English,
            )
        };
        let value = |text: &str| Shown::Value {
            text: text.to_owned(),
            searched: vec![],
        };
        assert_eq!(
            shown(Of::Contact, "PHONE", "{phone}", false),
            value("+79123456789")
        );
        assert_eq!(
            shown(Of::Deal, "UF_CRM_DELIVERY", "{how}", false),
            value("Курьер (61)")
        );
        assert_eq!(
            shown(Of::Deal, "ASSIGNED_BY_ID", "анна петрова", false),
            value("Анна Петрова (1)")
        );
        assert_eq!(shown(Of::Deal, "TITLE", "Заказ {missing}", false), Shown::Nothing);
        assert!(
            matches!(shown(Of::Deal, "OPPORTUNITY", "{sum}", false), Shown::Bad(why) if why.contains("many") || why.contains("много"))
        );
        let Shown::Value { searched, .. } = shown(Of::Contact, "PHONE", "{phone}", true) else {
            panic!("no value")
        };
        assert!(searched.contains(&"+79123456789".to_owned()) && searched.len() > 1);
    }
}
