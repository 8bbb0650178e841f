//! What a peer sees of `serve`, over loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::testing::{Client, Server};
use super::{Body, BodyError, Limits, Request, Response};

const MAX: usize = 1 << 20;

fn say(status: u16, text: impl Into<Bytes>) -> Response {
    hyper::Response::builder()
        .status(status)
        .body(Body::from(text.into()))
        .unwrap()
}

/// Larger than what is read from it at once.
const FILE: usize = 3 << 20;

fn file_of(size: usize) -> std::fs::File {
    use std::io::{Seek, Write};
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&vec![b'x'; size]).unwrap();
    file.rewind().unwrap();
    file
}

/// Answers with the body, or with what is wrong with it; `/ignore` leaves it alone, `/panic` panics.
async fn echo(mut request: Request) -> Response {
    match request.uri.path() {
        "/ignore" => return say(404, "ignored"),
        "/panic" => panic!("on purpose"),
        "/file" => return super::respond_with_file(file_of(FILE)).unwrap(),
        "/short" => return Response::new(Body::file(file_of(10), 20)),
        _ => {}
    }
    match request.body(MAX).await {
        Ok(body) => say(200, body),
        Err(BodyError::TooLarge(_)) => say(413, "too large"),
        Err(BodyError::TooSlow) => say(408, "too slow"),
        Err(BodyError::Broken) => say(400, "broken"),
        Err(BodyError::Busy) => say(503, "busy"),
    }
}

