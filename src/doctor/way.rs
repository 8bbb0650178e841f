//! The way to the portal, step by step: its name, the route, TLS, its clock. What its interface grants is in `rest`.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::finding::Finding;
use super::patience::later;
use super::{STEP, authorization, clock, now, rest, trust};
use crate::model::Installation;
use crate::portal::{self, Connection, Gateway, Whereabouts};
use crate::probe::{self, Roots, Source, Tunnel};

/// All steps of the way, each at its slowest.
pub const LONGEST: Duration = Duration::from_secs(90);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// What was found, and between which addresses calls travel.
pub struct Found {
    pub findings: Vec<Finding>,
    pub whereabouts: Option<Whereabouts>,
}

impl Found {
    pub fn late() -> Found {
        Found {
            findings: vec![Finding::failed(
                "portal",
                "it could not be looked at in time",
                "check the network between here and the portal",
            )],
            whereabouts: None,
        }
    }

    /// The database would tell which portal it is, and does not open.
    pub fn unknown() -> Found {
        Found {
            findings: vec![Finding::skipped(
                "portal",
                "the database that names it does not open",
            )],
            whereabouts: None,
        }
    }
}

/// Looks at everything between here and the portal.
pub fn look(
    connection: Option<&Connection>,
    installation: Option<&Installation>,
    options: &portal::Options,
) -> Found {
    let Some(connection) = connection else {
        return Found {
            findings: vec![Finding::warning(
                "portal",
                "none is connected",
                "connect one with `b24-bridge portal connect --webhook URL`, or with --app",
            )],
            whereabouts: None,
        };
    };
    let whereabouts = portal::whereabouts(connection, options, STEP);
    let gateway = match portal::gateway(options) {
        Ok(gateway) => gateway,
        Err(error) => {
            return Found {
                findings: vec![Finding::failed(
                    "proxy",
                    error.to_string(),
                    "correct --portal-proxy",
                )],
                whereabouts: Some(whereabouts),
            };
        }
    };
    let mut findings = vec![
        Finding::ok("portal", connection.to_string()),
        name(&whereabouts, options, gateway.as_ref()),
    ];
    let way = Way {
        connection,
        options,
        whereabouts: &whereabouts,
        gateway: gateway.as_ref(),
    };
    // What a connection really starts from is the better answer than what it would.
    let mut from = whereabouts.from;
    match way.route() {
        Ok((finding, stream)) => {
            from = stream.local_addr().map(|address| address.ip()).ok().or(from);
            findings.push(finding);
            findings.extend(way.beyond(stream));
            findings.extend(rest::look(connection, installation, options));
        }
        Err(finding) => {
            findings.push(finding);
            for check in ["TLS", "clock", "rights", "methods"] {
                findings.push(Finding::skipped(check, "there is no route to the portal"));
            }
        }
    }
    if matches!(connection, Connection::App(_)) {
        findings.push(authorization::look(options, gateway.as_ref()));
    }
    Found {
        findings,
        whereabouts: Some(Whereabouts { from, ..whereabouts }),
    }
}

fn name(whereabouts: &Whereabouts, options: &portal::Options, gateway: Option<&Gateway>) -> Finding {
    const CHECK: &str = "name";
    let host = &whereabouts.host;
    let shown: Vec<String> = whereabouts
        .addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    let shown = shown.join(", ");
    if host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() {
        return Finding::ok(CHECK, format!("{host} is an address, nobody need be asked"));
    }
    if options
        .resolve
        .iter()
        .any(|(given, _)| given.eq_ignore_ascii_case(host))
    {
        return Finding::ok(CHECK, format!("{host} is {shown}, as --portal-resolve says"));
    }
    let by = match probe::source(host) {
        Source::Hosts => "/etc/hosts".to_owned(),
        Source::Servers(servers) if servers.is_empty() => "the name server on this machine".to_owned(),
        Source::Servers(servers) => {
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            format!("the name servers {} (/etc/resolv.conf)", servers.join(", "))
        }
    };
    match (whereabouts.addresses.is_empty(), gateway) {
        (false, _) => Finding::ok(CHECK, format!("{host} is {shown}, by {by}")),
        (true, Some(_)) => Finding::ok(
            CHECK,
            format!("{host} is not found here by {by}; the proxy is asked for it"),
        ),
        (true, None) => Finding::failed(
            CHECK,
            format!("{host} is not found by {by}"),
            format!("mend the name service, or name the address with --portal-resolve {host}=ADDRESS"),
        ),
    }
}

struct Way<'a> {
    connection: &'a Connection,
    options: &'a portal::Options,
    whereabouts: &'a Whereabouts,
    gateway: Option<&'a Gateway>,
}

