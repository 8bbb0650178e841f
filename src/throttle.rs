//! How fast the portal may be asked: small parts, one for each of Bitrix24's rules. Pure: the clock is
//! handed in.
// b24: limits.md

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Millis, TroubleKind};
use crate::wire::verdict::{OPERATING_PAUSE, OVERLOAD_PAUSE};

/// The shortest pause after QUERY_LIMIT_EXCEEDED; each one after it is twice as long.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest: by then even a full cloud bucket has leaked empty twice.
const LAST_BACKOFF: Duration = Duration::from_secs(60);
/// Operating time is remembered for so long, in ten baskets of a minute.
const BASKETS: Duration = Duration::from_secs(600);

/// What a portal of some kind bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Profile {
    /// Self-hosted: no limit, or the one its administrator set.
    Box { per_second: Option<u32> },
    /// 50 requests, leaking 2 a second.
    Cloud,
    /// 250 requests, leaking 5 a second.
    Enterprise,
}

/// Whether something may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    Now,
    NotBefore(Millis),
}

/// The portal's leaky bucket, seen from this side: requests fill it, time empties it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// In thousandths of a request, so that whole milliseconds leak whole numbers.
    capacity: i64,
    level: i64,
    /// Requests a second, which is thousandths a millisecond.
    leak: i64,
    seen: Millis,
}

impl Bucket {
    /// A bucket of `size` requests that leaks `per_second` of them. The portal's counter goes down
    /// once a second and ours all the time, so ours is smaller by one second's leak: else it would
    /// run ahead by as much.
    pub fn new(size: u32, per_second: u32) -> Bucket {
        let per_second = per_second.max(1);
        let usable = size.saturating_sub(per_second).max(1);
        Bucket {
            capacity: i64::from(usable) * 1_000,
            level: 0,
            leak: i64::from(per_second),
            seen: Millis(0),
        }
    }

    /// Takes a place for one request, if there is one.
    pub fn permit(&mut self, now: Millis) -> Permit {
        let permit = self.look(now);
        if permit == Permit::Now {
            self.level += 1_000;
        }
        permit
    }

    /// Whether there is a place, without taking it.
    pub fn look(&mut self, now: Millis) -> Permit {
        let passed = i64::try_from(now.since(self.seen).as_millis()).unwrap_or(i64::MAX);
        self.level = self.level.saturating_sub(passed.saturating_mul(self.leak)).max(0);
        // A clock that was set back leaks nothing for once, and then goes on.
        self.seen = now;
        let over = self.level + 1_000 - self.capacity;
        if over <= 0 {
            return Permit::Now;
        }
        Permit::NotBefore(Millis(now.0.saturating_add((over + self.leak - 1) / self.leak)))
    }

    /// The portal says it is full: somebody else at our address fills it too.
    pub fn fill(&mut self, now: Millis) {
        self.seen = now;
        self.level = self.capacity;
    }
}

/// Growing pauses while the portal complains.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    until: Option<Millis>,
    step: Duration,
}

impl Backoff {
    pub fn look(&self, now: Millis) -> Permit {
        pause(self.until, self.step, now)
    }

    pub fn told(&mut self, now: Millis) {
        // The answers of requests that were under way together complain of one and the same thing.
        if self.look(now) != Permit::Now {
            return;
        }
        self.step = (self.step * 2).clamp(FIRST_BACKOFF, LAST_BACKOFF);
        self.until = Some(now + self.step);
    }

    pub fn went_well(&mut self) {
        *self = Backoff::default();
    }
}

/// The operating time of methods: one that used up its share rests, the others go on.
#[derive(Debug, Clone, Default)]
pub struct Operating {
    /// `operating_reset_at` of a method's last good answer.
    resets: BTreeMap<String, Millis>,
    blocked: BTreeMap<String, Millis>,
}

