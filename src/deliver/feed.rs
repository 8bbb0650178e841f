//! The feeder: takes new submissions up in order of arrival and puts unfinished ones on the board.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::board::Board;
use super::engine::Shared;
use super::long_lines::LongLines;
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
/// The same for what lies beyond this in all: a task takes some times its body's room.
const KEEP_BODIES: usize = 4 << 20;
/// No pause between attempts is longer than this, unless the clock was set back meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(20 * 60);
/// How soon the feeder looks again when the disk refused something.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);
/// How soon the feeder looks again when the board was full, or the portal's fields are not known yet: nobody wakes it
/// for either.
const FULL: Duration = Duration::from_millis(100);
const NO_CATALOG: Duration = Duration::from_millis(250);
/// As long as nothing can be delivered, taking up rests for this many times as long as it took, between these bounds: a
/// row of a list with its words costs the writer more than accepting a request, and nobody waits for it.
const SHARE: u32 = 20;
const UNHURRIED: Duration = Duration::from_millis(50);
const LONG_REST: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(60);
/// What a list shows of a submission.
const SUMMARY_CHARS: usize = 160;

/// The feeder's thread.
pub fn feed(shared: &Shared) {
    let mut feeder = Feeder::new();
    let mut portals = shared.portals();
    let mut seen = shared.store.changes().now();
    let mut conditions = shared.conditions();
    while !shared.stopping() {
        let wait = match feeder.look(shared) {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "submissions cannot be taken up; trying again");
                // What it had in hand is found again.
                feeder = Feeder::new();
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
            feeder = Feeder::new();
            portals = portals_now;
        }
        seen = news;
    }
}

struct Feeder {
    /// Everything unfinished up to here is on the board or waits in `lines`.
    horizon: SubmissionId,
    lines: LongLines,
}

impl Feeder {
    fn new() -> Feeder {
        Feeder {
            horizon: SubmissionId(0),
            lines: LongLines::default(),
        }
    }

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
            let began = Instant::now();
            let taken = shared.store.take_up(AT_ONCE, |received| {
                // A line in a list is not worth the delivery of all.
                let directory = shared.store.directory();
                catch_unwind(AssertUnwindSafe(|| summary(received, &directory, &country))).unwrap_or_default()
            })?;
            if shared.catalog().is_none() {
                // Nothing can be rendered before the portal told its fields.
                if taken.is_empty() {
                    return Ok(NO_CATALOG);
                }
                // What is taken up now is for lists alone.
                shared.wait_for_news((began.elapsed() * SHARE).clamp(UNHURRIED, LONG_REST));
                continue;
            }
            let room = room.min(AT_ONCE);
            let ready =
                shared.look_at_board(|board| self.lines.take_ready(room, |person| board.line(person)));
            let is_ready = !ready.is_empty();
            let waiting = match is_ready {
                true => ready,
                false if self.lines.is_full() => return Ok(FULL),
                false => shared.store.unfinished(self.horizon, room)?,
            };
            if !waiting.is_empty() && shared.health().is_resting() {
                // What the portal told long ago is told again before anything is rendered by it.
                shared.wake();
                *self = Feeder::new();
                return Ok(NO_CATALOG);
            }
            let Some(last) = waiting.last().map(|w| w.id) else {
                if !taken.is_empty() {
                    continue;
                }
                return Ok(if self.lines.is_empty() { IDLE } else { FULL });
            };
            if !self.put_on_board(shared, waiting, is_ready)? {
                *self = Feeder::new();
                return Ok(NO_CATALOG);
            }
            if !is_ready {
                self.horizon = last;
            }
        }
    }

    /// Reads these and puts those on the board that need not wait off it: none of them needs to who has waited and is
    /// ready. False when the portal's fields are not known any more.
    fn put_on_board(
        &mut self,
        shared: &Shared,
        waiting: Vec<Waiting>,
        is_ready: bool,
    ) -> Result<bool, StoreError> {
        let kept = |board: &Board<Task>| board.kept().map(|task| task.weight).sum();
        let mut found = Found {
            weight: shared.look_at_board(kept),
            ..Found::default()
        };
        let mut is_known = true;
        for waiting in waiting {
            let lines = (!is_ready).then_some(&mut self.lines);
            is_known = found.look_at(shared, &waiting, lines)?;
            if !is_known {
                break;
            }
        }
        found.put_on_board(shared)?;
        Ok(is_known)
    }
}

/// One submission for the board.
struct Seat {
    id: SubmissionId,
    persons: Vec<String>,
    due: Millis,
    task: Option<Task>,
}

/// What one read of the store brought. It goes on the board as a whole: senders that saw the first of a backlog alone
/// would send it alone.
#[derive(Default)]
struct Found {
    /// Bytes of the bodies that are kept, on the board and here.
    weight: usize,
    /// How many stand here, by person.
    persons: HashMap<String, usize>,
    seats: Vec<Seat>,
    /// Cannot be delivered at all.
    failed: Vec<Record>,
}

