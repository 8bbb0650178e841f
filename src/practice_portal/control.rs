//! `/practice/…`: the practice portal's own switches, for scripts. Tests use the handle instead.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::core::{Core, lock};
use super::meter::Profile;
use super::php;
use super::world::{Kin, Required, Token};
use crate::model::Millis;

const FAULTS: &str = "/practice/faults";
const OAUTH_FAULTS: &str = "/practice/oauth/faults";

/// Answers a control request:
///
/// - `GET stats`, `GET world`: what was asked, what there is
/// - `GET faults`, `POST faults` (one as [`Faults::arm_json`](super::faults::Faults::arm_json) reads it), `DELETE faults`
/// - `POST settings` with any of `profile`, `simple_crm`, `hidden_methods`, `scopes`, `required`,
///   `operating_limit`, `tokens`, `access_lifetime` (seconds), `expire_tokens`
/// - `GET|POST|DELETE oauth/faults`: the same faults at the authorization server
pub fn answer(core: &Core, method: &Method, path: &str, body: &[u8]) -> (StatusCode, Value) {
    let sent = || serde_json::from_slice::<Value>(body).map_err(|e| format!("the body is no JSON: {e}"));
    let path = path.trim_end_matches('/');
    let faults = if path == OAUTH_FAULTS {
        &core.oauth_faults
    } else {
        &core.faults
    };
    let done = match (method.as_str(), path) {
        ("GET", "/practice/stats") => Ok(lock(&core.stats).to_json()),
        ("GET", "/practice/world") => Ok(lock(&core.world).to_json()),
        ("GET", FAULTS | OAUTH_FAULTS) => Ok(faults.to_json()),
        ("POST", FAULTS | OAUTH_FAULTS) => sent()
            .and_then(|spec| faults.arm_json(&spec))
            .map(|()| faults.to_json()),
        ("DELETE", FAULTS | OAUTH_FAULTS) => {
            faults.clear();
            Ok(json!([]))
        }
        ("POST", "/practice/settings") => sent()
            .and_then(|settings| change_settings(core, &settings))
            .map(|()| json!("ok")),
        _ => {
            let known = "GET stats, GET world, GET|POST|DELETE faults and oauth/faults, POST settings";
            return (
                StatusCode::NOT_FOUND,
                json!({"error": "not_found", "message": format!("under /practice/ there are {known}")}),
            );
        }
    };
    match done {
        Ok(value) => (StatusCode::OK, value),
        Err(message) => (
            StatusCode::BAD_REQUEST,
            json!({"error": "bad_request", "message": message}),
        ),
    }
}

fn change_settings(core: &Core, settings: &Value) -> Result<(), String> {
    let names = |value: &Value| php::entries(value).iter().map(|(_, v)| php::text(v)).collect();
    for (name, value) in php::entries(settings) {
        match name.as_str() {
            "profile" => {
                let profile = Profile::from_name(&php::text(value))
                    .ok_or("\"profile\" is one of box, cloud, enterprise")?;
                lock(&core.meter).profile = profile;
            }
            "operating_limit" => lock(&core.meter).operating_limit = value.as_f64(),
            "simple_crm" => lock(&core.world).settings.simple_crm = php::flag(value),
            "hidden_methods" => lock(&core.world).settings.hidden_methods = names(value),
            "scopes" => lock(&core.world).settings.scopes = names(value),
            "required" => {
                let required = php::entries(value)
                    .into_iter()
                    .map(|(_, v)| required(v).ok_or("\"required\" is a list of {entity, field, stages?}"))
                    .collect::<Result<_, _>>()?;
                lock(&core.world).settings.required = required;
            }
            "access_lifetime" => {
                lock(&core.world).apps.lifetimes.access_ms = php::int(value).saturating_mul(1000);
            }
            "expire_tokens" if php::flag(value) => lock(&core.world).expire_tokens(),
            "expire_tokens" => {}
            "tokens" => {
                let mut world = lock(&core.world);
                for (_, token) in php::entries(value) {
                    let text = |name: &str| php::item(token, name).map(php::text).unwrap_or_default();
                    let expired = php::item(token, "expired").is_some_and(php::flag);
                    let known = Token {
                        user_id: php::id(php::item(token, "user_id")).unwrap_or(core.user_id),
                        application: text("application"),
                        expires_at: Millis(if expired { 0 } else { i64::MAX }),
                    };
                    world.tokens.insert(text("token"), known);
                }
            }
            other => return Err(format!("{other:?} is no setting of the practice portal")),
        }
    }
    Ok(())
}

fn required(value: &Value) -> Option<Required> {
    let stages = php::item(value, "stages").map(php::entries).unwrap_or_default();
    Some(Required {
        kin: Kin::from_name(&php::text(php::item(value, "entity")?))?,
        field: php::text(php::item(value, "field")?),
        stages: stages.iter().map(|(_, v)| php::text(v)).collect(),
    })
}
