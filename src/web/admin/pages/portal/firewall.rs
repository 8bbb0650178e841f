//! What a firewall must let through: the portal's addresses, ours, and the way in for websites.

use std::time::Duration;

use maud::{Markup, html};

use super::hasty;
use crate::http::Uri;
use crate::portal::{Connection, Whereabouts, whereabouts};
use crate::web::admin::view::{copy_block, facts};
use crate::web::admin::visit::Visit;

/// A name service that takes longer must not hold the page up.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn card(visit: &Visit<'_>, connection: &Connection) -> Markup {
    let found = whereabouts(connection, &hasty(visit.site), PATIENCE);
    html! {
        section.card aria-labelledby="firewall" {
            h2 #firewall { (visit.t("Адреса для межсетевого экрана", "Addresses for the firewall")) }
            @match connection {
                Connection::Webhook { .. } => p.about { (visit.t("Мосту нужно одно правило: от него к порталу. Сам портал к мосту не обращается.", "The bridge needs one rule: from here to the portal. The portal does not call the bridge.")) },
                Connection::App(_) => p.about { (visit.t("Мост обращается к порталу и к серверу авторизации; браузеры администраторов портала — к мосту.", "The bridge calls the portal and the authorization server; browsers of the portal's administrators call the bridge.")) },
            }
            (facts(&rows(visit, connection, &found)))
            h3 { (visit.t("Разрешить соединения (TCP)", "Connections to allow (TCP)")) }
            (copy_block(visit.lang, "allow", &targets(visit, connection, &found).join("\n")))
        }
    }
}

fn rows<'a>(visit: &Visit<'a>, connection: &Connection, found: &Whereabouts) -> Vec<(&'a str, Markup)> {
    let mut rows = vec![(
        visit.t("Откуда", "From"),
        html! {
            @match found.from {
                Some(from) => { code { (from) } " " span.hint { @if found.is_from_said {
                    (visit.t("— задано при запуске (--outbound-ip)", "— as said at start (--outbound-ip)"))
                } @else {
                    (visit.t("— так выбрала система; закрепить можно ключом --outbound-ip", "— as the system chooses; --outbound-ip makes it certain"))
                } } },
                None => (visit.t("адрес этого сервера", "this server's address")),
            }
        },
    )];
    let to = html! { code { (found.host) ":" (found.port) } };
    match &found.proxy {
        Some(proxy) => {
            rows.push((
                visit.t("Куда", "To"),
                html! { code { (proxy) } " " span.hint { (visit.t("— прокси", "— the proxy")) } },
            ));
            rows.push((visit.t("Дальше", "And on to"), to));
        }
        None => {
            rows.push((visit.t("Куда", "To"), to));
            rows.push((
                visit.t("Адреса портала", "The portal's addresses"),
                html! {
                    @if found.addresses.is_empty() {
                        (visit.t("имя портала здесь не находится", "the portal's name is not found here"))
                    } @else {
                        @for address in &found.addresses { code { (address.ip()) } " " }
                    }
                },
            ));
        }
    }
    if let Some(server) = oauth(visit, connection) {
        rows.push((
            visit.t("Сервер авторизации", "Authorization server"),
            html! { code { (server) } },
        ));
        rows.push((
            visit.t("Браузеры открывают", "Browsers open"),
            html! { code { (visit.site.admin_url) } },
        ));
    }
    rows.push((
        visit.t("Сайты присылают на", "Websites send to"),
        html! { code { (visit.site.public_url) } },
    ));
    rows
}

/// `host:port` and `address:port` lines.
fn targets(visit: &Visit<'_>, connection: &Connection, found: &Whereabouts) -> Vec<String> {
    if let Some(proxy) = &found.proxy {
        return vec![proxy.clone()];
    }
    let mut targets = vec![format!("{}:{}", found.host, found.port)];
    let addresses = found.addresses.iter().map(ToString::to_string);
    for target in addresses.chain(oauth(visit, connection)) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// Host and port of the authorization server, which only applications need.
fn oauth(visit: &Visit<'_>, connection: &Connection) -> Option<String> {
    if matches!(connection, Connection::Webhook { .. }) {
        return None;
    }
    let conditions = visit.site.engine.conditions();
    let uri: Uri = conditions.portal.oauth_url.parse().ok()?;
    let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    Some(format!("{}:{}", uri.host()?, uri.port_u16().unwrap_or(usual)))
}
