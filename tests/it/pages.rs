//! The administrator's pages, from the first start to a delivered request, on the real executable.

use serde_json::json;

use crate::harness::{Bridge, order, portal, shop_channel, until};
use crate::visitor::{NAME, PASSWORD, Visitor};

/// The practice portal's code: the last four characters may be seen, never more.
const CODE: &str = "practice0webhook";
const TRY: &str = "/channels/shop-orders/try";

#[test]
fn from_the_first_link_to_a_delivered_request() {
    let portal = portal();
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    let first = Visitor::first(&bridge);
    assert_eq!(first.post("/sign-out", &[]).status, 303);
    assert_eq!(
        first.get("/portal").header("location"),
        Some("/sign-in?next=%2Fportal")
    );
    let visitor = Visitor::of(&bridge);
    visitor.submit("/sign-in", &[("name", NAME), ("password", PASSWORD)]);

    // Connect the portal by the page; nothing of the address comes back but four characters.
    let connected = visitor.submit("/portal/connect", &[("webhook", &portal.webhook_url())]);
    assert!(
        connected.contains("is connected") && connected.contains("…hook"),
        "{connected}"
    );
    until("the portal to be reached", || {
        visitor.page("/portal").contains("Reachable").then_some(())
    });
    assert_eq!(
        bridge.cli_json(&["portal", "show", "--json"])["connected"],
        json!(true)
    );

    // See what would happen, then do it.
    bridge.channel(&shop_channel(json!({})));
    let body = order(6510).to_string();
    let foreseen = visitor.post(TRY, &[("do", "show"), ("body", &body)]).body;
    assert!(
        foreseen.contains("A new deal") && foreseen.contains("+74712773120"),
        "{foreseen}"
    );
    portal.world(|world| assert_eq!(world.to_json()["deals"], json!([])));
    let sent = visitor.post(TRY, &[("do", "send"), ("body", &body)]);
    let location = sent.header("location").expect("a location");
    let id = location.strip_prefix("/inbox/").expect("the inbox");
    bridge.wait_for(id, "delivered");
    let again = visitor.post(TRY, &[("do", "show"), ("body", &body)]).body;
    assert!(
        again.contains(&format!("{}/crm/deal/details/1/", portal.base_url())),
        "{again}"
    );

    for path in ["/", "/portal", "/settings", TRY] {
        assert!(!visitor.page(path).contains(CODE), "{path}");
    }
    let check = visitor.post("/portal/check", &[]).body;
    assert!(
        check.contains("Everything that is needed is there") && !check.contains(CODE),
        "{check}"
    );
    assert!(!bridge.log().contains(CODE), "{}", bridge.log());
}

#[test]
fn changed_settings_are_taken_up_while_running() {
    let portal = portal();
    let mut bridge = Bridge::folder(&[]);
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    bridge.serve();
    bridge.channel(&shop_channel(json!({})));
    let visitor = Visitor::first(&bridge);
    // In Russia this is no phone number; in Belarus it is.
    let body = json!({"client_phone": "291234567", "client_name": "Алесь", "order_id": "1"}).to_string();
    let foresee = || visitor.post(TRY, &[("do", "show"), ("body", &body)]).body;
    until("the portal's fields", || {
        foresee().contains("A new deal").then_some(())
    });
    assert!(!foresee().contains("+375291234567"));
    visitor.submit(
        "/settings/limits",
        &[("profile", "box"), ("rate", "50"), ("country", "BY")],
    );
    until("the country to be taken up", || {
        foresee().contains("+375291234567").then_some(())
    });
    let id = bridge.send("POST", "/in/shop-orders", &[], body.as_bytes()).id();
    bridge.wait_for(&id, "delivered");
    portal.world(|world| {
        assert_eq!(
            world.to_json()["contacts"][0]["PHONE"][0]["VALUE"],
            "+375291234567"
        );
    });
    // The command line goes by the same setting.
    let plan = bridge.cli_ok_with(
        &["channel", "plan", "shop-orders", "--data", "-"],
        body.as_bytes(),
    );
    assert!(plan.contains("+375291234567"), "{plan}");
    let kept = visitor.submit("/settings/keeping", &[("keep_days", "30")]);
    assert!(kept.contains(r#"value="30""#), "{kept}");
}

#[test]
fn what_was_said_at_start_wins_over_the_page() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &["--phone-country", "KZ", "--portal-rate", "20"]);
    let visitor = Visitor::first(&bridge);
    let page = visitor.page("/settings");
    for expected in [
        "--phone-country",
        "--portal-profile",
        r#"value="KZ""#,
        r#"value="20""#,
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    visitor.submit("/settings/limits", &[("profile", "cloud"), ("country", "BY")]);
    assert!(visitor.page("/settings").contains(r#"value="KZ""#));
}

#[test]
fn a_downloaded_copy_is_restored_elsewhere() {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let id = bridge.post_json("shop-orders", &order(6510)).id();
    bridge.wait_for(&id, "delivered");
    let visitor = Visitor::first(&bridge);
    let (answer, copy) = visitor.post_for_file("/settings/backup", &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-length"),
        Some(copy.len().to_string().as_str())
    );
    let other = Bridge::folder(&[]);
    let file = other.dir.path().join("copy");
    std::fs::write(&file, copy).unwrap();
    let file = file.to_str().unwrap();
    other.cli_ok(&["restore", file]);
    assert_eq!(other.show(&id)["state"], "delivered");
    assert_eq!(other.cli_json(&["user", "list", "--json"])[0]["name"], NAME);
    assert_eq!(
        other.cli(&["restore", file]).status.code(),
        Some(1),
        "not over what is there"
    );
}
