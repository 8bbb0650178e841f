//! The portal: how it is connected, whether it is there, what was read from it, and what a firewall must let through.
//!
//! - `connecting`: an address is tried, then stored. `report`: what `portal check` found, in words.
//! - `firewall`: the addresses to let through.

mod connecting;
mod firewall;
mod report;
#[cfg(test)]
mod tests;

use std::time::Duration;

use maud::{Markup, html};

use crate::deliver::{self, CONNECTION_CREDENTIAL, Weather, connect};
use crate::model::Catalog;
use crate::portal::{self, Connection, OpenError, Portal, Report};
use crate::store::StoreError;
use crate::web::admin::Site;
use crate::web::admin::explain;
use crate::web::admin::form::Form;
use crate::web::admin::router::{Route, change, show};
use crate::web::admin::session::Admin;
use crate::web::admin::view::{Section, Tone, badge, confirm, facts, notice, post_button};
use crate::web::admin::visit::{Answer, Problem, Visit};

pub const ROUTES: &[Route] = &[
    show("/portal", page),
    show("/portal/connect", back),
    change("/portal/connect", connecting::connect),
    show("/portal/check", back),
    change("/portal/check", check),
    show("/portal/refresh", back),
    change("/portal/refresh", refresh),
    change("/portal/disconnect", disconnect),
];

/// Nobody looks at a page that does not come: a call made for a page is given up after this.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How often the weather renews itself, in seconds.
const RENEW: u32 = 5;

/// How a page calls the portal: as delivery does, and with less patience.
pub fn hasty(site: &Site) -> portal::Options {
    let options = site.engine.conditions().portal.clone();
    portal::Options {
        connect_timeout: options.connect_timeout.min(CONNECT_PATIENCE),
        whole_timeout: options.whole_timeout.min(PATIENCE),
        ..options
    }
}

/// The stored connection.
pub fn connection(site: &Site) -> Result<Option<Connection>, StoreError> {
    site.store.credential(CONNECTION_CREDENTIAL)
}

/// The stored connection, opened for one page.
pub fn open(site: &Site) -> Result<Option<Result<Portal, OpenError>>, StoreError> {
    let connection = connection(site)?;
    Ok(connection.map(|connection| Portal::open(connection, &hasty(site))))
}

fn back(visit: &Visit<'_>, _: &Admin) -> Answer {
    visit.go("/portal")
}

fn page(visit: &Visit<'_>, _: &Admin) -> Answer {
    match connection(visit.site)? {
        Some(connection) => connected(visit, &connection, None),
        None => connecting::first(visit),
    }
}

/// The page of a connected portal; with what a check has found, when it was asked for.
fn connected(visit: &Visit<'_>, connection: &Connection, report: Option<&Report>) -> Answer {
    let is_busy = visit.site.store.half_done()?;
    visit
        .page(visit.t("Портал", "Portal"))
        .section(Section::Portal)
        .body(html! {
            @if let Some(report) = report { (report::card(visit, report, connection)) }
            section.card aria-labelledby="connection" {
                h2 #connection { (visit.t("Подключение", "Connection")) }
                (weather(visit))
                (about(visit, connection, report.is_some()))
                div.buttons {
                    (post_button(visit, "/portal/check", "primary", visit.t("Проверить", "Check")))
                }
            }
            (catalog_card(visit))
            (firewall::card(visit, connection))
            section.card aria-labelledby="other" {
                h2 #other { (visit.t("Другой вебхук или портал", "Another webhook or portal")) }
                p.about { (visit.t("Новый адрес сначала проверяется; пока он не заработает, действует прежний.", "A new address is tried first; until it works, everything goes on by the old one.")) }
                (connecting::folded(visit))
                (confirm(visit, "/portal/disconnect", visit.t("Отключить портал", "Disconnect the portal"), html! {
                    p { (visit.t("Мост забудет адрес вебхука. Запросы с сайтов по-прежнему принимаются и ждут, пока портал не подключат снова.", "The bridge forgets the webhook's address. Requests from websites are still taken, and wait until a portal is connected again.")) }
                    @if is_busy > 0 {
                        p { (visit.t(format!("Обработано наполовину: {is_busy}. Если подключить другой портал, мост спросит, что с ними делать."), format!("Half delivered: {is_busy}. If another portal is connected, the bridge asks what becomes of them."))) }
                    }
                }, visit.t("Отключить", "Disconnect")))
            }
        })
        .show()
}

