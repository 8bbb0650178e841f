//! The portal about itself.

use serde_json::{Value, json};

use super::{Answer, Desk, METHODS, SCOPES, exists, grants};
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
            None => full || grants(desk.world, desk.caller, m.scope),
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
    let available = method.is_some_and(|m| grants(desk.world, desk.caller, m.scope));
    Ok(json!({"isExisting": method.is_some(), "isAvailable": available}).into())
}

/// The rights of this connection, or with `full` all there are.
// b24: api-reference/common/system/scope.md
pub fn scope(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let full = php::param(params, "full").is_some_and(php::flag);
    let application = desk.caller.application.as_deref();
    if let Some(app) = application.and_then(|id| desk.world.apps.by_client_id(id))
        && !full
    {
        return Ok(json!(app.form.scope).into());
    }
    let granted = &desk.world.settings.scopes;
    let scopes: Vec<&str> = SCOPES
        .into_iter()
        .filter(|scope| full || granted.is_empty() || granted.contains(*scope))
        .collect();
    Ok(json!(scopes).into())
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
