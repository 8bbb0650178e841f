//! The engine: its threads, what they share, how they start and stop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::board::Board;
use super::clock::now;
use super::keeper::{self, Health, Weather};
use super::preferences::{Conditions, Given, Preferences};
use super::task::Task;
use super::{connect, feed, tokens, turn};
use crate::model::{Catalog, Millis};
use crate::portal::{self, Connection, Portal};
use crate::store::{Store, StoreError};

/// Batches under way at once. A cloud portal grants two requests a second and takes a second or two over fifty
/// commands; more than four would only queue up inside the portal's PHP.
const SENDERS: usize = 4;
/// The stored setting under which the last catalogue is kept, so that a start without a portal knows its fields.
pub const CATALOG_SETTING: &str = "catalog";
/// The stored credential that says how the portal is reached.
pub const CONNECTION_CREDENTIAL: &str = "connection";

/// How soon a thread that met a bug begins again.
const AFTER_BUG: Duration = Duration::from_secs(1);

/// What the shell decides.
#[derive(Debug, Clone)]
pub struct Options {
    /// What was said at start and no preference changes.
    pub given: Given,
    /// How long the portal may still be working on a call whose answer was lost.
    pub settle: Duration,
    /// How the portal is called; its profile is that of `given` or of the preferences.
    pub portal: portal::Options,
}

/// What the engine's threads share.
pub struct Shared {
    pub store: Store,
    options: Options,
    conditions: ArcSwap<Conditions>,
    /// When this run of the program began.
    pub started: Millis,
    inner: Mutex<Inner>,
    /// Rung whenever a waiting thread may have something to do.
    bell: Condvar,
    portal: ArcSwapOption<Portal>,
    catalog: ArcSwapOption<Catalog>,
    /// Held by the one sender that is choosing what goes into the next batch.
    pub choosing: Mutex<()>,
}

struct Inner {
    board: Board<Task>,
    health: Health,
    /// Counts rings of the bell, so that none is missed between a look and a wait.
    rings: u64,
    /// Counts portals that were opened: what was rendered and read for one says nothing to the next.
    portals: u64,
    /// Batches that were sent and have not come home.
    under_way: usize,
    stop: bool,
}

/// A running engine. Dropping it stops it.
pub struct Engine {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Engine {
    /// Starts feeding, keeping and sending on threads of their own.
    pub fn start(store: Store, options: Options) -> Result<Engine, StoreError> {
        let catalog: Option<Catalog> = store.setting(CATALOG_SETTING)?;
        let conditions = Conditions::new(&options, &Preferences::read(&store)?);
        let shared = Arc::new(Shared {
            store,
            options,
            conditions: ArcSwap::from_pointee(conditions),
            started: now(),
            inner: Mutex::new(Inner {
                board: Board::default(),
                health: Health::default(),
                rings: 0,
                portals: 0,
                under_way: 0,
                stop: false,
            }),
            bell: Condvar::new(),
            portal: ArcSwapOption::empty(),
            catalog: ArcSwapOption::from(catalog.map(Arc::new)),
            choosing: Mutex::new(()),
        });
        let engine = Engine {
            shared,
            threads: Mutex::default(),
        };
        engine.spawn("keeper", keeper::keep)?;
        engine.spawn("feeder", feed::feed)?;
        for _ in 0..SENDERS {
            engine.spawn("sender", turn::send)?;
        }
        Ok(engine)
    }

    fn spawn(&self, name: &str, work: fn(&Shared)) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || live_on(&shared, work))
            .map_err(|error| StoreError::Refused(format!("cannot start a thread: {error}")))?;
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(thread);
        Ok(())
    }

    /// What is known of the way to the portal.
    pub fn weather(&self) -> Weather {
        self.shared.health().weather.clone()
    }

    /// Whether the portal does not accept the connection's right.
    pub fn is_refused(&self) -> bool {
        self.shared.health().is_refused()
    }

    /// What is known of the portal; when nobody has looked for long, it is read anew for the next look.
    pub fn catalog(&self) -> Option<Arc<Catalog>> {
        self.shared.wake();
        self.shared.catalog()
    }

    pub fn portal(&self) -> Option<Arc<Portal>> {
        self.shared.portal()
    }

    /// What delivery works by at the moment.
    pub fn conditions(&self) -> Arc<Conditions> {
        self.shared.conditions()
    }

    /// What was said at start and no preference changes.
    pub fn given(&self) -> &Given {
        &self.shared.options.given
    }

    /// Takes over a catalogue that somebody else has read.
    pub fn take_catalog(&self, catalog: Catalog) {
        keeper::keep_catalog(&self.shared, catalog);
        self.shared.news();
    }

    /// Settings were changed: they are taken up now and not within a second.
    pub fn look_again(&self) {
        self.shared.news();
    }

    /// Asks the threads to stop and waits until batches under way have come home. What is stopped
    /// twice stays stopped.
    pub fn stop(&self) {
        self.shared.lock().stop = true;
        self.shared.news();
        self.shared.store.changes().nudge();
        if let Some(portal) = self.shared.portal() {
            portal.stop();
        }
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a delivery thread ended in a panic");
            }
        }
    }
}

