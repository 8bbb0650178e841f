//! Everything the practice portal holds: records, people, reference books and its own settings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::apps::Apps;
use super::schema::{self, FieldDef, Kind, UserField};
use super::table::{Record, Table};
use super::{listing, seed};
use crate::model::Millis;

/// The three kinds of records that the classic methods exist for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    Lead,
    Deal,
    Contact,
}

impl Kin {
    /// By the number of the type.
    // b24: api-reference/crm/data-types.md#object_type
    pub fn from_type_id(id: i64) -> Option<Kin> {
        match id {
            1 => Some(Kin::Lead),
            2 => Some(Kin::Deal),
            3 => Some(Kin::Contact),
            _ => None,
        }
    }

    pub fn from_name(name: &str) -> Option<Kin> {
        match name.to_ascii_lowercase().as_str() {
            "lead" => Some(Kin::Lead),
            "deal" => Some(Kin::Deal),
            "contact" => Some(Kin::Contact),
            _ => None,
        }
    }

    pub fn type_id(self) -> u64 {
        match self {
            Kin::Lead => 1,
            Kin::Deal => 2,
            Kin::Contact => 3,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Kin::Lead => "lead",
            Kin::Deal => "deal",
            Kin::Contact => "contact",
        }
    }

    /// The field of the stage; contacts have none.
    pub fn stage_field(self) -> Option<&'static str> {
        match self {
            Kin::Lead => Some("STATUS_ID"),
            Kin::Deal => Some("STAGE_ID"),
            Kin::Contact => None,
        }
    }
}

/// A person of the portal.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: u64,
    pub name: String,
    pub last_name: String,
    pub email: String,
    pub active: bool,
    pub admin: bool,
}

/// An item of a reference book; stages are such items.
#[derive(Debug, Clone)]
pub struct Status {
    pub id: u64,
    /// `STATUS`, `DEAL_STAGE`, `DEAL_STAGE_1`, `SOURCE`, …
    pub entity_id: String,
    pub status_id: String,
    pub name: String,
    pub sort: u64,
    /// `S` won, `F` lost, empty while in work.
    pub semantics: &'static str,
    pub color: String,
}

/// A deal pipeline.
#[derive(Debug, Clone)]
pub struct Category {
    pub id: u64,
    pub name: String,
    pub sort: u64,
}

#[derive(Debug, Clone)]
pub struct Currency {
    pub code: &'static str,
    pub name: &'static str,
    pub rate: &'static str,
    pub base: bool,
}

/// A field without which the portal refuses to save.
#[derive(Debug, Clone)]
pub struct Required {
    pub kin: Kin,
    pub field: String,
    /// On these stages only; empty: always.
    pub stages: Vec<String>,
}

/// A message somebody got through `im.notify.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub id: u64,
    pub at: Millis,
    pub user_id: u64,
    pub message: String,
    /// In whose name; nobody's: the system's.
    pub from: Option<u64>,
    pub application: Option<String>,
    /// The next one with the same tag takes its place.
    pub tag: Option<String>,
}

/// A button or tab that an application put into the portal.
#[derive(Debug, Clone)]
pub struct Placement {
    pub application: String,
    pub placement: String,
    pub handler: String,
    pub title: String,
    pub lang_all: Value,
}

/// A token by which an application calls.
#[derive(Debug, Clone)]
pub struct Token {
    pub user_id: u64,
    /// The application's client id.
    pub application: String,
    pub expires_at: Millis,
}

/// How this portal is set up.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Simple CRM: a lead that is added becomes a deal at once.
    // b24: tutorials/crm/how-to-add-crm-objects/how-to-add-objects-with-crm-mode.md
    pub simple_crm: bool,
    /// Methods that this portal does not have, as an older box.
    pub hidden_methods: BTreeSet<String>,
    pub required: Vec<Required>,
    /// Rights of the webhook; empty: all.
    pub scopes: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub struct World {
    pub leads: Table,
    pub deals: Table,
    pub contacts: Table,
    pub comments: Table,
    pub activities: Table,
    pub people: Vec<Person>,
    pub statuses: Vec<Status>,
    pub categories: Vec<Category>,
    pub currencies: Vec<Currency>,
    pub notifications: Vec<Notification>,
    pub placements: Vec<Placement>,
    /// By the text of the token.
    pub tokens: BTreeMap<String, Token>,
    /// Local applications.
    pub apps: Apps,
    pub settings: Settings,
    last_small_id: u64,
}

impl World {
    /// A fresh portal whose webhook belongs to `user_id`.
    pub fn new(user_id: u64) -> World {
        let mut world = World {
            leads: Table::new(schema::lead()),
            deals: Table::new(schema::deal()),
            contacts: Table::new(schema::contact()),
            comments: Table::new(schema::comment()),
            activities: Table::new(schema::activity()),
            people: seed::people(user_id),
            statuses: seed::statuses(),
            categories: seed::categories(),
            currencies: seed::currencies(),
            notifications: Vec::new(),
            placements: Vec::new(),
            tokens: BTreeMap::new(),
            apps: Apps::default(),
            settings: Settings::default(),
            last_small_id: 1000,
        };
        seed::user_fields(&mut world);
        world
    }

