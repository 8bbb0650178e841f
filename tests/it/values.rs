//! Contract 5 and 6: templates and values, from a form to the field of the portal.

use std::time::{Duration, Instant};

use b24_bridge::practice_portal::{Fault, Kin, Kind, Only};
use serde_json::{Value, json};

use crate::harness::{Bridge, portal};
use crate::records::{add, channel, count, deliver, deliver_as, get, ids, multi};

/// The id of an enumeration's label, as the portal keeps it.
fn item(portal: &b24_bridge::practice_portal::PracticePortal, field: &str, label: &str) -> String {
    portal.world(|world| {
        let def = world.deals.def(field).expect("the field");
        let items = &def.user_field.as_ref().expect("a user field").items;
        let found = items.iter().find(|(_, name)| name == label).expect("the label");
        found.0.to_string()
    })
}

#[test]
fn every_type_of_field() {
    let portal = portal();
    portal.world(|world| {
        world.add_user_field(
            Kin::Deal,
            "UF_CRM_SIZES",
            Kind::Enumeration,
            true,
            "Размеры",
            &["S", "M", "L"],
        );
        world.add_user_field(Kin::Deal, "UF_CRM_MANAGER", Kind::User, false, "Менеджер", &[]);
        world.add_user_field(Kin::Deal, "UF_CRM_COUNT", Kind::Integer, false, "Штук", &[]);
        world.add_user_field(Kin::Deal, "UF_CRM_WEIGHT", Kind::Double, false, "Вес", &[]);
        world.add_user_field(Kin::Deal, "UF_CRM_LINK", Kind::Url, false, "Ссылка", &[]);
    });
    let label = |text| item(&portal, "UF_CRM_DELIVERY", text);
    let (courier, post) = (label("Курьер"), label("Почта"));
    let sizes = [
        item(&portal, "UF_CRM_SIZES", "S"),
        item(&portal, "UF_CRM_SIZES", "L"),
    ];
    // Field, what the form sends, what stands in the portal; a date is shown by its beginning.
    let table = [
        ("UF_CRM_DELIVERY", json!("Курьер"), json!(courier)),
        ("UF_CRM_DELIVERY", json!(" ПОЧТА "), json!(post)),
        ("UF_CRM_DELIVERY", json!(post.clone()), json!(post)),
        ("UF_CRM_SIZES", json!(["s", "L"]), json!(sizes)),
        ("UF_CRM_GIFT", json!("да"), json!("1")),
        ("UF_CRM_GIFT", json!("Нет"), json!("0")),
        ("UF_CRM_GIFT", json!("on"), json!("1")),
        ("UF_CRM_GIFT", json!(true), json!("1")),
        ("OPENED", json!("no"), json!("N")),
        ("UF_CRM_PREPAID", json!("3 500,50"), json!("3500.5|RUB")),
        ("UF_CRM_PREPAID", json!("10 $"), json!("10|USD")),
        ("UF_CRM_WEIGHT", json!("1,5"), json!("1.50")),
        ("UF_CRM_COUNT", json!("12"), json!("12")),
        ("OPPORTUNITY", json!("3 500,50 ₽"), json!("3500.50")),
        ("OPPORTUNITY", json!(1_234_567), json!("1234567.00")),
        ("CURRENCY_ID", json!("usd"), json!("USD")),
        ("UF_CRM_SHIP_DATE", json!("31.12.2026"), json!("2026-12-31")),
        ("UF_CRM_SHIP_DATE", json!("2026-12-31"), json!("2026-12-31")),
        (
            "UF_CRM_SHIP_DATE",
            json!("2026-12-31T10:00:00+03:00"),
            json!("2026-12-31"),
        ),
        (
            "UF_CRM_CALL_AT",
            json!("2026-12-31T10:00:00+03:00"),
            json!("2026-12-31T10:00:00+03:00"),
        ),
        (
            "UF_CRM_CALL_AT",
            json!("2026-12-31T07:00:00Z"),
            json!("2026-12-31T10:00:00+03:00"),
        ),
        (
            "UF_CRM_CALL_AT",
            json!("31.12.2026 10:00"),
            json!("2026-12-31T10:00:00+03:00"),
        ),
        (
            "UF_CRM_TAGS",
            json!(["красный", "", "синий"]),
            json!(["красный", "синий"]),
        ),
        ("UF_CRM_TAGS", json!("один"), json!(["один"])),
        ("SOURCE_ID", json!("Веб-сайт"), json!("WEB")),
        ("SOURCE_ID", json!("CALLBACK"), json!("CALLBACK")),
        ("TYPE_ID", json!("услуги"), json!("SERVICES")),
        ("ASSIGNED_BY_ID", json!("Иван Петров"), json!("2")),
        ("ASSIGNED_BY_ID", json!("olga@example.com"), json!("3")),
        ("ASSIGNED_BY_ID", json!(2), json!("2")),
        ("UF_CRM_MANAGER", json!("петров иван"), json!("2")),
        (
            "UF_CRM_LINK",
            json!(" https://shop.example/?a=1&b=2 "),
            json!("https://shop.example/?a=1&b=2"),
        ),
        ("ADDITIONAL_INFO", json!(["a", "b"]), json!("a, b")),
        (
            "COMMENTS",
            json!("a & b = \"c\" + d % [e]\nf"),
            json!("a & b = \"c\" + d % [e]\nf"),
        ),
    ];
    let bridge = Bridge::start(&portal, &[]);
    let mut fields: Vec<&str> = table.iter().map(|(field, ..)| *field).collect();
    fields.dedup();
    let rows: Vec<Value> = fields
        .iter()
        .map(|field| json!(["deal", field, format!("{{{field}}}")]))
        .collect();
    bridge.channel(&channel("in", "deal", json!(rows), json!({})));
    let sent: Vec<String> = table
        .iter()
        .map(|(field, value, _)| bridge.post_json("in", &json!({*field: value})).id())
        .collect();
    for (id, (field, value, expected)) in sent.iter().zip(table) {
        let result = bridge.wait_for(id, "delivered")["result"].clone();
        let stands = get(&portal, "deal", ids(&result, "entity_ids")[0])[field].clone();
        let same = match (stands.as_str(), expected.as_str()) {
            (Some(stands), Some(day)) if field == "UF_CRM_SHIP_DATE" => stands.starts_with(day),
            _ => stands == expected,
        };
        assert!(same, "{field} from {value}: {stands} instead of {expected}");
    }
}

