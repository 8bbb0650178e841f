//! `user add | passwd | list | delete`: administrators of the pages.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::args::{AsJson, Global, Name};
use super::{output, workplace};
use crate::web::admin::password;

/// A first line longer than this is no password.
const LINE: u64 = 4 << 10;

pub fn add(global: &Global, command: &Name) -> anyhow::Result<()> {
    if !password::is_name(&command.name) {
        bail!(
            "\"{}\" is no name for an administrator; take one of at most {} characters on one line",
            command.name.escape_debug(),
            password::LONGEST_NAME
        );
    }
    let store = workplace::store(global)?;
    if store.account(&command.name)?.is_some() {
        bail!("{}", taken(&command.name));
    }
    let hash = asked_for(&command.name)?;
    match store.add_account(&command.name, hash)? {
        Some(_) => output::line(format_args!("{} can sign in now", command.name.trim())),
        None => bail!("{}", taken(&command.name)),
    }
}

fn taken(name: &str) -> String {
    format!(
        "there is an administrator {name} already; set another password with `b24-bridge user passwd {name}`"
    )
}

pub fn passwd(global: &Global, command: &Name) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    if store.account(&command.name)?.is_none() {
        bail!("{}", unknown(&command.name));
    }
    let hash = asked_for(&command.name)?;
    if !store.set_password(&command.name, hash, None)? {
        bail!("{}", unknown(&command.name));
    }
    output::line(format_args!(
        "{} has another password and must sign in again",
        command.name
    ))
}

pub fn list(global: &Global, json: AsJson) -> anyhow::Result<()> {
    let accounts = workplace::store(global)?.accounts()?;
    if json.json {
        let all: Vec<Value> = accounts
            .iter()
            .map(|account| {
                json!({
                    "name": account.name,
                    "language": account.language,
                    "created_at": account.created_at.to_string(),
                    "last_sign_in_at": account.seen_at.map(|at| at.to_string()),
                })
            })
            .collect();
        return output::json(&all);
    }
    let rows: Vec<Vec<String>> = accounts
        .into_iter()
        .map(|account| {
            let seen = account
                .seen_at
                .map_or_else(|| "never".to_owned(), |at| at.to_string());
            vec![account.name, account.created_at.to_string(), seen]
        })
        .collect();
    output::table(&["NAME", "CREATED", "LAST SIGN-IN"], &rows)
}

pub fn delete(global: &Global, command: &Name) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    if !store.delete_account(&command.name)? {
        bail!("{}", unknown(&command.name));
    }
    output::line(format_args!("{} is no administrator any more", command.name))?;
    if !store.has_accounts()? {
        output::remark("There is no administrator now; `b24-bridge user add NAME` makes one.");
    }
    Ok(())
}

fn unknown(name: &str) -> String {
    format!("there is no administrator {name}; `b24-bridge user list` shows those there are")
}

/// A new password's hash: asked for twice at a terminal, else from the first line of standard input.
fn asked_for(name: &str) -> anyhow::Result<String> {
    let password = if io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ").context("while asking for the password")?;
        let again = rpassword::prompt_password("Again: ").context("while asking for the password")?;
        if first != again {
            bail!("the two passwords differ; nothing was changed");
        }
        first
    } else {
        let mut line = String::new();
        io::Read::take(io::stdin().lock(), LINE)
            .read_line(&mut line)
            .context("while reading the password from standard input")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    password::check(name, &password)?;
    Ok(password::hash(&password)?)
}
