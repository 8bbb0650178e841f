//! Contacts of leads and deals: `crm.lead|deal.contact.*`.

use serde_json::{Value, json};

use super::{Answer, Desk, RestError, done};
use crate::practice_portal::php;
use crate::practice_portal::table::{Binding, Record, Table};
use crate::practice_portal::world::{Kin, World};

/// Without a `SORT` a binding is placed ten after the one before.
// b24: api-reference/crm/deals/contacts/crm-deal-contact-items-set.md
const SORT_STEP: u64 = 10;

/// Binds exactly these contacts, the first one primary; numbers of no contact are left out.
pub fn replace(world: &World, record: &mut Record, ids: Vec<u64>) {
    let mut bound: Vec<Binding> = Vec::new();
    for id in ids {
        if world.contacts.get(id).is_some() && bound.iter().all(|b| b.contact_id != id) {
            bound.push(Binding {
                contact_id: id,
                sort: (bound.len() as u64 + 1) * SORT_STEP,
                primary: bound.is_empty(),
            });
        }
    }
    record.contacts = bound;
}

/// A contact was deleted: nothing is bound to it any more.
pub fn forget_contact(table: &mut Table, contact_id: u64) {
    for owner in table
        .find("CONTACT_ID", &contact_id.to_string())
        .unwrap_or_default()
    {
        table.change(owner, |record| {
            record.contacts.retain(|b| b.contact_id != contact_id);
            one_primary(&mut record.contacts);
        });
    }
}

// b24: api-reference/crm/deals/contacts/crm-deal-contact-items-get.md
pub fn get(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = owner(desk, kin, params)?;
    let mut bound: Vec<Binding> = desk
        .world
        .table(kin)
        .get(id)
        .map(|r| r.contacts.clone())
        .unwrap_or_default();
    bound.sort_by_key(|b| b.sort);
    let items: Vec<Value> = bound
        .iter()
        .map(|b| {
            json!({
                "CONTACT_ID": b.contact_id,
                "SORT": b.sort,
                "ROLE_ID": 0,
                "IS_PRIMARY": if b.primary { "Y" } else { "N" },
            })
        })
        .collect();
    Ok(json!(items).into())
}

// b24: api-reference/crm/deals/contacts/crm-deal-contact-items-set.md
pub fn set(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = owner(desk, kin, params)?;
    let items = php::param(params, "items")
        .filter(|items| php::is_array(items))
        .ok_or_else(|| RestError::crm("The parameter items must be array."))?;
    let mut bound: Vec<Binding> = Vec::new();
    for (i, (_, item)) in php::entries(items).into_iter().enumerate() {
        if let Some(contact_id) = php::id(php::item(item, "CONTACT_ID"))
            && desk.world.contacts.get(contact_id).is_some()
            && bound.iter().all(|b| b.contact_id != contact_id)
        {
            bound.push(Binding {
                contact_id,
                sort: php::id(php::item(item, "SORT")).unwrap_or((i as u64 + 1) * SORT_STEP),
                primary: php::item(item, "IS_PRIMARY").is_some_and(|v| php::text(v) == "Y"),
            });
        }
    }
    one_primary(&mut bound);
    desk.world.table_mut(kin).change(id, |r| r.contacts = bound);
    done()
}

// b24: api-reference/crm/deals/contacts/crm-deal-contact-items-delete.md
pub fn clear(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = owner(desk, kin, params)?;
    desk.world.table_mut(kin).change(id, |r| r.contacts.clear());
    done()
}

/// `false` when the contact was bound already.
// b24: api-reference/crm/deals/contacts/crm-deal-contact-add.md
pub fn add(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = owner(desk, kin, params)?;
    let (contact_id, fields) = contact(params)?;
    let known = desk.world.contacts.get(contact_id).is_some();
    let mut added = false;
    desk.world.table_mut(kin).change(id, |record| {
        if !known || record.contacts.iter().any(|b| b.contact_id == contact_id) {
            return;
        }
        added = true;
        let primary = php::item(fields, "IS_PRIMARY").is_some_and(|v| php::text(v) == "Y");
        if primary {
            record.contacts.iter_mut().for_each(|b| b.primary = false);
        }
        let last = record.contacts.iter().map(|b| b.sort).max().unwrap_or(0);
        record.contacts.push(Binding {
            contact_id,
            sort: php::id(php::item(fields, "SORT")).unwrap_or(last + SORT_STEP),
            primary,
        });
        one_primary(&mut record.contacts);
    });
    Ok(json!(added).into())
}

// b24: api-reference/crm/deals/contacts/crm-deal-contact-delete.md
pub fn delete(desk: &mut Desk<'_>, kin: Kin, params: &Value) -> Answer {
    let id = owner(desk, kin, params)?;
    let (contact_id, _) = contact(params)?;
    let mut removed = false;
    desk.world.table_mut(kin).change(id, |record| {
        let before = record.contacts.len();
        record.contacts.retain(|b| b.contact_id != contact_id);
        removed = record.contacts.len() < before;
        one_primary(&mut record.contacts);
    });
    Ok(json!(removed).into())
}

fn owner(desk: &Desk<'_>, kin: Kin, params: &Value) -> Result<u64, RestError> {
    let id = php::id(php::param(params, "id"))
        .ok_or_else(|| RestError::crm("The parameter ownerEntityID is invalid or not defined."))?;
    match desk.world.table(kin).get(id) {
        Some(_) => Ok(id),
        // b24: api-reference/crm/leads/management-communication/crm-lead-contact-items-get.md (with a code, unlike deals)
        None if kin == Kin::Lead => Err(RestError::new(400, "NOT_FOUND", "Not found.")),
        None => Err(RestError::crm("Not found.")),
    }
}

fn contact(params: &Value) -> Result<(u64, &Value), RestError> {
    let fields = php::param(params, "fields")
        .filter(|fields| php::is_array(fields))
        .ok_or_else(|| RestError::crm("The parameter 'fields' must be array."))?;
    let id = php::id(php::item(fields, "CONTACT_ID"))
        .ok_or_else(|| RestError::crm("The parameter 'fields' is not valid."))?;
    Ok((id, fields))
}

/// The first primary binding stays the only one; with none, the first binding becomes it.
fn one_primary(bound: &mut [Binding]) {
    let primary = bound.iter().position(|b| b.primary).unwrap_or(0);
    for (i, binding) in bound.iter_mut().enumerate() {
        binding.primary = i == primary;
    }
}
