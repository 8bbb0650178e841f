//! One submission under delivery, with all that is known of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::intake;
use crate::model::{
    Answer, Arg, Call, Catalog, Effect, Journal, Millis, Step, StepState, Submission, Trouble, TroubleKind,
};
use crate::plan::wanted::{Unfit, wanted};
use crate::plan::{self, Job, Next, Wanted, chain};
use crate::store::{Received, Stored, StoredChannel};

/// What is kept of a long value in the journal: enough to recognise it.
const SENT_CHARS: usize = 300;
/// What is kept of the answer to a read, which nobody plans by after a restart.
const READ_ANSWER_CHARS: usize = 2_000;

/// What is next for a task, as last planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub calls: Vec<Call>,
    pub decision: Option<Value>,
    /// How many of the calls would travel in a batch that is shared.
    pub shared: usize,
}

impl Asked {
    pub fn new(calls: Vec<Call>, decision: Option<Value>) -> Asked {
        Asked {
            shared: chain::shareable(&calls).len(),
            calls,
            decision,
        }
    }
}

#[derive(Debug, PartialEq)]
pub struct Task {
    pub submission: Submission,
    pub channel: Arc<StoredChannel>,
    pub wanted: Wanted,
    pub journal: Journal,
    /// Attempts that came to nothing, this one not counted.
    pub attempts: u32,
    /// When its time to be delivered began.
    pub since: Millis,
    /// Bytes of the request as it is stored: roughly what the task holds in memory.
    pub weight: usize,
    /// How often a batch that held it failed as a whole.
    pub batch_failures: u32,
    /// Channels or states were changed since it was read: it is read again before it goes on.
    pub outdated: bool,
    pub asked: Option<Asked>,
    /// Steps that are not in the store yet: reads, which may wait for the next commit.
    pub unsaved: Vec<Step>,
}

/// Reads a stored request's bytes into fields again, without the channel's secret. `slug` is its channel's.
pub fn submission(received: &Received, slug: &str) -> Result<Submission, intake::Unreadable> {
    let raw = intake::Raw {
        method: if received.post {
            intake::Method::Post
        } else {
            intake::Method::Get
        },
        query: &received.query,
        content_type: received.content_type.as_deref(),
        body: &received.body,
    };
    // Bounds were kept when it was accepted, perhaps with other flags: what is stored is read whole.
    let limits = intake::Limits {
        fields: usize::MAX,
        body: usize::MAX,
        files: usize::MAX,
        ..intake::Limits::default()
    };
    let mut decoded = intake::decode(&raw, &limits)?;
    drop(decoded.take_secret());
    Ok(Submission {
        id: received.id,
        received_at: received.id.at(),
        received_via: received.via.clone().unwrap_or_else(|| slug.to_owned()),
        fields: decoded.fields,
        attachments: decoded.attachments,
        ip: received.ip.clone(),
        referer: received.referer.clone(),
        user_agent: received.user_agent.clone(),
    })
}

impl Task {
    /// Renders and converts the channel's mappings for a stored submission. `started` is when this run of the program
    /// began, `now` the moment.
    pub fn new(
        stored: Stored,
        submission: Submission,
        channel: Arc<StoredChannel>,
        catalog: &Catalog,
        country: &str,
        (started, now): (Millis, Millis),
    ) -> Result<Task, Unfit> {
        let wanted = wanted(&submission, &channel.channel, catalog, country)?;
        let mut task = Task {
            submission,
            channel,
            wanted,
            weight: stored.received.body.len() + stored.received.query.len(),
            journal: stored.journal,
            attempts: stored.standing.attempts,
            since: stored.standing.since,
            batch_failures: 0,
            outdated: false,
            asked: None,
            unsaved: Vec::new(),
        };
        // What another run of the program read is not known any more.
        task.forget_reads();
        lose_answers(&mut task.journal, started, now);
        Ok(task)
    }

