//! Channels: the list, what can be done with one, its settings and its mappings.
//!
//! The settings are one form. `draft` is the form as it was typed, `verdict` what it comes to, `sheet` and `rows` how
//! it is shown, `settings` what its buttons do. `picks` is what the portal offers, `samples` what the website sends,
//! `warnings` what the manual warns of. `list` and `remove` are the other pages.

mod draft;
mod list;
#[cfg(test)]
mod page_tests;
mod picks;
mod remove;
mod rows;
mod samples;
mod settings;
mod sheet;
mod spam;
mod stages;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod verdict;
mod warnings;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::store::StoredChannel;
use crate::web::admin::router::{Route, change, show};
use crate::web::admin::visit::{Problem, Visit};

pub const ROUTES: &[Route] = &[
    show("/channels", list::list),
    show("/new-channel", settings::new),
    change("/new-channel", settings::create),
    show("/channels/{slug}", settings::edit),
    change("/channels/{slug}", settings::save),
    change("/channels/{slug}/on", list::switch_on),
    change("/channels/{slug}/off", list::switch_off),
    change("/channels/{slug}/copy", list::duplicate),
    show("/channels/{slug}/delete", remove::ask),
    change("/channels/{slug}/delete", remove::delete),
];

/// What a slug is made of when `channel_file` has looked at it.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// The address of a channel's settings.
fn path(slug: &str) -> String {
    format!("/channels/{}", utf8_percent_encode(slug, PLAIN))
}

/// The address of a channel's requests.
fn inbox(slug: &str) -> String {
    format!("/inbox?channel={}", utf8_percent_encode(slug, PLAIN))
}

/// The channel that stands in the path.
fn asked_for(visit: &Visit<'_>) -> Result<StoredChannel, Problem> {
    visit
        .site
        .store
        .channel(visit.param("slug"))?
        .ok_or(Problem::NotFound)
}
