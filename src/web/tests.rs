//! What websites and scripts see of the public listener, over loopback.

use std::time::Duration;

use serde_json::{Value, json};

use super::ingest::IngestOptions;
use super::testing::{Shop, channel};
use crate::http::Limits;
use crate::http::testing::{Answer, Client};
use crate::intake;
use crate::model::State;

pub const SHOP: &str = "https://shop.example";

pub async fn shop() -> Shop {
    let limited = json!({"allowed_origins": [SHOP], "thank_you_url": "https://shop.example/спасибо"});
    Shop::open(
        vec![channel("shop", json!({})), channel("limited", limited)],
        &["gone"],
    )
    .await
}

pub fn request(method: &str, target: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} {target} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub fn post(target: &str, headers: &str, body: &str) -> String {
    request("POST", target, headers, body)
}

pub fn json_of(answer: &Answer) -> Value {
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{answer:?}"
    );
    serde_json::from_str(&answer.body).unwrap()
}

/// The connection must be as good as before: it takes and answers another submission.
pub async fn goes_on(client: &mut Client) {
    let answer = client.ask(post("/in/shop", "", "still=here")).await;
    assert_eq!(
        (answer.status, &json_of(&answer)["status"]),
        (200, &json!("accepted"))
    );
}

#[tokio::test]
async fn what_is_accepted_is_stored_as_it_came() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let headers = "Referer: https://shop.example/cart\r\nUser-Agent: curl/8\r\nContent-Type: text/plain\r\n";
    let answer = client.ask(post("/in/shop?utm=a%20b", headers, "phone=7")).await;
    let stored = shop.stored().remove(0);
    let (arrival, standing) = (stored.received, stored.standing);
    let id = arrival.id;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, format!(r#"{{"status":"accepted","id":"{id}"}}"#));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        (arrival.post, arrival.query.as_str(), &arrival.body[..]),
        (true, "utm=a%20b", &b"phone=7"[..])
    );
    assert_eq!(
        (standing.state, standing.error, arrival.via),
        (State::Queued, None, None)
    );
    assert_eq!(arrival.content_type.as_deref(), Some("text/plain"));
    assert_eq!(
        (arrival.ip.as_str(), arrival.user_agent.as_str()),
        ("127.0.0.1", "curl/8")
    );
    assert_eq!(arrival.referer, "https://shop.example/cart");
}

