//! Requests and connections, against servers that behave and that do not.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json as value};

use super::test_server::{Act, Server, json};
use super::*;
use crate::model::{Arg, Effect, Secret, TroubleKind};

pub(super) fn open(url: &str, options: &Options) -> Portal {
    Portal::open(Connection::webhook(url).unwrap(), options).unwrap()
}

pub(super) fn call(key: &str, effect: Effect) -> Call {
    Call {
        key: key.to_owned(),
        method: format!("crm.{key}.do"),
        args: Vec::new(),
        effect,
    }
}

pub(super) fn write() -> Call {
    call("w", Effect::Write)
}

pub(super) fn one(call: &Call) -> Vec<(String, &Call)> {
    vec![("1".to_owned(), call)]
}

/// A batch in which every command answers with its own text.
pub(super) fn echo(request: &super::test_server::Request) -> Act {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    json(value!({"result": {"result": body["cmd"], "result_error": []}}).to_string())
}

pub(super) fn kind(answer: &Answer) -> (&'static str, Option<TroubleKind>) {
    match answer {
        Answer::Done { .. } => ("done", None),
        Answer::Refused(_) => ("refused", None),
        Answer::Later(t) => ("later", Some(t.kind)),
        Answer::Unknown(t) => ("unknown", Some(t.kind)),
    }
}

fn text(answer: &Answer) -> &str {
    match answer {
        Answer::Later(t) | Answer::Unknown(t) => &t.text,
        Answer::Refused(r) => &r.text,
        Answer::Done { .. } => "",
    }
}

