//! The inbox for people: pages of submissions, newest first.

use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::find::{Bound, Found, find};
use super::journal::{STANDING, Standing};
use super::take_up::{RECEIVED, Received};
use super::{ChannelKey, Store};
use crate::model::{Millis, State, SubmissionId};

/// What one page of a search may look at. Candidates cost some microseconds each, so that even a search that finds
/// nothing among millions answers within milliseconds and says how far it came.
const PAGE_BOUND: Bound = Bound {
    candidates: 4_000,
    short_text: 4_000,
};
/// For the command line and for work behind the scenes: only texts too short for the index are bounded.
const NO_BOUND: Bound = Bound {
    candidates: usize::MAX,
    short_text: 20_000,
};

/// Which submissions to list. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub channel: Option<ChannelKey>,
    pub state: Option<State>,
    /// Part of the summary, or a submission's id.
    pub text: Option<String>,
    /// Another notation of the text, which will do as well.
    pub or_text: Option<String>,
    /// Received at this moment or later.
    pub from: Option<Millis>,
    /// Received before this moment.
    pub to: Option<Millis>,
    /// The page that follows the one which ended with this id.
    pub before: Option<SubmissionId>,
    /// The page that stands before the one which began with this id.
    pub after: Option<SubmissionId>,
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

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// Newest first.
    pub lines: Vec<Line>,
    /// The search looked as far as this submission and no further: what lies beyond is for another page.
    pub looked_to: Option<SubmissionId>,
}

/// How many submissions a filter lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub n: u64,
    /// There may be more: counting ended here.
    pub is_bounded: bool,
}

impl Store {
    /// At most `limit` lines, newest first. What nobody has taken up yet stands as queued; it has no
    /// summary to be found by.
    pub fn list(&self, filter: &Filter, limit: usize) -> Result<Vec<Line>, StoreError> {
        Ok(self.listing(filter, limit, NO_BOUND)?.lines)
    }

    /// A page of at most `limit` lines in bounded time, however many submissions there are.
    pub fn page(&self, filter: &Filter, limit: usize) -> Result<Listing, StoreError> {
        self.listing(filter, limit, PAGE_BOUND)
    }

    fn listing(&self, filter: &Filter, limit: usize, bound: Bound) -> Result<Listing, StoreError> {
        self.inner.readers.read(|conn| {
            let Found { mut ids, looked_to } = find(conn, filter, limit, bound)?;
            ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
            let lines = ids.into_iter().filter_map(|id| line(conn, id).transpose());
            Ok(Listing {
                lines: lines.collect::<Result<_, _>>()?,
                looked_to,
            })
        })
    }

    /// How many submissions the filter lets through; counts up to `most`, and where a text is looked for no further
    /// than a page looks.
    pub fn count(&self, filter: &Filter, most: usize) -> Result<Tally, StoreError> {
        let is_plain = filter.text.as_deref().is_none_or(|text| text.trim().is_empty());
        let is_whole = filter.from.is_none() && filter.to.is_none();
        if let (Some(state), true, true) = (filter.state, is_plain, is_whole) {
            let counts = self.counts(filter.channel)?;
            return Ok(Tally {
                n: counts.get(&state).copied().unwrap_or(0),
                is_bounded: false,
            });
        }
        self.inner.readers.read(|conn| {
            let found = find(conn, filter, most.saturating_add(1), PAGE_BOUND)?;
            Ok(Tally {
                n: found.ids.len().min(most) as u64,
                is_bounded: found.looked_to.is_some() || found.ids.len() > most,
            })
        })
    }

    /// Where each of these submissions stands; those that are gone are left out.
    pub fn states(&self, ids: &[SubmissionId]) -> Result<Vec<(SubmissionId, State)>, StoreError> {
        self.inner.readers.read(|conn| {
            let mut query = conn.prepare_cached(
                "SELECT coalesce(d.state, 'queued') FROM inbox i LEFT JOIN delivery d ON d.id = i.id WHERE i.id = ?1",
            )?;
            let mut states = Vec::with_capacity(ids.len());
            for id in ids {
                let name: Option<String> = query.query_row([id.0], |row| row.get(0)).optional()?;
                states.extend(name.and_then(|name| State::from_name(&name)).map(|state| (*id, state)));
            }
            Ok(states)
        })
    }

    /// A request as it came, without its history; `None` when it is gone.
    pub fn received(&self, id: SubmissionId) -> Result<Option<Received>, StoreError> {
        self.inner.readers.read(|conn| {
            let sql = format!("SELECT {RECEIVED} FROM inbox i WHERE i.id = ?1");
            let row = conn.prepare_cached(&sql)?.query_row([id.0], Received::from_row);
            Ok(row.optional()?)
        })
    }
}

fn line(conn: &Connection, id: SubmissionId) -> Result<Option<Line>, StoreError> {
    let mut query = conn.prepare_cached(&format!(
        "SELECT i.channel, i.via, {STANDING} FROM inbox i LEFT JOIN delivery d ON d.id = i.id WHERE i.id = ?1"
    ))?;
    let mut rows = query.query([id.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Line {
        id,
        channel: ChannelKey(row.get(0)?),
        via: row.get(1)?,
        standing: Standing::from_row(row, 2, id)?,
    }))
}
