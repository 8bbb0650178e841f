//! Who really sent a request, when proxies stand between.
//!
//! A proxy appends the address it was called from to `X-Forwarded-For`; whatever stood there before, the caller may
//! have made up. So the chain is believed from its right end, for as long as each address that passed it on is a proxy
//! of ours. `Forwarded` (RFC 7239) is not read: common proxies append to the older header only and hand a caller's own
//! `Forwarded` through, so to read both would be to believe the caller.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A network, or a single address, of proxies that tell the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

/// The text names no network to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    #[error("expected an address or a network, like 10.0.0.5 or 10.0.0.0/24")]
    NoNetwork,
    #[error(
        "this network is everybody, and then everybody could claim any address; name the proxy's own address or network"
    )]
    Everybody,
}

impl FromStr for TrustedProxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<TrustedProxy, ProxyError> {
        let text = text.trim();
        let net = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse::<IpNet>().map_err(|_| ProxyError::NoNetwork)?,
        };
        if net.prefix_len() == 0 {
            return Err(ProxyError::Everybody);
        }
        Ok(TrustedProxy(net.trunc()))
    }
}

/// The address that a request is counted to: the nearest one that is no trusted proxy. `peer` itself when it is none.
pub(super) fn client(peer: SocketAddr, headers: &HeaderMap, trusted: &[TrustedProxy]) -> IpAddr {
    let peer = peer.ip().to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|proxy| proxy.0.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let mut nearest = peer;
    let lines: Vec<&[u8]> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .map(|value| value.as_bytes())
        .collect();
    let from_the_right = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    for entry in from_the_right {
        // What cannot be read was not written by a proxy of ours, nor was anything left of it.
        let Some(address) = address(entry) else {
            break;
        };
        nearest = address;
        if !is_trusted(&address) {
            break;
        }
    }
    nearest
}

/// Whether a request looks as if it came through a proxy of the house that nobody named: strangers from outside could
/// send the header, too, and are not listened to.
pub(super) fn looks_forgotten(peer: SocketAddr, headers: &HeaderMap) -> bool {
    let is_inside = match peer.ip().to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    };
    is_inside && headers.contains_key(X_FORWARDED_FOR)
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bare = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || {
        let inside = text.strip_prefix('[')?.strip_suffix(']')?;
        inside.parse::<std::net::Ipv6Addr>().ok().map(IpAddr::V6)
    };
    bare()
        .or_else(with_port)
        .or_else(bracketed)
        .map(|address| address.to_canonical())
}

