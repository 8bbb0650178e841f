//! The way back from the portal's own question whether the application may come in: a code, for which the authorization
//! server gives the first tokens. The portal returns the browser to the application's address.
// b24: settings/oauth/index.md

use std::time::Duration;

use maud::html;

use super::super::portal::hasty;
use super::denied::{self, Why};
use crate::deliver::app::{self, AppError};
use crate::http::StatusCode;
use crate::model::{Millis, Secret};
use crate::portal_app::request::SentTokens;
use crate::portal_app::{Caller, Denied, Installer, Missed, door};
use crate::web::admin::view::{Tone, notice};
use crate::web::admin::visit::{Answer, Visit};
use crate::web::admin::{csrf, explain};

/// Exchanges the code of somebody who has signed in here and asked for it here.
pub fn take(visit: &Visit<'_>, code: &Secret) -> Answer {
    let state = Secret::new(csrf::state(visit.who.token()));
    if visit.who.operator().is_none() || !state.is_same(visit.query.get("state").unwrap_or_default()) {
        return not_ours(visit);
    }
    let site = visit.site;
    let Some(keys) = app::keys(&site.store)? else {
        return denied::page(visit, Why::Denied(Denied::NoKeys));
    };
    let options = hasty(site);
    let tokens = match app::exchange_code(&keys, code, &options) {
        Ok(tokens) => tokens,
        Err(AppError::Store(error)) => return Err(error.into()),
        Err(error) => return visit.failed("/portal", failure(visit, &error)),
    };
    let caller = Caller {
        domain: visit.query.text("domain").to_owned(),
        member_id: tokens.member_id.clone(),
        tokens: SentTokens {
            access: tokens.access,
            refresh: Some(tokens.refresh),
            lifetime: lifetime(tokens.issued_at, tokens.expires_at),
            came_for_a_code: true,
        },
        application_token: tokens.application_token,
    };
    let installed = door::verify(&site.store, &options, caller).and_then(|verified| {
        let _one = site.installing();
        let installer = Installer {
            store: &site.store,
            options: &options,
            verified: &verified,
            handler: &site.app_address(),
            language: visit.lang,
            now: visit.now,
        };
        let installed = installer.install_anew()?;
        Ok((verified, installed))
    });
    let (verified, installed) = match installed {
        Ok(done) => done,
        Err(denied) => return denied::page(visit, Why::Denied(denied)),
    };
    site.engine.look_again();
    let mut text = visit.t(
        format!(
            "Портал подключён через приложение, от имени: {}.",
            verified.owner.name
        ),
        format!(
            "The portal is connected through the application, as {}.",
            verified.owner.name
        ),
    );
    if let Err(missed) = &installed.buttons {
        text.push(' ');
        text.push_str(&no_buttons(visit, missed));
    }
    visit.done("/portal", text)
}

fn lifetime(from: Millis, until: Millis) -> Duration {
    until.since(from)
}

fn no_buttons(visit: &Visit<'_>, missed: &Missed) -> String {
    match missed {
        Missed::Right => visit.t(
            "Кнопок над списками нет: приложению не хватает права «Встраивание приложений (placement)».".to_owned(),
            "There are no buttons above the lists: the application lacks “Application embedding (placement)”.".to_owned(),
        ),
        Missed::Said(text) => {
            let text = explain::in_full(visit.lang, text);
            visit.t(
            format!("Кнопки над списками поставить не удалось: {text}"),
            format!("The buttons above the lists could not be put up: {text}"),
        )
        }
    }
}

fn failure(visit: &Visit<'_>, error: &AppError) -> String {
    let why = explain::in_full(visit.lang, &error.to_string());
    visit.t(
        format!("Подключить через портал не удалось. {why}"),
        format!("The connection through the portal did not succeed: {why}."),
    )
}

/// Nobody asked for this code here: it may be bait.
fn not_ours(visit: &Visit<'_>) -> Answer {
    visit
        .page(visit.t("Подключение не начато здесь", "The connection was not begun here"))
        .narrow()
        .status(StatusCode::FORBIDDEN)
        .body(html! {
            (notice(Tone::Bad, html! { p { (visit.t(
                "Ничего не изменено: в этом браузере никто не начинал подключение, или сеанс моста закончился.",
                "Nothing was changed: nobody began a connection in this browser, or the session has ended.",
            )) } }))
            p { (visit.t(
                "Войдите в мост по тому же адресу, что указан в приложении, откройте страницу «Портал» и нажмите «Подключить через портал».",
                "Sign in to the bridge at the very address that the application's form names, open the page “Portal” and press “Connect through the portal”.",
            )) }
            p { a.button href="/portal" target="_top" { (visit.t("К странице «Портал»", "To the page “Portal”")) } }
        })
        .show()
}
