//! Contract 10: `doctor` on the real executable, on installations that are well and on ones that are not.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use b24_bridge::deliver::CONNECTION_CREDENTIAL;
use b24_bridge::model::Secret;
use b24_bridge::portal::Connection;
use b24_bridge::practice_portal::{Options, PracticePortal};
use b24_bridge::store::Store;
use serde_json::{Value, json};

use crate::harness::{Bridge, executable, order, portal, shop_channel, text, until};
use crate::net::{Authority, Deaf, Front, Proxy, answering};
use crate::records::writes;

const HOST: &str = "portal.company.test";
/// Addresses on which nobody listens and that no other test asks for.
const FREE: [&str; 4] = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];

/// What `doctor --json` said: its exit status, and each check's worst status with all its words.
struct Said {
    status: Option<i32>,
    report: Value,
    checks: BTreeMap<String, (String, String)>,
}

impl Said {
    fn read(output: &Output) -> Said {
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
        let rank = |status: &str| {
            ["ok", "skipped", "warning", "failed"]
                .iter()
                .position(|s| *s == status)
        };
        let mut checks: BTreeMap<String, (String, String)> = BTreeMap::new();
        for line in report["checks"].as_array().expect("checks") {
            let of = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let (status, words) = (of("status"), format!("{}; {}", of("detail"), of("way_out")));
            assert!(rank(&status).is_some(), "{line}");
            // Whatever is not well comes with a way out, or says what it hangs on.
            let is_well = matches!(status.as_str(), "ok" | "skipped");
            assert!(is_well || !of("way_out").is_empty(), "{line}");
            let entry = checks
                .entry(of("check"))
                .or_insert(("ok".to_owned(), String::new()));
            if rank(&status) > rank(&entry.0) {
                entry.0 = status;
            }
            entry.1.push_str(&words);
            entry.1.push('\n');
        }
        Said {
            status: output.status.code(),
            report,
            checks,
        }
    }

    /// A check has this status, and its words hold these parts.
    fn has(&self, check: &str, status: &str, parts: &[&str]) {
        let found = self.checks.get(check);
        let (is, words) = found.unwrap_or_else(|| panic!("no {check} in {:#}", self.report));
        assert_eq!(is, status, "{check}: {words}");
        for part in parts {
            assert!(words.contains(part), "{check} without {part:?}: {words}");
        }
    }

    fn in_state(&self, status: &str) -> Vec<&str> {
        let with = self.checks.iter().filter(|(_, (is, _))| is == status);
        with.map(|(check, _)| check.as_str()).collect()
    }
}

fn doctor(bridge: &Bridge, flags: &[&str]) -> Said {
    Said::read(&bridge.cli(&[&["doctor", "--json"][..], flags].concat()))
}

/// A bridge that knows this webhook, without asking the portal whether it works.
fn knowing(webhook: &str) -> Bridge {
    let bridge = Bridge::folder(&[]);
    let store = Store::open(bridge.dir.path()).expect("a store");
    let connection = Connection::webhook(webhook).expect("a webhook");
    store
        .put_credential(CONNECTION_CREDENTIAL, &connection)
        .expect("stored");
    store.close();
    bridge
}

fn webhook_at(address: SocketAddr) -> String {
    format!("http://{address}/rest/1/zq7vSecretCode9x/")
}

#[test]
fn without_a_data_directory_it_says_so_and_makes_none() {
    let around = tempfile::tempdir().expect("a folder");
    let inside = around.path().join("deep/data");
    let mut command = executable();
    command
        .args(["doctor", "--json", "--data-dir"])
        .arg(&inside)
        .args(FREE);
    let said = Said::read(&command.output().expect("output"));
    assert_eq!(said.status, Some(0), "{:#}", said.report);
    assert_eq!(said.report["passed"], json!(true));
    said.has("data directory", "warning", &["there is no", "`serve` makes it"]);
    said.has("portal", "warning", &["portal connect --webhook"]);
    said.has("server", "warning", &["not running"]);
    said.has("websites", "ok", &["free"]);
    assert_eq!(fs::read_dir(around.path()).expect("a folder").count(), 0);
    assert_eq!(said.report["firewall"][0]["to"], "127.0.0.1:0");
}

/// Everything that is in a data directory, with its size.
fn contents(dir: &Path) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(dir).expect("a folder").flatten();
    let of = |entry: fs::DirEntry| {
        let size = entry.metadata().map_or(0, |meta| meta.len());
        (entry.file_name().to_string_lossy().into_owned(), size)
    };
    entries.map(of).collect()
}

