//! The engine's part, played by hand: tasks are read from a journal, planned, packed, written down, sent and answered
//! as `deliver` does it, with a clock that is moved and a portal that can be made to fail at any point.

use std::time::Duration;

use b24_bridge::deliver::{Asked, Packed, Task, pack};
use b24_bridge::model::{Answer, Call, EntityAction, Millis, SubmissionId, Trouble, TroubleKind};
use b24_bridge::plan::Next;
use b24_bridge::practice_portal::{Meddling, World};
use b24_bridge::wire::{decode, encode};

use super::case::{CATALOG, Case, Event, START};
use super::row::Row;

const SETTLE: Duration = Duration::from_secs(60);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
/// A dozen events, each of which costs a few rounds for each of four submissions, and then some.
const ROUNDS: usize = 1_000;

/// A batch that the portal will do although nobody waits for it any more.
struct Late {
    at: Millis,
    body: Vec<u8>,
}

pub struct Machine<'c> {
    case: &'c Case,
    events: Vec<Event>,
    pub world: World,
    pub rows: Vec<Row>,
    now: Millis,
    started: Millis,
    late: Vec<Late>,
}

impl<'c> Machine<'c> {
    /// `rough`: with everything that goes wrong in this case.
    pub fn new(case: &'c Case, rough: bool) -> Machine<'c> {
        let channel = &case.channel.channel;
        let rows = case.submissions().into_iter().map(|(person, submission)| Row {
            person,
            submission,
            log: Vec::new(),
            decision: None,
            task: None,
            due: START,
            outcome: None,
            comments: channel.add_comment,
            activities: channel.add_activity,
        });
        Machine {
            case,
            events: if rough {
                case.events.iter().rev().cloned().collect()
            } else {
                Vec::new()
            },
            world: case.world(),
            rows: rows.collect(),
            now: START,
            started: START,
            late: Vec::new(),
        }
    }

    pub fn run(&mut self) {
        for round in 0..ROUNDS {
            if self.rows.iter().all(|row| row.outcome.is_some()) {
                // What the portal still does late must not be done by anybody else.
                self.pass_time(SETTLE * 2);
                return;
            }
            self.pass_time(SECOND);
            let width = self.case.widths[round % self.case.widths.len()];
            self.round(usize::from(width));
        }
        panic!("it never ends");
    }

    /// Time passes; what the portal was to do meanwhile, it does.
    fn pass_time(&mut self, span: Duration) {
        self.now = self.now + span;
        self.late.sort_by_key(|late| late.at);
        let due = self.late.partition_point(|late| late.at <= self.now);
        for late in self.late.drain(..due) {
            self.world.batch(&late.body, None, late.at, |_| Meddling::None);
        }
    }

    /// Who may go: the oldest unfinished submission of each person.
    fn ready(&self) -> Vec<usize> {
        let open = |row: &Row| row.outcome.is_none();
        (0..self.rows.len())
            .filter(|n| open(&self.rows[*n]) && self.rows[*n].due <= self.now)
            .filter(|n| {
                !self.rows[..*n]
                    .iter()
                    .any(|earlier| open(earlier) && earlier.person == self.rows[*n].person)
            })
            .collect()
    }

    fn round(&mut self, width: usize) {
        let mut asking = Vec::new();
        for n in self.ready().into_iter().take(width) {
            if let Some(calls) = self.plan(n) {
                asking.push((self.rows[n].submission.id, calls));
            }
        }
        if asking.is_empty() {
            return;
        }
        let packed = pack(asking);
        for share in &packed.shares {
            let row = self.row(share.id);
            let decision = task(row).asked.take().and_then(|asked| asked.decision);
            let kept = decision.clone();
            let now = self.now;
            let row = self.row(share.id);
            let steps = task(row).begin(&share.calls, decision, now);
            if !steps.is_empty() {
                row.decision = kept.or(row.decision.take());
                row.write(steps);
            }
        }
        self.exchange(packed);
    }

    fn row(&mut self, id: SubmissionId) -> &mut Row {
        self.rows
            .iter_mut()
            .find(|row| row.submission.id == id)
            .expect("a row")
    }

    /// Plans a row's next step; the calls, when there are any.
    fn plan(&mut self, n: usize) -> Option<Vec<Call>> {
        let (case, now, started) = (self.case, self.now, self.started);
        let row = &mut self.rows[n];
        if row.task.is_none() {
            row.task = Some(row.load(case, started, now));
        }
        let task = row.task.as_mut().expect("a task");
        if let Some(asked) = &task.asked {
            return Some(asked.calls.clone());
        }
        match task.plan(&CATALOG, "RU", SETTLE, now) {
            Next::Ask { calls, decision } => {
                task.asked = Some(Asked::new(calls.clone(), decision));
                return Some(calls);
            }
            Next::Wait { until } => row.due = until,
            Next::Delivered(outcome) | Next::Ignored(outcome) => row.outcome = Some(outcome),
            Next::Failed(failure) => {
                assert!(failure.text.contains("Не сегодня"), "{failure:?}");
                let steps = std::mem::take(&mut task.unsaved);
                row.write(steps);
                row.retry();
            }
        }
        None
    }

    fn exchange(&mut self, packed: Packed) {
        let commands = packed.commands();
        let keys: Vec<String> = commands
            .iter()
            .map(|(tag, call)| encode::key(tag, &call.key))
            .collect();
        let sent: Vec<String> = commands
            .iter()
            .map(|(tag, call)| encode::command(call, |key| encode::key(tag, key)))
            .collect();
        let body = encode::batch_body(
            keys.iter()
                .map(String::as_str)
                .zip(sent.iter().map(String::as_str)),
            packed.halt,
        );
        let count = commands.len();
        let unknown = |kind| vec![Answer::Unknown(trouble(kind)); count];
        let mut took = SECOND;
        let answers = match self.events.pop().unwrap_or(Event::Nothing) {
            Event::CrashBefore => return self.crash(),
            Event::CrashAfter(done) => {
                self.world
                    .batch(&body, Some(usize::from(done)), self.now, |_| Meddling::None);
                return self.crash();
            }
            Event::CrashLate(seconds) => {
                self.crash();
                self.later(seconds, body);
                return;
            }
            Event::NotSent => vec![Answer::Later(trouble(TroubleKind::Unreachable)); count],
            Event::CutBefore => unknown(TroubleKind::AnswerLost),
            Event::CutAfter(done) => {
                self.world
                    .batch(&body, Some(usize::from(done)), self.now, |_| Meddling::None);
                unknown(TroubleKind::AnswerLost)
            }
            Event::Late(seconds) => {
                took = PATIENCE;
                self.pass_time(PATIENCE);
                self.later(seconds, body);
                unknown(TroubleKind::AnswerLost)
            }
            Event::Forget => {
                for row in &mut self.rows {
                    let reread = row
                        .task
                        .as_mut()
                        .is_some_and(|task| !task.stays() || task.outdated);
                    // Those that are under way are not waiting.
                    if reread && !packed.shares.iter().any(|share| share.id == row.submission.id) {
                        row.task = None;
                    }
                }
                self.ask(&body, &keys, packed.halt, |_| Meddling::None)
            }
            Event::Nothing => self.ask(&body, &keys, packed.halt, |_| Meddling::None),
            Event::Commands(meddling) => self.ask(&body, &keys, packed.halt, |n| {
                let at = u8::try_from(n).unwrap_or(u8::MAX);
                meddling.get(&at).copied().unwrap_or(Meddling::None)
            }),
        };
        let now = self.now;
        for (id, answers) in packed.deal(answers) {
            let row = self.row(id);
            let task = row.task.as_mut().expect("a task");
            let trouble = task.absorb(answers, took, now);
            if trouble.is_some_and(|trouble| trouble.kind != TroubleKind::NotRun) {
                let steps = std::mem::take(&mut task.unsaved);
                task.forget_reads();
                row.write(steps);
                row.due = now + SECOND;
            }
        }
    }

    fn ask(
        &mut self,
        body: &[u8],
        keys: &[String],
        halt: bool,
        mut meddle: impl FnMut(usize) -> Meddling,
    ) -> Vec<Answer> {
        let mut n = 0;
        let reply = self.world.batch(body, None, self.now, |_| {
            n += 1;
            meddle(n - 1)
        });
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        decode::batch(
            200,
            "application/json",
            reply.to_string().as_bytes(),
            &keys,
            halt,
            self.now,
        )
        .answers
    }

    fn later(&mut self, seconds: u8, body: Vec<u8>) {
        self.late.push(Late {
            at: self.now + Duration::from_secs(u64::from(seconds)),
            body,
        });
    }

    /// The process dies and starts again: what is not in the store is gone.
    fn crash(&mut self) {
        self.pass_time(PATIENCE);
        self.started = self.now;
        for row in &mut self.rows {
            row.task = None;
            row.due = row.due.min(self.now);
        }
    }

    /// How each submission ended, without numbers.
    pub fn outcomes(&self) -> Vec<(EntityAction, usize, usize)> {
        let outcomes = self.rows.iter().filter_map(|row| row.outcome.as_ref());
        outcomes
            .map(|o| (o.action, o.entity_ids.len(), o.contact_ids.len()))
            .collect()
    }
}

fn task(row: &mut Row) -> &mut Task {
    row.task.as_mut().expect("a task")
}

fn trouble(kind: TroubleKind) -> Trouble {
    Trouble {
        kind,
        text: "trouble".to_owned(),
        not_before: None,
    }
}
