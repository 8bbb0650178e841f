//! `inbox list | show | retry | purge`.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::args::{Global, InboxList, InboxShow, Purge, Retry};
use super::{output, workplace};
use crate::deliver;
use crate::intake;
use crate::model::{State, StepState, SubmissionId};
use crate::store::{ChannelKey, Filter, PastStep, Retried, ServeLock, Standing, Store, StoreError, Stored};

/// How often a waiting person's progress bar is brought up to date.
const LOOK: Duration = Duration::from_millis(200);

pub fn list(global: &Global, command: &InboxList) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let filter = Filter {
        channel: command
            .channel
            .as_deref()
            .map(|slug| key_of(&store, slug))
            .transpose()?,
        state: command.state,
        text: command.text.clone(),
        ..Filter::default()
    };
    let lines = store.list(&filter, command.limit)?;
    let slugs = slugs(&store);
    if command.json.json {
        let all: Vec<Value> = lines
            .iter()
            .map(|line| {
                let slug = slug(&slugs, line.channel);
                let mut object = heading(line.id, &slug, line.via.as_deref(), &line.standing);
                object.insert("summary".to_owned(), json!(line.standing.summary));
                Value::Object(object)
            })
            .collect();
        return output::json(&all);
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            vec![
                line.id.to_string(),
                line.id.at().to_string(),
                slug(&slugs, line.channel),
                line.standing.state.as_str().to_owned(),
                line.standing.summary.clone(),
                line.standing.error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["ID", "RECEIVED", "CHANNEL", "STATE", "SUMMARY", "ERROR"], &rows)
}

fn key_of(store: &Store, slug: &str) -> anyhow::Result<ChannelKey> {
    match store.directory().by_slug(slug) {
        Some(stored) => Ok(stored.key),
        None => {
            bail!("there never was a channel \"{slug}\"; `b24-bridge channel list` shows those there are")
        }
    }
}

/// Slugs by key, deleted channels included: their submissions are still listed.
fn slugs(store: &Store) -> HashMap<ChannelKey, String> {
    let directory = store.directory();
    directory
        .all()
        .map(|stored| (stored.key, stored.channel.slug.clone()))
        .collect()
}

fn slug(slugs: &HashMap<ChannelKey, String>, key: ChannelKey) -> String {
    slugs.get(&key).cloned().unwrap_or_default()
}

/// What `list` and `show` have in common, in the contract's order.
fn heading(id: SubmissionId, slug: &str, via: Option<&str>, standing: &Standing) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", json!(id.to_string()));
    put("channel", json!(slug));
    put("received_via", json!(via.unwrap_or(slug)));
    put("received_at", json!(id.at().to_string()));
    put("state", json!(standing.state.as_str()));
    put("attempts", json!(standing.attempts));
    put(
        "next_attempt_at",
        json!(standing.next_attempt_at.map(|at| at.to_string())),
    );
    put("error", json!(standing.error));
    object
}

fn id(text: &str) -> anyhow::Result<SubmissionId> {
    Ok(text.parse::<SubmissionId>()?)
}

pub fn show(global: &Global, command: &InboxShow) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let id = id(&command.id)?;
    let stored = store.load(id)?.ok_or_else(|| {
        anyhow!("there is no submission {id}; `b24-bridge inbox list` shows the newest ones, older ones may have been purged")
    })?;
    let slug = slug(&slugs(&store), stored.received.channel);
    let mut object = heading(id, &slug, stored.received.via.as_deref(), &stored.standing);
    if let Some(at) = stored.standing.body_removed_at {
        object.insert("body_removed_at".to_owned(), json!(at.to_string()));
    }
    let fields = match deliver::submission(&stored.received, &slug) {
        Ok(submission) => Value::Object(submission.fields),
        // What could not be read is shown as it came.
        Err(_) => Value::Null,
    };
    if fields.is_null() {
        let received = &stored.received;
        let body = intake::masked_body(&received.body, received.content_type.as_deref());
        object.insert("raw".to_owned(), json!(String::from_utf8_lossy(&body)));
    }
    object.insert("fields".to_owned(), fields);
    object.insert(
        "result".to_owned(),
        serde_json::to_value(&stored.standing.result)?,
    );
    let steps = store.history(id)?;
    if command.json.json {
        object.insert("steps".to_owned(), steps.iter().map(step_json).collect());
        return output::json(&object);
    }
    print(&object, &stored, &steps)
}

fn step_json(past: &PastStep) -> Value {
    let step = &past.step;
    json!({
        "step": step.key,
        "method": step.method,
        "sent": step.sent,
        "answer": answer(&step.state),
        "at": step.begun_at.to_string(),
        "took_ms": step.took_ms,
        "dropped": past.dropped,
    })
}

fn answer(state: &StepState) -> Value {
    match state {
        StepState::Begun => json!({"state": "begun"}),
        StepState::Done { result } => json!({"state": "done", "result": result}),
        StepState::Refused(refusal) => {
            json!({"state": "refused", "code": refusal.code, "text": refusal.text})
        }
        StepState::Later(trouble) => json!({"state": "not_done", "text": trouble.text}),
        StepState::Unknown(trouble) => json!({"state": "unknown", "text": trouble.text}),
    }
}