#[test]
fn a_sound_installation_passes_beside_its_server_and_is_left_as_it_was() {
    let authority = Authority::new("Company CA");
    let code = "zq7vSecretCode9x";
    let portal = PracticePortal::start(Options {
        webhook_code: Secret::new(code),
        ..Options::default()
    })
    .expect("a practice portal");
    let front = Front::of(&portal, &authority.server(&[HOST]));
    let files = tempfile::tempdir().expect("a folder");
    let ca = authority.file(files.path());
    let (certificate, key) = authority
        .server(&["forms.company.test"])
        .put(files.path(), "forms");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("chmod");
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let resolve = format!("{HOST}=127.0.0.1");
    let way = [
        "--portal-ca",
        &ca,
        "--portal-resolve",
        &resolve,
        "--outbound-ip",
        "127.0.0.9",
    ];
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    let all = [&way[..], &tls].concat();
    let mut bridge = Bridge::folder(&[&all[..], &["--public-url", "https://forms.company.test"]].concat());
    fs::set_permissions(bridge.dir.path(), Permissions::from_mode(0o700)).expect("chmod");
    let webhook = front.webhook(&portal, HOST);
    bridge.cli_ok(&[&["portal", "connect", "--webhook", &webhook][..], &way].concat());
    bridge.channel(&shop_channel(json!({})));
    bridge.serve();
    let (before, written) = (contents(bridge.dir.path()), writes(&portal));

    let said = doctor(&bridge, &all);
    assert_eq!(said.status, Some(0), "{:#}", said.report);
    assert_eq!(said.in_state("failed"), Vec::<&str>::new());
    said.has("permissions", "ok", &["0700"]);
    said.has("disk writes", "ok", &["ms"]);
    said.has("database", "ok", &["sound", "schema"]);
    said.has("portal", "ok", &["https://portal.company.test", "/rest/1/…/"]);
    said.has("name", "ok", &["127.0.0.1, as --portal-resolve says"]);
    let to = format!("127.0.0.1:{}", front.address.port());
    said.has("route", "ok", &[&format!("from 127.0.0.9 to {to}")]);
    said.has(
        "TLS",
        "ok",
        &["TLS 1.3, portal.company.test by Company CA, until 2999-01-01"],
    );
    said.has("clock", "ok", &["as the portal's"]);
    said.has("REST", "ok", &["user 1"]);
    said.has("rights", "ok", &["crm", "reading deals"]);
    said.has("server", "ok", &["running"]);
    let listening = bridge.websites();
    said.has("websites", "ok", &[&format!("{listening} answers")]);
    said.has(
        "websites' certificate",
        "ok",
        &["forms.company.test by Company CA"],
    );
    said.has("admin", "ok", &["answers"]);
    let rule = &said.report["firewall"][0];
    assert_eq!((&rule["from"], &rule["to"]), (&json!("127.0.0.9"), &json!(to)));
    assert!(front.peers().iter().all(|peer| peer.to_string() == "127.0.0.9"));

    // Nothing was written, here or there, and nothing secret said; not for people either.
    assert_eq!(writes(&portal), written);
    let after = contents(bridge.dir.path());
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    let plain = bridge.cli(&[&["doctor"][..], &all].concat());
    let printed = text(&plain.stdout) + &text(&plain.stderr);
    assert_eq!(plain.status.code(), Some(0), "{printed}");
    for line in ["ok      TLS: TLS 1.3", "Firewalls must let through", "FROM"] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(!printed.contains("FAILED"), "{printed}");
    assert!(!printed.contains(code) && !said.report.to_string().contains(code));
    // The server works on.
    let mut answer = authority_post(&authority, &bridge);
    assert_eq!(answer.status(), 200);
    let _ = answer.body_mut().read_to_string();
    assert_eq!(bridge.stop(), Some(0));
}

/// Posts an order to the listener itself, which has a certificate for another name.
fn authority_post(authority: &Authority, bridge: &Bridge) -> ureq::http::Response<ureq::Body> {
    let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
    let request = authority
        .client()
        .post(bridge.address("shop-orders"))
        .content_type("application/json")
        .config()
        .tls_config(tls)
        .build();
    request.send(order(1).to_string()).expect("an answer")
}

