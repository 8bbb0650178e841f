//! What the portal sends to an application's addresses, read into types. Pure, and nothing of it is believed here: anybody
//! can post these fields.

use std::time::Duration;

use crate::model::{Entity, Language, Secret};

/// A token is text of the portal's; a longer one is none.
const LONGEST_TOKEN: usize = 1_000;
/// Of a host (RFC 1035, section 2.3.4) with its port.
const LONGEST_NAME: usize = 261;
/// How long an access token lives when the portal does not say.
// b24: settings/oauth/index.md
const USUAL_LIFE: Duration = Duration::from_secs(3_600);

/// Fields as they came: of a query or of a form.
type Pairs = [(String, String)];

/// A pair of tokens that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTokens {
    pub access: Secret,
    /// Absent in most events.
    pub refresh: Option<Secret>,
    pub lifetime: Duration,
    /// The authorization server gave them out for a code, so it has accepted the application's keys.
    pub came_for_a_code: bool,
}

/// The POST that opens a page of the application in the portal's frame. Older portals send fewer fields.
// b24: settings/oauth/simple-way.md, api-reference/widgets/crm/list-toolbar.md
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameCall {
    pub domain: String,
    /// The language of the portal's pages, when it is named.
    pub language: Option<Language>,
    pub tokens: SentTokens,
    /// With which the portal will sign its events.
    pub application_token: Option<Secret>,
    pub member_id: String,
    pub place: Placement,
}

/// Where a page was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The button above a list.
    Toolbar(Entity),
    /// The application's own page, or anything else.
    Other,
}

impl FrameCall {
    /// `None` when this is no such POST: there is no token in it.
    pub fn read(query: &Pairs, body: &Pairs) -> Option<FrameCall> {
        let tokens = SentTokens {
            access: token(body, "AUTH_ID")?,
            refresh: token(body, "REFRESH_ID"),
            lifetime: lifetime(body, "AUTH_EXPIRES"),
            came_for_a_code: false,
        };
        let in_query = |name| get(query, name).or_else(|| get(body, name));
        Some(FrameCall {
            domain: name(in_query("DOMAIN")),
            language: in_query("LANG").filter(|code| !code.is_empty()).map(language),
            tokens,
            application_token: token(body, "APPLICATION_TOKEN"),
            member_id: name(get(body, "member_id")),
            place: Placement::read(get(body, "PLACEMENT").unwrap_or_default()),
        })
    }
}

impl Placement {
    // b24: api-reference/widgets/crm/list-toolbar.md
    fn read(code: &str) -> Placement {
        match code {
            "CRM_LEAD_LIST_TOOLBAR" => Placement::Toolbar(Entity::Lead),
            "CRM_DEAL_LIST_TOOLBAR" => Placement::Toolbar(Entity::Deal),
            _ => Placement::Other,
        }
    }
}

/// The POST with which the portal tells of something.
// b24: api-reference/common/events/on-app-install.md, api-reference/common/events/on-app-uninstall.md
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub kind: EventKind,
    pub domain: String,
    pub member_id: String,
    /// The portal's signature.
    pub application_token: Option<Secret>,
    /// Absent in most events.
    pub tokens: Option<SentTokens>,
    pub language: Option<Language>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    Install,
    Uninstall,
    Other,
}

impl Event {
    /// `None` when this is no event. An application without pages may get its installation without the event's name: it
    /// is known by its `auth`.
    // b24: settings/app-installation/local-apps/installation-callback.md
    pub fn read(body: &Pairs) -> Option<Event> {
        let access = token(body, "auth[access_token]");
        let kind = match get(body, "event") {
            Some(name) if name.eq_ignore_ascii_case("ONAPPINSTALL") => EventKind::Install,
            Some(name) if name.eq_ignore_ascii_case("ONAPPUNINSTALL") => EventKind::Uninstall,
            Some(_) => EventKind::Other,
            None if access.is_some() => EventKind::Install,
            None => return None,
        };
        Some(Event {
            kind,
            domain: name(get(body, "auth[domain]")),
            member_id: name(get(body, "auth[member_id]")),
            application_token: token(body, "auth[application_token]"),
            tokens: access.map(|access| SentTokens {
                access,
                refresh: token(body, "auth[refresh_token]"),
                lifetime: lifetime(body, "auth[expires_in]"),
                came_for_a_code: false,
            }),
            language: get(body, "data[LANGUAGE_ID]")
                .filter(|code| !code.is_empty())
                .map(language),
        })
    }
}

/// Whether a request names the portal that is configured, `https://portal.example`. Portals leave the usual ports out or
/// in as they like.
pub fn is_of(portal: &str, domain: &str) -> bool {
    let (scheme, authority) = portal.split_once("://").unwrap_or(("https", portal));
    let usual = if scheme == "http" { "80" } else { "443" };
    let (host, port) = split_port(authority);
    let (sent_host, sent_port) = split_port(domain.trim());
    let port = port.unwrap_or(usual);
    !host.is_empty() && host.eq_ignore_ascii_case(sent_host) && sent_port.is_none_or(|sent| sent == port)
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

fn language(code: &str) -> Language {
    Language::preferred(code)
}

fn get<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(key, _)| key == name)?;
    Some(found.1.as_str())
}

/// A host or a portal's number; nothing when it is longer than any: what is read here may be kept for a while.
fn name(sent: Option<&str>) -> String {
    let sane = sent.filter(|text| text.len() <= LONGEST_NAME);
    sane.unwrap_or_default().to_owned()
}

