//! Which machine the portal is, as a firewall sees it.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

use super::{Connection, Options};

/// Both ends of the way to the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// As it stands in the portal's address.
    pub host: String,
    pub port: u16,
    /// What the host's name leads to; empty when it leads nowhere.
    pub addresses: Vec<SocketAddr>,
    /// Where calls start from: as said, or as the system chooses now.
    pub from: Option<IpAddr>,
    pub is_from_said: bool,
    /// `host:port` of the proxy on the way: then it is the proxy that calls the portal.
    pub proxy: Option<String>,
}

/// Finds the portal's addresses; waits at most `patience` for the name service.
pub fn whereabouts(connection: &Connection, options: &Options, patience: Duration) -> Whereabouts {
    let (host, port) = connection.host_and_port();
    let given: Vec<SocketAddr> = options
        .resolve
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(&host))
        .map(|(_, ip)| SocketAddr::new(*ip, port))
        .collect();
    let addresses = if given.is_empty() {
        resolve(&host, port, patience)
    } else {
        given
    };
    let from = options
        .outbound_ip
        .or_else(|| addresses.first().and_then(|to| chosen_by_the_system(*to)));
    Whereabouts {
        host,
        port,
        addresses,
        from,
        is_from_said: options.outbound_ip.is_some(),
        proxy: options.proxy.as_ref().map(|proxy| authority(proxy.reveal())),
    }
}

/// The name service may keep silent for long: it is asked on a thread that nobody waits for in the end.
fn resolve(host: &str, port: u16, patience: Duration) -> Vec<SocketAddr> {
    let (found, wait) = mpsc::channel();
    let name = host.to_owned();
    let asked = std::thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(move || {
            let bare = name.trim_matches(['[', ']']);
            let addresses = (bare, port).to_socket_addrs();
            // Nobody may be waiting any more.
            let _late = found.send(addresses.map(Iterator::collect).unwrap_or_default());
        });
    let mut addresses: Vec<SocketAddr> = match asked {
        Ok(_) => wait.recv_timeout(patience).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// The source address that a connection would have. Nothing is sent: UDP only notes the peer.
fn chosen_by_the_system(to: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(to).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Host and port of a proxy's address, without its password.
fn authority(proxy: &str) -> String {
    let rest = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    rest.rsplit('@').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn connection(address: &str) -> Connection {
        Connection::webhook(&format!("{address}/rest/1/abcdef0123456789/")).unwrap()
    }

    #[test]
    fn an_address_leads_to_itself() {
        let found = whereabouts(
            &connection("http://127.0.0.1:8090"),
            &Options::default(),
            PATIENCE,
        );
        assert_eq!(found.addresses, [([127, 0, 0, 1], 8090).into()]);
        assert_eq!(
            (found.from, found.is_from_said),
            (Some([127, 0, 0, 1].into()), false)
        );
    }

    #[test]
    fn what_was_said_counts() {
        let options = Options {
            outbound_ip: Some([10, 0, 0, 9].into()),
            resolve: vec![("portal.example".to_owned(), [10, 0, 0, 5].into())],
            proxy: Some(Secret::new("http://u:hunter2@proxy.example:3128/")),
            ..Options::default()
        };
        let found = whereabouts(&connection("https://Portal.Example"), &options, PATIENCE);
        assert_eq!(found.addresses, [([10, 0, 0, 5], 443).into()]);
        assert_eq!(
            (found.from, found.is_from_said),
            (Some([10, 0, 0, 9].into()), true)
        );
        assert_eq!(found.proxy.as_deref(), Some("proxy.example:3128"));
    }

    #[test]
    fn a_name_that_leads_nowhere_is_no_error() {
        let found = whereabouts(
            &connection("https://nowhere.invalid"),
            &Options::default(),
            PATIENCE,
        );
        assert_eq!(
            (found.host.as_str(), found.addresses.len()),
            ("nowhere.invalid", 0)
        );
    }
}
