//! A closed network for one test: an authority of its own, TLS in front of a portal, an HTTP proxy. All on 127.0.0.x.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use b24_bridge::practice_portal::PracticePortal;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::harness::PATIENCE;

/// A certificate and its key, as PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Pair {
    /// Writes both into a folder, under a name; the paths.
    pub fn put(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let files = (
            folder.join(format!("{name}.crt")),
            folder.join(format!("{name}.key")),
        );
        std::fs::write(&files.0, &self.certificate).expect("the certificate is written");
        std::fs::write(&files.1, &self.key).expect("the key is written");
        files
    }
}

/// A certificate authority of one company.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("an authority").pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A server's certificate for these names; the first is its common name.
    pub fn server(&self, names: &[&str]) -> Pair {
        self.server_until(names, 2999)
    }

    /// One that ends with this year's first day.
    pub fn server_until(&self, names: &[&str], year: i32) -> Pair {
        let all: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(all).expect("names");
        params.distinguished_name.push(DnType::CommonName, names[0]);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        Pair {
            certificate: params.signed_by(&key, &self.issuer).expect("a certificate").pem(),
            key: key.serialize_pem(),
        }
    }

    /// The authority's certificate as a file.
    pub fn file(&self, folder: &Path) -> String {
        let path = folder.join("company-ca.pem");
        std::fs::write(&path, &self.pem).expect("the authority is written");
        path.display().to_string()
    }

    /// A client that trusts this authority, and finds every name on this machine.
    pub fn client(&self) -> ureq::Agent {
        let ca = ureq::tls::Certificate::from_pem(self.pem.as_bytes()).expect("a certificate");
        let roots = ureq::tls::RootCerts::Specific(Arc::new(vec![ca]));
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build())
            .build()
            .into()
    }
}

/// TLS in front of a server that speaks plain HTTP. Ends with the test's process; each connection ends with its peers.
pub struct Front {
    pub address: SocketAddr,
    peers: Arc<Mutex<Vec<IpAddr>>>,
}

impl Front {
    pub fn start(target: SocketAddr, pair: &Pair) -> Front {
        let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes());
        let chain: Vec<CertificateDer<'static>> = chain.map(|der| der.expect("PEM")).collect();
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("a key");
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("a listener");
        let peers = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&peers);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, peer)) = listener.accept().await {
                    noted.lock().expect("no panic").push(peer.ip());
                    let acceptor = acceptor.clone();
                    tokio::spawn(async move {
                        let mut inside = acceptor.accept(stream).await.ok()?;
                        let mut behind = tokio::net::TcpStream::connect(target).await.ok()?;
                        tokio::io::copy_bidirectional(&mut inside, &mut behind).await.ok()
                    });
                }
            });
        });
        Front { address, peers }
    }

    /// In front of a practice portal.
    pub fn of(portal: &PracticePortal, pair: &Pair) -> Front {
        Front::start(portal.address(), pair)
    }

    /// The portal's webhook as it is reached through here, under this name.
    pub fn webhook(&self, portal: &PracticePortal, host: &str) -> String {
        let base = format!("https://{host}:{}", self.address.port());
        portal.webhook_url().replace(&portal.base_url(), &base)
    }

    /// Whence connections came, so far.
    pub fn peers(&self) -> Vec<IpAddr> {
        self.peers.lock().expect("no panic").clone()
    }
}

/// An HTTP proxy that asks for a login and leads every name to one address.
pub struct Proxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// `user:hunter2`
const LOGIN: &str = "Basic dXNlcjpodW50ZXIy";

impl Proxy {
    pub fn start(target: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                thread::spawn(move || serve(stream, target, &noted));
            }
        });
        Proxy { address, asked }
    }

    /// As `--portal-proxy` takes it.
    pub fn url(&self, password: &str) -> String {
        format!("http://user:{password}@{}", self.address)
    }

    /// The lines with which tunnels were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// Errors end the connection, which is all that a proxy can do.
fn serve(mut stream: TcpStream, target: SocketAddr, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let line = head.lines().next()?.to_owned();
    asked.lock().ok()?.push(line.clone());
    let may = head.contains(LOGIN);
    if !line.starts_with("CONNECT ") || !may {
        return stream
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            .ok();
    }
    let behind = TcpStream::connect(target).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .ok()?;
    let (mut up, mut back) = (behind.try_clone().ok()?, stream.try_clone().ok()?);
    let upwards = thread::spawn(move || {
        let _ = std::io::copy(&mut reader, &mut up);
        let _ = up.shutdown(Shutdown::Write);
    });
    let mut behind = behind;
    let _ = std::io::copy(&mut behind, &mut back);
    let _ = back.shutdown(Shutdown::Write);
    upwards.join().ok()
}

/// A server that takes connections and answers each, once it has read something, with these bytes; with none it keeps
/// silent until its peer goes.
pub fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut some = [0u8; 4096];
                while stream.read(&mut some).is_ok_and(|count| count > 0) {
                    if !bytes.is_empty() {
                        let _ = stream.write_all(bytes);
                        return;
                    }
                }
            });
        }
    });
    address
}

/// A port of this machine where nobody listens, and nobody can as long as this lives.
pub struct Deaf(socket2::Socket);

impl Deaf {
    pub fn new() -> Deaf {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        socket.bind(&any.into()).expect("a port");
        Deaf(socket)
    }

    pub fn port(&self) -> u16 {
        let address = self.0.local_addr().expect("an address");
        address.as_socket().expect("an IP address").port()
    }
}
