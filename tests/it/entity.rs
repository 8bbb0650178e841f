//! Contract 7, "Entity": created, found and brought up to date, or left alone; for leads as for deals.

use b24_bridge::practice_portal::{Kin, Kind, PracticePortal};
use serde_json::{Value, json};

use crate::harness::{Bridge, portal};
use crate::records::{add, channel, comments, count, deliver, deliver_as, get, ids, multi, writes};

/// What differs between the two kinds of entity.
struct Of {
    entity: &'static str,
    stage: &'static str,
    /// Stages that are searched, and one that is not.
    searched: [&'static str; 2],
    other: &'static str,
    /// Where the channel moves to.
    target: &'static str,
}

const KINDS: [Of; 2] = [
    Of {
        entity: "deal",
        stage: "STAGE_ID",
        searched: ["NEW", "PREPARATION"],
        other: "EXECUTING",
        target: "FINAL_INVOICE",
    },
    Of {
        entity: "lead",
        stage: "STATUS_ID",
        searched: ["NEW", "IN_PROCESS"],
        other: "PROCESSED",
        target: "CONVERTED",
    },
];

impl Of {
    fn kinds(&self) -> String {
        format!("{}s", self.entity)
    }

    fn rows(&self) -> Value {
        json!([
            ["contact", "NAME", "{name}"],
            ["contact", "PHONE", "{phone}", true],
            [self.entity, "TITLE", "{title}"],
            [self.entity, "OPPORTUNITY", "{sum}"],
            [self.entity, "ASSIGNED_BY_ID", "{who}"],
            [self.entity, "UF_CRM_ORDER", "{order}", true],
            [self.entity, "UF_CRM_TICKET", "{ticket}", true],
        ])
    }

    /// A channel that searches, updates and moves; with changes.
    fn channel(&self, slug: &str, changes: Value) -> Value {
        let mut settings = json!({
            "mode": "search_first", "search_stages": self.searched, "on_found": "update", "update_stage": true,
            "update_fields": true, "responsible_id": 2, "stage_id": self.target, "add_comment": true, "add_activity": true,
        });
        for (key, value) in changes.as_object().expect("an object") {
            settings[key] = value.clone();
        }
        channel(slug, self.entity, self.rows(), settings)
    }

    fn add(&self, portal: &PracticePortal, stage: &str, fields: Value) -> u64 {
        let mut fields = fields;
        fields[self.stage] = json!(stage);
        add(portal, self.entity, &fields)
    }

