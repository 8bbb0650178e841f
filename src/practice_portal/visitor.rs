//! Who looks at the portal's pages. Nobody signs in to a practice portal: a cookie says who one is being.

use hyper::HeaderMap;
use hyper::header::{ACCEPT_LANGUAGE, COOKIE, HOST, HeaderName};

use super::core::{Core, lock};
use super::page_text::{self, Text};

pub const USER_COOKIE: &str = "practice_user";
pub const LANGUAGE_COOKIE: &str = "practice_language";

/// A person in front of a browser.
pub struct Visitor {
    pub user_id: u64,
    pub text: &'static Text,
    /// Host and port in the address bar.
    pub domain: String,
}

impl Visitor {
    /// The chosen user, at first the owner of the webhook, and the chosen language, at first the browser's.
    pub fn read(core: &Core, headers: &HeaderMap) -> Visitor {
        let header = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
        let cookies = header(COOKIE).unwrap_or_default();
        let world = lock(&core.world);
        let chosen = cookie(cookies, USER_COOKIE).and_then(|id| id.parse().ok());
        let user_id = chosen
            .filter(|id| world.person(*id).is_some_and(|person| person.active))
            .unwrap_or(core.user_id);
        let language = cookie(cookies, LANGUAGE_COOKIE).or_else(|| header(ACCEPT_LANGUAGE));
        Visitor {
            user_id,
            text: page_text::choose(language.unwrap_or_default()),
            domain: header(HOST).map_or_else(|| world.apps.site.domain.clone(), str::to_owned),
        }
    }

    /// Whether this is an administrator of the portal.
    pub fn is_admin(&self, core: &Core) -> bool {
        lock(&core.world)
            .person(self.user_id)
            .is_some_and(|person| person.admin)
    }
}

fn cookie<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let cookies = "a=1; practice_user=2;practice_language=en";
        assert_eq!(cookie(cookies, USER_COOKIE), Some("2"));
        assert_eq!(cookie(cookies, LANGUAGE_COOKIE), Some("en"));
        assert_eq!(cookie(cookies, "user"), None);
    }
}
