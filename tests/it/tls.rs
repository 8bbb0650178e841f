//! Contract 10: TLS on both listeners, and on the way to a portal that has a private authority.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;

use crate::harness::{Bridge, PATIENCE, order, portal, shop_channel, text, until};
use crate::net::{Authority, Front, Pair};
use crate::records::count;

const HOST: &str = "portal.company.test";

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// The address behind `https://`.
fn address(url: &str) -> SocketAddr {
    url.strip_prefix("https://")
        .expect("https")
        .parse()
        .expect("an address")
}

/// Shakes hands as a client of this authority that offers HTTP/2, too; the connection and the certificate.
fn shake(
    authority: &Authority,
    url: &str,
) -> (
    rustls::StreamOwned<rustls::ClientConnection, TcpStream>,
    CertificateDer<'static>,
) {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("PEM");
    roots.add(der).expect("an authority");
    let mut config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = rustls::ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(address(url)).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let mut secured = rustls::StreamOwned::new(connection, stream);
    while secured.conn.is_handshaking() {
        secured.conn.complete_io(&mut secured.sock).expect("a handshake");
    }
    let shown = secured.conn.peer_certificates().expect("a certificate")[0]
        .clone()
        .into_owned();
    (secured, shown)
}

fn der(pair: &Pair) -> CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pair.certificate.as_bytes()).expect("PEM")
}

/// A bridge with TLS on both listeners, from files in its own folder.
fn secure(authority: &Authority) -> (Bridge, tempfile::TempDir) {
    let files = tempfile::tempdir().expect("a folder");
    let (certificate, key) = authority
        .server(&["localhost", "127.0.0.1"])
        .put(files.path(), "both");
    let (certificate, key) = (path(&certificate), path(&key));
    let bridge = Bridge::folder(&[
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
        "--admin-tls-cert",
        &certificate,
        "--admin-tls-key",
        &key,
    ]);
    (bridge, files)
}

#[test]
fn websites_and_administrators_come_in_over_tls() {
    let authority = Authority::new("Company CA");
    let (mut bridge, _files) = secure(&authority);
    let applied = bridge.channel(&shop_channel(json!({})));
    assert_eq!(applied["address"], "http://localhost:8080/in/shop-orders");
    bridge.serve();
    assert!(bridge.websites().starts_with("https://127.0.0.1:"));
    assert!(bridge.admin().starts_with("https://127.0.0.1:"));
    // What the bridge says of itself begins with https://, too.
    let shown = bridge.cli_json(&["channel", "show", "shop-orders", "--json"]);
    assert_eq!(shown["address"], format!("{}/in/shop-orders", bridge.websites()));
    let link = bridge.setup_link();
    assert!(link.starts_with(bridge.admin()), "{link}");

    let client = authority.client();
    let mut answer = client
        .post(bridge.address("shop-orders"))
        .content_type("application/json")
        .send(order(1).to_string())
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let body = answer.body_mut().read_to_string().expect("a body");
    assert!(body.contains("accepted"), "{body}");
    let page = client.get(&link).call().expect("a page");
    let cookie = page.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.contains("; Secure"), "{cookie}");
    assert!(cookie.starts_with("__Host-"), "{cookie}");

    // A client that would rather speak HTTP/2 is told that this is HTTP/1.1.
    let (mut secured, _) = shake(&authority, bridge.websites());
    assert_eq!(secured.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    secured
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut said = String::new();
    secured
        .read_to_string(&mut said)
        .expect("an answer, and a farewell");
    assert!(
        said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("ok"),
        "{said}"
    );
    // An orderly stop does not wait for what is idle.
    let idle = shake(&authority, bridge.websites());
    assert_eq!(bridge.stop(), Some(0));
    drop(idle);
}

#[test]
fn whoever_speaks_plain_http_to_a_tls_port_is_told() {
    let authority = Authority::new("Company CA");
    let (mut bridge, _files) = secure(&authority);
    bridge.serve();
    let url = bridge.websites().replace("https", "http");
    let answer = crate::harness::request(&url, "GET", &[], b"").expect("an answer");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("https://"), "{}", answer.body);
    // What is neither ends with an alert or without a word, and hurts nobody.
    let mut stream = TcpStream::connect(address(bridge.websites())).expect("a connection");
    stream.write_all(b"\x00garbage garbage garbage").expect("sent");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    let _ = shake(&authority, bridge.websites());
}

