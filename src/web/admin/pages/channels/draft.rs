//! The form of a channel as it was typed: made from a channel, or read from what a browser sent. It keeps whatever
//! stood in the form, also what makes no sense, so that nothing is lost when it is shown again.

use std::collections::BTreeMap;

use super::picks::{field_text, user_text};
use crate::model::{Catalog, Channel, Entity, Mapping, Mode, Of, OnFound};
use crate::web::admin::form::Form;
use crate::web::visitor::Language;

/// More rows than any record has fields worth filling.
const ROWS: usize = 500;
/// Digits of a row's number in the names of its controls.
const KEY_DIGITS: usize = 6;

/// One mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Numbers the row within its group.
    pub key: u32,
    pub field: String,
    pub value: String,
    pub search: bool,
}

impl Row {
    pub fn is_blank(&self) -> bool {
        self.field.trim().is_empty() && self.value.trim().is_empty()
    }
}

/// A group of mappings: the record that they fill.
pub const GROUPS: [Of; 3] = [Of::Contact, Of::Lead, Of::Deal];

/// The first part of the names of a group's controls.
pub fn prefix(of: Of) -> &'static str {
    match of {
        Of::Contact => "contact",
        Of::Lead => "lead",
        Of::Deal => "deal",
    }
}

/// The name of a control in a row: `contact.3.value`.
pub fn control(of: Of, key: impl std::fmt::Display, part: &str) -> String {
    format!("{}.{key}.{part}", prefix(of))
}

/// Everything that the form holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Asked for when the channel is made, never after.
    pub slug: String,
    pub name: String,
    pub enabled: bool,
    pub entity: Entity,
    pub mode: Mode,
    pub lead_search: Vec<String>,
    pub deal_search: Vec<String>,
    pub on_found: OnFound,
    pub update_stage: bool,
    pub update_fields: bool,
    pub update_contact: bool,
    pub responsible: String,
    pub category: String,
    pub lead_stage: String,
    /// By pipeline; under the empty name when the portal's pipelines are not known.
    pub deal_stages: BTreeMap<String, String>,
    pub contact: Vec<Row>,
    pub lead: Vec<Row>,
    pub deal: Vec<Row>,
    pub add_comment: bool,
    pub add_activity: bool,
    pub is_default: bool,
    pub thank_you_url: String,
    /// One a line.
    pub allowed_origins: String,
    pub honeypot: String,
    /// A new one; empty keeps the one there is.
    pub secret: String,
    pub drop_secret: bool,
    pub max_per_minute: String,
}

impl Draft {
    /// A new channel that brings name, phone and e-mail at once.
    pub fn fresh(name: String, entity: Entity, catalog: Option<&Catalog>, lang: Language) -> Draft {
        let row = |of: Of, field: &str, value: &str, search: bool| Mapping {
            of,
            field: field.to_owned(),
            value: value.to_owned(),
            search,
        };
        let mut channel = blank(entity);
        let own = channel.own();
        channel.name = name;
        channel.add_comment = true;
        channel.fields = vec![
            row(Of::Contact, "NAME", "{name}", false),
            row(Of::Contact, "PHONE", "{phone}", true),
            row(Of::Contact, "EMAIL", "{email}", true),
            row(own, "TITLE", lang.t("Заявка с сайта", "Website request"), false),
        ];
        Draft::of(&channel, catalog)
    }

    /// What a channel looks like in the form.
    pub fn of(channel: &Channel, catalog: Option<&Catalog>) -> Draft {
        let stage = channel.stage_id.clone().unwrap_or_default();
        let is_lead = channel.entity == Entity::Lead;
        let searched = |is_own: bool| {
            if is_own {
                channel.search_stages.clone()
            } else {
                Vec::new()
            }
        };
        let mut deal_stages = BTreeMap::new();
        if !is_lead {
            let pipeline = catalog.map(|_| channel.category_id.to_string());
            deal_stages.insert(pipeline.unwrap_or_default(), stage.clone());
        }
        Draft {
            slug: channel.slug.clone(),
            name: channel.name.clone(),
            enabled: channel.enabled,
            entity: channel.entity,
            mode: channel.mode,
            lead_search: searched(is_lead),
            deal_search: searched(!is_lead),
            on_found: channel.on_found,
            update_stage: channel.update_stage,
            update_fields: channel.update_fields,
            update_contact: channel.update_contact,
            responsible: channel
                .responsible_id
                .map_or(String::new(), |id| user_text(id, catalog)),
            category: channel.category_id.to_string(),
            lead_stage: if is_lead { stage } else { String::new() },
            deal_stages,
            contact: rows(channel, Of::Contact, catalog),
            lead: rows(channel, Of::Lead, catalog),
            deal: rows(channel, Of::Deal, catalog),
            add_comment: channel.add_comment,
            add_activity: channel.add_activity,
            is_default: channel.is_default,
            thank_you_url: channel.thank_you_url.clone().unwrap_or_default(),
            allowed_origins: channel.allowed_origins.join("\n"),
            honeypot: channel.honeypot.clone().unwrap_or_default(),
            secret: String::new(),
            drop_secret: false,
            max_per_minute: channel.max_per_minute.map_or(String::new(), |n| n.to_string()),
        }
    }

