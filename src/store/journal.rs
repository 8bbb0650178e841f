//! The journal: what was about to be sent, written before it is sent, and what came of it. It is the
//! planner's memory and people's history in one.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::Store;
use super::error::StoreError;
use super::take_up::{RECEIVED, RECEIVED_COLUMNS, Received};
use crate::model::{Effect, Failure, Journal, Millis, Outcome, State, Step, StepState, SubmissionId};

/// Calls that are about to be sent for one submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    pub id: SubmissionId,
    pub steps: Vec<Step>,
    /// The planner's decision, when it was made now; absent: the stored one stays.
    pub decision: Option<Value>,
}

/// What came of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: SubmissionId,
    /// A step whose `key` and `begun_at` are those of a step that stands as begun completes it;
    /// any other is added.
    pub steps: Vec<Step>,
    pub change: Change,
}

/// Where the submission stands afterwards.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// More calls follow.
    Still,
    Delivered(Outcome),
    Ignored(Outcome),
    Failed(Failure),
    /// Queued again.
    Again {
        at: Millis,
        error: String,
        /// False when the portal as a whole was away: the submission is not to blame.
        count_attempt: bool,
    },
}

/// Everything about one submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub received: Received,
    pub standing: Standing,
    /// The planner's memory: the newest step of each key, without what a retry has dropped.
    pub journal: Journal,
}

/// How far a submission has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub state: State,
    pub attempts: u32,
    pub next_attempt_at: Option<Millis>,
    /// When its time to be delivered began: its arrival, or the last `inbox retry`.
    pub since: Millis,
    pub error: Option<String>,
    /// The step that failed, when one did.
    pub error_step: Option<String>,
    pub result: Option<Outcome>,
    pub summary: String,
    pub changed_at: Millis,
    /// When the request itself was taken away because of its age.
    pub body_removed_at: Option<Millis>,
}

/// One call in the history of a submission.
#[derive(Debug, Clone, PartialEq)]
pub struct PastStep {
    pub step: Step,
    /// A retry took it from the planner's sight.
    pub dropped: bool,
}

impl Store {
    /// Writes down calls before they are sent and marks their submissions `delivering`; all of them
    /// in one transaction, or none. Blocks until that is on the disk.
    pub fn begin(&self, batch: Vec<Begin>) -> Result<(), StoreError> {
        self.inner.writer.write(move |conn, now| {
            for begin in &batch {
                let decision = begin.decision.as_ref().map(Value::to_string);
                let changed = conn
                    .prepare_cached(
                        "UPDATE delivery SET state = 'delivering', next_attempt_at = NULL, \
                         decision = coalesce(?2, decision), changed_at = ?3 \
                         WHERE id = ?1 AND state IN ('queued', 'delivering')",
                    )?
                    .execute(params![begin.id.0, decision, now.0])?;
                if changed == 0 {
                    return Err(StoreError::NoSuchDelivery(begin.id));
                }
                add_steps(conn, begin.id, &begin.steps)?;
            }
            Ok(())
        })
    }

    /// Writes down what came of calls, and where their submissions stand now; one transaction. A
    /// submission that was removed meanwhile is passed over.
    pub fn record(&self, batch: Vec<Record>) -> Result<(), StoreError> {
        self.inner.writer.write(move |conn, now| {
            for record in &batch {
                if change(conn, record.id, &record.change, now)? {
                    add_steps(conn, record.id, &record.steps)?;
                }
            }
            Ok(())
        })
    }

    /// One submission with all that is known of it; `None` when there is none.
    pub fn load(&self, id: SubmissionId) -> Result<Option<Stored>, StoreError> {
        self.inner.readers.read(|conn| load(conn, id))
    }

    /// Every call that was ever written down for a submission, oldest first.
    pub fn history(&self, id: SubmissionId) -> Result<Vec<PastStep>, StoreError> {
        self.inner.readers.read(|conn| steps(conn, id))
    }
}

