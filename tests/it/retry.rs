//! What the portal refuses fails at once, and `inbox retry` goes on from there, in the light of what has changed since.

use b24_bridge::practice_portal::{Fault, PracticePortal};
use serde_json::json;

use crate::harness::{Bridge, portal, shop_channel, until};
use crate::records;
use crate::tally::{Tally, order_of};

const WRITES: [&str; 4] = [
    "crm.contact.add",
    "crm.deal.add",
    "crm.timeline.comment.add",
    "crm.activity.todo.add",
];

fn bridge(portal: &PracticePortal) -> Bridge {
    let bridge = Bridge::start(portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    bridge
}

/// Refused at any step: failed at once with the portal's own words; a retry goes on from there.
#[test]
fn a_refusal_fails_at_once_and_a_retry_goes_on_from_there() {
    std::thread::scope(|scope| {
        for (n, method) in WRITES.into_iter().enumerate() {
            scope.spawn(move || {
                let portal = portal();
                let bridge = bridge(&portal);
                let text = "Поле &quot;Сумма&quot; заполнено неверно.<br>".to_owned();
                portal.faults().next(
                    1,
                    Fault::FailCommand {
                        method: method.to_owned(),
                        code: String::new(),
                        text,
                    },
                );
                let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
                let failed = bridge.wait_for(&id, "failed");
                let error = failed["error"].as_str().expect("an error");
                assert!(error.contains("Поле \"Сумма\" заполнено неверно."), "{error}");
                assert!(error.contains(method), "{error}");
                assert_eq!(failed["attempts"], 1);
                let done = |portal: &PracticePortal| WRITES.map(|m| portal.stats().commands_of(m));
                let expected: [u64; 4] = std::array::from_fn(|at| u64::from(at < n));
                assert_eq!(done(&portal), expected, "what comes after {method} was not sent");
                bridge.cli_ok(&["inbox", "retry", &id]);
                bridge.wait_for(&id, "delivered");
                assert_eq!(done(&portal), [1; 4], "nothing was done again");
                Tally::of(&portal).each_made_one(&[id]);
            });
        }
    });
}

#[test]
fn a_refused_update_goes_on_from_the_step_that_failed() {
    let steps = [
        "crm.contact.update",
        "crm.deal.update",
        "crm.deal.contact.items.set",
    ];
    for refused in steps {
        let portal = portal();
        let bridge = Bridge::start(&portal, &[]);
        bridge.channel(&shop_channel(json!({"update_contact": true})));
        let person = json!({"NAME": "Прежнее", "PHONE": [{"VALUE": "+79120000001"}]});
        records::add(&portal, "contact", &person);
        let deal = records::add(
            &portal,
            "deal",
            &json!({"TITLE": "Старая", "UF_CRM_ORDER_ID": "1"}),
        );
        let fail = Fault::FailCommand {
            method: refused.to_owned(),
            code: "X".to_owned(),
            text: "Нет".to_owned(),
        };
        portal.faults().next(1, fail);
        let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
        bridge.wait_for(&id, "failed");
        bridge.cli_ok(&["inbox", "retry", &id]);
        let shown = bridge.wait_for(&id, "delivered");
        assert_eq!(shown["result"]["entity_ids"], json!([deal]));
        for step in steps {
            assert_eq!(
                portal.stats().commands_of(step),
                1,
                "{step} when {refused} was refused"
            );
        }
        assert_eq!(records::comments(&portal, "deal", deal).len(), 1);
        assert_eq!(records::activities(&portal, "deal", deal).len(), 1);
        assert_eq!(records::get(&portal, "contact", 1)["NAME"], "Клиент 1");
    }
}

/// The deal was updated, the binding of its contact refused; before the retry somebody binds another by hand. The call
/// that binds would unlink him.
#[test]
fn a_retry_leaves_a_contact_that_was_bound_by_hand_meanwhile() {
    let portal = portal();
    let bridge = bridge(&portal);
    let deal = records::add(&portal, "deal", &json!({"UF_CRM_ORDER_ID": "1"}));
    let fail = Fault::FailCommand {
        method: "crm.deal.contact.items.set".to_owned(),
        code: String::new(),
        text: "Нет".to_owned(),
    };
    portal.faults().next(1, fail);
    let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
    bridge.wait_for(&id, "failed");
    let by_hand = records::add(&portal, "contact", &json!({"NAME": "Анна"}));
    let bound = json!({"id": deal, "items": [{"CONTACT_ID": by_hand}]});
    records::ask(&portal, "crm.deal.contact.items.set", &bound);
    bridge.cli_ok(&["inbox", "retry", &id]);
    bridge.wait_for(&id, "delivered");
    let deal = records::get(&portal, "deal", deal);
    assert_eq!(deal["CONTACT_IDS"], json!([by_hand]));
}

/// The contact was made, the deal refused; before the retry somebody makes a deal of that order by hand.
#[test]
fn a_retry_finds_what_was_made_by_hand_meanwhile() {
    let portal = portal();
    let bridge = bridge(&portal);
    let fail = Fault::FailCommand {
        method: "crm.deal.add".to_owned(),
        code: String::new(),
        text: "Нет".to_owned(),
    };
    portal.faults().next(1, fail);
    let id = bridge.post_json("shop-orders", &order_of(1, 77)).id();
    bridge.wait_for(&id, "failed");
    let by_hand = records::add(
        &portal,
        "deal",
        &json!({"TITLE": "Рукой", "UF_CRM_ORDER_ID": "77"}),
    );
    bridge.cli_ok(&["inbox", "retry", &id]);
    let shown = bridge.wait_for(&id, "delivered");
    assert_eq!(shown["result"]["action"], "updated", "{shown:#}");
    assert_eq!(shown["result"]["entity_ids"], json!([by_hand]));
    assert_eq!(shown["result"]["contact_ids"], json!([1]));
    assert_eq!(records::count(&portal, "deals"), 1);
    assert_eq!(records::count(&portal, "contacts"), 1);
    assert_eq!(records::get(&portal, "deal", by_hand)["CONTACT_IDS"], json!([1]));
}

/// A channel that made deals and makes leads now must not write to the lead that has the deal's number.
#[test]
fn a_channel_turned_to_leads_never_writes_to_a_lead_of_the_deals_number() {
    let portal = portal();
    let bridge = bridge(&portal);
    let stranger = records::add(&portal, "lead", &json!({"TITLE": "Чужой"}));
    let fail = Fault::FailCommand {
        method: "crm.timeline.comment.add".to_owned(),
        code: String::new(),
        text: "Нет".to_owned(),
    };
    portal.faults().next(1, fail);
    let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
    bridge.wait_for(&id, "failed");
    let lead = json!({"slug": "shop-orders", "name": "Лиды", "entity": "lead", "add_comment": true, "add_activity": true,
        "fields": [{"of": "lead", "field": "TITLE", "value": "Заказ №{order_id}"}]});
    bridge.channel(&lead);
    bridge.cli_ok(&["inbox", "retry", &id]);
    let failed = until("a second failure", || {
        let shown = bridge.show(&id);
        (shown["state"] == "failed").then_some(shown)
    });
    assert!(
        failed["error"]
            .as_str()
            .expect("an error")
            .contains("began as a deal"),
        "{failed:#}"
    );
    assert_eq!(records::comments(&portal, "lead", stranger), [] as [String; 0]);
    bridge.channel(&shop_channel(json!({})));
    bridge.cli_ok(&["inbox", "retry", &id]);
    bridge.wait_for(&id, "delivered");
    Tally::of(&portal).each_made_one(&[id]);
}
