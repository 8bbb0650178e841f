//! What the commands print: results to stdout, errors to stderr in one line.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// Prints one line of a result.
pub fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    quiet_pipe(writeln!(io::stdout().lock(), "{text}"))
}

/// Prints a value as indented JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// Prints rows under their headings, columns aligned.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let shown = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    line(shown(headings.to_vec()))?;
    rows.iter()
        .try_for_each(|row| line(shown(row.iter().map(String::as_str).collect())))
}

/// A remark for the person, apart from the result.
pub fn remark(text: impl std::fmt::Display) {
    // Nobody can be told that stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The one line in which a command says why it failed: each cause once.
pub fn error(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    remark(format_args!("b24-bridge: {}", text.replace('\n', " ")));
}

/// Whether somebody watches.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// `b24-bridge … | head` closes the pipe early: that is no failure.
fn quiet_pipe(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