fn hasty() -> Limits {
    let soon = Duration::from_millis(300);
    Limits {
        header_time: soon,
        body_time: soon,
        write_time: soon,
        ..Limits::default()
    }
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn one_connection_serves_many_requests_pipelined_ones_too() {
    let server = Server::start(Limits::default(), echo).await;
    let mut client = Client::connect(server.addr).await;
    assert_eq!(client.ask(post("/", "one")).await.body, "one");
    client.send(post("/", "two") + &post("/", "three")).await;
    assert_eq!(client.receive().await.body, "two");
    assert_eq!(client.receive().await.body, "three");
    server.stop().await;
}

#[tokio::test]
async fn http_1_0_is_closed_unless_it_asks_to_stay() {
    let server = Server::start(Limits::default(), echo).await;
    let mut client = Client::connect(server.addr).await;
    assert_eq!(
        client
            .ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .await
            .status,
        200
    );
    assert_eq!(client.ask("GET / HTTP/1.0\r\n\r\n").await.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn bodies_arrive_whole_however_they_are_cut() {
    let server = Server::start(Limits::default(), echo).await;
    let mut client = Client::connect(server.addr).await;
    let long = "0123456789abcdef".repeat(20_000);
    assert_eq!(client.ask(post("/", &long)).await.body, long);
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(format!("{chunked}3\r\nabc\r\n")).await;
    assert_eq!(
        client.ask("2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n").await.body,
        "abcde"
    );
    let expecting = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(client.ask(expecting).await.status, 100);
    assert_eq!(client.ask("ok").await.body, "ok");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_so() {
    let server = Server::start(Limits::default(), echo).await;
    let mut client = Client::connect(server.addr).await;
    let answer = client
        .ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n")
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (400, "broken"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_slow_head_is_cut() {
    let server = Server::start(hasty(), echo).await;
    let mut client = Client::connect(server.addr).await;
    client.send("POST / HTTP/1.1\r\nHost: h\r\nX-Slow: ").await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_idle_connection_is_cut() {
    let server = Server::start(hasty(), echo).await;
    let mut client = Client::connect(server.addr).await;
    assert_eq!(client.ask(post("/", "one")).await.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_slow_body_is_told_so_and_cut() {
    let server = Server::start(hasty(), echo).await;
    for rest in [
        "Content-Length: 10\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let mut client = Client::connect(server.addr).await;
        let answer = client.ask(format!("POST / HTTP/1.1\r\nHost: h\r\n{rest}")).await;
        assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn a_declared_large_body_is_refused_before_it_is_asked_for() {
    let server = Server::start(Limits::default(), echo).await;
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n", MAX + 1);
    let mut client = Client::connect(server.addr).await;
    let answer = client.ask(format!("{head}Expect: 100-continue\r\n\r\n")).await;
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
}

#[tokio::test]
async fn a_client_that_sends_everything_first_still_reads_its_refusal() {
    let server = Server::start(Limits::default(), echo).await;
    // More than the socket buffers of both sides hold together.
    let body = "x".repeat(24 << 20);
    for framing in [format!("Content-Length: {}\r\n\r\n{body}", body.len()), {
        format!(
            "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    }] {
        let mut client = Client::connect(server.addr).await;
        let answer = client
            .ask(format!("POST / HTTP/1.1\r\nHost: h\r\n{framing}"))
            .await;
        assert_eq!((answer.status, answer.body.as_str()), (413, "too large"));
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn a_body_nobody_read_does_not_spoil_the_connection() {
    let server = Server::start(Limits::default(), echo).await;
    let mut client = Client::connect(server.addr).await;
    // The body follows in a packet of its own, after the handler has finished.
    client
        .send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
        .await;
    assert_eq!(client.ask("abcde").await.status, 404);
    assert_eq!(client.ask(post("/", "next")).await.body, "next");
    let large = client.ask(post("/ignore", &"x".repeat(MAX))).await;
    assert_eq!((large.status, large.header("connection")), (404, Some("close")));
}

#[tokio::test]
async fn a_panic_becomes_500_and_the_connection_lives() {
    let server = Server::start(Limits::default(), echo).await;
    let mut client = Client::connect(server.addr).await;
    let answer = client.ask(post("/panic", "abc")).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("\"internal\""), "{}", answer.body);
    assert_eq!(client.ask(post("/", "next")).await.body, "next");
}

#[tokio::test]
async fn a_connection_too_many_waits_for_its_turn() {
    let server = Server::start(
        Limits {
            connections: 1,
            ..Limits::default()
        },
        echo,
    )
    .await;
    let mut first = Client::connect(server.addr).await;
    assert_eq!(first.ask(post("/", "one")).await.status, 200);
    let mut second = Client::connect(server.addr).await;
    second.send(post("/", "mine")).await;
    assert_eq!(first.ask(post("/", "two")).await.status, 200);
    assert!(second.is_silent());
    drop(first);
    assert_eq!(second.receive().await.body, "mine");
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut() {
    let large = Bytes::from(vec![b'x'; 1 << 20]);
    let server = Server::start(hasty(), move |_| {
        let large = large.clone();
        async move { say(200, large) }
    })
    .await;
    let mut client = Client::connect(server.addr).await;
    let asks = "GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000);
    // Its answers pile up unread until no more of its requests are taken.
    client.send_until_cut(asks.as_bytes()).await;
}

#[tokio::test]
async fn large_bodies_share_a_bounded_memory() {
    let gate = Arc::new(Notify::new());
    let begun = Arc::new(AtomicUsize::new(0));
    let limits = Limits {
        body_memory: 300 << 10,
        body_time: Duration::from_millis(300),
        ..Limits::default()
    };
    let server = Server::start(limits, {
        let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
        move |mut request: Request| {
            let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
            async move {
                let read = request.body(MAX).await;
                if read.is_ok() && begun.fetch_add(1, Ordering::SeqCst) == 0 {
                    gate.notified().await;
                }
                say(if read == Err(BodyError::Busy) { 503 } else { 200 }, "")
            }
        }
    })
    .await;
    let large = post("/", &"x".repeat(200 << 10));
    let mut first = Client::connect(server.addr).await;
    first.send(&large).await;
    while begun.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let mut second = Client::connect(server.addr).await;
    assert_eq!(second.ask(&large).await.status, 503);
    let mut third = Client::connect(server.addr).await;
    assert_eq!(third.ask(post("/", "small")).await.status, 200);
    gate.notify_one();
    assert_eq!(first.receive().await.status, 200);
    assert_eq!(first.ask(&large).await.status, 200);
}

#[tokio::test]
async fn stopping_lets_requests_finish_and_takes_no_more() {
    let gate = Arc::new(Notify::new());
    let begun = Arc::new(Notify::new());
    let server = Server::start(Limits::default(), {
        let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
        move |_| {
            let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
            async move {
                begun.notify_one();
                gate.notified().await;
                say(200, "finished")
            }
        }
    })
    .await;
    let mut idle = Client::connect(server.addr).await;
    let mut client = Client::connect(server.addr).await;
    client.send(post("/", "abc")).await;
    begun.notified().await;
    server.stop.send(true).unwrap();
    assert!(idle.is_closed().await);
    assert!(tokio::net::TcpStream::connect(server.addr).await.is_err());
    assert!(!server.ended.is_finished());
    gate.notify_one();
    let answer = client.receive().await;
    assert_eq!(
        (answer.body.as_str(), answer.header("connection")),
        ("finished", Some("close"))
    );
    server.ended.await.unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let begun = Arc::new(Notify::new());
    let limits = Limits {
        drain_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::start(limits, {
        let begun = Arc::clone(&begun);
        move |_| {
            let begun = Arc::clone(&begun);
            async move {
                begun.notify_one();
                std::future::pending().await
            }
        }
    })
    .await;
    let mut client = Client::connect(server.addr).await;
    client.send(post("/", "abc")).await;
    begun.notified().await;
    server.stop().await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_file_goes_out_whole_and_one_that_breaks_off_cuts_the_connection() {
    let server = Server::start(Limits::default(), echo).await;
    let mut client = Client::connect(server.addr).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let file = client.ask(get("/file")).await;
    assert_eq!((file.status, file.body.len()), (200, FILE));
    assert_eq!(file.header("content-length"), Some(FILE.to_string().as_str()));
    // The connection goes on.
    assert_eq!(client.ask(post("/", "again")).await.body, "again");
    client.send(get("/short")).await;
    // `rest` returns once the server has closed the connection.
    assert!(client.rest().await.matches('x').count() < 20);
    server.stop().await;
}
