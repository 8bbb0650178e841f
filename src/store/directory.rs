//! What the accept path needs of the channels: an immutable snapshot in memory, replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use super::channels::StoredChannel;
use super::error::StoreError;
use super::{ChannelKey, Store, meta};

/// Every channel there ever was.
#[derive(Debug, Default)]
pub struct Directory {
    /// The file's counter of channel changes, read before the channels were.
    pub(super) version: i64,
    by_slug: HashMap<String, Arc<StoredChannel>>,
    by_key: HashMap<ChannelKey, Arc<StoredChannel>>,
    default: Option<Arc<StoredChannel>>,
}

/// Where an address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Known(Arc<StoredChannel>),
    /// Its channel was deleted; the default channel takes what comes. `via` is the address's slug.
    Moved {
        to: Arc<StoredChannel>,
        via: String,
    },
    /// Its channel was deleted, and there is no default channel.
    Deleted,
    Unknown,
}

impl Directory {
    pub(super) fn new(version: i64, channels: Vec<StoredChannel>) -> Directory {
        let mut directory = Directory {
            version,
            ..Directory::default()
        };
        for stored in channels {
            let stored = Arc::new(stored);
            if stored.channel.is_default && stored.deleted_at.is_none() {
                directory.default = Some(stored.clone());
            }
            directory.by_key.insert(stored.key, stored.clone());
            directory.by_slug.insert(stored.channel.slug.clone(), stored);
        }
        directory
    }

    pub fn resolve(&self, slug: &str) -> Address {
        match self.by_slug.get(slug) {
            None => Address::Unknown,
            Some(stored) if stored.deleted_at.is_none() => Address::Known(stored.clone()),
            Some(_) => match &self.default {
                Some(to) => Address::Moved {
                    to: to.clone(),
                    via: slug.to_owned(),
                },
                None => Address::Deleted,
            },
        }
    }

    /// The channel of a submission, also when it was deleted meanwhile.
    pub fn by_key(&self, key: ChannelKey) -> Option<&Arc<StoredChannel>> {
        self.by_key.get(&key)
    }

    /// Also finds deleted channels, whose submissions may still be looked for.
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<StoredChannel>> {
        self.by_slug.get(slug)
    }

    /// The channel that takes the submissions of deleted ones.
    pub fn default_channel(&self) -> Option<&Arc<StoredChannel>> {
        self.default.as_ref()
    }

    /// Every channel there ever was, deleted ones included.
    pub fn all(&self) -> impl Iterator<Item = &Arc<StoredChannel>> {
        self.by_key.values()
    }

    /// Channels that are not deleted, in no particular order.
    pub fn live(&self) -> impl Iterator<Item = &Arc<StoredChannel>> {
        self.by_key.values().filter(|stored| stored.deleted_at.is_none())
    }
}

impl Store {
    /// The newest snapshot; at most a second behind changes that another process made, and never
    /// behind those made through this store.
    pub fn directory(&self) -> Arc<Directory> {
        self.inner.directory.load_full()
    }

    /// Takes up at once what another process changed in the channels. It reads one counter, and the channels only
    /// when that has moved. Blocks.
    pub fn catch_up(&self) -> Result<(), StoreError> {
        let version = self.inner.readers.read(|conn| meta::get(conn, meta::CHANNELS))?;
        if version != self.inner.directory.load().version {
            self.inner.refresh_directory()?;
        }
        Ok(())
    }

    /// Where the address `/in/<slug>` leads.
    pub fn resolve(&self, slug: &str) -> Address {
        self.inner.directory.load().resolve(slug)
    }
}
