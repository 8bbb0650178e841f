//! The bridge as a local application inside the portal: installed there, opened by its button, at work in its frame.
//!
//! - `frames`: who works inside the portal's frame.

pub mod frames;
