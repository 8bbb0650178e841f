//! The front page: is everything well?

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

use super::portal::application;
use crate::deliver::app::AppWarning;
use crate::deliver::{Weather, app};
use crate::model::{Millis, State};
use crate::store::{Backlog, Filter, HOUR_MS, Line, Traffic};
use crate::web::admin::explain;
use crate::web::admin::router::{Route, show};
use crate::web::admin::session::Admin;
use crate::web::admin::view::{
    Bar, Chart, Column, Section, Table, Tone, badge, empty, notice, portal_page_link,
};
use crate::web::admin::visit::{Answer, Visit};
use crate::web::admin::words::REQUESTS;
use crate::web::visitor::Language;

pub const ROUTES: &[Route] = &[show("/", overview)];

const DAYS: i64 = 30;
const HOURS: i64 = 24;
/// Failures shown here; the inbox has all of them.
const FAILURES: usize = 5;
/// Something that waits longer than this, with the portal there, deserves a look.
const LONG_WAIT: Duration = Duration::from_secs(5 * 60);
/// How often the page renews itself, in seconds.
const RENEW: u32 = 10;

fn overview(visit: &Visit<'_>, _: &Admin) -> Answer {
    let store = &visit.site.store;
    let since = Millis(visit.now.0 - (DAYS + 1) * HOURS * HOUR_MS);
    let traffic = store.traffic(since, None)?;
    let backlog = store.backlog()?;
    let failed = Filter {
        state: Some(State::Failed),
        ..Filter::default()
    };
    let failures = store.list(&failed, FAILURES)?;
    let standing = store.counts(None)?;
    let weather = visit.site.engine.weather();
    let app = app::status(store)?;
    let warning = app.and_then(|app| app.warning(visit.now));
    let has_channels = !store.channels()?.is_empty();
    let figures = Figures::new(visit, &traffic);
    let all_failed = standing.get(&State::Failed).copied().unwrap_or(0);
    visit
        .page(visit.t("Обзор", "Overview"))
        .section(Section::Overview)
        .body(html! {
            div #overview data-renew=(RENEW) {
                @if let Some(warning) = &warning {
                    (application::warn(visit, warning))
                    @if !visit.is_framed() { div.buttons { a.button href="/portal" { (visit.t("К подключению портала", "To the portal's connection")) } } }
                }
                (first_steps(visit, &weather, has_channels))
                ul.tiles {
                    (portal_tile(visit, &weather, warning.as_ref()))
                    (queue_tile(visit, backlog, &weather))
                    (tile(visit.t("За 24 часа", "Last 24 hours"), html! { (visit.lang.number(figures.day.received)) },
                        html! { (visit.lang.noun(figures.day.received, REQUESTS)) }))
                    (tile(visit.t("С ошибкой", "Failed"), html! { (visit.lang.number(all_failed)) }, html! {
                        @if all_failed > 0 { a href=(visit.at("/inbox?state=failed")) { (visit.t("Разобраться", "Look into them")) } }
                        @else { (badge(Tone::Good, visit.t("Ошибок нет", "No failures"))) }
                    }))
                }
                @if has_channels || figures.month.received > 0 {
                    section.card { (figures.by_hour(visit)) }
                    section.card { (figures.by_day(visit)) }
                    section.card aria-labelledby="outcomes" {
                        h2 #outcomes { (visit.t("Чем закончилось", "What became of them")) }
                        (outcomes(visit, &figures))
                    }
                }
                (latest_failures(visit, &failures))
            }
        })
        .show()
}

/// What has to be done before the first request can arrive.
fn first_steps(visit: &Visit<'_>, weather: &Weather, has_channels: bool) -> Markup {
    let has_portal = *weather != Weather::NoPortal;
    html! {
        @if !(has_portal && has_channels) {
            section.card.steps aria-labelledby="first-steps" {
                h2 #first-steps { (visit.t("С чего начать", "First steps")) }
                ol {
                    li .done[has_portal] {
                        (portal_page_link(visit, visit.t("Подключите портал", "Connect the portal")))
                        " " (visit.t("— по входящему вебхуку или как локальное приложение.", "by an inbound webhook or as a local application."))
                        @if has_portal { " " (badge(Tone::Good, visit.t("Готово", "Done"))) }
                    }
                    li .done[has_channels] {
                        a href=(visit.at("/channels")) { (visit.t("Создайте входящий канал", "Create a channel")) }
                        " " (visit.t("— он получит свой адрес для форм сайта.", "which gets an address for your website's forms."))
                        @if has_channels { " " (badge(Tone::Good, visit.t("Готово", "Done"))) }
                    }
                }
            }
        }
    }
}

fn tile(title: &str, figure: Markup, below: Markup) -> Markup {
    html! {
        li.tile {
            h2 { (title) }
            p.figure { (figure) }
            div.below { (below) }
        }
    }
}

