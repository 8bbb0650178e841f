//! Local applications: keys, tokens, the authorization server.

use super::*;

/// Asks the authorization server.
fn token(portal: &PracticePortal, query: &str) -> (u16, Value) {
    let path = format!("/oauth/token/?{query}");
    let (status, _, body) = http(portal.address(), "GET", &path, "", "").expect("an answer");
    (status, serde_json::from_str(&body).expect("JSON"))
}

fn renewal(app: &AppKeys, refresh: &str) -> String {
    let (id, secret) = (&app.client_id, app.client_secret.reveal());
    format!("grant_type=refresh_token&client_id={id}&client_secret={secret}&refresh_token={refresh}")
}

/// Calls a method with a token, by JSON.
fn with_token(portal: &PracticePortal, method: &str, access: &str) -> (u16, Value) {
    let body = json!({"auth": access}).to_string();
    let path = format!("/rest/{method}.json");
    let (status, _, body) =
        http(portal.address(), "POST", &path, "application/json", &body).expect("an answer");
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn tokens_expire_and_are_renewed_once_each() {
    let portal = start();
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    assert!(app.client_id.starts_with("local."), "{}", app.client_id);
    let first = portal.tokens_of(&app, 1);
    assert_eq!(
        with_token(&portal, "user.current", first.access.reveal()).1["result"]["ID"],
        "1"
    );
    portal.expire_tokens();
    for method in ["user.current", "batch"] {
        let (status, body) = with_token(&portal, method, first.access.reveal());
        assert_eq!(
            (status, &body["error"]),
            (401, &json!("expired_token")),
            "{method}"
        );
    }
    let (status, pair) = token(&portal, &renewal(&app, first.refresh.reveal()));
    assert_eq!(status, 200, "{pair}");
    assert_eq!(pair["client_endpoint"], format!("{}/rest/", portal.base_url()));
    assert_eq!(pair["domain"], portal.address().to_string());
    assert_eq!(pair["member_id"], portal.member_id());
    assert_eq!((&pair["user_id"], &pair["expires_in"]), (&json!(1), &json!(3600)));
    let access = pair["access_token"].as_str().expect("a token");
    assert_eq!(with_token(&portal, "profile", access).0, 200);
    let again = token(&portal, &renewal(&app, first.refresh.reveal()));
    assert_eq!((again.0, &again.1["error"]), (400, &json!("invalid_grant")));
    assert_eq!((portal.renewals(), portal.token_requests()), (1, 2));
}

#[test]
fn the_authorization_server_knows_its_clients() {
    let portal = start();
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let other = portal.register_app(AppForm::of_bridge("http://127.0.0.1:2"));
    let refresh = portal.tokens_of(&app, 1).refresh;
    let wrong_secret = renewal(&app, refresh.reveal()).replace("client_secret=", "client_secret=0");
    let of_another = renewal(&other, refresh.reveal());
    let no_grant = renewal(&app, refresh.reveal()).replace("refresh_token&", "password&");
    for (query, status, code) in [
        (wrong_secret, 401, "invalid_client"),
        (of_another, 400, "invalid_grant"),
        (no_grant, 400, "invalid_request"),
    ] {
        let (seen, body) = token(&portal, &query);
        assert_eq!((seen, &body["error"]), (status, &json!(code)), "{query}");
    }
    assert_eq!(portal.renewals(), 0);
    assert_eq!(token(&portal, &renewal(&app, refresh.reveal())).0, 200);
}

#[test]
fn an_answer_can_be_lost_after_the_rotation() {
    let portal = start();
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let query = renewal(&app, portal.tokens_of(&app, 1).refresh.reveal());
    portal
        .oauth_faults()
        .next(1, Fault::OAuth("PAYMENT_REQUIRED".into()));
    assert_eq!(token(&portal, &query).1["error"], "PAYMENT_REQUIRED");
    portal
        .oauth_faults()
        .next_with("refresh_token", 1, Fault::CutAfter);
    let path = format!("/oauth/token/?{query}");
    assert!(http(portal.address(), "GET", &path, "", "").is_err());
    assert_eq!(portal.renewals(), 1);
    assert_eq!(token(&portal, &query).1["error"], "invalid_grant");
}
