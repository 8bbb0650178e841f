//! The catalogue and the check, read from a small portal.

use serde_json::{Value, json as value};

use super::test_server::{Act, Server, json};
use super::tests::open;
use super::*;

/// A portal of few words: an answer for each command of a batch, by its method.
fn small_portal(answer: impl Fn(&str) -> Result<Value, &'static str> + Send + Sync + 'static) -> Server {
    Server::start(move |_, request| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let (mut results, mut errors) = (serde_json::Map::new(), serde_json::Map::new());
        for (key, command) in body["cmd"].as_object().unwrap() {
            match answer(command.as_str().unwrap().split('?').next().unwrap()) {
                Ok(result) => results.insert(key.clone(), result),
                Err(code) => errors.insert(key.clone(), value!({"error": code, "error_description": ""})),
            };
        }
        json(value!({"result": {"result": results, "result_error": errors}}).to_string())
    })
}

fn box_portal(method: &str) -> Result<Value, &'static str> {
    Ok(match method {
        "crm.lead.fields" | "crm.deal.fields" | "crm.contact.fields" => {
            value!({"TITLE": {"type": "string", "title": "T"}})
        }
        "crm.status.list" => {
            value!([{"ENTITY_ID": "STATUS", "STATUS_ID": "NEW", "NAME": "New", "SORT": "10"}])
        }
        "scope" => value!(["crm", "user_brief"]),
        "methods" => Value::from(NEEDED_METHODS.to_vec()),
        "profile" => value!({"ID": "1", "NAME": "Вадим", "LAST_NAME": "Валеев", "ADMIN": true}),
        "crm.settings.mode.get" => value!(1),
        "crm.lead.list" | "crm.deal.list" | "crm.contact.list" => value!([]),
        _ => return Err("ERROR_METHOD_NOT_FOUND"),
    })
}

#[test]
fn the_catalogue_of_a_small_box_is_one_request() {
    let server = small_portal(box_portal);
    let catalog = open(&server.url(), &Options::default())
        .read_catalog(Millis(7))
        .unwrap();
    assert_eq!(server.seen().len(), 1);
    assert_eq!(catalog.taken_at, Millis(7));
    assert_eq!(
        (catalog.lead.len(), catalog.lead_stages.len(), catalog.users.len()),
        (1, 1, 0)
    );
}

#[test]
fn a_catalogue_needs_the_right_to_crm() {
    let server = small_portal(|method| match method {
        "crm.lead.fields" => Err("insufficient_scope"),
        method => box_portal(method),
    });
    let error = open(&server.url(), &Options::default())
        .read_catalog(Millis(7))
        .unwrap_err();
    assert!(error.to_string().contains("crm.lead.fields"), "{error}");
}

#[test]
fn the_check_names_what_is_missing() {
    let server = small_portal(box_portal);
    let report = open(&server.url(), &Options::default()).check();
    assert!(report.passed(), "{report:#?}");
    assert_eq!(server.seen().len(), 1);
    let line = |name: &str| report.lines.iter().find(|line| line.name == name).unwrap();
    assert!(
        line("connection")
            .detail
            .contains("user 1 Вадим Валеев, administrator")
    );
    assert!(!line("connection").detail.contains("abcdef0123456789"));
    assert!(!line("encryption").ok);
    assert!(!line("method crm.activity.todo.add").ok);
    assert!(line("right user_brief").ok);

    let poor = small_portal(|method| match method {
        "scope" => Ok(value!(["user"])),
        "methods" => Ok(value!(["crm.lead.add"])),
        "crm.deal.list" => Err("ACCESS_DENIED"),
        "crm.settings.mode.get" => Ok(value!("2")),
        method => box_portal(method),
    });
    let report = open(&poor.url(), &Options::default()).check();
    assert!(!report.passed());
    let bad: Vec<&str> = report
        .lines
        .iter()
        .filter(|l| !l.ok && l.needed)
        .map(|l| l.name.as_str())
        .collect();
    assert!(
        bad.contains(&"right crm") && bad.contains(&"reading deals") && bad.contains(&"method crm.deal.add"),
        "{bad:?}"
    );
    assert!(!bad.contains(&"method crm.lead.add"));
    assert!(report.lines.iter().any(|line| line.detail.contains("simple CRM")));
}

#[test]
fn the_check_of_a_dead_connection_is_one_line() {
    let server = Server::start(|_, _| {
        Act::Reply(
            401,
            String::new(),
            r#"{"error":"NO_AUTH_FOUND","error_description":"Wrong authorization data"}"#.into(),
        )
    });
    let report = open(&server.url(), &Options::default()).check();
    assert!(!report.passed());
    assert_eq!(report.lines.len(), 1);
    assert!(report.lines[0].detail.contains("NO_AUTH_FOUND"));
}
