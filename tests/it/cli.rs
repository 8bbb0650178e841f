//! Contract 2: the command line, as people and scripts use it beside a running server.

use b24_bridge::practice_portal::{Fault, Options};
use serde_json::{Value, json};

use crate::harness::{Bridge, executable, order, portal, repository, request, shop_channel, text};
use crate::records::{channel, count};

/// What is refused before any work: the exit status, and one line that says what to do.
pub fn fails(bridge: &Bridge, args: &[&str], input: &str) -> String {
    let output = bridge.cli_with(args, input.as_bytes());
    let error = text(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{args:?}: {}{error}",
        text(&output.stdout)
    );
    let line = error.lines().last().expect("a line").to_owned();
    assert!(line.starts_with("b24-bridge: "), "{args:?}: {error}");
    line
}

#[test]
fn exit_statuses_and_help() {
    let bridge = Bridge::folder(&[]);
    for (args, status) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["serve", "--help"], 0),
        (&["channel", "apply", "--help"], 0),
        (&["channel", "list"], 0),
        (&[], 2),
        (&["serv"], 2),
        (&["inbox", "list", "--stat", "failed"], 2),
        (&["inbox", "list", "--state", "fine"], 2),
        (&["inbox", "retry"], 2),
        (&["inbox", "purge"], 2),
        (&["inbox", "purge", "--older-than", "90"], 2),
        (&["portal", "connect"], 2),
        (
            &[
                "portal",
                "connect",
                "--app",
                "--webhook",
                "https://p.example/rest/1/x/",
            ],
            2,
        ),
        (&["doctor", "--portal-proxy", "foo"], 1),
        (&["restore", "/nowhere/backup"], 1),
        (&["serve", "--listen", "8080"], 2),
        (&["channel", "show", "nothing"], 1),
        (&["channel", "delete", "nothing"], 1),
        (&["channel", "export", "nothing"], 1),
        (&["channel", "apply", "/nowhere/channel.json"], 1),
        (&["inbox", "show", "no id"], 1),
        (&["inbox", "list", "--channel", "nothing"], 1),
        (&["portal", "check"], 1),
    ] {
        let output = bridge.cli(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{args:?}: {out}{err}");
        let silent = if status == 0 { false } else { !out.is_empty() };
        assert!(!silent && !(out + &err).is_empty(), "{args:?}");
        if status == 1 {
            assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
        }
    }
    // Without a flag the folder is named by the environment.
    let mut command = executable();
    command
        .args(["channel", "apply", "-"])
        .env("B24_BRIDGE_DATA_DIR", bridge.dir.path());
    command.env("B24_BRIDGE_PUBLIC_URL", "https://forms.example/");
    let input = std::fs::File::open(repository("examples/channel-shop-orders.json")).unwrap();
    let output = command.stdin(input).output().unwrap();
    let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(applied["address"], "https://forms.example/in/shop-orders");
    assert_eq!(
        bridge.cli_json(&["channel", "list", "--json"])[0]["slug"],
        "shop-orders"
    );
}

#[test]
fn refusals_name_the_way_out() {
    let bridge = Bridge::folder(&[]);
    bridge.cli_ok(&["channel", "list"]);
    let file = bridge.dir.path().join("copy");
    let copy = file.to_str().unwrap();
    bridge.cli_ok(&["backup", copy]);
    let nonsense = repository("README.md");
    for (args, expected) in [
        (
            &["restore", "/nowhere/backup"][..],
            "/nowhere/backup cannot be read",
        ),
        (
            &["restore", copy],
            "already holds data: choose another --data-dir, or overwrite it with --force",
        ),
        (
            &["restore", "--force", nonsense.to_str().unwrap()],
            "README.md is not a backup of b24-bridge",
        ),
        (
            &["portal", "check"],
            "portal connect --webhook URL`, or with --app",
        ),
        (
            &[
                "portal",
                "check",
                "--portal-proxy",
                "https://u:hunter2@proxy.example",
            ],
            "--portal-proxy is no address of a proxy",
        ),
    ] {
        let line = fails(&bridge, args, "");
        assert!(
            line.contains(expected) && !line.contains("hunter2"),
            "{args:?}: {line}"
        );
    }
    // A port where nobody listens any more: the portal cannot be asked, so nothing is said to be missing.
    let portal = portal();
    let webhook = portal.webhook_url();
    drop(portal);
    let line = fails(&bridge, &["portal", "connect", "--webhook", &webhook], "");
    assert!(
        line.ends_with("the portal could not be asked; see the line above"),
        "{line}"
    );
    let both = bridge.cli(&["portal", "connect"]);
    let usage = text(&both.stderr);
    assert!(usage.contains("--webhook <URL>|--app"), "{usage}");
    bridge.cli_ok_with(&["user", "add", "maria"], b"a long enough password");
    let gone = bridge.cli(&["user", "delete", "maria"]);
    assert_eq!(gone.status.code(), Some(0));
    assert!(
        text(&gone.stderr).contains("`b24-bridge user add NAME` makes one"),
        "{}",
        text(&gone.stderr)
    );
}

