//! What the form comes to: a channel, and everything that is wrong with it, each beside its field.
//!
//! What the portal says (fields, stages, users) is looked up in its catalogue, in the visitor's language; what
//! [`channel_file::check`] finds besides stands as it says it.

use super::draft::{Draft, Row, control};
use super::picks::{self, NoUser, field_code, is_taken, stages, user_id};
use super::samples;
use crate::channel_file;
use crate::model::{Catalog, Channel, Entity, Mapping, Mode, Of, OnFound, Secret, Submission};
use crate::template::{Template, TemplateError};
use crate::web::admin::explain;
use crate::web::admin::form::Errors;
use crate::web::visitor::Language;

/// A name has to fit into a list.
const NAME: usize = 200;

/// What the form is judged by.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    pub catalog: Option<&'a Catalog>,
    pub country: &'a str,
    pub lang: Language,
}

/// A channel as far as it could be made, and why it must not be stored when there are errors.
#[derive(Debug)]
pub struct Verdict {
    pub channel: Channel,
    pub errors: Errors,
}

impl Judge<'_> {
    /// Judges a form; `base` is the channel as it is stored, or a blank one.
    pub fn judge(&self, draft: &Draft, base: &Channel) -> Verdict {
        let mut errors = Errors::default();
        let mut channel = self.settings(draft, base, &mut errors);
        // Where the mapping at the same place of the channel stands in the form.
        let mut places = Vec::new();
        for of in [Of::Contact, draft.own()] {
            for row in draft.rows(of).iter().filter(|row| !row.is_blank()) {
                channel.fields.push(self.mapping(of, row));
                places.push((of, row.key));
            }
        }
        for (number, place) in places.iter().enumerate() {
            self.check_mapping(&channel, number, *place, &mut errors);
        }
        let problems = channel_file::check(&channel).err().unwrap_or_default();
        for problem in problems {
            let reason = explain::in_full(self.lang, &problem.reason);
            errors.add(control_of(&problem.path, &places), reason);
        }
        Verdict { channel, errors }
    }

    /// What a mapping makes of a request.
    pub fn show(&self, mapping: &Mapping, channel: &Channel, submission: &Submission) -> samples::Shown {
        if let Some(text) = self.wrong_field(mapping) {
            return samples::Shown::Bad(text.to_owned());
        }
        if let Err(error) = Template::parse(&mapping.value) {
            return samples::Shown::Bad(template_error(error, self.lang));
        }
        samples::show(
            mapping,
            channel,
            submission,
            self.catalog,
            self.country,
            self.lang,
        )
    }

    /// Everything but the mappings. What does not apply to what was chosen is left out, whatever was sent.
    fn settings(&self, draft: &Draft, base: &Channel, errors: &mut Errors) -> Channel {
        let searches = draft.mode == Mode::SearchFirst;
        let updates = searches && draft.on_found == OnFound::Update;
        if draft.name.chars().count() > NAME {
            let text = self.lang.t(
                "Слишком длинно: не больше 200 знаков.",
                "Too long: 200 characters at most.",
            );
            errors.add("name", text);
        }
        let category_id = self.category(draft, errors);
        Channel {
            slug: if base.slug.is_empty() {
                draft.slug.clone()
            } else {
                base.slug.clone()
            },
            name: draft.name.clone(),
            enabled: draft.enabled,
            entity: draft.entity,
            mode: draft.mode,
            search_stages: if searches {
                self.search_stages(draft, errors)
            } else {
                Vec::new()
            },
            on_found: if searches { draft.on_found } else { OnFound::Update },
            update_stage: updates && draft.update_stage,
            update_fields: updates && draft.update_fields,
            update_contact: draft.update_contact,
            responsible_id: self.responsible(draft, errors),
            category_id,
            stage_id: self.stage(draft, category_id, errors),
            add_comment: draft.add_comment,
            add_activity: draft.add_activity,
            is_default: draft.is_default,
            thank_you_url: Some(draft.thank_you_url.clone()).filter(|url| !url.is_empty()),
            allowed_origins: self.origins(draft, errors),
            honeypot: Some(draft.honeypot.clone()).filter(|name| !name.is_empty()),
            secret: if draft.drop_secret {
                None
            } else if draft.secret.is_empty() {
                base.secret.clone()
            } else {
                Some(Secret::new(draft.secret.clone()))
            },
            max_per_minute: self.limit(draft, errors),
            fields: Vec::new(),
        }
    }

    fn category(&self, draft: &Draft, errors: &mut Errors) -> u64 {
        if draft.entity == Entity::Lead {
            return 0;
        }
        let typed = if draft.category.is_empty() {
            "0"
        } else {
            &draft.category
        };
        let id = typed.parse::<u64>().ok();
        let known = |id: &u64| match self.catalog {
            Some(catalog) => picks::pipelines(catalog).iter().any(|(known, _)| known == id),
            None => true,
        };
        id.filter(known).unwrap_or_else(|| {
            let text = self.lang.t(
                "Такой воронки на портале нет. Выберите другую.",
                "The portal has no such pipeline. Choose another one.",
            );
            errors.add("category_id", text);
            id.unwrap_or(0)
        })
    }

    fn stage(&self, draft: &Draft, category_id: u64, errors: &mut Errors) -> Option<String> {
        let (name, typed, category) = match draft.entity {
            Entity::Lead => ("stage.lead".to_owned(), draft.lead_stage.as_str(), None),
            Entity::Deal if self.catalog.is_none() => ("stage.deal".to_owned(), draft.deal_stage(""), None),
            Entity::Deal => {
                let pipeline = category_id.to_string();
                (
                    format!("stage.deal.{pipeline}"),
                    draft.deal_stage(&pipeline),
                    Some(category_id),
                )
            }
        };
        if typed.is_empty() {
            return None;
        }
        let is_known = self.catalog.is_none_or(|catalog| {
            stages(catalog, draft.entity, category)
                .iter()
                .any(|stage| stage.id == typed)
        });
        if !is_known {
            let text = self.lang.t(
                "Такого статуса здесь нет. Выберите другой.",
                "There is no such stage here. Choose another one.",
            );
            errors.add(name, text);
        }
        Some(typed.to_owned())
    }

    fn search_stages(&self, draft: &Draft, errors: &mut Errors) -> Vec<String> {
        let chosen = draft.search_stages().to_vec();
        let Some(catalog) = self.catalog else {
            return chosen;
        };
        let known = stages(catalog, draft.entity, None);
        let is_gone = |id: &String| !known.iter().any(|stage| stage.id == *id);
        if chosen.iter().any(is_gone) {
            let name = match draft.entity {
                Entity::Lead => "search_stages.lead.gone",
                Entity::Deal => "search_stages.deal.gone",
            };
            let text = self.lang.t(
                "Этих статусов на портале больше нет. Снимите отметки.",
                "The portal has these stages no more. Take the marks off.",
            );
            errors.add(name, text);
        }
        chosen
    }

    fn responsible(&self, draft: &Draft, errors: &mut Errors) -> Option<u64> {
        if draft.responsible.is_empty() {
            return None;
        }
        let (ru, en) = match user_id(&draft.responsible, self.catalog) {
            Ok(id) => return Some(id),
            Err(NoUser::Unknown) if self.catalog.is_none() => (
                "Портал ещё не подключён: укажите номер сотрудника.",
                "No portal is connected yet: give the user's number.",
            ),
            Err(NoUser::Unknown) => (
                "Такого сотрудника на портале нет. Выберите из списка.",
                "The portal has no such user. Choose one of the list.",
            ),
            Err(NoUser::Ambiguous) => (
                "Так зовут нескольких. Выберите из списка, с номером.",
                "Several are called so. Choose one of the list, with the number.",
            ),
            Err(NoUser::Inactive) => (
                "Этот сотрудник уволен. Выберите другого.",
                "This user is no longer active. Choose another one.",
            ),
        };
        errors.add("responsible_id", self.lang.t(ru, en));
        None
    }

    /// As browsers send them: people write a slash at the end and capitals.
    fn origins(&self, draft: &Draft, errors: &mut Errors) -> Vec<String> {
        let lines = draft.allowed_origins.split([',', ' ', '\t', '\r', '\n']);
        let origins: Vec<String> = lines
            .map(|line| line.trim_end_matches('/').to_ascii_lowercase())
            .filter(|line| !line.is_empty())
            .collect();
        let is_origin = |text: &&String| text.starts_with("https://") || text.starts_with("http://");
        if let Some(wrong) = origins.iter().find(|text| !is_origin(text)) {
            let wrong = picks::clip(wrong, NAME);
            let text = self.lang.t(
                format!("«{wrong}» — не адрес сайта. Пишите так: https://shop.example"),
                format!("“{wrong}” is no address of a website. Write it like https://shop.example"),
            );
            errors.add("allowed_origins", text);
        }
        origins
    }

    fn limit(&self, draft: &Draft, errors: &mut Errors) -> Option<u32> {
        if draft.max_per_minute.is_empty() {
            return None;
        }
        let limit = draft.max_per_minute.parse().ok().filter(|n| *n > 0);
        if limit.is_none() {
            let text = self.lang.t(
                "Нужно целое число больше нуля. Без ограничения — оставьте пустым.",
                "It takes a whole number above zero. Leave it empty for no limit.",
            );
            errors.add("max_per_minute", text);
        }
        limit
    }

    /// A row as the channel holds it.
    pub fn mapping(&self, of: Of, row: &Row) -> Mapping {
        Mapping {
            of,
            field: field_code(&row.field, self.catalog.map(|catalog| catalog.fields(of))),
            value: row.value.clone(),
            search: row.search,
        }
    }

    fn check_mapping(&self, channel: &Channel, number: usize, place: (Of, u32), errors: &mut Errors) {
        let Some(mapping) = channel.fields.get(number) else {
            return;
        };
        let (of, key) = place;
        if let Some(text) = self.wrong_field(mapping) {
            errors.add(control(of, key, "field"), text);
            return;
        }
        if let Err(error) = Template::parse(&mapping.value) {
            errors.add(control(of, key, "value"), template_error(error, self.lang));
            return;
        }
        // Fixed text is the same for every request: what cannot be right is told now.
        let is_fixed = Template::parse(&mapping.value).is_ok_and(|template| template.is_fixed());
        if is_fixed && let samples::Shown::Bad(reason) = self.show(mapping, channel, &samples::nothing_sent())
        {
            errors.add(control(of, key, "value"), reason);
        }
    }

    fn wrong_field(&self, mapping: &Mapping) -> Option<&'static str> {
        let (ru, en) = if mapping.field.is_empty() {
            ("Выберите поле.", "Choose a field.")
        } else if is_taken(mapping.of, &mapping.field) {
            (
                "Это поле заполняется само или другой настройкой канала. Уберите строку.",
                "This field is filled by itself or by another setting of the channel. Remove the row.",
            )
        } else {
            let catalog = self.catalog?;
            match catalog.fields(mapping.of).get(&mapping.field) {
                None => (
                    "Такого поля на портале нет. Выберите из списка; если поле только что создали, обновите список на странице «Портал».",
                    "The portal has no such field. Choose one of the list; if it was made just now, refresh the list on the page “Portal”.",
                ),
                Some(field) if field.read_only => (
                    "Это поле портал заполняет сам. Уберите строку.",
                    "The portal fills this field itself. Remove the row.",
                ),
                Some(_) => return None,
            }
        };
        Some(self.lang.t(ru, en))
    }
}

