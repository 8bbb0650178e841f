//! The contact's part: made, found, or given what it lacks.

use serde_json::Value;

use super::args::{call, id_of, map, newest, number, records, scalar, texts};
use super::decision::{ContactDecision, Decision, EntityDecision};
use super::once::{Stand, Written, fresh, settled_at, written};
use super::wanted::RecordWanted;
use super::{ContactStand, Job, Next, ORIGINATOR, search};
use crate::model::{Arg, Call, ContactAction, Effect, Millis, StepState};
use crate::values;

/// Contract 7, "Contact".
pub fn stand(job: &Job<'_>, decision: &Decision, now: Millis) -> Stand<ContactStand> {
    match &decision.contact {
        ContactDecision::None => Stand::Known(ContactStand {
            bind: Vec::new(),
            ids: Vec::new(),
            action: ContactAction::None,
        }),
        ContactDecision::Create => create(job, now),
        ContactDecision::Found { ids } => update(job, ids, ignoring(decision), now),
    }
}

fn ignoring(decision: &Decision) -> bool {
    matches!(decision.entity, EntityDecision::Ignore { .. })
}

/// Whether a found contact could have to be written to, so that its data must be read.
pub fn may_change(job: &Job<'_>) -> bool {
    !job.wanted.contact.searches.is_empty()
        && (!job.wanted.contact.multi.is_empty()
            || (job.channel.update_contact && !job.wanted.contact.plain.is_empty()))
}

// b24: api-reference/crm/contacts/crm-contact-add.md
fn create(job: &Job<'_>, now: Millis) -> Stand<ContactStand> {
    let made = |id| ContactStand {
        bind: vec![Arg::text(id)],
        ids: Vec::new(),
        action: ContactAction::Created,
    };
    let with_id = |id: u64| ContactStand {
        ids: vec![id],
        ..made(id.to_string())
    };
    let lookup = |key| by_origin(key, "crm.contact.list", job);
    match written(job, "contact", now, lookup, |answer| marked(job, answer)) {
        Written::Yes(answer) | Written::Found(answer) => match id_of(&answer).or_else(|| number(&answer)) {
            Some(id) => Stand::Known(with_id(id)),
            None => Stand::Known(ContactStand {
                bind: Vec::new(),
                ..made(String::new())
            }),
        },
        Written::Hold(hold) => Stand::Hold(hold),
        Written::No => {
            let mut fields = job.wanted.contact.fields();
            responsible(job, &mut fields);
            mark(job, &mut fields);
            Stand::Ask {
                calls: vec![call(
                    "contact",
                    "crm.contact.add",
                    Effect::Write,
                    vec![("fields", Arg::Map(fields))],
                )],
                then: ContactStand {
                    bind: vec![Arg::Answer {
                        key: "contact".to_owned(),
                        path: Vec::new(),
                    }],
                    ids: Vec::new(),
                    action: ContactAction::Created,
                },
            }
        }
    }
}

/// Adds what the oldest found contact lacks, and with `update_contact` writes its other fields.
// b24: api-reference/crm/contacts/crm-contact-update.md (multifields without an ID are appended)
fn update(job: &Job<'_>, ids: &[u64], ignoring: bool, now: Millis) -> Stand<ContactStand> {
    let stands = |action| ContactStand {
        bind: ids.iter().map(|id| Arg::text(id.to_string())).collect(),
        ids: ids.to_vec(),
        action,
    };
    let Some(oldest) = ids.first().copied().filter(|_| may_change(job)) else {
        return Stand::Known(stands(ContactAction::Found));
    };
    let key = "contact_update";
    let mut not_before = None;
    if let Some(step) = job.journal.step(key) {
        match &step.state {
            StepState::Done { .. } => return Stand::Known(stands(ContactAction::Updated)),
            StepState::Begun | StepState::Unknown(_) => {
                let settled = settled_at(job, step);
                if now < settled {
                    return Stand::Hold(Next::Wait { until: settled });
                }
                not_before = Some(settled);
            }
            StepState::Later(_) | StepState::Refused(_) => {}
        }
    }
    let Some(card) = card(job, oldest, not_before) else {
        // Found, but not to be read: the connection's user has no right to it, or it was deleted meanwhile.
        if matches!(
            job.journal.step("card").map(|s| &s.state),
            Some(StepState::Refused(_))
        ) {
            return Stand::Known(stands(ContactAction::Found));
        }
        let ask = search::get_contact("card".to_owned(), Arg::text(oldest.to_string()));
        return Stand::Hold(Next::Ask {
            calls: vec![ask],
            decision: None,
        });
    };
    let mut fields = lacking(&job.wanted.contact, card, job.country);
    if job.channel.update_contact && !ignoring {
        fields.extend(changed(&job.wanted.contact, card));
    }
    if fields.is_empty() {
        let action = if not_before.is_some() {
            ContactAction::Updated
        } else {
            ContactAction::Found
        };
        return Stand::Known(stands(action));
    }
    let args = vec![
        ("id", Arg::text(oldest.to_string())),
        ("fields", Arg::Map(fields)),
    ];
    Stand::Ask {
        calls: vec![call(key, "crm.contact.update", Effect::Write, args)],
        then: stands(ContactAction::Updated),
    }
}

