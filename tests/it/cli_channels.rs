//! Contract 2: channels by the command line, beside a running server and without one.

use std::time::{Duration, Instant};

use b24_bridge::practice_portal::{Kin, Kind};
use serde_json::{Value, json};

use crate::cli::fails;
use crate::harness::{Bridge, order, portal, repository, shop_channel, text, until};
use crate::records::{add, channel, writes};

/// The address that `channel apply` prints works when the command has ended, and so does one that is made again.
#[test]
fn a_channel_takes_requests_as_soon_as_it_is_applied() {
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    for n in 0..5 {
        let slug = format!("fresh-{n}");
        for made_again in [false, true] {
            let settings = shop_channel(json!({"slug": slug}));
            bridge.cli_ok_with(&["channel", "apply", "-"], settings.to_string().as_bytes());
            let answer = bridge.post_form(&slug, &[("client_name", "Мария")]);
            assert_eq!(answer.status, 200, "{slug}, made again: {made_again}");
            bridge.cli_ok(&["channel", "delete", &slug]);
            until("the deletion is noticed", || {
                (bridge.post_form(&slug, &[]).status == 410).then_some(())
            });
        }
    }
}

/// What a delivery would never see, and what would be stored without one.
#[test]
fn a_dry_run_tells_what_would_not_be_delivered() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    let settings = json!({"add_comment": true, "secret": "correct-horse-battery", "honeypot": "website"});
    bridge.channel(&shop_channel(settings));
    let plan = |more: Value| {
        let mut body = order(6510);
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let args = ["channel", "plan", "shop-orders", "--data", "-"];
        bridge.cli_ok_with(&args, body.to_string().as_bytes())
    };
    let right = plan(json!({"_secret": "correct-horse-battery"}));
    assert!(right.starts_with("Read from the portal:"), "{right}");
    assert!(
        !right.contains("correct-horse") && !right.contains("_secret"),
        "{right}"
    );
    for (more, why) in [
        (json!({}), "spam, it came without the channel's secret"),
        (json!({"_secret": "wrong-horse-battery"}), "another secret"),
        (
            json!({"_secret": "correct-horse-battery", "website": "x"}),
            "the hidden field \"website\" was filled in",
        ),
    ] {
        let said = plan(more);
        let first = said.lines().next().unwrap();
        assert!(
            first.starts_with("Would not be delivered: ") && first.contains(why),
            "{first}"
        );
    }
    bridge.channel(&shop_channel(json!({"enabled": false})));
    assert!(plan(json!({})).starts_with("Would not be delivered: the channel is off"));
    let args = ["channel", "plan", "shop-orders", "--data", "-", "--json"];
    let test: Value = serde_json::from_str(&bridge.cli_ok_with(&args, b"test=test")).unwrap();
    assert_eq!(
        test["not_delivered"],
        "it is a connection test, or holds no field"
    );
}

