//! The reading half of a delivery: which contacts and which entities are already there.
//!
//! Everything is asked in one batch; later commands take their values from earlier ones. A reference to nothing
//! does not stop a command and can match far too much, so an answer counts only if what it was built on is there,
//! and every record is checked against what was searched for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Job;
use super::args::{call, done, id_of, list, map, number, records, scalar, texts};
use super::decision::{Target, in_search_stages};
use super::wanted::{By, Search};
use crate::model::{Arg, Call, Effect, Entity, Mode, StepState};

/// A list answers at most this many records.
// b24: settings/performance/huge-data.md
const PAGE: usize = 50;
/// Values a call.
// b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md
const COMM_VALUES: usize = 20;
/// A search that still finds records after this many pages is on a field that is not unique.
const PAGES: usize = 10;

/// What the search found.
#[derive(Debug, Default)]
pub struct Found {
    /// Oldest first.
    pub contacts: Vec<u64>,
    pub entities: Vec<Target>,
}

pub enum Look {
    Ask(Vec<Call>),
    Known(Found),
}

/// Reads the facts; whatever is missing is asked for, all at once.
pub fn look(job: &Job<'_>) -> Look {
    let mut ask = Vec::new();
    let contacts = contacts(job, &mut ask);
    card(job, contacts.as_deref(), &mut ask);
    let entities = entities(job, contacts.as_deref(), &mut ask);
    match (contacts, entities) {
        (Some(contacts), Some(entities)) if ask.is_empty() => Look::Known(Found { contacts, entities }),
        _ => Look::Ask(ask),
    }
}

/// Whether a refusal of this step says nothing bad: it asked about something that turned out not to exist.
pub fn may_be_refused(job: &Job<'_>, key: &str) -> bool {
    if key.starts_with("card") {
        return true;
    }
    key.strip_prefix("entities_of_").is_some_and(|rest| {
        job.wanted.contact.searches.iter().any(|search| {
            search.key() == rest
                && matches!(comm_or_list_ids(job, &find_key(search), search), Some(ids) if ids.is_empty())
        })
    })
}

fn find_key(search: &Search) -> String {
    format!("find_contact_{}", search.key())
}

/// All contacts that match any of the flagged fields, oldest first; `None` while something is still to be asked.
fn contacts(job: &Job<'_>, ask: &mut Vec<Call>) -> Option<Vec<u64>> {
    let mut ids = BTreeSet::new();
    let mut known = true;
    for search in &job.wanted.contact.searches {
        match find(
            job,
            &find_key(search),
            search,
            "CONTACT",
            "crm.contact.list",
            &[],
            ask,
        ) {
            Some(found) => ids.extend(found.keys().copied()),
            None => known = false,
        }
    }
    known.then(|| ids.into_iter().collect())
}

/// The oldest found contact's own data, wanted so that what it lacks can be added.
fn card(job: &Job<'_>, contacts: Option<&[u64]>, ask: &mut Vec<Call>) {
    if !super::contact::may_change(job) {
        return;
    }
    for search in &job.wanted.contact.searches {
        let key = format!("card_{}", search.key());
        if job.journal.step(&key).is_none() {
            ask.push(get_contact(key, first_found(search, "CONTACT")));
        }
    }
    // The oldest may stand in none of the cards: when a search needed more than one command.
    if let Some(oldest) = contacts.and_then(|ids| ids.first())
        && super::contact::card(job, *oldest, None).is_none()
        && job.journal.step("card").is_none()
    {
        ask.push(get_contact("card".to_owned(), Arg::text(oldest.to_string())));
    }
}

// b24: api-reference/crm/contacts/crm-contact-get.md
pub fn get_contact(key: String, id: Arg) -> Call {
    call(key, "crm.contact.get", Effect::Read, vec![("id", id)])
}

