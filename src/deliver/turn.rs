//! One turn of a sender: choose who goes, plan, write down, send, write down what came of it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::board::{Board, Taken};
use super::clock::now;
use super::engine::Shared;
use super::feed::{self, Read};
use super::task::{Asked, Task};
use super::wave::{self, MOST_COMMANDS, Packed};
use crate::model::{Answer, Catalog, Failure, Millis, Step, SubmissionId, Trouble, TroubleKind};
use crate::plan::wanted::Unfit;
use crate::plan::{Next, backoff};
use crate::portal::{Portal, Turn};
use crate::store::{Begin, Change, Record};

/// Commands that a submission asks for on its first step, as far as one can guess before it is read.
const USUAL_COMMANDS: usize = 3;
/// How soon a job comes back when the disk refused its intent.
const AFTER_REFUSED_WRITE: Duration = Duration::from_secs(5);
/// How long a batch that is not full waits for others to come home, where requests are scarce; they ring the bell.
const FILL_UP: Duration = Duration::from_millis(200);
/// A batch may fail as a whole because of one of its commands: after this often, its jobs go alone, and one that fails
/// alone goes with growing pauses.
const BATCH_FAILURES: u32 = 2;
/// What was read longer ago than this is read again before anything is built on it: a job may have waited in between.
const FRESH_READS: Duration = Duration::from_secs(5 * 60);
/// How soon a job with an unknown field or label looks whether a fresh catalogue has come.
const FRESH_CATALOG: Duration = Duration::from_secs(2);

/// A sender's thread.
pub fn send(shared: &Shared) {
    while shared.wait_for_work() {
        let (Some(portal), Some(catalog)) = (shared.portal(), shared.catalog()) else {
            shared.wait_for_news(Duration::from_secs(1));
            continue;
        };
        let (turn, taken, _under_way) = {
            // One sender at a time chooses, and only once the portal grants a request: so that a batch is as full as
            // it can be at the moment it goes.
            let choosing = shared.choosing.lock().unwrap_or_else(PoisonError::into_inner);
            // Another sender may have taken all there was: no turn is to be wasted on that.
            if !shared.has_work() {
                continue;
            }
            if shared.is_metered() && shared.under_way() > 0 && !shared.look_at_board(fills) {
                // What comes home fills the batch up.
                drop(choosing);
                shared.wait_for_news(FILL_UP);
                continue;
            }
            let turn = match portal.wait_for_turn() {
                Ok(turn) => turn,
                Err(trouble) => {
                    shared.health().trouble(&trouble, shared.now());
                    continue;
                }
            };
            // Meanwhile the portal may have gone, or the work been forgotten.
            if !shared.has_work() {
                continue;
            }
            let taken = shared.on_board(|board| board.take(now(), MOST_COMMANDS, weigh));
            (turn, taken, shared.set_out())
        };
        let sender = Sender {
            shared,
            portal,
            catalog,
        };
        let ids: Vec<SubmissionId> = taken.iter().map(|taken| taken.id).collect();
        // Unwind safety: what the turn had in hand is forgotten and read anew.
        if catch_unwind(AssertUnwindSafe(|| sender.go(turn, taken))).is_err() {
            sender.give_up_turn(&ids);
        }
    }
}

/// Commands a job would bring into a shared batch.
fn weigh(task: Option<&Task>) -> usize {
    task.and_then(|task| task.asked.as_ref())
        .map_or(USUAL_COMMANDS, |asked| asked.shared)
}

fn fills(board: &Board<Task>) -> bool {
    board.fills(now(), MOST_COMMANDS, weigh)
}

struct Sender<'s> {
    shared: &'s Shared,
    portal: Arc<Portal>,
    catalog: Arc<Catalog>,
}

/// Tasks of this turn that have something to send.
type Tasks = HashMap<SubmissionId, Task>;