/// A misspelt field is told at once, and not when the first customer's request fails.
#[test]
fn applying_tells_what_the_portal_lacks() {
    let portal = portal();
    let bridge = Bridge::folder(&[]);
    let misspelt = shop_channel(json!({"stage_id": "NEEW", "responsible_id": 99}));
    let apply = || {
        let output = bridge.cli_with(&["channel", "apply", "-"], misspelt.to_string().as_bytes());
        assert_eq!(output.status.code(), Some(0));
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed["stage_id"], "NEEW", "it is stored all the same");
        text(&output.stderr)
    };
    assert_eq!(apply(), "", "nothing is known of any portal");
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    let said = apply();
    for expected in [
        "Note: shop-orders: stage_id: the portal has no stage NEEW (did you mean NEW?)",
        "Note: shop-orders: responsible_id: 99 is none of the portal's employees",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    // What was made in the portal since is no misspelling.
    let mut newer = shop_channel(json!({}));
    newer["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({"of": "deal", "field": "UF_CRM_MADE_NOW", "value": "{x}"}));
    let apply_newer = || {
        text(
            &bridge
                .cli_with(&["channel", "apply", "-"], newer.to_string().as_bytes())
                .stderr,
        )
    };
    assert!(apply_newer().contains("deals have no field UF_CRM_MADE_NOW"));
    portal.world(|world| {
        world.add_user_field(Kin::Deal, "UF_CRM_MADE_NOW", Kind::Text, false, "Новое", &[]);
    });
    assert_eq!(apply_newer(), "");
    let right = shop_channel(json!({}));
    let output = bridge.cli_with(&["channel", "apply", "-"], right.to_string().as_bytes());
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn channels_go_in_and_come_out_the_same() {
    let bridge = Bridge::folder(&[]);
    for (file, slug) in [
        ("channel-shop-orders.json", "shop-orders"),
        ("channel-leads.json", "site-leads"),
    ] {
        let path = repository("examples").join(file);
        let described: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let applied: Value =
            serde_json::from_str(&bridge.cli_ok(&["channel", "apply", path.to_str().unwrap()])).unwrap();
        let shown = bridge.cli_json(&["channel", "show", slug]);
        assert_eq!(applied, shown);
        assert_eq!(shown["address"], format!("http://localhost:8080/in/{slug}"));
        for (key, value) in described.as_object().unwrap() {
            assert_eq!(&shown[key], value, "{key}");
        }
        // What is printed can be applied again, and changes nothing.
        for printed in [shown.clone(), bridge.cli_json(&["channel", "export", slug])] {
            let again = bridge.cli_ok_with(&["channel", "apply", "-"], printed.to_string().as_bytes());
            assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), shown);
        }
    }
    // All at once, into another folder.
    let all = bridge.cli_json(&["channel", "export"]);
    let copy = Bridge::folder(&[]);
    copy.cli_ok_with(&["channel", "apply", "-"], all.to_string().as_bytes());
    assert_eq!(copy.cli_json(&["channel", "export"]), all);
    assert_eq!(
        bridge
            .cli_json(&["channel", "list", "--json"])
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let list = bridge.cli_ok(&["channel", "list", "--public-url", "https://forms.example"]);
    assert!(
        list.contains("Заказы магазина") && list.contains("https://forms.example/in/shop-orders"),
        "{list}"
    );

    // What is not said is generated.
    let least = bridge.channel(&json!({"entity": "lead"}));
    assert!(least["slug"].as_str().unwrap().len() >= 20, "{least}");
    assert_eq!(
        (&least["name"], &least["enabled"], &least["mode"]),
        (&json!("Входящий канал 3"), &json!(true), &json!("always_create"))
    );
    assert_ne!(bridge.channel(&json!({"entity": "lead"}))["slug"], least["slug"]);
    let output = bridge.cli(&["channel", "delete", "shop-orders"]);
    assert!(output.status.success() && text(&output.stderr).contains("no default channel"));
    assert_eq!(
        bridge
            .cli_json(&["channel", "list", "--json"])
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}

#[test]
fn a_wrong_channel_is_refused_with_its_path_and_nothing_is_stored() {
    let bridge = Bridge::folder(&[]);
    for (wrong, path, reason) in [
        (
            json!({"entity": "deal", "updatestage": true}),
            "updatestage",
            "update_stage",
        ),
        (json!({"entity": "deals"}), "entity", "deal"),
        (json!({"name": "x"}), "entity", "missing"),
        (
            json!({"entity": "deal", "mode": "search"}),
            "mode",
            "search_first",
        ),
        (json!({"entity": "deal", "enabled": "yes"}), "enabled", "boolean"),
        (json!({"entity": "deal", "slug": "a b"}), "slug", "characters"),
        (
            json!({"entity": "deal", "fields": [{"of": "lead", "field": "TITLE", "value": "x"}]}),
            "fields[0].of",
            "deal",
        ),
        (
            json!({"entity": "deal", "fields": [{"of": "deal", "field": "TITLE", "value": "x"}, {"of": "deal", "field": "TITLE", "value": "{a"}]}),
            "fields[1].value",
            "{",
        ),
        (
            json!({"entity": "deal", "fields": [{"of": "deal", "field": "TITLE", "value": "x", "serch": true}]}),
            "fields[0].serch",
            "search",
        ),
        (
            json!([{"entity": "deal", "slug": "good"}, {"entity": "deal", "nam": "x"}]),
            "[1].nam",
            "name",
        ),
    ] {
        let line = fails(&bridge, &["channel", "apply", "-"], &wrong.to_string());
        assert!(line.contains(path) && line.contains(reason), "{wrong}: {line}");
        assert!(
            line.contains("standard input is not a channel, and nothing was stored"),
            "{line}"
        );
    }
    fails(&bridge, &["channel", "apply", "-"], "{\"entity\": ");
    assert_eq!(bridge.cli_json(&["channel", "list", "--json"]), json!([]));
}

/// Contract 2: a running server takes up a changed channel within one second.
#[test]
fn a_running_server_takes_up_changes_at_once() {
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    let origin = [("origin", "https://shop.example")];
    let status = || bridge.send("POST", "/in/in", &origin, b"{\"a\":1}").status;
    let mut took = Vec::new();
    for (origins, expected) in [
        (json!([]), 200),
        (json!(["https://other.example"]), 403),
        (json!([]), 200),
    ] {
        let settings = channel("in", "deal", json!([]), json!({"allowed_origins": origins}));
        bridge.cli_ok_with(&["channel", "apply", "-"], settings.to_string().as_bytes());
        let applied = Instant::now();
        until("the change", || (status() == expected).then_some(()));
        took.push(applied.elapsed());
    }
    // The quickest of three: the machine may be busy with something else.
    assert!(took.iter().min().unwrap() < &Duration::from_secs(1), "{took:?}");
    // A channel that is switched off takes what comes and keeps it.
    bridge.channel(&channel("in", "deal", json!([]), json!({"enabled": false})));
    assert_eq!(status(), 200);
}

#[test]
fn a_dry_run_reads_and_writes_nothing() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let (contact, deal) = (
        add(&portal, "contact", &json!({"PHONE": [{"VALUE": "84712773120"}]})),
        add(
            &portal,
            "deal",
            &json!({"UF_CRM_ORDER_ID": "1", "STAGE_ID": "EXECUTING"}),
        ),
    );
    let before = (writes(&portal), portal.world(|world| world.to_json()));
    let plan = |body: &str, json: bool| {
        let args = ["channel", "plan", "shop-orders", "--data", "-", "--json"];
        bridge.cli_ok_with(&args[..if json { 6 } else { 5 }], body.as_bytes())
    };
    let methods = |plan: &Value, list: &str| -> Vec<String> {
        let calls = plan[list].as_array().unwrap();
        calls
            .iter()
            .map(|call| call["method"].as_str().unwrap().to_owned())
            .collect()
    };
    let new = order(6510).to_string();
    let json: Value = serde_json::from_str(&plan(&new, true)).unwrap();
    assert_eq!(
        methods(&json, "writes"),
        [
            "crm.deal.add",
            "crm.timeline.comment.add",
            "crm.activity.todo.add"
        ]
    );
    assert!(methods(&json, "reads").contains(&"crm.duplicate.findbycomm".to_owned()));
    assert_eq!(json["writes"][0]["params"]["fields"]["TITLE"], "Заказ №6510");
    assert_eq!(
        json["writes"][0]["params"]["fields"]["CONTACT_IDS"],
        json!([contact.to_string()])
    );
    let words = plan(
        "client_phone=%2B79990000000&client_name=%D0%9C&order_id=2&order_amount=3%20500%2C50",
        false,
    );
    let order_of_writes: Vec<_> = [
        "crm.contact.add",
        "crm.deal.add",
        "crm.timeline.comment.add",
        "crm.activity.todo.add",
    ]
    .map(|method| {
        words
            .find(method)
            .unwrap_or_else(|| panic!("{method} in {words}"))
    })
    .into();
    assert!(
        order_of_writes.is_sorted() && words.contains("3500.50"),
        "{words}"
    );
    // In a stage that is not searched: ignored. A value that does not fit: its reason.
    let json: Value = serde_json::from_str(&plan(
        r#"{"order_id": 1, "client_phone": "8 471 277-31-20"}"#,
        true,
    ))
    .unwrap();
    assert_eq!(
        (
            methods(&json, "writes"),
            &json["result"]["action"],
            &json["result"]["entity_ids"]
        ),
        (vec![], &json!("ignored"), &json!([deal]))
    );
    let line = fails(
        &bridge,
        &["channel", "plan", "shop-orders", "--data", "-"],
        r#"{"order_amount": "дорого"}"#,
    );
    assert!(line.contains("OPPORTUNITY") && line.contains("дорого"), "{line}");
    fails(&bridge, &["channel", "plan", "nothing", "--data", "-"], &new);
    fails(
        &bridge,
        &["channel", "plan", "shop-orders", "--data", "-"],
        "{broken",
    );
    assert_eq!((writes(&portal), portal.world(|world| world.to_json())), before);
    assert_eq!(bridge.cli_json(&["inbox", "list", "--json"]), json!([]));
}
