//! Tells spam from requests by what a channel's settings say: a hidden field that only robots fill, a secret that only
//! the website knows, and how fast one sender may go.
//!
//! Spam is stored like everything else and answered like everything else; it is only not delivered.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::letter::Contents;
use crate::http::header::{HeaderMap, HeaderName};
use crate::http::household;
use crate::intake::spam;
use crate::store::{ChannelKey, StoredChannel};

/// The header that carries a channel's secret.
const HEADER: HeaderName = HeaderName::from_static("x-bridge-secret");
const MINUTE: Duration = Duration::from_secs(60);
/// Senders that are counted in one minute: some megabytes at most. Beyond them nobody new is counted, so that a flood
/// from everywhere cannot fill the memory.
const SENDERS: usize = 50_000;

/// The judge of all channels.
#[derive(Debug, Default)]
pub struct Sieve {
    pace: Mutex<Pace>,
}

impl Sieve {
    /// Why the request is spam, in a sentence for the inbox; `None` when it is not. `contents` may be missing where
    /// [`spam::reads`] says that they do not matter.
    pub fn catch(
        &self,
        stored: &StoredChannel,
        headers: &HeaderMap,
        contents: Option<&Contents>,
        sender: IpAddr,
        now: Instant,
    ) -> Option<String> {
        let channel = &stored.channel;
        if let Some(contents) = contents {
            let in_header = headers.get(&HEADER).map(|value| value.as_bytes());
            let in_fields = contents.secret.as_deref().map(str::as_bytes);
            let secrets = [in_header, in_fields].into_iter().flatten();
            if let Some(why) = spam::caught(channel, &contents.fields, secrets) {
                return Some(why);
            }
        }
        let most = channel.max_per_minute?;
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let count = pace.count(stored.key, sender, now);
        (count > most).then(|| {
            format!("more requests came from one address within a minute than the channel's limit of {most}")
        })
    }
}

/// Requests of the running minute, by channel and sender.
#[derive(Debug, Default)]
struct Pace {
    since: Option<Instant>,
    counts: HashMap<(ChannelKey, IpAddr), u32>,
}

impl Pace {
    /// Counts one more; how many it makes in this minute.
    fn count(&mut self, channel: ChannelKey, sender: IpAddr, now: Instant) -> u32 {
        if self
            .since
            .is_none_or(|since| now.saturating_duration_since(since) >= MINUTE)
        {
            self.since = Some(now);
            self.counts.clear();
        }
        let whom = (channel, household(sender));
        if self.counts.len() >= SENDERS && !self.counts.contains_key(&whom) {
            return 0;
        }
        let count = self.counts.entry(whom).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: ChannelKey = ChannelKey(1);

    fn sender(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn senders_are_counted_each_by_itself_and_anew_each_minute() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.count(SHOP, sender("192.0.2.1"), start), 1);
        assert_eq!(pace.count(SHOP, sender("192.0.2.1"), start), 2);
        assert_eq!(pace.count(SHOP, sender("::ffff:192.0.2.1"), start), 3);
        assert_eq!(pace.count(SHOP, sender("192.0.2.2"), start), 1);
        assert_eq!(pace.count(ChannelKey(2), sender("192.0.2.1"), start), 1);
        assert_eq!(pace.count(SHOP, sender("192.0.2.1"), start + MINUTE), 1);
    }

    #[test]
    fn a_household_is_one_sender() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.count(SHOP, sender("2001:db8::1"), start), 1);
        assert_eq!(pace.count(SHOP, sender("2001:db8::ffff:1"), start), 2);
        assert_eq!(pace.count(SHOP, sender("2001:db8:0:1::1"), start), 1);
    }

    #[test]
    fn a_flood_from_everywhere_does_not_fill_the_memory() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for n in 0..u32::try_from(SENDERS).unwrap() + 10 {
            pace.count(SHOP, IpAddr::V4(n.into()), start);
        }
        assert_eq!(pace.counts.len(), SENDERS);
        assert_eq!(
            pace.count(SHOP, IpAddr::V4(0.into()), start),
            2,
            "known ones still count"
        );
    }
}
