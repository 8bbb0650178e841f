//! The appliance put together: ordered start, ordered stop. The only place that sees all layers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::deliver::{self, Engine};
use crate::doctor::{LISTENING_SETTING, Listening};
use crate::housekeeping::Housekeeper;
use crate::http::{self, Door, Limits, Tls, TlsFiles, TrustedProxy};
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
    /// Of `listen`; absent: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Of `admin_listen`.
    pub admin_tls: Option<TlsFiles>,
    pub trusted_proxies: Vec<TrustedProxy>,
    pub limits: Limits,
    pub ingest: IngestOptions,
    pub delivery: deliver::Options,
}

/// Where a started bridge is reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Addresses in it have no slash at the end.
    pub listening: Listening,
    /// The one-time link for the first administrator; absent when there is one.
    pub setup: Option<String>,
}

impl Addresses {
    /// The websites' listener itself.
    pub fn websites_url(&self) -> String {
        own_url(self.listening.websites, self.listening.websites_tls)
    }

    /// The administrators' listener itself.
    pub fn inside_url(&self) -> String {
        own_url(self.listening.admin, self.listening.admin_tls)
    }
}

/// Runs until a signal says stop. `started` is called once both listeners take connections.
pub fn run(
    options: Options,
    started: impl FnOnce(&Addresses, &Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(http_threads())
        .enable_all()
        .thread_name("http")
        .build()
        .context("while starting the threads that serve HTTP")?;
    let served = runtime.block_on(serve(options, started));
    // Blocking reads of large bodies that a stop overtook are not waited for: nobody was answered.
    runtime.shutdown_background();
    served
}

/// One processor is left to the thread that commits: while it waits for one, all senders wait. More than a few would
/// only find each other waiting for it.
fn http_threads() -> usize {
    const MOST: usize = 8;
    std::thread::available_parallelism().map_or(1, |all| (all.get() - 1).clamp(1, MOST))
}

async fn serve(
    options: Options,
    started: impl FnOnce(&Addresses, &Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let _lock = ServeLock::take(&options.data_dir)?;
    let store = Store::open(&options.data_dir)
        .with_context(|| format!("while opening the data folder {}", options.data_dir.display()))?;
    let websites = door(options.listen, "--listen", options.tls.clone(), &options).await?;
    let inside = door(
        options.admin_listen,
        "--admin-listen",
        options.admin_tls.clone(),
        &options,
    )
    .await?;
    let mut addresses = addresses(&options, &websites, &inside)?;
    warn_of_open_passwords(&addresses);
    store.put_setting(PUBLIC_URL_SETTING, &addresses.listening.public_url)?;
    store.put_setting(LISTENING_SETTING, &addresses.listening)?;
    store.put_setting(ADMIN_URL_SETTING, &addresses.listening.admin_url)?;
    let mut setup = None;
    if !store.has_accounts()? {
        let (link, path) = setup::Link::make(deliver::now())?;
        addresses.setup = Some(format!("{}{path}", addresses.listening.admin_url));
        setup = Some(link);
    }
    let stop = signals::stop().context("while preparing for signals")?;
    for tls in [&websites.tls, &inside.tls].into_iter().flatten() {
        tokio::spawn(Arc::clone(tls).watch(stop.clone()));
    }

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
        admin_url: addresses.listening.admin_url,
        public_url: addresses.listening.public_url,
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

/// Binds a listener and reads its certificate.
async fn door(
    address: SocketAddr,
    flag: &str,
    tls: Option<TlsFiles>,
    options: &Options,
) -> anyhow::Result<Door> {
    let tls = match tls {
        Some(files) => {
            let opened = Tls::open(files);
            Some(Arc::new(opened.with_context(|| {
                format!("the certificate for {flag} cannot be used")
            })?))
        }
        None => None,
    };
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!(
            "{address} cannot be listened on; another program may have it: choose another address with {flag}"
        )
    })?;
    Ok(Door {
        listener,
        tls,
        trusted: options.trusted_proxies.clone(),
    })
}

fn addresses(options: &Options, websites: &Door, admin: &Door) -> anyhow::Result<Addresses> {
    let own = |door: &Door| {
        let address = door.listener.local_addr();
        address.context("while asking for the listener's address")
    };
    let (websites_at, websites_tls) = (own(websites)?, websites.tls.is_some());
    let (admin_at, admin_tls) = (own(admin)?, admin.tls.is_some());
    Ok(Addresses {
        listening: Listening {
            public_url: url(options.public_url.as_deref(), websites_at, websites_tls),
            admin_url: url(options.admin_url.as_deref(), admin_at, admin_tls),
            websites: websites_at,
            websites_tls,
            admin: admin_at,
            admin_tls,
        },
        setup: None,
    })
}

/// How a listener is reached: as the administrator says, or by its own address.
fn url(said: Option<&str>, listener: SocketAddr, tls: bool) -> String {
    match said {
        Some(url) => url.trim_end_matches('/').to_owned(),
        // 0.0.0.0 is no address that anybody could open.
        None if listener.ip().is_unspecified() => {
            format!("{}://localhost:{}", scheme(tls), listener.port())
        }
        None => own_url(listener, tls),
    }
}

fn own_url(listener: SocketAddr, tls: bool) -> String {
    format!("{}://{listener}", scheme(tls))
}

fn scheme(tls: bool) -> &'static str {
    if tls { "https" } else { "http" }
}

/// Whoever opens the pages to a network without TLS may have a proxy in front; he should know what he does.
fn warn_of_open_passwords(addresses: &Addresses) {
    let at = &addresses.listening;
    if !at.admin.ip().is_loopback() && !at.admin_tls {
        tracing::warn!(
            admin = %at.admin,
            "administrators' passwords cross the network in clear; give --admin-listen a certificate with --admin-tls-cert, or let only a reverse proxy reach it"
        );
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which only a stop brings about.
    let _ = stop.wait_for(|stop| *stop).await;
}
