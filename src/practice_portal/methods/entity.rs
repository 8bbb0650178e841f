//! Leads, deals and contacts: the classic methods `crm.lead|deal|contact.*`.

use serde_json::{Map, Value, json};

use super::{Answer, Desk, RestError, bindings, done, id_param};
use crate::practice_portal::schema::Kind;
use crate::practice_portal::table::Record;
use crate::practice_portal::values::{self, Kept};
use crate::practice_portal::world::{Kin, World};
use crate::practice_portal::{clock, listing, php};

/// A deal is expected to close a week after it was made.
// b24: api-reference/crm/deals/crm-deal-add.md (CLOSEDATE)
const DAYS_TO_CLOSE: u64 = 7;

// b24: api-reference/crm/deals/crm-deal-fields.md
pub fn fields(desk: &mut Desk<'_>, kin: Kin, _: &Value) -> Answer {
    let required = &desk.world.settings.required;
    let out: Map<String, Value> = desk
        .world
        .table(kin)
        .schema
        .iter()
        .map(|def| {
            let needed = required
                .iter()
                .any(|r| r.kin == kin && r.field == def.name && r.stages.is_empty());
            (def.name.clone(), def.describe(needed))
        })
        .collect();
    Ok(Value::Object(out).into())
}

// b24: api-reference/crm/deals/crm-deal-list.md
pub fn list(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    listing::list(desk.world.table(kin), params)
}

// b24: api-reference/crm/contacts/crm-contact-get.md
pub fn get(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = id_param(params)?;
    let table = desk.world.table(kin);
    let record = table.get(id).ok_or_else(|| RestError::crm("Not found"))?;
    Ok(Value::Object(listing::whole(table, record)).into())
}

// b24: api-reference/crm/deals/crm-deal-delete.md
pub fn delete(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = id_param(params)?;
    let world = &mut *desk.world;
    world
        .table_mut(kin)
        .remove(id)
        .ok_or_else(|| RestError::crm("Not found"))?;
    let comments: Vec<u64> = world.comments_of(kin, id).map(|r| r.id).collect();
    for comment in comments {
        world.comments.remove(comment);
    }
    let activities: Vec<u64> = world.activities_of(kin, id).map(|r| r.id).collect();
    for activity in activities {
        world.activities.remove(activity);
    }
    if kin == Kin::Contact {
        for owner in [Kin::Lead, Kin::Deal] {
            bindings::forget_contact(world.table_mut(owner), id);
        }
    }
    done()
}

// b24: api-reference/crm/deals/crm-deal-add.md, api-reference/crm/leads/crm-lead-add.md, api-reference/crm/contacts/crm-contact-add.md
pub fn add(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let sent = fields_param(params)?;
    let mut record = Record {
        created_at: desk.now,
        ..Record::default()
    };
    defaults(desk, kin, &mut record, sent);
    apply(desk, kin, &mut record, sent, true)?;
    check_required(desk.world, kin, &record)?;
    stamp(desk, &mut record);
    let now = clock::datetime(desk.now);
    for name in ["DATE_CREATE", "LAST_ACTIVITY_TIME"] {
        record.set(name, now.clone());
    }
    let caller = desk.caller.user_id.to_string();
    for name in ["CREATED_BY_ID", "LAST_ACTIVITY_BY"] {
        record.set(name, caller.clone());
    }
    if kin != Kin::Contact {
        record.set("MOVED_TIME", now);
        record.set("MOVED_BY_ID", caller);
    }
    // b24: api-reference/crm/leads/crm-lead-add.md (a lead with a client is a repeated one)
    if kin == Kin::Lead {
        let repeated = !record.contacts.is_empty() || !record.text("COMPANY_ID").is_empty();
        record.set("IS_RETURN_CUSTOMER", if repeated { "Y" } else { "N" });
    }
    let untitled = kin != Kin::Contact && record.text("TITLE").is_empty();
    let id = desk.world.table_mut(kin).insert(record);
    if untitled {
        let title = match kin {
            Kin::Lead => format!("Лид #{id}"),
            _ => format!("Сделка #{id}"),
        };
        desk.world.table_mut(kin).change(id, |r| r.set("TITLE", title));
    }
    if kin == Kin::Lead && desk.world.settings.simple_crm {
        convert(desk, id);
    }
    Ok(json!(id).into())
}

// b24: api-reference/crm/deals/crm-deal-update.md
pub fn update(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = id_param(params)?;
    let sent = fields_param(params)?;
    let missing = match kin {
        Kin::Contact => "Contact is not found",
        _ => "Not found",
    };
    let mut record = desk
        .world
        .table(kin)
        .get(id)
        .cloned()
        .ok_or_else(|| RestError::crm(missing))?;
    let stage_before = kin.stage_field().map(|f| record.text(f));
    apply(desk, kin, &mut record, sent, false)?;
    check_required(desk.world, kin, &record)?;
    stamp(desk, &mut record);
    if kin.stage_field().map(|f| record.text(f)) != stage_before {
        record.set("MOVED_TIME", clock::datetime(desk.now));
        record.set("MOVED_BY_ID", desk.caller.user_id.to_string());
    }
    desk.world.table_mut(kin).change(id, |r| *r = record);
    done()
}

