//! Where requests wait for the portal's limits.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::now;
use crate::model::{Answer, Call, Millis, Trouble, TroubleKind};
use crate::throttle::{Permit, Profile, Throttle};
use crate::wire::decode::Reply;

/// The throttle, a clock, and a place to wait in.
pub(super) struct Gate {
    state: Mutex<State>,
    stopped: Condvar,
}

struct State {
    throttle: Throttle,
    stopping: bool,
}

impl Gate {
    pub(super) fn new(profile: Profile) -> Gate {
        let state = State {
            throttle: Throttle::new(profile),
            stopping: false,
        };
        Gate {
            state: Mutex::new(state),
            stopped: Condvar::new(),
        }
    }

    /// Waits until a request may go and takes its place. A block by hand lasts too long to be waited
    /// for; it is reported instead, and so is being stopped.
    pub(super) fn pass(&self) -> Result<(), Trouble> {
        let mut state = self.lock();
        loop {
            if state.stopping {
                return Err(Trouble {
                    kind: TroubleKind::NotRun,
                    text: "the bridge is stopping; nothing was sent".to_owned(),
                    not_before: None,
                });
            }
            let at = now();
            if let Permit::NotBefore(until) = state.throttle.overload(at) {
                return Err(Trouble {
                    kind: TroubleKind::Overload,
                    text: format!(
                        "the portal blocked its REST interface by hand; the bridge asks again at {until}"
                    ),
                    not_before: Some(until),
                });
            }
            match state.throttle.permit(at) {
                Permit::Now => return Ok(()),
                Permit::NotBefore(until) => {
                    let waited = self.stopped.wait_timeout(state, until.since(at));
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    pub(super) fn method(&self, method: &str, now: Millis) -> Permit {
        self.lock().throttle.method(method, now)
    }

    pub(super) fn wait_hint(&self, now: Millis) -> Duration {
        match self.lock().throttle.look(now) {
            Permit::Now => Duration::ZERO,
            Permit::NotBefore(until) => until.since(now),
        }
    }

    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.stopped.notify_all();
    }

    /// Takes over what the answers say of limits, and writes into them when to come back.
    pub(super) fn learn(&self, calls: &[&Call], reply: &mut Reply, now: Millis) {
        let mut state = self.lock();
        let mut complaints = false;
        for (index, call) in calls.iter().enumerate() {
            if let Some(Some(reset_at)) = reply.operating_reset_at.get(index) {
                state.throttle.note(&call.method, *reset_at);
            }
            if let Some(Answer::Later(trouble)) = reply.answers.get_mut(index) {
                complaints |= matches!(trouble.kind, TroubleKind::RateLimit | TroubleKind::Overload);
                if let Some(at) = state.throttle.told(trouble.kind, &call.method, now) {
                    trouble.not_before = Some(at);
                }
            }
        }
        // Only the portal's own answer shows that a limit is over, not a request that failed.
        if !complaints
            && reply
                .answers
                .iter()
                .any(|a| matches!(a, Answer::Done { .. } | Answer::Refused(_)))
        {
            state.throttle.went_well();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counters stay usable after a panic elsewhere; at worst one request goes too early.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
