//! The frame around every page of the portal: where one can go, what one was told, and who one is being.

use maud::{DOCTYPE, Markup, html};

use super::page_text::LANGUAGES;
use super::visitor::Visitor;
use super::world::{Notification, World};
use super::{bb, clock};

/// Without scripts a page that lives comes anew this often, in seconds.
const REFRESH_SECONDS: u32 = 3;

/// `live` pages bring what is new without a reload. `path` is where the switches come back to.
pub fn page(world: &World, visitor: &Visitor, path: &str, live: bool, content: &Markup) -> Markup {
    let text = visitor.text;
    html! {
        (DOCTYPE)
        html lang=(text.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (text.title) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/practice.css";
                script src="/practice.js" defer {}
                script src="/frame.js" defer {}
                @if live {
                    noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); }
                }
            }
            body data-live[live] data-close=(text.close) {
                header {
                    a.brand href="/" { (text.title) }
                    (menu(world, visitor))
                    (bell(world, visitor))
                    (switches(world, visitor, path))
                }
                main { (content) }
            }
        }
    }
}

/// The lists, the developers' corner, and the applications that have pages.
fn menu(world: &World, visitor: &Visitor) -> Markup {
    let text = visitor.text;
    html! {
        nav {
            a href="/crm/lead/list/" { (text.leads) }
            a href="/crm/deal/list/" { (text.deals) }
            @for app in world.apps.iter().filter(|app| !app.form.script_only) {
                a href=(format!("/marketplace/app/{}/", app.id)) { (app.title(text.language)) }
            }
            a href="/devops/" { (text.developers) }
        }
    }
}

/// The zone of notifications.
fn bell(world: &World, visitor: &Visitor) -> Markup {
    let text = visitor.text;
    let mine: Vec<&Notification> = world
        .notifications
        .iter()
        .rev()
        .filter(|n| n.user_id == visitor.user_id)
        .collect();
    html! {
        details.bell {
            summary { (text.notifications) @if !mine.is_empty() { " " span.count { (mine.len()) } } }
            @if mine.is_empty() { p.empty { (text.nothing_yet) } }
            ul {
                @for told in mine {
                    li {
                        @if let Some(person) = told.from.and_then(|id| world.person(id)) {
                            b { (person.name) " " (person.last_name) } " "
                        }
                        (bb::markup(&told.message))
                        " " small { (clock::for_people(told.at)) }
                    }
                }
            }
        }
    }
}

/// Nobody signs in: one chooses whom to be, and in which language.
fn switches(world: &World, visitor: &Visitor, path: &str) -> Markup {
    let text = visitor.text;
    html! {
        form.switches method="get" action="/switch/" {
            input type="hidden" name="back" value=(path);
            select name="user" aria-label=(text.who) {
                @for person in world.people.iter().filter(|p| p.active) {
                    option value=(person.id) selected[person.id == visitor.user_id] {
                        (person.name) " " (person.last_name)
                        @if person.admin { " (" (text.administrator) ")" }
                    }
                }
            }
            select name="language" aria-label=(text.which_language) {
                @for known in LANGUAGES {
                    option value=(known.language) selected[known.language == text.language] { (known.own_name) }
                }
            }
            button type="submit" { (text.switch) }
        }
    }
}
