//! Who gets in from the portal: nobody but its administrators, with the portal's own word for it. Everybody else changes
//! nothing — neither in the portal nor in the bridge.

use b24_bridge::model::Secret;
use b24_bridge::practice_portal::{AppForm, AppKeys, Fault, PracticePortal};
use serde_json::{Value, json};

use crate::harness::{Answer, Bridge, order, portal, request, shop_channel, until};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const ADMIN: u64 = 1;
/// Works there, and is no administrator.
const COLLEAGUE: u64 = 2;

/// A bridge that knows the keys of an application of the portal.
struct Pair {
    portal: PracticePortal,
    keys: AppKeys,
    bridge: Bridge,
}

impl Pair {
    fn new() -> Pair {
        Pair::with(|form| form)
    }

    fn with(change: impl FnOnce(AppForm) -> AppForm) -> Pair {
        let portal = portal();
        let mut bridge = Bridge::folder(&["--log-level", "trace", "--oauth-url", &portal.oauth_url()]);
        bridge.serve();
        let keys = portal.register_app(change(AppForm::of_bridge(bridge.admin())));
        let pair = Pair { portal, keys, bridge };
        pair.enter_keys(&pair.keys);
        pair
    }

    fn enter_keys(&self, keys: &AppKeys) {
        self.bridge.cli_ok(&[
            "portal",
            "connect",
            "--app",
            "--portal",
            &self.portal.portal_url(),
            "--client-id",
            &keys.client_id,
            "--client-secret",
            keys.client_secret.reveal(),
        ]);
    }

    fn post(&self, path: &str, body: &str) -> Answer {
        let url = format!("{}{path}", self.bridge.admin());
        request(&url, "POST", &[FORM], body.as_bytes()).expect("an answer")
    }

    fn open(&self, path: &str, user: u64, placement: &str) -> Answer {
        let (query, body) = self.portal.frame_post(&self.keys, user, placement, "ru");
        self.post(&format!("{path}?{query}"), &body)
    }

    /// Presses the button above the deals; the address of the list that it opens.
    fn opened_list(&self) -> String {
        let opened = self.open("/b24/app", ADMIN, "CRM_DEAL_LIST_TOOLBAR");
        let location = opened.header("location").expect("a frame");
        format!("{}{location}", self.bridge.admin())
    }

    fn install(&self) {
        let answer = self.open("/b24/install", ADMIN, "DEFAULT");
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.portal.finish_install(&self.keys);
    }

    /// All that an intruder could have changed.
    fn state(&self) -> Value {
        let placements: Vec<String> = self
            .portal
            .placements()
            .iter()
            .map(|one| format!("{one:?}"))
            .collect();
        let told: Vec<String> = self
            .portal
            .notifications()
            .iter()
            .map(|one| format!("{one:?}"))
            .collect();
        json!({
            "placements": placements,
            "notifications": told,
            "application": self.bridge.cli_json(&["portal", "show", "--json"])["application"],
            "channels": self.bridge.cli_json(&["channel", "list", "--json"]),
            "users": self.bridge.cli_json(&["user", "list", "--json"]),
        })
    }

    fn is_installed(&self) -> bool {
        let shown = self.bridge.cli_json(&["portal", "show", "--json"]);
        shown.to_string().contains("\"installed\"")
    }

    /// Neither address lets this in, and nothing is changed.
    fn assert_refused(&self, what: &str, query: &str, body: &str, status: u16) {
        let before = self.state();
        for path in ["/b24/install", "/b24/app"] {
            let answer = self.post(&format!("{path}?{query}"), body);
            assert_eq!(answer.status, status, "{what} at {path}: {}", answer.body);
            assert!(!answer.body.contains("/b24/f/"), "{what} at {path} got a frame");
            assert_eq!(answer.header("location"), None, "{what} at {path}");
            assert_eq!(answer.header("set-cookie"), None, "{what} at {path}");
        }
        assert_eq!(self.state(), before, "{what} changed something");
    }
}

