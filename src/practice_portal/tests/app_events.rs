//! What the portal sends to applications by itself: frames and events.

use std::net::TcpListener;

use super::*;
use crate::practice_portal::php;

/// A server that answers each POST with this status, and hands over what it got.
fn application(status: u16, posts: usize) -> (String, std::thread::JoinHandle<Vec<(String, Value)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let served = std::thread::spawn(move || {
        let take = |_| {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut text = Vec::new();
            let mut part = [0; 4096];
            loop {
                let read = stream.read(&mut part).expect("a request");
                text.extend_from_slice(&part[..read]);
                let seen = String::from_utf8_lossy(&text).into_owned();
                let Some((head, body)) = seen.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head
                    .split("Content-Length: ")
                    .nth(1)
                    .and_then(|l| l.split("\r\n").next());
                if length.and_then(|l| l.parse().ok()) == Some(body.len()) {
                    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).expect("an answer");
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    return (path, php::parse_query(body.as_bytes()));
                }
            }
        };
        (0..posts).map(take).collect()
    });
    (base, served)
}

#[test]
fn an_application_without_pages_is_told_at_once() {
    let portal = start();
    portal.set_language("en");
    let (base, served) = application(200, 1);
    let app = portal.register_app(AppForm::of_bridge(&base).script_only());
    assert!(portal.is_installed(&app));
    let posts = served.join().expect("a post");
    let (path, event) = &posts[0];
    assert_eq!(path, "/b24/install");
    assert_eq!(event["event"], "ONAPPINSTALL");
    assert_eq!(
        (&event["data"]["INSTALLED"], &event["data"]["LANGUAGE_ID"]),
        (&json!("Y"), &json!("en"))
    );
    let auth = &event["auth"];
    assert_eq!(auth["domain"], portal.domain());
    assert_eq!(auth["member_id"], portal.member_id());
    assert_eq!(auth["scope"], "crm user im placement");
    let own = portal.application(&app).expect("it is there");
    assert_eq!(auth["application_token"], own.application_token.reveal());
    let access = auth["access_token"].as_str().expect("a token").to_owned();
    let path = format!("/rest/profile?auth={access}");
    assert_eq!(
        http(portal.address(), "GET", &path, "", "").expect("an answer").0,
        200
    );
    assert_eq!(portal.events()[0].answer, Ok(200));
    // Nobody listens any more.
    let sent = portal.send_install_event(&app).expect("an event");
    assert!(sent.answer.is_err(), "{sent:?}");
}

#[test]
fn handlers_are_bound_told_and_forgotten() {
    let portal = start();
    let (base, served) = application(204, 2);
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let access = portal.tokens_of(&app, 1).access;
    let ask = |method: &str, params: &str| {
        let path = format!("/rest/{method}?auth={}&{params}", access.reveal());
        let (_, _, body) = http(portal.address(), "GET", &path, "", "").expect("an answer");
        serde_json::from_str::<Value>(&body).expect("JSON")
    };
    for event in ["OnAppInstall", "ONAPPUNINSTALL"] {
        let bind = format!("event={event}&handler={base}/event");
        assert_eq!(ask("event.bind", &bind)["result"], true, "{event}");
    }
    let again = format!("event=ONAPPINSTALL&handler={base}/event");
    assert_eq!(ask("event.bind", &again)["error"], "ERROR_CORE");
    assert_eq!(
        ask("event.bind", "event=RAIN&handler=http://a.b/")["error"],
        "ERROR_EVENT_NOT_FOUND"
    );
    assert_eq!(portal.refusal("event.get", json!({})).1, "WRONG_AUTH_TYPE");
    let bound = ask("event.get", "")["result"].clone();
    assert_eq!(bound[0]["handler"], format!("{base}/event"));
    assert_eq!(
        (&bound[0]["event"], &bound[0]["auth_type"]),
        (&json!("ONAPPINSTALL"), &json!("0"))
    );
    assert_eq!(
        ask("event.unbind", "event=ONAPPINSTALL&auth_type=5")["result"]["count"],
        0
    );
    portal.finish_install(&app);
    portal.finish_install(&app);
    let (place, body) = portal.event_post(&app, true);
    assert_eq!(place, format!("{base}/event"));
    let sent = portal.delete_app(&app);
    assert_eq!(sent[0].answer, Ok(204));
    let posts = served.join().expect("both posts");
    assert_eq!(posts[0].1["event"], "ONAPPINSTALL");
    assert_eq!(posts[1].1["event"], "ONAPPUNINSTALL");
    assert_eq!(posts[1].1["data"]["CLEAN"], "1");
    let (shown, real) = (php::parse_query(body.as_bytes()), &posts[1].1);
    assert_eq!(
        (&shown["auth"], &shown["event_handler_id"]),
        (&real["auth"], &real["event_handler_id"])
    );
    assert_eq!(posts[1].1["auth"].get("access_token"), None);
    assert_eq!(ask("profile", "")["error"], "NO_AUTH_FOUND");
    assert!(portal.application(&app).is_none());
    assert_eq!(
        portal.frame_post(&app, 1, "DEFAULT", "ru"),
        (String::new(), String::new())
    );
}

#[test]
fn a_frame_gets_what_the_documentation_lists() {
    let portal = start();
    portal.answer_as("localhost");
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:1"));
    let (query, body) = portal.frame_post(&app, 2, "CRM_DEAL_LIST_TOOLBAR", "en");
    let names = |text: &str| -> Vec<String> {
        let pairs = form_urlencoded::parse(text.as_bytes());
        pairs.map(|(name, _)| name.into_owned()).collect()
    };
    assert_eq!(names(&query), ["DOMAIN", "PROTOCOL", "LANG", "APP_SID"]);
    let listed = [
        "AUTH_ID",
        "AUTH_EXPIRES",
        "REFRESH_ID",
        "SERVER_ENDPOINT",
        "APPLICATION_TOKEN",
        "APPLICATION_SCOPE",
        "member_id",
        "status",
        "PLACEMENT",
        "PLACEMENT_OPTIONS",
    ];
    assert_eq!(names(&body), listed);
    let (query, body) = (
        php::parse_query(query.as_bytes()),
        php::parse_query(body.as_bytes()),
    );
    assert_eq!(query["DOMAIN"], format!("localhost:{}", portal.address().port()));
    assert_eq!((&query["LANG"], &query["PROTOCOL"]), (&json!("en"), &json!("0")));
    assert_eq!(body["PLACEMENT_OPTIONS"], r#"{"URI":"\/crm\/deal\/list\/"}"#);
    assert_eq!(body["SERVER_ENDPOINT"], format!("{}/rest/", portal.oauth_url()));
    portal.finish_install(&app);
    let access = body["AUTH_ID"].as_str().expect("a token");
    let (_, _, answer) = http(
        portal.address(),
        "GET",
        &format!("/rest/profile?auth={access}"),
        "",
        "",
    )
    .expect("an answer");
    assert!(answer.contains(r#""ID":"2""#), "{answer}");
    let (_, body) = portal.frame_post(&app, 1, "DEFAULT", "ru");
    assert!(!body.contains("PLACEMENT_OPTIONS"), "{body}");
}
