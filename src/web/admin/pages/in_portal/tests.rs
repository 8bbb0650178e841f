//! The application in the practice portal: installed, opened, and what its pages say when something is amiss.

use std::time::Duration;

use crate::deliver::connect::HalfDone;
use crate::deliver::{CONNECTION_CREDENTIAL, app};
use crate::model::{AppKeys, GoneWhy, Installation};
use crate::practice_portal::{self, AppForm, Fault, PracticePortal};
use crate::web::admin::testing::{ADMIN_URL, Desk, Shown};

/// The practice portal's administrator, and a colleague who is none.
pub(super) const ADMIN: u64 = 1;
const COLLEAGUE: u64 = 2;

const DEAL_LIST: &str = "CRM_DEAL_LIST_TOOLBAR";

/// The bridge and the portal, with the application's form filled in on both sides.
pub(super) struct Pair {
    pub portal: PracticePortal,
    pub keys: practice_portal::AppKeys,
    pub desk: Desk,
}

impl Pair {
    pub fn new() -> Pair {
        Pair::with(|form| form)
    }

    fn with(change: impl FnOnce(AppForm) -> AppForm) -> Pair {
        let portal = PracticePortal::start(practice_portal::Options::default()).unwrap();
        let keys = portal.register_app(change(AppForm::of_bridge(ADMIN_URL)));
        let desk = Desk::signed_in_by(portal.oauth_url());
        let pair = Pair { portal, keys, desk };
        let ours = AppKeys {
            portal: pair.portal.portal_url(),
            client_id: pair.keys.client_id.clone(),
            client_secret: pair.keys.client_secret.clone(),
        };
        app::keep_app_keys(&pair.desk.site.store, &ours, Some(HalfDone::Continue)).unwrap();
        pair
    }

    fn without(scope: &str) -> Pair {
        Pair::with(|mut form| {
            form.scope.retain(|right| right != scope);
            form
        })
    }

    /// The POST that the portal's page makes.
    pub fn opened(&mut self, path: &str, user: u64, placement: &str, language: &str) -> Shown {
        let (query, body) = self.portal.frame_post(&self.keys, user, placement, language);
        self.desk.post_raw(&format!("{path}?{query}"), body)
    }

    pub fn install(&mut self) -> Shown {
        let shown = self.opened("/b24/install", ADMIN, "DEFAULT", "ru");
        self.portal.finish_install(&self.keys);
        shown
    }

    pub fn installation(&self) -> Option<Installation> {
        app::installation(&self.desk.site.store).unwrap()
    }

    /// What the portal and the store hold of the application.
    pub fn state(&self) -> String {
        format!(
            "{:?} {:?} {:?}",
            self.portal.placements(),
            self.portal.notifications(),
            self.installation()
        )
    }
}

#[test]
fn the_page_installs_and_ends_the_installation() {
    let mut pair = Pair::new();
    let shown = pair.install();
    assert_eq!(shown.status, 200, "{}", shown.body);
    for expected in [
        r#"<html lang="ru">"#,
        "Интеграция с сайтом установлена",
        "data-install-finish",
        "Анна Смирнова",
        "Уведомление для вас",
    ] {
        assert!(shown.body.contains(expected), "{expected}: {}", shown.body);
    }
    assert!(!shown.body.contains("Не вышло"), "{}", shown.body);
    let policy = shown.header("content-security-policy");
    assert!(!policy.contains("bitrix24.com"), "{policy}");
    assert!(
        policy.ends_with(&format!("frame-ancestors {}", pair.portal.portal_url())),
        "{policy}"
    );
    let installation = pair.installation().unwrap();
    assert_eq!(
        (installation.tokens.user_id, installation.gone.clone()),
        (ADMIN, None)
    );
    assert!(!shown.body.contains(installation.tokens.refresh.reveal()));
    let bound: Vec<(String, String)> = pair
        .portal
        .placements()
        .into_iter()
        .map(|placement| (placement.placement, placement.handler))
        .collect();
    let handler = format!("{ADMIN_URL}/b24/app");
    assert_eq!(
        bound,
        ["CRM_LEAD_LIST_TOOLBAR", DEAL_LIST].map(|place| (place.to_owned(), handler.clone()))
    );
    let told = pair.portal.notifications();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].message.contains("Интеграция с сайтом установлена"),
        "{told:?}"
    );
    assert_eq!(told[0].user_id, ADMIN);
    // The page leads on without the portal's help, too.
    let (_, rest) = shown.body.split_once("href=\"/b24/f/").unwrap();
    let list = format!("/b24/f/{}", rest.split_once('"').unwrap().0);
    pair.desk.cookies.clear();
    assert_eq!(pair.desk.get(&list).status, 200);
}