/// The same text with one field of its form changed.
fn with_field(form: &str, name: &str, value: &str) -> String {
    let pairs = form_urlencoded::parse(form.as_bytes()).map(|(key, old)| {
        let new = if key == name {
            value.to_owned()
        } else {
            old.into_owned()
        };
        (key.into_owned(), new)
    });
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn without_field(form: &str, name: &str) -> String {
    let pairs = form_urlencoded::parse(form.as_bytes()).filter(|(key, _)| key != name);
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

#[test]
fn only_administrators_with_the_portals_word_get_in() {
    let pair = Pair::new();
    let other_app = pair.portal.register_app(AppForm::of_bridge("http://127.0.0.1:9"));
    for is_installed in [false, true] {
        if is_installed {
            pair.install();
        }
        let (query, body) = pair
            .portal
            .frame_post(&pair.keys, ADMIN, "CRM_DEAL_LIST_TOOLBAR", "ru");
        let forged = with_field(&body, "AUTH_ID", "0123456789abcdef0123456789abcdef");
        pair.assert_refused("a forged token", &query, &forged, 403);
        pair.assert_refused("no token", &query, &without_field(&body, "AUTH_ID"), 403);
        pair.assert_refused("nothing", "", "", 403);
        let elsewhere = with_field(&query, "DOMAIN", "evil.example");
        pair.assert_refused("another portal's domain", &elsewhere, &body, 403);
        let (query, body) = pair
            .portal
            .frame_post(&pair.keys, COLLEAGUE, "CRM_DEAL_LIST_TOOLBAR", "ru");
        pair.assert_refused("a colleague", &query, &body, 403);
        let (query, body) = pair.portal.frame_post(&other_app, ADMIN, "DEFAULT", "ru");
        pair.assert_refused("another application", &query, &body, 403);
        let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
        pair.portal.expire_tokens();
        pair.assert_refused("an old request sent once more", &query, &body, 403);
    }
    // The portal's number is known since the installation.
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    let stranger = with_field(&body, "member_id", "0123456789abcdef0123456789abcdef");
    pair.assert_refused("another portal at the same address", &query, &stranger, 403);
}

#[test]
fn no_address_from_a_request_is_called() {
    let (pair, stranger) = (Pair::new(), portal());
    // A portal of the intruder's, which confirms whatever he likes.
    let keys = stranger.register_app(AppForm::of_bridge(pair.bridge.admin()));
    let (query, body) = stranger.frame_post(&keys, ADMIN, "DEFAULT", "ru");
    let query = with_field(&query, "DOMAIN", &pair.portal.domain());
    let body = with_field(
        &body,
        "SERVER_ENDPOINT",
        &format!("{}/rest/", stranger.base_url()),
    );
    let before = stranger.stats().http_requests;
    pair.assert_refused("an intruder's portal", &query, &body, 403);
    let (_, event) = stranger.event_post(&keys, false);
    let event = with_field(&event, "auth[domain]", &pair.portal.domain());
    pair.assert_refused("its event", "", &event, 403);
    assert_eq!(
        stranger.stats().http_requests,
        before,
        "nobody asked the intruder"
    );
}

#[test]
fn installing_twice_does_no_harm() {
    let pair = Pair::new();
    pair.install();
    let (placements, told) = (pair.portal.placements(), pair.portal.notifications());
    assert_eq!((placements.len(), told.len()), (2, 1));
    pair.install();
    assert_eq!(
        format!("{:?}", pair.portal.placements()),
        format!("{placements:?}")
    );
    assert_eq!(
        pair.portal.notifications().len(),
        1,
        "a second one takes the place of the first"
    );
    assert!(pair.is_installed());
}

#[test]
fn an_old_installation_sent_once_more_changes_nothing() {
    let pair = Pair::new();
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    assert_eq!(pair.post(&format!("/b24/install?{query}"), &body).status, 200);
    // Meanwhile somebody else has installed anew: these tokens are older than the ones in use.
    pair.install();
    let before = pair.state();
    assert_eq!(pair.post(&format!("/b24/install?{query}"), &body).status, 200);
    assert_eq!(pair.state(), before);
    // The tokens in use were not replaced by spent ones: delivery renews and goes on.
    pair.portal.expire_tokens();
    pair.bridge.channel(&shop_channel(json!({})));
    let id = pair.bridge.post_json("shop-orders", &order(6510)).id();
    pair.bridge.wait_for(&id, "delivered");
    pair.assert_refused("the same an hour later", &query, &body, 403);
}

#[test]
fn an_application_without_pages_is_installed_by_its_event() {
    let pair = Pair::with(AppForm::script_only);
    // The portal called when it showed the keys: nobody knew them yet.
    assert!(!pair.is_installed());
    let sent = pair
        .portal
        .send_install_event(&pair.keys)
        .expect("an application");
    assert_eq!(sent.answer, Ok(200));
    assert!(pair.is_installed());
    assert_eq!(
        (pair.portal.placements().len(), pair.portal.notifications().len()),
        (2, 1)
    );
    pair.bridge.channel(&shop_channel(json!({})));
    let id = pair.bridge.post_json("shop-orders", &order(6510)).id();
    pair.bridge.wait_for(&id, "delivered");
    let before = pair.state();
    let again = pair
        .portal
        .send_install_event(&pair.keys)
        .expect("an application");
    assert_eq!(again.answer, Ok(200));
    assert_eq!(pair.state()["placements"], before["placements"]);
}

#[test]
fn events_without_the_portals_signature_are_refused() {
    let pair = Pair::with(AppForm::script_only);
    let (_, unknown) = pair.portal.event_post(&pair.keys, true);
    pair.assert_refused("a removal before the installation", "", &unknown, 403);
    pair.portal
        .send_install_event(&pair.keys)
        .expect("an application");
    for uninstall in [true, false] {
        let (_, event) = pair.portal.event_post(&pair.keys, uninstall);
        let wrong = with_field(
            &event,
            "auth[application_token]",
            "0123456789abcdef0123456789abcdef",
        );
        pair.assert_refused("a wrong signature", "", &wrong, 403);
        pair.assert_refused(
            "no signature",
            "",
            &without_field(&event, "auth[application_token]"),
            403,
        );
        let elsewhere = with_field(&event, "auth[domain]", "evil.example");
        pair.assert_refused("another portal's event", "", &elsewhere, 403);
    }
    let (_, install) = pair.portal.event_post(&pair.keys, false);
    let forged = with_field(&install, "auth[access_token]", "0123456789abcdef");
    pair.assert_refused("an installation with a forged token", "", &forged, 403);
}

#[test]
fn a_removed_application_is_told_of_and_its_frames_end() {
    let pair = Pair::new();
    pair.install();
    let list = pair.opened_list();
    let look = || request(&list, "GET", &[], b"").expect("an answer");
    assert_eq!(look().status, 200);
    let sent = pair.portal.delete_app(&pair.keys);
    assert_eq!(sent.len(), 1, "the bridge asked to be told");
    assert_eq!(sent[0].answer, Ok(200));
    assert_eq!(look().status, 401);
    let shown = pair.bridge.cli_json(&["portal", "show", "--json"]).to_string();
    assert!(shown.contains("gone"), "{shown}");
    pair.bridge.channel(&shop_channel(json!({})));
    let id = pair.bridge.post_json("shop-orders", &order(6510)).id();
    // The log tells the first trouble only, and the refusal may have been met before the message came.
    let status = format!("{}/status", pair.bridge.admin());
    until("delivery to pause", || {
        let status = request(&status, "GET", &[], b"").expect("an answer").json();
        let reason = status["portal"]["reason"].as_str().unwrap_or_default();
        reason.contains("cannot be used since").then_some(())
    });
    assert_eq!(pair.bridge.show(&id)["state"], "queued", "nothing is lost");
}

/// The tokens have not expired; they are simply not accepted any more.
#[test]
fn another_administrator_takes_over_from_one_who_was_dismissed() {
    for is_dismissed in [true, false] {
        let pair = Pair::new();
        pair.install();
        pair.bridge.channel(&shop_channel(json!({})));
        let first = pair.bridge.post_json("shop-orders", &order(6510)).id();
        pair.bridge.wait_for(&first, "delivered");
        pair.portal.world(|world| {
            for person in &mut world.people {
                match person.id {
                    ADMIN if is_dismissed => person.active = false,
                    ADMIN => person.admin = false,
                    COLLEAGUE => person.admin = true,
                    _ => {}
                }
            }
            // Then it is the administrators' alone.
            if let Some(app) = world.apps.by_client_id_mut(&pair.keys.client_id) {
                app.installed = is_dismissed;
            }
        });
        let second = pair.bridge.post_json("shop-orders", &order(6511)).id();
        until("the refusal", || {
            pair.bridge.log().contains("refuses the connection").then_some(())
        });
        let asked = pair.portal.stats().http_requests;
        until("two more probes", || {
            (pair.portal.stats().http_requests >= asked + 2).then_some(())
        });
        assert!(!pair.bridge.log().contains("the portal answers again"));
        assert_eq!(pair.bridge.show(&second)["state"], "queued");
        assert!(pair.is_installed(), "nobody has said that it is gone");
        let taken = pair.open("/b24/app", COLLEAGUE, "CRM_DEAL_LIST_TOOLBAR");
        assert_eq!(taken.status, 200, "{}", taken.body);
        pair.bridge.wait_for(&second, "delivered");
        let application = &pair.bridge.cli_json(&["portal", "show", "--json"])["application"];
        assert_eq!(application["user_id"], COLLEAGUE);
    }
}

/// The portal's signature passes through the browser of everybody who presses the button.
#[test]
fn a_removal_that_a_colleague_signed_changes_nothing() {
    let pair = Pair::new();
    pair.install();
    let list = pair.opened_list();
    let (_, body) = pair
        .portal
        .frame_post(&pair.keys, COLLEAGUE, "CRM_DEAL_LIST_TOOLBAR", "ru");
    let seen = form_urlencoded::parse(body.as_bytes())
        .find(|(key, _)| key == "APPLICATION_TOKEN")
        .expect("the signature")
        .1
        .into_owned();
    let event = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("event", "ONAPPUNINSTALL"),
            ("auth[domain]", &pair.portal.domain()),
            ("auth[application_token]", &seen),
        ])
        .finish();
    let told = || pair.post("/b24/app", &event).status;
    let before = pair.state();
    assert_eq!(told(), 200);
    assert_eq!(pair.state(), before);
    // A portal that is away says nothing, either way.
    pair.portal.faults().until_cleared(Fault::Html500);
    assert_eq!(told(), 503);
    pair.portal.faults().clear();
    assert_eq!(pair.state(), before);
    // And tokens that have expired are renewed first.
    let renewals = pair.portal.renewals();
    pair.portal.expire_tokens();
    assert_eq!(told(), 200);
    assert!(pair.is_installed());
    assert_eq!(pair.portal.renewals(), renewals + 1);
    let look = request(&list, "GET", &[], b"").expect("an answer");
    assert_eq!(look.status, 200, "the frame stays open");
    pair.bridge.channel(&shop_channel(json!({})));
    let id = pair.bridge.post_json("shop-orders", &order(6510)).id();
    pair.bridge.wait_for(&id, "delivered");
    assert!(pair.bridge.log().contains("still accepts its tokens"));
}

#[test]
fn no_token_and_no_frame_reaches_the_log() {
    let pair = Pair::new();
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    pair.post(&format!("/b24/install?{query}"), &body);
    pair.portal.finish_install(&pair.keys);
    let opened = pair.open("/b24/app", ADMIN, "CRM_LEAD_LIST_TOOLBAR");
    let location = opened.header("location").expect("a frame").to_owned();
    request(&format!("{}{location}", pair.bridge.admin()), "GET", &[], b"").expect("an answer");
    let forged = with_field(&body, "AUTH_ID", "forged0token0of0somebody");
    pair.post(&format!("/b24/app?{query}"), &forged);
    let frame = location
        .trim_start_matches("/b24/f/")
        .split('/')
        .next()
        .expect("a token")
        .to_owned();
    let field = |name: &str| {
        let found = form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name);
        found.expect("a field").1.into_owned()
    };
    let log = pair.bridge.log();
    assert!(log.contains("an administrator of the portal came in"), "{log}");
    let secrets = [
        field("AUTH_ID"),
        field("REFRESH_ID"),
        field("APPLICATION_TOKEN"),
        frame,
        "forged0token0of0somebody".to_owned(),
        Secret::reveal(&pair.keys.client_secret).to_owned(),
    ];
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}
