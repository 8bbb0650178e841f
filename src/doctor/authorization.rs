//! The authorization server, at which an application's tokens are renewed: whether it is found and can be reached.

use std::io;
use std::net::{SocketAddr, TcpStream};

use super::STEP;
use super::finding::Finding;
use super::way::addresses;
use crate::portal::{self, Gateway};
use crate::probe::{self, Tunnel};

const CHECK: &str = "authorization server";

/// Looks for it on the way that calls to the portal take. Nothing is asked of it.
pub fn look(options: &portal::Options, gateway: Option<&Gateway>) -> Finding {
    let url = &options.oauth_url;
    let Some((host, port)) = host_and_port(url) else {
        return Finding::failed(CHECK, format!("{url} is no address"), "correct --oauth-url");
    };
    let way_out = "the application's access ends within an hour unless this way is open: mend the name service and the firewall, \
                   name another server with --oauth-url, or connect a webhook, which needs none";
    match reach(&host, port, options, gateway) {
        Ok(to) => Finding::ok(CHECK, format!("{host}:{port} is reached at {to}")),
        Err(reason) => Finding::failed(CHECK, format!("{host}:{port} is not reached: {reason}"), way_out),
    }
}

/// The scheme's own port where none is named.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (usual, rest) = match url.strip_prefix("https://") {
        Some(rest) => (443, rest),
        None => (80, url.strip_prefix("http://")?),
    };
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an address of IPv6 stand within brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (rest, usual),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn reach(
    host: &str,
    port: u16,
    options: &portal::Options,
    gateway: Option<&Gateway>,
) -> Result<String, String> {
    if let Some(gateway) = gateway {
        let (mut stream, to) = connect(&addresses(&gateway.host, gateway.port), options)?;
        let tunnel = Tunnel {
            host: host.to_owned(),
            port,
            login: gateway.login.clone(),
        };
        let opened = tunnel.open(&mut stream);
        return match opened {
            Ok(()) => Ok(format!("the proxy {to}")),
            Err(error) => Err(format!("the proxy {to} makes no connection ({error})")),
        };
    }
    let given: Vec<SocketAddr> = options
        .resolve
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(host))
        .map(|(_, ip)| SocketAddr::new(*ip, port))
        .collect();
    let targets = if given.is_empty() {
        addresses(host, port)
    } else {
        given
    };
    connect(&targets, options).map(|(_, to)| to.to_string())
}

/// The first address that answers.
fn connect(targets: &[SocketAddr], options: &portal::Options) -> Result<(TcpStream, SocketAddr), String> {
    let of_its_kind = |to: &&SocketAddr| {
        options
            .outbound_ip
            .is_none_or(|from| from.is_ipv4() == to.is_ipv4())
    };
    let mut last: Option<(SocketAddr, io::Error)> = None;
    // One of each kind is enough to say: the client tries no more within its patience.
    for to in targets.iter().filter(of_its_kind).take(2) {
        match probe::connect(*to, options.outbound_ip, STEP) {
            Ok(stream) => return Ok((stream, *to)),
            Err(error) => last = Some((*to, error)),
        }
    }
    Err(match last {
        Some((to, error)) => format!("no connection to {to} ({error})"),
        None => "its name leads to no address".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    fn options(url: &str) -> portal::Options {
        portal::Options {
            oauth_url: url.to_owned(),
            ..portal::Options::default()
        }
    }

    #[test]
    fn a_listener_is_reached_and_a_closed_port_is_not() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert_eq!(look(&options(&url), None).status, Status::Ok);
        // Nobody listens at the port of tcpmux.
        let found = look(&options("http://127.0.0.1:1"), None);
        assert_eq!(found.status, Status::Failed);
        assert!(found.way_out.unwrap().contains("--oauth-url"));
        assert_eq!(look(&options("nothing"), None).status, Status::Failed);
    }

    #[test]
    fn ports_are_the_schemes_own_where_none_is_named() {
        for (url, host, port) in [
            ("https://oauth.example", "oauth.example", 443),
            ("http://oauth.example", "oauth.example", 80),
            ("https://[::1]", "[::1]", 443),
            ("https://[::1]:8443", "[::1]", 8443),
        ] {
            assert_eq!(host_and_port(url), Some((host.to_owned(), port)), "{url}");
        }
    }
}