impl Sender<'_> {
    /// A bug ended the turn. Its submissions go one by one from now on, so that the one that brings the bug about is
    /// found and given up, and holds up nobody.
    fn give_up_turn(&self, ids: &[SubmissionId]) {
        tracing::error!(?ids, "a delivery met a bug");
        match ids {
            [id] if self.shared.look_at_board(|board| board.is_taken(*id)) => self.record(vec![Record {
                id: *id,
                steps: Vec::new(),
                change: Change::Failed(feed::bug()),
            }]),
            _ => {
                let due = self.shared.now();
                self.shared.on_board(|board| board.give_back(ids, due));
            }
        }
    }

    fn go(&self, turn: Turn, taken: Vec<Taken<Task>>) {
        let alone = taken.iter().any(|taken| taken.alone);
        let mut tasks = Tasks::new();
        let mut asking = Vec::new();
        let mut records = Vec::new();
        for Taken { id, task, .. } in taken {
            let task = task.filter(|task| !task.outdated).map(Box::new);
            let Some(task) = task.or_else(|| self.read(id, &mut records)) else {
                continue;
            };
            if let Some(task) = self.plan(*task, alone, &mut records) {
                let calls = task
                    .asked
                    .as_ref()
                    .map(|asked| asked.calls.clone())
                    .unwrap_or_default();
                asking.push((id, calls));
                tasks.insert(id, task);
            }
        }
        self.record(records);
        if asking.is_empty() {
            return;
        }
        let packed = wave::pack(asking);
        for id in &packed.left {
            if let Some(task) = tasks.remove(id) {
                self.put_back(task, Millis(0), false);
            }
        }
        if let Some(tasks) = self.write_down(&packed, tasks) {
            self.exchange(turn, packed, tasks, alone);
        }
    }

    /// Reads a job that the board kept no task for. What cannot be read goes where it belongs.
    fn read(&self, id: SubmissionId, records: &mut Vec<Record>) -> Option<Box<Task>> {
        match feed::read(self.shared, id) {
            Ok(Read::Task(task)) => {
                let persons = &task.wanted.persons;
                if self.shared.look_at_board(|board| board.is_of(id, persons)) {
                    return Some(task);
                }
                // It was unfit when it came, so that nobody knew whose it is.
                let persons = persons.clone();
                self.shared
                    .on_board(|board| board.line_up_again(id, persons, Millis(0)));
            }
            Ok(Read::Unfit { unfit, since }) => self.unfit(id, &unfit, since, records),
            Ok(Read::Held | Read::Gone) => self.shared.on_board(|board| board.finish(id)),
            Ok(Read::NoCatalog) => {
                let due = self.shared.now() + FRESH_CATALOG;
                self.shared.on_board(|board| board.put_back(id, due, false, None));
            }
            Ok(Read::Lost(failure)) => {
                records.push(Record {
                    id,
                    steps: Vec::new(),
                    change: Change::Failed(failure),
                });
            }
            Err(error) => self.later(id, &error),
        }
        None
    }

    fn later(&self, id: SubmissionId, error: &dyn std::fmt::Display) {
        tracing::error!(submission = %id, %error, "cannot be read; trying again");
        let due = self.shared.now() + AFTER_REFUSED_WRITE;
        self.shared.on_board(|board| board.put_back(id, due, false, None));
    }

    /// A value that does not fit, or a field that is not there: the catalogue is read again before the submission is
    /// failed for it. Fresh is what was read after the submission came: what its sender could know is in it.
    fn unfit(&self, id: SubmissionId, unfit: &Unfit, since: Millis, records: &mut Vec<Record>) {
        let now = self.shared.now();
        // What came by a clock that was set back since is not waited for.
        let fresh = self.catalog.taken_at >= since || since > now;
        if unfit.may_be_stale() && !fresh {
            self.shared.health().want_catalog(now);
            self.shared.news();
            self.shared
                .on_board(|board| board.put_back(id, now + FRESH_CATALOG, false, None));
            return;
        }
        let failure = Failure {
            step: "values".to_owned(),
            text: unfit.to_string(),
        };
        records.push(Record {
            id,
            steps: Vec::new(),
            change: Change::Failed(failure),
        });
    }

    /// Plans a task's next step. A task that has nothing to send is recorded, or waits on the board.
    fn plan(&self, mut task: Task, alone: bool, records: &mut Vec<Record>) -> Option<Task> {
        let now = self.shared.now();
        if task.has_read_before(now, FRESH_READS) {
            task.forget_reads();
        }
        if task.asked.is_some() {
            return Some(task);
        }
        let id = task.submission.id;
        let conditions = self.shared.conditions();
        let change = match task.plan(&self.catalog, &conditions.country, conditions.settle, now) {
            Next::Ask { calls, decision } => {
                task.asked = Some(Asked::new(calls, decision));
                return Some(task);
            }
            Next::Wait { until } => {
                self.put_back(task, until, alone);
                return None;
            }
            Next::Delivered(outcome) => Change::Delivered(outcome),
            Next::Ignored(outcome) => Change::Ignored(outcome),
            Next::Failed(failure) => Change::Failed(failure),
        };
        records.push(Record {
            id,
            steps: std::mem::take(&mut task.unsaved),
            change,
        });
        None
    }

    /// Intent before effect: every write of the batch is on the disk before it is sent. `None` when the disk refused,
    /// and nothing may be sent.
    fn write_down(&self, packed: &Packed, mut tasks: Tasks) -> Option<Tasks> {
        let now = self.shared.now();
        let mut begins = Vec::new();
        for share in &packed.shares {
            let Some(task) = tasks.get_mut(&share.id) else {
                continue;
            };
            let decision = task.asked.take().and_then(|asked| asked.decision);
            let kept: Option<Value> = decision.clone();
            let steps = task.begin(&share.calls, decision, now);
            if !steps.is_empty() {
                begins.push(Begin {
                    id: share.id,
                    steps,
                    decision: kept,
                });
            }
        }
        if begins.is_empty() {
            return Some(tasks);
        }
        match self.shared.store.begin(begins) {
            Ok(()) => Some(tasks),
            Err(error) => {
                tracing::error!(%error, "the disk refused the journal; nothing is sent before it is written");
                let due = self.shared.now() + AFTER_REFUSED_WRITE;
                for id in tasks.into_keys() {
                    self.shared.on_board(|board| board.put_back(id, due, false, None));
                }
                None
            }
        }
    }

    /// Sends the batch and takes its answers home.
    fn exchange(&self, turn: Turn, packed: Packed, mut tasks: Tasks, alone: bool) {
        let commands = packed.commands();
        let several = packed.shares.len() > 1;
        let started = Instant::now();
        let answers = self.portal.batch_in_turn(turn, &commands, packed.halt);
        let (took, now) = (started.elapsed(), self.shared.now());
        let general = general_trouble(&answers);
        match &general {
            Some(trouble) => self.shared.health().trouble(trouble, self.shared.now()),
            None => self.shared.health().up(took),
        }
        let mut records = Vec::new();
        let mut back = Vec::new();
        for (id, answers) in packed.deal(answers) {
            let Some(mut task) = tasks.remove(&id) else {
                continue;
            };
            let trouble = task.absorb(answers, took, now);
            if general
                .as_ref()
                .is_some_and(|trouble| is_of_the_batch(trouble.kind))
            {
                task.batch_failures += 1;
            }
            let suspect = task.batch_failures >= BATCH_FAILURES;
            let alone = alone || suspect;
            match trouble.filter(|trouble| trouble.kind != TroubleKind::NotRun) {
                Some(trouble) => {
                    // Alone, while the portal answers the probes: it is this submission that the portal cannot bear.
                    let general = general.is_some() && (several || !suspect);
                    let (record, due) = self.again(&mut task, &trouble, general);
                    records.push(record);
                    back.extend(due.map(|due| (task, due, alone)));
                }
                None => {
                    let task = self.plan(task, alone, &mut records);
                    back.extend(task.map(|task| (task, Millis(0), false)));
                }
            }
        }
        // First on the disk, then to the others: a job that comes back may be taken at once.
        self.record(records);
        for (task, due, alone) in back {
            self.put_back(task, due, alone);
        }
    }

    /// Another attempt, and when it is due. What was read is forgotten, what was done or may have been done is kept.
    fn again(&self, task: &mut Task, trouble: &Trouble, general: bool) -> (Record, Option<Millis>) {
        let now = self.shared.now();
        let id = task.submission.id;
        let steps: Vec<Step> = std::mem::take(&mut task.unsaved);
        let blameless = matches!(
            trouble.kind,
            TroubleKind::RateLimit | TroubleKind::OperatingTime | TroubleKind::AuthorizationLost
        );
        let count_attempt = !blameless;
        if count_attempt {
            task.attempts += 1;
        }
        if !general && !blameless && backoff::is_over(task.since, now) {
            let text = format!(
                "given up after seven days of trying: {}; deliver it again when that is mended",
                trouble.text
            );
            let change = Change::Failed(Failure {
                step: "attempts".to_owned(),
                text,
            });
            return (Record { id, steps, change }, None);
        }
        // A pause of the way to the portal is kept by the health, and ends with its cause.
        let at = match trouble
            .not_before
            .filter(|_| !general || is_of_the_batch(trouble.kind))
        {
            Some(at) => at.max(now),
            // The portal as a whole is away: it goes when the probe finds it back.
            None if general || blameless => now,
            None => backoff::next_attempt(id, task.attempts, now),
        };
        task.forget_reads();
        (
            Record {
                id,
                steps,
                change: Change::Again {
                    at,
                    error: trouble.text.clone(),
                    count_attempt,
                },
            },
            Some(at),
        )
    }

    fn put_back(&self, mut task: Task, due: Millis, alone: bool) {
        // What another portal said, and what was rendered for it, is of no use to this one.
        let portal = self.shared.portal();
        task.outdated |= !portal.is_some_and(|portal| Arc::ptr_eq(&portal, &self.portal));
        self.shared
            .on_board(|board| board.put_back(task.submission.id, due, alone, Some(task)));
    }

    /// Writes down what came of the calls; finished submissions leave the board once that is on the disk. The portal
    /// has done the work already, so this is tried until the disk takes it: a stop before that leaves the intents, and
    /// the next start looks the effects up.
    fn record(&self, records: Vec<Record>) {
        if records.is_empty() {
            return;
        }
        let finished: Vec<SubmissionId> = records
            .iter()
            .filter(|record| {
                matches!(
                    record.change,
                    Change::Delivered(_) | Change::Ignored(_) | Change::Failed(_)
                )
            })
            .map(|record| record.id)
            .collect();
        for record in &records {
            log(record);
        }
        loop {
            match self.shared.store.record(records.clone()) {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(%error, "the disk refused the journal; trying until it takes it");
                    if self.shared.stopping() {
                        return;
                    }
                    self.shared.wait_for_news(AFTER_REFUSED_WRITE / 5);
                }
            }
        }
        self.shared
            .on_board(|board| finished.into_iter().for_each(|id| board.finish(id)));
    }
}

