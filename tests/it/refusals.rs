//! Contract 7: what the portal refuses fails at once, in the portal's own words, and goes on from that step.

use std::collections::BTreeSet;

use b24_bridge::practice_portal::{Fault, Kin, Required};
use serde_json::{Value, json};

use crate::harness::{Bridge, order, portal, shop_channel};
use crate::records::{activities, all, channel, comments, count, deliver, deliver_as, get, ids};

fn error(shown: &Value) -> &str {
    shown["error"].as_str().expect("an error")
}

#[test]
fn a_required_field_fails_in_plain_words_and_a_retry_goes_on_from_there() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let required = Required {
        kin: Kin::Deal,
        field: "ADDITIONAL_INFO".to_owned(),
        stages: vec!["NEW".to_owned()],
    };
    portal.world(|world| world.settings.required.push(required));
    let failed = deliver_as(&bridge, "shop-orders", &order(6510), "failed");
    let text = error(&failed);
    assert!(
        text.contains("Не заполнено обязательное поле \"Дополнительная информация\""),
        "{text}"
    );
    assert!(!text.contains("&quot;") && !text.contains('<'), "{text}");
    assert_eq!(failed["attempts"], 1, "it is not tried again of itself");
    assert_eq!((count(&portal, "contacts"), count(&portal, "deals")), (1, 0));
    let id = failed["id"].as_str().expect("an id");
    // Nothing was mended: it fails again, and still makes nothing twice.
    bridge.cli_ok(&["inbox", "retry", id]);
    assert_eq!(error(&bridge.wait_for(id, "failed")), text);
    assert_eq!((count(&portal, "contacts"), count(&portal, "deals")), (1, 0));

    portal.world(|world| world.settings.required.clear());
    bridge.cli_ok(&["inbox", "retry", id]);
    let delivered = bridge.wait_for(id, "delivered");
    assert_eq!(delivered["error"], json!(null));
    let result = &delivered["result"];
    assert_eq!(
        (&result["action"], &result["contact_action"]),
        (&json!("created"), &json!("created"))
    );
    assert_eq!((count(&portal, "contacts"), count(&portal, "deals")), (1, 1));
    let deal = ids(result, "entity_ids")[0];
    assert_eq!(get(&portal, "deal", deal)["CONTACT_IDS"], result["contact_ids"]);
    assert_eq!(
        (
            comments(&portal, "deal", deal).len(),
            activities(&portal, "deal", deal).len()
        ),
        (1, 1)
    );
    assert_eq!(portal.stats().commands_of("crm.contact.add"), 1);
}

/// Every step may be the one that is refused: what came before it is never done again.
#[test]
fn whichever_step_is_refused_the_others_happen_once() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let steps = [
        ("crm.duplicate.findbycomm", 0, 0, 0, 0),
        ("crm.contact.add", 0, 0, 0, 0),
        ("crm.deal.add", 1, 0, 0, 0),
        ("crm.timeline.comment.add", 1, 1, 0, 0),
        ("crm.activity.todo.add", 1, 1, 1, 0),
    ];
    for (n, (method, contacts, deals, comments, activities)) in (0_u32..).zip(steps) {
        let had = ["contacts", "deals", "comments", "activities"].map(|kinds| count(&portal, kinds));
        let made = || -> Vec<usize> {
            let now = ["contacts", "deals", "comments", "activities"].map(|kinds| count(&portal, kinds));
            now.iter().zip(had).map(|(now, had)| now - had).collect()
        };
        portal.faults().until_cleared(Fault::FailCommand {
            method: method.to_owned(),
            code: "ERROR_CORE".to_owned(),
            text: "Нельзя &laquo;так&raquo;<br>".to_owned(),
        });
        let body = json!({"client_phone": format!("+7471277400{n}"), "client_name": "Мария", "order_id": n, "order_amount": 1});
        let failed = deliver_as(&bridge, "shop-orders", &body, "failed");
        let text = error(&failed);
        assert!(
            text.contains("Нельзя «так»") && text.contains(method) && !text.contains("<br>"),
            "{text}"
        );
        assert_eq!(made(), [contacts, deals, comments, activities], "{method}");
        portal.faults().clear();
        let id = failed["id"].as_str().expect("an id");
        bridge.cli_ok(&["inbox", "retry", id]);
        let result = bridge.wait_for(id, "delivered")["result"].clone();
        assert_eq!(result["action"], "created");
        assert_eq!(made(), [1, 1, 1, 1], "{method}");
    }
}

/// A submission that was refused holds nobody up: not others of the same wave, not the next one of its person.
#[test]
fn one_that_is_refused_is_alone_with_it() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    let rows = json!([
        ["contact", "EMAIL", "{email}", true],
        ["contact", "PHONE", "{phone}", true],
        ["deal", "TITLE", "{title}"]
    ]);
    bridge.channel(&channel("in", "deal", rows, json!({})));
    // The portal takes no such address.
    let bad: Vec<String> = (0..5)
        .map(|n| {
            bridge
                .post_json(
                    "in",
                    &json!({"email": "мария@", "phone": "+74712773120", "title": n}),
                )
                .id()
        })
        .collect();
    let good: Vec<String> = (0..5)
        .map(|n| {
            bridge
                .post_json("in", &json!({"phone": "+74712773120", "title": n}))
                .id()
        })
        .collect();
    for id in &bad {
        assert!(error(&bridge.wait_for(id, "failed")).contains("содержит неверный адрес"));
    }
    for id in &good {
        bridge.wait_for(id, "delivered");
    }
    assert_eq!((count(&portal, "contacts"), count(&portal, "deals")), (1, 5));
}

#[test]
fn missing_rights_and_unknown_fields_fail_with_a_reason() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel(
        "in",
        "deal",
        json!([["deal", "TITLE", "{title}"]]),
        json!({}),
    ));
    let unknown = json!([["contact", "NAME", "{title}"], ["deal", "UF_CRM_GONE", "{title}"]]);
    bridge.channel(&channel("unknown", "deal", unknown, json!({})));
    // An unknown field: the catalogue is read again, then it fails with the field's name; nothing is written.
    let failed = deliver_as(&bridge, "unknown", &json!({"title": "x"}), "failed");
    assert!(error(&failed).contains("UF_CRM_GONE"), "{failed}");
    assert_eq!((count(&portal, "contacts"), count(&portal, "deals")), (0, 0));

    // The right to the CRM is taken away, and given back.
    deliver(&bridge, "in", &json!({"title": "до"}));
    let no_crm: BTreeSet<String> = ["user".to_owned()].into();
    portal.world(|world| world.settings.scopes = no_crm);
    let failed = deliver_as(&bridge, "in", &json!({"title": "без прав"}), "failed");
    assert!(error(&failed).contains("insufficient_scope"), "{failed}");
    portal.world(|world| world.settings.scopes.clear());
    let id = failed["id"].as_str().expect("an id");
    bridge.cli_ok(&["inbox", "retry", id]);
    bridge.wait_for(id, "delivered");
    let titles: Vec<Value> = all(&portal, "deals")
        .iter()
        .map(|deal| deal["TITLE"].clone())
        .collect();
    assert_eq!(titles, ["до", "без прав"]);
}
