//! Which applications there are, and what the portal remembers of them.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::event::{EventHandler, Sent};
use super::frame::Frame;
use super::tokens::{Code, Refresh};
use super::{AppForm, AppKeys, Application, Lifetimes, Site};
use crate::model::Secret;

/// Everything about applications that is no token of access: those are in the world, where `core` looks.
#[derive(Debug, Clone, Default)]
pub struct Apps {
    pub site: Site,
    pub lifetimes: Lifetimes,
    /// Pairs of tokens that were given for a refresh token.
    pub renewals: u64,
    /// Requests to `/oauth/token/`, the refused ones too.
    pub token_requests: u64,
    /// What applications have bound with `event.bind`.
    pub handlers: Vec<EventHandler>,
    /// Events that were sent, the oldest first.
    pub sent: Vec<Sent>,
    /// By `APP_SID`.
    pub(super) frames: BTreeMap<String, Frame>,
    pub(super) refresh: BTreeMap<String, Refresh>,
    pub(super) codes: BTreeMap<String, Code>,
    list: BTreeMap<u64, Application>,
    last_id: u64,
    seed: [u8; 32],
    drawn: u64,
}

impl Apps {
    /// Without a seed every draw is the same in every portal.
    pub fn new(site: Site, seed: [u8; 32]) -> Apps {
        let mut apps = Apps {
            site,
            seed,
            ..Apps::default()
        };
        apps.site.member_id = apps.draw(16);
        apps
    }

    /// An unguessable text of that many bytes, 32 at most, as hexadecimal digits.
    pub(super) fn draw(&mut self, bytes: usize) -> String {
        self.drawn += 1;
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.drawn.to_be_bytes())
            .finalize();
        HEXLOWER.encode(&digest[..bytes.min(digest.len())])
    }

    /// Saves the form. An application without an installer's page is installed at once.
    // b24: settings/app-installation/local-apps/index.md, settings/app-installation/installation-finish.md
    pub fn register(&mut self, form: AppForm, author: u64) -> Application {
        self.last_id += 1;
        let number = u64::from_str_radix(&self.draw(4), 16).unwrap_or_default() % 100_000_000;
        let application = Application {
            id: self.last_id,
            keys: AppKeys {
                client_id: format!("local.{}.{number:08}", self.draw(7)),
                client_secret: Secret::new(self.draw(25)),
            },
            application_token: Secret::new(self.draw(16)),
            installed: form.script_only || form.installation.is_empty(),
            form,
            author,
        };
        self.list.insert(application.id, application.clone());
        application
    }

    pub fn by_client_id(&self, client_id: &str) -> Option<&Application> {
        self.list.values().find(|app| app.keys.client_id == client_id)
    }

    pub fn by_client_id_mut(&mut self, client_id: &str) -> Option<&mut Application> {
        self.list.values_mut().find(|app| app.keys.client_id == client_id)
    }

    pub fn get(&self, id: u64) -> Option<&Application> {
        self.list.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Application> {
        self.list.values()
    }

    pub(super) fn handlers_of(&self, client_id: &str, event: &str) -> Vec<EventHandler> {
        let bound = |h: &&EventHandler| h.application == client_id && h.event == event;
        self.handlers.iter().filter(bound).cloned().collect()
    }

    pub fn frame(&self, sid: &str) -> Option<&Frame> {
        self.frames.get(sid)
    }

    /// Forgets an application with all that was given to it.
    pub fn remove(&mut self, client_id: &str) -> Option<Application> {
        let id = self.by_client_id(client_id)?.id;
        self.refresh.retain(|_, refresh| refresh.application != client_id);
        self.codes.retain(|_, code| code.application != client_id);
        self.frames
            .retain(|_, frame| frame.opening.client_id != client_id);
        self.handlers.retain(|handler| handler.application != client_id);
        self.list.remove(&id)
    }
}
