//! Contract 7, "Contact": searched, found, completed, made.

use b24_bridge::practice_portal::{Kin, Kind};
use serde_json::{Value, json};

use crate::harness::{Bridge, portal};
use crate::records::{add, all, channel, count, deliver, get, ids, multi};

fn person() -> Value {
    json!([
        ["contact", "NAME", "{name}"],
        ["contact", "PHONE", "{phone}", true],
        ["contact", "EMAIL", "{email}", true],
        ["deal", "TITLE", "{title}"],
    ])
}

#[test]
fn a_phone_is_found_in_every_notation_and_written_in_one() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel("in", "deal", person(), json!({})));
    // As people stored it, and as the form sends it.
    for (n, (stored, sent)) in [
        ("+74712773120", json!(74_712_773_120_u64)),
        ("+7 (471) 277-31-21", json!("8 471 277-31-21")),
        ("84712773122", json!("+7 471 277 31 22")),
        ("8 (471) 277-31-23", json!("74712773123")),
        ("74712773124", json!("8(471)2773124")),
        ("+375 29 123-45-67", json!("375291234567")),
    ]
    .into_iter()
    .enumerate()
    {
        let id = add(
            &portal,
            "contact",
            &json!({"NAME": "Старый", "PHONE": [{"VALUE": stored}]}),
        );
        let result = deliver(&bridge, "in", &json!({"phone": sent, "name": "Новый"}));
        assert_eq!(ids(&result, "contact_ids"), [id], "{stored} {sent}");
        assert_eq!(result["contact_action"], "found");
        let contact = get(&portal, "contact", id);
        assert_eq!(
            multi(&contact, "PHONE"),
            [stored],
            "the same number is not added again"
        );
        assert_eq!(contact["NAME"], "Старый");
        assert_eq!(count(&portal, "contacts"), n + 1);
    }
    // New numbers are written in international form.
    for (sent, written) in [
        (json!(74_712_773_130_u64), "+74712773130"),
        (json!("8 (471) 277-31-31"), "+74712773131"),
        (json!("+7 471 277 31 32"), "+74712773132"),
    ] {
        let result = deliver(&bridge, "in", &json!({"phone": sent}));
        assert_eq!(result["contact_action"], "created");
        let contact = get(&portal, "contact", ids(&result, "contact_ids")[0]);
        assert_eq!(multi(&contact, "PHONE"), [written]);
    }
    // What is no number is written and searched as it was typed.
    let first = deliver(&bridge, "in", &json!({"phone": "спросить Анну"}));
    let again = deliver(&bridge, "in", &json!({"phone": "спросить Анну"}));
    assert_eq!(again["contact_ids"], first["contact_ids"]);
    let contact = get(&portal, "contact", ids(&first, "contact_ids")[0]);
    assert_eq!(multi(&contact, "PHONE"), ["спросить Анну"]);
}

#[test]
fn the_default_country_of_phones_is_a_setting() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &["--phone-country", "BY"]);
    bridge.channel(&channel("in", "deal", person(), json!({})));
    let result = deliver(&bridge, "in", &json!({"phone": "8 029 123-45-67"}));
    let contact = get(&portal, "contact", ids(&result, "contact_ids")[0]);
    assert_eq!(multi(&contact, "PHONE"), ["+375291234567"]);
}

