//! The board: which submissions are unfinished, who waits for whom, and who may go now. No I/O, no clock.
//!
//! Submissions of one person go in the order of arrival: a job may start only when it is at the head of the line of
//! each of its person keys. Places in a line are given out in the order in which jobs come to the board, so that one
//! that comes back later (a retry, a value that was unknown at first) never overtakes one that is under way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Millis, SubmissionId};

/// What the board knows of one unfinished submission.
#[derive(Debug)]
struct Entry<T> {
    persons: Vec<String>,
    /// Its number in the lines of its persons.
    seat: u64,
    due: Millis,
    /// It goes in a batch of its own: a shared one that held it failed as a whole.
    alone: bool,
    place: Place<T>,
}

#[derive(Debug)]
enum Place<T> {
    /// On the board, with what was already read and planned for it.
    Here(Option<T>),
    Taken,
}

/// A job handed out by [`Board::take`].
#[derive(Debug, PartialEq)]
pub struct Taken<T> {
    pub id: SubmissionId,
    pub alone: bool,
    pub task: Option<T>,
}

#[derive(Debug)]
pub struct Board<T> {
    entries: BTreeMap<SubmissionId, Entry<T>>,
    /// For each person, the unfinished submissions by seat.
    lines: HashMap<String, BTreeSet<(u64, SubmissionId)>>,
    last_seat: u64,
    /// Jobs on the board by the moment they are due; those that are taken are not in it.
    due: BTreeSet<(Millis, SubmissionId)>,
}

impl<T> Default for Board<T> {
    fn default() -> Self {
        Board {
            entries: BTreeMap::new(),
            lines: HashMap::new(),
            last_seat: 0,
            due: BTreeSet::new(),
        }
    }
}

impl<T> Board<T> {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    pub fn ids(&self) -> Vec<SubmissionId> {
        self.entries.keys().copied().collect()
    }

    pub fn contains(&self, id: SubmissionId) -> bool {
        self.entries.contains_key(&id)
    }

    /// Adds an unfinished submission; one that is already there keeps its place.
    pub fn add(&mut self, id: SubmissionId, persons: Vec<String>, due: Millis, task: Option<T>) {
        if self.entries.contains_key(&id) {
            return;
        }
        self.last_seat += 1;
        let seat = self.last_seat;
        for person in &persons {
            self.lines.entry(person.clone()).or_default().insert((seat, id));
        }
        self.due.insert((due, id));
        self.entries.insert(
            id,
            Entry {
                persons,
                seat,
                due,
                alone: false,
                place: Place::Here(task),
            },
        );
    }

    /// Hands out jobs that may go now, oldest first, until `weigh` has counted to `most`. A job that must go alone is
    /// handed out alone.
    pub fn take(&mut self, now: Millis, most: usize, weigh: impl Fn(Option<&T>) -> usize) -> Vec<Taken<T>> {
        let (picked, _) = self.pick(now, most, weigh);
        picked.into_iter().filter_map(|id| self.hand_out(id)).collect()
    }

    /// Whether what may go now fills `most`, so that waiting for more would gain nothing.
    pub fn fills(&self, now: Millis, most: usize, weigh: impl Fn(Option<&T>) -> usize) -> bool {
        self.pick(now, most, weigh).1
    }

    /// Who would be handed out, and whether there is no room for more beside them.
    fn pick(
        &self,
        now: Millis,
        most: usize,
        weigh: impl Fn(Option<&T>) -> usize,
    ) -> (Vec<SubmissionId>, bool) {
        let mut ready: Vec<SubmissionId> = self
            .due
            .iter()
            .take_while(|(due, _)| *due <= now)
            .map(|(_, id)| *id)
            .collect();
        ready.sort_unstable();
        let mut picked = Vec::new();
        let mut weight = 0;
        let mut full = false;
        for id in ready {
            let Some(entry) = self.entries.get(&id) else {
                continue;
            };
            if !self.is_first_in_line(id, entry) || (entry.alone && !picked.is_empty()) {
                continue;
            }
            let Place::Here(task) = &entry.place else { continue };
            let weighs = weigh(task.as_ref()).max(1);
            if !picked.is_empty() && weight + weighs > most {
                full = true;
                continue;
            }
            weight += weighs;
            picked.push(id);
            if entry.alone || weight >= most {
                full = true;
                break;
            }
        }
        (picked, full)
    }

