//! What accompanies an entity: the comment with the whole request, and the activity for its responsible.

use std::time::Duration;

use serde_json::Value;

use super::args::{call, id_of, map, newest, number, records, scalar, texts};
use super::entity::Owner;
use super::once::{Stand, Written, written};
use super::{ContactStand, Job, ORIGINATOR};
use crate::model::{Arg, Call, Effect, Entity, Millis};
use crate::template;

/// How soon somebody should look at a new request.
const DEADLINE: Duration = Duration::from_secs(3600);
/// A comment is there to be read; the whole request stays in the inbox.
const COMMENT_CHARS: usize = 20_000;
/// The old kinds of activity by their numbers.
// b24: api-reference/crm/auxiliary/enum/outdated/crm-enum-activity-type.md
const OLD_TYPE_CALL: &str = "2";
const OLD_TYPE_MEETING: &str = "1";

/// The whole request in the entity's timeline.
// b24: api-reference/crm/timeline/comments/crm-timeline-comment-add.md
pub fn comment(job: &Job<'_>, owner: &Owner, now: Millis) -> Stand<Option<u64>> {
    let key = format!("comment{}", owner.suffix);
    let lookup = |key| comments_of(job, key, owner);
    match written(job, &key, now, lookup, |answer| holding(job, answer, "COMMENT")) {
        Written::Yes(answer) | Written::Found(answer) => {
            Stand::Known(number(&answer).or_else(|| id_of(&answer)))
        }
        Written::Hold(hold) => Stand::Hold(hold),
        Written::No => {
            let fields = map([
                ("ENTITY_ID", owner.arg.clone()),
                ("ENTITY_TYPE", Arg::text(job.channel.entity.as_str())),
                ("COMMENT", Arg::text(comment_text(job))),
            ]);
            let add = call(
                key,
                "crm.timeline.comment.add",
                Effect::Write,
                vec![("fields", fields)],
            );
            Stand::Ask {
                calls: vec![add],
                then: None,
            }
        }
    }
}

/// The record whose text carries this submission's mark.
fn holding(job: &Job<'_>, answer: &Value, field: &str) -> Option<Value> {
    let id = job.submission.id.to_string();
    records(answer)
        .into_iter()
        .find(|record| {
            let text = record.get(field).and_then(scalar);
            text.is_some_and(|text| text.contains(&id))
        })
        .cloned()
}

/// The newest comments: ours, if it was made, is among them.
// b24: api-reference/crm/timeline/comments/crm-timeline-comment-list.md
fn comments_of(job: &Job<'_>, key: String, owner: &Owner) -> Call {
    let filter = map([
        ("ENTITY_ID", owner.arg.clone()),
        ("ENTITY_TYPE", Arg::text(job.channel.entity.as_str())),
    ]);
    call(
        key,
        "crm.timeline.comment.list",
        Effect::Read,
        vec![
            ("filter", filter),
            ("select", texts(["ID", "COMMENT"])),
            ("order", map([("ID", Arg::text("DESC"))])),
        ],
    )
}

/// All fields, one a line, and the mark by which the comment is found again.
fn comment_text(job: &Job<'_>) -> String {
    let mut text = escape_bb(&template::listed(&job.submission.fields));
    if let Some((end, _)) = text.char_indices().nth(COMMENT_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(&format!(
        "{} · {ORIGINATOR} {}",
        escape_bb(&job.channel.name),
        job.submission.id
    ));
    text
}

/// Takes the effect from BB codes: a word joiner (U+2060), which nobody sees, after each bracket that could open a
/// code. What a website sends must not become a link or markup in the portal.
// b24: api-reference/crm/timeline/comments/crm-timeline-comment-add.md
pub fn escape_bb(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == '['
            && rest
                .peek()
                .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '*'))
        {
            out.push('\u{2060}');
        }
    }
    out
}

/// An activity (дело) for the entity's responsible.
pub fn activity(job: &Job<'_>, owner: &Owner, contact: &ContactStand, now: Millis) -> Stand<Option<u64>> {
    let key = format!("activity{}", owner.suffix);
    let lookup = |key| activities_of(job, key, owner);
    match written(job, &key, now, lookup, |answer| {
        holding(job, answer, "DESCRIPTION")
    }) {
        Written::Yes(answer) | Written::Found(answer) => {
            Stand::Known(number(&answer).or_else(|| id_of(&answer)))
        }
        Written::Hold(hold) => Stand::Hold(hold),
        Written::No => {
            let deadline = job.submission.received_at.max(now) + DEADLINE;
            let add = if job.catalog.has_method("crm.activity.todo.add") {
                todo(job, key, owner, deadline)
            } else {
                old_activity(job, key, owner, contact, deadline)
            };
            Stand::Ask {
                calls: vec![add],
                then: None,
            }
        }
    }
}