#[test]
fn a_silent_peer_is_cut_and_counts_as_a_connection_meanwhile() {
    let authority = Authority::new("Company CA");
    let files = tempfile::tempdir().expect("a folder");
    let (certificate, key) = authority.server(&["localhost"]).put(files.path(), "a");
    let mut bridge = Bridge::folder(&[
        "--tls-cert",
        &path(&certificate),
        "--tls-key",
        &path(&key),
        "--max-connections",
        "1",
        "--header-timeout",
        "3",
    ]);
    bridge.serve();
    let mut silent = TcpStream::connect(address(bridge.websites())).expect("a connection");
    silent.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    // The only place is taken: this handshake succeeds because the silent one is cut.
    let (mut secured, _) = shake(&authority, bridge.websites());
    assert_eq!(silent.read(&mut [0u8; 16]).ok(), Some(0), "it was cut before");
    secured
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut said = String::new();
    secured.read_to_string(&mut said).expect("an answer");
    assert!(said.ends_with("ok"), "{said}");
}

#[test]
fn a_changed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let authority = Authority::new("Company CA");
    let files = tempfile::tempdir().expect("a folder");
    let [first, second, third] = [0; 3].map(|_| authority.server(&["localhost"]));
    // As certbot lays them out: links that are replaced.
    let (certificate, key) = (files.path().join("live.crt"), files.path().join("live.key"));
    let point_to = |pair: &Pair, name: &str| {
        let (to_certificate, to_key) = pair.put(files.path(), name);
        for (link, to) in [(&certificate, to_certificate), (&key, to_key)] {
            let new = link.with_extension("new");
            symlink(to, &new).expect("a link");
            std::fs::rename(&new, link).expect("the link is replaced");
        }
    };
    point_to(&first, "first");
    let mut bridge = Bridge::folder(&["--tls-cert", &path(&certificate), "--tls-key", &path(&key)]);
    bridge.serve();
    let served = |pair: &Pair| shake(&authority, bridge.websites()).1 == der(pair);
    assert!(served(&first));
    // Connections that stand are not disturbed.
    let (mut standing, _) = shake(&authority, bridge.websites());
    point_to(&second, "second");
    until("the second certificate", || served(&second).then_some(()));

    // Half a key: the certificate before it stays, and the log says so once.
    std::fs::write(&key, &third.key[..third.key.len() / 2]).expect("written");
    std::fs::write(&certificate, &third.certificate).expect("written");
    let stays = "a changed certificate cannot be used; the one before it stays";
    until("a word in the log", || bridge.log().contains(stays).then_some(()));
    assert!(served(&second));
    assert!(!bridge.log().contains(third.key.lines().nth(1).expect("a line")));
    std::fs::write(&key, &third.key).expect("written");
    until("the third certificate", || served(&third).then_some(()));

    standing
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut said = String::new();
    standing.read_to_string(&mut said).expect("an answer");
    assert!(said.ends_with("ok"), "{said}");
    assert_eq!(bridge.stop(), Some(0));
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_at_the_start() {
    let authority = Authority::new("Company CA");
    let files = tempfile::tempdir().expect("a folder");
    let (certificate, key) = authority.server(&["localhost"]).put(files.path(), "a");
    let (_, other) = authority.server(&["localhost"]).put(files.path(), "b");
    let (certificate, key, other) = (path(&certificate), path(&key), path(&other));
    let nowhere = path(&files.path().join("nowhere.pem"));
    let bridge = Bridge::folder(&[]);
    let listen = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ];
    for (flags, status, parts) in [
        (
            vec!["--tls-cert", &nowhere, "--tls-key", &key],
            1,
            ["--listen", "nowhere.pem cannot be read"],
        ),
        (
            vec!["--tls-cert", &certificate, "--tls-key", &other],
            1,
            ["b.key does not belong", "put the two in place"],
        ),
        (
            vec!["--admin-tls-cert", &key, "--admin-tls-key", &key],
            1,
            ["--admin-listen", "holds no certificate"],
        ),
        (
            vec![
                "--admin-tls-cert",
                &certificate,
                "--admin-tls-key",
                &key,
                "--admin-url",
                "http://bridge.example",
            ],
            1,
            ["--admin-url", "https://"],
        ),
        (vec!["--tls-cert", &certificate], 2, ["--tls-key", "required"]),
    ] {
        let output = bridge.cli(&[&listen[..], &flags].concat());
        let said = text(&output.stderr).replace(&*bridge.dir.path().to_string_lossy(), "");
        assert_eq!(output.status.code(), Some(status), "{flags:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{flags:?}: {said}");
        }
    }
}

