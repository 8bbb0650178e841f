//! Comments in the timeline: `crm.timeline.comment.*`.

use serde_json::{Map, Value, json};

use super::{Answer, Desk, RestError};
use crate::practice_portal::table::Record;
use crate::practice_portal::world::Kin;
use crate::practice_portal::{clock, listing, php};

/// Takes `fields` in lower case only. BB codes are kept as they came.
// b24: api-reference/crm/timeline/comments/crm-timeline-comment-add.md
pub fn add(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let fields = php::item(params, "fields")
        .filter(|fields| php::is_array(fields))
        .ok_or_else(|| RestError::missing("fields"))?;
    let text = |name: &str| php::item(fields, name).map(php::text).unwrap_or_default();
    let comment = text("COMMENT");
    if comment.trim().is_empty() {
        return Err(RestError::new(400, "INVALID_ARG_VALUE", "Empty comment message."));
    }
    let owner = Kin::from_name(&text("ENTITY_TYPE")).zip(php::id(php::item(fields, "ENTITY_ID")));
    let Some((kin, id)) = owner.filter(|(kin, id)| desk.world.table(*kin).get(*id).is_some()) else {
        return Err(RestError::new(400, "OWNER_NOT_FOUND", "Owner was not found."));
    };
    let mut record = Record {
        created_at: desk.now,
        ..Record::default()
    };
    record.set("ENTITY_ID", id.to_string());
    record.set("ENTITY_TYPE", kin.name());
    record.set("CREATED", clock::datetime(desk.now));
    record.set("COMMENT", comment);
    record.set("AUTHOR_ID", desk.caller.user_id.to_string());
    record.set("FILES", files(desk, php::item(fields, "FILES")));
    let touched = clock::datetime(desk.now);
    let by = desk.caller.user_id.to_string();
    desk.world.table_mut(kin).change(id, |owner| {
        owner.set("LAST_ACTIVITY_TIME", touched);
        owner.set("LAST_ACTIVITY_BY", by);
    });
    let id = desk.world.comments.insert(record);
    Ok(json!(id).into())
}

/// Pairs of name and base64 become a map by the file's number; no files are an empty map.
fn files(desk: &mut Desk<'_>, sent: Option<&Value>) -> Value {
    let mut out = Map::new();
    let sent = sent.map(php::entries).unwrap_or_default();
    for (_, file) in sent {
        let (Some(name), Some(body)) = (php::item(file, "0"), php::item(file, "1")) else {
            continue;
        };
        let Ok(bytes) = data_encoding::BASE64.decode(php::text(body).as_bytes()) else {
            continue;
        };
        let id = desk.world.next_small_id();
        let file = json!({
            "id": id,
            "date": clock::datetime(desk.now),
            "type": "file",
            "name": php::text(name),
            "size": bytes.len(),
            "authorId": desk.caller.user_id,
        });
        out.insert(id.to_string(), file);
    }
    Value::Object(out)
}

/// Needs the owner in the filter and heeds nothing else of it.
// b24: api-reference/crm/timeline/comments/crm-timeline-comment-list.md
pub fn list(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let nothing = Value::Null;
    let filter = php::param(params, "filter").unwrap_or(&nothing);
    let kin = php::item(filter, "ENTITY_TYPE")
        .map(php::text)
        .unwrap_or_default();
    let owner = Kin::from_name(&kin).zip(php::id(php::item(filter, "ENTITY_ID")));
    let Some((kin, id)) = owner else {
        return Err(RestError::crm("Access denied."));
    };
    let mut asked = params.as_object().cloned().unwrap_or_default();
    asked.retain(|name, _| !name.eq_ignore_ascii_case("filter"));
    asked.insert(
        "filter".into(),
        json!({"ENTITY_TYPE": kin.name(), "ENTITY_ID": id}),
    );
    listing::list(&desk.world.comments, &Value::Object(asked))
}

// b24: api-reference/crm/timeline/comments/crm-timeline-comment-get.md
pub fn get(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let id = super::id_param(params)?;
    let table = &desk.world.comments;
    let record = table.get(id).ok_or_else(|| RestError::crm("Not found."))?;
    Ok(Value::Object(listing::whole(table, record)).into())
}
