//! What a website sends is text on every page, never markup, however it is named.

use serde_json::json;

use crate::access::signed_in_at;
use crate::harness::{Bridge, portal, shop_channel};
use crate::person::Language::Russian;
use crate::person::Person;

/// Would leave a mark in any place where markup is expected: text, attributes in either quotes, scripts, comments.
const EVIL: &str =
    "--></script></textarea></title>'\"><img class=evil src=x onerror=\"window.evil=1\"><b class=evil>";

/// No element of ours came of it, and no script of it ran.
fn is_harmless(person: &Person, page: &str) {
    let evil = "return document.querySelectorAll('.evil').length + (window.evil ?? 0)";
    let found = person.browser.script(evil, &[]).expect("a count");
    assert_eq!(found, 0, "{page} took a value for markup");
    assert!(
        !person.text().contains("onerror") || person.text().contains("<img"),
        "{page}"
    );
}

#[test]
fn what_websites_send_is_text_on_every_page() {
    let portal = portal();
    let mut bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({"name": EVIL, "thank_you_url": null})));
    bridge.channel(&shop_channel(
        json!({"slug": "spam", "name": EVIL, "honeypot": "trap"}),
    ));
    let mut evil = json!({"client_name": EVIL, "client_phone": EVIL, "order_id": EVIL, "order_amount": "1", "nested": {}});
    evil[EVIL] = json!(EVIL);
    evil["nested"][EVIL] = json!([EVIL, {"a]": EVIL}]);
    let delivered = bridge.post_json("shop-orders", &evil).id();
    evil["order_amount"] = json!(EVIL);
    let failed = bridge.post_json("shop-orders", &evil).id();
    let unreadable = bridge.send(
        "POST",
        "/in/shop-orders",
        &[("content-type", EVIL)],
        format!("{{{EVIL}").as_bytes(),
    );
    let spam = bridge
        .post_json("spam", &json!({"trap": EVIL, "client_name": EVIL}))
        .id();
    let file = file_upload();
    let headers = [
        ("content-type", "multipart/form-data; boundary=b"),
        ("referer", EVIL),
        ("user-agent", EVIL),
        ("accept", "text/html"),
    ];
    let uploaded = bridge.send("POST", "/in/shop-orders", &headers, file.as_bytes());
    assert_eq!(uploaded.status, 200, "{}", uploaded.body);
    bridge.settle();

    let person = signed_in_at(&mut bridge, Person::new(Russian));
    let mut pages: Vec<String> = [
        "/",
        "/channels",
        "/channels/shop-orders",
        "/channels/shop-orders/try",
        "/channels/shop-orders/delete",
        "/inbox",
        "/inbox?state=failed",
        "/inbox/again?state=failed",
        "/portal",
        "/settings",
    ]
    .map(str::to_owned)
    .into();
    let query =
        serde_urlencoded::to_string([("q", EVIL), ("channel", EVIL), ("state", EVIL), ("from", EVIL)]);
    pages.push(format!("/inbox?{}", query.expect("a query")));
    let query = serde_urlencoded::to_string([("next", EVIL)]).expect("a query");
    pages.push(format!("/nowhere?{query}"));
    pages.push(format!(
        "/{}",
        percent_encoding::utf8_percent_encode(EVIL, percent_encoding::NON_ALPHANUMERIC)
    ));
    let all = bridge.cli_json(&["inbox", "list", "--json"]);
    let all = all.as_array().expect("a list");
    assert!(all.len() >= 4 && unreadable.status < 500, "{all:?}");
    for submission in all {
        let id = submission["id"].as_str().expect("an id");
        pages.push(format!("/inbox/{id}"));
        pages.push(format!("/channels/shop-orders/try?from={id}"));
    }
    for id in [&delivered, &failed, &spam] {
        assert!(pages.contains(&format!("/inbox/{id}")), "{id} is in the inbox");
    }
    for (n, page) in pages.iter().enumerate() {
        person.visit(&bridge, page);
        is_harmless(&person, page);
        person.looks_at(&format!("hostile-{n}"));
    }
    // The portal's own pages show the same values.
    person.open(&portal.base_url());
    is_harmless(&person, "the practice portal");
}

/// A form with a file, both named badly.
fn file_upload() -> String {
    let name = EVIL.replace('"', "%22");
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.txt\"\r\nContent-Type: text/plain\r\n\r\n\
         {EVIL}\r\n--b\r\nContent-Disposition: form-data; name=\"client_name\"\r\n\r\n{EVIL}\r\n--b--\r\n"
    )
}