#[tokio::test]
async fn one_address_in_all_its_spellings() {
    let shop = Shop::open(
        vec![
            channel("shop", json!({})),
            channel("заказ", json!({"enabled": false})),
        ],
        &[],
    )
    .await;
    let mut client = shop.client().await;
    for target in [
        "/in/shop",
        "/in/shop/",
        "/in/%73hop?a=1",
        "/in/shop/?a=1",
        "/in/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7",
    ] {
        assert_eq!(client.ask(post(target, "", "a=1")).await.status, 200, "{target}");
    }
    assert_eq!(
        client
            .ask("GET /in/shop?a=1 HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .status,
        200
    );
    assert_eq!(
        client
            .ask("GET http://h/in/shop?a=1 HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .status,
        200
    );
    assert_eq!(shop.stored().len(), 7);
    assert!(!shop.stored()[6].received.post);
    for target in [
        "/in/shop/x",
        "/in/Shop",
        "/in/shop//",
        "/in//shop",
        "/in/",
        "/in",
        "/in/%FF",
        "/in/shop%2F",
    ] {
        let answer = client.ask(post(target, "", "a=1")).await;
        assert_eq!(
            (answer.status, &json_of(&answer)["error"]),
            (404, &json!("unknown_channel")),
            "{target}"
        );
    }
    for target in ["/", "/inshop", "/index.html", "/in.php"] {
        let answer = client.ask(post(target, "", "a=1")).await;
        assert_eq!(
            (answer.status, &json_of(&answer)["error"]),
            (404, &json!("not_found")),
            "{target}"
        );
    }
    assert_eq!(shop.stored().len(), 7);
}

#[tokio::test]
async fn refusals_are_json_and_leave_the_connection_alone() {
    let shop = shop().await;
    let long = "x".repeat(33 << 10);
    let key = "k".repeat(256);
    let many: String = (0..2_001).map(|n| format!("f{n}=1&")).collect();
    let table = [
        (post("/in/none", "", "a=1"), 404, "unknown_channel"),
        (post("/in/gone", "", "a=1"), 410, "channel_deleted"),
        (request("PUT", "/in/shop", "", "a=1"), 405, "method_not_allowed"),
        (request("DELETE", "/in/shop", "", ""), 405, "method_not_allowed"),
        (post("/healthz", "", "a=1"), 405, "method_not_allowed"),
        (
            request("GET", &format!("/in/shop?a={long}"), "", ""),
            413,
            "too_large",
        ),
        (post("/in/shop", "", &many), 413, "too_large"),
        (post("/in/shop", "", "{\"a\":"), 400, "unreadable"),
        (
            post("/in/shop", &format!("Idempotency-Key: {key}\r\n"), "a=1"),
            400,
            "bad_idempotency_key",
        ),
        (
            post("/in/limited", "Origin: https://evil.example\r\n", "a=1"),
            403,
            "origin_not_allowed",
        ),
        (
            request("GET", "/in/shop?a=1", "Sec-Purpose: prefetch;prerender\r\n", ""),
            403,
            "fetched_ahead",
        ),
        (post("/", "", "a=1"), 404, "not_found"),
    ];
    let mut client = shop.client().await;
    for (bytes, status, code) in table {
        let answer = client.ask(&bytes).await;
        let body = json_of(&answer);
        assert_eq!(
            (answer.status, body["error"].as_str()),
            (status, Some(code)),
            "{bytes:.60}"
        );
        let message = body["message"].as_str().unwrap();
        assert!(message.ends_with('.') && message.len() > 20, "{message}");
        assert_eq!(answer.header("allow").is_some(), status == 405);
        assert_eq!(answer.header("connection"), None);
        goes_on(&mut client).await;
    }
    let kept: Vec<_> = shop
        .stored()
        .into_iter()
        .filter(|one| &one.received.body[..] != b"still=here")
        .collect();
    assert_eq!(kept.len(), 1, "only the unreadable request is kept: {kept:?}");
}

#[tokio::test]
async fn head_never_makes_a_submission() {
    let shop = shop().await;
    let mut client = shop.client().await;
    client
        .send("HEAD /in/shop?a=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await;
    let head = client.rest().await;
    assert!(
        head.starts_with("HTTP/1.1 405 ") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(
        head.to_lowercase().contains("allow: get, post, options"),
        "{head}"
    );
    assert!(shop.stored().is_empty());
}

#[tokio::test]
async fn an_unreadable_request_is_kept_and_its_number_told() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let key = "Idempotency-Key: k\r\n";
    let answer = client.ask(post("/in/shop", key, "{\"a\":")).await;
    let stored = shop.stored().remove(0);
    let id = stored.received.id;
    assert_eq!(json_of(&answer)["id"], json!(id));
    assert_eq!(
        (stored.standing.state, &stored.received.body[..]),
        (State::Unreadable, &b"{\"a\":"[..])
    );
    assert!(stored.standing.error.is_some());
    // The same key, once the sender has mended it, is no repeat.
    let answer = client.ask(post("/in/shop", key, "{\"a\":1}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(shop.stored()[1].standing.state, State::Queued);
}

#[tokio::test]
async fn a_connection_test_does_not_use_a_key_up() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let key = "Idempotency-Key: k\r\n";
    for body in ["test=test", "a=1", "a=1"] {
        client.ask(post("/in/shop", key, body)).await;
    }
    let states: Vec<State> = shop.stored().iter().map(|one| one.standing.state).collect();
    assert_eq!(states, [State::Test, State::Queued, State::Repeat]);
}

#[tokio::test]
async fn the_same_key_answers_the_first_id() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let longest = format!("Idempotency-Key: {}\r\n", "k".repeat(255));
    let first = client.ask(post("/in/shop", &longest, "a=1")).await;
    assert_eq!(
        client.ask(post("/in/shop", &longest, "a=1")).await.body,
        first.body
    );
    let empty = post("/in/shop", "Idempotency-Key:\r\n", "a=1");
    assert_ne!(client.ask(&empty).await.body, client.ask(&empty).await.body);
    let states: Vec<State> = shop.stored().iter().map(|one| one.standing.state).collect();
    assert_eq!(
        states,
        [State::Queued, State::Repeat, State::Queued, State::Queued]
    );
}

#[tokio::test]
async fn connection_tests_are_answered_and_marked() {
    let shop = shop().await;
    let mut client = shop.client().await;
    for bytes in [
        post("/in/shop", "", "test=test"),
        post("/in/shop", "", ""),
        request("GET", "/in/shop", "", ""),
    ] {
        assert_eq!(client.ask(&bytes).await.status, 200);
    }
    assert_eq!(
        client.ask(post("/in/shop", "", "test=test&a=1")).await.status,
        200
    );
    let states: Vec<State> = shop.stored().iter().map(|one| one.standing.state).collect();
    assert_eq!(states, [State::Test, State::Test, State::Test, State::Queued]);
}

#[tokio::test]
async fn a_deleted_channels_address_goes_to_the_default_one() {
    let shop = Shop::open(vec![channel("main", json!({"is_default": true}))], &["old"]).await;
    let mut client = shop.client().await;
    assert_eq!(client.ask(post("/in/old/", "", "a=1")).await.status, 200);
    assert_eq!(client.ask(post("/in/main", "", "a=1")).await.status, 200);
    let via: Vec<_> = shop.stored().into_iter().map(|one| one.received.via).collect();
    assert_eq!(via, [Some("old".to_owned()), None]);
}

#[tokio::test]
async fn a_full_disk_is_no_loss_without_notice() {
    let shop = shop().await;
    shop.break_storage();
    let mut client = shop.client().await;
    for _ in 0..2 {
        let answer = client.ask(post("/in/shop", "", "a=1")).await;
        assert_eq!(
            (answer.status, &json_of(&answer)["error"]),
            (503, &json!("storage_unavailable"))
        );
        assert_eq!(answer.header("retry-after"), Some("30"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn files_make_room_for_themselves() {
    let limits = intake::Limits {
        body: 100,
        files: 1_000,
        ..intake::Limits::default()
    };
    let shop = Shop::start(
        vec![channel("shop", json!({}))],
        &[],
        Limits {
            body_time: Duration::from_millis(300),
            ..Limits::default()
        },
        IngestOptions { limits },
    )
    .await;
    let mut client = shop.client().await;
    let form = |size: usize| format!("a={}", "x".repeat(size - 2));
    assert_eq!(client.ask(post("/in/shop", "", &form(100))).await.status, 200);
    assert_eq!(client.ask(post("/in/shop", "", &form(101))).await.status, 413);
    goes_on(&mut client).await;
    let multipart = "Content-Type: Multipart/form-data; boundary=b\r\n";
    let answer = client.ask(post("/in/shop", multipart, &form(1_101))).await;
    assert_eq!(
        (answer.status, &json_of(&answer)["error"]),
        (413, &json!("too_large"))
    );
    goes_on(&mut client).await;
    let part = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n";
    let file = format!("{part}{}\r\n--b--\r\n", "x".repeat(900));
    assert_eq!(client.ask(post("/in/shop", multipart, &file)).await.status, 200);
    assert_eq!(client.ask(post("/in/shop", "", &file)).await.status, 413);
    let slow = "POST /in/shop HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\na=1";
    let answer = client.ask(slow).await;
    assert_eq!(
        (answer.status, &json_of(&answer)["error"]),
        (408, &json!("too_slow"))
    );
}

#[tokio::test]
async fn a_large_body_is_read_off_the_reactor() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let body = format!("{{\"a\":\"{}\"}}", "я".repeat(300_000));
    assert_eq!(client.ask(post("/in/shop", "", &body)).await.status, 200);
    assert_eq!(shop.stored()[0].received.body.len(), body.len());
    let answer = client.ask(post("/in/shop", "", &body[..body.len() - 1])).await;
    assert_eq!(
        (answer.status, shop.stored()[1].standing.state),
        (400, State::Unreadable)
    );
}