#[test]
fn each_break_on_the_way_to_the_portal_is_named_with_its_way_out() {
    let authority = Authority::new("Company CA");
    let portal = portal();
    let files = tempfile::tempdir().expect("a folder");
    let ca = authority.file(files.path());
    let resolve = format!("{HOST}=127.0.0.1");
    let known = [&FREE[..], &["--portal-ca", &ca, "--portal-resolve", &resolve]].concat();

    // Nobody knows the name.
    let front = Front::of(&portal, &authority.server(&[HOST]));
    let bridge = knowing(&front.webhook(&portal, "portal.invalid"));
    let said = doctor(&bridge, &FREE);
    assert_eq!(said.status, Some(1));
    said.has(
        "name",
        "failed",
        &["portal.invalid is not found", "--portal-resolve portal.invalid="],
    );
    said.has("TLS", "skipped", &["no route"]);

    // Nobody vouches for it.
    let bridge = knowing(&front.webhook(&portal, HOST));
    let said = doctor(&bridge, &[&FREE[..], &["--portal-resolve", &resolve]].concat());
    said.has("TLS", "failed", &["\"Company CA\" as PEM", "--portal-ca"]);
    said.has("clock", "ok", &["as the portal's"]);
    said.has("REST", "failed", &["certificate"]);
    let other = Authority::new("Another CA");
    let foreign = files.path().join("other.pem");
    fs::write(&foreign, &other.pem).expect("written");
    let foreign = foreign.display().to_string();
    let said = doctor(
        &bridge,
        &[
            &FREE[..],
            &["--portal-resolve", &resolve, "--portal-ca", &foreign],
        ]
        .concat(),
    );
    said.has("TLS", "failed", &["must hold the certificate of \"Company CA\""]);

    // The source address is none of ours.
    let said = doctor(&bridge, &[&known[..], &["--outbound-ip", "192.0.2.1"]].concat());
    said.has("route", "failed", &["--outbound-ip", "ip addr"]);

    // Another name, an ended certificate, an authority's own.
    for (pair, parts) in [
        (
            authority.server(&["b24.company.test"]),
            [
                "not made for portal.company.test but for b24.company.test",
                "--portal-resolve",
            ],
        ),
        (
            authority.server_until(&[HOST], 2021),
            ["it has ended", "renew the portal's certificate"],
        ),
    ] {
        let front = Front::of(&portal, &pair);
        let bridge = knowing(&front.webhook(&portal, HOST));
        let said = doctor(&bridge, &known);
        assert_eq!(said.status, Some(1));
        said.has("TLS", "failed", &parts);
    }

    // Nothing listens, what listens is no TLS, and no portal.
    let deaf = Deaf::new();
    let bridge = knowing(&format!(
        "https://{HOST}:{}/rest/1/zq7vSecretCode9x/",
        deaf.port()
    ));
    let said = doctor(&bridge, &known);
    said.has("route", "failed", &["nothing listens there"]);
    said.has("rights", "skipped", &["no route"]);
    let plain = answering(b"SSH-2.0-OpenSSH\r\n");
    let bridge = knowing(&format!(
        "https://{HOST}:{}/rest/1/zq7vSecretCode9x/",
        plain.port()
    ));
    let said = doctor(&bridge, &known);
    said.has("TLS", "failed", &["no handshake", "speaks TLS"]);
    let bridge = knowing(&webhook_at(plain));
    let said = doctor(&bridge, &FREE);
    said.has("TLS", "warning", &["none", "a network you trust"]);
    said.has("clock", "warning", &["does not speak HTTP"]);
    said.has("REST", "failed", &[]);
    assert!(!said.report.to_string().contains("zq7vSecretCode9x"));
}

