//! Finds the submissions of a page of the inbox: their numbers only, each by the index that yields them in order.
//!
//! A search for text together with a state or a channel has no index of its own. Whichever side has fewer rows is
//! walked: the submissions in that state, or those with that text; and no further than a bound, so that a page costs
//! the same among millions.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::StoreError;
use super::inbox::Filter;
use super::meta;
use crate::model::{State, SubmissionId};

/// The full-text index knows parts of a text from this many characters on.
const INDEXED_PART: usize = 3;
/// So few rows of a state or channel are read one by one rather than looked for by their text.
const FEW: i64 = 4_000;

/// How far a search may look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// Rows that have the text, or the state and channel, and are looked at for the rest.
    pub candidates: usize,
    /// The same where the text is too short for the index.
    pub short_text: usize,
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those nearest to where the page begins, in no promised order.
    pub ids: Vec<SubmissionId>,
    /// The bound was reached at this submission.
    pub looked_to: Option<SubmissionId>,
}

/// At most `limit` submissions, those nearest to where the filter's page begins.
pub(super) fn find(
    conn: &Connection,
    filter: &Filter,
    limit: usize,
    bound: Bound,
) -> Result<Found, StoreError> {
    let look_for = LookFor::read(filter);
    let mut found = match &look_for {
        LookFor::Part(parts) if is_walk(conn, filter)? => {
            walk(conn, filter, &look_for, parts, limit, bound.candidates)?
        }
        LookFor::Part(parts) => by_text(conn, filter, &look_for, parts, limit, bound.candidates)?,
        LookFor::ShortPart(parts) => walk(conn, filter, &look_for, parts, limit, bound.short_text)?,
        LookFor::Anything | LookFor::Id(_) => by_index(conn, filter, &look_for, limit)?,
    };
    let may_be_fresh = filter.state.is_none_or(|state| state == State::Queued);
    if may_be_fresh && !matches!(look_for, LookFor::Part(_) | LookFor::ShortPart(_)) {
        found.ids.extend(not_taken_up(conn, filter, &look_for, limit)?);
        found.ids.sort_unstable();
        if filter.after.is_none() {
            found.ids.reverse();
        }
        found.ids.truncate(limit);
    }
    Ok(found)
}

/// What the text of a filter means.
enum LookFor {
    Anything,
    Id(SubmissionId),
    /// Part of a summary that the index can find, in any of these notations.
    Part(Vec<String>),
    /// Part of a summary, too short for the index.
    ShortPart(Vec<String>),
}

impl LookFor {
    fn read(filter: &Filter) -> LookFor {
        // The full-text query ends at a NUL, and no summary can be found by one.
        let clean = |text: &String| text.replace('\0', "").trim().to_owned();
        let text = filter.text.as_ref().map(clean).unwrap_or_default();
        if let Ok(id) = text.parse() {
            return LookFor::Id(id);
        }
        if text.is_empty() {
            return LookFor::Anything;
        }
        let is_indexed = |text: &String| text.chars().count() >= INDEXED_PART;
        if !is_indexed(&text) {
            return LookFor::ShortPart(vec![text]);
        }
        let other = filter.or_text.as_ref().map(clean).filter(is_indexed);
        LookFor::Part([Some(text), other].into_iter().flatten().collect())
    }
}

/// Ids that a filter lets through: from the first, up to but not including the second.
fn span(filter: &Filter, look_for: &LookFor) -> (i64, i64) {
    let first = filter.from.map_or(0, |from| SubmissionId::first_at(from).0);
    let first = first.max(filter.after.map_or(0, |after| after.0.saturating_add(1)));
    let end = filter.to.map_or(i64::MAX, |to| SubmissionId::first_at(to).0);
    let end = end.min(filter.before.map_or(i64::MAX, |before| before.0));
    match look_for {
        LookFor::Id(id) => (first.max(id.0), end.min(id.0.saturating_add(1))),
        _ => (first, end),
    }
}

/// A query that grows by conditions; `?1` and `?2` are the span.
struct Query {
    conditions: String,
    values: Vec<Value>,
}

impl Query {
    fn new(id: &str, filter: &Filter, look_for: &LookFor) -> Query {
        let (first, end) = span(filter, look_for);
        Query {
            conditions: format!("{id} >= ?1 AND {id} < ?2"),
            values: vec![Value::from(first), Value::from(end)],
        }
    }

    fn and(&mut self, condition: &str, value: Value) {
        self.values.push(value);
        self.conditions
            .push_str(&format!(" AND {condition} ?{}", self.values.len()));
    }

    fn and_channel_and_state(&mut self, filter: &Filter) {
        if let Some(channel) = filter.channel {
            self.and("d.channel =", Value::from(channel.0));
        }
        if let Some(state) = filter.state {
            self.and("d.state =", Value::from(state.as_str().to_owned()));
        }
    }
}

fn direction(filter: &Filter) -> &'static str {
    if filter.after.is_some() { "ASC" } else { "DESC" }
}

/// The index that yields a filter's rows in order. It is named: without statistics SQLite might walk the table
/// instead.
fn index(filter: &Filter) -> &'static str {
    match (filter.channel, filter.state) {
        (Some(_), Some(_)) => "INDEXED BY delivery_by_channel_and_state",
        (Some(_), None) => "INDEXED BY delivery_by_channel",
        (None, Some(_)) => "INDEXED BY delivery_by_state",
        (None, None) => "NOT INDEXED",
    }
}

