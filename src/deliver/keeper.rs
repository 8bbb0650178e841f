//! Is the portal there? The keeper opens the connection, reads the catalogue, and while the portal is out of reach
//! probes it with growing pauses, so that not every submission has to find out for itself.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::app;
use super::board::Board;
use super::clock::now;
use super::engine::Shared;
use crate::model::{Catalog, Millis, Trouble, TroubleKind};
use crate::portal::Portal;

/// The contract: the catalogue is read again at least every ten minutes.
const CATALOG_AGE: Duration = Duration::from_secs(10 * 60);
/// A wish for a fresh catalogue is granted at most this often.
const CATALOG_LEAST_AGE: Duration = Duration::from_secs(5);
const FIRST_PROBE: Duration = Duration::from_millis(500);
/// One probe a minute at most when the portal stays away.
const LONGEST_PROBE: Duration = Duration::from_secs(60);
/// A block by hand (OVERLOAD_LIMIT) is not to be hammered.
const OVERLOAD_PROBE: Duration = Duration::from_secs(10 * 60);
/// How often the age of an application's refresh token is looked at.
const REFRESH_LOOK: Duration = Duration::from_secs(24 * 3600);
/// The keeper looks up at least this often, to notice a stop.
const LOOK_UP: Duration = Duration::from_secs(1);

/// What the keeper knows of the way to the portal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Weather {
    /// No portal is connected: submissions are stored and wait.
    NoPortal,
    /// Connected, not yet heard of.
    Unknown,
    Up {
        round_trip_ms: u64,
    },
    Down {
        since: Millis,
        reason: String,
    },
}

/// Shared by the engine's threads.
#[derive(Debug)]
pub struct Health {
    pub weather: Weather,
    /// While down: what was the matter last, when the next probe is due, and the pause after it.
    hindrance: Option<TroubleKind>,
    next_probe: Millis,
    pause: Duration,
    /// Somebody met a field or label that the catalogue does not know.
    wants_catalog_since: Option<Millis>,
    /// The catalogue is older than it should be, and stays so until there is work for it.
    is_resting: bool,
}

impl Default for Health {
    fn default() -> Self {
        Health {
            weather: Weather::Unknown,
            hindrance: None,
            next_probe: Millis(0),
            pause: FIRST_PROBE,
            wants_catalog_since: None,
            is_resting: false,
        }
    }
}

impl Health {
    /// Nothing is known yet but whether there is a portal.
    pub fn starting(weather: Weather) -> Health {
        Health {
            weather,
            ..Health::default()
        }
    }

    /// Whether calls may be sent.
    pub fn may_send(&self) -> bool {
        matches!(self.weather, Weather::Up { .. }) && !self.is_resting
    }

    /// Whether the catalogue has been left to grow old: it is read again before anything is rendered by it.
    pub fn is_resting(&self) -> bool {
        self.is_resting
    }

    /// A call met trouble that is not its own.
    pub fn trouble(&mut self, trouble: &Trouble, now: Millis) {
        let since = match &self.weather {
            Weather::Down { since, .. } => *since,
            _ => now,
        };
        if !matches!(self.weather, Weather::Down { .. }) {
            self.pause = FIRST_PROBE;
            tracing::warn!(reason = %trouble.text, "the portal is out of reach; submissions are stored and wait");
        } else {
            self.pause = (self.pause * 2).min(LONGEST_PROBE);
        }
        match trouble.kind {
            TroubleKind::Overload => self.pause = OVERLOAD_PROBE,
            // Nobody is asked with dead tokens: this probe ends at the store, where new ones may stand at any moment.
            TroubleKind::AuthorizationLost => self.pause = LOOK_UP,
            _ => {}
        }
        self.hindrance = Some(trouble.kind);
        self.next_probe = trouble.not_before.unwrap_or_default().max(now + self.pause);
        self.weather = Weather::Down {
            since,
            reason: trouble.text.clone(),
        };
    }

    pub fn up(&mut self, round_trip: Duration) {
        if matches!(self.weather, Weather::Down { .. }) {
            tracing::info!("the portal answers again");
        }
        self.pause = FIRST_PROBE;
        self.weather = Weather::Up {
            round_trip_ms: u64::try_from(round_trip.as_millis()).unwrap_or(u64::MAX),
        };
    }

    /// The portal does not accept the connection's right, and will not until somebody mends it.
    pub fn is_refused(&self) -> bool {
        matches!(self.weather, Weather::Down { .. }) && self.hindrance == Some(TroubleKind::ConnectionRefused)
    }

    /// Tokens may have been stored: what hindered for want of them is tried anew at once.
    pub fn tokens_may_have_come(&mut self) {
        let is_by_tokens = matches!(
            self.hindrance,
            Some(
                TroubleKind::Unreachable
                    | TroubleKind::TokenExpired
                    | TroubleKind::AuthorizationLost
                    | TroubleKind::ConnectionRefused
            )
        );
        if matches!(self.weather, Weather::Down { .. }) && is_by_tokens {
            self.pause = FIRST_PROBE;
            self.next_probe = Millis(0);
        }
    }

