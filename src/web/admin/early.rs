//! Installations without a page that came before the application's keys were entered: the portal shows the keys in the very
//! moment in which it calls, once. Anybody can send such a call, and nothing of it is believed here.

use std::net::IpAddr;
use std::time::Duration;

use crate::http::household;
use crate::model::Millis;
use crate::portal_app::request::{Event, is_of};

/// As long as an access token lives.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// Some kilobytes each, and one of each address: who wants the portal's own out needs as many.
const MOST: usize = 64;
/// When the portal is asked again after it did not answer: whoever looks at the page waits for it.
const PAUSE: Duration = Duration::from_secs(30);

/// An event with where and when it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub event: Event,
    pub from: IpAddr,
    at: Millis,
}

/// The events that wait for the keys.
#[derive(Debug, Default)]
pub struct Early {
    kept: Vec<Kept>,
    not_before: Option<Millis>,
}

impl Early {
    /// Keeps an event; of each address its latest.
    pub fn keep(&mut self, event: Event, from: IpAddr, now: Millis) {
        let from = household(from);
        self.kept
            .retain(|kept| kept.from != from && now.since(kept.at) < LIFE);
        if self.kept.len() >= MOST {
            self.kept.remove(0);
        }
        self.kept.push(Kept { event, from, at: now });
    }

    /// Those that name the portal, to be verified; the others are forgotten. None while the portal rests.
    pub fn take(&mut self, portal: &str, now: Millis) -> Vec<Kept> {
        if self.not_before.is_some_and(|moment| now < moment) {
            return Vec::new();
        }
        self.not_before = None;
        let mut kept = std::mem::take(&mut self.kept);
        kept.retain(|kept| now.since(kept.at) < LIFE && is_of(portal, &kept.event.domain));
        kept
    }

    /// Something has changed by which those that are kept may be taken.
    pub fn wake(&mut self) {
        self.not_before = None;
    }

    /// The portal could not be asked about these.
    pub fn put_back(&mut self, mut kept: Vec<Kept>, now: Millis) {
        // Who has sent a newer one meanwhile needs no older one.
        kept.retain(|old| self.kept.iter().all(|new| new.from != old.from));
        kept.append(&mut self.kept);
        self.kept = kept;
        self.not_before = Some(now + PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal_app::request::EventKind;

    const PORTAL: &str = "https://portal.example";

    fn event(domain: &str, member_id: &str) -> Event {
        Event {
            kind: EventKind::Install,
            domain: domain.to_owned(),
            member_id: member_id.to_owned(),
            application_token: None,
            tokens: None,
            language: None,
        }
    }

    fn address(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    fn members(kept: &[Kept]) -> Vec<&str> {
        kept.iter().map(|kept| kept.event.member_id.as_str()).collect()
    }

    #[test]
    fn junk_of_one_address_does_not_push_out_the_portals_own() {
        let mut early = Early::default();
        early.keep(event("portal.example", "genuine"), address(1), Millis(0));
        for n in 0..100 {
            early.keep(
                event("portal.example", &format!("junk{n}")),
                address(2),
                Millis(1),
            );
        }
        early.keep(event("evil.example", "elsewhere"), address(3), Millis(2));
        assert_eq!(members(&early.take(PORTAL, Millis(3))), ["genuine", "junk99"]);
        assert_eq!(early.take(PORTAL, Millis(3)), []);
    }

    #[test]
    fn what_could_not_be_asked_about_waits_until_it_is_an_hour_old() {
        let mut early = Early::default();
        for n in 0..=u8::MAX {
            early.keep(event("portal.example", &n.to_string()), address(n), Millis(0));
        }
        let kept = early.take(PORTAL, Millis(0));
        assert_eq!(kept.len(), MOST);
        early.keep(event("portal.example", "newer"), address(u8::MAX), Millis(1));
        early.put_back(kept, Millis(1));
        assert_eq!(early.take(PORTAL, Millis(2)), [], "the portal rests");
        let later = Millis(1) + PAUSE;
        let kept = early.take(PORTAL, later);
        assert_eq!((kept.len(), members(&kept).last()), (MOST, Some(&"newer")));
        early.put_back(kept, later);
        assert_eq!(members(&early.take(PORTAL, Millis(0) + LIFE)), ["newer"]);
    }
}
