//! The one thread of this process that writes. It takes what is waiting, never sleeps for more, and
//! commits it as one group: one sync of the disk for many submissions. Nobody is answered before the
//! commit of their group.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::Clock;
use super::accept::{Accepted, Acceptor, Arrival};
use super::changes::Changes;
use super::checkpoint::Checkpoints;
use super::error::StoreError;
use super::pace::Pace;
use super::queue::Queue;
use crate::model::Millis;

/// The most submissions that one transaction takes: a group answers together, so its last row holds up its first.
const GROUP: usize = 512;
/// Submissions that may wait for the writer. More of them wait at their own connection, where the
/// peer feels it. Two full groups keep the writer busy.
const WAITING: usize = 2 * GROUP;

type Answer<T> = Result<T, StoreError>;
/// Unbounded by type only: accepts pass the semaphore, and each other caller blocks until its one task is answered.
type Jobs = Queue<Box<Accept>, Box<dyn Task>>;

struct Accept {
    arrival: Arrival,
    outcome: Answer<Accepted>,
    answer: oneshot::Sender<Answer<Accepted>>,
}

/// Any other write. Its error undoes its own statements only.
trait Task: Send {
    fn run(&mut self, conn: &Connection, now: Millis) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, group: &Answer<()>);
}

struct Call<F, T> {
    work: Option<F>,
    outcome: Option<Answer<T>>,
    answer: blocking::SyncSender<Answer<T>>,
}

impl<F, T> Task for Call<F, T>
where
    F: FnOnce(&Connection, Millis) -> Answer<T> + Send,
    T: Send,
{
    fn run(&mut self, conn: &Connection, now: Millis) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let outcome = work(conn, now);
        let short = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        short
    }

    fn answer(self: Box<Self>, group: &Answer<()>) {
        let outcome = match group {
            Err(error) => Err(error.clone()),
            Ok(()) => self.outcome.unwrap_or(Err(StoreError::Closed)),
        };
        // Whoever asked may have gone; the write stands.
        let _gone = self.answer.send(outcome);
    }
}

/// The way to the writer thread.
pub(super) struct Writer {
    jobs: Arc<Jobs>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn spawn(
        conn: Connection,
        clock: Clock,
        changes: Arc<Changes>,
        checkpoints: Checkpoints,
    ) -> std::io::Result<Writer> {
        let jobs = Arc::new(Jobs::default());
        let room = Arc::new(Semaphore::new(WAITING));
        let outlets = Outlets {
            jobs: jobs.clone(),
            room: room.clone(),
            changes,
            checkpoints,
        };
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(&conn, &clock, &outlets))?;
        Ok(Writer {
            jobs,
            room,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// How many jobs are in the queue.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.len()
    }

    /// Waits for room in the queue, then for the commit.
    pub(super) async fn accept(&self, arrival: Arrival) -> Answer<Accepted> {
        // Given back by the writer, when it has taken the job from the queue.
        self.room
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?
            .forget();
        self.send_arrival(arrival)?
            .await
            .unwrap_or(Err(StoreError::Closed))
    }

    /// The same, blocking; does not wait for room.
    pub(super) fn accept_blocking(&self, arrival: Arrival) -> Answer<Accepted> {
        self.room
            .try_acquire()
            .map_err(|_| StoreError::Refused("too many requests wait to be stored".to_owned()))?
            .forget();
        self.send_arrival(arrival)?
            .blocking_recv()
            .unwrap_or(Err(StoreError::Closed))
    }

    fn send_arrival(&self, arrival: Arrival) -> Answer<oneshot::Receiver<Answer<Accepted>>> {
        let (answer, reply) = oneshot::channel();
        let job = Box::new(Accept {
            arrival,
            outcome: Err(StoreError::Closed),
            answer,
        });
        self.jobs.accept(job).map_err(|_| StoreError::Closed)?;
        Ok(reply)
    }

    /// Runs `work` in the next group and blocks until that is committed. An error of `work` undoes
    /// what it wrote, and nothing else.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Millis) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (answer, reply) = blocking::sync_channel(1);
        let job = Box::new(Call {
            work: Some(work),
            outcome: None,
            answer,
        });
        self.jobs.task(job).map_err(|_| StoreError::Closed)?;
        reply.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Commits what is waiting, refuses what comes later, and waits for the thread to end.
    pub(super) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            self.jobs.close();
            self.room.close();
            if thread.join().is_err() {
                tracing::error!("the writer thread ended by a panic");
            }
        }
    }
}

/// Where the writer's work comes from, and whom it tells of it.
struct Outlets {
    jobs: Arc<Jobs>,
    room: Arc<Semaphore>,
    changes: Arc<Changes>,
    checkpoints: Checkpoints,
}