fn template_error(error: TemplateError, lang: Language) -> String {
    match error {
        TemplateError::Unclosed { at } => lang.t(
            format!("Скобка «{{» (знак {at}) не закрыта. Допишите «}}»."),
            format!("The brace “{{” at character {at} is not closed. Add “}}”."),
        ),
        TemplateError::Stray { at } => lang.t(
            format!("Скобка «}}» (знак {at}) лишняя. Уберите её или напишите «}}}}»."),
            format!("The brace “}}” at character {at} closes nothing. Remove it, or write “}}}}”."),
        ),
        TemplateError::EmptyName { at } => lang.t(
            format!("Скобки пусты (знак {at}). Впишите имя поля запроса."),
            format!("The braces at character {at} are empty. Name a field of the request."),
        ),
    }
}

/// The control that a problem of the channel's JSON belongs to.
fn control_of(path: &str, places: &[(Of, u32)]) -> String {
    let row = path
        .strip_prefix("fields[")
        .and_then(|rest| rest.split_once("]."));
    if let Some((number, part)) = row
        && let Some((of, key)) = number.parse().ok().and_then(|n: usize| places.get(n))
    {
        let part = if part == "of" { "field" } else { part };
        return control(*of, key, part);
    }
    match path.split_once('[') {
        Some((list, _)) => list.to_owned(),
        None => path.to_owned(),
    }
}
