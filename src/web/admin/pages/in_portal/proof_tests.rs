//! What the first renewal shows at the installation, while a webhook delivers and while nothing does.

use super::tests::{ADMIN, Pair};
use crate::deliver::connect::{self, HalfDone};
use crate::deliver::{CONNECTION_CREDENTIAL, app};
use crate::model::{AppKeys, Catalog, Secret};
use crate::portal::Connection;
use crate::practice_portal::Fault;
use crate::web::admin::testing::Desk;

impl Pair {
    /// A bridge with this key of the application and this authorization server, where they are not the right ones.
    fn of_keys(secret: Option<&str>, oauth_url: Option<&str>, has_webhook: bool) -> Pair {
        let mut pair = Pair::new();
        if let Some(url) = oauth_url {
            pair.desk = Desk::signed_in_by(url.to_owned());
        }
        let keys = AppKeys {
            portal: pair.portal.portal_url(),
            client_id: pair.keys.client_id.clone(),
            client_secret: secret.map_or(pair.keys.client_secret.clone(), Secret::new),
        };
        let store = &pair.desk.site.store;
        if has_webhook {
            let webhook = Connection::webhook(&pair.portal.webhook_url()).unwrap();
            store.put_credential(CONNECTION_CREDENTIAL, &webhook).unwrap();
        }
        app::keep_app_keys(store, &keys, Some(HalfDone::Continue)).unwrap();
        pair
    }

    /// What the portal's form says is stored.
    fn mend_the_key(&self) {
        let right = AppKeys {
            portal: self.portal.portal_url(),
            client_id: self.keys.client_id.clone(),
            client_secret: self.keys.client_secret.clone(),
        };
        app::keep_app_keys(&self.desk.site.store, &right, None).unwrap();
    }

    fn connection(&self) -> Option<Connection> {
        self.desk.site.store.credential(CONNECTION_CREDENTIAL).unwrap()
    }
}

#[test]
fn what_is_stored_has_been_renewed_once() {
    let mut pair = Pair::of_keys(None, None, true);
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    let shown = pair.desk.post_raw(&format!("/b24/install?{query}"), body.clone());
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(!shown.body.contains("Продление доступа"), "{}", shown.body);
    let tokens = pair.installation().unwrap().tokens;
    assert!(!body.contains(tokens.refresh.reveal()) && !body.contains(tokens.access.reveal()));
    assert_eq!(tokens.user_id, ADMIN);
    assert!(
        tokens.application_token.is_some(),
        "what only the portal said is kept"
    );
    assert!(matches!(pair.connection(), Some(Connection::App(_))));
}

#[test]
fn a_wrong_key_is_found_out_before_the_webhook_is_given_up() {
    let mut pair = Pair::of_keys(Some("a-wrong-key"), None, true);
    let before = pair.state();
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
    assert_eq!(shown.status, 422, "{}", shown.body);
    assert!(
        shown.body.contains("Ключ приложения не подошёл"),
        "{}",
        shown.body
    );
    assert!(shown.body.contains("invalid_client"), "{}", shown.body);
    assert!(!shown.body.contains("a-wrong-key"), "{}", shown.body);
    assert_eq!(pair.state(), before);
    assert!(matches!(pair.connection(), Some(Connection::Webhook { .. })));

    // The right one: the tokens were not spent.
    pair.mend_the_key();
    assert_eq!(pair.install().status, 200);
    assert!(matches!(pair.connection(), Some(Connection::App(_))));
}

#[test]
fn where_nothing_delivers_a_wrong_key_is_told_and_works_for_an_hour() {
    let mut pair = Pair::of_keys(Some("a-wrong-key"), None, false);
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(
        shown.body.contains("Продление доступа") && shown.body.contains("invalid_client"),
        "{}",
        shown.body
    );
    assert!(matches!(pair.connection(), Some(Connection::App(_))));
    let warning = "could not be renewed so far";
    for path in ["/", "/portal"] {
        let page = pair.desk.get(path).body;
        assert!(
            page.contains(warning) && page.contains("invalid_client"),
            "{path}: {page}"
        );
    }
    let tokens = pair.installation().unwrap().tokens;
    pair.mend_the_key();
    assert!(!pair.desk.get("/portal").body.contains(warning));
    assert_eq!(pair.installation().unwrap().tokens, tokens, "they go on");
}

