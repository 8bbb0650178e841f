//! An example request with the names that the channel's mappings ask for.

use serde_json::{Map, Value};

use crate::model::{Catalog, Channel, Field, FieldKind, Mapping};
use crate::template::{BuiltIn, Template};

/// A channel that asks for nothing yet gets what most forms have.
const USUAL: [(&str, &str); 3] = [
    ("name", "Мария"),
    ("phone", "74712773120"),
    ("email", "maria@example.com"),
];

/// The fields of an example, nested as the templates name them.
pub fn fields(channel: &Channel, catalog: Option<&Catalog>) -> Map<String, Value> {
    let mut fields = Map::new();
    for mapping in &channel.fields {
        let Ok(template) = Template::parse(&mapping.value) else {
            continue;
        };
        let field = catalog.and_then(|catalog| catalog.fields(mapping.of).get(&mapping.field));
        for name in template.placeholders().filter(|name| !is_built_in(name)) {
            let path: Vec<&str> = split(name);
            put(&mut fields, &path, value(name, mapping, field));
        }
    }
    if fields.is_empty() {
        for (name, value) in USUAL {
            fields.insert(name.to_owned(), Value::from(value));
        }
    }
    fields
}

fn is_built_in(name: &str) -> bool {
    BuiltIn::ALL.iter().any(|one| one.as_str() == name)
}

/// `order.items.0.sku` and `order[items][0][sku]` are one path.
fn split(name: &str) -> Vec<&str> {
    name.split(['.', '[', ']'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// Puts a value where a path leads; what stands in the way already stays.
fn put(fields: &mut Map<String, Value>, path: &[&str], value: String) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let slot = fields.entry((*first).to_owned()).or_insert(Value::Null);
    put_below(slot, rest, value);
}

fn put_below(slot: &mut Value, path: &[&str], value: String) {
    /// A template names the first items of a list, if any.
    const MOST_ITEMS: usize = 20;
    let Some((first, rest)) = path.split_first() else {
        if slot.is_null() {
            *slot = Value::from(value);
        }
        return;
    };
    let index = first.parse::<usize>().ok().filter(|index| *index < MOST_ITEMS);
    if slot.is_null() {
        *slot = match index {
            Some(_) => Value::Array(Vec::new()),
            None => Value::Object(Map::new()),
        };
    }
    match (slot, index) {
        (Value::Array(items), Some(index)) => {
            while items.len() <= index {
                items.push(Value::Null);
            }
            put_below(&mut items[index], rest, value);
        }
        (Value::Object(fields), _) => put(fields, path, value),
        _ => {}
    }
}

/// Something that fits the CRM field, or the name.
fn value(name: &str, mapping: &Mapping, field: Option<&Field>) -> String {
    if let Some(text) = by_field(&mapping.field) {
        return text.to_owned();
    }
    if let Some(text) = field.and_then(by_kind) {
        return text;
    }
    by_name(name).to_owned()
}

fn by_field(field: &str) -> Option<&'static str> {
    Some(match field {
        "PHONE" => "74712773120",
        "EMAIL" => "maria@example.com",
        "WEB" => "https://example.com",
        "NAME" => "Мария",
        "LAST_NAME" => "Иванова",
        "SECOND_NAME" => "Петровна",
        "OPPORTUNITY" => "3500",
        "CURRENCY_ID" => "RUB",
        "COMMENTS" => "Перезвоните после 18:00",
        _ => return None,
    })
}

fn by_kind(field: &Field) -> Option<String> {
    if let Some(first) = field.items.first() {
        return Some(first.label.clone());
    }
    Some(
        match field.kind {
            FieldKind::Integer | FieldKind::Double | FieldKind::Money => "3500",
            FieldKind::Boolean | FieldKind::Char => "да",
            FieldKind::Date => "31.12.2026",
            FieldKind::DateTime => "31.12.2026 18:00",
            FieldKind::Currency => "RUB",
            FieldKind::Url => "https://example.com",
            FieldKind::User => "1",
            _ => return None,
        }
        .to_owned(),
    )
}

fn by_name(name: &str) -> &'static str {
    const KNOWN: [(&[&str], &str); 7] = [
        (&["phone", "tel", "тел"], "74712773120"),
        (&["mail", "почт"], "maria@example.com"),
        (&["amount", "sum", "price", "total", "сумм", "цен"], "3500"),
        (
            &["comment", "message", "text", "коммент", "сообщ"],
            "Перезвоните после 18:00",
        ),
        (&["date", "дат"], "31.12.2026"),
        (&["name", "fio", "имя", "фио"], "Мария"),
        (&["id", "number", "order", "номер", "заказ"], "6510"),
    ];
    let name = name.to_lowercase();
    let found = KNOWN
        .iter()
        .find(|(parts, _)| parts.iter().any(|part| name.contains(part)));
    found.map_or("Пример", |(_, text)| text)
}
