//! The public listener: forms come in at `/in/<slug>` and are on disk before the answer goes out.
//!
//! All of it runs on the reactor's threads and must not block there: the store commits on a thread of its own, and
//! large bodies are read on blocking threads.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, REFERER, USER_AGENT};
use percent_encoding::percent_decode_str;

use super::cors::Cors;
use super::letter::{Contents, Letter, Reading};
use super::page;
use super::refusal::{ALLOWED_METHODS, Refusal, capital};
use super::reply;
use super::sieve::Sieve;
use super::visitor::Visitor;
use crate::http::{HeaderMap, Method, Request, Response, StatusCode};
use crate::intake::{self, spam};
use crate::model::{Channel, State, SubmissionId};
use crate::store::{Address, Arrival, Store, StoredChannel};

/// A longer query is no form: browsers and servers commonly stop at 8 KiB.
const QUERY_SIZE: usize = 32 << 10;
/// Kept for people and for `{_referer}`; what is longer is cut.
const REFERER_SIZE: usize = 2 << 10;
/// Kept for people and for `{_user_agent}`.
const USER_AGENT_SIZE: usize = 512;
/// A boundary has 70 characters at most (RFC 2046, section 5.1.1); the rest is a charset.
const CONTENT_TYPE_SIZE: usize = 1 << 10;
/// Characters of an `Idempotency-Key`, as other services take them.
const KEY_SIZE: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
/// The methods of what can only be read.
const READ_METHODS: &str = "GET, HEAD";
/// Looks for channels made by another process begin this far apart at least, however many addresses are unknown.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Opening a channel's address makes a submission, so nobody is to follow links to it.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// How much a request may carry.
#[derive(Debug, Clone, Default)]
pub struct IngestOptions {
    /// `body` bounds a request without files, `body` and `files` together one with them. Delivery reads the
    /// request again and must be given limits that are no lower.
    pub limits: intake::Limits,
}

/// What all requests of the public listener share.
pub struct Ingest {
    store: Store,
    options: IngestOptions,
    sieve: Sieve,
    /// When the latest look for new channels began; held while one is under way.
    looked: tokio::sync::Mutex<Option<Instant>>,
}

impl Ingest {
    pub fn new(store: Store, options: IngestOptions) -> Ingest {
        Ingest {
            store,
            options,
            sieve: Sieve::default(),
            looked: tokio::sync::Mutex::default(),
        }
    }

    /// Where an address leads. The snapshot may be some moments behind `channel apply` of another process: nobody is
    /// turned away by it before a look at the file.
    async fn resolve(&self, slug: &str) -> Address {
        let address = self.store.resolve(slug);
        if !matches!(address, Address::Deleted | Address::Unknown) {
            return address;
        }
        self.look(Instant::now()).await;
        self.store.resolve(slug)
    }

    /// Returns after a look that began no earlier than `asked`. All who wait at the same time share one.
    async fn look(&self, asked: Instant) {
        let mut looked = self.looked.lock().await;
        if let Some(begun) = *looked {
            if begun >= asked {
                return;
            }
            tokio::time::sleep_until((begun + BETWEEN_LOOKS).into()).await;
        }
        *looked = Some(Instant::now());
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.catch_up()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "channels made by other processes cannot be seen at the moment")
            }
            // It fails only when the runtime is being shut down.
            Err(_) => {}
        }
    }
}

/// Answers one request of the public listener.
pub async fn handle(request: Request, ingest: Arc<Ingest>) -> Response {
    let path = request.uri.path();
    if let Some(slug) = slug(path) {
        return match ingest.resolve(&slug).await {
            Address::Known(channel) => receive(request, &ingest, &channel, None).await,
            Address::Moved { to, via } => receive(request, &ingest, &to, Some(via)).await,
            Address::Deleted => turn_away(&request, &Refusal::ChannelDeleted),
            Address::Unknown => turn_away(&request, &Refusal::UnknownChannel),
        };
    }
    let answer = match path {
        "/healthz" => reply::text(StatusCode::OK, "ok"),
        "/robots.txt" => reply::text(StatusCode::OK, ROBOTS),
        _ if path == *page::STYLE_PATH => reply::style(page::STYLE),
        _ => return turn_away(&request, &Refusal::NotFound),
    };
    if request.method == Method::GET || request.method == Method::HEAD {
        answer
    } else {
        Refusal::MethodNotAllowed {
            allowed: READ_METHODS,
        }
        .answer(&Visitor::of(&request))
    }
}

