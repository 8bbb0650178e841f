//! Contract 7, "Order": submissions of one person are delivered in the order of arrival, whatever becomes of each; others
//! overtake them.

use std::time::Duration;

use b24_bridge::practice_portal::{Fault, PracticePortal};
use serde_json::{Value, json};

use crate::harness::{Bridge, portal, shop_channel, until};
use crate::records;
use crate::tally::{Tally, order_of, wait_for_activities, wait_for_batches};

/// The numbers of the deals that submissions made, which grow in the order in which they were made.
fn deals(portal: &PracticePortal, ids: &[String]) -> Vec<u64> {
    let tally = Tally::of(portal);
    let number = |id: &String| tally.deals.get(id)?.first()?["ID"].as_str()?.parse().ok();
    ids.iter()
        .map(|id| number(id).unwrap_or_else(|| panic!("{id} made no deal")))
        .collect()
}

fn state(bridge: &Bridge, id: &str) -> String {
    bridge.show(id)["state"].as_str().expect("a state").to_owned()
}

fn named(person: u32, order: u32, name: &str) -> Value {
    let mut body = order_of(person, order);
    body["client_name"] = json!(name);
    body
}

fn is_held_up(bridge: &Bridge, id: &str) {
    let shown = bridge.show(id);
    assert!(
        matches!(shown["state"].as_str(), Some("queued" | "delivering")),
        "{shown:#}"
    );
    assert_eq!(
        shown["steps"],
        json!([]),
        "nothing may be asked for it yet: {shown:#}"
    );
}

#[test]
fn one_person_in_the_order_of_arrival() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let slow = Fault::Slow {
        before: Duration::from_millis(10),
        after: Duration::from_millis(10),
    };
    portal.faults().until_cleared(slow);
    let ids: Vec<String> = (0..24)
        .map(|n| bridge.post_json("shop-orders", &order_of(n % 3, n)).id())
        .collect();
    wait_for_activities(&portal, ids.len());
    bridge.settle();
    Tally::of(&portal).each_made_one(&ids);
    for person in 0..3 {
        let of: Vec<String> = ids.iter().skip(person).step_by(3).cloned().collect();
        let made = deals(&portal, &of);
        assert!(made.is_sorted(), "{made:?}");
    }
}

#[test]
fn who_waits_for_another_attempt_holds_up_his_own_and_nobody_else() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    portal.faults().for_text("Первый", Fault::Html500);
    let first = bridge.post_json("shop-orders", &named(1, 1, "Первый")).id();
    let second = bridge.post_json("shop-orders", &order_of(1, 2)).id();
    let others: Vec<String> = (3..6)
        .map(|n| bridge.post_json("shop-orders", &order_of(n, n)).id())
        .collect();
    for other in &others {
        bridge.wait_for(other, "delivered");
    }
    is_held_up(&bridge, &second);
    portal.faults().clear();
    bridge.cli(&["inbox", "retry", &first]);
    bridge.wait_for(&first, "delivered");
    bridge.wait_for(&second, "delivered");
    let made = deals(&portal, &[others[0].clone(), first, second]);
    assert!(made.is_sorted(), "{made:?}");
}

/// The same phone on two channels, one for deals and one for leads, is one person.
#[test]
fn one_person_on_two_channels() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let rows = json!([
        ["contact", "NAME", "{client_name}"],
        ["contact", "PHONE", "{client_phone}", true],
        ["lead", "TITLE", "Вопрос {order_id}"],
    ]);
    bridge.channel(&records::channel("questions", "lead", rows, json!({})));
    portal.faults().for_text("Первый", Fault::Html500);
    let mut typed_otherwise = named(7, 1, "Первый");
    typed_otherwise["client_phone"] = json!("8 (912) 000-00-07");
    let first = bridge.post_json("shop-orders", &typed_otherwise).id();
    let second = bridge.post_json("questions", &order_of(7, 2)).id();
    let other = bridge.post_json("questions", &order_of(8, 3)).id();
    bridge.wait_for(&other, "delivered");
    is_held_up(&bridge, &second);
    portal.faults().clear();
    bridge.cli(&["inbox", "retry", &first]);
    let first = bridge.wait_for(&first, "delivered");
    let second = bridge.wait_for(&second, "delivered");
    assert_eq!(first["result"]["contact_action"], "created");
    assert_eq!(second["result"]["contact_action"], "found");
    assert_eq!(first["result"]["contact_ids"], second["result"]["contact_ids"]);
    assert_eq!(records::count(&portal, "contacts"), 2);
}