#[test]
fn calls_of_many_submissions_share_a_request_and_a_connection() {
    let server = Server::start(|_, request| echo(request));
    let portal = open(&server.url(), &Options::default());
    let find = call("find", Effect::Read);
    let mut add = call("add", Effect::Write);
    add.args = vec![(
        "ID".into(),
        Arg::Answer {
            key: "find".into(),
            path: vec!["0".into()],
        },
    )];
    let commands = vec![
        ("1".to_owned(), &find),
        ("2".to_owned(), &find),
        ("1".to_owned(), &add),
        ("2".to_owned(), &add),
    ];
    for _ in 0..2 {
        let answers = portal.batch(&commands, true);
        let results: Vec<Value> = answers
            .into_iter()
            .map(|answer| match answer {
                Answer::Done { result, .. } => result,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(results[0], "crm.find.do");
        assert_eq!(results[2], "crm.add.do?ID=%24result%5Bk1__find%5D%5B0%5D");
        assert_eq!(results[3], "crm.add.do?ID=%24result%5Bk2__find%5D%5B0%5D");
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].line, "POST /rest/1/abcdef0123456789/batch HTTP/1.1");
    assert!(seen[0].headers.contains("content-type: application/json"));
    assert!(seen[0].body.starts_with(r#"{"halt":1,"cmd":{"#));
    assert_eq!(seen[1].connection, 0, "the connection was not kept");
}

#[test]
fn one_call_goes_as_a_form() {
    let server = Server::start(|_, _| json(r#"{"result":true,"total":"3"}"#));
    let portal = open(&server.url(), &Options::default());
    let mut profile = call("p", Effect::Read);
    profile.args = vec![("a".into(), Arg::text("b c&"))];
    assert_eq!(
        portal.call(&profile),
        Answer::Done {
            result: value!(true),
            total: Some(3),
            next: None
        }
    );
    portal.call(&call("p", Effect::Read));
    let seen = server.seen();
    assert_eq!(
        (seen[0].line.as_str(), seen[0].body.as_str()),
        ("POST /rest/1/abcdef0123456789/crm.p.do HTTP/1.1", "a=b%20c%26")
    );
    assert_eq!(seen[1].body, "{}");
}

#[test]
fn what_never_left_was_not_done() {
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tls = Server::start(|_, _| json("{}"));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let quick = Options {
        connect_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    for url in [
        format!("http://{free}/rest/1/abcdef0123456789/"),
        // Speaks no TLS, and does not answer the TLS greeting.
        format!("https://{}/rest/1/abcdef0123456789/", tls.address),
        format!(
            "https://{}/rest/1/abcdef0123456789/",
            silent.local_addr().unwrap()
        ),
        "http://nobody.invalid/rest/1/abcdef0123456789/".to_owned(),
    ] {
        let portal = open(&url, &quick);
        for answer in [
            portal.batch(&one(&write()), true).remove(0),
            portal.call(&write()),
        ] {
            assert_eq!(
                kind(&answer),
                ("later", Some(TroubleKind::Unreachable)),
                "{url}: {answer:?}"
            );
            assert!(!text(&answer).contains("abcdef0123456789"), "{answer:?}");
        }
    }
}

#[test]
fn what_was_sent_and_not_answered_may_have_been_done() {
    let acts: [fn() -> Act; 5] = [
        || Act::Raw(Vec::new()),
        || Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
        || Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"result\":".to_vec()),
        || Act::Raw(b"\x16\x03\x01 this is no HTTP at all\r\n\r\n".to_vec()),
        || Act::Silence,
    ];
    for (number, act) in acts.into_iter().enumerate() {
        let server = Server::start(move |_, _| act());
        let quick = Options {
            whole_timeout: Duration::from_millis(400),
            ..Options::default()
        };
        let portal = open(&server.url(), &quick);
        let answers = portal.batch(
            &[("1".into(), &write()), ("1".into(), &call("r", Effect::Read))],
            true,
        );
        assert_eq!(
            kind(&answers[0]),
            ("unknown", Some(TroubleKind::AnswerLost)),
            "{number}: {answers:?}"
        );
        assert_eq!(
            kind(&answers[1]),
            ("later", Some(TroubleKind::AnswerLost)),
            "{number}"
        );
        assert_eq!(server.seen().len(), 1, "{number}: a write went out twice");
    }
}

#[test]
fn pages_instead_of_answers() {
    let cases = [
        (
            502,
            "<html><title>Bad gateway for /rest/1/abcdef0123456789/batch</title>",
            TroubleKind::ServerError,
        ),
        (200, "<html><title>Log in</title>", TroubleKind::Nonsense),
    ];
    for (status, page, trouble) in cases {
        let server = Server::start(move |_, _| Act::Reply(status, String::new(), page.to_owned()));
        let answer = open(&server.url(), &Options::default())
            .batch(&one(&write()), true)
            .remove(0);
        assert_eq!(kind(&answer), ("unknown", Some(trouble)));
        assert!(!text(&answer).contains("abcdef0123456789"), "{answer:?}");
    }
}

#[test]
fn a_kept_connection_that_was_closed_is_not_used_again() {
    let server = Server::start(|_, _| Act::ReplyThenClose(r#"{"result":{"result":{"k1__w":1}}}"#.into()));
    let portal = open(&server.url(), &Options::default());
    for _ in 0..3 {
        assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
        server.wait_for_close();
    }
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_connection_closed_in_the_moment_of_sending_leaves_the_write_in_doubt_and_unrepeated() {
    // The second request of a connection is read and then dropped, as by a server that gives up an
    // idle connection at that very moment.
    let server = Server::start(|number, request| match number {
        1 => Act::Raw(Vec::new()),
        _ => echo(request),
    });
    let portal = open(&server.url(), &Options::default());
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    let answer = portal.batch(&one(&write()), true).remove(0);
    assert_eq!(kind(&answer), ("unknown", Some(TroubleKind::AnswerLost)));
    let seen = server.seen();
    assert_eq!((seen.len(), seen[1].connection), (2, 0));
}

#[test]
fn a_renamed_portal_is_followed_by_a_post_and_remembered() {
    let new = Server::start(|_, request| echo(request));
    let location = format!("Location: {}batch\r\n", new.url());
    let old = Server::start(move |_, _| Act::Reply(302, location.clone(), String::new()));
    let portal = open(&old.url(), &Options::default());
    for _ in 0..2 {
        assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    }
    assert_eq!(old.seen().len(), 1);
    let seen = new.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[0].line.starts_with("POST /rest/1/abcdef0123456789/batch"));
    assert_eq!(seen[0].body, old.seen()[0].body);
    assert_eq!(portal.connection(), Connection::webhook(&new.url()).unwrap());
}

#[test]
fn other_redirects_are_not_followed() {
    let target = Server::start(|_, request| echo(request));
    for to in [
        format!("http://{}/auth/?backurl=abcdef0123456789", target.address),
        "/login".to_owned(),
        String::new(),
    ] {
        let shown = to.clone();
        let old = Server::start(move |_, _| Act::Reply(302, format!("Location: {to}\r\n"), "<html>".into()));
        let answer = open(&old.url(), &Options::default())
            .batch(&one(&write()), true)
            .remove(0);
        assert_eq!(kind(&answer), ("later", Some(TroubleKind::NotServed)), "{shown}");
        assert!(!text(&answer).contains("abcdef0123456789"));
    }
    // Two portals that send calls to each other: one repetition, no more.
    let other = Server::start(|_, _| {
        Act::Reply(
            302,
            "Location: http://x/rest/1/abcdef0123456789/batch\r\n".into(),
            String::new(),
        )
    });
    let location = format!("Location: {}batch\r\n", other.url());
    let old = Server::start(move |_, _| Act::Reply(307, location.clone(), String::new()));
    let answer = open(&old.url(), &Options::default())
        .batch(&one(&write()), true)
        .remove(0);
    assert_eq!(kind(&answer), ("later", Some(TroubleKind::NotServed)));
    assert!(target.seen().is_empty());
    assert_eq!((old.seen().len(), other.seen().len()), (1, 1));
}

#[test]
fn cutting_off_ends_a_request_under_way() {
    let server = Server::start(|_, _| Act::Silence);
    let portal = Arc::new(open(&server.url(), &Options::default()));
    let waiting = {
        let portal = portal.clone();
        thread::spawn(move || portal.batch(&one(&write()), true).remove(0))
    };
    server.wait_for_request();
    portal.cut_off();
    assert_eq!(
        kind(&waiting.join().unwrap()),
        ("unknown", Some(TroubleKind::AnswerLost))
    );
    assert_eq!(
        kind(&portal.batch(&one(&write()), true)[0]),
        ("later", Some(TroubleKind::NotRun))
    );
}

#[test]
fn names_and_source_addresses_can_be_set() {
    let server = Server::start(|_, request| echo(request));
    let url = format!(
        "http://portal.test:{}/rest/1/abcdef0123456789/",
        server.address.port()
    );
    let mut options = Options {
        resolve: vec![("Portal.Test".into(), "127.0.0.1".parse().unwrap())],
        ..Options::default()
    };
    assert_eq!(
        kind(&open(&url, &options).batch(&one(&write()), true)[0]),
        ("done", None)
    );
    // Every address of 127.0.0.0/8 is this machine's on Linux, and there alone.
    if cfg!(target_os = "linux") {
        options.outbound_ip = Some("127.0.0.9".parse().unwrap());
        let portal = open(&url, &options);
        for _ in 0..2 {
            assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
        }
        let seen = server.seen();
        assert_eq!(seen[1].peer.ip().to_string(), "127.0.0.9");
        assert_eq!(
            seen[1].connection, seen[2].connection,
            "the connection was not kept"
        );
    }
    options.outbound_ip = Some("::1".parse().unwrap());
    let answer = open(&url, &options).batch(&one(&write()), true).remove(0);
    assert_eq!(kind(&answer), ("later", Some(TroubleKind::Unreachable)));
}

#[test]
fn a_bound_connection_keeps_the_time_limits_and_can_be_cut() {
    let server = Server::start(|_, _| Act::Silence);
    let options = Options {
        outbound_ip: Some("127.0.0.1".parse().unwrap()),
        whole_timeout: Duration::from_millis(300),
        ..Options::default()
    };
    let answer = open(&server.url(), &options)
        .batch(&one(&write()), true)
        .remove(0);
    assert_eq!(kind(&answer), ("unknown", Some(TroubleKind::AnswerLost)));
    server.wait_for_request();
    let patient = Options {
        whole_timeout: Duration::from_secs(600),
        ..options
    };
    let portal = Arc::new(open(&server.url(), &patient));
    let waiting = {
        let portal = portal.clone();
        thread::spawn(move || portal.batch(&one(&write()), true).remove(0))
    };
    server.wait_for_request();
    portal.cut_off();
    assert_eq!(
        kind(&waiting.join().unwrap()),
        ("unknown", Some(TroubleKind::AnswerLost))
    );
}

#[test]
fn an_http_proxy_carries_the_request_or_refuses_it() {
    let proxy = Server::start(|_, request| {
        if request.line.starts_with("CONNECT portal.test:80 ") {
            Act::Reply(200, String::new(), String::new())
        } else {
            echo(request)
        }
    });
    let refusing = Server::start(|_, _| Act::Reply(407, String::new(), String::new()));
    let url = "http://portal.test/rest/1/abcdef0123456789/";
    for outbound_ip in [None, Some("127.0.0.1".parse().unwrap())] {
        let through = |proxy: &Server| Options {
            proxy: Some(Secret::new(format!("http://u:hunter2@{}", proxy.address))),
            outbound_ip,
            ..Options::default()
        };
        assert_eq!(
            kind(&open(url, &through(&proxy)).batch(&one(&write()), true)[0]),
            ("done", None)
        );
        let answer = open(url, &through(&refusing))
            .batch(&one(&write()), true)
            .remove(0);
        assert_eq!(kind(&answer), ("later", Some(TroubleKind::Unreachable)));
        assert!(!text(&answer).contains("hunter2"));
    }
    assert!(proxy.seen()[0].headers.contains("proxy-authorization: basic"));
}