/// What counts as one sender: one customer of a provider has 2^64 addresses of IPv6 and may use a new one each time.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    fn trusted(networks: &[&str]) -> Vec<TrustedProxy> {
        networks
            .iter()
            .map(|text| text.parse().expect("a network"))
            .collect()
    }

    fn client_of(peer: &str, lines: &[&str], networks: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        client(peer.parse().unwrap(), &headers, &trusted(networks)).to_string()
    }

    #[test]
    fn the_nearest_stranger_is_the_client() {
        let ours = &["10.0.0.0/8", "fd00::/8", "2001:db8:1::5"];
        for (peer, lines, expected) in [
            // Without a trusted proxy in front the header is the caller's own invention.
            ("203.0.113.9:5000", &["198.51.100.1"][..], "203.0.113.9"),
            ("203.0.113.9:5000", &[], "203.0.113.9"),
            // One proxy, and one that appended to what the caller had made up.
            ("10.0.0.1:5000", &["198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1:5000",
                &["127.0.0.1, 10.0.0.9, 198.51.100.7"],
                "198.51.100.7",
            ),
            ("10.0.0.1:5000", &["8.8.8.8,198.51.100.7"], "198.51.100.7"),
            // Two proxies of ours.
            (
                "10.0.0.1:5000",
                &["1.1.1.1, 198.51.100.7, 10.0.0.2"],
                "198.51.100.7",
            ),
            // Several lines are one list, in their order.
            (
                "10.0.0.1:5000",
                &["1.1.1.1", "198.51.100.7", "10.0.0.2"],
                "198.51.100.7",
            ),
            // A client inside our own networks, whom proxies alone have seen: the farthest one known.
            ("10.0.0.1:5000", &["10.7.7.7, 10.0.0.2"], "10.7.7.7"),
            // No header, an empty one.
            ("10.0.0.1:5000", &[], "10.0.0.1"),
            ("10.0.0.1:5000", &[""], "10.0.0.1"),
            // Garbage ends what can be believed.
            ("10.0.0.1:5000", &["unknown"], "10.0.0.1"),
            ("10.0.0.1:5000", &["198.51.100.7, _hidden, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1:5000", &["198.51.100.7, , 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1:5000", &["198.51.100.7 10.0.0.2"], "10.0.0.1"),
            ("10.0.0.1:5000", &["\u{fe}"], "10.0.0.1"),
            ("10.0.0.1:5000", &["999.1.1.1"], "10.0.0.1"),
            // Ports and brackets.
            ("10.0.0.1:5000", &["198.51.100.7:41000"], "198.51.100.7"),
            ("10.0.0.1:5000", &["[2001:db8::7]:41000"], "2001:db8::7"),
            ("10.0.0.1:5000", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1:5000", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1:5000", &["[198.51.100.7]"], "10.0.0.1"),
            // IPv6 proxies, and IPv4 seen through an IPv6 socket.
            ("[fd00::1]:5000", &["2001:db8::7, fd12::3"], "2001:db8::7"),
            ("[2001:db8:1::5]:5000", &["198.51.100.7"], "198.51.100.7"),
            ("[2001:db8:1::6]:5000", &["198.51.100.7"], "2001:db8:1::6"),
            ("[::ffff:10.0.0.1]:5000", &["198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1:5000",
                &["198.51.100.7, ::ffff:10.0.0.2"],
                "198.51.100.7",
            ),
            ("[::ffff:203.0.113.9]:5000", &["198.51.100.7"], "203.0.113.9"),
        ] {
            assert_eq!(client_of(peer, lines, ours), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn nobody_is_trusted_without_the_flag() {
        assert_eq!(client_of("127.0.0.1:5000", &["198.51.100.7"], &[]), "127.0.0.1");
    }

    #[test]
    fn only_a_proxy_of_the_house_can_look_forgotten() {
        let mut headers = HeaderMap::new();
        let looks = |peer: &str, headers: &HeaderMap| looks_forgotten(peer.parse().unwrap(), headers);
        assert!(!looks("10.0.0.1:5000", &headers));
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("198.51.100.7"));
        for (peer, expected) in [
            ("10.0.0.1:5000", true),
            ("127.0.0.1:5000", true),
            ("[::ffff:192.168.1.1]:5000", true),
            ("[fd00::1]:5000", true),
            ("203.0.113.9:5000", false),
            ("[2001:db8::1]:5000", false),
        ] {
            assert_eq!(looks(peer, &headers), expected, "{peer}");
        }
    }

    #[test]
    fn networks_are_read_or_refused() {
        let read = |text: &str| text.parse::<TrustedProxy>().map(|proxy| proxy.0.to_string());
        for (text, expected) in [
            ("10.0.0.5", "10.0.0.5/32"),
            (" 10.0.0.5/24 ", "10.0.0.0/24"),
            ("fd00::/8", "fd00::/8"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::ffff:10.0.0.5", "10.0.0.5/32"),
        ] {
            assert_eq!(read(text), Ok(expected.to_owned()), "{text}");
        }
        for text in ["", "proxy.example", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1"] {
            assert_eq!(read(text), Err(ProxyError::NoNetwork), "{text}");
        }
        for text in ["0.0.0.0/0", "::/0"] {
            assert_eq!(read(text), Err(ProxyError::Everybody), "{text}");
        }
    }

    proptest! {
        /// Whatever a caller writes, the address that a proxy of ours appended counts.
        #[test]
        fn no_caller_can_claim_another_address(made_up in "[ -~]{0,60}") {
            let lines = [format!("{made_up}, 198.51.100.7")];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(client_of("10.0.0.1:5000", &lines, &["10.0.0.0/8"]), "198.51.100.7");
        }
    }
}
