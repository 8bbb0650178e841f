//! One request in each of its states.

use super::*;
use crate::model::{Refusal, Trouble, TroubleKind};

const DELIVER: &str = ">Deliver again<";

#[test]
fn one_that_waits_says_for_what() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    let page = inbox.detail(id);
    assert!(
        page.contains("No portal is connected: the request is stored and waits."),
        "{page}"
    );
    assert!(page.contains("data-renew"), "it renews itself");
    assert!(
        !page.contains(DELIVER) && !page.contains("Try now"),
        "nothing to hurry"
    );
    assert!(page.contains("The portal was not called."));

    let mut channel = inbox
        .desk
        .site
        .store
        .directory()
        .by_key(inbox.channel)
        .unwrap()
        .channel
        .clone();
    channel.enabled = false;
    inbox.desk.site.store.put_channel(channel).unwrap();
    assert!(inbox.detail(id).contains("The channel is switched off"));
}

#[test]
fn one_that_is_tried_again_is_still_unfinished() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    let again = Change::Again {
        at: Millis(inbox.desk.now.0 + 60_000),
        error: "the portal answered 500".to_owned(),
        count_attempt: true,
    };
    inbox.record(id, Vec::new(), again);
    let page = inbox.detail(id);
    assert!(
        page.contains("Attempts: 1") && page.contains("data-renew"),
        "{page}"
    );

    inbox
        .desk
        .site
        .store
        .begin(vec![Begin {
            id,
            steps: Vec::new(),
            decision: None,
        }])
        .unwrap();
    let page = inbox.detail(id);
    assert!(
        page.contains(">Delivering<") && page.contains("data-renew"),
        "{page}"
    );
    assert!(!page.contains(DELIVER));
}

#[test]
fn a_delivered_one_tells_what_was_made_and_how() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    inbox.deliver(id);
    let page = inbox.detail(id);
    for part in [
        "Deal\u{a0}41",
        "Contact\u{a0}17",
        "Comment with the request added",
        "Activity for the responsible created",
        "Creating the deal",
        "crm.deal.add",
        "fields.TITLE",
        "Заказ 6510",
        "123\u{a0}ms",
        "<code>phone</code>",
        "+7 999 000-00-01",
        "203.0.113.7",
        "https://shop.example/cart",
        "POST /in/shop",
        "name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("data-renew") && !page.contains(DELIVER));
    let raw = inbox.desk.get(&format!("/inbox/{id}/raw"));
    assert!(raw.body.starts_with("name=") && raw.header("content-disposition").starts_with("attachment"));
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    assert_eq!(raw.header("x-content-type-options"), "nosniff");
}

#[test]
fn an_ignored_one_names_the_deal_and_its_stage() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    let found = step(
        "find_deal_title",
        "crm.deal.list",
        json!([{"ID": "41", "STAGE_ID": "WON"}]),
    );
    inbox.record(id, vec![found], Change::Ignored(outcome(EntityAction::Ignored)));
    let page = inbox.detail(id);
    assert!(
        page.contains(
            "is there already, in the stage “<bdi>WON</bdi>”; the channel searches in other stages"
        ),
        "{page}"
    );
    assert!(page.contains(DELIVER), "it can be decided anew");
}

