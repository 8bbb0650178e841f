//! The servers that the bridge is compared with, and the practice portal: this executable again, told by its first
//! argument to be one of them. Each prints its address on a line and serves until it is killed.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use b24_bridge::practice_portal::{Options, PracticePortal};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

pub const ECHO: &str = "serve-echo";
pub const GROUP: &str = "serve-group";
pub const PORTAL: &str = "serve-portal";

/// The reference's file in its folder.
pub const FILE: &str = "reference.sqlite3";
/// The most rows of one transaction, as in the bridge.
const GROUP_SIZE: usize = 512;

/// (a) Reads the body and answers 200: what HTTP costs.
pub fn echo() {
    serve(|request| async move {
        request.into_body().collect().await.expect("a body");
        hyper::Response::new(Full::new(Bytes::from_static(b"ok")))
    });
}

/// (b) One row for each request, one writer thread, one transaction for all that wait, an answer after its commit:
/// what the design costs at the least. No header is looked at, no field is decoded.
pub fn group(folder: &str) {
    let (queue, jobs) = mpsc::unbounded_channel();
    let conn = Connection::open(Path::new(folder).join(FILE)).expect("a database");
    std::thread::spawn(move || write(conn, jobs));
    serve(move |request| {
        let queue = queue.clone();
        async move {
            let body = request.into_body().collect().await.expect("a body").to_bytes();
            let (answer, committed) = oneshot::channel();
            queue.send(Job { body, answer }).expect("the writer");
            let id = committed.await.expect("a commit");
            hyper::Response::new(Full::new(Bytes::from(format!("{{\"id\":\"{id}\"}}"))))
        }
    });
}

struct Job {
    body: Bytes,
    answer: oneshot::Sender<i64>,
}

fn write(mut conn: Connection, mut jobs: mpsc::UnboundedReceiver<Job>) {
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .expect("WAL");
    conn.pragma_update(None, "synchronous", "FULL").expect("FULL");
    conn.execute_batch(
        "CREATE TABLE IF NOT EXISTS inbox (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
    )
    .expect("a table");
    let mut group = Vec::with_capacity(GROUP_SIZE);
    let mut ids = Vec::with_capacity(GROUP_SIZE);
    while jobs.blocking_recv_many(&mut group, GROUP_SIZE) > 0 {
        let tx = conn.transaction().expect("a transaction");
        {
            let mut insert = tx
                .prepare_cached("INSERT INTO inbox (body) VALUES (?1)")
                .expect("a statement");
            ids.extend(
                group
                    .iter()
                    .map(|job: &Job| insert.insert([&job.body[..]]).expect("a row")),
            );
        }
        tx.commit().expect("a commit");
        for (job, id) in group.drain(..).zip(ids.drain(..)) {
            let _gone = job.answer.send(id);
        }
    }
}

/// A portal for the bridge to deliver into; its second line is the webhook.
pub fn portal() {
    let portal = PracticePortal::start(Options::default()).expect("a practice portal");
    println!("http://{}\n{}", portal.address(), portal.webhook_url());
    std::io::stdout().flush().expect("stdout");
    loop {
        std::thread::park();
    }
}

fn serve<F, Fut>(handler: F)
where
    F: Fn(hyper::Request<Incoming>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = hyper::Response<Full<Bytes>>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .expect("a port");
        println!("http://{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("stdout");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("a socket option");
            let handler = handler.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answer = handler(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let _ended = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
}
