//! The portal reached as a local application: it takes over, goes on under new keys and addresses, and ends.

use b24_bridge::deliver::app;
use b24_bridge::model::{AppKeys, AppTokens, Installation};
use b24_bridge::practice_portal::{self, AppForm, Fault, PracticePortal};
use b24_bridge::store::Store;
use serde_json::{Value, json};

use crate::harness::{Bridge, portal, shop_channel, text, until};
use crate::tally::{Tally, order_of, wait_for_activities};

/// The practice portal's administrator.
const OWNER: u64 = 1;

/// An application of the practice portal, and a bridge that has its keys.
pub struct Scene {
    pub portal: PracticePortal,
    pub app: practice_portal::AppKeys,
    pub bridge: Bridge,
}

impl Scene {
    /// Keys are stored, nothing is installed, nothing runs.
    pub fn new(flags: &[&str]) -> Scene {
        let portal = portal();
        let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:9"));
        let oauth_url = portal.oauth_url();
        let mut all = vec!["--oauth-url", &oauth_url];
        all.extend(flags);
        let bridge = Bridge::folder(&all);
        let scene = Scene { portal, app, bridge };
        scene.connect(&[]);
        scene
    }

    /// Installed, running, with the manual's channel.
    pub fn running() -> Scene {
        let mut scene = Scene::new(&[]);
        scene.install();
        scene.bridge.serve();
        scene.bridge.channel(&shop_channel(json!({})));
        scene
    }

    /// `portal connect --app`; its JSON.
    pub fn connect(&self, flags: &[&str]) -> Value {
        let portal = self.portal.portal_url();
        let mut args = vec![
            "portal",
            "connect",
            "--app",
            "--json",
            "--portal",
            &portal,
            "--client-id",
            &self.app.client_id,
            "--client-secret",
            "-",
        ];
        args.extend(flags);
        let out = self
            .bridge
            .cli_ok_with(&args, self.app.client_secret.reveal().as_bytes());
        serde_json::from_str(&out).expect("JSON")
    }

    pub fn store(&self) -> Store {
        Store::open(self.bridge.dir.path()).expect("the store")
    }

    pub fn keys(&self) -> AppKeys {
        AppKeys {
            portal: self.portal.portal_url(),
            client_id: self.app.client_id.clone(),
            client_secret: self.app.client_secret.clone(),
        }
    }

    /// What the installation in the portal brings, as another process stores it.
    pub fn install(&self) {
        let pair = self.portal.tokens_of(&self.app, OWNER);
        let mut tokens = AppTokens::issued(
            pair.access,
            pair.refresh,
            b24_bridge::deliver::now(),
            pair.expires_in,
        );
        tokens.member_id = self.portal.member_id();
        tokens.user_id = OWNER;
        app::keep_tokens(&self.store(), &self.keys(), tokens, "Мария", None).expect("tokens are stored");
    }

    pub fn installation(&self) -> Installation {
        app::installation(&self.store())
            .expect("the store")
            .expect("an installation")
    }

    pub fn post(&self, person: u32, order: u32) -> String {
        self.bridge
            .post_json("shop-orders", &order_of(person, order))
            .id()
    }

    pub fn state(&self) -> Value {
        self.bridge.cli_json(&["portal", "show", "--json"])["application"]["state"].clone()
    }

    pub fn status(&self) -> Value {
        let url = format!("{}/status", self.bridge.admin());
        let answer = crate::harness::request(&url, "GET", &[], b"").expect("an answer");
        answer.json()
    }

    /// `portal check` with the flags of the server.
    pub fn check(&self) -> std::process::Output {
        let oauth_url = self.portal.oauth_url();
        self.bridge.cli(&["portal", "check", "--oauth-url", &oauth_url])
    }
}