/// Any one of several flagged fields is enough; all that are found are bound, the oldest first.
#[test]
fn all_found_contacts_are_bound_oldest_first() {
    let portal = portal();
    portal.world(|world| {
        world.add_user_field(Kin::Contact, "UF_CRM_CARD", Kind::Text, false, "Карта", &[]);
    });
    let by_card = add(&portal, "contact", &json!({"UF_CRM_CARD": "K-77"}));
    let by_email = add(
        &portal,
        "contact",
        &json!({"EMAIL": [{"VALUE": "Maria@Example.com"}]}),
    );
    add(
        &portal,
        "contact",
        &json!({"NAME": "Мария", "UF_CRM_CARD": "K-770", "PHONE": [{"VALUE": "+74712773129"}]}),
    );
    let by_phone = add(
        &portal,
        "contact",
        &json!({"PHONE": [{"VALUE": "8 471 277-31-20"}]}),
    );
    let by_im = add(
        &portal,
        "contact",
        &json!({"IM": [{"VALUE": "@maria", "VALUE_TYPE": "TELEGRAM"}]}),
    );
    let bridge = Bridge::start(&portal, &[]);
    let rows = json!([
        ["contact", "NAME", "{name}"],
        ["contact", "PHONE", "{phone}", true],
        ["contact", "EMAIL", "{email}", true],
        ["contact", "UF_CRM_CARD", "{card}", true],
        ["contact", "IM", "{im}", true],
    ]);
    bridge.channel(&channel("in", "deal", rows, json!({})));
    let whole = json!({"name": "Мария", "phone": "+74712773120", "email": "maria@example.com", "card": "K-77", "im": "@maria"});
    let found = [by_card, by_email, by_phone, by_im];
    let result = deliver(&bridge, "in", &whole);
    assert_eq!(ids(&result, "contact_ids"), found);
    let deal = get(&portal, "deal", ids(&result, "entity_ids")[0]);
    assert_eq!(deal["CONTACT_IDS"], json!(found));
    assert_eq!(
        deal["CONTACT_ID"],
        by_card.to_string(),
        "the oldest is the main one"
    );
    // Only the oldest gains what it lacks; the others stay as they are.
    assert_eq!(result["contact_action"], "updated");
    let oldest = get(&portal, "contact", by_card);
    assert_eq!(multi(&oldest, "PHONE"), ["+74712773120"]);
    assert_eq!(multi(&oldest, "EMAIL"), ["maria@example.com"]);
    assert_eq!(multi(&oldest, "IM"), ["@maria"]);
    assert_eq!(
        multi(&get(&portal, "contact", by_phone), "EMAIL"),
        [] as [String; 0]
    );
    // Fewer values find fewer.
    for (body, expected) in [
        (
            json!({"email": "maria@example.com", "card": "nobody's"}),
            vec![by_card, by_email],
        ),
        (json!({"card": "K-77"}), vec![by_card]),
        (
            json!({"im": "@maria", "phone": "+7 999 000-00-00"}),
            vec![by_card, by_im],
        ),
    ] {
        let result = deliver(&bridge, "in", &body);
        assert_eq!(ids(&result, "contact_ids"), expected, "{body}");
    }
    assert_eq!(count(&portal, "contacts"), 5);
}

#[test]
fn what_a_found_contact_lacks_is_added_and_the_rest_is_changed_on_request_only() {
    let portal = portal();
    let rows = json!([
        ["contact", "NAME", "{name}"],
        ["contact", "POST", "{post}"],
        ["contact", "ASSIGNED_BY_ID", "{who}"],
        ["contact", "PHONE", "{phone}", true],
        ["contact", "EMAIL", "{email}"],
        ["contact", "WEB", "{site}"],
        ["contact", "IM", "{im}"],
    ]);
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel("keep", "deal", rows.clone(), json!({})));
    bridge.channel(&channel("change", "deal", rows, json!({"update_contact": true})));
    let id = add(
        &portal,
        "contact",
        &json!({"NAME": "Маша", "POST": "директор", "ASSIGNED_BY_ID": 3, "PHONE": [{"VALUE": "+74712773120"}]}),
    );
    let body = json!({"name": "Мария", "post": "", "who": 2, "phone": "84712773120", "email": "m@example.com",
                      "site": "https://m.example", "im": "@m"});
    let result = deliver(&bridge, "keep", &body);
    assert_eq!(result["contact_action"], "updated");
    let contact = get(&portal, "contact", id);
    assert_eq!(contact["NAME"], "Маша");
    assert_eq!(
        (
            multi(&contact, "EMAIL"),
            multi(&contact, "WEB"),
            multi(&contact, "IM"),
            multi(&contact, "PHONE")
        ),
        (
            vec!["m@example.com".to_owned()],
            vec!["https://m.example".to_owned()],
            vec!["@m".to_owned()],
            vec!["+74712773120".to_owned()]
        )
    );
    // Nothing is lacking now.
    assert_eq!(deliver(&bridge, "keep", &body)["contact_action"], "found");
    assert_eq!(get(&portal, "contact", id)["EMAIL"], contact["EMAIL"]);
    // With `update_contact` the other fields change; an empty value blanks nothing; nobody else becomes responsible.
    assert_eq!(deliver(&bridge, "change", &body)["contact_action"], "updated");
    let changed = get(&portal, "contact", id);
    assert_eq!(
        (&changed["NAME"], &changed["POST"]),
        (&json!("Мария"), &json!("директор"))
    );
    assert_eq!(changed["ASSIGNED_BY_ID"], "3");
    assert_eq!(changed["EMAIL"], contact["EMAIL"]);
    // A second address is added beside the first.
    deliver(
        &bridge,
        "keep",
        &json!({"phone": "84712773120", "email": "second@example.com"}),
    );
    assert_eq!(
        multi(&get(&portal, "contact", id), "EMAIL"),
        ["m@example.com", "second@example.com"]
    );
    assert_eq!(count(&portal, "contacts"), 1);
}

