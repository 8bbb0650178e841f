//! Faults on demand: everything that goes wrong between an integration and its portal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::methods;
use super::php;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Connections are closed before a byte of them is read. (For a port nobody listens on, see
    /// [`PracticePortal::stop_listening`](super::PracticePortal::stop_listening).)
    RefuseConnections,
    /// The request is read, nothing is done, and the connection closes without an answer.
    CutBefore,
    /// All the work is done, and the connection closes without an answer.
    CutAfter,
    /// The first commands of a batch are done, then the connection closes without an answer.
    HalfBatch(usize),
    /// 500 with a page of PHP's.
    Html500,
    /// 200 with a login page.
    Html200Login,
    /// 502 with a page of the proxy's; nothing was done.
    Http502,
    /// 504 with a page of the proxy's, and all the work was done.
    Http504After,
    /// 503 QUERY_LIMIT_EXCEEDED.
    QueryLimit,
    /// 503 OVERLOAD_LIMIT.
    OverloadLimit,
    /// 500 INTERNAL_SERVER_ERROR, as JSON.
    InternalServerError,
    /// 401 expired_token.
    ExpiredToken,
    /// 400 with this error, as the authorization server words its refusals: `invalid_grant`, `PAYMENT_REQUIRED` …
    OAuth(String),
    /// 403 insufficient_scope.
    MissingScope,
    /// 302 to the same path at another base address.
    Redirect302(String),
    /// Waits before the work and after it.
    Slow { before: Duration, after: Duration },
    /// 429 OPERATION_TIME_LIMIT for one method, also inside a batch; other methods go on.
    OperationTimeLimit(String),
    /// A command of that method is refused with these words, also inside a batch.
    FailCommand {
        method: String,
        code: String,
        text: String,
    },
}

impl Fault {
    /// Concerns one command and not the whole request.
    fn is_of_command(&self) -> bool {
        matches!(self, Fault::OperationTimeLimit(_) | Fault::FailCommand { .. })
    }

    fn name(&self) -> &'static str {
        match self {
            Fault::RefuseConnections => "refuse_connections",
            Fault::CutBefore => "cut_before",
            Fault::CutAfter => "cut_after",
            Fault::HalfBatch(_) => "half_batch",
            Fault::Html500 => "html_500",
            Fault::Html200Login => "html_200_login",
            Fault::Http502 => "http_502",
            Fault::Http504After => "http_504_after",
            Fault::QueryLimit => "query_limit",
            Fault::OverloadLimit => "overload_limit",
            Fault::InternalServerError => "internal_server_error",
            Fault::ExpiredToken => "expired_token",
            Fault::OAuth(_) => "oauth",
            Fault::MissingScope => "missing_scope",
            Fault::Redirect302(_) => "redirect_302",
            Fault::Slow { .. } => "slow",
            Fault::OperationTimeLimit(_) => "operation_time_limit",
            Fault::FailCommand { .. } => "fail_command",
        }
    }
}

/// Which requests a fault meets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Only {
    #[default]
    Any,
    /// Requests that change the portal.
    Writes,
    /// Requests with a command of this method.
    Method(String),
    /// Requests in which this text is sent, whatever else travels with it.
    Text(String),
}

impl Only {
    fn meets(&self, commands: &[String], sends: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Only::Any => true,
            Only::Writes => commands.iter().any(|m| methods::writes(m)),
            Only::Method(name) => commands.iter().any(|m| m == name),
            Only::Text(text) => sends(text),
        }
    }
}

#[derive(Debug, Clone)]
struct Armed {
    fault: Fault,
    only: Only,
    /// `None`: until cleared.
    left: Option<u32>,
}

/// The faults that are waiting for their requests, in the order in which they were armed.
#[derive(Debug)]
pub struct Faults {
    armed: Mutex<Vec<Armed>>,
    /// Raised when idle connections are to be closed.
    hang_up: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults {
            armed: Mutex::default(),
            hang_up: watch::Sender::new(0),
        }
    }
}

impl Faults {
    /// The next `times` requests.
    pub fn next(&self, times: u32, fault: Fault) {
        self.arm(fault, Only::Any, Some(times));
    }

