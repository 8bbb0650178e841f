//! Which function answers which method and path, and who may ask.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::form::Form;
use super::security::Framing;
use super::session::{self, Admin, Operator, Who};
use super::visit::{Answer, Problem, Visit};
use super::{Site, assets, csrf, frame, pages, security};
use crate::http::header::{CONTENT_TYPE, HeaderMap, SET_COOKIE};
use crate::http::{BodyError, Method, Response};
use crate::model::Millis;
use crate::store::StoreError;

/// One request, read whole.
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub peer: IpAddr,
    pub body: Result<Bytes, BodyError>,
}

/// A page: a path with `{name}` for what varies, and the function that answers.
pub struct Route {
    path: &'static str,
    does: Does,
}

#[derive(Clone, Copy)]
enum Does {
    Greet(fn(&Visit<'_>) -> Answer),
    Knock(fn(&Visit<'_>, &Form) -> Answer),
    Show(fn(&Visit<'_>, &Admin) -> Answer),
    Change(fn(&Visit<'_>, &Admin, &Form) -> Answer),
    Inspect(fn(&Visit<'_>, &Operator) -> Answer),
    Manage(fn(&Visit<'_>, &Operator, &Form) -> Answer),
    Call(fn(&Visit<'_>, &Form) -> Answer),
}

/// GET, for administrators, inside the portal as well.
pub const fn show(path: &'static str, page: fn(&Visit<'_>, &Admin) -> Answer) -> Route {
    Route {
        path,
        does: Does::Show(page),
    }
}

/// POST of a form, by administrators, inside the portal as well; its CSRF token has been checked.
pub const fn change(path: &'static str, act: fn(&Visit<'_>, &Admin, &Form) -> Answer) -> Route {
    Route {
        path,
        does: Does::Change(act),
    }
}

/// GET, for those who have signed in.
pub const fn inspect(path: &'static str, page: fn(&Visit<'_>, &Operator) -> Answer) -> Route {
    Route {
        path,
        does: Does::Inspect(page),
    }
}

/// POST of a form, by those who have signed in; its CSRF token has been checked.
pub const fn manage(path: &'static str, act: fn(&Visit<'_>, &Operator, &Form) -> Answer) -> Route {
    Route {
        path,
        does: Does::Manage(act),
    }
}

/// POST of a form by the portal or from its page. It cannot carry a CSRF token: nothing that it says is believed before
/// the portal has confirmed it.
pub const fn call(path: &'static str, act: fn(&Visit<'_>, &Form) -> Answer) -> Route {
    Route {
        path,
        does: Does::Call(act),
    }
}

/// GET, for anybody.
pub const fn greet(path: &'static str, page: fn(&Visit<'_>) -> Answer) -> Route {
    Route {
        path,
        does: Does::Greet(page),
    }
}

/// POST of a form, by anybody; its CSRF token has been checked.
pub const fn knock(path: &'static str, act: fn(&Visit<'_>, &Form) -> Answer) -> Route {
    Route {
        path,
        does: Does::Knock(act),
    }
}

impl Does {
    fn is_read(self) -> bool {
        matches!(self, Does::Greet(_) | Does::Show(_) | Does::Inspect(_))
    }
}

type Params = Vec<(&'static str, String)>;

/// Answers one request; every header that the pages need is on it.
pub fn answer(site: &Site, asked: &Asked, now: Millis) -> Response {
    if let Some(asset) = assets::find(&asked.path) {
        return asset;
    }
    let (token, path) = match frame::split(&asked.path) {
        Some((token, path)) => (Some(token), path),
        None => (None, asked.path.as_str()),
    };
    let (who, framing) = match recognise(site, asked, token, now) {
        Ok(known) => known,
        Err(error) => {
            tracing::error!(%error, "a session cannot be looked up");
            return security::plain_failure();
        }
    };
    let mut visit = Visit::new(site, asked, path, &who, framing, now);
    let answer = match find(&asked.method, path) {
        _ if token.is_some() && who.frame_user().is_none() => Err(Problem::FrameOver),
        Ok((does, params)) => {
            visit.params = params;
            dispatch(does, &visit, asked)
        }
        Err(problem) => Err(problem),
    };
    let mut response = answer.unwrap_or_else(|problem| pages::problem(&visit, &problem));
    // A form sent from another site comes without the cookie; a new one would sign the administrator out.
    let is_page = visit.is_read && response.headers().contains_key(CONTENT_TYPE);
    if is_page && who.is_new() && !response.headers().contains_key(SET_COOKIE) {
        // Forms on it are bound to this cookie.
        let cookie = session::visitor_cookie(site, &who);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Who asks, and who may show the answer in a frame.
fn recognise(
    site: &Site,
    asked: &Asked,
    token: Option<&str>,
    now: Millis,
) -> Result<(Who, Framing), StoreError> {
    let who = match token {
        Some(token) => session::recognise_framed(site, token, now)?,
        None => session::recognise(site, &asked.headers, now)?,
    };
    let origin = match frame::is_framed(&asked.path) {
        true => site.portal_origin()?,
        false => None,
    };
    Ok((who, origin.map_or(Framing::Never, Framing::Portal)))
}

fn dispatch(does: Does, visit: &Visit<'_>, asked: &Asked) -> Answer {
    let admin = || visit.admin().ok_or(Problem::SignInFirst);
    let operator = || visit.who.operator().ok_or(Problem::SignInFirst);
    match does {
        Does::Show(_) | Does::Change(_) => {}
        _ if visit.is_framed() => return Err(Problem::NotInFrame),
        _ => {}
    }
    match does {
        Does::Greet(page) => page(visit),
        Does::Show(page) => page(visit, admin()?),
        Does::Knock(act) => act(visit, &csrf::checked(visit, asked)?),
        Does::Change(act) => act(visit, admin()?, &csrf::checked(visit, asked)?),
        Does::Inspect(page) => page(visit, operator()?),
        Does::Manage(act) => act(visit, operator()?, &csrf::checked(visit, asked)?),
        Does::Call(act) => act(visit, &csrf::unchecked(asked)?),
    }
}

/// The function for a request, and what stands in its path.
fn find(method: &Method, path: &str) -> Result<(Does, Params), Problem> {
    let reads = match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => false,
        _ => return Err(Problem::MethodNotAllowed("GET, HEAD, POST")),
    };
    let mut other = None;
    for route in pages::ALL.iter().flat_map(|routes| routes.iter()) {
        let Some(params) = matches(route.path, path) else {
            continue;
        };
        if route.does.is_read() == reads {
            return Ok((route.does, params));
        }
        other = Some(if reads { "POST" } else { "GET, HEAD" });
    }
    Err(other.map_or(Problem::NotFound, Problem::MethodNotAllowed))
}

/// What the `{names}` of a pattern stand for in a path, percent-decoded; `None` when it is another path.
fn matches(pattern: &'static str, path: &str) -> Option<Params> {
    let mut params = Params::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(want), Some(have)) => {
                match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
                    Some(name) if !have.is_empty() => {
                        let text: Cow<'_, str> = percent_decode_str(have).decode_utf8().ok()?;
                        params.push((name, text.into_owned()));
                    }
                    None if want == have => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

/// The patterns of all pages that are shown to administrators inside the portal as well, and of those that are not.
#[cfg(test)]
pub fn patterns(in_frame: bool) -> Vec<&'static str> {
    let all = pages::ALL.iter().flat_map(|routes| routes.iter());
    let wanted = all.filter(|route| match route.does {
        Does::Show(_) => in_frame,
        Does::Greet(_) | Does::Inspect(_) => !in_frame,
        _ => false,
    });
    wanted.map(|route| route.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_segment_by_segment() {
        let named = |slug: &str| Some(vec![("slug", slug.to_owned())]);
        for (pattern, path, expected) in [
            ("/", "/", Some(vec![])),
            ("/a", "/a", Some(vec![])),
            ("/a", "/a/", None),
            ("/a", "/b", None),
            ("/a/{slug}", "/a/shop-1", named("shop-1")),
            ("/a/{slug}", "/a/%D1%81%2Fx", named("с/x")),
            ("/a/{slug}", "/a/", None),
            ("/a/{slug}", "/a/b/c", None),
            ("/a/{slug}", "/a/%FF", None),
            ("/a/{slug}/b", "/a/x/b", named("x")),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn no_two_pages_have_one_address() {
        let mut seen = std::collections::HashSet::new();
        for route in pages::ALL.iter().flat_map(|routes| routes.iter()) {
            assert!(seen.insert((route.path, route.does.is_read())), "{}", route.path);
        }
    }
}
