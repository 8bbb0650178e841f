//! What the bridge does for itself while it runs: requests older than an administrator wants them kept are taken away.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::deliver::{self, Preferences};
use crate::model::Millis;
use crate::store::{Store, StoreError};

/// Requests are kept by the day: an hour more is nothing.
const ROUND: Duration = Duration::from_secs(60 * 60);
/// A changed setting is noticed within this.
const LOOK_UP: Duration = Duration::from_secs(1);
/// When the disk refused.
const AFTER_TROUBLE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A running housekeeper. Dropping it stops it.
pub struct Housekeeper {
    stop: Arc<Stop>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Stop {
    told: Mutex<bool>,
    bell: Condvar,
}

impl Stop {
    fn is_told(&self) -> bool {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }

    /// Waits, at most so long; true when it is time to stop.
    fn wait(&self, most: Duration) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(told, most, |told| !*told);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Housekeeper {
    /// Starts on a thread of its own: a first round at once, then one every hour and when settings change.
    pub fn start(store: Store) -> Result<Housekeeper, StoreError> {
        let stop = Arc::new(Stop::default());
        let told = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("housekeeper".to_owned())
            .spawn(move || work(&store, &told))
            .map_err(|error| StoreError::Refused(format!("cannot start a thread: {error}")))?;
        Ok(Housekeeper {
            stop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Asks the thread to stop and waits for it: a small transaction at most.
    pub fn stop(&self) {
        self.stop.tell();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the housekeeper ended in a panic");
        }
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        self.stop();
    }
}

fn work(store: &Store, stop: &Stop) {
    let changes = store.changes();
    let mut seen = None;
    let mut due = Instant::now();
    loop {
        let settings = changes.now().settings;
        if seen != Some(settings) || Instant::now() >= due {
            seen = Some(settings);
            let pause = match tidy(store, deliver::now(), || !stop.is_told()) {
                Ok(0) => ROUND,
                Ok(count) => {
                    tracing::info!(count, "requests older than they are kept were removed");
                    ROUND
                }
                Err(error) => {
                    tracing::warn!(%error, "old requests could not be removed; trying again later");
                    AFTER_TROUBLE
                }
            };
            due = Instant::now() + pause;
        }
        if stop.wait(LOOK_UP) {
            return;
        }
    }
}

/// One round: how many requests were taken away.
fn tidy(store: &Store, now: Millis, go_on: impl Fn() -> bool) -> Result<u64, StoreError> {
    match Preferences::read(store)?.keep_days {
        0 => Ok(0),
        days => store.remove_bodies(now - DAY * days, go_on),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;
    use crate::store::{Arrival, ChannelKey};

    #[test]
    fn requests_are_kept_as_long_as_was_said() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let arrival = Arrival {
            channel: ChannelKey(1),
            via: None,
            post: true,
            query: String::new(),
            content_type: None,
            body: "a=1".into(),
            ip: String::new(),
            referer: String::new(),
            user_agent: String::new(),
            state: State::Spam,
            error: None,
            idempotency_key: None,
        };
        store.accept_blocking(arrival).unwrap();
        store.take_up(9, |_| String::new()).unwrap();
        let keep = |days| {
            let preferences = Preferences {
                keep_days: days,
                ..Preferences::default()
            };
            preferences.keep(&store).unwrap();
        };
        let after = |days: u32| tidy(&store, deliver::now() + DAY * days, || true).unwrap();
        keep(0);
        assert_eq!(after(9_999), 0, "for ever");
        keep(30);
        assert_eq!((after(29), after(31), after(31)), (0, 1, 0));
    }

    #[test]
    fn a_running_one_stops_when_told() {
        let dir = tempfile::tempdir().unwrap();
        let housekeeper = Housekeeper::start(Store::open(dir.path()).unwrap()).unwrap();
        housekeeper.stop();
        housekeeper.stop();
    }
}
