//! Deliver again: one request, or all that are found, with the progress of it.

use maud::{Markup, html};

use super::search::Search;
use crate::deliver::Weather;
use crate::model::{State, SubmissionId};
use crate::store::{Filter, Retried, Tally};
use crate::web::admin::explain;
use crate::web::admin::form::Form;
use crate::web::admin::retries::{MOST, Progress};
use crate::web::admin::session::Admin;
use crate::web::admin::shown::visible;
use crate::web::admin::view::{Section, Tone, empty, error_summary, facts, notice, state_badge};
use crate::web::admin::visit::{Answer, Problem, Visit};
use crate::web::admin::words::REQUESTS;

/// How often the progress renews itself, in seconds.
const RENEW: u32 = 2;

/// POST: one request.
pub fn one(visit: &Visit<'_>, _: &Admin, _: &Form) -> Answer {
    let id: SubmissionId = visit.param("id").parse().map_err(|_| Problem::NotFound)?;
    let page = Search::read(visit, &visit.query).request(id);
    let answers = visit.site.store.retry(vec![id])?;
    match answers.first().map(|(_, retried)| *retried) {
        Some(Retried::Queued) => visit.done(
            &page,
            visit.t("Запрос поставлен в очередь.", "The request is queued."),
        ),
        Some(Retried::Pointless(state)) => {
            let name = visit.lang.state(state);
            visit.failed(
                &page,
                visit.t(
                    format!("Доставлять снова нечего: состояние запроса — «{name}»."),
                    format!("There is nothing to deliver again: the request's state is “{name}”."),
                ),
            )
        }
        Some(Retried::BodyRemoved) => visit.failed(
            &page,
            visit.t(
                "Доставить снова нельзя: тело запроса удалено по сроку хранения.",
                "It cannot be delivered again: its body was removed after the time set for keeping.",
            ),
        ),
        Some(Retried::NotFound) | None => Err(Problem::NotFound),
    }
}

/// GET: what would be delivered again, before it is.
pub fn ask(visit: &Visit<'_>, _: &Admin) -> Answer {
    let search = Search::read(visit, &visit.query);
    let back = search.address("/inbox", &[]);
    let state = search.state_to_repeat().filter(|_| search.errors.is_empty());
    let tally = match state {
        Some(state) => Some((state, visit.site.store.count(&repeated(&search, state), MOST)?)),
        None => None,
    };
    visit
        .page(visit.t("Доставить снова", "Deliver again"))
        .section(Section::Inbox)
        .back(back.as_str(), visit.t("Журнал запросов", "Inbox"))
        .body(html! {
            (error_summary(visit.lang, &search.errors))
            section.card {
                @match tally {
                    Some((state, tally)) if tally.n > 0 || tally.is_bounded => (question(visit, &search, state, tally, &back)),
                    _ => (empty(
                        visit.t("Доставлять снова нечего", "There is nothing to deliver again"),
                        html! { p { (visit.t("Снова доставляют запросы с ошибкой, проигнорированные и спам.", "What failed, was ignored or was taken for spam can be delivered again.")) } },
                    )),
                }
            }
        })
        .show()
}

fn question(visit: &Visit<'_>, search: &Search, state: State, tally: Tally, back: &str) -> Markup {
    let channel = visit.site.store.directory();
    let channel = search.filter.channel.and_then(|key| channel.by_key(key).cloned());
    let mut rows = vec![
        (visit.t("Состояние", "State"), state_badge(visit.lang, state)),
        (visit.t("Найдено", "Found"), html! { (how_many(visit, tally)) }),
    ];
    if let Some(stored) = channel {
        rows.push((
            visit.t("Канал", "Channel"),
            html! { bdi { (visible(&stored.channel.name)) } },
        ));
    }
    if !search.text.is_empty() {
        rows.push((
            visit.t("Текст", "Text"),
            html! { bdi { (visible(&search.text)) } },
        ));
    }
    for (name, day) in [
        (visit.t("С", "From"), &search.from),
        (visit.t("По", "To"), &search.to),
    ] {
        if !day.is_empty() {
            rows.push((name, html! { (day) }));
        }
    }
    html! {
        (facts(&rows))
        (portal_notice(visit))
        p.hint {
            @match state {
                State::Ignored => (visit.t(
                    "Каждый запрос будет рассмотрен заново по нынешним настройкам канала.",
                    "Each request is decided anew by the channel's present settings.",
                )),
                _ => (visit.t(
                    "Обработка продолжится с того места, где остановилась: уже созданное второй раз не появится.",
                    "Each one goes on where it stopped: nothing that was made already is made twice.",
                )),
            }
        }
        form.buttons method="post" action=(visit.at("/inbox/again")) {
            (visit.csrf())
            (search.hidden())
            button.primary type="submit" { (visit.t("Доставить снова", "Deliver again")) ": " (how_many(visit, tally)) }
            a.button href=(visit.at(back)) { (visit.t("Отмена", "Cancel")) }
        }
    }
}

