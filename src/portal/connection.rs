//! By what right the bridge calls the portal, and at which address.

use std::fmt;

use serde::{Deserialize, Serialize};
use ureq::http::Uri;

use crate::model::{AppKeys, Secret};

/// Portals make codes of 16 characters. One this short was made up for a test, and cutting it out
/// would only tear words apart.
const SHORTEST_CODE: usize = 6;

/// How the portal is called; stored as a setting.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Connection {
    /// An inbound webhook: `https://portal/rest/1/code/`, the method's name goes behind it.
    // b24: local-integrations/local-webhooks.md
    Webhook { url: Secret },
    /// A local application: methods stand at `https://portal/rest/`, and each call carries a token, which is kept
    /// elsewhere because it changes.
    // b24: settings/how-to-call-rest-api/authorization.md
    App(AppKeys),
}

/// The text is no webhook's address. Says what is wrong without repeating the text: it may hold a
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    #[error(
        "the webhook's address is not an address: {0}; copy it from the portal, it looks like https://portal/rest/1/code/"
    )]
    NotAnAddress(&'static str),
    #[error(
        "the address has no /rest/<user>/<code>/ part; copy the whole address of an inbound webhook from the portal"
    )]
    NotAWebhook,
    #[error("the address holds a user name or password before the host; leave them out")]
    UserInfo,
}

impl Connection {
    /// Reads a webhook's address as people copy it: with or without the last slash, and with or
    /// without the method that the portal's page shows behind it.
    pub fn webhook(text: &str) -> Result<Connection, ConnectionError> {
        use ConnectionError::NotAWebhook;
        let Address { origin, uri } = Address::read(text)?;
        let parts: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let rest = parts
            .iter()
            .rposition(|part| *part == "rest")
            .ok_or(NotAWebhook)?;
        let (Some(user), Some(code)) = (parts.get(rest + 1), parts.get(rest + 2)) else {
            return Err(NotAWebhook);
        };
        let is_code = code
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        // Behind the code stands a method at most.
        if !user.bytes().all(|b| b.is_ascii_digit()) || !is_code || parts.len() > rest + 4 {
            return Err(NotAWebhook);
        }
        let path = parts[..=rest + 2].join("/");
        Ok(Connection::Webhook {
            url: Secret::new(format!("{origin}/{path}/")),
        })
    }

    /// Where `method` is called. A secret.
    pub(super) fn method_url(&self, method: &str) -> String {
        match self {
            Connection::Webhook { url } => format!("{}{method}", url.reveal()),
            Connection::App(keys) => format!("{}/rest/{method}", keys.portal),
        }
    }

    /// The portal's own address, safe to show: `https://portal`.
    pub fn portal(&self) -> String {
        match self {
            Connection::Webhook { url } => {
                let url = url.reveal();
                let after_scheme = url.find("://").map_or(0, |at| at + 3);
                let end = url[after_scheme..]
                    .find('/')
                    .map_or(url.len(), |at| after_scheme + at);
                url[..end].to_owned()
            }
            Connection::App(keys) => keys.portal.clone(),
        }
    }

    /// Everybody on the way can read what is sent, the webhook's code first of all.
    pub fn is_insecure(&self) -> bool {
        self.portal().starts_with("http://")
    }

    /// The user in whose name the webhook works; an application's is known by its tokens.
    pub fn user_id(&self) -> Option<u64> {
        match self {
            Connection::App(_) => None,
            Connection::Webhook { url } => url
                .reveal()
                .trim_end_matches('/')
                .rsplit('/')
                .nth(1)?
                .parse()
                .ok(),
        }
    }

    /// The address with the last four characters of its code, so that people can tell which webhook it is; for an
    /// application the address of its methods.
    pub fn hint(&self) -> String {
        if let Connection::App(keys) = self {
            return format!("{}/rest/", keys.portal);
        }
        let code = Secret::new(self.code());
        match self.user_id() {
            Some(user) => format!("{}/rest/{user}/{code}/", self.portal()),
            None => format!("{}/rest/{code}/", self.portal()),
        }
    }

    /// Host and port, as a firewall knows them.
    pub fn host_and_port(&self) -> (String, u16) {
        let uri: Uri = self.portal().parse().unwrap_or_default();
        let port = if self.is_insecure() { 80 } else { 443 };
        (
            uri.host().unwrap_or_default().to_owned(),
            uri.port_u16().unwrap_or(port),
        )
    }

