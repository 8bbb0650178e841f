//! A call to the portal as data, and what is known of it afterwards.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::time::Millis;

/// Whether repeating a call can do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing: repeat at will.
    Read,
    /// Changes the portal: written down before it is sent, looked up before it is repeated.
    Write,
}

/// One method call. `key` names it within its submission (`contact`, `comment:41`) and is what
/// later calls of the same batch refer to.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub key: String,
    pub method: String,
    pub args: Vec<(String, Arg)>,
    pub effect: Effect,
}

/// An argument, as PHP will see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    Text(String),
    List(Vec<Arg>),
    Map(Vec<(String, Arg)>),
    /// What an earlier call of the same batch answered: `$result[key][path…]`.
    // b24: settings/how-to-call-rest-api/batch.md
    Answer {
        key: String,
        path: Vec<String>,
    },
}

impl Arg {
    pub fn text(text: impl Into<String>) -> Arg {
        Arg::Text(text.into())
    }

    /// Names of earlier calls that this argument takes its value from.
    pub fn refers_to(&self) -> Vec<&str> {
        match self {
            Arg::Text(_) => Vec::new(),
            Arg::List(items) => items.iter().flat_map(Arg::refers_to).collect(),
            Arg::Map(items) => items.iter().flat_map(|(_, arg)| arg.refers_to()).collect(),
            Arg::Answer { key, .. } => vec![key],
        }
    }
}

/// What is known of one call after the portal was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The portal did it and said so.
    Done {
        result: Value,
        /// How many records a list has in all, when the portal counted them.
        total: Option<u64>,
        /// Where a list goes on; absent at its end and when counting was switched off.
        next: Option<u64>,
    },
    /// The portal said no, and would say no again.
    Refused(Refusal),
    /// Surely not done; worth another try.
    Later(Trouble),
    /// Perhaps done: the answer was lost, or it was no answer of Bitrix24's.
    Unknown(Trouble),
}

impl Answer {
    /// Why it did not come home; `None` when the portal did it or refused it.
    pub fn trouble(&self) -> Option<&Trouble> {
        match self {
            Answer::Later(trouble) | Answer::Unknown(trouble) => Some(trouble),
            Answer::Done { .. } | Answer::Refused(_) => None,
        }
    }
}

/// The portal's own words for a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Often empty: most CRM errors carry a text only.
    // b24: error-codes.md
    pub code: String,
    /// Plain text: markup and HTML entities removed.
    pub text: String,
}

/// Why a call did not come home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub kind: TroubleKind,
    /// One English sentence without secrets.
    pub text: String,
    /// The portal named a moment before which asking again is useless.
    pub not_before: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// No connection, no route, no such name, TLS refused: nothing was sent.
    Unreachable,
    /// Sent, and no complete answer came back.
    AnswerLost,
    /// An answer that is not Bitrix24's: HTML from a proxy, a login page, broken JSON.
    Nonsense,
    /// The portal itself failed (INTERNAL_SERVER_ERROR and other 5xx).
    ServerError,
    /// QUERY_LIMIT_EXCEEDED.
    RateLimit,
    /// OPERATION_TIME_LIMIT: only this method, until `not_before`.
    OperatingTime,
    /// OVERLOAD_LIMIT: blocked by hand; do not hammer.
    Overload,
    /// expired_token: renew and repeat.
    TokenExpired,
    /// The connection itself is refused (NO_AUTH_FOUND, INVALID_CREDENTIALS, a deleted webhook):
    /// every submission waits until the administrator mends it.
    ConnectionRefused,
    /// The portal serves nobody in this way, whoever asks (a redirect, "https required", ACCESS_DENIED of a plan without
    /// REST, a closed portal). Says nothing of the connection's own right; waits like a refused one.
    NotServed,
    /// The application's tokens are dead: nobody is asked again before it is connected anew.
    AuthorizationLost,
    /// An earlier command of the same batch failed and the batch stopped there.
    NotRun,
}

impl TroubleKind {
    /// The trouble is with the portal or the way to it, not with this one call: probe before
    /// sending anything else.
    pub fn is_portal_wide(self) -> bool {
        !matches!(self, TroubleKind::NotRun | TroubleKind::OperatingTime)
    }
}
