//! A batch run straight on a world, without network, limits and log: for tests that try thousands of deliveries.

use serde_json::{Value, json};

use super::batch;
use super::core::operation_time_limit;
use super::methods::{self, Caller, Desk, RestError};
use super::world::World;
use crate::model::Millis;

/// What becomes of one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meddling {
    /// It is run.
    None,
    /// OPERATION_TIME_LIMIT, and it is not run.
    OutOfTime,
    /// INTERNAL_SERVER_ERROR, and it is not run.
    FailBefore,
    /// It is run, and then INTERNAL_SERVER_ERROR.
    FailAfter,
    /// It is refused for good.
    Refuse,
}

impl World {
    /// Answers the JSON body of a `batch` as the portal would, called by user 1 through a webhook. `meddle` decides
    /// about each command by its method. `at_most` stops after that many commands, as if the portal had died: then
    /// the answer is not to be looked at.
    pub fn batch(
        &mut self,
        body: &[u8],
        at_most: Option<usize>,
        now: Millis,
        mut meddle: impl FnMut(&str) -> Meddling,
    ) -> Value {
        let params: Value = serde_json::from_slice(body).unwrap_or_default();
        let caller = Caller {
            user_id: 1,
            application: None,
        };
        let result = batch::run(&params, at_most, |method, params| {
            let failed = || {
                Err(RestError::new(
                    500,
                    "INTERNAL_SERVER_ERROR",
                    "Internal server error",
                ))
            };
            let mut run = || {
                let mut desk = Desk {
                    world: self,
                    caller: &caller,
                    now,
                };
                methods::call(&mut desk, method, params)
            };
            let answer = match meddle(method) {
                Meddling::None => run(),
                Meddling::OutOfTime => Err(operation_time_limit()),
                Meddling::FailBefore => failed(),
                Meddling::FailAfter => run().and_then(|_| failed()),
                Meddling::Refuse => Err(RestError::crm("Не сегодня.")),
            };
            (answer, Value::Null)
        });
        json!({ "result": result })
    }
}
