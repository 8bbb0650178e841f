//! What became of a request, why, and what can be done: the first thing a person reads of it.

use maud::{Markup, html};

use super::crm::{self, Record, link, links};
use super::search::Search;
use super::steps::found_stage;
use crate::deliver::Weather;
use crate::model::{ContactAction, EntityAction, OnFound, Outcome, State, Submission};
use crate::store::{PastStep, Standing, StoredChannel};
use crate::web::admin::explain;
use crate::web::admin::shown::{exact, visible};
use crate::web::admin::view::{portal_page_link, post_button, state_badge};
use crate::web::admin::visit::Visit;

/// What there is to know of one request.
pub struct Known<'a> {
    pub id: crate::model::SubmissionId,
    /// The list from which it was opened.
    pub search: &'a Search,
    pub standing: &'a Standing,
    /// Absent when its row is gone from the database.
    pub channel: Option<&'a StoredChannel>,
    /// Absent when the request cannot be read.
    pub submission: Option<&'a Submission>,
    pub history: &'a [PastStep],
}

impl Known<'_> {
    /// The address of its channel's settings, while it exists.
    fn settings(&self) -> Option<String> {
        let stored = self.channel.filter(|stored| stored.deleted_at.is_none())?;
        Some(format!("/channels/{}", stored.channel.slug))
    }

    /// The slug of its channel, when that was deleted.
    fn deleted(&self) -> Option<&str> {
        let stored = self.channel.filter(|stored| stored.deleted_at.is_some())?;
        Some(&stored.channel.slug)
    }
}

pub fn card(visit: &Visit<'_>, known: &Known<'_>) -> Markup {
    let standing = known.standing;
    html! {
        section.card.standing aria-labelledby="standing" {
            div.standing-head {
                h2 #standing { (visit.t("Итог", "Outcome")) }
                (state_badge(visit.lang, standing.state))
            }
            @match standing.state {
                State::Queued | State::Delivering => (unfinished(visit, known)),
                State::Delivered | State::Ignored => { @if let Some(outcome) = &standing.result { (finished(visit, known, outcome)) } }
                State::Failed | State::Unreadable | State::Repeat => (stopped(visit, known)),
                State::Spam => {
                    p { (visit.t("Запрос похож на спам, поэтому в портал не передан.", "The request looks like spam, so it was not taken to the portal.")) }
                    (stopped(visit, known))
                },
                State::Test => {
                    p { (visit.t(
                        "Это проверка связи: конструктор сайтов прислал единственное поле test=test. Адрес канала работает, в портал ничего не пишется.",
                        "This is a connection test: a site builder sent the one field test=test. The channel's address works; nothing is written to the portal.",
                    )) }
                },
            }
            @if standing.attempts > 0 && standing.state != State::Delivered {
                p.hint { (visit.t("Попыток: ", "Attempts: ")) (visit.lang.number(u64::from(standing.attempts))) }
            }
            (again(visit, known))
        }
    }
}

