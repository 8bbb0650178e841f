//! The arguments, as clap reads them. Every flag has an environment variable `B24_BRIDGE_<FLAG>`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

mod portal;

pub use portal::{AdminUrl, Check, Connect, HalfDone, Keys, PortalCommand, Show};

use super::listener_args::{Bounds, Doctor, Listeners};
use super::values::{address, age, country, host_and_address, origin, seconds, state};

use crate::http::TrustedProxy;
use crate::model::State;
use crate::portal::USUAL_OAUTH_URL;

/// Takes website forms into a self-hosted Bitrix24: stored durably, delivered exactly once.
#[derive(Debug, Parser)]
#[command(
    name = "b24-bridge",
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Where everything is kept [default: the user's data folder]
    #[arg(long, global = true, env = "B24_BRIDGE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How the log is written to stderr
    #[arg(long, global = true, env = "B24_BRIDGE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// The least important lines that are still written
    #[arg(long, global = true, env = "B24_BRIDGE_LOG_LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the appliance: receive from websites, deliver to the portal
    Serve(Serve),
    /// Try everything on this machine: a throw-away bridge with a built-in practice portal
    Demo(Demo),
    /// The portal that this bridge serves
    Portal {
        #[command(subcommand)]
        command: PortalCommand,
    },
    /// Channels: conditions and settings under one address
    Channel {
        #[command(subcommand)]
        command: ChannelCommand,
    },
    /// All submissions, with their states
    Inbox {
        #[command(subcommand)]
        command: InboxCommand,
    },
    /// Administrators of the pages
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Look the whole installation over: disk, database, the way to the portal, listeners, certificates
    Doctor(Doctor),
    /// Write a copy of everything to a file; beside a running server, too
    Backup(Backup),
    /// Put a copy back; the server must be stopped
    Restore(Restore),
    /// Print a completion script for a shell
    Completions { shell: Shell },
    /// Print the manual page
    Man,
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    #[command(flatten)]
    pub listeners: Listeners,
    #[command(flatten)]
    pub public: PublicUrl,
    /// How administrators reach --admin-listen; with https:// sign-ins are kept to TLS [default: the listener's own address]
    #[arg(long, env = "B24_BRIDGE_ADMIN_URL", value_name = "URL", value_parser = origin)]
    pub admin_url: Option<String>,
    /// Address or network of a reverse proxy in front of the listeners, whose X-Forwarded-For tells who sent a request;
    /// may be given several times
    #[arg(
        long,
        env = "B24_BRIDGE_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<TrustedProxy>,
    #[command(flatten)]
    pub bounds: Bounds,
    #[command(flatten)]
    pub way: Way,
    #[command(flatten)]
    pub delivery: Delivery,
}

#[derive(Debug, Clone, Args)]
pub struct PublicUrl {
    /// How websites reach --listen, for the addresses of channels [default: the listener's own address]
    #[arg(long, env = "B24_BRIDGE_PUBLIC_URL", value_name = "URL", value_parser = address)]
    pub public_url: Option<String>,
}

