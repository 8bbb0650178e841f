//! The pages of channels as an administrator's browser sees them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::draft::{Draft, blank};
use super::testing::catalog;
use super::verdict::Judge;
use crate::deliver::CATALOG_SETTING;
use crate::model::{Catalog, Channel, Entity, Mapping, Mode, Of, OnFound, Secret, State};
use crate::store::{Arrival, ChannelKey};
use crate::web::admin::form::Form;
use crate::web::admin::testing::{Desk, Shown};
use crate::web::visitor::Language;

const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='a'>\u{202e}RTL{";

fn channel(settings: Value) -> Channel {
    let mut all = json!({"slug": "shop", "name": "Магазин", "entity": "deal"});
    all.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn full() -> Channel {
    channel(json!({
        "mode": "search_first", "search_stages": ["NEW", "C1:NEW"], "on_found": "update", "update_stage": true,
        "update_fields": true, "update_contact": true, "responsible_id": 1, "category_id": 1, "stage_id": "C1:NEW",
        "add_comment": true, "add_activity": true, "is_default": true, "thank_you_url": "https://shop.example/ok",
        "allowed_origins": ["https://shop.example", "http://localhost:3000"], "honeypot": "website",
        "secret": "correct-horse-battery", "max_per_minute": 30,
        "fields": [
            {"of": "contact", "field": "NAME", "value": "{name}"},
            {"of": "contact", "field": "PHONE", "value": "{phone}", "search": true},
            {"of": "contact", "field": "PHONE", "value": " {other} "},
            {"of": "deal", "field": "TITLE", "value": "Заказ №{id}"},
            {"of": "deal", "field": "UF_CRM_ORDER_ID", "value": "{id}", "search": true},
        ],
    }))
}

/// A desk whose portal has told its fields.
fn desk(catalog: Option<&Catalog>) -> Desk {
    Desk::signed_in_with(|store| {
        if let Some(catalog) = catalog {
            store.put_setting(CATALOG_SETTING, catalog).unwrap();
        }
    })
}

/// What a browser would send of a form: its controls with their values, in order; buttons left out.
fn controls(html: &str) -> Vec<(String, String)> {
    let form = html.split_once(r#"<form class="channel-form""#).unwrap().1;
    let form = form.split_once("</form>").unwrap().0;
    // A template's controls are no controls.
    let mut parts = form.split("<template");
    let mut live = parts.next().unwrap().to_owned();
    for part in parts {
        live.push_str(part.split_once("</template>").unwrap().1);
    }
    let attribute = |tag: &str, name: &str| -> Option<String> {
        let rest = tag.split_once(&format!(" {name}=\""))?.1;
        let value = rest.split_once('"')?.0;
        Some(html_escape::decode_html_entities(value).into_owned())
    };
    let mut sent = Vec::new();
    let mut select = String::new();
    let mut rest = live.as_str();
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, text) = after.split_once('>').unwrap();
        rest = text;
        let has = |word: &str| format!(" {tag} ").contains(&format!(" {word} "));
        match tag.split(' ').next().unwrap() {
            "input" => {
                let kind = attribute(tag, "type").unwrap();
                let is_box = kind == "checkbox" || kind == "radio";
                if let Some(name) = attribute(tag, "name")
                    && (!is_box || has("checked"))
                {
                    sent.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
            "textarea" => {
                let text = text.split_once("</textarea>").unwrap().0.trim_start_matches('\n');
                let text = html_escape::decode_html_entities(text).into_owned();
                sent.push((attribute(tag, "name").unwrap(), text));
            }
            "select" => select = attribute(tag, "name").unwrap(),
            "/select" => select.clear(),
            "option" if !select.is_empty() && has("selected") => {
                sent.push((select.clone(), attribute(tag, "value").unwrap()));
            }
            _ => {}
        }
    }
    sent
}

fn send(desk: &mut Desk, path: &str, sent: &[(String, String)]) -> Shown {
    let csrf = &sent.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let fields: Vec<(&str, &str)> = sent
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    desk.post_as(path, csrf, &fields)
}

/// Opens the settings, types these over what stands there and saves. An empty name takes a control away.
fn retyped(desk: &mut Desk, typed: &[(&str, &str)]) -> Shown {
    let mut sent = controls(&desk.get("/channels/shop").body);
    for (name, value) in typed {
        sent.retain(|(had, _)| had != name);
        if *value != "(off)" {
            sent.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    send(desk, "/channels/shop", &sent)
}

fn stored(desk: &Desk) -> Channel {
    desk.site.store.channel("shop").unwrap().unwrap().channel
}

/// Something came to a channel and has been taken up.
fn receive(desk: &Desk, key: ChannelKey, body: &str) {
    let arrival = Arrival {
        channel: key,
        via: None,
        post: true,
        query: String::new(),
        content_type: None,
        body: Bytes::copy_from_slice(body.as_bytes()),
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
        state: State::Queued,
        error: None,
        idempotency_key: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let id = runtime.block_on(desk.site.store.accept(arrival)).unwrap().id();
    let until = Instant::now() + Duration::from_secs(20);
    while !desk
        .site
        .store
        .samples(key, 20, 1 << 20)
        .unwrap()
        .iter()
        .any(|one| one.id == id)
    {
        assert!(Instant::now() < until, "it is not taken up");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_shown_and_saved_again_is_the_same_channel() {
    let catalog = catalog();
    for known in [Some(&catalog), None] {
        let mut desk = desk(known);
        desk.site.store.put_channel(full()).unwrap();
        let shown = desk.get("/channels/shop");
        assert_eq!(shown.status, 200);
        let saved = send(&mut desk, "/channels/shop", &controls(&shown.body));
        assert_eq!(
            (saved.status, saved.location()),
            (303, "/channels/shop"),
            "{}",
            saved.body
        );
        assert_eq!(stored(&desk), full());
        let lead = channel(json!({"entity": "lead", "stage_id": "IN_PROCESS", "enabled": false,
            "fields": [{"of": "lead", "field": "TITLE", "value": "x"}]}));
        desk.site.store.put_channel(lead.clone()).unwrap();
        let shown = desk.get("/channels/shop");
        assert_eq!(
            send(&mut desk, "/channels/shop", &controls(&shown.body)).status,
            303
        );
        assert_eq!(stored(&desk), lead);
    }
}

#[test]
fn a_channel_is_made_by_two_clicks() {
    let catalog = catalog();
    let mut desk = desk(Some(&catalog));
    assert!(desk.get("/channels").body.contains("/new-channel"));
    let form = desk.get("/new-channel?entity=deal");
    let made = send(&mut desk, "/new-channel", &controls(&form.body));
    assert_eq!(made.status, 303, "{}", made.body);
    let channel = desk.site.store.channels().unwrap().remove(0).channel;
    assert_eq!(made.location(), format!("/channels/{}", channel.slug));
    assert_eq!((channel.name.as_str(), channel.entity), ("Channel 1", Entity::Deal));
    assert_eq!((channel.fields.len(), channel.slug.len()), (4, 24));
    assert!(desk.get("/new-channel").body.contains("Channel 2"));
    let page = desk.get(made.location());
    assert!(
        page.body
            .contains(&format!("http://shop.example/in/{}", channel.slug))
    );

    let mut sent = controls(&desk.get("/new-channel").body);
    sent.push(("slug".to_owned(), channel.slug.clone()));
    sent.retain(|(name, value)| name != "slug" || !value.is_empty());
    let taken = send(&mut desk, "/new-channel", &sent);
    assert_eq!(taken.status, 422, "an address is given once");
    assert!(taken.body.contains(r##"href="#f-slug""##));
    assert_eq!(desk.site.store.channels().unwrap().len(), 1);
}

#[test]
fn what_is_wrong_is_told_beside_its_field_and_nothing_is_lost() {
    let catalog = catalog();
    let mut desk = desk(Some(&catalog));
    desk.site.store.put_channel(full()).unwrap();
    #[rustfmt::skip]
    let table = [
        ("responsible_id", "Уволенный (9)", "no longer active"),
        ("responsible_id", "Никто", "no such user"),
        ("responsible_id", "Иван Тёзка", "Several are called so"),
        ("category_id", "7", "no such pipeline"),
        ("category_id", "x", "no such pipeline"),
        ("stage.deal.1", "NEW", "no such stage"),
        ("thank_you_url", "javascript:alert(1)", "no web address"),
        ("allowed_origins", "shop.example", "no address of a website"),
        ("honeypot", "_ip", "no name for the hidden field"),
        ("secret", "short", "use 12 to 200"),
        ("max_per_minute", "0", "above zero"),
        ("max_per_minute", "many", "above zero"),
        ("contact.0.field", "Нет такого", "no such field"),
        ("contact.0.field", "", "Choose a field"),
        ("contact.0.field", "ORIGIN_ID", "filled by itself"),
        ("deal.0.field", "STAGE_ID", "filled by itself"),
        ("deal.0.field", "Создана (DATE_CREATE)", "fills this field itself"),
        ("deal.0.field", "Номер заказа", "is already filled"),
        ("deal.0.value", "№{id", "not closed"),
        ("deal.0.value", "{}", "are empty"),
        ("deal.0.value", "}", "closes nothing"),
        ("deal.0.value", "{website}", "is the hidden field"),
    ];
    for (name, value, reason) in table {
        let shown = retyped(&mut desk, &[(name, value), ("name", "Typed just now")]);
        assert_eq!(shown.status, 422, "{name}={value}");
        // Of two rows for one field the later one is wrong.
        let at = if value == "Номер заказа" { "deal.1.field" } else { name };
        assert!(
            shown.body.contains(&format!("id=\"f-{at}-error\"")),
            "{name}={value}: {}",
            shown.body
        );
        assert!(shown.body.contains(reason), "{name}={value}: {reason}");
        assert!(shown.body.contains(&format!("href=\"#f-{at}\"")), "{name}");
        let kept = controls(&shown.body);
        assert!(
            kept.iter().any(|(_, value)| value == "Typed just now"),
            "{name}={value}"
        );
        assert!(
            kept.iter().any(|(had, kept)| had == name && kept == value),
            "{name}={value}: {kept:?}"
        );
        assert_eq!(stored(&desk), full(), "{name}={value}");
    }
    let fixed = retyped(
        &mut desk,
        &[("deal.1.field", "OPPORTUNITY"), ("deal.1.value", "дорого")],
    );
    assert!(fixed.body.contains("The portal would not take this"), "{}", fixed.body);
}

#[test]
fn impossible_combinations_are_not_stored() {
    let catalog = catalog();
    let mut desk = desk(Some(&catalog));
    desk.site.store.put_channel(full()).unwrap();
    let saved = retyped(&mut desk, &[("mode", "always_create")]);
    assert_eq!(saved.status, 303, "{}", saved.body);
    let channel = stored(&desk);
    assert_eq!((channel.mode, channel.search_stages.len()), (Mode::AlwaysCreate, 0));
    assert!(!channel.update_stage && !channel.update_fields);
    assert!(channel.update_contact, "contacts are always searched");

    desk.site.store.put_channel(full()).unwrap();
    retyped(&mut desk, &[("on_found", "ignore")]);
    let channel = stored(&desk);
    assert_eq!(channel.on_found, OnFound::Ignore);
    assert!(!channel.update_stage && !channel.update_fields);

    desk.site.store.put_channel(full()).unwrap();
    let saved = retyped(&mut desk, &[("entity", "lead")]);
    assert_eq!(saved.status, 303, "{}", saved.body);
    let channel = stored(&desk);
    assert_eq!((channel.category_id, channel.stage_id.as_deref()), (0, None));
    assert!(channel.search_stages.is_empty(), "stages of deals are none of leads");
    assert!(channel.fields.iter().all(|mapping| mapping.of != Of::Deal));
    assert!(
        channel
            .fields
            .iter()
            .any(|mapping| mapping.of == Of::Lead && mapping.field == "TITLE"),
        "what a lead has as well goes along"
    );
}

#[test]
fn stages_that_the_portal_has_no_more_are_pointed_out() {
    let catalog = catalog();
    let mut desk = desk(Some(&catalog));
    desk.site
        .store
        .put_channel(channel(json!({"mode": "search_first", "search_stages": ["GONE"]})))
        .unwrap();
    let shown = retyped(&mut desk, &[]);
    assert_eq!(shown.status, 422);
    assert!(
        shown.body.contains(r#"id="f-search_stages.deal.gone-error""#),
        "{}",
        shown.body
    );
    assert_eq!(
        retyped(&mut desk, &[("search_stages.deal.gone", "(off)")]).status,
        303
    );
}

#[test]
fn rows_are_added_and_removed_without_a_script() {
    let catalog = catalog();
    let mut desk = desk(Some(&catalog));
    desk.site.store.put_channel(full()).unwrap();
    let count = |shown: &Shown| {
        controls(&shown.body)
            .iter()
            .filter(|(name, _)| name.starts_with("contact.") && name.ends_with(".field"))
            .count()
    };
    let more = retyped(&mut desk, &[("name", "Typed"), ("action", "add.contact")]);
    assert_eq!((more.status, count(&more)), (200, 4));
    assert!(more.body.contains(r#"value="Typed""#));
    let fewer = retyped(&mut desk, &[("action", "remove.contact.1")]);
    assert_eq!(count(&fewer), 2);
    assert!(!fewer.body.contains(r#"name="contact.1.field""#));
    assert_eq!(stored(&desk), full(), "nothing is stored by that");
    // A row that was added and left empty is none.
    let saved = send(&mut desk, "/channels/shop", &controls(&more.body));
    assert_eq!(saved.status, 303);
    assert_eq!(stored(&desk).fields, full().fields);
    for odd in ["remove.contact.x", "remove.company.1", "add.company", "…", ""] {
        assert!(retyped(&mut desk, &[("action", odd)]).status < 400, "{odd}");
    }
}

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
    assert!(desk.get("/channels/shop").body.contains("There were no requests yet"));
    receive(
        &desk,
        key,
        "name=Мария&phone=8(912)3456789&id=6510&how=курьер&_secret=correct-horse-battery",
    );
    let page = desk.get("/channels/shop").body;
    assert!(page.contains("+79123456789") && page.contains("Заказ №6510"), "{page}");
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
    let mut channel = full();
    channel.fields[0].search = true;
    desk.site.store.put_channel(channel).unwrap();
    let page = desk.get("/channels/shop").body;
    assert!(page.contains("every Ivan you know"));
    assert!(page.contains("simple CRM mode"));
    assert!(!page.contains("There is nothing to search by"));
    desk.site
        .store
        .put_channel(self::channel(json!({"mode": "search_first"})))
        .unwrap();
    assert!(
        desk.get("/channels/shop")
            .body
            .contains("There is nothing to search by")
    );
    assert!(
        desk.get("/new-channel")
            .body
            .contains(r#"value="deal" checked"#)
    );
}

#[test]
fn a_channel_is_switched_copied_and_deleted() {
    let mut desk = desk(None);
    desk.site.store.put_channel(full()).unwrap();
    let csrf = desk.get("/channels").csrf().unwrap().to_owned();
    assert_eq!(desk.post_as("/channels/shop/off", &csrf, &[]).location(), "/channels");
    assert!(!stored(&desk).enabled);
    assert!(desk.get("/channels").body.contains("/channels/shop/on"));
    desk.post_as("/channels/shop/on", &csrf, &[]);
    assert_eq!(stored(&desk), full(), "nothing else was touched");

    let copied = desk.post_as("/channels/shop/copy", &csrf, &[]).location().to_owned();
    let slug = copied.rsplit('/').next().unwrap();
    let copy = desk.site.store.channel(slug).unwrap().unwrap().channel;
    assert_eq!((copy.name.as_str(), copy.is_default), ("Магазин (copy)", false));
    assert_eq!(copy.fields, full().fields);
    assert!(stored(&desk).is_default);

    let ask = desk.get(&format!("{copied}/delete")).body;
    assert!(ask.contains("goes on working") && ask.contains("Магазин"), "{ask}");
    let ask = desk.get("/channels/shop/delete").body;
    assert!(ask.contains("The address stops working"), "{ask}");
    assert_eq!(
        desk.post_as("/channels/shop/delete", &csrf, &[]).location(),
        "/channels"
    );
    assert!(desk.get("/channels").body.contains("What comes to its address is refused"));
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
        assert_eq!(desk.post_as(path, "forged", &[("entity", "lead")]).status, 403, "{path}");
    }
    assert_eq!(desk.site.store.channels().unwrap().len(), 1);
    assert_eq!(stored(&desk), full());
    desk.cookies.clear();
    for path in ["/channels", "/new-channel", "/channels/shop", "/channels/shop/delete"] {
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
            assert!(!page.body.contains("\"><"), "{}", page.body);
        }
    }
}

fn mapping() -> impl Strategy<Value = Mapping> {
    let of = prop_oneof![Just(Of::Contact), Just(Of::Deal)];
    (of, "[A-Z_]{1,6}", "[a-zа-я \"<>№]{1,8}(\\{[a-z.]{1,5}\\})?", any::<bool>()).prop_map(
        |(of, field, value, search)| Mapping {
            of,
            field,
            value,
            search,
        },
    )
}

proptest! {
    /// Without a portal every channel that a file may hold comes through the form as it was, its contact's rows first.
    #[test]
    fn a_channel_survives_its_form(rows in prop::collection::vec(mapping(), 0..6), flags in any::<[bool; 8]>()) {
        let mut channel = blank(Entity::Deal);
        channel.slug = "shop".to_owned();
        channel.enabled = flags[0];
        channel.add_comment = flags[1];
        channel.add_activity = flags[2];
        channel.update_contact = flags[3];
        if flags[4] {
            channel.mode = Mode::SearchFirst;
            channel.search_stages = vec!["NEW".to_owned(), "C1:NEW".to_owned()];
            channel.on_found = if flags[5] { OnFound::Ignore } else { OnFound::Update };
            channel.update_stage = flags[6] && !flags[5];
            channel.update_fields = flags[7] && !flags[5];
        }
        channel.fields = rows;
        channel.fields.sort_by_key(|mapping| mapping.of != Of::Contact);
        let judge = Judge { catalog: None, country: "RU", lang: Language::Russian };
        let verdict = judge.judge(&Draft::of(&channel, None), &channel);
        prop_assert_eq!(verdict.channel, channel.clone());
        // Errors are for what a file would be refused for.
        prop_assert!(verdict.errors.is_empty() || crate::channel_file::check(&channel).is_err()
            || channel.fields.iter().any(|mapping| super::picks::is_taken(mapping.of, &mapping.field)));
    }

    #[test]
    fn any_form_can_be_judged(body in "([a-z_.0-9=&%{}]|stage|contact|deal|fields|value){0,60}") {
        let catalog = catalog();
        for known in [None, Some(&catalog)] {
            let judge = Judge { catalog: known, country: "RU", lang: Language::English };
            judge.judge(&Draft::read(&Form::read(body.as_bytes())), &blank(Entity::Lead));
        }
    }
}
