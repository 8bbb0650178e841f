//! The real executable against the practice portal, as a website and an administrator use it.

mod contact;
mod delivery;
mod entity;
mod extras;
mod harness;
mod records;
mod refusals;
mod values;
