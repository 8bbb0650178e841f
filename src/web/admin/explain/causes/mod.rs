//! The sentences that the bridge stores or reports, with their Russian and English explanation. A pattern is the
//! English text with `{}` for what varies; `{0}`, `{1}`, … in an explanation take it up again. Tests hold the patterns
//! against the code that makes the texts.
//!
//! - `delivery`: what stops a delivery. `answers`: what the portal answered. `network`: why it could not be asked.
//!   `application`: why a local application may not ask.
//! - `requests`: what is wrong with what a website sent.

mod answers;
mod application;
mod delivery;
mod network;
mod requests;

use crate::web::admin::words::{Text, text};

/// Every kind of error, the more special ones first.
pub const CAUSES: &[&[Cause]] = &[
    delivery::CAUSES,
    application::CAUSES,
    network::CAUSES,
    answers::CAUSES,
    requests::CAUSES,
];

/// Where a cause can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    /// In the settings of the request's channel.
    Channel,
    /// On the page of the connection.
    Portal,
    Elsewhere,
}

/// One kind of error.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    pub pattern: &'static str,
    /// What happened, in one sentence.
    pub what: Text,
    /// What to do about it.
    pub way_out: Text,
    /// Varying parts worth a line of their own.
    pub facts: &'static [Fact],
    pub mend: Mend,
}

/// A varying part by its number, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    pub part: usize,
    pub label: Text,
    /// Words of the bridge or of its libraries: English, and left out where no Russian is known for them. Anything
    /// else is what came from outside, and is shown as it came.
    pub is_own: bool,
    /// A field of the portal.
    pub is_field: bool,
}

impl Cause {
    const fn new(pattern: &'static str, what: Text, way_out: Text) -> Cause {
        Cause {
            pattern,
            what,
            way_out,
            facts: &[],
            mend: Mend::Elsewhere,
        }
    }

    const fn facts(self, facts: &'static [Fact]) -> Cause {
        Cause { facts, ..self }
    }

    const fn at(self, mend: Mend) -> Cause {
        Cause { mend, ..self }
    }
}

/// From outside.
const fn given(part: usize, label: Text) -> Fact {
    Fact {
        part,
        label,
        is_own: false,
        is_field: false,
    }
}

/// In the bridge's words.
const fn own(part: usize, label: Text) -> Fact {
    Fact {
        part,
        label,
        is_own: true,
        is_field: false,
    }
}

/// A field's code and title.
const fn field(part: usize, label: Text) -> Fact {
    Fact {
        part,
        label,
        is_own: false,
        is_field: true,
    }
}

const PORTAL_SAYS: Text = text("Ответ портала", "The portal says");
const REASON: Text = text("Причина", "Reason");
const WHAT_CAME: Text = text("Что пришло", "What came");
const BY_ITSELF: Text = text(
    "Ничего делать не нужно: запрос будет доставлен, как только портал ответит.",
    "Nothing needs to be done: the request is delivered as soon as the portal answers.",
);
