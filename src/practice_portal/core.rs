//! One REST request from its address to its answer, without any HTTP: who calls, what is called, what
//! stands in the way, and the envelope around the result.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::batch;
use super::clock;
use super::faults::{Fault, Faults};
use super::meter::{Meter, Operating};
use super::methods::{self, Answer, Caller, Desk, Reply, RestError};
use super::php;
use super::stats::{LogEntry, Stats};
use super::world::World;
use crate::model::{Millis, Secret};

/// The whole portal, shared by its connections.
pub struct Core {
    pub user_id: u64,
    pub webhook_code: Secret,
    pub world: Mutex<World>,
    pub faults: Faults,
    /// What goes wrong at the authorization server.
    pub oauth_faults: Faults,
    pub meter: Mutex<Meter>,
    pub stats: Mutex<Stats>,
}

/// A request to `/rest/`, read.
pub struct RestRequest {
    /// The path with the webhook's code left out, for the log.
    pub shown_path: String,
    /// The method as it is looked up.
    method: String,
    params: Value,
    /// What a webhook's address says: user and code.
    webhook: Option<(String, String)>,
    peer: IpAddr,
}

/// What goes back.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Json {
        status: u16,
        body: Value,
    },
    Html {
        status: u16,
        body: &'static str,
    },
    Redirect {
        base: String,
    },
    /// Close the connection without an answer.
    HangUp,
}

/// Locks and goes on even when a test panicked while it held the lock.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RestRequest {
    /// Reads `/rest/<user>/<code>/<method>` or `/rest/<method>`. Parameters of the body win over the query.
    // b24: settings/how-to-call-rest-api/general-principles.md
    pub fn read(path: &str, query: &[u8], content_type: &str, body: &[u8], peer: IpAddr) -> RestRequest {
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).skip(1).collect();
        let (webhook, method, shown_path) = match parts.as_slice() {
            [user, code, method] => (
                Some(((*user).to_owned(), (*code).to_owned())),
                batch::method_name(method),
                format!("/rest/{user}/…/{method}"),
            ),
            [method] => (None, batch::method_name(method), format!("/rest/{method}")),
            _ => (None, String::new(), "/rest/…".to_owned()),
        };
        let params = php::request(query, content_type, body);
        RestRequest {
            shown_path,
            method,
            params,
            webhook,
            peer,
        }
    }

    /// The methods that this request is about: those of its commands, or its own.
    pub fn commands(&self) -> Vec<String> {
        if self.method == "batch" {
            batch::commands(&self.params)
                .into_iter()
                .map(|c| c.method)
                .collect()
        } else {
            vec![self.method.clone()]
        }
    }

    /// Whether this text stands in one of the values that are sent.
    pub fn sends(&self, text: &str) -> bool {
        if self.method == "batch" {
            batch::commands(&self.params).iter().any(|c| c.sends(text))
        } else {
            php::contains(&self.params, text)
        }
    }
}

impl Core {
    /// Does what is asked, as far as the limits and the faults of this request let it.
    pub fn answer(&self, request: &RestRequest, faults: &[Fault], now: Millis) -> Outcome {
        if let Some(outcome) = faults.iter().find_map(instead_of_work) {
            return outcome;
        }
        if !lock(&self.meter).admits(request.peer, now) {
            return refused(&query_limit());
        }
        let started = Instant::now();
        let caller = match self.identify(request, now) {
            Ok(caller) => caller,
            Err(refusal) => return refused(&refusal),
        };
        let half = faults.iter().find_map(|fault| match fault {
            Fault::HalfBatch(commands) => Some(*commands),
            _ => None,
        });
        let outcome = if request.method == "batch" {
            let result = batch::run(&request.params, half, |method, params| {
                self.command(&caller, method, params, now)
            });
            Ok((Reply::from(result), None))
        } else if half == Some(0) {
            return Outcome::HangUp;
        } else {
            let (answer, time) = self.command(&caller, &request.method, &request.params, now);
            answer.map(|reply| (reply, Some(time)))
        };
        if half.is_some() || faults.contains(&Fault::CutAfter) {
            return Outcome::HangUp;
        }
        if faults.contains(&Fault::Http504After) {
            return Outcome::Html {
                status: 504,
                body: GATEWAY_TIMEOUT,
            };
        }
        match outcome {
            Ok((reply, time)) => Outcome::Json {
                status: 200,
                body: envelope(reply, time.unwrap_or_else(|| time_json(now, started, None))),
            },
            Err(refusal) => refused(&refusal),
        }
    }

    /// Runs one command and says how long it took. The world is locked for one command at a time: other
    /// requests come in between, as they do on a real portal.
    fn command(&self, caller: &Caller, method: &str, params: &Value, now: Millis) -> (Answer, Value) {
        let started = Instant::now();
        match self.faults.take_for_command(method) {
            Some(Fault::OperationTimeLimit(_)) => return (Err(operation_time_limit()), Value::Null),
            Some(Fault::FailCommand { code, text, .. }) => {
                return (Err(RestError::new(400, &code, text)), Value::Null);
            }
            _ => {}
        }
        let account = caller.application.as_deref().unwrap_or("webhook");
        if lock(&self.meter).operating(account, method, now).is_err() {
            return (Err(operation_time_limit()), Value::Null);
        }
        lock(&self.stats).count(method);
        let answer = {
            let mut world = lock(&self.world);
            let mut desk = Desk {
                world: &mut world,
                caller,
                now,
            };
            methods::call(&mut desk, method, params)
        };
        let took = started.elapsed().as_secs_f64();
        let used = lock(&self.meter).charge(account, method, took, now);
        (answer, time_json(now, started, Some(used)))
    }

