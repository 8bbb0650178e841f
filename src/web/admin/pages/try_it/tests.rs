//! The dry run on a practice portal, sending, and what hostile requests become.

use serde_json::{Value, json};

use super::sample;
use crate::deliver::CONNECTION_CREDENTIAL;
use crate::model::{Channel, State, SubmissionId};
use crate::portal::Connection;
use crate::practice_portal::{self, PracticePortal};
use crate::web::admin::testing::Desk;

const EXAMPLE: &str = include_str!("../../../../../examples/channel-shop-orders.json");
const PATH: &str = "/channels/shop-orders/try";
const HOSTILE: &str = r#""><script>alert(1)</script><img src=x onerror='a'>"#;

fn channel(change: impl FnOnce(&mut Value)) -> Channel {
    let mut json: Value = serde_json::from_str(EXAMPLE).unwrap();
    change(&mut json);
    crate::channel_file::parse(&json.to_string()).unwrap()
}

/// Signed in, with a portal, the example's channel, and no delivery going on: what is sent stays queued.
fn desk(change: impl FnOnce(&mut Value)) -> (PracticePortal, Desk) {
    let portal = PracticePortal::start(practice_portal::Options::default()).unwrap();
    let desk = Desk::signed_in();
    desk.site.store.put_channel(channel(change)).unwrap();
    desk.site.engine.stop();
    let connection = Connection::webhook(&portal.webhook_url()).unwrap();
    desk.site
        .store
        .put_credential(CONNECTION_CREDENTIAL, &connection)
        .unwrap();
    (portal, desk)
}

fn show(desk: &mut Desk, body: &Value) -> String {
    let shown = desk.post(PATH, &[("do", "show"), ("body", &body.to_string())]);
    assert_eq!(shown.status, 200, "{}", shown.body);
    shown.body
}

fn records(portal: &PracticePortal) -> (usize, usize) {
    portal.world(|world| {
        let world = world.to_json();
        let count = |kind: &str| world[kind].as_array().unwrap().len();
        (count("contacts"), count("deals"))
    })
}

#[test]
fn the_example_asks_for_what_the_channel_maps() {
    let example = sample::fields(&channel(|_| ()), None);
    assert_eq!(
        Value::Object(example),
        json!({"client_name": "Мария", "client_phone": "74712773120", "order_id": "6510", "order_amount": "3500"})
    );
    let nested = channel(|json| {
        json["fields"] = json!([
            {"of": "contact", "field": "EMAIL", "value": "{client.mail}"},
            {"of": "deal", "field": "TITLE", "value": "{order[items][1][sku]} {_id} {client.mail}"},
            {"of": "deal", "field": "COMMENTS", "value": "{client}"}
        ]);
    });
    assert_eq!(
        Value::Object(sample::fields(&nested, None)),
        json!({"client": {"mail": "maria@example.com"}, "order": {"items": [null, {"sku": "6510"}]}})
    );
    let empty = channel(|json| json["fields"] = json!([]));
    assert!(sample::fields(&empty, None).contains_key("phone"));
}

