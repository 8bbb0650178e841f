//! The channel's mappings, rendered with the submission's fields and converted for the portal's field types: what is
//! to stand in the portal, before anybody has looked what stands there.

use serde_json::Value;

use super::args::scalar;
use crate::model::{
    Arg, Attachment, Catalog, Channel, Entity, Field, FieldKind, Mapping, Of, Stage, Submission,
};
use crate::template::{self, Extras, Rendered, Template};
use crate::values::{self, BadValue, Context};

/// All that one submission wants written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    pub contact: RecordWanted,
    pub entity: RecordWanted,
    /// Search values in canonical form: submissions that share one are of one person and are delivered in the order
    /// of arrival.
    pub persons: Vec<String>,
}

/// One record's part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordWanted {
    /// Field and value, ready for `fields[…]`.
    pub plain: Vec<(String, Arg)>,
    /// PHONE, EMAIL, WEB, IM with their entries.
    pub multi: Vec<(String, Vec<Arg>)>,
    pub searches: Vec<Search>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// `crm.duplicate.findbycomm`.
    Phone,
    Email,
    /// A filter on the field.
    Field,
}

/// One search-flagged field with the values under which a record may hold it.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub field: String,
    pub by: By,
    pub values: Vec<String>,
    /// Tells searches of one field apart.
    pub part: usize,
}

impl Search {
    /// The field's name as part of a call's key.
    pub fn key(&self) -> String {
        let field = self.field.to_ascii_lowercase();
        match self.part {
            0 => field,
            part => format!("{field}_{}", part + 1),
        }
    }

    /// Whether a record's value is one of those searched for: however the portal writes numbers, dates and lists.
    pub fn matches(&self, held: &Value) -> bool {
        let held: Vec<String> = match held {
            Value::Array(items) => items
                .iter()
                .filter_map(|item| scalar(item.get("VALUE").unwrap_or(item)))
                .collect(),
            one => scalar(one).into_iter().collect(),
        };
        held.iter()
            .any(|held| self.values.iter().any(|wanted| same(held, wanted)))
    }
}

fn same(held: &str, wanted: &str) -> bool {
    let (held, wanted) = (held.trim(), wanted.trim());
    held.to_lowercase() == wanted.to_lowercase()
        // `3500` is written back as `3500.00`, `2026-12-31` as `2026-12-31T03:00:00+03:00`, `1` as `Y`.
        || matches!((held.parse::<f64>(), wanted.parse::<f64>()), (Ok(a), Ok(b)) if a == b && held.len() < 16 && wanted.len() < 16)
        || (wanted.len() == 10 && held.starts_with(wanted) && held.as_bytes().get(10) == Some(&b'T'))
        || matches!((held, wanted), ("Y", "1") | ("N", "0") | ("1", "Y") | ("0", "N"))
}

impl RecordWanted {
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.multi.is_empty()
    }

    /// Everything, as an add takes it.
    pub fn fields(&self) -> Vec<(String, Arg)> {
        let multi = self
            .multi
            .iter()
            .map(|(field, entries)| (field.clone(), Arg::List(entries.clone())));
        self.plain.iter().cloned().chain(multi).collect()
    }

    pub fn first_phone(&self) -> Option<String> {
        let (_, entries) = self.multi.iter().find(|(field, _)| field == "PHONE")?;
        let Some(Arg::Map(entry)) = entries.first() else {
            return None;
        };
        entry.iter().find_map(|(name, value)| match value {
            Arg::Text(text) if name == "VALUE" => Some(text.clone()),
            _ => None,
        })
    }
}

/// Why nothing can be sent.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unfit {
    #[error("the channel's template for {field} is broken: {reason}; mend the mapping, then deliver again")]
    Template { field: String, reason: String },
    #[error(
        "the portal has no field {field} for a {of}; choose another field in the channel, then deliver again"
    )]
    NoField { of: &'static str, field: String },
    #[error("{0}")]
    Value(BadValue),
    #[error(
        "the portal has no stage {stage} {place}; choose another stage in the channel, then deliver again"
    )]
    NoStage { stage: String, place: String },
    #[error(
        "the portal has no deal pipeline {0}; choose another pipeline in the channel, then deliver again"
    )]
    NoPipeline(u64),
}

