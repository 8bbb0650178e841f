//! Records of the portal, as links into it.

use maud::{Markup, html};

use crate::model::Entity;
use crate::web::admin::visit::Visit;

/// What can be opened in the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Entity(Entity),
    Contact,
}

impl Record {
    fn folder(self) -> &'static str {
        match self {
            Record::Entity(entity) => entity.as_str(),
            Record::Contact => "contact",
        }
    }
}

/// The portal's own address, when one is connected: `https://portal`.
pub fn portal(visit: &Visit<'_>) -> Option<String> {
    let portal = visit.site.engine.portal()?;
    Some(portal.connection().portal())
}

/// `Сделка 41`, leading to its page in the portal when one is connected. `noun` is what it is called here.
pub fn link(portal: Option<&str>, record: Record, noun: &str, id: u64) -> Markup {
    html! {
        @match portal {
            Some(portal) => {
                a.record href={ (portal) "/crm/" (record.folder()) "/details/" (id) "/" } target="_blank" rel="noopener" {
                    (noun) "\u{a0}" (id)
                }
            }
            None => { (noun) "\u{a0}" (id) }
        }
    }
}

/// Several, parted by commas.
pub fn links(portal: Option<&str>, record: Record, noun: &str, ids: &[u64]) -> Markup {
    html! {
        @for (n, id) in ids.iter().enumerate() {
            @if n > 0 { ", " }
            (link(portal, record, noun, *id))
        }
    }
}

/// The entity's name at the beginning of a sentence.
pub fn noun(visit: &Visit<'_>, entity: Entity) -> &'static str {
    match entity {
        Entity::Lead => visit.t("Лид", "Lead"),
        Entity::Deal => visit.t("Сделка", "Deal"),
    }
}
