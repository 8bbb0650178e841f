//! Who asks. The browser holds a random token in a cookie; the store knows its digest. Inside the portal's frame the
//! token stands in the path, and [`Frames`](crate::portal_app::frames::Frames) knows its digest. Only this module makes
//! an [`Admin`] or an [`Operator`].

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::frame;
use super::site::Site;
use crate::deliver::app;
use crate::http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap, HeaderValue, USER_AGENT};
use crate::model::Millis;
use crate::portal_app::frames::FrameUser;
use crate::store::{AccountId, SESSION_LIFE, Session, SessionId, StoreError, TokenDigest};
use crate::web::visitor::Language;

/// Over plain HTTP. Browsers do not tell ports apart: whatever else runs on this host gets it, too.
const COOKIE_NAME: &str = "b24_bridge";
/// Over TLS: the prefix makes browsers refuse it from any other host or path (RFC 6265bis, section 4.1.3.2).
const SECURE_COOKIE_NAME: &str = "__Host-b24_bridge";
/// The language of those who are not signed in.
const LANGUAGE_COOKIE: &str = "b24_bridge_lang";
const TOKEN_SIZE: usize = 32;
/// How exact "last seen" is: one write in so long, not one a page.
const TOUCH_AFTER_MS: i64 = 5 * 60 * 1000;
/// What is kept of what a browser calls itself.
const AGENT_CHARS: usize = 200;

/// 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; TOKEN_SIZE]);

impl Token {
    pub fn random() -> Result<Token, StoreError> {
        let mut bytes = [0; TOKEN_SIZE];
        getrandom::fill(&mut bytes).map_err(|error| StoreError::NoRandomness(error.to_string()))?;
        Ok(Token(bytes))
    }

    pub fn parse(text: &str) -> Option<Token> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Token)
    }

    /// What the store and the memory know it by.
    pub fn digest(&self) -> TokenDigest {
        Sha256::digest(self.0).into()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text for a cookie or an address.
    pub fn reveal(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }
}

/// Somebody who may see and change channels and requests: whoever has signed in, or an administrator of the portal
/// inside its frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Admin {
    Account(Operator),
    Portal(FrameUser),
}

impl Admin {
    pub fn name(&self) -> &str {
        match self {
            Admin::Account(operator) => operator.name(),
            Admin::Portal(user) => &user.name,
        }
    }
}

/// Somebody who has signed in by name and password: the right to everything. An administrator of the portal does not
/// become one of this machine: accounts, the connection, limits and copies are for operators.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    session: Session,
}

impl Operator {
    pub fn name(&self) -> &str {
        &self.session.account.name
    }

    pub fn account(&self) -> AccountId {
        self.session.account.id
    }

    pub fn session(&self) -> SessionId {
        self.session.id
    }
}

/// The browser that asks, known or not.
pub struct Who {
    token: Token,
    is_new: bool,
    admin: Option<Admin>,
    chosen: Option<Language>,
    /// What stands before every path of ours: nothing, or the frame's token.
    base: String,
}

impl Who {
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// It brought no token; one was made for it.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    pub fn admin(&self) -> Option<&Admin> {
        self.admin.as_ref()
    }

    pub fn operator(&self) -> Option<&Operator> {
        match &self.admin {
            Some(Admin::Account(operator)) => Some(operator),
            _ => None,
        }
    }

    /// The administrator of the portal in whose frame this is.
    pub fn frame_user(&self) -> Option<&FrameUser> {
        match &self.admin {
            Some(Admin::Portal(user)) => Some(user),
            _ => None,
        }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The chosen language, else the browser's.
    pub fn language(&self, headers: &HeaderMap) -> Language {
        self.chosen.unwrap_or_else(|| {
            let accept = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
            Language::preferred(accept.unwrap_or_default())
        })
    }
}

