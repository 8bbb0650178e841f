//! The inbox over a temporary store, as a browser sees it. No portal is connected: what becomes of a request is
//! written into the store by the tests.

mod again;
mod detail;
mod export;
mod hostile;
mod list;

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;

use crate::model::{
    ContactAction, Effect, Entity, EntityAction, Failure, Millis, Outcome, State, Step, StepState,
    SubmissionId,
};
use crate::store::{Arrival, Begin, Change, ChannelKey, Record};
use crate::web::admin::testing::Desk;

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A desk with one channel, `shop`, that maps a name, a phone and an order.
struct Inbox {
    desk: Desk,
    channel: ChannelKey,
}

impl Inbox {
    fn open() -> Inbox {
        let desk = Desk::signed_in();
        let channel = json!({
            "slug": "shop", "name": "Заказы магазина", "entity": "deal", "mode": "search_first",
            "search_stages": ["NEW"], "on_found": "update",
            "fields": [
                {"of": "contact", "field": "NAME", "value": "{name}"},
                {"of": "contact", "field": "PHONE", "value": "{phone}", "search": true},
                {"of": "deal", "field": "TITLE", "value": "Заказ {order}"},
            ],
        });
        let stored = desk
            .site
            .store
            .put_channel(serde_json::from_value(channel).unwrap())
            .unwrap();
        Inbox {
            channel: stored.key,
            desk,
        }
    }

    fn arrival(&self, body: &str) -> Arrival {
        Arrival {
            channel: self.channel,
            via: None,
            post: true,
            query: String::new(),
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            body: Bytes::copy_from_slice(body.as_bytes()),
            ip: "203.0.113.7".to_owned(),
            referer: "https://shop.example/cart".to_owned(),
            user_agent: "curl/8".to_owned(),
            state: State::Queued,
            error: None,
            idempotency_key: None,
        }
    }

    /// Stores a request and waits until the engine has taken it up.
    fn receive(&self, arrival: Arrival) -> SubmissionId {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let id = match runtime.block_on(self.desk.site.store.accept(arrival)).unwrap() {
            crate::store::Accepted::New(id) => id,
            crate::store::Accepted::Repeat(_) => {
                self.desk
                    .site
                    .store
                    .list(&crate::store::Filter::default(), 1)
                    .unwrap()[0]
                    .id
            }
        };
        let started = Instant::now();
        while self.desk.site.store.backlog().unwrap().waiting != self.queued() {
            assert!(started.elapsed() < PATIENCE, "nobody takes {id} up");
            std::thread::yield_now();
        }
        id
    }

    /// How many were taken up and wait.
    fn queued(&self) -> u64 {
        let all = self
            .desk
            .site
            .store
            .unfinished(SubmissionId(0), usize::MAX >> 1)
            .unwrap();
        all.len() as u64
    }

    fn order(&self, name: &str, phone: &str, order: &str) -> SubmissionId {
        let body = serde_urlencoded::to_string([("name", name), ("phone", phone), ("order", order)]).unwrap();
        self.receive(self.arrival(&body))
    }

    fn record(&self, id: SubmissionId, steps: Vec<Step>, change: Change) {
        self.desk
            .site
            .store
            .begin(vec![Begin {
                id,
                steps: Vec::new(),
                decision: None,
            }])
            .unwrap();
        self.desk
            .site
            .store
            .record(vec![Record { id, steps, change }])
            .unwrap();
    }

    fn fail(&self, id: SubmissionId, text: &str) {
        let failure = Failure {
            step: "entity".to_owned(),
            text: text.to_owned(),
        };
        self.record(id, Vec::new(), Change::Failed(failure));
    }

    fn deliver(&self, id: SubmissionId) {
        self.record(
            id,
            vec![step("entity", "crm.deal.add", json!(41))],
            Change::Delivered(outcome(EntityAction::Created)),
        );
    }

    fn state(&self, id: SubmissionId) -> State {
        self.desk.site.store.load(id).unwrap().unwrap().standing.state
    }

    fn page(&mut self, path: &str) -> String {
        let shown = self.desk.get(path);
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        shown.body
    }

    fn detail(&mut self, id: SubmissionId) -> String {
        self.page(&format!("/inbox/{id}"))
    }
}

fn outcome(action: EntityAction) -> Outcome {
    Outcome {
        action,
        entity: Entity::Deal,
        entity_ids: vec![41],
        contact_ids: vec![17],
        contact_action: ContactAction::Created,
        comment_ids: vec![9],
        activity_ids: vec![5],
        note: None,
    }
}

fn step(key: &str, method: &str, result: serde_json::Value) -> Step {
    Step {
        key: key.to_owned(),
        method: method.to_owned(),
        effect: Effect::Write,
        sent: json!({"fields": {"TITLE": "Заказ 6510"}}),
        state: StepState::Done { result },
        begun_at: Millis(1_795_341_600_000),
        took_ms: Some(123),
    }
}

/// The ids of the requests that a page links to, in its order.
fn ids(page: &str) -> Vec<String> {
    page.split(r#"href="/inbox/"#)
        .skip(1)
        .filter_map(|rest| rest.split(['"', '?']).next())
        .filter(|id| id.parse::<SubmissionId>().is_ok())
        .map(str::to_owned)
        .collect()
}

/// The address of the first link whose text begins like this.
fn link(page: &str, text: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!(">{text}"))?;
    let (_, tag) = before.rsplit_once("href=\"")?;
    Some(tag.split('"').next()?.replace("&amp;", "&"))
}
