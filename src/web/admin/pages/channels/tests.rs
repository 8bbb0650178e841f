//! What becomes of the form: what is stored, what is refused, what is kept.

use proptest::prelude::*;
use serde_json::json;

use super::draft::{Draft, blank};
use super::testing::{catalog, channel, controls, desk, full, retyped, send, stored};
use super::verdict::Judge;
use crate::model::{Entity, Mapping, Mode, Of, OnFound};
use crate::web::admin::form::Form;
use crate::web::admin::testing::Shown;
use crate::web::visitor::Language;

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
        let lead = channel(
            json!({"entity": "lead", "stage_id": "IN_PROCESS", "enabled": false,
            "fields": [{"of": "lead", "field": "TITLE", "value": "x"}]}),
        );
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
    assert_eq!(
        (channel.name.as_str(), channel.entity),
        ("Channel 1", Entity::Deal)
    );
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
        ("deal.0.field", "ID заказа в магазине", "is already filled"),
        ("deal.0.value", "№{id", "not closed"),
        ("deal.0.value", "{}", "are empty"),
        ("deal.0.value", "}", "closes nothing"),
        ("deal.0.value", "{website}", "is the hidden field"),
    ];
    for (name, value, reason) in table {
        let shown = retyped(&mut desk, &[(name, value), ("name", "Typed just now")]);
        assert_eq!(shown.status, 422, "{name}={value}");
        // Of two rows for one field the later one is wrong.
        let at = if value == "ID заказа в магазине" {
            "deal.1.field"
        } else {
            name
        };
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
    assert!(
        fixed.body.contains("The portal would not take this"),
        "{}",
        fixed.body
    );
}

#[test]
fn impossible_combinations_are_not_stored() {
    let catalog = catalog();
    let mut desk = desk(Some(&catalog));
    desk.site.store.put_channel(full()).unwrap();
    let saved = retyped(&mut desk, &[("mode", "always_create")]);
    assert_eq!(saved.status, 303, "{}", saved.body);
    let channel = stored(&desk);
    assert_eq!(
        (channel.mode, channel.search_stages.len()),
        (Mode::AlwaysCreate, 0)
    );
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
    assert!(
        channel.search_stages.is_empty(),
        "stages of deals are none of leads"
    );
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
        .put_channel(channel(
            json!({"mode": "search_first", "search_stages": ["GONE"]}),
        ))
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

fn mapping() -> impl Strategy<Value = Mapping> {
    let of = prop_oneof![Just(Of::Contact), Just(Of::Deal)];
    (
        of,
        "[A-Z_]{1,6}",
        "[a-zа-я \"<>№]{1,8}(\\{[a-z.]{1,5}\\})?",
        any::<bool>(),
    )
        .prop_map(|(of, field, value, search)| Mapping {
            of,
            field,
            value,
            search,
        })
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