#[test]
fn a_failed_one_names_field_value_and_way_out() {
    let mut inbox = Inbox::open();
    inbox.desk.say("accept-language", "ru");
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    let stored = "the field UF_CRM_SIZE (Размер) cannot take \"XXL\": it takes one of S, M; correct the form or add the value in the portal";
    inbox.fail(id, stored);
    let page = inbox.detail(id);
    for part in [
        "Значение не подходит полю портала",
        "UF_CRM_SIZE (Размер)",
        ">XXL<",
        "одно из: S, M",
        "Исправьте форму на сайте или добавьте значение в портале.",
        r#"href="/channels/shop""#,
        "Доставить снова",
        "Исходный текст ошибки",
        "it takes one of S, M;",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    inbox.desk.headers.clear();
    let other = inbox.order("Пётр", "+7 999 000-00-02", "6511");
    inbox.fail(other, "something that nobody has seen before");
    let page = inbox.detail(other);
    assert!(
        page.contains(r#"lang="en">something that nobody has seen before<"#),
        "{page}"
    );
}

#[test]
fn steps_that_did_not_come_home_are_told_apart() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    let refused = StepState::Refused(Refusal {
        code: "ACCESS_DENIED".to_owned(),
        text: "Нет доступа".to_owned(),
    });
    let trouble = |text: &str| Trouble {
        kind: TroubleKind::AnswerLost,
        text: text.to_owned(),
        not_before: None,
    };
    let with = |key: &str, method: &str, effect, state| Step {
        state,
        effect,
        ..step(key, method, json!(null))
    };
    let steps = vec![
        with("card", "crm.contact.get", Effect::Read, refused.clone()),
        with("entity", "crm.deal.add", Effect::Write, refused),
        with(
            "comment",
            "crm.timeline.comment.add",
            Effect::Write,
            StepState::Unknown(trouble("the answer was lost")),
        ),
        with(
            "x",
            "some.method",
            Effect::Write,
            StepState::Later(trouble("no way")),
        ),
        with("y", "crm.activity.todo.add", Effect::Write, StepState::Begun),
    ];
    let failure = Failure {
        step: "entity".to_owned(),
        text: "no".to_owned(),
    };
    inbox.record(id, steps, Change::Failed(failure));
    let page = inbox.detail(id);
    for part in [
        "plain\">Nothing found<",
        "bad\">Refused<",
        "warn\">No answer<",
        "warn\">Not done<",
        "busy\">Sent<",
        "ACCESS_DENIED",
        "Нет доступа",
        ">some.method<",
        "There is no answer yet.",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    inbox.desk.site.store.retry(vec![id]).unwrap();
    assert!(inbox.detail(id).contains("A step of an earlier attempt"));
}

#[test]
fn those_that_are_never_delivered_say_why() {
    let mut inbox = Inbox::open();
    let unreadable = Arrival {
        state: State::Unreadable,
        error: Some("the body starts like JSON and is broken (line 1): send valid JSON".to_owned()),
        ..inbox.arrival("{\"a\":")
    };
    let unreadable = inbox.receive(unreadable);
    let page = inbox.detail(unreadable);
    assert!(
        page.contains("The body starts like JSON and is broken") && page.contains("{&quot;a&quot;:"),
        "{page}"
    );
    assert!(!page.contains(DELIVER), "the same bytes again would be of no use");
    let readable = inbox.receive(Arrival {
        state: State::Unreadable,
        ..inbox.arrival("a=1")
    });
    assert!(
        inbox.detail(readable).contains(DELIVER),
        "a newer bridge can read it"
    );

    let test = inbox.receive(Arrival {
        state: State::Test,
        ..inbox.arrival("test=test")
    });
    assert!(inbox.detail(test).contains("This is a connection test"));

    let spam = inbox.receive(Arrival {
        state: State::Spam,
        ..inbox.arrival("a=1")
    });
    let page = inbox.detail(spam);
    assert!(
        page.contains("looks like spam") && page.contains("Not spam: deliver"),
        "{page}"
    );

    let keyed = |inbox: &Inbox| Arrival {
        idempotency_key: Some("k".to_owned()),
        ..inbox.arrival("a=1")
    };
    let first = inbox.receive(keyed(&inbox));
    let repeat = inbox.receive(keyed(&inbox));
    let page = inbox.detail(repeat);
    assert!(page.contains(&format!("A repeat of request {first}")), "{page}");
    assert_eq!(link(&page, "Open the first").unwrap(), format!("/inbox/{first}"));
    assert!(!page.contains(DELIVER));
}

#[test]
fn what_is_not_there_is_told() {
    let mut inbox = Inbox::open();
    for path in [
        "/inbox/zzz",
        "/inbox/0000000000001",
        "/inbox/0000000000001/raw",
        "/inbox/again/x",
    ] {
        assert_eq!(inbox.desk.get(path).status, 404, "{path}");
    }
}

#[test]
fn one_of_a_deleted_channel_does_not_send_people_to_its_settings() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    inbox.fail(
        id,
        "the portal has no deal pipeline 7; choose another in the channel",
    );
    let slug = {
        let directory = inbox.desk.site.store.directory();
        directory.by_key(inbox.channel).unwrap().channel.slug.clone()
    };
    assert!(
        inbox
            .detail(id)
            .contains("Choose another pipeline in the channel")
    );
    inbox.desk.site.store.delete_channel(&slug).unwrap();
    for path in [format!("/inbox/{id}"), "/".to_owned()] {
        let page = inbox.page(&path);
        assert!(
            page.contains(&format!("Make a channel of the same address ({slug})"))
                && !page.contains("Choose another pipeline"),
            "{path}: {page}"
        );
    }
}

#[test]
fn what_an_empty_search_brought_is_not_counted() {
    for (found, expected) in [(json!([]), true), (json!({"CONTACT": [17]}), false)] {
        let mut inbox = Inbox::open();
        let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
        let mut steps = vec![
            step("find_contact_phone", "crm.duplicate.findbycomm", found),
            step("entities_of_phone", "crm.deal.list", json!([{"ID": "12"}])),
            step("entity", "crm.deal.add", json!(41)),
        ];
        for read in &mut steps[..2] {
            read.effect = Effect::Read;
        }
        inbox.record(id, steps, Change::Delivered(outcome(EntityAction::Created)));
        let page = inbox.detail(id);
        assert_eq!(
            page.matches("Not counted").count(),
            usize::from(expected),
            "{page}"
        );
        assert_eq!(page.contains("an empty condition"), expected);
    }
}
