//! Catalogues of short replies, each field and list in the form of its documentation page.

use super::*;
use crate::model::{FieldKind, Trouble, TroubleKind};
use serde_json::json;

const NOW: Millis = Millis(1_795_341_600_000);

fn done(result: Value) -> Answer {
    Answer::Done {
        result,
        total: None,
        next: None,
    }
}

fn refused() -> Answer {
    Answer::Refused(Refusal {
        code: "ERROR_METHOD_NOT_FOUND".into(),
        text: "Method not found!".into(),
    })
}

fn fields_reply() -> Value {
    json!({
        "ID": {"type": "integer", "isReadOnly": true, "title": "ID"},
        "TITLE": {"type": "string", "isRequired": true, "title": "Название"},
        "SOURCE_ID": {"type": "crm_status", "statusType": "SOURCE", "title": "Источник"},
        "STAGE_ID": {"type": "crm_status", "statusType": "DEAL_STAGE", "title": "Стадия"},
        "PHONE": {"type": "crm_multifield", "isMultiple": true, "title": "Телефон"},
        "OPENED": {"type": "char", "isReadOnly": "N", "title": "Доступен"},
        "ASSIGNED_BY_ID": {"type": "user", "title": "Ответственный"},
        "COMPANY_ID": {"type": "crm_company", "title": "Компания"},
        "CURRENCY_ID": {"type": "crm_currency", "title": "Валюта"},
        "UF_CRM_1": {"type": "enumeration", "isMultiple": true, "title": "UF_CRM_1", "listLabel": "Список",
                     "formLabel": "", "items": [{"ID": "45", "VALUE": "Да"}, {"ID": 46, "VALUE": "Нет"}]},
        "UF_CRM_2": {"type": "crm_status", "title": "UF_CRM_2", "settings": {"ENTITY_TYPE": "SOURCE"}},
        "UF_CRM_3": {"type": "money", "title": "UF_CRM_3"},
        "UF_CRM_4": {"type": "something_new", "title": "UF_CRM_4", "formLabel": "Новое"}
    })
}

fn status(entity: &str, id: &str, name: &str, sort: &str, semantics: Value) -> Value {
    json!({"ENTITY_ID": entity, "STATUS_ID": id, "NAME": name, "SORT": sort, "COLOR": "#39A8EF", "SEMANTICS": semantics})
}

fn reply(key: &str) -> Answer {
    done(match key {
        LEAD_FIELDS | DEAL_FIELDS | CONTACT_FIELDS => fields_reply(),
        STATUSES => json!([
            status("STATUS", "JUNK", "Спам", "30", json!("F")),
            status("STATUS", "NEW", "Новый", "10", Value::Null),
            status("SOURCE", "WEB", "Сайт", "10", Value::Null),
            status("DEAL_STAGE", "NEW", "Новая", "10", Value::Null),
            status("DEAL_STAGE", "WON", "Успех", "60", json!("S")),
            status("DEAL_STAGE_3", "C3:NEW", "Опт", "10", Value::Null),
        ]),
        CATEGORIES => json!({"categories": [
            {"id": 3, "name": "Опт", "isDefault": "N"}, {"id": 0, "name": "Розница", "isDefault": "Y"}]}),
        OLD_CATEGORIES => json!([{"ID": "3", "NAME": "Опт"}]),
        OLD_GENERAL => json!({"ID": 0, "NAME": "Розница"}),
        USERS => json!([
            {"ID": "1", "ACTIVE": true, "NAME": "Вадим", "LAST_NAME": "Валеев", "EMAIL": "v@example.com"},
            {"ID": "7", "ACTIVE": false, "NAME": "", "LAST_NAME": "", "EMAIL": "gone@example.com"}]),
        CURRENCIES => json!([
            {"CURRENCY": "USD", "FULL_NAME": "Доллар", "BASE": "N"},
            {"CURRENCY": "RUB", "FULL_NAME": "Российский&nbsp;рубль", "BASE": "Y"}]),
        BASE_CURRENCY => json!("RUB"),
        METHODS => json!(["crm.lead.add", "CRM.Deal.Add"]),
        MODE => json!(2),
        other => panic!("no reply for {other}"),
    })
}

fn all() -> Vec<(Call, Answer)> {
    first()
        .into_iter()
        .map(|call| (call.clone(), reply(&call.key)))
        .collect()
}

fn with(key: &str, answer: Answer) -> Vec<(Call, Answer)> {
    let mut all = all();
    all.iter_mut().find(|(call, _)| call.key == key).unwrap().1 = answer;
    all
}

#[test]
fn the_first_batch_is_one_and_only_reads() {
    assert!(first().len() <= crate::wire::encode::MAX_COMMANDS);
    assert!(first().iter().all(|call| call.effect == Effect::Read));
}

#[test]
fn fields_have_kinds_titles_and_items() {
    let deal = read(&all(), NOW).unwrap().deal;
    let kinds: Vec<(&str, FieldKind)> = deal.values().map(|f| (f.name.as_str(), f.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("ASSIGNED_BY_ID", FieldKind::User),
            ("COMPANY_ID", FieldKind::Other),
            ("CURRENCY_ID", FieldKind::Currency),
            ("ID", FieldKind::Integer),
            ("OPENED", FieldKind::Char),
            ("PHONE", FieldKind::Multifield),
            ("SOURCE_ID", FieldKind::Status),
            ("STAGE_ID", FieldKind::Status),
            ("TITLE", FieldKind::Text),
            ("UF_CRM_1", FieldKind::Enumeration),
            ("UF_CRM_2", FieldKind::Status),
            ("UF_CRM_3", FieldKind::Money),
            ("UF_CRM_4", FieldKind::Other),
        ]
    );
    let titles = ["TITLE", "UF_CRM_1", "UF_CRM_3", "UF_CRM_4"].map(|name| deal[name].title.as_str());
    assert_eq!(titles, ["Название", "Список", "UF_CRM_3", "Новое"]);
    assert!(deal["TITLE"].required && deal["ID"].read_only && deal["UF_CRM_1"].multiple);
    assert!(!deal["OPENED"].read_only);
    let ids = |name: &str| deal[name].items.iter().map(|i| i.id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids("UF_CRM_1"), ["45", "46"]);
    assert_eq!(ids("SOURCE_ID"), ["WEB"]);
    assert_eq!(ids("UF_CRM_2"), ["WEB"]);
    assert_eq!(ids("STAGE_ID"), ["NEW", "WON", "C3:NEW"]);
}

