//! The real executable against the practice portal, as a website and an administrator use it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod backlog;
mod contact;
mod crash;
mod delivery;
mod disk;
mod entity;
mod extras;
mod faults;
mod harness;
mod order;
mod planner;
mod records;
mod tally;