/// The way to the portal.
#[derive(Debug, Clone, Args)]
pub struct Way {
    /// The portal's limits: `box` has none of its own, `cloud` 2 requests/s, `enterprise` 5/s
    /// [default: as set on the page of settings, else box]
    #[arg(long, env = "B24_BRIDGE_PORTAL_PROFILE", value_enum)]
    pub portal_profile: Option<PortalProfile>,
    /// Requests a second at most, for a box whose administrator set a limit
    #[arg(long, env = "B24_BRIDGE_PORTAL_RATE", value_name = "N")]
    pub portal_rate: Option<u32>,
    /// Seconds after which the portal's answer is given up
    #[arg(
        long,
        env = "B24_BRIDGE_PORTAL_TIMEOUT",
        default_value_t = 60,
        value_name = "SECONDS"
    )]
    pub portal_timeout: u64,
    /// Certificate authorities of your own, as PEM
    #[arg(long, env = "B24_BRIDGE_PORTAL_CA", value_name = "FILE")]
    pub portal_ca: Option<PathBuf>,
    /// Source address of all calls to the portal, so that one firewall rule is enough
    #[arg(long, env = "B24_BRIDGE_OUTBOUND_IP", value_name = "ADDR")]
    pub outbound_ip: Option<IpAddr>,
    /// Address of a host that your name service does not know; may be given several times
    #[arg(long, env = "B24_BRIDGE_PORTAL_RESOLVE", value_name = "HOST=ADDR", value_delimiter = ',', value_parser = host_and_address)]
    pub portal_resolve: Vec<(String, IpAddr)>,
    /// HTTP proxy on the way to the portal: http://[user:password@]host:port
    #[arg(
        long,
        env = "B24_BRIDGE_PORTAL_PROXY",
        value_name = "URL",
        hide_env_values = true
    )]
    pub portal_proxy: Option<String>,
    /// Authorization server that renews an application's tokens; a portal with a provider of its own has another one
    #[arg(long, env = "B24_BRIDGE_OAUTH_URL", default_value = USUAL_OAUTH_URL, value_name = "URL", value_parser = origin)]
    pub oauth_url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PortalProfile {
    Box,
    Cloud,
    Enterprise,
}

#[derive(Debug, Clone, Args)]
pub struct Delivery {
    #[command(flatten)]
    pub country: Country,
    /// Seconds that the portal may still be working on a call whose answer was lost, before it is looked up
    #[arg(long, env = "B24_BRIDGE_SETTLE", default_value_t = 60.0, value_name = "SECONDS", value_parser = seconds)]
    pub settle: f64,
}

