//! PHONE, EMAIL, WEB, IM: lists of `{VALUE, VALUE_TYPE}`, and which of them a record lacks.
// b24: api-reference/crm/data-types.md, api-reference/crm/contacts/crm-contact-update.md

use std::collections::BTreeSet;

use serde_json::Value;

use super::fold::{self, fold};
use super::phone::{self, Phone};
use super::{Input, phone_forms};
use crate::model::{Arg, Field};

/// `crm.duplicate.findbycomm` takes no more values in one call.
// b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md
const MOST_FORMS: usize = 20;

pub(super) fn convert(field: &Field, input: &Input, country: &str) -> Arg {
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for part in all_parts(&field.name, input, country) {
        let value = written(&field.name, &part, country);
        if seen.insert(key(&field.name, &value, country)) {
            let value_type = value_type(&field.name, &value);
            entries.push(Arg::Map(vec![
                ("VALUE".to_owned(), Arg::Text(value)),
                ("VALUE_TYPE".to_owned(), Arg::text(value_type)),
            ]));
        }
    }
    Arg::List(entries)
}

/// The forms of all values, the likeliest of each first, so that the limit cuts fairly.
pub(super) fn search_forms(field: &Field, input: &Input, country: &str) -> Vec<String> {
    let of_each: Vec<Vec<String>> = all_parts(&field.name, input, country)
        .iter()
        .map(|part| forms(&field.name, part, country))
        .collect();
    let longest = of_each.iter().map(Vec::len).max().unwrap_or(0);
    let mut all = Vec::new();
    for rank in 0..longest {
        for form in of_each.iter().filter_map(|forms| forms.get(rank)) {
            fold::push_new(&mut all, form.clone());
        }
    }
    all.truncate(MOST_FORMS);
    all
}

/// Of the entries that [`super::convert`] made (`wanted`), those that `existing` (what
/// `crm.contact.get` gives for the field) does not have yet in any notation. A number without an
/// extension is there when it is there with one; not the other way round.
pub fn lacking(field_name: &str, existing: &Value, wanted: &Arg, country: &str) -> Vec<Arg> {
    let mut present = BTreeSet::new();
    // PHP gives a list as a map when its keys have gaps, and a single entry may come bare.
    let mut pending: Vec<&Value> = vec![existing];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(entry) => match entry.get("VALUE") {
                Some(value) => pending.push(value),
                None => pending.extend(entry.values()),
            },
            Value::String(text) => {
                present.insert(key(field_name, text, country));
                present.insert(owner_key(field_name, text, country));
            }
            Value::Number(number) => {
                present.insert(key(field_name, &number.to_string(), country));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
    let Arg::List(entries) = wanted else {
        return Vec::new();
    };
    entries
        .iter()
        .filter(|entry| {
            value_of(entry).is_some_and(|text| !present.contains(&key(field_name, text, country)))
        })
        .cloned()
        .collect()
}

fn value_of(entry: &Arg) -> Option<&str> {
    let Arg::Map(pairs) = entry else { return None };
    pairs.iter().find_map(|(name, arg)| match arg {
        Arg::Text(text) if name == "VALUE" => Some(text.as_str()),
        _ => None,
    })
}

/// The single values of the input, each text taken apart.
pub(super) fn all_parts(field_name: &str, input: &Input, country: &str) -> Vec<String> {
    input
        .texts()
        .iter()
        .flat_map(|text| parts(field_name, text, country))
        .collect()
}

/// The values in one text: several when every part is a phone, or every part an e-mail address.
fn parts(field_name: &str, text: &str, country: &str) -> Vec<String> {
    let whole = || vec![text.trim().to_owned()];
    let split = |marks: &[char], fits: &dyn Fn(&str) -> bool| {
        let parts: Vec<&str> = text
            .split(marks)
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        let all_fit = !parts.is_empty() && parts.iter().all(|part| fits(part));
        all_fit.then(|| parts.into_iter().map(str::to_owned).collect())
    };
    match field_name {
        "PHONE" => {
            let is_phone = |part: &str| phone::parse_phone(part, country).is_some();
            if is_phone(text) {
                return whole();
            }
            split(&[',', ';', '|', '/', '\n'], &is_phone).unwrap_or_else(whole)
        }
        "EMAIL" => split(&[',', ';', '|', ' ', '\n', '\t'], &is_email).unwrap_or_else(whole),
        _ => whole(),
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.contains('@')
            && host.split('.').all(|label| !label.is_empty())
            && host.contains('.')
    })
}

