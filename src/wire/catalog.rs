//! Which calls describe a portal, and the [`Catalog`] that their answers make.
//!
//! ```text
//! first() ─batch─► answers ─► more(answers) ─batch─► answers … until more() is empty ─► read(all, now)
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::catalog_fields::{StatusRow, fields, status_rows};
use crate::model::{
    Answer, Arg, Call, Catalog, Effect, Entity, Label, Millis, Refusal, Stage, Trouble, TroubleKind, User,
};

/// Records on a page of any list.
// b24: settings/how-to-call-rest-api/list-methods-pecularities.md
pub const PAGE: usize = 50;

/// People a catalogue holds at most: 100 pages are two batches, and no company of a bridge's size
/// picks one responsible out of more.
pub const MAX_RECORDS: u64 = 5_000;

const LEAD_FIELDS: &str = "lead_fields";
const DEAL_FIELDS: &str = "deal_fields";
const CONTACT_FIELDS: &str = "contact_fields";
const STATUSES: &str = "statuses";
const CATEGORIES: &str = "categories";
const OLD_CATEGORIES: &str = "old_categories";
const OLD_GENERAL: &str = "old_general";
const USERS: &str = "users";
const CURRENCIES: &str = "currencies";
const BASE_CURRENCY: &str = "base_currency";
const METHODS: &str = "methods";
const MODE: &str = "mode";

/// The name of pipeline 0 on a portal that would not tell it.
const GENERAL: &str = "Общая";

/// Why there is no catalogue.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CatalogError {
    #[error("the portal refused {method}: {}; give the connection the right \"CRM (crm)\"", .refusal.text)]
    Refused { method: String, refusal: Refusal },
    #[error("the portal could not be read: {}", .0.text)]
    Trouble(Trouble),
    #[error("the portal's answer to {method} has an unknown form; run `portal check`")]
    Shape { method: String },
}

impl CatalogError {
    /// The same as trouble: without its catalogue the portal cannot be written to.
    pub fn into_trouble(self) -> Trouble {
        let text = self.to_string();
        match self {
            CatalogError::Trouble(trouble) => trouble,
            CatalogError::Refused { .. } => Trouble {
                kind: TroubleKind::ConnectionRefused,
                text,
                not_before: None,
            },
            CatalogError::Shape { .. } => Trouble {
                kind: TroubleKind::Nonsense,
                text,
                not_before: None,
            },
        }
    }
}

/// The calls of the first batch. All of them only read.
pub fn first() -> Vec<Call> {
    let deals = Arg::text(Entity::Deal.type_id().to_string());
    let by = |field: &str| Arg::Map(vec![(field.to_owned(), Arg::text("ASC"))]);
    vec![
        // b24: api-reference/crm/leads/crm-lead-fields.md
        read_call(LEAD_FIELDS, "crm.lead.fields", vec![]),
        // b24: api-reference/crm/deals/crm-deal-fields.md
        read_call(DEAL_FIELDS, "crm.deal.fields", vec![]),
        // b24: api-reference/crm/contacts/crm-contact-fields.md
        read_call(CONTACT_FIELDS, "crm.contact.fields", vec![]),
        // b24: api-reference/crm/status/crm-status-list.md
        read_call(STATUSES, "crm.status.list", vec![("order", by("SORT"))]),
        // New portals know the first, old ones the two others; a refusal costs nothing.
        // b24: api-reference/crm/universal/category/crm-category-list.md
        read_call(CATEGORIES, "crm.category.list", vec![("entityTypeId", deals)]),
        // b24: api-reference/crm/outdated/category-old/crm-deal-category-list.md
        read_call(
            OLD_CATEGORIES,
            "crm.dealcategory.list",
            vec![("order", by("SORT"))],
        ),
        // b24: api-reference/crm/outdated/category-old/crm-deal-category-default-get.md
        read_call(OLD_GENERAL, "crm.dealcategory.default.get", vec![]),
        // Open lines make a user of every visitor: only employees are asked for.
        // b24: api-reference/user/user-get.md
        read_call(
            USERS,
            "user.get",
            vec![
                ("sort", Arg::text("ID")),
                ("order", Arg::text("ASC")),
                (
                    "FILTER",
                    Arg::Map(vec![("USER_TYPE".to_owned(), Arg::text("employee"))]),
                ),
            ],
        ),
        // b24: api-reference/crm/currency/crm-currency-list.md
        read_call(CURRENCIES, "crm.currency.list", vec![("order", by("SORT"))]),
        // b24: api-reference/crm/currency/crm-currency-base-get.md
        read_call(BASE_CURRENCY, "crm.currency.base.get", vec![]),
        // b24: api-reference/common/system/methods.md
        read_call(METHODS, "methods", vec![]),
        // b24: api-reference/crm/crm-settings-mode-get.md
        read_call(MODE, "crm.settings.mode.get", vec![]),
    ]
}

