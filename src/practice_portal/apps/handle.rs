//! What tests do with applications.

use std::time::Duration;

use super::actions;
use super::event::Sent;
use super::frame::Opening;
use super::{AppForm, AppKeys, Application, TokenPair};
use crate::practice_portal::{Faults, Notification, Placement, PracticePortal, World, server};

impl PracticePortal {
    /// Saves the form of a local application in the name of the webhook's owner. One that only uses the API is called at
    /// once, before this returns; what it answered is in [`PracticePortal::events`].
    pub fn register_app(&self, form: AppForm) -> AppKeys {
        let author = self.core.user_id;
        let app = self.world(|world| world.apps.register(form, author));
        if app.form.script_only {
            self.send_install_event(&app.keys);
        }
        app.keys
    }

    /// Calls the installation's address once more with ONAPPINSTALL and fresh tokens, and says what it answered.
    pub fn send_install_event(&self, app: &AppKeys) -> Option<Sent> {
        let event = self.world(|world| world.install_event(&app.client_id, server::now()));
        actions::send(&self.core, event).pop()
    }

    /// Address and body of a genuine event, not sent: ONAPPUNINSTALL when `uninstall`, else ONAPPINSTALL. Both are empty when
    /// the application is gone.
    pub fn event_post(&self, app: &AppKeys, uninstall: bool) -> (String, String) {
        let event = self.world(|world| {
            if uninstall {
                world.uninstall_event(&app.client_id, server::now())
            } else {
                world.install_event(&app.client_id, server::now())
            }
        });
        event.map(|event| (event.handler, event.body)).unwrap_or_default()
    }

    /// The portal's own language in events and `app.info`; each user of its pages chooses another.
    pub fn set_language(&self, language: &str) {
        self.world(|world| language.clone_into(&mut world.apps.site.language));
    }

    /// Does what the installer's page does last.
    pub fn finish_install(&self, app: &AppKeys) {
        let events = self.world(|world| world.finish_install(&app.client_id, server::now()));
        actions::send(&self.core, events);
    }

    /// Deletes an application and tells its handlers of ONAPPUNINSTALL.
    pub fn delete_app(&self, app: &AppKeys) -> Vec<Sent> {
        let events = self.world(|world| world.uninstall(&app.client_id, true, server::now()));
        actions::send(&self.core, events)
    }

    /// Events that were sent, the oldest first.
    pub fn events(&self) -> Vec<Sent> {
        self.world(|world| world.apps.sent.clone())
    }

    /// The query and the body of the POST that opens an application for a user, with tokens that work. `placement` is
    /// `DEFAULT`, `CRM_LEAD_LIST_TOOLBAR` or `CRM_DEAL_LIST_TOOLBAR`. Both are empty when the application is gone.
    pub fn frame_post(
        &self,
        app: &AppKeys,
        user_id: u64,
        placement: &str,
        language: &str,
    ) -> (String, String) {
        let opening = Opening {
            client_id: app.client_id.clone(),
            user_id,
            placement: placement.to_owned(),
            language: language.to_owned(),
            domain: self.domain(),
        };
        let post = self.world(|world| world.open_frame(opening, None, server::now()));
        post.map(|post| (post.query(), post.body())).unwrap_or_default()
    }

    /// A fresh pair of tokens for an application, as it gets one when this user opens it.
    pub fn tokens_of(&self, app: &AppKeys, user_id: u64) -> TokenPair {
        self.world(|world| world.issue_tokens(&app.client_id, user_id, server::now()))
    }

    /// Every token of access has expired; refresh tokens go on.
    pub fn expire_tokens(&self) {
        self.world(World::expire_tokens);
    }

    /// Every refresh token has died.
    pub fn expire_refresh_tokens(&self) {
        self.world(World::expire_refresh_tokens);
    }

    /// How long tokens of access live that are given from now on.
    pub fn set_access_lifetime(&self, span: Duration) {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.world(|world| world.apps.lifetimes.access_ms = span);
    }

    /// Pairs of tokens that were given for a refresh token.
    pub fn renewals(&self) -> u64 {
        self.world(|world| world.apps.renewals)
    }

    /// Requests to `/oauth/token/`, the refused ones too.
    pub fn token_requests(&self) -> u64 {
        self.world(|world| world.apps.token_requests)
    }

    /// What goes wrong at `/oauth/token/`: [`Fault::CutBefore`](crate::practice_portal::Fault::CutBefore),
    /// `CutAfter` (the answer is lost after the rotation), `Html500`, `Slow`, `OAuth(code)` … `next_with` takes the grant type.
    pub fn oauth_faults(&self) -> &Faults {
        &self.core.oauth_faults
    }

    /// The authorization server's address: `http://127.0.0.1:PORT`.
    pub fn oauth_url(&self) -> String {
        self.base_url()
    }

    /// Host and port as the portal calls itself.
    pub fn domain(&self) -> String {
        self.world(|world| world.apps.site.domain.clone())
    }

    /// `http://` and [`PracticePortal::domain`].
    pub fn portal_url(&self) -> String {
        format!("http://{}", self.domain())
    }

    /// From now on the portal calls itself by this host, at its own port: in events and tokens. What it posts into a frame
    /// names the host in the browser's address bar.
    pub fn answer_as(&self, host: &str) {
        let domain = format!("{host}:{}", self.address().port());
        self.world(|world| world.apps.site.domain = domain);
    }

    pub fn member_id(&self) -> String {
        self.world(|world| world.apps.site.member_id.clone())
    }

    /// The application with these keys, unless it was deleted.
    pub fn application(&self, app: &AppKeys) -> Option<Application> {
        self.world(|world| world.apps.by_client_id(&app.client_id).cloned())
    }

    pub fn is_installed(&self, app: &AppKeys) -> bool {
        self.application(app).is_some_and(|app| app.installed)
    }

    /// What applications have bound.
    pub fn placements(&self) -> Vec<Placement> {
        self.world(|world| world.placements.clone())
    }

    /// What people were told, the oldest first.
    pub fn notifications(&self) -> Vec<Notification> {
        self.world(|world| world.notifications.clone())
    }
}
