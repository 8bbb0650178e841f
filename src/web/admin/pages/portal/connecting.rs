//! Connecting by webhook: the way there step by step, the trial, and what becomes of half delivered submissions.
//!
//! The address is a secret: it is never sent back to the browser. What was tried stays on the server for a while, so
//! that a right that was missing can be granted and the trial repeated without pasting again.

use maud::{Markup, html};

use super::application::{self, Filled};
use super::{hasty, report};
use crate::deliver::app;
use crate::deliver::connect::{self, ConnectError, HalfDone, Trial};
use crate::http::StatusCode;
use crate::model::Catalog;
use crate::portal::{Connection, ConnectionError};
use crate::web::admin::explain;
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::session::Operator;
use crate::web::admin::view::{Choice, Choices, Input, Section, Tone, error_summary, facts, notice, submit};
use crate::web::admin::visit::{Answer, Visit};

/// Nothing is connected yet. `errors` are those of either form; `filled` is what was typed into the application's.
pub fn first(visit: &Visit<'_>, filled: &Form, errors: &Errors) -> Answer {
    let app = app::status(&visit.site.store)?;
    let filled = Filled { form: filled, errors };
    let application = application::card(visit, app.as_ref(), "", &filled);
    visit
        .page(visit.t("Подключение портала", "Connect the portal"))
        .section(Section::Portal)
        .status(application::status(errors))
        .body(html! {
            (error_summary(visit.lang, errors))
            p.about { (visit.t(
                "Есть два пути: входящий вебхук подключает портал за минуту, локальное приложение открывает настройку и внутри портала.",
                "There are two ways: an inbound webhook connects the portal within a minute; a local application opens the settings inside the portal, too.",
            )) }
            @if app.is_some() { (application) }
            section.card.steps aria-labelledby="webhook" {
                h2 #webhook { (visit.t("Создайте входящий вебхук на портале", "Make an inbound webhook in the portal")) }
                (steps(visit))
            }
            section.card aria-labelledby="address" {
                h2 #address { (visit.t("Вставьте его адрес", "Paste its address")) }
                (address_form(visit, errors))
            }
            @if app.is_none() { (application) }
        })
        .show()
}

/// Where to click, for a self-hosted portal.
// b24: local-integrations/local-webhooks.md
fn steps(visit: &Visit<'_>) -> Markup {
    html! {
        ol {
            li {
                (visit.t("Войдите на портал под тем сотрудником, от имени которого будут создаваться лиды, сделки и контакты. Его права в CRM станут правами моста — подойдёт администратор.", "Sign in to the portal as the person in whose name leads, deals and contacts are to be made. The bridge gets that person's rights in CRM; an administrator will do."))
            }
            li {
                (visit.t("В левом меню откройте ", "In the menu on the left open ")) strong { (visit.t("Приложения → Разработчикам", "Applications → Developer resources")) }
                (visit.t(" (на части порталов «Разработчикам» стоит в меню само), вкладка ", " (in some portals it stands in the menu by itself), the tab "))
                strong { (visit.t("Готовые сценарии → Другое → Входящий вебхук", "Ready-made scenarios → Other → Inbound webhook")) } "."
            }
            li {
                (visit.t("В настройке прав отметьте ", "Among the permissions tick ")) strong { (visit.t("CRM (crm)", "CRM (crm)")) }
                (visit.t(" и ", " and ")) strong { (visit.t("Пользователи (user)", "Users (user)")) } ". "
                (visit.t("Остальные не нужны.", "No others are needed."))
            }
            li {
                (visit.t("Нажмите «Создать» («Сохранить») и скопируйте адрес целиком. Он выглядит так: ", "Press Create (Save) and copy the whole address. It looks like this: "))
                code { "https://portal.example.ru/rest/1/a1b2c3d4e5f6g7h8/" }
            }
        }
    }
}

fn address_form(visit: &Visit<'_>, errors: &Errors) -> Markup {
    html! {
        form method="post" action="/portal/connect" {
            (visit.csrf())
            (Input::text("webhook", visit.t("Адрес вебхука", "The webhook's address"))
                .placeholder("https://…/rest/…/…/")
                .required()
                .errors(errors)
                .hint(visit.t("Адрес — это ключ к порталу. Он хранится только на этом сервере и показывается без ключа, кроме четырёх последних знаков.", "The address is a key to the portal. It is kept on this server alone and shown without its code, but for the last four characters.")))
            (submit(visit.t("Проверить и подключить", "Check and connect")))
        }
    }
}