#[test]
fn a_webhook_is_not_given_up_for_tokens_that_cannot_be_renewed() {
    // Nobody listens there.
    let nowhere = Some("http://127.0.0.1:9");
    let mut pair = Pair::of_keys(None, nowhere, true);
    let before = pair.state();
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
    assert_eq!(shown.status, 503, "{}", shown.body);
    assert!(shown.body.contains("доставка идёт как раньше"), "{}", shown.body);
    assert_eq!(pair.state(), before);
    assert!(matches!(pair.connection(), Some(Connection::Webhook { .. })));

    let mut pair = Pair::of_keys(None, nowhere, false);
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "en");
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("Renewal of the access"), "{}", shown.body);
    assert!(matches!(pair.connection(), Some(Connection::App(_))));
}

#[test]
fn a_page_sent_again_after_a_lost_answer_does_not_bring_a_spent_token() {
    let mut pair = Pair::of_keys(None, None, true);
    let before = pair.state();
    let (query, body) = pair.portal.frame_post(&pair.keys, ADMIN, "DEFAULT", "ru");
    let again = |pair: &mut Pair| pair.desk.post_raw(&format!("/b24/install?{query}"), body.clone());
    pair.portal.oauth_faults().next(1, Fault::CutAfter);
    for _ in 0..2 {
        let shown = again(&mut pair);
        assert_eq!(shown.status, 503, "{}", shown.body);
        assert_eq!(pair.state(), before);
        assert!(matches!(pair.connection(), Some(Connection::Webhook { .. })));
    }
    assert_eq!(pair.portal.token_requests(), 2);
}

#[test]
fn tokens_that_would_be_refused_are_not_spent() {
    let mut pair = Pair::of_keys(None, None, false);
    let elsewhere = Connection::webhook("https://elsewhere.example/rest/1/abcdef0123456789/").unwrap();
    let store = pair.desk.site.store.clone();
    let keys = app::keys(&store).unwrap().unwrap();
    connect::keep(&store, &elsewhere, &Catalog::default(), None).unwrap();
    // As an earlier version left it.
    store.put_credential(app::APP_KEYS_CREDENTIAL, &keys).unwrap();
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
    assert_eq!(shown.status, 403, "{}", shown.body);
    assert_eq!(pair.portal.token_requests(), 0);
}

#[test]
fn an_event_that_meets_a_wrong_key_is_kept_for_the_right_one() {
    let mut pair = Pair::of_keys(Some("a-wrong-key"), None, true);
    let (_, event) = pair.portal.event_post(&pair.keys, false);
    assert_eq!(pair.desk.post_raw("/b24/install", event).status, 202);
    assert_eq!(pair.installation(), None);
    let portal = pair.portal.portal_url();
    let keys = |secret: &'static str| {
        [
            ("portal", portal.clone()),
            ("client_id", pair.keys.client_id.clone()),
            ("client_secret", secret.to_owned()),
        ]
    };
    let wrong = keys("another-wrong-key");
    let wrong: Vec<(&str, &str)> = wrong
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    pair.desk.post("/portal/app", &wrong);
    let page = pair.desk.get("/portal").body;
    assert!(page.contains("key is not the right one"), "{page}");
    assert_eq!(pair.installation(), None);
    let mut right = wrong.clone();
    right[2].1 = pair.keys.client_secret.reveal();
    pair.desk.post("/portal/app", &right);
    assert_eq!(pair.installation().unwrap().tokens.user_id, ADMIN);
    assert!(matches!(pair.connection(), Some(Connection::App(_))));
}
