//! The HTTP client: how names are found, who is trusted, where connections start.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, DefaultConnector, NextTimeout, RustlsConnector,
};

use super::gateway;
use super::source::FromAddress;
use crate::model::Secret;
use crate::throttle::Profile;

/// Apache closes an idle connection after 5 s by default, nginx after 75 s. A connection that is
/// closed while we write on it leaves a write in doubt, so ours are given up first.
const MAX_IDLE: Duration = Duration::from_secs(4);

/// Idle connections worth keeping: delivery works on one or two threads.
const MAX_IDLE_CONNECTIONS: usize = 4;

/// Bitrix24's own authorization server.
// b24: settings/oauth/index.md
pub const USUAL_OAUTH_URL: &str = "https://oauth.bitrix.info";

/// How the portal is reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// For the name, the TCP connection and TLS together.
    pub connect_timeout: Duration,
    /// For a request as a whole, its answer included.
    pub whole_timeout: Duration,
    pub profile: Profile,
    /// Certificate authorities in PEM form that are trusted beside the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// The source address of every connection.
    pub outbound_ip: Option<IpAddr>,
    /// Addresses of hosts that the network's name service does not know, or knows wrongly.
    pub resolve: Vec<(String, IpAddr)>,
    /// `http://[user:password@]host:port`. The environment's proxy variables are not read.
    pub proxy: Option<Secret>,
    /// The authorization server of applications, without a slash at the end. Said here and nowhere else: what a
    /// request or an answer names is not called.
    pub oauth_url: String,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            connect_timeout: Duration::from_secs(10),
            whole_timeout: Duration::from_secs(60),
            profile: Profile::Box { per_second: None },
            ca_pem: None,
            outbound_ip: None,
            resolve: Vec::new(),
            proxy: None,
            oauth_url: USUAL_OAUTH_URL.to_owned(),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the file of certificate authorities cannot be read: {0}; it must hold certificates in PEM form (-----BEGIN CERTIFICATE-----)"
    )]
    Authorities(String),
    #[error("the proxy's address cannot be read; write http://host:port")]
    Proxy,
    /// An application's connection was opened without the place where its tokens are kept.
    #[error("an application's connection is opened together with its tokens")]
    NoTokens,
}

/// The client. Redirects are reported, not followed, and no status is an error: [`super::post`] and
/// [`crate::wire::verdict`] judge both.
pub(super) fn build(options: &Options) -> Result<Agent, OpenError> {
    let proxy = gateway::proxy(options)?;
    let config = Agent::config_builder()
        .timeout_resolve(Some(options.connect_timeout))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_global(Some(options.whole_timeout))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_idle_age(MAX_IDLE)
        .max_idle_connections(MAX_IDLE_CONNECTIONS)
        .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
        .user_agent(concat!("b24-bridge/", env!("CARGO_PKG_VERSION")))
        .accept("application/json")
        .proxy(proxy)
        .tls_config(
            TlsConfig::builder()
                .root_certs(roots(options.ca_pem.as_deref())?)
                .build(),
        )
        .build();
    let resolver = Overrides {
        hosts: options.resolve.clone(),
        others: DefaultResolver::default(),
    };
    Ok(match options.outbound_ip {
        None => Agent::with_parts(config, DefaultConnector::default(), resolver),
        Some(ip) => {
            let connector =
                ().chain(ConnectProxyConnector::default())
                    .chain(FromAddress(ip))
                    .chain(RustlsConnector::default());
            Agent::with_parts(config, connector, resolver)
        }
    })
}

/// The public authorities, and those of a private network beside them.
fn roots(ca_pem: Option<&[u8]>) -> Result<RootCerts, OpenError> {
    let Some(pem) = ca_pem else {
        return Ok(RootCerts::WebPki);
    };
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            // A key in the same file is none of our business.
            Ok(_) => {}
            Err(error) => return Err(OpenError::Authorities(error.to_string())),
        }
    }
    if certificates.is_empty() {
        return Err(OpenError::Authorities("it holds no certificate".to_owned()));
    }
    let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    certificates.extend(public.iter().map(|der| Certificate::from_der(der).to_owned()));
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// Names given by hand, before the network's own.
#[derive(Debug)]
struct Overrides {
    hosts: Vec<(String, IpAddr)>,
    others: DefaultResolver,
}

impl Resolver for Overrides {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let port = uri
            .port_u16()
            .unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let mut found = self.empty();
        for (name, ip) in &self.hosts {
            if name.eq_ignore_ascii_case(host) {
                found.push(SocketAddr::new(*ip, port));
            }
        }
        if found.is_empty() {
            self.others.resolve(uri, config, timeout)
        } else {
            Ok(found)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> Vec<u8> {
        let der = &webpki_root_certs::TLS_SERVER_ROOT_CERTS[0];
        let text = data_encoding::BASE64.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes()
    }

    #[test]
    fn a_private_authority_stands_beside_the_public_ones() {
        let RootCerts::Specific(certificates) = roots(Some(&pem())).unwrap() else {
            panic!()
        };
        assert_eq!(
            certificates.len(),
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.len() + 1
        );
        assert!(matches!(roots(None), Ok(RootCerts::WebPki)));
    }

    #[test]
    fn other_files_are_refused() {
        for file in [
            &b""[..],
            b"hello",
            b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        ] {
            let error = roots(Some(file)).expect_err("no certificates");
            assert!(matches!(error, OpenError::Authorities(_)));
        }
    }

    #[test]
    fn a_proxy_that_is_none_is_refused_without_its_password() {
        let options = Options {
            proxy: Some(Secret::new("gopher://u:hunter2@x")),
            ..Options::default()
        };
        let error = build(&options).expect_err("no proxy");
        assert!(!error.to_string().contains("hunter2"));
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
