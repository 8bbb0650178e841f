//! What stands in the practice portal: put there before a test, looked at after it.

use b24_bridge::practice_portal::PracticePortal;
use serde_json::{Value, json};

use crate::harness::{Bridge, request};

/// Calls a method of the portal as any other integration would; its `result`.
pub fn ask(portal: &PracticePortal, method: &str, params: &Value) -> Value {
    let url = format!("{}{method}", portal.webhook_url());
    let headers = [("content-type", "application/json")];
    let answer = request(&url, "POST", &headers, params.to_string().as_bytes()).expect("the portal answers");
    answer.json()["result"].clone()
}

/// Adds a `contact`, `deal` or `lead`; its number.
pub fn add(portal: &PracticePortal, kind: &str, fields: &Value) -> u64 {
    let id = ask(portal, &format!("crm.{kind}.add"), &json!({"fields": fields}));
    id.as_u64().unwrap_or_else(|| panic!("no {kind} was added: {id}"))
}

/// All records of a kind: `contacts`, `deals`, `leads`, `comments`, `activities`.
pub fn all(portal: &PracticePortal, kinds: &str) -> Vec<Value> {
    let world = portal.world(|world| world.to_json());
    world[kinds].as_array().expect("a list").clone()
}

pub fn count(portal: &PracticePortal, kinds: &str) -> usize {
    all(portal, kinds).len()
}

/// One `contact`, `deal` or `lead` with all its fields.
pub fn get(portal: &PracticePortal, kind: &str, id: u64) -> Value {
    let id = id.to_string();
    let found = all(portal, &format!("{kind}s"))
        .into_iter()
        .find(|record| record["ID"] == id);
    found.unwrap_or_else(|| panic!("there is no {kind} {id}"))
}

/// The values of a multifield.
pub fn multi(record: &Value, field: &str) -> Vec<String> {
    let entries = record[field].as_array().cloned().unwrap_or_default();
    let value = |entry: &Value| entry["VALUE"].as_str().expect("a value").to_owned();
    entries.iter().map(value).collect()
}

/// The texts of a record's comments.
pub fn comments(portal: &PracticePortal, kind: &str, id: u64) -> Vec<String> {
    let id = id.to_string();
    let of = |c: &&Value| c["ENTITY_TYPE"] == kind && c["ENTITY_ID"] == id;
    let comments = all(portal, "comments");
    let texts = comments.iter().filter(of).map(|c| c["COMMENT"].as_str());
    texts.map(|text| text.expect("a text").to_owned()).collect()
}

/// A record's activities.
pub fn activities(portal: &PracticePortal, kind: &str, id: u64) -> Vec<Value> {
    let (kind, id) = (if kind == "lead" { "1" } else { "2" }, id.to_string());
    let mut activities = all(portal, "activities");
    activities.retain(|a| a["OWNER_TYPE_ID"] == kind && a["OWNER_ID"] == id);
    activities
}

/// Commands that change the portal, so far.
pub fn writes(portal: &PracticePortal) -> u64 {
    let writing = [".add", ".update", ".delete", ".set"];
    let stats = portal.stats();
    let of = |(method, n): (&String, &u64)| {
        let writes = writing.iter().any(|end| method.ends_with(end));
        writes.then_some(*n)
    };
    stats.commands.iter().filter_map(of).sum()
}

/// A channel with these mappings: `[of, field, template]`, a fourth item is the search flag.
pub fn channel(slug: &str, entity: &str, rows: Value, changes: Value) -> Value {
    let row = |row: &Value| json!({"of": row[0], "field": row[1], "value": row[2], "search": row[3] == true});
    let fields: Vec<Value> = rows.as_array().expect("rows").iter().map(row).collect();
    let mut channel = json!({"slug": slug, "entity": entity, "fields": fields});
    for (key, value) in changes.as_object().expect("an object") {
        channel[key] = value.clone();
    }
    channel
}

/// Sends JSON to a channel and waits until it is in this state.
pub fn deliver_as(bridge: &Bridge, slug: &str, body: &Value, state: &str) -> Value {
    let id = bridge.post_json(slug, body).id();
    bridge.wait_for(&id, state)
}

/// Sends JSON to a channel and waits until it is delivered; the result.
pub fn deliver(bridge: &Bridge, slug: &str, body: &Value) -> Value {
    deliver_as(bridge, slug, body, "delivered")["result"].clone()
}

/// The numbers in one list of a result.
pub fn ids(result: &Value, list: &str) -> Vec<u64> {
    let ids = result[list].as_array().expect("a list");
    ids.iter().map(|id| id.as_u64().expect("a number")).collect()
}
