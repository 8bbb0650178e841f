//! One request: what became of it, what came, and every call to the portal.

use maud::html;

use super::search::Search;
use super::{arrived, standing, steps};
use crate::deliver;
use crate::model::SubmissionId;
use crate::web::admin::session::Admin;
use crate::web::admin::shown::{short, visible};
use crate::web::admin::view::Section;
use crate::web::admin::visit::{Answer, Problem, Visit};

/// How often the page of an unfinished request renews itself, in seconds.
const RENEW: u32 = 3;
/// What of the summary stands in the heading.
const TITLE_CHARS: usize = 90;

pub fn detail(visit: &Visit<'_>, _: &Admin) -> Answer {
    let id: SubmissionId = visit.param("id").parse().map_err(|_| Problem::NotFound)?;
    let store = &visit.site.store;
    let stored = store.load(id)?.ok_or(Problem::NotFound)?;
    let history = store.history(id)?;
    let directory = store.directory();
    let channel = directory.by_key(stored.received.channel);
    let slug = channel.map_or("", |stored| stored.channel.slug.as_str());
    let submission = deliver::submission(&stored.received, slug).ok();
    let search = Search::read(visit, &visit.query);
    let known = standing::Known {
        id,
        search: &search,
        standing: &stored.standing,
        channel: channel.map(|stored| stored.as_ref()),
        submission: submission.as_ref(),
        history: &history,
    };
    let title = match stored.standing.summary.trim() {
        "" => format!("{} {id}", visit.t("Запрос", "Request")),
        summary => short(&visible(summary), TITLE_CHARS).into_owned(),
    };
    let is_final = stored.standing.state.is_final();
    visit
        .page(title)
        .section(Section::Inbox)
        .back(search.back(), visit.t("Журнал запросов", "Inbox"))
        .body(html! {
            p.request-line {
                @if !stored.standing.summary.trim().is_empty() { (visit.t("Запрос", "Request")) " " code { (id) } " · " }
                @if let Some(stored) = channel {
                    (visit.t("канал", "channel")) " "
                    @if stored.deleted_at.is_some() { bdi { (visible(&stored.channel.name)) } " (" (visit.t("удалён", "deleted")) ")" }
                    @else { a href=(visit.at(&format!("/channels/{}", stored.channel.slug))) { bdi { (visible(&stored.channel.name)) } } }
                }
                @if let Some(via) = &stored.received.via {
                    " · " (visit.t("пришёл по адресу удалённого канала", "came by the address of a deleted channel")) " " code { (visible(via)) }
                }
            }
            div #request data-renew=[(!is_final).then_some(RENEW)] {
                (standing::card(visit, &known))
                (arrived::card(visit, &stored.received, channel.map(|stored| stored.as_ref()), submission.as_ref()))
                (steps::card(visit, &history))
            }
        })
        .show()
}
