//! The load generator: keep-alive HTTP/1.1 connections on one thread, each of which posts the form, reads the
//! answer, and posts again. Prepared bytes out, the least possible reading in: it shares the machine with what it
//! measures.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// The form's length, as in all earlier measurements.
const FORM_BYTES: usize = 311;
/// An order as a website sends it: Cyrillic percent-encoded, a phone, a number, an amount; filled up by a comment.
const FORM: &str = "client_name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F+%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2%D0%B0&\
client_phone=%2B7+%28471%29+277-31-20&client_email=maria%40example.com&order_id=6510&order_amount=3500.00&comment=";
const ANSWER_SIZE: usize = 4096;

/// What one round came to.
pub struct Outcome {
    /// Numbers or ids from the answers, of the warm-up too.
    pub ids: Vec<String>,
    /// Of the measured span, in order of size.
    pub latencies: Vec<Duration>,
    /// From the end of the warm-up to the last answer.
    pub took: Duration,
}

/// The body that is posted.
pub fn form() -> String {
    let mut form = FORM.to_owned();
    form.extend(
        "please+call+before+delivery+"
            .chars()
            .cycle()
            .take(FORM_BYTES - FORM.len()),
    );
    form
}

/// One POST as bytes.
pub fn request(path: &str) -> Vec<u8> {
    let form = form();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .into_bytes()
}

/// Posts on so many connections for the warm-up and the span; each finishes the request under way. `warm` is called
/// where the warm-up ends.
pub fn run(
    address: SocketAddr,
    path: &str,
    connections: usize,
    warm_up: Duration,
    span: Duration,
    warm: impl FnOnce(),
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let request: Rc<[u8]> = request(path).into();
    LocalSet::new().block_on(&runtime, async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address)
                .await
                .expect("the server takes connections");
            stream.set_nodelay(true).expect("a socket option");
            streams.push(stream);
        }
        let from = Instant::now() + warm_up;
        let until = from + span;
        let workers: Vec<_> = streams
            .into_iter()
            .map(|stream| tokio::task::spawn_local(post(stream, Rc::clone(&request), from, until)))
            .collect();
        tokio::time::sleep_until(from.into()).await;
        warm();
        let mut outcome = Outcome {
            ids: Vec::new(),
            latencies: Vec::new(),
            took: Duration::ZERO,
        };
        for worker in workers {
            let (ids, latencies) = worker.await.expect("a connection");
            outcome.ids.extend(ids);
            outcome.latencies.extend(latencies);
        }
        outcome.took = from.elapsed();
        outcome.latencies.sort_unstable();
        outcome
    })
}

async fn post(
    mut stream: TcpStream,
    request: Rc<[u8]>,
    from: Instant,
    until: Instant,
) -> (Vec<String>, Vec<Duration>) {
    let (mut ids, mut latencies) = (Vec::new(), Vec::new());
    let mut answer = [0u8; ANSWER_SIZE];
    loop {
        let sent = Instant::now();
        if sent >= until {
            return (ids, latencies);
        }
        stream.write_all(&request).await.expect("the server reads");
        let mut filled = 0;
        let id = loop {
            let read = stream
                .read(&mut answer[filled..])
                .await
                .expect("the server answers");
            assert!(
                read > 0,
                "the server closed a connection: {}",
                answer[..filled].escape_ascii()
            );
            filled += read;
            if let Some(id) = id_of(&answer[..filled]) {
                break id.to_owned();
            }
        };
        let answered = Instant::now();
        ids.push(id);
        if answered >= from {
            latencies.push(answered - sent);
        }
    }
}

/// The `id` of a whole answer, empty when it has none; `None` while the answer is not whole.
pub fn id_of(answer: &[u8]) -> Option<&str> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(answer).expect("text");
    assert!(
        text.starts_with("HTTP/1.1 200 "),
        "an answer that is no 200: {text}"
    );
    let (head, body) = text.split_at(head);
    let length: usize = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().expect("a length"))
        })
        .expect("a length");
    if body.len() < length {
        return None;
    }
    assert_eq!(body.len(), length, "more than one answer to one request");
    let id = body
        .split_once("\"id\":\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    Some(id.map_or("", |(id, _)| id))
}