/// Works until the engine stops. A bug that ends the work must not end delivery, which nobody would notice: it begins
/// again.
fn live_on(shared: &Shared, work: fn(&Shared)) {
    while !shared.stopping() {
        // Unwind safety: the board's own methods leave it whole, and what was taken from it is given back (`turn`).
        if catch_unwind(AssertUnwindSafe(|| work(shared))).is_err() {
            tracing::error!("a delivery thread met a bug; it begins again");
            shared.wait_for_news(AFTER_BUG);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves counters and sets that are valid in themselves.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stopping(&self) -> bool {
        self.lock().stop
    }

    /// Wakes every thread that waits.
    pub fn news(&self) {
        self.lock().rings += 1;
        self.bell.notify_all();
    }

    /// Waits for the bell, at most `most`.
    pub fn wait_for_news(&self, most: Duration) {
        let inner = self.lock();
        let rings = inner.rings;
        if !inner.stop && !most.is_zero() {
            drop(
                self.bell
                    .wait_timeout_while(inner, most, |inner| inner.rings == rings && !inner.stop),
            );
        }
    }

    /// There is work: a catalogue that has been left to grow old is read again.
    pub fn wake(&self) {
        let was_resting = {
            let mut health = self.health();
            let is_resting = health.is_resting();
            if is_resting {
                health.want_catalog(now());
            }
            is_resting
        };
        if was_resting {
            self.news();
        }
    }

    /// How many portals were opened so far.
    pub fn portals(&self) -> u64 {
        self.lock().portals
    }

    /// Looks at the board without waking anybody.
    pub fn look_at_board<R>(&self, look: impl FnOnce(&Board<Task>) -> R) -> R {
        look(&self.lock().board)
    }

    /// Works on the board, then wakes whoever waits for it.
    pub fn on_board<R>(&self, work: impl FnOnce(&mut Board<Task>) -> R) -> R {
        let result = {
            let mut inner = self.lock();
            inner.rings += 1;
            work(&mut inner.board)
        };
        self.bell.notify_all();
        result
    }

    /// Waits until a job may go and the portal may be called; false when the engine stops.
    pub fn wait_for_work(&self) -> bool {
        /// Nothing is due: the bell rings when something comes.
        const IDLE: Duration = Duration::from_secs(60);
        let mut inner = self.lock();
        loop {
            if inner.stop {
                return false;
            }
            let at = now();
            let wait = match inner.board.next_due(at) {
                Some(due) if due <= at && inner.health.may_send() => return true,
                Some(due) if due > at => due.since(at).min(IDLE),
                _ => IDLE,
            };
            inner = self
                .bell
                .wait_timeout(inner, wait)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Whether a job may go and the portal may be called, right now.
    pub fn has_work(&self) -> bool {
        let inner = self.lock();
        let at = now();
        !inner.stop && inner.health.may_send() && inner.board.next_due(at).is_some_and(|due| due <= at)
    }

    /// Whether the portal grants so many requests and no more, so that each should carry all it can.
    pub fn is_metered(&self) -> bool {
        self.conditions().portal.profile != portal::Profile::Box { per_second: None }
    }

    pub fn under_way(&self) -> usize {
        self.lock().under_way
    }

    /// A batch is about to be chosen and sent: counted until the answer is dropped.
    pub fn set_out(&self) -> UnderWay<'_> {
        self.lock().under_way += 1;
        UnderWay(self)
    }

    /// The health, locked: hold it briefly.
    pub fn health(&self) -> HealthGuard<'_> {
        HealthGuard(self.lock())
    }

    pub fn portal(&self) -> Option<Arc<Portal>> {
        self.portal.load_full()
    }

    pub fn catalog(&self) -> Option<Arc<Catalog>> {
        self.catalog.load_full()
    }

    pub fn set_catalog(&self, catalog: Arc<Catalog>) {
        self.catalog.store(Some(catalog));
    }

    pub fn save_catalog(&self, catalog: &Catalog) -> Result<(), StoreError> {
        self.store.put_setting(CATALOG_SETTING, catalog)
    }

    /// A renamed portal told its new address on the way: it is kept, so that the old one may go.
    // b24: settings/how-to-call-rest-api/change-domen.md
    pub fn note_new_address(&self, portal: &Portal) {
        let known = portal.connection();
        if known == *portal.opened_with() {
            return;
        }
        let kept = self.store.credential::<Connection>(CONNECTION_CREDENTIAL);
        if let Ok(Some(kept)) = kept
            && kept == *portal.opened_with()
            && let Err(error) = connect::moved(&self.store, &known)
        {
            tracing::warn!(%error, "the portal's new address could not be stored");
        }
    }

    /// What delivery works by at the moment.
    pub fn conditions(&self) -> Arc<Conditions> {
        self.conditions.load_full()
    }

    /// Takes up what changed in the settings.
    pub fn take_up_settings(&self) {
        let before = self.conditions();
        let after = match Preferences::read(&self.store) {
            Ok(preferences) => Conditions::new(&self.options, &preferences),
            Err(error) => {
                tracing::error!(%error, "the settings cannot be read; those known so far go on");
                Conditions::clone(&before)
            }
        };
        let is_same = before.is_like(&after);
        let is_same_pace = before.portal.profile == after.portal.profile;
        if !is_same {
            self.conditions.store(Arc::new(after));
        }
        self.reopen_portal(is_same_pace);
        if self.portal().is_some_and(|portal| portal.look_for_tokens()) {
            self.health().tokens_may_have_come();
        }
        if !is_same {
            // The feeder renders anew what waits.
            self.store.changes().nudge();
        }
    }

    /// Opens the portal anew when the stored connection changed, or the pace at which it may be called.
    fn reopen_portal(&self, is_same_pace: bool) {
        let connection: Option<Connection> = match self.store.credential(CONNECTION_CREDENTIAL) {
            Ok(connection) => connection,
            Err(error) => {
                tracing::error!(%error, "the stored connection to the portal cannot be read");
                return;
            }
        };
        let had = self.portal();
        let is_same_portal = had.as_ref().map(|portal| portal.connection()) == connection;
        if is_same_portal && (is_same_pace || connection.is_none()) {
            if connection.is_none() {
                self.health().weather = Weather::NoPortal;
            }
            return;
        }
        let opened = connection.and_then(|connection| {
            match tokens::open(&self.store, connection, &self.conditions().portal) {
                Ok(portal) => Some(Arc::new(portal)),
                Err(error) => {
                    tracing::error!(%error, "the portal cannot be opened");
                    None
                }
            }
        });
        if is_same_portal && opened.is_some() {
            // Only faster or slower: what is known of it stays. Who waits for the old one's turn still gets it.
            self.portal.store(opened);
            self.news();
            return;
        }
        let weather = if opened.is_some() {
            Weather::Unknown
        } else {
            Weather::NoPortal
        };
        if had.is_some() {
            // Another portal has other fields.
            self.catalog.store(None);
        }
        self.portal.store(opened);
        {
            let mut inner = self.lock();
            inner.health = Health::starting(weather);
            inner.portals += 1;
        }
        self.news();
        self.store.changes().nudge();
    }

    /// The moment, for the engine's other rooms.
    pub fn now(&self) -> Millis {
        now()
    }
}

/// A batch under way.
pub struct UnderWay<'a>(&'a Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
        self.0.news();
    }
}

/// A lock on the health alone.
pub struct HealthGuard<'a>(MutexGuard<'a, Inner>);

impl std::ops::Deref for HealthGuard<'_> {
    type Target = Health;
    fn deref(&self) -> &Health {
        &self.0.health
    }
}

impl std::ops::DerefMut for HealthGuard<'_> {
    fn deref_mut(&mut self) -> &mut Health {
        &mut self.0.health
    }
}

#[cfg(test)]
mod board_tests;
#[cfg(test)]
mod idle_tests;
