//! Layer 2: a close look at one thing of the outside, for `doctor`: a socket, a TLS handshake, a name, a disk.
//!
//! Nothing secret is ever sent from here, so a peer need not be trusted to be looked at. Everything blocks, and most of
//! it has a time limit of its own; what cannot have one (the name service, a hung disk) is for the caller to leave
//! behind.

mod disk;
mod http;
mod names;
mod socket;
mod tls;

pub use disk::{Kind, Room, kind, room, sync_times};
pub use http::{Seen, get};
pub use names::{Source, source};
pub use socket::{Tunnel, connect, is_free};
pub use tls::{Distrust, Handshake, Roots, Secured, shake};