impl Unfit {
    /// The portal may have changed since its catalogue was read: read it again before giving up.
    pub fn may_be_stale(&self) -> bool {
        match self {
            Unfit::Template { .. } => false,
            Unfit::NoField { .. } | Unfit::NoStage { .. } | Unfit::NoPipeline(_) => true,
            Unfit::Value(bad) => bad.stale_possible,
        }
    }
}

/// Renders and converts every mapping. A mapping without a value is left out: the bridge never blanks what the CRM
/// holds.
pub fn wanted(
    submission: &Submission,
    channel: &Channel,
    catalog: &Catalog,
    country: &str,
) -> Result<Wanted, Unfit> {
    check_place(channel, catalog)?;
    let mut wanted = Wanted::default();
    let mut contact = Person::default();
    for mapping in &channel.fields {
        let field = field(catalog, mapping)?;
        let template = Template::parse(&mapping.value).map_err(|error| Unfit::Template {
            field: mapping.field.clone(),
            reason: error.to_string(),
        })?;
        let rendered = template::render(
            &template,
            submission,
            &Extras {
                channel: &channel.name,
            },
        );
        if mapping.of == Of::Contact {
            contact.note(&template, &rendered);
        }
        if rendered.is_empty() {
            continue;
        }
        let context = context(catalog, channel, country, &submission.attachments);
        let (record, prefix) = match mapping.of {
            Of::Contact => (&mut wanted.contact, "contact"),
            Of::Lead | Of::Deal => (&mut wanted.entity, channel.entity.as_str()),
        };
        add(record, field, &rendered, &context).map_err(Unfit::Value)?;
        if mapping.search {
            search(record, field, &rendered, &context).map_err(Unfit::Value)?;
            for key in values::person_keys(&field.name, &input(&rendered), country) {
                wanted.persons.push(format!("{prefix}.{}={key}", field.name));
            }
        }
    }
    if contact.is_nobody() {
        wanted.contact = RecordWanted::default();
        wanted.persons.retain(|person| !person.starts_with("contact."));
    }
    wanted.persons.sort();
    wanted.persons.dedup();
    Ok(wanted)
}

fn field<'c>(catalog: &'c Catalog, mapping: &Mapping) -> Result<&'c Field, Unfit> {
    let of = match mapping.of {
        Of::Contact => "contact",
        Of::Lead => "lead",
        Of::Deal => "deal",
    };
    let found = catalog.fields(mapping.of).get(&mapping.field);
    found.ok_or_else(|| Unfit::NoField {
        of,
        field: mapping.field.clone(),
    })
}

/// A stage or pipeline that is not there is ignored by the portal without a word, and the entity would land in the first
/// one: better a failure that says so. A portal that would not list its stages is not second-guessed.
// b24: api-reference/crm/deals/crm-deal-update.md
fn check_place(channel: &Channel, catalog: &Catalog) -> Result<(), Unfit> {
    let (stages, place) = match channel.entity {
        Entity::Lead => (&catalog.lead_stages, "of leads".to_owned()),
        Entity::Deal => (
            &catalog.deal_stages,
            format!("in deal pipeline {}", channel.category_id),
        ),
    };
    if channel.entity == Entity::Deal
        && !catalog.categories.is_empty()
        && !catalog.categories.contains_key(&channel.category_id)
    {
        return Err(Unfit::NoPipeline(channel.category_id));
    }
    match &channel.stage_id {
        Some(id) if !stages.is_empty() && !stages.iter().any(|stage| is_at(stage, id, channel)) => {
            Err(Unfit::NoStage {
                stage: id.clone(),
                place,
            })
        }
        _ => Ok(()),
    }
}

fn is_at(stage: &Stage, id: &str, channel: &Channel) -> bool {
    stage.id == id && (channel.entity == Entity::Lead || stage.category_id == channel.category_id)
}

/// Whether the submission tells anything of a person. Fixed text (a source, a category) accompanies a person and makes
/// none: otherwise each request without a name or phone would leave an empty contact.
#[derive(Default)]
struct Person {
    has_placeholders: bool,
    has_value: bool,
}

impl Person {
    fn note(&mut self, template: &Template, rendered: &Rendered) {
        if !template.is_fixed() {
            self.has_placeholders = true;
            self.has_value |= !rendered.is_empty();
        }
    }

