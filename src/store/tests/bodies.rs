//! Requests are taken away after their time, and only those that are finished.

use std::cell::Cell;

use super::*;
use crate::model::{Failure, SubmissionId};

const DAY: i64 = 24 * 3_600_000;

fn fail(bench: &Bench, id: SubmissionId) {
    let change = Change::Failed(Failure {
        step: "entity".to_owned(),
        text: "refused".to_owned(),
    });
    let record = Record {
        id,
        steps: Vec::new(),
        change,
    };
    bench.store.record(vec![record]).unwrap();
}

fn body(bench: &Bench, id: SubmissionId) -> String {
    text(&bench.store.load(id).unwrap().unwrap().received.body)
}

#[test]
fn finished_requests_lose_their_body_and_nothing_else() {
    let bench = Bench::new();
    let ids = bench.taken(3);
    fail(&bench, ids[0]);
    fail(&bench, ids[2]);
    bench.set_clock(MORNING + DAY);
    let young = bench.taken(1)[0];
    fail(&bench, young);
    let removed = bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap();
    assert_eq!(removed, 2);
    for (id, expected) in [(ids[0], ""), (ids[1], "a=1"), (ids[2], ""), (young, "a=1")] {
        assert_eq!(body(&bench, id), expected, "{id}");
    }
    let standing = bench.store.load(ids[0]).unwrap().unwrap().standing;
    assert_eq!(standing.body_removed_at, Some(Millis(MORNING + DAY)));
    assert_eq!(
        (standing.summary.as_str(), standing.state),
        ("body a=1", State::Failed)
    );

    // The unfinished one goes when it is finished, however often was swept before.
    assert_eq!(
        bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap(),
        0
    );
    fail(&bench, ids[1]);
    assert_eq!(
        bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap(),
        1
    );
    assert_eq!(body(&bench, ids[1]), "");
    assert_eq!(
        bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap(),
        0
    );
}

#[test]
fn what_has_no_body_is_not_sent_again() {
    let bench = Bench::new();
    let id = bench.taken(1)[0];
    fail(&bench, id);
    bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap();
    assert_eq!(bench.store.retry(vec![id]).unwrap(), [(id, Retried::BodyRemoved)]);
    assert_eq!(bench.state(id), State::Failed);
    assert_eq!(bench.store.retry_failed(&Filter::default()).unwrap(), 0);
}

#[test]
fn what_is_not_taken_up_waits_for_it() {
    let bench = Bench::new();
    let test = Arrival {
        state: State::Test,
        ..arrival("test=test")
    };
    let waiting = bench.accept(arrival("a=1"));
    let test = bench.accept(test);
    assert_eq!(
        bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap(),
        0
    );
    bench.store.take_up(9, |_| String::new()).unwrap();
    assert_eq!(
        bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap(),
        1
    );
    assert_eq!(
        (body(&bench, test).as_str(), body(&bench, waiting).as_str()),
        ("", "a=1")
    );
}

#[test]
fn a_sweep_goes_on_in_small_steps_and_stops_when_told() {
    let bench = Bench::new();
    let many: Vec<SubmissionId> = bench.taken(450);
    for id in &many {
        fail(&bench, *id);
    }
    // Once for what was kept, once for a first chunk.
    let asked = Cell::new(0);
    let go_on = || {
        asked.set(asked.get() + 1);
        asked.get() <= 2
    };
    assert_eq!(
        bench.store.remove_bodies(Millis(MORNING + DAY), go_on).unwrap(),
        200
    );
    assert_eq!(
        bench.store.remove_bodies(Millis(MORNING + DAY), || true).unwrap(),
        250
    );
}