/// The contact's data as last read, not earlier than `not_before`.
pub fn card<'j>(job: &Job<'j>, id: u64, not_before: Option<Millis>) -> Option<&'j Value> {
    job.journal
        .steps
        .iter()
        .filter(|step| step.key.starts_with("card"))
        .filter_map(|step| fresh(job, &step.key, not_before.unwrap_or_default()))
        .find(|record| id_of(record) == Some(id))
}

/// Multifield values that a record does not have yet, ready for an update, which appends.
pub fn lacking(wanted: &RecordWanted, record: &Value, country: &str) -> Vec<(String, Arg)> {
    wanted
        .multi
        .iter()
        .filter_map(|(field, entries)| {
            let none = Value::Null;
            let wanted = Arg::List(entries.clone());
            let new = values::lacking(field, record.get(field).unwrap_or(&none), &wanted, country);
            (!new.is_empty()).then(|| (field.clone(), Arg::List(new)))
        })
        .collect()
}

/// Plain fields whose value is not what the record already holds. The responsible is never changed.
fn changed(wanted: &RecordWanted, record: &Value) -> Vec<(String, Arg)> {
    wanted
        .plain
        .iter()
        .filter(|(field, _)| field != "ASSIGNED_BY_ID")
        .filter(|(field, arg)| match arg {
            Arg::Text(text) => record.get(field).and_then(scalar).as_deref() != Some(text),
            _ => true,
        })
        .cloned()
        .collect()
}

/// A mapped ASSIGNED_BY_ID goes before the channel's.
pub fn responsible(job: &Job<'_>, fields: &mut Vec<(String, Arg)>) {
    if let Some(id) = job.channel.responsible_id
        && !fields.iter().any(|(name, _)| name == "ASSIGNED_BY_ID")
    {
        fields.push(("ASSIGNED_BY_ID".to_owned(), Arg::text(id.to_string())));
    }
}

/// The mark by which a record whose making was not answered is found again.
// b24: api-reference/crm/contacts/crm-contact-add.md, api-reference/crm/deals/crm-deal-add.md
pub fn mark(job: &Job<'_>, fields: &mut Vec<(String, Arg)>) {
    fields.push(("ORIGINATOR_ID".to_owned(), Arg::text(ORIGINATOR)));
    fields.push(("ORIGIN_ID".to_owned(), Arg::text(job.submission.id.to_string())));
}

/// Asks for the record that carries this submission's mark.
pub fn by_origin(key: String, method: &str, job: &Job<'_>) -> Call {
    let filter = map([
        ("=ORIGINATOR_ID", Arg::text(ORIGINATOR)),
        ("=ORIGIN_ID", Arg::text(job.submission.id.to_string())),
    ]);
    newest(key, method, filter, texts(["ID", "ORIGIN_ID"]))
}

/// The record that a lookup by mark found. A portal that does not heed the filter hands over other records: they
/// are none of ours.
pub fn marked(job: &Job<'_>, answer: &Value) -> Option<Value> {
    let id = job.submission.id.to_string();
    records(answer)
        .into_iter()
        .find(|record| record.get("ORIGIN_ID").and_then(scalar).as_deref() == Some(&id))
        .cloned()
}
