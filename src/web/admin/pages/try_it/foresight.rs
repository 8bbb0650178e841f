//! The dry run in words: what is searched, what was found, what would be written.

use maud::{Markup, html};
use serde_json::Value;

use super::values::Values;
use crate::deliver::{Rehearsal, Rehearsed};
use crate::model::{Channel, Entity, EntityAction, Mode, Of, OnFound};
use crate::plan::wanted::Search;
use crate::plan::{ContactDecision, EntityDecision};
use crate::web::admin::explain;
use crate::web::admin::view::{Tone, notice};
use crate::web::admin::visit::Visit;

/// Values of one search that are shown; the portal is asked for all notations of a phone.
const SHOWN_VALUES: usize = 4;

pub struct Foresight<'a> {
    pub visit: &'a Visit<'a>,
    pub channel: &'a Channel,
    pub rehearsal: &'a Rehearsal,
    pub values: Values<'a>,
}

/// What becomes of the records.
struct Found {
    contacts: Vec<u64>,
    /// With their stages, where those are known.
    entities: Vec<(u64, Option<String>)>,
    is_ignored: bool,
}

impl Foresight<'_> {
    pub fn render(&self) -> Markup {
        let found = self.found();
        html! {
            @if let Some(failure) = &self.rehearsal.failure {
                (notice(Tone::Bad, html! {
                    p { strong { (self.visit.t("Обработка остановится с ошибкой.", "The delivery would fail.")) } }
                    (explain::paragraph(self.visit.lang, &failure.text))
                }))
            }
            ol.foresight {
                li { h3 { (self.visit.t("Поиск", "Search")) } (self.searches()) }
                li { h3 { (self.visit.t("Найдено", "Found")) } (self.finds(&found)) }
                @if self.rehearsal.failure.is_none() {
                    li { h3 { (self.visit.t("Будет сделано", "To be done")) } (self.deeds(&found)) }
                }
            }
            @if let Some(note) = self.rehearsal.decided().and_then(|decision| decision.note) {
                (notice(Tone::Warn, explain::paragraph(self.visit.lang, &note)))
            }
            p.hint { (self.visit.t("Пока ничего не записано.", "Nothing has been written yet.")) }
            details.disclosure #calls {
                summary { (self.visit.t("Вызовы REST дословно", "The REST calls as they are")) }
                (self.calls(self.visit.t("Сделаны сейчас (только чтение)", "Made now (reading only)"), &self.rehearsal.reads))
                (self.calls(self.visit.t("Были бы сделаны", "Would be made"), &self.rehearsal.writes))
            }
        }
    }

    fn own(&self) -> Of {
        self.channel.own()
    }

    fn found(&self) -> Found {
        let mut found = Found {
            contacts: Vec::new(),
            entities: Vec::new(),
            is_ignored: false,
        };
        if let Some(decision) = self.rehearsal.decided() {
            if let ContactDecision::Found { ids } = decision.contact {
                found.contacts = ids;
            }
            match decision.entity {
                EntityDecision::Create => {}
                EntityDecision::Update { targets } => {
                    found.entities = targets
                        .into_iter()
                        .map(|target| (target.id, Some(target.stage)))
                        .collect();
                }
                EntityDecision::Ignore { ids } => {
                    found.is_ignored = true;
                    found.entities = ids.into_iter().map(|id| (id, None)).collect();
                }
            }
        } else if let Some(result) = &self.rehearsal.result {
            found.contacts.clone_from(&result.contact_ids);
            found.entities = result.entity_ids.iter().map(|id| (*id, None)).collect();
            found.is_ignored = result.action == EntityAction::Ignored;
        }
        found
    }

    fn searches(&self) -> Markup {
        let visit = self.visit;
        let wanted = &self.rehearsal.wanted;
        let searches_entity = self.channel.mode == Mode::SearchFirst;
        html! {
            ul {
                @if wanted.contact.is_empty() {
                    li { (visit.t("В запросе нет данных контакта: контакт не ищется и не создаётся.", "The request holds nothing of a contact: none is searched or made.")) }
                } @else if wanted.contact.searches.is_empty() {
                    li { (visit.t("Контакт не ищется: ни одно его поле с галочкой «поиск» не заполнено.", "No contact is searched: none of its fields marked for search has a value.")) }
                }
                @for search in &wanted.contact.searches {
                    li { (visit.t("Контакт, у которого ", "A contact whose ")) (self.search(Of::Contact, search)) }
                }
                @if !searches_entity {
                    li {
                        (match self.channel.entity {
                            Entity::Lead => visit.t("Лид не ищется: канал всегда создаёт новый.", "No lead is searched: the channel always makes a new one."),
                            Entity::Deal => visit.t("Сделка не ищется: канал всегда создаёт новую.", "No deal is searched: the channel always makes a new one."),
                        })
                    }
                } @else if wanted.entity.searches.is_empty() {
                    li {
                        (match self.channel.entity {
                            Entity::Lead => visit.t("Лиды найденных контактов", "Leads of the contacts found"),
                            Entity::Deal => visit.t("Сделки найденных контактов", "Deals of the contacts found"),
                        })
                        (self.stages())
                    }
                } @else {
                    @for search in &wanted.entity.searches {
                        li {
                            (match self.channel.entity {
                                Entity::Lead => visit.t("Лид, у которого ", "A lead whose "),
                                Entity::Deal => visit.t("Сделка, у которой ", "A deal whose "),
                            })
                            (self.search(self.own(), search))
                        }
                    }
                }
            }
        }
    }

    fn search(&self, of: Of, search: &Search) -> Markup {
        let more = search.values.len().saturating_sub(SHOWN_VALUES);
        html! {
            (self.values.title(of, &search.field)) " — "
            @for (n, value) in search.values.iter().take(SHOWN_VALUES).enumerate() {
                @if n > 0 { (self.visit.t(" или ", " or ")) }
                code { (value) }
            }
            @if more > 0 { (self.visit.t(format!(" (и ещё вариантов записи: {more})"), format!(" (and {more} more notations)"))) }
        }
    }

    /// In which stages entities are searched.
    fn stages(&self) -> Markup {
        let visit = self.visit;
        html! {
            @if self.channel.search_stages.is_empty() {
                (visit.t(" на любой стадии", " in any stage"))
            } @else {
                (visit.t(" на стадиях: ", " in the stages: "))
                @for (n, id) in self.channel.search_stages.iter().enumerate() {
                    @if n > 0 { ", " }
                    "«" (self.values.stage(self.channel.entity, id)) "»"
                }
            }
        }
    }

    fn finds(&self, found: &Found) -> Markup {
        let own = self.own();
        html! {
            @if found.contacts.is_empty() && found.entities.is_empty() {
                p { (self.visit.t("Ничего.", "Nothing.")) }
            } @else {
                ul {
                    @for id in &found.contacts { li { (self.values.link(Of::Contact, *id)) } }
                    @for (id, stage) in &found.entities {
                        li {
                            (self.values.link(own, *id))
                            @if let Some(stage) = stage { (self.visit.t(", стадия «", ", stage “")) (self.values.stage(self.channel.entity, stage)) (self.visit.t("»", "”")) }
                        }
                    }
                }
            }
        }
    }

    fn deeds(&self, found: &Found) -> Markup {
        let visit = self.visit;
        html! {
            @if found.is_ignored { p { strong { (self.ignored()) } } }
            @if self.rehearsal.writes.is_empty() && !found.is_ignored {
                p { (visit.t("Ничего: на портале уже всё так.", "Nothing: the portal holds all of it already.")) }
            }
            @for call in &self.rehearsal.writes { (self.deed(call)) }
        }
    }

    /// Why a request would be ignored.
    fn ignored(&self) -> &'static str {
        match (self.channel.on_found, self.channel.entity) {
            (OnFound::Ignore, Entity::Lead) => self.visit.t(
                "Запрос будет проигнорирован: лид уже есть, а канал настроен не обновлять найденное.",
                "The request would be ignored: there is a lead, and the channel is not to update what it finds.",
            ),
            (OnFound::Ignore, Entity::Deal) => self.visit.t(
                "Запрос будет проигнорирован: сделка уже есть, а канал настроен не обновлять найденное.",
                "The request would be ignored: there is a deal, and the channel is not to update what it finds.",
            ),
            (OnFound::Update, Entity::Lead) => self.visit.t(
                "Запрос будет проигнорирован: найденный лид не на тех стадиях, которые разрешено менять.",
                "The request would be ignored: the lead found is in none of the stages that may be touched.",
            ),
            (OnFound::Update, Entity::Deal) => self.visit.t(
                "Запрос будет проигнорирован: найденная сделка не на тех стадиях, которые разрешено менять.",
                "The request would be ignored: the deal found is in none of the stages that may be touched.",
            ),
        }
    }

    fn deed(&self, call: &Rehearsed) -> Markup {
        let visit = self.visit;
        let fields = call.params.get("fields").unwrap_or(&Value::Null);
        let id = call.params.get("id").and_then(as_number);
        let of = match call.method.split('.').nth(1) {
            Some("contact") => Of::Contact,
            Some("lead") => Of::Lead,
            _ => Of::Deal,
        };
        let deed = |title: Markup, content: Markup| html! { article.deed { h4 { (title) } (content) } };
        match call.method.as_str() {
            "crm.contact.add" | "crm.lead.add" | "crm.deal.add" => {
                let title = match of {
                    Of::Contact => visit.t("Новый контакт", "A new contact"),
                    Of::Lead => visit.t("Новый лид", "A new lead"),
                    Of::Deal => visit.t("Новая сделка", "A new deal"),
                };
                deed(html! { (title) }, self.values.table(of, fields))
            }
            "crm.contact.update" | "crm.lead.update" | "crm.deal.update" => deed(
                html! {
                    (visit.t("Изменится ", "To be changed: "))
                    @if let Some(id) = id { (self.values.link(of, id)) }
                },
                self.values.table(of, fields),
            ),
            "crm.lead.contact.items.set" | "crm.deal.contact.items.set" => deed(
                html! { (visit.t("Контакт будет привязан: ", "The contact is bound to: ")) @if let Some(id) = id { (self.values.link(of, id)) } },
                Markup::default(),
            ),
            "crm.timeline.comment.add" => deed(
                html! { (visit.t("Комментарий с содержимым запроса", "A comment with the whole request")) },
                html! { pre.quote { (text(fields, "COMMENT")) } },
            ),
            "crm.activity.todo.add" | "crm.activity.add" => {
                let source = if call.method == "crm.activity.add" {
                    fields
                } else {
                    &call.params
                };
                let title = [text(source, "title"), text(source, "SUBJECT")].concat();
                let person = source
                    .get("responsibleId")
                    .or_else(|| source.get("RESPONSIBLE_ID"))
                    .and_then(as_number);
                deed(
                    html! { (visit.t("Дело для ответственного", "An activity for the responsible")) },
                    html! {
                        p { "«" (title) "»" @if let Some(id) = person { " — " (self.values.user(id)) } }
                    },
                )
            }
            other => deed(html! { code { (other) } }, html! { pre.quote { (call.params) } }),
        }
    }

    fn calls(&self, title: &str, calls: &[Rehearsed]) -> Markup {
        html! {
            h3 { (title) }
            @if calls.is_empty() { p.hint { (self.visit.t("Нет", "None")) } }
            @for call in calls {
                article.call {
                    h4 { code { (call.method) } " " span.hint { (call.step) } }
                    pre { (pretty(&call.params)) }
                    @if let Some(answer) = &call.answer {
                        p.hint { (self.visit.t("Ответ", "Answer")) }
                        pre { (pretty(answer)) }
                    }
                }
            }
        }
    }
}

fn text<'v>(fields: &'v Value, name: &str) -> &'v str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn as_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Long answers cut: nobody reads a whole card here.
fn pretty(value: &Value) -> String {
    const LONGEST: usize = 2_000;
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
