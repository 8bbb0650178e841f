//! A copy of everything, to take along.

use maud::{Markup, html};

use crate::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use crate::http::respond_with_file;
use crate::store::StoreError;
use crate::web::admin::form::Form;
use crate::web::admin::security;
use crate::web::admin::session::Operator;
use crate::web::admin::view::{Tone, notice, post_button};
use crate::web::admin::visit::{Answer, Visit};

pub fn card(visit: &Visit<'_>) -> Markup {
    html! {
        section.card aria-labelledby="backup" {
            h2 #backup { (visit.t("Резервная копия", "Backup")) }
            p.about { (visit.t("Один файл, в котором всё: каналы, журнал запросов, подключение к порталу, администраторы. Приём запросов на это время не останавливается.", "One file with everything: channels, inbox, the connection to the portal, administrators. Requests are taken meanwhile.")) }
            (notice(Tone::Warn, html! { p { (visit.t("В файле — ключ вебхука и персональные данные. Храните его так же надёжно, как сам сервер.", "The file holds the webhook's code and personal data. Keep it as safe as the server itself.")) } }))
            (post_button(visit, "/settings/backup", "", visit.t("Скачать копию", "Download a copy")))
            p.hint { (visit.t("Восстановить на остановленном мосте: ", "To restore, with the bridge stopped: ")) code { "b24-bridge restore " (visit.t("ФАЙЛ", "FILE")) " --force" } }
        }
    }
}

/// A consistent copy, sent from a file that has no name any more.
pub fn download(visit: &Visit<'_>, admin: &Operator, _: &Form) -> Answer {
    let file = visit.site.store.backup_file()?;
    let mut response = respond_with_file(file).map_err(|error| StoreError::Refused(error.to_string()))?;
    tracing::info!(name = admin.name(), "a copy of the database was downloaded");
    let day = visit.now.to_string();
    let name = format!(
        "attachment; filename=\"b24-bridge-{}.sqlite3\"",
        day.split('T').next().unwrap_or_default()
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/vnd.sqlite3"));
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(security::harden(response))
}
