//! `demo`: the whole thing on one machine, thrown away afterwards.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

use super::args::{Cli, Command, Demo, Global};
use super::serve::{announce, options};
use super::{output, workplace};
use crate::channel_file;
use crate::deliver::CONNECTION_CREDENTIAL;
use crate::portal::Connection;
use crate::practice_portal::{self, PracticePortal};
use crate::run;

/// The manual's worked example.
const CHANNEL: &str = include_str!("../../examples/channel-shop-orders.json");
const USUAL_PORT: u16 = 8080;

pub fn demo(global: &Global, command: Demo) -> anyhow::Result<()> {
    workplace::log(global);
    let dir = Folder::make()?;
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let portal = PracticePortal::start(practice_portal::Options {
        listen: command.portal_listen.unwrap_or(free),
        ..practice_portal::Options::default()
    })
    .context("while starting the practice portal")?;
    let channel = channel_file::parse(CHANNEL)
        .map_err(|problems| anyhow::anyhow!("the built-in channel: {problems:?}"))?;
    let connection = Connection::webhook(&portal.webhook_url())?;

    let mut serve = run::Options {
        data_dir: dir.0.clone(),
        // The line for curl is to work as it stands, whatever the environment says of the real bridge.
        tls: None,
        admin_tls: None,
        ..options(global, &usual_serve()?)?
    };
    serve.listen = command.listen.unwrap_or_else(|| run::this_or_free(usual));
    serve.admin_listen = command.admin_listen.unwrap_or(free);
    // An application of the practice portal gets its tokens there, and nowhere else.
    serve.delivery.portal.oauth_url = portal.oauth_url();
    run::run(serve, |addresses, store| {
        let stored = store.put_channel(channel)?;
        store.put_credential(CONNECTION_CREDENTIAL, &connection)?;
        announce(addresses)?;
        let address = workplace::address(&addresses.listening.public_url, &stored.channel.slug);
        output::line(format_args!(
            "channel   {address}\nportal    {}\nwebhook   {} (connected already)\n\n\
             Open the portal's page in a browser, then send an order to the channel:\n\n  \
             curl -d client_phone=74712773120 --data-urlencode client_name=Мария -d order_id=6510 -d order_amount=3500 {address}\n\n\
             A contact and a deal appear within two seconds; the same line again makes no second deal.\n\
             Ctrl-C ends the demo and removes everything.",
            portal.base_url(),
            portal.webhook_url()
        ))
    })
}

/// `serve` with nothing said but its defaults.
fn usual_serve() -> anyhow::Result<super::args::Serve> {
    match Cli::try_parse_from(["b24-bridge", "serve"])?.command {
        Command::Serve(serve) => Ok(serve),
        _ => anyhow::bail!("`serve` was not read as serve"),
    }
}

/// A folder that goes away with the demo.
struct Folder(PathBuf);

impl Folder {
    fn make() -> anyhow::Result<Folder> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        let name = format!("b24-bridge-demo-{}", data_encoding::HEXLOWER.encode(&random));
        let path = std::env::temp_dir().join(name);
        // Like any data folder: nobody else's business, and `doctor` says so.
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("the folder {} cannot be made", path.display()))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the demo's folder could not be removed");
        }
    }
}
