//! The portal connected as a local application: its form step by step, its keys, and how it stands.
//!
//! The key (client secret) is never sent back to the browser; what was tried stays on the server while a question about
//! it is open.

use maud::{Markup, html};

use super::super::in_portal;
use super::connecting::{Asking, ask_half_done, chosen};
use crate::deliver::app::{self, AppState, AppStatus, AppWarning};
use crate::deliver::connect::ConnectError;
use crate::http::StatusCode;
use crate::model::{AppKeys, Gone, GoneWhy};
use crate::portal::{APP_RIGHTS, Connection, KeysError, app_keys};
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::session::Operator;
use crate::web::admin::view::{Input, Tone, badge, confirm, copy, facts, notice, submit};
use crate::web::admin::visit::{Answer, Visit};
use crate::web::admin::{csrf, explain};

/// A right as the portal's form names it.
// b24: api-reference/scopes/permissions.md
fn right(visit: &Visit<'_>, scope: &str) -> String {
    let name = match scope {
        "crm" => "CRM",
        "user_basic" => visit.t("Пользователи (базовый)", "Users (basic)"),
        "placement" => visit.t("Встраивание приложений", "Application embedding"),
        "im" => visit.t("Чат и уведомления", "Chat and notifications"),
        other => other,
    };
    format!("{name} ({scope})")
}

/// The card of the portal's page: how the application stands, or how to make one.
pub fn card(visit: &Visit<'_>, status: Option<&AppStatus>, portal: &str, form: &Filled<'_>) -> Markup {
    html! {
        section.card aria-labelledby="application" {
            h2 #application { (visit.t("Приложение внутри портала", "An application inside the portal")) }
            p.about { (visit.t(
                "Настройка открывается прямо на портале: кнопка «Интеграция с сайтом» над списками лидов и сделок. Открыть её могут администраторы портала.",
                "The settings open inside the portal, by the button “Website integration” above the lists of leads and deals. Administrators of the portal may use it.",
            )) }
            @match status {
                Some(status) => (standing(visit, status, form)),
                None => details.fold #app-keys open[form.is_open()] {
                    summary.button { (visit.t("Подключить как локальное приложение", "Connect as a local application")) }
                    div.fold-box {
                        div.steps { (steps(visit)) }
                        (keys_form(visit, portal, form))
                    }
                },
            }
        }
    }
}

/// What was typed into the form of the keys, and what is wrong with it.
pub struct Filled<'a> {
    pub form: &'a Form,
    pub errors: &'a Errors,
}

impl Filled<'_> {
    fn is_open(&self) -> bool {
        ["portal", "client_id", "client_secret"]
            .iter()
            .any(|field| self.errors.of(field).is_some())
    }
}

/// Where to click, for a self-hosted portal.
// b24: local-integrations/serverside-local-app-with-ui.md, settings/app-installation/installation-finish.md
fn steps(visit: &Visit<'_>) -> Markup {
    let site = visit.site;
    html! {
        ol {
            li {
                (visit.t("Войдите на портал администратором. В левом меню откройте ", "Sign in to the portal as an administrator. In the menu on the left open "))
                strong { (visit.t("Приложения → Разработчикам → Готовые сценарии → Другое → Локальное приложение", "Applications → Developer resources → Ready-made scenarios → Other → Local application")) } "."
            }
            li {
                (visit.t("Впишите оба адреса:", "Enter both addresses:"))
                p { (visit.t("«Путь вашего обработчика»", "“Your handler path”")) }
                (copy(visit.lang, "app-handler", visit.t("Путь вашего обработчика", "Your handler path"), &site.app_address()))
                p { (visit.t("«Путь для первоначальной установки»", "“Initial installation path”")) }
                (copy(visit.lang, "app-installer", visit.t("Путь для первоначальной установки", "Initial installation path"), &site.install_address()))
                (reach(visit))
            }
            li {
                (visit.t("«Использует только API» не отмечайте. Пункт меню назовите «Интеграция с сайтом».", "Leave “Script only (no user interface)” unticked. Call the menu item “Website integration”."))
            }
            li {
                (visit.t("В настройке прав отметьте: ", "Among the permissions tick: "))
                @for (n, one) in APP_RIGHTS.iter().enumerate() { @if n > 0 { ", " } strong { (right(visit, one.scope)) } } "."
            }
            li {
                (visit.t("Сохраните форму. Портал покажет код приложения (client_id) и ключ (client_secret): вставьте их сюда.", "Save the form. The portal shows the application code (client_id) and key (client_secret): paste them here."))
            }
            li {
                (visit.t("Откройте приложение на портале: мост сам завершит установку.", "Open the application in the portal: the bridge completes the installation by itself."))
            }
        }
    }
}

