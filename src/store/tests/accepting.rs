//! The accept path: groups, ids, keys.

use super::*;
use crate::store::accept::Accepted;

#[test]
fn what_was_accepted_is_there_after_reopening() {
    let bench = Bench::new();
    let sent = Arrival {
        via: Some("old".to_owned()),
        query: "x=1".to_owned(),
        ..arrival("client_phone=74712773120")
    };
    let id = bench.accept(sent.clone());
    let bench = bench.reopen();
    let stored = bench.store.load(id).unwrap().unwrap();
    assert_eq!(
        stored.received,
        Received {
            id,
            channel: sent.channel,
            via: sent.via,
            post: sent.post,
            query: sent.query,
            content_type: sent.content_type,
            ip: sent.ip,
            referer: sent.referer,
            user_agent: sent.user_agent,
            body: sent.body,
        }
    );
    assert_eq!(stored.standing.state, State::Queued);
    assert_eq!(id.at(), Millis(MORNING));
}

#[test]
fn nobody_is_answered_before_the_commit_of_the_group() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let release = hold_writer(&bench.store);
    let accept = {
        let store = bench.store.clone();
        runtime.spawn(async move { store.accept(arrival("a=1")).await })
    };
    let (looked, seen) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    // Stands behind the accept in the queue as soon as that has taken its place there.
    while bench.store.inner.writer.waiting() == 0 {
        std::thread::yield_now();
    }
    let task = {
        let store = bench.store.clone();
        std::thread::spawn(move || {
            store.inner.writer.write(move |conn, _| {
                let rows: i64 = conn.query_row("SELECT count(*) FROM inbox", [], |r| r.get(0))?;
                looked.send(rows).unwrap();
                let _gone = may_go_on.recv();
                Ok(())
            })
        })
    };
    while bench.store.inner.writer.waiting() < 2 {
        std::thread::yield_now();
    }
    drop(release);
    assert_eq!(
        seen.recv().unwrap(),
        1,
        "the accept ran earlier in the same transaction"
    );
    assert!(!accept.is_finished());
    assert_eq!(bench.store.list(&Filter::default(), 10).unwrap(), []);
    drop(go_on);
    task.join().unwrap().unwrap();
    let id = runtime.block_on(accept).unwrap().unwrap().id();
    assert_eq!(bench.store.list(&Filter::default(), 10).unwrap()[0].id, id);
}

#[test]
fn more_submissions_than_the_queue_holds_are_all_stored_with_ids_of_their_own() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let release = hold_writer(&bench.store);
    let tasks: Vec<_> = (0..3000)
        .map(|_| {
            let store = bench.store.clone();
            runtime.spawn(async move { store.accept(arrival("a=1")).await.unwrap().id() })
        })
        .collect();
    drop(release);
    let mut ids: Vec<_> = tasks
        .into_iter()
        .map(|task| runtime.block_on(task).unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3000);
    assert_eq!(bench.store.counts(None).unwrap()[&State::Queued], 3000);
}

#[test]
fn ids_grow_over_restarts_purges_and_a_clock_that_steps_back() {
    let bench = Bench::new();
    let first = bench.accept(Arrival {
        state: State::Test,
        ..arrival("test=test")
    });
    bench.store.take_up(10, |_| String::new()).unwrap();
    assert_eq!(bench.store.purge(Millis(MORNING + 1)).unwrap(), 1);
    bench.set_clock(MORNING - 3_600_000);
    let bench = bench.reopen();
    let second = bench.accept(arrival("a=1"));
    assert!(second > first, "below the watermark nobody would look for it");
    assert_eq!(bench.store.take_up(10, |_| String::new()).unwrap()[0].id, second);
}

#[test]
fn two_processes_never_give_out_one_id_twice() {
    let bench = Bench::new();
    let other = bench.another();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(bench.accept(arrival("a=1")));
        ids.push(block_on(other.accept(arrival("a=2"))).unwrap().id());
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

fn with_key(key: &str) -> Arrival {
    Arrival {
        idempotency_key: Some(key.to_owned()),
        ..arrival("a=1")
    }
}

#[test]
fn a_repeated_key_answers_the_first_id_for_24_hours() {
    let bench = Bench::new();
    let accept = |arrival| block_on(bench.store.accept(arrival)).unwrap();
    let Accepted::New(first) = accept(with_key("k")) else {
        panic!()
    };
    bench.set_clock(MORNING + 24 * 3_600_000 - 1);
    assert_eq!(accept(with_key("k")), Accepted::Repeat(first));
    let other_channel = Arrival {
        channel: ChannelKey(2),
        ..with_key("k")
    };
    assert!(matches!(accept(other_channel), Accepted::New(_)));
    assert!(matches!(accept(with_key("other")), Accepted::New(_)));

    let lines = bench
        .store
        .list(
            &Filter {
                state: Some(State::Repeat),
                ..Filter::default()
            },
            10,
        )
        .unwrap();
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0]
            .standing
            .error
            .as_ref()
            .unwrap()
            .contains(&first.to_string())
    );
    assert_ne!(lines[0].id, first);

    bench.set_clock(MORNING + 24 * 3_600_000);
    let Accepted::New(later) = accept(with_key("k")) else {
        panic!("a day later the key is free again")
    };
    assert_eq!(accept(with_key("k")), Accepted::Repeat(later));
}

#[test]
fn a_repeated_key_is_seen_within_one_group() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let release = hold_writer(&bench.store);
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let store = bench.store.clone();
            runtime.spawn(async move { store.accept(with_key("k")).await.unwrap() })
        })
        .collect();
    while bench.store.inner.writer.waiting() < 10 {
        std::thread::yield_now();
    }
    drop(release);
    let answers: Vec<_> = tasks
        .into_iter()
        .map(|task| runtime.block_on(task).unwrap())
        .collect();
    let first = answers[0].id();
    assert!(answers.iter().all(|answer| answer.id() == first));
    assert_eq!(
        answers
            .iter()
            .filter(|answer| **answer == Accepted::New(first))
            .count(),
        1
    );
    assert_eq!(bench.store.take_up(100, |_| String::new()).unwrap().len(), 1);
    assert_eq!(bench.store.counts(None).unwrap()[&State::Repeat], 9);
}

#[test]
fn old_keys_do_not_pile_up() {
    let bench = Bench::new();
    for n in 0..20 {
        bench.accept(with_key(&format!("old {n}")));
    }
    bench.set_clock(MORNING + 48 * 3_600_000);
    for n in 0..4 {
        bench.accept(with_key(&format!("new {n}")));
    }
    let left: i64 = bench
        .store
        .inner
        .readers
        .read(|conn| Ok(conn.query_row("SELECT count(*) FROM idempotency", [], |r| r.get(0))?))
        .unwrap();
    assert_eq!(left, 4);
}

#[test]
fn a_closed_store_refuses_what_comes_later_and_has_kept_what_came_before() {
    let bench = Bench::new();
    let id = bench.accept(arrival("a=1"));
    bench.store.close();
    assert_eq!(
        block_on(bench.store.accept(arrival("a=2"))),
        Err(StoreError::Closed)
    );
    assert_eq!(bench.store.check_write(), Err(StoreError::Closed));
    assert!(bench.reopen().store.load(id).unwrap().is_some());
}

#[test]
fn a_thread_that_may_block_stores_the_same_row() {
    let bench = Bench::new();
    let id = bench.store.accept_blocking(arrival("a=1")).unwrap().id();
    let stored = bench.store.load(id).unwrap().unwrap();
    assert_eq!(
        (text(&stored.received.body).as_str(), bench.state(id)),
        ("a=1", State::Queued)
    );
}
