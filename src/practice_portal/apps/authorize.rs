//! `/oauth/authorize/`: a person lets an application work in her name.

use form_urlencoded::Serializer;
use hyper::StatusCode;
use maud::html;
use serde_json::Value;

use crate::model::Millis;
use crate::practice_portal::core::{Core, lock};
use crate::practice_portal::layout;
use crate::practice_portal::php;
use crate::practice_portal::shown::Shown;
use crate::practice_portal::visitor::Visitor;

/// Sends whoever is signed in, and that is everybody here, back to the application's address with a code. What cannot be
/// is said on the portal's own page: the application hears nothing.
// b24: settings/oauth/index.md
pub fn answer(core: &Core, visitor: &Visitor, params: &Value, now: Millis) -> Shown {
    let text = |name: &str| php::item(params, name).map(php::text).unwrap_or_default();
    let mut world = lock(&core.world);
    let app = world
        .apps
        .by_client_id(&text("client_id"))
        .filter(|app| app.installed);
    let Some(app) = app.cloned() else {
        let page = html! { p.empty { (visitor.text.no_such_application) } };
        let page = layout::page(&world, visitor, "/", false, &page);
        return Shown::html(StatusCode::BAD_REQUEST, page);
    };
    let code = world.issue_code(&app.keys.client_id, visitor.user_id, now);
    let site = &world.apps.site;
    let query = Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &text("state"))
        .append_pair("domain", &visitor.domain)
        .append_pair("member_id", &site.member_id)
        .append_pair("scope", &app.scope())
        .append_pair("server_domain", &site.oauth_domain)
        .finish();
    let joint = if app.form.handler.contains('?') { '&' } else { '?' };
    Shown::redirect(StatusCode::FOUND, format!("{}{joint}{query}", app.form.handler))
}
