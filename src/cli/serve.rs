//! `serve`.

use std::time::Duration;

use anyhow::bail;

use super::args::{Global, Serve};
use super::{output, workplace};
use crate::deliver;
use crate::http::Limits;
use crate::intake;
use crate::run::{self, Addresses};
use crate::web::ingest::IngestOptions;

pub fn serve(global: &Global, command: &Serve) -> anyhow::Result<()> {
    workplace::log(global);
    let options = options(global, command)?;
    let dir = options.data_dir.clone();
    run::run(options, |addresses, store| {
        announce(addresses)?;
        tracing::info!(data_dir = %dir.display(), websites = addresses.websites_url(), admin = addresses.inside_url(), "ready");
        if store.channels()?.is_empty() {
            tracing::info!("there is no channel yet; make one with `b24-bridge channel apply FILE`");
        }
        Ok(())
    })
}

/// Lines for people and scripts: which address is whose, and how the first administrator comes in.
pub fn announce(addresses: &Addresses) -> anyhow::Result<()> {
    output::line(format_args!("websites  {}", addresses.websites_url()))?;
    output::line(format_args!("admin     {}", addresses.inside_url()))?;
    match &addresses.setup {
        Some(link) => output::line(format_args!("setup     {link}")),
        None => Ok(()),
    }
}

/// The flags as the appliance takes them.
pub fn options(global: &Global, command: &Serve) -> anyhow::Result<run::Options> {
    let bounds = &command.bounds;
    let limits = Limits {
        connections: bounds.max_connections.max(1),
        header_time: Duration::from_secs(bounds.header_timeout.max(1)),
        body_time: Duration::from_secs(bounds.body_timeout.max(1)),
        ..Limits::default()
    };
    let ingest = IngestOptions {
        limits: intake::Limits {
            fields: bounds.max_fields,
            body: bounds.max_body,
            files: bounds.max_files,
            ..intake::Limits::default()
        },
    };
    let admin_tls = command.listeners.certificates.admin();
    if admin_tls.is_some()
        && let Some(url) = &command.admin_url
        && url.starts_with("http://")
    {
        bail!("--admin-url says {url}, but --admin-listen speaks TLS; begin it with https://");
    }
    Ok(run::Options {
        data_dir: workplace::data_dir(global)?,
        listen: command.listeners.listen,
        admin_listen: command.listeners.admin_listen,
        public_url: command.public.public_url.clone(),
        admin_url: command.admin_url.clone(),
        tls: command.listeners.certificates.websites(),
        admin_tls,
        trusted_proxies: command.trusted_proxy.clone(),
        limits,
        ingest,
        delivery: deliver::Options {
            given: deliver::Given {
                country: command.delivery.country.phone_country.clone(),
                profile: workplace::profile(&command.way)?,
            },
            settle: Duration::from_secs_f64(command.delivery.settle),
            portal: workplace::way(&command.way)?,
        },
    })
}
