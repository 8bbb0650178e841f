//! Work that may never end is done on a thread that is left behind when its time is over. The process ends soon after.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The time was over first, or the work broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late;

/// Work under way.
pub struct Later<T>(Option<Receiver<T>>);

/// Begins to work.
pub fn later<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Later<T> {
    let (done, wait) = channel();
    let thread = std::thread::Builder::new()
        .name("doctor".to_owned())
        .spawn(move || {
            // Nobody may be waiting any more.
            let _late = done.send(work());
        });
    Later(thread.is_ok().then_some(wait))
}

impl<T> Later<T> {
    /// Waits for the end, at most so long.
    pub fn within(self, limit: Duration) -> Result<T, Late> {
        let wait = self.0.ok_or(Late)?;
        wait.recv_timeout(limit).map_err(|_| Late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn what_ends_is_told_and_what_hangs_is_left() {
        assert_eq!(later(|| 7).within(Duration::from_secs(60)), Ok(7));
        let (_kept, never) = mpsc::channel::<()>();
        let hanging = later(move || never.recv());
        assert!(hanging.within(Duration::from_millis(20)).is_err());
    }
}