#[test]
fn a_script_from_elsewhere_runs_on_request_and_finds_no_token() {
    let mut pair = Pair::new();
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    let installed = pair.desk.post_raw(&format!("/b24/install?{query}"), body);
    assert!(
        !installed.body.contains("https://api.bitrix24.com"),
        "{}",
        installed.body
    );
    let (_, link) = installed.body.split_once("href=\"/b24/finish?").unwrap();
    let link = format!(
        "/b24/finish?{}",
        link.split_once('"').unwrap().0.replace("&amp;", "&")
    );
    assert!(link.contains("DOMAIN=") && link.contains("APP_SID="), "{link}");
    let shown = pair.desk.get(&link);
    assert_eq!(shown.status, 200);
    assert!(
        shown
            .body
            .contains("data-install-library=\"https://api.bitrix24.com/api/v1/\""),
        "{}",
        shown.body
    );
    assert!(!shown.body.contains("/b24/f/"), "{}", shown.body);
    let policy = shown.header("content-security-policy");
    for expected in [
        "script-src 'self' https://api.bitrix24.com; ",
        "connect-src 'none'",
        "form-action 'none'",
        "default-src 'none'",
    ] {
        assert!(policy.contains(expected), "{expected}: {policy}");
    }
    assert!(
        policy.ends_with(&format!("frame-ancestors {}", pair.portal.portal_url())),
        "{policy}"
    );
}

#[test]
fn the_button_opens_the_list_of_its_entity() {
    let mut pair = Pair::new();
    pair.install();
    pair.desk.cookies.clear();
    for (placement, language, expected) in [
        (DEAL_LIST, "ru", "Входящие каналы сделок"),
        ("CRM_LEAD_LIST_TOOLBAR", "en", "Channels for leads"),
        ("DEFAULT", "en", ">Channels<"),
    ] {
        let shown = pair.opened("/b24/app", ADMIN, placement, language);
        assert_eq!(shown.status, 303, "{placement}: {}", shown.body);
        assert!(shown.location().starts_with("/b24/f/"));
        assert!(!shown.headers.contains_key("set-cookie"));
        let page = pair.desk.get(shown.location());
        assert!(page.body.contains(expected), "{placement}: {}", page.body);
    }
}

#[test]
fn what_is_missing_is_said_and_the_rest_is_done() {
    let mut pair = Pair::without("im");
    let shown = pair.install();
    assert!(
        shown.body.contains("Нет права «Чат и уведомления (im)»"),
        "{}",
        shown.body
    );
    assert!(shown.body.contains("data-install-finish") && pair.portal.placements().len() == 2);
    assert!(pair.installation().is_some());

    let mut pair = Pair::without("placement");
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
    assert!(shown.body.contains("Не хватает одного права"), "{}", shown.body);
    assert!(
        !shown.body.contains("data-install-finish"),
        "the portal shows the page again"
    );
    assert!(pair.installation().is_some(), "delivery needs no buttons");

    let mut pair = Pair::without("crm");
    let before = pair.state();
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
    assert_eq!(shown.status, 422);
    assert!(shown.body.contains("не хватает права «CRM»"), "{}", shown.body);
    assert_eq!(pair.state(), before);
}

#[test]
fn a_spent_token_is_not_put_in_the_place_of_a_living_one() {
    let mut pair = Pair::new();
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    let again = |pair: &mut Pair| pair.desk.post_raw(&format!("/b24/install?{query}"), body.clone());
    assert_eq!(again(&mut pair).status, 200);
    let before = pair.state();
    assert_eq!(again(&mut pair).status, 200, "a reload does no harm");
    assert_eq!(pair.state(), before);
    // Meanwhile the tokens were renewed.
    pair.desk
        .site
        .store
        .change_credential(app::APP_TOKENS_CREDENTIAL, |mut known: Installation| {
            known.tokens.refresh = crate::model::Secret::new("renewed");
            Some(known)
        })
        .unwrap();
    let before = pair.state();
    assert_eq!(again(&mut pair).status, 200);
    assert_eq!(pair.state(), before, "the old request changes nothing");
}

