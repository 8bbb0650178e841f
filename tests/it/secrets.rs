//! The webhook's code is nowhere but in the data folder: not in the log, not in an error, not in what is printed.

use b24_bridge::model::Secret;
use b24_bridge::practice_portal::{Fault, Options, PracticePortal};
use serde_json::json;

use crate::harness::{Bridge, order, shop_channel, text, until};

const CODE: &str = "zq7vSecretCode9x";

fn portal() -> PracticePortal {
    let options = Options {
        webhook_code: Secret::new(CODE),
        ..Options::default()
    };
    PracticePortal::start(options).expect("a practice portal")
}

/// Nothing that was printed holds the code; it is returned for other looks at it.
fn clean(bridge: &Bridge, args: &[&str]) -> String {
    let output = bridge.cli(args);
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert!(!printed.contains(CODE), "{args:?}: {printed}");
    printed
}

#[test]
fn the_webhooks_code_is_never_shown() {
    for format in ["text", "json"] {
        let portal = portal();
        let mut bridge = Bridge::folder(&["--log-level", "trace", "--log-format", format]);
        let url = portal.webhook_url();
        let connected = clean(&bridge, &["portal", "connect", "--webhook", &url]);
        assert!(connected.contains("Connected to"), "{connected}");
        bridge.serve();
        bridge.channel(&shop_channel(json!({})));
        let mut ids = vec![bridge.post_json("shop-orders", &order(6510)).id()];
        bridge.wait_for(&ids[0], "delivered");
        // Everything that can go wrong on the way has a text of its own.
        let base = portal.base_url();
        let faults = [
            Fault::CutBefore,
            Fault::CutAfter,
            Fault::Html500,
            Fault::Html200Login,
            Fault::Http502,
            Fault::QueryLimit,
            Fault::InternalServerError,
            Fault::ExpiredToken,
            Fault::MissingScope,
            Fault::Redirect302(format!("{base}/elsewhere")),
            Fault::FailCommand {
                method: "crm.deal.add".to_owned(),
                code: "ERROR".to_owned(),
                text: format!("at /rest/1/{CODE}/crm.deal.add"),
            },
        ];
        for (n, fault) in (1_u32..).zip(faults) {
            portal.faults().next(1, fault.clone());
            let id = bridge.post_json("shop-orders", &order(7000 + n)).id();
            until("the fault to be met", || {
                (portal.faults().waiting() == 0).then_some(())
            });
            until("the end of it", || {
                let shown = clean(&bridge, &["inbox", "show", &id, "--json"]);
                (shown.contains("\"delivered\"") || shown.contains("\"failed\"")).then_some(())
            });
            ids.push(id);
        }
        portal.faults().clear();
        portal.stop_listening();
        let id = bridge.post_json("shop-orders", &order(8000)).id();
        until("the portal to be missed", || {
            let shown = clean(&bridge, &["inbox", "show", &id, "--json"]);
            (bridge.log().contains("out of reach") && shown.contains("queued")).then_some(())
        });
        ids.push(id);
        for id in &ids {
            clean(&bridge, &["inbox", "show", id]);
        }
        for args in [
            &["portal", "show"][..],
            &["portal", "show", "--json"],
            &["portal", "check"],
            &["portal", "check", "--json"],
            &["doctor"],
            &["doctor", "--json"],
            &["inbox", "list"],
            &["inbox", "list", "--json"],
            &["channel", "export"],
            &["portal", "connect", "--webhook", &url],
            &[
                "portal",
                "connect",
                "--webhook",
                &format!("{url}crm.lead.add/and/more"),
            ],
            &["portal", "connect", "--webhook", &url.replace("http://", "")],
            &[
                "portal",
                "connect",
                "--webhook",
                &url.replace("http://", "ftp://"),
            ],
            &[
                "portal",
                "connect",
                "--webhook",
                &url.replace("127.0.0.1", "no-such-host.invalid"),
            ],
            // A flag that is not there: the usage error must not repeat the others.
            &["portal", "connect", "--webhook", &url, "--wrong"],
            &["portal", "connect", &url],
        ] {
            let printed = clean(&bridge, args);
            assert!(!printed.is_empty());
        }
        bridge.stop();
        let log = bridge.log();
        assert!(log.len() > 200 && !log.contains(CODE), "{log}");
        // What holds it is for its owner alone.
        for entry in std::fs::read_dir(bridge.dir.path()).expect("the folder") {
            let entry = entry.expect("an entry");
            let content = std::fs::read(entry.path()).unwrap_or_default();
            if content
                .windows(CODE.len())
                .any(|window| window == CODE.as_bytes())
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = entry.metadata().expect("metadata").permissions().mode();
                assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
            }
        }
    }
}
