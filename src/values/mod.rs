//! Values by CRM field type: what a website typed, in the form the portal takes.
//!
//! `convert` gives the argument for `fields[NAME]`, `search_forms` the values to look a record up by,
//! `person_keys` what two submissions of one person have in common, `lacking` the contact data that a
//! record does not hold yet. A value that does not fit is a [`BadValue`], never a guess.
//!
//! All pure: what the portal offers comes in with the [`Catalog`].

mod amount;
mod bad;
mod choice;
mod currency;
mod date;
mod file;
mod fold;
mod multifield;
mod phone;
mod phone_forms;
mod phone_text;
#[cfg(test)]
mod tests;

pub use amount::{Amount, parse_amount};
pub use bad::BadValue;
pub use multifield::lacking;
pub use phone::{Phone, knows_country, parse_phone};
pub use phone_text::phone_in_brief;

use crate::model::{Arg, Attachment, Catalog, Field, FieldKind};

/// What a conversion depends on besides the field and the value.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub catalog: &'a Catalog,
    /// ISO 3166 code (`RU`): how a phone without a country code is read.
    pub country: &'a str,
    /// The pipeline whose stages STAGE_ID may name; `None` takes the stages of all.
    pub category_id: Option<u64>,
    pub attachments: &'a [Attachment],
}

