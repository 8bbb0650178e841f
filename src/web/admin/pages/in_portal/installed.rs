//! What an installation came to. The page ends it on the portal's side, by its script.

use maud::{Markup, html};

use super::super::portal::application::without_renewal;
use crate::deliver::app;
use crate::portal_app::{Installed, Missed, Verified, title};
use crate::web::admin::security::{self, LIBRARY};
use crate::web::admin::view::{Tone, badge, notice};
use crate::web::admin::visit::{Answer, Visit};
use crate::web::admin::{explain, frame};

/// Where the portal's own script is let in.
pub const LAST_RESORT: &str = "/b24/finish";

/// `base` is what stands before the paths of the administrator's frame.
pub fn page(visit: &Visit<'_>, verified: &Verified, installed: &Installed, base: &str) -> Answer {
    let in_use = app::installation(&visit.site.store)?;
    let (user, name) = match &in_use {
        Some(in_use) => (in_use.tokens.user_id, in_use.user_name.as_str()),
        None => (verified.owner.user_id, verified.owner.name.as_str()),
    };
    let may_finish = installed.may_finish();
    let heading = match may_finish {
        true => visit.t(
            "Интеграция с сайтом установлена",
            "The website integration is installed",
        ),
        false => visit.t("Не хватает одного права", "One right is missing"),
    };
    visit
        .page(heading)
        .body(html! {
            section.card aria-label=(visit.t("Что сделано", "What was done")) {
                ul.checks { (lines(visit, (user, name), installed)) }
            }
            @if may_finish {
                div data-install-finish {
                    p { (visit.t(
                        "Портал сейчас завершит установку и покажет входящие каналы. Если этого не произошло:",
                        "The portal now ends the installation and shows the channels. If that does not happen:",
                    )) }
                    div.buttons { a.button.primary href={ (base) "/channels" } { (visit.t("К входящим каналам", "To the channels")) } }
                }
                div hidden data-install-help {
                    (notice(Tone::Warn, html! {
                        p { (visit.t(
                            "Портал не отвечает этой странице. Обновите страницу портала (F5) и откройте приложение снова: всё, что отмечено выше, уже сделано.",
                            "The portal does not answer this page. Reload the portal's page (F5) and open the application again: what is marked above is done already.",
                        )) }
                        p { (visit.t(
                            "Не помогло? Установку может завершить скрипт самого Битрикс24: он загрузится с api.bitrix24.com.",
                            "That did not help? Bitrix24's own script can end the installation; it is loaded from api.bitrix24.com.",
                        )) }
                        div.buttons { a.button href={ (LAST_RESORT) "?" (portals_words(visit)) } { (visit.t("Завершить скриптом Битрикс24", "End it by Bitrix24's script")) } }
                    }))
                }
            } @else {
                (notice(Tone::Warn, html! { p { (visit.t(
                    "Отметьте в форме приложения право «Встраивание приложений (placement)», сохраните её и откройте приложение снова.",
                    "Tick “Application embedding (placement)” in the application's form, save it, and open the application again.",
                )) } }))
            }
        })
        .show()
}

/// What the portal's page put into the address of ours and its script reads there. No token is among it.
fn portals_words(visit: &Visit<'_>) -> String {
    let words = ["DOMAIN", "PROTOCOL", "LANG", "APP_SID"];
    let words = words
        .into_iter()
        .filter_map(|name| Some((name, visit.query.get(name)?)));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(words)
        .finish()
}

/// The page of the last resort. It is asked for by hand, and holds nothing that a script from elsewhere could take.
pub fn by_library(visit: &Visit<'_>) -> Answer {
    let is_framed = visit.query.get("APP_SID").is_some_and(frame::is_app_sid);
    let mut response = visit
        .page(visit.t("Завершение установки", "The end of the installation"))
        .narrow()
        .body(html! {
            @if is_framed {
                div data-install-library=(LIBRARY) {
                    p { (visit.t(
                        "Скрипт Битрикс24 завершает установку: портал сейчас откроет приложение сам.",
                        "Bitrix24's script ends the installation: the portal now opens the application by itself.",
                    )) }
                }
            }
            p { (visit.t(
                "Если ничего не происходит, обновите страницу портала (F5) и откройте приложение снова. Мост уже подключён.",
                "If nothing happens, reload the portal's page (F5) and open the application again. The bridge is connected already.",
            )) }
        })
        .response();
    security::allow_library(&mut response, &visit.framing);
    Ok(response)
}

fn lines(visit: &Visit<'_>, (user, name): (u64, &str), installed: &Installed) -> Markup {
    let button = title(visit.lang);
    html! {
        (line(visit, &Ok(()), visit.t("Мост подключён к порталу", "The bridge is connected to the portal"), html! {
            (visit.t("Работает от имени: ", "It works as: ")) (name) " (" (visit.t("№", "No.")) "\u{a0}" (user) ")"
        }))
        @if let Some(reason) = &installed.unproven {
            (line(visit, &Err(Missed::Said(reason.clone())), visit.t("Продление доступа", "Renewal of the access"), html! {
                (without_renewal(visit))
            }))
        }
        (line(visit, &installed.buttons,
            &visit.t(format!("Кнопка «{button}» над списками лидов и сделок"), format!("The button “{button}” above the lists of leads and deals")),
            html! { (visit.t("Она в меню у стрелки справа над списком.", "It is in the menu at the arrow, above the list on the right.")) }))
        @if let Some(notice) = &installed.notice {
            (line(visit, notice, visit.t("Уведомление для вас на портале", "A notification for you in the portal"), html! {
                @if matches!(notice, Err(Missed::Right)) {
                    (visit.t("Нет права «Чат и уведомления (im)». На работу моста это не влияет.", "The right “Chat and notifications (im)” is missing. The bridge works without it."))
                }
            }))
        }
        @if installed.farewell.is_err() {
            (line(visit, &installed.farewell, visit.t("Сообщение об удалении приложения", "Notice of the application's removal"), html! {
                (visit.t("Если приложение удалят, мост узнает об этом только по отказам портала.", "If the application is removed, the bridge learns of it only by the portal's refusals."))
            }))
        }
    }
}

fn line(visit: &Visit<'_>, done: &Result<(), Missed>, name: &str, about: Markup) -> Markup {
    html! {
        li.check {
            @if done.is_ok() { (badge(Tone::Good, visit.t("Готово", "Done"))) }
            @else { (badge(Tone::Warn, visit.t("Не вышло", "Not done"))) }
            div {
                p.check-name { (name) }
                @if let Err(Missed::Said(text)) = done { div.hint { (explain::paragraph(visit.lang, text)) } }
                p.hint { (about) }
            }
        }
    }
}