fn by_index(
    conn: &Connection,
    filter: &Filter,
    look_for: &LookFor,
    limit: usize,
) -> Result<Found, StoreError> {
    let index = match look_for {
        LookFor::Id(_) => "NOT INDEXED",
        _ => index(filter),
    };
    let mut query = Query::new("d.id", filter, look_for);
    query.and_channel_and_state(filter);
    query
        .values
        .push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT d.id FROM delivery d {index} WHERE {} ORDER BY d.id {} LIMIT ?{}",
        query.conditions,
        direction(filter),
        query.values.len()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(query.values), |row| {
        Ok(SubmissionId(row.get(0)?))
    })?;
    Ok(Found {
        ids: rows.collect::<Result<_, _>>()?,
        looked_to: None,
    })
}

/// Whether the channel and state have so few rows that reading them all is quicker than walking the text's index.
fn is_walk(conn: &Connection, filter: &Filter) -> Result<bool, StoreError> {
    if filter.channel.is_none() && filter.state.is_none() {
        return Ok(false);
    }
    let rows: i64 = conn
        .prepare_cached(
            "SELECT coalesce(sum(n), 0) FROM tally WHERE (?1 IS NULL OR channel = ?1) AND (?2 IS NULL OR state = ?2)",
        )?
        .query_row(
            rusqlite::params![filter.channel.map(|c| c.0), filter.state.map(State::as_str)],
            |row| row.get(0),
        )?;
    Ok(rows <= FEW)
}

/// Reads the summaries of the filter's channel and state one by one.
fn walk(
    conn: &Connection,
    filter: &Filter,
    look_for: &LookFor,
    parts: &[String],
    limit: usize,
    bound: usize,
) -> Result<Found, StoreError> {
    let mut query = Query::new("d.id", filter, look_for);
    query.and_channel_and_state(filter);
    let sql = format!(
        "SELECT d.id, d.summary FROM delivery d {} WHERE {} ORDER BY d.id {}",
        index(filter),
        query.conditions,
        direction(filter)
    );
    let parts: Vec<String> = parts.iter().map(|text| text.to_lowercase()).collect();
    sift(conn, &sql, query.values, limit, bound, |row| {
        let summary = row.get::<_, String>(1)?.to_lowercase();
        Ok(parts.iter().any(|text| summary.contains(text)))
    })
}

/// Goes through what the text's index finds.
fn by_text(
    conn: &Connection,
    filter: &Filter,
    look_for: &LookFor,
    parts: &[String],
    limit: usize,
    bound: usize,
) -> Result<Found, StoreError> {
    let mut query = Query::new("delivery_text.rowid", filter, look_for);
    // A quoted string is a phrase: any part of the summary. Quotes inside are doubled.
    let phrases = parts
        .iter()
        .map(|text| format!("\"{}\"", text.replace('"', "\"\"")));
    let phrases = phrases.collect::<Vec<_>>().join(" OR ");
    query.and("delivery_text MATCH", Value::from(phrases));
    let sql = format!(
        "SELECT d.id, d.channel, d.state FROM delivery_text CROSS JOIN delivery d ON d.id = delivery_text.rowid \
         WHERE {} ORDER BY delivery_text.rowid {}",
        query.conditions,
        direction(filter)
    );
    let (channel, state) = (filter.channel.map(|c| c.0), filter.state.map(State::as_str));
    sift(conn, &sql, query.values, limit, bound, |row| {
        let is_channel = match channel {
            Some(channel) => row.get::<_, i64>(1)? == channel,
            None => true,
        };
        Ok(is_channel
            && state.is_none_or(|state| row.get_ref(2).is_ok_and(|found| found.as_str() == Ok(state))))
    })
}

/// Runs a query and keeps the rows that `fits` takes, until there are enough or the bound is reached.
fn sift(
    conn: &Connection,
    sql: &str,
    values: Vec<Value>,
    limit: usize,
    bound: usize,
    fits: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<bool>,
) -> Result<Found, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Found::default();
    let mut seen = 0usize;
    let mut last = None;
    while found.ids.len() < limit {
        if seen >= bound {
            found.looked_to = last;
            break;
        }
        let Some(row) = rows.next()? else { break };
        let id = SubmissionId(row.get(0)?);
        seen += 1;
        last = Some(id);
        if fits(row)? {
            found.ids.push(id);
        }
    }
    Ok(found)
}

fn not_taken_up(
    conn: &Connection,
    filter: &Filter,
    look_for: &LookFor,
    limit: usize,
) -> Result<Vec<SubmissionId>, StoreError> {
    let mut query = Query::new("i.id", filter, look_for);
    // One lower bound, not two: SQLite would walk from the lesser of them.
    let (first, _) = span(filter, look_for);
    let first = first.max(meta::get(conn, meta::WATERMARK)?.saturating_add(1));
    if let Some(value) = query.values.first_mut() {
        *value = Value::from(first);
    }
    if let Some(channel) = filter.channel {
        query.and("i.channel =", Value::from(channel.0));
    }
    query
        .values
        .push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT i.id FROM inbox i LEFT JOIN delivery d ON d.id = i.id WHERE {} AND d.id IS NULL ORDER BY i.id {} LIMIT ?{}",
        query.conditions,
        direction(filter),
        query.values.len()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(query.values), |row| {
        Ok(SubmissionId(row.get(0)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
