//! `crm.duplicate.findbycomm`: who has this phone or e-mail.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Desk, RestError};
use crate::practice_portal::php;
use crate::practice_portal::table::Table;
use crate::practice_portal::world::World;

/// Values a call takes; the rest is not looked at.
const MOST_VALUES: usize = 20;
/// Numbers a type answers; a type that reaches it keeps the next types out.
const MOST_FOUND: usize = 20;

// b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md
pub fn find(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let kind = php::param(params, "type").map(php::text).unwrap_or_default();
    let kind = kind.to_ascii_uppercase();
    if kind.is_empty() {
        return Err(RestError::new(
            400,
            "Communication type is not defined",
            "Parameter 'type' is required.",
        ));
    }
    if kind != "PHONE" && kind != "EMAIL" {
        let text = format!("Communication type '{kind}' is not supported in current context");
        return Err(RestError::new(400, &text, text.clone()));
    }
    let values: Vec<String> = php::param(params, "values")
        .map(|values| php::entries(values).iter().map(|(_, v)| php::text(v)).collect())
        .unwrap_or_default();
    if values.is_empty() {
        return Err(RestError::new(
            400,
            "Communication values is not defined",
            "Parameter 'values' is required.",
        ));
    }
    let only = php::param(params, "entity_type")
        .map(php::text)
        .unwrap_or_default();
    let only = only.to_ascii_uppercase();
    let mut found = Vec::new();
    // Companies come third, and this portal has none.
    for (name, table) in tables(desk.world) {
        if !only.is_empty() && only != name {
            continue;
        }
        let ids = holders(table, &kind, &values);
        let full = ids.len() >= MOST_FOUND;
        if !ids.is_empty() {
            found.push((name.to_owned(), json!(ids)));
        }
        if full {
            break;
        }
    }
    Ok(php::array(found).into())
}

fn tables(world: &World) -> [(&'static str, &Table); 2] {
    [("LEAD", &world.leads), ("CONTACT", &world.contacts)]
}

/// Oldest first.
fn holders(table: &Table, kind: &str, values: &[String]) -> Vec<u64> {
    let ids: BTreeSet<u64> = values
        .iter()
        .take(MOST_VALUES)
        .filter(|value| !value.trim().is_empty())
        .flat_map(|value| table.find_communication(kind, value))
        .collect();
    ids.into_iter().take(MOST_FOUND).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Millis;
    use crate::practice_portal::methods::{Caller, call};
    use serde_json::json;

    fn portal() -> World {
        let mut world = World::new(1);
        for (method, phone) in [
            ("crm.contact.add", "+7 471 277-31-20"),
            ("crm.contact.add", "8 (471) 277-31-20"),
            ("crm.lead.add", "+74712773120"),
            ("crm.contact.add", "+74712773120#15"),
        ] {
            let params = json!({"fields": {"PHONE": [{"VALUE": phone}], "EMAIL": [{"VALUE": "A@b.ru"}]}});
            ask(&mut world, method, params).expect("added");
        }
        world
    }

    fn ask(world: &mut World, method: &str, params: Value) -> Result<Value, RestError> {
        let caller = Caller {
            user_id: 1,
            application: None,
        };
        let mut desk = Desk {
            world,
            caller: &caller,
            now: Millis(0),
        };
        call(&mut desk, method, &params).map(|reply| reply.result)
    }

    #[test]
    fn finds_the_notation_it_was_asked_for_and_no_other() {
        let mut world = portal();
        for (params, expected) in [
            (
                json!({"type": "PHONE", "values": ["+74712773120"]}),
                json!({"LEAD": [1], "CONTACT": [1, 3]}),
            ),
            (
                json!({"type": "PHONE", "values": ["+74712773120"], "entity_type": "CONTACT"}),
                json!({"CONTACT": [1, 3]}),
            ),
            (
                json!({"type": "PHONE", "values": ["84712773120", "+7(471)2773120"], "entity_type": "CONTACT"}),
                json!({"CONTACT": [1, 2, 3]}),
            ),
            (json!({"type": "PHONE", "values": ["74712773120"]}), json!([])),
            (json!({"type": "PHONE", "values": [""]}), json!([])),
            (
                json!({"type": "EMAIL", "values": ["a@B.ru"], "entity_type": "LEAD"}),
                json!({"LEAD": [1]}),
            ),
            (
                json!({"type": "PHONE", "values": ["+74712773120"], "entity_type": "COMPANY"}),
                json!([]),
            ),
        ] {
            let found = ask(&mut world, "crm.duplicate.findbycomm", params.clone());
            assert_eq!(found, Ok(expected), "{params}");
        }
    }

    #[test]
    fn only_twenty_values_are_looked_at_and_twenty_numbers_answered() {
        let mut world = portal();
        let mut values: Vec<String> = (0..20).map(|n| format!("+7900000{n:04}")).collect();
        values.push("+74712773120".into());
        let params = json!({"type": "PHONE", "values": values});
        assert_eq!(ask(&mut world, "crm.duplicate.findbycomm", params), Ok(json!([])));

        for _ in 0..25 {
            let params = json!({"fields": {"PHONE": [{"VALUE": "+7999"}]}});
            ask(&mut world, "crm.lead.add", params.clone()).expect("added");
            ask(&mut world, "crm.contact.add", params).expect("added");
        }
        let params = json!({"type": "PHONE", "values": ["+7999"]});
        let found = ask(&mut world, "crm.duplicate.findbycomm", params).expect("found");
        let leads: Vec<u64> = (2..22).collect();
        assert_eq!(found, json!({"LEAD": leads}), "the leads keep the contacts out");
    }

    #[test]
    fn what_is_missing_is_refused() {
        let mut world = portal();
        for (params, code) in [
            (json!({"values": ["1"]}), "Communication type is not defined"),
            (json!({"type": "PHONE"}), "Communication values is not defined"),
            (
                json!({"type": "FAX", "values": ["1"]}),
                "Communication type 'FAX' is not supported in current context",
            ),
        ] {
            let refusal = ask(&mut world, "crm.duplicate.findbycomm", params).expect_err("refused");
            assert_eq!(refusal.code, code);
        }
    }
}