/// As it goes into the portal.
fn written(field_name: &str, text: &str, country: &str) -> String {
    let text = text.trim();
    match field_name {
        "PHONE" => Phone::read(text, country).map_or_else(|| text.to_owned(), |phone| phone.written()),
        "EMAIL" => {
            let visible: String = text.chars().filter(|c| !fold::is_invisible(*c)).collect();
            let bare = visible.trim();
            match bare.get(..7) {
                Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
                    bare.get(7..).unwrap_or_default().to_owned()
                }
                _ => bare.to_owned(),
            }
        }
        _ => text.to_owned(),
    }
}

/// Equal for equal values in whatever notation; a phone's extension counts.
fn key(field_name: &str, text: &str, country: &str) -> String {
    match field_name {
        "PHONE" => match Phone::read(text, country) {
            Some(phone) => phone.written(),
            None => phone::bare_digits(text).unwrap_or_else(|| fold(text)),
        },
        "EMAIL" => fold(&written(field_name, text, country)),
        "IM" => match telegram_name(text) {
            Some(name) => format!("@{}", fold(name)),
            None => fold(without_scheme(text)),
        },
        "WEB" => fold(without_scheme(text)),
        _ => fold(text),
    }
}

/// Equal for equal owners: as [`key`], without a phone's extension.
pub(super) fn owner_key(field_name: &str, text: &str, country: &str) -> String {
    let from_phone = if field_name == "PHONE" {
        phone::parse_phone(text, country)
    } else {
        None
    };
    from_phone.unwrap_or_else(|| key(field_name, text, country))
}

fn forms(field_name: &str, text: &str, country: &str) -> Vec<String> {
    if field_name == "PHONE" {
        return phone_forms::notations(text, country);
    }
    let mut forms = vec![written(field_name, text, country)];
    let mut add = |form: String| fold::push_new(&mut forms, form);
    match field_name {
        "EMAIL" => {
            add(text.trim().to_owned());
            add(fold(&written(field_name, text, country)));
        }
        "IM" => {
            if let Some(name) = telegram_name(text) {
                add(format!("@{name}"));
                add(name.to_owned());
                add(format!("https://t.me/{name}"));
            }
        }
        "WEB" => {
            let bare = without_scheme(text);
            add(bare.to_owned());
            add(format!("https://{bare}"));
            add(format!("http://{bare}"));
        }
        _ => {}
    }
    forms
}

/// Which kind of phone, address or messenger it is, in the portal's words.
fn value_type(field_name: &str, value: &str) -> &'static str {
    match field_name {
        "PHONE" | "EMAIL" | "WEB" => "WORK",
        "IM" => {
            let lower = fold(value);
            let host = without_scheme(&lower).split('/').next().unwrap_or_default();
            if telegram_name(value).is_some() {
                "TELEGRAM"
            } else if matches!(host, "vk.com" | "vk.ru" | "m.vk.com") {
                "VK"
            } else if lower.starts_with("skype:") {
                "SKYPE"
            } else if lower.starts_with("viber:") {
                "VIBER"
            } else {
                "OTHER"
            }
        }
        _ => "OTHER",
    }
}

/// `@name`, `t.me/name`, `https://telegram.me/name`, `tg://resolve?domain=name`.
fn telegram_name(text: &str) -> Option<&str> {
    let text = text.trim();
    let bare = without_scheme(text);
    let name = text
        .strip_prefix('@')
        .or_else(|| bare.strip_prefix("t.me/"))
        .or_else(|| bare.strip_prefix("telegram.me/"))
        .or_else(|| text.strip_prefix("tg://resolve?domain="))?;
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then_some(name)
}

fn without_scheme(text: &str) -> &str {
    let text = text.trim();
    let bare = ["https://", "http://"]
        .iter()
        .find_map(|scheme| {
            let head = text.get(..scheme.len())?;
            head.eq_ignore_ascii_case(scheme)
                .then(|| text.get(scheme.len()..))
                .flatten()
        })
        .unwrap_or(text);
    bare.strip_suffix('/').unwrap_or(bare)
}
