//! The authorization server: `/oauth/token/`. On a real portal it is `oauth.bitrix.info`; here it is the same process.

use serde_json::{Value, json};

use super::Application;
use super::tokens::TokenPair;
use crate::model::Millis;
use crate::practice_portal::core::{Core, Outcome, instead_of_work, lock};
use crate::practice_portal::faults::Fault;
use crate::practice_portal::php;
use crate::practice_portal::world::World;

/// What is asked of `/oauth/token/`, from query and form alike.
pub fn grant_type(params: &Value) -> String {
    text(params, "grant_type")
}

fn text(params: &Value, name: &str) -> String {
    php::item(params, name).map(php::text).unwrap_or_default()
}

/// Answers `/oauth/token/` as far as the faults of this request let it.
pub fn token(core: &Core, params: &Value, faults: &[Fault], now: Millis) -> Outcome {
    let mut world = lock(&core.world);
    world.apps.token_requests += 1;
    if let Some(outcome) = faults.iter().find_map(instead_of_work) {
        return outcome;
    }
    let outcome = match granted(&mut world, params, now) {
        Ok(body) => Outcome::Json { status: 200, body },
        Err((status, code, description)) => Outcome::Json {
            status,
            body: json!({"error": code, "error_description": description}),
        },
    };
    if faults.contains(&Fault::CutAfter) {
        return Outcome::HangUp;
    }
    outcome
}

/// Status, code, description. No page tells the status; these are the ones RFC 6749 gives them.
// b24: settings/oauth/error-codes.md
type Refusal = (u16, &'static str, &'static str);

const INVALID_REQUEST: Refusal = (400, "invalid_request", "Invalid request");
const INVALID_CLIENT: Refusal = (401, "invalid_client", "Invalid client");
const INVALID_GRANT: Refusal = (400, "invalid_grant", "Invalid grant");

fn granted(world: &mut World, params: &Value, now: Millis) -> Result<Value, Refusal> {
    let (client_id, secret) = (text(params, "client_id"), text(params, "client_secret"));
    let application = world
        .apps
        .by_client_id(&client_id)
        .filter(|app| app.keys.client_secret.reveal() == secret)
        .cloned()
        .ok_or(INVALID_CLIENT)?;
    match grant_type(params).as_str() {
        "refresh_token" => {
            let pair = world
                .renew_tokens(&client_id, &text(params, "refresh_token"), now)
                .ok_or(INVALID_GRANT)?;
            let mut body = answer(world, &application, &pair);
            body["expires"] = json!(pair.expires_at.0.div_euclid(1000));
            body["user_id"] = json!(pair.user_id);
            Ok(body)
        }
        "authorization_code" => {
            let pair = world
                .exchange_code(&client_id, &text(params, "code"), now)
                .ok_or(INVALID_GRANT)?;
            Ok(answer(world, &application, &pair))
        }
        _ => Err(INVALID_REQUEST),
    }
}

/// The fields that both grants answer with. `domain` is the authorization server's, not the portal's.
// b24: settings/oauth/index.md, settings/oauth/auto-renewal.md
fn answer(world: &World, application: &Application, pair: &TokenPair) -> Value {
    let site = &world.apps.site;
    json!({
        "access_token": pair.access.reveal(),
        "client_endpoint": site.client_endpoint(),
        "domain": site.oauth_domain,
        "expires_in": pair.expires_in.as_secs(),
        "member_id": site.member_id,
        "refresh_token": pair.refresh.reveal(),
        "scope": application.scope(),
        "server_endpoint": site.server_endpoint(),
        "status": "L",
    })
}
