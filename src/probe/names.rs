//! Where this machine takes the addresses of names from.

use std::fs;
use std::net::IpAddr;

/// What answers for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The name stands in `/etc/hosts`.
    Hosts,
    /// The name servers of `/etc/resolv.conf`; none means the one on this machine.
    Servers(Vec<IpAddr>),
}

/// What this machine asks for `name`.
pub fn source(name: &str) -> Source {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    if in_hosts(&text("/etc/hosts"), name) {
        Source::Hosts
    } else {
        Source::Servers(servers(&text("/etc/resolv.conf")))
    }
}

fn in_hosts(hosts: &str, name: &str) -> bool {
    hosts.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default();
        line.split_whitespace()
            .skip(1)
            .any(|known| known.eq_ignore_ascii_case(name))
    })
}

fn servers(resolv_conf: &str) -> Vec<IpAddr> {
    resolv_conf
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let is_server = words.next() == Some("nameserver");
            words.next().filter(|_| is_server)?.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_before_servers() {
        let hosts = "127.0.0.1 localhost\n10.0.0.5  Portal.Example portal # b24.example\n#10.0.0.6 other\n";
        for (name, expected) in [
            ("portal.example", true),
            ("portal", true),
            ("b24.example", false),
            ("other", false),
            ("10.0.0.5", false),
        ] {
            assert_eq!(in_hosts(hosts, name), expected, "{name}");
        }
    }

    #[test]
    fn servers_are_read() {
        let text = "# nameserver 1.1.1.1\nsearch example\nnameserver 10.0.0.2\nnameserver fd00::1\nnameserver x\noptions ndots:1\n";
        let expected: [IpAddr; 2] = ["10.0.0.2".parse().unwrap(), "fd00::1".parse().unwrap()];
        assert_eq!(servers(text), expected);
    }
}
