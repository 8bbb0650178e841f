//! One request, with a body that is read on demand and never beyond a bound.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::Response;

/// Bytes a second below which a body is given up: a telephone at the edge of a mobile network manages more.
pub(super) const SLOWEST: u64 = 16 << 10;
/// Bodies up to this size are read without asking for memory: the connections bound them already.
pub(super) const SMALL: usize = 64 << 10;
/// The unit in which memory for larger bodies is counted.
const MEMORY_UNIT: usize = 1 << 10;
/// How much of an unread body is read away so that its connection can go on.
const REST_SIZE: u64 = SMALL as u64;
/// How long reading it away may take.
const REST_TIME: Duration = Duration::from_secs(2);

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Known from `Content-Length` before reading, or found while reading.
    #[error("the body is larger than the {0} bytes taken here; send less")]
    TooLarge(usize),
    #[error("the body did not arrive in time; send it again over a better connection")]
    TooSlow,
    /// The connection broke, or the framing of the body did.
    #[error("the body broke off before its end; send it again")]
    Broken,
    /// The memory for large bodies stayed taken.
    #[error("too many large requests are under way; try again later")]
    Busy,
}

/// A request whose head has been read.
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// Who sent it: the other end of the socket, or the one whom a trusted proxy names.
    pub client: IpAddr,
    body: Source,
    /// Held until the request is dropped, so that the memory counts for as long as its body is at work.
    memory: Option<OwnedSemaphorePermit>,
}

enum Source {
    Wire(Wire),
    Ready(Bytes),
}

/// A body still on the wire, and what reading it may cost.
pub(super) struct Wire {
    pub incoming: Option<Incoming>,
    pub leftover: Arc<Leftover>,
    pub time: Duration,
    pub memory: Memory,
}

/// The memory that large bodies share, counted in [`MEMORY_UNIT`]s.
#[derive(Clone)]
pub(super) struct Memory {
    free: Arc<Semaphore>,
    all: u32,
}

impl Memory {
    pub fn new(bytes: usize) -> Memory {
        let all = u32::try_from(bytes / MEMORY_UNIT).unwrap_or(u32::MAX).max(1);
        Memory {
            free: Arc::new(Semaphore::new(all as usize)),
            all,
        }
    }

    /// Waits for room for `bytes`. What is larger than all the memory gets all of it.
    async fn reserve(&self, bytes: usize, time: Duration) -> Result<OwnedSemaphorePermit, BodyError> {
        let units = u32::try_from(bytes.div_ceil(MEMORY_UNIT)).map_or(self.all, |units| units.min(self.all));
        match timeout(time, Arc::clone(&self.free).acquire_many_owned(units)).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(BodyError::Busy),
        }
    }
}

impl Request {
    /// A request that did not come over a socket: what a handler is tested with.
    pub fn new(method: Method, uri: Uri, headers: HeaderMap, peer: SocketAddr, body: Bytes) -> Request {
        Request {
            method,
            uri,
            headers,
            client: peer.ip().to_canonical(),
            body: Source::Ready(body),
            memory: None,
        }
    }

    pub(super) fn from_wire(head: hyper::http::request::Parts, client: IpAddr, wire: Wire) -> Request {
        let body = Source::Wire(wire);
        Request {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            client,
            body,
            memory: None,
        }
    }

    /// Takes the body, at most `max` bytes of it. A second call finds it empty.
    ///
    /// A body that came with one read of the socket is handed on without a copy.
    pub async fn body(&mut self, max: usize) -> Result<Bytes, BodyError> {
        match &mut self.body {
            Source::Ready(bytes) if bytes.len() > max => Err(BodyError::TooLarge(max)),
            Source::Ready(bytes) => Ok(std::mem::take(bytes)),
            Source::Wire(wire) => {
                let read = wire.read(max, &mut self.memory).await;
                if read == Err(BodyError::TooSlow) {
                    // Nobody is to wait for this peer a second time.
                    wire.leftover.cut.store(true, Ordering::Relaxed);
                }
                read
            }
        }
    }
}

impl Wire {
    async fn read(
        &mut self,
        max: usize,
        permit: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Bytes, BodyError> {
        let Some(incoming) = self.incoming.as_mut() else {
            return Ok(Bytes::new());
        };
        let declared = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > max {
            return Err(BodyError::TooLarge(max));
        }
        let started = Instant::now();
        if declared > SMALL {
            *permit = Some(self.memory.reserve(declared, self.time).await?);
        }
        let mut taken = 0;
        let mut whole = Vec::new();
        let mut first = Bytes::new();
        while !incoming.is_end_stream() {
            let Some(chunk) = next_chunk(incoming, started, self.time, taken).await? else {
                break;
            };
            taken += chunk.len();
            if taken > max {
                return Err(BodyError::TooLarge(max));
            }
            if taken > SMALL && permit.is_none() {
                // No length was declared: what it may grow to counts.
                *permit = Some(self.memory.reserve(max, self.time).await?);
            }
            if first.is_empty() && whole.is_empty() {
                first = chunk;
                continue;
            }
            if whole.is_empty() {
                whole.reserve_exact(declared.max(taken));
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&chunk);
        }
        self.incoming = None;
        Ok(if whole.is_empty() {
            first
        } else {
            Bytes::from(whole)
        })
    }
}

/// The next piece of data; `None` at the end. Trailers are passed over.
async fn next_chunk(
    incoming: &mut Incoming,
    started: Instant,
    time: Duration,
    taken: usize,
) -> Result<Option<Bytes>, BodyError> {
    let earned = Duration::from_secs(taken as u64 / SLOWEST);
    loop {
        // A timer that is not waited for costs next to nothing: most bodies are here already.
        let frame = timeout_at(
            started + time + earned,
            poll_fn(|cx| Pin::new(&mut *incoming).poll_frame(cx)),
        );
        match frame.await {
            Err(_) => return Err(BodyError::TooSlow),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(BodyError::Broken),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

impl Drop for Wire {
    /// Leaves a body that nobody has read to the connection.
    fn drop(&mut self) {
        if let Some(incoming) = self.incoming.take()
            && !incoming.is_end_stream()
        {
            self.leftover.put(incoming);
        }
    }
}

/// What the handler left unread of the current request of one connection.
#[derive(Default)]
pub(super) struct Leftover {
    body: Mutex<Option<Incoming>>,
    cut: AtomicBool,
}

impl Leftover {
    fn put(&self, incoming: Incoming) {
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(incoming);
    }

    fn take(&self) -> Option<Incoming> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The connection ends although the peer may still be sending.
    pub fn was_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// Reads a small rest away, so that the connection can be used again; announces the end of the connection
    /// otherwise. A peer that waits for `100 Continue` is never told to go on only to be ignored.
    pub async fn settle(&self, awaits_continue: bool, response: &mut Response) {
        let Some(mut rest) = self.take() else {
            return;
        };
        let small = rest.size_hint().upper().is_some_and(|size| size <= REST_SIZE);
        if small && !awaits_continue && !self.was_cut() {
            let drained =
                async { while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut rest).poll_frame(cx)).await {} };
            if timeout(REST_TIME, drained).await.is_ok() {
                return;
            }
        }
        self.cut.store(true, Ordering::Relaxed);
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
