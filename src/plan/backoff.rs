//! Pauses between attempts: growing, bounded, and the same for the same submission.

use std::time::Duration;

use crate::model::{Millis, SubmissionId};

/// The first repeat comes quickly, so that a hiccup is not noticed.
const FIRST: Duration = Duration::from_secs(2);
/// A portal that is back is noticed within this time.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// For how long a submission is tried before a person has to look at it.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// When attempt number `attempts + 1` is due, after `attempts` (≥ 1) that came to nothing. Doubles each time and
/// is spread by up to a fifth, taken from the id, so that a crowd does not come back all at once.
pub fn next_attempt(id: SubmissionId, attempts: u32, now: Millis) -> Millis {
    let doubled = FIRST.saturating_mul(
        1u32.checked_shl(attempts.saturating_sub(1).min(16))
            .unwrap_or(u32::MAX),
    );
    let pause = doubled.min(LONGEST);
    let spread = u32::try_from(id.0.rem_euclid(64)).unwrap_or(0);
    now + pause + (pause / 5) * spread / 64
}

/// Whether a submission first tried at `since` has been tried long enough.
pub fn is_over(since: Millis, now: Millis) -> bool {
    now.since(since) >= GIVE_UP_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let id = SubmissionId(0);
        let pauses: Vec<i64> = (1..=11)
            .map(|n| next_attempt(id, n, Millis(0)).0 / 1000)
            .collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }

    #[test]
    fn seven_days_are_the_end() {
        let week = Millis(0) + GIVE_UP_AFTER;
        assert!(!is_over(Millis(1), week));
        assert!(is_over(Millis(0), week));
    }

    proptest! {
        #[test]
        fn never_shorter_than_the_first_nor_longer_than_the_bound_and_a_fifth(id in any::<i64>(), n in any::<u32>()) {
            let pause = next_attempt(SubmissionId(id), n, Millis(0));
            prop_assert!(pause >= Millis(0) + FIRST);
            prop_assert!(pause <= Millis(0) + LONGEST + LONGEST / 5);
        }
    }
}
