//! `im.notify.*`: what people are told in the portal's zone of notifications.

use serde_json::{Value, json};

use super::{Answer, Desk, RestError};
use crate::practice_portal::php;
use crate::practice_portal::world::Notification;

/// Characters an attachment may have.
const LARGEST_ATTACH: usize = 60_000;

// b24: api-reference/chats/notifications/im-notify-system-add.md
pub fn system(desk: &mut Desk<'_>, params: &Value) -> Answer {
    add(desk, params, None)
}

/// In the name of the user who calls.
// b24: api-reference/chats/notifications/im-notify-personal-add.md
pub fn personal(desk: &mut Desk<'_>, params: &Value) -> Answer {
    let from = desk.caller.user_id;
    add(desk, params, Some(from))
}

fn add(desk: &mut Desk<'_>, params: &Value, from: Option<u64>) -> Answer {
    let text = |name: &str| php::param(params, name).map(php::text).unwrap_or_default();
    let Some(user_id) = php::id(php::param(params, "USER_ID")) else {
        return Err(RestError::new(400, "USER_ID_EMPTY", "User ID can't be empty"));
    };
    let message = text("MESSAGE").trim().to_owned();
    if message.is_empty() {
        return Err(RestError::new(400, "MESSAGE_EMPTY", "Message can't be empty"));
    }
    if php::param(params, "ATTACH").is_some_and(|attach| attach.to_string().chars().count() > LARGEST_ATTACH)
    {
        let text = "You have exceeded the maximum allowable size of attach";
        return Err(RestError::new(400, "ATTACH_OVERSIZE", text));
    }
    if desk.world.person(user_id).is_none() {
        return Ok(json!(false).into());
    }
    // A webhook has tags only together with a CLIENT_ID.
    let application = desk.caller.application.clone().or_else(|| {
        let named = text("CLIENT_ID");
        (!named.is_empty()).then_some(named)
    });
    let tag = application
        .is_some()
        .then(|| text("TAG"))
        .filter(|tag| !tag.is_empty());
    if tag.is_some() {
        let replaced = |n: &Notification| n.application == application && n.tag == tag;
        desk.world.notifications.retain(|n| !replaced(n));
    }
    let id = desk.world.next_small_id();
    desk.world.notifications.push(Notification {
        id,
        at: desk.now,
        user_id,
        message,
        from,
        application,
        tag,
    });
    Ok(json!(id).into())
}
