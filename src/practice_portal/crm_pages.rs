//! The lists of leads and deals, with the buttons that applications have put above them.

use maud::{Markup, html};

use super::page::{address, amount, stage, title};
use super::visitor::Visitor;
use super::world::{Kin, Placement, World};
use super::{clock, php};

/// Records a list shows.
const SHOWN: usize = 50;

/// `/crm/deal/list/`: the kind it lists and the placement above it.
// b24: api-reference/widgets/crm/list-toolbar.md
pub fn list_address(path: &str) -> Option<(Kin, &'static str)> {
    match path.trim_end_matches('/') {
        "/crm/lead/list" => Some((Kin::Lead, "CRM_LEAD_LIST_TOOLBAR")),
        "/crm/deal/list" => Some((Kin::Deal, "CRM_DEAL_LIST_TOOLBAR")),
        _ => None,
    }
}

/// What is in the CRM, newest first.
pub fn list(world: &World, visitor: &Visitor, kin: Kin, placement: &str) -> Markup {
    let text = visitor.text;
    html! {
        div.toolbar {
            h1 { @if kin == Kin::Lead { (text.leads) } @else { (text.deals) } }
            (buttons(world, visitor, placement))
        }
        @if world.table(kin).is_empty() { p.empty { (text.nothing_yet) } } @else {
            table.list {
                thead { tr {
                    th { (text.name) } th { (text.stage) } th { (text.amount) } th { (text.contact) } th { (text.created) }
                } }
                tbody {
                    @for record in world.table(kin).iter().rev().take(SHOWN) {
                        tr {
                            td { a href=(address(kin, record.id)) { (title(kin, record)) } " " small { "#" (record.id) } }
                            td { (stage(world, kin, record)) }
                            td { (amount(record).unwrap_or_default()) }
                            td {
                                @for binding in &record.contacts {
                                    @if let Some(contact) = world.contacts.get(binding.contact_id) {
                                        p { a href=(address(Kin::Contact, contact.id)) { (title(Kin::Contact, contact)) } }
                                    }
                                }
                            }
                            td { (clock::for_people(record.created_at)) }
                        }
                    }
                }
            }
        }
    }
}

/// A button appears once its application is installed. A real portal puts it into the menu beside its own button.
// b24: settings/app-installation/installation-finish.md
fn buttons(world: &World, visitor: &Visitor, placement: &str) -> Markup {
    let shown = world.placements.iter().filter(|p| p.placement == placement);
    let shown = shown.filter_map(|p| {
        let app = world.apps.by_client_id(&p.application)?;
        app.installed.then_some((p, app.title(visitor.text.language)))
    });
    html! {
        @for (bound, name) in shown {
            button type="button" data-app=(bound.application) data-placement=(placement) data-handler=(bound.handler) {
                (button_title(bound, visitor.text.language).unwrap_or(name))
            }
        }
    }
}

/// The title in the person's language, else the one for all.
// b24: api-reference/widgets/placement-bind.md (LANG_ALL)
fn button_title(bound: &Placement, language: &str) -> Option<String> {
    let translated = php::item(&bound.lang_all, language).and_then(|texts| php::item(texts, "TITLE"));
    let title = translated.map(php::text).filter(|title| !title.is_empty());
    title
        .or_else(|| Some(bound.title.clone()))
        .filter(|title| !title.is_empty())
}
