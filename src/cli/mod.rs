//! The command line: one file a command. Nothing here decides anything that a page could not decide, too.

mod app;
mod args;
mod channel;
mod copies;
mod demo;
mod doctor;
mod documents;
mod inbox;
mod listener_args;
mod output;
mod plan;
mod portal;
mod serve;
mod user;
mod values;
mod workplace;

use std::process::ExitCode;

use clap::Parser;

use args::{ChannelCommand, Cli, Command, InboxCommand, PortalCommand, UserCommand};

/// Reads the arguments, does the work and says how it went: 0 done, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let global = cli.global;
    match cli.command {
        Command::Serve(command) => serve::serve(&global, &command),
        Command::Demo(command) => demo::demo(&global, command),
        Command::Portal { command } => match command {
            PortalCommand::Connect(command) => portal::connect(&global, &command),
            PortalCommand::Check(command) => portal::check(&global, &command),
            PortalCommand::Show(command) => portal::show(&global, &command),
        },
        Command::Channel { command } => match command {
            ChannelCommand::Apply(command) => channel::apply(&global, &command),
            ChannelCommand::List(command) => channel::list(&global, &command),
            ChannelCommand::Show(command) => channel::show(&global, &command),
            ChannelCommand::Delete(command) => channel::delete(&global, &command),
            ChannelCommand::Export(command) => channel::export(&global, &command),
            ChannelCommand::Plan(command) => plan::plan(&global, &command),
        },
        Command::Inbox { command } => match command {
            InboxCommand::List(command) => inbox::list(&global, &command),
            InboxCommand::Show(command) => inbox::show(&global, &command),
            InboxCommand::Retry(command) => inbox::retry(&global, &command),
            InboxCommand::Purge(command) => inbox::purge(&global, &command),
        },
        Command::User { command } => match command {
            UserCommand::Add(command) => user::add(&global, &command),
            UserCommand::Passwd(command) => user::passwd(&global, &command),
            UserCommand::List(command) => user::list(&global, command),
            UserCommand::Delete(command) => user::delete(&global, &command),
        },
        Command::Doctor(command) => doctor::doctor(&global, &command),
        Command::Backup(command) => copies::backup(&global, &command),
        Command::Restore(command) => copies::restore(&global, &command),
        Command::Completions { shell } => documents::completions(shell),
        Command::Man => documents::man(),
    }
}