    /// `text` without the connection's secrets.
    pub(super) fn masked(&self, text: &str) -> String {
        match self.code() {
            code if code.len() >= SHORTEST_CODE => text.replace(code, "…"),
            _ => text.to_owned(),
        }
    }

    fn code(&self) -> &str {
        match self {
            Connection::Webhook { url } => url
                .reveal()
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default(),
            Connection::App(keys) => keys.client_secret.reveal(),
        }
    }

    /// The connection at the address a redirect names, when that is the same place of a renamed
    /// portal: the same path, and not from https back to http.
    // b24: settings/how-to-call-rest-api/change-domen.md
    pub(super) fn moved(&self, method: &str, location: &str) -> Option<Connection> {
        let here: Uri = self.method_url(method).parse().ok()?;
        let there: Uri = location.trim().parse().ok()?;
        let same_path = there.path().trim_end_matches('/') == here.path().trim_end_matches('/');
        let downgrade = here.scheme_str() == Some("https") && there.scheme_str() != Some("https");
        if !same_path || downgrade || there.authority() == here.authority() && there.scheme() == here.scheme()
        {
            return None;
        }
        let moved = match self {
            Connection::Webhook { .. } => Connection::webhook(location).ok()?,
            Connection::App(keys) => Connection::App(AppKeys {
                portal: Address::read(location).ok()?.origin,
                ..keys.clone()
            }),
        };
        (moved != *self).then_some(moved)
    }
}

/// An address in its parts.
pub(super) struct Address {
    /// `https://portal.example:8443`, in small letters and without the usual port.
    pub origin: String,
    uri: Uri,
}

impl Address {
    /// Reads an address as people copy it, with whatever stands behind the host.
    pub(super) fn read(text: &str) -> Result<Address, ConnectionError> {
        use ConnectionError::{NotAnAddress, UserInfo};
        let text = text.trim().trim_matches(['"', '\'', '<', '>']);
        let text = text.split(['?', '#']).next().unwrap_or_default();
        if !text.is_ascii() {
            return Err(NotAnAddress(
                "a name in national letters must be written in its xn-- form",
            ));
        }
        let uri: Uri = text.parse().map_err(|_| NotAnAddress("it cannot be read"))?;
        let scheme = match uri.scheme_str() {
            Some(scheme @ ("http" | "https")) => scheme,
            Some(_) => return Err(NotAnAddress("it must begin with https:// or http://")),
            None => return Err(NotAnAddress("https:// is missing")),
        };
        let authority = uri.authority().map(|a| a.as_str()).unwrap_or_default();
        if authority.contains('@') {
            return Err(UserInfo);
        }
        if uri.host().unwrap_or_default().is_empty() {
            return Err(NotAnAddress("the host is missing"));
        }
        let usual = if scheme == "http" { ":80" } else { ":443" };
        let authority = authority.strip_suffix(usual).unwrap_or(authority);
        let origin = format!("{scheme}://{}", authority.to_ascii_lowercase());
        Ok(Address { origin, uri })
    }

    pub(super) fn host(&self) -> String {
        self.uri.host().unwrap_or_default().to_ascii_lowercase()
    }

    /// Host and port without the scheme, the usual port left out.
    pub(super) fn place(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, place)| place)
    }
}