impl Operating {
    /// A good answer named the moment at which the method's oldest minute is forgotten.
    pub fn note(&mut self, method: &str, reset_at: Millis) {
        self.resets.insert(method.to_owned(), reset_at);
        self.blocked.remove(method);
    }

    /// OPERATION_TIME_LIMIT: returns when to ask again. The noted moment serves once; if the portal
    /// still refuses then, the next minute's basket is waited for.
    pub fn told(&mut self, method: &str, now: Millis) -> Millis {
        if let Permit::NotBefore(until) = self.look(method, now) {
            return until;
        }
        // The moment is the portal's clock's; one that is out of reach is not believed.
        let noted = self
            .resets
            .remove(method)
            .filter(|at| *at > now && *at <= now + BASKETS);
        let until = noted.unwrap_or(now + OPERATING_PAUSE);
        self.blocked.insert(method.to_owned(), until);
        until
    }

    pub fn look(&self, method: &str, now: Millis) -> Permit {
        pause(self.blocked.get(method).copied(), BASKETS, now)
    }
}

/// Until then, unless that is longer than any pause of its kind: then the clock was set back meanwhile.
fn pause(until: Option<Millis>, longest: Duration, now: Millis) -> Permit {
    match until {
        Some(until) if until > now && until <= now + longest => Permit::NotBefore(until),
        _ => Permit::Now,
    }
}

/// All the rules together.
#[derive(Debug, Clone)]
pub struct Throttle {
    bucket: Option<Bucket>,
    backoff: Backoff,
    operating: Operating,
    overload_until: Option<Millis>,
}

impl Throttle {
    pub fn new(profile: Profile) -> Throttle {
        let bucket = match profile {
            Profile::Box { per_second: None } => None,
            // A rate that was set by hand is kept second by second, without a store to draw on.
            Profile::Box {
                per_second: Some(rate),
            } => Some(Bucket::new(rate.saturating_mul(2), rate)),
            Profile::Cloud => Some(Bucket::new(50, 2)),
            Profile::Enterprise => Some(Bucket::new(250, 5)),
        };
        Throttle {
            bucket,
            backoff: Backoff::default(),
            operating: Operating::default(),
            overload_until: None,
        }
    }

    /// Takes a place for one request (a batch is one).
    pub fn permit(&mut self, now: Millis) -> Permit {
        match self.pauses(now) {
            Permit::Now => self
                .bucket
                .as_mut()
                .map_or(Permit::Now, |bucket| bucket.permit(now)),
            wait => wait,
        }
    }

    /// What [`Throttle::permit`] would say, without taking a place.
    pub fn look(&mut self, now: Millis) -> Permit {
        match self.pauses(now) {
            Permit::Now => self
                .bucket
                .as_mut()
                .map_or(Permit::Now, |bucket| bucket.look(now)),
            wait => wait,
        }
    }

    fn pauses(&self, now: Millis) -> Permit {
        match (self.overload(now), self.backoff.look(now)) {
            (Permit::NotBefore(a), Permit::NotBefore(b)) => Permit::NotBefore(a.max(b)),
            (Permit::Now, other) | (other, Permit::Now) => other,
        }
    }

    /// Whether the portal blocked all calls by hand (OVERLOAD_LIMIT) a short while ago.
    pub fn overload(&self, now: Millis) -> Permit {
        pause(self.overload_until, OVERLOAD_PAUSE, now)
    }

    /// Whether a method has operating time left.
    pub fn method(&self, method: &str, now: Millis) -> Permit {
        self.operating.look(method, now)
    }

    /// A request was answered, and no limit spoke.
    pub fn went_well(&mut self) {
        self.backoff.went_well();
        self.overload_until = None;
    }

    /// A method's answer named the end of its oldest minute of operating time.
    pub fn note(&mut self, method: &str, reset_at: Millis) {
        self.operating.note(method, reset_at);
    }

