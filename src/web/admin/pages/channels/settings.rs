//! What the buttons of the form do: save, add and remove rows, show values, make up a secret.

use std::sync::Arc;

use maud::{Markup, html};

use super::draft::{Draft, GROUPS, blank, prefix};
use super::sheet::Sheet;
use super::verdict::{Judge, Verdict};
use super::{asked_for, path, samples};
use crate::deliver::Conditions;
use crate::http::StatusCode;
use crate::model::{Catalog, Entity, Of, Submission};
use crate::store::{StoreError, StoredChannel};
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::session::Admin;
use crate::web::admin::view::{Section, error_summary};
use crate::web::admin::visit::{Answer, Problem, Visit};

/// 120 bits, in 24 letters and digits.
const SECRET_BYTES: usize = 15;
/// How much of a channel's name stands in a title.
const NAME: usize = 120;

/// What a form was sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Save,
    Preview,
    MakeSecret,
    Add(Of),
    Remove(Of, u32),
}

impl Action {
    fn read(text: &str) -> Action {
        let group = |name: &str| GROUPS.into_iter().find(|of| prefix(*of) == name);
        match text.split('.').collect::<Vec<_>>().as_slice() {
            ["preview"] => Action::Preview,
            ["secret"] => Action::MakeSecret,
            ["add", name] => group(name).map_or(Action::Save, Action::Add),
            ["remove", name, key] => match (group(name), key.parse()) {
                (Some(of), Ok(key)) => Action::Remove(of, key),
                _ => Action::Preview,
            },
            _ => Action::Save,
        }
    }
}

/// One visit to the form.
struct Desk<'a> {
    visit: &'a Visit<'a>,
    catalog: Option<Arc<Catalog>>,
    conditions: Arc<Conditions>,
    stored: Option<StoredChannel>,
    submissions: Vec<Submission>,
}

pub fn new(visit: &Visit<'_>, _: &Admin) -> Answer {
    let desk = Desk::new(visit, None)?;
    let is_simple = desk.catalog.as_ref().is_some_and(|catalog| catalog.simple_crm);
    let entity = match visit.query.text("entity") {
        "lead" => Entity::Lead,
        "deal" => Entity::Deal,
        _ if is_simple => Entity::Deal,
        _ => Entity::Lead,
    };
    let draft = Draft::fresh(desk.free_name(), entity, desk.catalog.as_deref(), visit.lang);
    desk.show(&draft, &Errors::default(), None)
}

pub fn create(visit: &Visit<'_>, _: &Admin, form: &Form) -> Answer {
    Desk::new(visit, None)?.act(form)
}

pub fn edit(visit: &Visit<'_>, _: &Admin) -> Answer {
    let desk = Desk::new(visit, Some(asked_for(visit)?))?;
    let draft = match &desk.stored {
        Some(stored) => Draft::of(&stored.channel, desk.catalog.as_deref()),
        None => return Err(Problem::NotFound),
    };
    desk.show(&draft, &Errors::default(), None)
}

pub fn save(visit: &Visit<'_>, _: &Admin, form: &Form) -> Answer {
    Desk::new(visit, Some(asked_for(visit)?))?.act(form)
}

