//! Settings: who may come in, the language, how long requests are kept, the portal's limits, a copy of everything.
//!
//! - `administrators`: the list, and a page for each. `sessions`: where one is signed in.
//! - `limits`: keeping, limits, country. `backup`: the download.

mod administrators;
mod backup;
mod limits;
mod sessions;
#[cfg(test)]
mod tests;

use maud::{Markup, html};

use crate::http::StatusCode;
use crate::http::header::SET_COOKIE;
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::router::{Route, inspect, manage};
use crate::web::admin::security;
use crate::web::admin::session::{self, Operator};
use crate::web::admin::view::{Choice, Section, Select, error_summary, submit};
use crate::web::admin::visit::{Answer, Problem, Visit};
use crate::web::visitor::Language;

pub const ROUTES: &[Route] = &[
    inspect("/settings", page),
    manage("/settings/language", choose_language),
    inspect("/settings/keeping", back),
    manage("/settings/keeping", limits::set_keeping),
    inspect("/settings/limits", back),
    manage("/settings/limits", limits::set_limits),
    inspect("/settings/backup", back),
    manage("/settings/backup", backup::download),
    manage("/settings/sessions/{id}/end", sessions::end),
    manage("/settings/sessions/end-others", sessions::end_others),
    manage("/settings/sessions/end-all", sessions::end_all),
    inspect("/settings/administrators/new", administrators::new),
    manage("/settings/administrators/new", administrators::add),
    inspect("/settings/administrators/{id}", administrators::one),
    manage(
        "/settings/administrators/{id}/password",
        administrators::set_password,
    ),
    manage("/settings/administrators/{id}/delete", administrators::delete),
];

fn back(visit: &Visit<'_>, _: &Operator) -> Answer {
    visit.go("/settings")
}

fn page(visit: &Visit<'_>, admin: &Operator) -> Answer {
    with_form(visit, admin, &Form::default(), &Errors::default())
}

/// The page, with what was typed into one of its forms and refused.
fn with_form(visit: &Visit<'_>, admin: &Operator, form: &Form, errors: &Errors) -> Answer {
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    visit
        .page(visit.t("Настройки", "Settings"))
        .section(Section::Settings)
        .status(status)
        .body(html! {
            (error_summary(visit.lang, errors))
            (administrators::card(visit, admin)?)
            (sessions::card(visit, admin)?)
            (language_card(visit))
            (limits::keeping_card(visit, form, errors)?)
            (limits::limits_card(visit, form, errors)?)
            (backup::card(visit))
        })
        .show()
}

fn language_card(visit: &Visit<'_>) -> Markup {
    let choices = vec![
        Choice::new("ru", "Русский", visit.lang == Language::Russian),
        Choice::new("en", "English", visit.lang == Language::English),
        Choice::new("", visit.t("Как в браузере", "As the browser says"), false),
    ];
    html! {
        section.card aria-labelledby="language" {
            h2 #language { (visit.t("Язык", "Language")) }
            form method="post" action="/settings/language" {
                (visit.csrf())
                div.short { (Select::new("language", visit.t("Язык этих страниц — только для вас", "The language of these pages, for you alone"), choices)) }
                (submit(visit.t("Сохранить", "Save")))
            }
        }
    }
}

fn choose_language(visit: &Visit<'_>, admin: &Operator, form: &Form) -> Answer {
    let chosen = Language::from_code(form.text("language"));
    visit
        .site
        .store
        .set_language(admin.account(), chosen.map(Language::code))?;
    let mut response = security::see_other("/settings");
    let cookie = match chosen {
        Some(language) => session::language_cookie(language),
        None => session::no_language_cookie(),
    };
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// The number in a path; nothing is found by anything else.
fn number(visit: &Visit<'_>) -> Result<i64, Problem> {
    visit.param("id").parse().map_err(|_| Problem::NotFound)
}
