//! Connecting by the page, and what never leaves the server.

use std::time::{Duration, Instant};

use crate::deliver::{CONNECTION_CREDENTIAL, Weather};
use crate::model::{Effect, Millis, Step, StepState, SubmissionId};
use crate::portal::Connection;

use crate::practice_portal::{self, Fault, PracticePortal};
use crate::store::{Arrival, Begin, ChannelKey};
use crate::web::admin::testing::{Desk, Shown};

const CODE: &str = "practice0webhook";

pub fn practice() -> PracticePortal {
    PracticePortal::start(practice_portal::Options::default()).unwrap()
}

pub fn connect(desk: &mut Desk, address: &str) -> Shown {
    desk.post("/portal/connect", &[("webhook", address)])
}

pub fn stored(desk: &Desk) -> Option<Connection> {
    desk.site.store.credential(CONNECTION_CREDENTIAL).unwrap()
}

/// Waits until the page says what is looked for.
pub fn until(desk: &mut Desk, what: impl Fn(&Desk) -> bool) {
    let started = Instant::now();
    while !what(desk) {
        assert!(started.elapsed() < Duration::from_secs(120), "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_wrong_address_is_explained_and_never_shown_again() {
    let mut desk = Desk::signed_in();
    let first = desk.get("/portal");
    assert!(first.body.contains("CRM (crm)") && first.body.contains("Users (user)"));
    for address in [
        "",
        "portal.example/rest/1/abcdef0123456789/",
        "https://portal.example/",
        "https://u:abcdef0123456789@portal.example/rest/1/x/",
    ] {
        let shown = connect(&mut desk, address);
        assert_eq!(shown.status, 422, "{address}");
        assert!(shown.body.contains(r##"href="#f-webhook""##), "{address}");
        assert!(!shown.body.contains("abcdef0123456789"), "{address}");
    }
    assert_eq!(stored(&desk), None);
}

#[test]
fn a_portal_that_answers_is_connected_and_shows_four_characters_of_its_code() {
    let portal = practice();
    let mut desk = Desk::signed_in();
    let shown = connect(&mut desk, &portal.webhook_url());
    assert_eq!(
        (shown.status, shown.location()),
        (303, "/portal"),
        "{}",
        shown.body
    );
    until(&mut desk, |desk| {
        matches!(desk.site.engine.weather(), Weather::Up { .. })
    });
    let page = desk.get("/portal").body;
    for expected in [
        portal.base_url().as_str(),
        "…hook",
        "Reachable",
        "Анна Смирнова",
        "fields",
        "127.0.0.1",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let check = desk.post("/portal/check", &[]).body;
    assert!(check.contains("Everything that is needed is there"), "{check}");
    portal.world(|world| world.settings.simple_crm = true);
    let refreshed = desk.post("/portal/refresh", &[]);
    assert_eq!(refreshed.location(), "/portal");
    let page_after = desk.get("/portal").body;
    assert!(
        page_after.contains("Read: ") && page_after.contains("simple CRM mode"),
        "{page_after}"
    );
    for html in [page, check, page_after] {
        assert!(!html.contains(CODE));
    }

    let off = desk.post("/portal/disconnect", &[]);
    assert_eq!((off.status, stored(&desk)), (303, None));
    until(&mut desk, |desk| desk.site.engine.weather() == Weather::NoPortal);
    assert!(desk.get("/portal").body.contains("Connect the portal"));
}

#[test]
fn what_is_missing_is_named_and_tried_again_without_pasting() {
    let portal = practice();
    let mut desk = Desk::signed_in();
    let scopes =
        portal.world(|world| std::mem::replace(&mut world.settings.scopes, ["task".to_owned()].into()));
    let shown = connect(&mut desk, &portal.webhook_url());
    assert_eq!((shown.status, stored(&desk)), (422, None));
    assert!(
        shown.body.contains("The right “CRM (crm)”") && shown.body.contains("Missing"),
        "{}",
        shown.body
    );
    assert!(!shown.body.contains(CODE));
    portal.world(|world| world.settings.scopes = scopes);
    let again = desk.post("/portal/connect", &[("again", "1")]);
    assert_eq!(
        (again.status, again.location()),
        (303, "/portal"),
        "{}",
        again.body
    );
    assert!(stored(&desk).is_some());
    // It is remembered for this one trial.
    assert_eq!(desk.post("/portal/connect", &[("again", "1")]).status, 422);
}

#[test]
fn what_was_tried_is_forgotten_after_a_while_and_is_nobody_elses() {
    let portal = practice();
    let mut desk = Desk::signed_in();
    portal.faults().until_cleared(Fault::Html500);
    let shown = connect(&mut desk, &portal.webhook_url());
    assert_eq!(shown.status, 422);
    assert!(shown.body.contains("did not answer"), "{}", shown.body);
    portal.faults().clear();
    desk.now = Millis(desk.now.0 + 31 * 60 * 1000);
    let late = desk.post("/portal/connect", &[("again", "1")]);
    assert_eq!(late.status, 422);
    assert!(late.body.contains("paste it again"), "{}", late.body);
}

/// A submission of which something may already stand in the portal.
fn half_delivered(desk: &mut Desk) -> SubmissionId {
    let store = desk.site.store.clone();
    let arrival = Arrival {
        channel: ChannelKey(1),
        via: None,
        post: true,
        query: String::new(),
        content_type: None,
        body: "a=1".into(),
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
        state: crate::model::State::Queued,
        error: None,
        idempotency_key: None,
    };
    let id = store.accept_blocking(arrival).unwrap().id();
    // Without a portal the engine takes it up and goes no further.
    let step = Step {
        key: "contact".to_owned(),
        method: "crm.contact.add".to_owned(),
        effect: Effect::Write,
        sent: serde_json::json!({}),
        state: StepState::Begun,
        begun_at: desk.now,
        took_ms: None,
    };
    until(desk, |_| {
        let begin = Begin {
            id,
            steps: vec![step.clone()],
            decision: None,
        };
        store.begin(vec![begin]).is_ok()
    });
    id
}

#[test]
fn another_portal_asks_what_becomes_of_half_delivered_requests() {
    let (old, new) = (practice(), practice());
    let mut desk = Desk::signed_in();
    assert_eq!(connect(&mut desk, &old.webhook_url()).status, 303);
    desk.post("/portal/disconnect", &[]);
    until(&mut desk, |desk| desk.site.engine.weather() == Weather::NoPortal);
    half_delivered(&mut desk);

    let asked = connect(&mut desk, &new.webhook_url());
    assert_eq!((asked.status, stored(&desk)), (422, None));
    assert!(
        asked.body.contains("start_over") && !asked.body.contains(CODE),
        "{}",
        asked.body
    );
    // No choice is no choice.
    assert_eq!(desk.post("/portal/connect", &[("again", "1")]).status, 422);
    let done = desk.post("/portal/connect", &[("again", "1"), ("half_done", "start_over")]);
    assert_eq!((done.status, done.location()), (303, "/portal"), "{}", done.body);
    assert!(desk.get("/portal").body.contains("Started over: 1"));
    assert_eq!(stored(&desk).unwrap().portal(), new.base_url());
}