#[test]
fn templates_fill_fields() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    let rows = json!([
        ["contact", "NAME", "{client.name}"],
        ["contact", "PHONE", "{client[phones]}"],
        ["deal", "TITLE", "Заказ №{order.id} {{срочно}} {missing}"],
        [
            "deal",
            "ADDITIONAL_INFO",
            "{order[items][0][sku]}/{order.items.1.sku}"
        ],
        ["deal", "COMMENTS", "{_all}"],
        [
            "deal",
            "SOURCE_DESCRIPTION",
            "{_id} {_ip} {_referer} {_user_agent} {_channel}"
        ],
        ["deal", "UTM_TERM", "{missing}"],
        ["deal", "UTM_SOURCE", "сайт"],
        ["deal", "UTM_CONTENT", "{_time}"],
    ]);
    bridge.channel(&channel("in", "deal", rows, json!({"name": "Магазин"})));
    let body = json!({
        "client": {"name": "Мария", "phones": ["+74712773120", "8 471 277-31-21"]},
        "order": {"id": "00012", "items": [{"sku": "A"}, {"sku": "B"}]}, "note": ""
    });
    let headers = [
        ("referer", "https://shop.example/cart"),
        ("user-agent", "Shop/1.0"),
    ];
    let id = bridge
        .send("POST", "/in/in", &headers, body.to_string().as_bytes())
        .id();
    let shown = bridge.wait_for(&id, "delivered");
    let deal = get(&portal, "deal", ids(&shown["result"], "entity_ids")[0]);
    assert_eq!(deal["TITLE"], "Заказ №00012 {срочно}");
    assert_eq!(deal["ADDITIONAL_INFO"], "A/B");
    let all = "client.name: Мария\nclient.phones.0: +74712773120\nclient.phones.1: 8 471 277-31-21\norder.id: 00012\n\
               order.items.0.sku: A\norder.items.1.sku: B";
    assert!(
        deal["COMMENTS"].as_str().expect("text").starts_with(all),
        "{}",
        deal["COMMENTS"]
    );
    assert_eq!(
        deal["SOURCE_DESCRIPTION"],
        format!("{id} 127.0.0.1 https://shop.example/cart Shop/1.0 Магазин")
    );
    assert_eq!(
        (&deal["UTM_TERM"], &deal["UTM_SOURCE"]),
        (&json!(null), &json!("сайт"))
    );
    assert_eq!(deal["UTM_CONTENT"], shown["received_at"]);
    let contact = get(&portal, "contact", ids(&shown["result"], "contact_ids")[0]);
    assert_eq!(multi(&contact, "PHONE"), ["+74712773120", "+74712773121"]);
}

