//! What the first renewal shows at the installation, while a webhook delivers and while nothing does.

use super::tests::{ADMIN, Pair};
use crate::deliver::connect::HalfDone;
use crate::deliver::{CONNECTION_CREDENTIAL, app};
use crate::model::{AppKeys, Secret};
use crate::portal::Connection;
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
fn a_wrong_key_is_found_out_before_anything_is_given_up() {
    for has_webhook in [true, false] {
        let mut pair = Pair::of_keys(Some("a-wrong-key"), None, has_webhook);
        let (before, connection) = (pair.state(), pair.connection());
        let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
        assert_eq!(shown.status, 422, "{}", shown.body);
        assert!(
            shown.body.contains("Ключ приложения не подошёл"),
            "{}",
            shown.body
        );
        assert!(!shown.body.contains("a-wrong-key"), "{}", shown.body);
        assert_eq!((pair.state(), pair.connection()), (before, connection));
        assert_eq!(
            has_webhook,
            matches!(pair.connection(), Some(Connection::Webhook { .. }))
        );

        // The right one, and the very same page: its tokens were not spent.
        let right = AppKeys {
            portal: pair.portal.portal_url(),
            client_id: pair.keys.client_id.clone(),
            client_secret: pair.keys.client_secret.clone(),
        };
        app::keep_app_keys(&pair.desk.site.store, &right, None).unwrap();
        assert_eq!(pair.install().status, 200);
        assert!(matches!(pair.connection(), Some(Connection::App(_))));
    }
}

#[test]
fn a_webhook_is_not_given_up_for_tokens_that_cannot_be_renewed() {
    // Nobody listens there.
    let nowhere = Some("http://127.0.0.1:9");
    let mut pair = Pair::of_keys(None, nowhere, true);
    let before = pair.state();
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "ru");
    assert_eq!(shown.status, 503, "{}", shown.body);
    assert!(
        shown.body.contains("доставка по-прежнему идёт через вебхук"),
        "{}",
        shown.body
    );
    assert_eq!(pair.state(), before);
    assert!(matches!(pair.connection(), Some(Connection::Webhook { .. })));

    let mut pair = Pair::of_keys(None, nowhere, false);
    let shown = pair.opened("/b24/install", ADMIN, "DEFAULT", "en");
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("Renewal of the access"), "{}", shown.body);
    assert!(matches!(pair.connection(), Some(Connection::App(_))));
}