#[test]
fn a_dry_run_tells_all_and_writes_nothing() {
    let (portal, mut desk) = desk(|_| ());
    let body = json!({"client_name": "Мария", "client_phone": "8 (471) 277-31-20", "order_id": "6510"});
    let page = show(&mut desk, &body);
    for expected in [
        "A contact whose",
        "+74712773120",
        "A deal whose",
        "UF_CRM_ORDER_ID",
        "A new contact",
        "A new deal",
        "Заказ №6510",
        "the new contact",
        "A comment with the whole request",
        "An activity for the responsible",
        "crm.deal.add",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert_eq!(records(&portal), (0, 0));
}

#[test]
fn what_would_not_be_delivered_is_said_and_the_secret_is_not_shown() {
    let trapped = |json: &mut Value| {
        json["honeypot"] = json!("website");
        json["secret"] = json!("correct-horse-battery");
    };
    let (_portal, mut desk) = desk(trapped);
    let order = json!({"client_name": "Мария", "client_phone": "74712773120", "order_id": "6510", "_secret": "correct-horse-battery"});
    let page = show(&mut desk, &order);
    let outcome = page.split("id=\"outcome\"").nth(1).unwrap_or_default();
    assert!(
        outcome.contains("6510") && !outcome.contains("correct-horse"),
        "{outcome}"
    );
    assert!(!page.contains("nothing reaches the portal"), "{page}");
    let mut caught = order.clone();
    caught["website"] = json!("x");
    assert!(show(&mut desk, &caught).contains("The hidden trap field is filled in"));
    assert!(show(&mut desk, &json!({"test": "test"})).contains("This is a connection test"));
}

#[test]
fn what_is_found_is_linked_and_updated_or_ignored() {
    let (portal, mut desk) = desk(|json| json["on_found"] = json!("ignore"));
    let body = json!({"client_phone": "74712773120", "order_id": "6510"});
    // A deal of that number, as another delivery would have left it.
    let connection = Connection::webhook(&portal.webhook_url()).unwrap();
    let client = crate::portal::Portal::open(connection, &crate::portal::Options::default()).unwrap();
    let add = crate::model::Call {
        key: "add".to_owned(),
        method: "crm.deal.add".to_owned(),
        args: vec![(
            "fields".to_owned(),
            crate::model::Arg::Map(vec![
                ("TITLE".to_owned(), crate::model::Arg::text("x")),
                ("UF_CRM_ORDER_ID".to_owned(), crate::model::Arg::text("6510")),
                ("STAGE_ID".to_owned(), crate::model::Arg::text("NEW")),
            ]),
        )],
        effect: crate::model::Effect::Write,
    };
    assert!(client.call(&add).trouble().is_none());
    let page = show(&mut desk, &body);
    assert!(page.contains("would be ignored"), "{page}");
    assert!(
        page.contains(&format!("{}/crm/deal/details/1/", portal.base_url())),
        "{page}"
    );
    let updating = channel(|_| ());
    desk.site.store.put_channel(updating).unwrap();
    let page = show(&mut desk, &body);
    assert!(page.contains("To be changed"), "{page}");
    assert_eq!(records(&portal), (0, 1));
}

#[test]
fn what_cannot_be_done_is_said_in_place() {
    let (portal, mut desk) = desk(|_| ());
    for (body, expected) in [("", "empty"), (r#"{"a":"#, "could not read")] {
        let shown = desk.post(PATH, &[("do", "show"), ("body", body)]);
        assert_eq!(shown.status, 422);
        assert!(shown.body.contains(expected), "{}", shown.body);
    }
    let unfit = show(&mut desk, &json!({"order_amount": "много"}));
    assert!(
        unfit.contains("a value does not fit") && unfit.contains("OPPORTUNITY"),
        "{unfit}"
    );
    portal.stop_listening();
    let down = show(&mut desk, &json!({"client_phone": "1"}));
    assert!(
        down.contains("the portal did not answer") && !down.contains("practice0webhook"),
        "{down}"
    );
    desk.site.store.delete_credential(CONNECTION_CREDENTIAL).unwrap();
    assert!(show(&mut desk, &json!({"a": "1"})).contains(r#"href="/portal""#));
    assert_eq!(desk.get("/channels/nothing/try").status, 404);
}

#[test]
fn a_request_that_is_sent_stands_in_the_inbox_and_can_be_picked() {
    let (_portal, mut desk) = desk(|_| ());
    let sent = desk.post(
        PATH,
        &[("do", "send"), ("body", r#"{"client_name":"Пётр","order_id":7}"#)],
    );
    let id: SubmissionId = sent.location().strip_prefix("/inbox/").unwrap().parse().unwrap();
    let stored = desk.site.store.load(id).unwrap().unwrap();
    assert_eq!(
        (stored.standing.state, stored.received.ip.as_str()),
        (State::Queued, "10.0.0.1")
    );
    let picked = desk.get(&format!("{PATH}?from={id}"));
    assert!(
        picked.body.contains("Пётр") && picked.body.contains(&format!(r#"value="{id}" selected"#)),
        "{}",
        picked.body
    );
    // A request of another channel is not to be seen here.
    let other = channel(|json| json["slug"] = json!("other"));
    desk.site.store.put_channel(other).unwrap();
    assert_eq!(desk.get(&format!("/channels/other/try?from={id}")).status, 404);
}

#[test]
fn hostile_names_and_values_are_text() {
    let (_portal, mut desk) = desk(|json| {
        json["name"] = json!(HOSTILE);
        json["fields"] = json!([
            {"of": "contact", "field": "NAME", "value": format!("{{{HOSTILE}}}")},
            {"of": "deal", "field": "TITLE", "value": "{title}"}
        ]);
    });
    let first = desk.get(PATH);
    let mut body = serde_json::Map::new();
    body.insert(HOSTILE.to_owned(), json!(HOSTILE));
    body.insert("title".to_owned(), json!(HOSTILE));
    let shown = show(&mut desk, &Value::Object(body.clone()));
    let sent = desk.post(
        PATH,
        &[("do", "send"), ("body", &Value::Object(body).to_string())],
    );
    let id = sent.location().strip_prefix("/inbox/").unwrap().to_owned();
    let picked = desk.get(&format!("{PATH}?from={id}"));
    for page in [first.body, shown, picked.body] {
        assert!(
            !page.contains("<script>alert") && !page.contains("<img src=x"),
            "{page}"
        );
    }
}
