//! Who gets in and who does not; what pages carry; what hostile values become.

use super::testing::{Desk, NAME, PASSWORD};
use crate::model::Millis;
use crate::store::{SESSION_IDLE, SESSION_LIFE};

const HOSTILE: &str = r#""><script>alert(1)</script><img src=x onerror='a'>"#;

#[test]
fn the_first_administrator_comes_in_by_the_link_once() {
    let mut desk = Desk::open();
    assert!(desk.get("/").location().starts_with("/sign-in"));
    assert!(
        desk.get("/sign-in").body.contains("user add"),
        "the way in is told"
    );
    assert!(!desk.get("/sign-in").body.contains("/setup/"), "but not the link");
    assert_eq!(desk.get("/setup/wrong").status, 410);

    let path = desk.setup.clone();
    assert_eq!(desk.get(&path).status, 200);
    let short = desk.post(
        &path,
        &[("name", "Анна"), ("password", "short"), ("again", "short")],
    );
    assert_eq!(short.status, 422);
    assert!(
        short.body.contains(r#"value="Анна""#),
        "what was typed is kept: {}",
        short.body
    );
    assert!(!short.body.contains(r#"value="short""#), "but no password");
    assert!(short.body.contains(r##"href="#f-password""##) && short.body.contains(r#"aria-invalid="true""#));
    let differs = desk.post(
        &path,
        &[
            ("name", "Анна"),
            ("password", PASSWORD),
            ("again", "другой-пароль"),
        ],
    );
    assert_eq!(differs.status, 422);

    let done = desk.post(
        &path,
        &[("name", NAME), ("password", PASSWORD), ("again", PASSWORD)],
    );
    assert_eq!((done.status, done.location()), (303, "/"));
    let front = desk.get("/");
    assert_eq!(front.status, 200);
    assert!(front.body.contains(NAME));
    assert_eq!(desk.get(&path).status, 410, "single use");
    assert_eq!(desk.site.store.accounts().unwrap().len(), 1);
}

#[test]
fn a_link_is_worth_nothing_once_there_is_an_account_or_time_has_passed() {
    let mut desk = Desk::open();
    let path = desk.setup.clone();
    let csrf = desk.get(&path).csrf().unwrap().to_owned();
    desk.add_account();
    let fields = [("name", "Ева"), ("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(desk.post_as(&path, &csrf, &fields).status, 410);
    assert_eq!(desk.site.store.accounts().unwrap().len(), 1);

    let mut desk = Desk::open();
    desk.now = desk.now + super::setup::LIFE;
    let path = desk.setup.clone();
    assert_eq!(desk.get(&path).status, 410);
}

#[test]
fn signing_in_needs_the_right_password_and_gives_a_new_token() {
    let mut desk = Desk::open();
    desk.add_account();
    desk.get("/sign-in");
    let before = desk.cookies.clone();
    for (name, password) in [(NAME, "не-тот-пароль"), ("Ева", PASSWORD), (NAME, ""), ("", "")] {
        let shown = desk.post("/sign-in", &[("name", name), ("password", password)]);
        assert_eq!(shown.status, 422, "{name}");
        assert!(desk.get("/").location().starts_with("/sign-in"));
    }
    let shown = desk.post(
        "/sign-in",
        &[("name", "аННа"), ("password", PASSWORD), ("next", "/inbox?a=1")],
    );
    assert_eq!(shown.location(), "/inbox?a=1");
    assert_ne!(desk.cookies, before, "a token planted before is worth nothing");
    assert_eq!(desk.get("/").status, 200);
    desk.cookies = before;
    assert_eq!(desk.get("/").status, 303);
}

#[test]
fn nobody_is_led_away_by_the_sign_in() {
    let mut desk = Desk::open();
    desk.add_account();
    let evil = [
        ("name", NAME),
        ("password", PASSWORD),
        ("next", "//evil.example/"),
    ];
    assert_eq!(desk.post("/sign-in", &evil).location(), "/");
}

#[test]
fn guessing_is_slowed_down_even_with_the_right_password() {
    let mut desk = Desk::open();
    desk.add_account();
    let csrf = desk.get("/sign-in").csrf().unwrap().to_owned();
    let attempt = |desk: &mut Desk, password: &str| {
        desk.post_as("/sign-in", &csrf, &[("name", NAME), ("password", password)])
    };
    for _ in 0..5 {
        assert_eq!(attempt(&mut desk, "не-тот-пароль").status, 422);
    }
    desk.peer = [10, 0, 0, 2];
    let refused = attempt(&mut desk, PASSWORD);
    assert_eq!(refused.status, 429);
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    desk.now = Millis(desk.now.0 + seconds * 1_000);
    assert_eq!(attempt(&mut desk, PASSWORD).status, 303);
}

#[test]
fn sessions_end() {
    let mut desk = Desk::signed_in();
    let out = desk.post("/sign-out", &[]);
    assert_eq!(out.location(), "/sign-in");
    assert_eq!(desk.get("/").status, 303);

    let mut desk = Desk::signed_in();
    // A busy machine may have taken its time to sign in.
    let start = desk.site.store.sessions(None, desk.now).unwrap()[0].seen_at;
    desk.now = start + SESSION_IDLE + std::time::Duration::from_secs(1);
    assert_eq!(desk.get("/").status, 303, "idle");
    desk.now = start + SESSION_LIFE;
    assert_eq!(desk.get("/").status, 303, "old");

    let mut desk = Desk::signed_in();
    let session = desk.site.store.sessions(None, desk.now).unwrap()[0].id;
    desk.site.store.end_session(session).unwrap();
    assert_eq!(desk.get("/").status, 303, "ended by somebody else");
}

#[test]
fn a_change_needs_a_form_of_ours() {
    let mut desk = Desk::signed_in();
    let csrf = desk.get("/").csrf().unwrap().to_owned();
    let other = Desk::signed_in().get("/").csrf().unwrap().to_owned();
    let switch = |desk: &mut Desk, csrf: &str| desk.post_as("/language", csrf, &[("language", "ru")]).status;
    assert_eq!(switch(&mut desk, ""), 403);
    assert_eq!(switch(&mut desk, &other), 403, "another session's token");
    desk.say("sec-fetch-site", "cross-site");
    assert_eq!(switch(&mut desk, &csrf), 403, "another site's page");
    desk.headers.clear();
    desk.say("content-type", "text/plain");
    assert_eq!(switch(&mut desk, &csrf), 415);
    desk.headers.clear();
    assert_eq!(
        desk.site.store.accounts().unwrap()[0].language,
        None,
        "nothing was changed so far"
    );
    assert_eq!(switch(&mut desk, &csrf), 303);
    assert_eq!(
        desk.site.store.accounts().unwrap()[0].language.as_deref(),
        Some("ru")
    );
}

#[test]
fn a_change_by_nobody_is_answered_with_a_page() {
    let mut desk = Desk::open();
    desk.add_account();
    let csrf = desk.get("/sign-in").csrf().unwrap().to_owned();
    let shown = desk.post_as("/sign-out", &csrf, &[]);
    assert_eq!(shown.status, 401);
}

#[test]
fn cookies_are_for_tls_alone_where_there_is_tls() {
    for (url, expected) in [
        (
            "http://127.0.0.1:8081",
            ["b24_bridge=", "Path=/", "HttpOnly", "SameSite=Lax"].as_slice(),
        ),
        (
            "https://bridge.example",
            [
                "__Host-b24_bridge=",
                "Path=/",
                "HttpOnly",
                "SameSite=Lax",
                "Secure",
            ]
            .as_slice(),
        ),
    ] {
        let mut desk = Desk::open_at(url);
        desk.add_account();
        desk.get("/sign-in");
        let shown = desk.post("/sign-in", &[("name", NAME), ("password", PASSWORD)]);
        let cookie = shown.header("set-cookie");
        for part in expected {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(cookie.starts_with(expected[0]));
        assert_eq!(cookie.contains("Secure"), url.starts_with("https"));
    }
}

#[test]
fn pages_carry_the_headers_that_protect_them() {
    let mut desk = Desk::signed_in();
    for path in ["/", "/nowhere", "/setup/x"] {
        let shown = desk.get(path);
        let policy = shown.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(shown.header("cache-control"), "no-store", "{path}");
        assert_eq!(shown.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(shown.header("referrer-policy"), "same-origin", "{path}");
        for inline in [" style=", " onclick=", "<style", "javascript:"] {
            assert!(!shown.body.contains(inline), "{path} has {inline}");
        }
    }
    assert_eq!(desk.get("/nowhere").status, 404);
}

#[test]
fn every_address_on_a_page_of_ours_is_there() {
    let mut desk = Desk::signed_in();
    let front = desk.get("/").body;
    let assets: Vec<&str> = front
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert!(assets.len() >= 3, "{assets:?}");
    for path in assets {
        let shown = desk.get(path);
        assert_eq!(shown.status, 200, "{path}");
        assert!(shown.header("cache-control").contains("immutable"), "{path}");
    }
    assert_eq!(desk.get("/assets/admin.0000000000000000.css").status, 404);
}

#[test]
fn the_language_is_the_browsers_until_one_is_chosen() {
    let mut desk = Desk::signed_in();
    assert!(desk.get("/").body.contains(r#"<html lang="en">"#));
    desk.say("accept-language", "ru-RU,ru;q=0.9");
    assert!(desk.get("/").body.contains(">Журнал запросов<"));
    desk.say("referer", "http://127.0.0.1:8081/inbox?state=failed");
    let shown = desk.post("/language", &[("language", "en")]);
    assert_eq!(shown.location(), "/inbox?state=failed");
    assert!(desk.get("/").body.contains(">Inbox<"));
    desk.post("/sign-out", &[]);
    assert!(
        desk.get("/sign-in").body.contains(r#"<html lang="en">"#),
        "a cookie remembers"
    );
}

#[test]
fn hostile_values_are_text() {
    let mut desk = Desk::signed_in();
    let hostile_channel = serde_json::json!({"slug": "c", "name": HOSTILE, "entity": "deal"});
    desk.site
        .store
        .put_channel(serde_json::from_value(hostile_channel).unwrap())
        .unwrap();
    let path = desk.setup.clone();
    let query = serde_urlencoded::to_string([("next", format!("/{HOSTILE}"))]).unwrap();
    let mut pages = vec![desk.get(&format!("/{HOSTILE}")), desk.get("/")];
    pages.push(desk.post("/language", &[("language", HOSTILE)]));
    desk.post("/sign-out", &[]);
    pages.push(desk.get(&format!("/sign-in?{query}")));
    pages.push(desk.post(
        "/sign-in",
        &[("name", HOSTILE), ("password", HOSTILE), ("next", HOSTILE)],
    ));

    let mut fresh = Desk::open();
    let setup = fresh.setup.clone();
    pages.push(fresh.post(&setup, &[("name", HOSTILE), ("password", "x"), ("again", "y")]));
    pages.push(desk.get(&path));
    for shown in pages {
        assert!(!shown.body.contains("<script>alert"), "{}", shown.body);
        assert!(!shown.body.contains("<img src=x"), "{}", shown.body);
    }
}

#[test]
fn a_message_is_said_once() {
    let mut desk = Desk::signed_in();
    let digest = super::session::Token::parse(&desk.cookies["b24_bridge"])
        .unwrap()
        .digest();
    let message = super::site::Message {
        text: "Saved <b>".to_owned(),
        is_good: true,
    };
    desk.site.leave_message(digest, message);
    desk.say("x-refresh", "1");
    assert!(!desk.get("/").body.contains("Saved"), "a renewal does not eat it");
    desk.headers.clear();
    assert!(desk.get("/").body.contains("Saved &lt;b&gt;"));
    assert!(!desk.get("/").body.contains("Saved"));
}

#[test]
fn the_overview_tells_what_has_to_be_done_and_then_how_it_goes() {
    use crate::store::Arrival;
    let mut desk = Desk::signed_in();
    let fresh = desk.get("/").body;
    assert!(
        fresh.contains("Connect the portal") && fresh.contains("Create a channel"),
        "{fresh}"
    );
    assert!(!fresh.contains("<svg viewBox=\"0 0 720"), "nothing to plot yet");

    let channel = serde_json::json!({"slug": "shop", "name": "Shop", "entity": "deal"});
    let key = desk
        .site
        .store
        .put_channel(serde_json::from_value(channel).unwrap())
        .unwrap()
        .key;
    let spam = Arrival {
        channel: key,
        via: None,
        post: true,
        query: String::new(),
        content_type: None,
        body: bytes::Bytes::from_static(b"a=1"),
        ip: "203.0.113.7".to_owned(),
        referer: String::new(),
        user_agent: String::new(),
        state: crate::model::State::Spam,
        error: None,
        idempotency_key: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..3 {
        runtime.block_on(desk.site.store.accept(spam.clone())).unwrap();
    }
    let shown = desk.get("/").body;
    assert!(shown.contains("Requests per hour") && shown.contains("Requests per day"));
    assert!(shown.contains("3\u{a0}requests in all, at most 3"), "{shown}");
    assert!(shown.contains(r#"<a href="/inbox?state=spam">Spam</a>"#));

    // The unreadable are a row of the table: neither the tile nor the charts call them failed.
    let unreadable = Arrival {
        state: crate::model::State::Unreadable,
        ..spam
    };
    runtime.block_on(desk.site.store.accept(unreadable)).unwrap();
    let shown = desk.get("/").body;
    assert!(shown.contains(r#"<a href="/inbox?state=unreadable">"#), "{shown}");
    assert!(shown.contains(r#"class="bar-plain" x="#), "{shown}");
    assert!(!shown.contains(r#"class="bar-bad" x="#), "{shown}");
}
