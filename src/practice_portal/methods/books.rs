//! Reference books, pipelines, currencies and the list of user fields.

use serde_json::{Value, json};

use super::{Answer, Desk, Reply, RestError};
use crate::practice_portal::php;
use crate::practice_portal::schema::{FieldDef, Kind};
use crate::practice_portal::world::{Kin, Status, World};

fn counted(items: Vec<Value>) -> Answer {
    Ok(Reply {
        total: Some(items.len()),
        result: Value::Array(items),
        next: None,
    })
}

/// Without pages. Filters by equality, several values being alternatives.
// b24: api-reference/crm/status/crm-status-list.md
pub fn status_list(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let nothing = Value::Null;
    let filter = php::entries(php::param(params, "filter").unwrap_or(&nothing));
    let mut items: Vec<&Status> = desk
        .world
        .statuses
        .iter()
        .filter(|status| {
            filter.iter().all(|(name, wanted)| {
                let have = match name.trim_start_matches(['=', '@']) {
                    "ID" => status.id.to_string(),
                    "ENTITY_ID" => status.entity_id.clone(),
                    "STATUS_ID" => status.status_id.clone(),
                    "NAME" => status.name.clone(),
                    "SEMANTICS" => status.semantics.to_owned(),
                    _ => return true,
                };
                if php::is_array(wanted) {
                    php::entries(wanted).iter().any(|(_, w)| php::text(w) == have)
                } else {
                    php::text(wanted) == have
                }
            })
        })
        .collect();
    let by_sort = php::param(params, "order")
        .is_some_and(|order| php::entries(order).iter().any(|(name, _)| name == "SORT"));
    items.sort_by_key(|s| (if by_sort { s.sort } else { 0 }, s.id));
    counted(items.into_iter().map(status_json).collect())
}

fn status_json(status: &Status) -> Value {
    let category = status
        .entity_id
        .strip_prefix("DEAL_STAGE_")
        .map_or(Value::Null, |id| json!(id));
    let mut out = json!({
        "ID": status.id.to_string(),
        "ENTITY_ID": status.entity_id,
        "STATUS_ID": status.status_id,
        "NAME": status.name,
        "NAME_INIT": "",
        "SORT": status.sort.to_string(),
        "SYSTEM": "N",
        "CATEGORY_ID": category,
        "COLOR": status.color,
        "SEMANTICS": if status.semantics.is_empty() { Value::Null } else { json!(status.semantics) },
    });
    if !status.color.is_empty() {
        let semantics = match (status.semantics, status.status_id.as_str()) {
            ("S", _) => "success",
            ("F", "APOLOGY") => "apology",
            ("F", _) => "failure",
            _ => "process",
        };
        out["EXTRA"] = json!({"SEMANTICS": semantics, "COLOR": status.color});
    }
    out
}

// b24: api-reference/crm/status/crm-status-fields.md
pub fn status_fields(_: &mut Desk<'_>, _: &Value) -> Answer {
    let rows = [
        ("ID", "integer", false, true, false, "ID"),
        ("ENTITY_ID", "string", true, false, true, "Идентификатор сущности"),
        ("STATUS_ID", "string", true, false, true, "Статус"),
        ("SORT", "integer", false, false, false, "Сортировка"),
        ("NAME", "string", true, false, false, "Название"),
        ("NAME_INIT", "string", false, true, false, "Название по умолчанию"),
        ("SYSTEM", "char", false, true, false, "Системный"),
        ("CATEGORY_ID", "integer", false, false, true, "CATEGORY_ID"),
        ("COLOR", "string", false, false, false, "COLOR"),
        ("SEMANTICS", "char", false, false, true, "SEMANTICS"),
        (
            "EXTRA",
            "crm_status_extra",
            false,
            false,
            false,
            "Дополнительные поля",
        ),
    ];
    let fields = rows
        .into_iter()
        .map(|(name, kind, required, read_only, immutable, title)| {
            let field = json!({
                "type": kind,
                "isRequired": required,
                "isReadOnly": read_only,
                "isImmutable": immutable,
                "isMultiple": false,
                "isDynamic": false,
                "title": title,
            });
            (name.to_owned(), field)
        })
        .collect();
    Ok(php::array(fields).into())
}

// b24: api-reference/crm/universal/category/crm-category-list.md
pub fn category_list(desk: &mut Desk<'_>, params: &Value) -> Answer {
    match php::item(params, "entityTypeId").map_or(0, php::int) {
        2 => {}
        1 => {
            return Err(RestError::new(
                400,
                "ENTITY_TYPE_NOT_SUPPORTED",
                "Entity type LEAD is not supported",
            ));
        }
        _ => return Err(RestError::new(400, "NOT_FOUND", "Smart process not found")),
    }
    let categories: Vec<Value> = desk
        .world
        .categories
        .iter()
        .map(|c| {
            json!({
                "id": c.id,
                "name": c.name,
                "sort": c.sort,
                "entityTypeId": 2,
                "isDefault": if c.id == 0 { "Y" } else { "N" },
            })
        })
        .collect();
    Ok(Reply {
        total: Some(categories.len()),
        result: json!({"categories": categories}),
        next: None,
    })
}

