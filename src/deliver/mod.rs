//! Brings stored submissions into the portal.
//!
//! - `engine`: the threads, what they share, how they start and stop.
//! - `feed`: takes new submissions up and puts unfinished ones on the board.
//! - `long_lines`: who waits off the board, so that there is room on it for everybody.
//! - `board`: who may go now. `wave`: how calls share a batch. Both pure.
//! - `turn`: one batch from plan to recorded facts.
//! - `task`: one submission with all that is known of it.
//! - `keeper`: is the portal there? Keeps the connection, the catalogue and the probes.
//! - `connect`: a connection is tried, then stored. `app`: the portal reached as a local application. `tokens`: where its
//!   tokens are kept. `preferences`: settings that may change while all this runs.
//! - `rehearsal`: the dry run of `channel plan`.

pub mod app;
mod board;
mod clock;
pub mod connect;
mod engine;
mod feed;
mod keeper;
mod long_lines;
mod preferences;
mod rehearsal;
mod task;
mod tokens;
mod turn;
mod wave;

pub use clock::now;
pub use engine::{CATALOG_SETTING, CONNECTION_CREDENTIAL, Engine, Options};
pub use keeper::{Health, Weather};
pub use preferences::{Conditions, Given, PREFERENCES_SETTING, Preferences, USUAL_COUNTRY, USUAL_PROFILE};
pub use rehearsal::{Rehearsal, RehearsalError, Rehearsed, rehearse};
pub use task::{Asked, Task, submission};
pub use tokens::open;
pub use wave::{Packed, Share, pack};
