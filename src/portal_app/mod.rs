//! The bridge as a local application inside the portal: installed there, opened by its button, at work in its frame.
//!
//! - `request`: what the portal sends, read into types. `placements`: the buttons, as a plan. Both pure.
//! - `door`: who comes in. Everything that a request claims is confirmed by the configured portal first.
//! - `install`: tokens, buttons, notification; `proof`: whether the keys are good for more tokens. `event`: the same without a page, and the removal.
//! - `frames`: who works inside the portal's frame.

pub mod door;
pub mod event;
pub mod frames;
pub mod install;
mod placements;
mod proof;
pub mod request;

pub use door::{Caller, Denied, Verified};
pub use event::Received;
pub use install::{Installed, Installer, Missed};
pub use placements::title;
