//! When the writer commits: at once for a lone submission, after a moment for a crowd, and how much of its time it
//! owes to other writes while submissions keep coming. Rules alone: the queue brings the clock.

use std::time::{Duration, Instant};

/// Submissions count as coming until there was none for so long. A lone submission's delivery begins that much
/// later, which nobody sees; a client on one connection posts again much sooner.
const LULL: Duration = Duration::from_millis(10);
/// While submissions keep coming, other writes get one part of the writer's time in so many.
const SHARE: u32 = 20;
/// What may be saved up of that share: enough for the few short writes of a lone delivery.
const SAVED: Duration = Duration::from_millis(5);
/// Those who were answered together come back together, each within some tens of microseconds; a sync of the disk
/// takes longer than that. So after a group the writer waits for most of its company to come back, but no longer
/// than one part in so many of what the last commit took. Whoever comes alone is committed at once.
const PATIENCE: u32 = 2;
/// The longest wait for company: a disk that is slow just now must not be made slower still.
const LONGEST: Duration = Duration::from_micros(300);

#[derive(Debug)]
pub(super) struct Pace {
    /// When there was last a submission to commit.
    accepted_at: Option<Instant>,
    /// How many submissions are worth waiting for, and until when.
    company: Option<(usize, Instant)>,
    /// Saved up until `counted_at`; what a long write took beyond it is owed.
    saved: Duration,
    owed: Duration,
    counted_at: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Pace {
        Pace {
            accepted_at: None,
            company: None,
            saved: SAVED,
            owed: Duration::ZERO,
            counted_at: now,
        }
    }

    /// How many submissions to wait for, and until when; `None` when the first one is to be committed at once.
    pub fn company(&self, now: Instant) -> Option<(usize, Instant)> {
        self.company.filter(|(_, until)| now < *until)
    }

    /// A group of submissions is about to be committed. Whether another write may join it.
    pub fn may_join(&mut self, now: Instant) -> bool {
        let earned = now.saturating_duration_since(self.counted_at) / SHARE;
        self.counted_at = now;
        self.saved = (self.saved + earned.saturating_sub(self.owed)).min(SAVED);
        self.owed = self.owed.saturating_sub(earned);
        !self.saved.is_zero()
    }

    /// When submissions no longer count as coming.
    pub fn lull(&self) -> Option<Instant> {
        self.accepted_at.map(|at| at + LULL)
    }

    /// A group with so many submissions was committed and answered. `took`: from its first statement to the commit's
    /// end; `others`: the part of it that its other writes may have cost.
    pub fn committed(&mut self, submissions: usize, took: Duration, others: Duration, now: Instant) {
        self.company = None;
        if submissions > 0 {
            self.accepted_at = Some(now);
            self.owed += others.saturating_sub(self.saved);
            self.saved = self.saved.saturating_sub(others);
        }
        if submissions > 1 {
            let patience = (took / PATIENCE).min(LONGEST);
            self.company = Some((submissions - submissions / 4, now + patience));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Duration = Duration::ZERO;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn under_load_other_writes_get_their_share() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        let (mut others, started) = (NOTHING, now);
        // Groups of 1 ms; another write of 3 ms joins whenever it may.
        for _ in 0..20_000 {
            let took = if pace.may_join(now) { ms(3) } else { NOTHING };
            others += took;
            now += ms(1) + took;
            pace.committed(1, ms(1) + took, took, now);
        }
        let share = others.as_secs_f64() / (now - started).as_secs_f64() * f64::from(SHARE);
        assert!((0.95..1.05).contains(&share), "{share}");
    }

    #[test]
    fn what_is_saved_up_is_bounded() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(pace.may_join(now + ms(1_000_000)));
        pace.committed(1, SAVED, SAVED, now + ms(1_000_000));
        assert!(!pace.may_join(now + ms(1_000_000)));
        assert!(pace.may_join(now + ms(1_000_020)));
    }

    #[test]
    fn a_long_write_of_a_quiet_time_is_not_owed() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.committed(0, ms(1_000), ms(1_000), now);
        assert!(pace.may_join(now));
        assert_eq!(pace.lull(), None);
    }

    #[test]
    fn the_lull_comes_a_while_after_the_last_submission() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.committed(1, ms(1), NOTHING, now);
        pace.committed(0, ms(1), ms(1), now + ms(5));
        assert_eq!(pace.lull(), Some(now + LULL));
    }

    #[test]
    fn a_crowd_is_waited_for_and_a_lone_submission_is_not() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(pace.company(now), None);
        pace.committed(1, ms(1), NOTHING, now);
        assert_eq!(pace.company(now), None);
        let short = Duration::from_micros(200);
        // Submissions, what the commit took, for how many to wait, for how long.
        let table = [
            (2, short, 2, short / PATIENCE),
            (4, short, 3, short / PATIENCE),
            (32, short, 24, short / PATIENCE),
            (32, ms(50), 24, LONGEST),
        ];
        for (submissions, took, wanted, wait) in table {
            pace.committed(submissions, took, NOTHING, now);
            assert_eq!(
                pace.company(now),
                Some((wanted, now + wait)),
                "{submissions} {took:?}"
            );
            assert_eq!(pace.company(now + wait), None);
        }
        pace.committed(0, ms(1), ms(1), now);
        assert_eq!(pace.company(now), None);
    }
}
