//! A server on loopback that answers as a test says, well or badly.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What came in.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// `POST /rest/1/code/batch HTTP/1.1`
    pub line: String,
    pub headers: String,
    pub body: String,
    pub peer: SocketAddr,
    /// Connections count from 0.
    pub connection: usize,
}

/// What is done about it.
pub(super) enum Act {
    /// An answer, and the connection stays.
    Reply(u16, String, String),
    /// Bytes as they are, then the connection is closed.
    Raw(Vec<u8>),
    /// The answer, then the connection is closed without a word of it in the answer.
    ReplyThenClose(String),
    /// Nothing; the connection stays until the client goes.
    Silence,
}

pub(super) fn json(body: impl Into<String>) -> Act {
    Act::Reply(200, "Content-Type: application/json\r\n".to_owned(), body.into())
}

pub(super) struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    arrivals: Mutex<Receiver<()>>,
    closed: Mutex<Receiver<()>>,
}

impl Server {
    /// `act` gets each request and its number.
    pub(super) fn start(act: impl Fn(usize, &Request) -> Act + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (arrived, arrivals) = channel();
        let (closing, closed) = channel();
        let shared = Arc::new(act);
        let log = seen.clone();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { break };
                let (act, log, arrived, closing) =
                    (shared.clone(), log.clone(), arrived.clone(), closing.clone());
                thread::spawn(move || {
                    serve(stream, number, &*act, &log, &arrived);
                    let _ = closing.send(());
                });
            }
        });
        Server {
            address,
            seen,
            arrivals: Mutex::new(arrivals),
            closed: Mutex::new(closed),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/rest/1/abcdef0123456789/", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until one more request has come in whole.
    pub(super) fn wait_for_request(&self) {
        self.arrivals.lock().unwrap().recv().unwrap();
    }

    /// Waits until one more connection is closed.
    pub(super) fn wait_for_close(&self) {
        self.closed.lock().unwrap().recv().unwrap();
    }
}

fn serve(
    stream: TcpStream,
    connection: usize,
    act: &dyn Fn(usize, &Request) -> Act,
    seen: &Mutex<Vec<Request>>,
    arrived: &Sender<()>,
) {
    let peer = stream.peer_addr().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let Some((line, headers, body)) = read_request(&mut reader) else {
            return;
        };
        let request = Request {
            line,
            headers,
            body,
            peer,
            connection,
        };
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let act = act(number, &request);
        let _ = arrived.send(());
        match act {
            Act::Reply(status, headers, body) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = writer.write_all(format!("{head}{body}").as_bytes());
            }
            Act::ReplyThenClose(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let _ = writer.write_all(format!("{head}{body}").as_bytes());
                return;
            }
            Act::Raw(bytes) => {
                let _ = writer.write_all(&bytes);
                return;
            }
            Act::Silence => {
                let _ = reader.read(&mut [0]);
                return;
            }
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, String, String)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
        if header.trim().is_empty() {
            break;
        }
        let lower = header.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers.push_str(&lower);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((line.trim().to_owned(), headers, String::from_utf8(body).unwrap()))
}
