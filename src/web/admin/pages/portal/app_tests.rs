//! The application on the portal's page: its keys, the way through the portal, and what is said when it is gone.

use super::tests::{connect, practice, stored, until};
use crate::deliver::app::{self, APP_TOKENS_CREDENTIAL};
use crate::deliver::{self, Weather};
use crate::model::{Gone, GoneWhy, Installation, Millis};
use crate::portal::Connection;
use crate::practice_portal::{AppForm, AppKeys, Fault, PracticePortal};
use crate::web::admin::testing::{ADMIN_URL, Desk, Shown};

fn keep(desk: &mut Desk, portal: &str, keys: &AppKeys) -> Shown {
    desk.post(
        "/portal/app",
        &[
            ("portal", portal),
            ("client_id", &keys.client_id),
            ("client_secret", keys.client_secret.reveal()),
        ],
    )
}

/// Keys stored, nothing installed; the portal has installed the application, so that it may be authorized.
fn with_keys() -> (PracticePortal, AppKeys, Desk) {
    let portal = practice();
    let keys = portal.register_app(AppForm::of_bridge(ADMIN_URL));
    portal.finish_install(&keys);
    let mut desk = Desk::signed_in_by(portal.oauth_url());
    let shown = keep(&mut desk, &portal.portal_url(), &keys);
    assert_eq!(
        (shown.status, shown.location()),
        (303, "/portal"),
        "{}",
        shown.body
    );
    (portal, keys, desk)
}