/// The first failed for good and others came after it; sent again, it goes before them.
#[test]
fn an_older_one_that_is_retried_goes_first() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let refuse = Fault::FailCommand {
        method: "crm.contact.add".to_owned(),
        code: String::new(),
        text: "Нет".to_owned(),
    };
    portal.faults().next(1, refuse);
    let mut ids = vec![bridge.post_json("shop-orders", &order_of(1, 1)).id()];
    bridge.wait_for(&ids[0], "failed");
    portal.stop_listening();
    ids.extend((2..5).map(|n| bridge.post_json("shop-orders", &order_of(1, n)).id()));
    until("the loss to be noticed", || {
        bridge.show(&ids[1])["error"].is_string().then_some(())
    });
    bridge.cli_ok(&["inbox", "retry", &ids[0]]);
    until("the retry to be taken up", || {
        (state(&bridge, &ids[0]) == "queued").then_some(())
    });
    portal.listen_again().expect("the port");
    wait_for_activities(&portal, ids.len());
    bridge.settle();
    Tally::of(&portal).each_made_one(&ids);
    let made = deals(&portal, &ids);
    assert!(made.is_sorted(), "{made:?}");
}

/// Of the newer one nobody knows yet what became of it: the portal is still at it. The older one, sent again just then,
/// must not make the person a second time.
#[test]
fn an_older_one_that_is_retried_waits_for_a_newer_one_in_doubt() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &["--portal-timeout", "1", "--settle", "2"]);
    bridge.channel(&shop_channel(json!({})));
    let refuse = Fault::FailCommand {
        method: "crm.contact.add".to_owned(),
        code: String::new(),
        text: "Нет".to_owned(),
    };
    portal.faults().next(1, refuse);
    let older = bridge.post_json("shop-orders", &order_of(1, 1)).id();
    bridge.wait_for(&older, "failed");
    let slow = Fault::Slow {
        before: Duration::from_millis(2_200),
        after: Duration::ZERO,
    };
    portal.faults().next_write(1, slow);
    let newer = bridge.post_json("shop-orders", &order_of(1, 2)).id();
    until("the loss of the answer", || {
        bridge.show(&newer)["error"].is_string().then_some(())
    });
    assert_eq!(
        records::count(&portal, "contacts"),
        0,
        "the portal has not done it yet"
    );
    bridge.cli_ok(&["inbox", "retry", &older]);
    bridge.wait_for(&newer, "delivered");
    bridge.wait_for(&older, "delivered");
    // The refused chain, and the one that the portal came late to.
    wait_for_batches(&portal, &["crm.contact.add", "crm.deal.add"], 2);
    let ids = [newer, older];
    Tally::of(&portal).each_made_one(&ids);
    assert!(deals(&portal, &ids).is_sorted());
}

/// A job that is under way is not overtaken by an older one of the same person either.
#[test]
fn an_older_one_that_is_retried_waits_for_a_newer_one_under_way() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let refuse = Fault::FailCommand {
        method: "crm.contact.add".to_owned(),
        code: String::new(),
        text: "Нет".to_owned(),
    };
    portal.faults().next(1, refuse);
    let older = bridge.post_json("shop-orders", &order_of(1, 1)).id();
    bridge.wait_for(&older, "failed");
    let slow = Fault::Slow {
        before: Duration::from_millis(1_200),
        after: Duration::ZERO,
    };
    portal.faults().next_write(1, slow);
    let newer = bridge.post_json("shop-orders", &order_of(1, 2)).id();
    until("the newer one to be sent", || {
        (state(&bridge, &newer) == "delivering").then_some(())
    });
    bridge.cli_ok(&["inbox", "retry", &older]);
    bridge.wait_for(&newer, "delivered");
    bridge.wait_for(&older, "delivered");
    let ids = [newer, older];
    Tally::of(&portal).each_made_one(&ids);
    assert!(deals(&portal, &ids).is_sorted());
}

/// What waits for one portal is rendered anew when another one is connected, and goes there.
#[test]
fn what_waits_goes_to_the_portal_that_is_connected_now() {
    let old = portal();
    let bridge = Bridge::start(&old, &[]);
    bridge.channel(&shop_channel(json!({})));
    old.stop_listening();
    let ids: Vec<String> = (0..5)
        .map(|n| bridge.post_json("shop-orders", &order_of(n, n)).id())
        .collect();
    until("the loss to be noticed", || {
        bridge.show(&ids[0])["error"].is_string().then_some(())
    });
    let new = portal();
    bridge.cli_ok(&["portal", "connect", "--webhook", &new.webhook_url()]);
    wait_for_activities(&new, ids.len());
    bridge.settle();
    Tally::of(&new).each_made_one(&ids);
}
