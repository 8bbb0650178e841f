//! People: `profile`, `user.admin`, `user.current`, `user.get`.

use serde_json::{Value, json};

use super::{Answer, Desk};
use crate::practice_portal::world::Person;
use crate::practice_portal::{listing, php};

// b24: api-reference/common/users/profile.md
pub fn profile(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let Some(person) = desk.world.person(desk.caller.user_id) else {
        return Ok(json!([]).into());
    };
    let out = json!({
        "ID": person.id.to_string(),
        "ADMIN": person.admin,
        "NAME": person.name,
        "LAST_NAME": person.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": "",
    });
    Ok(out.into())
}

// b24: api-reference/common/users/user-admin.md
pub fn admin(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let person = desk.world.person(desk.caller.user_id);
    Ok(json!(person.is_some_and(|p| p.admin)).into())
}

/// Whether the caller's right leaves out how people are reached.
// b24: api-reference/user/index.md (User Data Access Levels)
fn brief(desk: &Desk<'_>) -> bool {
    let client_id = desk.caller.application.as_deref();
    let app = client_id.and_then(|client_id| desk.world.apps.by_client_id(client_id));
    app.is_some_and(|app| {
        let has = |scope: &str| app.form.scope.iter().any(|s| s == scope);
        !has("user") && !has("user_basic")
    })
}

// b24: api-reference/user/user-current.md
pub fn current(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let person = desk.world.person(desk.caller.user_id);
    let brief = brief(desk);
    Ok(person
        .map_or_else(|| json!([]), |person| show(person, brief))
        .into())
}

/// Filters by `FILTER[…]` or by fields named beside it.
// b24: api-reference/user/user-get.md
pub fn get(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let mut wanted = php::entries(params);
    if let Some(filter) = php::param(params, "filter") {
        wanted.extend(php::entries(filter));
    }
    let people: Vec<&Person> = desk
        .world
        .people
        .iter()
        .filter(|person| wanted.iter().all(|(name, value)| meets(person, name, value)))
        .collect();
    let brief = brief(desk);
    Ok(listing::page(&people, params, |person| show(person, brief)))
}

fn meets(person: &Person, name: &str, wanted: &Value) -> bool {
    let name = name.trim_start_matches(['=', '@', '%']).to_ascii_uppercase();
    let matches = |wanted: &Value| {
        let wanted = php::text(wanted);
        match name.as_str() {
            "ID" => person.id.to_string() == wanted,
            "ACTIVE" => person.active == php::flag(&Value::String(wanted)),
            "EMAIL" => person.email.eq_ignore_ascii_case(&wanted),
            "NAME" => starts(&person.name, &wanted),
            "LAST_NAME" => starts(&person.last_name, &wanted),
            "USER_TYPE" => wanted == "employee",
            _ => true,
        }
    };
    if php::is_array(wanted) {
        let values = php::entries(wanted);
        values.is_empty() || values.iter().any(|(_, v)| matches(v))
    } else {
        matches(wanted)
    }
}

/// `Iv%` is how the documentation filters by the beginning.
fn starts(have: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('%') {
        Some(start) => have.starts_with(start),
        None => have == wanted,
    }
}

fn show(person: &Person, brief: bool) -> Value {
    let mut out = json!({
        "ID": person.id.to_string(),
        "ACTIVE": person.active,
        "NAME": person.name,
        "LAST_NAME": person.last_name,
        "SECOND_NAME": "",
        "EMAIL": person.email,
        "LAST_LOGIN": "2026-07-25T13:06:54+00:00",
        "DATE_REGISTER": "2024-07-15T00:00:00+00:00",
        "IS_ONLINE": "N",
        // Empty dates are empty maps here, not strings.
        "TIMESTAMP_X": {},
        "LAST_ACTIVITY_DATE": {},
        "PERSONAL_GENDER": "",
        "PERSONAL_BIRTHDAY": "",
        "WORK_POSITION": "",
        "UF_EMPLOYMENT_DATE": "",
        "UF_DEPARTMENT": [1],
        "USER_TYPE": "employee",
    });
    if brief && let Some(fields) = out.as_object_mut() {
        fields.shift_remove("EMAIL");
    }
    out
}
