//! What is held back, waited for, and reported of the portal's limits.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::test_server::{Act, Server, json};
use super::tests::{call, echo, kind, one, open, write};
use super::*;
use crate::model::{Arg, Effect, TroubleKind};

#[test]
fn calls_that_cannot_go_are_held_back() {
    let server = Server::start(|_, request| echo(request));
    let portal = open(&server.url(), &Options::default());
    let mut dangling = call("dangling", Effect::Write);
    dangling.args = vec![(
        "X".into(),
        Arg::Answer {
            key: "nobody".into(),
            path: vec![],
        },
    )];
    let calls: Vec<Call> = (0..52).map(|n| call(&format!("c{n}"), Effect::Write)).collect();
    let mut commands = vec![("1".to_owned(), &dangling)];
    commands.extend(calls.iter().map(|call| ("1".to_owned(), call)));
    // A second call of a name that is taken.
    commands.insert(2, ("1".to_owned(), &calls[0]));
    let answers = portal.batch(&commands, false);
    let not_run = ("later", Some(TroubleKind::NotRun));
    assert_eq!((kind(&answers[0]), kind(&answers[2])), (not_run, not_run));
    assert_eq!(answers.iter().filter(|a| kind(a).0 == "done").count(), 50);
    assert_eq!(
        answers[52..].iter().map(kind).collect::<Vec<_>>(),
        [not_run, not_run]
    );
    // With halt, nothing goes after a call that had to wait.
    let answers = portal.batch(&commands, true);
    assert!(answers.iter().all(|answer| kind(answer) == not_run));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_method_without_operating_time_rests_and_the_others_go_on() {
    let server = Server::start(|number, request| match number {
        0 => json(
            r#"{"result":{"result":{"k1__r":1},"result_error":{"k1__w":{"error":"OPERATION_TIME_LIMIT"}}}}"#,
        ),
        _ => echo(request),
    });
    let portal = open(&server.url(), &Options::default());
    let (read, write) = (call("r", Effect::Read), write());
    let commands = [("1".to_owned(), &write), ("1".to_owned(), &read)];
    for round in 0..2 {
        let answers = portal.batch(&commands, false);
        assert_eq!(
            kind(&answers[0]),
            ("later", Some(TroubleKind::OperatingTime)),
            "{round}"
        );
        assert!(matches!(&answers[0], Answer::Later(t) if t.not_before > Some(now())));
        assert_eq!(kind(&answers[1]), ("done", None));
    }
    assert_eq!(
        kind(&portal.call(&write)),
        ("later", Some(TroubleKind::OperatingTime))
    );
    assert!(!server.seen()[1].body.contains("crm.w.do"));
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn limits_are_waited_for_and_stopping_ends_the_wait() {
    let server = Server::start(|_, _| {
        Act::Reply(
            503,
            String::new(),
            r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"x"}"#.into(),
        )
    });
    let portal = Arc::new(open(&server.url(), &Options::default()));
    assert_eq!(portal.wait_hint(), Duration::ZERO);
    let answer = portal.batch(&one(&write()), true).remove(0);
    assert_eq!(kind(&answer), ("later", Some(TroubleKind::RateLimit)));
    assert!(matches!(&answer, Answer::Later(t) if t.not_before.is_some()));
    assert!(portal.wait_hint() > Duration::from_millis(500));
    let waiting = {
        let portal = portal.clone();
        thread::spawn(move || portal.batch(&one(&write()), true).remove(0))
    };
    portal.stop();
    assert_eq!(
        kind(&waiting.join().unwrap()),
        ("later", Some(TroubleKind::NotRun))
    );
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_block_by_hand_is_not_hammered() {
    let server = Server::start(|_, _| {
        Act::Reply(
            503,
            String::new(),
            r#"{"error":"OVERLOAD_LIMIT","error_description":"x"}"#.into(),
        )
    });
    let portal = open(&server.url(), &Options::default());
    for _ in 0..3 {
        let answer = portal.batch(&one(&write()), true).remove(0);
        assert_eq!(kind(&answer), ("later", Some(TroubleKind::Overload)));
        assert!(matches!(&answer, Answer::Later(t) if t.not_before > Some(now() + Duration::from_secs(300))));
    }
    assert_eq!(server.seen().len(), 1);
}
