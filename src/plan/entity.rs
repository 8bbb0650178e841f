//! The entity's part: one new lead or deal, or an update of those that were found.

use serde_json::Value;

use super::args::{call, id_of, map, number, records};
use super::contact::{by_origin, lacking, mark, marked, responsible};
use super::decision::Target;
use super::once::{Stand, Written, fresh, settled_at, written};
use super::{ContactStand, Job, Next};
use crate::model::{Arg, Call, Effect, Entity, Millis, StepState};

/// The lead or deal that comments and activities belong to.
#[derive(Clone)]
pub struct Owner {
    /// How a call names it: a number, or a reference to the entity that is being made.
    pub arg: Arg,
    /// Known once the portal has answered.
    pub id: Option<u64>,
    /// What is added to the keys of its comment and activity: empty for a new one.
    pub suffix: String,
    pub responsible: Option<Arg>,
}

// b24: api-reference/crm/deals/crm-deal-add.md, api-reference/crm/leads/crm-lead-add.md
pub fn create(job: &Job<'_>, contact: &ContactStand, now: Millis) -> Stand<Owner> {
    let (add, list) = match job.channel.entity {
        Entity::Lead => ("crm.lead.add", "crm.lead.list"),
        Entity::Deal => ("crm.deal.add", "crm.deal.list"),
    };
    let fields = new_fields(job, contact);
    let responsible = fields
        .iter()
        .find(|(name, _)| name == "ASSIGNED_BY_ID")
        .map(|(_, value)| value.clone());
    let owner = |arg, id| Owner {
        arg,
        id,
        suffix: String::new(),
        responsible: responsible.clone(),
    };
    let lookup = |key| by_origin(key, list, job);
    match written(job, "entity", now, lookup, |answer| marked(job, answer)) {
        Written::Yes(answer) | Written::Found(answer) => {
            let id = id_of(&answer).or_else(|| number(&answer));
            Stand::Known(owner(Arg::text(id.unwrap_or_default().to_string()), id))
        }
        Written::Hold(hold) => Stand::Hold(hold),
        Written::No => {
            let reference = Arg::Answer {
                key: "entity".to_owned(),
                path: Vec::new(),
            };
            let then = owner(reference, None);
            Stand::Ask {
                calls: vec![call(
                    "entity",
                    add,
                    Effect::Write,
                    vec![("fields", Arg::Map(fields))],
                )],
                then,
            }
        }
    }
}

/// Mapped fields, stage, pipeline, responsible, contacts and the mark.
fn new_fields(job: &Job<'_>, contact: &ContactStand) -> Vec<(String, Arg)> {
    let mut fields = job.wanted.entity.fields();
    responsible(job, &mut fields);
    if job.channel.entity == Entity::Deal {
        fields.push((
            "CATEGORY_ID".to_owned(),
            Arg::text(job.channel.category_id.to_string()),
        ));
    }
    if let Some(stage) = &job.channel.stage_id {
        fields.push((
            job.channel.entity.stage_field().to_owned(),
            Arg::text(stage.clone()),
        ));
    }
    if !contact.bind.is_empty() {
        fields.push(("CONTACT_IDS".to_owned(), Arg::List(contact.bind.clone())));
    }
    mark(job, &mut fields);
    fields
}

/// Brings a found entity up to date. Nothing here adds anything twice when it is repeated: fields are set, and
/// multifields are compared with what the entity holds.
// b24: api-reference/crm/deals/crm-deal-update.md, api-reference/crm/leads/crm-lead-update.md
pub fn update(job: &Job<'_>, target: &Target, contact: &ContactStand, now: Millis) -> Stand<Owner> {
    let suffix = format!("_{}", target.id);
    let owner = Owner {
        arg: Arg::text(target.id.to_string()),
        id: Some(target.id),
        suffix: suffix.clone(),
        responsible: target.responsible_id.map(|id| Arg::text(id.to_string())),
    };
    let mut calls = Vec::new();
    let key = format!("update{suffix}");
    let step = job.journal.step(&key);
    if !matches!(step.map(|s| &s.state), Some(StepState::Done { .. })) {
        let mut not_before = None;
        if let Some(step) = step.filter(|s| matches!(s.state, StepState::Begun | StepState::Unknown(_))) {
            let settled = settled_at(job, step);
            if now < settled {
                return Stand::Hold(Next::Wait { until: settled });
            }
            not_before = Some(settled);
        }
        match update_fields(job, target, not_before) {
            Err(ask) => return Stand::Hold(*ask),
            Ok(fields) if fields.is_empty() => {}
            Ok(fields) => {
                let method = match job.channel.entity {
                    Entity::Lead => "crm.lead.update",
                    Entity::Deal => "crm.deal.update",
                };
                let args = vec![("id", owner.arg.clone()), ("fields", Arg::Map(fields))];
                calls.push(call(key, method, Effect::Write, args));
            }
        }
    }
    match bind(job, target, contact, now) {
        Ok(call) => calls.extend(call),
        Err(hold) => return Stand::Hold(*hold),
    }
    if calls.is_empty() {
        Stand::Known(owner)
    } else {
        Stand::Ask { calls, then: owner }
    }
}