#[test]
fn an_application_takes_over_from_a_webhook() {
    let portal = portal();
    let app = portal.register_app(AppForm::of_bridge("http://127.0.0.1:9"));
    let oauth_url = portal.oauth_url();
    let mut bridge = Bridge::folder(&["--oauth-url", &oauth_url]);
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    bridge.serve();
    bridge.channel(&shop_channel(json!({})));
    let scene = Scene { portal, app, bridge };
    let (portal, bridge) = (&scene.portal, &scene.bridge);
    let channels = bridge.cli_ok(&["channel", "export"]);
    let mut ids = vec![scene.post(0, 0)];
    bridge.wait_for(&ids[0], "delivered");

    let stored = scene.connect(&[]);
    assert_eq!(stored["state"], "not_installed");
    assert_eq!(stored["webhook_goes_on"], true);
    assert!(
        stored["addresses"]["installation"]
            .as_str()
            .expect("an address")
            .ends_with("/b24/install")
    );
    ids.push(scene.post(1, 1));
    bridge.wait_for(&ids[1], "delivered");
    assert_eq!(bridge.cli_json(&["portal", "show", "--json"])["user_id"], 1);

    // Submissions are under way when it takes over.
    portal.stop_listening();
    ids.extend((2..20).map(|n| scene.post(n, n)));
    let away_since = || scene.status()["portal"]["since"].as_i64();
    let webhook = until("the absence of the portal", away_since);
    portal.expire_tokens();
    scene.install();
    portal.expire_tokens();
    // The running server has let go of the webhook once it misses the portal anew.
    until("the application", || {
        away_since().filter(|since| *since != webhook)
    });
    portal.listen_again().expect("the port");
    wait_for_activities(portal, ids.len());
    bridge.settle();
    assert_eq!(portal.renewals(), 1, "it delivers by its tokens");
    let shown = bridge.cli_json(&["portal", "show", "--json"]);
    assert_eq!(shown["application"]["delivers"], true, "{shown:#}");
    assert_eq!(bridge.cli_ok(&["channel", "export"]), channels);
    Tally::of(portal).each_made_one(&ids);
}

#[test]
fn keys_of_another_portal_need_a_word_about_what_is_half_delivered() {
    let (old, new) = (portal(), portal());
    let app = new.register_app(AppForm::of_bridge("http://127.0.0.1:9"));
    // Nobody looks for what became of the writes meanwhile.
    let mut bridge = Bridge::folder(&["--settle", "600", "--oauth-url", &new.oauth_url()]);
    bridge.cli_ok(&["portal", "connect", "--webhook", &old.webhook_url()]);
    bridge.serve();
    bridge.channel(&shop_channel(json!({})));
    // The writes are done, and nobody hears of it.
    old.faults().next_write(1, Fault::CutAfter);
    let scene = Scene {
        portal: new,
        app,
        bridge,
    };
    let id = scene.post(1, 1);
    until("a half delivery", || {
        (scene.store().half_done().expect("the store") == 1).then_some(())
    });
    let args = [
        "portal",
        "connect",
        "--app",
        "--portal",
        &scene.portal.portal_url(),
        "--client-id",
        &scene.app.client_id,
        "--client-secret",
        scene.app.client_secret.reveal(),
    ];
    let refused = scene.bridge.cli(&args);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("--half-done"),
        "{}",
        text(&refused.stderr)
    );
    assert!(app::keys(&scene.store()).expect("the store").is_none());
    let stored = scene.connect(&["--half-done", "start-over"]);
    assert_eq!(stored["started_over"], 1);
    scene.install();
    scene.bridge.wait_for(&id, "delivered");
    Tally::of(&scene.portal).each_made_one(&[id]);
}

#[test]
fn an_application_goes_on_when_the_portals_new_address_is_stored() {
    let scene = Scene::running();
    let first = scene.post(1, 1);
    scene.bridge.wait_for(&first, "delivered");
    scene.portal.answer_as("localhost");
    let stored = scene.connect(&[]);
    assert_eq!(stored["portal"], scene.portal.portal_url());
    assert_eq!(
        (&stored["state"], &stored["delivers"]),
        (&json!("installed"), &json!(true))
    );
    let second = scene.post(2, 2);
    scene.bridge.wait_for(&second, "delivered");
    Tally::of(&scene.portal).each_made_one(&[first, second]);
}

#[test]
fn a_removed_application_pauses_delivery_and_an_installation_ends_the_pause() {
    let scene = Scene::running();
    assert!(app::mark_uninstalled(&scene.store()).expect("the store"));
    until("the pause", || {
        (scene.status()["application"]["state"] == "gone").then_some(())
    });
    let id = scene.post(1, 1);
    until("the reason", || {
        // The server takes the news up within a second; until then it may have delivered.
        let shown = scene.bridge.show(&id);
        let is_told = shown["error"]
            .as_str()
            .is_some_and(|error| error.contains("removed from the portal"));
        (is_told || shown["state"] == "delivered").then_some(())
    });
    let later = scene.post(2, 2);
    until("the pause to hold", || {
        (scene.status()["portal"]["state"] == "down").then_some(())
    });
    assert_eq!(scene.bridge.show(&later)["state"], "queued");
    scene.install();
    scene.bridge.wait_for(&id, "delivered");
    scene.bridge.wait_for(&later, "delivered");
    Tally::of(&scene.portal).each_made_one(&[id, later]);
}