#[test]
fn completions_and_manual() {
    let bridge = Bridge::folder(&[]);
    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef b24-bridge"),
        ("fish", "complete -c b24-bridge"),
    ] {
        let script = bridge.cli_ok(&["completions", shell]);
        assert!(script.contains(mark) && script.contains("older-than"), "{shell}");
    }
    assert_eq!(bridge.cli(&["completions", "cmd"]).status.code(), Some(2));
    let page = bridge.cli_ok(&["man"]);
    assert!(page.starts_with(".ie") && page.contains(".TH"), "{page}");
    for word in [
        "CHANNEL APPLY",
        "INBOX RETRY",
        "\\-\\-admin\\-listen",
        "B24_BRIDGE_DATA_DIR",
    ] {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn a_portal_is_connected_only_when_it_works() {
    let bridge = Bridge::folder(&[]);
    let portal = portal();
    let url = portal.webhook_url();
    let connect = |url: &str| fails(&bridge, &["portal", "connect", "--webhook", url], "");
    let closed = {
        let gone = b24_bridge::practice_portal::PracticePortal::start(Options::default()).unwrap();
        gone.webhook_url()
    };
    for (wrong, reason) in [
        (url.replace("webhook/", "wrongcode/"), "refuses the connection"),
        (closed, "could not be asked"),
        (portal.base_url(), "/rest/"),
        (format!("{}/rest/1/", portal.base_url()), "/rest/"),
        ("portal.example/rest/1/abcdef/".to_owned(), "https://"),
    ] {
        let line = connect(&wrong);
        assert!(line.contains(reason), "{wrong}: {line}");
    }
    for (fault, reason) in [
        (Fault::Html200Login, "could not be asked"),
        (Fault::Http502, "could not be asked"),
        (Fault::MissingScope, "refuses the connection"),
    ] {
        portal.faults().next(1, fault);
        let line = connect(&url);
        assert!(line.contains(reason), "{reason}: {line}");
    }
    let hide = |method: &str| portal.world(|world| world.settings.hidden_methods.insert(method.to_owned()));
    hide("crm.deal.add");
    let output = bridge.cli(&["portal", "connect", "--webhook", &url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("MISSING method crm.deal.add"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(
        bridge.cli_json(&["portal", "show", "--json"]),
        json!({"connected": false})
    );
    assert!(bridge.cli_ok(&["portal", "show"]).contains("portal connect"));

    // From standard input, so that it stands in no list of processes.
    portal.world(|world| world.settings.hidden_methods.clear());
    let out = bridge.cli_ok_with(
        &["portal", "connect", "--webhook", "-"],
        format!("{url}\n").as_bytes(),
    );
    assert!(out.contains(&portal.base_url()), "{out}");
    let shown = bridge.cli_json(&["portal", "show", "--json"]);
    assert_eq!(
        (&shown["connected"], &shown["portal"], &shown["user_id"]),
        (&json!(true), &json!(portal.base_url()), &json!(1))
    );
    assert!(bridge.cli_ok(&["portal", "show"]).contains(&portal.base_url()));

    // What is missing is named, and only what is needed makes it fail.
    assert!(
        bridge
            .cli_ok(&["portal", "check"])
            .contains("ok      method crm.deal.add")
    );
    hide("crm.activity.todo.add");
    assert!(
        bridge
            .cli_ok(&["portal", "check"])
            .contains("absent  method crm.activity.todo.add")
    );
    hide("crm.contact.add");
    fails(&bridge, &["portal", "check"], "");
    let output = bridge.cli(&["portal", "check", "--json"]);
    let lines: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let missing: Vec<_> = lines
        .iter()
        .filter(|line| line["ok"] == false && line["needed"] == true)
        .collect();
    assert_eq!(
        (missing.len(), &missing[0]["name"]),
        (1, &json!("method crm.contact.add"))
    );
    portal.world(|world| {
        world.settings.hidden_methods.clear();
        world.settings.scopes.insert("user".to_owned());
    });
    assert!(text(&bridge.cli(&["portal", "check"]).stdout).contains("MISSING right crm"));
    portal.stop_listening();
    fails(&bridge, &["portal", "check"], "");
}

#[test]
fn the_inbox_is_listed_retried_and_purged() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    let rows = json!([["deal", "TITLE", "{title}"], ["deal", "OPPORTUNITY", "{sum}"]]);
    bridge.channel(&channel("one", "deal", rows.clone(), json!({})));
    bridge.channel(&channel("two", "deal", rows, json!({})));
    let send = |slug: &str, title: &str, sum: &str| {
        bridge.post_json(slug, &json!({"title": title, "sum": sum})).id()
    };
    let good = send("one", "Мария", "1");
    let other = send("two", "Ольга", "2");
    let failed = [
        send("one", "Пётр", "много"),
        send("two", "Павел", "мало"),
        send("two", "Яна", "никак"),
    ];
    bridge.settle();
    let listed = |args: &[&str]| -> Vec<String> {
        let all = [&["inbox", "list", "--json"][..], args].concat();
        let lines = bridge.cli_json(&all);
        lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let newest_first = [&failed[2], &failed[1], &failed[0], &other, &good];
    assert_eq!(listed(&[]).iter().collect::<Vec<_>>(), newest_first);
    assert_eq!(listed(&["--limit", "2"]), [failed[2].clone(), failed[1].clone()]);
    assert_eq!(listed(&["--channel", "one"]), [failed[0].clone(), good.clone()]);
    assert_eq!(
        listed(&["--state", "failed", "--channel", "two"]),
        [failed[2].clone(), failed[1].clone()]
    );
    assert_eq!(listed(&["--state", "delivered"]), [other.clone(), good.clone()]);
    assert_eq!(listed(&["--text", "Ольга"]), std::slice::from_ref(&other));
    assert_eq!(listed(&["--state", "spam"]), [] as [String; 0]);
    let table = bridge.cli_ok(&["inbox", "list"]);
    assert!(
        table.starts_with("ID") && table.contains("Мария") && table.contains("OPPORTUNITY"),
        "{table}"
    );
    let shown = bridge.cli_ok(&["inbox", "show", &good]);
    for word in [good.as_str(), "delivered", "title: Мария", "crm.deal.add"] {
        assert!(shown.contains(word), "{word} in {shown}");
    }

    // Retries: what is done is not done again; what is mended is delivered.
    assert!(fails(&bridge, &["inbox", "retry", &good], "").contains("delivered"));
    fails(&bridge, &["inbox", "retry", "0000000000000"], "");
    bridge.cli_ok(&["inbox", "retry", &failed[0]]);
    bridge.wait_for(&failed[0], "failed");
    for slug in ["one", "two"] {
        bridge.channel(&channel(
            slug,
            "deal",
            json!([["deal", "TITLE", "{title}"]]),
            json!({}),
        ));
    }
    assert!(
        bridge
            .cli_ok(&["inbox", "retry", "--failed", "--channel", "one"])
            .contains("1 queued")
    );
    bridge.wait_for(&failed[0], "delivered");
    assert_eq!(listed(&["--state", "failed"]).len(), 2);
    assert!(
        bridge
            .cli_ok(&["inbox", "retry", "--failed"])
            .contains("2 queued")
    );
    for id in &failed {
        bridge.wait_for(id, "delivered");
    }
    assert_eq!(count(&portal, "deals"), 5);
    assert!(
        bridge
            .cli_ok(&["inbox", "retry", "--failed"])
            .contains("0 queued")
    );

    // Purging takes the finished ones of that age, and nothing that is still to be done.
    bridge.channel(&channel("off", "deal", json!([]), json!({"enabled": false})));
    let held = send("off", "Ждёт", "1");
    assert!(
        bridge
            .cli_ok(&["inbox", "purge", "--older-than", "1d"])
            .contains("0 removed")
    );
    assert!(
        bridge
            .cli_ok(&["inbox", "purge", "--older-than", "0s"])
            .contains("5 removed")
    );
    assert_eq!(listed(&[]), std::slice::from_ref(&held));
    fails(&bridge, &["inbox", "show", &good], "");
    // What came while its channel was off goes when it is on.
    assert_eq!(bridge.show(&held)["state"], "queued");
    bridge.channel(&channel("off", "deal", json!([]), json!({})));
    bridge.wait_for(&held, "delivered");
}

#[test]
fn serving_without_a_portal_waits_for_one() {
    let portal = portal();
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    bridge.channel(&shop_channel(json!({})));
    let ids: Vec<String> = (1..=3)
        .map(|n| bridge.post_json("shop-orders", &order(n)).id())
        .collect();
    for id in &ids {
        assert_eq!(bridge.show(id)["state"], "queued");
    }
    // A second server on the folder is refused, and the first goes on.
    let second = bridge.serve_command().output().unwrap();
    let error = text(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{error}");
    assert!(
        error.contains("b24-bridge: ") && error.contains(bridge.dir.path().to_str().unwrap()),
        "{error}"
    );
    // A port that somebody has is named with its flag.
    let busy = Bridge::folder(&[]);
    let address = bridge.websites().trim_start_matches("http://");
    let error = fails(
        &busy,
        &["serve", "--admin-listen", "127.0.0.1:0", "--listen", address],
        "",
    );
    assert!(error.contains("--listen") && error.contains(address), "{error}");
    // Stopped and started again, nothing is lost; connected, everything is delivered.
    assert_eq!(bridge.stop(), Some(0));
    bridge.serve();
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    for id in &ids {
        bridge.wait_for(id, "delivered");
    }
    assert_eq!((count(&portal, "contacts"), count(&portal, "deals")), (1, 3));
    assert_eq!(
        request(&format!("{}/healthz", bridge.websites()), "GET", &[], b"")
            .unwrap()
            .status,
        200
    );
    assert_eq!(bridge.stop(), Some(0));
}
