//! Deleting a channel: first what will become of its address, then the deed.

use maud::{Markup, html};

use super::picks::clip;
use super::{asked_for, path};
use crate::model::State;
use crate::store::StoredChannel;
use crate::web::admin::form::Form;
use crate::web::admin::session::Admin;
use crate::web::admin::view::{Section, Tone, copy, notice};
use crate::web::admin::visit::{Answer, Visit};
use crate::web::admin::words::REQUESTS;

/// How much of a name is shown.
const NAME: usize = 120;

/// The name of the channel that will take what comes to the address; `None` when nobody will.
fn heir(visit: &Visit<'_>, stored: &StoredChannel) -> Option<String> {
    let directory = visit.site.store.directory();
    let default = directory.default_channel()?;
    (default.key != stored.key).then(|| clip(&default.channel.name, NAME))
}

pub fn ask(visit: &Visit<'_>, _: &Admin) -> Answer {
    let stored = asked_for(visit)?;
    let counts = visit.site.store.counts(Some(stored.key))?;
    let of = |state| counts.get(&state).copied().unwrap_or(0);
    let waiting = of(State::Queued) + of(State::Delivering);
    let name = clip(&stored.channel.name, NAME);
    let here = path(&stored.channel.slug);
    visit
        .page(visit.t(
            format!("Удалить канал «{name}»?"),
            format!("Delete the channel “{name}”?"),
        ))
        .section(Section::Channels)
        .back(here.as_str(), name.as_str())
        .body(html! {
            section.card {
                (copy(visit.lang, "address", visit.t("Адрес канала", "The channel's address"), &visit.site.address(&stored.channel.slug)))
                (what_becomes(visit, &stored))
                ul {
                    li { (visit.t("Прежние запросы остаются в журнале.", "Earlier requests stay in the inbox.")) }
                    @if waiting > 0 { li { (rest(visit, &stored, waiting)) } }
                }
                form.buttons method="post" action=(visit.at(&format!("{here}/delete"))) {
                    (visit.csrf())
                    button.danger.solid type="submit" { (visit.t("Удалить канал", "Delete the channel")) }
                    a.button href=(visit.at("/channels")) { (visit.t("Оставить", "Keep it")) }
                }
            }
        })
        .show()
}

fn what_becomes(visit: &Visit<'_>, stored: &StoredChannel) -> Markup {
    match heir(visit, stored) {
        Some(heir) => notice(
            Tone::Plain,
            html! {
                (visit.t("Адрес продолжит работать: запросы на него примет канал по умолчанию «", "The address goes on working: what comes to it goes to the default channel “"))
                bdi { (heir) } (visit.t("».", "”."))
            },
        ),
        None => notice(
            Tone::Warn,
            html! { (visit.t(
                "Адрес перестанет работать: другого канала по умолчанию нет, и запросы на него будут отклонены. Чтобы их не терять, сначала отметьте другой канал как «Входящий канал по умолчанию».",
                "The address stops working: there is no other default channel, so what comes to it is refused. To lose nothing, mark another channel as “Default channel” first.",
            )) },
        ),
    }
}

fn rest(visit: &Visit<'_>, stored: &StoredChannel, waiting: u64) -> String {
    let waiting = visit.lang.count(waiting, REQUESTS);
    if stored.channel.enabled {
        visit.t(
            format!("Ещё в очереди: {waiting}. Они будут обработаны."),
            format!("Still waiting: {waiting}. They will be delivered."),
        )
    } else {
        visit.t(
            format!("Ещё в очереди: {waiting}. Канал выключен, поэтому они так и останутся в журнале."),
            format!("Still waiting: {waiting}. The channel is off, so they stay in the inbox as they are."),
        )
    }
}

pub fn delete(visit: &Visit<'_>, _: &Admin, _: &Form) -> Answer {
    let stored = asked_for(visit)?;
    let heir = heir(visit, &stored);
    visit.site.store.delete_channel(&stored.channel.slug)?;
    let name = clip(&stored.channel.name, NAME);
    let text = match heir {
        Some(heir) => visit.t(
            format!("Канал «{name}» удалён. Запросы на его адрес принимает «{heir}»."),
            format!("The channel “{name}” is deleted. What comes to its address goes to “{heir}”."),
        ),
        None => visit.t(
            format!("Канал «{name}» удалён. Запросы на его адрес отклоняются."),
            format!("The channel “{name}” is deleted. What comes to its address is refused."),
        ),
    };
    visit.done("/channels", text)
}
