//! The inbox for people: pages of submissions, newest first.

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::error::StoreError;
use super::journal::{STANDING, Standing};
use super::take_up::{RECEIVED, Received};
use super::{ChannelKey, Store, meta};
use crate::model::{Millis, State, SubmissionId};

/// The full-text index knows parts of a text from this many characters on.
const INDEXED_PART: usize = 3;
/// Anything shorter is looked for in this many of the newest summaries, letter case included.
const SHORT_TEXT_ROWS: usize = 20_000;

/// Requests among which [`Store::samples`] looks for ones worth showing.
const SAMPLED: u32 = 200;

/// Which submissions to list. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub channel: Option<ChannelKey>,
    pub state: Option<State>,
    /// Part of the summary, or a submission's id.
    pub text: Option<String>,
    /// Received at this moment or later.
    pub from: Option<Millis>,
    /// Received before this moment.
    pub to: Option<Millis>,
    /// The page that follows the one which ended with this id.
    pub before: Option<SubmissionId>,
}

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub id: SubmissionId,
    pub channel: ChannelKey,
    /// The slug by which it came, when that was not the channel's own.
    pub via: Option<String>,
    pub standing: Standing,
}

impl Store {
    /// At most `limit` lines, newest first. What nobody has taken up yet stands as queued; it has no
    /// summary to be found by.
    pub fn list(&self, filter: &Filter, limit: usize) -> Result<Vec<Line>, StoreError> {
        let look_for = LookFor::read(filter);
        self.inner.readers.read(|conn| {
            let mut lines = deliveries(conn, filter, &look_for, limit)?;
            if filter.state.is_none_or(|state| state == State::Queued) && !look_for.is_part() {
                lines.extend(not_taken_up(conn, filter, &look_for, limit)?);
                lines.sort_unstable_by_key(|line| std::cmp::Reverse(line.id));
                lines.truncate(limit);
            }
            Ok(lines)
        })
    }
}

