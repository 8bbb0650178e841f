//! `channel plan`: the dry run.

use std::sync::Arc;

use anyhow::anyhow;
use bytes::Bytes;
use serde::Serialize;

use super::args::{Global, Plan};
use super::{channel, output, workplace};
use crate::deliver::{self, Rehearsal, Rehearsed, rehearse};
use crate::intake::{self, Decoded, Limits, Method, Raw, spam};
use crate::model::{Channel, Submission, SubmissionId};

pub fn plan(global: &Global, command: &Plan) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let stored = channel::find(&store, &command.slug)?;
    let body = Bytes::from(channel::read_file(&command.data)?.trim_end().to_owned());
    let raw = Raw {
        method: Method::Post,
        query: "",
        content_type: None,
        body: &body,
    };
    let mut decoded = intake::decode(&raw, &Limits::default())
        .map_err(|error| anyhow!("{}: {error}", channel::name_of(&command.data)))?;
    let secret = decoded.take_secret();
    let not_delivered = not_delivered(&stored.channel, &decoded, secret.as_deref());
    let now = deliver::now();
    let submission = Submission {
        id: SubmissionId::first_at(now),
        received_at: now,
        received_via: stored.channel.slug.clone(),
        fields: decoded.fields,
        attachments: decoded.attachments,
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
    };
    let conditions = workplace::conditions(&store, &command.way, Some(&command.country))?;
    let portal = workplace::portal(&store, &conditions.portal)?;
    let catalog = portal.read_catalog(now).map_err(|error| anyhow!(error))?;
    let rehearsal = rehearse(
        &portal,
        &catalog,
        Arc::new(stored),
        submission,
        &conditions.country,
    )?;
    if command.json.json {
        return output::json(&Planned {
            rehearsal: &rehearsal,
            not_delivered,
        });
    }
    if let Some(why) = not_delivered {
        output::line(format_args!("Would not be delivered: {why}. If it were:"))?;
    }
    print(&rehearsal)
}

#[derive(Serialize)]
struct Planned<'r> {
    #[serde(flatten)]
    rehearsal: &'r Rehearsal,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_delivered: Option<String>,
}

/// Why such a request would be stored and not delivered, with what can be known here.
fn not_delivered(channel: &Channel, decoded: &Decoded, secret: Option<&str>) -> Option<String> {
    if decoded.is_test() {
        return Some("it is a connection test, or holds no field".to_owned());
    }
    let spam = spam::caught(channel, &decoded.fields, secret.map(str::as_bytes));
    spam.map(|why| format!("it would be kept as spam, {why}"))
        .or_else(|| (!channel.enabled).then(|| "the channel is off, and it would wait".to_owned()))
}

fn print(rehearsal: &Rehearsal) -> anyhow::Result<()> {
    output::line("Read from the portal:")?;
    calls(&rehearsal.reads)?;
    if let Some(failure) = &rehearsal.failure {
        return output::line(format_args!(
            "Would fail at step {}: {}",
            failure.step, failure.text
        ));
    }
    if rehearsal.writes.is_empty() {
        output::line("Would write nothing.")?;
    } else {
        output::line("Would write, in this order:")?;
        calls(&rehearsal.writes)?;
    }
    match &rehearsal.result {
        Some(result) => output::line(format_args!("Result: {}", serde_json::to_string(result)?)),
        None => Ok(()),
    }
}

fn calls(calls: &[Rehearsed]) -> anyhow::Result<()> {
    if calls.is_empty() {
        output::line("  nothing")?;
    }
    for call in calls {
        output::line(format_args!(
            "  {:<24} {} {}",
            call.step, call.method, call.params
        ))?;
        if let Some(answer) = &call.answer {
            let text = answer.to_string();
            let short: String = text.chars().take(200).collect();
            output::line(format_args!(
                "  {:<24} → {short}{}",
                "",
                if short.len() < text.len() { "…" } else { "" }
            ))?;
        }
    }
    Ok(())
}
