//! One POST, and what is known after it.

use std::io::{self, Read};

use ureq::{Agent, Error, SendBody, Timeout};

use super::connection::Connection;

/// The largest answer that is read: a batch of 50 full pages is a few megabytes.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;

/// A complete HTTP answer.
pub(super) struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
    /// The portal answered at a new address.
    pub moved_to: Option<Connection>,
}

/// How a request ended.
pub(super) enum Posted {
    Answered(Reply),
    /// Nothing left this machine that the portal could work on.
    NotSent(String),
    /// Sent at least in part, and no complete answer came back.
    Lost(String),
    /// The portal did nothing but name another address, to which calls are not sent.
    Redirected(String),
}

impl Posted {
    /// For the log.
    pub(super) fn name(&self) -> String {
        match self {
            Posted::Answered(reply) => reply.status.to_string(),
            Posted::NotSent(_) => "not sent".to_owned(),
            Posted::Lost(_) => "answer lost".to_owned(),
            Posted::Redirected(_) => "redirected".to_owned(),
        }
    }
}

/// Posts a body, which must not be empty, to a method. A renamed portal is followed once, as a POST again: the redirect itself says
/// that nothing was done at the old address.
// b24: settings/how-to-call-rest-api/change-domen.md
pub(super) fn post(
    agent: &Agent,
    connection: &Connection,
    method: &str,
    content_type: &str,
    body: &[u8],
) -> Posted {
    let first = once(
        agent,
        &connection.method_url(method),
        &connection.portal(),
        content_type,
        body,
    );
    let (status, location, first) = match first {
        Once::Answered { reply, location } => (reply.status, location, reply),
        Once::Failed(posted) => return posted,
    };
    if !(300..400).contains(&status) {
        return Posted::Answered(first);
    }
    let Some(moved) = location
        .as_deref()
        .and_then(|location| connection.moved(method, location))
    else {
        return Posted::Redirected(elsewhere(connection, location.as_deref()));
    };
    let second = once(
        agent,
        &moved.method_url(method),
        &moved.portal(),
        content_type,
        body,
    );
    match second {
        Once::Answered { reply, .. } if (300..400).contains(&reply.status) => {
            Posted::Redirected(elsewhere(&moved, Some("one more address")))
        }
        Once::Answered { mut reply, .. } => {
            reply.moved_to = Some(moved);
            Posted::Answered(reply)
        }
        Once::Failed(posted) => posted,
    }
}

fn elsewhere(connection: &Connection, location: Option<&str>) -> String {
    // Queries carry session keys.
    let to = location
        .unwrap_or_default()
        .split(['?', '#'])
        .next()
        .unwrap_or_default();
    let to = if to.is_empty() { "nowhere" } else { to };
    format!(
        "{} sends calls on to {to} instead of answering; check the portal's address",
        connection.portal()
    )
}

pub(super) enum Once {
    Answered { reply: Reply, location: Option<String> },
    Failed(Posted),
}

/// Posts a body, which must not be empty, to an address. `server` names it in errors: the address may be a secret.
pub(super) fn once(agent: &Agent, url: &str, server: &str, content_type: &str, body: &[u8]) -> Once {
    let mut watched = Watched {
        rest: body,
        asked: false,
    };
    let answered = agent
        .post(url)
        .header("Content-Type", content_type)
        .header("Content-Length", body.len())
        .send(SendBody::from_reader(&mut watched));
    let mut response = match answered {
        Ok(response) => response,
        Err(error) if watched.asked => {
            return Once::Failed(Posted::Lost(lost(server, &error)));
        }
        Err(error) => return Once::Failed(Posted::NotSent(unreachable(server, &error))),
    };
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let (content_type, location) = (header("content-type").unwrap_or_default(), header("location"));
    let status = response.status().as_u16();
    match response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec() {
        Ok(body) => Once::Answered {
            reply: Reply {
                status,
                content_type,
                body,
                moved_to: None,
            },
            location,
        },
        // A redirect says all it has to say in its head.
        Err(_) if location.is_some() && (300..400).contains(&status) => Once::Answered {
            reply: Reply {
                status,
                content_type,
                body: Vec::new(),
                moved_to: None,
            },
            location,
        },
        Err(error) => Once::Failed(Posted::Lost(lost(server, &error))),
    }
}

/// The body, and whether `ureq` has begun to send it: it asks for the first byte only when the
/// connection stands and the head of the request is on its way.
struct Watched<'a> {
    rest: &'a [u8],
    asked: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.asked = true;
        self.rest.read(out)
    }
}

fn unreachable(portal: &str, error: &Error) -> String {
    match error {
        Error::HostNotFound => nameless(portal),
        // The standard library has no kind of error for a name that nobody knows.
        Error::Io(io) if io.to_string().starts_with("failed to lookup address") => nameless(portal),
        Error::Timeout(_) => {
            format!("no connection to {portal} in time; check the route and the firewall")
        }
        // rustls hands its errors through as I/O errors.
        Error::Io(io)
            if io
                .get_ref()
                .is_some_and(|inner| inner.to_string().contains("certificate")) =>
        {
            format!(
                "the certificate of {portal} is refused ({io}); name its authority with --portal-ca, and call the portal by the name the certificate was made for"
            )
        }
        Error::Tls(_) | Error::Rustls(_) => format!("no TLS connection to {portal} ({error})"),
        Error::Io(io) => {
            format!("no connection to {portal} ({io}); check the name, the route and the firewall")
        }
        // The proxy's answer may repeat its password.
        Error::ConnectProxyFailed(_) => {
            format!("the proxy makes no connection to {portal}; check its rules and password")
        }
        _ => format!("no connection to {portal}"),
    }
}

fn nameless(portal: &str) -> String {
    format!(
        "no address is known for {portal}; check the name service, or name the address with --portal-resolve"
    )
}

/// Errors that hold an address are not repeated: it is a secret.
fn lost(portal: &str, error: &Error) -> String {
    match error {
        Error::Timeout(Timeout::Global | Timeout::RecvResponse | Timeout::RecvBody) => {
            format!("{portal} took the request and did not answer in time")
        }
        Error::Timeout(_) => format!("{portal} did not take the request in time"),
        Error::BodyExceedsLimit(_) => {
            format!("the answer of {portal} is larger than {MAX_ANSWER} bytes")
        }
        Error::Io(io) => format!("the connection to {portal} broke before the answer was complete ({io})"),
        Error::Protocol(_) => format!("{portal} answered with something that is not HTTP"),
        _ => format!("the answer of {portal} was lost"),
    }
}
