//! Taking up, the journal, and how deliveries end.

use serde_json::{Value, json};

use super::*;
use crate::model::{
    ContactAction, Effect, Entity, EntityAction, Failure, Outcome, Refusal, Step, StepState, Trouble,
    TroubleKind,
};

fn step(key: &str, effect: Effect, state: StepState, begun_at: i64) -> Step {
    Step {
        key: key.to_owned(),
        method: "crm.deal.add".to_owned(),
        effect,
        sent: json!({"TITLE": "Заказ"}),
        state,
        begun_at: Millis(begun_at),
        took_ms: None,
    }
}

fn trouble() -> Trouble {
    Trouble {
        kind: TroubleKind::OperatingTime,
        text: "busy".to_owned(),
        not_before: Some(Millis(MORNING + 5)),
    }
}

fn refusal() -> StepState {
    StepState::Refused(Refusal {
        code: String::new(),
        text: "no such stage".to_owned(),
    })
}

/// Numbers as portals write them, which must come back digit by digit.
fn done() -> StepState {
    let result: Value =
        serde_json::from_str(r#"{"ID":74712773120747127731,"SUM":3500.00,"n":1,"f":1e5,"list":[]}"#).unwrap();
    StepState::Done { result }
}

fn failed() -> Change {
    Change::Failed(Failure {
        step: "entity".to_owned(),
        text: "no such stage".to_owned(),
    })
}

fn outcome() -> Outcome {
    Outcome {
        action: EntityAction::Created,
        entity: Entity::Deal,
        entity_ids: vec![41],
        contact_ids: vec![17],
        contact_action: ContactAction::Created,
        comment_ids: vec![9],
        activity_ids: vec![5],
        note: None,
    }
}

fn begin(id: SubmissionId, steps: Vec<Step>) -> Begin {
    Begin {
        id,
        steps,
        decision: None,
    }
}

#[test]
fn new_submissions_are_taken_up_once_and_in_order_and_the_rest_stays_queued() {
    let bench = Bench::new();
    let ids: Vec<_> = (0..5).map(|n| bench.accept(arrival(&format!("n={n}")))).collect();
    bench.accept(Arrival {
        state: State::Spam,
        ..arrival("spam")
    });
    let last = bench.accept(arrival("n=5"));

    let taken: Vec<_> = bench
        .store
        .take_up(2, |r| text(&r.body))
        .unwrap()
        .iter()
        .map(|w| w.id)
        .collect();
    assert_eq!(taken, ids[..2]);
    assert!(ids.iter().all(|id| bench.state(*id) == State::Queued));
    let bench = bench.reopen();
    let taken: Vec<_> = bench
        .store
        .take_up(100, |r| text(&r.body))
        .unwrap()
        .iter()
        .map(|w| w.id)
        .collect();
    assert_eq!(taken, [ids[2], ids[3], ids[4], last]);
    assert!(bench.store.take_up(100, |_| String::new()).unwrap().is_empty());
    assert_eq!(bench.store.load(last).unwrap().unwrap().standing.summary, "n=5");
}

#[test]
fn a_long_run_of_what_needs_no_delivery_is_passed_over() {
    let bench = Bench::new();
    for _ in 0..300 {
        bench.accept(Arrival {
            state: State::Spam,
            ..arrival("spam")
        });
    }
    let id = bench.accept(arrival("a=1"));
    assert_eq!(bench.store.take_up(1, |_| String::new()).unwrap()[0].id, id);
}

#[test]
fn unfinished_work_is_found_in_pages_and_in_order() {
    let bench = Bench::new();
    let ids = bench.taken(5);
    bench.store.begin(vec![begin(ids[1], vec![])]).unwrap();
    bench
        .store
        .record(vec![Record {
            id: ids[2],
            steps: vec![],
            change: failed(),
        }])
        .unwrap();
    let again = Change::Again {
        at: Millis(MORNING + 9),
        error: "portal away".to_owned(),
        count_attempt: true,
    };
    bench
        .store
        .record(vec![Record {
            id: ids[3],
            steps: vec![],
            change: again,
        }])
        .unwrap();
    let first = bench.store.unfinished(SubmissionId(0), 2).unwrap();
    let rest = bench.store.unfinished(first[1].id, 10).unwrap();
    assert_eq!(
        first.iter().chain(&rest).map(|w| w.id).collect::<Vec<_>>(),
        [ids[0], ids[1], ids[3], ids[4]]
    );
    assert_eq!(
        (rest[0].attempts, rest[0].next_attempt_at),
        (1, Some(Millis(MORNING + 9)))
    );
    assert_eq!(
        rest[1],
        Waiting {
            id: ids[4],
            channel: ChannelKey(1),
            attempts: 0,
            next_attempt_at: None,
            since: ids[4].at(),
        }
    );
}

#[test]
fn every_state_of_a_step_comes_back_as_it_was_written() {
    let bench = Bench::new();
    let id = bench.taken(1)[0];
    let states = [
        StepState::Begun,
        done(),
        refusal(),
        StepState::Later(trouble()),
        StepState::Unknown(Trouble {
            not_before: None,
            ..trouble()
        }),
    ];
    let steps: Vec<_> = states
        .into_iter()
        .enumerate()
        .map(|(n, state)| Step {
            took_ms: Some(12),
            ..step(&format!("k{n}"), Effect::Write, state, MORNING)
        })
        .collect();
    let decision = json!({"contacts": [17], "big": 12345678901234567890123_f64});
    bench
        .store
        .begin(vec![Begin {
            id,
            steps: steps.clone(),
            decision: Some(decision.clone()),
        }])
        .unwrap();
    let journal = bench.reopen().store.load(id).unwrap().unwrap().journal;
    assert_eq!(journal.steps, steps);
    assert_eq!(journal.decision, Some(decision));
}

#[test]
fn an_answer_completes_the_step_that_was_begun_and_the_newest_of_a_key_counts() {
    let bench = Bench::new();
    let id = bench.taken(1)[0];
    let store = &bench.store;
    let entity = |state, at| step("entity", Effect::Write, state, at);
    let search = || step("search", Effect::Read, StepState::Begun, MORNING);
    store
        .begin(vec![begin(id, vec![search(), entity(StepState::Begun, MORNING)])])
        .unwrap();
    assert_eq!(bench.state(id), State::Delivering);
    let unknown = StepState::Unknown(trouble());
    let answer = vec![entity(unknown.clone(), MORNING)];
    store
        .record(vec![Record {
            id,
            steps: answer,
            change: Change::Still,
        }])
        .unwrap();
    store
        .begin(vec![begin(id, vec![entity(StepState::Begun, MORNING + 5)])])
        .unwrap();
    let answer = vec![entity(done(), MORNING + 5)];
    store
        .record(vec![Record {
            id,
            steps: answer,
            change: Change::Still,
        }])
        .unwrap();

    let stored = store.load(id).unwrap().unwrap();
    assert_eq!(stored.standing.state, State::Delivering);
    assert_eq!(stored.journal.steps, [search(), entity(done(), MORNING + 5)]);
    let history: Vec<_> = store
        .history(id)
        .unwrap()
        .into_iter()
        .map(|past| past.step)
        .collect();
    assert_eq!(
        history,
        [search(), entity(unknown, MORNING), entity(done(), MORNING + 5)]
    );
}

#[test]
fn a_batch_is_begun_as_a_whole_or_not_at_all() {
    let bench = Bench::new();
    let id = bench.taken(1)[0];
    let gone = SubmissionId(7);
    let one = || vec![step("entity", Effect::Write, StepState::Begun, MORNING)];
    let refused = bench.store.begin(vec![begin(id, one()), begin(gone, one())]);
    assert_eq!(refused, Err(StoreError::NoSuchDelivery(gone)));
    assert_eq!(bench.state(id), State::Queued);
    assert_eq!(bench.store.history(id).unwrap(), []);
}

#[test]
fn ends_are_kept_with_their_result_or_reason() {
    let bench = Bench::new();
    let ids = bench.taken(4);
    let ignored = Outcome {
        action: EntityAction::Ignored,
        ..outcome()
    };
    let again = |count_attempt| Change::Again {
        at: Millis(MORNING),
        error: "away".to_owned(),
        count_attempt,
    };
    let changes = [
        again(false),
        Change::Delivered(outcome()),
        Change::Ignored(ignored.clone()),
        failed(),
    ];
    let batch = ids.iter().zip(changes).map(|(id, change)| Record {
        id: *id,
        steps: vec![],
        change,
    });
    bench.store.record(batch.collect()).unwrap();
    let standing = |n: usize| bench.store.load(ids[n]).unwrap().unwrap().standing;
    assert_eq!((standing(0).state, standing(0).attempts), (State::Queued, 0));
    assert_eq!(standing(0).error.as_deref(), Some("away"));
    assert_eq!((standing(1).state, standing(1).attempts), (State::Delivered, 1));
    assert_eq!(standing(1).result, Some(outcome()));
    assert_eq!(
        (standing(2).state, standing(2).result),
        (State::Ignored, Some(ignored))
    );
    assert_eq!(
        (standing(3).state, standing(3).error_step.as_deref()),
        (State::Failed, Some("entity"))
    );
    assert_eq!(standing(3).error.as_deref(), Some("no such stage"));
}

#[test]
fn a_retry_keeps_what_was_written_and_hides_what_stopped_it() {
    let bench = Bench::new();
    let id = bench.taken(1)[0];
    let contact = step("contact", Effect::Write, done(), MORNING);
    let steps = vec![contact.clone(), step("entity", Effect::Write, refusal(), MORNING)];
    let decision = Some(json!({"contacts": []}));
    bench
        .store
        .begin(vec![Begin {
            id,
            steps: vec![],
            decision: decision.clone(),
        }])
        .unwrap();
    bench
        .store
        .record(vec![Record {
            id,
            steps,
            change: failed(),
        }])
        .unwrap();
    bench.set_clock(MORNING + 60_000);
    assert_eq!(bench.store.retry(vec![id]).unwrap(), [(id, Retried::Queued)]);

    let stored = bench.store.load(id).unwrap().unwrap();
    assert_eq!(stored.journal.steps, [contact]);
    assert_eq!(stored.journal.decision, decision);
    assert_eq!(
        (stored.standing.state, stored.standing.error),
        (State::Queued, None)
    );
    assert_eq!(
        stored.standing.since,
        Millis(MORNING + 60_000),
        "seven days begin anew"
    );
    let dropped: Vec<_> = bench
        .store
        .history(id)
        .unwrap()
        .iter()
        .map(|past| past.dropped)
        .collect();
    assert_eq!(dropped, [false, true]);
}

#[test]
fn a_retry_starts_afresh_when_nothing_was_written() {
    let bench = Bench::new();
    let id = bench.taken(1)[0];
    let steps = vec![
        step("search", Effect::Read, done(), MORNING),
        step("entity", Effect::Write, refusal(), MORNING),
    ];
    bench
        .store
        .begin(vec![Begin {
            id,
            steps: vec![],
            decision: Some(json!({})),
        }])
        .unwrap();
    bench
        .store
        .record(vec![Record {
            id,
            steps,
            change: failed(),
        }])
        .unwrap();
    bench.store.retry(vec![id]).unwrap();
    let journal = bench.store.load(id).unwrap().unwrap().journal;
    assert_eq!(journal, crate::model::Journal::default());
}

#[test]
fn another_portal_starts_over_and_an_ignored_one_is_decided_anew() {
    let bench = Bench::new();
    let ids = bench.taken(3);
    let written = || vec![step("contact", Effect::Write, done(), MORNING)];
    let decide = |id| Begin {
        id,
        steps: vec![],
        decision: Some(json!({})),
    };
    bench
        .store
        .begin(ids.iter().map(|id| decide(*id)).collect())
        .unwrap();
    let changes = [
        Change::Again {
            at: Millis(0),
            error: String::new(),
            count_attempt: true,
        },
        Change::Ignored(outcome()),
        Change::Delivered(outcome()),
    ];
    let records = ids.iter().zip(changes).map(|(id, change)| Record {
        id: *id,
        steps: written(),
        change,
    });
    bench.store.record(records.collect()).unwrap();
    assert_eq!(bench.store.half_done().unwrap(), 1, "only what is unfinished");
    assert_eq!(bench.store.start_over().unwrap(), 1);
    assert_eq!(bench.store.half_done().unwrap(), 0);
    bench.store.retry(vec![ids[1]]).unwrap();
    let journal = |n: usize| bench.store.load(ids[n]).unwrap().unwrap().journal;
    assert_eq!(journal(0), crate::model::Journal::default());
    assert_eq!(journal(1), crate::model::Journal::default());
    assert_eq!(journal(2).steps.len(), 1, "what is finished stays as it is");
    assert_eq!(
        bench.store.history(ids[0]).unwrap().len(),
        1,
        "people still see it"
    );
}
