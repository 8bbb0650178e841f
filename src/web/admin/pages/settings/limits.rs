//! How long requests are kept, how fast the portal may be called, and where phones without a country are from.

use maud::{Markup, html};

use super::with_form;
use crate::deliver::{Preferences, USUAL_COUNTRY, USUAL_PROFILE};
use crate::throttle::Profile;
use crate::values;
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::session::Operator;
use crate::web::admin::view::{Choice, Choices, Input, submit};
use crate::web::admin::visit::{Answer, Problem, Visit};

/// A hundred years.
const MOST_DAYS: u32 = 36_500;
/// Far above what any portal answers.
const MOST_A_SECOND: u32 = 1_000;
/// Suggested; any other country can be typed.
const COUNTRIES: [(&str, &str, &str); 11] = [
    ("RU", "Россия", "Russia"),
    ("BY", "Беларусь", "Belarus"),
    ("KZ", "Казахстан", "Kazakhstan"),
    ("UZ", "Узбекистан", "Uzbekistan"),
    ("KG", "Кыргызстан", "Kyrgyzstan"),
    ("TJ", "Таджикистан", "Tajikistan"),
    ("AM", "Армения", "Armenia"),
    ("AZ", "Азербайджан", "Azerbaijan"),
    ("GE", "Грузия", "Georgia"),
    ("MD", "Молдова", "Moldova"),
    ("UA", "Украина", "Ukraine"),
];

pub fn keeping_card(visit: &Visit<'_>, form: &Form, errors: &Errors) -> Result<Markup, Problem> {
    let kept = Preferences::read(&visit.site.store)?.keep_days.to_string();
    Ok(html! {
        section.card aria-labelledby="keeping" {
            h2 #keeping { (visit.t("Хранение запросов", "Keeping requests")) }
            p.about { (visit.t("Сам запрос — имена, телефоны, всё, что прислал сайт — удаляется через столько дней после получения. В журнале остаются строка, краткое содержание и результат. Необработанные запросы не трогаются; доставить удалённый заново нельзя.", "The request itself, with names, phones and all that the website sent, is removed so many days after it arrived. The line in the inbox, its summary and the result stay. What is not delivered yet is not touched; what was removed cannot be delivered again.")) }
            form method="post" action="/settings/keeping" {
                (visit.csrf())
                div.short { (Input::of("number", "keep_days", visit.t("Хранить тело запроса, дней", "Keep the body of a request, days"))
                    .value(form.get("keep_days").unwrap_or(&kept)).required().errors(errors)
                    .hint(visit.t("0 — хранить всегда.", "0 keeps it for ever."))) }
                (submit(visit.t("Сохранить", "Save")))
            }
        }
    })
}

pub fn set_keeping(visit: &Visit<'_>, admin: &Operator, form: &Form) -> Answer {
    let days = form
        .text("keep_days")
        .parse::<u32>()
        .ok()
        .filter(|days| *days <= MOST_DAYS);
    let Some(keep_days) = days else {
        let mut errors = Errors::default();
        errors.add(
            "keep_days",
            visit.t(
                format!("Введите число дней от 0 до {MOST_DAYS}."),
                format!("Enter a number of days from 0 to {MOST_DAYS}."),
            ),
        );
        return with_form(visit, admin, form, &errors);
    };
    let preferences = Preferences {
        keep_days,
        ..Preferences::read(&visit.site.store)?
    };
    preferences.keep(&visit.site.store)?;
    let text = match keep_days {
        0 => visit.t(
            "Запросы хранятся всегда.".to_owned(),
            "Requests are kept for ever.".to_owned(),
        ),
        days => visit.t(
            format!("Сохранено. Тела запросов хранятся, дней: {days}; более старые удаляются сейчас."),
            format!("Saved. Bodies of requests are kept for {days} days; older ones are being removed."),
        ),
    };
    visit.done("/settings", text)
}

pub fn limits_card(visit: &Visit<'_>, form: &Form, errors: &Errors) -> Result<Markup, Problem> {
    let preferences = Preferences::read(&visit.site.store)?;
    let given = visit.site.engine.given();
    Ok(html! {
        section.card aria-labelledby="limits" {
            h2 #limits { (visit.t("Портал и телефоны", "Portal and phones")) }
            form method="post" action="/settings/limits" {
                (visit.csrf())
                (profile_fields(visit, form, errors, &preferences))
                (country_field(visit, form, errors, &preferences))
                @if given.profile.is_none() || given.country.is_none() { (submit(visit.t("Сохранить", "Save"))) }
            }
        }
    })
}