/// A rendered template. It holds something: an empty value is not sent at all, so nobody converts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input<'a> {
    pub text: Text<'a>,
    /// The dotted path, when the template was exactly one placeholder: by it a file is found.
    pub path: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text<'a> {
    One(&'a str),
    /// The template was one placeholder and its field a list.
    Many(&'a [String]),
}

impl<'a> Input<'a> {
    pub fn one(text: &'a str) -> Input<'a> {
        Input {
            text: Text::One(text),
            path: None,
        }
    }

    pub fn many(texts: &'a [String]) -> Input<'a> {
        Input {
            text: Text::Many(texts),
            path: None,
        }
    }

    /// The same value, taken from this path of the submission.
    pub fn at(self, path: &'a str) -> Input<'a> {
        Input {
            path: Some(path),
            ..self
        }
    }

    /// The single values, blank ones left out.
    fn texts(&self) -> Vec<&'a str> {
        let all: Vec<&str> = match self.text {
            Text::One(text) => vec![text],
            Text::Many(texts) => texts.iter().map(String::as_str).collect(),
        };
        all.into_iter().filter(|text| !text.trim().is_empty()).collect()
    }

    /// The value as one text, for a field that holds one.
    fn joined(&self) -> String {
        match self.text {
            Text::One(text) => text.to_owned(),
            Text::Many(_) => self.texts().join(", "),
        }
    }
}

/// The value as it goes into `fields[NAME]`.
pub fn convert(field: &Field, input: &Input, ctx: &Context) -> Result<Arg, BadValue> {
    if field.read_only {
        return Err(BadValue::new(
            field,
            &input.joined(),
            "the portal fills this field itself; take its row out of the channel",
        ));
    }
    match field.kind {
        FieldKind::File => file::convert(field, input, ctx),
        FieldKind::Multifield => Ok(multifield::convert(field, input, ctx.country)),
        _ if field.multiple => {
            let values = several(field, input, ctx)?;
            Ok(Arg::List(values.into_iter().map(Arg::Text).collect()))
        }
        _ => single(field, &input.joined(), ctx).map(Arg::Text),
    }
}

/// The values to look a record up by: any one of them counts as a match. The form that
/// [`convert`] writes is always among them.
pub fn search_forms(field: &Field, input: &Input, ctx: &Context) -> Result<Vec<String>, BadValue> {
    let written = match field.kind {
        FieldKind::File => {
            return Err(BadValue::new(
                field,
                &input.joined(),
                "the portal cannot search by a file; take the search flag off this row",
            ));
        }
        FieldKind::Multifield => return Ok(multifield::search_forms(field, input, ctx.country)),
        _ if field.multiple => several(field, input, ctx)?,
        _ => vec![single(field, &input.joined(), ctx)?],
    };
    let mut forms = Vec::new();
    for value in written {
        let variants = match field.kind {
            FieldKind::Money | FieldKind::Double => amount::variants(&value),
            FieldKind::Text | FieldKind::Url | FieldKind::Address | FieldKind::Other => {
                vec![value.trim().to_owned()]
            }
            _ => Vec::new(),
        };
        fold::push_new(&mut forms, value);
        for variant in variants {
            fold::push_new(&mut forms, variant);
        }
    }
    Ok(forms)
}

/// What equal persons have in common, canonical: phones in E.164, e-mails in lower case, anything
/// else trimmed and in lower case. Needs no catalogue; one key for each value that came.
pub fn person_keys(field_name: &str, input: &Input, country: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for part in multifield::all_parts(field_name, input, country) {
        fold::push_new(&mut keys, multifield::owner_key(field_name, &part, country));
    }
    keys
}

/// One value for a field that holds one, or for one place of a field that holds several.
fn single(field: &Field, text: &str, ctx: &Context) -> Result<String, BadValue> {
    let bad = |expected: &str| BadValue::new(field, text, expected);
    match field.kind {
        FieldKind::Text | FieldKind::Address => Ok(text.to_owned()),
        FieldKind::Url => Ok(text.trim().to_owned()),
        FieldKind::Integer => amount::integer(text)
            .ok_or_else(|| bad("it takes a whole number like 1500; correct the form or the channel's row")),
        FieldKind::Double => amount::number(field, text)
            .ok_or_else(|| bad("it takes a number like 3500.50 or 3\u{a0}500,50; correct the form or the channel's row")),
        FieldKind::Money => amount::money(field, text, ctx.catalog),
        FieldKind::Boolean | FieldKind::Char => choice::boolean(field, text),
        FieldKind::Date => date::date(text, ctx.country)
            .ok_or_else(|| bad("it takes a date like 2026-12-31 or 31.12.2026; correct the form or the channel's row")),
        FieldKind::DateTime => date::date_time(text, ctx.country).ok_or_else(|| {
            bad("it takes a date and time like 2026-12-31T10:00:00+03:00 or 31.12.2026 10:00; correct the form or the channel's row")
        }),
        FieldKind::Enumeration => choice::enumeration(field, text),
        FieldKind::Status => choice::status(field, text, ctx),
        FieldKind::Currency => currency::convert(field, text, ctx.catalog),
        FieldKind::User => choice::user(field, text, ctx.catalog),
        FieldKind::Other if field.name == "CATEGORY_ID" => choice::category(field, text, ctx.catalog),
        FieldKind::Other | FieldKind::Multifield | FieldKind::File => Ok(text.to_owned()),
    }
}

/// The values of a field that holds several. A text that is no value as a whole is tried as a list.
fn several(field: &Field, input: &Input, ctx: &Context) -> Result<Vec<String>, BadValue> {
    let mut values = Vec::new();
    for text in input.texts() {
        match single(field, text, ctx) {
            Ok(value) => fold::push_new(&mut values, value),
            Err(whole) => {
                let Some(parts) = as_list(field, text, ctx) else {
                    return Err(whole);
                };
                for part in parts {
                    fold::push_new(&mut values, part);
                }
            }
        }
    }
    if values.is_empty() {
        return Err(BadValue::new(
            field,
            &input.joined(),
            "nothing but blanks came for it; correct the form or the channel's row",
        ));
    }
    Ok(values)
}

/// `S, M, L` for a list field. Semicolons and lines part first: a comma may belong to a number.
fn as_list(field: &Field, text: &str, ctx: &Context) -> Option<Vec<String>> {
    [&[';', '\n'][..], &[',', ';', '\n'][..]]
        .into_iter()
        .find_map(|marks| {
            let parts: Vec<&str> = text
                .split(marks)
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            if parts.len() < 2 {
                return None;
            }
            parts
                .into_iter()
                .map(|part| single(field, part, ctx).ok())
                .collect()
        })
}
