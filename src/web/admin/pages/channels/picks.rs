//! What the portal offers, as people choose it in the form: written `Title (CODE)`, so that a list that suggests and
//! one line of text are enough, with a script or without.

use maud::{Markup, html};

use crate::model::{Catalog, Entity, Field, FieldKind, Fields, Of, Stage, User};
use crate::web::visitor::Language;

/// How much of a title from the portal is shown, in characters.
const TITLE: usize = 80;

/// A text in one line, cut to `most` characters.
pub fn clip(text: &str, most: usize) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// What is offered under a title and a code.
fn written(title: &str, code: impl std::fmt::Display) -> String {
    let title = clip(title, TITLE);
    if title.is_empty() {
        code.to_string()
    } else {
        format!("{title} ({code})")
    }
}

/// What stands in the brackets at the end.
fn in_brackets(text: &str) -> Option<&str> {
    let (_, code) = text.strip_suffix(')')?.rsplit_once('(')?;
    Some(code.trim())
}

/// A field's code as it is shown: with its title when the portal knows it.
pub fn field_text(code: &str, fields: Option<&Fields>) -> String {
    match fields.and_then(|fields| fields.get(code)) {
        Some(field) => written(&field.title, code),
        None => code.to_owned(),
    }
}

/// The field that was meant: `Title (CODE)`, the code in any case, or the title alone when only one field has it.
/// What is none of these stays as typed.
pub fn field_code(typed: &str, fields: Option<&Fields>) -> String {
    let typed = typed.trim();
    let code = in_brackets(typed);
    let Some(fields) = fields else {
        return code.filter(|code| is_code(code)).unwrap_or(typed).to_owned();
    };
    let upper = typed.to_ascii_uppercase();
    for candidate in [code, Some(typed), Some(upper.as_str())].into_iter().flatten() {
        if fields.contains_key(candidate) {
            return candidate.to_owned();
        }
    }
    let title = typed.to_lowercase();
    let mut titled = fields
        .values()
        .filter(|field| field.title.trim().to_lowercase() == title);
    match (titled.next(), titled.next()) {
        (Some(field), None) => field.name.clone(),
        _ => code.filter(|code| is_code(code)).unwrap_or(typed).to_owned(),
    }
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// What the bridge fills itself, or takes from another setting. The first by which it is known applies.
pub fn is_taken(of: Of, code: &str) -> bool {
    let own = of != Of::Contact;
    match code {
        "ID" | "ORIGINATOR_ID" | "ORIGIN_ID" => true,
        "CATEGORY_ID" | "CONTACT_ID" | "CONTACT_IDS" => own,
        "STATUS_ID" => of == Of::Lead,
        "STAGE_ID" => of == Of::Deal,
        _ => false,
    }
}

/// Suggestions for a field, by title; those that cannot be filled are left out.
pub fn field_list(id: &str, of: Of, catalog: &Catalog, lang: Language) -> Markup {
    let fields = catalog.fields(of).values();
    let mut fields: Vec<&Field> = fields
        .filter(|field| !field.read_only && !is_taken(of, &field.name))
        .collect();
    fields.sort_by_cached_key(|field| (field.title.to_lowercase(), field.name.clone()));
    html! {
        datalist id=(id) {
            @for field in fields { option value=(written(&field.title, &field.name)) { (kind_text(field, lang)) } }
        }
    }
}

/// The type of a field in people's words.
pub fn kind_text(field: &Field, lang: Language) -> String {
    let kind = match field.kind {
        FieldKind::Text => lang.t("строка", "text"),
        FieldKind::Integer => lang.t("целое число", "whole number"),
        FieldKind::Double => lang.t("число", "number"),
        FieldKind::Money => lang.t("деньги", "money"),
        FieldKind::Boolean | FieldKind::Char => lang.t("да или нет", "yes or no"),
        FieldKind::Date => lang.t("дата", "date"),
        FieldKind::DateTime => lang.t("дата и время", "date and time"),
        FieldKind::Enumeration => lang.t("список", "list"),
        FieldKind::Status => lang.t("справочник", "reference book"),
        FieldKind::Currency => lang.t("валюта", "currency"),
        FieldKind::User => lang.t("сотрудник", "user"),
        FieldKind::Multifield => lang.t("контактные данные", "contact data"),
        FieldKind::File => lang.t("файл", "file"),
        FieldKind::Url => lang.t("ссылка", "link"),
        FieldKind::Address => lang.t("адрес", "address"),
        FieldKind::Other => return clip(&field.type_name, TITLE),
    };
    let mut text = kind.to_owned();
    if field.multiple && field.kind != FieldKind::Multifield {
        text.push_str(lang.t(", несколько значений", ", several values"));
    }
    if field.required {
        text.push_str(lang.t(", обязательное", ", required"));
    }
    text
}

pub fn user_text(id: u64, catalog: Option<&Catalog>) -> String {
    match catalog.and_then(|catalog| catalog.users.iter().find(|user| user.id == id)) {
        Some(user) => written(user_name(user), id),
        None => id.to_string(),
    }
}

fn user_name(user: &User) -> &str {
    if user.name.trim().is_empty() {
        &user.email
    } else {
        &user.name
    }
}

/// Why nobody can be responsible by what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoUser {
    Unknown,
    /// Several are called so.
    Ambiguous,
    Inactive,
}

