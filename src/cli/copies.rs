//! `backup` and `restore`.

use super::args::{Backup, Global, Restore};
use super::{output, workplace};
use crate::store;

pub fn backup(global: &Global, command: &Backup) -> anyhow::Result<()> {
    workplace::store(global)?.backup_to(&command.file)?;
    output::line(format_args!("{} holds everything", command.file.display()))
}

pub fn restore(global: &Global, command: &Restore) -> anyhow::Result<()> {
    store::restore(&workplace::data_dir(global)?, &command.file, command.force)?;
    output::line(format_args!("{} is restored", command.file.display()))
}