/// Whether browsers inside the portal can open our pages at all.
fn reach(visit: &Visit<'_>) -> Markup {
    let url = visit.site.admin_url.as_str();
    let is_local = ["http://127.", "http://localhost", "http://[::1]"]
        .iter()
        .any(|local| url.starts_with(local));
    html! {
        @if is_local {
            (notice(Tone::Warn, html! { p {
                (visit.t("Эти адреса откроются только на машине самого моста. Чтобы страницу видели все администраторы портала, поставьте перед мостом прокси с сертификатом и запустите его с ", "These addresses open on the bridge's own machine alone. For all administrators of the portal put a proxy with a certificate in front of the bridge and start it with "))
                code { "--admin-url https://…" } "."
            } }))
        } @else if url.starts_with("http:") {
            (notice(Tone::Warn, html! { p { (visit.t(
                "Адреса начинаются с http://. Внутри портала, открытого по https://, браузер их не покажет: нужен https и для моста.",
                "The addresses begin with http://. Inside a portal opened by https:// browsers do not show them: the bridge needs https, too.",
            )) } }))
        }
    }
}

fn keys_form(visit: &Visit<'_>, portal: &str, filled: &Filled<'_>) -> Markup {
    let (form, errors) = (filled.form, filled.errors);
    let address = match form.text("portal") {
        "" => portal,
        typed => typed,
    };
    html! {
        form method="post" action="/portal/app" {
            (visit.csrf())
            (Input::text("portal", visit.t("Адрес портала", "The portal's address"))
                .value(address).placeholder("https://portal.example.ru").required().errors(errors)
                .hint(visit.t("Тот, по которому портал открывают сотрудники.", "The one at which people open the portal.")))
            (Input::text("client_id", visit.t("Код приложения (client_id)", "Application code (client_id)"))
                .value(form.text("client_id")).placeholder("local.…").required().errors(errors))
            (Input::password("client_secret", visit.t("Ключ приложения (client_secret)", "Application key (client_secret)"), "off")
                .required().errors(errors)
                .hint(visit.t("Хранится только на этом сервере; показываются последние четыре знака.", "Kept on this server alone; its last four characters are shown.")))
            (submit(visit.t("Сохранить", "Save")))
        }
    }
}

fn standing(visit: &Visit<'_>, status: &AppStatus, filled: &Filled<'_>) -> Markup {
    let keys = &status.keys;
    let mark = match &status.state {
        AppState::NotInstalled => badge(Tone::Warn, visit.t("Не установлено", "Not installed")),
        AppState::Installed { .. } => badge(Tone::Good, visit.t("Установлено", "Installed")),
        AppState::Gone(_) => badge(Tone::Bad, visit.t("Доступа нет", "No access")),
    };
    html! {
        p.standing-line { (mark) " " (what_now(visit, status)) }
        @if let Some(warning) = status.warning(visit.now) { (warn(visit, &warning)) }
        (facts(&rows(visit, status)))
        div.buttons {
            // A link: a form that ends at another site is held up by our own policy.
            a.button .primary[matches!(status.state, AppState::Gone(_))] href=(app::authorize_url(keys, &csrf::state(visit.who.token()))) rel="noreferrer" {
                (visit.t("Подключить через портал", "Connect through the portal"))
            }
        }
        p.hint { (visit.t(
            "Портал спросит, впускать ли приложение, и вернёт вас сюда. Работать мост будет от вашего имени на портале; приложение там уже должно быть создано.",
            "The portal asks whether to let the application in, and brings you back. The bridge then works in your name there; the application must have been made in the portal before.",
        )) }
        details.fold #app-keys open[filled.is_open()] {
            summary.button { (visit.t("Адреса и ключи приложения", "Addresses and keys of the application")) }
            div.fold-box {
                div.steps { (steps(visit)) }
                (keys_form(visit, &keys.portal, filled))
            }
        }
        (confirm(visit, "/portal/app/forget", visit.t("Забыть приложение", "Forget the application"), html! {
            p { @if status.delivers {
                (visit.t("Портал будет отключён: запросы с сайтов принимаются и ждут, пока его не подключат снова. Настройка внутри портала закроется.", "The portal is disconnected: requests from websites are taken, and wait until it is connected again. The settings inside the portal close."))
            } @else {
                (visit.t("Настройка внутри портала закроется.", "The settings inside the portal close."))
                @if status.webhook_delivers { " " (visit.t("Вебхук продолжит работать.", "The webhook goes on.")) }
            } }
        }, visit.t("Забыть", "Forget")))
    }
}