/// A reference to the oldest record that a search of the same batch finds.
fn first_found(search: &Search, entity_type: &str) -> Arg {
    let path = match search.by {
        By::Phone | By::Email => vec![entity_type.to_owned(), "0".to_owned()],
        By::Field => vec!["0".to_owned(), "ID".to_owned()],
    };
    Arg::Answer {
        key: format!("find_contact_{}", search.key()),
        path,
    }
}

/// The entities found by the channel's rules; `None` while something is still to be asked.
fn entities(job: &Job<'_>, contacts: Option<&[u64]>, ask: &mut Vec<Call>) -> Option<Vec<Target>> {
    if job.channel.mode == Mode::AlwaysCreate {
        return Some(Vec::new());
    }
    let own = job.channel.entity;
    let mut found = BTreeMap::new();
    if !job.wanted.entity.searches.is_empty() {
        let mut known = true;
        for search in &job.wanted.entity.searches {
            let key = format!("find_{}_{}", own.as_str(), search.key());
            match find(
                job,
                &key,
                search,
                comm_type(own),
                list_method(own),
                &entity_select(job),
                ask,
            ) {
                Some(records) => found.extend(records),
                None => known = false,
            }
        }
        return known.then(|| found.values().filter_map(|record| target(job, record)).collect());
    }
    let mut covered = BTreeSet::new();
    let mut known = true;
    for search in &job.wanted.contact.searches {
        let key = format!("entities_of_{}", search.key());
        let asked_for = comm_or_list_ids(job, &find_key(search), search);
        match done(job.journal, &key) {
            Some(answer) => {
                let ids = asked_for.unwrap_or_default();
                let all = matches!(search.by, By::Phone | By::Email);
                covered.extend(ids.iter().take(if all { ids.len() } else { 1 }).copied());
                // Built on nothing, the list says nothing.
                if !ids.is_empty() {
                    let more = keep_in_stage(job, answer, &mut found);
                    known &= page_on(job, &key, more, &ids, &mut found, ask);
                }
            }
            None if matches!(
                job.journal.step(&key).map(|s| &s.state),
                Some(StepState::Refused(_))
            ) => {}
            None => {
                known = false;
                let by = match search.by {
                    By::Phone | By::Email => Arg::Answer {
                        key: find_key(search),
                        path: vec!["CONTACT".to_owned()],
                    },
                    By::Field => first_found(search, "CONTACT"),
                };
                ask.push(of_contacts(job, key, by, None));
            }
        }
    }
    let contacts = contacts?;
    if known && contacts.iter().any(|id| !covered.contains(id)) {
        match done(job.journal, "entities_of_contacts") {
            Some(answer) => {
                let more = keep_in_stage(job, answer, &mut found);
                known &= page_on(job, "entities_of_contacts", more, contacts, &mut found, ask);
            }
            None => {
                known = false;
                ask.push(of_contacts(
                    job,
                    "entities_of_contacts".to_owned(),
                    texts(contacts),
                    None,
                ));
            }
        }
    }
    known.then(|| found.values().filter_map(|record| target(job, record)).collect())
}

/// Keeps the records of a list by contact that stand in the wanted stages. Returns the last id of a full page.
fn keep_in_stage(job: &Job<'_>, answer: &Value, found: &mut BTreeMap<u64, Value>) -> Option<u64> {
    let page = records(answer);
    for record in &page {
        if let (Some(id), Some(target)) = (id_of(record), target(job, record))
            && in_search_stages(job, &target.stage)
        {
            found.insert(id, (*record).clone());
        }
    }
    if page.len() >= PAGE {
        page.last().and_then(|record| id_of(record))
    } else {
        None
    }
}

/// Walks a list by contacts on from a full page. False while a page is still to be asked for.
fn page_on(
    job: &Job<'_>,
    key: &str,
    mut after: Option<u64>,
    contacts: &[u64],
    found: &mut BTreeMap<u64, Value>,
    ask: &mut Vec<Call>,
) -> bool {
    for page in 2..=PAGES {
        let Some(last) = after else { return true };
        let key = format!("{key}_p{page}");
        let Some(answer) = done(job.journal, &key) else {
            ask.push(of_contacts(job, key, texts(contacts), Some(last)));
            return false;
        };
        after = keep_in_stage(job, answer, found);
    }
    true
}

