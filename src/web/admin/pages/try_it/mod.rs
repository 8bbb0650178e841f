//! Try it: what a request would lead to, before anything is written; really sending one; and ready code for websites.
//!
//! - `sample`: an example request made from the channel's own placeholders. `snippets`: code that sends it.
//! - `foresight`: the dry run in words. `values`: what is written, as people read it.

mod foresight;
mod sample;
mod snippets;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use bytes::Bytes;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::portal;
use crate::deliver::{self, Rehearsal, RehearsalError, rehearse};
use crate::http::StatusCode;
use crate::http::header::USER_AGENT;
use crate::intake::{self, Decoded, Limits, Method, Raw, spam};
use crate::model::{Catalog, Submission, SubmissionId};
use crate::store::{Address, Arrival, Filter, Line, StoredChannel};
use crate::web::admin::explain;
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::router::{Route, change, show};
use crate::web::admin::session::Admin;
use crate::web::admin::view::{Area, Choice, Section, Select, Tone, copy, notice, portal_page_link};
use crate::web::admin::visit::{Answer, Problem, Visit};
use crate::web::letter::{Letter, Reading};

pub const ROUTES: &[Route] = &[
    show("/channels/{slug}/try", page),
    change("/channels/{slug}/try", act),
];

/// Requests of the channel to choose from.
const LATEST: usize = 20;

fn channel(visit: &Visit<'_>) -> Result<Arc<StoredChannel>, Problem> {
    match visit.site.store.directory().resolve(visit.param("slug")) {
        Address::Known(channel) => Ok(channel),
        _ => Err(Problem::NotFound),
    }
}

/// The example, or the request that was picked from the inbox.
fn page(visit: &Visit<'_>, _: &Admin) -> Answer {
    let stored = channel(visit)?;
    let catalog = visit.site.engine.catalog();
    let example = sample::fields(&stored.channel, catalog.as_deref());
    let picked = visit.query.text("from").parse().ok();
    let (text, remark) = match picked {
        Some(id) => match take_from_inbox(visit, &stored, id)? {
            Ok(fields) => (pretty(&fields), None),
            Err(remark) => (pretty(&example), Some(remark)),
        },
        None => (pretty(&example), None),
    };
    let typed = Typed { text, picked };
    let below = html! { @if let Some(remark) = remark { (notice(Tone::Warn, html! { p { (remark) } })) } };
    show_page(visit, &stored, &typed, &Errors::default(), below)
}

/// What stands in the form.
struct Typed {
    text: String,
    /// Where it came from.
    picked: Option<SubmissionId>,
}

fn pretty(fields: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(fields).unwrap_or_default()
}

/// The fields of a request in the inbox, or why there are none.
fn take_from_inbox(
    visit: &Visit<'_>,
    channel: &StoredChannel,
    id: SubmissionId,
) -> Result<Result<Map<String, Value>, &'static str>, Problem> {
    let found = visit.site.store.load(id)?;
    let Some(found) = found.filter(|found| found.received.channel == channel.key) else {
        return Err(Problem::NotFound);
    };
    if found.standing.body_removed_at.is_some() {
        return Ok(Err(visit.t(
            "Тело этого запроса уже удалено по сроку хранения.",
            "The body of this request was removed after the time for which requests are kept.",
        )));
    }
    Ok(deliver::submission(&found.received, &channel.channel.slug)
        .map(|submission| submission.fields)
        .map_err(|_| {
            visit.t(
                "Этот запрос не читается, взять из него нечего.",
                "This request cannot be read, there is nothing to take from it.",
            )
        }))
}