    /// What a browser sent. Anything can be read; what is wrong with it is found by `verdict`.
    pub fn read(form: &Form) -> Draft {
        let text = |name: &str| form.text(name).to_owned();
        let deal_stages = form.pairs().iter().filter_map(|(name, value)| {
            let rest = name.strip_prefix("stage.deal")?;
            let pipeline = rest.strip_prefix('.').unwrap_or(rest);
            Some((pipeline.to_owned(), value.trim().to_owned()))
        });
        let is_on = |name: &str| form.has(name);
        Draft {
            slug: text("slug"),
            name: text("name"),
            enabled: is_on("enabled"),
            entity: match form.text("entity") {
                "deal" => Entity::Deal,
                _ => Entity::Lead,
            },
            mode: match form.text("mode") {
                "search_first" => Mode::SearchFirst,
                _ => Mode::AlwaysCreate,
            },
            lead_search: listed(form, "search_stages.lead"),
            deal_search: listed(form, "search_stages.deal"),
            on_found: match form.text("on_found") {
                "ignore" => OnFound::Ignore,
                _ => OnFound::Update,
            },
            update_stage: is_on("update_stage"),
            update_fields: is_on("update_fields"),
            update_contact: is_on("update_contact"),
            responsible: text("responsible_id"),
            category: text("category_id"),
            lead_stage: text("stage.lead"),
            deal_stages: deal_stages.collect(),
            contact: typed_rows(form, Of::Contact),
            lead: typed_rows(form, Of::Lead),
            deal: typed_rows(form, Of::Deal),
            add_comment: is_on("add_comment"),
            add_activity: is_on("add_activity"),
            is_default: is_on("is_default"),
            thank_you_url: text("thank_you_url"),
            allowed_origins: text("allowed_origins"),
            honeypot: text("honeypot"),
            secret: text("secret"),
            drop_secret: is_on("drop_secret"),
            max_per_minute: text("max_per_minute"),
        }
    }

    pub fn rows(&self, of: Of) -> &[Row] {
        match of {
            Of::Contact => &self.contact,
            Of::Lead => &self.lead,
            Of::Deal => &self.deal,
        }
    }

    fn rows_mut(&mut self, of: Of) -> &mut Vec<Row> {
        match of {
            Of::Contact => &mut self.contact,
            Of::Lead => &mut self.lead,
            Of::Deal => &mut self.deal,
        }
    }

    pub fn own(&self) -> Of {
        match self.entity {
            Entity::Lead => Of::Lead,
            Entity::Deal => Of::Deal,
        }
    }

    /// Stages to search in, of the entity that was chosen.
    pub fn search_stages(&self) -> &[String] {
        match self.entity {
            Entity::Lead => &self.lead_search,
            Entity::Deal => &self.deal_search,
        }
    }

    /// The stage chosen for a pipeline.
    pub fn deal_stage(&self, pipeline: &str) -> &str {
        let stage = self
            .deal_stages
            .get(pipeline)
            .or_else(|| self.deal_stages.get(""));
        stage.map_or("", String::as_str)
    }

    /// Adds an empty row at the end of a group.
    pub fn add_row(&mut self, of: Of) {
        let rows = self.rows_mut(of);
        let key = rows.iter().map(|row| row.key).max().map_or(0, |key| key + 1);
        if rows.len() < ROWS {
            rows.push(Row {
                key,
                ..Row::default()
            });
        }
    }

    pub fn remove_row(&mut self, of: Of, key: u32) {
        self.rows_mut(of).retain(|row| row.key != key);
    }
}

/// A channel with nothing but its entity said.
pub fn blank(entity: Entity) -> Channel {
    Channel {
        slug: String::new(),
        name: String::new(),
        enabled: true,
        entity,
        mode: Mode::AlwaysCreate,
        search_stages: Vec::new(),
        on_found: OnFound::Update,
        update_stage: false,
        update_fields: false,
        update_contact: false,
        responsible_id: None,
        category_id: 0,
        stage_id: None,
        add_comment: false,
        add_activity: false,
        is_default: false,
        thank_you_url: None,
        allowed_origins: Vec::new(),
        honeypot: None,
        secret: None,
        max_per_minute: None,
        fields: Vec::new(),
    }
}

/// The mappings of one group. The entity that the channel does not write gets those of the other one which it could
/// fill as well: whoever changes the entity need not begin anew.
fn rows(channel: &Channel, of: Of, catalog: Option<&Catalog>) -> Vec<Row> {
    let fields = catalog.map(|catalog| catalog.fields(of));
    let source = if of == Of::Contact { of } else { channel.own() };
    let could_fill = |field: &str| match fields {
        Some(fields) => fields.get(field).is_some_and(|field| !field.read_only),
        None => !field.starts_with("UF_"),
    };
    let mappings = channel
        .fields
        .iter()
        .filter(|mapping| mapping.of == source && (source == of || could_fill(&mapping.field)));
    (0..)
        .zip(mappings)
        .map(|(key, mapping)| Row {
            key,
            field: field_text(&mapping.field, fields),
            value: mapping.value.clone(),
            search: mapping.search,
        })
        .collect()
}

fn typed_rows(form: &Form, of: Of) -> Vec<Row> {
    let rows = form.rows(prefix(of)).into_iter().filter_map(|row| {
        let is_number = row.key.len() <= KEY_DIGITS && row.key.bytes().all(|b| b.is_ascii_digit());
        Some(Row {
            key: row.key.parse().ok().filter(|_| is_number)?,
            field: row.text("field").to_owned(),
            // Spaces around a value may be meant.
            value: row.get("value").unwrap_or_default().to_owned(),
            search: row.has("search"),
        })
    });
    rows.take(ROWS).collect()
}

/// Values of check boxes whose names begin so, or of one field where they stand apart by commas or spaces.
fn listed(form: &Form, name: &str) -> Vec<String> {
    let is_it = |given: &str| {
        given
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let values = form.pairs().iter().filter(|(given, _)| is_it(given));
    let mut all: Vec<String> = Vec::new();
    for value in values.flat_map(|(_, value)| value.split([',', ' ', '\t', '\r', '\n'])) {
        if !value.is_empty() && !all.iter().any(|had| had == value) {
            all.push(value.to_owned());
        }
    }
    all
}