impl Way<'_> {
    /// Where to connect to: the portal's addresses, or the proxy's; and what that is called.
    fn targets(&self) -> Result<(Vec<SocketAddr>, String), Finding> {
        let (mut targets, of) = match self.gateway {
            None => (self.whereabouts.addresses.clone(), String::new()),
            Some(gateway) => {
                let proxy = format!("the proxy {}:{}", gateway.host, gateway.port);
                let targets = addresses(&gateway.host, gateway.port);
                if targets.is_empty() {
                    return Err(Finding::failed(
                        "route",
                        format!("{proxy} is not found"),
                        "mend the name service, or name the proxy in --portal-proxy by its address",
                    ));
                }
                (targets, format!("{proxy} at "))
            }
        };
        // An address of ours reaches those of its own kind, as in the client.
        if let Some(from) = self.options.outbound_ip
            && !targets.is_empty()
        {
            targets.retain(|to| to.is_ipv4() == from.is_ipv4());
            if targets.is_empty() {
                return Err(Finding::failed(
                    "route",
                    format!("there is no address that {from} can reach"),
                    "IPv4 does not reach IPv6: give --outbound-ip an address of the other kind",
                ));
            }
        }
        Ok((targets, of))
    }

    /// A connection to the portal, through the proxy if there is one.
    fn route(&self) -> Result<(Finding, TcpStream), Finding> {
        let (targets, of) = self.targets()?;
        let mut last = None;
        let mut silent = Vec::new();
        for to in targets.iter().take(ADDRESSES) {
            let started = Instant::now();
            match probe::connect(*to, self.options.outbound_ip, STEP) {
                Ok(stream) => {
                    let took = started.elapsed().as_secs_f64() * 1000.0;
                    let detail = format!("to {of}{to} in {took:.0} ms");
                    return self.onwards(stream, &detail, &silent);
                }
                Err(error) => {
                    silent.push(to.to_string());
                    last = Some((*to, error));
                }
            }
        }
        Err(match last {
            Some((to, error)) => self.no_route(&format!("{of}{to}"), &error),
            None => Finding::skipped("route", "there is no address to go to"),
        })
    }

    /// From the proxy on to the portal, if there is one between.
    fn onwards(
        &self,
        mut stream: TcpStream,
        detail: &str,
        silent: &[String],
    ) -> Result<(Finding, TcpStream), Finding> {
        const CHECK: &str = "route";
        let from = stream
            .local_addr()
            .map_or_else(|_| "this machine".to_owned(), |address| address.ip().to_string());
        let mut detail = format!("from {from} {detail}");
        if let Some(gateway) = self.gateway {
            let tunnel = Tunnel {
                host: self.whereabouts.host.clone(),
                port: self.whereabouts.port,
                login: gateway.login.clone(),
            };
            let portal = format!("{}:{}", tunnel.host, tunnel.port);
            if let Err(error) = tunnel.open(&mut stream) {
                return Err(Finding::failed(
                    CHECK,
                    format!("{detail}, but the proxy makes no connection to {portal} ({error})"),
                    "check the proxy's rules, and name and password in --portal-proxy",
                ));
            }
            detail = format!("{detail}, and on to {portal}");
        }
        let finding = if silent.is_empty() {
            Finding::ok(CHECK, detail)
        } else {
            Finding::warning(
                CHECK,
                format!("{detail}; no connection to {}", silent.join(", ")),
                "let the firewall pass these addresses, too, or take them out of the name service",
            )
        };
        Ok((finding, stream))
    }

    fn no_route(&self, to: &str, error: &io::Error) -> Finding {
        let from = self
            .whereabouts
            .from
            .map_or_else(|| "this machine".to_owned(), |from| from.to_string());
        let way_out = match error.kind() {
            ErrorKind::AddrNotAvailable => {
                "--outbound-ip must be an address of this machine; `ip addr` shows those there are".to_owned()
            }
            ErrorKind::ConnectionRefused => {
                "nothing listens there, or a firewall refuses; check the address and the port".to_owned()
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                format!(
                    "a firewall drops it, or the machine is off; let connections from {from} to {to} through"
                )
            }
            _ => "check the network and its routes with `ip route`".to_owned(),
        };
        Finding::failed(
            "route",
            format!("no connection from {from} to {to} ({error})"),
            way_out,
        )
    }

    /// TLS and the clock, over a connection that stands.
    fn beyond(&self, stream: TcpStream) -> Vec<Finding> {
        let host = &self.whereabouts.host;
        let roots = Roots::new(self.options.ca_pem.as_deref());
        let (portal, shown) = (self.connection.portal(), host.clone());
        if self.connection.is_insecure() {
            let mut stream = stream;
            return vec![
                Finding::warning(
                    "TLS",
                    format!(
                        "none: everybody on the way can read the portal's key and your customers' data in calls to {portal}"
                    ),
                    "use http:// inside a network you trust only; better give the portal a certificate and connect it again with https://",
                ),
                clock::compared(clock::ask(move || probe::get(&mut stream, &shown, "/"))),
            ];
        }
        let name = host.clone();
        let shaken = later(move || probe::shake(stream, &name, &roots)).within(STEP * 2);
        match shaken.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
            Ok((mut secured, handshake)) => vec![
                trust::judged(
                    &self.whereabouts.host,
                    &handshake,
                    self.options.ca_pem.is_some(),
                    now(),
                ),
                clock::compared(clock::ask(move || probe::get(&mut secured, &shown, "/"))),
            ],
            Err(error) => vec![
                Finding::failed(
                    "TLS",
                    format!("no handshake with {portal} ({error})"),
                    "check that this port speaks TLS 1.2 or 1.3, and that no filter on the way breaks it",
                ),
                Finding::skipped("clock", "there is no TLS connection"),
            ],
        }
    }
}

/// The name service may keep silent for long.
pub(super) fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    let host = host.trim_matches(['[', ']']).to_owned();
    let found = later(move || {
        let found = (host.as_str(), port).to_socket_addrs();
        found.map(Iterator::collect::<Vec<_>>).unwrap_or_default()
    });
    found.within(STEP).unwrap_or_default()
}