/// Is it there? Renewed by itself.
fn weather(visit: &Visit<'_>) -> Markup {
    let text = match visit.site.engine.weather() {
        Weather::NoPortal | Weather::Unknown => html! {
            p { (badge(Tone::Busy, visit.t("Проверяется", "Being checked"))) " " (visit.t("Ответа пока не было.", "No answer yet.")) }
        },
        Weather::Up { round_trip_ms } => html! {
            p {
                (badge(Tone::Good, visit.t("На связи", "Reachable"))) " "
                (visit.t("Последний ответ — за ", "The last answer took ")) (visit.lang.number(round_trip_ms)) "\u{a0}" (visit.t("мс.", "ms."))
            }
        },
        Weather::Down { since, reason } => html! {
            p {
                (badge(Tone::Bad, visit.t("Нет связи", "Out of reach"))) " "
                (visit.t("С ", "Since ")) (visit.lang.time(since, visit.zone())) ", "
                (visit.t("уже ", "for ")) (visit.lang.span(visit.now.since(since))) "."
            }
            (notice(Tone::Bad, html! {
                (explain::paragraph(visit.lang, &reason))
                p { (visit.t("Запросы сохраняются и уйдут сами, когда портал ответит. Кнопка «Проверить» покажет, чего не хватает.", "Requests are stored and go out by themselves when the portal answers. “Check” shows what is missing.")) }
            }))
        },
    };
    html! { div.weather #weather data-renew=(RENEW) { (text) } }
}

/// `is_checked`: the report beside it tells of missing encryption.
fn about(visit: &Visit<'_>, connection: &Connection, is_checked: bool) -> Markup {
    let address = connection.portal();
    let user = connection.user_id().unwrap_or_default();
    let catalog = visit.site.engine.catalog();
    let name = catalog
        .as_ref()
        .and_then(|catalog| catalog.users.iter().find(|one| one.id == user))
        .map(|one| one.name.clone());
    html! {
        (facts(&[
            (visit.t("Портал", "Portal"), html! { a href={ (address) "/" } rel="noreferrer" target="_blank" { (address) } }),
            (visit.t("Вебхук", "Webhook"), html! { code { (connection.hint()) } }),
            (visit.t("От имени", "Works as"), html! {
                @if let Some(name) = name { (name) " (№\u{a0}" (user) ")" } @else { (visit.t("пользователь №\u{a0}", "user No.\u{a0}")) (user) }
            }),
        ]))
        @if connection.is_insecure() && !is_checked {
            (notice(Tone::Warn, html! { p { (visit.t("Адрес начинается с http://: ключ вебхука и данные клиентов видны всем на пути к порталу. Допустимо только в закрытой сети.", "The address begins with http://: the webhook's code and your customers' data can be read by everybody on the way. Only for closed networks.")) } }))
        }
    }
}

fn catalog_card(visit: &Visit<'_>) -> Markup {
    let catalog = visit.site.engine.catalog();
    html! {
        section.card aria-labelledby="catalog" {
            h2 #catalog { (visit.t("Что известно о портале", "What is known of the portal")) }
            @match catalog.as_deref() {
                Some(catalog) => (catalog_facts(visit, catalog)),
                None => p.about { (visit.t("Список полей ещё не прочитан.", "The list of fields has not been read yet.")) },
            }
            p.hint { (visit.t("Список обновляется сам раз в десять минут. Если вы только что добавили поле или стадию — обновите сейчас.", "The list renews itself every ten minutes. If you have just added a field or a stage, renew it now.")) }
            div.buttons { (post_button(visit, "/portal/refresh", "", visit.t("Обновить список полей", "Renew the list of fields"))) }
        }
    }
}

fn catalog_facts(visit: &Visit<'_>, catalog: &Catalog) -> Markup {
    let number = |n: usize| visit.lang.number(n as u64);
    let of = |fields: usize, stages: Option<usize>| match stages {
        Some(stages) => visit.t(
            format!("полей — {}, стадий — {}", number(fields), number(stages)),
            format!("{} fields, {} stages", number(fields), number(stages)),
        ),
        None => visit.t(
            format!("полей — {}", number(fields)),
            format!("{} fields", number(fields)),
        ),
    };
    let active = catalog.users.iter().filter(|user| user.active).count();
    html! {
        (facts(&[
            (visit.t("Лиды", "Leads"), html! { (of(catalog.lead.len(), Some(catalog.lead_stages.len()))) }),
            (visit.t("Сделки", "Deals"), html! {
                (of(catalog.deal.len(), Some(catalog.deal_stages.len())))
                @if catalog.categories.len() > 1 { (visit.t(", воронок — ", ", pipelines: ")) (number(catalog.categories.len())) }
            }),
            (visit.t("Контакты", "Contacts"), html! { (of(catalog.contact.len(), None)) }),
            (visit.t("Сотрудники", "People"), html! { (number(active)) }),
            (visit.t("Валюты", "Currencies"), html! { (number(catalog.currencies.len())) }),
            (visit.t("Прочитано", "Read"), html! { (visit.lang.time(catalog.taken_at, visit.zone())) }),
        ]))
        @if catalog.users.is_empty() {
            (notice(Tone::Warn, html! { p { (visit.t("Список сотрудников портал не дал: у вебхука нет права «Пользователи (user)». Ответственного можно указать только номером.", "The portal gave no list of people: the webhook lacks the right “Users (user)”. Responsible people can be named by number only.")) } }))
        }
        @if catalog.simple_crm {
            (notice(Tone::Warn, html! { p { (visit.t("На портале включён режим «Простая CRM»: новый лид сразу превращается в сделку. Выбирайте в каналах сделки.", "The portal works in simple CRM mode: a new lead turns into a deal at once. Choose deals in your channels.")) } }))
        }
    }
}

fn check(visit: &Visit<'_>, _: &Admin, _: &Form) -> Answer {
    let Some(connection) = connection(visit.site)? else {
        return visit.go("/portal");
    };
    match Portal::open(connection.clone(), &hasty(visit.site)) {
        Ok(portal) => connected(visit, &connection, Some(&portal.check())),
        Err(error) => visit.failed("/portal", explain::in_full(visit.lang, &error.to_string())),
    }
}

fn refresh(visit: &Visit<'_>, _: &Admin, _: &Form) -> Answer {
    let portal = match open(visit.site)? {
        None => return visit.go("/portal"),
        Some(Err(error)) => return visit.failed("/portal", explain::in_full(visit.lang, &error.to_string())),
        Some(Ok(portal)) => portal,
    };
    match portal.read_catalog(deliver::now()) {
        Ok(catalog) => {
            let text = read_text(visit, &catalog);
            visit.site.engine.take_catalog(catalog);
            visit.done("/portal", text)
        }
        Err(error) => {
            let error = explain::in_full(visit.lang, &error.to_string());
            visit.failed(
                "/portal",
                visit.t(
                    format!("Список полей не обновлён, действует прежний. {error}"),
                    format!("The list of fields was not renewed, the old one stays in force. {error}"),
                ),
            )
        }
    }
}

fn read_text(visit: &Visit<'_>, catalog: &Catalog) -> String {
    let (lead, deal, contact, people) = (
        catalog.lead.len(),
        catalog.deal.len(),
        catalog.contact.len(),
        catalog.users.len(),
    );
    visit.t(
        format!(
            "Прочитано полей: у лидов {lead}, у сделок {deal}, у контактов {contact}; сотрудников {people}."
        ),
        format!("Read: {lead} fields of leads, {deal} of deals, {contact} of contacts; {people} people."),
    )
}

fn disconnect(visit: &Visit<'_>, admin: &Admin, _: &Form) -> Result<crate::http::Response, Problem> {
    if connect::disconnect(&visit.site.store)? {
        tracing::info!(name = admin.name(), "the portal was disconnected");
    }
    visit.site.engine.look_again();
    visit.done(
        "/portal",
        visit.t(
            "Портал отключён. Запросы принимаются и ждут.",
            "The portal is disconnected. Requests are taken and wait.",
        ),
    )
}
