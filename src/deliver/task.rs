//! One submission under delivery, with all that is known of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::intake;
use crate::model::{
    Answer, Arg, Call, Catalog, Effect, Journal, Millis, Step, StepState, Submission, Trouble, TroubleKind,
};
use crate::plan::wanted::{Unfit, wanted};
use crate::plan::{self, Job, Next, Wanted};
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
    /// How often a shared batch that held it failed as a whole.
    pub shared_failures: u32,
    pub asked: Option<Asked>,
    /// Steps that are not in the store yet: reads, which may wait for the next commit.
    pub unsaved: Vec<Step>,
}

/// Reads a stored request's bytes into fields again. `slug` is its channel's.
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
    let decoded = intake::decode(&raw, &limits)?;
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
    /// Renders and converts the channel's mappings for a stored submission.
    pub fn new(
        stored: Stored,
        submission: Submission,
        channel: Arc<StoredChannel>,
        catalog: &Catalog,
        country: &str,
    ) -> Result<Task, Unfit> {
        let wanted = wanted(&submission, &channel.channel, catalog, country)?;
        let mut task = Task {
            submission,
            channel,
            wanted,
            weight: stored.received.body.len(),
            journal: stored.journal,
            attempts: stored.standing.attempts,
            since: stored.standing.since,
            shared_failures: 0,
            asked: None,
            unsaved: Vec::new(),
        };
        // What another run of the program read is not known any more.
        task.forget_reads();
        Ok(task)
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
            shared_failures: 0,
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

    /// Takes the answers in. Returns the trouble, if one of the calls did not come home.
    pub fn absorb(&mut self, answers: Vec<(Call, Answer)>, took: Duration) -> Option<Trouble> {
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
            let took_ms = Some(u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
            let step = Step {
                state,
                took_ms,
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