/// The slug of `/in/<slug>` and `/in/<slug>/`; one that no channel can have where there is none.
fn slug(path: &str) -> Option<Cow<'_, str>> {
    let rest = path
        .strip_prefix("/in")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    Some(percent_decode_str(rest).decode_utf8().unwrap_or_default())
}

/// Refuses what no channel's settings apply to: any script may read why.
fn turn_away(request: &Request, refusal: &Refusal) -> Response {
    if request.method == Method::OPTIONS {
        return preflight(request, &Cors::Any);
    }
    let mut response = refusal.answer(&Visitor::of(request));
    Cors::Any.apply(response.headers_mut());
    response
}

/// Answers OPTIONS: for browsers before they let a script post, and for the curious.
fn preflight(request: &Request, cors: &Cors) -> Response {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(ALLOWED_METHODS));
    cors.apply(headers);
    cors.permit(&request.headers, headers);
    response
}

/// Answers a request to a channel that takes it.
async fn receive(
    mut request: Request,
    ingest: &Ingest,
    channel: &StoredChannel,
    via: Option<String>,
) -> Response {
    let visitor = Visitor::of(&request);
    let cors = Cors::judge(&request.headers, &channel.channel.allowed_origins);
    let submitted = match cors {
        Cors::Denied => Err(Refusal::OriginNotAllowed),
        _ if request.method == Method::OPTIONS => return preflight(&request, &cors),
        _ => submit(&mut request, ingest, channel, via).await,
    };
    let mut response = match submitted {
        Ok(id) => welcome(&visitor, &channel.channel, id),
        Err(refusal) => refusal.answer(&visitor),
    };
    cors.apply(response.headers_mut());
    response
}

fn welcome(visitor: &Visitor, channel: &Channel, id: SubmissionId) -> Response {
    match visitor {
        Visitor::Program => reply::accepted(id),
        Visitor::Person(person) => channel
            .thank_you_url
            .as_deref()
            .and_then(reply::see_other)
            .unwrap_or_else(|| reply::page(StatusCode::OK, page::thanks(person, id))),
    }
}

/// Reads a request and stores it; the id it is stored under.
async fn submit(
    request: &mut Request,
    ingest: &Ingest,
    channel: &StoredChannel,
    via: Option<String>,
) -> Result<SubmissionId, Refusal> {
    let letter = open(request, &ingest.options.limits).await?;
    let key = idempotency_key(&request.headers)?;
    // The forms of a deleted channel's website know that channel's traps, not those of the default one.
    let meant = via
        .as_deref()
        .and_then(|slug| ingest.store.directory().by_slug(slug).cloned());
    let meant = meant.as_deref().unwrap_or(channel);
    let sift = |contents: Option<&Contents>| {
        let (headers, sender) = (&request.headers, request.client);
        match ingest
            .sieve
            .catch(meant, headers, contents, sender, Instant::now())
        {
            Some(why) => (State::Spam, Some(why)),
            None => (State::Queued, None),
        }
    };
    let limits = &ingest.options.limits;
    let stays_closed = letter.is_small() && !spam::reads(&meant.channel) && letter.is_plain_form(limits);
    let (state, error) = if stays_closed {
        sift(None)
    } else {
        match read(&letter, limits).await? {
            Reading::Fields(contents) if contents.state == State::Queued => sift(Some(&contents)),
            Reading::Fields(contents) => (contents.state, None),
            Reading::Unreadable(why) => (State::Unreadable, Some(why)),
            Reading::TooLarge(why) => return Err(Refusal::TooLarge(capital(&why))),
        }
    };
    let arrival = Arrival {
        channel: channel.key,
        via,
        post: letter.post,
        query: letter.query,
        content_type: letter.content_type,
        body: letter.body,
        ip: request.client.to_string(),
        referer: text(&request.headers, &REFERER, REFERER_SIZE).unwrap_or_default(),
        user_agent: text(&request.headers, &USER_AGENT, USER_AGENT_SIZE).unwrap_or_default(),
        state,
        error: error.clone(),
        // An unreadable request must not answer for the readable one that is sent in its place, nor spam or a
        // connection test for what is none.
        idempotency_key: key.filter(|_| state == State::Queued),
    };
    let id = match ingest.store.accept(arrival).await {
        Ok(accepted) => accepted.id(),
        Err(error) => {
            tracing::error!(channel = channel.channel.slug, %error, "a request was refused: it could not be stored");
            return Err(Refusal::StorageUnavailable);
        }
    };
    match error {
        // A robot must not learn that it was caught.
        Some(why) if state == State::Unreadable => Err(Refusal::Unreadable { id, why }),
        _ => Ok(id),
    }
}

