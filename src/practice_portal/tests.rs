//! The practice portal as its clients see it: over real loopback HTTP, byte for byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

/// What came back: status, head, body.
type Answer = (u16, String, String);

/// One request on a connection of its own. An error is a connection that ended without an answer.
fn http(to: SocketAddr, method: &str, path: &str, kind: &str, body: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nAccept-Language: ru\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .expect("a status");
    Ok((status, head.to_owned(), body.to_owned()))
}

fn start() -> PracticePortal {
    PracticePortal::start(Options::default()).expect("the practice portal starts")
}

impl PracticePortal {
    fn path(&self, method: &str) -> String {
        let url = self.webhook_url();
        format!(
            "{}{method}",
            url.strip_prefix(&self.base_url()).expect("its own base")
        )
    }

    fn try_call(&self, method: &str, params: &Value) -> io::Result<(u16, Value)> {
        let path = self.path(method);
        let (status, _, body) = http(
            self.address(),
            "POST",
            &path,
            "application/json",
            &params.to_string(),
        )?;
        Ok((status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
    }

    fn call(&self, method: &str, params: Value) -> Value {
        let (status, body) = self.try_call(method, &params).expect("an answer");
        assert_eq!(status, 200, "{method}: {body}");
        body["result"].clone()
    }

    fn refusal(&self, method: &str, params: Value) -> (u16, String, String) {
        let (status, body) = self.try_call(method, &params).expect("an answer");
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        (status, text("error"), text("error_description"))
    }
}

#[test]
fn json_forms_and_queries_say_the_same() {
    let portal = start();
    let to = portal.address();
    let json = r#"{"FIELDS":{"TITLE":"a&b","OPPORTUNITY":3500.5}}"#;
    let form = "fields%5BTITLE%5D=a%26b&fields[OPPORTUNITY]=3500.5";
    let add = portal.path("crm.deal.add");
    http(to, "POST", &add, "application/json; charset=utf-8", json).expect("an answer");
    http(
        to,
        "POST",
        &format!("{add}.json"),
        "application/x-www-form-urlencoded",
        form,
    )
    .expect("an answer");
    http(to, "GET", &format!("{add}/?{form}"), "", "").expect("an answer");
    for id in 1..=3 {
        let deal = portal.call("crm.deal.get", json!({"id": id}));
        assert_eq!(deal["TITLE"], "a&b", "deal {id}");
        assert_eq!(deal["OPPORTUNITY"], "3500.50", "deal {id}");
    }
}

#[test]
fn who_may_not_call_is_told_so() {
    let portal = start();
    let to = portal.address();
    let ask = |path: &str| {
        let (status, _, body) = http(to, "GET", path, "", "").expect("an answer");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        (status, body["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ask("/rest/1/wrong/profile"), (401, "INVALID_CREDENTIALS".into()));
    assert_eq!(
        ask("/rest/2/practice0webhook/profile"),
        (401, "INVALID_CREDENTIALS".into())
    );
    assert_eq!(ask("/rest/profile"), (401, "NO_AUTH_FOUND".into()));
    assert_eq!(ask("/rest/profile?auth=t"), (401, "NO_AUTH_FOUND".into()));
    assert_eq!(
        ask(&portal.path("no.such")),
        (404, "ERROR_METHOD_NOT_FOUND".into())
    );
    portal.world(|w| {
        let application = "bridge".to_owned();
        let token = Token {
            user_id: 2,
            application,
            expired: false,
        };
        w.tokens.insert("t".into(), token);
    });
    assert_eq!(ask("/rest/profile?auth=t"), (200, String::new()));
    portal.world(|w| w.tokens.values_mut().for_each(|t| t.expired = true));
    assert_eq!(ask("/rest/profile?auth=t"), (401, "expired_token".into()));
    let paths: Vec<String> = portal.stats().log.into_iter().map(|e| e.path).collect();
    assert!(paths.iter().all(|p| !p.contains("practice0webhook")), "{paths:?}");
}

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
fn a_batch_builds_later_commands_from_earlier_answers() {
    let portal = start();
    let cmd = json!({
        "contact": "crm.contact.add?fields[NAME]=%D0%98&fields[PHONE][0][VALUE]=%2B7471",
        "deal": "crm.deal.add?fields[TITLE]=T&fields[CONTACT_IDS][]=$result[contact]",
        "comment": "crm.timeline.comment.add?fields[ENTITY_ID]=$result[deal]&fields[ENTITY_TYPE]=deal&fields[COMMENT]=a%26b",
        "found": "crm.duplicate.findbycomm?type=PHONE&values[]=%2B7471&entity_type=CONTACT",
        "deals": "crm.deal.list?filter[CONTACT_ID]=$result[found][CONTACT]&select[]=ID",
        "all": "crm.deal.list?filter[>ID]=$result[nothing][CONTACT]&select[]=ID",
        "wrong": "crm.deal.get?id=$result[nothing]",
    });
    let (status, body) = portal
        .try_call("batch", &json!({"halt": 0, "cmd": cmd}))
        .expect("an answer");
    assert_eq!(status, 200);
    let result = &body["result"];
    assert_eq!(result["result"]["deals"], json!([{"ID": "1"}]));
    assert_eq!(
        result["result"]["all"],
        json!([{"ID": "1"}]),
        "a reference to nothing finds too much"
    );
    assert_eq!(result["result_total"], json!({"deals": 1, "all": 1}));
    assert_eq!(result["result_next"], json!([]));
    assert_eq!(
        result["result_error"],
        json!({"wrong": {"error": "", "error_description": "ID is not defined or invalid."}})
    );
    assert!(result["result_time"]["deal"]["operating_reset_at"].is_i64());
    let comment = portal.call("crm.timeline.comment.get", json!({"id": 1}));
    assert_eq!(comment["COMMENT"], "a&b");

    // The same as a form: everything inside is encoded twice.
    let form =
        "halt=1&cmd[a]=crm.deal.get%3Fid%3D9&cmd[b]=crm.lead.add%3Ffields%5BTITLE%5D%3DJohn%2526Martin";
    let path = portal.path("batch.json");
    let kind = "application/x-www-form-urlencoded";
    http(portal.address(), "POST", &path, kind, form).expect("an answer");
    assert!(
        portal.world(|w| w.leads.is_empty()),
        "the batch halted before the lead"
    );
    let form = form.replace("halt=1", "halt=0");
    http(portal.address(), "POST", &path, kind, &form).expect("an answer");
    assert_eq!(
        portal.call("crm.lead.get", json!({"id": 1}))["TITLE"],
        "John&Martin"
    );
}

#[test]
fn faults_before_the_work_leave_the_world_as_it_was() {
    let portal = start();
    let add = || portal.try_call("crm.deal.add", &json!({"fields": {"TITLE": "a"}}));
    for fault in [Fault::CutBefore, Fault::RefuseConnections, Fault::HalfBatch(0)] {
        portal.faults().next(1, fault.clone());
        assert!(add().is_err(), "{fault:?}");
    }
    for (fault, status, code) in [
        (Fault::QueryLimit, 503, "QUERY_LIMIT_EXCEEDED"),
        (Fault::OverloadLimit, 503, "OVERLOAD_LIMIT"),
        (Fault::InternalServerError, 500, "INTERNAL_SERVER_ERROR"),
        (Fault::ExpiredToken, 401, "expired_token"),
        (Fault::MissingScope, 403, "insufficient_scope"),
        (
            Fault::OperationTimeLimit("crm.deal.add".into()),
            429,
            "OPERATION_TIME_LIMIT",
        ),
    ] {
        portal.faults().next(1, fault);
        let (given, body) = add().expect("an answer");
        assert_eq!((given, &body["error"]), (status, &json!(code)));
    }
    for (fault, status) in [
        (Fault::Html500, 500),
        (Fault::Html200Login, 200),
        (Fault::Http502, 502),
    ] {
        portal.faults().next(1, fault);
        let (given, body) = add().expect("an answer");
        assert_eq!(given, status);
        assert!(body.as_str().is_some_and(|b| b.contains("<html")), "{body}");
    }
    portal
        .faults()
        .next(1, Fault::Redirect302("http://new.example".into()));
    let path = portal.path("crm.deal.add");
    let (status, head, _) =
        http(portal.address(), "POST", &path, "application/json", "{}").expect("an answer");
    assert_eq!(status, 302);
    assert!(
        head.to_lowercase()
            .contains(&format!("location: http://new.example{path}")),
        "{head}"
    );
    assert_eq!(portal.world(|w| w.deals.len()), 0);
    assert_eq!(portal.stats().commands_of("crm.deal.add"), 0);
    assert_eq!(portal.stats().refused_connections, 1);
    assert_eq!(portal.faults().waiting(), 0);
}

#[test]
fn faults_after_the_work_keep_the_answer_back() {
    let portal = start();
    let add = || portal.try_call("crm.deal.add", &json!({"fields": {"TITLE": "a"}}));
    portal.faults().next_write(1, Fault::CutAfter);
    portal.call("crm.deal.list", json!({}));
    assert!(add().is_err());
    assert_eq!(portal.world(|w| w.deals.len()), 1);
    portal.faults().next(1, Fault::Http504After);
    assert_eq!(add().expect("an answer").0, 504);
    assert_eq!(portal.world(|w| w.deals.len()), 2);

    portal.faults().next_with("crm.deal.add", 1, Fault::HalfBatch(2));
    let cmd = json!({"a": "crm.deal.add?fields[TITLE]=1", "b": "crm.deal.add?fields[TITLE]=2", "c": "crm.deal.add?fields[TITLE]=3"});
    assert!(portal.try_call("batch", &json!({"cmd": cmd})).is_err());
    assert_eq!(portal.world(|w| w.deals.len()), 4);
    let log = portal.stats().log;
    assert_eq!(log.back().map(|e| (e.status, e.methods.len())), Some((None, 3)));

    portal.faults().next(
        1,
        Fault::FailCommand {
            method: "crm.deal.add".into(),
            code: "".into(),
            text: "Нет &quot;прав&quot;".into(),
        },
    );
    let (_, body) = portal.try_call("batch", &json!({"cmd": cmd})).expect("an answer");
    let result = &body["result"];
    assert_eq!(
        result["result_error"]["a"]["error_description"],
        "Нет &quot;прав&quot;"
    );
    assert!(result["result"]["b"].is_u64());

    let slow = Duration::from_millis(120);
    let fault = Fault::Slow {
        before: slow,
        after: slow,
    };
    portal.faults().next(1, fault);
    let asked = Instant::now();
    add().expect("an answer");
    assert!(asked.elapsed() >= slow * 2);
}

#[test]
fn a_closed_port_refuses_and_opens_again() {
    let portal = start();
    // An idle connection that a client keeps for later.
    let mut kept = TcpStream::connect(portal.address()).expect("connected");
    kept.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let path = portal.path("profile");
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    kept.write_all(head.as_bytes()).expect("sent");
    assert!(kept.read(&mut [0; 4096]).expect("an answer") > 0);

    portal.stop_listening();
    let refused = portal
        .try_call("profile", &json!({}))
        .expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    let mut rest = Vec::new();
    kept.read_to_end(&mut rest).expect("closed by the portal");
    portal.listen_again();
    portal.call("profile", json!({}));
}

#[test]
fn limits_of_the_cloud_count_requests_and_not_commands() {
    let portal = PracticePortal::start(Options {
        profile: Profile::Cloud,
        ..Options::default()
    })
    .expect("started");
    let mut refused = None;
    for n in 0..80 {
        let (status, body) = portal
            .try_call("batch", &json!({"cmd": ["profile", "scope"]}))
            .expect("an answer");
        if status == 503 {
            assert_eq!(body["error"], "QUERY_LIMIT_EXCEEDED");
            refused = Some(n);
            break;
        }
    }
    // Fifty at once, and what leaked meanwhile.
    assert!(refused.is_some_and(|n| (50..60).contains(&n)), "{refused:?}");

    let portal = start();
    portal.meter(|m| {
        m.operating_limit = Some(1.0);
        m.cost.insert("crm.deal.list".into(), 2.0);
    });
    portal.call("crm.deal.list", json!({}));
    let (_, body) = portal
        .try_call("batch", &json!({"cmd": {"l": "crm.deal.list", "p": "profile"}}))
        .expect("an answer");
    assert_eq!(
        body["result"]["result_error"]["l"]["error"],
        "OPERATION_TIME_LIMIT"
    );
    assert_eq!(body["result"]["result"]["p"]["ID"], "1");
}

#[test]
fn placements_are_for_applications_of_administrators() {
    let portal = start();
    let bind = json!({"PLACEMENT": "CRM_DEAL_LIST_TOOLBAR", "HANDLER": "https://a/b24/app"});
    assert_eq!(
        portal.refusal("placement.bind", bind.clone()).1,
        "WRONG_AUTH_TYPE"
    );
    portal.world(|w| {
        for (token, user_id) in [("admin", 1), ("user", 2)] {
            let application = "bridge".to_owned();
            let known = Token {
                user_id,
                application,
                expired: false,
            };
            w.tokens.insert(token.into(), known);
        }
    });
    let ask = |method: &str, token: &str, params: &Value| {
        let mut params = params.clone();
        params["auth"] = json!(token);
        let path = format!("/rest/{method}");
        let body = params.to_string();
        let (status, _, body) =
            http(portal.address(), "POST", &path, "application/json", &body).expect("an answer");
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    assert_eq!(ask("placement.bind", "user", &bind).1["error"], "ACCESS_DENIED");
    assert_eq!(ask("placement.bind", "admin", &bind).1["result"], true);
    assert_eq!(ask("placement.bind", "admin", &bind).1["error"], "ERROR_CORE");
    let (status, body) = ask("placement.bind", "admin", &json!({"HANDLER": "x"}));
    assert_eq!((status, &body["argument"]), (200, &json!("PLACEMENT")));
    assert_eq!(
        ask("placement.get", "admin", &json!({})).1["result"][0]["handler"],
        "https://a/b24/app"
    );
    let gone = ask(
        "placement.unbind",
        "admin",
        &json!({"PLACEMENT": "CRM_DEAL_LIST_TOOLBAR"}),
    );
    assert_eq!(gone.1["result"], json!({"count": 2}));
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
    assert_eq!(fields["UF_CRM_ORDER_ID"]["formLabel"], "Номер заказа");
    assert_eq!(fields["UF_CRM_DELIVERY"]["items"][0]["VALUE"], "Курьер");
    assert_eq!(fields["CATEGORY_ID"]["isImmutable"], true);
    portal.world(|w| w.settings.scopes = ["crm".to_owned()].into());
    assert_eq!(portal.refusal("user.get", json!({})).1, "insufficient_scope");
    assert_eq!(portal.call("scope", json!({})), json!(["crm"]));
}

#[test]
fn pages_show_what_arrived_and_escape_it() {
    let portal = start();
    let contact = json!({"fields": {"NAME": "<script>alert(1)</script>"}});
    portal.call("crm.contact.add", contact);
    portal.call(
        "crm.deal.add",
        json!({"fields": {"TITLE": "Заказ №5", "CONTACT_IDS": [1]}}),
    );
    let comment = json!({"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "привет"});
    portal.call("crm.timeline.comment.add", json!({"fields": comment}));
    let get = |path: &str| http(portal.address(), "GET", path, "", "").expect("an answer");
    for path in ["/", "/crm/deal/details/1/", "/crm/contact/details/1/"] {
        let (status, _, body) = get(path);
        assert_eq!(status, 200, "{path}");
        assert!(!body.contains("<script>alert"), "{path}");
    }
    let (_, _, body) = get("/");
    for part in ["Заказ №5", "привет", "fresh", "Сделки", "/practice.js"] {
        assert!(body.contains(part), "{part}");
    }
    assert_eq!(get("/crm/deal/details/9/").0, 404);
    assert!(get("/practice.css").1.contains("text/css"));
    assert!(get("/practice.js").1.contains("text/javascript"));
}

#[test]
fn scripts_have_switches_and_figures() {
    let portal = start();
    let ask = |method: &str, path: &str, body: &str| {
        let (status, _, body) =
            http(portal.address(), method, path, "application/json", body).expect("an answer");
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    let spec = r#"{"fault":"cut_before","times":1}"#;
    assert_eq!(ask("POST", "/practice/faults", spec).1[0]["left"], 1);
    assert!(portal.try_call("profile", &json!({})).is_err());
    assert_eq!(ask("GET", "/practice/faults", "").1, json!([]));
    assert_eq!(ask("POST", "/practice/faults", "{}").0, 400);
    let settings = r#"{"simple_crm":true,"hidden_methods":["crm.activity.todo.add"],"required":[{"entity":"deal","field":"TITLE"}]}"#;
    assert_eq!(ask("POST", "/practice/settings", settings).0, 200);
    assert_eq!(portal.call("crm.settings.mode.get", json!({})), json!(2));
    assert_eq!(ask("POST", "/practice/settings", r#"{"rain":1}"#).0, 400);
    let (_, stats) = ask("GET", "/practice/stats", "");
    assert_eq!(stats["commands"]["crm.settings.mode.get"], 1);
    assert_eq!(stats["log"][0]["status"], Value::Null);
    assert_eq!(ask("GET", "/practice/world", "").1["deals"], json!([]));
    assert_eq!(ask("GET", "/practice/rain", "").0, 404);
}
