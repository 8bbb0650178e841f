//! Tests of the store as a whole, on a file in a temporary directory.

mod accepting;
mod accounts;
mod bodies;
mod channels;
mod inbox;
mod journal;
mod processes;
mod refusing;
mod speed;
mod traffic;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::model::{State, SubmissionId};

/// 2026-11-22T10:00:00Z.
const MORNING: i64 = 1_795_341_600_000;

/// A store with a clock that is set by hand.
struct Bench {
    dir: TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(MORNING));
        let store = open(dir.path(), &clock);
        Bench { dir, clock, store }
    }

    fn set_clock(&self, at: i64) {
        self.clock.store(at, Ordering::SeqCst);
    }

    /// Another process, as it were: a store of its own on the same file.
    fn another(&self) -> Store {
        open(self.dir.path(), &self.clock)
    }

    fn reopen(self) -> Bench {
        let Bench { dir, clock, store } = self;
        drop(store);
        let store = open(dir.path(), &clock);
        Bench { dir, clock, store }
    }

    fn accept(&self, arrival: Arrival) -> SubmissionId {
        block_on(self.store.accept(arrival)).unwrap().id()
    }

    /// Accepts and takes up `n` submissions.
    fn taken(&self, n: usize) -> Vec<SubmissionId> {
        let ids = (0..n).map(|_| self.accept(arrival("a=1"))).collect();
        let taken = self
            .store
            .take_up(n, |received| format!("body {}", text(&received.body)))
            .unwrap();
        assert_eq!(taken.len(), n);
        ids
    }

    fn state(&self, id: SubmissionId) -> State {
        self.store.load(id).unwrap().unwrap().standing.state
    }
}

fn open(dir: &Path, clock: &Arc<AtomicI64>) -> Store {
    let clock = clock.clone();
    Store::open_at(dir, Arc::new(move || Millis(clock.load(Ordering::SeqCst)))).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn arrival(body: &str) -> Arrival {
    Arrival {
        channel: ChannelKey(1),
        via: None,
        post: true,
        query: String::new(),
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
        body: Bytes::copy_from_slice(body.as_bytes()),
        ip: "203.0.113.7".to_owned(),
        referer: "https://shop.example/".to_owned(),
        user_agent: "curl/8".to_owned(),
        state: State::Queued,
        error: None,
        idempotency_key: None,
    }
}

/// Keeps the writer busy until the returned guard is dropped; what is submitted meanwhile makes one
/// group.
fn hold_writer(store: &Store) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let store = store.clone();
    std::thread::spawn(move || {
        store.inner.writer.write(move |_, _| {
            started.send(()).unwrap();
            // An error means that the guard is gone, which is the sign to go on.
            let _gone = released.recv();
            Ok(())
        })
    });
    running.recv().unwrap();
    release
}
