//! The real executable against the practice portal, as a website and an administrator use it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod delivery;
mod examples;
mod harness;
