//! The feeder: takes new submissions up in order of arrival and puts unfinished ones on the board.

use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::engine::Shared;
use super::task::{self, Task};
use crate::model::{Failure, Millis, State, SubmissionId};
use crate::store::{Change, Directory, Received, Record, StoreError, Waiting};
use crate::template;
use crate::values;

/// Unfinished submissions on the board at once: enough to fill many batches, few enough to forget and read again.
const ON_BOARD: usize = 4096;
/// Rows read in one go.
const AT_ONCE: usize = 256;
/// A task with a body beyond this is read again when its turn comes, so that files do not fill the memory.
const KEEP_BODY: usize = 64 * 1024;
/// How soon the feeder looks again when the disk refused something.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);
/// How soon the feeder looks again when the board was full, or the portal's fields are not known yet: nobody wakes it
/// for either.
const FULL: Duration = Duration::from_millis(100);
const NO_CATALOG: Duration = Duration::from_millis(250);
const IDLE: Duration = Duration::from_secs(60);
/// What a list shows of a submission.
const SUMMARY_CHARS: usize = 160;

/// The feeder's thread.
pub fn feed(shared: &Shared) {
    let mut feeder = Feeder {
        horizon: SubmissionId(0),
    };
    let mut portals = shared.portals();
    let mut seen = shared.store.changes().now();
    let mut conditions = shared.conditions();
    while !shared.stopping() {
        let wait = match feeder.look(shared) {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "submissions cannot be taken up; trying again");
                AFTER_TROUBLE
            }
        };
        let news = shared.store.changes().wait(seen, wait);
        let portals_now = shared.portals();
        let newest = shared.conditions();
        let is_changed = !Arc::ptr_eq(&newest, &conditions);
        conditions = newest;
        if news.channels != seen.channels
            || news.retries != seen.retries
            || portals_now != portals
            || is_changed
        {
            // Settings or states were changed: what waits is read again in the light of them. What was sent without
            // an answer keeps its place: nobody of the same person may go before it is known what became of it.
            let moved = portals_now != portals;
            shared.on_board(|board| {
                board.forget_waiting(|task| {
                    let stays = task.stays();
                    // What was rendered for another portal, and what that one answered, is of no use here.
                    task.outdated |= moved;
                    stays
                });
            });
            feeder.horizon = SubmissionId(0);
            portals = portals_now;
        }
        seen = news;
    }
}

struct Feeder {
    /// Everything unfinished up to here is on the board.
    horizon: SubmissionId,
}

impl Feeder {
    /// Takes up and puts on the board what there is room for. Returns how long to wait for more.
    fn look(&mut self, shared: &Shared) -> Result<Duration, StoreError> {
        loop {
            if shared.stopping() {
                return Ok(IDLE);
            }
            let room = ON_BOARD.saturating_sub(shared.look_at_board(Board::len));
            if room == 0 {
                return Ok(FULL);
            }
            let country = shared.conditions().country.clone();
            let taken = shared.store.take_up(AT_ONCE, |received| {
                summary(received, &shared.store.directory(), &country)
            })?;
            if shared.catalog().is_none() {
                // Nothing can be rendered before the portal told its fields.
                if taken.is_empty() {
                    return Ok(NO_CATALOG);
                }
                continue;
            }
            let waiting = shared.store.unfinished(self.horizon, room.min(AT_ONCE))?;
            let Some(last) = waiting.last().map(|w| w.id) else {
                if taken.is_empty() {
                    return Ok(IDLE);
                } else {
                    continue;
                }
            };
            let mut failed = Vec::new();
            for waiting in waiting {
                match admit(shared, waiting)? {
                    Admitted::Yes => {}
                    Admitted::Never(record) => failed.push(record),
                    Admitted::NotNow => return Ok(NO_CATALOG),
                }
            }
            if !failed.is_empty() {
                shared.store.record(failed)?;
            }
            self.horizon = last;
        }
    }
}

enum Admitted {
    /// On the board, or not to be delivered at present.
    Yes,
    /// It cannot be delivered at all; this is to be recorded.
    Never(Record),
    /// The portal's fields are not known any more: another portal was connected.
    NotNow,
}

