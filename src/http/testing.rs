//! For tests: a server on a loopback port, and a client that says exactly the bytes it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Limits, Request, Response, serve};

/// Nothing on loopback takes that long unless it hangs.
const HANG: Duration = Duration::from_secs(20);

pub struct Server {
    pub addr: SocketAddr,
    pub stop: watch::Sender<bool>,
    pub ended: JoinHandle<()>,
}

impl Server {
    pub async fn start<F, Fut>(limits: Limits, handler: F) -> Server
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let ended = tokio::spawn(serve(listener, limits, stopping, Arc::new(handler)));
        Server { addr, stop, ended }
    }

    /// Stops the server and waits until it has.
    pub async fn stop(self) {
        self.stop.send(true).unwrap();
        timeout(HANG, self.ended)
            .await
            .expect("the server hangs")
            .unwrap();
    }
}

pub struct Client {
    stream: TcpStream,
    /// Read, but not yet part of an answer.
    buffer: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Status line and header lines.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// A header's value; names in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Client {
    pub async fn connect(addr: SocketAddr) -> Client {
        Client {
            stream: TcpStream::connect(addr).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    /// Sends bytes; the server must take them all.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = timeout(HANG, self.stream.write_all(bytes.as_ref())).await;
        sent.expect("the server does not read")
            .expect("the server reset the connection");
    }

    /// Sends the same bytes again and again until the server cuts the connection.
    pub async fn send_until_cut(&mut self, bytes: &[u8]) {
        let flood = async { while self.stream.write_all(bytes).await.is_ok() {} };
        timeout(HANG, flood)
            .await
            .expect("the server neither reads nor cuts");
    }

    /// The next answer, interim ones (`100 Continue`) included.
    pub async fn receive(&mut self) -> Answer {
        self.answer()
            .await
            .expect("the connection ended instead of an answer")
    }

    /// Sends bytes and takes the answer.
    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.send(bytes).await;
        self.receive().await
    }

    /// Everything until the server closes the connection.
    pub async fn rest(&mut self) -> String {
        while self.more().await.is_some() {}
        String::from_utf8(std::mem::take(&mut self.buffer)).unwrap()
    }

    /// Whether the server closes the connection without saying more.
    pub async fn is_closed(&mut self) -> bool {
        self.answer().await.is_none()
    }

    /// Whether nothing has come yet, without waiting for it.
    pub fn is_silent(&mut self) -> bool {
        let mut byte = [0u8; 1];
        self.buffer.is_empty() && self.stream.try_read(&mut byte).is_err()
    }

    async fn answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |text| text.parse().unwrap());
        while self.buffer.len() < length {
            self.more().await?;
        }
        answer.body = String::from_utf8(self.buffer.drain(..length).collect()).unwrap();
        Some(answer)
    }

    async fn more(&mut self) -> Option<()> {
        let read = timeout(HANG, self.stream.read_buf(&mut self.buffer))
            .await
            .expect("the server hangs");
        read.is_ok_and(|count| count > 0).then_some(())
    }
}
