//! Inside the portal's frame: every link stays in it, and what is not for administrators of the portal is not there.

use std::time::Duration;

use serde_json::json;

use super::router::patterns;
use super::testing::Desk;
use crate::deliver::connect::HalfDone;
use crate::deliver::{CONNECTION_CREDENTIAL, app};
use crate::model::{Language, Millis, State};
use crate::portal::{Connection, app_keys};
use crate::portal_app::frames::FrameUser;
use crate::store::Arrival;

/// Nobody listens there.
const PORTAL: &str = "http://127.0.0.1:9";
const CLIENT_ID: &str = "local.5c8bb1b0891cf2.87252039";

/// A desk without cookies, with a channel and requests in several states; and the beginning of a frame's paths.
fn framed() -> (Desk, String, String) {
    let mut desk = Desk::signed_in_with(|store| {
        let webhook = Connection::webhook(&format!("{PORTAL}/rest/1/abcdef0123456789/")).unwrap();
        store.put_credential(CONNECTION_CREDENTIAL, &webhook).unwrap();
    });
    desk.cookies.clear();
    let keys = app_keys(PORTAL, CLIENT_ID, "hidden0secret1").unwrap();
    app::keep_app_keys(&desk.site.store, &keys, Some(HalfDone::Continue)).unwrap();
    let channel = json!({"slug": "shop", "name": "Заказы", "entity": "deal", "mode": "search_first"});
    let store = desk.site.store.clone();
    let key = store
        .put_channel(serde_json::from_value(channel).unwrap())
        .unwrap()
        .key;
    let mut id = None;
    for state in [State::Failed, State::Spam, State::Unreadable] {
        let arrival = Arrival {
            channel: key,
            via: None,
            post: true,
            query: String::new(),
            content_type: None,
            body: bytes::Bytes::from_static(b"a=1"),
            ip: "203.0.113.7".to_owned(),
            referer: String::new(),
            user_agent: String::new(),
            state,
            error: (state == State::Failed).then(|| "insufficient_scope: no rights".to_owned()),
            idempotency_key: None,
        };
        id = Some(store.accept_blocking(arrival).unwrap().id());
    }
    let base = desk.frame(FrameUser {
        client_id: CLIENT_ID.to_owned(),
        id: 1,
        name: "Анна Смирнова".to_owned(),
        language: Language::Russian,
        app_sid: "c75986789a2a58e2".to_owned(),
    });
    (desk, base, id.unwrap().to_string())
}

fn filled(pattern: &str, id: &str) -> String {
    let path = pattern
        .replace("{slug}", "shop")
        .replace("{id}", id)
        .replace("{job}", "1");
    path.replace("{token}", "x")
}

/// Where the attributes of a page lead.
fn targets(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for attribute in [" href=\"", " action=\"", " formaction=\"", " src=\""] {
        found.extend(
            html.split(attribute)
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap()),
        );
    }
    found
}

