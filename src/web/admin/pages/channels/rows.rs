//! The mappings as rows of the form, and beside them what the website sends.

use maud::{Markup, html};

use super::draft::{Row, control, prefix};
use super::picks::{clip, field_list, kind_text};
use super::samples::{self, BUILT_IN, Seen, Shown};
use super::sheet::Sheet;
use super::warnings;
use crate::model::{Of, Submission};
use crate::web::admin::view::{Choice, Input, Select};

/// How much of a name is shown; more is in the tip.
const NAME: usize = 60;
/// How much of a field's type is shown.
const KIND: usize = 60;
/// How many of the forms that are searched for are shown.
const SEARCHED: usize = 6;

/// The whole part of the form: rows on the left, fields of the requests on the right.
pub fn mappings(sheet: &Sheet<'_>) -> Markup {
    html! {
        div.mapping #mappings {
            div.mapping-rows {
                (preview_bar(sheet))
                (group(sheet, Of::Contact, sheet.t("Контакт", "Contact"), ""))
                (group(sheet, Of::Lead, sheet.t("Лид", "Lead"), "for-lead"))
                (group(sheet, Of::Deal, sheet.t("Сделка", "Deal"), "for-deal"))
                @if let Some(warning) = warnings::of_channel(sheet.channel, sheet.judge.lang) {
                    p.row-note.warn.for-search { (warning) }
                }
            }
            aside.seen aria-labelledby="seen" { (seen(sheet)) }
        }
    }
}

fn list_id(of: Of) -> String {
    format!("{}-fields", prefix(of))
}

fn group(sheet: &Sheet<'_>, of: Of, title: &str, class: &str) -> Markup {
    let id = format!("{}-rows", prefix(of));
    html! {
        section.mapping-group.(class) data-rows aria-labelledby=(id) {
            h3 id=(id) { (title) }
            @if let Some(catalog) = sheet.judge.catalog { (field_list(&list_id(of), of, catalog, sheet.judge.lang)) }
            div data-row-list {
                @for row in sheet.draft.rows(of) { (show_row(sheet, of, row)) }
            }
            button type="submit" name="action" value={ "add." (prefix(of)) } formaction=(sheet.here()) data-row-add {
                (sheet.t("Добавить строку", "Add a row"))
            }
            template data-row-new { (controls(sheet, of, "__N__", &Row::default(), Markup::default())) }
        }
    }
}

fn show_row(sheet: &Sheet<'_>, of: Of, row: &Row) -> Markup {
    let mapping = sheet.judge.mapping(of, row);
    let catalog = sheet.judge.catalog;
    let field = catalog.and_then(|catalog| catalog.fields(of).get(&mapping.field));
    // What is told beside the field need not be told twice.
    let is_told = ["field", "value"].map(|part| sheet.errors.of(&control(of, row.key, part)).is_some());
    let shown = match sheet.chosen {
        Some(_) if row.is_blank() || is_told.contains(&true) => None,
        Some(request) => Some(sheet.judge.show(&mapping, sheet.channel, request)),
        None => None,
    };
    let below = html! {
        @if let Some(field) = field { p.row-kind { (clip(&kind_text(field, sheet.judge.lang), KIND)) } }
        @if let Some(shown) = shown { (value(sheet, &shown)) }
        @if let Some(warning) = warnings::of_search(&mapping, catalog, sheet.judge.lang) { p.row-note.warn { (warning) } }
    };
    controls(sheet, of, row.key, row, below)
}

/// What a mapping makes of the request that was chosen.
fn value(sheet: &Sheet<'_>, shown: &Shown) -> Markup {
    html! {
        @match shown {
            Shown::Nothing => p.row-note.faint { (sheet.t("В запросе пусто — поле не изменится", "Empty in the request: the field is left alone")) },
            Shown::Bad(reason) => p.row-note.bad { (reason) },
            Shown::Value { text, searched } => {
                p.row-note { span.hidden { (sheet.t("Получится: ", "Comes to: ")) } "→ " span.row-value { (text) } }
                @if searched.len() > 1 {
                    p.row-note.faint {
                        (sheet.t("Поиск: ", "Searched: "))
                        (searched.iter().take(SEARCHED).map(|text| clip(text, NAME)).collect::<Vec<_>>().join(", "))
                        @if searched.len() > SEARCHED { "…" }
                    }
                }
            }
        }
    }
}

