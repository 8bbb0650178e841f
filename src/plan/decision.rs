//! What becomes of the contact and the entities: decided once, before the first write, and kept.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Job;
use super::search::Found;
use crate::model::{Effect, Entity, Journal, Mode, OnFound, StepState};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What the channel wrote when this was decided: the numbers below are of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Entity>,
    pub contact: ContactDecision,
    pub entity: EntityDecision,
    /// A remark for the person who reads the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactDecision {
    /// The submission names no contact, or nothing new is to be made for it.
    None,
    Create,
    /// Oldest first.
    Found {
        ids: Vec<u64>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityDecision {
    Create,
    Update {
        targets: Vec<Target>,
    },
    /// The entities because of which nothing is written.
    Ignore {
        ids: Vec<u64>,
    },
}

/// A found entity, as it stood when it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub id: u64,
    pub stage: String,
    pub category_id: u64,
    pub has_contact: bool,
    pub responsible_id: Option<u64>,
}

impl Decision {
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub fn read(value: &Value) -> Option<Decision> {
        serde_json::from_value(value.clone()).ok()
    }
}

/// Contract 7, "Entity", 1–3, and "Contact", 1–3.
pub fn decide(job: &Job<'_>, found: &Found) -> Decision {
    let entity = decide_entity(job, found);
    let contact = if !found.contacts.is_empty() {
        ContactDecision::Found {
            ids: found.contacts.clone(),
        }
    } else if job.wanted.contact.is_empty() || matches!(entity, EntityDecision::Ignore { .. }) {
        ContactDecision::None
    } else {
        ContactDecision::Create
    };
    let note = matches!(&entity, EntityDecision::Create)
        .then(|| simple_crm_note(job))
        .flatten();
    Decision {
        of: Some(job.channel.entity),
        contact,
        entity,
        note,
    }
}

/// Whether something of the entity, or beside it, may have been written: from then on what was decided for it binds.
/// While only the contact was, the entity is decided by what the portal holds when its own turn comes, which after a
/// failure and a retry can be days later.
pub fn binds_entity(journal: &Journal) -> bool {
    journal.steps.iter().any(|step| {
        step.effect == Effect::Write
            && !step.key.starts_with("contact")
            && !matches!(step.state, StepState::Later(_) | StepState::Refused(_))
    })
}

fn decide_entity(job: &Job<'_>, found: &Found) -> EntityDecision {
    if job.channel.mode == Mode::AlwaysCreate || found.entities.is_empty() {
        return EntityDecision::Create;
    }
    let in_stage: Vec<Target> = found
        .entities
        .iter()
        .filter(|target| in_search_stages(job, &target.stage))
        .cloned()
        .collect();
    // Found by its own field, but only in stages that are not to be touched: left as it is.
    if in_stage.is_empty() || job.channel.on_found == OnFound::Ignore {
        let ids = if in_stage.is_empty() {
            &found.entities
        } else {
            &in_stage
        };
        return EntityDecision::Ignore {
            ids: ids.iter().map(|target| target.id).collect(),
        };
    }
    EntityDecision::Update { targets: in_stage }
}

/// An empty list means every stage.
pub fn in_search_stages(job: &Job<'_>, stage: &str) -> bool {
    job.channel.search_stages.is_empty() || job.channel.search_stages.iter().any(|wanted| wanted == stage)
}

// b24: tutorials/crm/how-to-add-crm-objects/how-to-add-objects-with-crm-mode.md
fn simple_crm_note(job: &Job<'_>) -> Option<String> {
    (job.catalog.simple_crm && job.channel.entity == Entity::Lead)
        .then(|| "the portal works in simple CRM mode: it turns a new lead into a deal at once".to_owned())
}
