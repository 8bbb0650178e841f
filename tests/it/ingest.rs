//! Contract 4: what is taken, how it is read, and what is refused. No portal is needed to receive.

use serde_json::{Value, json};

use crate::harness::{Answer, Bridge};
use crate::records::channel;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=b");
const BROWSER: [(&str, &str); 2] = [("accept", "text/html,*/*;q=0.8"), ("accept-language", "ru")];

/// A bridge without a portal, with one channel `in`.
fn start(flags: &[&str]) -> Bridge {
    let mut bridge = Bridge::folder(flags);
    bridge.serve();
    bridge.channel(&channel(
        "in",
        "deal",
        json!([["deal", "TITLE", "{title}"]]),
        json!({"name": "Первый"}),
    ));
    bridge
}

fn stored(bridge: &Bridge) -> usize {
    let list = bridge.cli_json(&["inbox", "list", "--limit", "100000", "--json"]);
    list.as_array().expect("a list").len()
}

/// A refusal in its JSON form, with the header by which any script may read it.
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (status, Some(code)),
        "{answer:?}"
    );
    let message = answer.json()["message"].as_str().expect("a message").to_owned();
    assert!(message.len() > 20 && message.ends_with('.'), "{message}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

/// One way to send: method, path and query behind `/in/in`, headers, body, and the fields that are read.
type Way<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [u8], &'a str);

#[test]
fn one_address_reads_everything() {
    let bridge = start(&[]);
    let tree =
        r#"{"client":{"phone":"1","names":["a","b"]},"items":[{"sku":"A"},{"sku":"B"}],"tags":["x","y"]}"#;
    let php = b"client[phone]=1&client[names][]=a&client[names][]=b&items[0][sku]=A&items[1][sku]=B&tags[]=x&tags[]=y";
    let php_query = format!(
        "?{}",
        String::from_utf8_lossy(php)
            .replace('[', "%5B")
            .replace(']', "%5D")
    );
    let parts = |names: &[(&str, &str)]| -> String {
        let part = |(name, value): &(&str, &str)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        names.iter().map(part).chain(["--b--\r\n".to_owned()]).collect()
    };
    let php_multipart = parts(&[
        ("client[phone]", "1"),
        ("client[names][0]", "a"),
        ("client[names][1]", "b"),
        ("items[0][sku]", "A"),
        ("items[1][sku]", "B"),
        ("tags[0]", "x"),
        ("tags[1]", "y"),
    ]);
    let maria = r#"{"name":"Мария"}"#;
    let json5 = "{\n\t'client_phone': 74712773120,\n\t'client_name': 'Мария',\n\t'order_id': 6510,\n\t'order_amount': 3500\n}";
    let manual = r#"{"client_phone":74712773120,"client_name":"Мария","order_id":6510,"order_amount":3500}"#;
    let numbers =
        r#"{"id":12345678901234567890,"sum":3500.00,"phone":74712773120,"e":1e3,"s":"007","list":[0.10]}"#;
    let many: String = (0..1000).map(|n| format!("f{n}={n}&")).collect();
    let many_read = Value::Object(
        (0..1000)
            .map(|n| (format!("f{n}"), json!(n.to_string())))
            .collect(),
    )
    .to_string();
    let deep = format!("{}1{}", r#"{"a":"#.repeat(32), "}".repeat(32));
    let (in_a_list, with_mark) = (format!("[{tree}]"), format!("\u{feff} \n{tree}\n"));
    let ways: &[Way<'_>] = &[
        // PHP's names and JSON are one tree.
        ("POST", "", &[FORM], php, tree),
        ("GET", &php_query, &[], b"", tree),
        ("POST", &php_query, &[], b"", tree),
        ("POST", "", &[MULTIPART], php_multipart.as_bytes(), tree),
        ("POST", "", &[JSON], tree.as_bytes(), tree),
        ("POST", "/", &[JSON], tree.as_bytes(), tree),
        // The body is recognised by itself.
        (
            "POST",
            "",
            &[("content-type", "text/plain")],
            tree.as_bytes(),
            tree,
        ),
        ("POST", "", &[], tree.as_bytes(), tree),
        ("POST", "", &[FORM], tree.as_bytes(), tree),
        ("POST", "", &[JSON], php, tree),
        ("POST", "", &[], php_multipart.as_bytes(), tree),
        ("POST", "", &[JSON], in_a_list.as_bytes(), tree),
        ("POST", "", &[JSON], with_mark.as_bytes(), tree),
        // The manual's example, quotes and all.
        ("POST", "", &[JSON], json5.as_bytes(), manual),
        ("POST", "", &[], json5.as_bytes(), manual),
        // Digits are kept.
        ("POST", "", &[JSON], numbers.as_bytes(), numbers),
        // Character sets.
        ("POST", "", &[FORM], "name=Мария".as_bytes(), maria),
        ("POST", "", &[FORM], b"name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F", maria),
        ("POST", "", &[FORM], b"name=%CC%E0%F0%E8%FF", maria),
        (
            "POST",
            "",
            &[(
                "content-type",
                "application/x-www-form-urlencoded; charset=windows-1251",
            )],
            b"name=\xCC\xE0\xF0\xE8\xFF",
            maria,
        ),
        (
            "POST",
            "",
            &[("content-type", "application/json; charset=Windows-1251")],
            b"{\"name\":\"\xCC\xE0\xF0\xE8\xFF\"}",
            maria,
        ),
        ("POST", "", &[JSON], b"{\"name\":\"\xCC\xE0\xF0\xE8\xFF\"}", maria),
        ("GET", "?name=%CC%E0%F0%E8%FF", &[], b"", maria),
        // Lists, and the query beside the body, which wins.
        ("POST", "", &[FORM], b"a=1&a=2&b=3", r#"{"a":["1","2"],"b":"3"}"#),
        (
            "POST",
            "?a=query&b=query",
            &[FORM],
            b"a=body",
            r#"{"a":"body","b":"query"}"#,
        ),
        (
            "POST",
            "/?b=query",
            &[JSON],
            br#"{"a":"body"}"#,
            r#"{"a":"body","b":"query"}"#,
        ),
        // As much as may be sent.
        ("POST", "", &[FORM], many.as_bytes(), &many_read),
        ("POST", "", &[JSON], deep.as_bytes(), &deep),
    ];
    let ids: Vec<String> = ways
        .iter()
        .map(|(method, path, headers, body, _)| {
            let answer = bridge.send(method, &format!("/in/in{path}"), headers, body);
            assert_eq!(answer.status, 200, "{path} {headers:?} {answer:?}");
            assert_eq!(answer.json(), json!({"status": "accepted", "id": answer.id()}));
            answer.id()
        })
        .collect();
    for (id, (method, path, headers, _, expected)) in ids.iter().zip(ways) {
        let shown = bridge.show(id);
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        assert_eq!(shown["fields"], expected, "{method} {path} {headers:?}");
        assert_eq!(
            (&shown["channel"], &shown["received_via"], &shown["state"]),
            (&json!("in"), &json!("in"), &json!("queued"))
        );
        // As text: a number that lost a digit could still be equal.
        if path.is_empty() && expected["sum"] != json!(null) {
            let text = bridge.cli_ok(&["inbox", "show", id, "--json"]);
            assert!(
                text.contains("12345678901234567890") && text.contains("3500.00") && text.contains("0.10"),
                "{text}"
            );
        }
    }
}

#[test]
fn refusals_say_why_and_store_nothing() {
    let bridge = start(&["--max-body", "20000"]);
    refused(
        &bridge.send("POST", "/in/nowhere", &[FORM], b"a=1"),
        404,
        "unknown_channel",
    );
    refused(&bridge.send("GET", "/in/?a=1", &[], b""), 404, "unknown_channel");
    assert_eq!(bridge.send("GET", "/elsewhere", &[], b"").status, 404);
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = bridge.send(method, "/in/in", &[FORM], b"a=1");
        refused(&answer, 405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET, POST, OPTIONS"));
    }
    let head = bridge.send("HEAD", "/in/in?a=1", &[], b"");
    assert_eq!((head.status, head.body.as_str()), (405, ""));
    let long = format!("a={}", "x".repeat(20_000));
    refused(
        &bridge.send("POST", "/in/in", &[FORM], long.as_bytes()),
        413,
        "too_large",
    );
    let many: String = (0..=1000).map(|n| format!("f{n}={n}&")).collect();
    refused(
        &bridge.send("POST", "/in/in", &[FORM], many.as_bytes()),
        413,
        "too_large",
    );
    let deep = format!("{}1{}", r#"{"a":"#.repeat(33), "}".repeat(33));
    refused(
        &bridge.send("POST", "/in/in", &[JSON], deep.as_bytes()),
        413,
        "too_large",
    );
    let deep = format!("a{}=1", "[b]".repeat(32));
    refused(
        &bridge.send("POST", "/in/in", &[FORM], deep.as_bytes()),
        413,
        "too_large",
    );
    assert_eq!(stored(&bridge), 0);

    // What cannot be read is kept, and its number told.
    let broken = b"{\"name\": \"\xff\xfe";
    let answer = bridge.send("POST", "/in/in", &[JSON], broken);
    refused(&answer, 400, "unreadable");
    let shown = bridge.show(&answer.id());
    assert_eq!(
        (&shown["state"], &shown["fields"]),
        (&json!("unreadable"), &json!(null))
    );
    assert!(shown["error"].as_str().expect("an error").contains("JSON"));
    assert!(
        shown["raw"]
            .as_str()
            .expect("as it came")
            .starts_with("{\"name\": \"")
    );
    assert_eq!(stored(&bridge), 1);
    // The server is none the worse for any of it.
    assert_eq!(bridge.send("POST", "/in/in", &[FORM], b"a=1").status, 200);
    assert_eq!(stored(&bridge), 2);
}

#[test]
fn connection_tests_and_repeats() {
    let bridge = start(&[]);
    bridge.channel(&channel("other", "deal", json!([]), json!({})));
    for (method, path, body) in [
        ("POST", "/in/in", "test=test"),
        ("GET", "/in/in?test=test", ""),
        ("POST", "/in/in", r#"{"test":"test"}"#),
    ] {
        let answer = bridge.send(method, path, &[], body.as_bytes());
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (200, &json!("accepted"))
        );
        assert_eq!(bridge.show(&answer.id())["state"], "test");
    }
    for real in ["test=test&name=x", "test=Test", "testing=test"] {
        let id = bridge.send("POST", "/in/in", &[FORM], real.as_bytes()).id();
        assert_eq!(bridge.show(&id)["state"], "queued", "{real}");
    }
    // The same key on the same channel is the same submission, whatever it carries.
    let before = stored(&bridge);
    let keyed = |slug: &str, key: &str, body: &str| {
        let headers = [FORM, ("idempotency-key", key)];
        bridge.send("POST", &format!("/in/{slug}"), &headers, body.as_bytes())
    };
    let first = keyed("in", "order-1", "title=a");
    let again = keyed("in", "order-1", "title=b");
    assert_eq!((first.status, again.status, first.id()), (200, 200, again.id()));
    let others = [
        keyed("in", "order-2", "title=a").id(),
        keyed("other", "order-1", "title=a").id(),
        keyed("in", "", "title=a").id(),
    ];
    assert!(!others.contains(&first.id()));
    // A repeat is kept, and delivered it is not.
    assert_eq!(
        (stored(&bridge), bridge.in_state("repeat").len()),
        (before + 5, 1)
    );
    // Together, too.
    let ids: Vec<String> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| keyed("in", "order-3", "title=a").id()))
            .collect();
        senders
            .into_iter()
            .map(|sender| sender.join().expect("an id"))
            .collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(
        (stored(&bridge), bridge.in_state("repeat").len()),
        (before + 13, 8)
    );
}

#[test]
fn a_deleted_channels_address_lives_on_in_the_default_one() {
    let bridge = start(&[]);
    let post = |slug: &str| bridge.send("POST", &format!("/in/{slug}"), &[FORM], b"title=a");
    bridge.channel(&channel("old", "deal", json!([]), json!({})));
    let before = post("old").id();
    let changes_to = |slug: &str, status: u16| {
        let head = || bridge.send("HEAD", &format!("/in/{slug}"), &[], b"").status;
        crate::harness::until("the change to be taken up", || (head() == status).then_some(()));
    };
    bridge.cli_ok(&["channel", "delete", "old"]);
    changes_to("old", 410);
    refused(&post("old"), 410, "channel_deleted");
    // A default channel takes over; the way it came is remembered; what came before stays where it was.
    bridge.channel(&channel("in", "deal", json!([]), json!({"is_default": true})));
    changes_to("old", 405);
    let shown = bridge.show(&post("old").id());
    assert_eq!(
        (&shown["channel"], &shown["received_via"]),
        (&json!("in"), &json!("old"))
    );
    let direct = bridge.show(&post("in").id());
    assert_eq!(
        (&direct["channel"], &direct["received_via"]),
        (&json!("in"), &json!("in"))
    );
    assert_eq!(bridge.show(&before)["channel"], "old");
    // One default at most: the flag moves. An address that never was is still unknown.
    bridge.channel(&channel("second", "lead", json!([]), json!({"is_default": true})));
    crate::harness::until("the flag to move", || {
        (bridge.show(&post("old").id())["channel"] == "second").then_some(())
    });
    assert_eq!(
        bridge.cli_json(&["channel", "show", "in", "--json"])["is_default"],
        false
    );
    refused(&post("never"), 404, "unknown_channel");
    // The default itself is deleted: nobody takes it. A channel of the same slug takes its address back.
    bridge.cli_ok(&["channel", "delete", "second"]);
    changes_to("old", 410);
    bridge.channel(&channel("old", "deal", json!([]), json!({})));
    changes_to("old", 405);
    assert_eq!(bridge.show(&post("old").id())["received_via"], "old");
}

#[test]
fn browsers_get_pages_and_scripts_get_permission() {
    let bridge = start(&[]);
    let shop = "https://shop.example";
    bridge.channel(&channel(
        "thanks",
        "deal",
        json!([]),
        json!({"thank_you_url": "https://shop.example/%D1%81%D0%BF%D1%81?x=1"}),
    ));
    bridge.channel(&channel(
        "listed",
        "deal",
        json!([]),
        json!({"allowed_origins": [shop]}),
    ));
    // A page of our own, or the channel's; stored all the same.
    let page = bridge.send("POST", "/in/in", &[FORM, BROWSER[0], BROWSER[1]], b"title=a");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(
        page.body.contains("<html") && page.body.contains("Спасибо"),
        "{}",
        page.body
    );
    let id = bridge.cli_json(&["inbox", "list", "--json"])[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert!(page.body.contains(&id));
    let redirect = bridge.send("POST", "/in/thanks", &[FORM, BROWSER[0]], b"title=a");
    assert_eq!(redirect.status, 303);
    assert_eq!(
        redirect.header("location"),
        Some("https://shop.example/%D1%81%D0%BF%D1%81?x=1")
    );
    assert_eq!(stored(&bridge), 2);
    // A script gets JSON of the same channel, and a browser a page for a refusal.
    assert_eq!(bridge.send("POST", "/in/thanks", &[FORM], b"title=a").status, 200);
    let refused_page = bridge.send("POST", "/in/nowhere", &[FORM, BROWSER[0], BROWSER[1]], b"title=a");
    assert_eq!(
        (refused_page.status, refused_page.header("content-type")),
        (404, Some("text/html; charset=utf-8"))
    );

    // CORS: any origin by default, else those listed.
    let preflight = |slug: &str, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-shop"),
        ];
        bridge.send("OPTIONS", &format!("/in/{slug}"), &headers, b"")
    };
    let any = preflight("in", shop);
    assert_eq!(
        (any.status, any.header("access-control-allow-origin")),
        (204, Some("*"))
    );
    assert_eq!(
        any.header("access-control-allow-headers"),
        Some("content-type,x-shop")
    );
    assert!(
        any.header("access-control-allow-methods")
            .expect("methods")
            .contains("POST")
    );
    assert_eq!(
        preflight("listed", shop).header("access-control-allow-origin"),
        Some(shop)
    );
    let before = stored(&bridge);
    let listed = bridge.send("POST", "/in/listed", &[JSON, ("origin", shop)], b"{\"a\":1}");
    assert_eq!(
        (listed.status, listed.header("access-control-allow-origin")),
        (200, Some(shop))
    );
    // Without an origin it is no browser's script.
    assert_eq!(
        bridge.send("POST", "/in/listed", &[JSON], b"{\"a\":1}").status,
        200
    );
    let stranger = bridge.send(
        "POST",
        "/in/listed",
        &[JSON, ("origin", "https://evil.example")],
        b"{\"a\":1}",
    );
    assert_eq!(
        (stranger.status, stranger.json()["error"].as_str()),
        (403, Some("origin_not_allowed"))
    );
    assert_eq!(stranger.header("access-control-allow-origin"), None);
    assert_eq!(stored(&bridge), before + 2);
    // Refusals carry the headers of the channel, too.
    let unreadable = bridge.send("POST", "/in/listed", &[JSON, ("origin", shop)], b"{");
    assert_eq!(
        (
            unreadable.status,
            unreadable.header("access-control-allow-origin")
        ),
        (400, Some(shop))
    );
}
