//! Deliveries of many requests again, on a thread of their own, and how far they have come. Kept in memory: a restart
//! forgets the figures and no request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{State, SubmissionId};
use crate::store::{Filter, Retried, Store, StoreError};

/// Requests of one run. Their numbers are held in memory, 8 bytes each.
pub const MOST: usize = 100_000;
/// Requests queued in one transaction.
const AT_ONCE: usize = 200;
/// Requests whose states one look asks for: some milliseconds.
const LOOKED_AT: usize = 2_000;
/// Runs that are remembered.
const RUNS: usize = 20;

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The address of the list it was started from.
    pub back: String,
    /// More are being queued.
    pub is_queueing: bool,
    pub queued: u64,
    /// Queued, not yet finished.
    pub left: u64,
    pub delivered: u64,
    pub ignored: u64,
    pub failed: u64,
    /// There were more than one run takes.
    pub is_bounded: bool,
    /// Why queueing stopped before its end.
    pub error: Option<StoreError>,
}

impl Progress {
    /// Nothing will change any more.
    pub fn is_over(&self) -> bool {
        !self.is_queueing && self.left == 0
    }
}

#[derive(Debug, Default)]
struct Run {
    progress: Progress,
    /// Queued and not seen finished; the engine takes the oldest first, so they stand at the front.
    outstanding: VecDeque<SubmissionId>,
}

/// All runs since the start, by number.
#[derive(Debug, Default)]
pub struct Retries {
    runs: Mutex<BTreeMap<u64, Arc<Mutex<Run>>>>,
}

impl Retries {
    /// Queues everything that the filter lets through, in the background. Returns the run's number.
    pub fn start(&self, store: &Store, filter: Filter, back: String) -> u64 {
        let run = Arc::new(Mutex::new(Run {
            progress: Progress {
                back,
                is_queueing: true,
                ..Progress::default()
            },
            ..Run::default()
        }));
        let number = {
            let mut runs = lock(&self.runs);
            let number = runs.last_key_value().map_or(1, |(number, _)| number + 1);
            runs.insert(number, Arc::clone(&run));
            while runs.len() > RUNS {
                runs.pop_first();
            }
            number
        };
        let (at_work, store) = (Arc::clone(&run), store.clone());
        let thread = std::thread::Builder::new()
            .name("retries".to_owned())
            .spawn(move || {
                let queued = queue(&store, filter, &at_work);
                end(&at_work, queued);
            });
        if let Err(error) = thread {
            end(
                &run,
                Err(StoreError::Refused(format!("cannot start a thread: {error}"))),
            );
        }
        number
    }

    /// How far a run has come by now; `None` when it is not known.
    pub fn look(&self, number: u64, store: &Store) -> Result<Option<Progress>, StoreError> {
        let Some(run) = lock(&self.runs).get(&number).cloned() else {
            return Ok(None);
        };
        let mut run = lock(&run);
        run.look(store)?;
        Ok(Some(run.progress.clone()))
    }
}

impl Run {
    /// Takes those that are finished from the front of the outstanding ones.
    fn look(&mut self, store: &Store) -> Result<(), StoreError> {
        let ids: Vec<SubmissionId> = self.outstanding.iter().take(LOOKED_AT).copied().collect();
        let states = store.states(&ids)?;
        let known: BTreeMap<SubmissionId, State> = states.into_iter().collect();
        let mut unfinished = VecDeque::new();
        for id in ids {
            match known.get(&id) {
                Some(state) if !state.is_final() => unfinished.push_back(id),
                Some(State::Delivered) => self.progress.delivered += 1,
                Some(State::Ignored) => self.progress.ignored += 1,
                Some(_) => self.progress.failed += 1,
                // Purged meanwhile: it was finished, then.
                None => self.progress.delivered += 1,
            }
        }
        self.outstanding.drain(..LOOKED_AT.min(self.outstanding.len()));
        // Those that are still waiting come first again.
        unfinished.append(&mut self.outstanding);
        self.outstanding = unfinished;
        self.progress.left = self.outstanding.len() as u64;
        Ok(())
    }
}

fn queue(store: &Store, mut filter: Filter, run: &Mutex<Run>) -> Result<(), StoreError> {
    let mut seen = 0;
    loop {
        let page = store.list(&filter, AT_ONCE)?;
        let Some(last) = page.last() else { return Ok(()) };
        filter.before = Some(last.id);
        if seen >= MOST {
            lock(run).progress.is_bounded = true;
            return Ok(());
        }
        seen += page.len();
        let done = store.retry(page.iter().map(|line| line.id).collect())?;
        let mut run = lock(run);
        for (id, retried) in done {
            if retried == Retried::Queued {
                // Newest first they come, oldest first they are delivered.
                run.outstanding.push_front(id);
                run.progress.queued += 1;
                run.progress.left += 1;
            }
        }
    }
}

fn end(run: &Mutex<Run>, queued: Result<(), StoreError>) {
    let mut run = lock(run);
    run.progress.is_queueing = false;
    if let Err(error) = queued {
        tracing::error!(%error, "requests could not all be queued again");
        run.progress.error = Some(error);
    }
}

/// What stands behind these locks is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