fn read_call(key: &str, method: &str, args: Vec<(&str, Arg)>) -> Call {
    Call {
        key: key.to_owned(),
        method: method.to_owned(),
        args: args
            .into_iter()
            .map(|(name, arg)| (name.to_owned(), arg))
            .collect(),
        effect: Effect::Read,
    }
}

/// The pages that are still missing after the calls so far; all at once when the portal counted its
/// records, one by one when it did not.
pub fn more(so_far: &[(Call, Answer)]) -> Vec<Call> {
    let asked: BTreeSet<&str> = so_far.iter().map(|(call, _)| call.key.as_str()).collect();
    let mut pages = Vec::new();
    for (call, answer) in so_far {
        let Answer::Done {
            next: Some(next),
            total,
            ..
        } = answer
        else {
            continue;
        };
        let next = *next;
        let end = total.unwrap_or(next + 1).max(next + 1).min(MAX_RECORDS);
        let (list, _) = call.key.split_once(':').unwrap_or((&call.key, ""));
        for start in (next..end).step_by(PAGE) {
            let key = format!("{list}:{start}");
            if !asked.contains(key.as_str()) && pages.iter().all(|p: &Call| p.key != key) {
                pages.push(page(call, key, start));
            }
        }
    }
    pages
}

fn page(of: &Call, key: String, start: u64) -> Call {
    let mut call = of.clone();
    call.key = key;
    call.args.retain(|(name, _)| name != "start");
    call.args.push(("start".to_owned(), Arg::text(start.to_string())));
    call
}

/// The catalogue of the calls' answers. The field lists and the reference books are needed; what else
/// the portal refuses is left empty. Trouble with any call is an error: half a catalogue would look
/// like a portal whose users and stages are gone.
pub fn read(all: &[(Call, Answer)], now: Millis) -> Result<Catalog, CatalogError> {
    let answers = Answers::of(all)?;
    let statuses: Vec<StatusRow> = answers
        .needed(STATUSES)?
        .iter()
        .copied()
        .flat_map(status_rows)
        .collect();
    let of = |key: &str| -> Result<_, CatalogError> {
        let mut pages = answers.needed(key)?;
        let value = pages.pop().ok_or_else(|| answers.shape(key))?;
        fields(value, &statuses).ok_or_else(|| answers.shape(key))
    };
    let categories = categories(&answers);
    Ok(Catalog {
        taken_at: now,
        lead: of(LEAD_FIELDS)?,
        deal: of(DEAL_FIELDS)?,
        contact: of(CONTACT_FIELDS)?,
        lead_stages: stages(&statuses, "STATUS", 0),
        deal_stages: categories
            .keys()
            .flat_map(|id| match id {
                0 => stages(&statuses, "DEAL_STAGE", 0),
                id => stages(&statuses, &format!("DEAL_STAGE_{id}"), *id),
            })
            .collect(),
        categories,
        users: answers.rows(USERS).filter_map(user).collect(),
        currencies: currencies(&answers),
        methods: answers
            .rows(METHODS)
            .filter_map(text_of)
            .map(|m| m.to_lowercase())
            .collect(),
        // 1: with leads, 2: without.
        // b24: api-reference/crm/auxiliary/enum/crm-enum-settings-mode.md
        simple_crm: answers.first(MODE).and_then(number) == Some(2),
    })
}

/// Answers by the key of their list, pages in order.
struct Answers<'a> {
    done: BTreeMap<&'a str, Vec<&'a Value>>,
    refused: BTreeMap<&'a str, &'a Refusal>,
    methods: BTreeMap<&'a str, &'a str>,
}

impl<'a> Answers<'a> {
    fn of(all: &'a [(Call, Answer)]) -> Result<Answers<'a>, CatalogError> {
        let mut answers = Answers {
            done: BTreeMap::new(),
            refused: BTreeMap::new(),
            methods: BTreeMap::new(),
        };
        for (call, answer) in all {
            let (list, _) = call.key.split_once(':').unwrap_or((&call.key, ""));
            answers.methods.insert(list, &call.method);
            match answer {
                Answer::Done { result, .. } => answers.done.entry(list).or_default().push(result),
                Answer::Refused(refusal) => {
                    answers.refused.insert(list, refusal);
                }
                Answer::Later(trouble) | Answer::Unknown(trouble) => {
                    return Err(CatalogError::Trouble(trouble.clone()));
                }
            }
        }
        Ok(answers)
    }

    fn needed(&self, key: &str) -> Result<Vec<&'a Value>, CatalogError> {
        if let Some(refusal) = self.refused.get(key) {
            let method = self.method(key);
            return Err(CatalogError::Refused {
                method,
                refusal: (*refusal).clone(),
            });
        }
        self.done.get(key).cloned().ok_or_else(|| self.shape(key))
    }

