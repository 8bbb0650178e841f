//! Our own two listeners: they answer and their certificates hold, or they could be opened.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::finding::Finding;
use super::trust::{made_for, presented};
use super::{Listening, STEP, Subject, now};
use crate::certificate::Certificate;
use crate::http::{ENDS_SOON_DAYS, TlsFiles};
use crate::model::Millis;
use crate::probe::{self, Distrust, Handshake, Roots};

/// Both listeners, one after the other, each step at its slowest.
pub const LONGEST: Duration = Duration::from_secs(60);
const ALIVE: &str = "/healthz";

/// One of the two.
struct Listener<'a> {
    check: &'static str,
    certificate_check: &'static str,
    flag: &'static str,
    address: SocketAddr,
    tls: bool,
    /// How it is reached from elsewhere.
    url: &'a str,
    /// As the flags say.
    files: Option<&'a TlsFiles>,
}

pub fn look(subject: &Subject, is_running: Option<bool>, noted: Option<&Listening>) -> Vec<Finding> {
    let mut found = vec![match is_running {
        Some(true) => Finding::ok("server", "`serve` is running"),
        Some(false) => Finding::warning(
            "server",
            "`serve` is not running",
            "start it, for example with `systemctl start b24-bridge`",
        ),
        None => Finding::skipped("server", "the data directory does not tell whether it runs"),
    }];
    // A note of a server that has ended says where one was, not where one will be.
    let noted = noted.filter(|_| is_running == Some(true));
    let listeners = [
        Listener {
            check: "websites",
            certificate_check: "websites' certificate",
            flag: "--listen",
            address: noted.map_or(subject.listen, |noted| noted.websites),
            tls: noted.map_or(subject.tls.is_some(), |noted| noted.websites_tls),
            url: noted.map_or("", |noted| noted.public_url.as_str()),
            files: subject.tls.as_ref(),
        },
        Listener {
            check: "admin",
            certificate_check: "admin certificate",
            flag: "--admin-listen",
            address: noted.map_or(subject.admin_listen, |noted| noted.admin),
            tls: noted.map_or(subject.admin_tls.is_some(), |noted| noted.admin_tls),
            url: noted.map_or("", |noted| noted.admin_url.as_str()),
            files: subject.admin_tls.as_ref(),
        },
    ];
    for listener in &listeners {
        match is_running {
            Some(true) => found.extend(listener.asked(subject.way.ca_pem.as_deref())),
            Some(false) => found.push(listener.could_open()),
            None => {}
        }
        found.extend(listener.files.map(|files| listener.files_hold(files)));
    }
    found
}

