//! Figures of rounds, and how they are printed.

use std::time::Duration;

use super::load::Outcome;

/// One round of one server.
#[derive(Clone, Copy)]
pub struct Round {
    pub a_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// Processor time of the server for one request.
    pub cpu: Duration,
}

impl Round {
    pub fn of(outcome: &Outcome, cpu: Duration) -> Round {
        let count = outcome.latencies.len();
        assert!(count > 0, "a round without an answer");
        let at = |share: f64| outcome.latencies[((count - 1) as f64 * share).round() as usize];
        Round {
            a_second: count as f64 / outcome.took.as_secs_f64(),
            p50: at(0.5),
            p99: at(0.99),
            cpu: cpu.div_f64(count as f64),
        }
    }
}

/// The value in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    f64::midpoint(low, high)
}

/// `0.93 (0.88–1.01)`: the median, the least and the largest.
pub fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.2} ({least:.2}–{most:.2})", median(values.iter().copied()))
}

/// The medians of a server's rounds, as a row.
pub fn row(name: &str, connections: usize, rounds: &[Round]) {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    println!(
        "{name:<28} {connections:>5} {:>9.0} {:>9.2} {:>9.2} {:>9.1}",
        of(|round| round.a_second),
        of(|round| round.p50.as_secs_f64() * 1e3),
        of(|round| round.p99.as_secs_f64() * 1e3),
        of(|round| round.cpu.as_secs_f64() * 1e6),
    );
}

pub fn heading() {
    println!(
        "{:<28} {:>5} {:>9} {:>9} {:>9} {:>9}",
        "server", "conn.", "accepts/s", "p50 ms", "p99 ms", "CPU µs/rq"
    );
}