/// The pipelines beside the general one.
// b24: api-reference/crm/outdated/category-old/crm-deal-category-list.md
pub fn deal_category_list(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let items = desk.world.categories.iter().filter(|c| c.id > 0).map(
        |c| json!({"ID": c.id.to_string(), "NAME": c.name, "SORT": c.sort.to_string(), "IS_LOCKED": "N"}),
    );
    counted(items.collect())
}

// b24: api-reference/crm/outdated/category-old/crm-deal-category-default-get.md
pub fn deal_category_default(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let name = desk
        .world
        .categories
        .iter()
        .find(|c| c.id == 0)
        .map(|c| c.name.clone());
    Ok(json!({"ID": 0, "NAME": name}).into())
}

// b24: api-reference/crm/outdated/category-old/crm-deal-category-stage-list.md
pub fn deal_category_stages(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let category = php::id(php::param(params, "id")).unwrap_or(0);
    let stages: Vec<Value> = desk
        .world
        .book(&World::stage_book(category))
        .into_iter()
        .map(|s| json!({"NAME": s.name, "SORT": s.sort, "STATUS_ID": s.status_id}))
        .collect();
    Ok(json!(stages).into())
}

/// `total` is always 0.
// b24: api-reference/crm/currency/crm-currency-list.md
pub fn currency_list(desk: &mut Desk<'_>, _: &Value) -> Answer {
    let items: Vec<Value> = desk
        .world
        .currencies
        .iter()
        .enumerate()
        .map(|(i, c)| {
            json!({
                "CURRENCY": c.code,
                "AMOUNT_CNT": "1",
                "AMOUNT": c.rate,
                "SORT": ((i + 1) * 100).to_string(),
                "BASE": if c.base { "Y" } else { "N" },
                "FULL_NAME": c.name,
                "LID": "ru",
                "FORMAT_STRING": format!("# {}", c.code),
                "DEC_POINT": ".",
                "THOUSANDS_SEP": "&nbsp;",
                "DECIMALS": "2",
                "DATE_UPDATE": "2026-01-29T12:28:40+03:00",
            })
        })
        .collect();
    Ok(Reply {
        result: json!(items),
        total: Some(0),
        next: None,
    })
}

/// Labels are there only when a language was named.
// b24: api-reference/crm/deals/user-defined-fields/crm-deal-userfield-list.md
pub fn user_fields(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let nothing = Value::Null;
    let filter = php::param(params, "filter").unwrap_or(&nothing);
    let labelled = php::item(filter, "LANG").is_some();
    let wanted = |name: &str, have: &str| php::item(filter, name).is_none_or(|v| php::text(v) == have);
    let items = desk
        .world
        .table(kin)
        .schema
        .iter()
        .filter_map(|def| def.user_field.as_ref().map(|field| (def, field)))
        .filter(|(def, field)| {
            wanted("FIELD_NAME", &def.name)
                && wanted("ID", &field.id.to_string())
                && wanted("USER_TYPE_ID", user_type(def))
        })
        .map(|(def, field)| {
            let mut out = json!({
                "ID": field.id.to_string(),
                "ENTITY_ID": format!("CRM_{}", kin.name().to_ascii_uppercase()),
                "FIELD_NAME": def.name,
                "USER_TYPE_ID": user_type(def),
                "XML_ID": null,
                "SORT": "100",
                "MULTIPLE": if def.multiple { "Y" } else { "N" },
                "MANDATORY": "N",
                "SHOW_FILTER": "E",
                "SHOW_IN_LIST": "Y",
                "EDIT_IN_LIST": "Y",
                "IS_SEARCHABLE": "N",
                "SETTINGS": [],
            });
            if labelled {
                for name in ["EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL"] {
                    out[name] = json!(def.title);
                }
            }
            if def.kind == Kind::Enumeration {
                let items: Vec<Value> = field
                    .items
                    .iter()
                    .map(|(id, label)| {
                        json!({"ID": id.to_string(), "SORT": "10", "VALUE": label, "DEF": "N", "XML_ID": null})
                    })
                    .collect();
                out["LIST"] = json!(items);
            }
            out
        });
    counted(items.collect())
}

fn user_type(def: &FieldDef) -> &'static str {
    match def.kind {
        Kind::Enumeration => "enumeration",
        Kind::Boolean => "boolean",
        Kind::Money => "money",
        Kind::Date => "date",
        Kind::DateTime => "datetime",
        Kind::File => "file",
        Kind::Double => "double",
        Kind::Integer => "integer",
        Kind::Url => "url",
        Kind::User => "employee",
        _ => "string",
    }
}
