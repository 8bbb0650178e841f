//! The list of channels, and what is done with one of them in one click.

use std::collections::HashMap;

use maud::{Markup, html};

use super::picks::clip;
use super::{asked_for, inbox, path};
use crate::model::{Entity, Millis, State};
use crate::store::{Activity, ChannelKey, HOUR_MS, StoredChannel};
use crate::web::admin::form::Form;
use crate::web::admin::session::Admin;
use crate::web::admin::view::{Column, Section, Table, Tone, badge, copy, empty};
use crate::web::admin::visit::{Answer, Visit};

/// Hours that count as the last day: this one and those before it, as on the overview.
const HOURS: i64 = 24;
/// How often the list renews itself, in seconds.
const RENEW: u32 = 15;
/// How much of a name is shown.
const NAME: usize = 120;

/// What has become of a channel's requests.
struct Figures {
    activity: HashMap<ChannelKey, Activity>,
    traffic: HashMap<(ChannelKey, Option<State>), u64>,
    failed: HashMap<ChannelKey, u64>,
}

pub fn list(visit: &Visit<'_>, _: &Admin) -> Answer {
    let store = &visit.site.store;
    let only = only(visit);
    let mut channels = store.channels()?;
    channels.retain(|stored| only.is_none_or(|only| stored.channel.entity == only));
    let mut failed = HashMap::new();
    for stored in &channels {
        let counts = store.counts(Some(stored.key))?;
        failed.insert(stored.key, counts.get(&State::Failed).copied().unwrap_or(0));
    }
    let figures = Figures {
        // Only the last request is taken from here: the day is counted by the hour, however many came.
        activity: store.activity(visit.now)?,
        traffic: store.traffic_by_channel(Millis(visit.now.0 - (HOURS - 1) * HOUR_MS))?,
        failed,
    };
    let create = visit.t("Создать канал", "Create a channel");
    let new = visit.at(match only {
        None => "/new-channel",
        Some(Entity::Lead) => "/new-channel?entity=lead",
        Some(Entity::Deal) => "/new-channel?entity=deal",
    });
    let page = visit
        .page(match only {
            None => visit.t("Входящие каналы", "Channels"),
            Some(Entity::Lead) => visit.t("Входящие каналы лидов", "Channels for leads"),
            Some(Entity::Deal) => visit.t("Входящие каналы сделок", "Channels for deals"),
        })
        .section(Section::Channels);
    let all = html! { @if only.is_some() { a.button href=(visit.at("/channels")) { (visit.t("Все каналы", "All channels")) } } };
    if channels.is_empty() {
        return page
            .body(html! {
                section.card {
                    (empty(visit.t("Каналов ещё нет", "There are no channels yet"), html! {
                        p { (visit.t(
                            "Канал принимает запросы с сайта на свой адрес и создаёт из них лиды или сделки.",
                            "A channel takes your website's requests at an address of its own and makes leads or deals of them.",
                        )) }
                        div.buttons { a.button.primary href=(new) { (create) } (all) }
                    }))
                }
            })
            .show();
    }
    page.actions(html! { (all) a.button.primary href=(new) { (create) } })
        .body(html! {
            section.card.channels #channels data-renew=(RENEW) { (table(visit, &channels, &figures)) }
        })
        .show()
}

/// The entity alone whose channels are shown: the portal's button stands above a list of leads or of deals.
fn only(visit: &Visit<'_>) -> Option<Entity> {
    match visit.query.text("entity") {
        "lead" => Some(Entity::Lead),
        "deal" => Some(Entity::Deal),
        _ => None,
    }
}

fn table(visit: &Visit<'_>, channels: &[StoredChannel], figures: &Figures) -> Markup {
    let mut table = Table::new(
        visit.t("Входящие каналы", "Channels"),
        [
            Column::main(visit.t("Канал", "Channel")),
            Column::new(visit.t("Сущность", "Entity")),
            Column::new(visit.t("Последний запрос", "Last request")),
            Column::number(visit.t("За 24 часа", "24 hours")),
            Column::number(visit.t("С ошибкой", "Failed")),
            Column::new(visit.t("Действия", "Actions")),
        ],
    );
    for stored in channels {
        let inbox = visit.at(&inbox(&stored.channel.slug));
        let of = |outcome| figures.traffic.get(&(stored.key, outcome)).copied().unwrap_or(0);
        let failed = figures.failed.get(&stored.key).copied().unwrap_or(0);
        table.row([
            heading(visit, stored),
            html! { (entity(visit, stored.channel.entity)) },
            last(visit, figures.activity.get(&stored.key)),
            html! { a href=(inbox) { (visit.lang.number(of(None))) } },
            html! {
                @if failed > 0 { a.bad href={ (inbox) "&state=failed" } { (visit.lang.number(failed)) } }
                @else { "0" }
            },
            actions(visit, stored),
        ]);
    }
    html! { (table) }
}

