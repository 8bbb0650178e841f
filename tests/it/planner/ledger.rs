//! A portal's records in a form in which two runs can be compared: what a run made is named by its mark and not by its
//! number, and dates are left out.

use std::collections::{BTreeMap, BTreeSet};

use b24_bridge::practice_portal::World;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub struct Ledger {
    /// By name: `contact 3` was there before, `deal of 0xyz` was made.
    pub records: BTreeMap<String, Value>,
}

/// Moments, and who touched a record last.
fn is_of_time(field: &str) -> bool {
    let parts = ["DATE", "TIME", "CREATED", "DEADLINE", "START", "END", "LAST_"];
    parts.iter().any(|part| field.contains(part))
}

fn name(kind: &str, record: &Value) -> String {
    if record["ORIGINATOR_ID"] == "b24-bridge" {
        format!("{kind} of {}", record["ORIGIN_ID"].as_str().unwrap_or_default())
    } else {
        format!("{kind} {}", record["ID"].as_str().unwrap_or_default())
    }
}

impl Ledger {
    pub fn of(world: &World) -> Ledger {
        let all = world.to_json();
        let list = |kinds: &str| all[kinds].as_array().cloned().unwrap_or_default();
        let mut names = BTreeMap::new();
        for (kind, kinds) in [("contact", "contacts"), ("deal", "deals"), ("lead", "leads")] {
            for record in list(kinds) {
                let id = record["ID"].as_str().unwrap_or_default().to_owned();
                names.insert((kind, id), name(kind, &record));
            }
        }
        let mut records = BTreeMap::new();
        let mut put = |name: String, value: Value| {
            let twice = records.insert(name.clone(), value);
            assert!(twice.is_none(), "made twice: {name}");
        };
        for (kind, kinds) in [("contact", "contacts"), ("deal", "deals"), ("lead", "leads")] {
            for record in list(kinds) {
                put(name(kind, &record), plain(&record, &names));
            }
        }
        let owner = |kind: &str, id: &Value| {
            let kind = match kind {
                "1" | "lead" => "lead",
                _ => "deal",
            };
            names[&(kind, id.as_str().unwrap_or_default().to_owned())].clone()
        };
        for comment in list("comments") {
            let kind = comment["ENTITY_TYPE"].as_str().unwrap_or_default();
            let name = format!(
                "comment on {}: {}",
                owner(kind, &comment["ENTITY_ID"]),
                comment["COMMENT"]
            );
            put(name, Value::Null);
        }
        for activity in list("activities") {
            let kind = activity["OWNER_TYPE_ID"].as_str().unwrap_or_default();
            let owner = owner(kind, &activity["OWNER_ID"]);
            let name = format!("activity for {owner}: {}", activity["DESCRIPTION"]);
            put(
                name,
                json!({"SUBJECT": activity["SUBJECT"], "RESPONSIBLE_ID": activity["RESPONSIBLE_ID"]}),
            );
        }
        Ledger { records }
    }

    /// Where this ledger is not as the other, for people.
    pub fn differences(&self, expected: &Ledger) -> Vec<String> {
        let names: BTreeSet<&String> = self.records.keys().chain(expected.records.keys()).collect();
        let mut all = Vec::new();
        for name in names {
            match (self.records.get(name), expected.records.get(name)) {
                (Some(_), None) => all.push(format!("{name} is there")),
                (None, Some(_)) => all.push(format!("{name} is not there")),
                (Some(is), Some(wanted)) if is != wanted => {
                    for (field, value) in wanted.as_object().into_iter().flatten() {
                        if is[field] != *value {
                            all.push(format!("{name}: {field} is {}, not {value}", is[field]));
                        }
                    }
                    all.push(format!("{name} is another"));
                }
                _ => {}
            }
        }
        all
    }

    /// What was filled is not empty now.
    pub fn blanks_nothing_of(&self, before: &Ledger) -> Result<(), TestCaseError> {
        for (name, old) in &before.records {
            let now = &self.records[name];
            for (field, value) in old.as_object().into_iter().flatten() {
                let was_empty = value.is_null() || value == "" || value == &json!([]);
                let is_empty = now[field].is_null() || now[field] == "" || now[field] == json!([]);
                prop_assert!(was_empty || !is_empty, "{name} lost its {field}");
            }
        }
        Ok(())
    }

    /// Records that belong to nobody who could be meant stand as they stood, and nothing hangs on them.
    pub fn leaves_strangers_as_in(&self, before: &Ledger) -> Result<(), TestCaseError> {
        let is_strange = |record: &Value| {
            let lacks = |field: &str| {
                let value = &record[field];
                value.is_null() || value == "" || value == &json!([])
            };
            [
                "PHONE",
                "EMAIL",
                "UF_CRM_ORDER_ID",
                "SOURCE_DESCRIPTION",
                "contacts",
            ]
            .iter()
            .all(|field| lacks(field))
        };
        for (name, old) in before.records.iter().filter(|(_, old)| is_strange(old)) {
            prop_assert_eq!(&self.records[name], old, "{} was touched", name);
            let hangs = self
                .records
                .keys()
                .find(|other| other.contains(&format!("{name}:")));
            prop_assert!(hangs.is_none(), "{hangs:?} hangs on a stranger");
            let binds = |record: &Value| {
                record["contacts"]
                    .as_array()
                    .is_some_and(|bound| bound.contains(&json!(name)))
            };
            let mut others = self.records.iter();
            let bound = others
                .find(|(other, record)| binds(record) && !before.records.get(*other).is_some_and(binds));
            prop_assert!(bound.is_none(), "{name} was bound to {bound:?}");
        }
        Ok(())
    }
}

/// A record without numbers and moments.
fn plain(record: &Value, names: &BTreeMap<(&str, String), String>) -> Value {
    let mut out = Map::new();
    for (field, value) in record.as_object().into_iter().flatten() {
        let value = match (field.as_str(), value) {
            ("ID" | "CONTACT_ID" | "LEAD_ID", _) => continue,
            ("CONTACT_IDS", Value::Array(ids)) => {
                let contact = |id: &Value| names[&("contact", id.to_string())].clone();
                out.insert("contacts".to_owned(), ids.iter().map(contact).collect());
                continue;
            }
            (_, Value::Array(items)) => items
                .iter()
                .map(|item| json!([item["VALUE"], item["VALUE_TYPE"]]))
                .collect(),
            (field, value) if !is_of_time(field) => value.clone(),
            _ => continue,
        };
        out.insert(field.clone(), value);
    }
    Value::Object(out)
}
