//! The installation: tokens are stored, the buttons put up, the administrator told. Doing it again does no harm.

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::door::{Denied, Verified};
use super::placements::{self, call};
use super::proof::{self, Proof};
use crate::deliver::app::{self, AppError, AppStatus};
use crate::model::{Answer, AppTokens, Arg, Call, Effect, Installation, Language, Millis, Secret};
use crate::portal::{self, Portal};
use crate::store::Store;

/// The setting that remembers which refresh tokens installations have brought, as digests: an old request that is sent
/// once more must not put a spent token in the place of a living one.
const SEEN_SETTING: &str = "app_tokens_seen";
/// Of the latest installations.
const SEEN: usize = 100;
/// Makes a second notification take the place of the first.
const NOTICE_TAG: &str = "b24-bridge-installed";
/// The portal tells an application of its removal only when it has asked for it.
// b24: api-reference/common/events/on-app-uninstall.md, api-reference/events/event-bind.md
const UNINSTALL: &str = "ONAPPUNINSTALL";

/// An installation that has worked, in all that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The tokens were new: the application delivers from now on.
    pub is_new: bool,
    /// Why nobody knows whether new tokens can be renewed.
    pub unproven: Option<String>,
    /// The buttons stand above the lists.
    pub buttons: Result<(), Missed>,
    /// The portal will tell when the application is removed.
    pub farewell: Result<(), Missed>,
    /// The administrator was told; `None` when he was told before.
    pub notice: Option<Result<(), Missed>>,
}

impl Installed {
    /// Whether the portal may end its side. Without the right to the buttons it must not: it shows this page again at
    /// the next opening, when the right may have been granted.
    pub fn may_finish(&self) -> bool {
        !matches!(self.buttons, Err(Missed::Right))
    }
}

/// Something that did not work, without which the rest goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// The application lacks the right for it.
    Right,
    /// The portal's own words, or why it did not answer.
    Said(String),
}

/// The installation of a verified application.
pub struct Installer<'a> {
    pub store: &'a Store,
    pub options: &'a portal::Options,
    pub verified: &'a Verified,
    /// The address that its buttons open.
    pub handler: &'a str,
    pub language: Language,
    pub now: Millis,
}

