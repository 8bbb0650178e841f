//! The appliance put together: ordered start, ordered stop. The only place that sees all layers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::deliver::{self, Engine};
use crate::housekeeping::Housekeeper;
use crate::http::{self, Limits};
use crate::signals;
use crate::store::{ServeLock, Store};
use crate::web::admin::{self, Site, SiteOptions, setup};
use crate::web::ingest::{self, Ingest, IngestOptions};

/// The setting under which the address is kept that websites know the bridge by, for the command line.
pub const PUBLIC_URL_SETTING: &str = "public_url";

/// The setting under which the address is kept that browsers know the administrators' listener by.
pub const ADMIN_URL_SETTING: &str = "admin_url";

/// What `serve` was told.
#[derive(Debug, Clone)]
pub struct Options {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    pub public_url: Option<String>,
    pub admin_url: Option<String>,
    pub limits: Limits,
    pub ingest: IngestOptions,
    pub delivery: deliver::Options,
}

/// Where a started bridge is reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub websites: SocketAddr,
    pub admin: SocketAddr,
    /// Without a slash at the end.
    pub public_url: String,
    /// Without a slash at the end.
    pub admin_url: String,
    /// The one-time link for the first administrator; absent when there is one.
    pub setup: Option<String>,
}

/// Runs until a signal says stop. `started` is called once both listeners take connections.
pub fn run(
    options: Options,
    started: impl FnOnce(&Addresses, &Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("http")
        .build()
        .context("while starting the threads that serve HTTP")?;
    let served = runtime.block_on(serve(options, started));
    // Blocking reads of large bodies that a stop overtook are not waited for: nobody was answered.
    runtime.shutdown_background();
    served
}

async fn serve(
    options: Options,
    started: impl FnOnce(&Addresses, &Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let _lock = ServeLock::take(&options.data_dir)?;
    let store = Store::open(&options.data_dir)
        .with_context(|| format!("while opening the data folder {}", options.data_dir.display()))?;
    let websites = bind(options.listen, "--listen").await?;
    let inside = bind(options.admin_listen, "--admin-listen").await?;
    let mut addresses = addresses(&options, &websites, &inside)?;
    store.put_setting(PUBLIC_URL_SETTING, &addresses.public_url)?;
    store.put_setting(ADMIN_URL_SETTING, &addresses.admin_url)?;
    let mut setup = None;
    if !store.has_accounts()? {
        let (link, path) = setup::Link::make(deliver::now())?;
        addresses.setup = Some(format!("{}{path}", addresses.admin_url));
        setup = Some(link);
    }
    let stop = signals::stop().context("while preparing for signals")?;

    let shared = Arc::new(Ingest::new(store.clone(), options.ingest.clone()));
    let ingest_handler = Arc::new(move |request| ingest::handle(request, Arc::clone(&shared)));
    let public = tokio::spawn(http::serve(
        websites,
        options.limits.clone(),
        stop.clone(),
        ingest_handler,
    ));
    started(&addresses, &store)?;

    // Delivery starts after the doors are open: a website does not wait for the portal.
    let engine = Arc::new(Engine::start(store.clone(), options.delivery.clone())?);
    let housekeeper = Housekeeper::start(store.clone())?;
    let site = SiteOptions {
        admin_url: addresses.admin_url,
        public_url: addresses.public_url,
        setup,
        zone: TimeZone::system(),
    };
    let site = Arc::new(Site::new(store.clone(), Arc::clone(&engine), site));
    let admin_handler = Arc::new(move |request| admin::handle(request, Arc::clone(&site), deliver::now()));
    let inside = tokio::spawn(http::serve(
        inside,
        options.limits.clone(),
        stop.clone(),
        admin_handler,
    ));
    stopped(stop).await;
    // First the doors, then the delivery, then the store: nothing is answered that is not stored.
    let (public, inside) = (public.await, inside.await);
    let ended = tokio::task::spawn_blocking(move || {
        engine.stop();
        housekeeper.stop();
        store.close();
    })
    .await;
    public.and(inside).and(ended).context("while stopping")
}

/// The address, when nobody has it; any free port beside it otherwise.
pub fn this_or_free(address: SocketAddr) -> SocketAddr {
    match std::net::TcpListener::bind(address) {
        Ok(_) => address,
        Err(_) => SocketAddr::new(address.ip(), 0),
    }
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "{address} cannot be listened on; another program may have it: choose another address with {flag}"
        )
    })
}

fn addresses(options: &Options, websites: &TcpListener, admin: &TcpListener) -> anyhow::Result<Addresses> {
    let websites = websites
        .local_addr()
        .context("while asking for the listener's address")?;
    let admin = admin
        .local_addr()
        .context("while asking for the listener's address")?;
    Ok(Addresses {
        websites,
        admin,
        public_url: url(options.public_url.as_deref(), websites),
        admin_url: url(options.admin_url.as_deref(), admin),
        setup: None,
    })
}

/// How a listener is reached: as the administrator says, or by its own address.
fn url(said: Option<&str>, listener: SocketAddr) -> String {
    match said {
        Some(url) => url.trim_end_matches('/').to_owned(),
        // 0.0.0.0 is no address that anybody could open.
        None if listener.ip().is_unspecified() => format!("http://localhost:{}", listener.port()),
        None => format!("http://{listener}"),
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which only a stop brings about.
    let _ = stop.wait_for(|stop| *stop).await;
}