#[test]
fn a_used_page_does_not_connect_what_was_disconnected() {
    let mut pair = Pair::new();
    let ours = app::keys(&pair.desk.site.store).unwrap().unwrap();
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    let again = |pair: &mut Pair| pair.desk.post_raw(&format!("/b24/install?{query}"), body.clone());
    assert_eq!(again(&mut pair).status, 200);
    app::forget(&pair.desk.site.store).unwrap();
    app::keep_app_keys(&pair.desk.site.store, &ours, Some(HalfDone::Continue)).unwrap();
    let shown = again(&mut pair);
    assert_eq!(shown.status, 403);
    assert!(shown.body.contains("уже использована"), "{}", shown.body);
    assert_eq!(pair.installation(), None);
    assert_eq!(
        pair.opened("/b24/app", ADMIN, "DEFAULT", "ru").status,
        200,
        "a fresh one does"
    );
    assert!(pair.installation().is_some());
}

#[test]
fn whoever_opens_an_application_with_dead_tokens_brings_it_to_life() {
    let mut pair = Pair::new();
    pair.install();
    pair.desk
        .site
        .store
        .change_credential(app::APP_TOKENS_CREDENTIAL, |mut known: Installation| {
            known.gone = Some(crate::model::Gone {
                since: known.since,
                why: GoneWhy::Refused {
                    code: "invalid_grant".to_owned(),
                    text: String::new(),
                },
            });
            Some(known)
        })
        .unwrap();
    let before = pair.state();
    let refused = pair.opened("/b24/app", COLLEAGUE, DEAL_LIST, "en");
    assert_eq!((refused.status, pair.state()), (403, before));
    let shown = pair.opened("/b24/app", ADMIN, DEAL_LIST, "en");
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(pair.installation().unwrap().gone, None);
    assert_eq!(pair.opened("/b24/app", ADMIN, DEAL_LIST, "en").status, 303);
}

#[test]
fn whoever_opens_an_application_that_nothing_delivers_by_connects_it() {
    let mut pair = Pair::new();
    pair.install();
    let store = pair.desk.site.store.clone();
    store.delete_credential(CONNECTION_CREDENTIAL).unwrap();
    let page = pair.desk.get("/portal").body;
    assert!(page.contains("Requests from websites wait"), "{page}");
    assert!(!page.contains("through the webhook"), "{page}");
    let shown = pair.opened("/b24/app", ADMIN, DEAL_LIST, "en");
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(app::status(&store).unwrap().unwrap().delivers);
    assert_eq!(pair.opened("/b24/app", ADMIN, DEAL_LIST, "en").status, 303);
}

#[test]
fn tokens_that_deliver_stay_while_the_portal_counts_the_application_as_installed() {
    let mut pair = Pair::new();
    pair.install();
    let first = pair.installation();
    pair.portal.world(|world| world.placements.clear());
    let shown = pair.install();
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("data-install-finish"), "{}", shown.body);
    assert_eq!(pair.installation(), first);
    assert_eq!(pair.portal.placements().len(), 2, "the buttons are mended");
    assert_eq!(pair.portal.notifications().len(), 1);
    // A form that was saved anew asks for a new installation.
    pair.portal.world(|world| {
        let app = world.apps.by_client_id_mut(&pair.keys.client_id).unwrap();
        app.installed = false;
    });
    pair.install();
    assert_ne!(pair.installation(), first);
}

#[test]
fn an_installation_that_comes_before_the_keys_is_kept_for_them() {
    let mut pair = Pair::new();
    let ours = app::keys(&pair.desk.site.store).unwrap().unwrap();
    app::forget(&pair.desk.site.store).unwrap();
    let (_, event) = pair.portal.event_post(&pair.keys, false);
    let forged = event.replace("access_token%5D=", "access_token%5D=x");
    assert_eq!(pair.desk.post_raw("/b24/install", event).status, 202);
    pair.desk.peer = [10, 0, 0, 2];
    for _ in 0..100 {
        assert_eq!(pair.desk.post_raw("/b24/install", forged.clone()).status, 202);
    }
    assert_eq!(pair.installation(), None);
    pair.desk.get("/portal");
    assert_eq!(pair.installation(), None, "nothing is believed without keys");
    app::keep_app_keys(&pair.desk.site.store, &ours, Some(HalfDone::Continue)).unwrap();
    pair.portal.faults().until_cleared(Fault::Html500);
    pair.desk.get("/portal");
    pair.portal.faults().clear();
    assert_eq!(pair.installation(), None, "the portal could not be asked");
    pair.desk.now = pair.desk.now + Duration::from_secs(30);
    let keys = [
        ("portal", ours.portal.as_str()),
        ("client_id", ours.client_id.as_str()),
        ("client_secret", ours.client_secret.reveal()),
    ];
    assert_eq!(pair.desk.post("/portal/app", &keys).status, 303);
    assert_eq!(pair.installation().unwrap().tokens.user_id, ADMIN);
    let page = pair.desk.get("/portal").body;
    assert!(page.contains("It is installed already"), "{page}");
    assert_eq!(
        (pair.portal.placements().len(), pair.portal.notifications().len()),
        (2, 1)
    );
}

