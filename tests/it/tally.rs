//! Counts what stands in the practice portal for each submission: one of everything, and nothing besides.

use std::collections::BTreeMap;

use b24_bridge::practice_portal::PracticePortal;
use serde_json::{Value, json};

use crate::harness::until;

/// A person's order: another phone for each person, and another number for each order.
pub fn order_of(person: u32, order: u32) -> Value {
    json!({
        "client_phone": format!("+7912{person:07}"),
        "client_name": format!("Клиент {person}"),
        "order_id": order,
        "order_amount": 100 + order % 900,
    })
}

/// Everything the bridge has made, by the submission it was made for.
#[derive(Debug, Default)]
pub struct Tally {
    pub deals: BTreeMap<String, Vec<Value>>,
    pub contacts: Vec<Value>,
    /// Texts of comments and descriptions of activities with the deal they belong to.
    pub comments: Vec<(String, String)>,
    pub activities: Vec<(String, String)>,
}

impl Tally {
    pub fn of(portal: &PracticePortal) -> Tally {
        let world = portal.world(|world| world.to_json());
        let list = |kinds: &str| world[kinds].as_array().cloned().unwrap_or_default();
        let text = |record: &Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
        let pairs = |kinds: &str, owner: &str, field: &str| {
            let records = list(kinds);
            records.iter().map(|r| (text(r, owner), text(r, field))).collect()
        };
        let mut deals: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for deal in list("deals") {
            deals.entry(text(&deal, "ORIGIN_ID")).or_default().push(deal);
        }
        Tally {
            deals,
            contacts: list("contacts"),
            comments: pairs("comments", "ENTITY_ID", "COMMENT"),
            activities: pairs("activities", "OWNER_ID", "DESCRIPTION"),
        }
    }

    /// Each of these submissions made one deal with one comment, one activity and one contact; each person is one
    /// contact; and nothing else was made.
    pub fn each_made_one(&self, ids: &[String]) {
        let mut comments = by_owner(&self.comments);
        let mut activities = by_owner(&self.activities);
        for id in ids {
            let deals = self.deals.get(id).map(Vec::as_slice).unwrap_or_default();
            assert_eq!(deals.len(), 1, "deals of {id}: {deals:#?}");
            let bound = deals[0]["CONTACT_IDS"].as_array().cloned().unwrap_or_default();
            assert_eq!(bound.len(), 1, "contacts of {id}: {bound:?}");
            let deal = deals[0]["ID"].as_str().unwrap_or_default();
            for (what, all) in [("comments", &mut comments), ("activities", &mut activities)] {
                let of = all.remove(deal).unwrap_or_default();
                assert_eq!(of.len(), 1, "{what} of {id}: {of:?}");
                assert!(of[0].contains(id.as_str()), "{what} of {id}: {of:?}");
            }
        }
        assert_eq!(
            self.deals.len(),
            ids.len(),
            "deals nobody asked for: {:?}",
            self.deals.keys()
        );
        assert!(
            comments.is_empty() && activities.is_empty(),
            "{comments:?} {activities:?}"
        );
        self.each_person_once();
        let mut orders: Vec<&Value> = self
            .deals
            .values()
            .flatten()
            .map(|d| &d["UF_CRM_ORDER_ID"])
            .collect();
        let all = orders.len();
        orders.sort_by_key(|order| order.to_string());
        orders.dedup();
        assert_eq!(orders.len(), all, "an order stands twice");
    }

    pub fn each_person_once(&self) {
        let mut phones = BTreeMap::new();
        for contact in &self.contacts {
            let held = contact["PHONE"].as_array().cloned().unwrap_or_default();
            assert_eq!(held.len(), 1, "phones of {contact:#}");
            let before = phones.insert(held[0]["VALUE"].to_string(), contact);
            assert!(
                before.is_none(),
                "one person, two contacts: {before:?} {contact:#}"
            );
        }
    }
}

fn by_owner(pairs: &[(String, String)]) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (owner, text) in pairs {
        all.entry(owner).or_default().push(text);
    }
    all
}

/// Waits until so many activities are there: in a delivery they come last.
pub fn wait_for_activities(portal: &PracticePortal, count: usize) {
    until("the activities", || {
        portal
            .world(|world| world.activities.len() >= count)
            .then_some(())
    });
}

/// Waits until the portal has worked on so many requests with all of these methods.
pub fn wait_for_batches(portal: &PracticePortal, methods: &[&str], count: usize) {
    until("the batches", || {
        let stats = portal.stats();
        let has_all = |sent: &[String]| methods.iter().all(|method| sent.iter().any(|s| s == method));
        (stats.log.iter().filter(|entry| has_all(&entry.methods)).count() >= count).then_some(())
    });
}