    // b24: settings/how-to-call-rest-api/authorization.md, _includes/system-errors.md
    fn identify(&self, request: &RestRequest, now: Millis) -> Result<Caller, RestError> {
        if let Some((user, code)) = &request.webhook {
            if *user == self.user_id.to_string() && code == self.webhook_code.reveal() {
                return Ok(Caller {
                    user_id: self.user_id,
                    application: None,
                });
            }
            return Err(RestError::new(
                401,
                "INVALID_CREDENTIALS",
                "Invalid request credentials",
            ));
        }
        let token = php::param(&request.params, "auth")
            .map(php::text)
            .unwrap_or_default();
        let world = lock(&self.world);
        let token = match world.tokens.get(&token) {
            Some(token) if token.expires_at <= now => return Err(expired_token()),
            Some(token) => token,
            None => return Err(RestError::new(401, "NO_AUTH_FOUND", "Wrong authorization data")),
        };
        let person = world.person(token.user_id).filter(|person| person.active);
        let Some(person) = person else {
            return Err(RestError::new(
                403,
                "INVALID_CREDENTIALS",
                "Invalid request credentials",
            ));
        };
        let app = world.apps.by_client_id(&token.application);
        // b24: api-reference/common/system/app-info.md (INSTALLED)
        if app.is_some_and(|app| !app.installed) && !person.admin {
            let text = "The user does not have access to the application";
            return Err(RestError::new(403, "user_access_error", text));
        }
        Ok(Caller {
            user_id: token.user_id,
            application: Some(token.application.clone()),
        })
    }

    /// Writes a request into the log.
    pub fn note(&self, request: &RestRequest, commands: Vec<String>, outcome: &Outcome, now: Millis) {
        let status = match outcome {
            Outcome::Json { status, .. } | Outcome::Html { status, .. } => Some(*status),
            Outcome::Redirect { .. } => Some(302),
            Outcome::HangUp => None,
        };
        lock(&self.stats).note(LogEntry {
            at: now,
            path: request.shown_path.clone(),
            methods: commands,
            status,
        });
    }
}

/// What a fault answers before any work is done.
pub fn instead_of_work(fault: &Fault) -> Option<Outcome> {
    let refusal = match fault {
        Fault::CutBefore => return Some(Outcome::HangUp),
        Fault::Html500 => return html(500, PHP_ERROR),
        Fault::Html200Login => return html(200, LOGIN_PAGE),
        Fault::Http502 => return html(502, BAD_GATEWAY),
        Fault::Redirect302(base) => return Some(Outcome::Redirect { base: base.clone() }),
        Fault::QueryLimit => query_limit(),
        Fault::OverloadLimit => RestError::new(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload"),
        Fault::InternalServerError => RestError::new(500, "INTERNAL_SERVER_ERROR", "Internal server error"),
        Fault::ExpiredToken => expired_token(),
        Fault::OAuth(code) => RestError::new(400, code, "The authorization server refuses"),
        Fault::MissingScope => RestError::insufficient_scope(),
        _ => return None,
    };
    Some(refused(&refusal))
}

#[expect(clippy::unnecessary_wraps, reason = "answers where an Option is asked for")]
fn html(status: u16, body: &'static str) -> Option<Outcome> {
    Some(Outcome::Html { status, body })
}

fn refused(error: &RestError) -> Outcome {
    Outcome::Json {
        status: error.status,
        body: batch::error_json(error),
    }
}

fn query_limit() -> RestError {
    RestError::new(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
}

fn expired_token() -> RestError {
    RestError::new(401, "expired_token", "The access token provided has expired.")
}

// b24: limits.md
pub fn operation_time_limit() -> RestError {
    RestError::new(
        429,
        "OPERATION_TIME_LIMIT",
        "Method is blocked due to operation time limit.",
    )
}

/// `result`, where a list has them `next` and `total`, and `time`.
fn envelope(reply: Reply, time: Value) -> Value {
    let mut out = Map::new();
    out.insert("result".into(), reply.result);
    if let Some(next) = reply.next {
        out.insert("next".into(), json!(next));
    }
    if let Some(total) = reply.total {
        out.insert("total".into(), json!(total));
    }
    out.insert("time".into(), time);
    Value::Object(out)
}

// b24: api-reference/data-types.md#time
fn time_json(now: Millis, started: Instant, used: Option<Operating>) -> Value {
    let took = started.elapsed().as_secs_f64();
    // Milliseconds of this century fit a double's 53 bits.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let start = now.0 as f64 / 1000.0;
    let mut out = json!({
        "start": start,
        "finish": start + took,
        "duration": took,
        "processing": took,
        "date_start": clock::datetime(now),
        "date_finish": clock::datetime(now),
    });
    if let Some(used) = used {
        out["operating_reset_at"] = json!(used.reset_at);
        out["operating"] = json!(used.seconds);
    }
    out
}

const PHP_ERROR: &str = "<html><head><title>Error</title></head><body><b>Fatal error</b>: Allowed memory size exhausted in <b>/home/bitrix/www</b></body></html>";
const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Авторизация</title></head><body><form name=\"form_auth\" method=\"post\"><input name=\"USER_LOGIN\"><input name=\"USER_PASSWORD\" type=\"password\"></form></body></html>";
const BAD_GATEWAY: &str = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>";
const GATEWAY_TIMEOUT: &str = "<html><head><title>504 Gateway Time-out</title></head><body><center><h1>504 Gateway Time-out</h1></center><hr><center>nginx</center></body></html>";
