//! `demo`: what a newcomer sees, line by line.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{executable, request, text, until};

/// Killed when a test fails; stopped by the test otherwise.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_printed_line_makes_a_deal_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = executable();
    command
        .args(["demo", "--listen", "127.0.0.1:0"])
        .env("TMPDIR", folder.path());
    let mut demo = Demo(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    let mut printed = Vec::new();
    let curl = loop {
        let line = lines.next().expect("a line with curl").unwrap();
        if line.trim_start().starts_with("curl ") {
            break line.trim().to_owned();
        }
        printed.push(line);
    };
    let address = |name: &str| {
        let found = printed.iter().find_map(|line| line.strip_prefix(name));
        found
            .unwrap_or_else(|| panic!("{name} in {printed:?}"))
            .trim()
            .to_owned()
    };
    assert!(curl.ends_with(&address("channel ")), "{curl}");
    let portal = address("portal ");
    assert!(address("webhook ").starts_with(&format!("{portal}/rest/1/")));
    let data = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let world = || -> Value {
        request(&format!("{portal}/practice/world"), "GET", &[], b"")
            .unwrap()
            .json()
    };
    let paste = |line: &str| {
        let output = Command::new("sh")
            .args(["-c", line])
            .env("no_proxy", "*")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["status"], "accepted");
    };
    let done = |many: usize| {
        until("the delivery", || {
            let world = world();
            (world["activities"].as_array().map(Vec::len) == Some(many)).then_some(world)
        })
    };
    paste(&curl);
    let delivered = done(1);
    let (contact, deal) = (&delivered["contacts"][0], &delivered["deals"][0]);
    assert_eq!(
        (&contact["NAME"], &contact["PHONE"][0]["VALUE"]),
        (&json!("Мария"), &json!("+74712773120"))
    );
    assert_eq!(
        (&deal["TITLE"], &deal["OPPORTUNITY"], &deal["CURRENCY_ID"]),
        (&json!("Заказ №6510"), &json!("3500.00"), &json!("RUB"))
    );
    // The page on which it is seen to arrive.
    let page = request(&portal, "GET", &[("accept-language", "ru")], b"").unwrap();
    assert!(
        page.status == 200 && page.body.contains("Заказ №6510"),
        "{}",
        page.body
    );
    // The same line again makes no second deal.
    paste(&curl);
    let again = done(2);
    assert_eq!(
        (
            again["deals"].as_array().map(Vec::len),
            again["contacts"].as_array().map(Vec::len)
        ),
        (Some(1), Some(1))
    );
    // Within two seconds: the quickest of three, in case the machine is busy with something else.
    let took = (3..6).map(|many| {
        let sent = Instant::now();
        paste(&curl.replace("6510", &many.to_string()));
        done(many);
        sent.elapsed()
    });
    assert!(took.min().unwrap() < Duration::from_secs(2));

    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left(), 1);
    let sent = Command::new("kill")
        .args(["-TERM", &demo.0.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let status = until("the demo to end", || demo.0.try_wait().unwrap());
    assert_eq!((status.code(), left()), (Some(0), 0));
}
