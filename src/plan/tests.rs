//! The planner in tables: what is known, and what follows.

use std::time::Duration;

use serde_json::{Value, json};

use super::wanted::wanted;
use super::{Job, Next, Wanted, next};
use crate::model::*;

const SETTLE: Duration = Duration::from_secs(60);

/// One delivery played by hand.
struct Play {
    submission: Submission,
    channel: Channel,
    catalog: Catalog,
    wanted: Wanted,
    journal: Journal,
    now: Millis,
}

fn field(name: &str, kind: FieldKind) -> (String, Field) {
    let field = Field {
        name: name.to_owned(),
        title: name.to_owned(),
        kind,
        type_name: String::new(),
        multiple: kind == FieldKind::Multifield,
        read_only: false,
        required: false,
        items: Vec::new(),
    };
    (name.to_owned(), field)
}

fn catalog() -> Catalog {
    let own = [
        field("TITLE", FieldKind::Text),
        field("UF_ORDER", FieldKind::Text),
        field("PHONE", FieldKind::Multifield),
    ];
    let contact = [
        field("NAME", FieldKind::Text),
        field("SOURCE_ID", FieldKind::Text),
        field("PHONE", FieldKind::Multifield),
        field("EMAIL", FieldKind::Multifield),
    ];
    Catalog {
        deal: own.clone().into(),
        lead: own.into(),
        contact: contact.into(),
        ..Catalog::default()
    }
}

fn play(changes: Value, fields: Value) -> Play {
    let mut channel = json!({
        "slug": "shop", "name": "Shop", "entity": "deal", "mode": "search_first", "search_stages": ["NEW"],
        "update_stage": true, "update_fields": true, "stage_id": "WON", "responsible_id": 7,
        "fields": [
            {"of": "contact", "field": "NAME", "value": "{name}"},
            {"of": "contact", "field": "PHONE", "value": "{phone}", "search": true},
            {"of": "contact", "field": "EMAIL", "value": "{email}"},
            {"of": "deal", "field": "TITLE", "value": "Order {order}"},
            {"of": "deal", "field": "UF_ORDER", "value": "{order}", "search": true}
        ]
    });
    for (key, value) in changes.as_object().cloned().unwrap_or_default() {
        channel[key] = value;
    }
    let channel: Channel = serde_json::from_value(channel).unwrap();
    let submission = Submission {
        id: SubmissionId::first_at(Millis(1_000_000)),
        received_at: Millis(1_000_000),
        received_via: "shop".to_owned(),
        fields: fields.as_object().cloned().unwrap(),
        attachments: Vec::new(),
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
    };
    let catalog = catalog();
    let wanted = wanted(&submission, &channel, &catalog, "RU").unwrap();
    Play {
        submission,
        channel,
        catalog,
        wanted,
        journal: Journal::default(),
        now: Millis(1_000_000),
    }
}

impl Play {
    fn next(&self) -> Next {
        let job = Job {
            submission: &self.submission,
            channel: &self.channel,
            catalog: &self.catalog,
            wanted: &self.wanted,
            journal: &self.journal,
            country: "RU",
            settle: SETTLE,
        };
        next(&job, self.now)
    }

    /// The calls that are asked for; writes them down as the engine does.
    fn ask(&mut self) -> Vec<Call> {
        let Next::Ask { calls, decision } = self.next() else {
            panic!("{:?}", self.next())
        };
        if decision.is_some() {
            self.journal.decision = decision;
        }
        for call in &calls {
            self.note(&call.key, &call.method, call.effect, StepState::Begun);
        }
        calls
    }

    fn keys(&mut self) -> Vec<String> {
        self.ask().into_iter().map(|call| call.key).collect()
    }

    fn note(&mut self, key: &str, method: &str, effect: Effect, state: StepState) {
        let step = Step {
            key: key.to_owned(),
            method: method.to_owned(),
            effect,
            sent: Value::Null,
            state,
            begun_at: self.now,
            took_ms: None,
        };
        self.journal.put(step);
    }

