//! Settings that administrators change while the bridge runs. What was said at start wins over them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::Options;
use crate::portal;
use crate::store::{Store, StoreError};
use crate::throttle::Profile;

/// The stored setting that holds [`Preferences`].
pub const PREFERENCES_SETTING: &str = "preferences";
/// Country of phone numbers when nobody said another.
pub const USUAL_COUNTRY: &str = "RU";
/// What is known of a portal's limits when nobody said: a box without any.
pub const USUAL_PROFILE: Profile = Profile::Box { per_second: None };

/// What the settings page keeps; absent: nobody has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Two letters, ISO 3166.
    pub phone_country: Option<String>,
    pub profile: Option<Profile>,
    /// Days for which requests themselves are kept after they arrived; 0: for ever.
    pub keep_days: u32,
}

impl Preferences {
    pub fn read(store: &Store) -> Result<Preferences, StoreError> {
        Ok(store.setting(PREFERENCES_SETTING)?.unwrap_or_default())
    }

    pub fn keep(&self, store: &Store) -> Result<(), StoreError> {
        store.put_setting(PREFERENCES_SETTING, self)
    }
}

/// What was said at start, by a flag or in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    pub country: Option<String>,
    pub profile: Option<Profile>,
}

impl Given {
    /// Default country for phones.
    pub fn country(&self, preferences: &Preferences) -> String {
        let chosen = self.country.as_deref().or(preferences.phone_country.as_deref());
        chosen.unwrap_or(USUAL_COUNTRY).to_owned()
    }

    /// The portal's limits.
    pub fn profile(&self, preferences: &Preferences) -> Profile {
        self.profile.or(preferences.profile).unwrap_or(USUAL_PROFILE)
    }
}

/// What delivery works by at the moment.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Default country for phones.
    pub country: String,
    /// How long the portal may still be working on a call whose answer was lost.
    pub settle: Duration,
    /// How the portal is called.
    pub portal: portal::Options,
}

impl Conditions {
    pub fn new(options: &Options, preferences: &Preferences) -> Conditions {
        Conditions {
            country: options.given.country(preferences),
            settle: options.settle,
            portal: portal::Options {
                profile: options.given.profile(preferences),
                ..options.portal.clone()
            },
        }
    }

    /// Whether what a preference can change is the same.
    pub fn is_like(&self, other: &Conditions) -> bool {
        self.country == other.country && self.portal.profile == other.portal.profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_at_start_wins() {
        let chosen = Preferences {
            phone_country: Some("KZ".to_owned()),
            profile: Some(Profile::Cloud),
            keep_days: 0,
        };
        let (silent, said) = (
            Given::default(),
            Given {
                country: Some("BY".to_owned()),
                profile: Some(Profile::Enterprise),
            },
        );
        for (given, preferences, country, profile) in [
            (&silent, &Preferences::default(), "RU", USUAL_PROFILE),
            (&silent, &chosen, "KZ", Profile::Cloud),
            (&said, &Preferences::default(), "BY", Profile::Enterprise),
            (&said, &chosen, "BY", Profile::Enterprise),
        ] {
            assert_eq!(given.country(preferences), country);
            assert_eq!(given.profile(preferences), profile);
        }
    }

    #[test]
    fn they_come_back_as_they_were_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(Preferences::read(&store).unwrap(), Preferences::default());
        for profile in [
            None,
            Some(Profile::Box { per_second: Some(7) }),
            Some(Profile::Enterprise),
        ] {
            let chosen = Preferences {
                phone_country: Some("KZ".to_owned()),
                profile,
                keep_days: 30,
            };
            chosen.keep(&store).unwrap();
            assert_eq!(Preferences::read(&store).unwrap(), chosen);
        }
    }
}
