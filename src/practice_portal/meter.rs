//! The portal's limits: how often it may be asked, and for how long in all.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use crate::model::Millis;

/// Whose limits the portal has.
// b24: limits.md
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// A self-hosted portal: no limits unless its administrator sets some.
    #[default]
    Box,
    /// Most cloud plans: a bucket of 50 that leaks 2 a second.
    Cloud,
    /// The largest cloud plans: 250 and 5.
    Enterprise,
}

impl Profile {
    pub fn from_name(name: &str) -> Option<Profile> {
        match name {
            "box" => Some(Profile::Box),
            "cloud" => Some(Profile::Cloud),
            "enterprise" => Some(Profile::Enterprise),
            _ => None,
        }
    }

    /// Requests the bucket holds, and how many leave it every second.
    fn bucket(self) -> Option<(u64, u64)> {
        match self {
            Profile::Box => None,
            Profile::Cloud => Some((50, 2)),
            Profile::Enterprise => Some((250, 5)),
        }
    }
}

#[derive(Debug, Default)]
struct Bucket {
    level: u64,
    /// The last whole second that has been leaked.
    leaked_at: i64,
}

/// One minute's time of one method.
#[derive(Debug)]
struct Basket {
    opened_at: Millis,
    seconds: f64,
}

/// A basket collects for a minute …
const BASKET_MS: i64 = 60_000;
/// … and counts for ten.
const BASKET_LIFE_MS: i64 = 600_000;

/// What `time` tells of a method: seconds used, and when the oldest basket falls out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operating {
    pub seconds: f64,
    /// Unix time in seconds.
    pub reset_at: i64,
}

#[derive(Debug, Default)]
pub struct Meter {
    pub profile: Profile,
    /// Seconds of operating time that a method may use in ten minutes; none: no limit.
    pub operating_limit: Option<f64>,
    /// Seconds that a call of a method is said to cost, instead of the few microseconds it does.
    pub cost: BTreeMap<String, f64>,
    buckets: HashMap<IpAddr, Bucket>,
    baskets: HashMap<(String, String), VecDeque<Basket>>,
}

impl Meter {
    pub fn new(profile: Profile) -> Meter {
        Meter {
            profile,
            ..Meter::default()
        }
    }

    /// Counts one HTTP request of an address; `false` when it is one too many.
    pub fn admits(&mut self, peer: IpAddr, now: Millis) -> bool {
        let Some((size, leak)) = self.profile.bucket() else {
            return true;
        };
        let bucket = self.buckets.entry(peer).or_default();
        let second = now.0.div_euclid(1000);
        if bucket.level == 0 {
            bucket.leaked_at = second;
        }
        let seconds = u64::try_from(second - bucket.leaked_at).unwrap_or(0);
        bucket.level = bucket.level.saturating_sub(seconds.saturating_mul(leak));
        bucket.leaked_at = second;
        if bucket.level >= size {
            return false;
        }
        bucket.level += 1;
        true
    }

    /// What a method has used of late; `Err` when that is over the limit.
    pub fn operating(&mut self, caller: &str, method: &str, now: Millis) -> Result<(), Operating> {
        let used = self.used(caller, method, now);
        match self.operating_limit {
            Some(limit) if used.seconds > limit => Err(used),
            _ => Ok(()),
        }
    }

    /// Adds a call that took `took` seconds.
    pub fn charge(&mut self, caller: &str, method: &str, took: f64, now: Millis) -> Operating {
        let cost = self.cost.get(method).copied().unwrap_or(took);
        let baskets = self
            .baskets
            .entry((caller.to_owned(), method.to_owned()))
            .or_default();
        match baskets.back_mut() {
            Some(last) if now.0 - last.opened_at.0 < BASKET_MS => last.seconds += cost,
            _ => baskets.push_back(Basket {
                opened_at: now,
                seconds: cost,
            }),
        }
        self.used(caller, method, now)
    }

    fn used(&mut self, caller: &str, method: &str, now: Millis) -> Operating {
        let baskets = self
            .baskets
            .entry((caller.to_owned(), method.to_owned()))
            .or_default();
        while baskets
            .front()
            .is_some_and(|b| now.0 - b.opened_at.0 >= BASKET_LIFE_MS)
        {
            baskets.pop_front();
        }
        let oldest = baskets.front().map_or(now.0, |b| b.opened_at.0);
        Operating {
            seconds: baskets.iter().map(|b| b.seconds).sum(),
            reset_at: (oldest + BASKET_LIFE_MS).div_euclid(1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const ME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn the_bucket_holds_fifty_and_leaks_two_a_second() {
        let mut meter = Meter {
            profile: Profile::Cloud,
            ..Meter::default()
        };
        let admitted = |meter: &mut Meter, at: i64| (0..100).filter(|_| meter.admits(ME, Millis(at))).count();
        assert_eq!(admitted(&mut meter, 10_000), 50);
        assert_eq!(admitted(&mut meter, 10_900), 0);
        assert_eq!(admitted(&mut meter, 11_000), 2);
        assert_eq!(admitted(&mut meter, 14_000), 6);
        assert_eq!(admitted(&mut meter, 100_000), 50);
        meter.profile = Profile::Box;
        assert_eq!(admitted(&mut meter, 100_000), 100);
    }

    #[test]
    fn the_call_that_passes_the_limit_is_done_and_the_next_is_not() {
        let mut meter = Meter {
            operating_limit: Some(10.0),
            ..Meter::default()
        };
        meter.cost.insert("crm.deal.add".into(), 6.0);
        for at in [0, 60_000] {
            assert!(meter.operating("w", "crm.deal.add", Millis(at)).is_ok());
            meter.charge("w", "crm.deal.add", 0.1, Millis(at));
        }
        let refused = meter
            .operating("w", "crm.deal.add", Millis(61_000))
            .expect_err("over");
        assert_eq!(refused.reset_at, 600);
        assert!(meter.operating("w", "crm.deal.get", Millis(61_000)).is_ok());
        assert!(meter.operating("other", "crm.deal.add", Millis(61_000)).is_ok());
        assert!(meter.operating("w", "crm.deal.add", Millis(600_000)).is_ok());
    }
}