/// The address to which the button on the page leads.
fn authorize_link(page: &str) -> String {
    let (_, rest) = page.split_once("/oauth/authorize/?").unwrap();
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

fn state_of(page: &str) -> String {
    let link = authorize_link(page);
    let state = link.split('&').find_map(|pair| pair.strip_prefix("state="));
    state.unwrap().to_owned()
}

/// The browser comes back from the portal.
fn come_back(desk: &mut Desk, portal: &PracticePortal, keys: &AppKeys, user: u64, state: &str) -> Shown {
    let code = portal.world(|world| world.issue_code(&keys.client_id, user, deliver::now()));
    let (domain, member) = (portal.domain(), portal.member_id());
    let query = [
        ("code", code.as_str()),
        ("state", state),
        ("domain", &domain),
        ("member_id", &member),
        ("server_domain", "evil.example"),
    ];
    desk.get(&format!(
        "/b24/app?{}",
        serde_urlencoded::to_string(query).unwrap()
    ))
}

#[test]
fn keys_are_kept_and_shown_by_their_end_alone() {
    let (_portal, keys, mut desk) = with_keys();
    let secret = keys.client_secret.reveal();
    let page = desk.get("/portal").body;
    for expected in [
        keys.client_id.as_str(),
        &format!("…{}", &secret[secret.len() - 4..]),
        "Not installed",
        &format!("{ADMIN_URL}/b24/app"),
        &format!("{ADMIN_URL}/b24/install"),
        "Application embedding (placement)",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains(secret));
    assert_eq!(stored(&desk), None, "nothing delivers yet");
    let gone = desk.post("/portal/app/forget", &[]);
    assert_eq!(gone.status, 303);
    assert_eq!(app::keys(&desk.site.store).unwrap(), None);
}

#[test]
fn what_is_no_key_is_explained_beside_its_field() {
    let mut desk = Desk::signed_in();
    for (field, portal, id, secret) in [
        ("portal", "no address", "local.abc", "hidden0secret1"),
        ("client_id", "https://portal.example", "", "hidden0secret1"),
        ("client_secret", "https://portal.example", "local.abc", ""),
    ] {
        let fields = [("portal", portal), ("client_id", id), ("client_secret", secret)];
        let shown = desk.post("/portal/app", &fields);
        assert_eq!(shown.status, 422, "{field}");
        assert!(
            shown.body.contains(&format!(r##"href="#f-{field}""##)),
            "{field}: {}",
            shown.body
        );
        assert!(
            shown
                .body
                .contains("<details class=\"fold\" id=\"app-keys\" open"),
            "{field}"
        );
        assert!(!shown.body.contains("hidden0secret1"), "{field}");
    }
    assert_eq!(app::keys(&desk.site.store).unwrap(), None);
}

#[test]
fn the_way_through_the_portal_connects_it() {
    let (portal, keys, mut desk) = with_keys();
    let page = desk.get("/portal").body;
    assert!(authorize_link(&page).contains(&format!("client_id={}", keys.client_id)));
    let state = state_of(&page);
    let refused = come_back(&mut desk, &portal, &keys, 2, &state);
    assert_eq!(refused.status, 403, "no administrator: {}", refused.body);
    assert_eq!(stored(&desk), None);
    let done = come_back(&mut desk, &portal, &keys, 1, &state);
    assert_eq!((done.status, done.location()), (303, "/portal"), "{}", done.body);
    assert!(matches!(stored(&desk), Some(Connection::App(_))));
    assert_eq!(portal.placements().len(), 2);
    until(&mut desk, |desk| {
        matches!(desk.site.engine.weather(), Weather::Up { .. })
    });
    let page = desk.get("/portal").body;
    for expected in ["Installed", "Анна Смирнова", "Authorization server", "Reachable"] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let check = desk.post("/portal/check", &[]).body;
    assert!(check.contains("Everything that is needed is there"), "{check}");
}

/// The authorization server does not tell with what the portal signs its events.
#[test]
fn a_connection_made_outside_the_frame_hears_of_its_removal_once_it_was_opened() {
    let (portal, keys, mut desk) = with_keys();
    let state = state_of(&desk.get("/portal").body);
    assert_eq!(come_back(&mut desk, &portal, &keys, 1, &state).status, 303);
    let known = |desk: &Desk| {
        let installation = app::installation(&desk.site.store).unwrap().unwrap();
        installation.tokens.application_token
    };
    assert_eq!(known(&desk), None);
    let (query, body) = portal.frame_post(&keys, 2, "CRM_DEAL_LIST_TOOLBAR", "ru");
    assert_eq!(desk.post_raw(&format!("/b24/app?{query}"), body).status, 403);
    assert_eq!(known(&desk), None, "a colleague's word is none");
    let (query, body) = portal.frame_post(&keys, 1, "CRM_DEAL_LIST_TOOLBAR", "ru");
    let other = body.replace("APPLICATION_TOKEN=", "APPLICATION_TOKEN=x");
    assert_eq!(desk.post_raw(&format!("/b24/app?{query}"), body).status, 303);
    let learnt = known(&desk);
    assert!(learnt.is_some());
    assert_eq!(desk.post_raw(&format!("/b24/app?{query}"), other).status, 303);
    assert_eq!(known(&desk), learnt, "what is known stays");
    let (_, event) = portal.event_post(&keys, true);
    portal.world(|world| world.uninstall(&keys.client_id, true, deliver::now()));
    assert_eq!(desk.post_raw("/b24/app", event).status, 200);
    let gone = app::installation(&desk.site.store).unwrap().unwrap().gone;
    assert_eq!(gone.map(|gone| gone.why), Some(GoneWhy::Uninstalled));
}

#[test]
fn a_code_that_is_refused_is_explained_in_the_pages_language() {
    let (portal, keys, mut desk) = with_keys();
    let state = state_of(&desk.get("/portal").body);
    desk.say("accept-language", "ru");
    for (code, expected) in [
        (
            "invalid_grant",
            "Сервер авторизации не принимает код (invalid_grant",
        ),
        (
            "SOMETHING_NEW",
            "Сервер авторизации недоступен: сервер авторизации ответил: SOMETHING_NEW",
        ),
    ] {
        portal.oauth_faults().next(1, Fault::OAuth(code.to_owned()));
        assert_eq!(come_back(&mut desk, &portal, &keys, 1, &state).status, 303);
        let page = desk.get("/portal").body;
        assert!(page.contains(expected), "{page}");
        assert!(!page.contains("the authorization server"), "{page}");
    }
}

#[test]
fn a_code_that_nobody_asked_for_is_bait() {
    let (portal, keys, mut desk) = with_keys();
    let state = state_of(&desk.get("/portal").body);
    for bait in ["", "guess", &state[1..]] {
        assert_eq!(
            come_back(&mut desk, &portal, &keys, 1, bait).status,
            403,
            "{bait}"
        );
    }
    let mut other = Desk::signed_in_by(portal.oauth_url());
    assert_eq!(
        come_back(&mut other, &portal, &keys, 1, &state).status,
        403,
        "another browser's"
    );
    desk.cookies.clear();
    assert_eq!(
        come_back(&mut desk, &portal, &keys, 1, &state).status,
        403,
        "nobody"
    );
    assert_eq!(stored(&desk), None);
    assert_eq!(portal.token_requests(), 0, "no code was exchanged");
}

fn change(desk: &Desk, change: impl FnOnce(&mut Installation) + Send + 'static) {
    let changed = desk
        .site
        .store
        .change_credential(APP_TOKENS_CREDENTIAL, |mut known: Installation| {
            change(&mut known);
            Some(known)
        });
    assert!(changed.unwrap());
}

#[test]
fn an_application_that_is_gone_is_told_of_with_the_way_out() {
    let (portal, keys, mut desk) = with_keys();
    let state = state_of(&desk.get("/portal").body);
    come_back(&mut desk, &portal, &keys, 1, &state);
    assert!(!desk.get("/").body.contains("To the portal's connection"));
    let soon = desk.now + std::time::Duration::from_secs(3 * 24 * 3600);
    change(&desk, move |known| known.tokens.refresh_until = soon);
    assert!(desk.get("/").body.contains("access to the portal ends on"));
    for (why, expected) in [
        (GoneWhy::Uninstalled, "was removed from the portal"),
        (
            GoneWhy::Refused {
                code: "invalid_grant".to_owned(),
                text: "Invalid refresh token".to_owned(),
            },
            "invalid_grant: Invalid refresh token",
        ),
    ] {
        let gone = Gone {
            since: Millis(desk.now.0 - 60_000),
            why,
        };
        change(&desk, move |known| known.gone = Some(gone));
        for path in ["/", "/portal"] {
            let page = desk.get(path).body;
            assert!(page.contains(expected), "{path} {expected}: {page}");
            assert!(path != "/" || !page.contains(">Reachable<"), "{page}");
        }
    }
}

#[test]
fn a_webhook_goes_on_until_the_application_is_installed() {
    let portal = practice();
    let mut desk = Desk::signed_in_by(portal.oauth_url());
    assert_eq!(connect(&mut desk, &portal.webhook_url()).status, 303);
    let keys = portal.register_app(AppForm::of_bridge(ADMIN_URL));
    let shown = keep(&mut desk, &portal.base_url(), &keys);
    assert_eq!(shown.status, 303, "{}", shown.body);
    assert!(
        desk.get("/portal")
            .body
            .contains("requests go through the webhook")
    );
    assert!(matches!(stored(&desk), Some(Connection::Webhook { .. })));
}
