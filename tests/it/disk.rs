//! A disk that refuses writes: the website is told to come back, the server lives on, and once the disk takes writes
//! again nothing is lost and nothing is done twice.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use b24_bridge::practice_portal::{Fault, PracticePortal};
use serde_json::json;

use crate::harness::{Bridge, portal, request, shop_channel, until};
use crate::tally::{Tally, order_of, wait_for_activities};

/// No file may grow beyond this, and the database is larger from the start: every write fails.
const FULL: &str = "--fsize=4096:unlimited";
const ROOM: &str = "--fsize=unlimited:unlimited";

/// A server whose disk can be made full. The signal that comes with a refused write is ignored, as it is where a real
/// disk is full.
fn bridge(portal: &PracticePortal) -> Bridge {
    let mut bridge = Bridge::folder(&[]);
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    let serve = bridge.serve_command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    shell.arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    bridge.serve_as(&mut shell);
    bridge.channel(&shop_channel(json!({})));
    bridge
}

fn set_disk(bridge: &Bridge, limit: &str) {
    let set = Command::new("prlimit")
        .args(["--pid", &bridge.pid().to_string(), limit])
        .status();
    assert!(set.expect("prlimit of util-linux").success());
}

#[test]
fn a_full_disk_is_told_of_and_outlived() {
    let portal = portal();
    let bridge = bridge(&portal);
    let mut ids = vec![bridge.post_json("shop-orders", &order_of(0, 0)).id()];
    bridge.wait_for(&ids[0], "delivered");
    set_disk(&bridge, FULL);
    for n in 1..4 {
        let answer = bridge.post_json("shop-orders", &order_of(n, n));
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (503, &json!("storage_unavailable")),
            "{answer:?}"
        );
        let pause = answer
            .header("retry-after")
            .and_then(|text| text.parse::<u64>().ok());
        assert!(pause.is_some_and(|seconds| seconds > 0), "{answer:?}");
    }
    // Reading goes on.
    assert_eq!(bridge.show(&ids[0])["state"], "delivered");
    set_disk(&bridge, ROOM);
    ids.push(bridge.post_json("shop-orders", &order_of(5, 5)).id());
    bridge.wait_for(&ids[1], "delivered");
    Tally::of(&portal).each_made_one(&ids);
}

/// The portal has the batch already when the disk refuses to take down what came of it.
#[test]
fn deliveries_under_way_outlive_a_full_disk() {
    let portal = portal();
    let mut bridge = bridge(&portal);
    let slow = Fault::Slow {
        before: Duration::ZERO,
        after: Duration::from_millis(400),
    };
    for (n, method) in (0u32..).zip(["crm.duplicate.findbycomm", "crm.contact.add"]) {
        portal.faults().next_with(method, 1, slow.clone());
        let before = portal.stats().commands_of(method);
        let id = bridge.post_json("shop-orders", &order_of(n, n)).id();
        until("the batch to arrive", || {
            (portal.stats().commands_of(method) > before).then_some(())
        });
        set_disk(&bridge, FULL);
        std::thread::sleep(Duration::from_millis(700));
        set_disk(&bridge, ROOM);
        bridge.wait_for(&id, "delivered");
    }
    // And so does one that is killed while it tries.
    portal.faults().next_with("crm.contact.add", 1, slow);
    let id = bridge.post_json("shop-orders", &order_of(9, 9)).id();
    until("the batch to arrive", || {
        (portal.stats().commands_of("crm.contact.add") == 3).then_some(())
    });
    set_disk(&bridge, FULL);
    std::thread::sleep(Duration::from_millis(700));
    bridge.kill();
    bridge.serve();
    bridge.wait_for(&id, "delivered");
    let all: Vec<String> = Tally::of(&portal).deals.keys().cloned().collect();
    assert_eq!(all.len(), 3);
    Tally::of(&portal).each_made_one(&all);
}

/// The disk fills up and is freed again and again while submissions come and go.
#[test]
fn what_was_acknowledged_is_delivered_whatever_the_disk_did() {
    let portal = portal();
    let bridge = bridge(&portal);
    let (over, next) = (AtomicBool::new(false), AtomicU32::new(0));
    let (accepted, refused) = (Mutex::new(Vec::new()), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let body = order_of(n % 40, n).to_string();
                    let headers = [("content-type", "application/json")];
                    let url = bridge.address("shop-orders");
                    let answer = request(&url, "POST", &headers, body.as_bytes()).expect("an answer");
                    match answer.status {
                        200 => accepted.lock().expect("no panic").push(answer.id()),
                        503 => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        _ => panic!("{answer:?}"),
                    }
                    std::thread::sleep(Duration::from_millis(15));
                }
            });
        }
        for _ in 0..6 {
            std::thread::sleep(Duration::from_millis(300));
            set_disk(&bridge, FULL);
            std::thread::sleep(Duration::from_millis(250));
            set_disk(&bridge, ROOM);
        }
        over.store(true, Ordering::Relaxed);
    });
    let accepted = accepted.into_inner().expect("no panic");
    wait_for_activities(&portal, accepted.len());
    bridge.settle();
    assert!(
        refused.into_inner() > 10 && accepted.len() > 50,
        "the disk was never full, or always"
    );
    // Nothing was stored that was refused, or the website's repeat would be a second order.
    Tally::of(&portal).each_made_one(&accepted);
}
