//! Filters of the list methods, with their prefixes and their traps.
//!
//! The traps are the portal's own and kept on purpose: a field it does not know is no condition at all,
//! neither is an empty list, and an empty value asks for records whose field is empty.

use std::borrow::Cow;

use serde_json::Value;

use super::schema::{FieldDef, Kind};
use super::table::{Record, Table};
use super::{clock, php};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    /// A part of the value.
    Contains,
    /// `%` stands for anything.
    Like,
}

/// Longer prefixes first: `!%=` is not `!` and a name that starts with `%=`. The flag negates.
// b24: api-reference/crm/deals/crm-deal-list.md (`!%` and kin: api-reference/crm/timeline/activities/activity-base/crm-activity-list.md)
const PREFIXES: [(&str, Op, bool); 16] = [
    ("!%=", Op::Like, true),
    ("!=%", Op::Like, true),
    ("!@", Op::Equal, true),
    ("!%", Op::Contains, true),
    ("!=", Op::Equal, true),
    (">=", Op::GreaterOrEqual, false),
    ("<=", Op::LessOrEqual, false),
    ("=%", Op::Like, false),
    ("%=", Op::Like, false),
    ("!", Op::Equal, true),
    (">", Op::Greater, false),
    ("<", Op::Less, false),
    ("@", Op::Equal, false),
    ("%", Op::Contains, false),
    ("=", Op::Equal, false),
    ("", Op::Equal, false),
];

/// One condition on one field; several values are alternatives.
#[derive(Debug)]
pub struct Condition<'a> {
    def: &'a FieldDef,
    op: Op,
    negated: bool,
    values: Vec<String>,
}

/// Reads a filter against the fields that exist.
pub fn parse<'a>(filter: &Value, table: &'a Table) -> Vec<Condition<'a>> {
    php::entries(filter)
        .into_iter()
        .filter_map(|(key, value)| condition(&key, value, |name| table.def(name)))
        .collect()
}

fn condition<'a>(
    key: &str,
    value: &Value,
    def: impl Fn(&str) -> Option<&'a FieldDef>,
) -> Option<Condition<'a>> {
    let (prefix, op, negated) = PREFIXES
        .into_iter()
        .find(|(prefix, ..)| key.starts_with(prefix))?;
    let def = def(&key[prefix.len()..])?;
    // b24: api-reference/crm/deals/crm-deal-list.md (CONTACT_IDS is not filtered by)
    if def.multiple && def.kind == Kind::Contact {
        return None;
    }
    let values: Vec<String> = if php::is_array(value) {
        let values: Vec<String> = php::entries(value).iter().map(|(_, v)| php::text(v)).collect();
        if values.is_empty() {
            return None;
        }
        values
    } else {
        vec![php::text(value)]
    };
    // The documentation knows one value for a multifield, and no list: it finds nobody here.
    // b24: api-reference/crm/contacts/crm-contact-list.md
    let is_list = php::is_array(value) && def.kind == Kind::Multi;
    let values = if is_list { Vec::new() } else { values };
    Some(Condition {
        def,
        op,
        negated,
        values,
    })
}