/// Without the code: `https://portal/rest/1/…/`.
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Connection::App(keys) = self {
            return write!(f, "{} through the application {}", keys.portal, keys.client_id);
        }
        match self.user_id() {
            Some(user) => write!(f, "{}/rest/{user}/…/", self.portal()),
            None => f.write_str(&self.portal()),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CODE: &str = "abcdef0123456789";

    fn url(connection: &Connection) -> &str {
        let Connection::Webhook { url } = connection else {
            panic!("{connection}")
        };
        url.reveal()
    }

    #[test]
    fn a_hint_tells_four_characters() {
        let connection = Connection::webhook(&format!("https://portal.example:8443/rest/7/{CODE}/")).unwrap();
        assert_eq!(connection.hint(), "https://portal.example:8443/rest/7/…6789/");
        assert_eq!(connection.host_and_port(), ("portal.example".to_owned(), 8443));
        let plain = Connection::webhook("http://10.0.0.5/rest/1/short/").unwrap();
        assert_eq!(plain.hint(), "http://10.0.0.5/rest/1/…/");
        assert_eq!(plain.host_and_port(), ("10.0.0.5".to_owned(), 80));
        let six = Connection::webhook("https://[2001:db8::1]/rest/1/short/").unwrap();
        assert_eq!(six.host_and_port(), ("[2001:db8::1]".to_owned(), 443));
    }

    #[test]
    fn addresses_as_people_copy_them() {
        let wanted = format!("https://portal.example/rest/1/{CODE}/");
        for text in [
            format!("https://portal.example/rest/1/{CODE}/"),
            format!("https://portal.example/rest/1/{CODE}"),
            format!("  'https://Portal.Example/rest/1/{CODE}/profile.json' \n"),
            format!("https://portal.example/rest/1/{CODE}/crm.lead.add?fields[TITLE]=x"),
            format!("https://portal.example//rest/1/{CODE}/"),
        ] {
            assert_eq!(url(&Connection::webhook(&text).unwrap()), wanted, "{text}");
        }
        let plain = Connection::webhook(&format!("http://10.0.0.5:8080/site/rest/12/{CODE}/")).unwrap();
        assert_eq!(url(&plain), format!("http://10.0.0.5:8080/site/rest/12/{CODE}/"));
        assert!(plain.is_insecure());
        assert_eq!(
            (plain.user_id(), plain.portal().as_str()),
            (Some(12), "http://10.0.0.5:8080")
        );
    }

    #[test]
    fn other_texts_are_refused_without_repeating_them() {
        for text in [
            "",
            "portal.example/rest/1/abcdef0123456789/",
            "ftp://portal.example/rest/1/abcdef0123456789/",
            "https://портал.рф/rest/1/abcdef0123456789/",
            "https://portal.example/",
            "https://portal.example/rest/abcdef0123456789/",
            "https://portal.example/rest/1/",
            "https://portal.example/rest/x/abcdef0123456789/",
            "https://portal.example/rest/1/abcdef0123456789/crm/lead/add",
            "https://u:p@portal.example/rest/1/abcdef0123456789/",
        ] {
            let error = Connection::webhook(text).expect_err(text);
            assert!(!error.to_string().contains(CODE), "{error}");
        }
    }

    #[test]
    fn the_code_is_never_shown() {
        let connection = Connection::webhook(&format!("https://portal.example/rest/1/{CODE}/")).unwrap();
        assert_eq!(connection.to_string(), "https://portal.example/rest/1/…/");
        assert!(!format!("{connection:?}").contains(CODE));
        assert_eq!(
            connection.masked(&format!("404 for /rest/1/{CODE}/x")),
            "404 for /rest/1/…/x"
        );
    }

    #[test]
    fn it_is_stored_with_room_for_other_kinds() {
        let connection = Connection::webhook(&format!("https://p.example/rest/1/{CODE}/")).unwrap();
        let json = serde_json::to_value(&connection).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"kind": "webhook", "url": format!("https://p.example/rest/1/{CODE}/")})
        );
        assert_eq!(serde_json::from_value::<Connection>(json).unwrap(), connection);
    }

    #[test]
    fn a_renamed_portal_is_followed_and_nothing_else() {
        let old = Connection::webhook(&format!("https://old.example/rest/1/{CODE}/")).unwrap();
        let moved = |to: &str| old.moved("batch", to).map(|c| url(&c).to_owned());
        assert_eq!(
            moved(&format!("https://new.example/rest/1/{CODE}/batch")),
            Some(format!("https://new.example/rest/1/{CODE}/"))
        );
        assert!(moved(&format!("https://new.example:8443/rest/1/{CODE}/batch?x=1")).is_some());
        for to in [
            format!("http://new.example/rest/1/{CODE}/batch"),
            format!("https://old.example/rest/1/{CODE}/batch"),
            "https://new.example/auth/?backurl=x".to_owned(),
            "/auth/".to_owned(),
            String::new(),
        ] {
            assert_eq!(moved(&to), None, "{to}");
        }
        let plain = Connection::webhook(&format!("http://old.example/rest/1/{CODE}/")).unwrap();
        assert!(
            plain
                .moved("batch", &format!("https://old.example/rest/1/{CODE}/batch"))
                .is_some()
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(https?://)?[a-z./0-9@:?#\\PC]{0,40}") {
            if let Ok(connection) = Connection::webhook(&text) {
                prop_assert_eq!(Connection::webhook(url(&connection)), Ok(connection));
            }
        }
    }
}
