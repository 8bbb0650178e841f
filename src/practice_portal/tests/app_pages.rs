//! The portal's pages around applications, as a browser asks for them.

use super::*;

const ANNA: &str = "practice_user=1; practice_language=ru";
const IVAN: &str = "practice_user=2; practice_language=en";
const FORM: &str = "application/x-www-form-urlencoded";

impl PracticePortal {
    fn see(&self, who: &str, path: &str) -> Answer {
        http_as(self.address(), who, "GET", path, "", "").expect("an answer")
    }

    fn post(&self, who: &str, path: &str, form: &str) -> Answer {
        http_as(self.address(), who, "POST", path, FORM, form).expect("an answer")
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let lines = answer.1.lines().filter_map(|line| line.split_once(": "));
    let mut named = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.next().map_or("", |(_, value)| value)
}

/// An application whose button stands above the deals.
fn with_button(portal: &PracticePortal) -> AppKeys {
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let access = portal.tokens_of(&app, 1).access;
    let bind = format!(
        "/rest/placement.bind?auth={}&PLACEMENT=CRM_DEAL_LIST_TOOLBAR&HANDLER=http://127.0.0.1:1/b24/app?a=1%26b=2&TITLE=Other&LANG_ALL[ru][TITLE]=%D0%9A%D0%BD%D0%BE%D0%BF%D0%BA%D0%B0",
        access.reveal()
    );
    assert_eq!(portal.see("", &bind).0, 200);
    app
}

#[test]
fn a_button_appears_once_its_application_is_installed() {
    let portal = start();
    let app = with_button(&portal);
    assert!(!portal.see(ANNA, "/crm/deal/list/").2.contains("data-placement"));
    portal.finish_install(&app);
    for (who, title) in [(ANNA, "Кнопка"), (IVAN, "Other")] {
        let (status, _, page) = portal.see(who, "/crm/deal/list/");
        assert_eq!(status, 200);
        assert!(page.contains(&format!(">{title}</button>")), "{page}");
    }
    assert!(!portal.see(ANNA, "/crm/lead/list/").2.contains("data-placement"));
    portal.delete_app(&app);
    assert!(!portal.see(ANNA, "/crm/deal/list/").2.contains("data-placement"));
}

#[test]
fn a_list_shows_what_is_in_the_crm() {
    let portal = start();
    portal.call("crm.contact.add", json!({"fields": {"NAME": "<i>Мария"}}));
    portal.call(
        "crm.deal.add",
        json!({"fields": {"TITLE": "Заказ", "OPPORTUNITY": 5, "CURRENCY_ID": "RUB", "CONTACT_IDS": [1]}}),
    );
    let (_, _, page) = portal.see(ANNA, "/crm/deal/list/");
    for part in [
        "Заказ",
        "5.00 RUB",
        "&lt;i&gt;Мария",
        "/crm/deal/details/1/",
        "Новая",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(portal.see(ANNA, "/crm/lead/list/").2.contains("Пока пусто"));
}

#[test]
fn the_form_makes_an_application_and_only_for_administrators() {
    let portal = start();
    let form = "name=Bridge&handler=http://127.0.0.1:1/a&installation=http://127.0.0.1:1/i&scope[]=crm&scope[]=im&titles[en]=Site";
    assert_eq!(portal.post(IVAN, "/devops/application/", form).0, 404);
    assert!(!portal.see(IVAN, "/devops/").2.contains("<form class=\"card"));
    let saved = portal.post(ANNA, "/devops/application/", form);
    assert_eq!((saved.0, header(&saved, "location")), (303, "/devops/"));
    let app = portal.world(|world| world.apps.iter().next().cloned().expect("it was saved"));
    assert_eq!((app.scope().as_str(), app.installed), ("crm,im", false));
    let page = portal.see(ANNA, "/devops/").2;
    for part in [
        app.keys.client_id.as_str(),
        app.keys.client_secret.reveal(),
        "не установлено",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // The employee is told to wait, the administrator gets the installer.
    let own = format!("/marketplace/app/{}/", app.id);
    let waiting = portal.see(IVAN, &own).2;
    assert!(
        waiting.contains("not set up yet") && waiting.contains("<h1>Site</h1>"),
        "{waiting}"
    );
    assert!(portal.see(ANNA, &own).2.contains("data-placement=\"DEFAULT\""));
    let answer = portal.post(ANNA, "/devops/delete/", &format!("id={}", app.id));
    assert_eq!(answer.0, 303);
    assert!(portal.application(&app.keys).is_none());
}

#[test]
fn a_frame_is_opened_refreshed_and_finishes_the_installation() {
    let portal = start();
    let app = with_button(&portal);
    let own = format!("app={}&placement=DEFAULT", app.client_id);
    assert_eq!(portal.post(IVAN, "/frame/open/", &own).0, 404);
    let ask = |who: &str, path: &str, form: &str| {
        let (status, _, body) = portal.post(who, path, form);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str::<Value>(&body).expect("JSON")
    };
    let installer = ask(ANNA, "/frame/open/", &own);
    let sid = installer["sid"].as_str().expect("a session");
    assert_eq!(installer["name"], format!("{}|0|{sid}", portal.domain()));
    assert!(
        installer["action"]
            .as_str()
            .is_some_and(|a| a.starts_with("http://127.0.0.1:1/b24/install?DOMAIN="))
    );
    let init = &installer["init"];
    assert_eq!(
        (&init["INSTALL"], &init["IS_ADMIN"], &init["LANG"]),
        (&json!(true), &json!(true), &json!("ru"))
    );
    let fresh = ask(ANNA, "/frame/auth/", &format!("sid={sid}"));
    assert_ne!(fresh["AUTH_ID"], init["AUTH_ID"]);
    assert_eq!(ask(ANNA, "/frame/installed/", &format!("sid={sid}")), json!(true));
    assert!(portal.is_installed(&app));
    let button = format!(
        "app={}&placement=CRM_DEAL_LIST_TOOLBAR&handler=http://127.0.0.1:1/b24/app?a=1%26b=2",
        app.client_id
    );
    let opened = ask(IVAN, "/frame/open/", &button);
    assert!(
        opened["action"]
            .as_str()
            .is_some_and(|a| a.starts_with("http://127.0.0.1:1/b24/app?a=1&b=2&DOMAIN="))
    );
    assert_eq!(
        (&opened["init"]["INSTALL"], &opened["init"]["LANG"]),
        (&json!(false), &json!("en"))
    );
    let done = ask(
        IVAN,
        "/frame/installed/",
        &format!("sid={}", opened["sid"].as_str().expect("a session")),
    );
    assert_eq!(done, json!(false));
    assert_eq!(portal.post(ANNA, "/frame/auth/", "sid=0").0, 404);
}

#[test]
fn an_authorization_returns_with_a_code_that_works_once() {
    let portal = start();
    let app = with_button(&portal);
    let ask = format!("/oauth/authorize/?client_id={}&state=a%26b", app.client_id);
    // Not installed: said here, and the application hears nothing.
    assert_eq!(portal.see(IVAN, &ask).0, 400);
    portal.finish_install(&app);
    assert_eq!(portal.see(IVAN, "/oauth/authorize/?client_id=local.0").0, 400);
    let back = portal.see(IVAN, &ask);
    assert_eq!(back.0, 302);
    let (place, query) = header(&back, "location").split_once('?').expect("a query");
    assert_eq!(place, "http://127.0.0.1:1/b24/app");
    let query = php::parse_query(query.as_bytes());
    assert_eq!(
        (&query["state"], &query["scope"]),
        (&json!("a&b"), &json!("crm,user,im,placement"))
    );
    assert_eq!(
        (&query["domain"], &query["member_id"]),
        (&json!(portal.domain()), &json!(portal.member_id()))
    );
    assert_eq!(query["server_domain"], portal.address().to_string());
    let exchange = format!(
        "grant_type=authorization_code&client_id={}&client_secret={}&code={}",
        app.client_id,
        app.client_secret.reveal(),
        query["code"].as_str().expect("a code")
    );
    let (status, _, body) = portal.post("", "/oauth/token/", &exchange);
    let pair: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(status, 200, "{pair}");
    let profile = portal.see(
        "",
        &format!(
            "/rest/profile?auth={}",
            pair["access_token"].as_str().expect("a token")
        ),
    );
    assert!(profile.2.contains(r#""ID":"2""#), "{}", profile.2);
    assert_eq!(portal.post("", "/oauth/token/", &exchange).0, 400);
    assert_eq!(portal.renewals(), 0);
}

#[test]
fn one_chooses_whom_to_be_and_sees_what_that_one_was_told() {
    let portal = start();
    portal.call(
        "im.notify.system.add",
        json!({"USER_ID": 2, "MESSAGE": "[b]Привет[/b] <script>"}),
    );
    let switched = portal.see("", "/switch/?user=2&language=en&back=/crm/deal/list/");
    assert_eq!(
        (switched.0, header(&switched, "location")),
        (303, "/crm/deal/list/")
    );
    assert_eq!(
        switched.1.matches("et-cookie: practice_").count(),
        2,
        "{}",
        switched.1
    );
    assert_eq!(
        header(&portal.see("", "/switch/?back=//evil.example/"), "location"),
        "/"
    );
    let page = portal.see(IVAN, "/").2;
    assert!(
        page.contains("<b>Привет</b> &lt;script&gt;") && page.contains("Notifications"),
        "{page}"
    );
    assert!(!portal.see(ANNA, "/").2.contains("Привет"));
    // Nobody can be somebody who has left.
    assert!(
        portal
            .see("practice_user=4", "/")
            .2
            .contains("value=\"1\" selected")
    );
}