#[test]
fn junk_reaches_the_portal_as_a_trickle_and_shuts_nobody_out_for_long() {
    let mut pair = Pair::new();
    pair.install();
    for _ in 0..30 {
        assert_eq!(pair.opened("/b24/app", COLLEAGUE, DEAL_LIST, "ru").status, 403);
    }
    let (query, _) = pair.portal.frame_post(&pair.keys, ADMIN, DEAL_LIST, "ru");
    let guess = |desk: &mut Desk| desk.post_raw(&format!("/b24/app?{query}"), "AUTH_ID=guess".to_owned());
    let calls = pair.portal.stats().http_requests;
    for body in ["", "DOMAIN=evil.example&AUTH_ID=guess"] {
        for n in 0..200 {
            let shown = pair.desk.post_raw("/b24/app", body.to_owned());
            assert_eq!(shown.status, 403, "{n}");
        }
    }
    let asked = |pair: &Pair| pair.portal.stats().http_requests - calls;
    assert_eq!(
        asked(&pair),
        0,
        "what is no token of this portal costs it nothing"
    );
    for n in 0..100 {
        assert_eq!(guess(&mut pair.desk).status, 403, "{n}");
        if n == 40 {
            let shown = pair.opened("/b24/app", ADMIN, DEAL_LIST, "ru");
            assert_eq!(shown.status, 303, "an administrator at the same address comes in");
        }
    }
    assert_eq!(asked(&pair), 101);
    let shown = guess(&mut pair.desk);
    assert_eq!((shown.status, asked(&pair)), (429, 101), "{}", shown.body);
    assert_eq!(shown.header("retry-after"), "2");
    pair.desk.now = pair.desk.now + Duration::from_secs(1);
    assert_eq!(pair.opened("/b24/app", ADMIN, DEAL_LIST, "ru").status, 303);
}

#[test]
fn a_portal_that_hangs_takes_few_threads_and_holds_up_no_installation() {
    let mut pair = Pair::new();
    let (_, event) = pair.portal.event_post(&pair.keys, false);
    let forged = event.replace("access_token%5D=", "access_token%5D=x");
    // Somebody's installation takes its time: a stranger does not wait for it, nor the other way round.
    std::mem::forget(pair.desk.site.installing());
    assert_eq!(pair.desk.post_raw("/b24/install", forged).status, 403);
    // As if the portal did not answer any of them.
    while let Ok(place) = pair.desk.site.knocks.begin(pair.desk.now) {
        std::mem::forget(place);
    }
    let calls = pair.portal.stats().http_requests;
    let shown = pair.opened("/b24/app", ADMIN, DEAL_LIST, "ru");
    assert_eq!(shown.status, 503, "{}", shown.body);
    assert!(shown.body.contains("Мост занят"), "{}", shown.body);
    assert!(!shown.header("retry-after").is_empty());
    assert_eq!(pair.portal.stats().http_requests, calls);
}

#[test]
fn a_portal_that_does_not_answer_is_no_forgery() {
    let mut pair = Pair::new();
    let before = pair.state();
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    pair.portal.faults().until_cleared(Fault::Html500);
    let shown = pair.desk.post_raw(&format!("/b24/install?{query}"), body);
    pair.portal.faults().clear();
    assert_eq!(shown.status, 503, "{}", shown.body);
    assert!(shown.body.contains("не смог спросить портал"), "{}", shown.body);
    assert!(!shown.body.contains("lang=\"en\""), "{}", shown.body);
    assert!(!shown.body.contains("HTTP 500, "), "{}", shown.body);
    assert_eq!(pair.state(), before);
}

#[test]
fn the_addresses_explain_themselves_to_a_person() {
    let mut pair = Pair::new();
    for path in ["/b24/app", "/b24/install"] {
        let shown = pair.desk.get(path);
        assert_eq!(shown.status, 200);
        assert!(
            shown.body.contains(&format!("{ADMIN_URL}/b24/install")),
            "{}",
            shown.body
        );
    }
}