#[derive(Debug, Clone, Args)]
pub struct Country {
    /// Country of phone numbers that name none [default: as set on the page of settings, else RU]
    #[arg(long = "phone-country", env = "B24_BRIDGE_PHONE_COUNTRY", value_name = "CODE", value_parser = country)]
    pub phone_country: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Where websites post to [default: 127.0.0.1:8080, or a free port when that is taken]
    #[arg(long, env = "B24_BRIDGE_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where administrators come in [default: a free port]
    #[arg(long, env = "B24_BRIDGE_ADMIN_LISTEN", value_name = "ADDR")]
    pub admin_listen: Option<SocketAddr>,
    /// Where the practice portal is served [default: a free port]
    #[arg(long, env = "B24_BRIDGE_PORTAL_LISTEN", value_name = "ADDR")]
    pub portal_listen: Option<SocketAddr>,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct AsJson {
    /// Print JSON
    #[arg(long, env = "B24_BRIDGE_JSON")]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum ChannelCommand {
    /// Create or replace the channel described in a JSON file
    Apply(Apply),
    /// All channels
    List(ChannelList),
    /// One channel as JSON
    Show(ChannelShow),
    /// Delete a channel; what comes to its address goes to the default channel
    Delete(Slug),
    /// One channel, or all, as JSON that `apply` takes
    Export(Export),
    /// Dry run: what a delivery would do, step by step; reads the portal, writes nothing
    Plan(Plan),
}

#[derive(Debug, Clone, Args)]
pub struct Apply {
    /// The file; `-` is standard input
    pub file: PathBuf,
    #[command(flatten)]
    pub public: PublicUrl,
    #[command(flatten)]
    pub way: Way,
}

#[derive(Debug, Clone, Args)]
pub struct ChannelList {
    #[command(flatten)]
    pub json: AsJson,
    #[command(flatten)]
    pub public: PublicUrl,
}

#[derive(Debug, Clone, Args)]
pub struct ChannelShow {
    pub slug: String,
    #[command(flatten)]
    pub json: AsJson,
    #[command(flatten)]
    pub public: PublicUrl,
}

#[derive(Debug, Clone, Args)]
pub struct Slug {
    pub slug: String,
}

#[derive(Debug, Clone, Args)]
pub struct Export {
    /// All channels when absent
    pub slug: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct Plan {
    pub slug: String,
    /// A request's body: form fields or JSON; `-` is standard input
    #[arg(long, env = "B24_BRIDGE_DATA", value_name = "FILE")]
    pub data: PathBuf,
    #[command(flatten)]
    pub way: Way,
    #[command(flatten)]
    pub country: Country,
    #[command(flatten)]
    pub json: AsJson,
}

#[derive(Debug, Subcommand)]
pub enum InboxCommand {
    /// Submissions, newest first
    List(InboxList),
    /// One submission: what arrived, what was done, what came of it
    Show(InboxShow),
    /// Deliver again, from the step that failed
    Retry(Retry),
    /// Remove old submissions that are finished
    Purge(Purge),
}

#[derive(Debug, Clone, Args)]
pub struct InboxList {
    /// Only this channel's
    #[arg(long, env = "B24_BRIDGE_CHANNEL", value_name = "SLUG")]
    pub channel: Option<String>,
    /// Only in this state
    #[arg(long, env = "B24_BRIDGE_STATE", value_name = "STATE", value_parser = state)]
    pub state: Option<State>,
    /// Only with this text in what the list shows
    #[arg(long, env = "B24_BRIDGE_TEXT", value_name = "TEXT")]
    pub text: Option<String>,
    #[arg(long, env = "B24_BRIDGE_LIMIT", default_value_t = 50, value_name = "N")]
    pub limit: usize,
    #[command(flatten)]
    pub json: AsJson,
}

#[derive(Debug, Clone, Args)]
pub struct InboxShow {
    pub id: String,
    #[command(flatten)]
    pub json: AsJson,
}

#[derive(Debug, Clone, Args)]
pub struct Retry {
    #[arg(required_unless_present = "failed", conflicts_with = "failed")]
    pub id: Vec<String>,
    /// All that failed
    #[arg(long, env = "B24_BRIDGE_FAILED")]
    pub failed: bool,
    /// With --failed: only this channel's
    #[arg(long, env = "B24_BRIDGE_CHANNEL", value_name = "SLUG", requires = "failed")]
    pub channel: Option<String>,
    /// Do not wait until the running server has delivered them
    #[arg(long, env = "B24_BRIDGE_NO_WAIT")]
    pub no_wait: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Purge {
    /// Age beyond which finished submissions go: 90d, 12h, 30m
    #[arg(long, env = "B24_BRIDGE_OLDER_THAN", value_name = "AGE", value_parser = age)]
    pub older_than: std::time::Duration,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an administrator; the password is asked for, or read from the first line of standard input
    Add(Name),
    /// Set another password, and end the sessions; asked for as with `add`
    Passwd(Name),
    /// All administrators
    List(AsJson),
    /// Remove an administrator, and end the sessions
    Delete(Name),
}

#[derive(Debug, Clone, Args)]
pub struct Backup {
    /// The file to write; one of that name is replaced
    pub file: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// The copy
    pub file: PathBuf,
    /// Replace the database that is there
    #[arg(long, env = "B24_BRIDGE_FORCE")]
    pub force: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Name {
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    /// The contract: every flag has an environment variable named after it.
    #[test]
    fn every_flag_has_its_environment_variable() {
        fn check(command: &clap::Command) {
            for arg in command
                .get_arguments()
                .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
            {
                let Some(long) = arg.get_long() else { continue };
                let expected = format!("B24_BRIDGE_{}", long.to_ascii_uppercase().replace('-', "_"));
                let env = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                assert_eq!(
                    env.as_deref(),
                    Some(expected.as_str()),
                    "--{long} of {}",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn admin_urls_have_no_path() {
        assert_eq!(
            origin("https://bridge.example:8443/").unwrap(),
            "https://bridge.example:8443"
        );
        for wrong in [
            "",
            "bridge.example",
            "https://",
            "https://a/b",
            "ftp://a",
            "https://u@a",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
