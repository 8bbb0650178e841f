//! Where one is signed in, and how to end that.

use maud::{Markup, html};

use super::number;
use crate::http::header::SET_COOKIE;
use crate::store::SessionId;
use crate::web::admin::form::Form;
use crate::web::admin::security;
use crate::web::admin::session::{self, Operator};
use crate::web::admin::view::{Column, Table, Tone, badge, confirm, post_button};
use crate::web::admin::visit::{Answer, Problem, Visit};

/// One's own sessions, as a card of the settings.
pub fn card(visit: &Visit<'_>, admin: &Operator) -> Result<Markup, Problem> {
    let sessions = visit.site.store.sessions(Some(admin.account()), visit.now)?;
    let mut table = Table::new(
        visit.t("Ваши сеансы", "Your sessions"),
        [
            Column::main(visit.t("Браузер", "Browser")),
            Column::new(visit.t("Адрес", "Address")),
            Column::new(visit.t("Вход", "Signed in")),
            Column::new(visit.t("Последнее действие", "Last used")),
            Column::new(visit.t("Действие", "Action")),
        ],
    );
    for session in &sessions {
        table.row([
            html! { (browser(visit, &session.agent)) },
            html! { code { (session.address) } },
            visit.lang.time(session.created_at, visit.zone()),
            visit.lang.time(session.seen_at, visit.zone()),
            html! {
                @if session.id == admin.session() {
                    (badge(Tone::Plain, visit.t("Этот сеанс", "This session")))
                } @else {
                    (post_button(visit, &format!("/settings/sessions/{}/end", session.id.0), "quiet", visit.t("Завершить", "End")))
                }
            },
        ]);
    }
    Ok(html! {
        section.card aria-labelledby="sessions" {
            h2 #sessions { (visit.t("Ваши сеансы", "Your sessions")) }
            p.about { (visit.t("Сеанс кончается сам через 12 часов без действий.", "A session ends by itself after 12 hours without use.")) }
            (table)
            div.buttons {
                @if sessions.len() > 1 {
                    (post_button(visit, "/settings/sessions/end-others", "", visit.t("Завершить остальные", "End the others")))
                }
                (confirm(visit, "/settings/sessions/end-all", visit.t("Выйти везде", "Sign out everywhere"), html! {
                    p { (visit.t("Закончатся все ваши сеансы, этот тоже.", "All your sessions end, this one too.")) }
                }, visit.t("Выйти везде", "Sign out everywhere")))
            }
        }
    })
}

/// A name that people know a browser by; what it calls itself when that is unheard of.
fn browser(visit: &Visit<'_>, agent: &str) -> String {
    /// The first that is found counts: most browsers name others, too.
    const BROWSERS: [(&str, &str); 7] = [
        ("YaBrowser/", "Яндекс Браузер"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 5] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    const LONGEST: usize = 60;
    let find = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(part, _)| agent.contains(part))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.is_empty() => visit.t("неизвестен", "unknown").to_owned(),
        _ => agent.chars().take(LONGEST).collect(),
    }
}

pub fn end(visit: &Visit<'_>, admin: &Operator, _: &Form) -> Answer {
    let id = SessionId(number(visit)?);
    // One's own alone: those of others end with their password.
    let mine = visit.site.store.sessions(Some(admin.account()), visit.now)?;
    if !mine.iter().any(|session| session.id == id) {
        return Err(Problem::NotFound);
    }
    visit.site.store.end_session(id)?;
    visit.done("/settings", visit.t("Сеанс завершён.", "The session has ended."))
}

pub fn end_others(visit: &Visit<'_>, admin: &Operator, _: &Form) -> Answer {
    let count = visit
        .site
        .store
        .end_sessions(admin.account(), Some(admin.session()))?;
    visit.done(
        "/settings",
        visit.t(
            format!("Завершено сеансов: {count}."),
            format!("Sessions ended: {count}."),
        ),
    )
}

pub fn end_all(visit: &Visit<'_>, admin: &Operator, _: &Form) -> Answer {
    visit.site.store.end_sessions(admin.account(), None)?;
    let cookie = session::close(visit.site, admin)?;
    let mut response = security::see_other("/sign-in");
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}
