//! What people do on the portal's pages, and what an application's frame asks of the page around it.

use std::collections::BTreeMap;

use hyper::StatusCode;
use maud::html;
use serde_json::{Value, json};

use super::event::Outgoing;
use super::frame::{Frame, Opening};
use super::{AppForm, Application};
use crate::model::Millis;
use crate::practice_portal::core::{Core, lock};
use crate::practice_portal::php;
use crate::practice_portal::shown::Shown;
use crate::practice_portal::visitor::{LANGUAGE_COOKIE, USER_COOKIE, Visitor};

fn text(params: &Value, name: &str) -> String {
    php::item(params, name)
        .map(php::text)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Answers a POST to one of the pages. It may wait for an application's server.
pub fn post(core: &Core, visitor: &Visitor, path: &str, params: &Value, now: Millis) -> Shown {
    let admin = visitor.is_admin(core);
    let done = match path.trim_end_matches('/') {
        "/devops/application" if admin => Some(save(core, visitor, params, now)),
        "/devops/event" if admin => Some(event(core, params, now)),
        "/devops/delete" if admin => Some(delete(core, params, now)),
        "/frame/open" => open(core, visitor, params, now),
        "/frame/auth" => refresh(core, params, now),
        "/frame/installed" => installed(core, params, now),
        _ => None,
    };
    done.unwrap_or_else(|| Shown::html(StatusCode::NOT_FOUND, html! { p { (visitor.text.not_found) } }))
}

/// Whom to be, and in which language; then back to where one was.
pub fn switch(params: &Value) -> Shown {
    let back = text(params, "back");
    // Only to a page of this portal.
    let inside = back.starts_with('/') && !back.starts_with("//");
    let mut shown = Shown::see_other(if inside { back.as_str() } else { "/" });
    for (name, cookie) in [("user", USER_COOKIE), ("language", LANGUAGE_COOKIE)] {
        let value = text(params, name);
        if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric()) {
            shown = shown.cookie(cookie, &value);
        }
    }
    shown
}

fn save(core: &Core, visitor: &Visitor, params: &Value, now: Millis) -> Shown {
    let list = |name: &str| {
        let entries = php::item(params, name).map(php::entries).unwrap_or_default();
        entries.into_iter().map(|(key, value)| (key, php::text(value)))
    };
    let form = AppForm {
        name: text(params, "name"),
        handler: text(params, "handler"),
        installation: text(params, "installation"),
        script_only: php::item(params, "script_only").is_some_and(php::flag),
        scope: list("scope").map(|(_, scope)| scope).collect(),
        titles: BTreeMap::from_iter(list("titles")),
    };
    let event = {
        let mut world = lock(&core.world);
        let app = world.apps.register(form, visitor.user_id);
        if app.form.script_only {
            world.install_event(&app.keys.client_id, now)
        } else {
            None
        }
    };
    send(core, event);
    Shown::see_other("/devops/")
}

/// The application that a form of its card is about.
fn named(core: &Core, params: &Value) -> Option<Application> {
    let id = php::id(php::item(params, "id"))?;
    lock(&core.world).apps.get(id).cloned()
}

fn event(core: &Core, params: &Value, now: Millis) -> Shown {
    if let Some(app) = named(core, params) {
        let event = lock(&core.world).install_event(&app.keys.client_id, now);
        send(core, event);
    }
    Shown::see_other("/devops/")
}

fn delete(core: &Core, params: &Value, now: Millis) -> Shown {
    if let Some(app) = named(core, params) {
        let events = lock(&core.world).uninstall(&app.keys.client_id, true, now);
        send(core, events);
    }
    Shown::see_other("/devops/")
}

/// The handlers call the portal back: it must not be locked meanwhile.
pub fn send(core: &Core, events: impl IntoIterator<Item = Outgoing>) -> Vec<super::Sent> {
    let sent: Vec<super::Sent> = events.into_iter().map(|event| event.send()).collect();
    lock(&core.world).apps.sent.extend(sent.iter().cloned());
    sent
}

/// Everything the page needs to bring an application into a frame, and what it tells the frame when asked.
// b24: api-reference/widgets/_includes/widget_data.md
fn open(core: &Core, visitor: &Visitor, params: &Value, now: Millis) -> Option<Shown> {
    let opening = Opening {
        client_id: text(params, "app"),
        user_id: visitor.user_id,
        placement: text(params, "placement"),
        language: visitor.text.language.to_owned(),
        domain: visitor.domain.clone(),
    };
    let mut world = lock(&core.world);
    let admin = world.person(visitor.user_id).is_some_and(|person| person.admin);
    let app = world.apps.by_client_id(&opening.client_id)?;
    if !app.installed && !admin {
        return None;
    }
    let title = app.title(visitor.text.language);
    let handler = Some(text(params, "handler")).filter(|handler| !handler.is_empty());
    let post = world.open_frame(opening, handler.as_deref(), now)?;
    let frame = world.apps.frame(&post.sid)?;
    let mut init = auth(frame);
    let member_id = &world.apps.site.member_id;
    let more = json!({
        "DOMAIN": visitor.domain,
        "PROTOCOL": "0",
        "PATH": "/rest",
        "LANG": visitor.text.language,
        "MEMBER_ID": member_id,
        "IS_ADMIN": admin,
        "APP_OPTIONS": {},
        "USER_OPTIONS": {},
        "PLACEMENT": frame.opening.placement,
        "PLACEMENT_OPTIONS": frame.options,
        "INSTALL": frame.installer,
        "FIRST_RUN": false,
    });
    if let (Value::Object(init), Value::Object(more)) = (&mut init, more) {
        init.extend(more);
    }
    let answer = json!({
        "sid": post.sid,
        "name": format!("{}|0|{}", visitor.domain, post.sid),
        "title": title,
        "action": post.action(),
        "fields": post.body,
        "init": init,
    });
    Some(Shown::json(&answer))
}

fn auth(frame: &Frame) -> Value {
    let tokens = &frame.tokens;
    json!({
        "AUTH_ID": tokens.access.reveal(),
        "REFRESH_ID": tokens.refresh.reveal(),
        "AUTH_EXPIRES": tokens.expires_in.as_secs().to_string(),
    })
}

fn refresh(core: &Core, params: &Value, now: Millis) -> Option<Shown> {
    let mut world = lock(&core.world);
    let frame = world.refresh_frame(&text(params, "sid"), now)?;
    Some(Shown::json(&auth(frame)))
}

/// The installer says that it is done. From elsewhere it has no effect.
// b24: sdk/bx24-js-sdk/system-functions/bx24-install-finish.md
fn installed(core: &Core, params: &Value, now: Millis) -> Option<Shown> {
    let events = {
        let mut world = lock(&core.world);
        let frame = world.apps.frame(&text(params, "sid"))?;
        if !frame.installer {
            return Some(Shown::json(&json!(false)));
        }
        let client_id = frame.opening.client_id.clone();
        world.finish_install(&client_id, now)
    };
    send(core, events);
    Some(Shown::json(&json!(true)))
}
