//! The pages, a file for each subject. A page is added by its file's `ROUTES` and a line in [`ALL`].

mod access;
mod channels;
mod in_portal;
mod inbox;
mod overview;
mod portal;
mod settings;
mod trouble;
mod try_it;

use super::router::Route;

pub use trouble::problem;

/// Every page there is.
pub const ALL: &[&[Route]] = &[
    access::ROUTES,
    channels::ROUTES,
    in_portal::ROUTES,
    inbox::ROUTES,
    overview::ROUTES,
    portal::ROUTES,
    settings::ROUTES,
    try_it::ROUTES,
];
