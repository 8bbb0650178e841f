//! Persons whose lines are long: what comes for them waits off the board, so that one who sends thousands of requests
//! (a robot, a test that nobody stopped) does not fill it and keep everybody else out. No I/O, no clock.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::SubmissionId;
use crate::store::Waiting;

/// So many of one person stand on the board at most; they go one after the other, so that more would not be faster.
const LONGEST: usize = 64;
/// A line is filled up again when it is shorter than this: not one by one.
const SHORT: usize = LONGEST / 2;
/// So many wait off the board at most. Beyond them nothing more is looked at until lines are shorter.
const MOST: usize = 50_000;

/// Submissions that wait off the board, oldest first.
#[derive(Debug, Default)]
pub struct LongLines {
    waiting: BTreeMap<SubmissionId, (Waiting, Vec<String>)>,
    /// How many wait, by person.
    persons: HashMap<String, usize>,
}

impl LongLines {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MOST
    }

    /// Whether a submission of these persons must wait off the board: one of them has a long line on it, or has others
    /// that wait already and must go first. `line` tells how long a person's line on the board is.
    pub fn must_wait(&self, persons: &[String], line: impl Fn(&str) -> usize) -> bool {
        persons
            .iter()
            .any(|person| self.persons.contains_key(person) || line(person) >= LONGEST)
    }

    pub fn put(&mut self, waiting: Waiting, persons: Vec<String>) {
        for person in &persons {
            *self.persons.entry(person.clone()).or_default() += 1;
        }
        if let Some((_, before)) = self.waiting.insert(waiting.id, (waiting, persons)) {
            self.leave(&before);
        }
    }

    /// Takes out who may go on the board now, oldest first and at most `most`: all their persons' lines are short, and
    /// nobody of the same person who came before still waits.
    pub fn take_ready(&mut self, most: usize, line: impl Fn(&str) -> usize) -> Vec<Waiting> {
        if !self.persons.keys().any(|person| line(person) < SHORT) {
            return Vec::new();
        }
        let mut longer: HashMap<&str, usize> = HashMap::new();
        let mut behind: HashSet<&str> = HashSet::new();
        let mut ready = Vec::new();
        for (waiting, persons) in self.waiting.values() {
            if ready.len() >= most {
                break;
            }
            let has_room = persons.iter().all(|person| {
                let person = person.as_str();
                let filled = longer.get(person).copied();
                !behind.contains(person)
                    && match filled {
                        Some(added) => line(person) + added < LONGEST,
                        None => line(person) < SHORT,
                    }
            });
            if has_room {
                ready.push(*waiting);
                persons
                    .iter()
                    .for_each(|person| *longer.entry(person).or_default() += 1);
            } else {
                behind.extend(persons.iter().map(String::as_str));
            }
        }
        for waiting in &ready {
            if let Some((_, persons)) = self.waiting.remove(&waiting.id) {
                self.leave(&persons);
            }
        }
        ready
    }

    fn leave(&mut self, persons: &[String]) {
        for person in persons {
            if let Some(count) = self.persons.get_mut(person) {
                *count -= 1;
                if *count == 0 {
                    self.persons.remove(person);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Millis;
    use crate::store::ChannelKey;

    fn waiting(n: i64) -> Waiting {
        Waiting {
            id: SubmissionId(n),
            channel: ChannelKey(1),
            attempts: 0,
            next_attempt_at: None,
            since: Millis(0),
        }
    }

    fn persons(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn ids(ready: &[Waiting]) -> Vec<i64> {
        ready.iter().map(|waiting| waiting.id.0).collect()
    }

    #[test]
    fn only_long_lines_are_held_up() {
        let lines = LongLines::default();
        let line = |person: &str| if person == "robot" { LONGEST } else { LONGEST - 1 };
        assert!(lines.must_wait(&persons(&["robot"]), line));
        assert!(!lines.must_wait(&persons(&["anna", "boris"]), line));
        assert!(!lines.must_wait(&[], line));
    }

    #[test]
    fn nobody_overtakes_one_of_the_same_person() {
        let mut lines = LongLines::default();
        lines.put(waiting(3), persons(&["robot", "anna"]));
        lines.put(waiting(5), persons(&["robot"]));
        assert!(lines.must_wait(&persons(&["anna"]), |_| 0), "3 is anna's too");
        lines.put(waiting(7), persons(&["anna"]));
        lines.put(waiting(6), persons(&["boris"]));
        let robot_is_long = |person: &str| if person == "robot" { LONGEST } else { 0 };
        assert_eq!(ids(&lines.take_ready(9, robot_is_long)), [6]);
        assert_eq!(ids(&lines.take_ready(2, |_| 0)), [3, 5]);
        assert_eq!(ids(&lines.take_ready(9, |_| 0)), [7]);
        assert!(lines.is_empty() && lines.persons.is_empty());
    }

    #[test]
    fn a_line_is_filled_up_when_it_is_short_and_no_longer_than_the_bound() {
        let mut lines = LongLines::default();
        for n in 0..200 {
            lines.put(waiting(n), persons(&["robot"]));
        }
        assert!(lines.take_ready(999, |_| SHORT).is_empty());
        assert_eq!(lines.take_ready(999, |_| SHORT - 1).len(), LONGEST - SHORT + 1);
        assert_eq!(lines.take_ready(999, |_| 0)[0].id, SubmissionId(33));
    }
}
