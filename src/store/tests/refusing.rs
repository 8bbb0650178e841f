//! Writes that fail: what is lost with them, and what is not.

use super::*;

fn set_page_limit(store: &Store, limit: &'static str) {
    store
        .inner
        .writer
        .write(move |conn, _| {
            let pages: i64 = conn.query_row("PRAGMA page_count", [], |r| r.get(0))?;
            let limit = if limit == "now" { pages + 2 } else { 1 << 30 };
            conn.query_row(&format!("PRAGMA max_page_count = {limit}"), [], |_| Ok(()))?;
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_full_disk_refuses_and_later_writes_work_again() {
    let bench = Bench::new();
    let before = bench.accept(arrival("a=1"));
    set_page_limit(&bench.store, "now");
    let large = arrival(&"x".repeat(100_000));
    for _ in 0..2 {
        let refused = block_on(bench.store.accept(large.clone())).unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    }
    set_page_limit(&bench.store, "none");
    let after = bench.accept(large);
    let ids: Vec<_> = bench
        .store
        .list(&Filter::default(), 10)
        .unwrap()
        .iter()
        .map(|line| line.id)
        .collect();
    assert_eq!(ids, [after, before], "nothing of what was refused is there");
}

/// Sends three submissions and, between them, a write that ends as given; all in one group.
fn a_group_with(bench: &Bench, outcome: Result<(), StoreError>) -> Vec<Result<(), StoreError>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let release = hold_writer(&bench.store);
    let mut waiting = 0;
    let mut accepts = Vec::new();
    let mut accept = |waiting: &mut usize| {
        let store = bench.store.clone();
        accepts.push(runtime.spawn(async move { store.accept(arrival("a=1")).await.map(|_| ()) }));
        *waiting += 1;
        while bench.store.inner.writer.waiting() < *waiting {
            std::thread::yield_now();
        }
    };
    accept(&mut waiting);
    let store = bench.store.clone();
    let expected = outcome.clone();
    let task = std::thread::spawn(move || {
        store.inner.writer.write(move |conn, _| {
            conn.execute("INSERT INTO setting (key, value) VALUES ('half', '1')", [])?;
            outcome
        })
    });
    waiting += 1;
    while bench.store.inner.writer.waiting() < waiting {
        std::thread::yield_now();
    }
    accept(&mut waiting);
    accept(&mut waiting);
    drop(release);
    assert_eq!(task.join().unwrap().is_ok(), expected.is_ok());
    accepts
        .into_iter()
        .map(|task| runtime.block_on(task).unwrap())
        .collect()
}

#[test]
fn the_failure_of_one_statement_does_not_lose_the_others() {
    let bench = Bench::new();
    let answers = a_group_with(&bench, Err(StoreError::Statement("no such thing".to_owned())));
    assert_eq!(answers, [Ok(()), Ok(()), Ok(())]);
    assert_eq!(bench.store.list(&Filter::default(), 10).unwrap().len(), 3);
    assert_eq!(
        bench.store.setting::<i64>("half").unwrap(),
        None,
        "its own statements are undone"
    );
}

#[test]
fn a_refusal_of_the_disk_refuses_the_whole_group() {
    let bench = Bench::new();
    let answers = a_group_with(&bench, Err(StoreError::Refused("disk full".to_owned())));
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(StoreError::Refused(_)))),
        "{answers:?}"
    );
    assert_eq!(bench.store.list(&Filter::default(), 10).unwrap(), []);
    assert_eq!(
        a_group_with(&bench, Ok(())),
        [Ok(()), Ok(()), Ok(())],
        "the thread lives on"
    );
    assert_eq!(bench.store.setting::<i64>("half").unwrap(), Some(1));
}

#[test]
fn a_bug_in_one_write_costs_its_group_and_no_more() {
    let bench = Bench::new();
    let refused = bench.store.inner.writer.write::<()>(|conn, _| {
        conn.execute("INSERT INTO setting (key, value) VALUES ('half', '1')", [])?;
        panic!("a bug, made for this test")
    });
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    bench.accept(arrival("a=1"));
    assert_eq!(bench.store.setting::<i64>("half").unwrap(), None);
}