#[test]
fn a_wrong_clock_is_told() {
    let past = answering(
        b"HTTP/1.1 200 OK\r\nDate: Wed, 01 Jan 2020 00:00:00 GMT\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    );
    let said = doctor(&knowing(&webhook_at(past)), &FREE);
    said.has(
        "clock",
        "warning",
        &["days ahead of the portal's clock", "set-ntp"],
    );
}

/// A firewall that takes connections and says nothing must not make `doctor` wait for ever.
#[test]
fn a_portal_that_keeps_silent_is_given_up() {
    let silent = answering(b"");
    let said = doctor(
        &knowing(&webhook_at(silent)),
        &[&FREE[..], &["--portal-timeout", "2"]].concat(),
    );
    assert_eq!(said.status, Some(1));
    said.has("route", "ok", &[]);
    said.has("clock", "warning", &["did not tell its time"]);
    said.has("REST", "failed", &[]);
}

#[test]
fn missing_rights_and_methods_are_told_one_by_one() {
    let portal = portal();
    let bridge = knowing(&portal.webhook_url());
    let said = doctor(&bridge, &FREE);
    assert_eq!(said.status, Some(0), "{:#}", said.report);
    let wrong = portal
        .webhook_url()
        .replace("practice0webhook", "zq7vSecretCode9x");
    assert_ne!(wrong, portal.webhook_url());
    let said = doctor(&knowing(&wrong), &FREE);
    assert_eq!(said.status, Some(1), "{:#}", said.report);
    assert!(
        said.in_state("failed")
            .iter()
            .all(|check| ["REST", "rights"].contains(check)),
        "{:#}",
        said.report
    );
    assert!(!said.report.to_string().contains("zq7vSecretCode9x"));
}

#[test]
fn a_proxy_on_the_way_is_looked_through() {
    let authority = Authority::new("Company CA");
    let portal = portal();
    let front = Front::of(&portal, &authority.server(&[HOST]));
    let proxy = Proxy::start(front.address);
    let files = tempfile::tempdir().expect("a folder");
    let ca = authority.file(files.path());
    let webhook = portal
        .webhook_url()
        .replace(&portal.base_url(), &format!("https://{HOST}"));
    let bridge = knowing(&webhook);
    let url = proxy.url("hunter2");
    let said = doctor(
        &bridge,
        &[&FREE[..], &["--portal-ca", &ca, "--portal-proxy", &url]].concat(),
    );
    assert_eq!(said.status, Some(0), "{:#}", said.report);
    said.has("name", "ok", &["the proxy is asked"]);
    said.has(
        "route",
        "ok",
        &["the proxy 127.0.0.1", "on to portal.company.test:443"],
    );
    said.has("TLS", "ok", &["portal.company.test by Company CA"]);
    said.has("methods", "ok", &[]);
    assert_eq!(said.report["firewall"][0]["to"], proxy.address.to_string());
    assert_eq!(said.report["firewall"][0]["from"], "127.0.0.1");
    let nowhere = doctor(
        &bridge,
        &[&FREE[..], &["--portal-proxy", "http://proxy.invalid:3128"]].concat(),
    );
    assert_eq!(nowhere.status, Some(1));
    nowhere.has("route", "failed", &["the proxy proxy.invalid:3128 is not found"]);
    let other = doctor(
        &bridge,
        &[&FREE[..], &["--portal-proxy", &url, "--outbound-ip", "::1"]].concat(),
    );
    other.has("route", "failed", &["no address that ::1 can reach"]);
    let said_wrong = doctor(
        &bridge,
        &[
            &FREE[..],
            &["--portal-ca", &ca, "--portal-proxy", &proxy.url("wrong-one")],
        ]
        .concat(),
    );
    said_wrong.has(
        "route",
        "failed",
        &["it answered 407", "name and password in --portal-proxy"],
    );
    for said in [said, said_wrong] {
        let all = said.report.to_string();
        assert!(!all.contains("hunter2") && !all.contains("wrong-one"), "{all}");
    }
}

#[test]
fn an_open_or_damaged_database_is_told() {
    let bridge = knowing("http://127.0.0.1:9/rest/1/zq7vSecretCode9x/");
    let file = bridge.dir.path().join("bridge.sqlite3");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("chmod");
    fs::set_permissions(bridge.dir.path(), Permissions::from_mode(0o755)).expect("chmod");
    let said = doctor(&bridge, &FREE);
    assert_eq!(said.status, Some(1));
    said.has(
        "permissions",
        "failed",
        &["mode 0644", "`chmod 600", "`chmod 700"],
    );
    // It only looks.
    let mode = fs::metadata(&file).expect("the file").permissions().mode() & 0o777;
    assert_eq!(mode, 0o644);

    let mut bytes = fs::read(&file).expect("the file");
    let half = bytes.len() / 2;
    bytes[half..].fill(0xa5);
    fs::write(&file, &bytes).expect("written");
    doctor(&bridge, &FREE).has("database", "failed", &["damaged", "restore --force"]);
    fs::write(&file, "this is no database, however long it is".repeat(200)).expect("written");
    let said = doctor(&bridge, &FREE);
    assert_eq!(said.status, Some(1));
    said.has("database", "failed", &["not a database", "restore --force"]);
    said.has("portal", "skipped", &["does not open"]);
}

#[test]
fn a_taken_port_and_a_bad_certificate_are_told_before_the_start() {
    let authority = Authority::new("Company CA");
    let files = tempfile::tempdir().expect("a folder");
    let (certificate, key) = authority
        .server_until(&["forms.company.test"], 2021)
        .put(files.path(), "old");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("chmod");
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let taken = answering(b"x").to_string();
    let bridge = Bridge::folder(&[]);
    let said = doctor(
        &bridge,
        &[
            "--listen",
            &taken,
            "--admin-listen",
            "192.0.2.1:8081",
            "--tls-cert",
            &certificate,
            "--tls-key",
            &key,
            "--admin-tls-cert",
            &key,
            "--admin-tls-key",
            &key,
        ],
    );
    assert_eq!(said.status, Some(1));
    said.has("websites", "failed", &["another program", "ss -ltnp"]);
    said.has("websites' certificate", "failed", &["it has ended", "renew it"]);
    said.has("admin", "failed", &["must name an address of this machine"]);
    said.has("admin certificate", "failed", &["holds no certificate"]);
}

#[test]
fn a_server_that_ended_is_not_taken_for_a_running_one() {
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    doctor(&bridge, &[]).has("server", "ok", &[]);
    bridge.kill();
    until("the lock to be free", || {
        let said = doctor(&bridge, &FREE);
        (said.checks["server"].0 == "warning").then_some(())
    });
    // Looking does not stand in the way of a start.
    bridge.serve();
    doctor(&bridge, &[]).has("websites", "ok", &["answers"]);
}
