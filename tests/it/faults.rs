//! Everything that goes wrong between the bridge and its portal, at the search and at the writing: afterwards there is
//! one of everything.

use std::sync::Mutex;
use std::time::Duration;

use b24_bridge::practice_portal::{Fault, Only, PracticePortal};
use serde_json::json;

use crate::harness::{Bridge, portal, shop_channel, until};
use crate::tally::{Tally, order_of, wait_for_activities, wait_for_batches};

const WRITES: [&str; 4] = [
    "crm.contact.add",
    "crm.deal.add",
    "crm.timeline.comment.add",
    "crm.activity.todo.add",
];
/// Tables are worked off by so many bridges at once: most of the time is waiting.
const WORKERS: usize = 4;

fn bridge(portal: &PracticePortal, flags: &[&str]) -> Bridge {
    let bridge = Bridge::start(portal, flags);
    bridge.channel(&shop_channel(json!({})));
    bridge
}

/// A fault, where it strikes, and how many attempts the submission needs with it.
#[derive(Debug, Clone)]
struct Strike {
    fault: Fault,
    only: Only,
    attempts: u64,
}

/// Each fault once, each with a submission of its own.
fn each_strikes_once(strikes: Vec<Strike>, flags: &[&str]) {
    let strikes = Mutex::new(strikes);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let portal = portal();
                let bridge = bridge(&portal, flags);
                let mut ids = Vec::new();
                loop {
                    let strike = strikes.lock().expect("no panic").pop();
                    let Some(Strike {
                        fault,
                        only,
                        attempts,
                    }) = strike
                    else {
                        break;
                    };
                    portal.faults().arm(fault.clone(), only.clone(), Some(1));
                    let n = u32::try_from(ids.len()).expect("few");
                    ids.push(bridge.post_json("shop-orders", &order_of(n, n)).id());
                    wait_for_activities(&portal, ids.len());
                    let shown = bridge.wait_for(&ids[ids.len() - 1], "delivered");
                    assert_eq!(portal.faults().waiting(), 0, "{fault:?} at {only:?} never struck");
                    assert_eq!(shown["attempts"], attempts, "{fault:?} at {only:?}: {shown:#}");
                    Tally::of(&portal).each_made_one(&ids);
                }
            });
        }
    });
}

/// Faults of a whole request that a single repeat gets over.
fn passing() -> Vec<(Fault, u64)> {
    vec![
        (Fault::CutBefore, 2),
        (Fault::CutAfter, 2),
        (Fault::Html500, 2),
        (Fault::Html200Login, 2),
        (Fault::Http502, 2),
        (Fault::Http504After, 2),
        // The submission is not to blame for it.
        (Fault::QueryLimit, 1),
        (Fault::InternalServerError, 2),
        (Fault::ExpiredToken, 2),
        (Fault::MissingScope, 2),
    ]
}

fn strikes(only: Only, commands: usize) -> Vec<Strike> {
    let halves = (0..=commands).map(|done| (Fault::HalfBatch(done), 2));
    let all = passing().into_iter().chain(halves);
    all.map(|(fault, attempts)| Strike {
        fault,
        only: only.clone(),
        attempts,
    })
    .collect()
}

#[test]
fn any_fault_at_the_search_leaves_one_of_everything() {
    // Contact, its card, deal.
    each_strikes_once(
        strikes(Only::Method("crm.duplicate.findbycomm".to_owned()), 3),
        &[],
    );
}

#[test]
fn any_fault_at_the_writing_leaves_one_of_everything() {
    each_strikes_once(strikes(Only::Writes, WRITES.len()), &[]);
}

#[test]
fn a_portal_that_does_the_work_after_it_was_given_up_does_it_once() {
    let chain = ["crm.contact.add", "crm.deal.add"];
    for (method, batch) in [
        ("crm.contact.add", &chain[..]),
        ("crm.duplicate.findbycomm", &["crm.deal.list"]),
    ] {
        let portal = portal();
        let bridge = bridge(&portal, &["--portal-timeout", "1", "--settle", "1.5"]);
        let slow = Fault::Slow {
            before: Duration::from_millis(2_000),
            after: Duration::ZERO,
        };
        portal.faults().next_with(method, 1, slow);
        let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
        let shown = bridge.wait_for(&id, "delivered");
        assert_eq!(shown["attempts"], 2, "{shown:#}");
        // Whatever the bridge did meanwhile: the portal gets round to it in the end.
        let searches = if method == "crm.contact.add" { 1 } else { 2 };
        wait_for_batches(&portal, batch, searches);
        Tally::of(&portal).each_made_one(&[id]);
    }
}

