//! Activities (дела): `crm.activity.todo.add` and the older `crm.activity.*`.

use serde_json::{Value, json};

use super::{Answer, Desk, RestError};
use crate::practice_portal::table::Record;
use crate::practice_portal::values::{self, Kept};
use crate::practice_portal::world::Kin;
use crate::practice_portal::{clock, listing, php};

/// Meetings, calls and letters are held with somebody.
// b24: api-reference/crm/data-types.md#activity-enums
const TYPES_WITH_COMMUNICATIONS: [i64; 3] = [1, 2, 4];
/// Activities of providers, to which the universal activity belongs.
const TYPE_PROVIDER: i64 = 6;

/// A universal activity. Its parameters keep their case.
// b24: api-reference/crm/timeline/activities/todo/crm-activity-todo-add.md
pub fn todo_add(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let needed = |name: &'static str| {
        php::item(params, name)
            .filter(|v| !php::text(v).is_empty())
            .ok_or_else(|| RestError::missing(name))
    };
    let owner_type = php::int(needed("ownerTypeId")?);
    let owner_id = php::id(Some(needed("ownerId")?));
    let deadline = php::text(needed("deadline")?);
    let owner = Kin::from_type_id(owner_type).zip(owner_id);
    let Some((kin, id)) = owner.filter(|(kin, id)| desk.world.table(*kin).get(*id).is_some()) else {
        return Err(RestError::new(400, "NOT_FOUND", "Not found."));
    };
    let Some(deadline) = clock::parse(&deadline) else {
        return Err(RestError::new(
            400,
            "WRONG_DATETIME_FORMAT",
            "Wrong datetime format.",
        ));
    };
    let text = |name: &str| php::item(params, name).map(php::text).unwrap_or_default();
    let mut record = new_activity(desk, kin, id);
    record.set("TYPE_ID", TYPE_PROVIDER.to_string());
    record.set("PROVIDER_ID", "CRM_TODO");
    record.set("PROVIDER_TYPE_ID", "TODO");
    record.set("SUBJECT", text("title"));
    record.set("DESCRIPTION", text("description"));
    record.set("DESCRIPTION_TYPE", "2");
    let deadline = clock::datetime(deadline);
    for name in ["START_TIME", "END_TIME", "DEADLINE"] {
        record.set(name, deadline.clone());
    }
    if let Some(responsible) = php::id(php::item(params, "responsibleId"))
        && desk.world.person(responsible).is_some()
    {
        record.set("RESPONSIBLE_ID", responsible.to_string());
    }
    let id = desk.world.activities.insert(record);
    Ok(json!({"id": id}).into())
}

fn new_activity(desk: &Desk<'_>, kin: Kin, owner_id: u64) -> Record {
    let mut record = Record {
        created_at: desk.now,
        ..Record::default()
    };
    let now = clock::datetime(desk.now);
    let caller = desk.caller.user_id.to_string();
    record.set("OWNER_ID", owner_id.to_string());
    record.set("OWNER_TYPE_ID", kin.type_id().to_string());
    record.set("CREATED", now.clone());
    record.set("LAST_UPDATED", now);
    record.set("COMPLETED", "N");
    record.set("STATUS", "1");
    record.set("PRIORITY", "2");
    record.set("DIRECTION", "0");
    record.set("RESPONSIBLE_ID", caller.clone());
    record.set("AUTHOR_ID", caller.clone());
    record.set("EDITOR_ID", caller);
    record
}

// b24: api-reference/crm/timeline/activities/activity-base/crm-activity-add.md
pub fn add(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let fields = php::param(params, "fields")
        .filter(|fields| php::is_array(fields))
        .ok_or_else(|| RestError::crm("Parameter 'fields' must be array."))?;
    let text = |name: &str| php::item(fields, name).map(php::text).unwrap_or_default();
    let type_id = php::item(fields, "TYPE_ID").map_or(0, php::int);
    if text("SUBJECT").is_empty() {
        return Err(RestError::crm("The field SUBJECT is not defined or empty."));
    }
    if php::id(php::item(fields, "RESPONSIBLE_ID")).is_none() {
        return Err(RestError::crm(
            "The field RESPONSIBLE_ID is not defined or invalid.",
        ));
    }
    if !(1..=TYPE_PROVIDER).contains(&type_id) {
        return Err(RestError::crm("The field TYPE_ID is not defined or invalid."));
    }
    if type_id == TYPE_PROVIDER && text("PROVIDER_ID").is_empty() {
        return Err(RestError::crm(
            "The custom activity without provider is not supported in current context.",
        ));
    }
    let communications = php::item(fields, "COMMUNICATIONS")
        .map(php::entries)
        .unwrap_or_default();
    if TYPES_WITH_COMMUNICATIONS.contains(&type_id) && communications.is_empty() {
        return Err(RestError::crm(
            "The field COMMUNICATIONS is not defined or invalid.",
        ));
    }
    let owner = Kin::from_type_id(php::item(fields, "OWNER_TYPE_ID").map_or(0, php::int))
        .zip(php::id(php::item(fields, "OWNER_ID")));
    let Some((kin, id)) = owner.filter(|(kin, id)| desk.world.table(*kin).get(*id).is_some()) else {
        return Err(RestError::crm(
            "Could not build binding. Please ensure that owner info and communications are defined correctly.",
        ));
    };
    let mut record = new_activity(desk, kin, id);
    for (name, value) in php::entries(fields) {
        let Some(def) = desk.world.activities.def(&name).cloned() else {
            continue;
        };
        if def.read_only || name.starts_with("OWNER_") {
            continue;
        }
        if let Kept::Value(kept) = values::convert(desk.world, &def, value)? {
            record.set(&name, kept);
        }
    }
    // The deadline is not written; it follows the start.
    let start = record.text("START_TIME");
    if !start.is_empty() {
        record.set("DEADLINE", start);
    }
    let id = desk.world.activities.insert(record);
    Ok(json!(id).into())
}

/// By start unless told otherwise. `BINDINGS` names owners, any of which will do.
// b24: api-reference/crm/timeline/activities/activity-base/crm-activity-list.md
pub fn list(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let mut asked = params.as_object().cloned().unwrap_or_default();
    let unordered = php::param(params, "order").is_none_or(|order| php::entries(order).is_empty());
    if unordered {
        asked.retain(|name, _| !name.eq_ignore_ascii_case("order"));
        asked.insert("order".into(), json!({"START_TIME": "ASC"}));
    }
    let bindings = php::param(params, "filter")
        .and_then(|filter| php::item(filter, "BINDINGS"))
        .map(php::entries)
        .unwrap_or_default();
    let Some((_, first)) = bindings.first() else {
        return listing::list(&desk.world.activities, &Value::Object(asked));
    };
    // Activities here have one owner, so one pair is all that a filter can mean.
    let mut filter = php::param(params, "filter")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    filter.remove("BINDINGS");
    for name in ["OWNER_TYPE_ID", "OWNER_ID"] {
        if let Some(value) = php::item(first, name) {
            filter.insert(name.to_owned(), value.clone());
        }
    }
    asked.retain(|name, _| !name.eq_ignore_ascii_case("filter"));
    asked.insert("filter".into(), Value::Object(filter));
    listing::list(&desk.world.activities, &Value::Object(asked))
}

// b24: api-reference/crm/timeline/activities/activity-base/crm-activity-get.md
pub fn get(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let id = super::id_param(params)?;
    let table = &desk.world.activities;
    let record = table.get(id).ok_or_else(|| RestError::crm("Not found"))?;
    Ok(Value::Object(listing::whole(table, record)).into())
}