fn change(conn: &Connection, id: SubmissionId, change: &Change, now: Millis) -> Result<bool, StoreError> {
    let (state, result, failure) = match change {
        Change::Still => {
            let sql = "UPDATE delivery SET changed_at = ?2 WHERE id = ?1";
            return Ok(conn.prepare_cached(sql)?.execute([id.0, now.0])? > 0);
        }
        Change::Again {
            at,
            error,
            count_attempt,
        } => {
            let sql = "UPDATE delivery SET state = 'queued', attempts = attempts + ?2, next_attempt_at = ?3, \
                       error = ?4, error_step = NULL, changed_at = ?5 WHERE id = ?1";
            let row = params![id.0, count_attempt, at.0, error, now.0];
            return Ok(conn.prepare_cached(sql)?.execute(row)? > 0);
        }
        Change::Delivered(outcome) => (State::Delivered, Some(outcome), None),
        Change::Ignored(outcome) => (State::Ignored, Some(outcome), None),
        Change::Failed(failure) => (State::Failed, None, Some(failure)),
    };
    let result = result
        .map(serde_json::to_string)
        .transpose()
        .map_err(StoreError::unwritable("a result"))?;
    let changed = conn
        .prepare_cached(
            "UPDATE delivery SET state = ?2, attempts = attempts + 1, next_attempt_at = NULL, error = ?3, \
             error_step = ?4, result = ?5, changed_at = ?6 WHERE id = ?1",
        )?
        .execute(params![
            id.0,
            state.as_str(),
            failure.map(|f| f.text.as_str()),
            failure.map(|f| f.step.as_str()),
            result,
            now.0
        ])?;
    Ok(changed > 0)
}

fn add_steps(conn: &Connection, id: SubmissionId, steps: &[Step]) -> Result<(), StoreError> {
    for step in steps {
        let (state, detail) = encode(&step.state)?;
        let completed = conn
            .prepare_cached(
                "UPDATE step SET state = ?4, detail = ?5, took_ms = ?6 \
                 WHERE submission = ?1 AND key = ?2 AND begun_at = ?3 AND state = 'begun' AND dropped = 0",
            )?
            .execute(params![
                id.0,
                step.key,
                step.begun_at.0,
                state,
                detail,
                step.took_ms
            ])?;
        if completed == 0 {
            conn.prepare_cached(
                "INSERT INTO step (submission, seq, key, method, effect, sent, state, detail, begun_at, took_ms) \
                 VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM step WHERE submission = ?1), \
                 ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                id.0,
                step.key,
                step.method,
                effect_name(step.effect),
                step.sent.to_string(),
                state,
                detail,
                step.begun_at.0,
                step.took_ms
            ])?;
        }
    }
    Ok(())
}

fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
    }
}

/// The state's name in a column of its own, so that SQL can ask for it, and the rest as JSON. (The
/// tagged JSON form would not read back numbers inside a trouble: serde buffers tagged enums, and
/// `arbitrary_precision` numbers do not survive that.)
fn encode(state: &StepState) -> Result<(&'static str, Option<String>), StoreError> {
    let (name, detail) = match state {
        StepState::Begun => ("begun", None),
        StepState::Done { result } => ("done", Some(serde_json::to_string(result))),
        StepState::Refused(refusal) => ("refused", Some(serde_json::to_string(refusal))),
        StepState::Later(trouble) => ("later", Some(serde_json::to_string(trouble))),
        StepState::Unknown(trouble) => ("unknown", Some(serde_json::to_string(trouble))),
    };
    Ok((
        name,
        detail.transpose().map_err(StoreError::unwritable("a step"))?,
    ))
}

fn decode(name: &str, detail: Option<&str>) -> Result<StepState, StoreError> {
    let json = detail.unwrap_or("null");
    let broken = StoreError::broken("a step of the journal");
    match name {
        "begun" => Ok(StepState::Begun),
        "done" => Ok(StepState::Done {
            result: serde_json::from_str(json).map_err(broken)?,
        }),
        "refused" => Ok(StepState::Refused(serde_json::from_str(json).map_err(broken)?)),
        "later" => Ok(StepState::Later(serde_json::from_str(json).map_err(broken)?)),
        "unknown" => Ok(StepState::Unknown(serde_json::from_str(json).map_err(broken)?)),
        other => Err(StoreError::Broken {
            what: "a step of the journal",
            reason: format!("{other:?} is no state of a step"),
        }),
    }
}

