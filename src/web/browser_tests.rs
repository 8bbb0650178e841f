//! What browsers see of the public listener, over loopback: scripts through CORS, people through pages.

use super::page::STYLE_PATH;
use super::tests::{SHOP, goes_on, json_of, post, request, shop};

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

#[tokio::test]
async fn scripts_may_post_and_read_the_answers() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let evil = "https://evil.example";
    // Target, origin, method, status, Access-Control-Allow-Origin.
    let table = [
        ("/in/shop", Some(evil), "POST", 200, Some("*")),
        ("/in/shop", None, "POST", 200, Some("*")),
        ("/in/shop", Some(evil), "OPTIONS", 204, Some("*")),
        ("/in/shop", Some(evil), "PUT", 405, Some("*")),
        ("/in/none", Some(evil), "POST", 404, Some("*")),
        ("/in/none", Some(evil), "OPTIONS", 204, Some("*")),
        ("/in/gone", Some(evil), "POST", 410, Some("*")),
        ("/in/limited", Some(SHOP), "POST", 200, Some(SHOP)),
        ("/in/limited", Some(SHOP), "OPTIONS", 204, Some(SHOP)),
        ("/in/limited", Some(SHOP), "PUT", 405, Some(SHOP)),
        ("/in/limited", None, "POST", 200, None),
        ("/in/limited", None, "OPTIONS", 204, None),
        ("/in/limited", Some(evil), "POST", 403, None),
        ("/in/limited", Some(evil), "OPTIONS", 403, None),
    ];
    for (target, origin, method, status, allowed) in table {
        let origin = origin
            .map(|origin| format!("Origin: {origin}\r\n"))
            .unwrap_or_default();
        let answer = client.ask(request(method, target, &origin, "a=1")).await;
        let row = format!("{method} {target} {origin}");
        assert_eq!(answer.status, status, "{row}");
        assert_eq!(answer.header("access-control-allow-origin"), allowed, "{row}");
        assert_eq!(answer.header("vary"), Some("origin"), "{row}");
        // With cookies only from the origins that the channel names.
        let with_cookies = allowed.filter(|allowed| *allowed != "*").map(|_| "true");
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            with_cookies,
            "{row}"
        );
    }
}

#[tokio::test]
async fn a_preflight_says_what_may_be_sent() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let asked = "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n\
                 Access-Control-Request-Headers: content-type,x-mine\r\nAccess-Control-Request-Private-Network: true\r\n";
    let answer = client.ask(request("OPTIONS", "/in/limited", asked, "")).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (204, Some("GET, POST, OPTIONS"))
    );
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET, POST, OPTIONS")
    );
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("content-type,x-mine")
    );
    assert_eq!(
        answer.header("access-control-allow-private-network"),
        Some("true")
    );
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert!(shop.stored().is_empty());
}

#[tokio::test]
async fn a_person_gets_a_page_or_the_channels_own() {
    let shop = shop().await;
    let mut client = shop.client().await;
    let russian = format!("{BROWSER}Accept-Language: ru-RU,ru;q=0.9,en;q=0.8\r\n");
    let answer = client.ask(post("/in/shop/", &russian, "a=1")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(
        answer.body.contains("Спасибо") && answer.body.contains("lang=\"ru\""),
        "{}",
        answer.body
    );
    assert!(answer.body.contains(&shop.stored()[0].received.id.to_string()));
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'; style-src 'self'")
    );
    assert!(
        !answer.body.contains("<style")
            && !answer.body.contains("style=")
            && !answer.body.contains("<script")
    );
    assert!(
        answer.body.contains(&format!("href=\"../..{}\"", *STYLE_PATH)),
        "{}",
        answer.body
    );

    let answer = client.ask(post("/in/shop", BROWSER, "a=1")).await;
    assert!(answer.body.contains("Thank you"), "{}", answer.body);
    let answer = client.ask(post("/in/limited", BROWSER, "a=1")).await;
    assert_eq!((answer.status, answer.body.as_str()), (303, ""));
    assert!(
        answer
            .header("location")
            .unwrap()
            .starts_with("https://shop.example/%D1%81")
    );
    let answer = client.ask(post("/in/limited", "Accept: */*\r\n", "a=1")).await;
    assert_eq!(json_of(&answer)["status"], "accepted");

    for (bytes, status, words) in [
        (post("/in/none", &russian, "a=1"), 404, "Здесь ничего нет"),
        (post("/in/shop", &russian, "{\"a\":"), 400, "Номер запроса"),
        (
            post("/in/limited", &format!("{BROWSER}Origin: null\r\n"), "a=1"),
            403,
            "Not accepted",
        ),
        (request("GET", "/", BROWSER, ""), 404, "Nothing here"),
    ] {
        let answer = client.ask(&bytes).await;
        assert_eq!(answer.status, status, "{bytes:.60}");
        assert!(
            answer.body.starts_with("<!DOCTYPE html>") && answer.body.contains(words),
            "{}",
            answer.body
        );
        goes_on(&mut client).await;
    }
}

#[tokio::test]
async fn what_lies_beside_the_channels() {
    let shop = shop().await;
    let mut client = shop.client().await;
    assert_eq!(client.ask(request("GET", "/healthz", "", "")).await.body, "ok");
    assert!(
        client
            .ask(request("GET", "/robots.txt", "", ""))
            .await
            .body
            .contains("Disallow: /")
    );
    let style = client.ask(request("GET", &STYLE_PATH, "", "")).await;
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
    assert!(style.header("cache-control").unwrap().contains("immutable"));
    assert!(shop.stored().is_empty());
}
