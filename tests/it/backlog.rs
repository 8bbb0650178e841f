//! A backlog on a cloud portal: full batches, and never more requests than the portal grants.

use std::time::Instant;

use b24_bridge::practice_portal::{Options, PracticePortal, Profile};
use serde_json::json;

use crate::harness::{Bridge, shop_channel};
use crate::tally::{Tally, order_of, wait_for_activities};

/// b24: settings/how-to-call-rest-api/batch.md
const MOST_COMMANDS: u64 = 50;

/// A batch with fewer commands than this has room for one more submission's.
const FULL: u64 = 45;
/// Batches that may have room: the last submissions are three steps from home, and nobody comes after them.
const THIN: usize = 5;

struct Figures {
    /// Commands of each batch.
    batches: Vec<u64>,
    refused: usize,
    seconds: f64,
}

impl Figures {
    fn print(&self, submissions: u32) {
        let commands: u64 = self.batches.iter().sum();
        eprintln!(
            "{submissions} submissions: {commands} commands in {} requests ({} would be the least), {:.1} s, {} refused by the limit",
            self.batches.len(),
            commands.div_ceil(MOST_COMMANDS),
            self.seconds,
            self.refused,
        );
    }
}

/// Stores submissions of as many people while the portal is away, then lets them go.
fn deliver(submissions: u32) -> Figures {
    let portal = PracticePortal::start(Options {
        profile: Profile::Cloud,
        ..Options::default()
    })
    .expect("a portal");
    let bridge = Bridge::start(&portal, &["--portal-profile", "cloud"]);
    bridge.channel(&shop_channel(json!({})));
    portal.stop_listening();
    let ids: Vec<String> = (0..submissions)
        .map(|n| bridge.post_json("shop-orders", &order_of(n, n)).id())
        .collect();
    portal.reset_stats();
    let started = Instant::now();
    portal.listen_again().expect("the port");
    // However long it is, it goes on.
    for some in (0..=ids.len()).step_by(100) {
        wait_for_activities(&portal, some);
    }
    wait_for_activities(&portal, ids.len());
    let seconds = started.elapsed().as_secs_f64();
    bridge.settle();
    Tally::of(&portal).each_made_one(&ids);
    let stats = portal.stats();
    // The catalogue and the probes are not the backlog's.
    let is_delivery = |methods: &[String]| {
        let own = [
            "crm.duplicate.findbycomm",
            "crm.contact.add",
            "crm.deal.add",
            "crm.timeline.comment.add",
        ];
        methods.iter().any(|method| own.contains(&method.as_str()))
    };
    let batches = stats.log.iter().filter(|entry| is_delivery(&entry.methods));
    Figures {
        batches: batches
            .map(|entry| u64::try_from(entry.methods.len()).expect("few"))
            .collect(),
        refused: stats.log.iter().filter(|entry| entry.status == Some(503)).count(),
        seconds,
    }
}

/// `B24_BRIDGE_BACKLOG=2000 cargo test --test it backlog -- --nocapture` plays a long one: some minutes, since the
/// limit sets the pace.
#[test]
fn a_backlog_goes_in_full_batches_and_never_over_the_limit() {
    let long = std::env::var("B24_BRIDGE_BACKLOG").ok();
    let submissions = long.map_or(300, |n| n.parse().expect("a number"));
    let figures = deliver(submissions);
    figures.print(submissions);
    assert_eq!(figures.refused, 0, "QUERY_LIMIT_EXCEEDED");
    let thin = figures
        .batches
        .iter()
        .filter(|commands| **commands < FULL)
        .count();
    assert!(thin <= THIN, "{thin} batches had room: {:?}", figures.batches);
}
