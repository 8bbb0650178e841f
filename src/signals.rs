//! What the operating system tells the process: when to stop.

use std::io::{self, IsTerminal};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The exit status of a process that was told twice: 128 + SIGINT, as shells count.
const TOLD_TWICE: i32 = 130;

/// Turns SIGTERM and SIGINT into `true` on the returned channel; a second one ends the process at once, for
/// the person who will not wait. Call it within a tokio runtime, once.
///
/// SIGHUP stops the process too when it runs at a terminal, which has then gone; a service keeps running, since
/// there it means "reread", and channels and certificates are taken up without being told. SIGPIPE is ignored by
/// Rust's own start-up: a peer that went away is an error of one write.
///
/// # Errors
/// The system refuses to install a handler.
pub fn stop() -> io::Result<watch::Receiver<bool>> {
    let mut signals = Signals::listen(io::stdin().is_terminal())?;
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        let name = signals.next().await;
        tracing::info!("{name} received: stopping; requests under way are finished first");
        stop.send_replace(true);
        let name = signals.next().await;
        tracing::warn!("{name} received again: ended at once");
        std::process::exit(TOLD_TWICE);
    });
    Ok(stopping)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    at_terminal: bool,
}

impl Signals {
    fn listen(at_terminal: bool) -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            at_terminal,
        })
    }

    /// Waits for a signal that means "stop".
    async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => {
                    if self.at_terminal {
                        return "SIGHUP";
                    }
                    tracing::info!("SIGHUP received: changes are taken up without it");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, id};

    fn kill(name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    // One test, since signals reach every listener of the process.
    #[tokio::test]
    async fn a_service_stops_on_sigterm_and_a_terminal_also_on_sighup() {
        let mut service = Signals::listen(false).unwrap();
        let mut terminal = Signals::listen(true).unwrap();
        kill("HUP");
        assert_eq!(terminal.next().await, "SIGHUP");
        kill("TERM");
        assert_eq!(service.next().await, "SIGTERM");
        let mut stopping = stop().unwrap();
        assert!(!*stopping.borrow());
        kill("INT");
        stopping.wait_for(|on| *on).await.unwrap();
    }
}
