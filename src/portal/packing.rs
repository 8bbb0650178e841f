//! Which calls travel in a batch, and under which keys.

use std::collections::BTreeSet;

use crate::model::{Answer, Arg, Call, Millis, Trouble, TroubleKind};
use crate::throttle::Permit;
use crate::wire::encode;

/// A batch, and what does not travel in it.
pub(super) struct Sorted {
    pub sent: Vec<Sent>,
    pub held_back: Vec<(usize, Answer)>,
}

/// One command, ready to go; `index` is its place among the calls.
pub(super) struct Sent {
    pub index: usize,
    pub key: String,
    pub command: String,
}

/// Which calls travel, and under which keys.
pub(super) fn sort_out(commands: &[(String, &Call)], halt: bool, permit: impl Fn(&str) -> Permit) -> Sorted {
    let mut sorted = Sorted {
        sent: Vec::new(),
        held_back: Vec::new(),
    };
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (index, (tag, call)) in commands.iter().enumerate() {
        let missing = call
            .args
            .iter()
            .flat_map(|(_, arg)| Arg::refers_to(arg))
            .find(|key| !known.contains(&encode::key(tag, key)));
        let held = if halt && !sorted.held_back.is_empty() {
            Some(later(
                TroubleKind::NotRun,
                "an earlier call of the same batch had to wait".to_owned(),
            ))
        } else if let Some(missing) = missing {
            // Sent, it would run with nothing in the place of the missing answer.
            Some(later(
                TroubleKind::NotRun,
                format!(
                    "{} needs the answer of {missing:?}, which is not sent before it",
                    call.key
                ),
            ))
        } else if sorted.sent.len() >= encode::MAX_COMMANDS {
            Some(not_sent())
        } else if let Permit::NotBefore(at) = permit(&call.method) {
            Some(resting(&call.method, at))
        } else {
            None
        };
        let key = encode::key(tag, &call.key);
        // Two calls of one name would be one command to the portal.
        let held = held.or_else(|| known.contains(&key).then(not_sent));
        if let Some(answer) = held {
            sorted.held_back.push((index, answer));
            continue;
        }
        let command = encode::command(call, |other| encode::key(tag, other));
        known.insert(key.clone());
        sorted.sent.push(Sent { index, key, command });
    }
    sorted
}

fn later(kind: TroubleKind, text: String) -> Answer {
    Answer::Later(Trouble {
        kind,
        text,
        not_before: None,
    })
}

/// For a call that has no place in this batch.
pub(super) fn not_sent() -> Answer {
    later(
        TroubleKind::NotRun,
        "the batch was full; this call goes with the next one".to_owned(),
    )
}

/// For a call whose method may not be called before `at`.
pub(super) fn resting(method: &str, at: Millis) -> Answer {
    Answer::Later(Trouble {
        kind: TroubleKind::OperatingTime,
        text: format!("{method} has used up its operating time on the portal; it rests until {at}"),
        not_before: Some(at),
    })
}
