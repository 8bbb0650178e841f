//! Records, lists, the timeline and the reference books.

use super::*;

#[test]
fn records_come_back_as_php_writes_them() {
    let portal = start();
    let contact = portal.call(
        "crm.contact.add",
        json!({"fields": {"NAME": "Иван", "PHONE": [{"VALUE": "+74712773120", "VALUE_TYPE": "MOBILE"}]}}),
    );
    assert_eq!(contact, json!(1), "a number, not text");
    let fields = json!({
        "TITLE": "Заказ", "CATEGORY_ID": 1, "STAGE_ID": "NEW", "CONTACT_IDS": [contact, 99], "NO_SUCH": 1,
        "ORIGINATOR_ID": "b24-bridge", "ORIGIN_ID": "0a", "ASSIGNED_BY_ID": 99,
    });
    let id = portal.call("crm.deal.add", json!({"fields": fields}));
    let deal = portal.call("crm.deal.get", json!({"ID": id}));
    for (field, expected) in [
        ("ID", json!("1")),
        ("CATEGORY_ID", json!("1")),
        // A stage of another pipeline is ignored.
        ("STAGE_ID", json!("C1:NEW")),
        ("STAGE_SEMANTIC_ID", json!("P")),
        ("CONTACT_ID", json!("1")),
        ("ASSIGNED_BY_ID", json!("1")),
        ("OPPORTUNITY", json!("0.00")),
        ("CURRENCY_ID", json!("RUB")),
        ("CLOSED", json!("N")),
        ("QUOTE_ID", Value::Null),
        ("ORIGIN_ID", json!("0a")),
    ] {
        assert_eq!(deal[field], expected, "{field}");
    }
    assert!(deal.get("CONTACT_IDS").is_none() && deal.get("NO_SUCH").is_none());
    let update = json!({"id": id, "fields": {"CATEGORY_ID": 0, "STAGE_ID": "WON", "TITLE": "Новый"}});
    assert_eq!(portal.call("crm.deal.update", update), json!(true));
    let deal = portal.call("crm.deal.get", json!({"id": id}));
    assert_eq!(
        (&deal["CATEGORY_ID"], &deal["STAGE_ID"]),
        (&json!("1"), &json!("C1:NEW"))
    );
    assert_eq!(deal["TITLE"], "Новый");
    let update = json!({"id": id, "fields": {"STAGE_ID": "C1:WON"}});
    portal.call("crm.deal.update", update);
    assert_eq!(portal.call("crm.deal.get", json!({"id": id}))["CLOSED"], "Y");

    let items = portal.call("crm.deal.contact.items.get", json!({"id": id}));
    assert_eq!(
        items,
        json!([{"CONTACT_ID": 1, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y"}])
    );
    let contact = portal.call("crm.contact.get", json!({"id": 1}));
    assert_eq!(contact["PHONE"][0]["VALUE"], "+74712773120");
    assert!(contact.get("EMAIL").is_none());
    assert_eq!(contact["HAS_PHONE"], "Y");
}

#[test]
fn lists_have_pages_and_show_multifields_only_when_asked() {
    let portal = start();
    for n in 0..120 {
        let fields = json!({"NAME": format!("n{n}"), "PHONE": [{"VALUE": "1"}]});
        portal.call("crm.contact.add", json!({"fields": fields}));
    }
    let list = |params: Value| {
        let (_, body) = portal.try_call("crm.contact.list", &params).expect("an answer");
        let count = body["result"].as_array().map_or(0, Vec::len);
        (
            count,
            body["total"].clone(),
            body["next"].clone(),
            body["result"][0].clone(),
        )
    };
    let (count, total, next, first) = list(json!({}));
    assert_eq!((count, total, next), (50, json!(120), json!(50)));
    assert!(first.get("PHONE").is_none() && first.get("UF_CRM_TAGS").is_some());
    let (count, _, next, _) = list(json!({"start": 100}));
    assert_eq!((count, next), (20, Value::Null));
    let (count, total, next, first) = list(json!({"start": -1, "filter": {">ID": 60}, "select": ["PHONE"]}));
    assert_eq!((count, total, next), (50, json!(0), Value::Null));
    assert_eq!(first["ID"], "61");
    assert_eq!(first["PHONE"][0]["VALUE"], "1");
    assert!(first.get("NAME").is_none());
    let (_, _, _, first) = list(json!({"order": {"ID": "DESC"}, "select": ["ID", "NAME"]}));
    assert_eq!(first, json!({"ID": "120", "NAME": "n119"}));
    let refusal = portal.refusal("crm.contact.list", json!({"filter": "ID"}));
    assert_eq!(
        refusal,
        (400, String::new(), "Parameter 'filter' must be array.".into())
    );
}

#[test]
fn refusals_of_the_crm_have_a_text_and_no_code() {
    let portal = start();
    for (method, params, text) in [
        ("crm.deal.get", json!({"id": 5}), "Not found"),
        ("crm.deal.get", json!({}), "ID is not defined or invalid."),
        (
            "crm.contact.update",
            json!({"id": 5, "fields": {}}),
            "Contact is not found",
        ),
        (
            "crm.deal.add",
            json!({"fields": 1}),
            "Parameter 'fields' must be array.",
        ),
        ("crm.deal.contact.items.get", json!({"id": 5}), "Not found."),
        ("crm.timeline.comment.list", json!({}), "Access denied."),
    ] {
        assert_eq!(
            portal.refusal(method, params),
            (400, String::new(), text.into()),
            "{method}"
        );
    }
    portal.world(|w| {
        w.settings.required.push(Required {
            kin: Kin::Deal,
            field: "OPPORTUNITY".into(),
            stages: vec!["WON".into()],
        });
    });
    let id = portal.call("crm.deal.add", json!({"fields": {"TITLE": "a"}}));
    let (status, code, text) = portal.refusal(
        "crm.deal.update",
        json!({"id": id, "fields": {"STAGE_ID": "WON"}}),
    );
    assert_eq!((status, code.as_str()), (400, ""));
    assert!(
        text.contains("&quot;Сумма&quot;") && text.ends_with("<br>"),
        "{text}"
    );
    assert_eq!(portal.call("crm.deal.get", json!({"id": id}))["STAGE_ID"], "NEW");
}

#[test]
fn the_timeline_takes_comments_and_activities_of_what_exists() {
    let portal = start();
    portal.call("crm.lead.add", json!({"fields": {"TITLE": "a"}}));
    let comment = json!({"ENTITY_ID": 1, "ENTITY_TYPE": "lead", "COMMENT": "[b]жирно[/b]"});
    assert_eq!(
        portal.call("crm.timeline.comment.add", json!({"fields": comment})),
        json!(1)
    );
    assert_eq!(
        portal
            .refusal("crm.timeline.comment.add", json!({"FIELDS": comment}))
            .1,
        "100"
    );
    for (fields, code) in [
        (
            json!({"ENTITY_ID": 9, "ENTITY_TYPE": "lead", "COMMENT": "x"}),
            "OWNER_NOT_FOUND",
        ),
        (json!({"ENTITY_TYPE": "lead", "COMMENT": "x"}), "OWNER_NOT_FOUND"),
        (
            json!({"ENTITY_ID": 1, "ENTITY_TYPE": "lead", "COMMENT": " "}),
            "INVALID_ARG_VALUE",
        ),
    ] {
        assert_eq!(
            portal
                .refusal("crm.timeline.comment.add", json!({"fields": fields}))
                .1,
            code
        );
    }
    let filter = json!({"filter": {"ENTITY_ID": 1, "ENTITY_TYPE": "lead"}});
    let list = portal.call("crm.timeline.comment.list", filter);
    assert_eq!(list[0]["COMMENT"], "[b]жирно[/b]");
    assert_eq!(list[0]["FILES"], json!({}));

    let todo = json!({"ownerTypeId": 1, "ownerId": 1, "deadline": "2026-12-31T10:00:00", "title": "t"});
    assert_eq!(
        portal.call("crm.activity.todo.add", todo.clone()),
        json!({"id": 1})
    );
    for (name, value, code) in [
        ("ownerId", json!(9), "NOT_FOUND"),
        ("ownerId", json!(""), "100"),
        ("deadline", json!("soon"), "WRONG_DATETIME_FORMAT"),
    ] {
        let mut wrong = todo.clone();
        wrong[name] = value;
        assert_eq!(portal.refusal("crm.activity.todo.add", wrong).1, code, "{name}");
    }
    portal.world(|w| {
        w.settings.hidden_methods.insert("crm.activity.todo.add".into());
    });
    assert_eq!(
        portal.refusal("crm.activity.todo.add", todo).1,
        "ERROR_METHOD_NOT_FOUND"
    );
    let methods = portal.call("methods", json!({}));
    let methods: Vec<&str> = methods
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert!(!methods.contains(&"crm.activity.todo.add") && methods.contains(&"batch"));
    let fields = json!({
        "OWNER_TYPE_ID": 1, "OWNER_ID": 1, "TYPE_ID": 6, "PROVIDER_ID": "B", "SUBJECT": "s",
        "RESPONSIBLE_ID": 2, "ORIGINATOR_ID": "b24-bridge", "ORIGIN_ID": "x",
    });
    assert_eq!(
        portal.call("crm.activity.add", json!({"fields": fields})),
        json!(2)
    );
    let found = portal.call("crm.activity.list", json!({"filter": {"ORIGIN_ID": "x"}}));
    assert_eq!(
        (&found[0]["ID"], &found[0]["RESPONSIBLE_ID"]),
        (&json!("2"), &json!("2"))
    );
}

#[test]
fn in_simple_mode_a_lead_becomes_a_deal_at_once() {
    let portal = start();
    portal.world(|w| w.settings.simple_crm = true);
    assert_eq!(portal.call("crm.settings.mode.get", json!({})), json!(2));
    let fields = json!({"TITLE": "a", "NAME": "Иван", "PHONE": [{"VALUE": "+7471"}]});
    portal.call("crm.lead.add", json!({"fields": fields}));
    assert_eq!(
        portal.call("crm.lead.get", json!({"id": 1}))["STATUS_ID"],
        "CONVERTED"
    );
    let deals = portal.call("crm.deal.list", json!({"filter": {"LEAD_ID": 1}}));
    assert_eq!(
        (&deals[0]["TITLE"], &deals[0]["CONTACT_ID"]),
        (&json!("a"), &json!("1"))
    );
}

#[test]
fn reference_books_list_stages_pipelines_and_people() {
    let portal = start();
    let stages = portal.call(
        "crm.status.list",
        json!({"filter": {"ENTITY_ID": "DEAL_STAGE_1"}, "order": {"SORT": "ASC"}}),
    );
    assert_eq!(stages[0]["STATUS_ID"], "C1:NEW");
    assert_eq!(
        (&stages[0]["CATEGORY_ID"], &stages[0]["SEMANTICS"]),
        (&json!("1"), &Value::Null)
    );
    assert_eq!(stages[3]["SEMANTICS"], "S");
    let categories = portal.call("crm.category.list", json!({"entityTypeId": 2}));
    assert_eq!(
        categories["categories"][1],
        json!({"id": 1, "name": "Опт", "sort": 200, "entityTypeId": 2, "isDefault": "N"})
    );
    let active = portal.call("user.get", json!({"FILTER": {"ACTIVE": true}}));
    assert_eq!(active.as_array().map(Vec::len), Some(3));
    let fields = portal.call("crm.deal.fields", json!({}));
    assert_eq!(fields["UF_CRM_ORDER_ID"]["formLabel"], "ID заказа в магазине");
    assert_eq!(fields["UF_CRM_DELIVERY"]["items"][0]["VALUE"], "Курьер");
    assert_eq!(fields["CATEGORY_ID"]["isImmutable"], true);
    portal.world(|w| w.settings.scopes = ["crm".to_owned()].into());
    assert_eq!(portal.refusal("user.get", json!({})).1, "insufficient_scope");
    assert_eq!(portal.call("scope", json!({})), json!(["crm"]));
}
