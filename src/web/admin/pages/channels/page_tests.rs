//! What the pages show, and what can be done with a channel besides.

use serde_json::json;

use super::testing::{catalog, channel, controls, desk, full, receive, retyped, send, stored};
use crate::model::{Mapping, Of, Secret};

const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='a'>\u{202e}RTL{";

#[test]
fn the_secret_is_shown_by_its_end_alone() {
    let mut desk = desk(None);
    desk.site.store.put_channel(full()).unwrap();
    let page = desk.get("/channels/shop");
    assert!(page.body.contains("…tery") && !page.body.contains("correct-horse"));
    let made = retyped(&mut desk, &[("action", "secret")]);
    let kept = controls(&made.body);
    let secret = &kept.iter().find(|(name, _)| name == "secret").unwrap().1;
    assert_eq!(secret.len(), 24);
    send(&mut desk, "/channels/shop", &kept);
    assert_eq!(stored(&desk).secret, Some(Secret::new(secret.as_str())));
    assert!(!desk.get("/channels/shop").body.contains(secret.as_str()));
    retyped(&mut desk, &[("drop_secret", "on")]);
    assert_eq!(stored(&desk).secret, None);
}

#[test]
fn values_are_shown_as_the_portal_will_get_them() {
    let catalog = catalog();
    let mut desk = desk(Some(&catalog));
    let key = desk.site.store.put_channel(full()).unwrap().key;
    assert!(
        desk.get("/channels/shop")
            .body
            .contains("There were no requests yet")
    );
    receive(
        &desk,
        key,
        "name=Мария&phone=8(912)3456789&id=6510&how=курьер&_secret=correct-horse-battery",
    );
    let page = desk.get("/channels/shop").body;
    assert!(
        page.contains("+79123456789") && page.contains("Заказ №6510"),
        "{page}"
    );
    assert!(page.contains(r#"data-insert="{phone}""#) && page.contains("8(912)3456789"));
    assert!(!page.contains("correct-horse"), "the secret is no field");
    let typed = [
        ("deal.0.field", "Доставка"),
        ("deal.0.value", "{how}"),
        ("action", "preview"),
    ];
    let shown = retyped(&mut desk, &typed);
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("Курьер (61)"), "{}", shown.body);
    assert_eq!(stored(&desk), full());
    let typed = [
        ("deal.0.field", "OPPORTUNITY"),
        ("deal.0.value", "{how}"),
        ("action", "preview"),
    ];
    assert!(
        retyped(&mut desk, &typed)
            .body
            .contains("The portal would not take this")
    );
}

#[test]
fn warnings_stand_where_the_manual_warns() {
    let mut catalog = catalog();
    catalog.simple_crm = true;
    let mut desk = desk(Some(&catalog));
    let mut named = full();
    named.fields[0].search = true;
    desk.site.store.put_channel(named).unwrap();
    let page = desk.get("/channels/shop").body;
    assert!(page.contains("every Ivan you know"));
    assert!(page.contains("simple CRM mode"));
    assert!(!page.contains("There is nothing to search by"));
    desk.site
        .store
        .put_channel(channel(json!({"mode": "search_first"})))
        .unwrap();
    assert!(
        desk.get("/channels/shop")
            .body
            .contains("There is nothing to search by")
    );
    assert!(desk.get("/new-channel").body.contains(r#"value="deal" checked"#));
}

#[test]
fn a_channel_is_switched_copied_and_deleted() {
    let mut desk = desk(None);
    desk.site.store.put_channel(full()).unwrap();
    let csrf = desk.get("/channels").csrf().unwrap().to_owned();
    assert_eq!(
        desk.post_as("/channels/shop/off", &csrf, &[]).location(),
        "/channels"
    );
    assert!(!stored(&desk).enabled);
    assert!(desk.get("/channels").body.contains("/channels/shop/on"));
    desk.post_as("/channels/shop/on", &csrf, &[]);
    assert_eq!(stored(&desk), full(), "nothing else was touched");

    let copied = desk
        .post_as("/channels/shop/copy", &csrf, &[])
        .location()
        .to_owned();
    let slug = copied.rsplit('/').next().unwrap();
    let copy = desk.site.store.channel(slug).unwrap().unwrap().channel;
    assert_eq!((copy.name.as_str(), copy.is_default), ("Магазин (copy)", false));
    assert_eq!(copy.fields, full().fields);
    assert!(stored(&desk).is_default);

    let ask = desk.get(&format!("{copied}/delete")).body;
    assert!(
        ask.contains("goes on working") && ask.contains("Магазин"),
        "{ask}"
    );
    let ask = desk.get("/channels/shop/delete").body;
    assert!(ask.contains("The address stops working"), "{ask}");
    assert_eq!(
        desk.post_as("/channels/shop/delete", &csrf, &[]).location(),
        "/channels"
    );
    assert!(
        desk.get("/channels")
            .body
            .contains("What comes to its address is refused")
    );
    for gone in ["/channels/shop", "/channels/shop/delete", "/channels/never"] {
        assert_eq!(desk.get(gone).status, 404, "{gone}");
    }
    for gone in ["/channels/shop", "/channels/shop/on", "/channels/shop/copy"] {
        assert_eq!(desk.post_as(gone, &csrf, &[]).status, 404, "{gone}");
    }
}

#[test]
fn nothing_is_changed_without_our_form() {
    let mut desk = desk(None);
    desk.site.store.put_channel(full()).unwrap();
    for path in [
        "/new-channel",
        "/channels/shop",
        "/channels/shop/on",
        "/channels/shop/off",
        "/channels/shop/copy",
        "/channels/shop/delete",
    ] {
        assert_eq!(
            desk.post_as(path, "forged", &[("entity", "lead")]).status,
            403,
            "{path}"
        );
    }
    assert_eq!(desk.site.store.channels().unwrap().len(), 1);
    assert_eq!(stored(&desk), full());
    desk.cookies.clear();
    for path in [
        "/channels",
        "/new-channel",
        "/channels/shop",
        "/channels/shop/delete",
    ] {
        assert_eq!(desk.get(path).status, 303, "{path}");
    }
}

#[test]
fn hostile_names_are_text_on_every_page() {
    let mut catalog = catalog();
    for field in catalog.deal.values_mut().chain(catalog.contact.values_mut()) {
        field.title = HOSTILE.to_owned();
        field.type_name = HOSTILE.to_owned();
    }
    catalog.deal_stages[0].name = HOSTILE.to_owned();
    catalog.deal_stages[0].color = HOSTILE.to_owned();
    catalog.categories.insert(1, HOSTILE.to_owned());
    catalog.users[0].name = HOSTILE.to_owned();
    let long = "д".repeat(10_000);
    for name in [HOSTILE, long.as_str()] {
        let mut desk = desk(Some(&catalog));
        let mut channel = full();
        channel.name = name.to_owned();
        channel.honeypot = Some(name.to_owned());
        channel.stage_id = Some(name.to_owned());
        channel.search_stages = vec![name.to_owned()];
        channel.fields.push(Mapping {
            of: Of::Deal,
            field: name.to_owned(),
            value: name.to_owned(),
            search: true,
        });
        let key = desk.site.store.put_channel(channel).unwrap().key;
        let body = json!({name: name, "phone": name, "deep": {name: [name]}}).to_string();
        receive(&desk, key, &body);
        let typed = [
            ("name", name),
            ("responsible_id", name),
            ("category_id", name),
            ("thank_you_url", name),
            ("allowed_origins", name),
            ("secret", name),
            ("max_per_minute", name),
            ("contact.0.field", name),
            ("contact.0.value", name),
            ("sample", name),
        ];
        let pages = [
            desk.get("/channels"),
            desk.get("/channels/shop"),
            desk.get("/channels/shop/delete"),
            retyped(&mut desk, &typed),
            retyped(&mut desk, &[("name", name), ("action", "preview")]),
            desk.get("/new-channel"),
        ];
        for page in pages {
            assert!(matches!(page.status, 200 | 422), "{}", page.status);
            assert!(!page.body.contains("<script>alert"), "{}", page.body);
            assert!(!page.body.contains("<img src=x"), "{}", page.body);
        }
    }
}
