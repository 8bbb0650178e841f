//! SIGKILL at random moments, while submissions come in and go out, with a portal that is slow and loses answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use b24_bridge::practice_portal::{Fault, PracticePortal};
use serde_json::json;

use crate::harness::{Bridge, portal, request, shop_channel, until};
use crate::records;
use crate::tally::{Tally, order_of};

const KILLS: u32 = 30;
const POSTERS: u32 = 3;
/// People who order again and again.
const PEOPLE: u32 = 25;
/// Deals that are there already and are written to; the persons of these have other numbers.
const OLD_DEALS: u32 = 8;
const OLD_PEOPLE: u32 = 1_000;

/// Small and repeatable: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// The seed of a run that failed can be set again.
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let seed = std::env::var("CRASH_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(now.subsec_nanos()));
    eprintln!("CRASH_SEED={seed}");
    seed
}

/// What is answered may be relied on: the submission's id, by the channel and the order it was for.
type Acknowledged = Mutex<Vec<(String, &'static str, u32)>>;

struct Run {
    address: RwLock<String>,
    over: AtomicBool,
    next_order: AtomicU32,
    acknowledged: Acknowledged,
}

impl Run {
    /// A website that repeats what was not answered, with the same key, until it is answered.
    fn post(&self, dice: &mut Dice) {
        while !self.over.load(Ordering::Relaxed) {
            let n = self.next_order.fetch_add(1, Ordering::Relaxed);
            let (slug, body) = if dice.below(4) == 0 {
                let old = n % OLD_DEALS;
                ("updates", order_of(OLD_PEOPLE + old, OLD_PEOPLE + old))
            } else {
                let person = u32::try_from(dice.below(u64::from(PEOPLE))).expect("small");
                ("shop-orders", order_of(person, 10_000 + n))
            };
            let key = format!("order-{n}");
            let headers = [("content-type", "application/json"), ("idempotency-key", &key)];
            let body = body.to_string();
            until("an answer", || {
                let address = self.address.read().expect("no panic").clone();
                let answer =
                    request(&format!("{address}/in/{slug}"), "POST", &headers, body.as_bytes()).ok()?;
                assert_eq!(answer.status, 200, "{answer:?}");
                self.acknowledged
                    .lock()
                    .expect("no panic")
                    .push((answer.id(), slug, n));
                Some(())
            });
            std::thread::sleep(dice.millis(0, 60));
        }
    }

    /// Now and then an answer is lost, with the work done in part, in whole or not at all.
    fn lose_answers(&self, portal: &PracticePortal, dice: &mut Dice) {
        while !self.over.load(Ordering::Relaxed) {
            let fault = match dice.below(5) {
                0 => Fault::CutBefore,
                1 | 2 => Fault::CutAfter,
                _ => Fault::HalfBatch(usize::try_from(dice.below(20)).expect("small")),
            };
            portal.faults().next_write(1, fault);
            std::thread::sleep(dice.millis(200, 1_200));
        }
    }
}

#[test]
fn killed_at_any_moment_it_loses_nothing_and_does_nothing_twice() {
    let mut dice = Dice(seed());
    let portal = portal();
    let slow = |before, after| Fault::Slow {
        before: Duration::from_millis(before),
        after: Duration::from_millis(after),
    };
    portal
        .faults()
        .until_cleared(slow(dice.below(15), dice.below(15)));
    for n in 0..OLD_DEALS {
        let phone = format!("8912{:07}", OLD_PEOPLE + n);
        let contact = records::add(&portal, "contact", &json!({"PHONE": [{"VALUE": phone}]}));
        let order = (OLD_PEOPLE + n).to_string();
        let deal = json!({"TITLE": "Старая", "UF_CRM_ORDER_ID": order, "CONTACT_IDS": [contact]});
        records::add(&portal, "deal", &deal);
    }
    let mut bridge = Bridge::start(&portal, &["--settle", "0.15"]);
    bridge.channel(&shop_channel(json!({})));
    bridge.channel(&shop_channel(
        json!({"slug": "updates", "name": "Изменения", "search_stages": []}),
    ));
    let run = Run {
        address: RwLock::new(bridge.websites().to_owned()),
        over: AtomicBool::new(false),
        next_order: AtomicU32::new(0),
        acknowledged: Mutex::default(),
    };
    std::thread::scope(|scope| {
        for _ in 0..POSTERS {
            let mut dice = Dice(dice.below(u64::MAX));
            let run = &run;
            scope.spawn(move || run.post(&mut dice));
        }
        let mut weather = Dice(dice.below(u64::MAX));
        let (run, portal) = (&run, &portal);
        scope.spawn(move || run.lose_answers(portal, &mut weather));
        for _ in 0..KILLS {
            std::thread::sleep(dice.millis(30, 550));
            bridge.kill();
            bridge.serve();
            *run.address.write().expect("no panic") = bridge.websites().to_owned();
        }
        run.over.store(true, Ordering::Relaxed);
    });
    portal.faults().clear();
    bridge.settle();
    let acknowledged = run.acknowledged.into_inner().expect("no panic");
    check(&bridge, &portal, &acknowledged);
}

fn check(bridge: &Bridge, portal: &PracticePortal, acknowledged: &[(String, &str, u32)]) {
    let list = bridge.cli_json(&["inbox", "list", "--limit", "1000000", "--json"]);
    let mut states: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in list.as_array().expect("a list") {
        let text = |name: &str| line[name].as_str().expect("a text").to_owned();
        states.insert(text("id"), (text("state"), text("channel")));
    }
    for (id, slug, n) in acknowledged {
        let (state, channel) = states
            .get(id)
            .unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
        assert_eq!(
            (state.as_str(), channel.as_str()),
            ("delivered", *slug),
            "order {n} as {id}"
        );
    }
    let delivered = |slug: &str| -> Vec<String> {
        let of = states
            .iter()
            .filter(|(_, (state, channel))| state == "delivered" && channel == slug);
        of.map(|(id, _)| id.clone()).collect()
    };
    let others: BTreeSet<&String> = states.values().map(|(state, _)| state).collect();
    assert!(
        others
            .iter()
            .all(|state| ["delivered", "repeat"].contains(&state.as_str())),
        "{others:?}"
    );

    let mut tally = Tally::of(portal);
    let old = tally.deals.remove("").expect("the deals that were there");
    let old: BTreeSet<String> = old
        .iter()
        .map(|deal| deal["ID"].as_str().expect("a number").to_owned())
        .collect();
    assert_eq!(old.len(), usize::try_from(OLD_DEALS).expect("small"));
    let updates = delivered("updates");
    for (what, all) in [
        ("comments", &mut tally.comments),
        ("activities", &mut tally.activities),
    ] {
        let (on_old, on_new): (Vec<_>, Vec<_>) = all.drain(..).partition(|(owner, _)| old.contains(owner));
        *all = on_new;
        for id in &updates {
            let of = on_old
                .iter()
                .filter(|(_, text)| text.contains(id.as_str()))
                .count();
            assert_eq!(of, 1, "{what} of {id}");
        }
        assert_eq!(on_old.len(), updates.len(), "{what} nobody asked for");
    }
    let orders = delivered("shop-orders");
    tally.each_made_one(&orders);
    eprintln!(
        "{} acknowledged; {} new deals, {} updates; {} requests to the portal",
        acknowledged.len(),
        orders.len(),
        updates.len(),
        portal.stats().http_requests
    );
    assert!(
        orders.len() > 100 && updates.len() > 20,
        "too little happened to prove anything"
    );
}
