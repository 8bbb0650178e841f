//! What the commands print: results to stdout, errors to stderr in one line.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

/// Prints one line of a result.
pub fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    quiet_pipe(writeln!(io::stdout().lock(), "{}", harmless(&text.to_string())))
}

/// Prints a whole document.
pub fn document(bytes: &[u8]) -> anyhow::Result<()> {
    quiet_pipe(io::stdout().lock().write_all(bytes))
}

/// What a website sent may hold codes that a terminal obeys: they are written out (`\u001b`), in the notation that JSON
/// has for them.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// A cell of a table: one line, whatever it holds.
fn in_one_line(cell: &str) -> String {
    let words: Vec<&str> = cell
        .split(['\n', '\r', '\t'])
        .filter(|part| !part.is_empty())
        .collect();
    harmless(&words.join(" "))
}

/// Prints a value as indented JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// Prints rows under their headings, columns aligned.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| in_one_line(cell)).collect())
        .collect();
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

/// Wrong usage, or what was asked for with `--help`. Usage errors repeat what was typed, and that may be a webhook's
/// address in the wrong place: its code is left out.
pub fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let shown = without_codes(&text);
    if shown == text {
        // With its colours, and to stdout or stderr as it belongs.
        let _ = error.print();
    } else {
        remark(shown.trim_end());
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// `text` with the codes of webhooks' addresses (`…/rest/1/code/`) replaced.
fn without_codes(text: &str) -> String {
    const REST: &str = "/rest/";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(REST) {
        let (before, after) = rest.split_at(at + REST.len());
        out.push_str(before);
        let user = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        rest = after;
        if user == 0 || after.as_bytes().get(user) != Some(&b'/') {
            continue;
        }
        let (user, code) = after.split_at(user + 1);
        out.push_str(user);
        out.push('…');
        rest = code.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    }
    out.push_str(rest);
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(
            harmless("a\u{1b}[31m\u{9b}31m\r\nб\t😀"),
            "a\\u001b[31m\\u009b31m\\u000d\nб\t😀"
        );
        assert_eq!(in_one_line("a\r\nFAKE  ROW\u{7}\n"), "a FAKE  ROW\\u0007");
    }

    #[test]
    fn codes_are_left_out_of_what_was_typed() {
        for (typed, shown) in [
            (
                "'https://p.example/rest/1/abc0_-d/' found",
                "'https://p.example/rest/1/…/' found",
            ),
            (
                "/rest/12/abc/crm.lead.add /rest/3/x",
                "/rest/12/…/crm.lead.add /rest/3/…",
            ),
            (
                "/rest/ /rest/abc/1 /rest/1 no/rest",
                "/rest/ /rest/abc/1 /rest/1 no/rest",
            ),
        ] {
            assert_eq!(without_codes(typed), shown);
        }
    }
}