impl Drop for Outlets {
    /// The thread has ended, perhaps by a panic: nobody is to wait for it.
    fn drop(&mut self) {
        self.jobs.abandon();
        self.room.close();
    }
}

/// What is committed together.
#[derive(Default)]
#[expect(
    clippy::vec_box,
    reason = "the queue hands out boxes, which move from list to list"
)]
struct Group {
    accepts: Vec<Box<Accept>>,
    tasks: Vec<Box<dyn Task>>,
    /// When the tasks began: they come last, and what they wrote makes the commit longer too.
    tasks_from: Option<Instant>,
}

fn run(conn: &Connection, clock: &Clock, outlets: &Outlets) {
    let mut acceptor = Acceptor::default();
    let mut pace = Pace::new(Instant::now());
    let mut group = Group::default();
    while outlets
        .jobs
        .take(GROUP, &mut group.accepts, &mut group.tasks, &mut pace)
    {
        let accepts = group.accepts.len();
        outlets.room.add_permits(accepts);
        let started = Instant::now();
        let outcome = outlive(conn, || commit(conn, &mut group, &mut acceptor, clock()));
        let done = Instant::now();
        let others = group.tasks_from.take().map_or(Duration::ZERO, |from| done - from);
        group.answer(&outcome);
        pace.committed(accepts, done - started, others, Instant::now());
        if outcome.is_ok() {
            outlets.checkpoints.restart_if_due(conn);
            if accepts > 0 {
                outlets.changes.bump(|generation| generation.work += 1);
            }
        }
    }
}

impl Group {
    /// Answers and forgets all jobs.
    fn answer(&mut self, group: &Answer<()>) {
        for accept in self.accepts.drain(..) {
            let Accept { outcome, answer, .. } = *accept;
            // The peer may have gone away; the submission is stored all the same.
            let _gone = answer.send(match group {
                Ok(()) => outcome,
                Err(error) => Err(error.clone()),
            });
        }
        for task in self.tasks.drain(..) {
            task.answer(group);
        }
    }

    fn run(&mut self, tx: &Connection, acceptor: &mut Acceptor, now: Millis) -> Answer<()> {
        // Some errors make SQLite roll the whole transaction back by itself.
        let spoilt = |error: &StoreError| error.spoils_the_group() || tx.is_autocommit();
        if !self.accepts.is_empty() {
            let mut rows = acceptor.begin(tx, now)?;
            for accept in &mut self.accepts {
                accept.outcome = rows.insert(&accept.arrival);
                if let Err(error) = &accept.outcome
                    && spoilt(error)
                {
                    return Err(StoreError::Refused(error.to_string()));
                }
            }
        }
        if self.tasks.is_empty() {
            return Ok(());
        }
        self.tasks_from = Some(Instant::now());
        for task in &mut self.tasks {
            if let Err(error) = alone(tx, || task.run(tx, now))
                && spoilt(&error)
            {
                return Err(StoreError::Refused(error.to_string()));
            }
        }
        Ok(())
    }
}

/// A bug in one job refuses its group and no more: without this thread nothing could ever be stored again.
fn outlive(conn: &Connection, commit: impl FnOnce() -> Answer<()>) -> Answer<()> {
    // Unwind safety: what the group wrote is rolled back, and an id that was given out is not given out again.
    catch_unwind(AssertUnwindSafe(commit)).unwrap_or_else(|_| {
        if !conn.is_autocommit() {
            let _still_open = conn.execute_batch("ROLLBACK");
        }
        Err(StoreError::Refused(
            "the writer met a bug; the log says more".to_owned(),
        ))
    })
}

/// One transaction for the whole group. An error here means that nothing of it was stored; the error
/// of a single job stands in that job.
fn commit(conn: &Connection, group: &mut Group, acceptor: &mut Acceptor, now: Millis) -> Answer<()> {
    // IMMEDIATE: a lock that another process holds is waited for here, not found out half-way.
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let done = group.run(conn, acceptor, now).and_then(|()| {
        conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    });
    // A commit that fails leaves the transaction open, but for some errors.
    if done.is_err() && !conn.is_autocommit() {
        let _still_open = conn.execute_batch("ROLLBACK");
    }
    done
}

/// Runs `work` so that its failure undoes its own statements and leaves the group's others alone.
pub(super) fn alone<T>(conn: &Connection, work: impl FnOnce() -> Answer<T>) -> Answer<T> {
    conn.prepare_cached("SAVEPOINT alone")?.execute([])?;
    let outcome = work();
    if outcome.is_err() && !conn.is_autocommit() {
        conn.prepare_cached("ROLLBACK TO alone")?.execute([])?;
    }
    if !conn.is_autocommit() {
        conn.prepare_cached("RELEASE alone")?.execute([])?;
    }
    outcome
}