/// The user that was meant: `Name (number)`, a number, or a name or e-mail that only one has.
pub fn user_id(typed: &str, catalog: Option<&Catalog>) -> Result<u64, NoUser> {
    let typed = typed.trim();
    let number = in_brackets(typed).unwrap_or(typed).parse::<u64>().ok();
    let Some(catalog) = catalog else {
        return number.filter(|id| *id > 0).ok_or(NoUser::Unknown);
    };
    let named = |user: &&User| {
        let is = |text: &str| text.trim().to_lowercase() == typed.to_lowercase();
        is(&user.name) || is(&user.email)
    };
    let users = catalog.users.iter();
    let mut found = match number {
        Some(id) => users.filter(|user| user.id == id).collect::<Vec<_>>(),
        None => users.filter(named).collect(),
    };
    if found.len() > 1 {
        found.retain(|user| user.active);
    }
    match found.as_slice() {
        [] => Err(NoUser::Unknown),
        [user] if !user.active => Err(NoUser::Inactive),
        [user] => Ok(user.id),
        _ => Err(NoUser::Ambiguous),
    }
}

/// Suggestions for the responsible user.
pub fn user_list(id: &str, catalog: &Catalog) -> Markup {
    let mut users: Vec<&User> = catalog.users.iter().filter(|user| user.active).collect();
    users.sort_by_cached_key(|user| user_name(user).to_lowercase());
    html! {
        datalist id=(id) {
            @for user in users { option value=(written(user_name(user), user.id)) { (clip(&user.email, TITLE)) } }
        }
    }
}

/// The stages of an entity in the portal's order; of one pipeline, or of all.
pub fn stages(catalog: &Catalog, entity: Entity, category: Option<u64>) -> Vec<&Stage> {
    let all = match entity {
        Entity::Lead => &catalog.lead_stages,
        Entity::Deal => &catalog.deal_stages,
    };
    let mut stages: Vec<&Stage> = all
        .iter()
        .filter(|stage| category.is_none_or(|category| stage.category_id == category))
        .collect();
    stages.sort_by_key(|stage| stage.sort);
    stages
}

/// The pipelines of deals, the general one first.
pub fn pipelines(catalog: &Catalog) -> Vec<(u64, String)> {
    let mut all: Vec<(u64, String)> = catalog
        .categories
        .iter()
        .map(|(id, name)| (*id, clip(name, TITLE)))
        .collect();
    if all.is_empty() {
        all.push((0, String::new()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::testing::catalog;
    use super::*;

    #[test]
    fn fields_are_found_as_people_write_them() {
        let catalog = catalog();
        let deal = Some(&catalog.deal);
        for (typed, expected) in [
            ("Сумма (OPPORTUNITY)", "OPPORTUNITY"),
            (" opportunity ", "OPPORTUNITY"),
            ("сумма", "OPPORTUNITY"),
            ("Renamed since (OPPORTUNITY)", "OPPORTUNITY"),
            ("Gone (UF_CRM_GONE)", "UF_CRM_GONE"),
            ("Двойник", "Двойник"),
            ("(x)", "(x)"),
            ("", ""),
        ] {
            assert_eq!(field_code(typed, deal), expected, "{typed}");
        }
        for (typed, expected) in [
            ("Сумма (OPPORTUNITY)", "OPPORTUNITY"),
            ("TITLE", "TITLE"),
            ("Сумма (в рублях)", "Сумма (в рублях)"),
        ] {
            assert_eq!(field_code(typed, None), expected, "{typed}");
        }
        for code in catalog.deal.keys() {
            assert_eq!(field_code(&field_text(code, deal), deal), *code);
        }
    }

    #[test]
    fn users_are_found_as_people_write_them() {
        let catalog = catalog();
        let catalog = Some(&catalog);
        for (typed, expected) in [
            ("Анна Петрова (1)", Ok(1)),
            ("1", Ok(1)),
            ("анна петрова", Ok(1)),
            ("anna@portal.example", Ok(1)),
            ("Иван Тёзка", Err(NoUser::Ambiguous)),
            ("Иван Тёзка (3)", Ok(3)),
            ("Уволенный (9)", Err(NoUser::Inactive)),
            ("77", Err(NoUser::Unknown)),
            ("0", Err(NoUser::Unknown)),
            ("Никто", Err(NoUser::Unknown)),
        ] {
            assert_eq!(user_id(typed, catalog), expected, "{typed}");
        }
        assert_eq!(user_id("77", None), Ok(77));
        assert_eq!(user_id("Анна", None), Err(NoUser::Unknown));
    }
}