/// Something that can be sent back to the portal: printable, and of a sane length.
fn token(pairs: &Pairs, name: &str) -> Option<Secret> {
    let text = get(pairs, name)?.trim();
    let is_sane = (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    is_sane.then(|| Secret::new(text))
}

fn lifetime(pairs: &Pairs, name: &str) -> Duration {
    let seconds = get(pairs, name).and_then(|text| text.trim().parse().ok());
    seconds.map_or(USUAL_LIFE, |seconds: u32| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    #[test]
    fn the_portals_button_is_read() {
        // b24: api-reference/widgets/crm/list-toolbar.md (the example's fields)
        let query = pairs("DOMAIN=portal.example&PROTOCOL=1&LANG=ru&APP_SID=c75986789a2a58e2");
        let body = pairs(
            "AUTH_ID=a1&AUTH_EXPIRES=1800&REFRESH_ID=r1&SERVER_ENDPOINT=https%3A%2F%2Fevil.example%2Frest%2F\
             &APPLICATION_TOKEN=t1&APPLICATION_SCOPE=crm%2Cplacement&member_id=m1&status=L\
             &PLACEMENT=CRM_DEAL_LIST_TOOLBAR&PLACEMENT_OPTIONS=%7B%22URI%22%3A%22%2F%22%7D",
        );
        let call = FrameCall::read(&query, &body).unwrap();
        let expected = FrameCall {
            domain: "portal.example".to_owned(),
            language: Some(Language::Russian),
            tokens: SentTokens {
                access: Secret::new("a1"),
                refresh: Some(Secret::new("r1")),
                lifetime: Duration::from_secs(1_800),
                came_for_a_code: false,
            },
            application_token: Some(Secret::new("t1")),
            member_id: "m1".to_owned(),
            place: Placement::Toolbar(Entity::Deal),
        };
        assert_eq!(call, expected);
    }

    #[test]
    fn older_portals_send_less() {
        let call = FrameCall::read(&pairs("DOMAIN=p"), &pairs("AUTH_ID=a")).unwrap();
        assert_eq!((call.language, call.place), (None, Placement::Other));
        assert_eq!(call.tokens.refresh, None);
        assert_eq!(call.tokens.lifetime, USUAL_LIFE);
        for body in [
            "",
            "AUTH_ID=",
            "AUTH_ID=%20",
            "AUTH_ID=a%0Ab",
            "auth_id=a",
            "PLACEMENT=DEFAULT",
        ] {
            assert_eq!(FrameCall::read(&[], &pairs(body)), None, "{body}");
        }
        let long = format!("AUTH_ID={}", "a".repeat(LONGEST_TOKEN + 1));
        assert_eq!(FrameCall::read(&[], &pairs(&long)), None);
        let long = format!("AUTH_ID=a&DOMAIN={0}&member_id={0}", "a".repeat(LONGEST_NAME + 1));
        let call = FrameCall::read(&[], &pairs(&long)).unwrap();
        assert_eq!((call.domain.as_str(), call.member_id.as_str()), ("", ""));
    }

    #[test]
    fn events_are_known_by_name_or_by_their_tokens() {
        let auth = "auth[domain]=p&auth[access_token]=a&auth[refresh_token]=r&auth[expires_in]=3600\
                    &auth[member_id]=m&auth[application_token]=t&auth[scope]=crm+im";
        for (body, kind, has_tokens) in [
            (
                format!("event=ONAPPINSTALL&data[LANGUAGE_ID]=ru&{auth}"),
                EventKind::Install,
                true,
            ),
            (auth.to_owned(), EventKind::Install, true),
            (
                "event=onAppUninstall&auth[application_token]=t".to_owned(),
                EventKind::Uninstall,
                false,
            ),
            (
                "event=ONCRMDEALADD&auth[application_token]=t".to_owned(),
                EventKind::Other,
                false,
            ),
        ] {
            let event = Event::read(&pairs(&body)).unwrap();
            assert_eq!((event.kind, event.tokens.is_some()), (kind, has_tokens), "{body}");
            assert_eq!(event.application_token, Some(Secret::new("t")), "{body}");
        }
        let install =
            Event::read(&pairs(&format!("event=ONAPPINSTALL&data[LANGUAGE_ID]=ru&{auth}"))).unwrap();
        assert_eq!(install.language, Some(Language::Russian));
        assert_eq!((install.domain.as_str(), install.member_id.as_str()), ("p", "m"));
        assert_eq!(Event::read(&pairs("a=b")), None);
    }

    #[test]
    fn a_request_names_the_portal_with_or_without_the_usual_port() {
        for (portal, domain, expected) in [
            ("https://portal.example", "portal.example", true),
            ("https://portal.example", "Portal.Example:443", true),
            ("https://portal.example", "portal.example:80", false),
            ("https://portal.example", "portal.example:8443", false),
            ("http://portal.example", "portal.example:80", true),
            ("https://portal.example:8443", "portal.example:8443", true),
            ("https://portal.example:8443", "portal.example", true),
            ("https://portal.example", "evil.example", false),
            ("https://portal.example", "portal.example.evil.example", false),
            ("https://portal.example", "", false),
            ("https://portal.example", "portal.example:", false),
            ("http://[::1]:8080", "[::1]:8080", true),
        ] {
            assert_eq!(is_of(portal, domain), expected, "{portal} {domain}");
        }
    }

    proptest! {
        #[test]
        fn any_request_can_be_read(query in ".{0,60}", body in ".{0,200}") {
            FrameCall::read(&pairs(&query), &pairs(&body));
            Event::read(&pairs(&body));
            is_of(&query, &body);
        }
    }
}
