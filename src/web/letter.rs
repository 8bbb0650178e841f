//! One request as it came, and what the intake makes of it: the part of receiving that needs no socket and no
//! store.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

use crate::intake::{self, Fields, Limits, Method, Raw};
use crate::model::State;

/// Letters up to this size are read where they arrive; larger ones would keep other connections waiting.
const INLINE_SIZE: usize = 64 << 10;

#[derive(Debug, Clone)]
pub struct Letter {
    pub post: bool,
    /// As it stands in the address.
    pub query: String,
    pub content_type: Option<String>,
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    Fields(Contents),
    /// With the reason.
    Unreadable(String),
    /// More than is taken; with the reason.
    TooLarge(String),
}

/// What a request holds that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// In which it is stored, unless it is spam.
    pub state: State,
    /// Without the secret.
    pub fields: Fields,
    /// What the request gave for the channel's secret among its fields.
    pub secret: Option<String>,
}

impl Letter {
    pub fn is_small(&self) -> bool {
        self.body.len() <= INLINE_SIZE
    }

    fn raw(&self) -> Raw<'_> {
        Raw {
            method: if self.post { Method::Post } else { Method::Get },
            query: &self.query,
            content_type: self.content_type.as_deref(),
            body: &self.body,
        }
    }

    /// Whether it is certainly a request to be queued, so that only who asks for its fields has to read it: most of what
    /// receiving costs is spared then.
    pub fn is_plain_form(&self, limits: &Limits) -> bool {
        intake::is_plain_form(&self.raw(), limits)
    }

    /// Reads the letter to know its state and whether it is spam. The fields are read again when it is delivered: the
    /// inbox keeps what came, not what we made of it.
    pub fn read(&self, limits: &Limits) -> Reading {
        let raw = self.raw();
        // A bug in reading must not lose what was sent. Unwind safety: the letter is only looked at.
        let decoded = catch_unwind(AssertUnwindSafe(|| intake::decode(&raw, limits)));
        match decoded {
            Ok(Ok(mut decoded)) => {
                let secret = decoded.take_secret();
                let state = if decoded.is_test() {
                    State::Test
                } else {
                    State::Queued
                };
                Reading::Fields(Contents {
                    state,
                    fields: decoded.fields,
                    secret,
                })
            }
            Ok(Err(error)) if error.is_too_large() => Reading::TooLarge(error.to_string()),
            Ok(Err(error)) => Reading::Unreadable(error.to_string()),
            Err(_) => Reading::Unreadable(
                "the bridge failed at reading the request, which is a bug; its log says more".to_owned(),
            ),
        }
    }
}