fn portal_tile(visit: &Visit<'_>, weather: &Weather, warning: Option<&AppWarning>) -> Markup {
    let title = visit.t("Портал", "Portal");
    // It may well answer, and let nobody in.
    if let (Some(AppWarning::Gone(_)), Weather::Up { .. } | Weather::Unknown) = (warning, weather) {
        return tile(
            title,
            badge(Tone::Bad, visit.t("Нет доступа", "No access")),
            html! { (visit.t("Запросы сохраняются и ждут.", "Requests are stored and wait.")) },
        );
    }
    let since = |since: &Millis| visit.lang.span(visit.now.since(*since));
    match weather {
        Weather::NoPortal => tile(
            title,
            badge(Tone::Warn, visit.t("Не подключён", "Not connected")),
            html! { (portal_page_link(visit, visit.t("Подключить", "Connect"))) },
        ),
        Weather::Unknown => tile(
            title,
            badge(Tone::Busy, visit.t("Проверяется", "Being checked")),
            html! { (visit.t("Ответа пока не было", "No answer yet")) },
        ),
        Weather::Up { round_trip_ms } => tile(
            title,
            badge(Tone::Good, visit.t("На связи", "Reachable")),
            html! { (visit.t("Ответ за ", "Answers in ")) (visit.lang.number(*round_trip_ms)) "\u{a0}" (visit.t("мс", "ms")) },
        ),
        Weather::Down { since: at, reason } => tile(
            title,
            badge(Tone::Bad, visit.t("Нет связи", "Out of reach")),
            html! {
                (visit.t("Уже ", "For ")) (since(at)) ": " span.reason { (explain::line(visit.lang, reason)) } "."
                " " (visit.t("Запросы сохраняются и ждут.", "Requests are stored and wait."))
            },
        ),
    }
}

fn queue_tile(visit: &Visit<'_>, backlog: Backlog, weather: &Weather) -> Markup {
    let below = match backlog.oldest {
        Some(oldest) => {
            let age = visit.now.since(oldest.at());
            let is_long = age >= LONG_WAIT && matches!(weather, Weather::Up { .. });
            html! {
                (visit.t("Самый старый ждёт ", "The oldest has waited for "))
                a href=(visit.at(&format!("/inbox/{oldest}"))) { (visit.lang.span(age)) }
                @if is_long { " " (badge(Tone::Warn, visit.t("Долго", "Long"))) }
            }
        }
        None => html! { (visit.t("Ничего не ждёт", "Nothing waits")) },
    };
    tile(
        visit.t("В очереди", "Waiting"),
        html! { (visit.lang.number(backlog.waiting)) },
        below,
    )
}

/// Counts of one span of time.
#[derive(Debug, Clone, Default)]
struct Counts {
    received: u64,
    by_state: BTreeMap<&'static str, u64>,
}

impl Counts {
    fn add(&mut self, traffic: &Traffic) {
        match traffic.outcome {
            None => self.received += traffic.n,
            Some(state) => *self.by_state.entry(state.as_str()).or_default() += traffic.n,
        }
    }

    fn of(&self, state: State) -> u64 {
        self.by_state.get(state.as_str()).copied().unwrap_or(0)
    }

    /// A bar: what failed at the bottom, where it is seen; then the rest.
    fn parts(&self) -> Vec<u64> {
        // As the tile and the table count them: the unreadable ones are a row of their own.
        let failed = self.of(State::Failed);
        let delivered = self.of(State::Delivered);
        vec![
            failed,
            delivered,
            self.received.saturating_sub(failed + delivered),
        ]
    }
}

/// Everything that the charts and the table show.
struct Figures {
    day: Counts,
    month: Counts,
    hours: Vec<(Millis, Counts)>,
    days: Vec<(Millis, Counts)>,
}

impl Figures {
    fn new(visit: &Visit<'_>, traffic: &[Traffic]) -> Figures {
        let this_hour = visit.now.0.div_euclid(HOUR_MS);
        let mut hours: Vec<(Millis, Counts)> = (0..HOURS)
            .map(|n| (Millis((this_hour - HOURS + 1 + n) * HOUR_MS), Counts::default()))
            .collect();
        let mut days: Vec<(Millis, Counts)> = last_days(visit)
            .into_iter()
            .map(|day| (day, Counts::default()))
            .collect();
        let (mut day, mut month) = (Counts::default(), Counts::default());
        for one in traffic {
            if let Some((_, counts)) = hours.iter_mut().find(|(from, _)| *from == one.from) {
                counts.add(one);
                day.add(one);
            }
            // The last day that began before the hour did.
            let after = days.partition_point(|(from, _)| *from <= one.from);
            if let Some((_, counts)) = after.checked_sub(1).and_then(|at| days.get_mut(at)) {
                counts.add(one);
                month.add(one);
            }
        }
        Figures {
            day,
            month,
            hours,
            days,
        }
    }

    fn by_hour<'a>(&'a self, visit: &'a Visit<'_>) -> Chart<'a> {
        let label = |at: &Millis| visit.lang.hour(*at, visit.zone());
        Chart {
            id: "by-hour",
            title: visit.t("Запросы по часам за сутки", "Requests per hour, last 24 hours"),
            first_column: visit.t("Час", "Hour"),
            axis: self.hours.iter().step_by(6).map(|(at, _)| label(at)).collect(),
            ..chart(visit, &self.hours, &self.day, label)
        }
    }

    fn by_day<'a>(&'a self, visit: &'a Visit<'_>) -> Chart<'a> {
        let label = |at: &Millis| visit.lang.day(*at, visit.zone());
        Chart {
            id: "by-day",
            title: visit.t("Запросы по дням за 30 дней", "Requests per day, last 30 days"),
            first_column: visit.t("День", "Day"),
            axis: self.days.iter().step_by(6).map(|(at, _)| label(at)).collect(),
            ..chart(visit, &self.days, &self.month, label)
        }
    }
}