/// Reads a letter, a large one where it keeps nobody waiting.
async fn read(letter: &Letter, limits: &intake::Limits) -> Result<Reading, Refusal> {
    if letter.is_small() {
        return Ok(letter.read(limits));
    }
    let (letter, limits) = (letter.clone(), *limits);
    // It fails only when the runtime is being shut down.
    let reading = tokio::task::spawn_blocking(move || letter.read(&limits)).await;
    reading.map_err(|_| Refusal::StorageUnavailable)
}

/// Takes what a request carries, within bounds.
async fn open(request: &mut Request, limits: &intake::Limits) -> Result<Letter, Refusal> {
    let post = match request.method {
        Method::POST => true,
        Method::GET => false,
        _ => {
            return Err(Refusal::MethodNotAllowed {
                allowed: ALLOWED_METHODS,
            });
        }
    };
    if request
        .headers
        .get(&SEC_PURPOSE)
        .is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"))
    {
        return Err(Refusal::FetchedAhead);
    }
    let query = request.uri.query().unwrap_or_default();
    if query.len() > QUERY_SIZE {
        let why =
            format!("The query is longer than the {QUERY_SIZE} bytes taken here; send the fields with POST.");
        return Err(Refusal::TooLarge(why));
    }
    let query = query.to_owned();
    let content_type = text(&request.headers, &CONTENT_TYPE, CONTENT_TYPE_SIZE);
    let with_files = content_type.as_deref().is_some_and(is_multipart);
    let body = request
        .body(if with_files {
            limits.body + limits.files
        } else {
            limits.body
        })
        .await?;
    Ok(Letter {
        post,
        query,
        content_type,
        body,
    })
}

fn is_multipart(content_type: &str) -> bool {
    const MULTIPART: &str = "multipart/";
    content_type
        .trim_start()
        .get(..MULTIPART.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(MULTIPART))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(key) = text(headers, &IDEMPOTENCY_KEY, usize::MAX) else {
        return Ok(None);
    };
    if key.chars().count() > KEY_SIZE {
        return Err(Refusal::BadKey);
    }
    Ok(Some(key).filter(|key| !key.is_empty()))
}

/// A header as text, cut to `max` bytes. Bytes that are not UTF-8 are read as Latin-1, which tells any two apart.
fn text(headers: &HeaderMap, name: &HeaderName, max: usize) -> Option<String> {
    let bytes = headers.get(name)?.as_bytes();
    let mut text = match std::str::from_utf8(bytes) {
        Ok(text) => text[..text.floor_char_boundary(max)].to_owned(),
        Err(_) => bytes.iter().take(max).map(|byte| char::from(*byte)).collect(),
    };
    text.truncate(text.trim_end().len());
    Some(text)
}