fn what_now(visit: &Visit<'_>, status: &AppStatus) -> &'static str {
    match (&status.state, status.delivers) {
        (AppState::NotInstalled, _) => visit.t(
            "Откройте приложение на портале — мост завершит установку.",
            "Open the application in the portal: the bridge completes the installation.",
        ),
        (AppState::Installed { .. }, true) => visit.t(
            "Запросы с сайтов идут через него.",
            "Requests from websites go through it.",
        ),
        (AppState::Installed { .. }, false) if status.webhook_delivers => visit.t(
            "Запросы с сайтов идут через вебхук.",
            "Requests from websites go through the webhook.",
        ),
        (AppState::Installed { .. }, false) => visit.t(
            "Запросы с сайтов ждут: откройте приложение на портале или подключите его заново.",
            "Requests from websites wait: open the application in the portal, or connect it anew.",
        ),
        (AppState::Gone(_), _) => visit.t("Его нужно подключить заново.", "It has to be connected anew."),
    }
}

fn rows<'a>(visit: &Visit<'a>, status: &AppStatus) -> Vec<(&'a str, Markup)> {
    let keys = &status.keys;
    let mut rows = vec![
        (visit.t("Портал", "Portal"), html! { (keys.portal) }),
        (
            visit.t("Код приложения", "Application code"),
            html! { code { (keys.client_id) } },
        ),
        (visit.t("Ключ", "Key"), html! { code { (keys.client_secret) } }),
    ];
    if let AppState::Installed {
        user_id,
        user_name,
        scope,
        since,
        refresh_until,
        ..
    } = &status.state
    {
        rows.extend([
            (
                visit.t("Установил", "Installed by"),
                html! { (user_name) " (" (visit.t("№", "No.")) "\u{a0}" (user_id) "), " (visit.lang.time(*since, visit.zone())) },
            ),
            (visit.t("Права", "Rights"), html! { code { (scope.join(", ")) } }),
            (
                visit.t("Доступ до", "Access until"),
                html! {
                    (visit.lang.time(*refresh_until, visit.zone()))
                    " " span.hint { (visit.t("— в работе продлевается сам", "— in use it renews itself")) }
                },
            ),
        ]);
    }
    rows
}

