//! The real executable against the practice portal, as a website and an administrator use it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cli;
mod contact;
mod cost;
mod delivery;
mod demo;
mod entity;
mod examples;
mod extras;
mod harness;
mod ingest;
mod pages;
mod planner;
mod records;
mod refusals;
mod secrets;
mod users;
mod values;
mod visitor;
