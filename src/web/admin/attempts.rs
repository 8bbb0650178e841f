//! How often a password may be tried, by address and by name. Pure: the moment is handed in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::http::household;
use crate::model::Millis;

/// Mistakes that a person makes.
const FREE_FOR_NAME: u32 = 5;
/// An office behind one address makes more of them.
const FREE_FOR_ADDRESS: u32 = 20;
/// The first pause; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// With it a guesser has a hundred tries a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// After so long without a mistake all is forgotten.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// Names and addresses remembered at once: some megabytes.
const REMEMBERED: usize = 10_000;
/// Of a name, so that long ones do not fill the memory.
const NAME_CHARS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Name(String),
}

impl Key {
    fn free(&self) -> u32 {
        match self {
            Key::Address(_) => FREE_FOR_ADDRESS,
            Key::Name(_) => FREE_FOR_NAME,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    tries: u32,
    last: Millis,
}

/// Who tried how often without success.
#[derive(Debug, Default)]
pub struct Attempts {
    entries: HashMap<Key, Entry>,
}

impl Attempts {
    /// Counts a try before its password is looked at, so that many at once gain nothing; or how long to wait.
    pub fn begin(&mut self, address: IpAddr, name: &str, now: Millis) -> Result<(), Duration> {
        let keys = keys(address, name);
        if let Some(wait) = keys.iter().filter_map(|key| self.wait(key, now)).max() {
            return Err(wait);
        }
        for key in &keys {
            self.make_room(key, now);
            let entry = self
                .entries
                .entry(key.clone())
                .or_insert(Entry { tries: 0, last: now });
            if now.since(entry.last) >= FORGET {
                entry.tries = 0;
            }
            *entry = Entry {
                tries: entry.tries.saturating_add(1),
                last: now,
            };
        }
        Ok(())
    }

    /// The password was right.
    pub fn succeeded(&mut self, address: IpAddr, name: &str) {
        for key in keys(address, name) {
            self.entries.remove(&key);
        }
    }

    fn wait(&self, key: &Key, now: Millis) -> Option<Duration> {
        let entry = self.entries.get(key)?;
        let beyond = entry.tries.checked_sub(key.free())?;
        let pause = FIRST_PAUSE.saturating_mul(1 << beyond.min(16)).min(LONGEST_PAUSE);
        let wait = pause.checked_sub(now.since(entry.last))?;
        (!wait.is_zero()).then_some(wait)
    }

    fn make_room(&mut self, key: &Key, now: Millis) {
        if self.entries.len() < REMEMBERED || self.entries.contains_key(key) {
            return;
        }
        self.entries.retain(|_, entry| now.since(entry.last) < FORGET);
        if self.entries.len() >= REMEMBERED {
            // The half that was quiet for longest goes.
            let mut times: Vec<Millis> = self.entries.values().map(|entry| entry.last).collect();
            let (_, middle, _) = times.select_nth_unstable(REMEMBERED / 2);
            let middle = *middle;
            self.entries.retain(|_, entry| entry.last > middle);
        }
    }
}

fn keys(address: IpAddr, name: &str) -> [Key; 2] {
    let name = name.trim().to_lowercase().chars().take(NAME_CHARS).collect();
    [Key::Address(household(address)), Key::Name(name)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(n))
    }

    #[test]
    fn a_name_is_guessed_slower_and_slower_from_wherever() {
        let mut attempts = Attempts::default();
        for n in 0..FREE_FOR_NAME {
            assert_eq!(attempts.begin(address(n), "Anna", Millis(0)), Ok(()));
        }
        assert_eq!(attempts.begin(address(99), " anna ", Millis(0)), Err(FIRST_PAUSE));
        assert_eq!(attempts.begin(address(99), "boris", Millis(0)), Ok(()));
        let later = Millis(0) + FIRST_PAUSE;
        assert_eq!(attempts.begin(address(98), "anna", later), Ok(()));
        assert_eq!(attempts.begin(address(97), "anna", later), Err(FIRST_PAUSE * 2));
        attempts.succeeded(address(98), "anna");
        assert_eq!(attempts.begin(address(97), "anna", later), Ok(()));
    }

    #[test]
    fn an_address_may_try_twenty_names() {
        let mut attempts = Attempts::default();
        for n in 0..FREE_FOR_ADDRESS {
            assert_eq!(attempts.begin(HOME, &format!("name{n}"), Millis(0)), Ok(()));
        }
        assert_eq!(attempts.begin(HOME, "another", Millis(0)), Err(FIRST_PAUSE));
        assert_eq!(attempts.begin(address(5), "another", Millis(0)), Ok(()));
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let mut attempts = Attempts::default();
        for n in 0..FREE_FOR_ADDRESS {
            let address = format!("2001:db8::{n:x}").parse().unwrap();
            assert_eq!(attempts.begin(address, &format!("n{n}"), Millis(0)), Ok(()));
        }
        assert!(
            attempts
                .begin("2001:db8::ffff".parse().unwrap(), "x", Millis(0))
                .is_err()
        );
        assert!(
            attempts
                .begin("2001:db8:0:1::1".parse().unwrap(), "x", Millis(0))
                .is_ok()
        );
    }

    #[test]
    fn mistakes_are_forgotten_after_an_hour() {
        let mut attempts = Attempts::default();
        for _ in 0..FREE_FOR_NAME {
            attempts.begin(HOME, "anna", Millis(0)).unwrap();
        }
        let later = Millis(0) + FORGET;
        for _ in 0..FREE_FOR_NAME {
            assert_eq!(attempts.begin(HOME, "anna", later), Ok(()));
        }
    }

    #[test]
    fn a_flood_of_names_does_not_fill_the_memory() {
        let mut attempts = Attempts::default();
        for n in 0..30_000u32 {
            let _ = attempts.begin(address(n), &format!("n{n}"), Millis(i64::from(n)));
            assert!(attempts.entries.len() <= REMEMBERED + 1);
        }
    }

    proptest! {
        #[test]
        fn no_pause_is_longer_than_the_longest(times in proptest::collection::vec(0i64..10_000_000, 1..60)) {
            let mut attempts = Attempts::default();
            for at in times {
                if let Err(wait) = attempts.begin(HOME, "anna", Millis(at)) {
                    prop_assert!(wait <= LONGEST_PAUSE);
                }
            }
        }
    }
}