fn entity(visit: &Visit<'_>, entity: Entity) -> &'static str {
    match entity {
        Entity::Lead => visit.t("Лиды", "Leads"),
        Entity::Deal => visit.t("Сделки", "Deals"),
    }
}

fn heading(visit: &Visit<'_>, stored: &StoredChannel) -> Markup {
    let channel = &stored.channel;
    let id = format!("address-{}", stored.key.0);
    let address = visit.site.address(&channel.slug);
    html! {
        div.channel-name {
            a href=(visit.at(&path(&channel.slug))) { bdi { (clip(&channel.name, NAME)) } }
            @if channel.is_default { " " (badge(Tone::Plain, visit.t("По умолчанию", "Default"))) }
            @if !channel.enabled { " " (badge(Tone::Warn, visit.t("Выключен", "Off"))) }
        }
        (copy(visit.lang, &id, visit.t("Адрес канала", "The channel's address"), &address))
    }
}

fn last(visit: &Visit<'_>, activity: Option<&Activity>) -> Markup {
    let Some(id) = activity.and_then(|activity| activity.last) else {
        return html! { span.faint { (visit.t("Ещё не было", "None yet")) } };
    };
    let ago = visit.lang.span(visit.now.since(id.at()));
    html! {
        div {
            a href=(visit.at(&format!("/inbox/{id}"))) { (visit.t(format!("{ago} назад"), format!("{ago} ago"))) }
            div.hint { (visit.lang.time(id.at(), visit.zone())) }
        }
    }
}

fn actions(visit: &Visit<'_>, stored: &StoredChannel) -> Markup {
    let here = visit.at(&path(&stored.channel.slug));
    let name = clip(&stored.channel.name, NAME);
    let button = |what: &str, text: &str| {
        html! {
            form method="post" action={ (here) "/" (what) } {
                (visit.csrf())
                button.quiet type="submit" aria-label={ (text) ": " (name) } { (text) }
            }
        }
    };
    html! {
        div.row-actions {
            @if stored.channel.enabled { (button("off", visit.t("Выключить", "Switch off"))) }
            @else { (button("on", visit.t("Включить", "Switch on"))) }
            (button("copy", visit.t("Дублировать", "Duplicate")))
            a.button.quiet href={ (here) "/delete" } aria-label={ (visit.t("Удалить", "Delete")) ": " (name) } {
                (visit.t("Удалить", "Delete"))
            }
        }
    }
}

pub fn switch_on(visit: &Visit<'_>, _: &Admin, _: &Form) -> Answer {
    switch(visit, true)
}

pub fn switch_off(visit: &Visit<'_>, _: &Admin, _: &Form) -> Answer {
    switch(visit, false)
}

fn switch(visit: &Visit<'_>, enabled: bool) -> Answer {
    let mut channel = asked_for(visit)?.channel;
    channel.enabled = enabled;
    let name = clip(&channel.name, NAME);
    visit.site.store.put_channel(channel)?;
    let text = if enabled {
        visit.t(
            format!("Канал «{name}» включён."),
            format!("The channel “{name}” is on."),
        )
    } else {
        visit.t(
            format!("Канал «{name}» выключен: запросы принимаются и ждут."),
            format!("The channel “{name}” is off: requests are taken and wait."),
        )
    };
    visit.done("/channels", text)
}

/// Makes another channel with the same settings and an address of its own.
pub fn duplicate(visit: &Visit<'_>, _: &Admin, _: &Form) -> Answer {
    let mut channel = asked_for(visit)?.channel;
    let suffix = visit.t(" (копия)", " (copy)");
    channel.slug = String::new();
    channel.name = format!("{}{suffix}", clip(&channel.name, NAME));
    channel.is_default = false;
    let stored = visit.site.store.put_channel(channel)?;
    let text = visit.t(
        "Это копия со своим адресом. Измените, что нужно, и сохраните.",
        "This is a copy with an address of its own. Change what you need and save.",
    );
    visit.done(&path(&stored.channel.slug), text)
}
