//! One connection from its first byte to its close: requests, panics, stopping.

use std::any::Any;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, StatusCode, http::request::Parts};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::request::{Leftover, Memory, Request, Wire};
use super::socket::Socket;
use super::{Limits, Response, Tls, TrustedProxy, forwarded, respond};

/// The largest head: a query of 32 KiB, cookies, and room to spare. hyper answers 431 beyond it.
const HEAD_SIZE: usize = 64 << 10;
/// What hyper may buffer for one connection.
const BUFFER_SIZE: usize = 128 << 10;

/// What all connections of a listener share.
pub struct Shared<F> {
    http: http1::Builder,
    handler: Arc<F>,
    memory: Memory,
    limits: Limits,
    trusted: Vec<TrustedProxy>,
    /// What looks like a proxy that nobody named was told of, once.
    told: AtomicBool,
}

impl<F> Shared<F> {
    pub fn new(limits: &Limits, trusted: Vec<TrustedProxy>, handler: Arc<F>) -> Shared<F> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.header_time)
            .max_header_size(HEAD_SIZE)
            .max_buf_size(BUFFER_SIZE);
        let memory = Memory::new(limits.body_memory);
        Shared {
            http,
            handler,
            memory,
            limits: limits.clone(),
            trusted,
            told: AtomicBool::new(false),
        }
    }
}

impl<F> Shared<F> {
    /// Whoever puts a proxy in front and does not say so finds all senders counted as one.
    fn tell_of_forgotten(&self, peer: SocketAddr, headers: &HeaderMap) {
        if !self.told.load(Ordering::Relaxed)
            && forwarded::looks_forgotten(peer, headers)
            && !self.told.swap(true, Ordering::Relaxed)
        {
            let proxy = peer.ip().to_canonical();
            tracing::warn!(
                %proxy,
                "requests come through a proxy that is not trusted, so all of them count as its own; if it is yours, name it with --trusted-proxy {proxy}"
            );
        }
    }
}

/// The same behind a handshake. It may take as long as the head of a request, and ends at once when the listener stops:
/// nothing was asked for yet.
pub async fn run_with_tls<F, Fut>(
    stream: TcpStream,
    peer: SocketAddr,
    tls: &Tls,
    shared: Arc<Shared<F>>,
    mut stop: watch::Receiver<bool>,
) where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Response>,
{
    let shaken = tokio::select! {
        biased;
        () = stopped(&mut stop) => return,
        shaken = timeout(shared.limits.header_time, tls.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => run(stream, peer, shared, stop).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS connection"),
        Err(_) => tracing::debug!(%peer, "no TLS connection in time"),
    }
}

/// Serves one connection until it ends or `stop` has been true for the drain time.
pub async fn run<S, F, Fut>(
    stream: S,
    peer: SocketAddr,
    shared: Arc<Shared<F>>,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Response>,
{
    let leftover = Arc::new(Leftover::default());
    let io = TokioIo::new(Socket::new(
        stream,
        shared.limits.write_time,
        Arc::clone(&leftover),
    ));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (shared, leftover) = (Arc::clone(&shared), Arc::clone(&leftover));
        async move {
            let (head, incoming) = request.into_parts();
            Ok::<_, Infallible>(answer(head, incoming, peer, &shared, &leftover).await)
        }
    });
    let mut connection = pin!(shared.http.serve_connection(io, service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            match timeout(shared.limits.drain_time, connection).await {
                Ok(ended) => ended,
                Err(_) => {
                    tracing::warn!(%peer, "a request was still under way when the server stopped; it was cut");
                    return;
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Resolves once the listener is to stop; also when nobody is left who could say so.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|on| *on).await;
}

async fn answer<F, Fut>(
    head: Parts,
    incoming: Incoming,
    peer: SocketAddr,
    shared: &Shared<F>,
    leftover: &Arc<Leftover>,
) -> Response
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Response>,
{
    let awaits_continue = head.headers.contains_key(EXPECT);
    let client = if shared.trusted.is_empty() {
        shared.tell_of_forgotten(peer, &head.headers);
        peer.ip().to_canonical()
    } else {
        forwarded::client(peer, &head.headers, &shared.trusted)
    };
    let wire = Wire {
        incoming: Some(incoming),
        leftover: Arc::clone(leftover),
        time: shared.limits.body_time,
        memory: shared.memory.clone(),
    };
    let request = Request::from_wire(head, client, wire);
    let mut response = match unwinding(async { (shared.handler)(request).await }).await {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(%peer, panic = said(panic.as_ref()), "a request was answered 500: its handler panicked");
            broken()
        }
    };
    leftover.settle(awaits_continue, &mut response).await;
    response
}

/// Runs a future and catches its panic.
async fn unwinding<T>(work: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut work = pin!(work);
    // Unwind safety: after a panic nothing of the future is looked at again.
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}

fn broken() -> Response {
    const BODY: &[u8] =
        br#"{"error":"internal","message":"The bridge failed on this request; its log says why."}"#;
    let mut response = respond(StatusCode::INTERNAL_SERVER_ERROR, BODY);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// How long beyond the drain time the connections' own clocks may need.
pub const DRAIN_SLACK: Duration = Duration::from_secs(1);
