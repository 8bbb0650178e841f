//! What the journal remembers of one delivery, and how a delivery ends.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Effect, Refusal, Trouble};
use super::channel::Entity;
use super::time::Millis;

/// How far one call of a delivery has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// Written down, perhaps sent, no answer known: after a crash the same as `Unknown`.
    Begun,
    Done {
        result: Value,
    },
    Refused(Refusal),
    /// Surely not done.
    Later(Trouble),
    /// May have been done: must be looked up before it is repeated.
    Unknown(Trouble),
}

/// One call of a delivery, as journaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The call's key; a later step of the same key replaces an earlier one.
    pub key: String,
    pub method: String,
    pub effect: Effect,
    /// What was sent, for people: an object, long values shortened.
    pub sent: Value,
    pub state: StepState,
    /// When it was written down.
    pub begun_at: Millis,
    /// How long the portal took, once it answered; how long it was waited for, when its answer was lost.
    pub took_ms: Option<u32>,
}

/// The planner's memory of one submission: the last state of each key, oldest key first, and what
/// was decided before the first write.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Journal {
    pub steps: Vec<Step>,
    /// The planner's own record (opaque to the store): which contacts were found, what becomes of
    /// which entities. Kept because the search would answer differently after the first write.
    pub decision: Option<Value>,
}

impl Journal {
    pub fn step(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.key == key)
    }

    /// Adds a step, or replaces the one of the same key.
    pub fn put(&mut self, step: Step) {
        match self.steps.iter_mut().find(|s| s.key == step.key) {
            Some(old) => *old = step,
            None => self.steps.push(step),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityAction {
    Created,
    Updated,
    Ignored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactAction {
    Created,
    Found,
    Updated,
    None,
}

/// How a delivery ended well: `result` of `inbox show --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub action: EntityAction,
    pub entity: Entity,
    pub entity_ids: Vec<u64>,
    pub contact_ids: Vec<u64>,
    pub contact_action: ContactAction,
    pub comment_ids: Vec<u64>,
    pub activity_ids: Vec<u64>,
    /// A remark worth a person's attention (a lead that the portal turned into a deal at once).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why a submission was given up: one sentence that names the thing, the reason and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The step that failed (`entity`, `contact`), or `values` when nothing could be sent.
    pub step: String,
    pub text: String,
}