impl Installer<'_> {
    /// Takes the application up. Where an installation stands in the portal and delivers, its tokens stay: nobody knows
    /// whether the new refresh token is good before it is needed.
    pub fn install(&self) -> Result<Installed, Denied> {
        let delivers = app::status(self.store)?.is_some_and(|status| status.delivers && status.is_in_use());
        if delivers && self.verified.owner.is_installed {
            return self.set_up(Kept::none(&self.verified.caller.tokens.access));
        }
        self.install_anew()
    }

    /// The same with the new tokens in any case: somebody wants them, or the portal does not accept the old ones.
    pub fn install_anew(&self) -> Result<Installed, Denied> {
        let scope = &self.verified.owner.scope;
        if !scope.is_empty() && !scope.iter().any(|right| right == "crm") {
            return Err(Denied::NoCrm);
        }
        self.set_up(self.keep_tokens()?)
    }

    /// What belongs to the application in the portal.
    fn set_up(&self, kept: Kept) -> Result<Installed, Denied> {
        let owner = &self.verified.owner;
        let portal = open(self.verified, &kept.access, self.options)?;
        let installed = Installed {
            is_new: kept.is_new,
            unproven: kept.unproven,
            buttons: put_up(&portal, self.handler),
            farewell: ask_for_farewell(&portal, self.handler),
            notice: kept.is_new.then(|| {
                let told = portal.call(&notice(owner.user_id, self.language));
                done(told).map(|_| ())
            }),
        };
        tracing::info!(
            user = owner.user_id,
            ?installed,
            "the application was installed in the portal"
        );
        Ok(installed)
    }

    /// Stores the tokens, unless they are the ones in use or older ones, after they have shown that they can be renewed.
    fn keep_tokens(&self) -> Result<Kept, Denied> {
        let (store, verified) = (self.store, self.verified);
        let sent = &verified.caller.tokens;
        let known = app::installation(store)?;
        let status = app::status(store)?;
        let is_alive = status.as_ref().is_some_and(AppStatus::is_in_use);
        let Some(refresh) = &sent.refresh else {
            // Whoever is installed already can do without a second pair.
            return if is_alive {
                Ok(Kept::none(&sent.access))
            } else {
                Err(Denied::NoRefresh)
            };
        };
        let mark = mark(refresh);
        let mut seen: Vec<String> = store.setting(SEEN_SETTING)?.unwrap_or_default();
        let is_in_use = known.is_some_and(|installation| installation.tokens.refresh == *refresh);
        if is_in_use || seen.contains(&mark) {
            return if is_alive {
                Ok(Kept::none(&sent.access))
            } else {
                Err(Denied::Stale)
            };
        }
        let first = AppTokens {
            member_id: verified.caller.member_id.clone(),
            application_token: verified.caller.application_token.clone(),
            scope: verified.owner.scope.clone(),
            user_id: verified.owner.user_id,
            ..AppTokens::issued(sent.access.clone(), refresh.clone(), self.now, sent.lifetime)
        };
        // Neither for what would be refused anyway nor on a disk that takes no writes is the pair to be spent.
        let denied = |error| refusal(error, &verified.keys.portal);
        app::would_keep(store, &verified.keys, &first.member_id).map_err(denied)?;
        store.put_setting(SEEN_SETTING, &seen)?;
        let delivers = is_alive || status.is_some_and(|status| status.webhook_delivers);
        let Proof { tokens, unproven } = proof::prove(self.options, verified, first, delivers, self.now)?;
        // Before anything else can go wrong: a spent one must never take the place of the pair that it was given for.
        seen.push(mark);
        let surplus = seen.len().saturating_sub(SEEN);
        seen.drain(..surplus);
        store.put_setting(SEEN_SETTING, &seen)?;
        let access = tokens.access.clone();
        let name = &verified.owner.name;
        app::keep_tokens(store, &verified.keys, tokens, name, unproven.clone()).map_err(denied)?;
        Ok(Kept {
            is_new: true,
            unproven,
            access,
        })
    }
}

/// Puts the buttons where they belong, in the name of a verified administrator.
pub fn mend_buttons(verified: &Verified, options: &portal::Options, handler: &str) -> Result<(), Missed> {
    let portal = open(verified, &verified.caller.tokens.access, options)
        .map_err(|denied| Missed::Said(denied.to_string()))?;
    put_up(&portal, handler)
}

fn open(verified: &Verified, access: &Secret, options: &portal::Options) -> Result<Portal, Denied> {
    Portal::open_as(&verified.keys, access, options).map_err(|error| Denied::Unreachable(error.to_string()))
}

/// An authorization outside the frame does not tell with what the portal signs its events; whoever opens the application
/// later does. One that is known is not changed by that. Returns whether it was stored.
// b24: settings/oauth/index.md, api-reference/widgets/_includes/widget_data.md
pub fn learn_signature(store: &Store, verified: &Verified) -> Result<bool, Denied> {
    let Some(sent) = verified.caller.application_token.clone() else {
        return Ok(false);
    };
    let is_unknown = |known: &Installation| known.tokens.application_token.is_none();
    if !app::installation(store)?.as_ref().is_some_and(is_unknown) {
        return Ok(false);
    }
    Ok(app::learn_signature(store, &verified.keys, sent)?)
}

/// What has become of the tokens that came.
struct Kept {
    is_new: bool,
    unproven: Option<String>,
    /// With which the rest is done.
    access: Secret,
}

impl Kept {
    /// They were not needed.
    fn none(access: &Secret) -> Kept {
        Kept {
            is_new: false,
            unproven: None,
            access: access.clone(),
        }
    }
}

fn refusal(error: AppError, ours: &str) -> Denied {
    match error {
        AppError::Store(error) => Denied::Store(error),
        AppError::OtherPortal => Denied::OtherPortal {
            ours: ours.to_owned(),
        },
        AppError::ServedElsewhere { connected, .. } => Denied::OtherPortal { ours: connected },
        // The keys were changed a moment ago.
        AppError::OtherKeys => Denied::OtherApplication,
        error => Denied::Unreachable(error.to_string()),
    }
}