#[test]
fn a_check_tells_the_applications_rights() {
    let scene = Scene::new(&[]);
    let check = |scene: &Scene| {
        let oauth_url = scene.portal.oauth_url();
        let output = scene
            .bridge
            .cli(&["portal", "check", "--json", "--oauth-url", &oauth_url]);
        let lines: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), lines)
    };
    // Keys alone are no connection.
    let said = scene.check();
    assert_eq!(said.status.code(), Some(1));
    assert!(
        text(&said.stderr).contains("not installed yet"),
        "{}",
        text(&said.stderr)
    );
    scene.install();
    let (status, lines) = check(&scene);
    assert_eq!(status, Some(0), "{lines:#}");
    let line = |name: &str| {
        let lines = lines.as_array().expect("lines");
        lines
            .iter()
            .find(|line| line["name"] == name)
            .cloned()
            .unwrap_or_default()
    };
    for right in ["right crm", "right placement", "right im"] {
        assert_eq!(line(right)["ok"], true, "{lines:#}");
    }
    let connection = line("connection")["detail"].to_string();
    assert!(
        connection.contains(&scene.app.client_id) && connection.contains("administrator"),
        "{connection}"
    );
    assert!(
        line("encryption")["detail"].to_string().contains("tokens"),
        "{lines:#}"
    );
}

#[test]
fn the_applications_secrets_are_never_shown() {
    for format in ["text", "json"] {
        let mut scene = Scene::new(&["--log-level", "trace", "--log-format", format]);
        let mut secrets = vec![scene.app.client_secret.reveal().to_owned()];
        let mut printed = String::new();
        let mut note = |scene: &Scene| {
            let tokens = scene.installation().tokens;
            secrets.push(tokens.access.reveal().to_owned());
            secrets.push(tokens.refresh.reveal().to_owned());
        };
        scene.install();
        note(&scene);
        scene.bridge.serve();
        scene.bridge.channel(&shop_channel(json!({})));
        let first = scene.post(1, 1);
        scene.bridge.wait_for(&first, "delivered");
        scene.portal.expire_tokens();
        let echo = Fault::FailCommand {
            method: "crm.deal.add".to_owned(),
            code: "ERROR".to_owned(),
            text: format!("by {}", scene.app.client_secret.reveal()),
        };
        scene.portal.faults().next_with("crm.deal.add", 1, echo);
        let second = scene.post(2, 2);
        scene.bridge.wait_for(&second, "failed");
        note(&scene);
        scene.portal.expire_tokens();
        scene.portal.oauth_faults().next(1, Fault::Html500);
        scene.portal.oauth_faults().next(1, Fault::CutAfter);
        let third = scene.post(3, 3);
        until("the end of the tokens", || {
            (scene.state() == "gone").then_some(())
        });
        note(&scene);
        for args in [
            &["portal", "show"][..],
            &["portal", "show", "--json"],
            &["portal", "check", "--oauth-url", &scene.portal.oauth_url()],
            &["inbox", "show", &second, "--json"],
            &["inbox", "show", &third],
            &["inbox", "list"],
        ] {
            let output = scene.bridge.cli(args);
            printed += &(text(&output.stdout) + &text(&output.stderr));
        }
        let url = format!("{}/status", scene.bridge.admin());
        printed += &crate::harness::request(&url, "GET", &[], b"")
            .expect("an answer")
            .body;
        assert!(scene.portal.renewals() >= 1);
        for secret in &secrets {
            assert!(!printed.contains(secret.as_str()), "{secret}: {printed}");
            assert!(
                !scene.bridge.log().contains(secret.as_str()),
                "{secret} in the log"
            );
        }
    }
}

#[test]
fn the_command_tells_what_the_portals_form_asks_for() {
    let bridge = Bridge::folder(&[]);
    let said = bridge.cli_ok(&[
        "portal",
        "connect",
        "--app",
        "--admin-url",
        "https://bridge.example",
    ]);
    for part in [
        "https://bridge.example/b24/app",
        "https://bridge.example/b24/install",
        "crm",
        "user_basic",
        "placement",
        "im",
    ] {
        assert!(said.contains(part), "{said}");
    }
    for wrong in [
        &["portal", "connect"][..],
        &["portal", "connect", "--app", "--client-id", "local.1"],
    ] {
        assert_eq!(bridge.cli(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let wrong = bridge.cli_with(
        &[
            "portal",
            "connect",
            "--app",
            "--portal",
            "portal.example",
            "--client-id",
            "local.1",
        ],
        b"secret-of-the-application\n",
    );
    assert_eq!(wrong.status.code(), Some(1));
    let said = text(&wrong.stderr);
    assert!(
        said.contains("https://portal.example") && !said.contains("secret-of"),
        "{said}"
    );
}