/// The same form where there is a connection already.
pub fn folded(visit: &Visit<'_>) -> Markup {
    html! {
        details.fold #reconnect {
            summary.button { (visit.t("Подключить по другому адресу", "Connect by another address")) }
            div.fold-box {
                div.steps { (steps(visit)) }
                (address_form(visit, &Errors::default()))
            }
        }
    }
}

/// Tries an address and, when it works, stores it.
pub fn connect(visit: &Visit<'_>, admin: &Operator, form: &Form) -> Answer {
    let session = visit.who.token().digest();
    let connection = if form.has("again") {
        visit.site.tried(&session, visit.now).ok_or_else(|| {
            visit
                .t(
                    "Проверенный адрес больше не хранится: вставьте его ещё раз.",
                    "The address that was tried is not kept any more: paste it again.",
                )
                .to_owned()
        })
    } else {
        Connection::webhook(form.text("webhook")).map_err(|error| wrong_address(visit, &error))
    };
    let connection = match connection {
        Ok(connection) => connection,
        Err(text) => {
            let mut errors = Errors::default();
            errors.add("webhook", text);
            return first(visit, &Form::default(), &errors);
        }
    };
    visit.site.keep_tried(session, connection.clone(), visit.now);
    let trial = match connect::try_out(connection.clone(), &hasty(visit.site)) {
        Ok(trial) => trial,
        Err(error) => return no_answer(visit, &connection, &error),
    };
    let Some(catalog) = &trial.catalog else {
        return missing(visit, &trial);
    };
    match connect::keep(&visit.site.store, &trial.connection, catalog, chosen(form)) {
        Ok(started_over) => {
            visit.site.forget_tried(&session);
            tracing::info!(name = admin.name(), portal = %trial.connection, "a portal was connected");
            visit.site.engine.look_again();
            visit.done(
                "/portal",
                connected_text(visit, &trial.connection, catalog, started_over),
            )
        }
        Err(ConnectError::HalfDone(count)) => ask_half_done(
            visit,
            &Asking {
                action: "/portal/connect",
                what: &trial.connection.hint(),
                count,
            },
        ),
        Err(error) => no_answer(visit, &connection, &error),
    }
}

fn connected_text(
    visit: &Visit<'_>,
    connection: &Connection,
    catalog: &Catalog,
    started_over: u64,
) -> String {
    let read = super::read_text(visit, catalog);
    let mut text = visit.t(
        format!("Портал {} подключён. {read}", connection.portal()),
        format!("{} is connected. {read}", connection.portal()),
    );
    if started_over > 0 {
        text.push_str(&visit.t(
            format!(" Начаты заново: {started_over}."),
            format!(" Started over: {started_over}."),
        ));
    }
    text
}

fn wrong_address(visit: &Visit<'_>, error: &ConnectionError) -> String {
    use crate::web::visitor::Language;
    if visit.lang == Language::English {
        return error.to_string();
    }
    match error {
        ConnectionError::NotAnAddress(_) => "Это не адрес вебхука. Скопируйте его с портала целиком; он выглядит так: https://portal/rest/1/ключ/. Домен кириллицей пишется в виде xn--…",
        ConnectionError::NotAWebhook => "В адресе нет части /rest/номер/ключ/. Скопируйте адрес входящего вебхука целиком.",
        ConnectionError::UserInfo => "Перед именем портала стоит имя или пароль; уберите их.",
    }
    .to_owned()
}

/// The trial did not come to a report.
fn no_answer(visit: &Visit<'_>, connection: &Connection, error: &ConnectError) -> Answer {
    let told = match error {
        ConnectError::Store(error) => html! { (explain::of_store(visit.lang, error)) },
        other => explain::words(visit.lang, &other.to_string()),
    };
    result_page(
        visit,
        connection,
        html! {
            (notice(Tone::Bad, html! {
                p { strong { (visit.t("Портал не подключён: проверить его не удалось.", "The portal was not connected: it could not be checked.")) } }
                p { (told) }
            }))
            (report::ways_to_reach(visit))
        },
    )
}

