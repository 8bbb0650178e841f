//! (throttle)
