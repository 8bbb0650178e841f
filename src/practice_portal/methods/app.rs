//! Applications about themselves: `app.info`, and the events they want to hear of.

use serde_json::{Value, json};

use super::{Answer, Desk, RestError, done};
use crate::practice_portal::apps::EventHandler;
use crate::practice_portal::php;

/// The application that calls. A webhook is none.
// b24: api-reference/widgets/placement-bind.md
pub(super) fn application(desk: &Desk<'_>) -> Result<String, RestError> {
    desk.caller.application.clone().ok_or_else(|| {
        RestError::new(
            403,
            "WRONG_AUTH_TYPE",
            "Current authorization type is denied for this method Application context required",
        )
    })
}

pub(super) fn is_admin(desk: &Desk<'_>) -> bool {
    desk.world.person(desk.caller.user_id).is_some_and(|p| p.admin)
}

/// Knows applications only.
// b24: api-reference/common/system/app-info.md
pub fn info(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let Some(client_id) = &desk.caller.application else {
        let text = "Access denied! Application context required";
        return Err(RestError::new(400, "ACCESS_DENIED", text));
    };
    let app = desk.world.apps.by_client_id(client_id);
    let out = json!({
        "ID": app.map_or(1, |app| app.id),
        "CODE": client_id,
        "VERSION": 1,
        "STATUS": "L",
        "INSTALLED": app.is_none_or(|app| app.installed),
        "PAYMENT_EXPIRED": "N",
        "DAYS": null,
        "LANGUAGE_ID": desk.world.apps.site.language,
        "LICENSE": "ru_selfhosted",
        "LICENSE_TYPE": "selfhosted",
        "LICENSE_FAMILY": "selfhosted",
    });
    Ok(out.into())
}

/// Events that this portal knows by name; it sends those of applications only.
// b24: api-reference/common/events/index.md, api-reference/crm/deals/events/index.md
const EVENTS: [&str; 11] = [
    "ONAPPINSTALL",
    "ONAPPUNINSTALL",
    "ONAPPUPDATE",
    "ONAPPPAYMENT",
    "ONAPPMETHODCONFIRM",
    "ONUSERADD",
    "ONCRMLEADADD",
    "ONCRMLEADUPDATE",
    "ONCRMDEALADD",
    "ONCRMDEALUPDATE",
    "ONCRMCONTACTADD",
];

fn text(params: &Value, name: &str) -> String {
    php::param(params, name).map(php::text).unwrap_or_default()
}

/// An event's name is written in any case and kept in capitals.
fn event_name(params: &Value) -> String {
    text(params, "event").to_ascii_uppercase()
}

/// Whose handler it is to be: an administrator may name anybody, others only themselves.
// b24: api-reference/events/event-bind.md
fn auth_type(desk: &Desk<'_>, params: &Value, verb: &str) -> Result<u64, RestError> {
    let named = php::param(params, "auth_type").and_then(|v| php::id(Some(v)));
    let own = desk.caller.user_id;
    if is_admin(desk) {
        return Ok(named.unwrap_or(0));
    }
    if named.is_some_and(|id| id != own) {
        let text = format!("Access denied! Event {verb} with AUTH_TYPE requires administrator access rights");
        return Err(RestError::new(403, "ACCESS_DENIED", text));
    }
    Ok(own)
}

// b24: api-reference/events/event-bind.md
pub fn event_bind(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let application = application(desk)?;
    let event = event_name(params);
    if !EVENTS.contains(&event.as_str()) {
        return Err(RestError::new(400, "ERROR_EVENT_NOT_FOUND", "Event not found"));
    }
    let auth_type = auth_type(desk, params, "binding")?;
    let handler = super::placement::handler(&text(params, "handler"))?;
    let same = |h: &EventHandler| {
        h.application == application && h.event == event && h.handler == handler && h.auth_type == auth_type
    };
    if desk.world.apps.handlers.iter().any(same) {
        // Seen on portals in the field; no page tells of it.
        let text = "Unable to set event handler: Handler already binded";
        return Err(RestError::new(400, "ERROR_CORE", text));
    }
    let id = desk.world.next_small_id();
    desk.world.apps.handlers.push(EventHandler {
        id,
        application,
        event,
        handler,
        auth_type,
    });
    done()
}

// b24: api-reference/events/event-get.md
pub fn event_get(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let application = application(desk)?;
    let (admin, own) = (is_admin(desk), desk.caller.user_id);
    let shown = |h: &&EventHandler| h.application == application && (admin || h.auth_type == own);
    let list: Vec<Value> = desk
        .world
        .apps
        .handlers
        .iter()
        .filter(shown)
        .map(|h| {
            json!({
                "event": h.event,
                "handler": h.handler,
                "auth_type": h.auth_type.to_string(),
                "offline": 0,
            })
        })
        .collect();
    Ok(json!(list).into())
}

/// Removes what meets every parameter that is given.
// b24: api-reference/events/event-unbind.md
pub fn event_unbind(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let application = application(desk)?;
    let named = php::param(params, "auth_type").is_some() || !is_admin(desk);
    let auth_type = auth_type(desk, params, "unbinding")?;
    let (event, handler) = (event_name(params), text(params, "handler"));
    let handlers = &mut desk.world.apps.handlers;
    let before = handlers.len();
    handlers.retain(|h| {
        h.application != application
            || (!event.is_empty() && h.event != event)
            || (!handler.is_empty() && h.handler != handler)
            || (named && h.auth_type != auth_type)
    });
    Ok(json!({"count": before - handlers.len()}).into())
}