impl<'a> Desk<'a> {
    fn new(visit: &'a Visit<'a>, stored: Option<StoredChannel>) -> Result<Desk<'a>, StoreError> {
        let submissions = match &stored {
            Some(stored) => samples::latest(&visit.site.store, stored)?,
            None => Vec::new(),
        };
        Ok(Desk {
            visit,
            catalog: visit.site.engine.catalog(),
            conditions: visit.site.engine.conditions(),
            stored,
            submissions,
        })
    }

    fn judge(&self) -> Judge<'_> {
        Judge {
            catalog: self.catalog.as_deref(),
            country: &self.conditions.country,
            lang: self.visit.lang,
        }
    }

    fn verdict(&self, draft: &Draft) -> Verdict {
        let base = match &self.stored {
            Some(stored) => stored.channel.clone(),
            None => blank(draft.entity),
        };
        let mut verdict = self.judge().judge(draft, &base);
        let is_new = self.stored.is_none();
        let slug = verdict.channel.slug.as_str();
        if is_new && !slug.is_empty() && self.visit.site.store.directory().by_slug(slug).is_some() {
            let text = self.visit.t(
                "Такой адрес уже есть или был у удалённого канала. Выберите другой.",
                "There is such an address already, or a deleted channel had it. Choose another one.",
            );
            verdict.errors.add("slug", text);
        }
        verdict
    }

    fn act(&self, form: &Form) -> Answer {
        let mut draft = Draft::read(form);
        let sample = form.get("sample");
        match Action::read(form.text("action")) {
            Action::Save => return self.save(&draft, sample),
            Action::Preview => {}
            Action::MakeSecret => draft.secret = made_up_secret()?,
            Action::Add(of) => draft.add_row(of),
            Action::Remove(of, key) => draft.remove_row(of, key),
        }
        self.show(&draft, &Errors::default(), sample)
    }

    fn save(&self, draft: &Draft, sample: Option<&str>) -> Answer {
        let verdict = self.verdict(draft);
        if !verdict.errors.is_empty() {
            return self.show(draft, &verdict.errors, sample);
        }
        let stored = self.visit.site.store.put_channel(verdict.channel)?;
        let text = match self.stored {
            Some(_) => self.visit.t("Сохранено.", "Saved."),
            None => self.visit.t(
                "Канал создан. Скопируйте его адрес и отправьте на него первый запрос.",
                "The channel is there. Copy its address and send a first request to it.",
            ),
        };
        self.visit.done(&path(&stored.channel.slug), text)
    }

    fn show(&self, draft: &Draft, errors: &Errors, sample: Option<&str>) -> Answer {
        let verdict = self.verdict(draft);
        let chosen = sample.and_then(|id| self.submissions.iter().find(|one| one.id.to_string() == id));
        let sheet = Sheet {
            visit: self.visit,
            judge: self.judge(),
            draft,
            errors,
            channel: &verdict.channel,
            stored: self.stored.as_ref(),
            submissions: &self.submissions,
            chosen: chosen.or(self.submissions.first()),
        };
        let title = match &self.stored {
            Some(stored) => super::picks::clip(&stored.channel.name, NAME),
            None => self.visit.t("Новый канал", "New channel").to_owned(),
        };
        let status = if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        let body = html! { (error_summary(self.visit.lang, errors)) (sheet.form()) };
        self.visit
            .page(title)
            .section(Section::Channels)
            .back("/channels", self.visit.t("Все каналы", "All channels"))
            .status(status)
            .actions(self.links())
            .body(body)
            .show()
    }

    /// What else there is to a channel.
    fn links(&self) -> Markup {
        let Some(stored) = &self.stored else {
            return Markup::default();
        };
        html! {
            a.button href=(self.visit.at(&format!("{}/try", path(&stored.channel.slug)))) { (self.visit.t("Проверка канала", "Try the channel")) }
            a.button href=(self.visit.at(&super::inbox(&stored.channel.slug))) { (self.visit.t("Запросы канала", "The channel's requests")) }
        }
    }

    /// A name that no channel has.
    fn free_name(&self) -> String {
        let directory = self.visit.site.store.directory();
        let word = self.visit.t("Входящий канал", "Channel");
        let names = (1..).map(|n| format!("{word} {n}"));
        let is_free = |name: &String| !directory.all().any(|stored| stored.channel.name == *name);
        names
            .skip(directory.live().count())
            .find(is_free)
            .unwrap_or_default()
    }
}

fn made_up_secret() -> Result<String, StoreError> {
    let mut bytes = [0u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::NoRandomness(error.to_string()))?;
    Ok(data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}