#[test]
fn a_portal_that_is_gone_between_search_and_writing() {
    for gone in ["refuses", "does not listen"] {
        let portal = portal();
        let bridge = bridge(&portal, &[]);
        let slow = Fault::Slow {
            before: Duration::ZERO,
            after: Duration::from_millis(300),
        };
        portal.faults().next_with("crm.duplicate.findbycomm", 1, slow);
        let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
        until("the search", || {
            (portal.stats().commands_of("crm.duplicate.findbycomm") == 1).then_some(())
        });
        if gone == "refuses" {
            portal.faults().next(2, Fault::RefuseConnections);
        } else {
            portal.stop_listening();
            until("the loss to be noticed", || {
                bridge.show(&id)["error"].is_string().then_some(())
            });
            portal.listen_again().expect("the port");
        }
        let shown = bridge.wait_for(&id, "delivered");
        assert!(shown["attempts"].as_u64() >= Some(2), "{gone}: {shown:#}");
        Tally::of(&portal).each_made_one(&[id]);
    }
}

/// Submissions that came while the portal was away share their batches.
#[test]
fn half_a_shared_batch_leaves_one_of_everything() {
    let mut cases = Vec::new();
    for done in 0..=5 {
        cases.push(("crm.contact.add", done));
    }
    for done in [0, 1, 2, 3, 7, 8, 15] {
        cases.push(("crm.deal.add", done));
    }
    let cases = Mutex::new(cases);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let portal = portal();
                let bridge = bridge(&portal, &[]);
                let mut ids = Vec::new();
                loop {
                    let Some((method, done)) = cases.lock().expect("no panic").pop() else {
                        break;
                    };
                    portal.stop_listening();
                    for _ in 0..5 {
                        let n = u32::try_from(ids.len()).expect("few");
                        ids.push(bridge.post_json("shop-orders", &order_of(n, n)).id());
                    }
                    portal.faults().next_with(method, 1, Fault::HalfBatch(done));
                    portal.listen_again().expect("the port");
                    wait_for_activities(&portal, ids.len());
                    bridge.settle();
                    assert_eq!(portal.faults().waiting(), 0, "{method} {done}");
                    Tally::of(&portal).each_made_one(&ids);
                }
            });
        }
    });
}

/// A method without operating time rests for a minute and more; a new server does not know of it.
#[test]
fn a_method_without_operating_time_rests_and_nothing_is_done_twice() {
    std::thread::scope(|scope| {
        for method in WRITES {
            scope.spawn(move || {
                let portal = portal();
                let mut bridge = bridge(&portal, &[]);
                portal
                    .faults()
                    .next(1, Fault::OperationTimeLimit(method.to_owned()));
                let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
                let waiting = until("the pause", || {
                    let shown = bridge.show(&id);
                    shown["next_attempt_at"].is_string().then_some(shown)
                });
                assert_eq!(waiting["state"], "queued");
                assert_eq!(
                    waiting["attempts"], 0,
                    "the submission is not to blame: {waiting:#}"
                );
                assert!(
                    waiting["error"]
                        .as_str()
                        .expect("an error")
                        .contains("OPERATION_TIME_LIMIT")
                );
                // The others go on.
                let other = bridge.post_json("shop-orders", &order_of(2, 2)).id();
                until("the other's search", || {
                    (portal.stats().commands_of("crm.duplicate.findbycomm") >= 2).then_some(())
                });
                let before = portal.stats().commands_of(method);
                assert_eq!(before, 0, "{method} is left in peace");
                bridge.kill();
                bridge.serve();
                // The other waits as well, or is under way already.
                bridge.cli(&["inbox", "retry", &id, &other]);
                let shown = bridge.wait_for(&id, "delivered");
                assert_eq!(shown["attempts"], 1);
                bridge.wait_for(&other, "delivered");
                Tally::of(&portal).each_made_one(&[id, other]);
            });
        }
    });
}

