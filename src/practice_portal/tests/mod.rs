//! The practice portal as its clients see it: over real loopback HTTP, byte for byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::*;

mod app_events;
mod app_pages;
mod apps;
mod calls;
mod faults;
mod records;
mod surroundings;

/// What came back: status, head, body.
type Answer = (u16, String, String);

/// One request on a connection of its own. An error is a connection that ended without an answer.
fn http(to: SocketAddr, method: &str, path: &str, kind: &str, body: &str) -> io::Result<Answer> {
    http_as(to, "", method, path, kind, body)
}

/// The same with cookies.
fn http_as(
    to: SocketAddr,
    cookies: &str,
    method: &str,
    path: &str,
    kind: &str,
    body: &str,
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nAccept-Language: ru\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .expect("a status");
    Ok((status, head.to_owned(), body.to_owned()))
}

fn start() -> PracticePortal {
    PracticePortal::start(Options::default()).expect("the practice portal starts")
}

impl PracticePortal {
    fn path(&self, method: &str) -> String {
        let url = self.webhook_url();
        format!(
            "{}{method}",
            url.strip_prefix(&self.base_url()).expect("its own base")
        )
    }

    fn try_call(&self, method: &str, params: &Value) -> io::Result<(u16, Value)> {
        let path = self.path(method);
        let (status, _, body) = http(
            self.address(),
            "POST",
            &path,
            "application/json",
            &params.to_string(),
        )?;
        Ok((status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
    }

    fn call(&self, method: &str, params: Value) -> Value {
        let (status, body) = self.try_call(method, &params).expect("an answer");
        assert_eq!(status, 200, "{method}: {body}");
        body["result"].clone()
    }

    fn refusal(&self, method: &str, params: Value) -> (u16, String, String) {
        let (status, body) = self.try_call(method, &params).expect("an answer");
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        (status, text("error"), text("error_description"))
    }
}
