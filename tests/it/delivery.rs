//! The manual's worked example, however it is sent.

use serde_json::{Value, json};

use crate::harness::{Bridge, order, portal, shop_channel};

const MULTIPART: &str = "--b\r\nContent-Disposition: form-data; name=\"client_phone\"\r\n\r\n74712773120\r\n\
    --b\r\nContent-Disposition: form-data; name=\"client_name\"\r\n\r\nМария\r\n\
    --b\r\nContent-Disposition: form-data; name=\"order_id\"\r\n\r\n6510\r\n\
    --b\r\nContent-Disposition: form-data; name=\"order_amount\"\r\n\r\n3500\r\n--b--\r\n";
const QUERY: &str =
    "client_phone=74712773120&client_name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F&order_id=6510&order_amount=3500";

/// What must stand in the portal after the example.
fn check_example(portal: &b24_bridge::practice_portal::PracticePortal, shown: &Value) {
    assert_eq!(shown["result"]["action"], "created");
    assert_eq!(shown["result"]["contact_action"], "created");
    portal.world(|world| {
        let world = world.to_json();
        let (contacts, deals) = (
            world["contacts"].as_array().unwrap(),
            world["deals"].as_array().unwrap(),
        );
        assert_eq!((contacts.len(), deals.len()), (1, 1), "{world:#}");
        assert_eq!(contacts[0]["NAME"], "Мария");
        assert_eq!(contacts[0]["PHONE"][0]["VALUE"], "+74712773120");
        assert_eq!(contacts[0]["PHONE"].as_array().unwrap().len(), 1);
        assert_eq!(deals[0]["TITLE"], "Заказ №6510");
        assert_eq!(deals[0]["OPPORTUNITY"], "3500.00");
        assert_eq!(deals[0]["CURRENCY_ID"], "RUB");
        assert_eq!(deals[0]["UF_CRM_ORDER_ID"], "6510");
        assert_eq!(deals[0]["CONTACT_IDS"], json!([1]));
        assert_eq!(deals[0]["ORIGINATOR_ID"], "b24-bridge");
        assert_eq!(deals[0]["ORIGIN_ID"], shown["id"]);
    });
}

#[test]
fn the_manuals_example_is_the_same_in_every_form() {
    type Way = (
        &'static str,
        &'static [(&'static str, &'static str)],
        String,
        String,
    );
    let ways: [Way; 4] = [
        ("GET", &[], format!("?{QUERY}"), String::new()),
        (
            "POST",
            &[("content-type", "application/x-www-form-urlencoded")],
            String::new(),
            QUERY.to_owned(),
        ),
        (
            "POST",
            &[("content-type", "multipart/form-data; boundary=b")],
            String::new(),
            MULTIPART.to_owned(),
        ),
        (
            "POST",
            &[("content-type", "application/json")],
            String::new(),
            order(6510).to_string(),
        ),
    ];
    for (method, headers, query, body) in ways {
        let portal = portal();
        let bridge = Bridge::start(&portal, &[]);
        bridge.channel(&shop_channel(json!({})));
        let path = format!("/in/shop-orders{query}");
        let id = bridge.send(method, &path, headers, body.as_bytes()).id();
        check_example(&portal, &bridge.wait_for(&id, "delivered"));
        // The same order again: no second deal, the found one is updated.
        let again = bridge.send(method, &path, headers, body.as_bytes()).id();
        let again = bridge.wait_for(&again, "delivered");
        assert_eq!(
            (&again["result"]["action"], &again["result"]["entity_ids"]),
            (&json!("updated"), &json!([1]))
        );
        // The next order of the same person: a second deal on the same contact.
        let next = bridge.post_json("shop-orders", &order(6511)).id();
        let next = bridge.wait_for(&next, "delivered");
        assert_eq!(next["result"]["entity_ids"], json!([2]));
        assert_eq!(next["result"]["contact_ids"], json!([1]));
    }
}