fn fields_param(params: &Value) -> Result<&Value, RestError> {
    if let Some(extra) = php::param(params, "params")
        && !php::is_array(extra)
        && !php::text(extra).is_empty()
    {
        return Err(RestError::crm("Parameter 'params' must be array."));
    }
    php::param(params, "fields")
        .filter(|fields| php::is_array(fields))
        .ok_or_else(|| RestError::crm("Parameter 'fields' must be array."))
}

fn stamp(desk: &Desk<'_>, record: &mut Record) {
    record.set("DATE_MODIFY", clock::datetime(desk.now));
    record.set("MODIFY_BY_ID", desk.caller.user_id.to_string());
}

/// What the portal fills in when nothing was sent.
fn defaults(desk: &Desk<'_>, kin: Kin, record: &mut Record, sent: &Value) {
    record.set("ASSIGNED_BY_ID", desk.caller.user_id.to_string());
    record.set("OPENED", "Y");
    let first = |book: &str| desk.world.book(book).first().map(|s| s.status_id.clone());
    match kin {
        Kin::Contact => {
            record.set("EXPORT", "Y");
            record.set("TYPE_ID", first("CONTACT_TYPE"));
        }
        Kin::Lead => set_stage(desk.world, kin, record, first("STATUS").as_deref()),
        Kin::Deal => {
            let category = php::item(sent, "CATEGORY_ID").map_or(0, php::int);
            let category = desk
                .world
                .categories
                .iter()
                .find(|c| i64::try_from(c.id).is_ok_and(|id| id == category))
                .map_or(0, |c| c.id);
            record.set("CATEGORY_ID", category.to_string());
            let stage = first(&World::stage_book(category));
            set_stage(desk.world, kin, record, stage.as_deref());
            record.set("TYPE_ID", first("DEAL_TYPE"));
            record.set("BEGINDATE", clock::date(desk.now));
            let close = desk.now + std::time::Duration::from_secs(DAYS_TO_CLOSE * 24 * 3600);
            record.set("CLOSEDATE", clock::date(close));
            record.set("TAX_VALUE", "0.00");
            for name in ["IS_RECURRING", "IS_RETURN_CUSTOMER", "IS_REPEATED_APPROACH"] {
                record.set(name, "N");
            }
        }
    }
    if kin != Kin::Contact {
        record.set("SOURCE_ID", first("SOURCE"));
        record.set("OPPORTUNITY", "0.00");
        record.set("IS_MANUAL_OPPORTUNITY", "N");
        record.set("CURRENCY_ID", desk.world.base_currency());
    }
}

/// Writes what was sent into the record. Fields that do not exist or may not be written, and stages of
/// another pipeline, are ignored without a word.
fn apply(
    desk: &mut Desk<'_>,
    kin: Kin,
    record: &mut Record,
    sent: &Value,
    adding: bool,
) -> Result<(), RestError> {
    for (name, value) in php::entries(sent) {
        let Some(def) = desk.world.table(kin).def(&name).cloned() else {
            continue;
        };
        // b24: api-reference/crm/deals/crm-deal-fields.md (CATEGORY_ID is immutable)
        if def.read_only || (def.immutable && !adding) || name == "CATEGORY_ID" {
            continue;
        }
        if kin.stage_field() == Some(name.as_str()) {
            let stage = php::text(value);
            set_stage(desk.world, kin, record, Some(&stage));
            continue;
        }
        match (name.as_str(), def.kind) {
            ("CONTACT_IDS", _) => {
                let ids = php::entries(value)
                    .iter()
                    .filter_map(|(_, v)| php::id(Some(v)))
                    .collect();
                bindings::replace(desk.world, record, ids);
            }
            // The older way to write one contact; the list wins when both were sent.
            ("CONTACT_ID", _) => {
                if php::item(sent, "CONTACT_IDS").is_none() {
                    let ids = php::id(Some(value)).into_iter().collect();
                    bindings::replace(desk.world, record, ids);
                }
            }
            ("COMPANY_IDS", _) => {}
            (_, Kind::Multi) => values::change_multi(desk.world, record, &name, value)?,
            ("ASSIGNED_BY_ID", _) => {
                // A responsible who does not exist leaves the one there was.
                if let Some(id) = php::id(Some(value)).filter(|id| desk.world.person(*id).is_some()) {
                    record.set("ASSIGNED_BY_ID", id.to_string());
                }
            }
            _ => {
                if let Kept::Value(kept) = values::convert(desk.world, &def, value)? {
                    record.set(&name, kept);
                }
            }
        }
    }
    Ok(())
}

