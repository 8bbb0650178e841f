//! Arguments that tell how our listeners are run, and those of `doctor`, which looks at them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::args::{AsJson, Way};
use crate::http::TlsFiles;

/// Our two listeners.
#[derive(Debug, Clone, Args)]
pub struct Listeners {
    /// Where websites post to
    #[arg(
        long,
        env = "B24_BRIDGE_LISTEN",
        default_value = "0.0.0.0:8080",
        value_name = "ADDR"
    )]
    pub listen: SocketAddr,
    /// Where administrators and the portal's frame come in
    #[arg(
        long,
        env = "B24_BRIDGE_ADMIN_LISTEN",
        default_value = "127.0.0.1:8081",
        value_name = "ADDR"
    )]
    pub admin_listen: SocketAddr,
    #[command(flatten)]
    pub certificates: Certificates,
}

/// TLS on the listeners. Files that change are taken up while the server runs.
#[derive(Debug, Clone, Args)]
pub struct Certificates {
    /// Certificate for --listen as PEM, those that vouch for it behind it: websites then use https://
    #[arg(long, env = "B24_BRIDGE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of --tls-cert as PEM
    #[arg(long, env = "B24_BRIDGE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Certificate for --admin-listen as PEM: administrators then use https://
    #[arg(
        long,
        env = "B24_BRIDGE_ADMIN_TLS_CERT",
        value_name = "FILE",
        requires = "admin_tls_key"
    )]
    pub admin_tls_cert: Option<PathBuf>,
    /// Private key of --admin-tls-cert as PEM
    #[arg(
        long,
        env = "B24_BRIDGE_ADMIN_TLS_KEY",
        value_name = "FILE",
        requires = "admin_tls_cert"
    )]
    pub admin_tls_key: Option<PathBuf>,
}

impl Certificates {
    /// Of `--listen`.
    pub fn websites(&self) -> Option<TlsFiles> {
        pair(self.tls_cert.as_ref(), self.tls_key.as_ref())
    }

    /// Of `--admin-listen`.
    pub fn admin(&self) -> Option<TlsFiles> {
        pair(self.admin_tls_cert.as_ref(), self.admin_tls_key.as_ref())
    }
}

/// clap takes care that there are both or none.
fn pair(certificate: Option<&PathBuf>, key: Option<&PathBuf>) -> Option<TlsFiles> {
    Some(TlsFiles {
        certificate: certificate?.clone(),
        key: key?.clone(),
    })
}

/// What a website may send.
#[derive(Debug, Clone, Args)]
pub struct Bounds {
    /// Largest body of a request in bytes, files apart
    #[arg(long, env = "B24_BRIDGE_MAX_BODY", default_value_t = 1 << 20, value_name = "BYTES")]
    pub max_body: usize,
    /// Largest sum of the files of one request in bytes
    #[arg(long, env = "B24_BRIDGE_MAX_FILES", default_value_t = 10 << 20, value_name = "BYTES")]
    pub max_files: usize,
    /// Most fields of a form, and as many of a query (JSON: 10000 values)
    #[arg(long, env = "B24_BRIDGE_MAX_FIELDS", default_value_t = 1000, value_name = "N")]
    pub max_fields: usize,
    /// Most connections at once
    #[arg(
        long,
        env = "B24_BRIDGE_MAX_CONNECTIONS",
        default_value_t = 768,
        value_name = "N"
    )]
    pub max_connections: usize,
    /// Seconds in which the head of a request must have come
    #[arg(
        long,
        env = "B24_BRIDGE_HEADER_TIMEOUT",
        default_value_t = 10,
        value_name = "SECONDS"
    )]
    pub header_timeout: u64,
    /// Seconds in which the body of a request must have come
    #[arg(
        long,
        env = "B24_BRIDGE_BODY_TIMEOUT",
        default_value_t = 30,
        value_name = "SECONDS"
    )]
    pub body_timeout: u64,
}

#[derive(Debug, Clone, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub listeners: Listeners,
    #[command(flatten)]
    pub way: Way,
    #[command(flatten)]
    pub json: AsJson,
}

#[cfg(test)]
mod tests {
    use super::super::args::Cli;
    use clap::CommandFactory;

    /// The file says of itself that it names one for every flag.
    #[test]
    fn the_example_of_an_environment_is_complete() {
        let example = include_str!("../../examples/b24-bridge.env");
        let cli = Cli::command();
        let serve = cli.find_subcommand("serve").unwrap();
        let missing: Vec<String> = cli
            .get_arguments()
            .chain(serve.get_arguments())
            .filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned()))
            .filter(|name| !example.contains(&format!("{name}=")))
            .collect();
        assert_eq!(missing, [] as [String; 0]);
    }
}
