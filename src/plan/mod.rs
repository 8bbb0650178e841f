//! The planner: from what is known of one submission to the next calls, and nothing else.
//!
//! [`next`] is a step function. It looks at the journal and says which calls may travel together now: for a
//! fresh submission one set that searches and one that writes. Whoever runs it writes the calls down, sends
//! them, writes the answers down and asks again; a job that was cut off anywhere resumes by reading its rows.
//!
//! - `wanted`: the channel's mappings rendered and converted: what is to stand in the portal.
//! - `search`: the reading calls, and what their answers say.
//! - `decision`: what becomes of the contact and the entities; kept, because after the first write the same
//!   search would answer differently.
//! - `once`: a write that must happen exactly once, looked up before it is repeated.
//! - `contact`, `entity`, `extras`: the writing calls.
//! - `chain`: which calls may share a batch with other submissions' calls.
//! - `backoff`: pauses between attempts.

mod args;
pub mod backoff;
pub mod chain;
mod contact;
mod decision;
mod entity;
mod extras;
mod once;
mod search;
#[cfg(test)]
mod tests;
pub mod wanted;

use std::time::Duration;

use serde_json::Value;

use crate::model::{
    Call, Catalog, Channel, ContactAction, Entity, EntityAction, Failure, Journal, Millis, Outcome,
    StepState, Submission,
};
pub use decision::{ContactDecision, Decision, EntityDecision, Target};
use once::Stand;
pub use wanted::Wanted;

/// The mark on everything the bridge creates; with the submission's id beside it, a record is found again.
pub const ORIGINATOR: &str = "b24-bridge";

/// One delivery, with all that may be known of it.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub submission: &'a Submission,
    pub channel: &'a Channel,
    pub catalog: &'a Catalog,
    pub wanted: &'a Wanted,
    pub journal: &'a Journal,
    /// Default country for phones: `RU`.
    pub country: &'a str,
    /// How long the portal may still be working on a call whose answer was lost.
    pub settle: Duration,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Write these calls down (with the decision, when there is one), send them, write the answers down.
    Ask {
        calls: Vec<Call>,
        decision: Option<Value>,
    },
    /// Nothing can be known before this moment.
    Wait {
        until: Millis,
    },
    Delivered(Outcome),
    Ignored(Outcome),
    Failed(Failure),
}

/// The next step of a delivery.
pub fn next(job: &Job<'_>, now: Millis) -> Next {
    if let Some(failure) = refused(job) {
        return Next::Failed(failure);
    }
    let kept = job.journal.decision.as_ref().and_then(Decision::read);
    let decision = match kept {
        Some(decision) if decision::binds_entity(job.journal) => decision,
        kept => match search::look(job) {
            search::Look::Ask(calls) => {
                return Next::Ask {
                    calls,
                    decision: None,
                };
            }
            search::Look::Known(found) => {
                let decision = decision::decide(job, &found);
                match kept {
                    Some(kept) => Decision {
                        contact: kept.contact,
                        ..decision
                    },
                    None => decision,
                }
            }
        },
    };
    if let Some(before) = decision.of.filter(|of| *of != job.channel.entity) {
        return Next::Failed(of_another_kind(before, job.channel.entity));
    }
    write(job, &decision, now)
}

/// The channel was turned from deals to leads, or back, in the middle of a delivery. Its numbers are of the other
/// kind: going on would write to a record that has nothing to do with it.
fn of_another_kind(before: Entity, now: Entity) -> Failure {
    let (before, now) = (before.as_str(), now.as_str());
    Failure {
        step: "channel".to_owned(),
        text: format!(
            "this delivery began as a {before} and its channel makes a {now} now; set the channel's entity back to {before}, deliver again, and change it after that"
        ),
    }
}

/// Everything that is to be written, in order: contact, entity, comment, activity.
fn write(job: &Job<'_>, decision: &Decision, now: Millis) -> Next {
    let mut ask = Vec::new();
    macro_rules! stand {
        ($stand:expr) => {
            match $stand {
                Stand::Known(value) => value,
                Stand::Ask { calls, then } => {
                    ask.extend(calls);
                    then
                }
                Stand::Hold(hold) => return hold_back(hold, ask, decision),
            }
        };
    }
    let contact = stand!(contact::stand(job, decision, now));
    let mut outcome = Outcome {
        action: EntityAction::Ignored,
        entity: job.channel.entity,
        entity_ids: Vec::new(),
        contact_ids: contact.ids.clone(),
        contact_action: contact.action,
        comment_ids: Vec::new(),
        activity_ids: Vec::new(),
        note: decision.note.clone(),
    };
    let owners = match &decision.entity {
        EntityDecision::Ignore { ids } => {
            outcome.entity_ids.clone_from(ids);
            if !ask.is_empty() {
                return Next::Ask {
                    calls: ask,
                    decision: Some(decision.to_value()),
                };
            }
            return Next::Ignored(outcome);
        }
        EntityDecision::Create => {
            outcome.action = EntityAction::Created;
            vec![stand!(entity::create(job, &contact, now))]
        }
        EntityDecision::Update { targets } => {
            outcome.action = EntityAction::Updated;
            let mut owners = Vec::new();
            for target in targets {
                owners.push(stand!(entity::update(job, target, &contact, now)));
            }
            owners
        }
    };
    for owner in &owners {
        outcome.entity_ids.extend(owner.id);
        if job.channel.add_comment {
            outcome
                .comment_ids
                .extend(stand!(extras::comment(job, owner, now)));
        }
        if job.channel.add_activity {
            outcome
                .activity_ids
                .extend(stand!(extras::activity(job, owner, &contact, now)));
        }
    }
    if ask.is_empty() {
        Next::Delivered(outcome)
    } else {
        Next::Ask {
            calls: ask,
            decision: Some(decision.to_value()),
        }
    }
}

/// A step has to wait or to look something up. What was planned before it goes out first; what would come
/// after it waits, so that nothing is built on an unknown.
fn hold_back(hold: Next, mut ask: Vec<Call>, decision: &Decision) -> Next {
    match hold {
        Next::Ask { calls, .. } => {
            ask.extend(calls);
            Next::Ask {
                calls: ask,
                decision: Some(decision.to_value()),
            }
        }
        other if ask.is_empty() => other,
        _ => Next::Ask {
            calls: ask,
            decision: Some(decision.to_value()),
        },
    }
}

/// The first refusal that matters, in the portal's own words.
fn refused(job: &Job<'_>) -> Option<Failure> {
    let step = job.journal.steps.iter().find(|step| {
        matches!(step.state, StepState::Refused(_)) && !search::may_be_refused(job, &step.key)
    })?;
    let StepState::Refused(refusal) = &step.state else {
        return None;
    };
    let code = if refusal.code.is_empty() {
        String::new()
    } else {
        format!(" [{}]", refusal.code)
    };
    let text = if refusal.text.is_empty() {
        "no reason given"
    } else {
        &refusal.text
    };
    Some(Failure {
        step: step.key.clone(),
        text: format!(
            "the portal refused {} at step \"{}\": {text}{code}; mend it in the portal or in the channel, then deliver again",
            step.method, step.key
        ),
    })
}

/// What the contact's part of the plan hands on to the others.
struct ContactStand {
    /// What an entity is bound to: known numbers, or a reference to the contact that is being made.
    bind: Vec<crate::model::Arg>,
    ids: Vec<u64>,
    action: ContactAction,
}
