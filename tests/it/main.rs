//! The real executable against the practice portal, as a website and an administrator use it.

mod delivery;
mod harness;