/// Finds out who asks, and notes now and then that the session is in use.
pub fn recognise(site: &Site, headers: &HeaderMap, now: Millis) -> Result<Who, StoreError> {
    let Some(token) = cookie(headers, name(site)).and_then(Token::parse) else {
        return Ok(Who {
            token: Token::random()?,
            is_new: true,
            admin: None,
            chosen: cookie(headers, LANGUAGE_COOKIE).and_then(Language::from_code),
            base: String::new(),
        });
    };
    let session = site.store.session(&token.digest(), now)?;
    if let Some(session) = &session
        && now.0.saturating_sub(session.seen_at.0) > TOUCH_AFTER_MS
    {
        site.store.touch_session(session.id)?;
    }
    let setting = session
        .as_ref()
        .and_then(|session| session.account.language.as_deref());
    let chosen = setting.or_else(|| cookie(headers, LANGUAGE_COOKIE));
    Ok(Who {
        token,
        is_new: false,
        chosen: chosen.and_then(Language::from_code),
        admin: session.map(|session| Admin::Account(Operator { session })),
        base: String::new(),
    })
}

/// Finds out whose frame it is; somebody unknown when it is over.
pub fn recognise_framed(site: &Site, token: &str, now: Millis) -> Result<Who, StoreError> {
    let token = match Token::parse(token) {
        Some(token) => token,
        None => Token::random()?,
    };
    let keys = app::keys(&site.store)?;
    // Keys may be forgotten or changed by a command beside the server.
    let user = site
        .frames()
        .find(&token.digest(), now)
        .filter(|user| keys.is_some_and(|keys| keys.client_id == user.client_id));
    Ok(Who {
        is_new: false,
        chosen: user.as_ref().map(|user| user.language),
        base: match user {
            Some(_) => frame::base(&token),
            None => String::new(),
        },
        admin: user.map(Admin::Portal),
        token,
    })
}

/// Lets an administrator of the portal in, as the portal itself has confirmed; the beginning of the path of all pages of
/// his frame.
pub fn open_frame(site: &Site, user: FrameUser, now: Millis) -> Result<String, StoreError> {
    let token = Token::random()?;
    site.frames().open(token.digest(), user, now);
    Ok(frame::base(&token))
}

/// Signs an account in under a new token, so that one planted before is worth nothing; the cookie to set.
pub fn open(
    site: &Site,
    account: AccountId,
    address: String,
    headers: &HeaderMap,
) -> Result<HeaderValue, StoreError> {
    let token = Token::random()?;
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let agent = agent.chars().take(AGENT_CHARS).collect();
    site.store.open_session(account, token.digest(), address, agent)?;
    Ok(set_cookie(site, &token.reveal(), Some(SESSION_LIFE.as_secs())))
}

/// Ends the session; the cookie to set.
pub fn close(site: &Site, operator: &Operator) -> Result<HeaderValue, StoreError> {
    site.store.end_session(operator.session())?;
    Ok(set_cookie(site, "", Some(0)))
}

/// For a browser that brought no token: until it is closed.
pub fn visitor_cookie(site: &Site, who: &Who) -> HeaderValue {
    set_cookie(site, &who.token.reveal(), None)
}

/// Remembers the language of somebody who is not signed in.
pub fn language_cookie(language: Language) -> HeaderValue {
    let text = format!(
        "{LANGUAGE_COOKIE}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax",
        language.code(),
        365 * 24 * 60 * 60
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Forgets it: the browser's own counts again.
pub fn no_language_cookie() -> HeaderValue {
    HeaderValue::from_str(&format!(
        "{LANGUAGE_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    ))
    .unwrap_or(HeaderValue::from_static(""))
}

/// The sign-in that leads on to a page.
pub fn sign_in_path(path: &str, query: &str) -> String {
    if path == "/" && query.is_empty() {
        return "/sign-in".to_owned();
    }
    let next = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", &next)
        .finish();
    format!("/sign-in?{query}")
}

fn name(site: &Site) -> &'static str {
    if site.is_secure() {
        SECURE_COOKIE_NAME
    } else {
        COOKIE_NAME
    }
}

fn set_cookie(site: &Site, value: &str, seconds: Option<u64>) -> HeaderValue {
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let secure = if site.is_secure() { "; Secure" } else { "" };
    let text = format!(
        "{}={value}; Path=/{age}; HttpOnly; SameSite=Lax{secure}",
        name(site)
    );
    // Letters, digits and punctuation only: always a header.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// The value of a cookie (RFC 6265, section 4.2.1).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}