fn print(object: &Map<String, Value>, stored: &Stored, steps: &[PastStep]) -> anyhow::Result<()> {
    for name in [
        "id",
        "channel",
        "received_via",
        "received_at",
        "state",
        "attempts",
        "next_attempt_at",
        "error",
        "body_removed_at",
    ] {
        match object.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => output::line(format_args!("{name:<16} {text}"))?,
            Some(other) => output::line(format_args!("{name:<16} {other}"))?,
        }
    }
    let source = &stored.received;
    output::line(format_args!(
        "{:<16} {} {} {}",
        "from", source.ip, source.referer, source.user_agent
    ))?;
    output::line("fields")?;
    match object.get("fields") {
        _ if stored.standing.body_removed_at.is_some() => {
            output::line("  removed: the request is older than requests are kept")?;
        }
        Some(Value::Object(fields)) => {
            for (name, value) in crate::template::flatten(fields) {
                output::line(format_args!("  {name}: {value}"))?;
            }
        }
        _ => output::line(format_args!(
            "  not readable; as it came: {}",
            object.get("raw").unwrap_or(&Value::Null)
        ))?,
    }
    if let Some(result) = object.get("result").filter(|result| !result.is_null()) {
        output::line(format_args!("{:<16} {result}", "result"))?;
    }
    if !steps.is_empty() {
        output::line("steps")?;
    }
    for past in steps {
        let step = &past.step;
        let took = step.took_ms.map(|ms| format!(" ({ms} ms)")).unwrap_or_default();
        let dropped = if past.dropped {
            ", set aside by a retry"
        } else {
            ""
        };
        output::line(format_args!(
            "  {}  {:<24} {}{took}{dropped}",
            step.begun_at, step.key, step.method
        ))?;
        output::line(format_args!("      → {}", answer(&step.state)))?;
    }
    Ok(())
}

pub fn retry(global: &Global, command: &Retry) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    if command.failed {
        return retry_failed(global, &store, command);
    }
    let ids: Vec<SubmissionId> = command.id.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
    let mut wrong = Vec::new();
    for (id, retried) in store.retry(ids)? {
        match retried {
            Retried::Queued => output::line(format_args!("{id} queued"))?,
            Retried::NotFound => wrong.push(format!("{id} is not in the inbox")),
            Retried::BodyRemoved => wrong.push(format!(
                "{id} is too old: the request itself was removed after the time set for it"
            )),
            Retried::Pointless(state) => wrong.push(format!(
                "{id} is {}: there is nothing to deliver again",
                state.as_str()
            )),
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        bail!("{}", wrong.join("; "))
    }
}

/// Queues all that failed and, while a server works on them, shows how far it has come.
fn retry_failed(global: &Global, store: &Store, command: &Retry) -> anyhow::Result<()> {
    let channel = command
        .channel
        .as_deref()
        .map(|slug| key_of(store, slug))
        .transpose()?;
    let filter = Filter {
        channel,
        state: Some(State::Failed),
        ..Filter::default()
    };
    let before = store.counts(channel)?;
    let queued = store.retry_failed(&filter)?;
    output::line(format_args!("{queued} queued"))?;
    if queued == 0 || command.no_wait || !output::is_watched() {
        return Ok(());
    }
    if !is_served(global)? {
        output::remark(
            "No server runs on this data folder; they are delivered when `b24-bridge serve` runs.",
        );
        return Ok(());
    }
    let bar = ProgressBar::new(queued);
    bar.set_style(ProgressStyle::with_template(
        "{bar:40} {pos}/{len} {msg} (Ctrl-C stops watching, not delivering)",
    )?);
    let unfinished = |counts: &HashMap<State, u64>| {
        counts.get(&State::Queued).copied().unwrap_or(0)
            + counts.get(&State::Delivering).copied().unwrap_or(0)
    };
    let waiting_before = unfinished(&before);
    loop {
        let counts = store.counts(channel)?;
        let left = unfinished(&counts).saturating_sub(waiting_before).min(queued);
        bar.set_position(queued - left);
        bar.set_message(format!(
            "{} failed",
            counts.get(&State::Failed).copied().unwrap_or(0)
        ));
        if left == 0 {
            break;
        }
        std::thread::sleep(LOOK);
    }
    bar.finish();
    let failed = store.counts(channel)?.get(&State::Failed).copied().unwrap_or(0);
    if failed > 0 {
        output::remark(format_args!(
            "{failed} failed again; see `b24-bridge inbox list --state failed`."
        ));
    }
    Ok(())
}

/// Whether a server holds the data folder.
fn is_served(global: &Global) -> anyhow::Result<bool> {
    match ServeLock::take(&workplace::data_dir(global)?) {
        Ok(_) => Ok(false),
        Err(StoreError::InUse(_)) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

pub fn purge(global: &Global, command: &Purge) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let removed = store.purge(deliver::now() - command.older_than)?;
    output::line(format_args!("{removed} removed"))
}