fn show_page(
    visit: &Visit<'_>,
    stored: &StoredChannel,
    typed: &Typed,
    errors: &Errors,
    below: Markup,
) -> Answer {
    let channel = &stored.channel;
    let catalog = visit.site.engine.catalog();
    let example = sample::fields(channel, catalog.as_deref());
    let address = visit.site.address(&channel.slug);
    let latest = visit.site.store.list(
        &Filter {
            channel: Some(stored.key),
            ..Filter::default()
        },
        LATEST,
    )?;
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    visit
        .page(visit.t("Проверка канала", "Try the channel"))
        .section(Section::Channels)
        .back(format!("/channels/{}", channel.slug), &channel.name)
        .status(status)
        .body(html! {
            @if !channel.enabled {
                (notice(Tone::Warn, html! { p { (visit.t("Канал выключен: отправленный запрос сохранится и будет ждать включения.", "The channel is off: a request that is sent is stored and waits until it is on.")) } }))
            }
            section.card aria-labelledby="request" {
                h2 #request { (visit.t("Пробный запрос", "A test request")) }
                p.about { (visit.t("Посмотрите, что произойдёт, — на портал при этом ничего не записывается. Или отправьте по-настоящему.", "See what would happen: nothing is written to the portal. Or really send it.")) }
                (picker(visit, stored, typed, &latest))
                form method="post" action=(visit.at(&format!("/channels/{}/try", channel.slug))) {
                    (visit.csrf())
                    @if let Some(id) = typed.picked { input type="hidden" name="from" value=(id); }
                    (Area::new("body", visit.t("Содержимое запроса", "What the request holds")).value(&typed.text).rows(10).required().errors(errors)
                        .hint(visit.t("JSON или поля формы (имя=значение&…) — канал понимает и то и другое.", "JSON or form fields (name=value&…): the channel understands both.")))
                    div.buttons {
                        button.primary type="submit" name="do" value="show" formaction=(visit.at(&format!("/channels/{}/try#outcome", channel.slug))) { (visit.t("Показать, что произойдёт", "Show what would happen")) }
                        button type="submit" name="do" value="send" { (visit.t("Отправить", "Send it")) }
                    }
                }
            }
            (below)
            section.card aria-labelledby="snippets" {
                h2 #snippets { (visit.t("Готовый код для сайта", "Ready code for your website")) }
                (copy(visit.lang, "address", visit.t("Адрес канала", "The channel's address"), &address))
                p.about.under { (visit.t("Имена полей взяты из настроек этого канала.", "The names of the fields are those of this channel's settings.")) }
                (snippets::all(visit, channel, &address, &example))
            }
        })
        .show()
}

/// One of the latest requests, to begin with.
fn picker(visit: &Visit<'_>, stored: &StoredChannel, typed: &Typed, latest: &[Line]) -> Markup {
    let label = |line: &Line| {
        let summary = match line.standing.summary.as_str() {
            "" => visit.lang.state(line.standing.state),
            summary => summary,
        };
        format!("{} — {summary}", visit.lang.moment(line.id.at(), visit.zone()))
    };
    let mut choices = vec![Choice::new(
        "",
        visit.t(
            "Пример по настройкам канала",
            "An example by the channel's settings",
        ),
        typed.picked.is_none(),
    )];
    choices.extend(
        latest
            .iter()
            .filter(|line| line.standing.body_removed_at.is_none())
            .map(|line| Choice::new(line.id.to_string(), label(line), typed.picked == Some(line.id))),
    );
    html! {
        @if choices.len() > 1 {
            form.picker method="get" action=(visit.at(&format!("/channels/{}/try", stored.channel.slug))) {
                div.row {
                    (Select::new("from", visit.t("Начать с запроса из журнала", "Begin with a request from the inbox"), choices).submits())
                    button type="submit" { (visit.t("Взять", "Take it")) }
                }
            }
        }
    }
}

fn act(visit: &Visit<'_>, _: &Admin, form: &Form) -> Answer {
    let stored = channel(visit)?;
    let typed = Typed {
        text: form.get("body").unwrap_or_default().to_owned(),
        picked: form.text("from").parse().ok(),
    };
    let body = Bytes::from(typed.text.trim().to_owned());
    let decoded = match read(visit, &body) {
        Ok(decoded) => decoded,
        Err(text) => {
            let mut errors = Errors::default();
            errors.add("body", text);
            return show_page(visit, &stored, &typed, &errors, Markup::default());
        }
    };
    if form.text("do") == "send" {
        return send(visit, &stored, body);
    }
    let below = foresee(visit, &stored, &typed, decoded)?;
    show_page(visit, &stored, &typed, &Errors::default(), below)
}

