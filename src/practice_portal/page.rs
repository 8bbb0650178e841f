//! The portal's pages for people: what has arrived, newest first, and one record at a time.

use hyper::StatusCode;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::apps::{actions, authorize, pages};
use super::core::{Core, lock};
use super::page_text::{RUSSIAN, Text};
use super::shown::Shown;
use super::table::Record;
use super::visitor::Visitor;
use super::world::{Kin, World};
use super::{clock, crm_pages, layout, listing, php};
use crate::model::Millis;

/// Records of a kind on the front page.
const SHOWN: usize = 50;
/// A record younger than this is highlighted, in milliseconds.
const FRESH_MS: i64 = 10_000;
const STYLE: &str = include_str!("assets/practice.css");
const SCRIPT: &str = include_str!("assets/practice.js");
const FRAME_SCRIPT: &str = include_str!("assets/frame.js");

/// Answers a GET outside `/rest/` and `/practice/`.
pub fn show(core: &Core, visitor: &Visitor, path: &str, params: &Value, now: Millis) -> Shown {
    match path {
        "/practice.css" => return Shown::new("text/css; charset=utf-8", STYLE),
        "/practice.js" => return Shown::new("text/javascript; charset=utf-8", SCRIPT),
        "/frame.js" => return Shown::new("text/javascript; charset=utf-8", FRAME_SCRIPT),
        "/switch" | "/switch/" => return actions::switch(params),
        "/oauth/authorize" | "/oauth/authorize/" => return authorize::answer(core, visitor, params, now),
        _ => {}
    }
    let text = visitor.text;
    let world = lock(&core.world);
    let list = crm_pages::list_address(path);
    let live = path == "/" || list.is_some();
    let page = if path == "/" {
        Some(front(&world, text, now))
    } else if path.trim_end_matches('/') == "/devops" {
        Some(pages::developers(&world, visitor))
    } else if let Some((kin, placement)) = list {
        Some(crm_pages::list(&world, visitor, kin, placement))
    } else if let Some(id) = pages::app_address(path) {
        pages::application(&world, visitor, id)
    } else {
        record_address(path).and_then(|(kin, id)| details(&world, text, kin, id))
    };
    let status = if page.is_some() {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    let page = page.unwrap_or_else(|| html! { p.empty { (text.not_found) } });
    Shown::html(status, layout::page(&world, visitor, path, live, &page))
}

/// `/crm/deal/details/41/`, as a real portal addresses its records.
fn record_address(path: &str) -> Option<(Kin, u64)> {
    let mut parts = path.strip_prefix("/crm/")?.split('/');
    let kin = Kin::from_name(parts.next()?)?;
    if parts.next()? != "details" {
        return None;
    }
    Some((kin, parts.next()?.parse().ok()?))
}

fn front(world: &World, text: &Text, now: Millis) -> Markup {
    let columns = [
        (Kin::Deal, text.deals),
        (Kin::Lead, text.leads),
        (Kin::Contact, text.contacts),
    ];
    html! {
        h1 { (text.subtitle) }
        div.columns {
            @for (kin, heading) in columns {
                section {
                    h2 { (heading) " " small { (world.table(kin).len()) } }
                    @if world.table(kin).is_empty() { p.empty { (text.nothing_yet) } }
                    @for record in world.table(kin).iter().rev().take(SHOWN) {
                        (card(world, text, kin, record, now))
                    }
                }
            }
        }
    }
}

fn card(world: &World, text: &Text, kin: Kin, record: &Record, now: Millis) -> Markup {
    let fresh = now.0 - record.created_at.0 < FRESH_MS;
    html! {
        article.card.fresh[fresh] {
            p.title {
                a href=(address(kin, record.id)) { (title(kin, record)) }
                " " small { "#" (record.id) }
            }
            (stage(world, kin, record))
            @if kin == Kin::Contact {
                @for field in ["PHONE", "EMAIL"] {
                    @for value in record.multi_values(field) { p { (value) } }
                }
            } @else {
                @if let Some(amount) = amount(record) { p.amount { (amount) } }
                @for binding in &record.contacts {
                    @if let Some(contact) = world.contacts.get(binding.contact_id) {
                        p { a href=(address(Kin::Contact, contact.id)) { (title(Kin::Contact, contact)) } }
                    }
                }
            }
            (timeline(world, text, kin, record.id))
            p.when { (clock::for_people(record.created_at)) }
        }
    }
}

fn timeline(world: &World, text: &Text, kin: Kin, id: u64) -> Markup {
    html! {
        @for activity in world.activities_of(kin, id) {
            div.activity {
                b { (text.activity) } " " (activity.text("SUBJECT"))
                @if let Some(deadline) = clock::parse(&activity.text("DEADLINE")) {
                    " " small { (clock::for_people(deadline)) }
                }
                p.text { (activity.text("DESCRIPTION")) }
            }
        }
        @for comment in world.comments_of(kin, id) {
            div.comment { b { (text.comment) } p.text { (comment.text("COMMENT")) } }
        }
    }
}

fn details(world: &World, text: &Text, kin: Kin, id: u64) -> Option<Markup> {
    let table = world.table(kin);
    let record = table.get(id)?;
    let whole = listing::whole(table, record);
    let rows = table.schema.iter().filter_map(|def| {
        let value = whole.get(&def.name)?;
        let shown = readable(value);
        (!shown.is_empty()).then_some((def, shown))
    });
    let person = world.person(record.text("ASSIGNED_BY_ID").parse().unwrap_or(0));
    Some(html! {
        article.card {
            h1 { (title(kin, record)) " " small { "#" (id) } }
            (stage(world, kin, record))
            @if let Some(person) = person { p { (text.responsible) ": " (person.name) " " (person.last_name) } }
            @for binding in &record.contacts {
                @if let Some(contact) = world.contacts.get(binding.contact_id) {
                    p { (text.contact) ": " a href=(address(Kin::Contact, contact.id)) { (title(Kin::Contact, contact)) } }
                }
            }
            (timeline(world, text, kin, id))
            table { tbody {
                @for (def, shown) in rows {
                    tr {
                        th { @if text.language == RUSSIAN.language { (def.title) } @else { (def.name) } }
                        td.text { (shown) }
                    }
                }
            } }
        }
    })
}

fn readable(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(readable).collect();
            items.join(", ")
        }
        Value::Object(map) => {
            let named = map.get("VALUE").or_else(|| map.get("practiceName"));
            named.map(php::text).unwrap_or_default()
        }
        Value::Bool(false) => String::new(),
        other => php::text(other),
    }
}

