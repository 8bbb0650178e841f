//! An idle bridge leaves an application's tokens in peace, and is fresh again before it works.

use std::time::Instant;

use super::*;
use crate::deliver::app;
use crate::model::{AppKeys, AppTokens};
use crate::practice_portal::{AppForm, Options as PortalOptions, PracticePortal};
use crate::store::Arrival;

const PATIENCE: Duration = Duration::from_secs(60);

fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn without_work_an_ended_token_is_left_alone_and_work_begins_with_a_fresh_list_of_fields() {
    let practice = PracticePortal::start(PortalOptions::default()).unwrap();
    let form = practice.register_app(AppForm::of_bridge("http://127.0.0.1:9"));
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let channel = store
        .put_channel(
            serde_json::from_str(
                r#"{"slug": "s", "entity": "deal", "mode": "always_create",
                    "fields": [{"of": "deal", "field": "TITLE", "value": "{title}"}]}"#,
            )
            .unwrap(),
        )
        .unwrap();
    let keys = AppKeys {
        portal: practice.portal_url(),
        client_id: form.client_id.clone(),
        client_secret: form.client_secret.clone(),
    };
    app::keep_app_keys(&store, &keys, None).unwrap();
    // By our clock the token ends as it comes; the portal takes it for an hour more.
    let pair = practice.tokens_of(&form, 1);
    let tokens = AppTokens::issued(pair.access, pair.refresh, now(), Duration::ZERO);
    app::keep_tokens(&store, &keys, tokens, "", None).unwrap();
    let options = Options {
        given: Given::default(),
        settle: Duration::ZERO,
        portal: portal::Options {
            oauth_url: practice.oauth_url(),
            ..portal::Options::default()
        },
    };
    let engine = Engine::start(store.clone(), options).unwrap();
    until("the portal", || matches!(engine.weather(), Weather::Up { .. }));

    let age = |age: Duration| {
        let catalog = Catalog::clone(&engine.shared.catalog().unwrap());
        engine.shared.set_catalog(Arc::new(Catalog {
            taken_at: now() - age,
            ..catalog
        }));
    };
    age(Duration::from_secs(11 * 60));
    engine.look_again();
    until("the rest", || engine.shared.health().is_resting());
    let asked = practice.stats().http_requests;
    for _ in 0..3 {
        // The keeper looks, and asks nobody.
        engine.look_again();
        assert!(engine.shared.health().is_resting());
    }
    assert!(matches!(engine.weather(), Weather::Up { .. }));
    assert_eq!(practice.stats().http_requests, asked);

    let arrival = Arrival {
        channel: channel.key,
        via: None,
        post: true,
        query: String::new(),
        content_type: None,
        body: "title=Новая".into(),
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
        state: crate::model::State::Queued,
        error: None,
        idempotency_key: None,
    };
    store.accept_blocking(arrival).unwrap();
    until("the deal", || practice.world(|world| world.deals.len()) == 1);
    until("its end", || engine.shared.look_at_board(Board::len) == 0);
    let taken_at = engine.shared.catalog().unwrap().taken_at;
    assert!(now().since(taken_at) < Duration::from_secs(10 * 60));

    // Somebody who looks at the list wakes it, too.
    age(Duration::from_secs(11 * 60));
    engine.look_again();
    until("the rest again", || engine.shared.health().is_resting());
    engine.catalog();
    until("a fresh list", || !engine.shared.health().is_resting());
    engine.stop();
}
