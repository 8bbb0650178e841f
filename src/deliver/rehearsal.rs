//! The dry run: reads the portal as a delivery would, and says what would be written, without writing it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::clock::now;
use super::task::{Task, shown};
use super::wave;
use crate::model::{Catalog, Effect, Failure, Journal, Outcome, StepState, Submission};
use crate::plan::{Decision, Next, Wanted, wanted::Unfit, wanted::wanted};
use crate::portal::Portal;
use crate::store::StoredChannel;

/// More rounds of reading than any plan needs.
const ROUNDS: usize = 16;

/// One call, as it was or would be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rehearsed {
    pub step: String,
    pub method: String,
    pub params: Value,
    /// The portal's answer to a read; absent for what would be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
}

/// What a delivery would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rehearsal {
    /// Calls that were really made: they only read.
    pub reads: Vec<Rehearsed>,
    /// Calls that would be made, in order.
    pub writes: Vec<Rehearsed>,
    /// What was decided about the contact and the entity: found ones by number.
    pub decision: Option<Value>,
    /// `ignored` without a write: the result as it would stand in the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The mappings, rendered and converted: what is searched by, and what is to stand in the portal.
    #[serde(skip)]
    pub wanted: Wanted,
}

impl Rehearsal {
    /// What was decided, when it came to that.
    pub fn decided(&self) -> Option<Decision> {
        self.decision.as_ref().and_then(Decision::read)
    }
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("the portal did not answer: {0}; check the connection with `b24-bridge portal check`")]
    Portal(String),
}

/// Plays a delivery through up to its first write.
pub fn rehearse(
    portal: &Portal,
    catalog: &Catalog,
    channel: Arc<StoredChannel>,
    submission: Submission,
    country: &str,
) -> Result<Rehearsal, RehearsalError> {
    let wanted = wanted(&submission, &channel.channel, catalog, country)?;
    let mut task = Task::rehearsing(submission, channel, wanted.clone());
    let mut rehearsal = Rehearsal {
        reads: Vec::new(),
        writes: Vec::new(),
        decision: None,
        result: None,
        failure: None,
        wanted,
    };
    for _ in 0..ROUNDS {
        match task.plan(catalog, country, Duration::ZERO, now()) {
            Next::Ask { calls, decision } if calls.iter().any(|call| call.effect == Effect::Write) => {
                rehearsal.decision = decision;
                rehearsal.writes = calls
                    .iter()
                    .map(|call| Rehearsed {
                        step: call.key.clone(),
                        method: call.method.clone(),
                        params: Value::Object(call.args.iter().map(|(n, a)| (n.clone(), shown(a))).collect()),
                        answer: None,
                    })
                    .collect();
                break;
            }
            Next::Ask { calls, decision } => {
                task.begin(&calls, decision, now());
                let packed = wave::pack(vec![(task.submission.id, calls)]);
                let started = Instant::now();
                let answers = portal.batch(&packed.commands(), packed.halt);
                for (_, answers) in packed.deal(answers) {
                    if let Some(trouble) = task.absorb(answers, started.elapsed(), now()) {
                        return Err(RehearsalError::Portal(trouble.text));
                    }
                }
            }
            Next::Delivered(outcome) | Next::Ignored(outcome) => {
                rehearsal.result = Some(outcome);
                break;
            }
            Next::Failed(failure) => {
                rehearsal.failure = Some(failure);
                break;
            }
            Next::Wait { .. } => break,
        }
    }
    rehearsal.reads = reads(&task.journal);
    Ok(rehearsal)
}

fn reads(journal: &Journal) -> Vec<Rehearsed> {
    journal
        .steps
        .iter()
        .map(|step| Rehearsed {
            step: step.key.clone(),
            method: step.method.clone(),
            params: step.sent.clone(),
            answer: match &step.state {
                StepState::Done { result } => Some(result.clone()),
                StepState::Refused(refusal) => Some(Value::String(format!("refused: {}", refusal.text))),
                _ => None,
            },
        })
        .collect()
}