#[test]
fn none_always_new_and_whose_it_is() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel("in", "deal", person(), json!({"responsible_id": 2})));
    let unflagged = json!([
        ["contact", "NAME", "{name}"],
        ["contact", "PHONE", "{phone}"],
        ["contact", "ASSIGNED_BY_ID", "{who}"]
    ]);
    bridge.channel(&channel("new", "lead", unflagged, json!({"responsible_id": 2})));
    // No value for the contact: none is made.
    let none = deliver(
        &bridge,
        "in",
        &json!({"title": "Пусто", "name": "", "phone": null, "email": " "}),
    );
    assert_eq!(none["contact_action"], "none");
    assert_eq!(
        (count(&portal, "contacts"), none["contact_ids"].clone()),
        (0, json!([]))
    );
    let deal = get(&portal, "deal", ids(&none, "entity_ids")[0]);
    assert!(deal.get("CONTACT_IDS").is_none());
    // A value that is not searched by is enough for a new one.
    let named = deliver(&bridge, "in", &json!({"name": "Без телефона"}));
    assert_eq!(named["contact_action"], "created");
    // No flagged field: always new, with the channel's responsible, or the mapped one.
    let body = json!({"name": "Мария", "phone": "+74712773120"});
    let first = deliver(&bridge, "new", &body);
    let mapped = deliver(
        &bridge,
        "new",
        &json!({"name": "Мария", "phone": "+74712773120", "who": "Кузнецова Ольга"}),
    );
    assert_eq!(
        (&first["contact_action"], &mapped["contact_action"]),
        (&json!("created"), &json!("created"))
    );
    assert_ne!(first["contact_ids"], mapped["contact_ids"]);
    let whose =
        |result: &Value| get(&portal, "contact", ids(result, "contact_ids")[0])["ASSIGNED_BY_ID"].clone();
    assert_eq!(whose(&named), "2");
    assert_eq!(whose(&first), "2");
    assert_eq!(whose(&mapped), "3");
    for contact in all(&portal, "contacts") {
        assert_eq!(contact["ORIGINATOR_ID"], "b24-bridge");
    }
}

/// Fifty submissions of one person at once, in all notations: one contact, and nobody else's.
#[test]
fn one_person_arriving_many_times_at_once_is_one_contact() {
    const MANY: usize = 50;
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel("in", "deal", person(), json!({})));
    let notations = [
        "+74712773120",
        "84712773120",
        "8 (471) 277-31-20",
        "7 471 277 31 20",
    ];
    std::thread::scope(|scope| {
        for n in 0..MANY {
            let (bridge, phone) = (&bridge, notations[n % notations.len()]);
            scope.spawn(move || bridge.post_json("in", &json!({"phone": phone, "title": n})).id());
        }
    });
    bridge.settle();
    assert_eq!(bridge.in_state("delivered").len(), MANY);
    assert_eq!(count(&portal, "contacts"), 1);
    let deals = all(&portal, "deals");
    assert_eq!(deals.len(), MANY);
    assert!(deals.iter().all(|deal| deal["CONTACT_IDS"] == json!([1])));
    assert_eq!(multi(&get(&portal, "contact", 1), "PHONE"), ["+74712773120"]);
}