    fn get(&self, portal: &PracticePortal, id: u64) -> Value {
        get(portal, self.entity, id)
    }
}

/// A portal whose leads and deals have two unique fields, and a bridge with the channels that a test wants.
fn start(channels: &[Value]) -> (PracticePortal, Bridge) {
    let portal = portal();
    portal.world(|world| {
        for kin in [Kin::Deal, Kin::Lead] {
            world.add_user_field(kin, "UF_CRM_ORDER", Kind::Text, false, "Заказ", &[]);
            world.add_user_field(kin, "UF_CRM_TICKET", Kind::Text, false, "Обращение", &[]);
        }
    });
    let bridge = Bridge::start(&portal, &[]);
    for channel in channels {
        bridge.channel(channel);
    }
    (portal, bridge)
}

#[test]
fn always_create_never_looks() {
    for of in KINDS {
        let (portal, bridge) = start(&[of.channel("in", json!({"mode": "always_create"}))]);
        let body = json!({"name": "Мария", "phone": "+74712773120", "title": "Первая", "order": "1", "sum": "3 500,50"});
        let mut entities = Vec::new();
        for n in 1..=2_u64 {
            let result = deliver(&bridge, "in", &body);
            assert_eq!(
                (&result["action"], &result["entity"]),
                (&json!("created"), &json!(of.entity))
            );
            assert_eq!(
                (ids(&result, "entity_ids"), ids(&result, "contact_ids")),
                (vec![n], vec![1])
            );
            assert_eq!(
                (
                    ids(&result, "comment_ids").len(),
                    ids(&result, "activity_ids").len()
                ),
                (1, 1)
            );
            entities.push(of.get(&portal, n));
        }
        for entity in entities {
            assert_eq!(
                (&entity["TITLE"], &entity["OPPORTUNITY"]),
                (&json!("Первая"), &json!("3500.50"))
            );
            assert_eq!(
                (&entity[of.stage], &entity["ASSIGNED_BY_ID"]),
                (&json!(of.target), &json!("2"))
            );
            assert_eq!(entity["CONTACT_IDS"], json!([1]));
        }
        // A mapped responsible goes before the channel's.
        let mapped = deliver(
            &bridge,
            "in",
            &json!({"title": "Ольге", "who": "olga@example.com"}),
        );
        assert_eq!(
            of.get(&portal, ids(&mapped, "entity_ids")[0])["ASSIGNED_BY_ID"],
            "3"
        );
    }
}

#[test]
fn found_by_its_own_field_in_any_stage() {
    for of in KINDS {
        let (portal, bridge) = start(&[
            of.channel("in", json!({})),
            of.channel("anywhere", json!({"search_stages": []})),
            of.channel("leave", json!({"on_found": "ignore"})),
        ]);
        let body =
            |order: &str| json!({"phone": "+74712773120", "title": "Из формы", "order": order, "sum": 700});
        let fields = |order: &str| json!({"TITLE": "Была", "UF_CRM_ORDER": order, "OPPORTUNITY": 100, "ASSIGNED_BY_ID": 3});

        // In a searched stage: updated and moved; its responsible stays; without a contact it gains one.
        let open = of.add(&portal, of.searched[1], fields("A-1"));
        let result = deliver(&bridge, "in", &body("A-1"));
        assert_eq!(
            (&result["action"], ids(&result, "entity_ids")),
            (&json!("updated"), vec![open])
        );
        assert_eq!(result["contact_action"], "created");
        let entity = of.get(&portal, open);
        assert_eq!(
            (&entity["TITLE"], &entity["OPPORTUNITY"]),
            (&json!("Из формы"), &json!("700.00"))
        );
        assert_eq!(
            (&entity[of.stage], &entity["ASSIGNED_BY_ID"]),
            (&json!(of.target), &json!("3"))
        );
        assert_eq!(entity["CONTACT_IDS"], result["contact_ids"]);
        assert_eq!(
            entity["ORIGIN_ID"],
            json!(null),
            "an entity that was there carries no mark"
        );

        // In another stage: left as it is, and so is everything else.
        let closed = of.add(&portal, of.other, fields("A-2"));
        let before = (of.get(&portal, closed), writes(&portal));
        let ignored = deliver_as(&bridge, "in", &body("A-2"), "ignored")["result"].clone();
        assert_eq!(
            (&ignored["action"], ids(&ignored, "entity_ids")),
            (&json!("ignored"), vec![closed])
        );
        assert_eq!((of.get(&portal, closed), writes(&portal)), before);
        // An empty list is every stage.
        let result = deliver(&bridge, "anywhere", &body("A-2"));
        assert_eq!(
            (&result["action"], ids(&result, "entity_ids")),
            (&json!("updated"), vec![closed])
        );

        // Several: each of those in a searched stage, and none of the others.
        let one = of.add(&portal, of.searched[0], fields("A-3"));
        let two = of.add(&portal, of.searched[1], fields("A-3"));
        let third = of.add(&portal, of.other, fields("A-3"));
        let before = of.get(&portal, third);
        let result = deliver(&bridge, "in", &body("A-3"));
        assert_eq!(ids(&result, "entity_ids"), [one, two]);
        assert_eq!(
            (
                ids(&result, "comment_ids").len(),
                ids(&result, "activity_ids").len()
            ),
            (2, 2)
        );
        for id in [one, two] {
            assert_eq!(of.get(&portal, id)["OPPORTUNITY"], "700.00");
            assert_eq!(comments(&portal, of.entity, id).len(), 1);
        }
        assert_eq!(of.get(&portal, third), before);

        // Any one of several flagged fields is enough.
        let by_ticket = of.add(&portal, of.searched[0], json!({"UF_CRM_TICKET": "T-1"}));
        let by_order = of.add(&portal, of.searched[0], fields("A-4"));
        let mut both = body("A-4");
        both["ticket"] = json!("T-1");
        assert_eq!(
            ids(&deliver(&bridge, "in", &both), "entity_ids"),
            [by_ticket, by_order]
        );

        // `on_found: ignore` writes nothing into the entity.
        let found = of.add(&portal, of.searched[0], fields("A-5"));
        let before = (of.get(&portal, found), writes(&portal));
        let ignored = deliver_as(&bridge, "leave", &body("A-5"), "ignored")["result"].clone();
        assert_eq!(ids(&ignored, "entity_ids"), [found]);
        assert_eq!((of.get(&portal, found), writes(&portal)), before);

        // None: created, though the person has other entities in searched stages.
        let known = of.kinds();
        let had = count(&portal, &known);
        let result = deliver(&bridge, "in", &body("A-50"));
        assert_eq!(
            (&result["action"], count(&portal, &known)),
            (&json!("created"), had + 1)
        );
    }
}

#[test]
fn found_by_the_persons_contacts_in_searched_stages() {
    for of in KINDS {
        let (portal, bridge) = start(&[
            of.channel("in", json!({})),
            of.channel("anywhere", json!({"search_stages": []})),
            of.channel("leave", json!({"on_found": "ignore"})),
        ]);
        let body = json!({"phone": "8 471 277-31-20", "title": "Из формы", "order": "", "sum": 700});
        let contact = |phone: &str| add(&portal, "contact", &json!({"PHONE": [{"VALUE": phone}]}));
        let (mine, also_mine, stranger) = (
            contact("+74712773120"),
            contact("84712773120"),
            contact("+74712773121"),
        );
        let owned = |by: u64| json!({"TITLE": "Была", "CONTACT_ID": by});

        // Nothing in the searched stages: created, with both contacts.
        let other = of.add(&portal, of.other, owned(mine));
        let strangers = of.add(&portal, of.searched[0], owned(stranger));
        let made = deliver(&bridge, "in", &body);
        assert_eq!(
            (&made["action"], ids(&made, "contact_ids")),
            (&json!("created"), vec![mine, also_mine])
        );
        let made = of.get(&portal, ids(&made, "entity_ids")[0]);
        assert_eq!(
            (&made[of.stage], &made["CONTACT_IDS"]),
            (&json!(of.target), &json!([mine, also_mine]))
        );

        // Each one in the searched stages is updated: of any of the contacts.
        let one = of.add(&portal, of.searched[0], owned(also_mine));
        let two = of.add(&portal, of.searched[1], owned(mine));
        let ignored = deliver_as(&bridge, "leave", &body, "ignored")["result"].clone();
        assert_eq!(ids(&ignored, "entity_ids"), [one, two]);
        let before = [of.get(&portal, other), of.get(&portal, strangers)];
        let updated = deliver(&bridge, "in", &body);
        assert_eq!(
            (&updated["action"], ids(&updated, "entity_ids")),
            (&json!("updated"), vec![one, two])
        );
        for id in [one, two] {
            let entity = of.get(&portal, id);
            assert_eq!(
                (&entity["TITLE"], &entity[of.stage]),
                (&json!("Из формы"), &json!(of.target))
            );
            assert_eq!(
                entity["CONTACT_IDS"].as_array().map(Vec::len),
                Some(1),
                "it has a contact already"
            );
        }
        assert_eq!([of.get(&portal, other), of.get(&portal, strangers)], before);

        // An empty list is every stage.
        let all = deliver(&bridge, "anywhere", &body);
        assert_eq!(ids(&all, "entity_ids").len(), 4);
        assert_eq!(of.get(&portal, strangers), before[1]);

        // Nobody is found: created.
        let nobody = deliver(&bridge, "in", &json!({"phone": "+7 999 000-00-00"}));
        assert_eq!(
            (&nobody["action"], &nobody["contact_action"]),
            (&json!("created"), &json!("created"))
        );
    }
}

/// More entities of one contact than a list of the portal holds on a page.
#[test]
fn a_contact_with_many_entities_is_walked_to_the_end() {
    let of = &KINDS[0];
    let (portal, bridge) = start(&[of.channel(
        "in",
        json!({"add_comment": false, "add_activity": false, "on_found": "ignore"}),
    )]);
    let contact = add(&portal, "contact", &json!({"PHONE": [{"VALUE": "+74712773120"}]}));
    for _ in 0..60 {
        of.add(&portal, "NEW", json!({"CONTACT_ID": contact}));
    }
    let ignored = deliver_as(&bridge, "in", &json!({"phone": "+74712773120"}), "ignored");
    assert_eq!(ids(&ignored["result"], "entity_ids").len(), 60);
}

#[test]
fn an_update_keeps_to_its_switches() {
    for of in KINDS {
        let (portal, bridge) = start(&[
            of.channel("neither", json!({"update_stage": false, "update_fields": false})),
            of.channel("stage", json!({"update_fields": false})),
            of.channel("fields", json!({"update_stage": false})),
        ]);
        let contact = add(&portal, "contact", &json!({"PHONE": [{"VALUE": "+74712773120"}]}));
        for (slug, title, stage) in [
            ("neither", "Была", of.searched[0]),
            ("stage", "Была", of.target),
            ("fields", "Из формы", of.searched[0]),
        ] {
            let fields = json!({"TITLE": "Была", "OPPORTUNITY": 100, "UF_CRM_ORDER": slug, "ASSIGNED_BY_ID": 3, "CONTACT_ID": contact});
            let id = of.add(&portal, of.searched[0], fields);
            let body =
                json!({"order": slug, "title": "Из формы", "sum": "", "who": 1, "phone": "+74712773129"});
            let result = deliver(&bridge, slug, &body);
            assert_eq!(result["action"], "updated");
            let entity = of.get(&portal, id);
            assert_eq!(
                (&entity["TITLE"], &entity[of.stage]),
                (&json!(title), &json!(stage)),
                "{slug}"
            );
            // What is empty blanks nothing, and the responsible is never changed, a mapped one neither.
            assert_eq!(
                (&entity["OPPORTUNITY"], &entity["ASSIGNED_BY_ID"]),
                (&json!("100.00"), &json!("3"))
            );
            assert_eq!(
                entity["CONTACT_IDS"],
                json!([contact]),
                "who is bound stays bound, alone"
            );
            assert_eq!(comments(&portal, of.entity, id).len(), 1, "{slug}");
        }
    }
}

#[test]
fn pipelines_and_their_stages() {
    let of = &KINDS[0];
    let wholesale = json!({"category_id": 1, "stage_id": "C1:PREPARATION", "search_stages": []});
    let (portal, bridge) = start(&[of.channel("in", wholesale)]);
    let result = deliver(&bridge, "in", &json!({"order": "1", "title": "Опт"}));
    let deal = of.get(&portal, ids(&result, "entity_ids")[0]);
    assert_eq!(
        (&deal["CATEGORY_ID"], &deal["STAGE_ID"]),
        (&json!("1"), &json!("C1:PREPARATION"))
    );
    // A stage of this pipeline moves a deal of this pipeline, and cannot move one of another.
    let moved = add(
        &portal,
        "deal",
        &json!({"CATEGORY_ID": 1, "STAGE_ID": "C1:NEW", "UF_CRM_ORDER": "2"}),
    );
    let other = add(
        &portal,
        "deal",
        &json!({"STAGE_ID": "EXECUTING", "UF_CRM_ORDER": "2"}),
    );
    let result = deliver(&bridge, "in", &json!({"order": "2", "title": "Опт"}));
    assert_eq!(ids(&result, "entity_ids"), [moved, other]);
    assert_eq!(of.get(&portal, moved)["STAGE_ID"], "C1:PREPARATION");
    let other = of.get(&portal, other);
    assert_eq!(
        (&other["STAGE_ID"], &other["TITLE"]),
        (&json!("EXECUTING"), &json!("Опт"))
    );
}

/// A lead has a phone and e-mail of its own: searched by, and not written a second time.
#[test]
fn a_leads_own_phone_and_email() {
    let rows = json!([
        ["lead", "TITLE", "{title}"],
        ["lead", "NAME", "{name}"],
        ["lead", "PHONE", "{phone}", true],
        ["lead", "EMAIL", "{email}", true],
    ]);
    let settings =
        json!({"mode": "search_first", "search_stages": ["NEW", "IN_PROCESS"], "update_fields": true});
    let (portal, bridge) = start(&[channel("in", "lead", rows, settings)]);
    let body =
        json!({"title": "Заявка", "name": "Мария", "phone": "8 (471) 277-31-20", "email": "m@example.com"});
    let made = deliver(&bridge, "in", &body);
    assert_eq!(
        (&made["action"], &made["contact_action"]),
        (&json!("created"), &json!("none"))
    );
    assert_eq!(count(&portal, "contacts"), 0);
    let id = ids(&made, "entity_ids")[0];
    // The same again, by either of the two: no second lead, and nothing twice in it.
    for again in [
        body,
        json!({"phone": "+74712773120", "email": "new@example.com"}),
        json!({"email": "M@Example.com"}),
    ] {
        let result = deliver(&bridge, "in", &again);
        assert_eq!(
            (&result["action"], ids(&result, "entity_ids")),
            (&json!("updated"), vec![id]),
            "{again}"
        );
    }
    let lead = get(&portal, "lead", id);
    assert_eq!(multi(&lead, "PHONE"), ["+74712773120"]);
    assert_eq!(multi(&lead, "EMAIL"), ["m@example.com", "new@example.com"]);
    assert_eq!(
        (&lead["TITLE"], &lead["NAME"]),
        (&json!("Заявка"), &json!("Мария"))
    );
    // In another stage it is left alone, and two leads are found by one value each.
    let second = add(&portal, "lead", &json!({"EMAIL": [{"VALUE": "two@example.com"}]}));
    let result = deliver(
        &bridge,
        "in",
        &json!({"phone": "74712773120", "email": "two@example.com"}),
    );
    assert_eq!(ids(&result, "entity_ids"), [id, second]);
    let closed = add(
        &portal,
        "lead",
        &json!({"STATUS_ID": "JUNK", "PHONE": [{"VALUE": "84712773129"}]}),
    );
    let ignored = deliver_as(&bridge, "in", &json!({"phone": "+74712773129"}), "ignored");
    assert_eq!(ids(&ignored["result"], "entity_ids"), [closed]);
}

#[test]
fn a_lead_in_simple_crm_comes_with_a_remark() {
    let portal = portal();
    portal.world(|world| world.settings.simple_crm = true);
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&channel(
        "in",
        "lead",
        json!([["lead", "TITLE", "{title}"]]),
        json!({}),
    ));
    let result = deliver(&bridge, "in", &json!({"title": "Заявка"}));
    assert!(result["note"].as_str().expect("a note").contains("simple CRM"));
}
