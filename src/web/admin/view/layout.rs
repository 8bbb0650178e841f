//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

use super::parts::{Tone, notice};
use crate::http::{Response, StatusCode};
use crate::web::admin::assets::{ICON, SCRIPT, STYLE};
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
        let status = self.status;
        security::page(status, self.render())
    }

    fn render(self) -> Markup {
        let visit = self.visit;
        let lang = visit.lang;
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
                }
                body {
                    a.skip href="#main" { (lang.t("К содержанию", "Skip to content")) }
                    (top_bar(visit, self.section))
                    main #main .narrow[self.is_narrow] tabindex="-1" {
                        @if let Some(message) = visit.message() { (said(&message)) }
                        div.head {
                            div {
                                @if let Some((path, text)) = &self.back {
                                    a.back href=(path) { span aria-hidden="true" { "← " } (text) }
                                }
                                h1 { (self.title) }
                            }
                            @if let Some(actions) = &self.actions { div.actions { (actions) } }
                        }
                        (self.body)
                    }
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
                    nav aria-label=(visit.t("Разделы", "Sections")) {
                        ul {
                            @for entry in Section::ALL {
                                li { a href=(entry.path()) aria-current=[(section == Some(entry)).then_some("page")] { (visit.lang.of(entry.name())) } }
                            }
                        }
                    }
                    (account(visit, admin))
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