    /// Asks for a catalogue younger than `now`.
    pub fn want_catalog(&mut self, now: Millis) {
        self.wants_catalog_since.get_or_insert(now);
    }
}

/// The keeper's thread.
pub fn keep(shared: &Shared) {
    let mut seen_settings = None;
    let mut refresh_token = RefreshToken::default();
    while !shared.stopping() {
        let settings = shared.store.changes().now().settings;
        if seen_settings != Some(settings) {
            seen_settings = Some(settings);
            shared.take_up_settings();
        }
        let wait = match shared.portal() {
            Some(portal) => {
                refresh_token.look_after(shared, &portal);
                look_after(shared, &portal)
            }
            None => LOOK_UP,
        };
        shared.wait_for_news(wait.min(LOOK_UP));
    }
}

/// One look: reads the catalogue when it is due, or probes. Returns how long nothing is due.
fn look_after(shared: &Shared, portal: &Arc<Portal>) -> Duration {
    let at = now();
    let (down, next_probe, wanted) = {
        let health = shared.health();
        (
            matches!(health.weather, Weather::Down { .. }),
            health.next_probe,
            health.wants_catalog_since,
        )
    };
    if down {
        if at < next_probe {
            return next_probe.since(at);
        }
        if !probe(shared, portal) {
            return Duration::ZERO;
        }
    }
    shared.note_new_address(portal);
    let age = shared.catalog().map(|catalog| at.since(catalog.taken_at));
    let due = match age {
        None => true,
        Some(age) => age >= CATALOG_AGE || (wanted.is_some() && age >= CATALOG_LEAST_AGE),
    };
    let rests = due && wanted.is_none() && age.is_some() && may_rest(shared, portal);
    if rests || !due {
        // Not due: somebody else has read it.
        shared.health().is_resting = rests;
    }
    if !rests && (due || !shared.health().may_send()) {
        read_catalog(shared, portal, due);
    }
    LOOK_UP
}

/// A bridge that has nothing to do would cause a renewal of the application's tokens every hour, only to keep a list of
/// fields young that nobody looks at: a schedule, which the authorization server may block. The list is read when
/// there is work again, before anything is rendered by it, or when somebody looks at it.
// b24: settings/oauth/auto-renewal.md
fn may_rest(shared: &Shared, portal: &Portal) -> bool {
    let is_up = matches!(shared.health().weather, Weather::Up { .. });
    is_up && shared.look_at_board(Board::len) == 0 && portal.token_has_ended()
}

/// Watches the age of an application's refresh token.
#[derive(Default)]
struct RefreshToken {
    /// Not looked at before.
    next_look: Millis,
}

impl RefreshToken {
    fn look_after(&mut self, shared: &Shared, portal: &Portal) {
        let at = now();
        if at < self.next_look {
            return;
        }
        self.next_look = at + REFRESH_LOOK;
        let Err(trouble) = app::refresh_before_it_ends(portal) else {
            return;
        };
        if trouble.kind != TroubleKind::AuthorizationLost {
            let ends = app::installation(&shared.store).ok().flatten();
            let ends = ends.map(|installation| installation.tokens.refresh_until.to_string());
            tracing::warn!(
                reason = %trouble.text, ends = ends.as_deref().unwrap_or("soon"),
                "the application's refresh token ends soon and could not be renewed; open the application in the portal before it does"
            );
        }
    }
}

/// One cheap call.
fn probe(shared: &Shared, portal: &Portal) -> bool {
    let started = std::time::Instant::now();
    match app::probe(portal) {
        Ok(()) => {
            shared.health().up(started.elapsed());
            shared.news();
            true
        }
        Err(trouble) => {
            shared.health().trouble(&trouble, now());
            false
        }
    }
}

fn read_catalog(shared: &Shared, portal: &Portal, due: bool) {
    if !due {
        probe(shared, portal);
        return;
    }
    let started = std::time::Instant::now();
    match portal.read_catalog(now()) {
        Ok(catalog) => {
            let round_trip = started.elapsed();
            keep_catalog(shared, catalog);
            let mut health = shared.health();
            health.wants_catalog_since = None;
            health.is_resting = false;
            health.up(round_trip);
        }
        Err(error) => {
            tracing::warn!(%error, "the portal's catalogue of fields could not be read");
            let trouble = error.into_trouble();
            shared.health().trouble(&trouble, now());
        }
    }
    shared.news();
}

/// Shares a catalogue and stores it for the next start.
pub fn keep_catalog(shared: &Shared, catalog: Catalog) {
    let catalog = Arc::new(catalog);
    if let Err(error) = shared.save_catalog(&catalog) {
        tracing::warn!(%error, "the catalogue could not be stored; it is kept in memory");
    }
    shared.set_catalog(catalog);
}