fn mark(token: &Secret) -> String {
    let digest = Sha256::new()
        .chain_update(b"seen\0")
        .chain_update(token.reveal())
        .finalize();
    HEXLOWER.encode(&digest)
}

fn put_up(portal: &Portal, handler: &str) -> Result<(), Missed> {
    let listed = done(portal.call(&placements::ask()))?;
    for call in placements::plan(&listed, handler) {
        done(portal.call(&call))?;
    }
    Ok(())
}

/// Asks to be told of the removal, once; the application's other addresses are not told any more.
fn ask_for_farewell(portal: &Portal, handler: &str) -> Result<(), Missed> {
    let listed = done(portal.call(&call("event.get", Effect::Read, Vec::new())))?;
    let mut is_bound = false;
    for known in farewells(&listed) {
        if known == handler {
            is_bound = true;
        } else {
            done(portal.call(&event_call("event.unbind", known)))?;
        }
    }
    if !is_bound {
        done(portal.call(&event_call("event.bind", handler)))?;
    }
    Ok(())
}

/// Who is told of the removal.
// b24: api-reference/events/event-get.md
fn farewells(listed: &Value) -> Vec<&str> {
    let entries = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_farewell = |entry: &&Value| {
        let event = entry.get("event").and_then(Value::as_str);
        event.is_some_and(|event| event.eq_ignore_ascii_case(UNINSTALL))
    };
    let ours = entries.iter().filter(is_farewell);
    ours.filter_map(|entry| entry.get("handler").and_then(Value::as_str))
        .collect()
}

// b24: api-reference/events/event-bind.md, api-reference/events/event-unbind.md
fn event_call(method: &str, handler: &str) -> Call {
    let args = vec![("event", Arg::text(UNINSTALL)), ("handler", Arg::text(handler))];
    call(method, Effect::Write, args)
}

// b24: api-reference/chats/notifications/im-notify-system-add.md
fn notice(user: u64, language: Language) -> Call {
    let text = match language {
        Language::Russian => {
            "Интеграция с сайтом установлена. Кнопка «Интеграция с сайтом» стоит в меню над списками \
             [URL=/crm/lead/list/]лидов[/URL] и [URL=/crm/deal/list/]сделок[/URL]: откройте её и создайте входящий канал."
        }
        Language::English => {
            "The website integration is installed. The button “Website integration” stands in the menu above the lists of \
             [URL=/crm/lead/list/]leads[/URL] and [URL=/crm/deal/list/]deals[/URL]: open it and create a channel."
        }
    };
    let args = vec![
        ("USER_ID", Arg::text(user.to_string())),
        ("MESSAGE", Arg::text(text)),
        ("TAG", Arg::text(NOTICE_TAG)),
    ];
    call("im.notify.system.add", Effect::Write, args)
}

fn done(answer: Answer) -> Result<Value, Missed> {
    match answer {
        // The portal's way of saying that nothing came of it.
        Answer::Done {
            result: Value::Bool(false),
            ..
        } => Err(Missed::Said("the portal answered false".to_owned())),
        Answer::Done { result, .. } => Ok(result),
        Answer::Refused(refusal) if refusal.code.eq_ignore_ascii_case("insufficient_scope") => {
            Err(Missed::Right)
        }
        Answer::Refused(refusal) => Err(Missed::Said(refusal.text)),
        Answer::Later(trouble) | Answer::Unknown(trouble) => Err(Missed::Said(trouble.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_removal_is_looked_for_among_the_events() {
        let listed = json!([
            {"event": "ONCRMLEADADD", "handler": "https://a/", "auth_type": "0", "offline": 0},
            {"event": "ONAPPUNINSTALL", "handler": "https://b/", "auth_type": "0", "offline": 0},
        ]);
        assert_eq!(farewells(&listed), ["https://b/"]);
        assert!(farewells(&json!([])).is_empty() && farewells(&json!(null)).is_empty());
    }
}
