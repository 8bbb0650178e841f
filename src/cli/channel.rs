//! `channel apply | list | show | delete | export`.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::Serialize;
use serde_json::Value;

use super::args::{Apply, ChannelList, ChannelShow, Export, Global, Slug, Way};
use super::{output, workplace};
use crate::channel_file::{self, ChannelProblem};
use crate::deliver::{self, CATALOG_SETTING, CONNECTION_CREDENTIAL};
use crate::model::{Catalog, Channel};
use crate::portal::{self, Connection};
use crate::store::{Store, StoredChannel};

/// A channel with the address that websites post to: what `apply` and `show` print.
#[derive(Serialize)]
struct Addressed<'c> {
    #[serde(flatten)]
    channel: &'c Channel,
    address: String,
}

pub fn apply(global: &Global, command: &Apply) -> anyhow::Result<()> {
    let text = read_file(&command.file)?;
    let channels = channel_file::parse_many(&text).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!(
            "{} is not a channel, and nothing was stored: {}",
            name_of(&command.file),
            problems.join("; ")
        )
    })?;
    let store = workplace::store(global)?;
    let public_url = workplace::public_url(&store, &command.public)?;
    let mut stored = Vec::new();
    for channel in channels {
        stored.push(store.put_channel(channel)?);
    }
    tell_what_the_portal_lacks(&store, &stored, &command.way);
    let addressed: Vec<Addressed<'_>> = stored.iter().map(|s| addressed(s, &public_url)).collect();
    match addressed.as_slice() {
        [one] => output::json(one),
        many => output::json(&many),
    }
}

/// A misspelt field would show only when the first customer's request fails. Not an error: the channels are stored, and
/// what cannot be read here must not look like a failure of that.
fn tell_what_the_portal_lacks(store: &Store, stored: &[StoredChannel], way: &Way) {
    let connection = store.credential::<Connection>(CONNECTION_CREDENTIAL);
    let (Ok(Some(_)), Ok(Some(mut catalog))) = (connection, store.setting::<Catalog>(CATALOG_SETTING)) else {
        return;
    };
    let mut problems = unknown_to(&catalog, stored);
    if !problems.is_empty()
        && let Ok(newer) = read_anew(store, way)
    {
        // Perhaps it was made in the portal a minute ago.
        problems = unknown_to(&newer, stored);
        catalog = newer;
    }
    for (slug, problem) in &problems {
        output::remark(format_args!("Note: {slug}: {problem}"));
    }
    if !problems.is_empty() {
        output::remark(format_args!(
            "Stored all the same, but as the portal was at {} this would not work.",
            catalog.taken_at
        ));
    }
}

fn unknown_to<'s>(catalog: &Catalog, stored: &'s [StoredChannel]) -> Vec<(&'s str, ChannelProblem)> {
    let of_one = |stored: &'s StoredChannel| {
        let problems = channel_file::unknown_to(catalog, &stored.channel);
        problems
            .into_iter()
            .map(|problem| (stored.channel.slug.as_str(), problem))
    };
    stored.iter().flat_map(of_one).collect()
}

/// Nobody waits long for a remark.
fn read_anew(store: &Store, way: &Way) -> anyhow::Result<Catalog> {
    const CONNECT: Duration = Duration::from_secs(3);
    const WHOLE: Duration = Duration::from_secs(10);
    let options = workplace::way(way)?;
    let options = portal::Options {
        connect_timeout: options.connect_timeout.min(CONNECT),
        whole_timeout: options.whole_timeout.min(WHOLE),
        ..options
    };
    let portal = workplace::portal(store, &options)?;
    portal
        .read_catalog(deliver::now())
        .map_err(|error| anyhow!(error))
}

fn addressed<'c>(stored: &'c StoredChannel, public_url: &str) -> Addressed<'c> {
    Addressed {
        channel: &stored.channel,
        address: workplace::address(public_url, &stored.channel.slug),
    }
}

pub fn list(global: &Global, command: &ChannelList) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let public_url = workplace::public_url(&store, &command.public)?;
    let channels = store.channels()?;
    if command.json.json {
        let all: Vec<Addressed<'_>> = channels.iter().map(|s| addressed(s, &public_url)).collect();
        return output::json(&all);
    }
    if channels.is_empty() {
        output::remark("No channels yet; make one with `b24-bridge channel apply FILE`.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = channels
        .iter()
        .map(|stored| {
            let channel = &stored.channel;
            let marks = match (channel.enabled, channel.is_default) {
                (true, true) => "on, default",
                (true, false) => "on",
                (false, true) => "off, default",
                (false, false) => "off",
            };
            vec![
                channel.slug.clone(),
                channel.name.clone(),
                channel.entity.as_str().to_owned(),
                marks.to_owned(),
                workplace::address(&public_url, &channel.slug),
            ]
        })
        .collect();
    output::table(&["SLUG", "NAME", "ENTITY", "STATE", "ADDRESS"], &rows)
}

pub fn show(global: &Global, command: &ChannelShow) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let public_url = workplace::public_url(&store, &command.public)?;
    output::json(&addressed(&find(&store, &command.slug)?, &public_url))
}

pub fn delete(global: &Global, command: &Slug) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    find(&store, &command.slug)?;
    store.delete_channel(&command.slug)?;
    let default = store
        .channels()?
        .into_iter()
        .find(|stored| stored.channel.is_default);
    output::remark(match default {
        Some(default) => format!(
            "Deleted. What still comes to /in/{} goes to the default channel \"{}\".",
            command.slug, default.channel.name
        ),
        None => format!(
            "Deleted. There is no default channel, so what still comes to /in/{} is refused; set \"is_default\" on a channel to catch it.",
            command.slug
        ),
    });
    Ok(())
}

pub fn export(global: &Global, command: &Export) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    match &command.slug {
        Some(slug) => output::json(&find(&store, slug)?.channel),
        None => {
            let all: Vec<Value> = store
                .channels()?
                .iter()
                .map(|stored| serde_json::to_value(&stored.channel))
                .collect::<Result<_, _>>()?;
            output::json(&all)
        }
    }
}

/// The channel under a slug, or an error that says how to find the right one.
pub fn find(store: &Store, slug: &str) -> anyhow::Result<StoredChannel> {
    match store.channel(slug)? {
        Some(stored) => Ok(stored),
        None => bail!("there is no channel \"{slug}\"; `b24-bridge channel list` shows them all"),
    }
}

/// How a message names a file; `-` is standard input.
pub fn name_of(file: &Path) -> Cow<'_, str> {
    if file == Path::new("-") {
        Cow::Borrowed("standard input")
    } else {
        file.to_string_lossy()
    }
}

/// A file's text; `-` is standard input.
pub fn read_file(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input cannot be read as UTF-8 text")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("the file {} cannot be read", file.display()))
}
