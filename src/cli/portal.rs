//! `portal connect | check | show`.

use anyhow::{anyhow, bail};
use serde_json::json;

use super::args::{Check, Connect, Global, HalfDone, Show};
use super::{app, channel, output, workplace};
use crate::deliver::connect::{self, ConnectError};
use crate::deliver::{self, CATALOG_SETTING, CONNECTION_CREDENTIAL};
use crate::model::Catalog;
use crate::portal::{Connection, Report};

/// Stores a connection only after it was seen to work.
pub fn connect(global: &Global, command: &Connect) -> anyhow::Result<()> {
    let text = match command.webhook.as_deref() {
        _ if command.app => return app::connect(global, command),
        Some("-") => channel::read_file("-".as_ref())?,
        given => given.unwrap_or_default().to_owned(),
    };
    let connection = Connection::webhook(text.trim())?;
    if connection.is_insecure() {
        output::remark(
            "Warning: http:// sends the webhook's code and your customers' data in clear; use it only inside a network you trust.",
        );
    }
    let store = workplace::store(global)?;
    let conditions = workplace::conditions(&store, &command.way, None)?;
    let trial = connect::try_out(connection, &conditions.portal)?;
    let Some(catalog) = &trial.catalog else {
        print_report(&trial.report)?;
        if let Some(why) = not_asked(&trial.report) {
            bail!("the portal was not connected: {why}; see the line above");
        }
        bail!(
            "the portal was not connected: what is marked as missing is needed; grant it to the webhook and connect again"
        );
    };
    let kept = connect::keep(&store, &trial.connection, catalog, half_done(command));
    let started_over = kept.map_err(explained)?;
    remark_on(started_over);
    for line in trial.report.lines.iter().filter(|line| !line.ok) {
        output::remark(format_args!("Note: {}: {}", line.name, line.detail));
    }
    if command.json.json {
        return output::json(&json!({
            "connected": true,
            "portal": trial.connection.portal(),
            "started_over": started_over,
            "checks": trial.report.lines,
        }));
    }
    output::line(format_args!(
        "Connected to {}: {} lead, {} deal and {} contact fields, {} users.",
        trial.connection.portal(),
        catalog.lead.len(),
        catalog.deal.len(),
        catalog.contact.len(),
        catalog.users.len()
    ))
}

/// What was said about half delivered submissions.
pub fn half_done(command: &Connect) -> Option<connect::HalfDone> {
    command.half_done.map(|choice| match choice {
        HalfDone::Continue => connect::HalfDone::Continue,
        HalfDone::StartOver => connect::HalfDone::StartOver,
    })
}

/// With the flag that helps.
pub fn explained(error: ConnectError) -> anyhow::Error {
    match error {
        ConnectError::HalfDone(_) => anyhow!(
            "{error}; say `--half-done continue` if this is the same portal under a new address, or `--half-done start-over` \
             if it is another one"
        ),
        error => error.into(),
    }
}

pub fn remark_on(started_over: u64) {
    if started_over > 0 {
        output::remark(format_args!(
            "{started_over} half delivered submissions start over in the new portal."
        ));
    }
}

pub fn check(global: &Global, command: &Check) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let conditions = workplace::conditions(&store, &command.way, None)?;
    let portal = workplace::portal(&store, &conditions.portal)?;
    let report = portal.check();
    if command.json.json {
        output::json(&report.lines)?;
    } else {
        print_report(&report)?;
    }
    if let Some(why) = not_asked(&report) {
        bail!("{why}; see the line above");
    }
    if !report.passed() {
        bail!(
            "something that the bridge needs is missing; grant it to the webhook or the application in the portal"
        );
    }
    Ok(())
}

/// Why the lines say nothing of what is missing.
fn not_asked(report: &Report) -> Option<&'static str> {
    match () {
        () if report.is_turned_away() => Some("the portal refuses the connection"),
        () if report.is_cut_off() => Some("the portal could not be asked"),
        () => None,
    }
}

fn print_report(report: &Report) -> anyhow::Result<()> {
    for line in &report.lines {
        output::line(format_args!("{:<8}{}: {}", line.mark(), line.name, line.detail))?;
    }
    Ok(())
}

pub fn show(global: &Global, command: &Show) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let connection: Option<Connection> = store.credential(CONNECTION_CREDENTIAL)?;
    let catalog: Option<Catalog> = store.setting(CATALOG_SETTING)?;
    let application = deliver::app::status(&store)?;
    let admin_url = workplace::admin_url(&store, &command.admin)?;
    let read_at = catalog.as_ref().map(|catalog| catalog.taken_at.to_string());
    if command.json.json {
        let mut shown = match &connection {
            None => json!({ "connected": false }),
            Some(connection) => json!({
                "connected": true,
                "portal": connection.portal(),
                "connection": connection.to_string(),
                "user_id": connection.user_id(),
                "catalog_read_at": read_at,
                "simple_crm": catalog.is_some_and(|catalog| catalog.simple_crm),
            }),
        };
        if let Some(application) = &application {
            if let deliver::app::AppState::Installed { user_id, .. } = &application.state
                && application.delivers
            {
                shown["user_id"] = json!(user_id);
            }
            shown["application"] = app::shown(application, &admin_url);
        }
        return output::json(&shown);
    }
    match &connection {
        None if application.is_none() => {
            return output::line(
                "No portal is connected; connect one with `b24-bridge portal connect --webhook URL`, or with --app.",
            );
        }
        None => output::line("No portal is connected yet: the application does not deliver.")?,
        Some(connection) => {
            output::line(format_args!("portal      {}", connection.portal()))?;
            output::line(format_args!("connection  {connection}"))?;
            output::line(format_args!(
                "fields read {}",
                read_at.unwrap_or_else(|| "never".to_owned())
            ))?;
        }
    }
    match &application {
        Some(application) => app::show(application, &admin_url),
        None => Ok(()),
    }
}
