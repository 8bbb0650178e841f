//! What becomes of spam, over loopback.

use serde_json::{Value, json};

use super::testing::{Shop, channel};
use super::tests::{json_of, post, request, shop};
use crate::http::testing::Client;
use crate::model::State;

/// One request, and in which state it is kept with which reason.
async fn sifted(shop: &Shop, client: &mut Client, request: String) -> (State, String) {
    let answer = client.ask(request).await;
    assert_eq!(
        (answer.status, &json_of(&answer)["status"]),
        (200, &json!("accepted"))
    );
    let stored = shop.stored().pop().unwrap();
    (stored.standing.state, stored.standing.error.unwrap_or_default())
}

#[tokio::test]
async fn spam_is_answered_as_ever_and_kept() {
    let trapped = json!({"honeypot": "web[site]", "secret": "correct-horse-battery"});
    let shop = Shop::open(vec![channel("shop", trapped)], &[]).await;
    let mut client = shop.client().await;
    let without = "without the channel's secret";
    let another = "another secret than the channel's";
    let robot = "the hidden field \"web[site]\" was filled in";
    let header = "X-Bridge-Secret: correct-horse-battery\r\n";
    let field = "_secret=correct-horse-battery";
    #[rustfmt::skip]
    let table = [
        (post("/in/shop", "", "a=1"), without),
        (post("/in/shop", "X-Bridge-Secret: wrong\r\n", "a=1"), another),
        (post("/in/shop", "X-Bridge-Secret: correct-horse-batter\r\n", "a=1"), another),
        (post("/in/shop", "", "a=1&_secret=wrong"), another),
        (post("/in/shop", "", "a=1&_secret[]=correct-horse-battery"), another),
        (post("/in/shop", "", "a=1&_secret="), another),
        (post("/in/shop", header, "a=1"), ""),
        (post("/in/shop", "", &format!("a=1&{field}")), ""),
        (post(&format!("/in/shop?{field}"), "", "a=1"), ""),
        (post("/in/shop", "", r#"{"a": 1, "_secret": "correct-horse-battery"}"#), ""),
        (request("GET", &format!("/in/shop?a=1&{field}"), "", ""), ""),
        (post("/in/shop", header, "a=1&web[site]=http://evil.example"), robot),
        (post("/in/shop", header, "a=1&web[site]=+"), ""),
        (post("/in/shop", "", "a=1&web[site]=x"), without),
    ];
    for (request, reason) in table {
        let (state, error) = sifted(&shop, &mut client, request.clone()).await;
        let expected = if reason.is_empty() {
            State::Queued
        } else {
            State::Spam
        };
        assert_eq!(state, expected, "{request}: {error}");
        assert!(error.contains(reason), "{request}: {error}");
        assert!(!error.contains("correct-horse"), "{error}");
    }
    let test = post("/in/shop", "", &format!("test=test&{field}"));
    assert_eq!(sifted(&shop, &mut client, test).await.0, State::Test);
}

#[tokio::test]
async fn the_secret_is_no_content() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let parts = "--b\r\nContent-Disposition: form-data; name=\"_secret\"; filename=\"correct-horse\"\r\n\r\nx\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"_secret_santa\"\r\n\r\nyes\r\n--b--\r\n";
    for body in [
        "_secret_santa=yes&_secret=correct-horse",
        "_secret[a]=correct-horse&_secret_santa=yes",
        r#"{"_secret_santa": "yes", "_secret": ["correct-horse"]}"#,
        parts,
    ] {
        client.ask(post("/in/shop?_secret=correct-horse", "", body)).await;
        let received = shop.stored().pop().unwrap().received;
        let submission = crate::deliver::submission(&received, "shop").unwrap();
        assert_eq!(
            Value::Object(submission.fields),
            json!({"_secret_santa": "yes"}),
            "{body}"
        );
        assert!(submission.attachments.is_empty(), "{body}");
    }
}

#[tokio::test]
async fn a_sender_in_a_hurry_is_spam() {
    let hasty = json!({"max_per_minute": 2});
    let shop = Shop::open(vec![channel("shop", hasty), channel("other", json!({}))], &[]).await;
    let mut client = shop.client().await;
    for expected in [State::Queued, State::Queued, State::Spam, State::Spam] {
        assert_eq!(
            sifted(&shop, &mut client, post("/in/shop", "", "a=1")).await.0,
            expected
        );
    }
    assert_eq!(
        sifted(&shop, &mut client, post("/in/other", "", "a=1")).await.0,
        State::Queued
    );
}

#[tokio::test]
async fn spam_does_not_answer_for_what_comes_with_its_key() {
    let shop = Shop::open(
        vec![channel("shop", json!({"secret": "correct-horse-battery"}))],
        &[],
    )
    .await;
    let mut client = shop.client().await;
    let key = "Idempotency-Key: k\r\n";
    assert_eq!(
        sifted(&shop, &mut client, post("/in/shop", key, "a=1")).await.0,
        State::Spam
    );
    let good = post("/in/shop", key, "a=1&_secret=correct-horse-battery");
    assert_eq!(sifted(&shop, &mut client, good.clone()).await.0, State::Queued);
    assert_eq!(sifted(&shop, &mut client, good).await.0, State::Repeat);
}

#[tokio::test]
async fn forms_of_a_deleted_channel_are_judged_by_its_own_traps() {
    let closed = json!({"secret": "correct-horse-battery", "is_default": true});
    let shop = Shop::open(vec![channel("shop", closed)], &["gone"]).await;
    let mut client = shop.client().await;
    assert_eq!(
        sifted(&shop, &mut client, post("/in/gone", "", "a=1")).await.0,
        State::Queued
    );
    assert_eq!(
        sifted(&shop, &mut client, post("/in/shop", "", "a=1")).await.0,
        State::Spam
    );
}