/// The first moments of the last days in the server's zone, oldest first; a day may have 23 hours.
fn last_days(visit: &Visit<'_>) -> Vec<Millis> {
    let Ok(now) = Timestamp::from_millisecond(visit.now.0) else {
        return Vec::new();
    };
    let today = now.to_zoned(visit.zone().clone()).date();
    let starts = (0..DAYS).rev().filter_map(|back| {
        let day = today.checked_sub(jiff::Span::new().days(back)).ok()?;
        Some(Millis(
            day.to_zoned(visit.zone().clone())
                .ok()?
                .timestamp()
                .as_millisecond(),
        ))
    });
    starts.collect()
}

fn chart<'a>(
    visit: &'a Visit<'_>,
    spans: &[(Millis, Counts)],
    sum: &Counts,
    label: impl Fn(&Millis) -> String,
) -> Chart<'a> {
    let most = spans.iter().max_by_key(|(_, counts)| counts.received);
    let all = visit.lang.count(sum.received, REQUESTS);
    let summary = match most.filter(|(_, counts)| counts.received > 0) {
        Some((at, counts)) => {
            let (n, at) = (visit.lang.number(counts.received), label(at));
            visit.t(
                format!("Всего {all}, больше всего — {n} ({at})."),
                format!("{all} in all, at most {n} ({at})."),
            )
        }
        None => visit.t(
            "Запросов не было.".to_owned(),
            "There were no requests.".to_owned(),
        ),
    };
    Chart {
        id: "",
        title: "",
        summary,
        parts: vec![
            (visit.t("С ошибкой", "Failed"), "bar-bad"),
            (visit.t("Обработаны", "Delivered"), "bar-good"),
            (visit.t("Прочие", "Others"), "bar-plain"),
        ],
        bars: spans
            .iter()
            .map(|(at, counts)| Bar {
                label: label(at),
                parts: counts.parts(),
            })
            .collect(),
        axis: Vec::new(),
        table: visit.t("Показать таблицей", "Show as a table"),
        first_column: "",
        number: visit.t(|n| Language::Russian.number(n), |n| Language::English.number(n)),
    }
}

fn outcomes(visit: &Visit<'_>, figures: &Figures) -> Markup {
    const SHOWN: [State; 7] = [
        State::Delivered,
        State::Ignored,
        State::Failed,
        State::Spam,
        State::Unreadable,
        State::Test,
        State::Repeat,
    ];
    let lang = visit.lang;
    let mut table = Table::new(
        visit.t("Чем закончились запросы", "What became of requests"),
        [
            Column::main(visit.t("Итог", "Outcome")),
            Column::number(visit.t("За 24 часа", "24 hours")),
            Column::number(visit.t("За 30 дней", "30 days")),
        ],
    );
    for state in SHOWN {
        let (day, month) = (figures.day.of(state), figures.month.of(state));
        // The rarer ones only when there are any.
        if month > 0
            || matches!(
                state,
                State::Delivered | State::Ignored | State::Failed | State::Spam
            )
        {
            let name = html! { a href=(visit.at(&format!("/inbox?state={}", state.as_str()))) { (lang.state(state)) } };
            table.row([name, html! { (lang.number(day)) }, html! { (lang.number(month)) }]);
        }
    }
    html! { (table) }
}

fn latest_failures(visit: &Visit<'_>, failures: &[Line]) -> Markup {
    let directory = visit.site.store.directory();
    html! {
        section.card aria-labelledby="failures" {
            h2 #failures { (visit.t("Последние ошибки", "Latest failures")) }
            @if failures.is_empty() {
                (empty(visit.t("Ошибок нет", "There are none"), html! {
                    p { (visit.t("Если портал откажется принять запрос, причина и способ её устранить появятся здесь.", "Should the portal refuse a request, the reason and the way out appear here.")) }
                }))
            }
            @for line in failures {
                article.failure {
                    p.failure-head {
                        a href=(visit.at(&format!("/inbox/{}", line.id))) { (if line.standing.summary.is_empty() { line.id.to_string() } else { line.standing.summary.clone() }) }
                    }
                    p.hint {
                        (visit.lang.time(line.id.at(), visit.zone()))
                        @if let Some(channel) = directory.by_key(line.channel) { " · " (channel.channel.name) }
                    }
                    @if let Some(error) = &line.standing.error {
                        @let deleted = directory.by_key(line.channel).filter(|stored| stored.deleted_at.is_some());
                        (notice(Tone::Plain, explain::paragraph_of(visit.lang, error, deleted.map(|stored| stored.channel.slug.as_str()))))
                    }
                }
            }
        }
    }
}
