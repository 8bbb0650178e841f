//! The arguments of `portal connect | check | show`.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::super::values::origin;
use super::{AsJson, Way};

#[derive(Debug, Subcommand)]
pub enum PortalCommand {
    /// Check and store how the portal is reached
    Connect(Connect),
    /// Which rights and methods the connection has
    Check(Check),
    /// How the portal is reached
    Show(Show),
}

#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("kind").required(true).args(["webhook", "app"])))]
pub struct Connect {
    /// Address of an inbound webhook: https://portal/rest/1/code/ (`-` reads it from standard input)
    #[arg(long, env = "B24_BRIDGE_WEBHOOK", hide_env_values = true, value_name = "URL")]
    pub webhook: Option<String>,
    /// Store the keys of a local application instead; without --client-id: print what the portal's form asks for
    #[arg(long, env = "B24_BRIDGE_APP")]
    pub app: bool,
    #[command(flatten)]
    pub keys: Keys,
    /// What becomes of submissions that are half delivered, when the address is not the one known so far
    #[arg(long, env = "B24_BRIDGE_HALF_DONE", value_enum)]
    pub half_done: Option<HalfDone>,
    #[command(flatten)]
    pub admin: AdminUrl,
    #[command(flatten)]
    pub way: Way,
    #[command(flatten)]
    pub json: AsJson,
}

/// A local application, as the portal shows it.
#[derive(Debug, Clone, Args)]
pub struct Keys {
    /// With --app: the portal's address, as its users open it
    #[arg(long, env = "B24_BRIDGE_PORTAL", value_name = "URL")]
    pub portal: Option<String>,
    /// With --app: the application's code (client_id), local.…
    #[arg(long, env = "B24_BRIDGE_CLIENT_ID", value_name = "ID", requires = "portal")]
    pub client_id: Option<String>,
    /// With --app: the application's key (client_secret); asked for, or read from standard input, when it is not given or `-`
    #[arg(
        long,
        env = "B24_BRIDGE_CLIENT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub client_secret: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct AdminUrl {
    /// How browsers reach --admin-listen of the server, for the application's two addresses [default: as the last server was told]
    #[arg(long, env = "B24_BRIDGE_ADMIN_URL", value_name = "URL", value_parser = origin)]
    pub admin_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HalfDone {
    /// It is the same portal under a new address: go on where they stopped
    Continue,
    /// It is another portal: deliver them from the beginning
    StartOver,
}

#[derive(Debug, Clone, Args)]
pub struct Check {
    #[command(flatten)]
    pub way: Way,
    #[command(flatten)]
    pub json: AsJson,
}

#[derive(Debug, Clone, Args)]
pub struct Show {
    #[command(flatten)]
    pub admin: AdminUrl,
    #[command(flatten)]
    pub json: AsJson,
}
