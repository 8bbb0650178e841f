//! Where a command works: the data folder, the store in it, and the way to the portal.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use super::args::{AdminUrl, Country, Global, LogFormat, LogLevel, PortalProfile, PublicUrl, Way};
use crate::deliver::{self, CONNECTION_CREDENTIAL, Conditions, Given, Preferences};
use crate::logging;
use crate::model::Secret;
use crate::portal::{self, Connection, Portal};
use crate::run::{ADMIN_URL_SETTING, PUBLIC_URL_SETTING};
use crate::store::Store;
use crate::throttle::Profile;

/// The folder in which everything is kept.
pub fn data_dir(global: &Global) -> anyhow::Result<PathBuf> {
    if let Some(dir) = &global.data_dir {
        return Ok(dir.clone());
    }
    let dirs = directories::ProjectDirs::from("", "", "b24-bridge")
        .ok_or_else(|| anyhow!("this user has no home folder; name a folder with --data-dir"))?;
    Ok(dirs.data_dir().to_owned())
}

/// Opens the store; makes it when there is none.
pub fn store(global: &Global) -> anyhow::Result<Store> {
    let dir = data_dir(global)?;
    Store::open(&dir).with_context(|| format!("while opening the data folder {}", dir.display()))
}

/// Starts the log of a command that runs for long.
pub fn log(global: &Global) {
    let format = match global.log_format {
        LogFormat::Text => logging::Format::Text,
        LogFormat::Json => logging::Format::Json,
    };
    let level = match global.log_level {
        LogLevel::Error => logging::LevelFilter::ERROR,
        LogLevel::Warn => logging::LevelFilter::WARN,
        LogLevel::Info => logging::LevelFilter::INFO,
        LogLevel::Debug => logging::LevelFilter::DEBUG,
        LogLevel::Trace => logging::LevelFilter::TRACE,
    };
    // A second start in one process keeps the first log.
    let _ = logging::init(format, level);
}

/// The portal's limits as the flags say; absent when they say nothing.
pub fn profile(way: &Way) -> anyhow::Result<Option<Profile>> {
    Ok(match (way.portal_profile, way.portal_rate) {
        (None, None) => None,
        (Some(PortalProfile::Box) | None, per_second) => Some(Profile::Box { per_second }),
        (_, Some(_)) => {
            bail!("--portal-rate goes with --portal-profile box; the others have the rate of their plan")
        }
        (Some(PortalProfile::Cloud), None) => Some(Profile::Cloud),
        (Some(PortalProfile::Enterprise), None) => Some(Profile::Enterprise),
    })
}

/// What the flags say and what was set on the page, put together as `serve` does.
pub fn conditions(store: &Store, way: &Way, country: Option<&Country>) -> anyhow::Result<Conditions> {
    let options = deliver::Options {
        given: Given {
            country: country.and_then(|country| country.phone_country.clone()),
            profile: profile(way)?,
        },
        settle: Duration::ZERO,
        portal: self::way(way)?,
    };
    Ok(Conditions::new(&options, &Preferences::read(store)?))
}

/// How the portal is called, from the flags, limits apart.
pub fn way(way: &Way) -> anyhow::Result<portal::Options> {
    let ca_pem = match &way.portal_ca {
        Some(file) => Some(std::fs::read(file).with_context(|| {
            format!(
                "the file of certificate authorities {} cannot be read; check --portal-ca",
                file.display()
            )
        })?),
        None => None,
    };
    let options = portal::Options {
        whole_timeout: Duration::from_secs(way.portal_timeout.max(1)),
        ca_pem,
        outbound_ip: way.outbound_ip,
        resolve: way.portal_resolve.clone(),
        proxy: way.portal_proxy.clone().map(Secret::new),
        oauth_url: way.oauth_url.clone(),
        ..portal::Options::default()
    };
    check_proxy(way.portal_proxy.as_deref(), &options)?;
    Ok(options)
}

/// Not by the reader of flags, whose error would repeat the address, and the password in it.
fn check_proxy(said: Option<&str>, options: &portal::Options) -> anyhow::Result<()> {
    let is_good = said.is_none_or(|url| url.starts_with("http://")) && portal::gateway(options).is_ok();
    if is_good {
        return Ok(());
    }
    bail!(
        "--portal-proxy is no address of a proxy; write http://host:port, or http://user:password@host:port"
    )
}

/// The stored connection, opened.
pub fn portal(store: &Store, options: &portal::Options) -> anyhow::Result<Portal> {
    let connection: Option<Connection> = store.credential(CONNECTION_CREDENTIAL)?;
    let Some(connection) = connection else {
        if deliver::app::keys(store)?.is_some() {
            bail!(
                "the application is not installed yet, or not connected any more; open it in the portal, `b24-bridge portal show` tells what its form must say"
            );
        }
        bail!(
            "no portal is connected; connect one with `b24-bridge portal connect --webhook URL`, or with --app"
        );
    };
    Ok(deliver::open(store, connection, options)?)
}

/// The address that websites know the bridge by: the flag, what the last server noted, or the default listener.
pub fn public_url(store: &Store, flag: &PublicUrl) -> anyhow::Result<String> {
    let noted: Option<String> = store.setting(PUBLIC_URL_SETTING)?;
    let url = flag
        .public_url
        .clone()
        .or(noted)
        .unwrap_or_else(|| "http://localhost:8080".to_owned());
    Ok(url.trim_end_matches('/').to_owned())
}

/// The address that browsers know the administrators' listener by: the flag, what the last server noted, or the default
/// listener.
pub fn admin_url(store: &Store, flag: &AdminUrl) -> anyhow::Result<String> {
    let noted: Option<String> = store.setting(ADMIN_URL_SETTING)?;
    Ok(flag
        .admin_url
        .clone()
        .or(noted)
        .unwrap_or_else(|| "http://localhost:8081".to_owned()))
}

/// A channel's address.
pub fn address(public_url: &str, slug: &str) -> String {
    format!("{public_url}/in/{slug}")
}
