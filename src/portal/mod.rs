//! The portal as the rest of the program sees it: calls go in, answers come out, and no limit is
//! broken. Blocking; the only user of `ureq`.
//!
//! # What is known when a request fails
//!
//! `ureq` (3.5) never repeats a request by itself: it tests a kept connection for having been closed,
//! sends once, and reports what went wrong. It connects (name, TCP, TLS) and sends the headers before
//! it reads the first byte of the body from us, so `post` knows which of two things happened:
//!
//! - the body was never asked for: nothing that PHP could work on left this machine. The calls were
//!   surely not done: `Later`.
//! - it was asked for, and no complete answer came back: they may have been done: `Unknown`. That
//!   includes a kept connection which the portal closed at the very moment of sending. To make that
//!   rare, connections are kept for less time than web servers keep them (`agent`).
//!
//! A call that only reads is `Later` in both cases: it can be repeated at will.
//!
//! Nothing here logs or returns a webhook's code, a token or an application's key, and words of the portal are
//! searched for them. `ureq`
//! itself writes to the `log` crate, which this program does not collect.

mod agent;
mod ask;
mod check;
mod connection;
mod gate;
mod gateway;
mod keys;
mod oauth;
mod packing;
mod post;
mod read_catalog;
mod source;
mod tokens;
mod verify;
mod whereabouts;

#[cfg(test)]
mod test_server;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use crate::throttle::Profile;
pub use crate::wire::catalog::CatalogError;
pub use agent::{OpenError, Options, USUAL_OAUTH_URL};
pub use check::{APP_RIGHTS, Check, NEEDED_METHODS, OPTIONAL_METHODS, Report, Right};
pub use connection::{Connection, ConnectionError};
pub use gateway::{Gateway, gateway};
pub use keys::{KeysError, app_keys, is_same_host, is_same_portal};
pub use oauth::{exchange, renew};
pub use tokens::TokenStore;
pub use verify::{TokenOwner, VerifyError, verify_token};
pub use whereabouts::{Whereabouts, whereabouts};

use crate::model::{Answer, AppKeys, Call, Millis, Secret, Trouble};
use crate::throttle::Permit;
use crate::wire::decode;
use crate::wire::encode;
use gate::Gate;
use packing::{not_sent, resting};
use tokens::{Auth, Kept};

/// The right to send one request now. Worth nothing later: send, or let it go.
#[must_use]
#[derive(Debug)]
pub struct Turn(());

/// One portal, reached through one connection.
pub struct Portal {
    agent: ureq::Agent,
    /// Where methods are called; follows the portal when it is renamed.
    connection: Mutex<Connection>,
    opened_with: Connection,
    auth: Auth,
    gate: Gate,
}

impl Portal {
    /// Prepares to call the portal by a webhook; nothing is sent yet. An application is opened with its tokens.
    pub fn open(connection: Connection, options: &Options) -> Result<Portal, OpenError> {
        match &connection {
            Connection::Webhook { .. } => Portal::build(connection, Auth::InAddress, options),
            Connection::App(_) => Err(OpenError::NoTokens),
        }
    }

    /// Prepares to call the portal by any connection; an application's tokens are taken from `tokens` and put back
    /// there when they were renewed.
    pub fn open_with(
        connection: Connection,
        tokens: Arc<dyn TokenStore>,
        options: &Options,
    ) -> Result<Portal, OpenError> {
        let auth = match &connection {
            Connection::Webhook { .. } => Auth::InAddress,
            Connection::App(keys) => Auth::Kept(Box::new(Kept::new(
                tokens,
                keys.clone(),
                options.oauth_url.clone(),
                options.connect_timeout + options.whole_timeout,
            ))),
        };
        Portal::build(connection, auth, options)
    }

    /// Prepares to call the portal in the name of whoever holds this token of the application. It is not renewed, and
    /// calls go to the portal that the keys name.
    pub fn open_as(keys: &AppKeys, access: &Secret, options: &Options) -> Result<Portal, OpenError> {
        Portal::build(
            Connection::App(keys.clone()),
            Auth::Fixed(access.clone()),
            options,
        )
    }

    fn build(connection: Connection, auth: Auth, options: &Options) -> Result<Portal, OpenError> {
        Ok(Portal {
            agent: agent::build(options)?,
            connection: Mutex::new(connection.clone()),
            opened_with: connection,
            auth,
            gate: Gate::new(options.profile),
        })
    }

    /// The connection, under the portal's newest address: worth storing when it differs from what
    /// [`Portal::open`] was given.
    pub fn connection(&self) -> Connection {
        self.lock_connection().clone()
    }

    /// What [`Portal::open`] was given.
    pub fn opened_with(&self) -> &Connection {
        &self.opened_with
    }

