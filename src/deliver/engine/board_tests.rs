//! The engine without a portal: what its threads outlive, and who comes on the board.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::*;
use crate::channel_file;
use crate::model::{Field, FieldKind, State, SubmissionId};
use crate::store::{Arrival, ChannelKey};

fn options() -> Options {
    Options {
        given: Given::default(),
        settle: Duration::ZERO,
        portal: portal::Options::default(),
    }
}

/// A portal's fields, as far as the channel below names them.
fn catalog() -> Catalog {
    let field = |name: &str, kind| Field {
        name: name.to_owned(),
        title: String::new(),
        kind,
        type_name: String::new(),
        multiple: false,
        read_only: false,
        required: false,
        items: Vec::new(),
    };
    let phone = ("PHONE".to_owned(), field("PHONE", FieldKind::Multifield));
    Catalog {
        contact: [phone].into(),
        ..Catalog::default()
    }
}

fn arrival(channel: ChannelKey, phone: &str) -> Arrival {
    Arrival {
        channel,
        via: None,
        post: true,
        query: String::new(),
        content_type: None,
        body: Bytes::from(format!("phone={phone}")),
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
        state: State::Queued,
        error: None,
        idempotency_key: None,
    }
}

fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_thread_that_meets_a_bug_begins_again() {
    static BEGAN: AtomicUsize = AtomicUsize::new(0);
    fn work(shared: &Shared) {
        if BEGAN.fetch_add(1, Ordering::SeqCst) == 0 {
            panic!("a bug, made for this test");
        }
        while !shared.stopping() {
            shared.wait_for_news(Duration::from_secs(60));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(Store::open(dir.path()).unwrap(), options()).unwrap();
    engine.spawn("buggy", work).unwrap();
    until(|| BEGAN.load(Ordering::SeqCst) == 2);
    engine.stop();
}

#[test]
fn what_waits_for_a_channel_that_is_no_more_fails_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let channel = channel_file::parse(r#"{"slug": "s", "entity": "deal", "enabled": false}"#).unwrap();
    let key = store.put_channel(channel.clone()).unwrap().key;
    store.put_setting(CATALOG_SETTING, &catalog()).unwrap();
    let id = store.accept_blocking(arrival(key, "1")).unwrap().id();
    let engine = Engine::start(store.clone(), options()).unwrap();
    let standing = || store.load(id).unwrap().unwrap().standing;
    store.delete_channel("s").unwrap();
    until(|| standing().state == State::Failed);
    assert!(
        standing()
            .error
            .unwrap()
            .contains("switched off and then deleted")
    );
    // The channel lives again: what is delivered again waits until it is switched on.
    store.put_channel(channel).unwrap();
    store.retry(vec![id]).unwrap();
    until(|| standing().state == State::Queued);
    engine.stop();
}

#[test]
fn one_who_sends_thousands_keeps_nobody_off_the_board() {
    const THOUSANDS: usize = 4_200;
    const SENDERS: usize = 32;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let channel = r#"{"slug": "s", "entity": "deal", "fields": [{"of": "contact", "field": "PHONE", "value": "{phone}", "search": true}]}"#;
    let channel = store.put_channel(channel_file::parse(channel).unwrap()).unwrap();
    store.put_setting(CATALOG_SETTING, &catalog()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                for _ in 0..THOUSANDS / SENDERS {
                    store
                        .accept_blocking(arrival(channel.key, "89990000001"))
                        .unwrap();
                }
            });
        }
    });
    let mut others: Vec<SubmissionId> = Vec::new();
    for phone in ["89990000002", "89990000003"] {
        let accepted = store.accept_blocking(arrival(channel.key, phone)).unwrap();
        others.push(accepted.id());
    }
    let engine = Engine::start(store, options()).unwrap();
    let on_board = |id: &SubmissionId| engine.shared.look_at_board(|board| board.contains(*id));
    let crowd = || engine.shared.look_at_board(Board::len);
    until(|| others.iter().all(on_board) || crowd() > 1_000);
    assert!(crowd() < 100, "{} stand on the board", crowd());
    // As they are worked off, those that wait follow.
    let mut seen: std::collections::BTreeSet<SubmissionId> = others.iter().copied().collect();
    until(|| {
        engine.shared.on_board(|board| {
            for id in board.ids() {
                seen.insert(id);
                board.finish(id);
            }
        });
        seen.len() > 500
    });
    engine.stop();
}