fn update_fields(
    job: &Job<'_>,
    target: &Target,
    not_before: Option<Millis>,
) -> Result<Vec<(String, Arg)>, Box<Next>> {
    let mut fields = Vec::new();
    // A deal of another pipeline cannot take this pipeline's stage: the portal would ignore it without a word.
    let same_pipeline = job.channel.entity == Entity::Lead || target.category_id == job.channel.category_id;
    if let Some(stage) = job
        .channel
        .stage_id
        .as_ref()
        .filter(|_| job.channel.update_stage && same_pipeline)
    {
        fields.push((
            job.channel.entity.stage_field().to_owned(),
            Arg::text(stage.clone()),
        ));
    }
    if job.channel.update_fields {
        fields.extend(
            job.wanted
                .entity
                .plain
                .iter()
                .filter(|(name, _)| name != "ASSIGNED_BY_ID")
                .cloned(),
        );
        if !job.wanted.entity.multi.is_empty() {
            let Some(record) = record(job, target.id, not_before) else {
                return Err(read(job, target.id));
            };
            fields.extend(lacking(&job.wanted.entity, record, job.country));
        }
    }
    Ok(fields)
}

/// Asks for the entity's data.
fn read(job: &Job<'_>, id: u64) -> Box<Next> {
    let key = format!("{}_{id}", job.channel.entity.as_str());
    let method = match job.channel.entity {
        Entity::Lead => "crm.lead.get",
        Entity::Deal => "crm.deal.get",
    };
    let get = call(key, method, Effect::Read, vec![("id", Arg::text(id.to_string()))]);
    Box::new(Next::Ask {
        calls: vec![get],
        decision: None,
    })
}

/// The entity's data as last read: from the search, or from a read of its own.
fn record<'j>(job: &Job<'j>, id: u64, not_before: Option<Millis>) -> Option<&'j Value> {
    let own = job.channel.entity.as_str();
    let not_before = not_before.unwrap_or_default();
    let read_alone = fresh(job, &format!("{own}_{id}"), not_before);
    let find = format!("find_{own}_");
    read_alone.or_else(|| {
        job.journal
            .steps
            .iter()
            .filter(|step| step.key.starts_with(&find) || step.key.starts_with("entities_of_"))
            .filter_map(|step| fresh(job, &step.key, not_before))
            .flat_map(records)
            .find(|record| id_of(record) == Some(id))
    })
}

/// An entity without a contact gains the found or the new ones. The call sets the whole list and unlinks everybody else,
/// so the entity must be without one now: what was decided may be days old when a failed delivery goes on.
// b24: api-reference/crm/deals/contacts/crm-deal-contact-items-set.md
fn bind(
    job: &Job<'_>,
    target: &Target,
    contact: &ContactStand,
    now: Millis,
) -> Result<Option<Call>, Box<Next>> {
    let key = format!("bind_{}", target.id);
    let step = job.journal.step(&key);
    let is_done = matches!(step.map(|s| &s.state), Some(StepState::Done { .. }));
    if target.has_contact || contact.bind.is_empty() || is_done {
        return Ok(None);
    }
    let mut not_before = None;
    if let Some(step) = step.filter(|s| matches!(s.state, StepState::Begun | StepState::Unknown(_))) {
        let settled = settled_at(job, step);
        if now < settled {
            return Err(Box::new(Next::Wait { until: settled }));
        }
        not_before = Some(settled);
    }
    let Some(record) = record(job, target.id, not_before) else {
        return Err(read(job, target.id));
    };
    if record.get("CONTACT_ID").and_then(number).is_some_and(|id| id > 0) {
        return Ok(None);
    }
    let method = match job.channel.entity {
        Entity::Lead => "crm.lead.contact.items.set",
        Entity::Deal => "crm.deal.contact.items.set",
    };
    let items = contact.bind.iter().enumerate().map(|(n, id)| {
        map([
            ("CONTACT_ID", id.clone()),
            ("SORT", Arg::text(((n + 1) * 10).to_string())),
            ("IS_PRIMARY", Arg::text(if n == 0 { "Y" } else { "N" })),
        ])
    });
    let args = vec![
        ("id", Arg::text(target.id.to_string())),
        ("items", Arg::List(items.collect())),
    ];
    Ok(Some(call(key, method, Effect::Write, args)))
}