fn read(visit: &Visit<'_>, body: &Bytes) -> Result<Decoded, String> {
    if body.is_empty() {
        return Err(visit.t("Запрос пуст.", "The request is empty.").to_owned());
    }
    let raw = Raw {
        method: Method::Post,
        query: "",
        content_type: None,
        body,
    };
    intake::decode(&raw, &Limits::default()).map_err(|error| {
        let error = explain::in_full(visit.lang, &error.to_string());
        visit.t(
            format!("Такой запрос канал не прочитает. {error}"),
            format!("The channel could not read this. {error}"),
        )
    })
}

/// Stores it as if a website had sent it.
fn send(visit: &Visit<'_>, stored: &StoredChannel, body: Bytes) -> Answer {
    let letter = Letter {
        post: true,
        query: String::new(),
        content_type: None,
        body,
    };
    let (state, error) = match letter.read(&Limits::default()) {
        // Spam is what strangers send.
        Reading::Fields(contents) => (contents.state, None),
        Reading::Unreadable(why) | Reading::TooLarge(why) => (crate::model::State::Unreadable, Some(why)),
    };
    let agent = visit
        .headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let accepted = visit.site.store.accept_blocking(Arrival {
        channel: stored.key,
        via: None,
        post: true,
        query: letter.query,
        content_type: letter.content_type,
        body: letter.body,
        ip: visit.peer.to_string(),
        referer: String::new(),
        user_agent: agent.unwrap_or_default().to_owned(),
        state,
        error,
        idempotency_key: None,
    })?;
    visit.done(
        &format!("/inbox/{}", accepted.id()),
        visit.t(
            "Запрос принят — вот он в журнале.",
            "The request was accepted: here it is in the inbox.",
        ),
    )
}

/// The dry run, or why there is none.
fn foresee(
    visit: &Visit<'_>,
    stored: &Arc<StoredChannel>,
    typed: &Typed,
    mut decoded: Decoded,
) -> Result<Markup, Problem> {
    // It is never sent on, and the page itself is no stranger.
    drop(decoded.take_secret());
    let note = stays_here(visit, stored, &decoded);
    Ok(html! { (note) (foresee_delivery(visit, stored, typed, decoded)?) })
}

/// What would not be delivered at all.
fn stays_here(visit: &Visit<'_>, stored: &StoredChannel, decoded: &Decoded) -> Markup {
    let text = if decoded.is_test() {
        visit.t(
            "Это проверка связи или пустой запрос: он сохранится в журнале, на портал ничего не попадёт. Ниже — что было бы иначе.",
            "This is a connection test or an empty request: it is kept in the inbox, and nothing reaches the portal. Below is what would happen otherwise.",
        )
    } else if spam::trapped(&stored.channel, &decoded.fields).is_some() {
        visit.t(
            "Заполнено скрытое поле-ловушка: такой запрос с сайта сохранится как спам, на портал ничего не попадёт. Ниже — что было бы иначе.",
            "The hidden trap field is filled in: such a request from a website is kept as spam, and nothing reaches the portal. Below is what would happen otherwise.",
        )
    } else {
        return Markup::default();
    };
    notice(Tone::Warn, html! { p { (text) } })
}

