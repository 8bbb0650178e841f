//! The practice portal: a small Bitrix24 in memory, true to the REST documentation in everything the
//! bridge uses. `b24-bridge demo` delivers into it, and the tests drive the bridge against it.
//!
//! ```text
//! server (HTTP) ─► core: who calls · limits (meter) · faults ─► batch ─► methods ─► world
//!        ├──────► control   /practice/…   switches and figures for scripts
//!        ├──────► page      /             what has arrived, for people; lists of leads and deals
//!        └──────► apps      /oauth/ …     local applications: form, tokens, frame, events
//! ```
//!
//! It behaves as the documentation says and not as is handy: numbers come back as strings, empty maps
//! as lists, unknown fields vanish without a word, and a filter with an empty value finds records
//! that nobody meant. Where portals in the field are known to do what no page tells, the code says so.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::model::Secret;

mod apps;
mod batch;
mod bb;
mod clock;
mod control;
mod core;
mod crm_pages;
mod faults;
mod filter;
mod layout;
mod listing;
mod meter;
mod methods;
mod offline;
mod page;
mod page_text;
mod php;
mod schema;
mod seed;
mod server;
mod shown;
mod stats;
mod table;
mod values;
mod visitor;
mod world;

#[cfg(test)]
mod tests;

pub use apps::{AppForm, AppKeys, Application, Apps, EventHandler, Lifetimes, Sent, Site, TokenPair};
pub use faults::{Fault, Faults, Only};
pub use meter::{Meter, Profile};
pub use offline::Meddling;
pub use schema::Kind;
pub use stats::{LogEntry, Stats};
pub use table::{Binding, Multi, Record, Table};
pub use world::{Kin, Notification, Person, Placement, Required, Settings, Status, Token, World};

/// Threads that serve the portal: enough for parallel batches, few enough for a laptop.
const THREADS: usize = 2;

/// How long a port may take to open again.
const PORT_PATIENCE: Duration = Duration::from_secs(10);

/// How a practice portal starts. Everything else is changed while it runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    pub webhook_code: Secret,
    /// The owner of the webhook, and the responsible where nobody else is named.
    pub user_id: u64,
    pub profile: Profile,
}

impl Default for Options {
    /// A box portal on any free loopback port, with the webhook of user 1.
    fn default() -> Options {
        Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            webhook_code: Secret::new("practice0webhook"),
            user_id: 1,
            profile: Profile::Box,
        }
    }
}

/// A running practice portal. Dropping it stops it.
pub struct PracticePortal {
    core: Arc<core::Core>,
    address: SocketAddr,
    duty: watch::Sender<server::Duty>,
    listening: watch::Receiver<bool>,
    /// There until the portal is dropped.
    runtime: Option<Arc<tokio::runtime::Runtime>>,
    accepting: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for PracticePortal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PracticePortal")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl PracticePortal {
    /// Starts a portal on threads of its own; it answers as soon as this returns.
    pub fn start(options: Options) -> io::Result<PracticePortal> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("practice-portal")
            .enable_all()
            .build()?;
        let runtime = Arc::new(runtime);
        // Blocking on the runtime is forbidden inside another one, and a test may well be in one.
        let listener = std::net::TcpListener::bind(options.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let mut world = World::new(options.user_id);
        let site = apps::Site {
            domain: address.to_string(),
            oauth_domain: address.to_string(),
            language: "ru".to_owned(),
            ..apps::Site::default()
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        world.apps = apps::Apps::new(site, seed);
        let core = Arc::new(core::Core {
            user_id: options.user_id,
            webhook_code: options.webhook_code,
            world: Mutex::new(world),
            faults: Faults::default(),
            oauth_faults: Faults::default(),
            meter: Mutex::new(Meter::new(options.profile)),
            stats: Mutex::default(),
        });
        let (duty, duty_seen) = watch::channel(server::Duty::Listen);
        let (listening_now, listening) = watch::channel(true);
        let (own_core, own_runtime) = (core.clone(), runtime.clone());
        let accepting = std::thread::Builder::new()
            .name("practice-accept".to_owned())
            .spawn(move || {
                own_runtime.block_on(async {
                    // The listener must be handed to tokio inside its runtime.
                    if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                        server::run(own_core, listener, address, duty_seen, listening_now).await;
                    }
                });
            })?;
        Ok(PracticePortal {
            core,
            address,
            duty,
            listening,
            runtime: Some(runtime),
            accepting: Some(accepting),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:PORT/rest/1/code/`. It is a secret as a whole.
    pub fn webhook_url(&self) -> String {
        let code = self.core.webhook_code.reveal();
        format!("{}/rest/{}/{code}/", self.base_url(), self.core.user_id)
    }

    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// What was asked so far, as a copy.
    pub fn stats(&self) -> Stats {
        core::lock(&self.core.stats).clone()
    }

    /// Starts counting from nothing.
    pub fn reset_stats(&self) {
        *core::lock(&self.core.stats) = Stats::default();
    }

    /// Looks into the portal or changes it. Requests wait meanwhile.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut core::lock(&self.core.world))
    }

    /// Changes the limits.
    pub fn meter<T>(&self, change: impl FnOnce(&mut Meter) -> T) -> T {
        change(&mut core::lock(&self.core.meter))
    }

    /// Closes the port: connections are refused by the system, and those that idle are closed. Returns
    /// when the port is closed.
    pub fn stop_listening(&self) {
        self.set_listening(false);
        self.core.faults.hang_up_now();
    }

    /// Opens the same port again. Returns when it is open, or fails when something else has taken it.
    pub fn listen_again(&self) -> io::Result<()> {
        if self.set_listening(true) {
            return Ok(());
        }
        let text = format!(
            "the practice portal cannot listen on {} again: the port is taken",
            self.address
        );
        Err(io::Error::new(io::ErrorKind::AddrInUse, text))
    }

    /// Whether it came to be so in time.
    fn set_listening(&self, wanted: bool) -> bool {
        let duty = if wanted {
            server::Duty::Listen
        } else {
            server::Duty::Rest
        };
        self.duty.send_replace(duty);
        let mut listening = self.listening.clone();
        // Waited for on a thread of its own: the caller may be inside a runtime.
        let Some(runtime) = self.runtime.clone() else {
            return false;
        };
        let waiting = std::thread::spawn(move || {
            runtime.block_on(async {
                let seen = listening.wait_for(|now| *now == wanted);
                matches!(tokio::time::timeout(PORT_PATIENCE, seen).await, Ok(Ok(_)))
            })
        });
        waiting.join().unwrap_or(false)
    }
}

impl Drop for PracticePortal {
    fn drop(&mut self) {
        self.duty.send_replace(server::Duty::Stop);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        // Waiting for the runtime's end is forbidden inside another runtime, and a test may be in one.
        if let Some(runtime) = self.runtime.take().and_then(Arc::into_inner) {
            runtime.shutdown_background();
        }
    }
}