/// Contract 5: the bridge never blanks what the CRM holds.
#[test]
fn an_empty_value_blanks_nothing() {
    let portal = portal();
    let fields = [
        "TITLE",
        "COMMENTS",
        "OPPORTUNITY",
        "UF_CRM_TAGS",
        "UF_CRM_GIFT",
        "UF_CRM_SHIP_DATE",
        "SOURCE_ID",
    ];
    let mut rows: Vec<Value> = fields
        .iter()
        .map(|field| json!(["deal", field, format!("{{{field}}}")]))
        .collect();
    rows.push(json!(["deal", "UF_CRM_ORDER_ID", "{order}", true]));
    let bridge = Bridge::start(&portal, &[]);
    let settings = json!({"mode": "search_first", "update_fields": true});
    bridge.channel(&channel("in", "deal", json!(rows), settings));
    let held = json!({"UF_CRM_ORDER_ID": "1", "TITLE": "Была", "COMMENTS": "текст", "OPPORTUNITY": 100, "UF_CRM_TAGS": ["a"],
                      "UF_CRM_GIFT": 1, "UF_CRM_SHIP_DATE": "2026-12-31", "SOURCE_ID": "WEB"});
    let id = add(&portal, "deal", &held);
    let before = get(&portal, "deal", id);
    for empty in [
        json!(""),
        json!(" "),
        json!(null),
        json!([]),
        json!({}),
        json!([""]),
    ] {
        let mut body: Value = fields
            .iter()
            .map(|field| ((*field).to_owned(), empty.clone()))
            .collect();
        body["order"] = json!("1");
        assert_eq!(ids(&deliver(&bridge, "in", &body), "entity_ids"), [id]);
        let after = get(&portal, "deal", id);
        for field in fields {
            assert_eq!(after[field], before[field], "{field} from {empty}");
        }
    }
}

#[test]
fn files_of_a_form_arrive_in_file_fields() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    let rows = json!([
        ["deal", "TITLE", "{title}"],
        ["deal", "UF_CRM_RESUME", "{cv}"],
        ["deal", "UF_CRM_FILES", "{docs}"]
    ]);
    bridge.channel(&channel("in", "deal", rows, json!({"add_comment": true})));
    let part = |name: &str, file: &str, content: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n"
        )
    };
    let body = [
        "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nРезюме\r\n".to_owned(),
        part("cv", "резюме.txt", "0123456789"),
        part("docs[]", "a.txt", "aaa"),
        part("docs[]", "b.bin", &"\u{0}+&=%".repeat(20_000)),
        "--b--\r\n".to_owned(),
    ]
    .concat();
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let id = bridge.send("POST", "/in/in", &headers, body.as_bytes()).id();
    let result = bridge.wait_for(&id, "delivered")["result"].clone();
    let deal = get(&portal, "deal", ids(&result, "entity_ids")[0]);
    let file = |file: &Value| (file["practiceName"].clone(), file["practiceSize"].clone());
    assert_eq!(file(&deal["UF_CRM_RESUME"]), (json!("резюме.txt"), json!(10)));
    let files: Vec<_> = deal["UF_CRM_FILES"]
        .as_array()
        .expect("files")
        .iter()
        .map(file)
        .collect();
    assert_eq!(
        files,
        [(json!("a.txt"), json!(3)), (json!("b.bin"), json!(100_000))]
    );
}