    fn is_first_in_line(&self, id: SubmissionId, entry: &Entry<T>) -> bool {
        entry
            .persons
            .iter()
            .all(|person| self.lines.get(person).and_then(BTreeSet::first) == Some(&(entry.seat, id)))
    }

    fn hand_out(&mut self, id: SubmissionId) -> Option<Taken<T>> {
        let entry = self.entries.get_mut(&id)?;
        self.due.remove(&(entry.due, id));
        match std::mem::replace(&mut entry.place, Place::Taken) {
            Place::Here(task) => Some(Taken {
                id,
                alone: entry.alone,
                task,
            }),
            Place::Taken => None,
        }
    }

    /// A taken job comes back unfinished, to go on at `due`.
    pub fn put_back(&mut self, id: SubmissionId, due: Millis, alone: bool, task: Option<T>) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.due = due;
            entry.alone = alone;
            entry.place = Place::Here(task);
            self.due.insert((due, id));
        }
    }

    /// Jobs whose work ended in a bug: those that are still taken come back, to go alone.
    pub fn give_back(&mut self, ids: &[SubmissionId], due: Millis) {
        for id in ids {
            if self.is_taken(*id) {
                self.put_back(*id, due, true, None);
            }
        }
    }

    pub fn is_taken(&self, id: SubmissionId) -> bool {
        let entry = self.entries.get(&id);
        entry.is_some_and(|entry| matches!(entry.place, Place::Taken))
    }

    /// What is kept on the board for its jobs.
    pub fn kept(&self) -> impl Iterator<Item = &T> {
        self.entries.values().filter_map(|entry| match &entry.place {
            Place::Here(task) => task.as_ref(),
            Place::Taken => None,
        })
    }

    /// How many stand in a person's line.
    pub fn line(&self, person: &str) -> usize {
        self.lines.get(person).map_or(0, BTreeSet::len)
    }

    /// Whether a job stands in the lines of exactly these persons.
    pub fn is_of(&self, id: SubmissionId, persons: &[String]) -> bool {
        self.entries
            .get(&id)
            .is_some_and(|entry| entry.persons == persons)
    }

    /// A job turned out to be of other persons than it stands in line for: it goes to the end of their lines.
    pub fn line_up_again(&mut self, id: SubmissionId, persons: Vec<String>, due: Millis) {
        self.finish(id);
        self.add(id, persons, due, None);
    }

    /// The job is finished, well or badly: whoever stood behind it in line may go.
    pub fn finish(&mut self, id: SubmissionId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.due.remove(&(entry.due, id));
        for person in entry.persons {
            if let Some(line) = self.lines.get_mut(&person) {
                line.remove(&(entry.seat, id));
                if line.is_empty() {
                    self.lines.remove(&person);
                }
            }
        }
    }

    /// Forgets every job that is not being worked on: channels or submissions were changed elsewhere, and all must be
    /// read again. A job that `keeps` says yes to stays in its lines, and is due at once.
    pub fn forget_waiting(&mut self, mut keeps: impl FnMut(&mut T) -> bool) {
        let mut waiting = Vec::new();
        for (id, entry) in &mut self.entries {
            match &mut entry.place {
                Place::Taken => {}
                Place::Here(task) => {
                    if task.as_mut().is_some_and(&mut keeps) {
                        self.due.remove(&(entry.due, *id));
                        entry.due = Millis(0);
                        self.due.insert((entry.due, *id));
                    } else {
                        waiting.push(*id);
                    }
                }
            }
        }
        for id in waiting {
            self.finish(id);
        }
    }

    /// The next moment at which a job comes due: in the past when one is due already, even if it stands in line.
    pub fn next_due(&self, now: Millis) -> Option<Millis> {
        let upcoming = self.due.iter().find(|(due, _)| *due > now).map(|(due, _)| *due);
        let ready = self.due.iter().take_while(|(due, _)| *due <= now).any(|(_, id)| {
            self.entries
                .get(id)
                .is_some_and(|entry| self.is_first_in_line(*id, entry))
        });
        if ready { Some(now) } else { upcoming }
    }
}