#[test]
fn a_key_that_everybody_can_read_and_an_ended_certificate_are_told() {
    use std::os::unix::fs::PermissionsExt;
    let authority = Authority::new("Company CA");
    let files = tempfile::tempdir().expect("a folder");
    let (certificate, key) = authority
        .server_until(&["localhost"], 2021)
        .put(files.path(), "a");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).expect("chmod");
    let mut bridge = Bridge::folder(&["--tls-cert", &path(&certificate), "--tls-key", &path(&key)]);
    bridge.serve();
    for part in [
        "can read the private key; run chmod 640",
        "the certificate has ended",
    ] {
        assert!(bridge.log().contains(part), "{part}: {}", bridge.log());
    }
}

/// A portal in a closed network: a private authority, a name that no name server knows, one source address.
#[test]
fn a_portal_with_a_private_authority_is_reached() {
    let authority = Authority::new("Company CA");
    let portal = portal();
    let front = Front::of(&portal, &authority.server(&[HOST]));
    let webhook = front.webhook(&portal, HOST);
    let files = tempfile::tempdir().expect("a folder");
    let ca = authority.file(files.path());
    let resolve = format!("{HOST}=127.0.0.1");
    let way = [
        "--portal-ca",
        &ca,
        "--portal-resolve",
        &resolve,
        "--outbound-ip",
        "127.0.0.9",
    ];
    let mut bridge = Bridge::folder(&way);
    let connect = |flags: &[&str]| {
        let output = bridge.cli(&[&["portal", "connect", "--webhook", &webhook][..], flags].concat());
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    // Each missing piece is named.
    let (status, said) = connect(&["--portal-resolve", &resolve]);
    assert!(status == Some(1) && said.contains("--portal-ca"), "{said}");
    let (status, said) = connect(&["--portal-ca", &ca]);
    assert!(status == Some(1) && said.contains("--portal-resolve"), "{said}");
    let other = format!("{HOST}=127.0.0.1,other.test=127.0.0.1");
    let elsewhere = webhook.replace(HOST, "other.test");
    let output = bridge.cli(&[
        "portal",
        "connect",
        "--webhook",
        &elsewhere,
        "--portal-ca",
        &ca,
        "--portal-resolve",
        &other,
    ]);
    assert!(
        text(&output.stdout).contains("name the certificate was made for"),
        "{output:?}"
    );
    let (status, said) = connect(&way);
    assert!(
        status == Some(0) && said.contains("Connected to https://portal"),
        "{said}"
    );
    assert!(!said.contains("Warning"), "{said}");

    bridge.channel(&shop_channel(json!({})));
    bridge.serve();
    let before = front.peers().len();
    let id = bridge.post_json("shop-orders", &order(6510)).id();
    bridge.wait_for(&id, "delivered");
    assert_eq!(count(&portal, "deals"), 1);
    let peers = front.peers();
    assert!(peers.len() > before);
    assert!(
        peers[before..].iter().all(|peer| peer.to_string() == "127.0.0.9"),
        "{peers:?}"
    );
    bridge.stop();
    assert!(!bridge.log().contains(&webhook), "the webhook is in the log");
}

#[test]
fn a_plain_portal_is_connected_with_a_warning() {
    let portal = portal();
    let bridge = Bridge::folder(&[]);
    let output = bridge.cli(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stderr);
    assert!(said.contains("Warning: http://"), "{said}");
    assert!(said.contains("inside a network you trust"), "{said}");
}
