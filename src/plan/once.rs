//! A write that must happen exactly once.

use std::time::Duration;

use serde_json::Value;

use super::{Job, Next};
use crate::model::{Call, Millis, Step, StepState};

/// How a part of the plan stands.
pub enum Stand<T> {
    /// Nothing is left to do for it.
    Known(T),
    /// These calls bring it about; later calls may already refer to them.
    Ask { calls: Vec<Call>, then: T },
    /// Nothing may be built on it yet.
    Hold(Next),
}

/// Where a single write stands.
pub enum Written {
    /// Not done, or surely not done: send it.
    No,
    /// Done, with the portal's answer.
    Yes(Value),
    /// Found by looking it up: the answer to the lookup.
    Found(Value),
    /// It cannot be known yet.
    Hold(Next),
}

/// Reads where the write `key` stands. A write whose answer is unknown is looked up with `lookup` once the
/// portal must have finished with it; `seen` reads from the lookup's answer whether it was done.
pub fn written(
    job: &Job<'_>,
    key: &str,
    now: Millis,
    lookup: impl FnOnce(String) -> Call,
    seen: impl FnOnce(&Value) -> Option<Value>,
) -> Written {
    let Some(step) = job.journal.step(key) else {
        return Written::No;
    };
    match &step.state {
        StepState::Done { result } => Written::Yes(result.clone()),
        // A refusal ends the delivery before it comes here; a repeat by hand starts without it.
        StepState::Later(_) | StepState::Refused(_) => Written::No,
        StepState::Begun | StepState::Unknown(_) => {
            let settled = settled_at(job, step);
            let lookup_key = format!("{key}_lookup");
            match fresh(job, &lookup_key, settled) {
                Some(answer) => match seen(answer) {
                    Some(value) => Written::Found(value),
                    None => Written::No,
                },
                None if now < settled => Written::Hold(Next::Wait { until: settled }),
                None => Written::Hold(Next::Ask {
                    calls: vec![lookup(lookup_key)],
                    decision: None,
                }),
            }
        }
    }
}

/// The moment from which a lookup tells the truth about a write: the portal may go on working after the
/// connection is cut, and an early look would miss what it is about to do. Counted from the loss of the answer and
/// not from the sending: by the time a slow portal is given up, a pause from the sending would be over.
pub fn settled_at(job: &Job<'_>, step: &Step) -> Millis {
    let waited = Duration::from_millis(u64::from(step.took_ms.unwrap_or(0)));
    step.begun_at + waited + job.settle
}

/// The answer of a read, if it was asked at `not_before` or later.
pub fn fresh<'j>(job: &Job<'j>, key: &str, not_before: Millis) -> Option<&'j Value> {
    let step = job.journal.step(key)?;
    match &step.state {
        StepState::Done { result } if step.begun_at >= not_before => Some(result),
        _ => None,
    }
}
