//! The administrator's pages in a real browser, used as people use them.
//!
//! - `webdriver`: a headless Chromium, started by `driver`. `person`: somebody in front of it. `checks`: what every page has to stand.
//!   `keyboard`: the same without a mouse.
//! - `website`: pages of other sites. The rest: what people do.
//!
//! Needs Chromium, chromedriver and Node.js with the packages of `package.json`; `tests/run` installs them. Without
//! them these tests fail and say so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod access;
mod channels;
mod checks;
mod driver;
mod forms;
#[path = "../it/harness.rs"]
mod harness;
mod hostile;
mod in_portal;
mod keyboard;
mod person;
mod settings;
mod story;
mod webdriver;
mod website;
