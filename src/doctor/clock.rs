//! The portal's clock against ours. Dates of deliveries, certificates and tokens hang on both.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::finding::Finding;
use super::patience::later;
use super::{STEP, now};
use crate::model::Millis;
use crate::probe;

/// Clocks that are kept by the network differ by less.
const SKEW: Duration = Duration::from_secs(60);

/// When it was asked, what was answered, when.
type Asked = (Millis, io::Result<Option<probe::Seen>>, Millis);

pub fn ask(question: impl FnOnce() -> io::Result<Option<probe::Seen>> + Send + 'static) -> Asked {
    let before = now();
    let answer = later(question).within(STEP * 2);
    (
        before,
        answer.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())),
        now(),
    )
}

pub fn compared((before, answer, after): Asked) -> Finding {
    const CHECK: &str = "clock";
    let there = match answer {
        Ok(Some(seen)) => seen.date,
        Ok(None) => {
            return Finding::warning(
                CHECK,
                "what answers there does not speak HTTP",
                "check the portal's address",
            );
        }
        Err(error) => {
            return Finding::warning(
                CHECK,
                format!("the portal did not tell its time ({error})"),
                "look at the portal's web server",
            );
        }
    };
    let Some(there) = there else {
        return Finding::ok(CHECK, "the portal does not tell its time");
    };
    // It was some moment of a whole second, between question and answer.
    let (ahead, behind) = (there.since(after), before.since(there + Duration::from_secs(1)));
    let skew = ahead.max(behind);
    if skew <= SKEW {
        return Finding::ok(CHECK, "as the portal's");
    }
    let which = if ahead > behind { "behind" } else { "ahead of" };
    Finding::warning(
        CHECK,
        format!("this machine is {} {which} the portal's clock", span(skew)),
        "let both machines set their clocks by the network (`timedatectl set-ntp true`)",
    )
}

fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    fn seen(date: Option<i64>) -> io::Result<Option<probe::Seen>> {
        Ok(Some(probe::Seen {
            status: 200,
            date: date.map(|seconds| Millis(seconds * 1000)),
            body: String::new(),
        }))
    }

    #[test]
    fn clocks_are_compared_with_room_for_the_way() {
        let at = |seconds: i64| Millis(seconds * 1000 + 999);
        for (before, answer, after, status, part) in [
            (
                at(1000),
                seen(Some(1000)),
                at(1000),
                Status::Ok,
                "as the portal's",
            ),
            // A slow answer says little.
            (at(1000), seen(Some(1000)), at(1200), Status::Ok, ""),
            (at(1000), seen(Some(1055)), at(1001), Status::Ok, ""),
            (
                at(1000),
                seen(Some(1090)),
                at(1001),
                Status::Warning,
                "88 s behind",
            ),
            (
                at(9000),
                seen(Some(1000)),
                at(9001),
                Status::Warning,
                "2 h ahead of",
            ),
            (at(1000), seen(None), at(1001), Status::Ok, "does not tell"),
            (
                at(1000),
                Ok(None),
                at(1001),
                Status::Warning,
                "does not speak HTTP",
            ),
            (
                at(1000),
                Err(ErrorKind::TimedOut.into()),
                at(1001),
                Status::Warning,
                "did not tell",
            ),
        ] {
            let finding = compared((before, answer, after));
            assert_eq!(finding.status, status, "{finding:?}");
            assert!(finding.detail.contains(part), "{finding:?}");
        }
    }
}
