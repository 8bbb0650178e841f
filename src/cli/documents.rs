//! `completions` and `man`: written from the arguments themselves.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use super::output;

pub fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "b24-bridge", &mut script);
    output::document(&script)
}

/// The manual page with all commands, in one roff document.
pub fn man() -> anyhow::Result<()> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands() {
        describe(sub, &mut page)?;
        for inner in sub.get_subcommands() {
            describe(inner, &mut page)?;
        }
    }
    output::document(&page)
}

fn describe(command: &clap::Command, page: &mut Vec<u8>) -> anyhow::Result<()> {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let man = clap_mangen::Man::new(command.clone());
    writeln!(page, ".SH {}", name.to_ascii_uppercase())?;
    if let Some(about) = command.get_about() {
        writeln!(page, "{about}")?;
    }
    man.render_options_section(page)?;
    Ok(())
}
