//! How a value that was sent becomes a value that is kept: loosely, as the portal does it.

use serde_json::{Value, json};

use super::methods::RestError;
use super::schema::{FieldDef, Kind};
use super::table::{Multi, Record};
use super::world::World;
use super::{clock, php};

/// What becomes of a value that was sent.
#[derive(Debug, PartialEq)]
pub enum Kept {
    Value(Value),
    /// Not understood and left out without a word, as the portal does.
    Ignored,
}

/// Converts one value for a field other than multifields, stages and links to contacts.
// b24: api-reference/crm/data-types.md
pub fn convert(world: &mut World, def: &FieldDef, sent: &Value) -> Result<Kept, RestError> {
    if !def.multiple {
        return single(world, def, sent);
    }
    let mut kept = Vec::new();
    let sent_items: Vec<&Value> = if php::is_array(sent) && !is_file(def, sent) {
        php::entries(sent).into_iter().map(|(_, v)| v).collect()
    } else {
        vec![sent]
    };
    for item in sent_items {
        if let Kept::Value(value) = single(world, def, item)?
            && !value.is_null()
        {
            kept.push(value);
        }
    }
    Ok(Kept::Value(Value::Array(kept)))
}

fn is_file(def: &FieldDef, sent: &Value) -> bool {
    def.kind == Kind::File && php::item(sent, "fileData").is_some()
}

fn single(world: &mut World, def: &FieldDef, sent: &Value) -> Result<Kept, RestError> {
    if def.kind == Kind::File {
        return Ok(file(world, sent));
    }
    if php::is_array(sent) {
        return Ok(Kept::Ignored);
    }
    let text = php::text(sent);
    if text.is_empty() {
        let empty = match def.kind {
            Kind::Double => json!("0.00"),
            Kind::Char => json!("N"),
            Kind::Text | Kind::Url => json!(""),
            _ => Value::Null,
        };
        return Ok(Kept::Value(empty));
    }
    let value = match def.kind {
        Kind::Text | Kind::Url | Kind::Status => json!(text),
        Kind::Integer | Kind::Category | Kind::Location => json!(php::int(sent).to_string()),
        Kind::User | Kind::Contact | Kind::Company | Kind::Lead | Kind::Quote => match php::id(Some(sent)) {
            Some(id) => json!(id.to_string()),
            None => return Ok(Kept::Ignored),
        },
        Kind::Double => json!(format!("{:.2}", php::float(&text))),
        Kind::Char => json!(if text == "Y" { "Y" } else { "N" }),
        Kind::Boolean => json!(if php::flag(sent) { "1" } else { "0" }),
        Kind::Currency => return currency(world, &text),
        Kind::Date => match clock::parse(&text) {
            Some(at) => json!(clock::date(at)),
            None => return Ok(Kept::Ignored),
        },
        Kind::DateTime => match clock::parse(&text) {
            Some(at) => json!(clock::datetime(at)),
            None => return Ok(Kept::Ignored),
        },
        Kind::Enumeration => {
            let known = def
                .user_field
                .as_ref()
                .is_some_and(|f| f.items.iter().any(|(id, _)| id.to_string() == text));
            if !known {
                return Ok(Kept::Ignored);
            }
            json!(text)
        }
        Kind::Money => json!(money(&text, world.base_currency())),
        Kind::Multi | Kind::File => return Ok(Kept::Ignored),
    };
    Ok(Kept::Value(value))
}

/// `3500|RUB`; an amount alone is in the base currency.
fn money(text: &str, base: &str) -> String {
    let (amount, currency) = text.split_once('|').unwrap_or((text, base));
    format!("{}|{currency}", php::float(amount))
}

// b24: api-reference/crm/deals/crm-deal-add.md (Invalid value for the "Currency" field)
fn currency(world: &World, text: &str) -> Result<Kept, RestError> {
    if world.currencies.iter().any(|c| c.code == text) {
        Ok(Kept::Value(json!(text)))
    } else {
        Err(RestError::crm(
            "Недопустимое значение для поля &quot;Валюта&quot;<br>",
        ))
    }
}

/// `{"fileData": [name, base64]}`, or the bare pair. What comes back is an id and two addresses.
// b24: api-reference/files/how-to-upload-files.md
fn file(world: &mut World, sent: &Value) -> Kept {
    let data = php::item(sent, "fileData").unwrap_or(sent);
    let (Some(name), Some(body)) = (php::item(data, "0"), php::item(data, "1")) else {
        return Kept::Ignored;
    };
    let Ok(bytes) = data_encoding::BASE64.decode(php::text(body).as_bytes()) else {
        return Kept::Ignored;
    };
    let id = world.next_small_id();
    Kept::Value(json!({
        "id": id,
        "showUrl": format!("/bitrix/components/bitrix/crm.show_file/?fileId={id}"),
        "downloadUrl": format!("/bitrix/components/bitrix/crm.show_file/?fileId={id}&download=1"),
        // Not the portal's: for people and tests that look into the practice portal.
        "practiceName": php::text(name),
        "practiceSize": bytes.len(),
    }))
}

