//! Events: what the portal posts to an application's server by itself.

use form_urlencoded::Serializer;

use super::{Application, Site, post};
use crate::model::Millis;
use crate::practice_portal::world::World;

/// A handler that an application has bound.
// b24: api-reference/events/event-bind.md
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHandler {
    pub id: u64,
    pub application: String,
    pub event: String,
    pub handler: String,
    /// The user in whose name it is called; 0: whoever caused the event.
    pub auth_type: u64,
}

/// An event on its way.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub event: &'static str,
    pub handler: String,
    pub body: String,
}

/// An event that was sent, and what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub event: &'static str,
    pub handler: String,
    /// The status, or why there is none.
    pub answer: Result<u16, String>,
}

impl Outgoing {
    /// Sends it; a real portal does it from a queue and does not repeat it either.
    // b24: api-reference/events/index.md
    pub fn send(&self) -> Sent {
        Sent {
            event: self.event,
            handler: self.handler.clone(),
            answer: post::form(&self.handler, &self.body).map_err(|error| error.to_string()),
        }
    }
}

const INSTALLED: &str = "ONAPPINSTALL";
const UNINSTALLED: &str = "ONAPPUNINSTALL";

impl World {
    /// ONAPPINSTALL for the callback of an application without pages.
    // b24: settings/app-installation/local-apps/installation-callback.md, api-reference/common/events/on-app-install.md
    pub fn install_event(&mut self, client_id: &str, now: Millis) -> Option<Outgoing> {
        let app = self.apps.by_client_id(client_id)?.clone();
        let handler = if app.form.installation.is_empty() {
            &app.form.handler
        } else {
            &app.form.installation
        };
        Some(self.installed(&app, handler, None, now))
    }

    /// The page has said that it is done: handlers that wait for that are told. Nothing when it was installed before.
    // b24: settings/app-installation/installation-finish.md
    pub fn finish_install(&mut self, client_id: &str, now: Millis) -> Vec<Outgoing> {
        let Some(app) = self.apps.by_client_id_mut(client_id).filter(|app| !app.installed) else {
            return Vec::new();
        };
        app.installed = true;
        let app = app.clone();
        let handlers = self.apps.handlers_of(client_id, INSTALLED);
        let events = handlers
            .into_iter()
            .map(|bound| self.installed(&app, &bound.handler, Some(bound.id), now));
        events.collect()
    }

    fn installed(&mut self, app: &Application, handler: &str, id: Option<u64>, now: Millis) -> Outgoing {
        let tokens = self.issue_tokens(&app.keys.client_id, app.author, now);
        let site = &self.apps.site;
        let mut form = envelope(INSTALLED, id, now);
        form.extend_pairs([
            ("data[VERSION]", "1"),
            ("data[ACTIVE]", "Y"),
            ("data[INSTALLED]", if app.installed { "Y" } else { "N" }),
            ("data[LANGUAGE_ID]", &site.language),
            // Here, and only here, with spaces.
            ("auth[scope]", &app.form.scope.join(" ")),
            ("auth[access_token]", tokens.access.reveal()),
            ("auth[refresh_token]", tokens.refresh.reveal()),
            ("auth[expires_in]", &tokens.expires_in.as_secs().to_string()),
            ("auth[status]", "L"),
        ]);
        Outgoing {
            event: INSTALLED,
            handler: handler.to_owned(),
            body: signed(form, site, app),
        }
    }

    /// Deletes an application: its tokens, buttons and handlers go with it. Its handlers are told, without tokens.
    // b24: api-reference/common/events/on-app-uninstall.md
    pub fn uninstall(&mut self, client_id: &str, clean: bool, now: Millis) -> Vec<Outgoing> {
        let handlers = self.apps.handlers_of(client_id, UNINSTALLED);
        let Some(app) = self.apps.remove(client_id) else {
            return Vec::new();
        };
        self.placements.retain(|p| p.application != client_id);
        self.tokens.retain(|_, token| token.application != client_id);
        if !app.installed {
            return Vec::new();
        }
        let events = handlers
            .into_iter()
            .map(|bound| self.uninstalled(&app, &bound.handler, bound.id, clean, now));
        events.collect()
    }

    fn uninstalled(&self, app: &Application, handler: &str, id: u64, clean: bool, now: Millis) -> Outgoing {
        let site = &self.apps.site;
        let mut form = envelope(UNINSTALLED, Some(id), now);
        form.extend_pairs([
            ("data[LANGUAGE_ID]", site.language.as_str()),
            ("data[CLEAN]", if clean { "1" } else { "0" }),
        ]);
        Outgoing {
            event: UNINSTALLED,
            handler: handler.to_owned(),
            body: signed(form, site, app),
        }
    }

    /// ONAPPUNINSTALL as its first handler would get it, with nothing deleted.
    pub fn uninstall_event(&self, client_id: &str, now: Millis) -> Option<Outgoing> {
        let app = self.apps.by_client_id(client_id)?;
        let bound = self.apps.handlers_of(client_id, UNINSTALLED).into_iter().next();
        let (handler, id) = match bound {
            Some(bound) => (bound.handler, bound.id),
            None => (app.form.handler.clone(), 1),
        };
        Some(self.uninstalled(app, &handler, id, true, now))
    }
}

type Form = Serializer<'static, String>;

/// What every event begins with.
// b24: api-reference/events/index.md
fn envelope(event: &str, id: Option<u64>, now: Millis) -> Form {
    let mut form = Serializer::new(String::new());
    form.append_pair("event", event);
    if let Some(id) = id {
        form.append_pair("event_handler_id", &id.to_string());
    }
    form.append_pair("ts", &now.0.div_euclid(1000).to_string());
    form
}

/// Who sends it, as every event says; the application's token proves it.
// b24: api-reference/events/safe-event-handlers.md
fn signed(mut form: Form, site: &Site, app: &Application) -> String {
    form.extend_pairs([
        ("auth[domain]", site.domain.as_str()),
        ("auth[server_endpoint]", &site.server_endpoint()),
        ("auth[client_endpoint]", &site.client_endpoint()),
        ("auth[member_id]", &site.member_id),
        ("auth[application_token]", app.application_token.reveal()),
    ]);
    form.finish()
}
