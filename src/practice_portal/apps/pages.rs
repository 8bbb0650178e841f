//! `/devops/`: the form of a local application and what was made with it; `/marketplace/app/…/`: an application's own page.

use maud::{Markup, html};

use super::{Application, Sent, frame};
use crate::practice_portal::methods::SCOPES;
use crate::practice_portal::page_text::{LANGUAGES, Text};
use crate::practice_portal::visitor::Visitor;
use crate::practice_portal::world::World;

/// Rights that can be ticked: those of this portal, and the lesser ones to read users.
fn scopes() -> impl Iterator<Item = &'static str> {
    SCOPES.into_iter().chain(["user_basic", "user_brief"])
}

/// `/marketplace/app/5/`.
pub fn app_address(path: &str) -> Option<u64> {
    let id = path.strip_prefix("/marketplace/app/")?;
    id.trim_end_matches('/').parse().ok()
}

/// The applications and the form for another one. Administrators only.
// b24: local-integrations/serverside-local-app-with-ui.md
pub fn developers(world: &World, visitor: &Visitor) -> Markup {
    let text = visitor.text;
    if !world.person(visitor.user_id).is_some_and(|person| person.admin) {
        return html! { p.empty { (text.administrators_only) } };
    }
    html! {
        h1 { (text.developers) }
        @for app in world.apps.iter() { (card(app, text)) }
        (form(text))
        (events(&world.apps.sent, text))
    }
}

fn card(app: &Application, text: &Text) -> Markup {
    let action = |name: &str| format!("/devops/{name}/");
    html! {
        article.card {
            h2 { (app.form.name) " " small { @if app.installed { (text.installed) } @else { (text.not_installed) } } }
            table { tbody {
                tr { th { (text.client_id) } td { code { (app.keys.client_id) } } }
                tr { th { (text.client_secret) } td { code { (app.keys.client_secret.reveal()) } } }
                tr { th { (text.handler) } td { (app.form.handler) } }
                tr { th { (text.installation) } td { (app.form.installation) } }
                tr { th { (text.rights) } td { (app.scope()) } }
            } }
            div.row {
                @if app.form.script_only {
                    form method="post" action=(action("event")) {
                        input type="hidden" name="id" value=(app.id);
                        button type="submit" { (text.send_event) }
                    }
                } @else {
                    a.button href=(format!("/marketplace/app/{}/", app.id)) { (text.open_application) }
                }
                form method="post" action=(action("delete")) {
                    input type="hidden" name="id" value=(app.id);
                    button type="submit" { (text.delete) }
                }
            }
        }
    }
}

/// «Локальное приложение».
// b24: settings/app-installation/installation-finish.md
fn form(text: &Text) -> Markup {
    html! {
        form.card.local method="post" action="/devops/application/" {
            h2 { (text.local_application) }
            label { (text.name) input type="text" name="name" required value="b24-bridge"; }
            label { (text.handler) input name="handler" type="url" required placeholder="http://127.0.0.1:8081/b24/app"; }
            label { (text.installation) input name="installation" type="url" placeholder="http://127.0.0.1:8081/b24/install"; }
            label.tick { input type="checkbox" name="script_only" value="Y"; (text.script_only) }
            @for known in LANGUAGES {
                label {
                    (text.menu_item) " (" (known.own_name) ")"
                    input type="text" name=(format!("titles[{}]", known.language)) value=(known.application_title);
                }
            }
            fieldset {
                legend { (text.rights) }
                @for scope in scopes() {
                    label.tick { input type="checkbox" name="scope[]" value=(scope); (scope) }
                }
            }
            button type="submit" { (text.save) }
        }
    }
}

/// What was sent to applications, the newest first.
fn events(sent: &[Sent], text: &Text) -> Markup {
    html! {
        @if !sent.is_empty() {
            h2 { (text.events) }
            table.list { tbody {
                @for one in sent.iter().rev().take(20) {
                    tr {
                        td { (one.event) }
                        td { (one.handler) }
                        td { @match &one.answer { Ok(status) => (status), Err(error) => (error) } }
                    }
                }
            } }
        }
    }
}

/// An application in its frame: the installer until it is done, for administrators; then the application, for everybody.
// b24: settings/app-installation/installation-finish.md
pub fn application(world: &World, visitor: &Visitor, id: u64) -> Option<Markup> {
    let text = visitor.text;
    let app = world.apps.get(id).filter(|app| !app.form.script_only)?;
    let admin = world.person(visitor.user_id).is_some_and(|person| person.admin);
    Some(html! {
        h1 { (app.title(text.language)) }
        @if app.installed || admin {
            div.application data-app=(app.keys.client_id) data-placement=(frame::DEFAULT) {}
            noscript { p.empty { (text.needs_script) } }
        } @else {
            p.empty { (text.ask_administrator) }
        }
    })
}
