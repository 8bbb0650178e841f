//! Who works inside the portal's frame.
//!
//! Browsers refuse cookies to a page that another site shows in a frame, and without TLS there is no cookie at all that
//! they would take. So the token stands at the beginning of the path of every page of the frame; here its digest is kept,
//! in memory alone: after a restart the button in the portal is pressed once more.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::{Language, Millis};
use crate::store::TokenDigest;

/// A working day without a click.
const IDLE: Duration = Duration::from_secs(8 * 60 * 60);
/// However busy: whether somebody is an administrator still, only the portal can say, when the button is pressed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Frames at once; beyond this the one that was quiet for longest is over.
const MOST: usize = 1_000;

/// An administrator of the portal, as the portal itself has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameUser {
    pub id: u64,
    pub name: String,
    pub language: Language,
    /// By which the portal's page knows the messages of this frame.
    pub app_sid: String,
    /// The application in which it was opened.
    pub client_id: String,
}

#[derive(Debug)]
struct Frame {
    user: FrameUser,
    opened_at: Millis,
    seen_at: Millis,
}

impl Frame {
    fn is_over(&self, now: Millis) -> bool {
        now.since(self.seen_at) >= IDLE || now.since(self.opened_at) >= LONGEST
    }
}

/// The frames that are open.
#[derive(Debug, Default)]
pub struct Frames {
    open: HashMap<TokenDigest, Frame>,
}

impl Frames {
    pub fn open(&mut self, token: TokenDigest, user: FrameUser, now: Millis) {
        self.open.retain(|_, frame| !frame.is_over(now));
        if self.open.len() >= MOST
            && let Some(quiet) = self
                .open
                .iter()
                .min_by_key(|(_, frame)| frame.seen_at)
                .map(|(token, _)| *token)
        {
            self.open.remove(&quiet);
        }
        let frame = Frame {
            user,
            opened_at: now,
            seen_at: now,
        };
        self.open.insert(token, frame);
    }

    /// Whose frame it is, and that it is in use.
    pub fn find(&mut self, token: &TokenDigest, now: Millis) -> Option<FrameUser> {
        let frame = self.open.get_mut(token)?;
        if frame.is_over(now) {
            self.open.remove(token);
            return None;
        }
        frame.seen_at = now;
        Some(frame.user.clone())
    }

    /// The application is gone, or the portal is another one.
    pub fn close_all(&mut self) {
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: u64) -> FrameUser {
        FrameUser {
            id,
            name: "Анна".to_owned(),
            language: Language::Russian,
            app_sid: "sid".to_owned(),
            client_id: "local.1".to_owned(),
        }
    }

    fn token(n: usize) -> TokenDigest {
        let mut token = TokenDigest::default();
        token[..8].copy_from_slice(&n.to_be_bytes());
        token
    }

    #[test]
    fn a_frame_is_over_after_a_day_or_eight_quiet_hours() {
        let mut frames = Frames::default();
        let start = Millis(1_000);
        let hours = |n: u64| start + Duration::from_secs(n * 60 * 60);
        frames.open(token(1), user(1), start);
        frames.open(token(2), user(2), start);
        for n in [7, 14, 21, 23] {
            assert_eq!(frames.find(&token(1), hours(n)), Some(user(1)), "{n}");
        }
        assert_eq!(frames.find(&token(2), hours(8)), None, "quiet");
        assert_eq!(frames.find(&token(1), hours(24)), None, "a day old");
        assert_eq!(frames.find(&token(3), start), None, "never opened");
    }

    #[test]
    fn too_many_frames_end_the_quietest_and_all_can_be_ended() {
        let mut frames = Frames::default();
        let at = |n: usize| Millis(i64::try_from(n).unwrap());
        for n in 0..MOST {
            frames.open(token(n), user(1), at(n));
        }
        assert!(frames.find(&token(0), at(MOST)).is_some());
        frames.open(token(MOST), user(1), at(MOST + 1));
        assert!(frames.find(&token(0), at(MOST + 2)).is_some());
        assert!(frames.find(&token(1), at(MOST + 2)).is_none());
        frames.close_all();
        assert!(frames.find(&token(MOST), at(MOST + 2)).is_none());
    }
}
