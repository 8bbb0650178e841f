//! How the portal is called: transports, keys, batches.

use super::*;
use crate::model::Millis;

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
            expires_at: Millis(i64::MAX),
        };
        w.tokens.insert("t".into(), token);
    });
    assert_eq!(ask("/rest/profile?auth=t"), (200, String::new()));
    portal.expire_tokens();
    assert_eq!(ask("/rest/profile?auth=t"), (401, "expired_token".into()));
    let paths: Vec<String> = portal.stats().log.into_iter().map(|e| e.path).collect();
    assert!(paths.iter().all(|p| !p.contains("practice0webhook")), "{paths:?}");
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