    fn is_nobody(&self) -> bool {
        self.has_placeholders && !self.has_value
    }
}

/// What was rendered, as the conversion takes it.
fn input(rendered: &Rendered) -> values::Input<'_> {
    let input = match rendered.texts.as_slice() {
        [one] => values::Input::one(one),
        many => values::Input::many(many),
    };
    match &rendered.path {
        Some(path) => input.at(path),
        None => input,
    }
}

fn context<'a>(
    catalog: &'a Catalog,
    channel: &Channel,
    country: &'a str,
    attachments: &'a [Attachment],
) -> Context<'a> {
    Context {
        catalog,
        country,
        category_id: Some(channel.category_id),
        attachments,
    }
}

fn add(
    record: &mut RecordWanted,
    field: &Field,
    rendered: &Rendered,
    context: &Context<'_>,
) -> Result<(), BadValue> {
    if field.kind == FieldKind::Multifield {
        let entries = match values::convert(field, &input(rendered), context)? {
            Arg::List(entries) => entries,
            one => vec![one],
        };
        match record.multi.iter_mut().find(|(name, _)| *name == field.name) {
            Some((_, had)) => had.extend(entries),
            None => record.multi.push((field.name.clone(), entries)),
        }
    } else {
        record.plain.push((
            field.name.clone(),
            values::convert(field, &input(rendered), context)?,
        ));
    }
    Ok(())
}

fn search(
    record: &mut RecordWanted,
    field: &Field,
    rendered: &Rendered,
    context: &Context<'_>,
) -> Result<(), BadValue> {
    let forms = values::search_forms(field, &input(rendered), context)?;
    let is_comm = matches!(field.name.as_str(), "PHONE" | "EMAIL");
    if field.kind == FieldKind::Multifield && !is_comm {
        each_alone(record, field, forms);
        return Ok(());
    }
    match record
        .searches
        .iter_mut()
        .find(|search| search.field == field.name)
    {
        Some(search) => search.values.extend(forms),
        None => {
            let by = match (field.kind, field.name.as_str()) {
                (FieldKind::Multifield, "PHONE") => By::Phone,
                (FieldKind::Multifield, "EMAIL") => By::Email,
                _ => By::Field,
            };
            record.searches.push(Search {
                field: field.name.clone(),
                by,
                values: forms,
                part: 0,
            });
        }
    }
    Ok(())
}

/// A filter on a multifield takes one value; whether a portal takes a list there is written nowhere, and one that does
/// not would find nobody and make a contact of each request. So each form is searched for by a call of its own.
// b24: api-reference/crm/contacts/crm-contact-list.md
fn each_alone(record: &mut RecordWanted, field: &Field, forms: Vec<String>) {
    for form in forms {
        let of_field = || record.searches.iter().filter(|search| search.field == field.name);
        if of_field().any(|search| search.values.contains(&form)) {
            continue;
        }
        let part = of_field().count();
        record.searches.push(Search {
            field: field.name.clone(),
            by: By::Field,
            values: vec![form],
            part,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_checked_against_what_was_searched_for() {
        let search = |values: &[&str]| Search {
            field: "X".to_owned(),
            by: By::Field,
            values: values.iter().map(|v| (*v).to_owned()).collect(),
            part: 0,
        };
        let table: &[(&[&str], Value, bool)] = &[
            (&["6510"], json!("6510"), true),
            (&["6510"], json!(6510), true),
            (&["6510"], json!("6511"), false),
            (&["6510"], json!(null), false),
            (&["6510"], json!(""), false),
            (&["3500"], json!("3500.00"), true),
            (&["12345678901234567890"], json!("12345678901234567891"), false),
            (&["2026-12-31"], json!("2026-12-31T03:00:00+03:00"), true),
            (&["1"], json!("Y"), true),
            (&["Тест"], json!("тест "), true),
            (&["a", "b"], json!(["c", "b"]), true),
            (&["@ivan"], json!([{"ID": "1", "VALUE": "@ivan"}]), true),
        ];
        for (values, held, expected) in table {
            assert_eq!(
                search(values).matches(held),
                *expected,
                "{values:?} against {held}"
            );
        }
    }
}
