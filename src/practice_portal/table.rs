//! Records of one kind, found by number or by the values that integrations search by.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::php;
use super::schema::{FieldDef, Kind};
use crate::model::Millis;

/// One value of PHONE, EMAIL, WEB, IM or LINK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multi {
    pub id: u64,
    pub value: String,
    pub value_type: String,
}

/// A contact bound to a lead or deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub contact_id: u64,
    pub sort: u64,
    pub primary: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Record {
    pub id: u64,
    pub created_at: Millis,
    /// Values in the form in which they are returned; an absent one is null.
    pub fields: BTreeMap<String, Value>,
    pub multi: BTreeMap<String, Vec<Multi>>,
    pub contacts: Vec<Binding>,
}

impl Record {
    /// A field as text; empty when it has none.
    pub fn text(&self, name: &str) -> String {
        self.fields.get(name).map(php::text).unwrap_or_default()
    }

    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    pub fn primary_contact(&self) -> Option<u64> {
        self.contacts
            .iter()
            .find(|binding| binding.primary)
            .or(self.contacts.first())
            .map(|binding| binding.contact_id)
    }

    /// Values of a multifield.
    pub fn multi_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.multi
            .get(name)
            .into_iter()
            .flatten()
            .map(|m| m.value.as_str())
    }

    /// Everything a filter may compare a field with: several values for multiple fields and bound contacts.
    pub fn values_of(&self, def: &FieldDef) -> Vec<Cow<'_, str>> {
        match (def.name.as_str(), def.kind) {
            ("ID", _) => vec![Cow::Owned(self.id.to_string())],
            ("CONTACT_ID" | "CONTACT_IDS", _) => self
                .contacts
                .iter()
                .map(|binding| Cow::Owned(binding.contact_id.to_string()))
                .collect(),
            (name, Kind::Multi) => self.multi_values(name).map(Cow::Borrowed).collect(),
            (name, _) => match self.fields.get(name) {
                None | Some(Value::Null) => Vec::new(),
                Some(Value::String(text)) => vec![Cow::Borrowed(text.as_str())],
                Some(Value::Array(items)) => items.iter().map(|v| Cow::Owned(php::text(v))).collect(),
                Some(other) => vec![Cow::Owned(php::text(other))],
            },
        }
    }
}

/// A phone as duplicates are compared by: digits and a leading plus, the extension after `#` left out.
/// Another notation of the same number is another number.
// b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md
pub fn communication(kind: &str, value: &str) -> String {
    if kind == "PHONE" {
        let number = value.split('#').next().unwrap_or_default().trim();
        let plus = if number.starts_with('+') { "+" } else { "" };
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() {
            number.to_lowercase()
        } else {
            format!("{plus}{digits}")
        }
    } else {
        value.trim().to_lowercase()
    }
}

/// Fields that are looked up without reading every record.
const INDEXED: [&str; 6] = [
    "ORIGIN_ID",
    "CONTACT_ID",
    "PHONE",
    "EMAIL",
    "OWNER_ID",
    "ENTITY_ID",
];

fn is_indexed(def: &FieldDef) -> bool {
    INDEXED.contains(&def.name.as_str()) || (def.user_field.is_some() && def.kind == Kind::Text)
}

#[derive(Debug, Clone)]
pub struct Table {
    pub schema: Vec<FieldDef>,
    rows: BTreeMap<u64, Record>,
    last_id: u64,
    index: HashMap<(String, String), BTreeSet<u64>>,
}

impl Table {
    pub fn new(schema: Vec<FieldDef>) -> Table {
        Table {
            schema,
            rows: BTreeMap::new(),
            last_id: 0,
            index: HashMap::new(),
        }
    }

    pub fn def(&self, name: &str) -> Option<&FieldDef> {
        self.schema.iter().find(|def| def.name == name)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn get(&self, id: u64) -> Option<&Record> {
        self.rows.get(&id)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.rows.values()
    }

    /// Numbers are given out in order and never again.
    pub fn insert(&mut self, mut record: Record) -> u64 {
        self.last_id += 1;
        record.id = self.last_id;
        let id = record.id;
        for key in self.keys(&record) {
            self.index.entry(key).or_default().insert(id);
        }
        self.rows.insert(id, record);
        id
    }

    /// Changes a record; `false` when there is none of that number.
    pub fn change(&mut self, id: u64, change: impl FnOnce(&mut Record)) -> bool {
        let Some(mut record) = self.remove(id) else {
            return false;
        };
        change(&mut record);
        record.id = id;
        for key in self.keys(&record) {
            self.index.entry(key).or_default().insert(id);
        }
        self.rows.insert(id, record);
        true
    }

    pub fn remove(&mut self, id: u64) -> Option<Record> {
        let record = self.rows.remove(&id)?;
        for key in self.keys(&record) {
            if let Some(ids) = self.index.get_mut(&key) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.index.remove(&key);
                }
            }
        }
        Some(record)
    }

    /// Records whose `field` has exactly this value, oldest first; `None` when the field is not indexed.
    pub fn find(&self, field: &str, value: &str) -> Option<Vec<u64>> {
        if !self.is_indexed(field) {
            return None;
        }
        let key = (field.to_owned(), value.to_owned());
        Some(self.index.get(&key).into_iter().flatten().copied().collect())
    }

    /// Records with this phone or e-mail as duplicates are compared, oldest first.
    pub fn find_communication(&self, kind: &str, value: &str) -> impl Iterator<Item = u64> + '_ {
        let key = (format!("comm:{kind}"), communication(kind, value));
        self.index.get(&key).into_iter().flatten().copied()
    }

    fn is_indexed(&self, field: &str) -> bool {
        self.def(field).is_some_and(is_indexed)
    }

    fn keys(&self, record: &Record) -> Vec<(String, String)> {
        let mut keys = Vec::new();
        for def in self.schema.iter().filter(|def| is_indexed(def)) {
            for value in record.values_of(def) {
                keys.push((def.name.clone(), value.into_owned()));
            }
        }
        for kind in ["PHONE", "EMAIL"] {
            for value in record.multi_values(kind) {
                keys.push((format!("comm:{kind}"), communication(kind, value)));
            }
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice_portal::schema;

    #[test]
    fn another_notation_is_another_number() {
        let same = [
            ("+7 471 277-31-20", "+74712773120"),
            ("8(471)2773120#12", "84712773120"),
        ];
        for (a, b) in same {
            assert_eq!(communication("PHONE", a), communication("PHONE", b), "{a} {b}");
        }
        let other = [("+74712773120", "84712773120"), ("+74712773120", "74712773120")];
        for (a, b) in other {
            assert_ne!(communication("PHONE", a), communication("PHONE", b), "{a} {b}");
        }
        assert_eq!(communication("EMAIL", " A@B.RU"), "a@b.ru");
    }

    #[test]
    fn the_index_follows_changes_and_removals() {
        let mut table = Table::new(schema::deal());
        let mut record = Record::default();
        record.set("ORIGIN_ID", "a");
        let id = table.insert(record);
        assert_eq!(table.find("ORIGIN_ID", "a"), Some(vec![id]));
        table.change(id, |r| r.set("ORIGIN_ID", "b"));
        assert_eq!(table.find("ORIGIN_ID", "a"), Some(vec![]));
        assert_eq!(table.find("ORIGIN_ID", "b"), Some(vec![id]));
        table.remove(id);
        assert_eq!(table.find("ORIGIN_ID", "b"), Some(vec![]));
        assert_eq!(table.find("TITLE", "b"), None);
    }
}