    fn answer(&mut self, key: &str, state: StepState) {
        let step = self
            .journal
            .step(key)
            .unwrap_or_else(|| panic!("{key} was not asked"))
            .clone();
        self.journal.put(Step { state, ..step });
    }

    fn done(&mut self, answers: &[(&str, Value)]) {
        for (key, result) in answers {
            self.answer(
                key,
                StepState::Done {
                    result: result.clone(),
                },
            );
        }
    }

    fn refuse(&mut self, key: &str) {
        let refusal = Refusal {
            code: String::new(),
            text: "Not found".to_owned(),
        };
        self.answer(key, StepState::Refused(refusal));
    }

    /// Another run of the program: reads are forgotten, writes are not.
    fn restart(&mut self) {
        self.journal.steps.retain(|step| step.effect == Effect::Write);
    }
}

fn order() -> Value {
    json!({"name": "Мария", "phone": "74712773120", "email": "m@example.ru", "order": "6510"})
}

fn arg<'c>(call: &'c Call, field: &str) -> Option<&'c Arg> {
    let (_, Arg::Map(fields)) = call.args.iter().find(|(name, _)| name == "fields")? else {
        return None;
    };
    fields
        .iter()
        .find(|(name, _)| name == field)
        .map(|(_, value)| value)
}

fn nothing_found(play: &mut Play) {
    assert_eq!(
        play.keys(),
        ["find_contact_phone", "card_phone", "find_deal_uf_order"]
    );
    play.done(&[
        ("find_contact_phone", json!([])),
        ("find_deal_uf_order", json!([])),
    ]);
    play.refuse("card_phone");
}

#[test]
fn two_asks_bring_a_fresh_submission_home() {
    let mut play = play(json!({"add_comment": true, "add_activity": true}), order());
    nothing_found(&mut play);
    let calls = play.ask();
    let keys: Vec<&str> = calls.iter().map(|call| call.key.as_str()).collect();
    assert_eq!(keys, ["contact", "entity", "comment", "activity"]);
    assert_eq!(arg(&calls[1], "STAGE_ID"), Some(&Arg::text("WON")));
    assert_eq!(arg(&calls[1], "ASSIGNED_BY_ID"), Some(&Arg::text("7")));
    assert_eq!(
        arg(&calls[1], "ORIGIN_ID"),
        Some(&Arg::text(play.submission.id.to_string()))
    );
    assert_eq!(calls[1].args[0].1.refers_to(), ["contact"]);
    play.done(&[
        ("contact", json!(17)),
        ("entity", json!(41)),
        ("comment", json!(9)),
        ("activity", json!({"id": 5})),
    ]);
    let Next::Delivered(outcome) = play.next() else {
        panic!("{:?}", play.next())
    };
    assert_eq!(
        (outcome.action, outcome.entity_ids, outcome.contact_ids),
        (EntityAction::Created, vec![41], vec![17])
    );
    assert_eq!((outcome.comment_ids, outcome.activity_ids), (vec![9], vec![5]));
}