#[test]
fn stages_pipelines_people_currencies_and_mode() {
    let catalog = read(&all(), NOW).unwrap();
    let stages = |stages: &[Stage]| -> Vec<(String, u64, String)> {
        stages
            .iter()
            .map(|s| (s.id.clone(), s.category_id, s.semantics.clone()))
            .collect()
    };
    let row = |id: &str, category, semantics: &str| (id.to_owned(), category, semantics.to_owned());
    assert_eq!(
        stages(&catalog.lead_stages),
        [row("NEW", 0, ""), row("JUNK", 0, "F")]
    );
    assert_eq!(
        stages(&catalog.deal_stages),
        [row("NEW", 0, ""), row("WON", 0, "S"), row("C3:NEW", 3, "")]
    );
    assert_eq!(
        catalog.categories,
        BTreeMap::from([(0, "Розница".to_owned()), (3, "Опт".to_owned())])
    );
    assert_eq!(catalog.users[0].name, "Вадим Валеев");
    assert_eq!(
        (catalog.users[1].name.as_str(), catalog.users[1].active),
        ("gone@example.com", false)
    );
    let currencies: Vec<&str> = catalog.currencies.iter().map(|c| c.label.as_str()).collect();
    assert_eq!(currencies, ["Российский рубль", "Доллар"]);
    assert!(catalog.has_method("crm.deal.add") && !catalog.has_method("crm.activity.todo.add"));
    assert!(catalog.simple_crm);
    assert_eq!(catalog.taken_at, NOW);
}

#[test]
fn an_old_portal_names_its_pipelines_by_the_old_methods() {
    let catalog = read(&with(CATEGORIES, refused()), NOW).unwrap();
    assert_eq!(
        catalog.categories,
        BTreeMap::from([(0, "Розница".to_owned()), (3, "Опт".to_owned())])
    );
}

#[test]
fn what_is_not_needed_may_be_refused() {
    for key in [
        CATEGORIES,
        OLD_CATEGORIES,
        OLD_GENERAL,
        USERS,
        CURRENCIES,
        BASE_CURRENCY,
        METHODS,
        MODE,
    ] {
        assert!(read(&with(key, refused()), NOW).is_ok(), "{key}");
    }
    let catalog = read(&with(BASE_CURRENCY, refused()), NOW).unwrap();
    assert_eq!(catalog.currencies[0].id, "RUB");
    assert!(
        read(&with(METHODS, refused()), NOW)
            .unwrap()
            .has_method("anything")
    );
}

#[test]
fn what_is_needed_may_not() {
    for key in [LEAD_FIELDS, DEAL_FIELDS, CONTACT_FIELDS, STATUSES] {
        assert!(
            matches!(
                read(&with(key, refused()), NOW),
                Err(CatalogError::Refused { .. })
            ),
            "{key}"
        );
    }
    assert!(matches!(
        read(&with(DEAL_FIELDS, done(json!([]))), NOW),
        Err(CatalogError::Shape { .. })
    ));
}

#[test]
fn trouble_with_any_call_keeps_the_old_catalogue() {
    let trouble = Trouble {
        kind: TroubleKind::OperatingTime,
        text: "x".into(),
        not_before: None,
    };
    let answer = Answer::Later(trouble.clone());
    assert_eq!(
        read(&with(USERS, answer), NOW),
        Err(CatalogError::Trouble(trouble))
    );
}

#[test]
fn all_missing_pages_are_asked_for_at_once() {
    let people = |ids: std::ops::Range<u64>| {
        Value::Array(
            ids.map(|id| json!({"ID": id.to_string(), "NAME": format!("N{id}")}))
                .collect(),
        )
    };
    let mut all = with(
        USERS,
        Answer::Done {
            result: people(0..50),
            total: Some(120),
            next: Some(50),
        },
    );
    let pages = more(&all);
    let keys: Vec<&str> = pages.iter().map(|call| call.key.as_str()).collect();
    assert_eq!(keys, ["users:50", "users:100"]);
    assert_eq!(
        pages[1].args.last(),
        Some(&("start".to_owned(), Arg::text("100")))
    );
    let answers = [
        Answer::Done {
            result: people(50..100),
            total: Some(120),
            next: Some(100),
        },
        Answer::Done {
            result: people(100..120),
            total: Some(120),
            next: None,
        },
    ];
    all.extend(pages.into_iter().zip(answers));
    assert_eq!(more(&all), []);
    assert_eq!(read(&all, NOW).unwrap().users.len(), 120);
}

#[test]
fn a_portal_that_does_not_count_is_walked_page_by_page_and_not_for_ever() {
    let answer = |next| Answer::Done {
        result: json!([]),
        total: None,
        next: Some(next),
    };
    let all = with(STATUSES, answer(50));
    assert_eq!(more(&all).len(), 1);
    assert_eq!(more(&with(USERS, answer(MAX_RECORDS))), []);
}