pub(super) fn title(kin: Kin, record: &Record) -> String {
    if kin != Kin::Contact {
        return record.text("TITLE");
    }
    let name = format!("{} {}", record.text("NAME"), record.text("LAST_NAME"));
    let name = name.trim();
    if name.is_empty() {
        format!("#{}", record.id)
    } else {
        name.to_owned()
    }
}

pub(super) fn amount(record: &Record) -> Option<String> {
    let amount = record.text("OPPORTUNITY");
    (php::float(&amount) > 0.0).then(|| format!("{amount} {}", record.text("CURRENCY_ID")))
}

pub(super) fn stage(world: &World, kin: Kin, record: &Record) -> Markup {
    let book = match kin {
        Kin::Deal => World::stage_book(record.text("CATEGORY_ID").parse().unwrap_or(0)),
        _ => "STATUS".to_owned(),
    };
    let status = kin
        .stage_field()
        .and_then(|field| world.status(&book, &record.text(field)));
    html! {
        @if let Some(status) = status {
            p.stage {
                // An attribute of SVG, so that no style has to be written into the page.
                svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" {
                    circle cx="5" cy="5" r="5" fill=(status.color) {}
                }
                (PreEscaped("&nbsp;")) (status.name)
            }
        }
    }
}

pub(super) fn address(kin: Kin, id: u64) -> String {
    format!("/crm/{}/details/{id}/", kin.name())
}
