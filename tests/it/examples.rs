//! The examples of the repository, sent to a real channel.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::harness::{Bridge, portal, repository, shop_channel, text};

#[test]
fn every_example_reaches_the_portal() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({"mode": "always_create"})));
    let run = Command::new("bash")
        .arg(repository("tests/examples/run"))
        .arg(bridge.address("shop-orders"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) = (text(&run.stdout), text(&run.stderr));
    assert!(run.status.success(), "{out}{err}");
    bridge.settle();
    assert_eq!(bridge.in_state("failed"), [] as [serde_json::Value; 0]);
    let delivered = bridge.in_state("delivered").len();
    assert!(delivered >= 8, "only {delivered} delivered: {out}");
    portal.world(|world| assert_eq!(world.deals.len(), delivered));
}
