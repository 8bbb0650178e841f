//! The portal: how it is connected, whether it is there, what was read from it, and what a firewall must let through.
//!
//! - `application`: the way in as a local application. `connecting`: an address is tried, then stored. `report`: what `portal check` found, in words.
//! - `firewall`: the addresses to let through.

#[cfg(test)]
mod app_tests;
pub mod application;
mod connecting;
mod firewall;
mod report;
#[cfg(test)]
mod tests;

use std::time::Duration;

use maud::{Markup, html};

use crate::deliver::app::{self, AppState, AppStatus};
use crate::deliver::{self, CONNECTION_CREDENTIAL, Weather, connect};
use crate::model::Catalog;
use crate::portal::{self, Connection, OpenError, Portal, Report};
use crate::store::StoreError;
use crate::web::admin::Site;
use crate::web::admin::explain;
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::router::{Route, inspect, manage};
use crate::web::admin::session::Operator;
use crate::web::admin::view::{Section, Tone, badge, confirm, error_summary, facts, notice, post_button};
use crate::web::admin::visit::{Answer, Problem, Visit};

use super::in_portal;
use application::Filled;

pub const ROUTES: &[Route] = &[
    inspect("/portal", page),
    inspect("/portal/connect", back),
    manage("/portal/connect", connecting::connect),
    inspect("/portal/check", back),
    manage("/portal/check", check),
    inspect("/portal/refresh", back),
    manage("/portal/refresh", refresh),
    manage("/portal/disconnect", disconnect),
    inspect("/portal/app", back),
    manage("/portal/app", application::keep),
    manage("/portal/app/forget", application::forget),
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
    Ok(connection.map(|connection| deliver::open(&site.store, connection, &hasty(site))))
}

fn back(visit: &Visit<'_>, _: &Operator) -> Answer {
    visit.go("/portal")
}

fn page(visit: &Visit<'_>, _: &Operator) -> Answer {
    in_portal::take_early(visit)?;
    match connection(visit.site)? {
        Some(connection) => connected(visit, &connection, &Shown::default()),
        None => connecting::first(visit, &Form::default(), &Errors::default()),
    }
}

/// The page again, with what was typed into the form of an application's keys.
fn with_app_form(visit: &Visit<'_>, form: &Form, errors: &Errors) -> Answer {
    let shown = Shown {
        form: form.clone(),
        errors: errors.clone(),
        ..Shown::default()
    };
    match connection(visit.site)? {
        Some(connection) => connected(visit, &connection, &shown),
        None => connecting::first(visit, form, errors),
    }
}

/// What a page shows besides how things stand.
#[derive(Default)]
struct Shown {
    /// What a check has found, when it was asked for.
    report: Option<Report>,
    form: Form,
    errors: Errors,
}

/// The page of a connected portal.
fn connected(visit: &Visit<'_>, connection: &Connection, shown: &Shown) -> Answer {
    let is_busy = visit.site.store.half_done()?;
    let app = app::status(&visit.site.store)?;
    let report = shown.report.as_ref();
    let filled = Filled {
        form: &shown.form,
        errors: &shown.errors,
    };
    visit
        .page(visit.t("Портал", "Portal"))
        .section(Section::Portal)
        .status(application::status(&shown.errors))
        .body(html! {
            (error_summary(visit.lang, &shown.errors))
            @if let Some(report) = report { (report::card(visit, report, connection)) }
            section.card aria-labelledby="connection" {
                h2 #connection { (visit.t("Подключение", "Connection")) }
                (weather(visit))
                (about(visit, connection, app.as_ref(), report.is_some()))
                div.buttons {
                    (post_button(visit, "/portal/check", "primary", visit.t("Проверить", "Check")))
                }
            }
            (application::card(visit, app.as_ref(), &connection.portal(), &filled))
            (catalog_card(visit))
            (firewall::card(visit, connection))
            section.card aria-labelledby="other" {
                h2 #other { (visit.t("Другой вебхук или портал", "Another webhook or portal")) }
                p.about { (visit.t("Новый адрес сначала проверяется; пока он не заработает, действует прежний.", "A new address is tried first; until it works, everything goes on by the old one.")) }
                (connecting::folded(visit))
                (confirm(visit, "/portal/disconnect", visit.t("Отключить портал", "Disconnect the portal"), html! {
                    p {
                        @match connection {
                            Connection::Webhook { .. } => (visit.t("Мост забудет адрес вебхука.", "The bridge forgets the webhook's address.")),
                            Connection::App(_) => (visit.t("Мост забудет ключи приложения, настройка внутри портала закроется.", "The bridge forgets the application's keys, and the settings inside the portal close.")),
                        }
                        " " (visit.t("Запросы с сайтов по-прежнему принимаются и ждут, пока портал не подключат снова.", "Requests from websites are still taken, and wait until a portal is connected again."))
                    }
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
fn about(visit: &Visit<'_>, connection: &Connection, app: Option<&AppStatus>, is_checked: bool) -> Markup {
    let address = connection.portal();
    let way = match connection {
        Connection::Webhook { .. } => visit.t("Вебхук", "Webhook"),
        Connection::App(_) => visit.t("Приложение", "Application"),
    };
    let installer = app.and_then(|app| match &app.state {
        AppState::Installed { user_id, .. } => Some(*user_id),
        _ => None,
    });
    let user = connection.user_id().or(installer).unwrap_or_default();
    let catalog = visit.site.engine.catalog();
    let name = catalog
        .as_ref()
        .and_then(|catalog| catalog.users.iter().find(|one| one.id == user))
        .map(|one| one.name.clone());
    html! {
        (facts(&[
            (visit.t("Портал", "Portal"), html! { a href={ (address) "/" } rel="noreferrer" target="_blank" { (address) } }),
            (way, html! { code { (connection.hint()) } }),
            (visit.t("От имени", "Works as"), html! {
                @if user == 0 { "—" } @else if let Some(name) = name { (name) (visit.t(" (№\u{a0}", " (No.\u{a0}")) (user) ")" } @else { (visit.t("пользователь №\u{a0}", "user No.\u{a0}")) (user) }
            }),
        ]))
        @if connection.is_insecure() && !is_checked {
            (notice(Tone::Warn, html! { p { (visit.t("Адрес начинается с http://: ключ и данные клиентов видны всем на пути к порталу. Допустимо только в закрытой сети.", "The address begins with http://: its code and your customers' data can be read by everybody on the way. Only for closed networks.")) } }))
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

fn check(visit: &Visit<'_>, _: &Operator, _: &Form) -> Answer {
    let Some(connection) = connection(visit.site)? else {
        return visit.go("/portal");
    };
    match deliver::open(&visit.site.store, connection.clone(), &hasty(visit.site)) {
        Ok(portal) => {
            let shown = Shown {
                report: Some(portal.check()),
                ..Shown::default()
            };
            connected(visit, &connection, &shown)
        }
        Err(error) => visit.failed("/portal", explain::in_full(visit.lang, &error.to_string())),
    }
}

fn refresh(visit: &Visit<'_>, _: &Operator, _: &Form) -> Answer {
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

fn disconnect(visit: &Visit<'_>, admin: &Operator, _: &Form) -> Result<crate::http::Response, Problem> {
    if connect::disconnect(&visit.site.store)? {
        tracing::info!(name = admin.name(), "the portal was disconnected");
    }
    visit.site.frames().close_all();
    visit.site.engine.look_again();
    visit.done(
        "/portal",
        visit.t(
            "Портал отключён. Запросы принимаются и ждут.",
            "The portal is disconnected. Requests are taken and wait.",
        ),
    )
}
