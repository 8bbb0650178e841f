//! Tells the rest of the program that something in the store changed, so that nobody has to poll it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counters that only grow. Keep the last one you saw; a differing one means there is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generation {
    /// Submissions came in.
    pub work: u64,
    /// Somebody asked to send some again: states changed behind the engine's back.
    pub retries: u64,
    /// A channel was made, changed or deleted.
    pub channels: u64,
    /// A setting or a credential was written.
    pub settings: u64,
}

/// Where threads wait for news; [`crate::store::Store::changes`] hands it out.
#[derive(Debug, Default)]
pub struct Changes {
    generation: Mutex<Generation>,
    news: Condvar,
}

impl Changes {
    pub fn now(&self) -> Generation {
        *self.lock()
    }

    /// Waits until the generation differs from `seen`, or until `timeout` has passed; returns the
    /// current one in both cases.
    pub fn wait(&self, seen: Generation, timeout: Duration) -> Generation {
        let until = Instant::now().checked_add(timeout);
        let mut generation = self.lock();
        while *generation == seen {
            let left = until.map_or(timeout, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            generation = self
                .news
                .wait_timeout(generation, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *generation
    }

    /// Wakes everybody who waits, as if work had come in: for an orderly stop.
    pub fn nudge(&self) {
        self.bump(|generation| generation.work += 1);
    }

    pub(super) fn bump(&self, change: impl FnOnce(&mut Generation)) {
        change(&mut self.lock());
        self.news.notify_all();
    }

    /// Wakes the waiters only when `change` did change something.
    pub(super) fn bump_if(&self, change: impl FnOnce(&mut Generation)) {
        let mut generation = self.lock();
        let before = *generation;
        change(&mut generation);
        if *generation != before {
            self.news.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Generation> {
        self.generation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_waiter_is_woken_by_a_change_and_not_before() {
        let changes = Arc::new(Changes::default());
        let seen = changes.now();
        assert_eq!(changes.wait(seen, Duration::from_millis(1)), seen);
        let waiter = {
            let changes = changes.clone();
            std::thread::spawn(move || changes.wait(seen, Duration::from_secs(60)))
        };
        changes.bump(|g| g.channels += 1);
        assert_eq!(waiter.join().unwrap(), Generation { channels: 1, ..seen });
    }

    #[test]
    fn news_that_came_before_the_wait_are_not_lost() {
        let changes = Changes::default();
        let seen = changes.now();
        changes.nudge();
        assert_ne!(changes.wait(seen, Duration::from_secs(60)), seen);
    }
}
