//! A wave: the calls of several submissions packed into one batch, and its answers handed back to their owners.

use crate::model::{Answer, Call, SubmissionId};
use crate::plan::chain;

/// Commands in one batch.
// b24: settings/how-to-call-rest-api/batch.md
pub const MOST_COMMANDS: usize = 50;

/// One submission's share of a wave.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    pub id: SubmissionId,
    pub calls: Vec<Call>,
}

/// What fits into one batch, and who has to wait for the next.
#[derive(Debug, PartialEq)]
pub struct Packed {
    pub shares: Vec<Share>,
    pub left: Vec<SubmissionId>,
    /// Stop at the first error: only a batch of one submission may, or one's error would hold up the others.
    pub halt: bool,
}

/// Packs whole shares, in the order given, into at most [`MOST_COMMANDS`] commands.
///
/// One submission sends its chain in one go. As soon as several share a batch, each sends only what does not build on
/// a write that could fail ([`chain::shareable`]).
pub fn pack(jobs: Vec<(SubmissionId, Vec<Call>)>) -> Packed {
    let lone = jobs.len() == 1;
    let mut packed = Packed {
        shares: Vec::new(),
        left: Vec::new(),
        halt: false,
    };
    let mut count = 0;
    for (id, calls) in jobs {
        let mut calls = if lone { calls } else { chain::shareable(&calls) };
        if packed.shares.is_empty() {
            // A plan longer than a batch goes out in parts; what depends on a part that is cut off goes with it.
            calls.truncate(MOST_COMMANDS);
        }
        if count + calls.len() > MOST_COMMANDS {
            packed.left.push(id);
            continue;
        }
        count += calls.len();
        packed.shares.push(Share { id, calls });
    }
    packed.halt =
        packed.shares.len() == 1 && packed.shares.iter().any(|share| chain::must_halt(&share.calls));
    packed
}

impl Packed {
    /// The commands with the tag of their share: the same call of two submissions is told apart by it.
    pub fn commands(&self) -> Vec<(String, &Call)> {
        let tagged = self.shares.iter().enumerate();
        tagged
            .flat_map(|(n, share)| share.calls.iter().map(move |call| (format!("s{n}"), call)))
            .collect()
    }

    /// Hands the answers, in the order of [`Packed::commands`], back to their shares.
    pub fn deal(self, answers: Vec<Answer>) -> Vec<(SubmissionId, Vec<(Call, Answer)>)> {
        let mut answers = answers.into_iter();
        self.shares
            .into_iter()
            .map(|share| (share.id, share.calls.into_iter().zip(answers.by_ref()).collect()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Arg, Effect};

    fn call(key: &str, effect: Effect, refers: Option<&str>) -> Call {
        let args = refers
            .map(|to| {
                (
                    "x".to_owned(),
                    Arg::Answer {
                        key: to.to_owned(),
                        path: Vec::new(),
                    },
                )
            })
            .into_iter()
            .collect();
        Call {
            key: key.to_owned(),
            method: "m".to_owned(),
            args,
            effect,
        }
    }

    #[test]
    fn a_lone_submission_sends_its_whole_chain_and_stops_at_an_error() {
        let calls = vec![
            call("contact", Effect::Write, None),
            call("entity", Effect::Write, Some("contact")),
        ];
        let packed = pack(vec![(SubmissionId(1), calls.clone())]);
        assert!(packed.halt);
        assert_eq!(packed.commands().len(), 2);
        let packed = pack(vec![(SubmissionId(1), calls.clone()), (SubmissionId(2), calls)]);
        assert!(!packed.halt);
        let keys: Vec<(String, &str)> = packed
            .commands()
            .into_iter()
            .map(|(tag, c)| (tag, c.key.as_str()))
            .collect();
        assert_eq!(keys, [("s0".to_owned(), "contact"), ("s1".to_owned(), "contact")]);
    }

    #[test]
    fn never_more_than_a_batch_holds() {
        let jobs = (0..20)
            .map(|n| {
                (
                    SubmissionId(n),
                    (0..4)
                        .map(|k| call(&format!("k{k}"), Effect::Read, None))
                        .collect(),
                )
            })
            .collect();
        let packed = pack(jobs);
        assert_eq!(packed.commands().len(), 48);
        assert_eq!(packed.left.len(), 8);
    }
}