fn how_many(visit: &Visit<'_>, tally: Tally) -> String {
    let n = visit.lang.count(tally.n, REQUESTS);
    if tally.is_bounded {
        visit.t(format!("{n} или больше"), format!("{n} or more"))
    } else {
        n
    }
}

fn portal_notice(visit: &Visit<'_>) -> Markup {
    let text = match visit.site.engine.weather() {
        Weather::Down { .. } => visit.t(
            "Нет связи с порталом. Запросы встанут в очередь и уйдут сами, как только он ответит.",
            "The portal is out of reach. The requests are queued and go by themselves as soon as it answers.",
        ),
        Weather::NoPortal => visit.t(
            "Портал не подключён. Запросы встанут в очередь и уйдут, когда он будет подключён.",
            "No portal is connected. The requests are queued and go once there is one.",
        ),
        Weather::Unknown | Weather::Up { .. } => return html! {},
    };
    notice(Tone::Warn, html! { (text) })
}

fn repeated(search: &Search, state: State) -> Filter {
    Filter {
        state: Some(state),
        ..search.filter.clone()
    }
}

/// POST: all that are found.
pub fn start(visit: &Visit<'_>, _: &Admin, form: &Form) -> Answer {
    let search = Search::read(visit, form);
    let Some(state) = search.state_to_repeat().filter(|_| search.errors.is_empty()) else {
        return visit.go(&search.address("/inbox/again", &[]));
    };
    let back = search.address("/inbox", &[]);
    let job = visit
        .site
        .retries
        .start(&visit.site.store, repeated(&search, state), back);
    visit.go(&format!("/inbox/again/{job}"))
}

/// GET: how far it has come.
pub fn progress(visit: &Visit<'_>, _: &Admin) -> Answer {
    let number: u64 = visit.param("job").parse().map_err(|_| Problem::NotFound)?;
    let page = visit
        .page(visit.t("Доставить снова", "Deliver again"))
        .section(Section::Inbox);
    let Some(progress) = visit.site.retries.look(number, &visit.site.store)? else {
        return page
            .back("/inbox", visit.t("Журнал запросов", "Inbox"))
            .body(html! {
                section.card { (empty(
                    visit.t("Ход этой доставки больше не известен", "How far this one came is not known any more"),
                    html! { p { (visit.t("Мост перезапускался. Сами запросы не потеряны: их состояния — в журнале.", "The bridge was restarted. No request is lost: the inbox shows where each one stands.")) } },
                )) }
            })
            .show();
    };
    let is_over = progress.is_over();
    page.back(progress.back.as_str(), visit.t("Журнал запросов", "Inbox"))
        .body(html! {
            section.card #progress data-renew=[(!is_over).then_some(RENEW)] {
                (bar(visit, &progress))
                // A page that reloads by itself tears readers out of their place (WCAG 2.2, technique F41).
                @if !is_over { noscript { p { a.button href=(visit.at(visit.path)) { (visit.t("Обновить", "Renew")) } } } }
            }
        })
        .show()
}

fn bar(visit: &Visit<'_>, progress: &Progress) -> Markup {
    let number = |n: u64| html! { (visit.lang.number(n)) };
    let done = progress.delivered + progress.ignored + progress.failed;
    let failed = html! {
        (visit.lang.number(progress.failed))
        @if progress.failed > 0 { " · " a href=(visit.at("/inbox?state=failed")) { (visit.t("Разобраться", "Look into them")) } }
    };
    html! {
        p.progress-line role="status" {
            @if let Some(error) = &progress.error {
                (visit.t("Остановлено. ", "Stopped. ")) (explain::of_store(visit.lang, error))
            } @else if progress.is_queueing {
                (visit.t("Запросы ставятся в очередь: ", "Requests are being queued: ")) (number(progress.queued))
            } @else if progress.queued == 0 {
                (visit.t("Доставлять снова было нечего.", "There was nothing to deliver again."))
            } @else if progress.left == 0 {
                (visit.t("Готово.", "Done."))
            } @else {
                (visit.t("Обработано ", "Done: ")) (number(done)) (visit.t(" из ", " of ")) (number(progress.queued))
            }
        }
        @if progress.queued > 0 {
            progress.bar-line max=(progress.queued) value=(done) aria-label=(visit.t("Обработано", "Done")) {}
        }
        @if progress.left > 0 { (portal_notice(visit)) }
        (facts(&[
            (visit.t("Поставлено в очередь", "Queued"), number(progress.queued)),
            (visit.t("Осталось", "Left"), number(progress.left)),
            (visit.t("Обработано", "Delivered"), number(progress.delivered)),
            (visit.t("Проигнорировано", "Ignored"), number(progress.ignored)),
            (visit.t("Снова с ошибкой", "Failed again"), failed),
        ]))
        @if progress.is_bounded {
            p.hint {
                (visit.t("За один раз — не больше ", "At most ")) (visit.lang.count(MOST as u64, REQUESTS))
                (visit.t(". Когда эти закончатся, запустите ещё раз.", " at a time. Start again when these are done."))
            }
        }
        p.hint { (visit.t("Страницу можно закрыть: доставка идёт и без неё.", "You may close this page: delivery goes on without it.")) }
    }
}