impl Store {
    /// The newest requests of a channel, newest first, to show what its website sends: at most `limit` of the last
    /// [`SAMPLED`] ones, without spam, tests, unreadable ones and those with more than `max_body` bytes.
    pub fn samples(
        &self,
        channel: ChannelKey,
        limit: u32,
        max_body: u32,
    ) -> Result<Vec<Received>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(&format!(
                "SELECT {RECEIVED} FROM (SELECT id, state FROM delivery INDEXED BY delivery_by_channel \
                 WHERE channel = ?1 ORDER BY id DESC LIMIT {SAMPLED}) d CROSS JOIN inbox i ON i.id = d.id \
                 WHERE d.state NOT IN ('spam', 'test', 'unreadable') AND length(i.body) <= ?3 \
                 ORDER BY d.id DESC LIMIT ?2"
            ))?;
            let rows = query.query_map(params![channel.0, limit, max_body], Received::from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// What the text of a filter means.
enum LookFor {
    Anything,
    Id(SubmissionId),
    /// Part of a summary that the index can find.
    Part(String),
    /// Part of a summary too short for the index.
    ShortPart(String),
}

impl LookFor {
    fn read(filter: &Filter) -> LookFor {
        let text = filter.text.as_deref().unwrap_or_default().trim();
        match text.parse() {
            Ok(id) => LookFor::Id(id),
            Err(_) if text.is_empty() => LookFor::Anything,
            Err(_) if text.chars().count() >= INDEXED_PART => LookFor::Part(text.to_owned()),
            Err(_) => LookFor::ShortPart(text.to_owned()),
        }
    }

    fn is_part(&self) -> bool {
        matches!(self, LookFor::Part(_) | LookFor::ShortPart(_))
    }
}

/// Ids that a filter lets through: from the first, up to but not including the second.
fn span(filter: &Filter, look_for: &LookFor) -> (i64, i64) {
    let first = filter.from.map_or(0, |from| SubmissionId::first_at(from).0);
    let end = filter.to.map_or(i64::MAX, |to| SubmissionId::first_at(to).0);
    let end = end.min(filter.before.map_or(i64::MAX, |before| before.0));
    match look_for {
        LookFor::Id(id) => (first.max(id.0), end.min(id.0.saturating_add(1))),
        _ => (first, end),
    }
}

fn not_taken_up(
    conn: &Connection,
    filter: &Filter,
    look_for: &LookFor,
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    let (first, end) = span(filter, look_for);
    let first = first.max(meta::get(conn, meta::WATERMARK)?.saturating_add(1));
    let mut query = conn.prepare_cached(
        "SELECT i.id, i.channel, i.via FROM inbox i LEFT JOIN delivery d ON d.id = i.id \
         WHERE i.id >= ?1 AND i.id < ?2 AND d.id IS NULL AND (?3 IS NULL OR i.channel = ?3) \
         ORDER BY i.id DESC LIMIT ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = query.query_map(params![first, end, filter.channel.map(|c| c.0), limit], |row| {
        let id = SubmissionId(row.get(0)?);
        Ok(Line {
            id,
            channel: ChannelKey(row.get(1)?),
            via: row.get(2)?,
            standing: Standing::not_taken_up(id),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn deliveries(
    conn: &Connection,
    filter: &Filter,
    look_for: &LookFor,
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    let (sql, values) = delivery_query(filter, look_for, limit);
    let mut query = conn.prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(values))?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let id = SubmissionId(row.get(0)?);
        lines.push(Line {
            id,
            channel: ChannelKey(row.get(1)?),
            via: row.get(2)?,
            standing: Standing::from_row(row, 3, id)?,
        });
    }
    Ok(lines)
}

/// Each kind of filter has an index that yields its rows newest first, so a page costs what the page
/// holds. The index is named: without statistics SQLite might walk the table instead.
fn delivery_query(filter: &Filter, look_for: &LookFor, limit: usize) -> (String, Vec<Value>) {
    let (first, end) = span(filter, look_for);
    let mut values = vec![Value::from(first), Value::from(end)];
    let mut conditions = String::from("d.id >= ?1 AND d.id < ?2");
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push_str(&format!(" AND {condition} ?{}", values.len()));
    };
    if let Some(channel) = filter.channel {
        add("d.channel =", Value::from(channel.0));
    }
    if let Some(state) = filter.state {
        add("d.state =", Value::from(state.as_str().to_owned()));
    }
    let from = match look_for {
        LookFor::Part(text) => {
            // A quoted string is a phrase: any part of the summary. Quotes inside are doubled.
            add(
                "delivery_text MATCH",
                Value::from(format!("\"{}\"", text.replace('"', "\"\""))),
            );
            conditions.push_str(" AND delivery_text.rowid >= ?1 AND delivery_text.rowid < ?2");
            "delivery_text CROSS JOIN delivery d ON d.id = delivery_text.rowid".to_owned()
        }
        LookFor::ShortPart(text) => {
            add("instr(d.summary,", Value::from(text.clone()));
            conditions.push(')');
            format!("(SELECT * FROM delivery WHERE id < ?2 ORDER BY id DESC LIMIT {SHORT_TEXT_ROWS}) d")
        }
        LookFor::Id(_) => "delivery d NOT INDEXED".to_owned(),
        LookFor::Anything => match (filter.channel, filter.state) {
            (Some(_), Some(_)) => "delivery d INDEXED BY delivery_by_channel_and_state".to_owned(),
            (Some(_), None) => "delivery d INDEXED BY delivery_by_channel".to_owned(),
            (None, Some(_)) => "delivery d INDEXED BY delivery_by_state".to_owned(),
            (None, None) => "delivery d NOT INDEXED".to_owned(),
        },
    };
    let order = if matches!(look_for, LookFor::Part(_)) {
        "delivery_text.rowid"
    } else {
        "d.id"
    };
    values.push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT d.id, d.channel, i.via, {STANDING} FROM {from} CROSS JOIN inbox i ON i.id = d.id \
         WHERE {conditions} ORDER BY {order} DESC LIMIT ?{}",
        values.len()
    );
    (sql, values)
}
