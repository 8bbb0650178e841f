//! The requests, newest first, a page at a time.

use std::collections::HashMap;

use maud::{Markup, html};

use super::crm::{self, Record};
use super::search::{AFTER, BEFORE, CHANNEL, FROM, SPANS, STATE, Search, TEXT, TEXT_CHARS, TO};
use crate::model::{EntityAction, State, SubmissionId};
use crate::store::{ChannelKey, Directory, Filter, Line, Listing};
use crate::web::admin::explain;
use crate::web::admin::session::Admin;
use crate::web::admin::shown::visible;
use crate::web::admin::view::Tone;
use crate::web::admin::view::{
    Choice, Column, Input, Section, Select, Table, empty, notice, pager, state_badge,
};
use crate::web::admin::visit::{Answer, Visit};

/// Requests on a page.
pub const LIMIT: usize = 50;
/// How often the first page renews itself, in seconds.
const RENEW: u32 = 5;

pub fn list(visit: &Visit<'_>, _: &Admin) -> Answer {
    let search = Search::read(visit, &visit.query);
    let page = if search.errors.is_empty() {
        Page::read(visit, &search)?
    } else {
        Page::default()
    };
    let directory = visit.site.store.directory();
    let counts = visit.site.store.counts(search.filter.channel)?;
    let to_repeat = search
        .state_to_repeat()
        .is_some_and(|state| search.errors.is_empty() && counts.get(&state).is_some_and(|n| *n > 0));
    visit
        .page(visit.t("Журнал запросов", "Inbox"))
        .section(Section::Inbox)
        .actions(html! {
            @if to_repeat {
                a.button href=(visit.at(&search.address("/inbox/again", &[]))) { (repeat_label(visit, &search, &counts)) }
            }
            @if !page.lines.is_empty() {
                a.button href=(visit.at(&search.address("/inbox/export", &[]))) download { (visit.t("Скачать CSV", "Download CSV")) }
            }
        })
        .body(html! {
            @if !search.errors.is_empty() {
                (notice(Tone::Bad, html! { (visit.t("Поиск не выполнен: исправьте отмеченное.", "Nothing was searched for: correct what is marked.")) }))
            }
            (form(visit, &search, &directory, &counts))
            div #inbox data-renew=[page.is_first.then_some(RENEW)] {
                @if search.errors.is_empty() { (found(visit, &search, &page, &directory)) }
            }
        })
        .show()
}

/// What the way to delivering many again is called: how many, where that is known without looking.
fn repeat_label(visit: &Visit<'_>, search: &Search, counts: &HashMap<State, u64>) -> String {
    let label = match search.filter.state {
        Some(State::Ignored) => visit.t(
            "Доставить снова все проигнорированные",
            "Deliver all ignored ones again",
        ),
        Some(State::Spam) => visit.t("Доставить весь спам", "Deliver all spam"),
        _ => visit.t("Доставить снова все с ошибкой", "Deliver all failed ones again"),
    };
    let is_narrow =
        search.filter.text.is_some() || search.filter.from.is_some() || search.filter.to.is_some();
    match search.state_to_repeat().and_then(|state| counts.get(&state)) {
        Some(n) if !is_narrow => format!("{label} ({})", visit.lang.number(*n)),
        _ => format!("{label}…"),
    }
}

/// One page of what is found, and the ways on from it.
#[derive(Debug, Default)]
struct Page {
    lines: Vec<Line>,
    is_first: bool,
    newer: Option<SubmissionId>,
    older: Option<SubmissionId>,
    /// Nobody has looked beyond this one yet.
    looked_to: Option<SubmissionId>,
}

