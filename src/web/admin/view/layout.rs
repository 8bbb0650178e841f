//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

use super::parts::{Tone, notice};
use crate::http::{Response, StatusCode};
use crate::web::admin::assets::{FRAME_SCRIPT, ICON, SCRIPT, STYLE};
use crate::web::admin::session::Admin;
use crate::web::admin::visit::{Answer, Visit};
use crate::web::admin::words::{Text, text, zone_name};
use crate::web::admin::{security, site::Message};
use crate::web::visitor::Language;

/// What the navigation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Overview,
    Channels,
    Inbox,
    Portal,
    Settings,
}

impl Section {
    const ALL: [Section; 5] = [
        Section::Overview,
        Section::Channels,
        Section::Inbox,
        Section::Portal,
        Section::Settings,
    ];

    /// What an administrator of the portal may use.
    const IN_FRAME: [Section; 3] = [Section::Channels, Section::Inbox, Section::Overview];

    pub fn path(self) -> &'static str {
        match self {
            Section::Overview => "/",
            Section::Channels => "/channels",
            Section::Inbox => "/inbox",
            Section::Portal => "/portal",
            Section::Settings => "/settings",
        }
    }

    pub fn name(self) -> Text {
        match self {
            Section::Overview => text("Обзор", "Overview"),
            Section::Channels => text("Каналы", "Channels"),
            Section::Inbox => text("Журнал запросов", "Inbox"),
            Section::Portal => text("Портал", "Portal"),
            Section::Settings => text("Настройки", "Settings"),
        }
    }
}

/// A page that is being put together: `visit.page("…").section(…).body(html! { … }).show()`.
pub struct Page<'a> {
    visit: &'a Visit<'a>,
    title: String,
    section: Option<Section>,
    status: StatusCode,
    back: Option<(String, String)>,
    actions: Option<Markup>,
    body: Markup,
    is_narrow: bool,
}

impl<'a> Page<'a> {
    pub fn new(visit: &'a Visit<'a>, title: String) -> Page<'a> {
        Page {
            visit,
            title,
            section: None,
            status: StatusCode::OK,
            back: None,
            actions: None,
            body: Markup::default(),
            is_narrow: false,
        }
    }

    /// The entry of the navigation that is marked.
    pub fn section(mut self, section: Section) -> Self {
        self.section = Some(section);
        self
    }

    /// 200 unless said otherwise; 422 for a form with errors.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A link above the title, to where this page belongs.
    pub fn back(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.back = Some((path.into(), text.into()));
        self
    }

    /// Buttons and links beside the title.
    pub fn actions(mut self, actions: Markup) -> Self {
        self.actions = Some(actions);
        self
    }

    pub fn body(mut self, body: Markup) -> Self {
        self.body = body;
        self
    }

    /// One narrow card in the middle: sign-in and the like.
    pub fn narrow(mut self) -> Self {
        self.is_narrow = true;
        self
    }

    pub fn show(self) -> Answer {
        Ok(self.response())
    }

    pub fn response(self) -> Response {
        let (status, visit) = (self.status, self.visit);
        security::page(status, self.render(), &visit.framing)
    }

    fn render(self) -> Markup {
        let visit = self.visit;
        let lang = visit.lang;
        let place = Place::of(visit);
        html! {
            (DOCTYPE)
            html lang=(lang.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · b24-bridge" }
                    link rel="icon" href=(ICON.path) type="image/svg+xml";
                    link rel="stylesheet" href=(STYLE.path);
                    script src=(SCRIPT.path) defer {}
                    @if place != Place::Alone { script src=(FRAME_SCRIPT.path) defer {} }
                }
                body .framed[place != Place::Alone] data-portal=[visit.framing.origin()] data-app-sid=[visit.app_sid()] {
                    @match place {
                        Place::Alone => {
                            a.skip href="#main" { (lang.t("К содержанию", "Skip to content")) }
                            (top_bar(visit, self.section))
                        }
                        Place::InFrame => {
                            a.skip href="#main" { (lang.t("К содержанию", "Skip to content")) }
                            (frame_bar(visit, self.section))
                        }
                        Place::AtTheDoor => {}
                    }
                    main #main .narrow[self.is_narrow] tabindex="-1" {
                        @if let Some(message) = visit.message() { (said(&message)) }
                        div.head {
                            div {
                                @if let Some((path, text)) = &self.back {
                                    a.back href=(visit.at(path)) { span aria-hidden="true" { "← " } (text) }
                                }
                                h1 { (self.title) }
                            }
                            @if let Some(actions) = &self.actions { div.actions { (actions) } }
                        }
                        (self.body)
                    }
                    @if place != Place::AtTheDoor {
                        footer.foot {
                            span { "b24-bridge " (env!("CARGO_PKG_VERSION")) }
                            span { (lang.t("Время: ", "Times: ")) (zone_name(visit.zone(), visit.now)) }
                            @if visit.admin().is_none() { (language_form(visit)) }
                        }
                    }
                }
            }
        }
    }
}

/// Where a page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a window of its own.
    Alone,
    /// Inside the portal, to one of its administrators.
    InFrame,
    /// Inside the portal, before it is known to whom.
    AtTheDoor,
}

impl Place {
    fn of(visit: &Visit<'_>) -> Place {
        match (visit.is_framed(), visit.framing.origin()) {
            (true, _) => Place::InFrame,
            (false, Some(_)) => Place::AtTheDoor,
            (false, None) => Place::Alone,
        }
    }
}

fn said(message: &Message) -> Markup {
    notice(
        if message.is_good { Tone::Good } else { Tone::Bad },
        html! { (message.text) },
    )
}

fn top_bar(visit: &Visit<'_>, section: Option<Section>) -> Markup {
    html! {
        header.bar {
            div.bar-in {
                a.brand href="/" {
                    img src=(ICON.path) alt="" width="28" height="28";
                    span { "b24-bridge" }
                }
                @if let Some(admin) = visit.admin() {
                    (sections(visit, section, &Section::ALL))
                    (account(visit, admin))
                }
            }
        }
    }
}

/// Inside the portal there is less of everything: its own name, sign-out and language are around the frame.
fn frame_bar(visit: &Visit<'_>, section: Option<Section>) -> Markup {
    html! { header.bar { div.bar-in { (sections(visit, section, &Section::IN_FRAME)) } } }
}

fn sections(visit: &Visit<'_>, current: Option<Section>, all: &[Section]) -> Markup {
    html! {
        nav aria-label=(visit.t("Разделы", "Sections")) {
            ul {
                @for entry in all {
                    li { a href=(visit.at(entry.path())) aria-current=[(current == Some(*entry)).then_some("page")] { (visit.lang.of(entry.name())) } }
                }
            }
        }
    }
}

fn account(visit: &Visit<'_>, admin: &Admin) -> Markup {
    html! {
        div.who {
            (language_form(visit))
            span.who-name { (admin.name()) }
            form method="post" action="/sign-out" {
                (visit.csrf())
                button.quiet type="submit" { (visit.t("Выйти", "Sign out")) }
            }
        }
    }
}

/// One button: the other language.
fn language_form(visit: &Visit<'_>) -> Markup {
    let (other, name) = match visit.lang {
        Language::Russian => (Language::English, "English"),
        Language::English => (Language::Russian, "Русский"),
    };
    html! {
        form method="post" action="/language" {
            (visit.csrf())
            button.quiet type="submit" name="language" value=(other.code()) lang=(other.code()) { (name) }
        }
    }
}