/// What becomes of an access that cannot be renewed, and what to look at.
pub fn without_renewal(visit: &Visit<'_>) -> &'static str {
    visit.t(
        "Без продления мост проработает час после установки, потом запросы будут ждать. Проверьте ключ приложения (client_secret) и доступ моста к серверу авторизации.",
        "Without that the bridge works for an hour after the installation, and then requests wait. Check the application's key (client_secret), and that the bridge can reach the authorization server.",
    )
}

/// What an administrator has to be told, with the way out.
pub fn warn(visit: &Visit<'_>, warning: &AppWarning) -> Markup {
    match warning {
        AppWarning::Unproven { reason } => notice(
            Tone::Warn,
            html! {
                p { strong { (visit.t("Доступ приложения к порталу пока не удалось продлить.", "The application's access to the portal could not be renewed so far.")) } }
                (explain::paragraph(visit.lang, reason))
                p { (without_renewal(visit)) }
            },
        ),
        AppWarning::RefreshEnds { at } => notice(
            Tone::Warn,
            html! { p {
                (visit.t("Доступ приложения к порталу заканчивается ", "The application's access to the portal ends on "))
                (visit.lang.time(*at, visit.zone()))
                (visit.t(": продлить его не удаётся. Откройте приложение на портале или подключите его заново.", ": it could not be renewed so far. Open the application in the portal, or connect it anew."))
            } },
        ),
        AppWarning::Gone(Gone { since, why }) => notice(
            Tone::Bad,
            html! {
                p {
                    strong { @match why {
                        GoneWhy::Uninstalled => (visit.t("Приложение удалено с портала ", "The application was removed from the portal on ")),
                        GoneWhy::Refused { .. } => (visit.t("Портал больше не продлевает доступ приложения: с ", "The portal does not renew the application's access any more, since ")),
                    } (visit.lang.time(*since, visit.zone())) "." }
                    " " (visit.t("Запросы с сайтов принимаются и ждут.", "Requests from websites are taken and wait."))
                }
                @if let GoneWhy::Refused { code, text } = why { p lang="en" { (code) @if !text.is_empty() { ": " (text) } } }
                p { @match why {
                    GoneWhy::Uninstalled => (visit.t("Создайте локальное приложение снова и сохраните его ключи — или подключите вебхук.", "Make the local application anew and store its keys, or connect a webhook.")),
                    GoneWhy::Refused { .. } => (visit.t("Откройте приложение на портале администратором или нажмите «Подключить через портал».", "Open the application in the portal as an administrator, or press “Connect through the portal”.")),
                } }
            },
        ),
    }
}

/// Stores the keys of an application.
pub fn keep(visit: &Visit<'_>, operator: &Operator, form: &Form) -> Answer {
    let session = operator_session(visit);
    let keys = if form.has("again") {
        match visit.site.tried(&session, visit.now) {
            Some(Connection::App(keys)) => keys,
            _ => {
                let text = visit.t(
                    "Ключи больше не хранятся: вставьте их ещё раз.",
                    "The keys are not kept any more: paste them again.",
                );
                return super::with_app_form(visit, &Form::default(), &one("client_secret", text));
            }
        }
    } else {
        let read = app_keys(
            form.text("portal"),
            form.text("client_id"),
            form.get("client_secret").unwrap_or_default(),
        );
        match read {
            Ok(keys) => keys,
            Err(error) => return super::with_app_form(visit, form, &wrong(visit, error)),
        }
    };
    visit
        .site
        .keep_tried(session, Connection::App(keys.clone()), visit.now);
    match app::keep_app_keys(&visit.site.store, &keys, chosen(form)) {
        Ok(kept) => {
            visit.site.forget_tried(&session);
            visit.site.frames().close_all();
            tracing::info!(name = operator.name(), portal = %keys.portal, client_id = %keys.client_id, "an application's keys were stored");
            visit.site.early().wake();
            if let Some(denied) = in_portal::take_early(visit)? {
                return visit.failed("/portal", in_portal::denied::sentences(visit, denied));
            }
            visit.site.engine.look_again();
            let status = app::status(&visit.site.store)?;
            let delivers = status.is_some_and(|status| status.delivers);
            visit.done("/portal", kept_text(visit, &keys, delivers, kept.webhook_goes_on))
        }
        Err(ConnectError::HalfDone(count)) => ask_half_done(
            visit,
            &Asking {
                action: "/portal/app",
                what: &keys.portal,
                count,
            },
        ),
        Err(ConnectError::Store(error)) => Err(error.into()),
        Err(error) => visit.failed("/portal", explain::in_full(visit.lang, &error.to_string())),
    }
}

fn operator_session(visit: &Visit<'_>) -> crate::store::TokenDigest {
    visit.who.token().digest()
}

fn kept_text(visit: &Visit<'_>, keys: &AppKeys, delivers: bool, webhook_goes_on: bool) -> String {
    if delivers {
        let text = visit.t(
            "Ключи приложения сохранены. Оно уже установлено: запросы с сайтов идут через него.",
            "The application's keys are stored. It is installed already: requests from websites go through it.",
        );
        return text.to_owned();
    }
    let mut text = visit.t(
        format!(
            "Ключи приложения сохранены. Теперь откройте приложение на портале {}.",
            keys.portal
        ),
        format!(
            "The application's keys are stored. Now open the application in {}.",
            keys.portal
        ),
    );
    if webhook_goes_on {
        text.push_str(visit.t(
            " До установки запросы идут через вебхук.",
            " Until it is installed, requests go through the webhook.",
        ));
    }
    text
}

fn one(field: &str, text: &str) -> Errors {
    let mut errors = Errors::default();
    errors.add(field, text);
    errors
}

fn wrong(visit: &Visit<'_>, error: KeysError) -> Errors {
    let (field, ru) = match error {
        KeysError::Portal(_) => (
            "portal",
            "Это не адрес портала. Он выглядит так: https://portal.example.ru. Домен кириллицей пишется в виде xn--…",
        ),
        KeysError::ClientId => (
            "client_id",
            "Это не код приложения. Скопируйте его из формы на портале; он выглядит так: local.5c8bb1b0891cf2.87252039",
        ),
        KeysError::ClientSecret => (
            "client_secret",
            "Это не ключ приложения. Скопируйте его из формы на портале целиком.",
        ),
    };
    one(field, &visit.t(ru.to_owned(), error.to_string()))
}

/// Forgets the application; when it delivers, the portal is disconnected.
pub fn forget(visit: &Visit<'_>, operator: &Operator, _: &Form) -> Answer {
    if app::forget(&visit.site.store)? {
        tracing::info!(name = operator.name(), "the application was forgotten");
    }
    visit.site.frames().close_all();
    visit.site.engine.look_again();
    visit.done(
        "/portal",
        visit.t(
            "Приложение забыто. На портале его можно удалить.",
            "The application is forgotten. It may be deleted in the portal.",
        ),
    )
}

/// The status of a page with errors.
pub fn status(errors: &Errors) -> StatusCode {
    match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
