//! What the practice portal was asked, for tests that count and people that wonder.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::model::Millis;

/// Requests the log keeps; older ones are only counted.
const LOG_LENGTH: usize = 10_000;

/// One HTTP request to `/rest/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub at: Millis,
    /// Without the webhook's code.
    pub path: String,
    /// The method, or the methods of the batch in their order.
    pub methods: Vec<String>,
    /// `None` when the portal hung up without an answer.
    pub status: Option<u16>,
}

#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Requests to `/rest/`, the refused and the cut ones too.
    pub http_requests: u64,
    /// Connections that were closed before a request was read.
    pub refused_connections: u64,
    /// Commands that reached their method, in a batch or alone.
    pub commands: BTreeMap<String, u64>,
    pub log: VecDeque<LogEntry>,
}

impl Stats {
    pub fn note(&mut self, entry: LogEntry) {
        self.http_requests += 1;
        if self.log.len() == LOG_LENGTH {
            self.log.pop_front();
        }
        self.log.push_back(entry);
    }

    pub fn count(&mut self, method: &str) {
        match self.commands.get_mut(method) {
            Some(n) => *n += 1,
            None => {
                self.commands.insert(method.to_owned(), 1);
            }
        }
    }

    /// Commands of one method so far.
    pub fn commands_of(&self, method: &str) -> u64 {
        self.commands.get(method).copied().unwrap_or(0)
    }

    pub fn to_json(&self) -> Value {
        let log: Vec<Value> = self
            .log
            .iter()
            .map(|entry| {
                json!({
                    "at": entry.at.to_string(),
                    "path": entry.path,
                    "methods": entry.methods,
                    "status": entry.status,
                })
            })
            .collect();
        json!({
            "http_requests": self.http_requests,
            "refused_connections": self.refused_connections,
            "commands": self.commands,
            "log": log,
        })
    }
}