#[test]
fn a_found_deal_is_updated_ignored_or_left_alone() {
    let deal = |stage: &str, value: &str| json!([{"ID": "41", "STAGE_ID": stage, "CATEGORY_ID": "0", "CONTACT_ID": "17", "ASSIGNED_BY_ID": "3", "UF_ORDER": value}]);
    let table = [
        (json!({}), deal("NEW", "6510"), "update_41"),
        (json!({"on_found": "ignore"}), deal("NEW", "6510"), "ignored"),
        (json!({}), deal("LOSE", "6510"), "ignored"),
        (json!({"search_stages": []}), deal("LOSE", "6510"), "update_41"),
        // A filter that the portal did not understand hands over other records: they are not ours.
        (json!({}), deal("NEW", "777"), "entity"),
        (json!({"mode": "always_create"}), json!([]), "entity"),
    ];
    for (changes, found, expected) in table {
        let mut play = play(changes.clone(), order());
        play.ask();
        play.done(&[("find_contact_phone", json!({"CONTACT": [17]}))]);
        let card = json!({"ID": "17", "PHONE": [{"ID": "1", "VALUE": "+74712773120"}], "EMAIL": [{"ID": "2", "VALUE": "M@example.ru"}]});
        play.done(&[("card_phone", card)]);
        if play.journal.step("find_deal_uf_order").is_some() {
            play.done(&[("find_deal_uf_order", found)]);
        }
        let came = match play.next() {
            Next::Ask { calls, .. } => calls[0].key.clone(),
            Next::Ignored(_) => "ignored".to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(came, expected, "{changes}");
    }
}

#[test]
fn what_was_built_on_nothing_says_nothing() {
    let mut play = play(json!({}), json!({"name": "Мария", "phone": "74712773120"}));
    assert_eq!(
        play.keys(),
        ["find_contact_phone", "card_phone", "entities_of_phone"]
    );
    play.done(&[("find_contact_phone", json!([]))]);
    play.refuse("card_phone");
    // With an empty reference the filter matched everybody's deals.
    play.done(&[(
        "entities_of_phone",
        json!([{"ID": "1", "STAGE_ID": "NEW", "CATEGORY_ID": "0"}]),
    )]);
    assert_eq!(play.keys(), ["contact", "entity"]);
}

#[test]
fn a_found_contact_gains_what_it_lacks_and_keeps_the_rest() {
    for (update_contact, expected) in [(false, vec!["EMAIL"]), (true, vec!["EMAIL", "NAME"])] {
        let mut play = play(
            json!({"mode": "always_create", "update_contact": update_contact}),
            order(),
        );
        play.ask();
        let card = json!({"ID": 17, "NAME": "Маша", "PHONE": [{"ID": "1", "VALUE": "8 (471) 277-31-20"}]});
        play.done(&[
            ("find_contact_phone", json!({"CONTACT": [21, 17]})),
            ("card_phone", card),
        ]);
        let calls = play.ask();
        assert_eq!(calls[0].key, "contact_update");
        assert_eq!(calls[0].args[0].1, Arg::text("17"), "the oldest");
        let Arg::Map(fields) = &calls[0].args[1].1 else {
            panic!()
        };
        assert_eq!(
            fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            expected
        );
        let bound = Arg::List(vec![Arg::text("17"), Arg::text("21")]);
        assert_eq!(
            arg(&calls[1], "CONTACT_IDS"),
            Some(&bound),
            "all of them, the oldest first"
        );
    }
}

#[test]
fn a_write_without_an_answer_is_looked_up_before_it_is_repeated() {
    for (found, expected) in [
        (json!([]), vec!["contact", "entity"]),
        (json!([{"ID": "17"}]), vec!["entity"]),
    ] {
        let mut play = play(json!({}), order());
        nothing_found(&mut play);
        play.ask();
        play.restart();
        let begun = play.now;
        assert_eq!(
            play.next(),
            Next::Wait {
                until: begun + SETTLE
            },
            "the portal may still be working on it"
        );
        play.now = begun + SETTLE;
        assert_eq!(play.keys(), ["contact_lookup"]);
        play.done(&[("contact_lookup", found)]);
        // The deal was begun, too: it is looked up just the same.
        let after = play.keys();
        if after == ["entity_lookup"] {
            play.done(&[("entity_lookup", json!([]))]);
            assert_eq!(play.keys(), ["entity"]);
            assert_eq!(expected, ["entity"]);
        } else {
            assert_eq!(after, ["contact", "entity_lookup"]);
        }
    }
}

#[test]
fn an_early_lookup_does_not_count() {
    let mut play = play(json!({}), order());
    nothing_found(&mut play);
    play.ask();
    let early = play.now + Duration::from_secs(1);
    play.restart();
    play.now = early;
    play.note(
        "contact_lookup",
        "crm.contact.list",
        Effect::Read,
        StepState::Done { result: json!([]) },
    );
    assert!(matches!(play.next(), Next::Wait { .. }));
}

#[test]
fn a_refusal_ends_it_with_the_portals_words() {
    let mut play = play(json!({}), order());
    nothing_found(&mut play);
    play.ask();
    let refusal = Refusal {
        code: "ACCESS_DENIED".to_owned(),
        text: "Доступ запрещён".to_owned(),
    };
    play.answer("contact", StepState::Refused(refusal));
    let Next::Failed(failure) = play.next() else {
        panic!()
    };
    assert_eq!(failure.step, "contact");
    assert!(
        failure.text.contains("Доступ запрещён") && failure.text.contains("ACCESS_DENIED"),
        "{}",
        failure.text
    );
}

#[test]
fn nobody_is_made_of_fixed_text_alone() {
    let fields = json!([
        {"of": "contact", "field": "NAME", "value": "{name}"},
        {"of": "contact", "field": "SOURCE_ID", "value": "WEB"},
        {"of": "deal", "field": "TITLE", "value": "Order"}
    ]);
    let mut nobody = play(
        json!({"mode": "always_create", "fields": fields.clone()}),
        json!({"comment": "?"}),
    );
    assert_eq!(nobody.keys(), ["entity"]);
    let mut somebody = play(
        json!({"mode": "always_create", "fields": fields}),
        json!({"name": "Мария"}),
    );
    assert_eq!(somebody.keys(), ["contact", "entity"]);
}

#[test]
fn a_deal_without_a_contact_gains_the_new_one_and_keeps_its_responsible() {
    let mut play = play(json!({}), order());
    play.ask();
    let deal = json!([{"ID": "41", "STAGE_ID": "NEW", "CATEGORY_ID": "0", "CONTACT_ID": null, "ASSIGNED_BY_ID": "3", "UF_ORDER": "6510"}]);
    play.done(&[("find_contact_phone", json!([])), ("find_deal_uf_order", deal)]);
    play.refuse("card_phone");
    let calls = play.ask();
    let keys: Vec<&str> = calls.iter().map(|call| call.key.as_str()).collect();
    assert_eq!(keys, ["contact", "update_41", "bind_41"]);
    assert_eq!(arg(&calls[1], "ASSIGNED_BY_ID"), None);
    assert_eq!(arg(&calls[1], "STAGE_ID"), Some(&Arg::text("WON")));
}

#[test]
fn a_stage_or_pipeline_that_is_not_there_is_no_guess() {
    let stage = |id: &str, category_id| Stage {
        id: id.to_owned(),
        name: id.to_owned(),
        category_id,
        semantics: String::new(),
        color: String::new(),
        sort: 0,
    };
    let table = [
        (json!({"stage_id": "WON"}), true),
        (json!({"stage_id": null}), true),
        (json!({"stage_id": "GONE"}), false),
        (json!({"stage_id": "C1:NEW"}), false),
        (json!({"stage_id": "C1:NEW", "category_id": 1}), true),
        (json!({"stage_id": null, "category_id": 2}), false),
    ];
    for (changes, fits) in table {
        let mut play = play(changes.clone(), order());
        let told = |play: &Play| wanted(&play.submission, &play.channel, &play.catalog, "RU");
        assert!(
            told(&play).is_ok(),
            "a portal that lists no stages is not second-guessed"
        );
        play.catalog.deal_stages = vec![stage("NEW", 0), stage("WON", 0), stage("C1:NEW", 1)];
        play.catalog.categories = [(0, "General".to_owned()), (1, "Second".to_owned())].into();
        let told = told(&play);
        assert_eq!(told.is_ok(), fits, "{changes}");
        assert!(told.err().is_none_or(|unfit| unfit.may_be_stale()));
    }
}
