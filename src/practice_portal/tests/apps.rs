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
fn the_authorization_server_can_fail_in_every_way() {
    let portal = start();
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let query = renewal(&app, portal.tokens_of(&app, 1).refresh.reveal());
    let path = format!("/oauth/token/?{query}");
    for fault in [Fault::RefuseConnections, Fault::CutBefore] {
        portal.oauth_faults().next(1, fault);
        assert!(http(portal.address(), "GET", &path, "", "").is_err());
    }
    portal.oauth_faults().next(1, Fault::Html500);
    let (status, _, page) = http(portal.address(), "GET", &path, "", "").expect("a page");
    assert!(status == 500 && page.starts_with("<html>"), "{page}");
    // The portal itself goes on meanwhile.
    portal.oauth_faults().until_cleared(Fault::CutBefore);
    portal.call("profile", json!({}));
    portal.oauth_faults().clear();
    portal
        .oauth_faults()
        .next(1, Fault::OAuth("PAYMENT_REQUIRED".into()));
    assert_eq!(token(&portal, &query).1["error"], "PAYMENT_REQUIRED");
    portal
        .oauth_faults()
        .next_with("refresh_token", 1, Fault::CutAfter);
    assert!(http(portal.address(), "GET", &path, "", "").is_err());
    assert_eq!(portal.renewals(), 1);
    assert_eq!(token(&portal, &query).1["error"], "invalid_grant");
}

#[test]
fn an_application_has_the_rights_that_were_ticked() {
    let portal = start();
    let form = AppForm {
        scope: ["crm", "user_brief", "placement"].map(str::to_owned).to_vec(),
        ..AppForm::of_bridge("http://127.0.0.1:1")
    };
    let app = portal.register_app(form);
    let admin = portal.tokens_of(&app, 1).access;
    let ask = |method: &str| with_token(&portal, method, admin.reveal());
    let info = ask("app.info").1["result"].clone();
    assert_eq!(
        (&info["CODE"], &info["INSTALLED"]),
        (&json!(app.client_id), &json!(false))
    );
    assert_eq!(
        ask("scope").1["result"],
        json!(["crm", "user_brief", "placement"])
    );
    assert_eq!(ask("user.current").1["result"]["NAME"], "Анна");
    assert_eq!(ask("user.current").1["result"].get("EMAIL"), None);
    assert_eq!(ask("user.admin").1["result"], true);
    let (status, body) = ask("im.notify.system.add");
    assert_eq!((status, &body["error"]), (403, &json!("insufficient_scope")));
    let methods = ask("methods").1["result"].to_string();
    assert!(
        methods.contains("placement.bind") && !methods.contains("im.notify"),
        "{methods}"
    );
    // Until it is installed it is the administrators' alone.
    let employee = portal.tokens_of(&app, 2).access;
    let (status, body) = with_token(&portal, "profile", employee.reveal());
    assert_eq!((status, &body["error"]), (403, &json!("user_access_error")));
    portal.finish_install(&app);
    assert_eq!(
        with_token(&portal, "user.admin", employee.reveal()).1["result"],
        false
    );
    assert_eq!(ask("app.info").1["result"]["INSTALLED"], true);
}

/// Calls a method with a token and parameters in a form.
fn with_form(portal: &PracticePortal, method: &str, access: &str, form: &str) -> (u16, Value) {
    let path = format!("/rest/{method}?auth={access}");
    let kind = "application/x-www-form-urlencoded";
    let (status, _, body) = http(portal.address(), "POST", &path, kind, form).expect("an answer");
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn placements_are_refused_as_documented() {
    let portal = start();
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let access = portal.tokens_of(&app, 1).access;
    let bind = |form: &str| {
        let (status, body) = with_form(&portal, "placement.bind", access.reveal(), form);
        (status, body["error"].as_str().unwrap_or_default().to_owned())
    };
    let lead = "PLACEMENT=CRM_LEAD_LIST_TOOLBAR";
    let good = format!("{lead}&HANDLER=http://10.0.0.1/a&LANG_ALL[ru][TITLE]=Да&LANG_ALL[en][TITLE]=Yes");
    for (form, status, code) in [
        ("HANDLER=http://10.0.0.1/a".to_owned(), 200, "ERROR_ARGUMENT"),
        (lead.to_owned(), 200, "ERROR_ARGUMENT"),
        (
            format!("{lead}&HANDLER=http://localhost/a"),
            400,
            "ERROR_WRONG_HANDLER_URL",
        ),
        (
            format!("{lead}&HANDLER=ftp://a.b/a"),
            400,
            "ERROR_UNSUPPORTED_PROTOCOL",
        ),
        (
            "PLACEMENT=NONE&HANDLER=http://a.b/".to_owned(),
            400,
            "ERROR_PLACEMENT_NOT_FOUND",
        ),
        (format!("{good}&USER_ID=1"), 200, "ERROR_PLACEMENT_USER_MODE"),
        (good.clone(), 200, ""),
        (good, 400, "ERROR_CORE"),
    ] {
        assert_eq!(bind(&form), (status, code.to_owned()), "{form}");
    }
    let bound = with_form(&portal, "placement.get", access.reveal(), "").1["result"][0].clone();
    let russian = json!({"TITLE": "Да", "DESCRIPTION": "", "GROUP_NAME": ""});
    assert_eq!(
        (&bound["langAll"]["ru"], &bound["options"]),
        (&russian, &json!([]))
    );
    let list = with_form(&portal, "placement.list", access.reveal(), "SCOPE=crm").1["result"].to_string();
    assert!(
        list.contains("CRM_DEAL_LIST_TOOLBAR") && !list.contains("PROFILE"),
        "{list}"
    );
    let unbound = with_form(&portal, "placement.unbind", access.reveal(), "");
    assert_eq!((unbound.0, &unbound.1["error"]), (400, &json!("ERROR_ARGUMENT")));
    portal.finish_install(&app);
    let employee = portal.tokens_of(&app, 2).access;
    let refused = with_form(&portal, "placement.unbind", employee.reveal(), lead);
    assert_eq!((refused.0, &refused.1["error"]), (403, &json!("ACCESS_DENIED")));
    assert_eq!(portal.placements().len(), 1);
}

#[test]
fn a_notification_takes_the_place_of_the_one_with_its_tag() {
    let portal = start();
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let access = portal.tokens_of(&app, 1).access;
    for (method, text) in [
        ("im.notify.system.add", "one"),
        ("im.notify.personal.add", "two"),
        ("im.notify.system.add", " three "),
    ] {
        let form = format!("USER_ID=1&MESSAGE={text}&TAG={}", text.len() > 3);
        let (status, body) = with_form(&portal, method, access.reveal(), &form);
        assert!(status == 200 && body["result"].is_u64(), "{body}");
    }
    portal.call(
        "im.notify.system.add",
        json!({"USER_ID": 2, "MESSAGE": "hook", "TAG": "true"}),
    );
    let seen: Vec<(u64, String, Option<u64>)> = portal
        .notifications()
        .into_iter()
        .map(|n| (n.user_id, n.message, n.from))
        .collect();
    let row = |user, text: &str, from| (user, text.to_owned(), from);
    assert_eq!(
        seen,
        [
            row(1, "two", Some(1)),
            row(1, "three", None),
            row(2, "hook", None)
        ]
    );
    assert_eq!(
        portal.refusal("im.notify.system.add", json!({"USER_ID": 0})).1,
        "USER_ID_EMPTY"
    );
    assert_eq!(
        portal.refusal("im.notify.personal.add", json!({"USER_ID": 1})).1,
        "MESSAGE_EMPTY"
    );
}
