//! Looks the whole installation over: the folder, the disk, the database, the way to the portal, what the portal
//! grants, our own listeners. Changes nothing, makes nothing, and ends: every look has a time limit.
//!
//! - `folder`: the data directory, its permissions, its disk, its database.
//! - `way`: the portal's name and route; `trust`: its certificate; `clock`: its clock; `rest`: what its interface grants.
//! - `listeners`: does `serve` run, do its listeners answer, do their certificates hold.
//! - `firewall`: which connections must be let through.

mod authorization;
mod clock;
mod finding;
mod firewall;
mod folder;
mod listeners;
mod patience;
mod rest;
mod trust;
mod way;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::http::TlsFiles;
use crate::model::Millis;
use crate::portal::{self, Connection};

pub use finding::{Finding, Status};
pub use firewall::Opening;
use patience::{Late, later};

/// The setting under which a running server notes where it listens.
pub const LISTENING_SETTING: &str = "listening";

/// For one step over the network: longer than any healthy one takes.
const STEP: Duration = Duration::from_secs(5);
/// For a look at the disk, which may hang.
const DISK: Duration = Duration::from_secs(15);
/// For reading the database through.
const READING: Duration = Duration::from_secs(20);

/// Where a running server listens, and under which addresses it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    pub websites: SocketAddr,
    pub websites_tls: bool,
    pub public_url: String,
    pub admin: SocketAddr,
    pub admin_tls: bool,
    pub admin_url: String,
}

/// What is looked over, as the flags say.
#[derive(Debug, Clone)]
pub struct Subject {
    pub data_dir: PathBuf,
    pub way: portal::Options,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    pub tls: Option<TlsFiles>,
    pub admin_tls: Option<TlsFiles>,
}

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub passed: bool,
    pub checks: Vec<Finding>,
    /// Connections that firewalls must let through.
    pub firewall: Vec<Opening>,
}

/// Looks everything over; `say` hears of each finding as soon as those before it are there.
pub fn examine(subject: &Subject, mut say: impl FnMut(&Finding)) -> Report {
    let mut checks = Vec::new();
    let mut tell = |found: Vec<Finding>| {
        found.iter().for_each(&mut say);
        checks.extend(found);
    };
    let dir = subject.data_dir.clone();
    let first = later(move || folder::look(&dir)).within(DISK);
    let folder = match first {
        Ok(folder) => folder,
        Err(Late) => {
            tell(vec![folder::hung(&subject.data_dir)]);
            folder::Folder::default()
        }
    };
    tell(folder.findings);
    // What does not depend on each other is looked at together.
    let dir = subject.data_dir.clone();
    let disk = later(move || folder::disk(&dir));
    let database = folder
        .database
        .map(|database| later(move || folder::database(database, READING)));
    let (options, connection, installation) = (subject.way.clone(), folder.connection, folder.installation);
    let connected = connection.clone();
    let is_closed = folder.is_closed;
    let portal = later(move || {
        if is_closed {
            way::Found::unknown()
        } else {
            way::look(connection.as_ref(), installation.as_ref(), &options)
        }
    });
    let (told, listening) = (subject.clone(), folder.listening.clone());
    let listeners = later(move || listeners::look(&told, folder.is_running, listening.as_ref()));

    tell(
        disk.within(DISK)
            .unwrap_or_else(|Late| vec![folder::hung(&subject.data_dir)]),
    );
    if let Some(database) = database {
        let late = || {
            vec![Finding::failed(
                "database",
                "it could not be read in time",
                "check the disk",
            )]
        };
        tell(database.within(READING + DISK).unwrap_or_else(|Late| late()));
    }
    let found = portal
        .within(way::LONGEST)
        .unwrap_or_else(|Late| way::Found::late());
    tell(found.findings);
    tell(listeners.within(listeners::LONGEST).unwrap_or_else(|Late| {
        vec![Finding::failed(
            "listeners",
            "they could not be looked at in time",
            "look at the log of `serve`",
        )]
    }));
    let renews = matches!(connected, Some(Connection::App(_)));
    let firewall = firewall::openings(
        connected.as_ref().and(found.whereabouts.as_ref()),
        renews.then_some(subject.way.oauth_url.as_str()),
        folder
            .listening
            .map_or(subject.listen, |listening| listening.websites),
    );
    Report {
        passed: checks.iter().all(|finding| finding.status != Status::Failed),
        checks,
        firewall,
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
