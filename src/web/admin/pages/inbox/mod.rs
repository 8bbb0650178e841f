//! The inbox: every request that came in, what became of it and why, and how to mend it.
//!
//! - `search`: what is looked for, read from the address and written back into it.
//! - `list`: the requests, newest first. `detail`: one request, with `arrived` (what came), `standing` (what became of
//!   it) and `steps` (every call and the portal's answer).
//! - `again`: deliver again, one or all that are found. `export`: CSV. `raw`: a body as it came.
//! - `crm`: records of the portal as links.

mod again;
mod arrived;
mod crm;
mod detail;
mod export;
mod list;
mod raw;
mod search;
mod standing;
mod steps;
#[cfg(test)]
mod tests;

use crate::web::admin::router::{Route, change, show};

pub const ROUTES: &[Route] = &[
    show("/inbox", list::list),
    show("/inbox/export", export::export),
    show("/inbox/again", again::ask),
    change("/inbox/again", again::start),
    show("/inbox/again/{job}", again::progress),
    show("/inbox/{id}", detail::detail),
    show("/inbox/{id}/raw", raw::raw),
    change("/inbox/{id}/again", again::one),
];