fn load(conn: &Connection, id: SubmissionId) -> Result<Option<Stored>, StoreError> {
    let sql = format!(
        "SELECT {RECEIVED}, {STANDING}, d.decision FROM inbox i LEFT JOIN delivery d ON d.id = i.id WHERE i.id = ?1"
    );
    let mut query = conn.prepare_cached(&sql)?;
    let mut rows = query.query([id.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let received = Received::from_row(row)?;
    let standing = Standing::from_row(row, RECEIVED_COLUMNS, id)?;
    let decision: Option<String> = row.get(RECEIVED_COLUMNS + STANDING_COLUMNS)?;
    let decision = decision
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(StoreError::broken("a decision"))?;
    let mut journal = Journal {
        steps: Vec::new(),
        decision,
    };
    for past in steps(conn, id)? {
        if !past.dropped {
            journal.put(past.step);
        }
    }
    Ok(Some(Stored {
        received,
        standing,
        journal,
    }))
}

/// The columns that [`Standing::from_row`] reads, in its order.
pub(super) const STANDING: &str = "d.state, d.attempts, d.next_attempt_at, d.since, d.error, d.error_step, \
                                   d.result, d.summary, d.changed_at, d.body_removed_at";
const STANDING_COLUMNS: usize = 10;

impl Standing {
    /// Reads the columns from `at` on; they are all NULL for a submission not yet taken up.
    pub(super) fn from_row(row: &Row<'_>, at: usize, id: SubmissionId) -> Result<Standing, StoreError> {
        let Some(state) = row.get::<_, Option<String>>(at)? else {
            return Ok(Standing::not_taken_up(id));
        };
        let result: Option<String> = row.get(at + 6)?;
        Ok(Standing {
            state: State::from_name(&state).ok_or_else(|| StoreError::Broken {
                what: "a delivery",
                reason: format!("{state:?} is no state"),
            })?,
            attempts: row.get(at + 1)?,
            next_attempt_at: row.get::<_, Option<i64>>(at + 2)?.map(Millis),
            since: Millis(row.get(at + 3)?),
            error: row.get(at + 4)?,
            error_step: row.get(at + 5)?,
            result: result
                .map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(StoreError::broken("a result"))?,
            summary: row.get(at + 7)?,
            changed_at: Millis(row.get(at + 8)?),
            body_removed_at: row.get::<_, Option<i64>>(at + 9)?.map(Millis),
        })
    }

    pub(super) fn not_taken_up(id: SubmissionId) -> Standing {
        Standing {
            state: State::Queued,
            attempts: 0,
            next_attempt_at: None,
            since: id.at(),
            error: None,
            error_step: None,
            result: None,
            summary: String::new(),
            changed_at: id.at(),
            body_removed_at: None,
        }
    }
}

fn steps(conn: &Connection, id: SubmissionId) -> Result<Vec<PastStep>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT key, method, effect, sent, state, detail, begun_at, took_ms, dropped FROM step \
         WHERE submission = ?1 ORDER BY seq",
    )?;
    let mut rows = query.query([id.0])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        let sent: String = row.get(3)?;
        let state: String = row.get(4)?;
        let detail: Option<String> = row.get(5)?;
        steps.push(PastStep {
            step: Step {
                key: row.get(0)?,
                method: row.get(1)?,
                effect: if row.get::<_, String>(2)? == "read" {
                    Effect::Read
                } else {
                    Effect::Write
                },
                sent: serde_json::from_str(&sent).map_err(StoreError::broken("a step of the journal"))?,
                state: decode(&state, detail.as_deref())?,
                begun_at: Millis(row.get(6)?),
                took_ms: row.get(7)?,
            },
            dropped: row.get(8)?,
        });
    }
    Ok(steps)
}

/// Clears the way for a retry. When no write has gone out, the delivery starts afresh: what was
/// searched and decided then may have changed since. Otherwise everything known of the writes stays,
/// and only what stopped it (refusals, and troubles that surely did nothing) is taken from the
/// planner's sight.
pub(super) fn clear_for_retry(conn: &Connection, id: SubmissionId) -> Result<(), StoreError> {
    forget(conn, id, false)
}

/// Takes the history of a submission from the planner's sight: all of it when `wholly`, or when nothing of it may have
/// changed the portal; otherwise what was refused or not done.
pub(super) fn forget(conn: &Connection, id: SubmissionId, wholly: bool) -> Result<(), StoreError> {
    let written: Option<i64> = conn
        .prepare_cached(
            "SELECT 1 FROM step WHERE submission = ?1 AND dropped = 0 AND effect = 'write' \
             AND state IN ('begun', 'done', 'unknown') LIMIT 1",
        )?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    let wholly = wholly || written.is_none();
    let stopped = if !wholly {
        "AND state IN ('refused', 'later')"
    } else {
        ""
    };
    conn.prepare_cached(&format!(
        "UPDATE step SET dropped = 1 WHERE submission = ?1 {stopped}"
    ))?
    .execute([id.0])?;
    if wholly {
        conn.prepare_cached("UPDATE delivery SET decision = NULL WHERE id = ?1")?
            .execute([id.0])?;
    }
    Ok(())
}
