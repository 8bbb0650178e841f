//! The proxy on the way, for whoever opens a connection of his own through it.

use ureq::{Proxy, ProxyProtocol};

use super::agent::{OpenError, Options};
use crate::model::Secret;

/// An HTTP proxy, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    pub host: String,
    pub port: u16,
    /// `user:password`
    pub login: Option<Secret>,
}

/// The proxy as the client takes it: one that speaks plain HTTP.
pub(super) fn proxy(options: &Options) -> Result<Option<Proxy>, OpenError> {
    let Some(url) = &options.proxy else {
        return Ok(None);
    };
    match Proxy::new(url.reveal()) {
        Ok(proxy) if proxy.protocol() == ProxyProtocol::Http => Ok(Some(proxy)),
        // The client knows other kinds by name, which this program is not built with.
        Ok(_) | Err(_) => Err(OpenError::Proxy),
    }
}

/// The proxy that calls go through, if there is one.
pub fn gateway(options: &Options) -> Result<Option<Gateway>, OpenError> {
    let Some(proxy) = proxy(options)? else {
        return Ok(None);
    };
    let login = proxy
        .username()
        .map(|user| Secret::new(format!("{user}:{}", proxy.password().unwrap_or_default())));
    Ok(Some(Gateway {
        host: proxy.host().to_owned(),
        port: proxy.port(),
        login,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_taken_apart() {
        let of = |url: &str| {
            gateway(&Options {
                proxy: Some(Secret::new(url)),
                ..Options::default()
            })
        };
        let found = of("http://u:hunter2@proxy.example:3128").unwrap().unwrap();
        assert_eq!((found.host.as_str(), found.port), ("proxy.example", 3128));
        assert_eq!(found.login.unwrap().reveal(), "u:hunter2");
        let plain = of("http://10.0.0.9:8888").unwrap().unwrap();
        assert_eq!((plain.host.as_str(), plain.login), ("10.0.0.9", None));
        for other in ["gopher://x", "socks5://10.0.0.9:1080", "https://10.0.0.9:3128"] {
            assert_eq!(of(other), Err(OpenError::Proxy), "{other}");
        }
        assert_eq!(gateway(&Options::default()), Ok(None));
    }
}