    /// Whether something was sent and nobody knows yet what became of it.
    pub fn is_uncertain(&self) -> bool {
        self.journal.steps.iter().any(|step| {
            step.effect == Effect::Write && matches!(step.state, StepState::Begun | StepState::Unknown(_))
        })
    }

    /// Says whether the task must keep its place while others are read again, because something was sent for it. One
    /// whose answers are in the store is read again when its turn comes; one whose answers are not goes on as it is.
    pub fn stays(&mut self) -> bool {
        let unsaved = self.unsaved.iter().any(|step| step.effect == Effect::Write);
        self.outdated |= !unsaved;
        unsaved || self.is_uncertain()
    }

    /// Plans the first step of a task that has not begun, so that it is known how much room it takes in a batch.
    pub fn plan_ahead(&mut self, catalog: &Catalog, country: &str, settle: Duration, now: Millis) {
        if self.journal.steps.is_empty()
            && let Next::Ask { calls, decision } = self.plan(catalog, country, settle, now)
        {
            self.asked = Some(Asked::new(calls, decision));
        }
    }

    /// Whether something that was read is older than `most`.
    pub fn has_read_before(&self, now: Millis, most: Duration) -> bool {
        self.journal.steps.iter().any(|step| {
            let answered = step.begun_at + Duration::from_millis(u64::from(step.took_ms.unwrap_or(0)));
            step.effect == Effect::Read && now.since(answered) > most
        })
    }

    /// A task for a dry run: nothing of it is in the store.
    pub fn rehearsing(submission: Submission, channel: Arc<StoredChannel>, wanted: Wanted) -> Task {
        Task {
            since: submission.received_at,
            submission,
            channel,
            wanted,
            journal: Journal::default(),
            weight: 0,
            attempts: 0,
            batch_failures: 0,
            outdated: false,
            asked: None,
            unsaved: Vec::new(),
        }
    }

    /// Plans the next step from what is known.
    pub fn plan(&self, catalog: &Catalog, country: &str, settle: Duration, now: Millis) -> Next {
        let job = Job {
            submission: &self.submission,
            channel: &self.channel.channel,
            catalog,
            wanted: &self.wanted,
            journal: &self.journal,
            country,
            settle,
        };
        plan::next(&job, now)
    }

    /// Writes down that these calls are about to be sent. Returns what must be on the disk before they are: nothing,
    /// when all of them only read.
    pub fn begin(&mut self, calls: &[Call], decision: Option<Value>, now: Millis) -> Vec<Step> {
        if decision.is_some() {
            self.journal.decision = decision;
        }
        for call in calls {
            let step = Step {
                key: call.key.clone(),
                method: call.method.clone(),
                effect: call.effect,
                sent: sent(&call.args),
                state: StepState::Begun,
                begun_at: now,
                took_ms: None,
            };
            self.journal.put(step.clone());
            if call.effect == Effect::Write {
                self.unsaved.push(step);
            }
        }
        if calls.iter().any(|call| call.effect == Effect::Write) {
            std::mem::take(&mut self.unsaved)
        } else {
            Vec::new()
        }
    }

    /// Takes the answers in, which came at `now` and `took` so long. Returns the trouble, if one of the calls did not
    /// come home.
    pub fn absorb(&mut self, answers: Vec<(Call, Answer)>, took: Duration, now: Millis) -> Option<Trouble> {
        let mut worst: Option<Trouble> = None;
        for (call, answer) in answers {
            let (state, trouble) = match answer {
                Answer::Done { result, .. } => (StepState::Done { result }, None),
                Answer::Refused(refusal) => (StepState::Refused(refusal), None),
                Answer::Later(trouble) => (StepState::Later(trouble.clone()), Some(trouble)),
                // A read may be repeated at will.
                Answer::Unknown(trouble) if call.effect == Effect::Read => {
                    (StepState::Later(trouble.clone()), Some(trouble))
                }
                Answer::Unknown(trouble) => (StepState::Unknown(trouble.clone()), Some(trouble)),
            };
            // What was not run because an earlier call failed is no trouble of its own.
            if let Some(trouble) = trouble
                && (worst.is_none() || worst.as_ref().is_some_and(|w| w.kind == TroubleKind::NotRun))
            {
                worst = Some(trouble);
            }
            let Some(begun) = self.journal.step(&call.key) else {
                continue;
            };
            let took = match state {
                // The calls were written down before they were sent, which a slow disk may have drawn out.
                StepState::Unknown(_) => took.max(now.since(begun.begun_at)),
                _ => took,
            };
            let step = Step {
                state,
                took_ms: Some(milliseconds(took)),
                ..begun.clone()
            };
            self.unsaved.push(shortened(&step));
            self.journal.put(step);
        }
        worst
    }

