//! Faults, a closed port and the limits.

use std::time::Instant;

use super::*;

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
    portal.listen_again().expect("the port is still free");
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
