//! `crm.*.fields` and `crm.status.list`, read into [`Fields`].
// b24: api-reference/crm/data-types.md

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalog::{rows_of, text_of};
use crate::model::{Field, FieldKind, Fields, Label};

/// One item of a reference book.
// b24: api-reference/crm/status/crm-status-list.md
#[derive(Debug, Clone)]
pub(super) struct StatusRow {
    /// The book: `STATUS`, `SOURCE`, `DEAL_STAGE_3`.
    pub entity_id: String,
    pub id: String,
    pub name: String,
    pub sort: i64,
    /// `S`, `F` or empty.
    pub semantics: String,
    pub color: String,
}

pub(super) fn status_rows(page: &Value) -> Vec<StatusRow> {
    rows_of(page).into_iter().filter_map(status_row).collect()
}

fn status_row(row: &Value) -> Option<StatusRow> {
    let at = |name: &str| row.get(name).and_then(text_of);
    let extra = |name: &str| row.get("EXTRA")?.get(name).and_then(text_of);
    // Older portals tell them in EXTRA only, and in words.
    let semantics = match at("SEMANTICS").or_else(|| extra("SEMANTICS")).as_deref() {
        Some("S" | "success") => "S",
        Some("F" | "failure" | "apology") => "F",
        _ => "",
    };
    Some(StatusRow {
        entity_id: at("ENTITY_ID")?,
        id: at("STATUS_ID")?,
        name: at("NAME").unwrap_or_default(),
        sort: at("SORT").and_then(|sort| sort.trim().parse().ok()).unwrap_or(0),
        semantics: semantics.to_owned(),
        color: at("COLOR").or_else(|| extra("COLOR")).unwrap_or_default(),
    })
}

/// The field list of one record type; nothing when the answer is no such list.
pub(super) fn fields(answer: &Value, statuses: &[StatusRow]) -> Option<Fields> {
    let rows = answer.as_object().filter(|rows| !rows.is_empty())?;
    let mut fields = BTreeMap::new();
    for (name, row) in rows {
        fields.insert(name.clone(), field(name, row, statuses));
    }
    Some(fields)
}

fn field(name: &str, row: &Value, statuses: &[StatusRow]) -> Field {
    let type_name = row.get("type").and_then(text_of).unwrap_or_default();
    let kind = kind(&type_name);
    let items = match kind {
        FieldKind::Status => book(row)
            .map(|book| status_items(&book, statuses))
            .unwrap_or_default(),
        _ => row.get("items").map(items).unwrap_or_default(),
    };
    Field {
        name: name.to_owned(),
        title: title(name, row),
        kind,
        multiple: flag(row, "isMultiple") || kind == FieldKind::Multifield,
        read_only: flag(row, "isReadOnly"),
        required: flag(row, "isRequired"),
        type_name,
        items,
    }
}

/// What the portal's types mean for a value that is sent.
// b24: api-reference/crm/data-types.md
// b24: api-reference/crm/universal/user-defined-fields/crm-userfield-types.md
fn kind(type_name: &str) -> FieldKind {
    match type_name {
        "string" | "text" => FieldKind::Text,
        "integer" | "int" => FieldKind::Integer,
        "double" | "float" => FieldKind::Double,
        "money" => FieldKind::Money,
        "boolean" => FieldKind::Boolean,
        "char" => FieldKind::Char,
        "date" => FieldKind::Date,
        "datetime" => FieldKind::DateTime,
        "enumeration" => FieldKind::Enumeration,
        "crm_status" => FieldKind::Status,
        "crm_currency" => FieldKind::Currency,
        "user" | "employee" => FieldKind::User,
        "crm_multifield" => FieldKind::Multifield,
        "file" => FieldKind::File,
        "url" => FieldKind::Url,
        "address" => FieldKind::Address,
        _ => FieldKind::Other,
    }
}

/// A user's own field is called by its name in capitals unless one of its labels is read.
fn title(name: &str, row: &Value) -> String {
    ["formLabel", "listLabel", "title", "filterLabel"]
        .iter()
        .filter_map(|label| row.get(*label).and_then(text_of))
        .map(|label| label.trim().to_owned())
        .find(|label| !label.is_empty() && label != name)
        .unwrap_or_else(|| name.to_owned())
}

fn flag(row: &Value, name: &str) -> bool {
    match row.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => matches!(text.as_str(), "Y" | "1" | "true"),
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        _ => false,
    }
}

/// The reference book of a `crm_status` field: the portal's own fields name it beside the type, a
/// user's field in its settings.
fn book(row: &Value) -> Option<String> {
    row.get("statusType")
        .or_else(|| row.get("settings")?.get("ENTITY_TYPE"))
        .and_then(text_of)
}

fn status_items(book: &str, statuses: &[StatusRow]) -> Vec<Label> {
    // `DEAL_STAGE` names the general pipeline's book; the field takes the stages of every pipeline.
    let pipelines = |row: &&StatusRow| book == "DEAL_STAGE" && row.entity_id.starts_with("DEAL_STAGE_");
    let own = statuses.iter().filter(|row| row.entity_id == book);
    own.chain(statuses.iter().filter(pipelines))
        .map(|row| Label {
            id: row.id.clone(),
            label: row.name.clone(),
        })
        .collect()
}

fn items(list: &Value) -> Vec<Label> {
    rows_of(list)
        .into_iter()
        .filter_map(|item| {
            Some(Label {
                id: item.get("ID").and_then(text_of)?,
                label: item.get("VALUE").and_then(text_of).unwrap_or_default(),
            })
        })
        .collect()
}
