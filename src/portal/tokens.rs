//! By which token an application's calls go, and how a new one is had when it has expired.
//!
//! # One renewal for all
//!
//! A token is renewed when the portal calls it expired, never by the clock: the authorization server may block those
//! who do. Several threads and several processes may hear "expired" at once. The renewal is theirs together: whoever
//! comes first holds a lock that all processes of the data directory share, and the others find the new pair in the
//! store when they get it.
//!
//! # The new pair is stored before it is used
//!
//! Each renewal brings a new refresh token and may be the end of the old one. Before one is asked for, something is
//! written: on a full disk nobody renews, and above all no page or command, which ends with its answer and takes a pair
//! that could not be stored along. When the disk refuses the new pair after all, it is
//! kept in memory, nothing is sent, and the next attempt begins with storing it. When the process ends, or the answer
//! is lost, before the pair was stored, the old refresh token is tried again: the documentation does not say that
//! it dies with its first use, so this may well succeed. If the server then answers `invalid_grant`, the application
//! must be connected anew; nothing else could help.
// b24: settings/oauth/auto-renewal.md

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::oauth;
use crate::model::{AppKeys, AppTokens, Gone, GoneWhy, Installation, Millis, Secret, Trouble, TroubleKind};
use crate::wire::oauth::{Granted, Pair};

/// A renewed token that the portal calls expired at its first use: so many are forgiven, then each further renewal
/// waits, so that a portal whose clock is wrong does not make us a nuisance to the authorization server.
const FORGIVEN: u32 = 2;
const FRUITLESS_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_FRUITLESS_PAUSE: Duration = Duration::from_secs(3600);

/// How often somebody who waits for another process's renewal looks whether the bridge is stopping.
const LOCK_LOOK: Duration = Duration::from_millis(250);

/// What this module needs of whoever keeps tokens.
pub trait TokenStore: Send + Sync {
    /// What is stored now.
    fn load(&self) -> Result<Option<Installation>, String>;

    /// Writes something of no matter to where the tokens are, and is refused when they would be.
    fn try_disk(&self) -> Result<(), String>;

    /// Puts a new pair in the place of the one with this refresh token; false when other tokens stand there by now.
    /// On the disk when it returns.
    fn replace(&self, refresh: &Secret, new: &AppTokens) -> Result<bool, String>;

    /// Notes that the pair with this refresh token is dead, unless other tokens stand there by now.
    fn mark_gone(&self, refresh: &Secret, gone: Gone) -> Result<(), String>;

    /// Waits until nobody else renews, in whatever process; `None` when somebody still does. Released when what it
    /// returns is dropped.
    fn lock(&self, patience: Duration) -> Result<Option<Box<dyn Any>>, String>;
}

/// How a portal's calls prove their right.
pub(super) enum Auth {
    /// The address does.
    InAddress,
    /// One token, which is not renewed.
    Fixed(Secret),
    /// An application's tokens.
    Kept(Box<Kept>),
}

impl Auth {
    /// What goes into the next request.
    pub(super) fn token(&self, agent: &ureq::Agent, now: Millis) -> Result<Option<Secret>, Trouble> {
        match self {
            Auth::InAddress => Ok(None),
            Auth::Fixed(token) => Ok(Some(token.clone())),
            Auth::Kept(kept) => kept.token(agent, now).map(Some),
        }
    }

    pub(super) fn kept(&self) -> Option<&Kept> {
        match self {
            Auth::Kept(kept) => Some(kept),
            Auth::InAddress | Auth::Fixed(_) => None,
        }
    }
}

/// An application's tokens in use.
pub(super) struct Kept {
    store: Arc<dyn TokenStore>,
    keys: AppKeys,
    oauth_url: String,
    patience: Duration,
    state: Mutex<State>,
    /// Held by the one thread that renews.
    renewing: Mutex<()>,
    stopping: AtomicBool,
}

#[derive(Default)]
struct State {
    /// As it was read last.
    access: Option<Secret>,
    /// The portal called this one expired: it is not asked with it again.
    spent: Option<Secret>,
    /// A pair that was renewed by means of this refresh token and that the disk refused.
    unsaved: Option<(Secret, AppTokens)>,
    /// The server refused this refresh token for good; the store knows it, unless the disk refused that.
    dead: Option<(Secret, Gone)>,
    /// Renewals since a token worked last.
    fruitless: u32,
    renewed_at: Millis,
}