/// Records that meet all conditions, oldest first. Equality on an indexed field is looked up; the rest
/// is read through.
pub fn select<'a>(table: &'a Table, conditions: &[Condition<'_>]) -> Vec<&'a Record> {
    let meets = |record: &&Record| conditions.iter().all(|c| c.holds(record));
    match conditions.iter().find_map(|c| c.candidates(table)) {
        Some(ids) => ids
            .into_iter()
            .filter_map(|id| table.get(id))
            .filter(meets)
            .collect(),
        None => table.iter().filter(meets).collect(),
    }
}

impl Condition<'_> {
    /// The records that can meet an equality, sorted; `None` when only reading through can tell.
    fn candidates(&self, table: &Table) -> Option<Vec<u64>> {
        if self.op != Op::Equal || self.negated || self.values.iter().any(|v| self.means_empty(v)) {
            return None;
        }
        let mut ids = Vec::new();
        for value in &self.values {
            let value = self.normal(value);
            if self.def.name == "ID" {
                ids.extend(value.parse::<u64>().ok());
            } else {
                ids.extend(table.find(&self.def.name, &value)?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Some(ids)
    }

    fn normal<'v>(&self, value: &'v str) -> Cow<'v, str> {
        if self.def.kind.is_number() && self.def.kind != Kind::Double {
            Cow::Owned(php::int(&Value::String(value.to_owned())).to_string())
        } else {
            Cow::Borrowed(value)
        }
    }

    fn means_empty(&self, value: &str) -> bool {
        value.is_empty() || (self.def.kind.is_reference() && value == "0")
    }

    fn holds(&self, record: &Record) -> bool {
        let have = record.values_of(self.def);
        let met = self.values.iter().any(|wanted| self.meets(&have, wanted));
        met != self.negated
    }

    fn meets(&self, have: &[Cow<'_, str>], wanted: &str) -> bool {
        if self.op == Op::Equal && self.means_empty(wanted) {
            return have.iter().all(|value| self.means_empty(value));
        }
        // b24: api-reference/crm/deals/crm-deal-list.md (LIKE does not work on reference books and links)
        // api-reference/crm/contacts/crm-contact-list.md (multifields are compared exactly)
        let exact_only = self.def.kind.is_reference() || matches!(self.def.kind, Kind::Status | Kind::Multi);
        if exact_only && matches!(self.op, Op::Contains | Op::Like) {
            return false;
        }
        have.iter().any(|value| match self.op {
            Op::Equal => self.order(value, wanted).is_some_and(|o| o.is_eq()),
            Op::Greater => self.order(value, wanted).is_some_and(|o| o.is_gt()),
            Op::GreaterOrEqual => self.order(value, wanted).is_some_and(|o| o.is_ge()),
            Op::Less => self.order(value, wanted).is_some_and(|o| o.is_lt()),
            Op::LessOrEqual => self.order(value, wanted).is_some_and(|o| o.is_le()),
            Op::Contains => value.to_lowercase().contains(&wanted.to_lowercase()),
            Op::Like => like(&value.to_lowercase(), &wanted.to_lowercase()),
        })
    }

    fn order(&self, have: &str, wanted: &str) -> Option<std::cmp::Ordering> {
        compare(self.def.kind, have, wanted)
    }
}

/// Compares two values of a field; `None` when a date cannot be read.
pub fn compare(kind: Kind, a: &str, b: &str) -> Option<std::cmp::Ordering> {
    match kind {
        Kind::Date | Kind::DateTime => Some(clock::parse(a)?.cmp(&clock::parse(b)?)),
        kind if kind.is_number() => php::float(a).partial_cmp(&php::float(b)),
        _ => Some(a.cmp(b)),
    }
}

/// SQL's LIKE with `%` only.
fn like(value: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let Some(mut rest) = parts.next().and_then(|first| value.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice_portal::table::Binding;
    use crate::practice_portal::world::{Kin, World};
    use serde_json::json;

    /// Three deals; the third has neither stage, amount nor contacts.
    fn deals() -> Table {
        let mut table = World::new(1).table(Kin::Deal).clone();
        for (title, stage, amount, order, contacts) in [
            ("Молоко", "NEW", "100.00", "A-1", vec![5, 6]),
            ("Молоток", "WON", "2000.00", "A-2", vec![6]),
            ("Дверь", "", "", "", vec![]),
        ] {
            let mut record = Record::default();
            record.set("TITLE", title);
            if !stage.is_empty() {
                record.set("STAGE_ID", stage);
                record.set("OPPORTUNITY", amount);
                record.set("UF_CRM_ORDER_ID", order);
                record.set("DATE_CREATE", "2026-05-14T10:26:32+03:00");
            }
            record.contacts = contacts
                .into_iter()
                .enumerate()
                .map(|(i, contact_id)| Binding {
                    contact_id,
                    sort: 10,
                    primary: i == 0,
                })
                .collect();
            table.insert(record);
        }
        table
    }

    #[test]
    fn prefixes_empty_values_and_unknown_fields() {
        let table = deals();
        let cases = [
            (json!({}), vec![1, 2, 3]),
            (json!([]), vec![1, 2, 3]),
            (json!({"ID": 2}), vec![2]),
            (json!({"ID": ["1", "3", "9"]}), vec![1, 3]),
            (json!({"ID": []}), vec![1, 2, 3]),
            (json!({"ID": ""}), vec![]),
            (json!({">ID": 1}), vec![2, 3]),
            (json!({">ID": ""}), vec![1, 2, 3]),
            (json!({">=ID": 2, "<ID": 3}), vec![2]),
            (json!({"<=ID": 1}), vec![1]),
            (json!({"@ID": [1, 2]}), vec![1, 2]),
            (json!({"!@ID": [1, 2]}), vec![3]),
            (json!({"!ID": 1}), vec![2, 3]),
            (json!({"!=ID": 1}), vec![2, 3]),
            (json!({"=ID": 1}), vec![1]),
            (json!({"STAGE_ID": ["NEW", "WON"]}), vec![1, 2]),
            (json!({"%STAGE_ID": "N"}), vec![]),
            (json!({"TITLE": "Моло"}), vec![]),
            (json!({"%TITLE": "моло"}), vec![1, 2]),
            (json!({"=%TITLE": "Моло%"}), vec![1, 2]),
            (json!({"%=TITLE": "%ок"}), vec![2]),
            (json!({"=%TITLE": "М%л%к%"}), vec![1, 2]),
            (json!({"!%TITLE": "моло"}), vec![3]),
            (json!({">OPPORTUNITY": 500}), vec![2]),
            (json!({"OPPORTUNITY": "100"}), vec![1]),
            (json!({">DATE_CREATE": "2026-05-14T10:00:00+03:00"}), vec![1, 2]),
            (json!({">DATE_CREATE": "2026-05-14T07:26:32Z"}), vec![]),
            (json!({"UF_CRM_ORDER_ID": "A-1"}), vec![1]),
            (json!({"UF_CRM_ORDER_ID": ["A-1", "A-2"]}), vec![1, 2]),
            (json!({"CONTACT_ID": 6}), vec![1, 2]),
            (json!({"CONTACT_ID": ["5"]}), vec![1]),
            // The traps.
            (json!({"UF_CRM_ORDER_ID": ""}), vec![3]),
            (json!({"!UF_CRM_ORDER_ID": ""}), vec![1, 2]),
            (json!({"CONTACT_ID": ""}), vec![3]),
            (json!({"CONTACT_ID": []}), vec![1, 2, 3]),
            (json!({"CONTACT_IDS": [5]}), vec![1, 2, 3]),
            (json!({"NO_SUCH_FIELD": 1}), vec![1, 2, 3]),
            (json!({"logic": "OR", "ID": 1}), vec![1]),
        ];
        for (filter, expected) in cases {
            let found: Vec<u64> = select(&table, &parse(&filter, &table))
                .iter()
                .map(|r| r.id)
                .collect();
            assert_eq!(found, expected, "{filter}");
        }
    }

    #[test]
    fn like_matches_as_sql_does() {
        for (value, pattern, expected) in [
            ("mol", "mol", true),
            ("mole", "mol", false),
            ("mole", "mol%", true),
            ("a mol", "%mol", true),
            ("a mol b", "%mol%", true),
            ("mol", "m%l%l", false),
            ("", "%", true),
        ] {
            assert_eq!(like(value, pattern), expected, "{value} {pattern}");
        }
    }
}
