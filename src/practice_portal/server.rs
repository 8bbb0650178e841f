//! The practice portal on the wire: an own small accept loop, because it must be able to hang up at any
//! moment, which a well-behaved server never does.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::apps::{actions, oauth};
use super::core::{Core, Outcome, RestRequest, lock};
use super::faults::Fault;
use super::shown::Shown;
use super::visitor::Visitor;
use super::{control, page, php};
use crate::model::Millis;

/// A batch with files in it can be large.
const LARGEST_BODY: usize = 64 * 1024 * 1024;
/// Pause after an accept that failed: descriptors have run out, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the accept loop is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    Listen,
    /// The port is closed: connections are refused by the system.
    Rest,
    Stop,
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the practice portal hangs up")]
struct HungUp;

type Body = Full<Bytes>;

pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Accepts connections until told to stop. `listening` says when the port opened or closed.
pub async fn run(
    core: Arc<Core>,
    first: TcpListener,
    address: SocketAddr,
    mut duty: watch::Receiver<Duty>,
    listening: watch::Sender<bool>,
) {
    let mut listener = Some(first);
    loop {
        let wanted = *duty.borrow_and_update();
        match (wanted, &listener) {
            (Duty::Stop, _) => return,
            (Duty::Rest, Some(_)) => {
                listener = None;
                listening.send_replace(false);
            }
            (Duty::Listen, None) => match TcpListener::bind(address).await {
                Ok(open) => {
                    listener = Some(open);
                    listening.send_replace(true);
                }
                Err(_) => {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            _ => {}
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = duty.changed() => if changed.is_err() { return },
            accepted = accepted => match accepted {
                Ok((stream, peer)) => {
                    if core.faults.take_for_connection() {
                        lock(&core.stats).refused_connections += 1;
                        drop(stream);
                    } else {
                        tokio::spawn(connection(core.clone(), stream, peer));
                    }
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

async fn connection(core: Arc<Core>, stream: TcpStream, peer: SocketAddr) {
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let mut hang_up = core.faults.hang_up();
    let _ = hang_up.borrow_and_update();
    let service = service_fn(move |request| serve(core.clone(), request, peer));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new());
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // A connection that ended badly is the other side's affair, or a fault that was asked for.
    tokio::select! {
        _ = served.as_mut() => return,
        _ = hang_up.changed() => served.as_mut().graceful_shutdown(),
    }
    let _ = served.await;
}

async fn serve(
    core: Arc<Core>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response<Body>, HungUp> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "too large"));
    };
    let body = body.to_bytes();
    let path = head.uri.path();
    let header = |name: hyper::header::HeaderName| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if path.starts_with("/rest/") {
        let query = head.uri.query().unwrap_or_default().as_bytes();
        let content_type = header(CONTENT_TYPE);
        let rest = RestRequest::read(path, query, content_type, &body, peer.ip());
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
        // A task of its own: like PHP behind a web server, the portal does what it was asked to even when nobody waits
        // for the answer any more.
        let answered = tokio::spawn(answer_rest(core, rest, path));
        return answered.await.unwrap_or(Err(HungUp));
    }
    if path.trim_end_matches('/') == "/oauth/token" {
        let params = php::request(
            head.uri.query().unwrap_or_default().as_bytes(),
            header(CONTENT_TYPE),
            &body,
        );
        let answered = tokio::spawn(answer_token(core, params));
        return answered.await.unwrap_or(Err(HungUp));
    }
    if path.starts_with("/practice/") {
        let (status, value) = control::answer(&core, &head.method, path, &body);
        return Ok(json(status, &value));
    }
    let visitor = Visitor::read(&core, &head.headers);
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let params = php::request(query, header(CONTENT_TYPE), &body);
    match head.method {
        Method::GET | Method::HEAD => Ok(shown(page::show(&core, &visitor, path, &params, now()))),
        Method::POST => {
            let path = path.to_owned();
            // An application's server may be waited for.
            let acted =
                tokio::task::spawn_blocking(move || actions::post(&core, &visitor, &path, &params, now()));
            acted.await.map(shown).map_err(|_| HungUp)
        }
        _ => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET and POST only");
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            Ok(response)
        }
    }
}

fn shown(page: Shown) -> Response<Body> {
    let mut response = plain(page.status, page.content_type, page.body);
    for (name, value) in page.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

async fn answer_rest(core: Arc<Core>, rest: RestRequest, path: String) -> Result<Response<Body>, HungUp> {
    let commands = rest.commands();
    let faults = core.faults.take_for_request(&commands, &|text| rest.sends(text));
    wait(&faults, |(before, _)| before).await;
    let at = now();
    let outcome = core.answer(&rest, &faults, at);
    core.note(&rest, commands, &outcome, at);
    wait(&faults, |(_, after)| after).await;
    respond(outcome, &path)
}

/// The authorization server's half: the same faults, under its own switch.
async fn answer_token(core: Arc<Core>, params: Value) -> Result<Response<Body>, HungUp> {
    // One port for both: a connection cannot be refused before the request says whom it is for.
    if core.oauth_faults.take_for_connection() {
        return Err(HungUp);
    }
    let faults = core
        .oauth_faults
        .take_for_request(&[oauth::grant_type(&params)], &|text| {
            php::contains(&params, text)
        });
    wait(&faults, |(before, _)| before).await;
    let outcome = oauth::token(&core, &params, &faults, now());
    wait(&faults, |(_, after)| after).await;
    respond(outcome, "/oauth/token/")
}

/// `path` is where a redirect leads to, on another host.
fn respond(outcome: Outcome, path: &str) -> Result<Response<Body>, HungUp> {
    match outcome {
        Outcome::Json { status, body } => Ok(json(
            StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            &body,
        )),
        Outcome::Html { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            Ok(plain(status, "text/html; charset=utf-8", body))
        }
        Outcome::Redirect { base } => {
            let location = format!("{}{path}", base.trim_end_matches('/'));
            let mut response = plain(StatusCode::FOUND, "text/html", "");
            if let Ok(location) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(LOCATION, location);
            }
            Ok(response)
        }
        Outcome::HangUp => Err(HungUp),
    }
}

fn wait(faults: &[Fault], which: fn((Duration, Duration)) -> Duration) -> impl Future<Output = ()> + use<> {
    let span: Duration = faults
        .iter()
        .filter_map(|fault| match fault {
            Fault::Slow { before, after } => Some(which((*before, *after))),
            _ => None,
        })
        .sum();
    async move {
        if !span.is_zero() {
            tokio::time::sleep(span).await;
        }
    }
}

fn json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    plain(status, "application/json; charset=utf-8", value.to_string())
}

fn plain(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
