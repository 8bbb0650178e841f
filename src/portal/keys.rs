//! An application's keys, as people copy them from the portal's form.

use super::connection::{Address, ConnectionError};
use crate::model::{AppKeys, Secret};

/// Longer than anything a portal gives out.
const LONGEST: usize = 200;

/// The keys cannot be those of a local application. Says which one without repeating a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("the portal's address is not an address: {0}; it looks like https://portal.example")]
    Portal(&'static str),
    #[error(
        "that is no application's code (client_id); copy it from the portal's form, it looks like local.5c8bb1b0891cf2.87252039"
    )]
    ClientId,
    #[error("that is no application's key (client_secret); copy the whole of it from the portal's form")]
    ClientSecret,
}

/// Reads the three; of the portal's address only scheme, host and port count.
// b24: settings/app-installation/local-apps/installation-callback.md
pub fn app_keys(portal: &str, client_id: &str, client_secret: &str) -> Result<AppKeys, KeysError> {
    let address = Address::read(portal).map_err(|error| match error {
        ConnectionError::NotAnAddress(why) => KeysError::Portal(why),
        ConnectionError::UserInfo => {
            KeysError::Portal("it holds a user name or password before the host; leave them out")
        }
        ConnectionError::NotAWebhook => KeysError::Portal("it cannot be read"),
    })?;
    let (client_id, client_secret) = (client_id.trim(), client_secret.trim());
    let is_word =
        |text: &str| (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_id = is_word(client_id)
        && client_id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !is_id {
        return Err(KeysError::ClientId);
    }
    if !is_word(client_secret) || client_secret == client_id {
        return Err(KeysError::ClientSecret);
    }
    Ok(AppKeys {
        portal: address.origin,
        client_id: client_id.to_owned(),
        client_secret: Secret::new(client_secret),
    })
}

/// Whether two addresses name one host; scheme, port and path may differ.
pub fn is_same_host(one: &str, other: &str) -> bool {
    match (Address::read(one), Address::read(other)) {
        (Ok(one), Ok(other)) => one.host() == other.host(),
        _ => false,
    }
}

/// Whether two addresses name one portal: it may have got a certificate since, and the usual port goes without saying.
pub fn is_same_portal(one: &str, other: &str) -> bool {
    match (Address::read(one), Address::read(other)) {
        (Ok(one), Ok(other)) => one.place() == other.place(),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "local.5c8bb1b0891cf2.87252039";
    const SECRET: &str = "SakeVG5mbRdcQet45UUrt6q72AMTo7fkwXSO7Y5LYFYNCRsA6f";

    #[test]
    fn keys_as_people_copy_them() {
        for portal in [
            "https://portal.example:8443",
            " https://Portal.Example:8443/ ",
            "https://portal.example:8443/devops/edit/application/12/?x=1",
        ] {
            let keys = app_keys(portal, &format!(" {ID}\n"), &format!("{SECRET} ")).unwrap();
            assert_eq!(keys.portal, "https://portal.example:8443");
            assert_eq!(
                (keys.client_id.as_str(), keys.client_secret.reveal()),
                (ID, SECRET)
            );
        }
    }

    #[test]
    fn hosts_are_compared_without_what_stands_around_them() {
        assert!(is_same_host(
            "https://Portal.Example/rest/",
            "http://portal.example:8080"
        ));
        assert!(!is_same_host(
            "https://portal.example.evil/rest/",
            "https://portal.example"
        ));
        assert!(!is_same_host("", "https://portal.example"));
    }

    #[test]
    fn a_portal_stays_the_same_with_a_certificate_and_with_its_usual_port_said() {
        for (one, other, expected) in [
            ("https://portal.example", "https://Portal.Example:443/", true),
            ("https://portal.example", "http://portal.example", true),
            ("https://portal.example", "http://portal.example:80", true),
            ("https://portal.example", "https://portal.example:8443", false),
            ("https://portal.example:443", "https://portal.example:80", false),
            ("https://portal.example", "https://new.example", false),
            ("https://[::1]:443", "https://[::1]", true),
        ] {
            assert_eq!(is_same_portal(one, other), expected, "{one} {other}");
        }
        let keys = app_keys("https://portal.example:443", ID, SECRET).unwrap();
        assert_eq!(keys.portal, "https://portal.example");
    }

    #[test]
    fn other_texts_are_refused_without_repeating_a_secret() {
        let portal = "https://portal.example";
        assert!(matches!(
            app_keys("portal.example", ID, SECRET),
            Err(KeysError::Portal(_))
        ));
        assert!(matches!(
            app_keys("https://u:p@portal.example", ID, SECRET),
            Err(KeysError::Portal(_))
        ));
        for id in ["", "local 1", "local/1", "лок"] {
            assert_eq!(app_keys(portal, id, SECRET), Err(KeysError::ClientId), "{id}");
        }
        for secret in ["", "two words", ID] {
            let error = app_keys(portal, ID, secret).expect_err(secret);
            assert_eq!(error, KeysError::ClientSecret);
            assert!(secret.is_empty() || !error.to_string().contains(secret));
        }
    }
}
