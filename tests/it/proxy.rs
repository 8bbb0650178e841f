//! Contract 10: proxies in front of the listeners, and one on the way to the portal.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Bridge, order, portal, request, shop_channel, text};
use crate::net::{Authority, Front, Proxy};
use crate::records::{all, channel, count};
use crate::visitor::{NAME, PASSWORD, Visitor};

/// Posts an order as a proxy would that was called by `chain`.
fn post(bridge: &Bridge, number: u32, chain: &str) -> String {
    let headers = [
        ("content-type", "application/json"),
        ("x-forwarded-for", chain),
        // Neither is believed for anything.
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=192.0.2.200"),
    ];
    let body = order(number).to_string();
    bridge.send("POST", "/in/visits", &headers, body.as_bytes()).id()
}

/// Each request becomes a lead whose title is the sender's address; two a minute from one address.
fn visits() -> Value {
    channel(
        "visits",
        "lead",
        json!([["lead", "TITLE", "{_ip}"]]),
        json!({"mode": "always_create", "max_per_minute": 2}),
    )
}

#[test]
fn a_trusted_proxy_tells_who_sent_a_request() {
    let portal = portal();
    let bridge = Bridge::start(
        &portal,
        &[
            "--trusted-proxy",
            "127.0.0.1",
            "--trusted-proxy",
            "10.0.0.0/8,fd00::/8",
        ],
    );
    bridge.channel(&visits());
    // The limit counts senders, not the proxy; and nobody escapes it by making addresses up.
    let first = post(&bridge, 1, "203.0.113.50");
    let second = post(&bridge, 2, "198.51.100.1, 203.0.113.50");
    let third = post(&bridge, 3, "198.51.100.2, 203.0.113.50");
    let other = post(&bridge, 4, "203.0.113.51");
    for id in [first, second, other] {
        bridge.wait_for(&id, "delivered");
    }
    bridge.wait_for(&third, "spam");
    for (number, chain, expected) in [
        (11, "203.0.113.7", "203.0.113.7"),
        // What the sender made up stands on the left.
        (12, "127.0.0.1, 10.0.0.1, 203.0.113.8", "203.0.113.8"),
        (13, "203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (14, "2001:db8::7", "2001:db8::7"),
        (15, "nonsense", "127.0.0.1"),
    ] {
        let id = post(&bridge, number, chain);
        bridge.wait_for(&id, "delivered");
        let titles: Vec<Value> = all(&portal, "leads")
            .iter()
            .map(|lead| lead["TITLE"].clone())
            .collect();
        assert!(titles.contains(&json!(expected)), "{chain}: {titles:?}");
    }
}

#[test]
fn without_the_flag_the_header_is_the_senders_own_invention() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&visits());
    let ids = [1, 2, 3].map(|number| post(&bridge, number, &format!("203.0.113.{number}")));
    bridge.wait_for(&ids[0], "delivered");
    bridge.wait_for(&ids[1], "delivered");
    bridge.wait_for(&ids[2], "spam");
    for lead in all(&portal, "leads") {
        assert_eq!(lead["TITLE"], "127.0.0.1");
    }
    // Whoever forgot the flag is told of it, once.
    assert_eq!(
        bridge
            .log()
            .matches("name it with --trusted-proxy 127.0.0.1")
            .count(),
        1
    );
}

#[test]
fn guessing_at_passwords_is_counted_by_the_senders_address() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &["--trusted-proxy", "127.0.0.0/8"]);
    let first = Visitor::first(&bridge);
    assert_eq!(first.post("/sign-out", &[]).status, 303);
    let sign_in = |chain: &str, name: &str, password: &str| {
        let url = format!("{}/sign-in", bridge.admin());
        let page = request(&url, "GET", &[], b"").expect("a page");
        let cookie = page.header("set-cookie").expect("a cookie");
        let token = page.body.split(r#"name="csrf" value=""#).nth(1).expect("a token");
        let form = [
            ("csrf", token.split('"').next().expect("a token")),
            ("name", name),
            ("password", password),
        ];
        let headers = [
            ("cookie", cookie.split(';').next().expect("a pair")),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-forwarded-for", chain),
        ];
        let body = serde_urlencoded::to_string(form).expect("a form");
        let answer = request(&url, "POST", &headers, body.as_bytes());
        answer.expect("an answer").status
    };
    for n in 0..20 {
        // Another made-up address each time, and another name.
        let chain = format!("192.0.2.{n}, 203.0.113.7");
        assert_eq!(sign_in(&chain, &format!("guess{n}"), "wrong"), 422, "{n}");
    }
    assert_eq!(sign_in("203.0.113.7", NAME, PASSWORD), 429);
    assert_eq!(sign_in("203.0.113.8", NAME, PASSWORD), 303);
    assert!(bridge.log().contains("address=203.0.113.7"), "{}", bridge.log());
}

#[test]
fn networks_that_are_none_or_everybody_are_refused() {
    let bridge = Bridge::folder(&[]);
    for (network, part) in [
        ("proxy.example", "10.0.0.0/24"),
        ("0.0.0.0/0", "everybody"),
        ("10.0.0.0/40", "expected an address"),
    ] {
        let output = bridge.cli(&["serve", "--listen", "127.0.0.1:0", "--trusted-proxy", network]);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert!(said.contains(part), "{network}: {said}");
    }
}

/// The only way to the portal leads through a proxy that asks for a login, and that alone knows the portal's name.
#[test]
fn a_proxy_on_the_way_carries_calls_with_and_without_tls() {
    let authority = Authority::new("Company CA");
    let files = tempfile::tempdir().expect("a folder");
    let ca = authority.file(files.path());
    for secure in [false, true] {
        let portal = portal();
        let front = Front::of(&portal, &authority.server(&["portal.company.test"]));
        let (target, base) = if secure {
            (front.address, "https://portal.company.test")
        } else {
            (portal.address(), "http://portal.company.test")
        };
        let proxy = Proxy::start(target);
        let webhook = portal.webhook_url().replace(&portal.base_url(), base);
        let url = proxy.url("hunter2");
        let mut bridge = Bridge::folder(&["--portal-ca", &ca, "--portal-proxy", &url]);
        let connect = ["portal", "connect", "--webhook", &webhook, "--portal-ca", &ca];
        let wrong = bridge.cli(&[&connect[..], &["--portal-proxy", &proxy.url("wrong-one")]].concat());
        let said = text(&wrong.stdout) + &text(&wrong.stderr);
        assert_eq!(wrong.status.code(), Some(1), "{said}");
        assert!(
            said.contains("the proxy makes no connection") && !said.contains("wrong-one"),
            "{said}"
        );
        bridge.cli_ok(&[&connect[..], &["--portal-proxy", &url]].concat());
        bridge.channel(&shop_channel(json!({})));
        bridge.serve();
        let id = bridge.post_json("shop-orders", &order(6510)).id();
        bridge.wait_for(&id, "delivered");
        assert_eq!(count(&portal, "deals"), 1);
        let port = if secure { 443 } else { 80 };
        let line = format!("CONNECT portal.company.test:{port} HTTP/1.1");
        assert!(
            proxy.asked().iter().all(|asked| *asked == line),
            "{:?}",
            proxy.asked()
        );
        bridge.stop();
        assert!(!bridge.log().contains("hunter2"));
        assert!(Path::new(&ca).exists());
    }
}
