//! Administrators made on the command line, and signed in over the real listener.

use serde_json::Value;

use crate::harness::{Bridge, portal, request};

const PASSWORD: &str = "корабль-на-якоре";

#[test]
fn an_administrator_made_on_the_command_line_signs_in() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &["--admin-url", "http://bridge.example"]);
    let weak = bridge.cli_with(&["user", "add", "Анна"], b"short\n");
    assert_eq!(weak.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&weak.stderr).contains("10 characters"));
    assert_eq!(bridge.cli_json(&["user", "list", "--json"]), Value::Array(vec![]));

    bridge.cli_ok_with(
        &["user", "add", "Анна"],
        format!("{PASSWORD}\r\nmore\n").as_bytes(),
    );
    let twice = bridge.cli_with(&["user", "add", "анна"], PASSWORD.as_bytes());
    assert_eq!(twice.status.code(), Some(1));
    assert_eq!(sign_in(&bridge, PASSWORD), 303);
    let listed = bridge.cli_json(&["user", "list", "--json"]);
    assert_eq!(listed[0]["name"], "Анна");
    assert!(listed[0]["last_sign_in_at"].is_string(), "{listed}");

    bridge.cli_ok_with(&["user", "passwd", "Анна"], "другой-пароль\n".as_bytes());
    assert_eq!(sign_in(&bridge, PASSWORD), 422);
    assert_eq!(sign_in(&bridge, "другой-пароль"), 303);
    bridge.cli_ok(&["user", "delete", "Анна"]);
    assert_eq!(bridge.cli(&["user", "delete", "Анна"]).status.code(), Some(1));
    assert_eq!(sign_in(&bridge, "другой-пароль"), 422);
}

/// Takes the form and posts it as a browser would; the status of the answer.
fn sign_in(bridge: &Bridge, password: &str) -> u16 {
    let address = format!("{}/sign-in", bridge.admin());
    let page = request(&address, "GET", &[], b"").expect("an answer");
    // Without any account there is no form but the language's; its token is the same.
    let token = page
        .body
        .split(r#"name="csrf" value=""#)
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let cookie = page
        .header("set-cookie")
        .expect("a cookie")
        .split(';')
        .next()
        .expect("a pair");
    let form = [
        ("csrf", token.expect("a token")),
        ("name", "Анна"),
        ("password", password),
    ];
    let headers = [
        ("cookie", cookie),
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "http://bridge.example"),
    ];
    let body = serde_urlencoded::to_string(form).expect("a form");
    request(&address, "POST", &headers, body.as_bytes())
        .expect("an answer")
        .status
}