#[test]
fn every_link_of_every_page_stays_in_the_frame() {
    let (mut desk, base, id) = framed();
    let mut paths: Vec<String> = patterns(true)
        .iter()
        .map(|pattern| filled(pattern, &id))
        .collect();
    paths.extend(
        [
            "/channels?entity=deal",
            "/channels?entity=lead",
            "/new-channel?entity=deal",
            "/nowhere",
        ]
        .map(str::to_owned),
    );
    paths.extend(
        [
            "/inbox?state=failed",
            "/inbox/again?state=failed",
            "/inbox?q=nothing",
        ]
        .map(str::to_owned),
    );
    assert!(paths.len() > 12, "{paths:?}");
    let mut links = 0;
    for path in &paths {
        let shown = desk.get(&format!("{base}{path}"));
        if shown.header("content-type").starts_with("text/html") {
            assert!(
                shown.body.contains(r#"<html lang="ru">"#),
                "{path}: the language of the portal"
            );
            assert!(
                shown.body.contains(&format!(
                    r#"data-portal="{PORTAL}" data-app-sid="c75986789a2a58e2""#
                )),
                "{path}"
            );
        }
        for target in targets(&shown.body) {
            let is_ours = target.starts_with(&format!("{base}/"));
            links += usize::from(is_ours);
            let elsewhere =
                target.starts_with('#') || target.starts_with("/assets/") || target.starts_with(PORTAL);
            assert!(is_ours || elsewhere, "{path} leads to {target}");
            assert_eq!(
                target.matches("/b24/f/").count(),
                usize::from(is_ours),
                "{path}: {target}"
            );
        }
        assert!(!shown.headers.contains_key("set-cookie"), "{path}");
        let location = shown.location();
        assert!(
            location.is_empty() || location.starts_with(&base),
            "{path} goes to {location}"
        );
    }
    assert!(links > 100, "{links}");
}

#[test]
fn forms_work_without_cookies_and_lead_back_into_the_frame() {
    let (mut desk, base, _) = framed();
    let shown = desk.post(&format!("{base}/channels/shop/off"), &[]);
    assert_eq!(shown.status, 403, "without a token of this frame");
    let csrf = desk.get(&format!("{base}/channels")).csrf().unwrap().to_owned();
    desk.say("sec-fetch-site", "cross-site");
    assert_eq!(
        desk.post_as(&format!("{base}/channels/shop/off"), &csrf, &[])
            .status,
        403
    );
    desk.say("sec-fetch-site", "same-origin");
    let done = desk.post_as(&format!("{base}/channels/shop/off"), &csrf, &[]);
    assert_eq!(
        (done.status, done.location()),
        (303, format!("{base}/channels").as_str())
    );
    assert!(
        desk.get(&format!("{base}/channels")).body.contains("выключен"),
        "the message is said in the frame"
    );
    let other = desk.frame(FrameUser {
        client_id: CLIENT_ID.to_owned(),
        id: 2,
        name: "Борис".to_owned(),
        language: Language::English,
        app_sid: "b".to_owned(),
    });
    assert_eq!(
        desk.post_as(&format!("{other}/channels/shop/on"), &csrf, &[])
            .status,
        403,
        "another frame's token"
    );
    assert_eq!(
        desk.post_as("/channels/shop/on", &csrf, &[]).status,
        401,
        "and none outside"
    );
    let channel = desk.site.store.channel("shop").unwrap().unwrap();
    assert!(!channel.channel.enabled);
}

#[test]
fn an_administrator_of_the_portal_is_none_of_the_bridge() {
    let (mut desk, base, id) = framed();
    let csrf = desk.get(&format!("{base}/channels")).csrf().unwrap().to_owned();
    let mut refused = 0;
    for pattern in patterns(false) {
        let shown = desk.get(&format!("{base}{}", filled(pattern, &id)));
        assert_eq!(shown.status, 403, "{pattern}");
        refused += 1;
    }
    assert!(refused > 8, "{refused}");
    for (path, fields) in [
        ("/settings/backup", vec![]),
        (
            "/settings/administrators/new",
            vec![("name", "Ева"), ("password", "корабль-на-якоре")],
        ),
        (
            "/settings/administrators/1/password",
            vec![("password", "корабль-на-якоре-2")],
        ),
        ("/settings/limits", vec![("profile", "cloud")]),
        ("/portal/disconnect", vec![]),
        (
            "/portal/connect",
            vec![("webhook", "http://127.0.0.1:9/rest/1/evil0123456789/")],
        ),
        ("/sign-out", vec![]),
        ("/language", vec![("language", "en")]),
    ] {
        let shown = desk.post_as(&format!("{base}{path}"), &csrf, &fields);
        assert_eq!(shown.status, 403, "{path}");
    }
    assert_eq!(desk.site.store.accounts().unwrap().len(), 1);
    let stored: Connection = desk
        .site
        .store
        .credential(CONNECTION_CREDENTIAL)
        .unwrap()
        .unwrap();
    assert_eq!(stored.portal(), PORTAL);
}

#[test]
fn a_frame_that_is_over_says_how_to_open_it_again() {
    let (mut desk, base, _) = framed();
    assert_eq!(desk.get(&format!("{base}/channels")).status, 200);
    for path in [
        format!("{base}x/channels"),
        "/b24/f/".to_owned(),
        "/b24/f/abc/settings".to_owned(),
    ] {
        let shown = desk.get(&path);
        assert_eq!(shown.status, 401, "{path}");
        assert!(
            shown.body.contains("Website integration"),
            "{path}: {}",
            shown.body
        );
        assert!(
            targets(&shown.body)
                .iter()
                .all(|target| target.starts_with("/assets/")),
            "{path}"
        );
    }
    app::forget(&desk.site.store).unwrap();
    let shown = desk.get(&format!("{base}/channels"));
    assert_eq!(shown.status, 401, "the application was forgotten by a command");
    let (mut desk, base, _) = framed();
    desk.now = Millis(desk.now.0) + Duration::from_secs(8 * 60 * 60 + 1);
    assert_eq!(desk.get(&format!("{base}/channels")).status, 401);
}

#[test]
fn the_portal_alone_may_show_them_and_only_those() {
    let (mut desk, base, _) = framed();
    for (path, is_framed) in [
        (format!("{base}/channels"), true),
        (format!("{base}/nowhere"), true),
        ("/b24/f/abc/channels".to_owned(), true),
        ("/channels".to_owned(), false),
        ("/sign-in".to_owned(), false),
        ("/nowhere".to_owned(), false),
    ] {
        let shown = desk.get(&path);
        if shown.status == 303 {
            continue;
        }
        let policy = shown.header("content-security-policy");
        let ancestors = if is_framed { PORTAL } else { "'none'" };
        assert!(
            policy.ends_with(&format!("frame-ancestors {ancestors}")),
            "{path}: {policy}"
        );
        assert_eq!(
            shown.headers.contains_key("x-frame-options"),
            !is_framed,
            "{path}"
        );
        assert_eq!(
            shown.header("referrer-policy"),
            "same-origin",
            "{path}: a form says where it comes from"
        );
    }
    let mut alone = Desk::open();
    let policy = alone.get("/b24/f/abc/");
    assert!(
        policy
            .header("content-security-policy")
            .ends_with("frame-ancestors 'none'"),
        "no portal, no frame"
    );
    assert_eq!(policy.header("x-frame-options"), "DENY");
}