impl Listener<'_> {
    /// Asks the running server whether it is alive.
    fn asked(&self, ca_pem: Option<&[u8]>) -> Vec<Finding> {
        let scheme = if self.tls { "https" } else { "http" };
        let at = format!("{scheme}://{}", self.address);
        let answer = probe::connect(reachable(self.address), None, STEP).and_then(|stream| {
            if !self.tls {
                let mut stream = stream;
                return Ok((probe::get(&mut stream, "localhost", ALIVE)?, None));
            }
            let (mut secured, handshake) = probe::shake(stream, host(self.url), &Roots::new(ca_pem))?;
            Ok((probe::get(&mut secured, "localhost", ALIVE)?, Some(handshake)))
        });
        match answer {
            Ok((Some(seen), handshake)) if seen.status == 200 && seen.body == "ok" => {
                let mut found = vec![Finding::ok(self.check, format!("{at} answers"))];
                found.extend(handshake.map(|handshake| self.shown(&handshake)));
                found
            }
            Ok((seen, _)) => vec![Finding::failed(
                self.check,
                match seen {
                    Some(seen) => format!("{at} answers {} and not as this program does", seen.status),
                    None => format!("what answers at {at} is not this program"),
                },
                "find who listens there with `ss -ltnp`, and start `serve` again",
            )],
            Err(error) => vec![Finding::failed(
                self.check,
                format!("{at} does not answer ({error})"),
                "look at the log of `serve`",
            )],
        }
    }

    /// The certificate that is really served.
    fn shown(&self, handshake: &Handshake) -> Finding {
        let Some(own) = handshake.chain.first() else {
            return Finding::warning(
                self.certificate_check,
                "it cannot be read",
                "put a sound one in place",
            );
        };
        let finding = judged(self.certificate_check, own, now());
        let name = host(self.url);
        match &handshake.verdict {
            _ if finding.way_out.is_some() => finding,
            Err(Distrust::OtherName) => Finding::warning(
                self.certificate_check,
                format!("{}: made for {}, not for {name}", finding.detail, made_for(own)),
                match self.flag {
                    "--listen" => "say with --public-url by which name websites reach it",
                    _ => "say with --admin-url by which name administrators reach it",
                },
            ),
            Err(Distrust::UnknownAuthority) => Finding::warning(
                self.certificate_check,
                format!("{}: no public authority vouches for it", finding.detail),
                "that will do where you made its authority known; browsers of strangers refuse it",
            ),
            Err(Distrust::IsAuthority) => Finding::warning(
                self.certificate_check,
                format!(
                    "{}: it is an authority's own certificate, which some clients refuse",
                    finding.detail
                ),
                "make a certificate for the server, signed by it",
            ),
            Err(Distrust::Other(reason)) => Finding::warning(
                self.certificate_check,
                format!("{}: {reason}", finding.detail),
                "put a sound one in place",
            ),
            Ok(()) | Err(Distrust::Ended | Distrust::NotYet) => finding,
        }
    }

    /// Whether a server could listen there.
    fn could_open(&self) -> Finding {
        let way_out = match probe::is_free(self.address) {
            Ok(()) => return Finding::ok(self.check, format!("{} is free", self.address)),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                return Finding::failed(
                    self.check,
                    format!("another program listens on {}", self.address),
                    format!(
                        "find it with `ss -ltnp`, or choose another address with {}",
                        self.flag
                    ),
                );
            }
            Err(error) => (self.closed(&error), error),
        };
        Finding::failed(
            self.check,
            format!("{} cannot be listened on ({})", self.address, way_out.1),
            way_out.0,
        )
    }

    fn closed(&self, error: &io::Error) -> String {
        match error.kind() {
            ErrorKind::PermissionDenied => format!(
                "ports below 1024 are for root: give the service AmbientCapabilities=CAP_NET_BIND_SERVICE, or choose another port with {}",
                self.flag
            ),
            ErrorKind::AddrNotAvailable => format!(
                "{} must name an address of this machine; `ip addr` shows those there are",
                self.flag
            ),
            _ => format!("choose another address with {}", self.flag),
        }
    }

    /// The certificate in the files that the flags name.
    fn files_hold(&self, files: &TlsFiles) -> Finding {
        match files.load() {
            Err(error) => Finding::failed(
                self.certificate_check,
                error.to_string(),
                "a running server keeps the certificate it has, but could not be started again",
            ),
            Ok(loaded) if loaded.key_is_open => Finding::warning(
                self.certificate_check,
                format!("everybody on this machine can read {}", files.key.display()),
                format!("run `chmod 640 {}`", files.key.display()),
            ),
            Ok(loaded) => judged(self.certificate_check, &loaded.certificate, now()),
        }
    }
}

fn judged(check: &'static str, certificate: &Certificate, now: Millis) -> Finding {
    let detail = presented(std::slice::from_ref(certificate));
    let renew = "renew it; new files are taken up while the server runs";
    if now > certificate.not_after {
        Finding::failed(check, format!("{detail}: it has ended"), renew)
    } else if now < certificate.not_before {
        Finding::failed(
            check,
            format!("{detail}: it holds only from {}", certificate.not_before),
            "set this machine's clock right",
        )
    } else if certificate.days_left(now) < ENDS_SOON_DAYS {
        Finding::warning(
            check,
            format!("{detail}: that is in {} days", certificate.days_left(now)),
            renew,
        )
    } else {
        Finding::ok(check, detail)
    }
}

/// Where a listener of all addresses is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

/// The host of `https://host:port`.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() { "localhost" } else { host }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn hosts_are_cut_out_of_addresses() {
        for (url, expected) in [
            ("https://forms.example:8443/x", "forms.example"),
            ("https://[2001:db8::1]:8443", "2001:db8::1"),
            ("http://10.0.0.5", "10.0.0.5"),
            ("", "localhost"),
        ] {
            assert_eq!(host(url), expected);
        }
    }

    #[test]
    fn a_listener_of_all_addresses_is_asked_on_this_machine() {
        for (address, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.5:80", "10.0.0.5:80"),
        ] {
            let reached = reachable(address.parse().unwrap());
            assert_eq!(reached.to_string(), expected);
        }
    }

    #[test]
    fn certificates_are_judged_by_their_dates() {
        let day = 86_400_000;
        let certificate = Certificate {
            subject: "a".to_owned(),
            issuer: "b".to_owned(),
            names: Vec::new(),
            not_before: Millis(day),
            not_after: Millis(100 * day),
        };
        for (now, expected) in [
            (0, Status::Failed),
            (2 * day, Status::Ok),
            (90 * day, Status::Warning),
            (101 * day, Status::Failed),
        ] {
            assert_eq!(judged("x", &certificate, Millis(now)).status, expected);
        }
    }
}
