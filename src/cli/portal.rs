//! `portal connect | check | show`.

use anyhow::{anyhow, bail};
use serde_json::json;

use super::args::{AsJson, Check, Connect, Global, HalfDone};
use super::{channel, output, workplace};
use crate::deliver::{self, CATALOG_SETTING, CONNECTION_CREDENTIAL};
use crate::model::Catalog;
use crate::portal::{Connection, Portal, Report};
use crate::store::Store;

/// Stores a connection only after it was seen to work.
pub fn connect(global: &Global, command: &Connect) -> anyhow::Result<()> {
    let text = match command.webhook.as_str() {
        "-" => channel::read_file("-".as_ref())?,
        given => given.to_owned(),
    };
    let connection = Connection::webhook(text.trim())?;
    if connection.is_insecure() {
        output::remark(
            "Warning: http:// sends the webhook's code and your customers' data in clear; use it only inside a network you trust.",
        );
    }
    let portal = Portal::open(connection.clone(), &workplace::way(&command.way)?)?;
    let report = portal.check();
    if !report.passed() {
        print_report(&report)?;
        bail!(
            "the portal was not connected: what is marked as missing is needed; grant it to the webhook and connect again"
        );
    }
    let catalog = portal
        .read_catalog(deliver::now())
        .map_err(|error| anyhow!(error))?;
    let store = workplace::store(global)?;
    settle_half_done(&store, &connection, command.half_done)?;
    store.put_setting(CATALOG_SETTING, &catalog)?;
    store.put_credential(CONNECTION_CREDENTIAL, &connection)?;
    for line in report.lines.iter().filter(|line| !line.ok) {
        output::remark(format_args!("Note: {}: {}", line.name, line.detail));
    }
    output::line(format_args!(
        "Connected to {}: {} lead, {} deal and {} contact fields, {} users.",
        connection.portal(),
        catalog.lead.len(),
        catalog.deal.len(),
        catalog.contact.len(),
        catalog.users.len()
    ))
}

/// Numbers of contacts and deals mean other records in another portal: what is half delivered must not go on there.
fn settle_half_done(store: &Store, new: &Connection, choice: Option<HalfDone>) -> anyhow::Result<()> {
    let known: Option<Connection> = store.credential(CONNECTION_CREDENTIAL)?;
    let moves = known.is_some_and(|known| known.portal() != new.portal());
    let half_done = if moves { store.half_done()? } else { 0 };
    match choice {
        _ if half_done == 0 => Ok(()),
        Some(HalfDone::Continue) => Ok(()),
        Some(HalfDone::StartOver) => {
            let count = store.start_over()?;
            output::remark(format_args!(
                "{count} half delivered submissions start over in the new portal."
            ));
            Ok(())
        }
        None => bail!(
            "{half_done} submissions are half delivered to the portal known so far; say `--half-done continue` if this is the \
             same portal under a new address, or `--half-done start-over` if it is another one"
        ),
    }
}

pub fn check(global: &Global, command: &Check) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let portal = workplace::portal(&store, &workplace::way(&command.way)?)?;
    let report = portal.check();
    if command.json.json {
        output::json(&report.lines)?;
    } else {
        print_report(&report)?;
    }
    if !report.passed() {
        bail!("something that the bridge needs is missing; grant it to the webhook in the portal");
    }
    Ok(())
}

fn print_report(report: &Report) -> anyhow::Result<()> {
    for line in &report.lines {
        let mark = match (line.ok, line.needed) {
            (true, _) => "ok      ",
            (false, true) => "MISSING ",
            (false, false) => "absent  ",
        };
        output::line(format_args!("{mark}{}: {}", line.name, line.detail))?;
    }
    Ok(())
}

pub fn show(global: &Global, command: &AsJson) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let connection: Option<Connection> = store.credential(CONNECTION_CREDENTIAL)?;
    let catalog: Option<Catalog> = store.setting(CATALOG_SETTING)?;
    let Some(connection) = connection else {
        if command.json {
            return output::json(&json!({ "connected": false }));
        }
        return output::line(
            "No portal is connected; connect one with `b24-bridge portal connect --webhook URL`.",
        );
    };
    let read_at = catalog.as_ref().map(|catalog| catalog.taken_at.to_string());
    if command.json {
        return output::json(&json!({
            "connected": true,
            "portal": connection.portal(),
            "connection": connection.to_string(),
            "user_id": connection.user_id(),
            "catalog_read_at": read_at,
            "simple_crm": catalog.is_some_and(|catalog| catalog.simple_crm),
        }));
    }
    output::line(format_args!("portal      {}", connection.portal()))?;
    output::line(format_args!("connection  {connection}"))?;
    output::line(format_args!(
        "fields read {}",
        read_at.unwrap_or_else(|| "never".to_owned())
    ))
}
