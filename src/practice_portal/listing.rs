//! What every list method does alike: order, pages of 50, the fields asked for.

use serde_json::{Map, Value};

use super::methods::{Reply, RestError};
use super::schema::{FieldDef, Kind};
use super::table::{Record, Table};
use super::{filter, php};

/// Records a page.
// b24: settings/how-to-call-rest-api/list-methods-pecularities.md
pub const PAGE: usize = 50;

/// Answers a list method over a table.
// b24: api-reference/crm/deals/crm-deal-list.md
pub fn list(table: &Table, params: &Value) -> Result<Reply, RestError> {
    for name in ["order", "filter"] {
        if let Some(value) = php::param(params, name)
            && !php::is_array(value)
            && !php::text(value).is_empty()
        {
            return Err(RestError::crm(format!("Parameter '{name}' must be array.")));
        }
    }
    let nothing = Value::Null;
    let conditions = filter::parse(php::param(params, "filter").unwrap_or(&nothing), table);
    let mut records = filter::select(table, &conditions);
    sort(
        &mut records,
        table,
        php::param(params, "order").unwrap_or(&nothing),
    );
    let fields = selected(table, php::param(params, "select").unwrap_or(&nothing));
    Ok(page(&records, params, |record| {
        Value::Object(
            fields
                .iter()
                .filter(|def| def.kind != Kind::Multi || record.multi.contains_key(&def.name))
                .map(|def| (def.name.clone(), field(record, def)))
                .collect(),
        )
    }))
}

/// Cuts out the page that `start` names. `start=-1` does not count: `total` is 0 and there is no `next`.
// b24: settings/performance/huge-data.md
pub fn page<T>(records: &[T], params: &Value, show: impl Fn(&T) -> Value) -> Reply {
    let start = php::param(params, "start").map_or(0, php::int);
    let counts = start >= 0;
    let from = usize::try_from(start).unwrap_or(0) / PAGE * PAGE;
    let items: Vec<Value> = records.iter().skip(from).take(PAGE).map(show).collect();
    let end = from + items.len();
    Reply {
        result: Value::Array(items),
        total: Some(if counts { records.len() } else { 0 }),
        next: (counts && end < records.len()).then_some(end),
    }
}

fn sort(records: &mut [&Record], table: &Table, order: &Value) {
    let order: Vec<(&FieldDef, bool)> = php::entries(order)
        .iter()
        .filter_map(|(name, direction)| {
            let descending = php::text(direction).eq_ignore_ascii_case("desc");
            Some((table.def(name)?, descending))
        })
        .collect();
    if order.is_empty() {
        return;
    }
    records.sort_by(|a, b| {
        for (def, descending) in &order {
            let value = |r: &Record| {
                r.values_of(def)
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default()
            };
            let (left, right) = (value(a), value(b));
            let compared = filter::compare(def.kind, &left, &right).unwrap_or_else(|| left.cmp(&right));
            let compared = if *descending { compared.reverse() } else { compared };
            if compared.is_ne() {
                return compared;
            }
        }
        a.id.cmp(&b.id)
    });
}

/// The fields a list returns: `*` and `UF_*` unless told otherwise. Multifields come only by name, the
/// list of bound contacts never.
// b24: api-reference/crm/contacts/crm-contact-list.md
fn selected<'a>(table: &'a Table, select: &Value) -> Vec<&'a FieldDef> {
    let mut names: Vec<String> = php::entries(select).iter().map(|(_, v)| php::text(v)).collect();
    if names.is_empty() {
        names = vec!["*".to_owned(), "UF_*".to_owned()];
    }
    let asked = |def: &FieldDef| {
        names.iter().any(|name| match name.as_str() {
            "*" => def.user_field.is_none() && def.kind != Kind::Multi,
            "UF_*" => def.user_field.is_some(),
            name => name == def.name,
        })
    };
    table
        .schema
        .iter()
        .filter(|def| returned(def))
        // The number comes whether it was asked for or not.
        .filter(|def| def.name == "ID" || asked(def))
        .collect()
}

/// `CONTACT_IDS` and `COMPANY_IDS` can be written and never come back.
// b24: api-reference/crm/deals/crm-deal-fields.md
fn returned(def: &FieldDef) -> bool {
    !(def.multiple && matches!(def.kind, Kind::Contact | Kind::Company))
}

/// A record as `get` returns it; a multifield only when it has values.
// b24: api-reference/crm/contacts/crm-contact-get.md
pub fn whole(table: &Table, record: &Record) -> Map<String, Value> {
    table
        .schema
        .iter()
        .filter(|def| returned(def))
        .filter(|def| def.kind != Kind::Multi || record.multi.get(&def.name).is_some_and(|m| !m.is_empty()))
        .map(|def| (def.name.clone(), field(record, def)))
        .collect()
}

/// A field as PHP writes it: numbers are strings, what is not set is null.
fn field(record: &Record, def: &FieldDef) -> Value {
    let set = |yes: bool| Value::from(if yes { "Y" } else { "N" });
    match (def.name.as_str(), def.kind) {
        ("ID", _) => Value::String(record.id.to_string()),
        ("CONTACT_ID", _) => record
            .primary_contact()
            .map_or(Value::Null, |id| Value::String(id.to_string())),
        ("HAS_PHONE", _) => set(record.multi_values("PHONE").next().is_some()),
        ("HAS_EMAIL", _) => set(record.multi_values("EMAIL").next().is_some()),
        ("HAS_IMOL", _) => set(false),
        (name, Kind::Multi) => record
            .multi
            .get(name)
            .into_iter()
            .flatten()
            .map(|m| {
                serde_json::json!({
                    "ID": m.id.to_string(),
                    "VALUE_TYPE": m.value_type,
                    "VALUE": m.value,
                    "TYPE_ID": name,
                })
            })
            .collect(),
        (name, _) => match record.fields.get(name) {
            Some(value) => value.clone(),
            // Portals in the field answer `false` for a user field that holds a list and is empty.
            None if def.multiple && def.user_field.is_some() => Value::Bool(false),
            None => Value::Null,
        },
    }
}