fn foresee_delivery(
    visit: &Visit<'_>,
    stored: &Arc<StoredChannel>,
    typed: &Typed,
    decoded: Decoded,
) -> Result<Markup, Problem> {
    let submission = as_if_received(visit, stored, typed, decoded)?;
    let portal = match portal::open(visit.site)? {
        Some(Ok(portal)) => portal,
        Some(Err(error)) => {
            return Ok(no_outcome(
                visit,
                explain::paragraph(visit.lang, &error.to_string()),
            ));
        }
        None => {
            return Ok(no_outcome(
                visit,
                html! {
                    p { (visit.t("Портал не подключён, искать негде. ", "No portal is connected, there is nowhere to look. ")) (portal_page_link(visit, visit.t("Подключить портал", "Connect the portal"))) }
                },
            ));
        }
    };
    let country = visit.site.engine.conditions().country.clone();
    let known = visit.site.engine.catalog();
    let is_known = known.is_some();
    let mut catalog = match known {
        Some(catalog) => catalog,
        None => match portal.read_catalog(deliver::now()) {
            Ok(catalog) => Arc::new(catalog),
            Err(error) => {
                return Ok(no_outcome(
                    visit,
                    explain::paragraph(visit.lang, &error.to_string()),
                ));
            }
        },
    };
    let run =
        |catalog: &Catalog| rehearse(&portal, catalog, Arc::clone(stored), submission.clone(), &country);
    let mut outcome = run(&catalog);
    // A field or label that was added to the portal since it was last read.
    if matches!(&outcome, Err(RehearsalError::Unfit(unfit)) if is_known && unfit.may_be_stale())
        && let Ok(newer) = portal.read_catalog(deliver::now())
    {
        catalog = Arc::new(newer);
        outcome = run(&catalog);
    }
    Ok(match outcome {
        Ok(rehearsal) => outcome_card(visit, stored, &catalog, &rehearsal, &portal.connection().portal()),
        Err(RehearsalError::Unfit(unfit)) => outcome_frame(
            visit,
            html! {
                (notice(Tone::Bad, html! {
                    p { strong { (visit.t("Обработка остановится с ошибкой: значение не подходит.", "The delivery would fail: a value does not fit.")) } }
                    (explain::paragraph(visit.lang, &unfit.to_string()))
                    p { (visit.t("На портале ничего не изменится; в журнале запрос будет с этой ошибкой.", "Nothing would change in the portal; the request would stand in the inbox with this error.")) }
                }))
            },
        ),
        Err(RehearsalError::Portal(text)) => no_outcome(
            visit,
            html! {
                (explain::paragraph(visit.lang, &text))
                p { (visit.t("Настоящий запрос в такую минуту сохранился бы и ждал. ", "A real request would be stored and wait. ")) (portal_page_link(visit, visit.t("Проверить подключение", "Check the connection"))) }
            },
        ),
    })
}

/// With the time of now, and the files and the sender of the request that was picked.
fn as_if_received(
    visit: &Visit<'_>,
    stored: &StoredChannel,
    typed: &Typed,
    decoded: Decoded,
) -> Result<Submission, Problem> {
    let slug = &stored.channel.slug;
    let found = match typed.picked {
        Some(id) => visit.site.store.load(id)?,
        None => None,
    };
    let source = found
        .filter(|found| found.received.channel == stored.key)
        .and_then(|found| deliver::submission(&found.received, slug).ok());
    let fresh = Submission {
        id: SubmissionId::first_at(visit.now),
        received_at: visit.now,
        received_via: slug.clone(),
        fields: decoded.fields,
        attachments: decoded.attachments,
        ip: visit.peer.to_string(),
        referer: String::new(),
        user_agent: String::new(),
    };
    Ok(match source {
        Some(source) => Submission {
            attachments: source.attachments,
            ip: source.ip,
            referer: source.referer,
            user_agent: source.user_agent,
            ..fresh
        },
        None => fresh,
    })
}

fn outcome_frame(visit: &Visit<'_>, content: Markup) -> Markup {
    html! {
        section.card #outcome aria-labelledby="outcome-title" {
            h2 #outcome-title { (visit.t("Что произойдёт", "What would happen")) }
            (content)
        }
    }
}

fn no_outcome(visit: &Visit<'_>, why: Markup) -> Markup {
    outcome_frame(
        visit,
        notice(
            Tone::Warn,
            html! {
                p { strong { (visit.t("Показать не получилось: портал не ответил.", "It cannot be shown: the portal did not answer.")) } }
                (why)
            },
        ),
    )
}

fn outcome_card(
    visit: &Visit<'_>,
    stored: &StoredChannel,
    catalog: &Catalog,
    rehearsal: &Rehearsal,
    portal: &str,
) -> Markup {
    let words = foresight::Foresight {
        visit,
        channel: &stored.channel,
        rehearsal,
        values: values::Values {
            visit,
            catalog,
            portal,
        },
    };
    outcome_frame(visit, words.render())
}