impl Kept {
    /// `patience`: how long one request may take.
    pub(super) fn new(
        store: Arc<dyn TokenStore>,
        keys: AppKeys,
        oauth_url: String,
        patience: Duration,
    ) -> Kept {
        Kept {
            store,
            keys,
            oauth_url,
            patience,
            state: Mutex::default(),
            renewing: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Other tokens may stand in the store by now; true when they do.
    pub(super) fn look_again(&self) -> bool {
        let was = self.state().access.take();
        let stored = self.store.load().ok().flatten();
        stored.map(|installation| installation.tokens.access) != was
    }

    /// Whether the access token has ended by our own clock. That renews nothing; it only tells that the next call will.
    pub(super) fn has_ended(&self, now: Millis) -> bool {
        self.alive()
            .is_ok_and(|installation| installation.tokens.expires_at <= now)
    }

    /// A call came home by this token.
    pub(super) fn worked(&self) {
        self.state().fruitless = 0;
    }

    /// The portal called this token expired.
    pub(super) fn spend(&self, used: &Secret) {
        self.state().spent = Some(used.clone());
    }

    fn token(&self, agent: &ureq::Agent, now: Millis) -> Result<Secret, Trouble> {
        let known = {
            let state = self.state();
            state.access.clone().filter(|_| state.unsaved.is_none())
        };
        let access = match known {
            Some(access) => access,
            None => {
                let access = self.alive()?.tokens.access;
                self.state().access = Some(access.clone());
                access
            }
        };
        let is_spent = self.state().spent.as_ref() == Some(&access);
        if is_spent {
            self.renew(agent, &access, now)
        } else {
            Ok(access)
        }
    }

    /// Another token than the one that the portal did not accept, when there is one in the store.
    pub(super) fn other_than(&self, used: &Secret) -> Option<Secret> {
        let access = self.alive().ok()?.tokens.access;
        self.state().access = Some(access.clone());
        (access != *used).then_some(access)
    }

    /// A token in the place of one that has expired: a new one, or the one that somebody else has had meanwhile.
    pub(super) fn renew(&self, agent: &ureq::Agent, used: &Secret, now: Millis) -> Result<Secret, Trouble> {
        self.spend(used);
        self.exchange(agent, used, now)
    }

    /// The same in the place of one that may still be good: it stays in use until another pair is stored.
    fn exchange(&self, agent: &ureq::Agent, used: &Secret, now: Millis) -> Result<Secret, Trouble> {
        let _one = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let _alone = self.lock().map_err(|error| {
            later(format!(
                "the access token has expired, and the tokens cannot be locked for a renewal ({error})"
            ))
        })?;
        self.store_unsaved()?;
        let installation = self.alive()?;
        let old = installation.tokens;
        if old.access == *used {
            self.not_too_often(now)?;
            self.store.try_disk().map_err(|error| {
                later(format!(
                    "the disk takes no writes, and the application's tokens are not renewed before it does ({error})"
                ))
            })?;
            self.ask(agent, old, now)?;
        }
        // What stands in the store now is what counts, whoever put it there.
        let access = self.alive()?.tokens.access;
        self.state().access = Some(access.clone());
        Ok(access)
    }

    /// The right to renew, which no other process has meanwhile.
    fn lock(&self) -> Result<Box<dyn Any>, String> {
        // The other one may be waiting for the server as long as we would.
        let end = Instant::now() + self.patience * 2;
        loop {
            if let Some(lock) = self.store.lock(LOCK_LOOK)? {
                return Ok(lock);
            }
            if self.stopping.load(Ordering::Relaxed) {
                return Err("the bridge is stopping".to_owned());
            }
            if Instant::now() >= end {
                return Err("another process has been renewing them for too long".to_owned());
            }
        }
    }

    /// Ends waiting for another process.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Exchanges the refresh token before it dies of disuse.
    pub(super) fn refresh_before(
        &self,
        agent: &ureq::Agent,
        moment: Millis,
        now: Millis,
    ) -> Result<(), Trouble> {
        let installation = self.alive()?;
        if installation.tokens.refresh_until < moment {
            self.exchange(agent, &installation.tokens.access, now)?;
        }
        Ok(())
    }

    fn ask(&self, agent: &ureq::Agent, old: AppTokens, now: Millis) -> Result<(), Trouble> {
        let granted = oauth::renew_by(agent, &self.oauth_url, &self.keys, &old.refresh, now);
        match granted {
            Granted::Pair(Pair {
                tokens,
                client_endpoint,
            }) => {
                let new = tokens.after(&old);
                tracing::info!(
                    portal = %self.keys.portal,
                    calls_itself = client_endpoint.as_deref().unwrap_or_default(),
                    valid_until = %new.expires_at,
                    "the application's tokens were renewed"
                );
                {
                    let mut state = self.state();
                    state.fruitless += 1;
                    state.renewed_at = now;
                    state.unsaved = Some((old.refresh, new));
                }
                self.store_unsaved()
            }
            Granted::Never { code, text } => {
                let gone = Gone {
                    since: now,
                    why: GoneWhy::Refused { code, text },
                };
                let trouble = lost(&gone);
                tracing::error!(reason = %trouble.text, "the application's tokens are dead; delivery pauses");
                self.state().dead = Some((old.refresh.clone(), gone.clone()));
                if let Err(error) = self.store.mark_gone(&old.refresh, gone) {
                    tracing::error!(%error, "that could not be stored; it is known until this program ends");
                }
                Ok(())
            }
            Granted::Later { text, not_before } => Err(Trouble {
                kind: TroubleKind::Unreachable,
                text: format!(
                    "the access token has expired and cannot be renewed at the moment: {text}; nothing was sent"
                ),
                not_before,
            }),
        }
    }

    /// Stores a pair that the disk refused before.
    fn store_unsaved(&self) -> Result<(), Trouble> {
        let Some((refresh, new)) = self.state().unsaved.clone() else {
            return Ok(());
        };
        match self.store.replace(&refresh, &new) {
            Ok(_) => {
                self.state().unsaved = None;
                Ok(())
            }
            Err(error) => Err(later(format!(
                "the new tokens cannot be stored and are not used before they are ({error})"
            ))),
        }
    }

    fn alive(&self) -> Result<Installation, Trouble> {
        let installation = self
            .store
            .load()
            .map_err(|error| later(format!("the application's tokens cannot be read ({error})")))?
            .filter(|installation| installation.client_id == self.keys.client_id);
        match installation {
            None => Err(Trouble {
                kind: TroubleKind::AuthorizationLost,
                text: "the application has no tokens yet; install it in the portal".to_owned(),
                not_before: None,
            }),
            Some(Installation { gone: Some(gone), .. }) => Err(lost(&gone)),
            Some(installation) => match &self.state().dead {
                Some((refresh, gone)) if *refresh == installation.tokens.refresh => Err(lost(gone)),
                _ => Ok(installation),
            },
        }
    }

    fn not_too_often(&self, now: Millis) -> Result<(), Trouble> {
        let state = self.state();
        let Some(beyond) = state.fruitless.checked_sub(FORGIVEN) else {
            return Ok(());
        };
        let pause = FRUITLESS_PAUSE
            .saturating_mul(1 << beyond.min(10))
            .min(LONGEST_FRUITLESS_PAUSE);
        let next = state.renewed_at + pause;
        if now >= next {
            return Ok(());
        }
        Err(Trouble {
            kind: TroubleKind::TokenExpired,
            text: format!(
                "the portal calls even a new access token expired; the next renewal is tried at {next}, check the portal's clock"
            ),
            not_before: Some(next),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Its parts are valid in themselves, also after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(text: String) -> Trouble {
    Trouble {
        kind: TroubleKind::TokenExpired,
        text,
        not_before: None,
    }
}

fn lost(gone: &Gone) -> Trouble {
    let why = match &gone.why {
        GoneWhy::Uninstalled => "it was removed from the portal".to_owned(),
        GoneWhy::Refused { code, text } if text.is_empty() => {
            format!("the authorization server gives no new tokens: {code}")
        }
        GoneWhy::Refused { code, text } => {
            format!("the authorization server gives no new tokens: {code}, {text}")
        }
    };
    Trouble {
        kind: TroubleKind::AuthorizationLost,
        text: format!(
            "the application cannot be used since {} ({why}); connect it anew in the portal, requests wait until then",
            gone.since
        ),
        not_before: None,
    }
}