    /// The portal named a limit. Returns the moment before which asking again is useless, if there is
    /// one for the kind.
    pub fn told(&mut self, kind: TroubleKind, method: &str, now: Millis) -> Option<Millis> {
        match kind {
            TroubleKind::RateLimit => {
                if let Some(bucket) = &mut self.bucket {
                    bucket.fill(now);
                }
                self.backoff.told(now);
                match self.look(now) {
                    Permit::NotBefore(at) => Some(at),
                    Permit::Now => None,
                }
            }
            TroubleKind::OperatingTime => Some(self.operating.told(method, now)),
            TroubleKind::Overload => {
                let until = now + OVERLOAD_PAUSE;
                self.overload_until = Some(until);
                Some(until)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: Millis = Millis(1_795_341_600_000);

    fn at(ms: i64) -> Millis {
        Millis(T0.0 + ms)
    }

    /// Bitrix24's counter as its documentation tells it: down by `leak` once a second.
    struct Portal {
        count: i64,
        leak: i64,
        limit: i64,
        /// Where within a second the counter goes down.
        phase: i64,
        ticks: i64,
    }

    impl Portal {
        fn accepts(&mut self, now: i64) -> bool {
            let ticks = (now + self.phase).div_euclid(1_000);
            self.count = (self.count - (ticks - self.ticks) * self.leak).max(0);
            self.ticks = ticks;
            self.count += 1;
            self.count <= self.limit
        }
    }

    #[test]
    fn a_burst_goes_out_at_once_and_then_the_leak_sets_the_pace() {
        let mut throttle = Throttle::new(Profile::Cloud);
        let burst = (0..100)
            .take_while(|_| throttle.permit(T0) == Permit::Now)
            .count();
        assert_eq!(burst, 48);
        assert_eq!(throttle.permit(T0), Permit::NotBefore(at(500)));
        assert_eq!(throttle.permit(at(499)), Permit::NotBefore(at(500)));
        assert_eq!(throttle.permit(at(500)), Permit::Now);
        assert_eq!(throttle.permit(at(500)), Permit::NotBefore(at(1_000)));
    }

    #[test]
    fn a_box_has_no_limit_until_it_says_so() {
        let mut throttle = Throttle::new(Profile::Box { per_second: None });
        assert!((0..1_000).all(|_| throttle.permit(T0) == Permit::Now));
        throttle.told(TroubleKind::RateLimit, "batch", T0);
        assert_eq!(throttle.permit(T0), Permit::NotBefore(at(1_000)));
    }

    #[test]
    fn a_rate_set_by_hand_is_kept() {
        let mut throttle = Throttle::new(Profile::Box { per_second: Some(3) });
        assert_eq!(
            (0..9).take_while(|_| throttle.permit(T0) == Permit::Now).count(),
            3
        );
    }

    #[test]
    fn pauses_grow_while_the_portal_complains_and_end_when_it_does_not() {
        let mut throttle = Throttle::new(Profile::Box { per_second: None });
        let mut now = T0;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let until = throttle.told(TroubleKind::RateLimit, "batch", now).unwrap();
            // A second complaint of the same moment changes nothing.
            assert_eq!(throttle.told(TroubleKind::RateLimit, "batch", now), Some(until));
            pauses.push(until.since(now).as_secs());
            now = until;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        throttle.went_well();
        assert_eq!(throttle.permit(now), Permit::Now);
        assert_eq!(
            throttle.told(TroubleKind::RateLimit, "batch", now),
            Some(now + FIRST_BACKOFF)
        );
    }

    #[test]
    fn a_full_bucket_of_others_empties_ours() {
        let mut throttle = Throttle::new(Profile::Cloud);
        throttle.told(TroubleKind::RateLimit, "batch", T0);
        throttle.went_well();
        assert_eq!(throttle.permit(T0), Permit::NotBefore(at(500)));
    }

    #[test]
    fn operating_time_stops_one_method_until_its_reset() {
        let mut throttle = Throttle::new(Profile::Box { per_second: None });
        throttle.note("crm.lead.add", at(90_000));
        assert_eq!(throttle.method("crm.lead.add", T0), Permit::Now);
        assert_eq!(
            throttle.told(TroubleKind::OperatingTime, "crm.lead.add", T0),
            Some(at(90_000))
        );
        assert_eq!(throttle.method("crm.lead.add", T0), Permit::NotBefore(at(90_000)));
        assert_eq!(throttle.method("crm.deal.add", T0), Permit::Now);
        assert_eq!(throttle.permit(T0), Permit::Now);
        assert_eq!(throttle.method("crm.lead.add", at(90_000)), Permit::Now);
        // Still refused: the next basket is a minute away at most.
        let again = throttle.told(TroubleKind::OperatingTime, "crm.lead.add", at(90_000));
        assert_eq!(again, Some(at(150_000)));
    }

    #[test]
    fn overload_stops_everything_for_a_while() {
        let mut throttle = Throttle::new(Profile::Cloud);
        assert_eq!(
            throttle.told(TroubleKind::Overload, "batch", T0),
            Some(at(600_000))
        );
        assert_eq!(throttle.permit(at(599_999)), Permit::NotBefore(at(600_000)));
        assert_eq!(throttle.permit(at(600_000)), Permit::Now);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_stop_us_for_long() {
        let mut bucket = Bucket::new(3, 1);
        assert_eq!(bucket.permit(at(0)), Permit::Now);
        assert_eq!(bucket.permit(at(0)), Permit::Now);
        assert_eq!(bucket.permit(at(-3_600_000)), Permit::NotBefore(at(-3_599_000)));
        assert_eq!(bucket.permit(at(-3_599_000)), Permit::Now);
    }

    #[test]
    fn pauses_end_when_the_clock_is_set_back_and_wrong_clocks_are_not_believed() {
        let mut throttle = Throttle::new(Profile::Box { per_second: None });
        throttle.told(TroubleKind::RateLimit, "batch", T0);
        throttle.told(TroubleKind::Overload, "batch", T0);
        throttle.told(TroubleKind::OperatingTime, "m", T0);
        let yesterday = at(-86_400_000);
        assert_eq!(throttle.permit(yesterday), Permit::Now);
        assert_eq!(throttle.method("m", yesterday), Permit::Now);
        throttle.note("m", at(3_600_000));
        let until = throttle.told(TroubleKind::OperatingTime, "m", T0);
        assert_eq!(until, Some(T0 + OPERATING_PAUSE));
    }

    proptest! {
        #[test]
        fn the_portals_counter_is_never_exceeded(
            steps in proptest::collection::vec(0i64..1_500, 1..600),
            phase in 0i64..1_000,
            enterprise: bool,
        ) {
            let (profile, limit, leak) =
                if enterprise { (Profile::Enterprise, 250, 5) } else { (Profile::Cloud, 50, 2) };
            let mut throttle = Throttle::new(profile);
            let mut portal = Portal { count: 0, leak, limit, phase, ticks: (T0.0 + phase).div_euclid(1_000) };
            let mut now = T0;
            for step in steps {
                // Bursts of requests at one moment, and pauses between them.
                now = Millis(now.0 + (step - 1_200).max(0));
                if throttle.permit(now) == Permit::Now {
                    prop_assert!(portal.accepts(now.0));
                }
            }
        }

        #[test]
        fn waiting_as_told_is_always_enough(steps in proptest::collection::vec(0i64..900, 1..200)) {
            let mut bucket = Bucket::new(5, 2);
            let mut now = T0;
            for step in steps {
                now = Millis(now.0 + step);
                if let Permit::NotBefore(then) = bucket.permit(now) {
                    prop_assert!(then > now);
                    prop_assert_eq!(bucket.permit(Millis(then.0 - 1)), Permit::NotBefore(then));
                    prop_assert_eq!(bucket.permit(then), Permit::Now);
                    now = then;
                }
            }
        }
    }
}
