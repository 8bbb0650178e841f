//! What a run begins with: a channel, records that are there already, submissions, and what will go wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use b24_bridge::model::{
    Catalog, Channel, Entity, Mapping, Millis, Mode, Of, OnFound, Submission, SubmissionId,
};
use b24_bridge::practice_portal::{Meddling, World};
use b24_bridge::store::{ChannelKey, StoredChannel};
use b24_bridge::wire::{catalog, decode, encode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub const START: Millis = Millis(1_795_341_600_000);

/// People whose data have nothing in common. Beside them there are strangers, whom no submission can mean.
const PEOPLE: u8 = 3;

/// How a phone stands in a form or in a record: all are one number.
fn phone(person: u8, notation: u8) -> String {
    let last = format!("{:02}", person + 10);
    match notation % 4 {
        0 => format!("+791200000{last}"),
        1 => format!("8 (912) 000-00-{last}"),
        2 => format!("791200000{last}"),
        _ => format!("891200000{last}"),
    }
}

fn email(person: u8) -> String {
    format!("p{person}@example.com")
}

#[derive(Debug, Clone)]
pub struct Sent {
    pub person: u8,
    phone: Option<u8>,
    email: bool,
    order: Option<u8>,
    name: bool,
    amount: Option<u16>,
}

#[derive(Debug, Clone)]
struct Contact {
    /// `None`: a stranger.
    person: Option<u8>,
    phone: Option<u8>,
    email: bool,
}

#[derive(Debug, Clone)]
struct Existing {
    person: Option<u8>,
    order: Option<u8>,
    stage: u8,
    bound: bool,
    phone: bool,
}

/// What happens to a batch.
#[derive(Debug, Clone)]
pub enum Event {
    Nothing,
    NotSent,
    CutBefore,
    /// So many commands are done, and the answer is lost.
    CutAfter(u8),
    /// The answer is lost, and so many seconds later the portal does it all the same.
    Late(u8),
    /// The process dies before it sends.
    CrashBefore,
    /// The process dies after so many commands were done.
    CrashAfter(u8),
    CrashLate(u8),
    /// Settings were changed elsewhere: what waits is read again.
    Forget,
    /// Something happens to single commands.
    Commands(BTreeMap<u8, Meddling>),
}

#[derive(Debug, Clone)]
pub struct Case {
    pub channel: Arc<StoredChannel>,
    contacts: Vec<Contact>,
    existing: Vec<Existing>,
    sent: Vec<Sent>,
    pub events: Vec<Event>,
    /// Submissions that share a batch at most, by round.
    pub widths: Vec<u8>,
    /// Contacts are found, and the connection's user may not read them.
    secret: bool,
}

// What a property test prints must be readable.
fn channel() -> impl Strategy<Value = Channel> {
    let flags = prop::collection::vec(any::<bool>(), 14);
    (any::<bool>(), 0u8..4, flags).prop_map(|(lead, stages, flags)| {
        let entity = if lead { Entity::Lead } else { Entity::Deal };
        let own = if lead { Of::Lead } else { Of::Deal };
        let row = |of, field: &str, value: &str, search| Mapping {
            of,
            field: field.to_owned(),
            value: value.to_owned(),
            search,
        };
        let mut fields = vec![
            row(own, "TITLE", "Заказ {order} {_id}", false),
            row(own, "OPPORTUNITY", "{amount}", false),
        ];
        let order = if lead {
            "SOURCE_DESCRIPTION"
        } else {
            "UF_CRM_ORDER_ID"
        };
        fields.push(row(own, order, "{order}", flags[0]));
        if flags[1] {
            fields.push(row(Of::Contact, "NAME", "{name}", false));
            fields.push(row(Of::Contact, "PHONE", "{phone}", flags[2]));
            fields.push(row(Of::Contact, "EMAIL", "{email}", flags[3]));
        }
        if lead && flags[4] {
            fields.push(row(own, "PHONE", "{phone}", flags[5]));
        }
        let stage = if lead { "IN_PROCESS" } else { "PREPARATION" };
        Channel {
            slug: "shop".to_owned(),
            name: "Магазин".to_owned(),
            enabled: true,
            entity,
            mode: if flags[6] {
                Mode::SearchFirst
            } else {
                Mode::AlwaysCreate
            },
            search_stages: match stages {
                0 | 1 => Vec::new(),
                2 => vec!["NEW".to_owned()],
                _ => vec!["NEW".to_owned(), stage.to_owned()],
            },
            on_found: if flags[7] {
                OnFound::Update
            } else {
                OnFound::Ignore
            },
            update_stage: flags[8],
            update_fields: flags[9],
            update_contact: flags[10],
            responsible_id: flags[11].then_some(2),
            category_id: 0,
            stage_id: Some(stage.to_owned()),
            add_comment: flags[12],
            add_activity: flags[13],
            is_default: false,
            thank_you_url: None,
            allowed_origins: Vec::new(),
            honeypot: None,
            secret: None,
            max_per_minute: None,
            fields,
        }
    })
}

fn sent() -> impl Strategy<Value = Sent> {
    let maybe = |n: u8| prop::option::of(0..n);
    (
        0..PEOPLE,
        maybe(4),
        any::<bool>(),
        maybe(2),
        any::<bool>(),
        prop::option::of(1u16..999),
    )
        .prop_map(|(person, phone, email, order, name, amount)| Sent {
            person,
            phone,
            email,
            order,
            name,
            amount,
        })
}

fn contact() -> impl Strategy<Value = Contact> {
    (
        prop::option::weighted(0.8, 0..PEOPLE),
        prop::option::of(0u8..4),
        any::<bool>(),
    )
        .prop_map(|(person, phone, email)| Contact { person, phone, email })
}

fn existing() -> impl Strategy<Value = Existing> {
    (
        prop::option::weighted(0.8, 0..PEOPLE),
        prop::option::of(0u8..2),
        0u8..3,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(person, order, stage, bound, phone)| Existing {
            person,
            order,
            stage,
            bound,
            phone,
        })
}

fn event() -> impl Strategy<Value = Event> {
    let meddling = prop_oneof![
        Just(Meddling::OutOfTime),
        Just(Meddling::FailBefore),
        Just(Meddling::FailAfter),
        Just(Meddling::Refuse),
    ];
    prop_oneof![
        3 => Just(Event::Nothing),
        1 => Just(Event::NotSent),
        1 => Just(Event::CutBefore),
        4 => (0u8..8).prop_map(Event::CutAfter),
        2 => (0u8..59).prop_map(Event::Late),
        1 => Just(Event::CrashBefore),
        3 => (0u8..8).prop_map(Event::CrashAfter),
        2 => (0u8..59).prop_map(Event::CrashLate),
        1 => Just(Event::Forget),
        3 => prop::collection::btree_map(0u8..8, meddling, 1..3).prop_map(Event::Commands),
    ]
}

pub fn case() -> impl Strategy<Value = Case> {
    (
        channel(),
        prop::collection::vec(contact(), 0..4),
        prop::collection::vec(existing(), 0..4),
        prop::collection::vec(sent(), 1..5),
        prop::collection::vec(event(), 0..12),
        prop::collection::vec(1u8..4, 1..6),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(channel, contacts, existing, sent, events, widths, secret)| Case {
                channel: Arc::new(StoredChannel {
                    key: ChannelKey(1),
                    channel,
                    created_at: START,
                    changed_at: START,
                    deleted_at: None,
                }),
                contacts,
                existing,
                sent,
                events,
                widths,
                secret,
            },
        )
}

impl Case {
    /// The portal as it stands before anything is delivered.
    pub fn world(&self) -> World {
        let mut world = World::new(1);
        if self.secret {
            world.settings.hidden_methods.insert("crm.contact.get".to_owned());
        }
        let lead = self.channel.channel.entity == Entity::Lead;
        let mut of_person: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
        for contact in &self.contacts {
            let mut fields = json!({"NAME": "Старый", "ORIGINATOR_ID": "other", "ORIGIN_ID": "1"});
            if let (Some(person), Some(notation)) = (contact.person, contact.phone) {
                fields["PHONE"] = json!([{"VALUE": phone(person, notation), "VALUE_TYPE": "WORK"}]);
            }
            if let (Some(person), true) = (contact.person, contact.email) {
                fields["EMAIL"] = json!([{"VALUE": email(person), "VALUE_TYPE": "WORK"}]);
            }
            let id = add(&mut world, "crm.contact.add", &fields);
            if let Some(person) = contact.person {
                of_person.entry(person).or_default().push(id);
            }
        }
        for old in &self.existing {
            let stages = if lead {
                ["NEW", "IN_PROCESS", "JUNK"]
            } else {
                ["NEW", "PREPARATION", "LOSE"]
            };
            let stage = stages[usize::from(old.stage)];
            let mut fields =
                json!({"TITLE": "Старая", "STAGE_ID": stage, "STATUS_ID": stage, "OPPORTUNITY": "10"});
            if let (Some(person), Some(order)) = (old.person, old.order) {
                let field = if lead {
                    "SOURCE_DESCRIPTION"
                } else {
                    "UF_CRM_ORDER_ID"
                };
                fields[field] = json!(order_number(person, order));
            }
            if let (Some(person), true, true) = (old.person, lead, old.phone) {
                fields["PHONE"] = json!([{"VALUE": phone(person, 1), "VALUE_TYPE": "WORK"}]);
            }
            if let (Some(person), true) = (old.person, old.bound) {
                fields["CONTACT_IDS"] = json!(of_person.get(&person).cloned().unwrap_or_default());
            }
            add(
                &mut world,
                if lead { "crm.lead.add" } else { "crm.deal.add" },
                &fields,
            );
        }
        world
    }

    /// Submissions with the person each is of.
    pub fn submissions(&self) -> Vec<(u8, Submission)> {
        let mut all = Vec::new();
        let mut id = SubmissionId::first_at(START);
        for sent in &self.sent {
            let mut fields = Map::new();
            let mut put = |name: &str, value: String| fields.insert(name.to_owned(), Value::String(value));
            if let Some(notation) = sent.phone {
                put("phone", phone(sent.person, notation));
            }
            if sent.email {
                put("email", email(sent.person));
            }
            if let Some(order) = sent.order {
                put("order", order_number(sent.person, order));
            }
            if sent.name {
                put("name", format!("Имя {}", all.len()));
            }
            if let Some(amount) = sent.amount {
                put("amount", amount.to_string());
            }
            id = id.next(START);
            let submission = Submission {
                id,
                received_at: START,
                received_via: "shop".to_owned(),
                fields,
                attachments: Vec::new(),
                ip: String::new(),
                referer: String::new(),
                user_agent: String::new(),
            };
            all.push((sent.person, submission));
        }
        all
    }
}

fn order_number(person: u8, order: u8) -> String {
    format!("{}", 6500 + u32::from(person) * 10 + u32::from(order))
}

fn add(world: &mut World, method: &str, fields: &Value) -> u64 {
    let query = serde_urlencoded::to_string(flat("fields", fields)).expect("a query");
    let body = json!({"cmd": {"add": format!("{method}?{query}")}}).to_string();
    let reply = world.batch(body.as_bytes(), None, START, |_| Meddling::None);
    let id = &reply["result"]["result"]["add"];
    id.as_u64().unwrap_or_else(|| panic!("not added: {reply}"))
}

fn flat(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(k, v)| flat(&format!("{name}[{k}]"), v))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(n, v)| flat(&format!("{name}[{n}]"), v))
            .collect(),
        Value::String(text) => vec![(name.to_owned(), text.clone())],
        other => vec![(name.to_owned(), other.to_string())],
    }
}

/// The fresh portal's catalogue, read as the bridge reads it.
pub static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut world = World::new(1);
    let mut all = Vec::new();
    let mut calls = catalog::first();
    while !calls.is_empty() {
        let sent: Vec<(String, String)> = calls
            .iter()
            .map(|call| {
                (
                    encode::key("", &call.key),
                    encode::command(call, |key| encode::key("", key)),
                )
            })
            .collect();
        let body = encode::batch_body(sent.iter().map(|(k, c)| (k.as_str(), c.as_str())), false);
        let reply = world.batch(&body, None, START, |_| Meddling::None).to_string();
        let keys: Vec<&str> = sent.iter().map(|(key, _)| key.as_str()).collect();
        let reply = decode::batch(200, "application/json", reply.as_bytes(), &keys, false, START);
        all.extend(calls.into_iter().zip(reply.answers));
        calls = catalog::more(&all);
    }
    catalog::read(&all, START).expect("a catalogue")
});
