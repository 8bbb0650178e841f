//! `placement.*`: buttons that applications put into the portal.

use serde_json::{Map, Value, json};

use super::app::{application, is_admin};
use super::{Answer, Desk, RestError, done};
use crate::practice_portal::php;
use crate::practice_portal::world::Placement;

/// Right that a placement asks for (none: every application may), and its code.
// b24: api-reference/widgets/placements.md, api-reference/widgets/placement-list.md
const PLACEMENTS: [(&str, &str); 10] = [
    ("crm", "CRM_DEAL_LIST_TOOLBAR"),
    ("crm", "CRM_LEAD_LIST_TOOLBAR"),
    ("crm", "CRM_CONTACT_LIST_TOOLBAR"),
    ("crm", "CRM_COMPANY_LIST_TOOLBAR"),
    ("crm", "CRM_DEAL_DETAIL_TOOLBAR"),
    ("crm", "CRM_LEAD_DETAIL_TOOLBAR"),
    ("crm", "CRM_CONTACT_DETAIL_TOOLBAR"),
    ("user", "USER_PROFILE_TOOLBAR"),
    ("im", "IM_CONTEXT_MENU"),
    ("", "PAGE_BACKGROUND_WORKER"),
];

/// Who may bind and unbind.
// b24: api-reference/widgets/placement-unbind.md
fn application_of_admin(desk: &Desk<'_>) -> Result<String, RestError> {
    let application = application(desk)?;
    if is_admin(desk) {
        Ok(application)
    } else {
        Err(RestError::new(403, "ACCESS_DENIED", "Access denied!"))
    }
}

/// What is missing comes with 200 when binding, with 400 when unbinding.
fn argument(params: &Value, name: &'static str, status: u16) -> Result<String, RestError> {
    let refusal = |text: String| RestError {
        argument: Some(name),
        ..RestError::new(status, "ERROR_ARGUMENT", text)
    };
    match php::param(params, name) {
        Some(value) if php::is_array(value) => Err(refusal(format!(
            "The value of an argument '{name}' must be of type string"
        ))),
        Some(value) if !php::text(value).is_empty() => Ok(php::text(value)),
        _ => Err(refusal(format!("Argument '{name}' is null or empty"))),
    }
}

/// The address of a handler: http or https, at a host with a dot in it.
// b24: api-reference/widgets/index.md
pub(super) fn handler(url: &str) -> Result<String, RestError> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", ""));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    if host.find('.').is_none_or(|dot| dot == 0) {
        return Err(RestError::new(
            400,
            "ERROR_WRONG_HANDLER_URL",
            "Wrong handler URL",
        ));
    }
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        let text = "Unsupported handler protocol";
        return Err(RestError::new(400, "ERROR_UNSUPPORTED_PROTOCOL", text));
    }
    Ok(url.to_owned())
}

// b24: api-reference/widgets/placement-bind.md
pub fn bind(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let application = application_of_admin(desk)?;
    let placement = argument(params, "PLACEMENT", 200)?;
    let handler = handler(&argument(params, "HANDLER", 200)?)?;
    let known = PLACEMENTS.iter().find(|(_, code)| *code == placement);
    if !known.is_some_and(|(scope, _)| super::grants(desk.world, desk.caller, scope)) {
        // b24: api-reference/widgets/crm/list-toolbar.md
        let text = "Placement not found";
        return Err(RestError::new(400, "ERROR_PLACEMENT_NOT_FOUND", text));
    }
    if php::id(php::param(params, "USER_ID")).is_some() && placement != "PAGE_BACKGROUND_WORKER" {
        let text = "User mode is not available";
        return Err(RestError::new(200, "ERROR_PLACEMENT_USER_MODE", text));
    }
    let bound =
        |p: &Placement| p.application == application && p.placement == placement && p.handler == handler;
    if desk.world.placements.iter().any(bound) {
        // Seen on portals in the field; no page tells of it.
        return Err(RestError::new(
            400,
            "ERROR_CORE",
            "Unable to set placement handler: Handler already binded",
        ));
    }
    let title = php::param(params, "TITLE").map(php::text).unwrap_or_default();
    let lang_all = php::param(params, "LANG_ALL").map_or_else(|| json!([]), languages);
    desk.world.placements.push(Placement {
        application,
        placement,
        handler,
        title,
        lang_all,
    });
    done()
}

/// `LANG_ALL` with all three texts for each language, as it comes back.
// b24: api-reference/widgets/placement-get.md
fn languages(sent: &Value) -> Value {
    let texts = |given: &Value| -> Value {
        let text = |name: &str| Value::String(php::item(given, name).map(php::text).unwrap_or_default());
        let named = ["TITLE", "DESCRIPTION", "GROUP_NAME"].map(|name| (name.to_owned(), text(name)));
        Value::Object(Map::from_iter(named))
    };
    php::array(
        php::entries(sent)
            .into_iter()
            .map(|(language, given)| (language, texts(given)))
            .collect(),
    )
}

// b24: api-reference/widgets/placement-get.md
pub fn get(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let application = application_of_admin(desk)?;
    let items: Vec<Value> = desk
        .world
        .placements
        .iter()
        .filter(|p| p.application == application)
        .map(|p| {
            json!({
                "placement": p.placement,
                "userId": 0,
                "handler": p.handler,
                "options": [],
                "title": p.title,
                "description": "",
                "langAll": p.lang_all,
            })
        })
        .collect();
    Ok(json!(items).into())
}

/// Codes that this application may bind; with `SCOPE` or `FULL` those of another right or of all.
// b24: api-reference/widgets/placement-list.md
pub fn list(desk: &mut Desk<'_>, params: &Value) -> Answer {
    application(desk)?;
    let scope = php::param(params, "SCOPE").map(php::text).unwrap_or_default();
    let full = php::param(params, "FULL").is_some_and(php::flag);
    let codes: Vec<&str> = PLACEMENTS
        .iter()
        .filter(|(needed, _)| {
            if scope.is_empty() {
                full || super::grants(desk.world, desk.caller, needed)
            } else {
                *needed == scope
            }
        })
        .map(|(_, code)| *code)
        .collect();
    Ok(json!(codes).into())
}

/// Counts each handler twice: once found, once removed.
// b24: api-reference/widgets/placement-unbind.md
pub fn unbind(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let application = application_of_admin(desk)?;
    let placement = argument(params, "PLACEMENT", 400)?;
    let handler = php::param(params, "HANDLER").map(php::text).unwrap_or_default();
    let before = desk.world.placements.len();
    desk.world.placements.retain(|p| {
        p.application != application
            || p.placement != placement
            || (!handler.is_empty() && p.handler != handler)
    });
    let removed = before - desk.world.placements.len();
    Ok(json!({"count": removed * 2}).into())
}
