//! The body of an answer: at hand as a whole, or made while the peer takes it, from a file or by a thread of its own.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// What is read from a file at once.
const PIECE: usize = 256 << 10;
/// Pieces read ahead of the peer. With the one that is being sent, memory for a download of any size.
const AHEAD: usize = 2;

/// The body of an answer.
pub struct Body(Kind);

enum Kind {
    Whole(Full<Bytes>),
    File(Download),
    Written(mpsc::Receiver<Piece>),
    /// All of it is on its way.
    Over,
}

enum Piece {
    Bytes(Bytes),
    End,
}

/// The other end of a body that is made while the peer takes it.
pub struct BodyWriter(mpsc::Sender<Piece>);

impl BodyWriter {
    /// Hands a piece on, once the peer has taken those before. False when nobody takes the body any more. For threads
    /// that may block.
    pub fn write(&self, piece: impl Into<Bytes>) -> bool {
        let piece = piece.into();
        // An empty piece would end a chunked body (RFC 9112, 7.1).
        piece.is_empty() || self.0.blocking_send(Piece::Bytes(piece)).is_ok()
    }

    /// The body is whole. A writer that is dropped before cuts the connection, so that nobody takes a part for the
    /// whole.
    pub fn end(self) {
        let _gone = self.0.blocking_send(Piece::End);
    }
}

/// A file on its way out. A thread that may block reads it, as far as the peer has taken it.
struct Download {
    /// Until the first piece is asked for.
    file: Option<File>,
    pieces: Option<mpsc::Receiver<io::Result<Bytes>>>,
    left: u64,
}

impl Body {
    /// The first `size` bytes of a file. One that turns out shorter cuts the connection, so that nobody takes a part
    /// for the whole.
    pub fn file(file: File, size: u64) -> Body {
        Body(Kind::File(Download {
            file: Some(file),
            pieces: None,
            left: size,
        }))
    }

    /// A body of any length, and the end where it is written.
    pub fn written() -> (BodyWriter, Body) {
        let (send, receive) = mpsc::channel(AHEAD);
        (BodyWriter(send), Body(Kind::Written(receive)))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body(Kind::Whole(Full::new(bytes)))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let body = self.get_mut();
        match &mut body.0 {
            Kind::Whole(full) => {
                let frame = ready!(Pin::new(full).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Kind::File(download) => download.poll(cx),
            Kind::Written(pieces) => match ready!(pieces.poll_recv(cx)) {
                Some(Piece::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Piece::End) => {
                    body.0 = Kind::Over;
                    Poll::Ready(None)
                }
                None => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            },
            Kind::Over => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(full) => full.is_end_stream(),
            Kind::File(download) => download.left == 0,
            Kind::Written(_) => false,
            Kind::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(full) => full.size_hint(),
            Kind::File(download) => SizeHint::with_exact(download.left),
            Kind::Written(_) => SizeHint::default(),
            Kind::Over => SizeHint::with_exact(0),
        }
    }
}

impl Download {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if let Some(file) = self.file.take() {
            let (send, receive) = mpsc::channel(AHEAD);
            let size = self.left;
            tokio::task::spawn_blocking(move || read(file, size, &send));
            self.pieces = Some(receive);
        }
        let Some(pieces) = self.pieces.as_mut() else {
            return Poll::Ready(None);
        };
        let piece = ready!(pieces.poll_recv(cx));
        Poll::Ready(Some(match piece {
            Some(Ok(bytes)) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Ok(Frame::data(bytes))
            }
            Some(Err(error)) => Err(error),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }))
    }
}

/// Hands a file on piece by piece; ends early when it is shorter, or when nobody takes the pieces any more.
fn read(file: File, size: u64, pieces: &mpsc::Sender<io::Result<Bytes>>) {
    let mut rest = file.take(size);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = rest.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let piece = match read {
            Ok(0) => return,
            Ok(_) => Ok(Bytes::from(piece)),
            Err(error) => Err(error),
        };
        let is_over = piece.is_err();
        if pieces.blocking_send(piece).is_err() || is_over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use http_body_util::BodyExt;
    use hyper::body::Body as _;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    fn collect(body: Body) -> io::Result<Bytes> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { body.collect().await.map(|all| all.to_bytes()) })
    }

    #[test]
    fn a_file_comes_whole_however_many_pieces_it_takes() {
        for size in [0, 1, PIECE, 5 * PIECE + 7] {
            let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
            let body = Body::file(file(&bytes), size as u64);
            assert_eq!(body.size_hint().exact(), Some(size as u64));
            assert_eq!(collect(body).unwrap(), bytes, "{size}");
        }
    }

    #[test]
    fn a_file_that_is_shorter_than_said_is_an_error() {
        assert!(collect(Body::file(file(b"abc"), 4)).is_err());
    }

    #[test]
    fn a_file_that_grew_meanwhile_is_cut_at_its_size() {
        assert_eq!(collect(Body::file(file(b"abcdef"), 3)).unwrap(), "abc");
    }

    fn write_and(end: impl FnOnce(BodyWriter) + Send + 'static) -> io::Result<Bytes> {
        let (writer, body) = Body::written();
        let writing = std::thread::spawn(move || {
            for n in 0..9 {
                assert!(writer.write(n.to_string()));
                assert!(writer.write(""));
            }
            end(writer);
        });
        let all = collect(body);
        writing.join().unwrap();
        all
    }

    #[test]
    fn what_is_written_comes_whole_or_not_at_all() {
        assert_eq!(write_and(BodyWriter::end).unwrap(), "012345678");
        assert!(write_and(drop).is_err());
        let (writer, body) = Body::written();
        drop(body);
        assert!(!writer.write("a"), "nobody takes it any more");
    }
}
