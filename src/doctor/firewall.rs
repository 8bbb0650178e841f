//! Which connections firewalls must let through.

use std::net::SocketAddr;

use serde::Serialize;

use crate::portal::Whereabouts;

/// One rule: TCP from an address to an address and port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opening {
    pub from: String,
    pub to: String,
    pub purpose: String,
}

/// `oauth_url`: where an application's tokens are renewed; absent for a webhook.
pub fn openings(portal: Option<&Whereabouts>, oauth_url: Option<&str>, websites: SocketAddr) -> Vec<Opening> {
    let mut openings = Vec::new();
    if let Some(portal) = portal {
        let from = portal
            .from
            .map_or_else(|| "this machine".to_owned(), |from| from.to_string());
        let name = format!("{}:{}", portal.host, portal.port);
        let targets = match &portal.proxy {
            Some(proxy) => vec![proxy.clone()],
            None if portal.addresses.is_empty() => vec![name.clone()],
            None => portal.addresses.iter().map(ToString::to_string).collect(),
        };
        let through = if portal.proxy.is_some() {
            ", through the proxy"
        } else {
            ""
        };
        openings.extend(targets.into_iter().map(|to| Opening {
            from: from.clone(),
            to,
            purpose: format!("calls to the portal {name}{through}"),
        }));
        openings.extend(oauth_url.map(|url| Opening {
            from,
            to: portal.proxy.clone().unwrap_or_else(|| url.to_owned()),
            purpose: format!("renewing the application's access at {url}{through}"),
        }));
    }
    openings.push(Opening {
        from: "your websites".to_owned(),
        to: websites.to_string(),
        purpose: "forms".to_owned(),
    });
    openings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whereabouts() -> Whereabouts {
        Whereabouts {
            host: "portal.example".to_owned(),
            port: 443,
            addresses: vec![([10, 0, 0, 5], 443).into(), ([10, 0, 0, 6], 443).into()],
            from: Some([10, 0, 0, 20].into()),
            is_from_said: true,
            proxy: None,
        }
    }

    fn lines(portal: Option<&Whereabouts>) -> Vec<String> {
        openings(portal, None, ([0, 0, 0, 0], 8080).into())
            .into_iter()
            .map(|opening| format!("{} > {}: {}", opening.from, opening.to, opening.purpose))
            .collect()
    }

    #[test]
    fn an_application_needs_its_authorization_server() {
        let server = "https://oauth.example";
        let lines = openings(Some(&whereabouts()), Some(server), ([0, 0, 0, 0], 8080).into());
        let found = lines.iter().find(|line| line.to == server).unwrap();
        assert_eq!(found.from, "10.0.0.20");
    }

    #[test]
    fn every_address_has_its_line() {
        let forms = "your websites > 0.0.0.0:8080: forms";
        assert_eq!(lines(None), [forms]);
        let mut portal = whereabouts();
        assert_eq!(
            lines(Some(&portal)),
            [
                "10.0.0.20 > 10.0.0.5:443: calls to the portal portal.example:443",
                "10.0.0.20 > 10.0.0.6:443: calls to the portal portal.example:443",
                forms
            ]
        );
        portal.proxy = Some("proxy.example:3128".to_owned());
        assert_eq!(
            lines(Some(&portal))[0],
            "10.0.0.20 > proxy.example:3128: calls to the portal portal.example:443, through the proxy"
        );
        let nowhere = Whereabouts {
            addresses: Vec::new(),
            from: None,
            ..whereabouts()
        };
        assert_eq!(
            lines(Some(&nowhere))[0],
            "this machine > portal.example:443: calls to the portal portal.example:443"
        );
    }
}