impl Page {
    fn read(visit: &Visit<'_>, search: &Search) -> Result<Page, crate::store::StoreError> {
        let at = |name: &str| search.page.filter(|(at, _)| *at == name).map(|(_, id)| id);
        let (before, after) = (at(BEFORE), at(AFTER));
        let read = |before, after| {
            let filter = Filter {
                before,
                after,
                ..search.filter.clone()
            };
            visit.site.store.page(&filter, LIMIT + 1)
        };
        if let Some(after) = after {
            let Listing { mut lines, looked_to } = read(None, Some(after))?;
            let has_more = lines.len() > LIMIT;
            if has_more {
                // The newest one belongs to the page before.
                lines.remove(0);
            }
            // Short of a whole page this is the beginning, shown as such.
            if has_more || looked_to.is_some() {
                return Ok(Page {
                    newer: if has_more {
                        lines.first().map(|line| line.id)
                    } else {
                        looked_to
                    },
                    older: Some(lines.last().map_or(after, |line| line.id)),
                    lines,
                    ..Page::default()
                });
            }
        }
        let Listing { mut lines, looked_to } = read(before, None)?;
        let has_more = lines.len() > LIMIT;
        lines.truncate(LIMIT);
        Ok(Page {
            is_first: before.is_none(),
            newer: before.map(|before| lines.first().map_or(SubmissionId(before.0 - 1), |line| line.id)),
            older: if has_more {
                lines.last().map(|line| line.id)
            } else {
                looked_to
            },
            looked_to: looked_to.filter(|_| !has_more),
            lines,
        })
    }
}

fn form(visit: &Visit<'_>, search: &Search, directory: &Directory, counts: &HashMap<State, u64>) -> Markup {
    let mut channels: Vec<_> = directory.all().collect();
    channels.sort_by(|a, b| {
        let key = |stored: &crate::store::StoredChannel| {
            (stored.deleted_at.is_some(), stored.channel.name.to_lowercase())
        };
        key(a).cmp(&key(b))
    });
    let mut choices = vec![Choice::new(
        "",
        visit.t("Все каналы", "All channels"),
        search.channel.is_empty(),
    )];
    choices.extend(channels.iter().map(|stored| {
        let name = visible(&stored.channel.name);
        let label = match stored.deleted_at {
            Some(_) => format!("{name} ({})", visit.t("удалён", "deleted")),
            None => name.into_owned(),
        };
        Choice::new(&stored.channel.slug, label, stored.channel.slug == search.channel)
    }));
    let mut states = vec![Choice::new(
        "",
        visit.t("Все состояния", "All states"),
        search.state.is_empty(),
    )];
    states.extend(State::ALL.into_iter().map(|state| {
        let n = counts.get(&state).copied().unwrap_or(0);
        let label = format!("{} ({})", visit.lang.state(state), visit.lang.number(n));
        Choice::new(state.as_str(), label, search.state == state.as_str())
    }));
    html! {
        form.card.search method="get" action=(visit.at("/inbox")) role="search" {
            div.search-fields {
                (Input::of("search", TEXT, visit.t("Телефон, имя, номер заказа или запроса", "Phone, name, order or request number"))
                    .value(search.text.as_str()).max(TEXT_CHARS).errors(&search.errors))
                (Select::new(CHANNEL, visit.t("Канал", "Channel"), choices).errors(&search.errors))
                (Select::new(STATE, visit.t("Состояние", "State"), states).errors(&search.errors))
                (Input::of("date", FROM, visit.t("С", "From")).value(search.from.as_str()).errors(&search.errors))
                (Input::of("date", TO, visit.t("По", "To")).value(search.to.as_str()).errors(&search.errors))
                div.search-go {
                    button.primary type="submit" { (visit.t("Найти", "Search")) }
                    @if search.is_narrow() { a.button.quiet href=(visit.at("/inbox")) { (visit.t("Сбросить", "Reset")) } }
                }
            }
            (periods(visit, search))
        }
    }
}

/// The quick choices of the period.
fn periods(visit: &Visit<'_>, search: &Search) -> Markup {
    let names = [
        visit.t("Сегодня", "Today"),
        visit.t("7 дней", "7 days"),
        visit.t("30 дней", "30 days"),
    ];
    let is_always = search.from.is_empty() && search.to.is_empty();
    html! {
        nav.periods aria-label=(visit.t("Период", "Period")) {
            @for (days, name) in SPANS.into_iter().zip(names) {
                @let wanted = search.over(visit, days);
                a href=(visit.at(&wanted.address("/inbox", &[]))) aria-current=[(wanted.from == search.from && search.to.is_empty()).then_some("true")] { (name) }
            }
            a href=(visit.at(&search.always().address("/inbox", &[]))) aria-current=[is_always.then_some("true")] { (visit.t("За всё время", "All time")) }
        }
    }
}

