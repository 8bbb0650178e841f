//! Contract 8, "Cost", counted by the practice portal.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Bridge, order, portal, shop_channel};
use crate::records::{add, channel, count, deliver, deliver_as};

/// HTTP requests that one lone submission costs, delivered into this state.
#[test]
fn a_lone_submission_costs_two_requests() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    bridge.channel(&shop_channel(json!({"slug": "ignore", "on_found": "ignore"})));
    let lead = json!([
        ["contact", "NAME", "{client_name}"],
        ["contact", "PHONE", "{client_phone}", true],
        ["contact", "EMAIL", "{email}", true],
        ["lead", "TITLE", "{order_id}"],
        ["lead", "PHONE", "{client_phone}", true],
        ["lead", "EMAIL", "{email}", true],
    ]);
    let settings = json!({"mode": "search_first", "update_fields": true, "update_contact": true, "add_comment": true, "add_activity": true});
    bridge.channel(&channel("lead", "lead", lead, settings.clone()));
    let by_contact = json!([
        ["contact", "PHONE", "{client_phone}", true],
        ["deal", "TITLE", "{order_id}"]
    ]);
    bridge.channel(&channel("by-contact", "deal", by_contact, settings));
    // The first request wakes the connection to the portal.
    deliver(&bridge, "shop-orders", &json!({"client_name": "Первая"}));
    add(&portal, "contact", &json!({"PHONE": [{"VALUE": "+74712773129"}]}));

    let with = |mut order: Value, changes: Value| {
        for (key, value) in changes.as_object().expect("an object") {
            order[key] = value.clone();
        }
        order
    };
    let found = json!({"client_phone": "8 471 277-31-29"});
    let email = json!({"client_phone": "8 471 277-31-20", "email": "m@example.com"});
    for (what, slug, body, state, requests) in [
        (
            "a new contact and deal",
            "shop-orders",
            order(6510),
            "delivered",
            2,
        ),
        ("the same order again", "shop-orders", order(6510), "delivered", 2),
        (
            "a found contact, a new deal",
            "shop-orders",
            with(order(6511), found.clone()),
            "delivered",
            2,
        ),
        ("nothing but a look", "ignore", order(6510), "ignored", 1),
        ("a new lead", "lead", order(1), "delivered", 2),
        (
            "a lead and a contact that lack an e-mail",
            "lead",
            with(order(2), email.clone()),
            "delivered",
            2,
        ),
        (
            "a lead found by both",
            "lead",
            with(order(3), email),
            "delivered",
            2,
        ),
        (
            "a deal found by its contact",
            "by-contact",
            order(6512),
            "delivered",
            2,
        ),
        (
            "a deal of a contact without one",
            "by-contact",
            with(order(1), json!({"client_phone": "+74712773128"})),
            "delivered",
            2,
        ),
    ] {
        portal.reset_stats();
        deliver_as(&bridge, slug, &body, state);
        let stats = portal.stats();
        assert_eq!(stats.http_requests, requests, "{what}: {:#?}", stats.log);
    }
}

/// A backlog shares its requests.
#[test]
fn a_backlog_goes_in_waves() {
    const MANY: usize = 200;
    let portal = portal();
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    bridge.channel(&shop_channel(json!({})));
    for n in 0..MANY {
        let phone = format!("+7471277{n:04}");
        bridge.post_json(
            "shop-orders",
            &json!({"client_phone": phone, "client_name": "Мария", "order_id": n, "order_amount": 1}),
        );
    }
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    portal.reset_stats();
    bridge.settle();
    assert_eq!(
        (count(&portal, "contacts"), count(&portal, "deals")),
        (MANY, MANY)
    );
    assert_eq!(
        (count(&portal, "comments"), count(&portal, "activities")),
        (MANY, MANY)
    );
    let stats = portal.stats();
    assert!(
        stats.log.iter().all(|request| request.methods.len() <= 50),
        "{:#?}",
        stats.log
    );
    // Alone, they would have cost two each.
    let requests = usize::try_from(stats.http_requests).unwrap();
    assert!(requests * 2 <= MANY, "{requests} requests for {MANY} submissions");
}

/// At most one probe a minute: so none in a few seconds, once it has started.
#[test]
fn an_idle_bridge_leaves_the_portal_in_peace() {
    const WATCHED: Duration = Duration::from_secs(4);
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    deliver(&bridge, "shop-orders", &order(6510));
    let before = portal.stats().http_requests;
    let started = Instant::now();
    // What an administrator does beside it costs the portal nothing either.
    while started.elapsed() < WATCHED {
        bridge.cli_ok(&["inbox", "list"]);
        bridge.cli_ok(&["channel", "list"]);
        bridge.channel(&shop_channel(
            json!({"update_contact": started.elapsed().as_secs().is_multiple_of(2)}),
        ));
    }
    let stats = portal.stats();
    assert_eq!(stats.http_requests, before, "{:#?}", stats.log);
}
