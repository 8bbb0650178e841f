//! What is searched for or written, as people read it: the portal's titles and labels instead of its codes.

use maud::{Markup, html};
use serde_json::Value;

use crate::model::{Catalog, Entity, Field, FieldKind, Of};
use crate::template::text_of;
use crate::web::admin::visit::Visit;

/// Marks that people need not read.
const HIDDEN: [&str; 2] = ["ORIGINATOR_ID", "ORIGIN_ID"];

/// The portal's words for things.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    pub visit: &'a Visit<'a>,
    pub catalog: &'a Catalog,
    /// The portal's address, for links.
    pub portal: &'a str,
}

impl Values<'_> {
    /// The field's title, with its name where they differ.
    pub fn title(&self, of: Of, name: &str) -> Markup {
        let title = match name {
            "CONTACT_IDS" => self.visit.t("Контакты", "Contacts"),
            _ => self.field(of, name).map_or("", |field| field.title.as_str()),
        };
        html! {
            @if title.is_empty() || title == name { code { (name) } }
            @else { (title) " " code.faint { (name) } }
        }
    }

    fn field(&self, of: Of, name: &str) -> Option<&Field> {
        self.catalog.fields(of).get(name)
    }

    /// A link to a record's card in the portal.
    pub fn link(&self, of: Of, id: u64) -> Markup {
        let (path, name) = match of {
            Of::Contact => ("contact", self.visit.t("контакт", "contact")),
            Of::Lead => ("lead", self.visit.t("лид", "lead")),
            Of::Deal => ("deal", self.visit.t("сделка", "deal")),
        };
        html! {
            a href={ (self.portal) "/crm/" (path) "/details/" (id) "/" } target="_blank" rel="noreferrer" {
                (name) " №\u{a0}" (id)
            }
        }
    }

    /// A stage by its name.
    pub fn stage(&self, entity: Entity, id: &str) -> String {
        let stages = match entity {
            Entity::Lead => &self.catalog.lead_stages,
            Entity::Deal => &self.catalog.deal_stages,
        };
        let found = stages.iter().find(|stage| stage.id == id);
        found.map_or_else(|| id.to_owned(), |stage| stage.name.clone())
    }

    /// A person by name.
    pub fn user(&self, id: u64) -> String {
        let found = self.catalog.users.iter().find(|user| user.id == id);
        found.map_or_else(|| format!("№\u{a0}{id}"), |user| user.name.clone())
    }

    /// `fields[…]` of a call as a list of names and values.
    pub fn table(&self, of: Of, fields: &Value) -> Markup {
        let rows = fields.as_object().into_iter().flatten();
        html! {
            dl.facts.written {
                @for (name, value) in rows.filter(|(name, _)| !HIDDEN.contains(&name.as_str())) {
                    div { dt { (self.title(of, name)) } dd { (self.value(of, name, value)) } }
                }
            }
        }
    }

    fn value(&self, of: Of, name: &str, value: &Value) -> Markup {
        match value {
            Value::Array(items) => html! {
                @for (n, item) in items.iter().enumerate() { @if n > 0 { ", " } (self.value(of, name, item)) }
            },
            Value::Object(parts) => match (parts.get("VALUE"), parts.get("fileData")) {
                (Some(text), _) => html! { (text_of(text)) },
                (_, Some(Value::Array(file))) => {
                    html! { (visit_file(self.visit)) (file.first().map(text_of).unwrap_or_default()) }
                }
                _ => html! { code { (value) } },
            },
            other => self.scalar(of, name, &text_of(other)),
        }
    }

    fn scalar(&self, of: Of, name: &str, text: &str) -> Markup {
        if text.starts_with("$result[contact]") {
            return html! { em { (self.visit.t("новый контакт", "the new contact")) } };
        }
        let number: Option<u64> = text.parse().ok();
        match (name, number) {
            ("CONTACT_IDS" | "CONTACT_ID", Some(id)) => return self.link(Of::Contact, id),
            ("CATEGORY_ID", Some(id)) => {
                if let Some(name) = self.catalog.categories.get(&id) {
                    return html! { (name) };
                }
            }
            ("STAGE_ID", _) => return html! { (self.stage(Entity::Deal, text)) },
            ("STATUS_ID", _) if of == Of::Lead => return html! { (self.stage(Entity::Lead, text)) },
            _ => {}
        }
        let Some(field) = self.field(of, name) else {
            return html! { (text) };
        };
        let label = field.items.iter().find(|item| item.id == text);
        match (field.kind, label, number) {
            (_, Some(label), _) => html! { (label.label) },
            (FieldKind::User, _, Some(id)) => html! { (self.user(id)) },
            (FieldKind::Boolean | FieldKind::Char, _, _) if matches!(text, "1" | "Y") => {
                html! { (self.visit.t("да", "yes")) }
            }
            (FieldKind::Boolean | FieldKind::Char, _, _) if matches!(text, "0" | "N") => {
                html! { (self.visit.t("нет", "no")) }
            }
            _ => html! { (text) },
        }
    }
}

fn visit_file(visit: &Visit<'_>) -> &'static str {
    visit.t("файл ", "file ")
}
