//! Which calls of one submission may share a batch with those of others.

use crate::model::{Call, Effect};

/// The calls that may go out beside other submissions' calls.
///
/// A reference to nothing does not stop a command: if making the contact failed, the deal after it would be made
/// without one. A batch of one submission stops at the first error (`halt=1`); a shared batch cannot, so there a
/// write that refers to another write waits for the next batch. A comment or an activity without an owner is
/// refused by the portal, so these two may follow their entity at once.
// b24: settings/how-to-call-rest-api/batch.md
pub fn shareable(calls: &[Call]) -> Vec<Call> {
    let mut kept: Vec<Call> = Vec::new();
    let mut left_out: Vec<&str> = Vec::new();
    for call in calls {
        let refers: Vec<&str> = call.args.iter().flat_map(|(_, arg)| arg.refers_to()).collect();
        let on_left_out = refers.iter().any(|key| left_out.contains(key));
        let on_write = kept
            .iter()
            .any(|k| k.effect == Effect::Write && refers.contains(&k.key.as_str()));
        if on_left_out || (on_write && call.effect == Effect::Write && !harmless_without_owner(call)) {
            left_out.push(&call.key);
        } else {
            kept.push(call.clone());
        }
    }
    kept
}

// b24: api-reference/crm/timeline/comments/crm-timeline-comment-add.md (ENTITY_ID is required)
// b24: api-reference/crm/timeline/activities/todo/crm-activity-todo-add.md (OWNER_NOT_FOUND)
fn harmless_without_owner(call: &Call) -> bool {
    matches!(
        call.method.as_str(),
        "crm.timeline.comment.add" | "crm.activity.todo.add" | "crm.activity.add"
    )
}

/// Whether an error in one of these calls must stop the ones after it.
pub fn must_halt(calls: &[Call]) -> bool {
    calls.iter().any(|call| call.effect == Effect::Write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Arg;

    fn call(key: &str, method: &str, effect: Effect, refers: Option<&str>) -> Call {
        let args = refers
            .map(|to| {
                (
                    "x".to_owned(),
                    Arg::Answer {
                        key: to.to_owned(),
                        path: Vec::new(),
                    },
                )
            })
            .into_iter()
            .collect();
        Call {
            key: key.to_owned(),
            method: method.to_owned(),
            args,
            effect,
        }
    }

    #[test]
    fn a_deal_waits_for_its_new_contact_and_takes_its_comment_along() {
        let calls = [
            call("contact", "crm.contact.add", Effect::Write, None),
            call("entity", "crm.deal.add", Effect::Write, Some("contact")),
            call(
                "comment",
                "crm.timeline.comment.add",
                Effect::Write,
                Some("entity"),
            ),
        ];
        let keys: Vec<String> = shareable(&calls).into_iter().map(|c| c.key).collect();
        assert_eq!(keys, ["contact"]);
        let keys: Vec<String> = shareable(&calls[1..]).into_iter().map(|c| c.key).collect();
        assert_eq!(keys, ["entity", "comment"]);
    }

    #[test]
    fn searches_may_refer_to_searches() {
        let calls = [
            call("find", "crm.duplicate.findbycomm", Effect::Read, None),
            call("card", "crm.contact.get", Effect::Read, Some("find")),
        ];
        assert_eq!(shareable(&calls).len(), 2);
        assert!(!must_halt(&calls));
    }
}
