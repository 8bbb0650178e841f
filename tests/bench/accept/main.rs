//! `cargo bench --bench accept`: how fast submissions are accepted, beside what HTTP and the disk allow.
//!
//! Three servers, each a process of its own, take the same form from the same load generator (a thread of this
//! process) in short rounds that follow one another: (a) bare hyper, (b) hyper and one SQLite writer that commits in
//! groups, (c) the release executable. Machines are noisy, so what counts is the ratio of adjacent rounds, c to b,
//! and its median. After every round the file is read: each id that was answered must be committed, once.
//!
//! No speed fails the bench; a lost, doubled or uncommitted submission does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement at a terminal, not a part of the program"
)]

mod committed;
mod figures;
mod load;
mod reference;
mod rounds;
mod server;

use std::path::PathBuf;
use std::time::Duration;

/// What is measured, from the command line.
pub struct Plan {
    /// The bridge's executable.
    pub binary: PathBuf,
    /// Rounds of each server at each number of connections.
    pub rounds: usize,
    /// How long a round is measured, after a warm-up.
    pub span: Duration,
    /// Rows stored before accepting into a full database is measured; 0 leaves that out.
    pub rows: u64,
    pub connections: Vec<usize>,
    /// Leaves out everything but the comparison.
    pub only_rounds: bool,
}

const USAGE: &str = "\
cargo bench --bench accept -- [--quick] [--rounds N] [--seconds S] [--connections 1,32,256] [--rows N] [--binary FILE] [--only-rounds]

  --quick          one short round of everything: shows that the bench works, measures nothing
  --rounds N       rounds of each server at each number of connections (5)
  --seconds S      how long a round is (2)
  --rows N         rows stored before accepting into a full database is measured (1000000); 0 leaves it out
  --binary FILE    another executable of the bridge, such as the static one
  --only-rounds    the comparison alone";

fn main() {
    let mut words = std::env::args().skip(1);
    let role = words.next().unwrap_or_default();
    match role.as_str() {
        reference::ECHO => return reference::echo(),
        reference::GROUP => return reference::group(&words.next().expect("a folder")),
        reference::PORTAL => return reference::portal(),
        _ => {}
    }
    let Some(plan) = plan(std::env::args().skip(1)) else {
        println!("{USAGE}");
        std::process::exit(2);
    };
    if cfg!(debug_assertions) {
        println!("(this is no release build: the figures mean nothing)");
    }
    rounds::conditions(&plan);
    rounds::compare(&plan);
    if !plan.only_rounds {
        rounds::start(&plan);
        rounds::beside_delivery(&plan);
        if plan.rows > 0 {
            rounds::into_a_full_database(&plan);
        }
    }
}

fn plan(mut words: impl Iterator<Item = String>) -> Option<Plan> {
    let mut plan = Plan {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_b24-bridge")),
        rounds: 5,
        span: Duration::from_secs(2),
        rows: 1_000_000,
        connections: vec![1, 32, 256],
        only_rounds: false,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            // Cargo says so to every bench.
            "--bench" => {}
            "--quick" => {
                plan.rounds = 1;
                plan.span = Duration::from_millis(300);
                plan.rows = 20_000;
            }
            "--rounds" => plan.rounds = words.next()?.parse().ok()?,
            "--seconds" => plan.span = Duration::try_from_secs_f64(words.next()?.parse().ok()?).ok()?,
            "--rows" => plan.rows = words.next()?.replace('_', "").parse().ok()?,
            "--connections" => {
                let list = words.next()?;
                plan.connections = list.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
            }
            "--binary" => plan.binary = PathBuf::from(words.next()?),
            "--only-rounds" => plan.only_rounds = true,
            _ => return None,
        }
    }
    (plan.rounds > 0 && plan.span > Duration::ZERO && !plan.connections.contains(&0)).then_some(plan)
}
