//! The bridge as a local application inside the portal: installed there, opened by its button, at work in its frame.
//!
//! - `request`: what the portal sends, read into types. `placements`: the buttons, as a plan. Both pure.
//! - `frames`: who works inside the portal's frame.

pub mod frames;
mod placements;
pub mod request;
