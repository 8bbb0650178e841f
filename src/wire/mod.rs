//! Calls as the portal reads them, and the portal's replies as the bridge reads them. Pure: bytes in,
//! values out.
//!
//! [`encode`] writes, [`decode`] reads, [`verdict`] decides what a refusal or a strange answer means
//! for a call that must be done exactly once, [`catalog`] knows which calls describe a portal and
//! makes a [`crate::model::Catalog`] of their answers.

pub mod catalog;
mod catalog_fields;
pub mod decode;
pub mod encode;
pub mod oauth;
mod plain;
pub mod verdict;

pub use plain::plain_text;