#[test]
fn a_blocked_portal_is_not_hammered() {
    let portal = portal();
    let mut bridge = bridge(&portal, &[]);
    portal.faults().until_cleared(Fault::OverloadLimit);
    let id = bridge.post_json("shop-orders", &order_of(1, 1)).id();
    until("the block to be noticed", || {
        bridge.show(&id)["error"].is_string().then_some(())
    });
    let asked = portal.stats().http_requests;
    // Other work wakes the senders, and must not make them ask.
    for n in 2..6 {
        bridge.post_json("shop-orders", &order_of(n, n)).id();
    }
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(
        portal.stats().http_requests,
        asked,
        "asked again while it is blocked by hand"
    );
    portal.faults().clear();
    bridge.kill();
    bridge.serve();
    bridge.cli_ok(&["inbox", "retry", &id]);
    bridge.wait_for(&id, "delivered");
    wait_for_activities(&portal, 5);
    bridge.settle();
    assert_eq!(Tally::of(&portal).deals.len(), 5);
}

#[test]
fn while_the_portal_is_away_only_probes_arrive() {
    let portal = portal();
    let bridge = bridge(&portal, &[]);
    portal.faults().until_cleared(Fault::Http502);
    portal.reset_stats();
    let ids: Vec<String> = (0..40)
        .map(|n| bridge.post_json("shop-orders", &order_of(n % 10, n)).id())
        .collect();
    until("a few probes", || {
        let probes = portal
            .stats()
            .log
            .iter()
            .filter(|e| e.methods == ["server.time"])
            .count();
        (probes >= 3).then_some(())
    });
    let stats = portal.stats();
    let others: Vec<&Vec<String>> = stats
        .log
        .iter()
        .map(|e| &e.methods)
        .filter(|m| *m != &["server.time"])
        .collect();
    // Those that found out: one for each sender at most.
    assert!(
        others.len() <= 4,
        "{} requests that were no probes: {others:?}",
        others.len()
    );
    portal.faults().clear();
    wait_for_activities(&portal, ids.len());
    bridge.settle();
    let tally = Tally::of(&portal);
    tally.each_made_one(&ids);
    let number = |id: &String| {
        tally.deals[id][0]["ID"]
            .as_str()
            .and_then(|n| n.parse::<u64>().ok())
    };
    for person in 0..10 {
        let deals: Vec<_> = ids.iter().skip(person).step_by(10).map(number).collect();
        assert!(
            deals.is_sorted(),
            "orders of one person in the order of arrival: {deals:?}"
        );
    }
}

/// One submission that the portal cannot bear keeps its batch from being answered, whatever else is in it.
#[test]
fn a_poisonous_submission_does_not_stop_the_others() {
    let portal = portal();
    let bridge = bridge(&portal, &[]);
    portal.stop_listening();
    portal.faults().for_text("Яд", Fault::Html500);
    let mut poison = order_of(0, 0);
    poison["client_name"] = json!("Яд");
    let poison = bridge.post_json("shop-orders", &poison).id();
    let mut ids: Vec<String> = (1..20)
        .map(|n| bridge.post_json("shop-orders", &order_of(n, n)).id())
        .collect();
    portal.listen_again().expect("the port");
    wait_for_activities(&portal, ids.len());
    for id in &ids {
        bridge.wait_for(id, "delivered");
    }
    let stuck = bridge.show(&poison);
    assert!(
        matches!(stuck["state"].as_str(), Some("queued" | "delivering")),
        "{stuck:#}"
    );
    // It goes alone by now, with growing pauses: others that come are not held up, and the portal is not hammered.
    portal.reset_stats();
    for n in 20..24 {
        ids.push(bridge.post_json("shop-orders", &order_of(n, n)).id());
    }
    wait_for_activities(&portal, ids.len());
    std::thread::sleep(Duration::from_secs(3));
    let poisoned = portal
        .stats()
        .log
        .iter()
        .filter(|entry| entry.status == Some(500))
        .count();
    assert!(poisoned <= 3, "{poisoned} attempts in some seconds");
    portal.faults().clear();
    bridge.cli_ok(&["inbox", "retry", &poison]);
    let shown = bridge.wait_for(&poison, "delivered");
    assert!(shown["attempts"].as_u64() >= Some(3), "{shown:#}");
    ids.push(poison);
    Tally::of(&portal).each_made_one(&ids);
}
