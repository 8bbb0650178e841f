//! One submission under delivery: what the store would hold of it, and whether it came out right.

use b24_bridge::deliver::Task;
use b24_bridge::model::{
    Effect, EntityAction, Journal, Millis, Outcome, State, Step, StepState, Submission, SubmissionId,
};
use b24_bridge::practice_portal::World;
use b24_bridge::store::{ChannelKey, Received, Standing, Stored};
use proptest::prelude::*;
use serde_json::Value;

use super::case::{CATALOG, Case, START};

/// A submission, as the store knows it.
pub struct Row {
    pub person: u8,
    pub submission: Submission,
    /// Steps as the store keeps them, with those a retry has dropped.
    pub log: Vec<(Step, bool)>,
    pub decision: Option<Value>,
    pub task: Option<Task>,
    pub due: Millis,
    pub outcome: Option<Outcome>,
    pub comments: bool,
    pub activities: bool,
}

impl Row {
    /// As `store::journal` writes steps: one that completes a begun one takes its place.
    pub fn write(&mut self, steps: Vec<Step>) {
        for step in steps {
            let begun = self.log.iter_mut().find(|(old, dropped)| {
                !dropped
                    && old.key == step.key
                    && old.begun_at == step.begun_at
                    && old.state == StepState::Begun
            });
            match begun {
                Some((old, _)) => *old = step,
                None => self.log.push((step, false)),
            }
        }
    }

    pub fn load(&self, case: &Case, started: Millis, now: Millis) -> Task {
        let mut journal = Journal {
            steps: Vec::new(),
            decision: self.decision.clone(),
        };
        for (step, dropped) in &self.log {
            if !dropped {
                journal.put(step.clone());
            }
        }
        let stored = Stored {
            received: received(self.submission.id),
            standing: standing(),
            journal,
        };
        let channel = case.channel.clone();
        Task::new(
            stored,
            self.submission.clone(),
            channel,
            &CATALOG,
            "RU",
            (started, now),
        )
        .expect("values that fit")
    }

    /// As `store::journal` clears the way for `inbox retry`.
    pub fn retry(&mut self) {
        let written = self.log.iter().any(|(step, dropped)| {
            !dropped
                && step.effect == Effect::Write
                && matches!(
                    step.state,
                    StepState::Begun | StepState::Done { .. } | StepState::Unknown(_)
                )
        });
        for (step, dropped) in &mut self.log {
            *dropped |= !written || matches!(step.state, StepState::Refused(_) | StepState::Later(_));
        }
        if !written {
            self.decision = None;
        }
        self.task = None;
    }

    /// What the result says is what stands in the portal, once.
    pub fn check(&self, world: &World) -> Result<(), TestCaseError> {
        let Some(outcome) = &self.outcome else {
            return Err(TestCaseError::fail("not finished"));
        };
        let id = self.submission.id.to_string();
        let all = world.to_json();
        let holding = |kinds: &str, field: &str| {
            let list = all[kinds].as_array().cloned().unwrap_or_default();
            list.iter()
                .filter(|r| r[field].as_str().is_some_and(|text| text.contains(&id)))
                .count()
        };
        let made = holding("deals", "ORIGIN_ID") + holding("leads", "ORIGIN_ID");
        prop_assert_eq!(
            made,
            usize::from(outcome.action == EntityAction::Created),
            "entities made"
        );
        prop_assert!(holding("contacts", "ORIGIN_ID") <= 1, "contacts made");
        let entities = all[format!("{}s", outcome.entity.as_str())]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for made in entities.iter().filter(|record| record["ORIGIN_ID"] == id) {
            let bound = made["CONTACT_IDS"].as_array().cloned().unwrap_or_default();
            let bound: Vec<u64> = bound.iter().filter_map(Value::as_u64).collect();
            // Without a contact, it may have gained one from a later submission.
            prop_assert!(
                outcome.contact_ids.is_empty() || bound == outcome.contact_ids,
                "{:?} should be bound, {:?} are",
                outcome.contact_ids,
                bound
            );
        }
        let owners = if outcome.action == EntityAction::Ignored {
            0
        } else {
            outcome.entity_ids.len()
        };
        let expected = |wanted: bool| if wanted { owners } else { 0 };
        prop_assert_eq!(
            holding("comments", "COMMENT"),
            expected(self.comments),
            "comments"
        );
        prop_assert_eq!(
            outcome.comment_ids.len(),
            expected(self.comments),
            "comments told of"
        );
        prop_assert_eq!(
            holding("activities", "DESCRIPTION"),
            expected(self.activities),
            "activities"
        );
        prop_assert_eq!(
            outcome.activity_ids.len(),
            expected(self.activities),
            "activities told of"
        );
        Ok(())
    }
}

fn received(id: SubmissionId) -> Received {
    Received {
        id,
        channel: ChannelKey(1),
        via: None,
        post: true,
        query: String::new(),
        content_type: None,
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
        body: bytes::Bytes::new(),
    }
}

fn standing() -> Standing {
    Standing {
        state: State::Queued,
        attempts: 0,
        next_attempt_at: None,
        since: START,
        error: None,
        error_step: None,
        result: None,
        summary: String::new(),
        changed_at: START,
        body_removed_at: None,
    }
}
