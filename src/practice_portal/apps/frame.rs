//! The frame: what the portal posts to an application's page, and what it remembers of the page it opened.

use serde_json::{Value, json};

use super::TokenPair;
use crate::model::Millis;
use crate::practice_portal::world::World;

/// The placement of an application's own page, its installer among them.
pub const DEFAULT: &str = "DEFAULT";

/// Who opens which placement, and how.
#[derive(Debug, Clone)]
pub struct Opening {
    pub client_id: String,
    pub user_id: u64,
    pub placement: String,
    /// `ru` or `en`.
    pub language: String,
    /// Host and port in the address bar of the person.
    pub domain: String,
}

/// A frame that is open. The portal knows it by its `APP_SID`.
#[derive(Debug, Clone)]
pub struct Frame {
    pub opening: Opening,
    /// The page that gets the POST.
    pub handler: String,
    /// It is the installer: the page is to say when it is done.
    pub installer: bool,
    pub options: Value,
    pub tokens: TokenPair,
}

/// The POST that brings an application's page into its frame.
#[derive(Debug, Clone)]
pub struct FramePost {
    pub sid: String,
    /// The handler without the query that the portal adds.
    pub handler: String,
    pub query: Vec<(&'static str, String)>,
    pub body: Vec<(&'static str, String)>,
}

impl FramePost {
    pub fn query(&self) -> String {
        encode(&self.query)
    }

    pub fn body(&self) -> String {
        encode(&self.body)
    }

    /// The handler with the query.
    pub fn action(&self) -> String {
        let joint = if self.handler.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.handler, self.query())
    }
}

fn encode(pairs: &[(&'static str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The page above which a placement's button stands.
// b24: api-reference/widgets/crm/list-toolbar.md (PLACEMENT_OPTIONS)
pub fn page_of(placement: &str) -> Option<&'static str> {
    match placement {
        "CRM_LEAD_LIST_TOOLBAR" => Some("/crm/lead/list/"),
        "CRM_DEAL_LIST_TOOLBAR" => Some("/crm/deal/list/"),
        _ => None,
    }
}

impl World {
    /// Opens an application for a user: its installer until it is installed, the handler of a placement, or its page. One
    /// placement may have several handlers: `handler` says which.
    // b24: settings/oauth/simple-way.md, settings/app-installation/local-apps/installation-master.md
    pub fn open_frame(&mut self, opening: Opening, handler: Option<&str>, now: Millis) -> Option<FramePost> {
        let app = self.apps.by_client_id(&opening.client_id)?.clone();
        let installer = !app.installed && opening.placement == DEFAULT && !app.form.installation.is_empty();
        let bound = self
            .placements
            .iter()
            .filter(|p| p.application == opening.client_id && p.placement == opening.placement)
            .find(|p| handler.is_none_or(|handler| p.handler == handler));
        let handler = match bound {
            Some(bound) => bound.handler.clone(),
            None if installer => app.form.installation.clone(),
            None => app.form.handler.clone(),
        };
        let tokens = self.issue_tokens(&opening.client_id, opening.user_id, now);
        let sid = self.apps.draw(16);
        let options = page_of(&opening.placement).map(|page| json!({"URI": page}));
        let site = &self.apps.site;
        let query = vec![
            ("DOMAIN", opening.domain.clone()),
            // Plain HTTP.
            ("PROTOCOL", "0".to_owned()),
            ("LANG", opening.language.clone()),
            ("APP_SID", sid.clone()),
        ];
        let mut body = vec![
            ("AUTH_ID", tokens.access.reveal().to_owned()),
            ("AUTH_EXPIRES", tokens.expires_in.as_secs().to_string()),
            ("REFRESH_ID", tokens.refresh.reveal().to_owned()),
            ("SERVER_ENDPOINT", site.server_endpoint()),
            ("APPLICATION_TOKEN", app.application_token.reveal().to_owned()),
            ("APPLICATION_SCOPE", app.scope()),
            ("member_id", site.member_id.clone()),
            ("status", "L".to_owned()),
            ("PLACEMENT", opening.placement.clone()),
        ];
        if let Some(options) = &options {
            // PHP escapes the slashes.
            body.push(("PLACEMENT_OPTIONS", options.to_string().replace('/', "\\/")));
        }
        let frame = Frame {
            opening,
            handler: handler.clone(),
            installer,
            options: options.unwrap_or_else(|| json!([])),
            tokens,
        };
        self.apps.frames.insert(sid.clone(), frame);
        Some(FramePost {
            sid,
            handler,
            query,
            body,
        })
    }

    /// A new pair of tokens for an open frame, as its page asks for by message.
    pub fn refresh_frame(&mut self, sid: &str, now: Millis) -> Option<&Frame> {
        let opening = self.apps.frames.get(sid)?.opening.clone();
        let tokens = self.issue_tokens(&opening.client_id, opening.user_id, now);
        let frame = self.apps.frames.get_mut(sid)?;
        frame.tokens = tokens;
        Some(frame)
    }
}