// b24: api-reference/crm/deals/crm-deal-list.md, api-reference/crm/leads/crm-lead-list.md
fn of_contacts(job: &Job<'_>, key: String, contacts: Arg, after: Option<u64>) -> Call {
    let own = job.channel.entity;
    let mut filter = vec![("CONTACT_ID".to_owned(), contacts)];
    if !job.channel.search_stages.is_empty() {
        filter.push((
            format!("@{}", own.stage_field()),
            texts(&job.channel.search_stages),
        ));
    }
    filter.extend(after.map(|last| (">ID".to_owned(), Arg::text(last.to_string()))));
    list(key, list_method(own), Arg::Map(filter), texts(entity_select(job)))
}

/// All records with one of the values in the flagged field, by number; `None` while a command is still to be asked.
fn find(
    job: &Job<'_>,
    key: &str,
    search: &Search,
    entity_type: &str,
    method: &str,
    select: &[String],
    ask: &mut Vec<Call>,
) -> Option<BTreeMap<u64, Value>> {
    match search.by {
        By::Phone | By::Email => find_by_comm(job, key, search, entity_type, method, select, ask),
        By::Field => find_by_field(job, key, search, method, select, ask),
    }
}

fn find_by_comm(
    job: &Job<'_>,
    key: &str,
    search: &Search,
    entity_type: &str,
    method: &str,
    select: &[String],
    ask: &mut Vec<Call>,
) -> Option<BTreeMap<u64, Value>> {
    let mut found = BTreeMap::new();
    let mut known = true;
    for (n, values) in search.values.chunks(COMM_VALUES).enumerate() {
        let key = if n == 0 {
            key.to_owned()
        } else {
            format!("{key}_{}", n + 1)
        };
        let ids = done(job.journal, &key).map(|answer| comm_ids(answer, entity_type));
        match &ids {
            Some(ids) => found.extend(ids.iter().map(|id| (*id, Value::Null))),
            None => {
                known = false;
                ask.push(find_by_comm_call(&key, search, entity_type, values));
            }
        }
        if select.is_empty() {
            continue;
        }
        // The search names numbers only; what stands in the records takes a list.
        let records_key = format!("{key}_records");
        match (done(job.journal, &records_key), ids) {
            (Some(answer), Some(ids)) => {
                for record in records(answer) {
                    if let Some(id) = id_of(record).filter(|id| ids.contains(id)) {
                        found.insert(id, record.clone());
                    }
                }
            }
            (Some(_), None) => {}
            (None, Some(ids)) if ids.is_empty() => {}
            (None, _) => {
                known = false;
                let by = Arg::Answer {
                    key,
                    path: vec![entity_type.to_owned()],
                };
                ask.push(list(records_key, method, map([("ID", by)]), texts(select)));
            }
        }
    }
    if !select.is_empty() {
        found.retain(|_, record| !record.is_null());
    }
    known.then_some(found)
}

// b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md
fn find_by_comm_call(key: &str, search: &Search, entity_type: &str, values: &[String]) -> Call {
    let comm = if search.by == By::Phone { "PHONE" } else { "EMAIL" };
    call(
        key,
        "crm.duplicate.findbycomm",
        Effect::Read,
        vec![
            ("entity_type", Arg::text(entity_type)),
            ("type", Arg::text(comm)),
            ("values", texts(values)),
        ],
    )
}

