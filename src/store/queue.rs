//! What waits for the writer: submissions before everything else.
//!
//! A website waits for its answer, and delivery can wait; but a site that posts without a pause must not hold
//! delivery up for ever. So while submissions keep coming, all other writes join their groups, which saves them a
//! sync of the disk of their own, and get the share of the writer's time that [`Pace`] allows them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::pace::Pace;

/// Jobs by what they wait for: `A` are submissions, `T` all other writes.
#[derive(Debug)]
pub(super) struct Queue<A, T> {
    state: Mutex<State<A, T>>,
    /// The writer sleeps here.
    bell: Condvar,
}

#[derive(Debug)]
struct State<A, T> {
    accepts: VecDeque<A>,
    tasks: VecDeque<T>,
    /// The writer sleeps until so many submissions wait, or anything else happens.
    sleeping_for: Option<usize>,
    closed: bool,
}

impl<A, T> Default for Queue<A, T> {
    fn default() -> Queue<A, T> {
        Queue {
            state: Mutex::new(State {
                accepts: VecDeque::new(),
                tasks: VecDeque::new(),
                sleeping_for: None,
                closed: false,
            }),
            bell: Condvar::new(),
        }
    }
}

impl<A, T> Queue<A, T> {
    /// Gives the job back when the queue is closed.
    pub fn accept(&self, job: A) -> Result<(), A> {
        let mut state = self.lock();
        if state.closed {
            return Err(job);
        }
        state.accepts.push_back(job);
        let enough = state.accepts.len();
        self.ring(state, enough);
        Ok(())
    }

