//! A connection's byte stream with two habits that hyper leaves to us: it gives up on a peer that does not read,
//! and it closes without destroying an answer under way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::request::Leftover;

/// How long we go on reading what a refused peer still sends. A socket closed over unread bytes answers with a
/// reset, and a reset makes many clients drop the refusal they had already received (RFC 9112, section 9.6).
const LINGER_TIME: Duration = Duration::from_secs(10);
/// What is read at once while lingering, and then thrown away.
const LINGER_CHUNK: usize = 8 << 10;
/// Chunks thrown away before other connections get their turn.
const LINGER_TURNS: usize = 16;

pub struct Socket<S> {
    stream: S,
    leftover: Arc<Leftover>,
    write_time: Duration,
    /// Runs while a write waits for the peer.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs once our half is closed and the peer's is not.
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S> Socket<S> {
    pub fn new(stream: S, write_time: Duration, leftover: Arc<Leftover>) -> Socket<S> {
        Socket {
            stream,
            leftover,
            write_time,
            stalled: None,
            lingering: None,
        }
    }

    /// Passes on what a write came to, and ends one that has waited too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let write_time = self.write_time;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(write_time)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> Socket<S> {
    /// Reads and forgets until the peer closes or the time is over; errors mean that there is no peer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER_TIME)));
        if timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut waste = [0u8; LINGER_CHUNK];
        for _ in 0..LINGER_TURNS {
            let mut waste = ReadBuf::new(&mut waste);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut waste)) {
                Ok(()) if !waste.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
            ready!(self.watch(cx, closed))?;
        }
        if self.leftover.was_cut() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
