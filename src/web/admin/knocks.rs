//! How often and by how many at once the portal is asked about strangers' tokens. Whoever has a token of the portal gets
//! in, and nobody guesses one: what has to be kept whole is the portal, and this program's threads while it hangs.
//!
//! All addresses share one measure. By address it would shut out the administrators of a whole office, or of everybody
//! behind one proxy, for one neighbour's junk.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Millis;
use crate::throttle::{Bucket, Permit};

/// Questions to the portal at the same time: each holds a thread for as long as the portal takes.
const AT_ONCE: usize = 8;
/// Fruitless ones that may come in a heap, and then each second. What the portal confirms is not counted.
const HEAP: u32 = 110;
const PER_SECOND: u32 = 10;
/// When to come again if all places are taken.
const BUSY_PAUSE: Duration = Duration::from_secs(5);

/// Why the portal is not asked now, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Too many others are being asked about.
    Busy(Duration),
    /// Too many were asked about in vain.
    TooOften(Duration),
}

/// The questions that are under way, and the fruitless ones.
#[derive(Debug)]
pub struct Knocks {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    inside: usize,
    fruitless: Bucket,
}

impl Default for Knocks {
    fn default() -> Knocks {
        Knocks {
            state: Mutex::new(State {
                inside: 0,
                fruitless: Bucket::new(HEAP, PER_SECOND),
            }),
        }
    }
}

impl Knocks {
    /// A place among those who are asked about; it is free again when it is dropped.
    pub fn begin(&self, now: Millis) -> Result<Place<'_>, Full> {
        let mut state = self.state();
        if let Permit::NotBefore(at) = state.fruitless.look(now) {
            return Err(Full::TooOften(at.since(now).max(Duration::from_secs(1))));
        }
        if state.inside >= AT_ONCE {
            return Err(Full::Busy(BUSY_PAUSE));
        }
        state.inside += 1;
        Ok(Place { knocks: self, now })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Its parts are valid in themselves, also after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who is asked about.
#[derive(Debug)]
pub struct Place<'k> {
    knocks: &'k Knocks,
    now: Millis,
}

impl Place<'_> {
    /// The portal was asked in vain.
    pub fn was_fruitless(&self) {
        // Full or not, there was a place when this one began: at most so many go beyond as are asked at once.
        let _ = self.knocks.state().fruitless.permit(self.now);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.knocks.state();
        state.inside = state.inside.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_asked_about_at_once_and_the_others_come_again() {
        let knocks = Knocks::default();
        let mut inside: Vec<Place<'_>> = (0..AT_ONCE).map(|_| knocks.begin(Millis(0)).unwrap()).collect();
        assert_eq!(knocks.begin(Millis(0)).unwrap_err(), Full::Busy(BUSY_PAUSE));
        inside.pop();
        assert!(knocks.begin(Millis(0)).is_ok(), "a place is free again");
    }

    #[test]
    fn a_flood_of_junk_passes_for_a_trickle_and_is_over_with_its_end() {
        let knocks = Knocks::default();
        let mut asked = 0;
        // Ten seconds, a thousand a second.
        for n in 0..10_000 {
            if let Ok(place) = knocks.begin(Millis(n)) {
                place.was_fruitless();
                asked += 1;
            }
        }
        let most = i64::from(HEAP - PER_SECOND) + 10 * i64::from(PER_SECOND);
        assert!((most - 1..=most).contains(&asked), "{asked}");
        assert!(knocks.begin(Millis(11_000)).is_ok(), "a second later all is well");
    }

    #[test]
    fn what_the_portal_confirms_is_not_counted() {
        let knocks = Knocks::default();
        for _ in 0..1_000 {
            assert!(knocks.begin(Millis(0)).is_ok());
        }
    }
}
