//! Counts by the hour.

use std::collections::BTreeMap;

use super::*;
use crate::model::Failure;

/// Counts by hour (from the first) and outcome.
fn counted(bench: &Bench) -> BTreeMap<(i64, String), u64> {
    let all = bench.store.traffic(Millis(MORNING), None).unwrap();
    let mut sums = BTreeMap::new();
    for traffic in all {
        let outcome = traffic.outcome.map_or("received", State::as_str).to_owned();
        *sums
            .entry(((traffic.from.0 - MORNING) / HOUR_MS, outcome))
            .or_default() += traffic.n;
    }
    sums
}

fn expected(rows: &[(i64, &str, u64)]) -> BTreeMap<(i64, String), u64> {
    rows.iter()
        .map(|(hour, outcome, n)| ((*hour, (*outcome).to_owned()), *n))
        .collect()
}

#[test]
fn traffic_follows_what_becomes_of_submissions() {
    let bench = Bench::new();
    let first = bench.taken(2)[0];
    bench.set_clock(MORNING + HOUR_MS);
    bench.accept(Arrival {
        state: State::Spam,
        ..arrival("a=1")
    });
    assert_eq!(
        counted(&bench),
        expected(&[(0, "received", 2), (1, "received", 1), (1, "spam", 1)])
    );
    let change = Change::Failed(Failure {
        step: "entity".to_owned(),
        text: "no".to_owned(),
    });
    bench
        .store
        .record(vec![Record {
            id: first,
            steps: vec![],
            change,
        }])
        .unwrap();
    assert_eq!(counted(&bench)[&(0, "failed".to_owned())], 1);
    bench.store.retry(vec![first]).unwrap();
    assert!(!counted(&bench).contains_key(&(0, "failed".to_owned())));
}

#[test]
fn a_purge_takes_nothing_from_the_counts() {
    let bench = Bench::new();
    bench.accept(Arrival {
        state: State::Test,
        ..arrival("test=test")
    });
    let before = counted(&bench);
    bench.set_clock(MORNING + HOUR_MS);
    assert_eq!(bench.store.purge(Millis(MORNING + 1)).unwrap(), 1);
    assert_eq!(counted(&bench), before);
    assert_eq!(before, expected(&[(0, "received", 1), (0, "test", 1)]));
}

#[test]
fn the_backlog_counts_what_is_not_finished_taken_up_or_not() {
    let bench = Bench::new();
    assert_eq!(bench.store.backlog().unwrap(), Backlog::default());
    let first = bench.accept(arrival("a=1"));
    assert_eq!(
        bench.store.backlog().unwrap(),
        Backlog {
            waiting: 1,
            oldest: Some(first)
        }
    );
    bench.store.take_up(1, |_| String::new()).unwrap();
    bench.accept(arrival("a=2"));
    assert_eq!(
        bench.store.backlog().unwrap(),
        Backlog {
            waiting: 2,
            oldest: Some(first)
        }
    );
}

#[test]
fn channels_are_counted_apart_and_together() {
    let bench = Bench::new();
    bench.accept(Arrival {
        state: State::Spam,
        ..arrival("a=1")
    });
    bench.accept(Arrival {
        state: State::Test,
        channel: ChannelKey(2),
        ..arrival("test=test")
    });
    let of = |channel| {
        let rows = bench.store.traffic(Millis(MORNING), channel).unwrap();
        let received: u64 = rows.iter().filter(|t| t.outcome.is_none()).map(|t| t.n).sum();
        received
    };
    assert_eq!(
        (of(None), of(Some(ChannelKey(2))), of(Some(ChannelKey(3)))),
        (2, 1, 0)
    );
    let by_channel = bench.store.traffic_by_channel(Millis(MORNING)).unwrap();
    assert_eq!(by_channel[&(ChannelKey(1), Some(State::Spam))], 1);
    assert_eq!(by_channel[&(ChannelKey(2), None)], 1);
    assert_eq!(by_channel.len(), 4);
    assert!(
        bench
            .store
            .traffic_by_channel(Millis(MORNING + HOUR_MS))
            .unwrap()
            .is_empty()
    );
}