/// Moves a record to a stage of its own pipeline; any other stage is ignored.
fn set_stage(world: &World, kin: Kin, record: &mut Record, stage: Option<&str>) {
    let (Some(field), Some(stage)) = (kin.stage_field(), stage) else {
        return;
    };
    let book = match kin {
        Kin::Deal => World::stage_book(record.text("CATEGORY_ID").parse().unwrap_or(0)),
        _ => "STATUS".to_owned(),
    };
    let Some(status) = world.status(&book, stage) else {
        return;
    };
    let semantics = if status.semantics.is_empty() {
        "P"
    } else {
        status.semantics
    };
    record.set(field, stage);
    if kin == Kin::Deal {
        record.set("STAGE_SEMANTIC_ID", semantics);
        record.set("CLOSED", if semantics == "P" { "N" } else { "Y" });
        let first = world.book(&book).first().is_some_and(|s| s.status_id == stage);
        record.set("IS_NEW", if first { "Y" } else { "N" });
    } else {
        record.set("STATUS_SEMANTIC_ID", semantics);
    }
}

/// Fields that somebody made required, always or on certain stages. The refusal is a text with markup
/// and no code.
fn check_required(world: &World, kin: Kin, record: &Record) -> Result<(), RestError> {
    let stage = kin.stage_field().map(|f| record.text(f)).unwrap_or_default();
    let table = world.table(kin);
    let lacking: Vec<String> = world
        .settings
        .required
        .iter()
        .filter(|r| r.kin == kin && (r.stages.is_empty() || r.stages.contains(&stage)))
        .filter_map(|r| table.def(&r.field))
        .filter(|def| {
            let values = record.values_of(def);
            values
                .iter()
                .all(|v| v.is_empty() || (def.kind == Kind::Double && php::float(v) == 0.0))
        })
        .map(|def| format!("Не заполнено обязательное поле &quot;{}&quot;", def.title))
        .collect();
    if lacking.is_empty() {
        Ok(())
    } else {
        Err(RestError::crm(format!("{}<br>", lacking.join("<br>"))))
    }
}

/// Simple CRM: the lead becomes a deal with a contact, and stays behind as converted.
// b24: tutorials/crm/how-to-add-crm-objects/how-to-add-objects-with-crm-mode.md
fn convert(desk: &mut Desk<'_>, lead_id: u64) {
    let Some(lead) = desk.world.leads.get(lead_id).cloned() else {
        return;
    };
    let mut contacts: Vec<u64> = lead.contacts.iter().map(|b| b.contact_id).collect();
    let has_person = ["NAME", "LAST_NAME"].iter().any(|f| !lead.text(f).is_empty());
    if contacts.is_empty() && (has_person || !lead.multi.is_empty()) {
        let mut contact = Record {
            created_at: desk.now,
            multi: lead.multi.clone(),
            ..Record::default()
        };
        defaults(desk, Kin::Contact, &mut contact, &Value::Null);
        copy(
            &lead,
            &mut contact,
            &[
                "NAME",
                "SECOND_NAME",
                "LAST_NAME",
                "ASSIGNED_BY_ID",
                "DATE_CREATE",
            ],
        );
        contact.set("LEAD_ID", lead_id.to_string());
        stamp(desk, &mut contact);
        contacts.push(desk.world.contacts.insert(contact));
    }
    let mut deal = Record {
        created_at: desk.now,
        ..Record::default()
    };
    defaults(desk, Kin::Deal, &mut deal, &Value::Null);
    copy(
        &lead,
        &mut deal,
        &[
            "TITLE",
            "OPPORTUNITY",
            "CURRENCY_ID",
            "ASSIGNED_BY_ID",
            "SOURCE_ID",
            "SOURCE_DESCRIPTION",
            "COMMENTS",
            "DATE_CREATE",
            "CREATED_BY_ID",
            "MOVED_TIME",
            "MOVED_BY_ID",
            "UTM_SOURCE",
            "UTM_MEDIUM",
            "UTM_CAMPAIGN",
            "UTM_CONTENT",
            "UTM_TERM",
        ],
    );
    deal.set("LEAD_ID", lead_id.to_string());
    bindings::replace(desk.world, &mut deal, contacts);
    stamp(desk, &mut deal);
    desk.world.deals.insert(deal);
    desk.world.leads.change(lead_id, |lead| {
        lead.set("STATUS_ID", "CONVERTED");
        lead.set("STATUS_SEMANTIC_ID", "S");
    });
}

fn copy(from: &Record, to: &mut Record, names: &[&str]) {
    for name in names {
        if let Some(value) = from.fields.get(*name) {
            to.set(name, value.clone());
        }
    }
}
