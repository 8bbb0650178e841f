//! The accept loop: a place for each connection before it is taken, and no spinning when the system refuses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::connection::{self, DRAIN_SLACK, Shared, stopped};
use super::{Door, Limits, Request, Response};

/// The first pause after the system refused to accept (no descriptors, no memory).
const PAUSE_FIRST: Duration = Duration::from_millis(10);
/// The longest one: descriptors come back when connections end, which takes about that long.
const PAUSE_LONGEST: Duration = Duration::from_secs(1);

/// Serves HTTP/1.1 and 1.0 at a door until `stop` turns true (or its sender is gone), then closes the
/// listener, lets the requests under way finish within `limits.drain_time`, and returns.
pub async fn serve<F, Fut>(
    door: impl Into<Door>,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
    handler: Arc<F>,
) where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let Door {
        listener,
        tls,
        trusted,
    } = door.into();
    let places = Arc::new(Semaphore::new(limits.connections));
    let shared = Arc::new(Shared::new(&limits, trusted, handler));
    let mut pause = Pause::default();
    loop {
        let place = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = accept(&listener, &mut pause) => accepted,
        };
        let Some((stream, peer)) = accepted else {
            continue;
        };
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        match &tls {
            None => tokio::spawn(async move {
                connection::run(stream, peer, shared, stop).await;
                drop(place);
            }),
            Some(tls) => {
                let tls = Arc::clone(tls);
                tokio::spawn(async move {
                    connection::run_with_tls(stream, peer, &tls, shared, stop).await;
                    drop(place);
                })
            }
        };
    }
    drop(listener);
    // All places back means that all connections have ended.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = timeout(limits.drain_time + DRAIN_SLACK, places.acquire_many(all)).await;
}

/// One connection; `None` after a failure, and after the pause that it calls for.
async fn accept(listener: &TcpListener, pause: &mut Pause) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            pause.over();
            // Answers are small and whole: waiting for more to send would only delay them.
            let _ = stream.set_nodelay(true);
            Some((stream, peer))
        }
        Err(error) => {
            if let Some(span) = pause.after(error.kind()) {
                tracing::warn!(%error, "a connection could not be accepted; trying again in {span:?}");
                sleep(span).await;
            }
            None
        }
    }
}

/// How long to leave the listener alone after it failed.
#[derive(Default)]
struct Pause {
    next: Option<Duration>,
}

impl Pause {
    /// `None`: the failure was that of one connection, the next may be taken at once.
    fn after(&mut self, failure: io::ErrorKind) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(
            failure,
            ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
        ) {
            return None;
        }
        let span = self.next.unwrap_or(PAUSE_FIRST);
        self.next = Some((span * 2).min(PAUSE_LONGEST));
        Some(span)
    }

    fn over(&mut self) {
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_start_afresh() {
        let mut pause = Pause::default();
        let spans: Vec<u128> = (0..9)
            .filter_map(|_| pause.after(io::ErrorKind::Other))
            .map(|span| span.as_millis())
            .collect();
        assert_eq!(spans, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        pause.over();
        assert_eq!(pause.after(io::ErrorKind::Other), Some(PAUSE_FIRST));
    }

    #[test]
    fn a_connection_that_went_away_costs_no_pause() {
        let mut pause = Pause::default();
        assert_eq!(pause.after(io::ErrorKind::ConnectionAborted), None);
        assert_eq!(pause.after(io::ErrorKind::Other), Some(PAUSE_FIRST));
    }
}