fn controls(
    sheet: &Sheet<'_>,
    of: Of,
    key: impl std::fmt::Display + Copy,
    row: &Row,
    below: Markup,
) -> Markup {
    let name = |part: &str| control(of, key, part);
    let mut field = Input::text(&name("field"), sheet.t("Поле", "Field"))
        .value(&row.field)
        .placeholder(sheet.t("Поле", "Field"))
        .hide_label()
        .errors(sheet.errors);
    if sheet.judge.catalog.is_some() {
        field = field.list(list_id(of));
    }
    let template = Input::text(&name("value"), sheet.t("Значение", "Value"))
        .value(&row.value)
        .placeholder(sheet.t("{имя_поля} или текст", "{field} or text"))
        .hide_label()
        .takes_inserts()
        .errors(sheet.errors);
    html! {
        div.mapping-row data-row=(key) {
            (field)
            span.arrow aria-hidden="true" { "←" }
            (template)
            label.choice.search-flag {
                input type="checkbox" name=(name("search")) value="on" checked[row.search];
                span { (sheet.t("Поиск", "Search")) }
            }
            button.quiet type="submit" name="action" value={ "remove." (prefix(of)) "." (key) } formaction=(sheet.here())
                data-row-remove title=(sheet.t("Удалить строку", "Remove the row")) aria-label=(sheet.t("Удалить строку", "Remove the row")) { "✕" }
            div.row-below { (below) }
        }
    }
}

/// Which request the values are shown of.
fn preview_bar(sheet: &Sheet<'_>) -> Markup {
    let Some(chosen) = sheet.chosen else {
        return Markup::default();
    };
    let choices = sheet
        .submissions
        .iter()
        .map(|request| {
            let words = format!(
                "{} · {}",
                sheet.judge.lang.moment(request.received_at, sheet.visit.zone()),
                gist(request)
            );
            Choice::new(request.id.to_string(), words, request.id == chosen.id)
        })
        .collect();
    html! {
        div.preview-bar {
            (Select::new("sample", sheet.t("Показать на примере запроса", "Show with this request"), choices))
            button type="submit" name="action" value="preview" formaction=(sheet.here()) { (sheet.t("Показать", "Show")) }
        }
    }
}

/// The first values of a request: enough to know it by.
fn gist(request: &Submission) -> String {
    let seen = samples::fields(std::slice::from_ref(request));
    let values: Vec<String> = seen.into_iter().map(|seen| seen.sample).collect();
    let values = values.into_iter().filter(|value| !value.is_empty()).take(3);
    clip(&values.collect::<Vec<_>>().join(", "), NAME)
}

fn seen(sheet: &Sheet<'_>) -> Markup {
    let all = samples::fields(sheet.submissions);
    html! {
        h3 #seen { (sheet.t("Поля запросов", "Fields of the requests")) }
        @if all.is_empty() {
            p.hint { (sheet.t(
                "Запросов ещё не было. Отправьте первый на адрес канала — его поля появятся здесь.",
                "There were no requests yet. Send one to the channel's address, and its fields appear here.",
            )) }
        } @else {
            p.hint { (sheet.t(
                "Из последних запросов. Поставьте курсор в значение и нажмите на поле.",
                "From the latest requests. Put the cursor into a value and press a field.",
            )) }
            ul.seen-list { @for one in &all { (field(one)) } }
        }
        details {
            summary { (sheet.t("Есть в каждом запросе", "Every request has")) }
            ul.seen-list {
                @for (built_in, about) in BUILT_IN {
                    (placeholder(built_in.as_str(), sheet.judge.lang.of(about)))
                }
            }
        }
    }
}

fn field(seen: &Seen) -> Markup {
    html! {
        @if seen.is_placeholder { (placeholder(&seen.name, &seen.sample)) }
        @else { li { code { (clip(&seen.name, NAME)) } span.seen-sample { bdi { (seen.sample) } } } }
    }
}

/// The script shows the button, which inserts; without it the name is there to be copied.
fn placeholder(name: &str, sample: &str) -> Markup {
    let written = format!("{{{name}}}");
    html! {
        li {
            noscript { code { (written) } }
            button.insert type="button" hidden data-insert=(written) title=(written) { code { (clip(&written, NAME)) } }
            span.seen-sample { bdi { (sample) } }
        }
    }
}