fn find_by_field(
    job: &Job<'_>,
    key: &str,
    search: &Search,
    method: &str,
    select: &[String],
    ask: &mut Vec<Call>,
) -> Option<BTreeMap<u64, Value>> {
    let mut found = BTreeMap::new();
    let mut after = None;
    let mut select: Vec<String> = if select.is_empty() {
        vec!["ID".to_owned()]
    } else {
        select.to_vec()
    };
    select.push(search.field.clone());
    for page in 1..=PAGES {
        let key = if page == 1 {
            key.to_owned()
        } else {
            format!("{key}_p{page}")
        };
        let Some(answer) = done(job.journal, &key) else {
            ask.push(list(key, method, field_filter(search, after), texts(select)));
            return None;
        };
        let records = records(answer);
        // A filter that the portal did not understand would hand over every record it has.
        let matching = records
            .iter()
            .filter(|record| record.get(&search.field).is_some_and(|v| search.matches(v)));
        found.extend(matching.filter_map(|record| Some((id_of(record)?, (*record).clone()))));
        after = records.last().and_then(|record| id_of(record));
        if records.len() < PAGE {
            break;
        }
    }
    Some(found)
}

/// Multifields are matched exactly and take no prefix; every other field is asked for by identity.
// b24: api-reference/crm/contacts/crm-contact-list.md
fn field_filter(search: &Search, after: Option<u64>) -> Arg {
    let multi = matches!(search.field.as_str(), "PHONE" | "EMAIL" | "WEB" | "IM");
    let (prefix, value) = match search.values.as_slice() {
        [one] => (if multi { "" } else { "=" }, Arg::text(one.clone())),
        many => (if multi { "" } else { "@" }, texts(many)),
    };
    let mut filter = vec![(format!("{prefix}{}", search.field), value)];
    filter.extend(after.map(|last: u64| (">ID".to_owned(), Arg::text(last.to_string()))));
    Arg::Map(filter)
}

/// The numbers a finished contact search came to, oldest first.
fn comm_or_list_ids(job: &Job<'_>, key: &str, search: &Search) -> Option<Vec<u64>> {
    let answer = done(job.journal, key)?;
    let mut ids: Vec<u64> = match search.by {
        By::Phone | By::Email => comm_ids(answer, "CONTACT"),
        By::Field => records(answer).into_iter().filter_map(id_of).collect(),
    };
    ids.sort_unstable();
    Some(ids)
}

fn comm_ids(answer: &Value, entity_type: &str) -> Vec<u64> {
    answer
        .get(entity_type)
        .map(records)
        .unwrap_or_default()
        .into_iter()
        .filter_map(number)
        .collect()
}

fn comm_type(entity: Entity) -> &'static str {
    match entity {
        Entity::Lead => "LEAD",
        // Deals have no phone of their own and are not searched.
        // b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md
        Entity::Deal => "DEAL",
    }
}

fn list_method(entity: Entity) -> &'static str {
    match entity {
        Entity::Lead => "crm.lead.list",
        Entity::Deal => "crm.deal.list",
    }
}

/// What of a found entity is needed: its stage, its contact, its responsible, and the multifields that an update
/// would append to.
fn entity_select(job: &Job<'_>) -> Vec<String> {
    let mut select: Vec<String> = [
        "ID",
        job.channel.entity.stage_field(),
        "CONTACT_ID",
        "ASSIGNED_BY_ID",
    ]
    .map(str::to_owned)
    .into();
    if job.channel.entity == Entity::Deal {
        select.push("CATEGORY_ID".to_owned());
    }
    select.extend(job.wanted.entity.multi.iter().map(|(field, _)| field.clone()));
    select
}

fn target(job: &Job<'_>, record: &Value) -> Option<Target> {
    let field = |name: &str| record.get(name).and_then(scalar).unwrap_or_default();
    Some(Target {
        id: id_of(record)?,
        stage: field(job.channel.entity.stage_field()),
        category_id: field("CATEGORY_ID").parse().unwrap_or(0),
        has_contact: field("CONTACT_ID").parse().unwrap_or(0u64) > 0,
        responsible_id: field("ASSIGNED_BY_ID").parse().ok(),
    })
}