/// Contract 6: fails at once, with the field, the value and the expected form, and nothing is written.
#[test]
fn a_value_that_fits_nothing_fails_at_once() {
    let portal = portal();
    let fields = [
        "UF_CRM_SHIP_DATE",
        "UF_CRM_CALL_AT",
        "OPPORTUNITY",
        "UF_CRM_GIFT",
        "UF_CRM_PREPAID",
        "UF_CRM_RESUME",
    ];
    let mut rows: Vec<Value> = fields
        .iter()
        .map(|field| json!(["deal", field, format!("{{{field}}}")]))
        .collect();
    rows.push(json!(["contact", "NAME", "Мария"]));
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel("in", "deal", json!(rows), json!({})));
    for (field, value, expected) in [
        ("UF_CRM_SHIP_DATE", "31.02.2026", "31.12.2026"),
        ("UF_CRM_CALL_AT", "завтра", "2026-12-31T10:00:00"),
        ("OPPORTUNITY", "дорого", "3500.50"),
        ("UF_CRM_GIFT", "может быть", "да/нет"),
        ("UF_CRM_PREPAID", "даром", "3500"),
        ("UF_CRM_RESUME", "cv.pdf", "multipart/form-data"),
    ] {
        let started = Instant::now();
        let failed = deliver_as(&bridge, "in", &json!({field: value}), "failed");
        assert!(
            started.elapsed().as_secs() < 3,
            "{field} took {:?}",
            started.elapsed()
        );
        let error = failed["error"].as_str().expect("an error");
        for part in [field, value, expected] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert_eq!((&failed["result"], &failed["steps"]), (&json!(null), &json!([])));
    }
    assert_eq!((count(&portal, "deals"), count(&portal, "contacts")), (0, 0));
}

/// The catalogue is read again before an unknown label or field fails a submission; and persons who were unknown
/// until then are still one person each.
#[test]
fn what_was_added_in_the_portal_since_is_taken() {
    let portal = portal();
    let rows = json!([
        ["contact", "PHONE", "{phone}", true],
        ["deal", "UF_CRM_DELIVERY", "{delivery}"],
        ["deal", "ASSIGNED_BY_ID", "{who}"],
    ]);
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel("in", "deal", rows, json!({})));
    bridge.channel(&channel(
        "new",
        "deal",
        json!([["deal", "UF_CRM_NEW", "{new}"]]),
        json!({}),
    ));
    let drone = portal.world(|world| {
        let id = world.next_small_id();
        let def = world
            .deals
            .schema
            .iter_mut()
            .find(|def| def.name == "UF_CRM_DELIVERY")
            .expect("the field");
        def.user_field
            .as_mut()
            .expect("a user field")
            .items
            .push((id, "Дрон".to_owned()));
        world.add_user_field(Kin::Deal, "UF_CRM_NEW", Kind::Text, false, "Новое", &[]);
        let mut person = world.people[0].clone();
        (person.id, person.name, person.last_name) = (9, "Вера".to_owned(), "Новая".to_owned());
        world.people.push(person);
        id
    });
    let body = json!({"phone": "8 471 277-31-20", "delivery": "дрон", "who": "Вера Новая"});
    // A portal that takes its time, so that two who went at once would both find nobody.
    let slow = Fault::Slow {
        before: Duration::from_millis(100),
        after: Duration::ZERO,
    };
    let only = Only::Method("crm.duplicate.findbycomm".to_owned());
    portal.faults().arm(slow, only, None);
    let sent: Vec<String> = (0..4).map(|_| bridge.post_json("in", &body).id()).collect();
    let of_new_field = bridge.post_json("new", &json!({"new": "поле"})).id();
    let wrong = bridge.post_json("in", &json!({"delivery": "Телепорт"})).id();
    for id in &sent {
        let result = bridge.wait_for(id, "delivered")["result"].clone();
        assert_eq!(result["contact_ids"], json!([1]), "one person, one contact");
        let deal = get(&portal, "deal", ids(&result, "entity_ids")[0]);
        assert_eq!(
            (&deal["UF_CRM_DELIVERY"], &deal["ASSIGNED_BY_ID"]),
            (&json!(drone.to_string()), &json!("9"))
        );
    }
    assert_eq!(count(&portal, "contacts"), 1);
    let result = bridge.wait_for(&of_new_field, "delivered")["result"].clone();
    assert_eq!(
        get(&portal, "deal", ids(&result, "entity_ids")[0])["UF_CRM_NEW"],
        "поле"
    );
    // What is nowhere fails, with the labels that there are now.
    let error = bridge.wait_for(&wrong, "failed")["error"]
        .as_str()
        .expect("an error")
        .to_owned();
    assert!(
        error.contains("Телепорт") && error.contains("Дрон") && error.contains("UF_CRM_DELIVERY"),
        "{error}"
    );
}