fn profile_fields(visit: &Visit<'_>, form: &Form, errors: &Errors, preferences: &Preferences) -> Markup {
    let given = visit.site.engine.given();
    let profile = given.profile(preferences);
    let (kept, kept_rate) = match profile {
        Profile::Box { per_second } => ("box", per_second.map(|n| n.to_string()).unwrap_or_default()),
        Profile::Cloud => ("cloud", String::new()),
        Profile::Enterprise => ("enterprise", String::new()),
    };
    let chosen = form.get("profile").unwrap_or(kept);
    let choice = |value: &str, label: &str, hint: &str| Choice::new(value, label, chosen == value).hint(hint);
    let choices = vec![
        choice(
            "box",
            visit.t("Коробочный Битрикс24", "Self-hosted Bitrix24"),
            visit.t(
                "Своих ограничений нет; можно задать их ниже.",
                "No limit of its own; one can be set below.",
            ),
        ),
        choice(
            "cloud",
            visit.t("Облачный Битрикс24", "Bitrix24 in the cloud"),
            visit.t("2 запроса в секунду.", "2 requests a second."),
        ),
        choice(
            "enterprise",
            visit.t("Облачный, тариф «Энтерпрайз»", "In the cloud, Enterprise plan"),
            visit.t("5 запросов в секунду.", "5 requests a second."),
        ),
    ];
    let is_given = given.profile.is_some();
    let mut kinds = Choices::one(
        "profile",
        visit.t("Какой у вас портал", "Which portal you have"),
        choices,
    )
    .disabled(is_given)
    .errors(errors);
    if is_given {
        kinds = kinds.hint(said_at_start(visit, "--portal-profile, --portal-rate"));
    }
    html! {
        (kinds)
        div.short data-when=[(!is_given).then_some("profile=box")] {
            (Input::of("number", "rate", visit.t("Не больше запросов в секунду", "Requests a second at most"))
                .value(form.get("rate").unwrap_or(&kept_rate)).disabled(is_given).errors(errors)
                .hint(visit.t("Только для коробки. Пусто — без ограничения.", "For a self-hosted portal only. Empty: no limit.")))
        }
    }
}

fn country_field(visit: &Visit<'_>, form: &Form, errors: &Errors, preferences: &Preferences) -> Markup {
    let given = visit.site.engine.given();
    let is_given = given.country.is_some();
    let kept = given.country(preferences);
    let field = Input::text(
        "country",
        visit.t("Страна телефонов без кода", "Country of phones without a code"),
    )
    .value(form.get("country").unwrap_or(&kept))
    .list("countries")
    .max(2)
    .disabled(is_given)
    .errors(errors);
    html! {
        div.short {
        @if is_given {
            (field.hint(said_at_start(visit, "--phone-country")))
        } @else {
            (field.required().hint(visit.t("Две буквы: RU, BY, KZ. «8 (471) 277-31-20» станет «+74712773120».", "Two letters: RU, BY, KZ. “8 (471) 277-31-20” becomes “+74712773120”.")))
        }
        }
        datalist #countries {
            @for (code, ru, en) in COUNTRIES { option value=(code) { (visit.t(ru, en)) } }
        }
    }
}

fn said_at_start(visit: &Visit<'_>, flags: &str) -> Markup {
    html! { (visit.t("Задано при запуске моста и здесь не меняется: ", "Said when the bridge was started, and not changed here: ")) code { (flags) } }
}

pub fn set_limits(visit: &Visit<'_>, admin: &Operator, form: &Form) -> Answer {
    let given = visit.site.engine.given();
    let mut errors = Errors::default();
    let mut preferences = Preferences::read(&visit.site.store)?;
    // What was said at start is not on the form; what was chosen before stays for the day it is not said any more.
    if given.profile.is_none() {
        preferences.profile =
            read_profile(visit, form, &mut errors).filter(|profile| *profile != USUAL_PROFILE);
    }
    if given.country.is_none() {
        let code = form.text("country").to_ascii_uppercase();
        if !values::knows_country(&code) {
            errors.add(
                "country",
                visit.t(
                    "Такой страны нет. Введите две латинские буквы: RU, BY, KZ.",
                    "There is no such country. Enter two letters: RU, BY, KZ.",
                ),
            );
        }
        preferences.phone_country = Some(code).filter(|code| code != USUAL_COUNTRY);
    }
    if !errors.is_empty() {
        return with_form(visit, admin, form, &errors);
    }
    preferences.keep(&visit.site.store)?;
    visit.site.engine.look_again();
    visit.done(
        "/settings",
        visit.t("Сохранено и уже действует.", "Saved, and in force."),
    )
}

fn read_profile(visit: &Visit<'_>, form: &Form, errors: &mut Errors) -> Option<Profile> {
    match form.text("profile") {
        "box" => {
            let text = form.text("rate");
            let rate = text
                .parse::<u32>()
                .ok()
                .filter(|n| (1..=MOST_A_SECOND).contains(n));
            if rate.is_none() && !text.is_empty() {
                errors.add(
                    "rate",
                    visit.t(
                        format!("Введите число от 1 до {MOST_A_SECOND} или оставьте пустым."),
                        format!("Enter a number from 1 to {MOST_A_SECOND}, or leave it empty."),
                    ),
                );
            }
            Some(Profile::Box { per_second: rate })
        }
        "cloud" => Some(Profile::Cloud),
        "enterprise" => Some(Profile::Enterprise),
        _ => {
            errors.add(
                "profile",
                visit.t("Выберите, какой у вас портал.", "Choose what portal you have."),
            );
            None
        }
    }
}
