//! One request received at a channel's address, read into fields.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::SubmissionId;
use super::time::Millis;

/// Where a submission stands. The names are those of `inbox list --state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Stored, not yet taken to the portal; also while it waits for another attempt.
    Queued,
    /// Calls for it have been written down or sent.
    Delivering,
    Delivered,
    /// Read, and by the channel's settings nothing was to be written.
    Ignored,
    /// Given up; `inbox retry` goes on from the step that failed.
    Failed,
    /// The body could not be read; its raw bytes are kept.
    Unreadable,
    /// A site builder's connection test (`test=test`).
    Test,
    /// Carried the `Idempotency-Key` of an earlier submission.
    Repeat,
    Spam,
}

impl State {
    pub const ALL: [State; 9] = [
        State::Queued,
        State::Delivering,
        State::Delivered,
        State::Ignored,
        State::Failed,
        State::Unreadable,
        State::Test,
        State::Repeat,
        State::Spam,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Delivering => "delivering",
            State::Delivered => "delivered",
            State::Ignored => "ignored",
            State::Failed => "failed",
            State::Unreadable => "unreadable",
            State::Test => "test",
            State::Repeat => "repeat",
            State::Spam => "spam",
        }
    }

    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Nothing more will be done unless somebody asks for it.
    pub fn is_final(self) -> bool {
        !matches!(self, State::Queued | State::Delivering)
    }
}

/// A file that came in a multipart form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The form field's name as a dotted path (`resume`, `docs.0`): what a template names.
    pub path: String,
    /// As the sender named it; hostile until escaped.
    pub file_name: String,
    pub bytes: Bytes,
}

/// What the planner works from: the fields, and the facts a template can name.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    pub id: SubmissionId,
    pub received_at: Millis,
    /// The slug by which it came; another than its channel's when that channel had been deleted.
    pub received_via: String,
    /// Fields as one tree: objects for names, arrays for lists, numbers with the digits that were
    /// sent, everything from a form as strings. A file stands as its file name.
    pub fields: Map<String, Value>,
    pub attachments: Vec<Attachment>,
    pub ip: String,
    pub referer: String,
    pub user_agent: String,
}
