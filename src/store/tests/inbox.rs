//! What people see and do.

use std::time::Duration;

use super::*;
use crate::model::Failure;

fn ids(lines: &[Line]) -> Vec<SubmissionId> {
    lines.iter().map(|line| line.id).collect()
}

fn fail(bench: &Bench, id: SubmissionId) {
    let change = Change::Failed(Failure {
        step: "entity".to_owned(),
        text: "no".to_owned(),
    });
    bench
        .store
        .record(vec![Record {
            id,
            steps: vec![],
            change,
        }])
        .unwrap();
}

/// Twelve submissions, a minute apart: two channels by turns; the first six taken up, every third of
/// them failed; spam after that and the rest not taken up.
fn mixed() -> (Bench, Vec<SubmissionId>) {
    let bench = Bench::new();
    let mut all = Vec::new();
    for n in 0..12i64 {
        bench.set_clock(MORNING + n * 60_000);
        let state = if n == 8 { State::Spam } else { State::Queued };
        let sent = Arrival {
            channel: ChannelKey(1 + n % 2),
            state,
            ..arrival("a=1")
        };
        all.push(bench.accept(sent));
    }
    for name in ["a", "b"] {
        let json = format!(r#"{{"slug":"{name}","entity":"deal"}}"#);
        bench
            .store
            .put_channel(serde_json::from_str(&json).unwrap())
            .unwrap();
    }
    let mut n = 0;
    bench
        .store
        .take_up(6, |_| {
            n += 1;
            format!("+7 999 000-00-0{n} Иван ИВАНОВ №{n}")
        })
        .unwrap();
    fail(&bench, all[0]);
    fail(&bench, all[3]);
    (bench, all)
}

#[test]
fn every_filter_yields_the_right_lines_newest_first_and_page_by_page() {
    let (bench, all) = mixed();
    let filters: &[(Filter, &[usize])] = &[
        (Filter::default(), &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (
            Filter {
                state: Some(State::Failed),
                ..Filter::default()
            },
            &[3, 0],
        ),
        (
            Filter {
                state: Some(State::Queued),
                ..Filter::default()
            },
            &[11, 10, 9, 7, 6, 5, 4, 2, 1],
        ),
        (
            Filter {
                state: Some(State::Spam),
                ..Filter::default()
            },
            &[8],
        ),
        (
            Filter {
                channel: Some(ChannelKey(1)),
                ..Filter::default()
            },
            &[10, 8, 6, 4, 2, 0],
        ),
        (
            Filter {
                channel: Some(ChannelKey(2)),
                state: Some(State::Failed),
                ..Filter::default()
            },
            &[3],
        ),
        (
            Filter {
                channel: Some(ChannelKey(1)),
                state: Some(State::Queued),
                ..Filter::default()
            },
            &[10, 6, 4, 2],
        ),
        (
            Filter {
                from: Some(Millis(MORNING + 120_000)),
                to: Some(Millis(MORNING + 420_000)),
                ..Filter::default()
            },
            &[6, 5, 4, 3, 2],
        ),
        (
            Filter {
                text: Some("иван иванов".to_owned()),
                ..Filter::default()
            },
            &[5, 4, 3, 2, 1, 0],
        ),
        (
            Filter {
                text: Some("000-00-04".to_owned()),
                ..Filter::default()
            },
            &[3],
        ),
        (
            Filter {
                text: Some("8 (999) 000 00 04".to_owned()),
                or_text: Some("000-00-04".to_owned()),
                ..Filter::default()
            },
            &[3],
        ),
        (
            Filter {
                text: Some("8 (999) 000 00 04".to_owned()),
                or_text: Some("000-00-04".to_owned()),
                state: Some(State::Failed),
                ..Filter::default()
            },
            &[3],
        ),
        (
            Filter {
                text: Some("иванов".to_owned()),
                state: Some(State::Failed),
                ..Filter::default()
            },
            &[3, 0],
        ),
        (
            Filter {
                text: Some("иванов".to_owned()),
                channel: Some(ChannelKey(2)),
                from: Some(Millis(MORNING + 120_000)),
                ..Filter::default()
            },
            &[5, 3],
        ),
        (
            Filter {
                text: Some("№2".to_owned()),
                ..Filter::default()
            },
            &[1],
        ),
        (
            Filter {
                text: Some("\" OR \"a".to_owned()),
                ..Filter::default()
            },
            &[],
        ),
        (
            Filter {
                text: Some(all[11].to_string()),
                ..Filter::default()
            },
            &[11],
        ),
        (
            Filter {
                text: Some(all[2].to_string()),
                ..Filter::default()
            },
            &[2],
        ),
        (
            Filter {
                text: Some("ИВАНОВ\0\"".to_owned()),
                ..Filter::default()
            },
            &[],
        ),
        (
            Filter {
                text: Some("иВ".to_owned()),
                state: Some(State::Failed),
                ..Filter::default()
            },
            &[3, 0],
        ),
        (
            Filter {
                text: Some("  ".to_owned()),
                ..Filter::default()
            },
            &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
        ),
    ];
    for (filter, expected) in filters {
        let expected: Vec<_> = expected.iter().map(|n| all[*n]).collect();
        assert_eq!(
            ids(&bench.store.list(filter, 100).unwrap()),
            expected,
            "{filter:?}"
        );
        let mut paged = Vec::new();
        let mut page = filter.clone();
        loop {
            let lines = bench.store.list(&page, 2).unwrap();
            assert!(lines.len() <= 2);
            let Some(last) = lines.last() else { break };
            page.before = Some(last.id);
            paged.extend(ids(&lines));
        }
        assert_eq!(paged, expected, "paged: {filter:?}");
        let mut back = Vec::new();
        page = Filter {
            after: Some(SubmissionId(0)),
            ..filter.clone()
        };
        loop {
            let listing = bench.store.page(&page, 2).unwrap();
            assert!(listing.lines.len() <= 2 && listing.looked_to.is_none());
            let Some(first) = listing.lines.first() else { break };
            page.after = Some(first.id);
            back.splice(0..0, ids(&listing.lines));
        }
        assert_eq!(back, expected, "paged from the end: {filter:?}");
        let tally = bench.store.count(filter, 100).unwrap();
        assert_eq!(
            (tally.n, tally.is_bounded),
            (expected.len() as u64, false),
            "{filter:?}"
        );
    }
}

#[test]
fn a_search_goes_as_far_as_its_bound_and_on_from_there() {
    let bench = Bench::new();
    let all: Vec<_> = (0..9_000).map(|n| SubmissionId((MORNING + n) << 20)).collect();
    let stored = all.clone();
    bench
        .store
        .inner
        .writer
        .write(move |conn, _| {
            let mut insert = conn.prepare(
                "INSERT INTO inbox (id, channel, post, query, ip, referer, user_agent, body) \
                 VALUES (?1, 1, 1, '', '', '', '', x'')",
            )?;
            for id in &stored {
                insert.execute([id.0])?;
            }
            Ok(())
        })
        .unwrap();
    let mut n = 0;
    bench
        .store
        .take_up(9_000, |_| {
            n += 1;
            if n == 1 {
                "Иван 1".to_owned()
            } else {
                "Пётр 2".to_owned()
            }
        })
        .unwrap();
    fail(&bench, all[5_000]);
    let searches = [
        ("Пётр", Some(State::Failed), 5_000),
        ("1", None, 0),
        ("Пётр", Some(State::Queued), 8_999),
    ];
    for (text, state, expected) in searches {
        let mut filter = Filter {
            text: Some(text.to_owned()),
            state,
            ..Filter::default()
        };
        let mut looks = 0;
        let found = loop {
            let page = bench.store.page(&filter, 1).unwrap();
            looks += 1;
            match page.looked_to {
                Some(to) if page.lines.is_empty() => filter.before = Some(to),
                _ => break ids(&page.lines),
            }
        };
        assert_eq!(found, [all[expected]], "{text} {state:?}");
        // Nine thousand newer summaries hold no `1`; the one failed submission is found by its state.
        assert_eq!(looks, if text == "1" { 3 } else { 1 }, "{text} {state:?}");
    }
    let many = Filter {
        text: Some("Пётр".to_owned()),
        ..Filter::default()
    };
    let tally = bench.store.count(&many, 100).unwrap();
    assert_eq!((tally.n, tally.is_bounded), (100, true));
}

#[test]
fn counts_and_activity_include_what_is_not_taken_up() {
    let (bench, all) = mixed();
    let counts = bench.store.counts(None).unwrap();
    assert_eq!(counts.len(), 3);
    assert_eq!(
        (
            counts[&State::Queued],
            counts[&State::Failed],
            counts[&State::Spam]
        ),
        (9, 2, 1)
    );
    let second = bench.store.counts(Some(ChannelKey(2))).unwrap();
    assert_eq!((second[&State::Queued], second[&State::Failed]), (5, 1));
    let activity = bench.store.activity(Millis(MORNING + 4 * 60_000)).unwrap();
    assert_eq!(
        activity[&ChannelKey(1)],
        Activity {
            last: Some(all[10]),
            recent: 4
        }
    );
    assert_eq!(
        activity[&ChannelKey(2)],
        Activity {
            last: Some(all[11]),
            recent: 4
        }
    );
}

#[test]
fn retry_says_what_it_did_with_each() {
    let (bench, all) = mixed();
    let unknown = SubmissionId(5);
    let done = Arrival {
        state: State::Test,
        ..arrival("test=test")
    };
    let test = bench.accept(done);
    bench
        .store
        .begin(vec![Begin {
            id: all[1],
            steps: vec![],
            decision: None,
        }])
        .unwrap();
    let answer = bench
        .store
        .retry(vec![all[0], all[1], all[8], all[11], test, unknown])
        .unwrap();
    assert_eq!(
        answer,
        [
            (all[0], Retried::Queued),
            (all[1], Retried::Pointless(State::Delivering)),
            (all[8], Retried::Queued),
            (all[11], Retried::Queued),
            (test, Retried::Pointless(State::Test)),
            (unknown, Retried::NotFound),
        ]
    );
    bench.store.describe(all[8], "после всех".to_owned()).unwrap();
    let found = Filter {
        text: Some("ПОСЛЕ".to_owned()),
        ..Filter::default()
    };
    assert_eq!(ids(&bench.store.list(&found, 10).unwrap()), [all[8]]);
    let unfinished = bench.store.unfinished(SubmissionId(0), 100).unwrap();
    assert!(unfinished.iter().any(|waiting| waiting.id == all[8]));
}

#[test]
fn all_failed_ones_of_a_channel_are_retried_over_many_pages() {
    let bench = Bench::new();
    let failed = bench.taken(450);
    for id in &failed {
        fail(&bench, *id);
    }
    let other = Filter {
        channel: Some(ChannelKey(2)),
        ..Filter::default()
    };
    assert_eq!(bench.store.retry_failed(&other).unwrap(), 0);
    assert_eq!(bench.store.retry_failed(&Filter::default()).unwrap(), 450);
    assert_eq!(bench.store.counts(None).unwrap().get(&State::Failed), None);
}

#[test]
fn a_purge_takes_what_is_old_and_finished_with_all_that_belongs_to_it() {
    let (bench, all) = mixed();
    let old = bench.taken(0);
    assert!(old.is_empty());
    let finished = Millis(MORNING) + Duration::from_secs(6 * 60);
    assert_eq!(bench.store.purge(finished).unwrap(), 2, "the two failed ones");
    assert!(bench.store.load(all[0]).unwrap().is_none());
    assert!(
        bench.store.load(all[1]).unwrap().is_some(),
        "still to be delivered"
    );
    assert_eq!(bench.store.purge(Millis(i64::MAX >> 21)).unwrap(), 1, "the spam");
    let text = Filter {
        text: Some("000-00-04".to_owned()),
        ..Filter::default()
    };
    assert_eq!(bench.store.list(&text, 10).unwrap(), []);
    assert_eq!(bench.store.counts(None).unwrap().get(&State::Failed), None);
    let orphans: i64 = bench
        .store
        .inner
        .readers
        .read(|conn| {
            Ok(conn.query_row(
                "SELECT (SELECT count(*) FROM delivery WHERE id NOT IN (SELECT id FROM inbox)) \
                 + (SELECT count(*) FROM step WHERE submission NOT IN (SELECT id FROM inbox)) \
                 + (SELECT count(*) FROM delivery_text WHERE rowid NOT IN (SELECT id FROM inbox))",
                [],
                |r| r.get(0),
            )?)
        })
        .unwrap();
    assert_eq!(orphans, 0);
}

#[test]
fn a_purge_works_through_many_chunks() {
    let bench = Bench::new();
    for id in bench.taken(450) {
        fail(&bench, id);
    }
    assert_eq!(bench.store.purge(Millis(MORNING + 1)).unwrap(), 450);
    assert_eq!(bench.store.list(&Filter::default(), 10).unwrap(), []);
}

#[test]
fn samples_are_what_a_website_really_sends() {
    let bench = Bench::new();
    let mut sent = Vec::new();
    for (state, body) in [
        (State::Queued, "n=1"),
        (State::Spam, "n=2"),
        (State::Test, "test=test"),
        (State::Queued, "n=a-rather-long-one"),
        (State::Unreadable, "{"),
        (State::Queued, "n=6"),
        (State::Queued, "n=7"),
    ] {
        sent.push(bench.accept(Arrival {
            state,
            ..arrival(body)
        }));
    }
    bench.accept(Arrival {
        channel: ChannelKey(2),
        ..arrival("n=other")
    });
    bench.store.take_up(10, |_| String::new()).unwrap();
    let samples = |limit, max| -> Vec<SubmissionId> {
        let all = bench.store.samples(ChannelKey(1), limit, max).unwrap();
        all.iter().map(|received| received.id).collect()
    };
    assert_eq!(samples(10, 1_000), [sent[6], sent[5], sent[3], sent[0]]);
    assert_eq!(samples(10, 5), [sent[6], sent[5], sent[0]]);
    assert_eq!(samples(1, 5), [sent[6]]);
}