/// Puts one submission on the board.
fn admit(shared: &Shared, waiting: Waiting) -> Result<Admitted, StoreError> {
    if shared.on_board(|board| board.contains(waiting.id)) {
        return Ok(Admitted::Yes);
    }
    let due = waiting.next_attempt_at.unwrap_or(Millis(0));
    match read(shared, waiting.id)? {
        Read::Task(mut task) => {
            if let Some(catalog) = shared.catalog() {
                let conditions = shared.conditions();
                task.plan_ahead(&catalog, &conditions.country, conditions.settle, shared.now());
            }
            let persons = task.wanted.persons.clone();
            let keep = task.weight <= KEEP_BODY;
            shared.on_board(|board| board.add(waiting.id, persons, due, keep.then_some(*task)));
            Ok(Admitted::Yes)
        }
        // Rendered when its turn comes, with the failure that belongs to it: it holds nobody up.
        Read::Unfit { .. } => {
            shared.on_board(|board| board.add(waiting.id, Vec::new(), due, None));
            Ok(Admitted::Yes)
        }
        Read::Held | Read::Gone => Ok(Admitted::Yes),
        Read::NoCatalog => Ok(Admitted::NotNow),
        Read::Lost(failure) => Ok(Admitted::Never(Record {
            id: waiting.id,
            steps: Vec::new(),
            change: Change::Failed(failure),
        })),
    }
}

/// What became of reading a submission.
pub enum Read {
    Task(Box<Task>),
    /// A mapping cannot be filled; the text says which and why.
    Unfit {
        unfit: crate::plan::wanted::Unfit,
        /// When its time to be delivered began: a catalogue that is younger knows all that it could mean.
        since: Millis,
    },
    /// Its channel is switched off: it waits.
    Held,
    /// It was finished or removed elsewhere.
    Gone,
    /// The portal's fields are not known at present.
    NoCatalog,
    /// It can never be delivered as it is.
    Lost(Failure),
}

/// Reads a submission from the store and renders its channel's mappings.
pub fn read(shared: &Shared, id: SubmissionId) -> Result<Read, StoreError> {
    let Some(stored) = shared.store.load(id)? else {
        return Ok(Read::Gone);
    };
    // Looked at after the submission: the channel by which it came is surely in it.
    let channels = shared.store.directory();
    if !matches!(stored.standing.state, State::Queued | State::Delivering) {
        return Ok(Read::Gone);
    }
    let Some(channel) = channels.by_key(stored.received.channel) else {
        return Ok(lost(
            "channel",
            "its channel is not in the database; restore a backup that has it",
        ));
    };
    if !channel.channel.enabled {
        return Ok(Read::Held);
    }
    let submission = match task::submission(&stored.received, &channel.channel.slug) {
        Ok(submission) => submission,
        Err(error) => return Ok(lost("fields", &error.to_string())),
    };
    let Some(catalog) = shared.catalog() else {
        return Ok(Read::NoCatalog);
    };
    let since = stored.standing.since;
    Ok(
        match Task::new(
            stored,
            submission,
            Arc::clone(channel),
            &catalog,
            &shared.conditions().country,
            shared.started,
        ) {
            Ok(task) => Read::Task(Box::new(task)),
            Err(unfit) => Read::Unfit { unfit, since },
        },
    )
}

fn lost(step: &str, text: &str) -> Read {
    Read::Lost(Failure {
        step: step.to_owned(),
        text: text.to_owned(),
    })
}

/// The short text of lists: the rendered values of the channel's mappings, so that a person finds a submission by
/// what the channel is about (name, phone, order); all fields when the channel maps none. Phones stand in it as the
/// portal has them, in whatever notation they were typed.
fn summary(received: &Received, channels: &Directory, country: &str) -> String {
    let Some(channel) = channels.by_key(received.channel) else {
        return String::new();
    };
    let Ok(submission) = task::submission(received, &channel.channel.slug) else {
        return String::new();
    };
    let mut parts: Vec<String> = Vec::new();
    for mapping in channel
        .channel
        .fields
        .iter()
        .filter(|mapping| mapping.value.contains('{'))
    {
        let Ok(template) = template::Template::parse(&mapping.value) else {
            continue;
        };
        let extras = template::Extras {
            channel: &channel.channel.name,
        };
        let text = template::render(&template, &submission, &extras)
            .joined()
            .into_owned();
        let phone = (mapping.field == "PHONE").then(|| values::parse_phone(&text, country));
        let text = phone.flatten().unwrap_or(text);
        if !text.is_empty() && !parts.iter().any(|part| says(part, &text)) {
            parts.push(text);
        }
    }
    if parts.is_empty() {
        parts.extend(template::listed(&submission.fields).lines().map(str::to_owned));
    }
    parts.join(" · ").chars().take(SUMMARY_CHARS).collect()
}

/// Whether a text holds another one as a word: `Заказ №6510` says `6510`, and `+7999` does not say `7`.
fn says(text: &str, word: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(word).any(|(at, _)| {
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::says;

    #[test]
    fn what_is_said_already_is_not_said_again() {
        for (text, word, expected) in [
            ("Заказ №6510", "6510", true),
            ("Мария", "Мария", true),
            ("+79991234567", "7", false),
            ("65101 6510", "6510", true),
            ("Марияна", "Мария", false),
        ] {
            assert_eq!(says(text, word), expected, "{text} {word}");
        }
    }
}