/// Something that is needed is missing, the portal's answer for a start.
fn missing(visit: &Visit<'_>, trial: &Trial) -> Answer {
    let (what, way_out) = if trial.report.is_cut_off() {
        visit.t(
            (
                "Портал не подключён: он не ответил.",
                "Исправьте и нажмите «Проверить ещё раз» — вставлять адрес снова не нужно.",
            ),
            (
                "The portal was not connected: it did not answer.",
                "Mend it and press “Check again”: there is no need to paste the address again.",
            ),
        )
    } else {
        visit.t(
            (
                "Портал не подключён: не хватает того, что отмечено ниже.",
                "Исправьте это на портале и нажмите «Проверить ещё раз» — вставлять адрес снова не нужно.",
            ),
            (
                "The portal was not connected: what is marked below is missing.",
                "Mend it in the portal and press “Check again”: there is no need to paste the address again.",
            ),
        )
    };
    result_page(
        visit,
        &trial.connection,
        html! {
            (notice(Tone::Bad, html! { p { strong { (what) } } p { (way_out) } }))
            (report::lines(visit, &trial.report))
        },
    )
}

fn result_page(visit: &Visit<'_>, connection: &Connection, found: Markup) -> Answer {
    visit
        .page(visit.t("Подключение портала", "Connect the portal"))
        .section(Section::Portal)
        .back("/portal", visit.t("Портал", "Portal"))
        .status(StatusCode::UNPROCESSABLE_ENTITY)
        .body(html! {
            section.card aria-label=(visit.t("Что показала проверка", "What the check found")) {
                (facts(&[(visit.t("Проверен адрес", "Tried"), html! { code { (connection.hint()) } })]))
                (found)
                form.buttons method="post" action="/portal/connect" {
                    (visit.csrf())
                    input type="hidden" name="again" value="1";
                    (submit(visit.t("Проверить ещё раз", "Check again")))
                    a.button href="/portal" { (visit.t("Вставить другой адрес", "Paste another address")) }
                }
            }
        })
        .show()
}

/// What somebody says of half delivered submissions.
pub fn chosen(form: &Form) -> Option<HalfDone> {
    match form.text("half_done") {
        "continue" => Some(HalfDone::Continue),
        "start_over" => Some(HalfDone::StartOver),
        _ => None,
    }
}

/// A question about half delivered submissions.
pub struct Asking<'a> {
    /// Where its answer goes.
    pub action: &'a str,
    /// What was to be connected, without secrets.
    pub what: &'a str,
    pub count: u64,
}

/// Numbers of contacts and deals mean other records in another portal.
pub fn ask_half_done(visit: &Visit<'_>, asking: &Asking<'_>) -> Answer {
    let count = asking.count;
    visit
        .page(visit.t("Это тот же портал?", "Is it the same portal?"))
        .section(Section::Portal)
        .back("/portal", visit.t("Портал", "Portal"))
        .status(StatusCode::UNPROCESSABLE_ENTITY)
        .body(html! {
            form.card method="post" action=(asking.action) {
                (visit.csrf())
                input type="hidden" name="again" value="1";
                p { (visit.t("Новое подключение: ", "The new connection: ")) code { (asking.what) } }
                p.about {
                    (visit.t(
                        format!("Раньше был другой адрес, и по нему наполовину обработаны запросы: {count}. Контакт уже создан, а сделка ещё нет, — или наоборот. Как продолжить?"),
                        format!("There was another address before, and {count} requests are half delivered to it: the contact is made and the deal is not, or the like. How shall they go on?"),
                    ))
                }
                (Choices::one("half_done", visit.t("Запросы, обработанные наполовину", "Half delivered requests"), vec![
                    Choice::new("continue", visit.t("Это тот же портал с новым адресом", "It is the same portal under a new address"), false)
                        .hint(visit.t("Они продолжатся с того места, где остановились.", "They go on where they stopped.")),
                    Choice::new("start_over", visit.t("Это другой портал", "It is another portal"), false)
                        .hint(visit.t("Они начнутся заново, как будто только что пришли.", "They start over, as if they had just arrived.")),
                ]).required())
                div.buttons {
                    (submit(visit.t("Подключить", "Connect")))
                    a.button href="/portal" { (visit.t("Не подключать", "Do not connect")) }
                }
            }
        })
        .show()
}