    pub fn table(&self, kin: Kin) -> &Table {
        match kin {
            Kin::Lead => &self.leads,
            Kin::Deal => &self.deals,
            Kin::Contact => &self.contacts,
        }
    }

    pub fn table_mut(&mut self, kin: Kin) -> &mut Table {
        match kin {
            Kin::Lead => &mut self.leads,
            Kin::Deal => &mut self.deals,
            Kin::Contact => &mut self.contacts,
        }
    }

    /// A number for something that is no record: a multifield value, a file, an item of a list.
    pub fn next_small_id(&mut self) -> u64 {
        self.last_small_id += 1;
        self.last_small_id
    }

    /// Adds a user field. `items` are the labels of an enumeration.
    pub fn add_user_field(
        &mut self,
        kin: Kin,
        name: &str,
        kind: Kind,
        multiple: bool,
        label: &str,
        items: &[&str],
    ) {
        let id = self.next_small_id();
        let items = items
            .iter()
            .map(|label| (self.next_small_id(), (*label).to_owned()))
            .collect();
        self.table_mut(kin).schema.push(FieldDef {
            name: name.to_owned(),
            kind,
            title: label.to_owned(),
            read_only: false,
            immutable: false,
            multiple,
            status_type: "",
            user_field: Some(UserField { id, items }),
        });
    }

    pub fn person(&self, id: u64) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    pub fn base_currency(&self) -> &'static str {
        self.currencies.iter().find(|c| c.base).map_or("RUB", |c| c.code)
    }

    /// The reference book that holds the stages of a deal pipeline.
    // b24: api-reference/crm/status/index.md
    pub fn stage_book(category_id: u64) -> String {
        if category_id == 0 {
            "DEAL_STAGE".to_owned()
        } else {
            format!("DEAL_STAGE_{category_id}")
        }
    }

    /// Items of a reference book in their order.
    pub fn book(&self, entity_id: &str) -> Vec<&Status> {
        let mut items: Vec<&Status> = self
            .statuses
            .iter()
            .filter(|s| s.entity_id == entity_id)
            .collect();
        items.sort_by_key(|s| s.sort);
        items
    }

    pub fn status(&self, entity_id: &str, status_id: &str) -> Option<&Status> {
        self.statuses
            .iter()
            .find(|s| s.entity_id == entity_id && s.status_id == status_id)
    }

    /// Comments or activities of one record, oldest first.
    pub fn comments_of(&self, kin: Kin, id: u64) -> impl Iterator<Item = &Record> {
        let ids = self
            .comments
            .find("ENTITY_ID", &id.to_string())
            .unwrap_or_default();
        ids.into_iter()
            .filter_map(|id| self.comments.get(id))
            .filter(move |c| c.text("ENTITY_TYPE") == kin.name())
    }

    pub fn activities_of(&self, kin: Kin, id: u64) -> impl Iterator<Item = &Record> {
        let ids = self
            .activities
            .find("OWNER_ID", &id.to_string())
            .unwrap_or_default();
        ids.into_iter()
            .filter_map(|id| self.activities.get(id))
            .filter(move |a| a.text("OWNER_TYPE_ID") == kin.type_id().to_string())
    }

    /// All records, for scripts and tests: as `get` returns them, with the numbers of the bound contacts.
    pub fn to_json(&self) -> Value {
        let records = |table: &Table| -> Vec<Value> {
            table
                .iter()
                .map(|record| {
                    let mut out = listing::whole(table, record);
                    if !record.contacts.is_empty() {
                        let ids: Vec<u64> = record.contacts.iter().map(|b| b.contact_id).collect();
                        out.insert("CONTACT_IDS".into(), json!(ids));
                    }
                    Value::Object(out)
                })
                .collect()
        };
        let mut out = Map::new();
        out.insert("leads".into(), json!(records(&self.leads)));
        out.insert("deals".into(), json!(records(&self.deals)));
        out.insert("contacts".into(), json!(records(&self.contacts)));
        out.insert("comments".into(), json!(records(&self.comments)));
        out.insert("activities".into(), json!(records(&self.activities)));
        let notifications: Vec<Value> = self
            .notifications
            .iter()
            .map(|n| json!({"user_id": n.user_id, "message": n.message}))
            .collect();
        out.insert("notifications".into(), json!(notifications));
        let placements: Vec<Value> = self
            .placements
            .iter()
            .map(|p| json!({"placement": p.placement, "handler": p.handler, "title": p.title}))
            .collect();
        out.insert("placements".into(), json!(placements));
        Value::Object(out)
    }
}
