//! Layer 2: HTTP/1.1 on a listener that somebody else has bound, on bare hyper.
//!
//! Owns everything a hostile or unlucky peer can do to a socket: too many connections, heads and bodies that
//! trickle, bodies that are too large, peers that never read their answers, running out of descriptors. What a
//! request means is the handler's business.
//!
//! Also who the peer is: `tls` is the listener's certificate, `forwarded` believes proxies as far as it was told to.
//!
//! The caller binds and decides when to stop, so tests, systemd and `run` use one door: [`serve`].

mod accept;
mod body;
mod connection;
mod forwarded;
mod request;
mod socket;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;

pub use accept::serve;
pub use body::{Body, BodyWriter};
pub use forwarded::{ProxyError, TrustedProxy, household};
pub use hyper::{HeaderMap, Method, StatusCode, Uri, header};
pub use request::{BodyError, Request};
pub use tls::{ENDS_SOON_DAYS, Loaded, Tls, TlsError, TlsFiles};

/// An answer.
pub type Response = hyper::Response<Body>;

/// An answer with nothing said beyond its status and body: length, date and connection are added on the way.
pub fn respond(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    response
}

/// An answer that is a file, sent as fast as the peer takes it.
pub fn respond_with_file(file: std::fs::File) -> std::io::Result<Response> {
    let size = file.metadata()?.len();
    Ok(Response::new(Body::file(file, size)))
}

/// An answer that is made while the peer takes it, and the end where it is written.
pub fn respond_while_written() -> (BodyWriter, Response) {
    let (writer, body) = Body::written();
    (writer, Response::new(body))
}

/// A listener that somebody has bound, and how those who come through it are met.
pub struct Door {
    pub listener: TcpListener,
    /// Absent: plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Proxies whose word on their callers' addresses is taken.
    pub trusted: Vec<TrustedProxy>,
}

impl From<TcpListener> for Door {
    /// Plain HTTP, and every peer counts as himself.
    fn from(listener: TcpListener) -> Door {
        Door {
            listener,
            tls: None,
            trusted: Vec::new(),
        }
    }
}

/// What one listener grants its peers.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections served at a time; further ones wait in the kernel's queue.
    pub connections: usize,
    /// From the moment a request could begin until its head is complete. It is also how long an idle
    /// connection is kept.
    pub header_time: Duration,
    /// For a body, on top of what its size takes at 16 KiB a second.
    pub body_time: Duration,
    /// How long a peer may leave an answer unread.
    pub write_time: Duration,
    /// How long requests under way may take once the listener stops.
    pub drain_time: Duration,
    /// Memory for all bodies above 64 KiB taken together; a request that finds it taken
    /// waits for its turn.
    pub body_memory: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // A form post is over in milliseconds, so this is room for idle connections. An ordinary process
            // may open 1,024 descriptors; the rest is for the other listener, the database and the portal.
            connections: 768,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            // Below the 90 s after which systemd kills what it stops.
            drain_time: Duration::from_secs(10),
            body_memory: 256 << 20,
        }
    }
}
