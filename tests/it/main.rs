//! The real executable against the practice portal, as a website and an administrator use it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod app;
mod app_renewal;
mod app_security;
mod backlog;
mod cli;
mod cli_channels;
mod contact;
mod cost;
mod crash;
mod delivery;
mod demo;
mod disk;
mod doctor;
mod entity;
mod examples;
mod extras;
mod faults;
mod harness;
mod ingest;
mod net;
mod order;
mod pages;
mod planner;
mod proxy;
mod records;
mod refusals;
mod retry;
mod secrets;
mod tally;
mod tls;
mod users;
mod values;
mod visitor;