    /// Gives the job back when the queue is closed.
    pub fn task(&self, job: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(job);
        }
        state.tasks.push_back(job);
        self.ring(state, usize::MAX);
        Ok(())
    }

    pub fn len(&self) -> usize {
        let state = self.lock();
        state.accepts.len() + state.tasks.len()
    }

    /// Takes nothing more; what is in it still comes out.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.ring(state, usize::MAX);
    }

    /// Takes nothing more and forgets what is in it: whoever waits for an answer learns that there is none.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        let (accepts, tasks) = (
            std::mem::take(&mut state.accepts),
            std::mem::take(&mut state.tasks),
        );
        // Dropping a job wakes who waits for it: not with the lock in hand.
        drop(state);
        drop((accepts, tasks));
    }

    /// Waits for the next group and moves it into `accepts` (at most `most`) and `tasks`. False when the queue is
    /// closed and empty.
    pub fn take(&self, most: usize, accepts: &mut Vec<A>, tasks: &mut Vec<T>, pace: &mut Pace) -> bool {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let waiting = state.accepts.len();
            let company = pace.company(now);
            let wanted = company.map_or(1, |(wanted, _)| wanted.min(most));
            if waiting >= wanted || (state.closed && waiting > 0) {
                accepts.extend(state.accepts.drain(..most.min(waiting)));
                if !state.tasks.is_empty() && (state.closed || pace.may_join(now)) {
                    // One at a time: what it takes is known afterwards.
                    tasks.extend(state.tasks.pop_front());
                }
                return true;
            }
            let mut until = company.map(|(_, until)| until);
            if state.tasks.is_empty() {
                if state.closed {
                    return false;
                }
            } else {
                let lull = pace.lull().filter(|lull| now < *lull && !state.closed);
                if waiting == 0 && lull.is_none() {
                    tasks.extend(state.tasks.drain(..));
                    return true;
                }
                until = until.into_iter().chain(lull).min();
            }
            state.sleeping_for = Some(wanted);
            state = match until {
                Some(until) => {
                    let woken = self
                        .bell
                        .wait_timeout(state, until.saturating_duration_since(now));
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.sleeping_for = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<A, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the writer when it sleeps for no more than this.
    fn ring(&self, mut state: MutexGuard<'_, State<A, T>>, waiting: usize) {
        let wakes = state.sleeping_for.is_some_and(|wanted| waiting >= wanted);
        if wakes {
            state.sleeping_for = None;
        }
        drop(state);
        if wakes {
            self.bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    const NOTHING: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(1_000_000);

    fn queue(accepts: &[u32], tasks: &[u32]) -> Queue<u32, u32> {
        let queue = Queue::default();
        for job in accepts {
            queue.accept(*job).unwrap();
        }
        for job in tasks {
            queue.task(*job).unwrap();
        }
        queue
    }

    /// The next group, of at most two submissions.
    fn group(queue: &Queue<u32, u32>, pace: &mut Pace) -> Option<(Vec<u32>, Vec<u32>)> {
        let (mut accepts, mut tasks) = (Vec::new(), Vec::new());
        queue
            .take(2, &mut accepts, &mut tasks, pace)
            .then_some((accepts, tasks))
    }

    fn fresh() -> Pace {
        Pace::new(Instant::now())
    }

    #[test]
    fn submissions_come_in_order_and_at_most_a_group_of_them() {
        let queue = queue(&[1, 2, 3], &[]);
        let mut pace = fresh();
        assert_eq!(group(&queue, &mut pace), Some((vec![1, 2], vec![])));
        assert_eq!(group(&queue, &mut pace), Some((vec![3], vec![])));
    }

    #[test]
    fn a_group_of_submissions_takes_one_other_write_along() {
        let queue = queue(&[1, 2, 3], &[7, 8, 9]);
        let mut pace = fresh();
        assert_eq!(group(&queue, &mut pace), Some((vec![1, 2], vec![7])));
        assert_eq!(group(&queue, &mut pace), Some((vec![3], vec![8])));
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn other_writes_beyond_their_share_stay_behind() {
        let queue = queue(&[1], &[7]);
        let mut pace = fresh();
        pace.committed(1, LONG, LONG, Instant::now());
        assert_eq!(group(&queue, &mut pace), Some((vec![1], vec![])));
    }

    #[test]
    fn other_writes_go_at_once_and_together_where_no_submission_came_lately() {
        let queue = queue(&[], &[7, 8]);
        assert_eq!(group(&queue, &mut fresh()), Some((vec![], vec![7, 8])));
    }

    #[test]
    fn other_writes_wait_for_a_lull_and_no_longer() {
        let queue = queue(&[], &[7]);
        let mut pace = fresh();
        pace.committed(1, NOTHING, LONG, Instant::now());
        let lull = pace.lull().unwrap();
        assert_eq!(group(&queue, &mut pace), Some((vec![], vec![7])));
        assert!(Instant::now() >= lull);
    }

    #[test]
    fn who_comes_back_alone_of_a_crowd_waits_a_moment_and_is_committed() {
        let queue = queue(&[1], &[]);
        let mut pace = fresh();
        pace.committed(8, LONG, NOTHING, Instant::now());
        let (_, until) = pace.company(Instant::now()).unwrap();
        assert_eq!(group(&queue, &mut pace), Some((vec![1], vec![])));
        assert!(Instant::now() >= until);
    }

    #[test]
    fn a_full_group_is_not_waited_beyond() {
        let queue = queue(&[1, 2], &[]);
        let mut pace = fresh();
        let now = Instant::now() + LONG;
        // A moment of patience that begins in the far future: waiting it out would never end.
        pace.committed(8, LONG, NOTHING, now);
        assert_eq!(group(&queue, &mut pace), Some((vec![1, 2], vec![])));
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_gives_everything() {
        let queue = queue(&[1, 2, 3], &[7, 8]);
        let mut pace = fresh();
        // Neither the share nor company nor the lull count any more.
        pace.committed(8, LONG, LONG, Instant::now() + LONG);
        queue.close();
        assert_eq!(queue.accept(4), Err(4));
        assert_eq!(queue.task(9), Err(9));
        assert_eq!(group(&queue, &mut pace), Some((vec![1, 2], vec![7])));
        assert_eq!(group(&queue, &mut pace), Some((vec![3], vec![8])));
        assert_eq!(group(&queue, &mut pace), None);
    }

    #[test]
    fn a_sleeping_writer_is_woken() {
        let queue = Arc::new(queue(&[], &[]));
        let writer = {
            let queue = queue.clone();
            std::thread::spawn(move || {
                let (mut pace, mut seen) = (fresh(), Vec::new());
                while let Some(group) = group(&queue, &mut pace) {
                    seen.push(group);
                }
                seen
            })
        };
        let until = |happened: &dyn Fn() -> bool| {
            while !happened() {
                std::thread::yield_now();
            }
        };
        until(&|| queue.lock().sleeping_for.is_some());
        queue.accept(1).unwrap();
        until(&|| queue.len() == 0 && queue.lock().sleeping_for.is_some());
        queue.task(7).unwrap();
        until(&|| queue.len() == 0 && queue.lock().sleeping_for.is_some());
        queue.close();
        assert_eq!(writer.join().unwrap(), [(vec![1], vec![]), (vec![], vec![7])]);
    }

    #[test]
    fn an_abandoned_queue_forgets_its_jobs() {
        let queue: Queue<Arc<()>, ()> = Queue::default();
        let job = Arc::new(());
        queue.accept(job.clone()).unwrap();
        queue.abandon();
        assert_eq!(Arc::strong_count(&job), 1);
        assert!(queue.accept(job).is_err());
    }
}