#[cfg(test)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: i64) -> SubmissionId {
        SubmissionId(n)
    }

    fn board(rows: &[(i64, &[&str])]) -> Board<()> {
        let mut board = Board::default();
        for (n, persons) in rows {
            board.add(
                id(*n),
                persons.iter().map(|p| (*p).to_owned()).collect(),
                Millis(0),
                None,
            );
        }
        board
    }

    fn take(board: &mut Board<()>, most: usize) -> Vec<i64> {
        board
            .take(Millis(10), most, |_| 1)
            .into_iter()
            .map(|taken| taken.id.0)
            .collect()
    }

    #[test]
    fn one_person_never_twice_at_once_and_in_order() {
        let mut board = board(&[(1, &["p"]), (2, &["p"]), (3, &["q"]), (4, &["p", "q"])]);
        assert_eq!(take(&mut board, 50), [1, 3]);
        assert_eq!(take(&mut board, 50), [] as [i64; 0]);
        board.finish(id(1));
        assert_eq!(take(&mut board, 50), [2]);
        board.finish(id(2));
        assert_eq!(take(&mut board, 50), [] as [i64; 0], "4 still waits for 3");
        board.finish(id(3));
        assert_eq!(take(&mut board, 50), [4]);
    }

    #[test]
    fn what_a_bug_left_taken_comes_back_to_go_alone() {
        let mut board = board(&[(1, &["p"]), (2, &[]), (3, &[])]);
        assert_eq!(take(&mut board, 50), [1, 2, 3]);
        board.finish(id(2));
        board.put_back(id(3), Millis(1_000), false, Some(()));
        board.give_back(&[id(1), id(2), id(3)], Millis(5));
        assert_eq!(board.len(), 2);
        let taken = board.take(Millis(10), 50, |_| 1);
        assert_eq!((taken.len(), taken[0].id, taken[0].alone), (1, id(1), true));
        assert_eq!(
            board.next_due(Millis(10)),
            Some(Millis(1_000)),
            "3 was not touched"
        );
    }

    #[test]
    fn a_job_that_waits_for_its_next_attempt_holds_its_person_back() {
        let mut board = board(&[(1, &["p"]), (2, &["p"])]);
        board.take(Millis(10), 50, |_| 1);
        board.put_back(id(1), Millis(100), false, None);
        assert_eq!(take(&mut board, 50), [] as [i64; 0]);
        assert_eq!(board.next_due(Millis(10)), Some(Millis(100)));
        assert_eq!(board.take(Millis(100), 50, |_| 1).len(), 1);
    }

    #[test]
    fn a_wave_is_bounded_and_a_lone_job_goes_alone() {
        let mut board = board(&[(1, &[]), (2, &[]), (3, &[])]);
        assert_eq!(take(&mut board, 2), [1, 2]);
        board.put_back(id(1), Millis(0), true, None);
        board.put_back(id(2), Millis(0), false, None);
        assert_eq!(take(&mut board, 50), [1], "alone");
        assert_eq!(take(&mut board, 50), [2, 3]);
    }

    #[test]
    fn a_wave_is_full_when_nothing_more_would_fit() {
        let mut board = board(&[(1, &[]), (2, &[]), (3, &["p"]), (4, &["p"])]);
        let fills = |board: &Board<()>, most| board.fills(Millis(10), most, |_| 1);
        assert!(fills(&board, 3) && !fills(&board, 4), "4 stands in line behind 3");
        board.put_back(id(1), Millis(0), true, None);
        assert!(fills(&board, 4), "1 goes alone");
        take(&mut board, 1);
        assert!(!fills(&board, 4));
    }

    #[test]
    fn who_comes_back_overtakes_nobody_under_way() {
        let mut board = board(&[(2, &["p"])]);
        assert_eq!(take(&mut board, 50), [2]);
        board.add(id(1), vec!["p".to_owned()], Millis(0), None);
        assert_eq!(take(&mut board, 50), [] as [i64; 0], "an older one was retried");
        board.finish(id(2));
        assert_eq!(take(&mut board, 50), [1]);
    }

    #[test]
    fn persons_that_come_to_be_known_are_lined_up() {
        let mut board = board(&[(1, &[]), (2, &[]), (3, &["p"])]);
        assert_eq!(take(&mut board, 50), [1, 2, 3]);
        let p = ["p".to_owned()];
        assert!(!board.is_of(id(1), &p) && board.is_of(id(3), &p));
        board.line_up_again(id(1), p.to_vec(), Millis(0));
        board.line_up_again(id(2), p.to_vec(), Millis(0));
        assert_eq!(take(&mut board, 50), [] as [i64; 0]);
        board.finish(id(3));
        assert_eq!(take(&mut board, 50), [1]);
    }

    #[test]
    fn what_must_keep_its_place_is_not_overtaken_by_what_is_read_again() {
        let mut board = board(&[(2, &["p"])]);
        board.take(Millis(10), 50, |_| 1);
        board.put_back(id(2), Millis(1_000), false, Some(()));
        board.forget_waiting(|()| true);
        board.add(id(1), vec!["p".to_owned()], Millis(0), None);
        assert_eq!(take(&mut board, 50), [2], "at once, and first");
    }

    #[test]
    fn forgetting_keeps_what_is_under_way() {
        let mut board = board(&[(1, &["p"]), (2, &["p"])]);
        board.take(Millis(10), 50, |_| 1);
        board.forget_waiting(|()| false);
        assert!(board.contains(id(1)) && !board.contains(id(2)));
        board.add(id(2), vec!["p".to_owned()], Millis(0), None);
        assert_eq!(take(&mut board, 50), [] as [i64; 0]);
    }

    proptest! {
        /// Whatever is taken and finished in whatever order: each person's submissions go one by one, oldest first.
        #[test]
        fn each_person_in_order(persons in prop::collection::vec(prop::collection::vec(0u8..4, 0..3), 1..30), picks in prop::collection::vec(any::<u8>(), 200)) {
            let mut board: Board<()> = Board::default();
            for (n, keys) in persons.iter().enumerate() {
                board.add(id(n as i64), keys.iter().map(|k| k.to_string()).collect(), Millis(0), None);
            }
            let mut under_way: Vec<i64> = Vec::new();
            let mut finished: Vec<i64> = Vec::new();
            for pick in picks {
                for taken in board.take(Millis(1), usize::from(pick % 5) + 1, |_| 1) {
                    let keys = &persons[taken.id.0 as usize];
                    for other in &under_way {
                        prop_assert!(!persons[*other as usize].iter().any(|k| keys.contains(k)));
                    }
                    for earlier in 0..taken.id.0 {
                        let shares = persons[earlier as usize].iter().any(|k| keys.contains(k));
                        prop_assert!(!shares || finished.contains(&earlier));
                    }
                    under_way.push(taken.id.0);
                }
                if !under_way.is_empty() {
                    let done = under_way.swap_remove(usize::from(pick) % under_way.len());
                    board.finish(id(done));
                    finished.push(done);
                }
            }
            prop_assert_eq!(finished.len() + under_way.len() + board.entries.values().filter(|e| matches!(e.place, Place::Here(_))).count(), persons.len());
        }
    }
}
