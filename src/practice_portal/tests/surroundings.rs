//! Placements, pages for people and switches for scripts.

use super::*;
use crate::model::Millis;

#[test]
fn placements_are_for_applications_of_administrators() {
    let portal = start();
    let bind = json!({"PLACEMENT": "CRM_DEAL_LIST_TOOLBAR", "HANDLER": "https://a.example/b24/app"});
    assert_eq!(
        portal.refusal("placement.bind", bind.clone()).1,
        "WRONG_AUTH_TYPE"
    );
    portal.world(|w| {
        for (token, user_id) in [("admin", 1), ("user", 2)] {
            let application = "bridge".to_owned();
            let known = Token {
                user_id,
                application,
                expires_at: Millis(i64::MAX),
            };
            w.tokens.insert(token.into(), known);
        }
    });
    let ask = |method: &str, token: &str, params: &Value| {
        let mut params = params.clone();
        params["auth"] = json!(token);
        let path = format!("/rest/{method}");
        let body = params.to_string();
        let (status, _, body) =
            http(portal.address(), "POST", &path, "application/json", &body).expect("an answer");
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    assert_eq!(ask("placement.bind", "user", &bind).1["error"], "ACCESS_DENIED");
    assert_eq!(ask("placement.bind", "admin", &bind).1["result"], true);
    assert_eq!(ask("placement.bind", "admin", &bind).1["error"], "ERROR_CORE");
    let (status, body) = ask("placement.bind", "admin", &json!({"HANDLER": "x"}));
    assert_eq!((status, &body["argument"]), (200, &json!("PLACEMENT")));
    assert_eq!(
        ask("placement.get", "admin", &json!({})).1["result"][0]["handler"],
        "https://a.example/b24/app"
    );
    let gone = ask(
        "placement.unbind",
        "admin",
        &json!({"PLACEMENT": "CRM_DEAL_LIST_TOOLBAR"}),
    );
    assert_eq!(gone.1["result"], json!({"count": 2}));
}

#[test]
fn pages_show_what_arrived_and_escape_it() {
    let portal = start();
    let contact = json!({"fields": {"NAME": "<script>alert(1)</script>"}});
    portal.call("crm.contact.add", contact);
    portal.call(
        "crm.deal.add",
        json!({"fields": {"TITLE": "Заказ №5", "CONTACT_IDS": [1]}}),
    );
    let comment = json!({"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "привет"});
    portal.call("crm.timeline.comment.add", json!({"fields": comment}));
    let get = |path: &str| http(portal.address(), "GET", path, "", "").expect("an answer");
    for path in ["/", "/crm/deal/details/1/", "/crm/contact/details/1/"] {
        let (status, _, body) = get(path);
        assert_eq!(status, 200, "{path}");
        assert!(!body.contains("<script>alert"), "{path}");
    }
    let (_, _, body) = get("/");
    for part in ["Заказ №5", "привет", "fresh", "Сделки", "/practice.js"] {
        assert!(body.contains(part), "{part}");
    }
    assert_eq!(get("/crm/deal/details/9/").0, 404);
    assert!(get("/practice.css").1.contains("text/css"));
    assert!(get("/practice.js").1.contains("text/javascript"));
}

#[test]
fn scripts_have_switches_and_figures() {
    let portal = start();
    let ask = |method: &str, path: &str, body: &str| {
        let (status, _, body) =
            http(portal.address(), method, path, "application/json", body).expect("an answer");
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    let spec = r#"{"fault":"cut_before","times":1}"#;
    assert_eq!(ask("POST", "/practice/faults", spec).1[0]["left"], 1);
    assert!(portal.try_call("profile", &json!({})).is_err());
    assert_eq!(ask("GET", "/practice/faults", "").1, json!([]));
    assert_eq!(ask("POST", "/practice/faults", "{}").0, 400);
    let settings = r#"{"simple_crm":true,"hidden_methods":["crm.activity.todo.add"],"required":[{"entity":"deal","field":"TITLE"}]}"#;
    assert_eq!(ask("POST", "/practice/settings", settings).0, 200);
    assert_eq!(portal.call("crm.settings.mode.get", json!({})), json!(2));
    assert_eq!(ask("POST", "/practice/settings", r#"{"rain":1}"#).0, 400);
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let settings = r#"{"access_lifetime":60,"expire_tokens":true}"#;
    let before = portal.tokens_of(&app, 1).access;
    assert_eq!(ask("POST", "/practice/settings", settings).0, 200);
    let path = format!("/rest/profile?auth={}", before.reveal());
    assert_eq!(ask("GET", &path, "").1["error"], "expired_token");
    assert_eq!(portal.tokens_of(&app, 1).expires_in, Duration::from_secs(60));
    let spec = r#"{"fault":"oauth","code":"invalid_grant"}"#;
    assert_eq!(ask("POST", "/practice/oauth/faults", spec).1[0]["fault"], "oauth");
    assert_eq!(ask("GET", "/oauth/token/", "").1["error"], "invalid_grant");
    assert_eq!(ask("DELETE", "/practice/oauth/faults", "").1, json!([]));
    let (_, stats) = ask("GET", "/practice/stats", "");
    assert_eq!(stats["commands"]["crm.settings.mode.get"], 1);
    assert_eq!(stats["log"][0]["status"], Value::Null);
    assert_eq!(ask("GET", "/practice/world", "").1["deals"], json!([]));
    assert_eq!(ask("GET", "/practice/rain", "").0, 404);
}
