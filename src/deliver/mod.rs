//! Brings stored submissions into the portal.
//!
//! - `engine`: the threads, what they share, how they start and stop.
//! - `feed`: takes new submissions up and puts unfinished ones on the board.
//! - `board`: who may go now. `wave`: how calls share a batch. Both pure.
//! - `turn`: one batch from plan to recorded facts.
//! - `task`: one submission with all that is known of it.
//! - `keeper`: is the portal there? Keeps the connection, the catalogue and the probes.
//! - `rehearsal`: the dry run of `channel plan`.

mod board;
mod clock;
mod engine;
mod feed;
mod keeper;
mod rehearsal;
mod task;
mod turn;
mod wave;

pub use clock::now;
pub use engine::{CATALOG_SETTING, CONNECTION_CREDENTIAL, Engine, Options};
pub use keeper::{Health, Weather};
pub use rehearsal::{Rehearsal, Rehearsed, rehearse};
pub use task::{Asked, Task, submission};
pub use wave::{Packed, Share, pack};