    fn shape(&self, key: &str) -> CatalogError {
        CatalogError::Shape {
            method: self.method(key),
        }
    }

    fn method(&self, key: &str) -> String {
        self.methods.get(key).copied().unwrap_or(key).to_owned()
    }

    fn first(&self, key: &str) -> Option<&'a Value> {
        self.done.get(key)?.first().copied()
    }

    /// The records of all pages.
    fn rows(&self, key: &str) -> impl Iterator<Item = &'a Value> {
        let pages: Vec<&'a Value> = self.done.get(key).cloned().unwrap_or_default();
        pages.into_iter().flat_map(rows_of)
    }
}

/// The items of a list, or of a map that PHP made of a list with gaps.
pub(super) fn rows_of(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => Vec::new(),
    }
}

/// Text of a string or a number.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    text_of(value)?.trim().parse().ok()
}

fn text_at(row: &Value, name: &str) -> String {
    row.get(name).and_then(text_of).unwrap_or_default()
}

fn categories(answers: &Answers<'_>) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    for row in answers.rows(OLD_CATEGORIES) {
        if let Some(id) = row.get("ID").and_then(number) {
            found.insert(id, text_at(row, "NAME"));
        }
    }
    if let Some(name) = answers
        .first(OLD_GENERAL)
        .and_then(|row| row.get("NAME"))
        .and_then(text_of)
    {
        found.insert(0, name);
    }
    for page in answers.done.get(CATEGORIES).into_iter().flatten() {
        for row in page.get("categories").map(rows_of).unwrap_or_default() {
            if let Some(id) = row.get("id").and_then(number) {
                found.insert(id, text_at(row, "name"));
            }
        }
    }
    // Every portal has the general pipeline, whether or not it names it.
    let general = found.entry(0).or_default();
    if general.is_empty() {
        GENERAL.clone_into(general);
    }
    found
}

fn stages(statuses: &[StatusRow], entity_id: &str, category_id: u64) -> Vec<Stage> {
    let mut stages: Vec<Stage> = statuses
        .iter()
        .filter(|row| row.entity_id == entity_id)
        .map(|row| Stage {
            id: row.id.clone(),
            name: row.name.clone(),
            category_id,
            semantics: row.semantics.clone(),
            color: row.color.clone(),
            sort: row.sort,
        })
        .collect();
    stages.sort_by_key(|stage| stage.sort);
    stages
}

/// A person. The name is what the portal's pages show; the right `user_brief` hides the e-mail.
fn user(row: &Value) -> Option<User> {
    let id = row.get("ID").and_then(number)?;
    let email = text_at(row, "EMAIL");
    let name = format!("{} {}", text_at(row, "NAME"), text_at(row, "LAST_NAME"))
        .trim()
        .to_owned();
    let name = match (name.is_empty(), email.is_empty()) {
        (false, _) => name,
        (true, false) => email.clone(),
        (true, true) => id.to_string(),
    };
    let active = !matches!(row.get("ACTIVE"), Some(Value::Bool(false)))
        && !matches!(text_at(row, "ACTIVE").as_str(), "N" | "0" | "false");
    Some(User {
        id,
        name,
        email,
        active,
    })
}

fn currencies(answers: &Answers<'_>) -> Vec<Label> {
    let named = answers.first(BASE_CURRENCY).and_then(text_of);
    let mut base: Vec<Label> = Vec::new();
    let mut others: Vec<Label> = Vec::new();
    for row in answers.rows(CURRENCIES) {
        let id = text_at(row, "CURRENCY");
        if id.is_empty() || base.iter().chain(&others).any(|c| c.id == id) {
            continue;
        }
        let label = super::plain_text(&text_at(row, "FULL_NAME"));
        let label = Label {
            label: if label.is_empty() { id.clone() } else { label },
            id,
        };
        let is_base = named
            .as_ref()
            .map_or(text_at(row, "BASE") == "Y", |n| *n == label.id);
        if is_base {
            base.push(label)
        } else {
            others.push(label)
        }
    }
    base.append(&mut others);
    base
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