// b24: api-reference/crm/timeline/activities/todo/crm-activity-todo-add.md
fn todo(job: &Job<'_>, key: String, owner: &Owner, deadline: Millis) -> Call {
    let mut args = vec![
        ("ownerTypeId", Arg::text(job.channel.entity.type_id().to_string())),
        ("ownerId", owner.arg.clone()),
        ("deadline", Arg::text(deadline.to_string())),
        ("title", Arg::text(title(job))),
        ("description", Arg::text(description(job))),
    ];
    args.extend(owner.responsible.clone().map(|user| ("responsibleId", user)));
    call(key, "crm.activity.todo.add", Effect::Write, args)
}

/// For boxes that have no universal activity yet: a call to the contact, or a meeting when no phone is known.
// b24: api-reference/crm/timeline/activities/activity-base/crm-activity-add.md
fn old_activity(job: &Job<'_>, key: String, owner: &Owner, contact: &ContactStand, deadline: Millis) -> Call {
    let phone = job
        .wanted
        .contact
        .first_phone()
        .or_else(|| job.wanted.entity.first_phone());
    let owner_type = Arg::text(job.channel.entity.type_id().to_string());
    let (with, with_type) = match contact.bind.first() {
        Some(id) => (id.clone(), Arg::text("3")),
        None => (owner.arg.clone(), owner_type.clone()),
    };
    let communication = map([
        ("VALUE", Arg::text(phone.clone().unwrap_or_default())),
        ("ENTITY_ID", with),
        ("ENTITY_TYPE_ID", with_type),
    ]);
    let mut fields = vec![
        ("OWNER_TYPE_ID", owner_type),
        ("OWNER_ID", owner.arg.clone()),
        (
            "TYPE_ID",
            Arg::text(if phone.is_some() {
                OLD_TYPE_CALL
            } else {
                OLD_TYPE_MEETING
            }),
        ),
        ("SUBJECT", Arg::text(title(job))),
        ("DESCRIPTION", Arg::text(description(job))),
        ("START_TIME", Arg::text(deadline.to_string())),
        ("END_TIME", Arg::text((deadline + DEADLINE).to_string())),
        ("COMPLETED", Arg::text("N")),
        ("DIRECTION", Arg::text("1")),
        ("COMMUNICATIONS", Arg::List(vec![communication])),
        ("ORIGINATOR_ID", Arg::text(ORIGINATOR)),
        ("ORIGIN_ID", Arg::text(job.submission.id.to_string())),
    ];
    let responsible = owner
        .responsible
        .clone()
        .or_else(|| job.channel.responsible_id.map(|id| Arg::text(id.to_string())));
    // Required by this method; the user of the connection is number 1 on most boxes.
    fields.push(("RESPONSIBLE_ID", responsible.unwrap_or_else(|| Arg::text("1"))));
    call(
        key,
        "crm.activity.add",
        Effect::Write,
        vec![("fields", map(fields))],
    )
}

/// The mark stands in the description, which both kinds of activity keep.
// b24: api-reference/crm/timeline/activities/activity-base/crm-activity-list.md
fn activities_of(job: &Job<'_>, key: String, owner: &Owner) -> Call {
    let filter = map([
        (
            "OWNER_TYPE_ID",
            Arg::text(job.channel.entity.type_id().to_string()),
        ),
        ("OWNER_ID", owner.arg.clone()),
        ("%DESCRIPTION", Arg::text(job.submission.id.to_string())),
    ]);
    newest(key, "crm.activity.list", filter, texts(["ID", "DESCRIPTION"]))
}

fn title(job: &Job<'_>) -> String {
    match job.channel.entity {
        Entity::Lead | Entity::Deal => job.channel.name.clone(),
    }
}

fn description(job: &Job<'_>) -> String {
    format!(
        "{} · {ORIGINATOR} {}",
        escape_bb(&job.channel.name),
        job.submission.id
    )
}

#[cfg(test)]
mod tests {
    use super::escape_bb;

    #[test]
    fn bb_codes_lose_their_effect_and_plain_brackets_stay() {
        assert_eq!(
            escape_bb("[url=http://evil]x[/url]"),
            "[\u{2060}url=http://evil]x[\u{2060}/url]"
        );
        assert_eq!(escape_bb("a[0] [1] []"), "a[0] [1] []");
    }
}