fn found(visit: &Visit<'_>, search: &Search, page: &Page, directory: &Directory) -> Markup {
    let link = |name: &str, id: Option<SubmissionId>| {
        id.map(|id| search.address("/inbox", &[(name, &id.to_string())]))
    };
    html! {
        @if page.lines.is_empty() {
            section.card { (nothing(visit, search, page)) }
        } @else {
            section.card.inbox { (table(visit, search, &page.lines, directory)) }
        }
        @if let (Some(looked_to), false) = (page.looked_to, page.lines.is_empty()) {
            (notice(Tone::Plain, html! { (so_far(visit, looked_to)) }))
        }
        (pager(visit, link(AFTER, page.newer).as_deref(), link(BEFORE, page.older).as_deref()))
    }
}

fn so_far(visit: &Visit<'_>, looked_to: SubmissionId) -> String {
    let until = visit.lang.moment(looked_to.at(), visit.zone());
    visit.t(
        format!("Просмотрены запросы до {until}. Нажмите «Старше», чтобы искать дальше, или сузьте период."),
        format!("Requests back to {until} were searched. Press “Older” to go on, or narrow the period."),
    )
}

fn nothing(visit: &Visit<'_>, search: &Search, page: &Page) -> Markup {
    if let Some(looked_to) = page.looked_to {
        return empty(
            visit.t("Пока ничего не найдено", "Nothing found so far"),
            html! { p { (so_far(visit, looked_to)) } },
        );
    }
    if search.is_narrow() || !page.is_first {
        return empty(
            visit.t("Ничего не найдено", "Nothing was found"),
            html! {
                p { (visit.t("Искать можно по части телефона, имени или номера заказа.", "Search by a part of a phone, a name or an order number.")) }
                p { a.button href=(visit.at("/inbox")) { (visit.t("Показать все запросы", "Show all requests")) } }
            },
        );
    }
    empty(
        visit.t("Запросов ещё не было", "No request has come yet"),
        html! {
            p { (visit.t("Отправьте форму на адрес канала — запрос появится здесь.", "Send a form to a channel's address, and the request appears here.")) }
            p { a.button href=(visit.at("/channels")) { (visit.t("К каналам", "To the channels")) } }
        },
    )
}

fn table(visit: &Visit<'_>, search: &Search, lines: &[Line], directory: &Directory) -> Markup {
    let mut table = Table::new(
        visit.t("Запросы", "Requests"),
        [
            Column::main(visit.t("Запрос", "Request")),
            Column::new(visit.t("Состояние", "State")),
            Column::new(visit.t("Итог", "Outcome")),
            Column::new(visit.t("Канал", "Channel")),
            Column::new(visit.t("Получен", "Received")),
        ],
    );
    let portal = crm::portal(visit);
    for line in lines {
        let summary = line.standing.summary.trim();
        table.row([
            html! {
                a href=(visit.at(&search.request(line.id))) {
                    @if summary.is_empty() { code { (line.id) } } @else { bdi.summary { (visible(summary)) } }
                }
            },
            state_badge(visit.lang, line.standing.state),
            outcome(visit, line, portal.as_deref()),
            html! { bdi { (channel_name(directory, line.channel)) } },
            visit.lang.time(line.id.at(), visit.zone()),
        ]);
    }
    html! { (table) }
}

fn channel_name(directory: &Directory, key: ChannelKey) -> String {
    let stored = directory.by_key(key);
    stored.map_or_else(String::new, |stored| visible(&stored.channel.name).into_owned())
}

/// What was made of it, or why nothing was.
fn outcome(visit: &Visit<'_>, line: &Line, portal: Option<&str>) -> Markup {
    let standing = &line.standing;
    match (&standing.result, &standing.error) {
        (Some(result), _) => html! { span {
            (crm::links(portal, Record::Entity(result.entity), crm::noun(visit, result.entity), &result.entity_ids))
            " "
            @match result.action {
                EntityAction::Created => {},
                EntityAction::Updated => span.hint { (visit.t("обновление", "updated")) },
                EntityAction::Ignored => span.hint { (visit.t("уже есть", "there already")) },
            }
        } },
        (None, Some(error)) => html! { span.reason { (explain::line(visit.lang, error)) } },
        (None, None) => html! {},
    }
}
