//! For tests: the public listener over loopback, with a store behind it. The only place where a store is made.

use std::sync::Arc;

use crate::http::Limits;
use crate::http::testing::{Client, Server};
use crate::model::Channel;
use crate::store::{Filter, Store, Stored};

use super::ingest::{Ingest, IngestOptions, handle};

pub struct Shop {
    store: Store,
    pub server: Server,
    /// Removed when the test is over.
    _dir: tempfile::TempDir,
}

/// A channel as a file would describe it: `settings` over a lead channel.
pub fn channel(slug: &str, settings: serde_json::Value) -> Channel {
    let mut all = serde_json::json!({"slug": slug, "name": slug, "entity": "lead"});
    all.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

impl Shop {
    /// Opens with `channels`, after the ones named `deleted` have gone.
    pub async fn open(channels: Vec<Channel>, deleted: &[&str]) -> Shop {
        Shop::start(channels, deleted, Limits::default(), IngestOptions::default()).await
    }

    pub async fn start(
        channels: Vec<Channel>,
        deleted: &[&str],
        limits: Limits,
        options: IngestOptions,
    ) -> Shop {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for slug in deleted {
            store.put_channel(channel(slug, serde_json::json!({}))).unwrap();
            store.delete_channel(slug).unwrap();
        }
        for channel in channels {
            store.put_channel(channel).unwrap();
        }
        let ingest = Arc::new(Ingest::new(store.clone(), options));
        let server = Server::start(limits, move |request| handle(request, Arc::clone(&ingest))).await;
        Shop {
            store,
            server,
            _dir: dir,
        }
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.server.addr).await
    }

    /// From now on nothing can be stored.
    pub fn break_storage(&self) {
        self.store.close();
    }

    /// What has been stored, oldest first.
    pub fn stored(&self) -> Vec<Stored> {
        let lines = self.store.list(&Filter::default(), 1_000).unwrap();
        lines
            .iter()
            .rev()
            .map(|line| self.store.load(line.id).unwrap().unwrap())
            .collect()
    }
}