    /// Forgets what was read and what was not done: another attempt looks again.
    pub fn forget_reads(&mut self) {
        self.asked = None;
        self.journal.steps.retain(|step| {
            step.effect == Effect::Write
                && matches!(
                    step.state,
                    StepState::Done { .. } | StepState::Begun | StepState::Unknown(_)
                )
        });
        // Without a write behind it a decision binds nobody.
        if self.journal.steps.is_empty() {
            self.journal.decision = None;
        }
    }
}

/// What an earlier run had begun was cut off when that run ended, and no later than this one began: from then on
/// the portal may still have been working on it.
fn lose_answers(journal: &mut Journal, started: Millis, now: Millis) {
    for step in &mut journal.steps {
        // The clock was set back since: what it said then would have to be waited for.
        step.begun_at = step.begun_at.min(now);
        if step.state == StepState::Begun && step.begun_at < started {
            step.took_ms = Some(milliseconds(started.since(step.begun_at)));
        }
    }
}

fn milliseconds(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}

/// What was sent, for people: long texts shortened, references as the portal takes them.
fn sent(args: &[(String, Arg)]) -> Value {
    Value::Object(
        args.iter()
            .map(|(name, arg)| (name.clone(), shown(arg)))
            .collect(),
    )
}

/// Argument lists as JSON, long texts shortened.
pub fn shown(arg: &Arg) -> Value {
    match arg {
        Arg::Text(text) => Value::String(shorten(text, SENT_CHARS)),
        Arg::List(items) => Value::Array(items.iter().map(shown).collect()),
        Arg::Map(items) => Value::Object(
            items
                .iter()
                .map(|(name, arg)| (name.clone(), shown(arg)))
                .collect(),
        ),
        Arg::Answer { key, path } => {
            let path: String = path.iter().map(|part| format!("[{part}]")).collect();
            json!(format!("$result[{key}]{path}"))
        }
    }
}

fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The step as it is stored: the answer to a write whole, to a read in short.
fn shortened(step: &Step) -> Step {
    let mut step = step.clone();
    if step.effect == Effect::Read
        && let StepState::Done { result } = &step.state
    {
        let text = result.to_string();
        if text.len() > READ_ANSWER_CHARS {
            step.state = StepState::Done {
                result: Value::String(shorten(&text, READ_ANSWER_CHARS)),
            };
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(begun_at: i64) -> Step {
        Step {
            key: "contact".to_owned(),
            method: "crm.contact.add".to_owned(),
            effect: Effect::Write,
            sent: Value::Null,
            state: StepState::Begun,
            begun_at: Millis(begun_at),
            took_ms: None,
        }
    }

    #[test]
    fn what_an_earlier_run_began_may_go_on_from_the_start_of_this_one() {
        let (started, now) = (Millis(50_000), Millis(60_000));
        let seen = |begun_at| {
            let mut journal = Journal {
                steps: vec![begun(begun_at)],
                decision: None,
            };
            lose_answers(&mut journal, started, now);
            (journal.steps[0].begun_at, journal.steps[0].took_ms)
        };
        assert_eq!(seen(20_000), (Millis(20_000), Some(30_000)));
        assert_eq!(seen(55_000), (Millis(55_000), None), "begun in this run");
        assert_eq!(seen(9_000_000), (now, None), "by a clock that was set back since");
    }
}
