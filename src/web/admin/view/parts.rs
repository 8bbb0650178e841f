//! Small parts of pages.

use maud::{Markup, html};

use crate::model::State;
use crate::web::admin::visit::Visit;
use crate::web::visitor::Language;

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Busy,
    Warn,
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Good => "good",
            Tone::Busy => "busy",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// A word on a coloured ground; the word alone says it all.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span.badge.(tone.class()) { (text) } }
}

/// Where a submission stands.
pub fn state_badge(lang: Language, state: State) -> Markup {
    let tone = match state {
        State::Queued | State::Delivering => Tone::Busy,
        State::Delivered => Tone::Good,
        State::Failed => Tone::Bad,
        State::Unreadable | State::Spam => Tone::Warn,
        State::Ignored | State::Test | State::Repeat => Tone::Plain,
    };
    badge(tone, lang.state(state))
}

/// Something that must be read. Bad news are announced at once, other news when there is a pause.
pub fn notice(tone: Tone, content: Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! { div.notice.(tone.class()) role=(role) { (content) } }
}

/// Where there is nothing to show: why, and what to do about it.
pub fn empty(title: &str, content: Markup) -> Markup {
    html! {
        div.empty {
            p.empty-title { (title) }
            (content)
        }
    }
}

/// A value to take along: selectable without the script, one click with it. `id` must be unique on the page.
pub fn copy(lang: Language, id: &str, label: &str, value: &str) -> Markup {
    html! {
        div.copy {
            input type="text" readonly id=(id) value=(value) aria-label=(label) data-select;
            button type="button" hidden data-copy={ "#" (id) } data-done=(lang.t("Скопировано", "Copied")) {
                (lang.t("Копировать", "Copy"))
            }
        }
    }
}

/// A longer text to take along: a snippet of code.
pub fn copy_block(lang: Language, id: &str, text: &str) -> Markup {
    html! {
        div.copy.block {
            pre id=(id) tabindex="0" { code { (text) } }
            button type="button" hidden data-copy={ "#" (id) } data-done=(lang.t("Скопировано", "Copied")) {
                (lang.t("Копировать", "Copy"))
            }
        }
    }
}

/// Names and values, two columns on a wide page.
pub fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in rows { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// A button that changes something by itself; `class` as in the style sheet: `primary`, `danger`, `quiet` or nothing.
pub fn post_button(visit: &Visit<'_>, action: &str, class: &str, text: &str) -> Markup {
    html! {
        form method="post" action=(visit.at(action)) {
            (visit.csrf())
            button type="submit" class=[(!class.is_empty()).then_some(class)] { (text) }
        }
    }
}

/// Something that cannot be undone: a first click unfolds what will happen, a second one does it.
pub fn confirm(visit: &Visit<'_>, action: &str, first: &str, warning: Markup, second: &str) -> Markup {
    html! {
        details.confirm {
            summary.button.danger { (first) }
            form.confirm-box method="post" action=(visit.at(action)) {
                (visit.csrf())
                div { (warning) }
                button.danger.solid type="submit" { (second) }
            }
        }
    }
}

/// The way to the page of the portal's connection. Inside the portal's frame that page is not there: the words alone.
pub fn portal_page_link(visit: &Visit<'_>, text: &str) -> Markup {
    html! {
        @if visit.is_framed() { (text) }
        @else { a href="/portal" { (text) } }
    }
}

/// Links to the newer and the older part of a list.
pub fn pager(visit: &Visit<'_>, newer: Option<&str>, older: Option<&str>) -> Markup {
    html! {
        @if newer.is_some() || older.is_some() {
            nav.pager aria-label=(visit.t("Страницы", "Pages")) {
                @if let Some(newer) = newer { a.button href=(visit.at(newer)) rel="prev" { (visit.t("← Новее", "← Newer")) } }
                @if let Some(older) = older { a.button href=(visit.at(older)) rel="next" { (visit.t("Старше →", "Older →")) } }
            }
        }
    }
}
