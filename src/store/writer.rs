//! The one thread of this process that writes. It takes what is waiting, never sleeps for more, and
//! commits it as one group: one sync of the disk for many submissions. Nobody is answered before the
//! commit of their group.

use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::Clock;
use super::accept::{Accepted, Acceptor, Arrival};
use super::changes::Changes;
use super::checkpoint::Checkpoints;
use super::error::StoreError;
use crate::model::Millis;

/// The most that one transaction takes: a group answers together, so its last row holds up its first.
const GROUP: usize = 512;
/// Submissions that may wait for the writer. More of them wait at their own connection, where the
/// peer feels it. Two full groups keep the writer busy.
const WAITING: usize = 2 * GROUP;
/// What a commit writes beyond the bodies, roughly, for the checkpoints' bookkeeping: a row's columns,
/// and the pages at the edge of the table.
const ROW_BYTES: u64 = 400;
const GROUP_BYTES: u64 = 8 * 1024;

type Answer<T> = Result<T, StoreError>;

enum Job {
    Accept(Box<Accept>),
    Task(Box<dyn Task>),
    /// Drain what is waiting, then end.
    Stop,
}

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
    queue: mpsc::UnboundedSender<Job>,
    /// Jobs in the queue. Counted after they are sent, so below zero for a moment at times.
    waiting: Arc<AtomicIsize>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn spawn(
        mut conn: Connection,
        clock: Clock,
        changes: Arc<Changes>,
        checkpoints: Checkpoints,
    ) -> std::io::Result<Writer> {
        // Unbounded by type only: accepts pass the semaphore, and each other caller blocks until
        // its one task is answered.
        let (queue, jobs) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(WAITING));
        let waiting = Arc::new(AtomicIsize::new(0));
        let outlets = Outlets {
            room: room.clone(),
            waiting: waiting.clone(),
            changes,
            checkpoints,
        };
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(&mut conn, jobs, &clock, &outlets))?;
        Ok(Writer {
            queue,
            waiting,
            room,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// How many jobs are in the queue.
    pub(super) fn waiting(&self) -> usize {
        usize::try_from(self.waiting.load(Ordering::Acquire)).unwrap_or(0)
    }

    fn send(&self, job: Job) -> Answer<()> {
        self.queue.send(job).map_err(|_| StoreError::Closed)?;
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Ok(())
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
        let job = Job::Accept(Box::new(Accept {
            arrival,
            outcome: Err(StoreError::Closed),
            answer,
        }));
        self.send(job)?;
        Ok(reply)
    }

    /// Runs `work` in the next group and blocks until that is committed. An error of `work` undoes
    /// what it wrote, and nothing else.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Millis) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (answer, reply) = blocking::sync_channel(1);
        let job = Job::Task(Box::new(Call {
            work: Some(work),
            outcome: None,
            answer,
        }));
        self.send(job)?;
        reply.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Commits what is waiting, refuses what comes later, and waits for the thread to end.
    pub(super) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _already_gone = self.send(Job::Stop);
            if thread.join().is_err() {
                tracing::error!("the writer thread ended by a panic");
            }
        }
    }
}

/// Whom the writer tells of its work.
struct Outlets {
    room: Arc<Semaphore>,
    waiting: Arc<AtomicIsize>,
    changes: Arc<Changes>,
    checkpoints: Checkpoints,
}

fn run(conn: &mut Connection, mut jobs: mpsc::UnboundedReceiver<Job>, clock: &Clock, outlets: &Outlets) {
    let mut acceptor = Acceptor::default();
    let mut group: Vec<Job> = Vec::with_capacity(GROUP);
    while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
        let accepts = group.iter().filter(|job| matches!(job, Job::Accept(_))).count();
        outlets
            .waiting
            .fetch_sub(group.len().cast_signed(), Ordering::AcqRel);
        outlets.room.add_permits(accepts);
        if group.iter().any(|job| matches!(job, Job::Stop)) {
            // Nothing new gets in; what is in the queue still comes out.
            outlets.room.close();
            jobs.close();
        }
        let bytes = size_of_group(&group);
        let outcome = commit(conn, &mut group, &mut acceptor, clock());
        for job in group.drain(..) {
            answer(job, &outcome);
        }
        if outcome.is_ok() {
            outlets.checkpoints.wrote(bytes);
            if accepts > 0 {
                outlets.changes.bump(|generation| generation.work += 1);
            }
        }
    }
}

fn answer(job: Job, group: &Answer<()>) {
    match job {
        Job::Accept(accept) => {
            let answer = match group {
                Ok(()) => accept.outcome,
                Err(error) => Err(error.clone()),
            };
            // The peer may have gone away; the submission is stored all the same.
            let _gone = accept.answer.send(answer);
        }
        Job::Task(task) => task.answer(group),
        Job::Stop => {}
    }
}

fn size_of_group(group: &[Job]) -> u64 {
    let rows = group.iter().map(|job| match job {
        Job::Accept(accept) => ROW_BYTES + accept.arrival.body.len() as u64,
        Job::Task(_) => GROUP_BYTES,
        Job::Stop => 0,
    });
    GROUP_BYTES + rows.sum::<u64>()
}

/// One transaction for the whole group. An error here means that nothing of it was stored; the error
/// of a single job stands in that job.
fn commit(conn: &mut Connection, group: &mut [Job], acceptor: &mut Acceptor, now: Millis) -> Answer<()> {
    // IMMEDIATE: a lock that another process holds is waited for here, not found out half-way.
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    run_jobs(&tx, group, acceptor, now)?;
    // A commit that fails leaves the transaction open; dropping it rolls back.
    tx.commit()?;
    Ok(())
}

fn run_jobs(tx: &Transaction<'_>, group: &mut [Job], acceptor: &mut Acceptor, now: Millis) -> Answer<()> {
    let mut rows = acceptor.begin(tx, now)?;
    for job in group {
        let failed = match job {
            Job::Accept(accept) => {
                accept.outcome = rows.insert(&accept.arrival);
                accept.outcome.as_ref().err().cloned()
            }
            Job::Task(task) => alone(tx, || task.run(tx, now)).err(),
            Job::Stop => None,
        };
        // Some errors make SQLite roll the whole transaction back by itself.
        if let Some(error) = failed
            && (error.spoils_the_group() || tx.is_autocommit())
        {
            return Err(StoreError::Refused(error.to_string()));
        }
    }
    Ok(())
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
