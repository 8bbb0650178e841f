//! b24-bridge: takes website forms into a self-hosted Bitrix24, stored durably and delivered exactly once.
//!
//! # The data's way
//!
//! ```text
//! website ─HTTP─► http ──► web::ingest ─bytes─► intake ─Submission─► store::inbox  (COMMIT, then 200 / 303)
//!                                                                         │ append wakes the engine
//!   admin ─HTTP─► http ──► web       ◄──── rows ──── store                ▼
//!                                                              deliver::engine
//!                                                                 │ Job = submission + channel + journal
//!                                                                 ▼
//!                                               plan::next(&Job) ─► Ask(calls) │ Wait │ Done │ Failed
//!                                                                 │ Ask
//!                           asks of many jobs, one person per wave ─► one batch of at most 50 commands
//!                                                                 │
//!                           store::journal ◄─ begin(calls) ───────┤            (intent, before the effect)
//!                           store::journal ◄─ facts ── portal.batch ── wire::encode / decode / verdict
//!                                                                 └──────────► plan::next again
//! ```
//!
//! # Layers: imports go down only (`tests/architecture.rs` enforces it)
//!
//! - 0 `model`: plain values.
//! - 1 rules, pure: `intake` (bytes → fields), `template`, `channel_file`, `values`, `wire` (Call ↔ REST), `plan`,
//!   `throttle`, `certificate` (X.509).
//! - 2 adapters, each owns one outside thing and knows no other: `http` (hyper), `store` (SQLite), `portal` (ureq),
//!   `probe` (sockets and disks, looked at), `logging`, `signals`.
//! - 3 services: `deliver`, `web`, `doctor`, `housekeeping`, `portal_app`, `practice_portal`.
//! - 4 shell: `run`, `cli`, `main`.

pub mod model;

pub mod certificate;
pub mod channel_file;
pub mod intake;
pub mod plan;
pub mod template;
pub mod throttle;
pub mod values;
pub mod wire;

pub mod http;
pub mod logging;
pub mod portal;
pub mod probe;
pub mod signals;
pub mod store;

pub mod deliver;
pub mod doctor;
pub mod housekeeping;
pub mod portal_app;
pub mod practice_portal;
pub mod web;

pub mod cli;
pub mod run;
