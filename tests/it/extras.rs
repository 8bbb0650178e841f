//! Contract 7: the comment with the whole request, and the activity for the entity's responsible.

use serde_json::json;

use crate::harness::{Bridge, portal};
use crate::records::{activities, add, channel, comments, count, deliver, ids};

#[test]
fn one_comment_and_one_activity_on_create_and_on_update() {
    for entity in ["deal", "lead"] {
        let portal = portal();
        let bridge = Bridge::start(&portal, &[]);
        let rows = json!([[entity, "TITLE", "{title}", true]]);
        let both = json!({"name": "Заказы [b]сайта[/b]", "mode": "search_first", "add_comment": true, "add_activity": true, "responsible_id": 2});
        bridge.channel(&channel("both", entity, rows.clone(), both));
        bridge.channel(&channel("none", entity, rows, json!({"mode": "search_first"})));
        let body = json!({
            "title": "Первая", "client": {"name": "Мария", "phones": ["1", "2"]}, "sum": 3500, "agree": true,
            "evil": "[url=https://evil.example]жми[/url] [b]x[/b] a[0]"
        });
        let made = deliver(&bridge, "both", &body);
        let id = ids(&made, "entity_ids")[0];
        let texts = comments(&portal, entity, id);
        assert_eq!((texts.len(), ids(&made, "comment_ids").len()), (1, 1));
        // The whole request, nested fields too; what a website sends becomes no markup.
        for line in [
            "title: Первая",
            "client.name: Мария",
            "client.phones.0: 1",
            "client.phones.1: 2",
            "sum: 3500",
            "agree: true",
        ] {
            assert!(texts[0].contains(line), "{line} in {}", texts[0]);
        }
        for code in ["[url", "[/url", "[b]", "[/b]"] {
            assert!(!texts[0].contains(code), "{code} in {}", texts[0]);
        }
        assert!(
            texts[0].contains("https://evil.example")
                && texts[0].contains("жми")
                && texts[0].contains("a[0]")
        );
        let made_activities = activities(&portal, entity, id);
        assert_eq!((made_activities.len(), ids(&made, "activity_ids").len()), (1, 1));
        assert_eq!(made_activities[0]["RESPONSIBLE_ID"], "2");
        assert_eq!(
            made_activities[0]["ID"],
            ids(&made, "activity_ids")[0].to_string()
        );
        assert_eq!(made_activities[0]["COMPLETED"], "N");

        // On update: one more of each, the activity for the entity's own responsible.
        let found = add(&portal, entity, &json!({"TITLE": "Вторая", "ASSIGNED_BY_ID": 3}));
        let updated = deliver(&bridge, "both", &json!({"title": "Вторая"}));
        assert_eq!(
            (&updated["action"], ids(&updated, "entity_ids")),
            (&json!("updated"), vec![found])
        );
        assert_eq!(comments(&portal, entity, found).len(), 1);
        let of_found = activities(&portal, entity, found);
        assert_eq!((of_found.len(), &of_found[0]["RESPONSIBLE_ID"]), (1, &json!("3")));

        // Neither is wanted: neither is made.
        let quiet = deliver(&bridge, "none", &json!({"title": "Третья"}));
        assert_eq!(
            (&quiet["comment_ids"], &quiet["activity_ids"]),
            (&json!([]), &json!([]))
        );
        assert_eq!((count(&portal, "comments"), count(&portal, "activities")), (2, 2));
    }
}

/// An older box has no universal activity: the older kind is made, with a phone a call.
#[test]
fn an_older_box_gets_the_older_kind_of_activity() {
    let portal = portal();
    portal.world(|world| {
        for method in [
            "crm.activity.todo.add",
            "crm.category.list",
            "crm.deal.contact.items.get",
        ] {
            world.settings.hidden_methods.insert(method.to_owned());
        }
    });
    let bridge = Bridge::start(&portal, &[]);
    for entity in ["deal", "lead"] {
        let rows = json!([
            ["contact", "PHONE", "{phone}", true],
            [entity, "TITLE", "{title}"]
        ]);
        let settings = json!({"add_activity": true, "responsible_id": 2});
        bridge.channel(&channel(entity, entity, rows, settings));
        for (body, type_id) in [
            (json!({"title": "С телефоном", "phone": "+74712773120"}), "2"),
            (json!({"title": "Без телефона"}), "1"),
        ] {
            let made = deliver(&bridge, entity, &body);
            let of_it = activities(&portal, entity, ids(&made, "entity_ids")[0]);
            assert_eq!(of_it.len(), 1);
            assert_eq!(
                (&of_it[0]["TYPE_ID"], &of_it[0]["RESPONSIBLE_ID"]),
                (&json!(type_id), &json!("2"))
            );
            assert_eq!(of_it[0]["ID"], ids(&made, "activity_ids")[0].to_string());
        }
    }
    assert_eq!(portal.stats().commands_of("crm.activity.todo.add"), 0);
}