/// It waits, and for what.
fn unfinished(visit: &Visit<'_>, known: &Known<'_>) -> Markup {
    let standing = known.standing;
    let is_off = known.channel.is_some_and(|stored| !stored.channel.enabled);
    let due = standing.next_attempt_at.filter(|at| *at > visit.now);
    html! {
        @match visit.site.engine.weather() {
            _ if is_off => p.cause {
                (visit.t("Канал выключен: запрос ждёт, пока его включат.", "The channel is switched off: the request waits until it is switched on."))
                @if let Some(settings) = known.settings() { " " a href=(visit.at(&settings)) { (visit.t("Открыть настройки канала", "Open the channel's settings")) } }
            },
            Weather::NoPortal => p.cause {
                (visit.t("Портал не подключён: запрос сохранён и ждёт.", "No portal is connected: the request is stored and waits."))
                " " (portal_page_link(visit, visit.t("Подключить портал", "Connect the portal")))
            },
            Weather::Down { since, reason } => {
                p.cause {
                    (visit.t("Нет связи с порталом уже ", "The portal has been out of reach for ")) (visit.lang.span(visit.now.since(since)))
                    (visit.t(". Запрос сохранён и уйдёт сам, как только портал ответит.", ". The request is stored and goes by itself as soon as the portal answers."))
                }
                (explain::aside(visit, &reason))
            },
            Weather::Unknown => p.cause { (visit.t("Портал проверяется.", "The portal is being checked.")) },
            Weather::Up { .. } => {
                @match due {
                    Some(at) => p.cause {
                        (visit.t("Следующая попытка — ", "The next attempt is due on ")) time datetime=(at) { (exact(visit, at)) } "."
                    },
                    None if standing.state == State::Delivering => p.cause { (visit.t("Обрабатывается прямо сейчас.", "It is being delivered right now.")) },
                    None => p.cause { (visit.t(
                        "Ждёт своей очереди. Запросы одного человека обрабатываются по порядку.",
                        "It waits for its turn. Requests of one person are delivered in order.",
                    )) },
                }
                @if let Some(error) = &standing.error {
                    p.hint { (visit.t("Прошлая попытка не удалась.", "The last attempt came to nothing.")) }
                    (explain::aside(visit, error))
                }
            },
        }
    }
}

fn stopped(visit: &Visit<'_>, known: &Known<'_>) -> Markup {
    let Some(error) = &known.standing.error else {
        return html! {};
    };
    let first = (known.standing.state == State::Repeat)
        .then(|| {
            error.split(' ').find_map(|word| {
                word.trim_end_matches(':')
                    .parse::<crate::model::SubmissionId>()
                    .ok()
            })
        })
        .flatten();
    html! {
        (explain::panel(visit, error, known.settings().as_deref(), known.deleted()))
        @if let Some(first) = first {
            p { a.button href=(visit.at(&format!("/inbox/{first}"))) { (visit.t("Открыть первый запрос", "Open the first request")) } }
        }
        @if known.standing.state == State::Failed {
            p.hint { (visit.t(
                "При повторе обработка продолжится с того места, где остановилась: уже созданное второй раз не появится.",
                "Delivering again goes on where it stopped: nothing that was made already is made twice.",
            )) }
        }
    }
}

fn finished(visit: &Visit<'_>, known: &Known<'_>, outcome: &Outcome) -> Markup {
    let portal = crm::portal(visit);
    let portal = portal.as_deref();
    let entity = Record::Entity(outcome.entity);
    let noun = crm::noun(visit, outcome.entity);
    html! {
        ul.outcome {
            @for id in &outcome.entity_ids {
                li {
                    (link(portal, entity, noun, *id)) " — "
                    @match outcome.action {
                        EntityAction::Created => (created(visit, outcome)),
                        EntityAction::Updated => (visit.t("обновление", "updated")),
                        EntityAction::Ignored => (why_ignored(visit, known, outcome, *id)),
                    }
                }
            }
            @if !outcome.contact_ids.is_empty() {
                li {
                    (links(portal, Record::Contact, visit.t("Контакт", "Contact"), &outcome.contact_ids)) " — "
                    @match outcome.contact_action {
                        ContactAction::Created => (visit.t("создан", "created")),
                        ContactAction::Found => (visit.t("найден", "found")),
                        ContactAction::Updated => (visit.t("найден и дополнен", "found and updated")),
                        ContactAction::None => (visit.t("не менялся", "not changed")),
                    }
                }
            }
            @if !outcome.comment_ids.is_empty() { li { (visit.t("Комментарий с запросом добавлен", "Comment with the request added")) } }
            @if !outcome.activity_ids.is_empty() { li { (visit.t("Дело для ответственного создано", "Activity for the responsible created")) } }
        }
        @if outcome.action == EntityAction::Ignored {
            p.hint { (visit.t(
                "В портал ничего не записано. Если это неверно, измените канал и доставьте запрос снова.",
                "Nothing was written to the portal. If that is wrong, change the channel and deliver again.",
            ))
            @if let Some(settings) = known.settings() { " " a href=(visit.at(&settings)) { (visit.t("Открыть настройки канала", "Open the channel's settings")) } } }
        }
        @if let Some(note) = &outcome.note { (explain::paragraph(visit.lang, note)) }
        @if portal.is_none() {
            p.hint { (visit.t("Портал не подключён, поэтому ссылок на записи нет.", "No portal is connected, so there are no links to the records.")) }
        }
        p.hint { (visit.t("Завершено ", "Finished ")) time datetime=(known.standing.changed_at) { (exact(visit, known.standing.changed_at)) } }
    }
}

