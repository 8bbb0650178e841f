//! The portal about itself, notifications and placements.

use serde_json::{Value, json};

use super::{Answer, Desk, METHODS, RestError, SCOPES, done, exists, has_scope};
use crate::practice_portal::world::{Notification, Placement};
use crate::practice_portal::{clock, php};

/// What this connection may call, or with `full` all there is.
// b24: api-reference/common/system/methods.md
pub fn methods(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let full = php::param(params, "full").is_some_and(php::flag);
    let scope = php::param(params, "scope").map(php::text);
    let names: Vec<&str> = METHODS
        .iter()
        .filter(|m| exists(desk.world, m.name))
        .filter(|m| match &scope {
            Some(scope) => m.scope == scope,
            None => full || has_scope(desk.world, m),
        })
        .map(|m| m.name)
        .chain(scope.as_deref().is_none_or(str::is_empty).then_some("batch"))
        .collect();
    Ok(json!(names).into())
}

// b24: api-reference/common/system/method-get.md
pub fn method_get(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let name = php::param(params, "name").map(php::text).unwrap_or_default();
    let method = METHODS
        .iter()
        .find(|m| m.name == name && exists(desk.world, m.name));
    let available = method.is_some_and(|m| has_scope(desk.world, m));
    Ok(json!({"isExisting": method.is_some(), "isAvailable": available}).into())
}

// b24: api-reference/common/system/scope.md
pub fn scope(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let granted = &desk.world.settings.scopes;
    let scopes: Vec<&str> = SCOPES
        .into_iter()
        .filter(|scope| granted.is_empty() || granted.contains(*scope))
        .collect();
    Ok(json!(scopes).into())
}

/// Knows applications only.
// b24: api-reference/common/system/app-info.md
pub fn app_info(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let Some(application) = &desk.caller.application else {
        return Err(RestError::new(
            400,
            "ACCESS_DENIED",
            "Access denied! Application context required",
        ));
    };
    let out = json!({
        "ID": 1,
        "CODE": application,
        "VERSION": 1,
        "STATUS": "L",
        "INSTALLED": true,
        "PAYMENT_EXPIRED": "N",
        "DAYS": null,
        "LANGUAGE_ID": "ru",
        "LICENSE": "ru_selfhosted",
    });
    Ok(out.into())
}

// b24: api-reference/common/system/server-time.md
pub fn server_time(desk: &mut Desk<'_>, _: &Value) -> Answer {
    Ok(json!(clock::datetime(desk.now)).into())
}

/// 1 classic, 2 simple.
// b24: api-reference/crm/crm-settings-mode-get.md
pub fn crm_mode(desk: &mut Desk<'_>, _: &Value) -> Answer {
    Ok(json!(if desk.world.settings.simple_crm { 2 } else { 1 }).into())
}

// b24: api-reference/chats/notifications/im-notify-system-add.md
pub fn notify(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let Some(user_id) = php::id(php::param(params, "USER_ID")) else {
        return Err(RestError::new(400, "USER_ID_EMPTY", "User ID can't be empty"));
    };
    let message = php::param(params, "MESSAGE").map(php::text).unwrap_or_default();
    let message = message.trim();
    if message.is_empty() {
        return Err(RestError::new(400, "MESSAGE_EMPTY", "Message can't be empty"));
    }
    if desk.world.person(user_id).is_none() {
        return Ok(json!(false).into());
    }
    desk.world.notifications.push(Notification {
        user_id,
        message: message.to_owned(),
    });
    Ok(json!(desk.world.notifications.len()).into())
}

/// Placements belong to applications: a webhook has none, and only administrators bind.
// b24: api-reference/widgets/placement-bind.md
fn application(desk: &Desk<'_>) -> Result<String, RestError> {
    let Some(application) = desk.caller.application.clone() else {
        return Err(RestError::new(
            403,
            "WRONG_AUTH_TYPE",
            "Current authorization type is denied for this method Application context required",
        ));
    };
    if !desk.world.person(desk.caller.user_id).is_some_and(|p| p.admin) {
        return Err(RestError::new(403, "ACCESS_DENIED", "Access denied!"));
    }
    Ok(application)
}

/// Errors in arguments come with HTTP 200.
fn argument(params: &Value, name: &'static str) -> Result<String, RestError> {
    let value = php::param(params, name).map(php::text).unwrap_or_default();
    if value.is_empty() {
        let text = format!("Argument '{name}' is null or empty");
        return Err(RestError {
            argument: Some(name),
            ..RestError::new(200, "ERROR_ARGUMENT", text)
        });
    }
    Ok(value)
}

// b24: api-reference/widgets/placement-bind.md
pub fn placement_bind(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let application = application(desk)?;
    let placement = argument(params, "PLACEMENT")?;
    let handler = argument(params, "HANDLER")?;
    let bound =
        |p: &&Placement| p.application == application && p.placement == placement && p.handler == handler;
    if desk.world.placements.iter().any(|p| bound(&p)) {
        // Seen on portals in the field; no page tells of it.
        return Err(RestError::new(
            400,
            "ERROR_CORE",
            "Unable to set placement handler: Handler already binded",
        ));
    }
    let title = php::param(params, "TITLE").map(php::text).unwrap_or_default();
    let lang_all = php::param(params, "LANG_ALL")
        .cloned()
        .unwrap_or_else(|| json!([]));
    desk.world.placements.push(Placement {
        application,
        placement,
        handler,
        title,
        lang_all,
    });
    done()
}

// b24: api-reference/widgets/placement-get.md
pub fn placement_get(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let application = application(desk)?;
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

/// Counts each handler twice: once found, once removed.
// b24: api-reference/widgets/placement-unbind.md
pub fn placement_unbind(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let application = application(desk)?;
    let placement = argument(params, "PLACEMENT")?;
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
