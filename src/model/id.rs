//! Submission ids: numbers that sort by time of arrival and read well aloud.

use std::fmt;
use std::str::FromStr;

use super::time::Millis;

/// How many ids one millisecond can hold before the next one is borrowed from.
const PER_MILLISECOND_BITS: u32 = 20;
/// Crockford's base 32: no `i`, `l`, `o`, `u`, so a person can read an id over the telephone.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 13;

/// Identifies one submission. Ids grow with time of arrival, so the newest rows are the last ones.
/// Shown as 13 characters of Crockford's base 32 in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubmissionId(pub i64);

impl SubmissionId {
    /// The first id of the millisecond `at`.
    pub fn first_at(at: Millis) -> SubmissionId {
        SubmissionId(at.0.max(0) << PER_MILLISECOND_BITS)
    }

    /// The id to give out after `self` at the moment `now`: later than both.
    pub fn next(self, now: Millis) -> SubmissionId {
        SubmissionId(self.0.saturating_add(1).max(Self::first_at(now).0))
    }

    /// When the id was given out, to the millisecond.
    pub fn at(self) -> Millis {
        Millis(self.0 >> PER_MILLISECOND_BITS)
    }
}

impl fmt::Display for SubmissionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = [0u8; LENGTH];
        let mut rest = self.0;
        for slot in out.iter_mut().rev() {
            *slot = usize::try_from(rest & 31)
                .ok()
                .and_then(|n| DIGITS.get(n))
                .copied()
                .unwrap_or(b'0');
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&out).unwrap_or_default())
    }
}

/// The text is not a submission id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a submission id: expected 13 letters and digits as printed by `inbox list`")]
pub struct NotAnId(String);

impl FromStr for SubmissionId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let wrong = || NotAnId(text.to_owned());
        if text.len() != LENGTH {
            return Err(wrong());
        }
        let mut value: i64 = 0;
        for byte in text.bytes().map(|b| b.to_ascii_lowercase()) {
            let digit = DIGITS.iter().position(|d| *d == byte).ok_or_else(wrong)?;
            value = value
                .checked_mul(32)
                .and_then(|v| v.checked_add(digit as i64))
                .ok_or_else(wrong)?;
        }
        Ok(SubmissionId(value))
    }
}

impl serde::Serialize for SubmissionId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_of_one_millisecond_still_grow() {
        let first = SubmissionId::first_at(Millis(1_700_000_000_000));
        let second = first.next(Millis(1_700_000_000_000));
        assert!(second > first);
        assert_eq!(second.at(), first.at());
    }

    #[test]
    fn a_clock_that_steps_back_does_not_make_ids_step_back() {
        let late = SubmissionId::first_at(Millis(2_000));
        assert!(late.next(Millis(1_000)) > late);
    }

    proptest! {
        #[test]
        fn text_form_round_trips(n in 0i64..i64::MAX) {
            let id = SubmissionId(n);
            prop_assert_eq!(id.to_string().parse::<SubmissionId>(), Ok(id));
        }

        #[test]
        fn text_form_sorts_as_the_number(a in 0i64..i64::MAX, b in 0i64..i64::MAX) {
            prop_assert_eq!(SubmissionId(a).to_string().cmp(&SubmissionId(b).to_string()), a.cmp(&b));
        }

        #[test]
        fn parsing_never_panics(text in ".*") {
            let _ = text.parse::<SubmissionId>();
        }
    }
}