fn created(visit: &Visit<'_>, outcome: &Outcome) -> &'static str {
    match outcome.entity {
        crate::model::Entity::Lead => visit.t("создан", "created"),
        crate::model::Entity::Deal => visit.t("создана", "created"),
    }
}

/// `уже есть, на стадии «В работе»`, and by which setting it was left alone.
fn why_ignored(visit: &Visit<'_>, known: &Known<'_>, outcome: &Outcome, id: u64) -> Markup {
    let stage = found_stage(known.history, outcome.entity, id);
    let name = stage.as_deref().map(|stage| stage_name(visit, outcome, stage));
    let channel = known.channel.map(|stored| &stored.channel);
    let is_outside = match (&stage, channel) {
        (Some(stage), Some(channel)) => {
            !channel.search_stages.is_empty() && !channel.search_stages.contains(stage)
        }
        _ => false,
    };
    let may_not_touch = channel.is_some_and(|channel| channel.on_found == OnFound::Ignore);
    html! {
        (visit.t("уже есть", "is there already"))
        @if let Some(name) = &name { (visit.t(", на стадии «", ", in the stage “")) bdi { (visible(name)) } (visit.t("»", "”")) }
        @if is_outside {
            (visit.t("; канал ищет на других стадиях и её не трогает", "; the channel searches in other stages and leaves it alone"))
        } @else if may_not_touch {
            (visit.t("; по настройке канала такие запросы игнорируются", "; the channel is set to ignore such requests"))
        }
    }
}

fn stage_name(visit: &Visit<'_>, outcome: &Outcome, stage: &str) -> String {
    let catalog = visit.site.engine.catalog();
    let stages = catalog.as_ref().map(|catalog| match outcome.entity {
        crate::model::Entity::Lead => &catalog.lead_stages,
        crate::model::Entity::Deal => &catalog.deal_stages,
    });
    let known = stages.and_then(|stages| stages.iter().find(|known| known.id == stage));
    known.map_or_else(|| stage.to_owned(), |known| known.name.clone())
}

/// Whether delivering again can lead anywhere.
pub fn may_be_repeated(known: &Known<'_>) -> bool {
    match known.standing.state {
        State::Failed | State::Ignored | State::Spam => true,
        // The bytes stay the same: worth it only where this version of the bridge can read them.
        State::Unreadable => known.submission.is_some(),
        State::Queued => known.standing.next_attempt_at.is_some(),
        State::Delivering | State::Delivered | State::Test | State::Repeat => false,
    }
}

fn again(visit: &Visit<'_>, known: &Known<'_>) -> Markup {
    let is_up = matches!(visit.site.engine.weather(), Weather::Up { .. });
    // While the portal is away there is nothing to hurry.
    if !may_be_repeated(known) || (known.standing.state == State::Queued && !is_up) {
        return html! {};
    }
    let label = match known.standing.state {
        State::Queued => visit.t("Попробовать сейчас", "Try now"),
        State::Spam => visit.t("Это не спам — доставить", "Not spam: deliver"),
        _ => visit.t("Доставить снова", "Deliver again"),
    };
    html! {
        div.buttons { (post_button(visit, &known.search.here(&format!("/inbox/{}/again", known.id)), "primary", label)) }
    }
}