/// Changes a multifield: an entry with its `ID` changes or (with `DELETE=Y` or without a value) removes
/// that value, any other is appended; what is not a list of maps is ignored.
// b24: api-reference/crm/contacts/crm-contact-update.md
pub fn change_multi(
    world: &mut World,
    record: &mut Record,
    field: &str,
    sent: &Value,
) -> Result<(), RestError> {
    for (_, entry) in php::entries(sent) {
        let Some(entry) = entry.as_object() else { continue };
        let value = entry.get("VALUE").map(php::text).unwrap_or_default();
        let value_type = entry.get("VALUE_TYPE").map(php::text).unwrap_or_default();
        let delete = value.is_empty() || entry.get("DELETE").is_some_and(|d| php::text(d) == "Y");
        if !delete && field == "EMAIL" && !looks_like_email(&value) {
            // b24: api-reference/crm/contacts/crm-contact-add.md (ERROR_CORE)
            return Err(RestError::new(
                400,
                "ERROR_CORE",
                "Поле &quot;Рабочий e-mail&quot; содержит неверный адрес.<br>",
            ));
        }
        let values = record.multi.entry(field.to_owned()).or_default();
        match php::id(entry.get("ID")) {
            Some(id) if delete => values.retain(|m| m.id != id),
            Some(id) => {
                if let Some(known) = values.iter_mut().find(|m| m.id == id) {
                    known.value = value;
                    if !value_type.is_empty() {
                        known.value_type = value_type;
                    }
                }
            }
            None if delete => {}
            None => {
                let id = world.next_small_id();
                let value_type = if value_type.is_empty() {
                    "WORK".to_owned()
                } else {
                    value_type
                };
                values.push(Multi {
                    id,
                    value,
                    value_type,
                });
            }
        }
    }
    record.multi.retain(|_, values| !values.is_empty());
    Ok(())
}

fn looks_like_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice_portal::world::Kin;

    fn kept(field: &str, sent: Value) -> Option<Value> {
        let mut world = World::new(1);
        let def = world.table(Kin::Deal).def(field).cloned().expect("a field");
        match convert(&mut world, &def, &sent).expect("not refused") {
            Kept::Value(value) => Some(value),
            Kept::Ignored => None,
        }
    }

    #[test]
    fn values_are_taken_loosely() {
        let table = [
            ("OPPORTUNITY", json!("3 500,50"), Some(json!("3.00"))),
            ("OPPORTUNITY", json!("3500.5"), Some(json!("3500.50"))),
            ("OPPORTUNITY", json!(100), Some(json!("100.00"))),
            ("PROBABILITY", json!("99%"), Some(json!("99"))),
            ("OPENED", json!("yes"), Some(json!("N"))),
            (
                "CLOSEDATE",
                json!("31.12.2026"),
                Some(json!("2026-12-31T03:00:00+03:00")),
            ),
            ("CLOSEDATE", json!("soon"), None),
            ("TITLE", json!(["a"]), None),
            ("CURRENCY_ID", json!("USD"), Some(json!("USD"))),
            ("UF_CRM_GIFT", json!("Y"), Some(json!("1"))),
            ("UF_CRM_GIFT", json!(0), Some(json!("0"))),
            ("UF_CRM_PREPAID", json!("3500|RUB"), Some(json!("3500|RUB"))),
            ("UF_CRM_PREPAID", json!("12.5"), Some(json!("12.5|RUB"))),
            ("UF_CRM_TAGS", json!(["a", "", "b"]), Some(json!(["a", "", "b"]))),
            ("UF_CRM_TAGS", json!("a"), Some(json!(["a"]))),
            ("UF_CRM_DELIVERY", json!("Курьер"), None),
            ("UF_CRM_RESUME", json!("cv.pdf"), None),
        ];
        for (field, sent, expected) in table {
            assert_eq!(kept(field, sent.clone()), expected, "{field} {sent}");
        }
        let file = kept("UF_CRM_RESUME", json!({"fileData": ["cv.txt", "aGk="]})).expect("kept");
        assert_eq!(file["practiceSize"], 2);
        let files = kept(
            "UF_CRM_FILES",
            json!([{"fileData": ["a", "aGk="]}, {"fileData": ["b", "aGk="]}]),
        );
        assert_eq!(files.and_then(|f| f.as_array().map(Vec::len)), Some(2));
    }

    #[test]
    fn an_unknown_currency_is_refused_with_markup() {
        let mut world = World::new(1);
        let def = world
            .table(Kin::Deal)
            .def("CURRENCY_ID")
            .cloned()
            .expect("a field");
        let refusal = convert(&mut world, &def, &json!("ZZZ")).expect_err("refused");
        assert_eq!(refusal.code, "");
        assert!(refusal.text.contains("&quot;"));
    }

    #[test]
    fn an_update_appends_changes_and_deletes() {
        let mut world = World::new(1);
        let mut record = Record::default();
        let mut change = |record: &mut Record, sent: Value| {
            change_multi(&mut world, record, "PHONE", &sent).expect("taken");
            record
                .multi_values("PHONE")
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            change(&mut record, json!([{"VALUE": "1"}, {"VALUE": "2"}])),
            ["1", "2"]
        );
        assert_eq!(change(&mut record, json!([{"VALUE": "1"}])), ["1", "2", "1"]);
        let ids: Vec<u64> = record.multi["PHONE"].iter().map(|m| m.id).collect();
        assert_eq!(
            change(&mut record, json!([{"ID": ids[1], "VALUE": "22"}])),
            ["1", "22", "1"]
        );
        assert_eq!(
            change(&mut record, json!([{"ID": ids[0], "DELETE": "Y", "VALUE": "1"}])),
            ["22", "1"]
        );
        assert_eq!(
            change(&mut record, json!([{"ID": ids[1], "VALUE": ""}, {"VALUE": ""}])),
            ["1"]
        );
        assert_eq!(change(&mut record, json!("+7000")), ["1"]);
        assert_eq!(change(&mut record, json!({"VALUE": "3"})), ["1"]);
        assert_eq!(change(&mut record, json!({"n0": {"VALUE": "3"}})), ["1", "3"]);
    }
}
