//! Layer 0: plain values that every other layer speaks in. No I/O, no clock, no randomness.

pub mod app;
pub mod call;
pub mod catalog;
pub mod channel;
pub mod id;
pub mod job;
pub mod language;
pub mod secret;
pub mod submission;
pub mod time;

pub use app::{AppKeys, AppTokens, Gone, GoneWhy, Installation};
pub use call::{Answer, Arg, Call, Effect, Refusal, Trouble, TroubleKind};
pub use catalog::{Catalog, Field, FieldKind, Fields, Label, Stage, User};
pub use channel::{Channel, Entity, Mapping, Mode, Of, OnFound};
pub use id::SubmissionId;
pub use job::{ContactAction, EntityAction, Failure, Journal, Outcome, Step, StepState};
pub use language::Language;
pub use secret::Secret;
pub use submission::{Attachment, State, Submission};
pub use time::Millis;