impl Found {
    /// Reads one submission, which waits in `lines` when it must. False when the portal's fields are not known any
    /// more: another portal was connected.
    fn look_at(
        &mut self,
        shared: &Shared,
        waiting: &Waiting,
        lines: Option<&mut LongLines>,
    ) -> Result<bool, StoreError> {
        let id = waiting.id;
        if shared.look_at_board(|board| board.contains(id)) {
            return Ok(true);
        }
        let mut seat = Seat {
            id,
            persons: Vec::new(),
            due: due(waiting, shared.now()),
            task: None,
        };
        match read(shared, id)? {
            Read::Task(task) => {
                let persons = &task.wanted.persons;
                if let Some(lines) = lines
                    && shared.look_at_board(|board| {
                        lines.must_wait(persons, |person| board.line(person) + self.line(person))
                    })
                {
                    lines.put(*waiting, persons.clone());
                    return Ok(true);
                }
                for person in persons {
                    *self.persons.entry(person.clone()).or_default() += 1;
                }
                seat.persons.clone_from(persons);
                seat.task = self.has_room(task.weight).then_some(*task);
                self.seats.push(seat);
            }
            // Rendered when its turn comes, with the failure that belongs to it: it holds nobody up.
            Read::Unfit { .. } => self.seats.push(seat),
            Read::Held | Read::Gone => {}
            Read::NoCatalog => return Ok(false),
            Read::Lost(failure) => self.failed.push(Record {
                id,
                steps: Vec::new(),
                change: Change::Failed(failure),
            }),
        }
        Ok(true)
    }

    /// How many of a person stand here.
    fn line(&self, person: &str) -> usize {
        self.persons.get(person).copied().unwrap_or(0)
    }

    /// Whether a task with a body of this size is kept until its turn comes; counts it if so.
    fn has_room(&mut self, weight: usize) -> bool {
        let fits = weight <= KEEP_BODY && self.weight + weight <= KEEP_BODIES;
        if fits {
            self.weight += weight;
        }
        fits
    }

    fn put_on_board(self, shared: &Shared) -> Result<(), StoreError> {
        if !self.seats.is_empty() {
            shared.on_board(|board| {
                for Seat {
                    id,
                    persons,
                    due,
                    task,
                } in self.seats
                {
                    board.add(id, persons, due, task);
                }
            });
        }
        if !self.failed.is_empty() {
            shared.store.record(self.failed)?;
        }
        Ok(())
    }
}

/// When a submission's next attempt is due.
fn due(waiting: &Waiting, now: Millis) -> Millis {
    waiting
        .next_attempt_at
        .map_or(Millis(0), |at| at.min(now + LONGEST_PAUSE))
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

/// Reads a submission from the store, renders its channel's mappings and plans its first step. What strangers typed is
/// read here, with libraries of others: a bug in them costs one submission.
pub fn read(shared: &Shared, id: SubmissionId) -> Result<Read, StoreError> {
    // Unwind safety: nothing but the store is touched, and that is only read.
    catch_unwind(AssertUnwindSafe(|| read_one(shared, id))).unwrap_or_else(|_| Ok(Read::Lost(bug())))
}

/// How a submission fails that the bridge itself fails at.
pub fn bug() -> Failure {
    Failure {
        step: "bug".to_owned(),
        text: "the bridge failed at delivering it, which is a bug; its log says more: report it, and deliver again with a mended version".to_owned(),
    }
}

fn read_one(shared: &Shared, id: SubmissionId) -> Result<Read, StoreError> {
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
        // Nobody will switch it on again, and nobody looks for what waits there.
        let is_deleted = channel.deleted_at.is_some();
        return Ok(match is_deleted {
            true => lost(
                "channel",
                "its channel was switched off and then deleted; make a channel of the same address again, then deliver again",
            ),
            false => Read::Held,
        });
    }
    let submission = match task::submission(&stored.received, &channel.channel.slug) {
        Ok(submission) => submission,
        Err(error) => return Ok(lost("fields", &error.to_string())),
    };
    let Some(catalog) = shared.catalog() else {
        return Ok(Read::NoCatalog);
    };
    let since = stored.standing.since;
    let conditions = shared.conditions();
    let (country, settle) = (&conditions.country, conditions.settle);
    let (channel, now) = (Arc::clone(channel), shared.now());
    Ok(
        match Task::new(
            stored,
            submission,
            channel,
            &catalog,
            country,
            (shared.started, now),
        ) {
            Ok(mut task) => {
                task.plan_ahead(&catalog, country, settle, now);
                Read::Task(Box::new(task))
            }
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
/// what the channel is about (name, phone, order); all fields when the channel maps none. Phones stand in it in one
/// notation, however they were typed.
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
        let phone = (mapping.field == "PHONE").then(|| values::phone_in_brief(&text, country));
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
    use super::*;
    use crate::store::ChannelKey;

    #[test]
    fn what_the_board_keeps_of_bodies_is_bounded() {
        let mut found = Found::default();
        assert!(!found.has_room(KEEP_BODY + 1));
        let kept = (0..KEEP_BODIES).take_while(|_| found.has_room(KEEP_BODY)).count();
        assert_eq!(kept, KEEP_BODIES / KEEP_BODY);
        assert!(!found.has_room(1));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_put_an_attempt_off_for_long() {
        let now = Millis(1_795_341_600_000);
        let due_at = |next_attempt_at| {
            let waiting = Waiting {
                id: SubmissionId(1),
                channel: ChannelKey(1),
                attempts: 1,
                next_attempt_at,
                since: now,
            };
            due(&waiting, now)
        };
        let soon = now + Duration::from_secs(60);
        assert_eq!((due_at(None), due_at(Some(soon))), (Millis(0), soon));
        let years = now + Duration::from_secs(4 * 365 * 24 * 3600);
        assert_eq!(due_at(Some(years)), now + LONGEST_PAUSE);
    }

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
