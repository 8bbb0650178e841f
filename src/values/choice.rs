//! Fields with a fixed choice: list items, reference books, stages, pipelines, users, yes and no.

use super::bad::one_of;
use super::fold::{fold, same};
use super::{BadValue, Context};
use crate::model::{Catalog, Field, FieldKind, Stage, User};

const YES: [&str; 14] = [
    "y",
    "yes",
    "1",
    "true",
    "on",
    "t",
    "+",
    "да",
    "д",
    "истина",
    "вкл",
    "checked",
    "есть",
    "✓",
];
const NO: [&str; 12] = [
    "n",
    "no",
    "0",
    "false",
    "off",
    "f",
    "-",
    "нет",
    "н",
    "ложь",
    "выкл",
    "unchecked",
];

/// `1`/`0` in user fields, `Y`/`N` in the portal's own.
// b24: api-reference/data-types.md
pub(super) fn boolean(field: &Field, text: &str) -> Result<String, BadValue> {
    let word = fold(text);
    let yes = match word.as_str() {
        word if YES.contains(&word) => true,
        word if NO.contains(&word) => false,
        _ => {
            let expected = "it takes yes or no (да/нет, 1/0, true/false, on/off, Y/N); correct the form or the channel's row";
            return Err(BadValue::new(field, text, expected));
        }
    };
    let is_user_field = field.kind == FieldKind::Boolean && field.name.starts_with("UF_");
    Ok(match (is_user_field, yes) {
        (true, true) => "1",
        (true, false) => "0",
        (false, true) => "Y",
        (false, false) => "N",
    }
    .to_owned())
}

/// By id, else by label. `choices` are pairs of id and label.
fn pick<'a>(choices: &[(&'a str, &'a str)], text: &str) -> Option<&'a str> {
    let typed = text.trim();
    let by_id = |(id, _): &&(&str, &str)| *id == typed;
    let by_id_in_any_case = |(id, _): &&(&str, &str)| id.eq_ignore_ascii_case(typed);
    let by_label = |(_, label): &&(&str, &str)| same(label, typed);
    let found = choices
        .iter()
        .find(by_id)
        .or_else(|| choices.iter().find(by_id_in_any_case))
        .or_else(|| choices.iter().find(by_label));
    found.map(|(id, _)| *id)
}

fn not_offered(field: &Field, text: &str, choices: &[(&str, &str)]) -> BadValue {
    let expected = if choices.is_empty() {
        "the portal offers no values for it; add some there or take the row out of the channel".to_owned()
    } else {
        let labels = one_of(choices.iter().map(|(_, label)| *label));
        format!("it takes {labels}; correct the form or add the value in the portal")
    };
    BadValue::new(field, text, expected).perhaps_stale()
}

pub(super) fn enumeration(field: &Field, text: &str) -> Result<String, BadValue> {
    let choices = items(field);
    match pick(&choices, text) {
        Some(id) => Ok(id.to_owned()),
        None if choices.is_empty() && is_number(text) => Ok(text.trim().to_owned()),
        None => Err(not_offered(field, text, &choices)),
    }
}

fn items(field: &Field) -> Vec<(&str, &str)> {
    field
        .items
        .iter()
        .map(|item| (item.id.as_str(), item.label.as_str()))
        .collect()
}

/// A reference book's value. STAGE_ID and STATUS_ID are the stages of deals and leads.
// b24: api-reference/crm/status/crm-status-list.md
pub(super) fn status(field: &Field, text: &str, ctx: &Context) -> Result<String, BadValue> {
    let stages: Vec<&Stage> = match field.name.as_str() {
        "STAGE_ID" => ctx
            .catalog
            .deal_stages
            .iter()
            .filter(|s| ctx.category_id.is_none_or(|c| c == s.category_id))
            .collect(),
        "STATUS_ID" => ctx.catalog.lead_stages.iter().collect(),
        _ => Vec::new(),
    };
    let choices: Vec<(&str, &str)> = if stages.is_empty() {
        items(field)
    } else {
        stages.iter().map(|s| (s.id.as_str(), s.name.as_str())).collect()
    };
    if let Some(id) = pick(&choices, text) {
        return Ok(id.to_owned());
    }
    // `NEW` is written `C3:NEW` in pipeline 3.
    if let (Some(category), "STAGE_ID") = (ctx.category_id, field.name.as_str())
        && let Some(id) = pick(&choices, &format!("C{category}:{}", text.trim()))
    {
        return Ok(id.to_owned());
    }
    let typed = text.trim();
    let looks_like_id = !typed.is_empty()
        && typed
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-'));
    if choices.is_empty() && looks_like_id {
        return Ok(typed.to_owned());
    }
    Err(not_offered(field, text, &choices))
}

/// The pipeline by number or name.
// b24: api-reference/crm/universal/category/crm-category-list.md
pub(super) fn category(field: &Field, text: &str, catalog: &Catalog) -> Result<String, BadValue> {
    if catalog.categories.is_empty() {
        return Ok(text.trim().to_owned());
    }
    let ids: Vec<String> = catalog.categories.keys().map(u64::to_string).collect();
    let choices: Vec<(&str, &str)> = ids
        .iter()
        .map(String::as_str)
        .zip(catalog.categories.values().map(String::as_str))
        .collect();
    pick(&choices, text)
        .map(str::to_owned)
        .ok_or_else(|| not_offered(field, text, &choices))
}

/// A user by number, e-mail, or first and last name in either order. A number names whom it names;
/// names and addresses find only those who still work there, and only when they fit one.
pub(super) fn user(field: &Field, text: &str, catalog: &Catalog) -> Result<String, BadValue> {
    let typed = fold(text);
    if is_number(&typed) {
        let known = catalog.users.is_empty() || catalog.users.iter().any(|user| user.id.to_string() == typed);
        let expected = "no user of the portal has this number; correct the form or the channel's row";
        return if known {
            Ok(typed)
        } else {
            Err(BadValue::new(field, text, expected).perhaps_stale())
        };
    }
    let fits = |user: &&User| {
        if typed.contains('@') {
            fold(&user.email) == typed
        } else {
            sorted_words(&user.name) == sorted_words(&typed)
        }
    };
    let found: Vec<&User> = catalog.users.iter().filter(fits).collect();
    let active: Vec<&User> = found.iter().copied().filter(|user| user.active).collect();
    match (active.as_slice(), found.as_slice()) {
        ([user], _) => Ok(user.id.to_string()),
        ([], []) => {
            let expected = "it takes a user by number, e-mail or full name, and no user of the portal is called so; correct the form or the channel's row";
            Err(BadValue::new(field, text, expected).perhaps_stale())
        }
        ([], _) => Err(BadValue::new(
            field,
            text,
            "this user is dismissed in the portal; name another one",
        )
        .perhaps_stale()),
        (several, _) => {
            let ids: Vec<String> = several.iter().map(|user| user.id.to_string()).collect();
            let expected = format!(
                "it fits several users ({}); name the one you mean by number or e-mail",
                ids.join(", ")
            );
            Err(BadValue::new(field, text, expected))
        }
    }
}

fn sorted_words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut words: Vec<String> = folded
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.sort();
    words
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}