    /// The next `times` requests that contain a command of `method`.
    pub fn next_with(&self, method: &str, times: u32, fault: Fault) {
        self.arm(fault, Only::Method(method.to_owned()), Some(times));
    }

    /// The next `times` requests that change something.
    pub fn next_write(&self, times: u32, fault: Fault) {
        self.arm(fault, Only::Writes, Some(times));
    }

    /// Every request in which `text` is sent, until [`Faults::clear`].
    pub fn for_text(&self, text: &str, fault: Fault) {
        self.arm(fault, Only::Text(text.to_owned()), None);
    }

    /// Every request until [`Faults::clear`].
    pub fn until_cleared(&self, fault: Fault) {
        self.arm(fault, Only::Any, None);
    }

    pub fn arm(&self, fault: Fault, only: Only, times: Option<u32>) {
        let hang_up = fault == Fault::RefuseConnections;
        self.lock().push(Armed {
            fault,
            only,
            left: times,
        });
        if hang_up {
            self.hang_up.send_modify(|n| *n += 1);
        }
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many faults still wait.
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// The whole-request faults that meet a request with these commands; `sends` says whether a text is sent in it. Of
    /// those that end a request only the first is taken; waiting goes with any.
    pub(super) fn take_for_request(&self, commands: &[String], sends: &dyn Fn(&str) -> bool) -> Vec<Fault> {
        let mut ended = false;
        self.take(|armed| {
            if armed.fault.is_of_command()
                || armed.fault == Fault::RefuseConnections
                || !armed.only.meets(commands, sends)
            {
                return false;
            }
            let slow = matches!(armed.fault, Fault::Slow { .. });
            if !slow && ended {
                return false;
            }
            ended |= !slow;
            true
        })
    }

    /// The fault that meets one command.
    pub(super) fn take_for_command(&self, method: &str) -> Option<Fault> {
        let mut found = false;
        self.take(|armed| {
            let of_method = match &armed.fault {
                Fault::OperationTimeLimit(name) => name == method,
                Fault::FailCommand { method: name, .. } => name == method,
                _ => false,
            };
            let taken = of_method && !found;
            found |= taken;
            taken
        })
        .pop()
    }

    /// Whether a connection that was just made is to be closed.
    pub(super) fn take_for_connection(&self) -> bool {
        let mut found = false;
        self.take(|armed| {
            let taken = armed.fault == Fault::RefuseConnections && !found;
            found |= taken;
            taken
        });
        found
    }

    /// Tells connections when to close once they are idle.
    pub(super) fn hang_up(&self) -> watch::Receiver<u64> {
        self.hang_up.subscribe()
    }

    pub(super) fn hang_up_now(&self) {
        self.hang_up.send_modify(|n| *n += 1);
    }

    fn take(&self, mut wanted: impl FnMut(&Armed) -> bool) -> Vec<Fault> {
        let mut armed = self.lock();
        let mut taken = Vec::new();
        armed.retain_mut(|item| {
            if !wanted(item) {
                return true;
            }
            taken.push(item.fault.clone());
            if let Some(left) = &mut item.left {
                *left = left.saturating_sub(1);
            }
            item.left != Some(0)
        });
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Arms a fault described in JSON: `{"fault": "cut_after", "times": 1, "only": "crm.deal.add"}`.
    /// Without `times` it stays until cleared; `only` is a method or `writes`, `text` a text that is sent.
    pub fn arm_json(&self, spec: &Value) -> Result<(), String> {
        let text = |name: &str| spec.get(name).map(php::text).unwrap_or_default();
        let number = |name: &str| spec.get(name).and_then(Value::as_u64);
        let name = text("fault");
        let fault = match name.as_str() {
            "refuse_connections" => Fault::RefuseConnections,
            "cut_before" => Fault::CutBefore,
            "cut_after" => Fault::CutAfter,
            "half_batch" => {
                let commands = number("commands").and_then(|n| usize::try_from(n).ok());
                Fault::HalfBatch(commands.ok_or("half_batch needs \"commands\", a number")?)
            }
            "html_500" => Fault::Html500,
            "html_200_login" => Fault::Html200Login,
            "http_502" => Fault::Http502,
            "http_504_after" => Fault::Http504After,
            "query_limit" => Fault::QueryLimit,
            "overload_limit" => Fault::OverloadLimit,
            "internal_server_error" => Fault::InternalServerError,
            "expired_token" => Fault::ExpiredToken,
            "oauth" => Fault::OAuth(text("code")),
            "missing_scope" => Fault::MissingScope,
            "redirect_302" => Fault::Redirect302(text("to")),
            "slow" => Fault::Slow {
                before: Duration::from_millis(number("before_ms").unwrap_or(0)),
                after: Duration::from_millis(number("after_ms").unwrap_or(0)),
            },
            "operation_time_limit" => Fault::OperationTimeLimit(text("method")),
            "fail_command" => Fault::FailCommand {
                method: text("method"),
                code: text("code"),
                text: text("text"),
            },
            _ => return Err(format!("{name:?} is no fault: see the list in faults.rs")),
        };
        let only = match text("only").as_str() {
            "" if !text("text").is_empty() && name != "fail_command" => Only::Text(text("text")),
            "" => Only::Any,
            "writes" => Only::Writes,
            method => Only::Method(method.to_owned()),
        };
        let times = number("times").and_then(|n| u32::try_from(n).ok());
        self.arm(fault, only, times);
        Ok(())
    }

    /// What is armed, for `/practice/faults`.
    pub fn to_json(&self) -> Value {
        self.lock()
            .iter()
            .map(|armed| {
                let only = match &armed.only {
                    Only::Any => Value::Null,
                    Only::Writes => json!("writes"),
                    Only::Method(name) => json!(name),
                    Only::Text(text) => json!({"text": text}),
                };
                json!({"fault": armed.fault.name(), "only": only, "left": armed.left})
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn a_fault_meets_the_requests_it_was_meant_for_and_no_more() {
        let faults = Faults::default();
        faults.next_write(1, Fault::CutAfter);
        faults.next_with("crm.deal.get", 1, Fault::Html500);
        faults.next(2, Fault::QueryLimit);
        let read = commands(&["crm.deal.list"]);
        let write = commands(&["crm.deal.list", "crm.deal.add"]);
        assert_eq!(faults.take_for_request(&read, &nothing), [Fault::QueryLimit]);
        assert_eq!(faults.take_for_request(&write, &nothing), [Fault::CutAfter]);
        assert_eq!(faults.take_for_request(&write, &nothing), [Fault::QueryLimit]);
        assert_eq!(faults.take_for_request(&write, &nothing), []);
        assert_eq!(
            faults.take_for_request(&commands(&["crm.deal.get"]), &nothing),
            [Fault::Html500]
        );
        assert_eq!(faults.waiting(), 0);
    }

    fn nothing(_: &str) -> bool {
        false
    }

    #[test]
    fn a_fault_meets_what_is_sent_with_its_text() {
        let faults = Faults::default();
        faults.for_text("Яд", Fault::Html500);
        let read = commands(&["crm.deal.list"]);
        assert_eq!(faults.take_for_request(&read, &nothing), []);
        assert_eq!(
            faults.take_for_request(&read, &|text| text == "Яд"),
            [Fault::Html500]
        );
        assert_eq!(faults.waiting(), 1);
    }

    #[test]
    fn faults_of_commands_leave_the_request_alone() {
        let faults = Faults::default();
        faults.until_cleared(Fault::OperationTimeLimit("crm.deal.add".into()));
        assert_eq!(
            faults.take_for_request(&commands(&["crm.deal.add"]), &nothing),
            []
        );
        assert!(faults.take_for_command("crm.deal.get").is_none());
        assert!(faults.take_for_command("crm.deal.add").is_some());
        faults.clear();
        assert!(faults.take_for_command("crm.deal.add").is_none());
    }

    #[test]
    fn arms_from_json() {
        let faults = Faults::default();
        let spec = serde_json::from_str(r#"{"fault":"half_batch","commands":2,"times":1,"only":"writes"}"#);
        assert_eq!(faults.arm_json(&spec.expect("JSON")), Ok(()));
        let write = commands(&["crm.deal.add"]);
        assert_eq!(faults.take_for_request(&write, &nothing), [Fault::HalfBatch(2)]);
        assert!(faults.arm_json(&json!({"fault": "rain"})).is_err());
    }
}