    /// Sends up to [`encode::MAX_COMMANDS`] calls as one request and returns an answer for each, in
    /// their order. Calls of many submissions may travel together: the `String` tells them apart, and
    /// a [`crate::model::Arg::Answer`] refers to a call of its own submission that stands before it.
    ///
    /// With `halt` the portal stops at the first error. Without it, a call that refers to one that
    /// was refused **runs with an empty value** in its place.
    ///
    /// Waits while the limits forbid a request. Calls that cannot be sent (a method without operating
    /// time, a reference to a call that is not sent, the ones beyond the fiftieth) are `Later`.
    pub fn batch(&self, commands: &[(String, &Call)], halt: bool) -> Vec<Answer> {
        self.batch_when(None, commands, halt)
    }

    /// Waits until the limits grant a request, so that whoever packs a batch can do so at the last
    /// moment.
    ///
    /// # Errors
    /// The portal blocked its interface by hand, or the bridge is stopping.
    pub fn wait_for_turn(&self) -> Result<Turn, Trouble> {
        self.gate.pass().map(Turn)
    }

    /// [`Portal::batch`] with a turn that was waited for before.
    pub fn batch_in_turn(&self, turn: Turn, commands: &[(String, &Call)], halt: bool) -> Vec<Answer> {
        self.batch_when(Some(turn), commands, halt)
    }

    fn batch_when(&self, turn: Option<Turn>, commands: &[(String, &Call)], halt: bool) -> Vec<Answer> {
        let sorted = packing::sort_out(commands, halt, |method| self.gate.method(method, now()));
        let mut answers: Vec<Option<Answer>> = vec![None; commands.len()];
        for (index, answer) in sorted.held_back {
            answers[index] = Some(answer);
        }
        if !sorted.sent.is_empty() {
            let calls: Vec<&Call> = sorted.sent.iter().map(|s| commands[s.index].1).collect();
            let body = encode::batch_body(
                sorted.sent.iter().map(|s| (s.key.as_str(), s.command.as_str())),
                halt,
            );
            let keys: Vec<&str> = sorted.sent.iter().map(|s| s.key.as_str()).collect();
            let reply = self.ask(turn, "batch", "application/json", &body, &calls, |posted, now| {
                decode::batch(
                    posted.status,
                    &posted.content_type,
                    &posted.body,
                    &keys,
                    halt,
                    now,
                )
            });
            for (sent, answer) in sorted.sent.iter().zip(reply) {
                answers[sent.index] = Some(answer);
            }
        }
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(not_sent))
            .collect()
    }

    /// Sends one call as a request of its own.
    pub fn call(&self, call: &Call) -> Answer {
        if let Permit::NotBefore(at) = self.gate.method(&call.method, now()) {
            return resting(&call.method, at);
        }
        let query = encode::query(call, str::to_owned);
        // Never an empty body: whether it was asked for is what tells "not sent" from "lost".
        let (kind, body) = match query.as_str() {
            "" => ("application/json", "{}"),
            query => ("application/x-www-form-urlencoded", query),
        };
        let mut answers = self.ask(
            None,
            &call.method,
            kind,
            body.as_bytes(),
            &[call],
            |posted, now| decode::single(posted.status, &posted.content_type, &posted.body, now),
        );
        answers.pop().unwrap_or_else(not_sent)
    }

    /// How long the next request would have to wait for the limits.
    pub fn wait_hint(&self) -> Duration {
        self.gate.wait_hint(now())
    }

    /// Ends waiting, now and in future: calls that have not been sent are `Later`. Requests under way
    /// go on.
    pub fn stop(&self) {
        self.gate.stop();
        if let Some(kept) = self.auth.kept() {
            kept.stop();
        }
    }

    /// Cuts requests under way, whose writes then count as `Unknown`. No call succeeds afterwards.
    pub fn cut_off(&self) {
        self.stop();
        self.agent.clone().shutdown();
    }

    /// Tokens may have been stored: the next call looks for them. True when there are others than those used last.
    pub fn look_for_tokens(&self) -> bool {
        self.auth.kept().is_some_and(Kept::look_again)
    }

    /// Exchanges an application's refresh token when it would die before `moment`. Nothing happens with a webhook.
    pub fn refresh_before(&self, moment: Millis) -> Result<(), Trouble> {
        match self.auth.kept() {
            Some(kept) => kept.refresh_before(&self.agent, moment, now()),
            None => Ok(()),
        }
    }

    /// Whether the next call is likely to cost a renewal of the application's tokens.
    pub fn token_has_ended(&self) -> bool {
        self.auth.kept().is_some_and(|kept| kept.has_ended(now()))
    }

    fn lock_connection(&self) -> MutexGuard<'_, Connection> {
        // The value is replaced as a whole, so a panic elsewhere cannot have left it half-made.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod renewal_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_tests;
#[cfg(test)]
mod verify_tests;
