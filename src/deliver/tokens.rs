//! Where an application's tokens are kept: the store, as the portal's adapter needs it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::app::APP_TOKENS_CREDENTIAL;
use super::now;
use crate::model::{AppTokens, Gone, Installation, Secret};
use crate::portal::{self, Connection, OpenError, Portal, TokenStore};
use crate::store::Store;

/// The lock that all processes of a data directory share while one of them renews.
const LOCK: &str = "tokens";

/// When a renewal began last. Nobody reads it: it is written to learn whether the disk would take the new pair.
const BEGUN_SETTING: &str = "app_tokens_renewal";

/// Opens a stored connection of either kind.
pub fn open(store: &Store, connection: Connection, options: &portal::Options) -> Result<Portal, OpenError> {
    Portal::open_with(connection, Arc::new(Stored(store.clone())), options)
}

struct Stored(Store);

impl TokenStore for Stored {
    fn load(&self) -> Result<Option<Installation>, String> {
        self.0
            .credential(APP_TOKENS_CREDENTIAL)
            .map_err(|error| error.to_string())
    }

    fn try_disk(&self) -> Result<(), String> {
        self.0
            .put_setting(BEGUN_SETTING, &now())
            .map_err(|error| error.to_string())
    }

    fn replace(&self, refresh: &Secret, new: &AppTokens) -> Result<bool, String> {
        let (refresh, new) = (refresh.clone(), new.clone());
        self.change(move |installation| {
            (installation.tokens.refresh == refresh).then_some(Installation {
                tokens: new,
                gone: None,
                unproven: None,
                ..installation
            })
        })
    }

    fn mark_gone(&self, refresh: &Secret, gone: Gone) -> Result<(), String> {
        let refresh = refresh.clone();
        self.change(move |installation| {
            (installation.tokens.refresh == refresh).then_some(Installation {
                gone: Some(gone),
                ..installation
            })
        })
        .map(|_| ())
    }

    fn lock(&self, patience: Duration) -> Result<Option<Box<dyn Any>>, String> {
        match self.0.work_lock(LOCK, patience) {
            Ok(lock) => Ok(lock.map(|lock| Box::new(lock) as Box<dyn Any>)),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Stored {
    fn change(
        &self,
        change: impl FnOnce(Installation) -> Option<Installation> + Send + 'static,
    ) -> Result<bool, String> {
        self.0
            .change_credential(APP_TOKENS_CREDENTIAL, change)
            .map_err(|error| error.to_string())
    }
}