/// The trouble that kept every command from coming home: then it is the portal's, not one submission's.
fn general_trouble(answers: &[Answer]) -> Option<Trouble> {
    let first = answers.first()?.trouble()?;
    let all = answers.iter().all(|answer| answer.trouble().is_some());
    (all && first.kind.is_portal_wide() && first.kind != TroubleKind::RateLimit).then(|| first.clone())
}

/// Whether one of the commands may have brought the whole batch down: not when the portal never looked at it.
fn is_of_the_batch(kind: TroubleKind) -> bool {
    !matches!(
        kind,
        TroubleKind::Unreachable | TroubleKind::TokenExpired | TroubleKind::AuthorizationLost
    )
}

fn log(record: &Record) {
    match &record.change {
        Change::Still => {}
        Change::Delivered(outcome) => tracing::info!(
            submission = %record.id, action = ?outcome.action, entity = outcome.entity.as_str(), ids = ?outcome.entity_ids, contacts = ?outcome.contact_ids, "delivered"
        ),
        Change::Ignored(outcome) => {
            tracing::info!(submission = %record.id, ids = ?outcome.entity_ids, "ignored")
        }
        Change::Failed(failure) => {
            tracing::warn!(submission = %record.id, step = %failure.step, reason = %failure.text, "failed")
        }
        Change::Again { error, .. } => {
            tracing::info!(submission = %record.id, reason = %error, "another attempt later")
        }
    }
}
