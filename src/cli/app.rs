//! The portal as a local application: `portal connect --app`, and its part of `portal show`.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::args::{Connect, Global, Keys};
use super::{output, portal, workplace};
use crate::deliver::app::{self, AppState, AppStatus};
use crate::deliver::now;
use crate::model::{AppKeys, GoneWhy};
use crate::portal::{APP_RIGHTS, app_keys};

/// A first line longer than this is no key.
const LINE: u64 = 4 << 10;

/// Stores an application's keys and says how it goes on; without keys, what the portal's form asks for.
pub fn connect(global: &Global, command: &Connect) -> anyhow::Result<()> {
    let store = workplace::store(global)?;
    let admin_url = workplace::admin_url(&store, &command.admin)?;
    let Some(keys) = keys(&command.keys)? else {
        if command.json.json {
            return output::json(&form(&admin_url));
        }
        output::line(
            "In the portal, open Developer resources → Ready-made scenarios → Other → Local application and fill in:",
        )?;
        print_form(&admin_url)?;
        return output::line(
            "Save it, and run `b24-bridge portal connect --app --portal URL --client-id ID` with the code that the portal shows then.",
        );
    };
    warn(&keys, &admin_url, &command.way.oauth_url);
    let kept = app::keep_app_keys(&store, &keys, portal::half_done(command)).map_err(portal::explained)?;
    portal::remark_on(kept.started_over);
    if kept.disconnected {
        output::remark("The portal connected so far is another one: it was disconnected.");
    }
    let Some(status) = app::status(&store)? else {
        bail!("the keys were removed again by somebody else; store them once more");
    };
    if command.json.json {
        let mut shown = shown(&status, &admin_url);
        shown["webhook_goes_on"] = json!(kept.webhook_goes_on);
        shown["started_over"] = json!(kept.started_over);
        return output::json(&shown);
    }
    output::line(format_args!(
        "The keys of {} in {} are stored.",
        keys.client_id, keys.portal
    ))?;
    match status.state {
        AppState::Installed { .. } if status.delivers => {
            output::line("It is installed already and goes on by its tokens.")
        }
        AppState::Installed { .. } | AppState::NotInstalled | AppState::Gone(_) => {
            output::line("The portal's form of the application must say:")?;
            print_form(&admin_url)?;
            output::line(if kept.webhook_goes_on {
                "Then open the application in the portal: it is installed, and takes over from the webhook, which goes on until then."
            } else {
                "Then open the application in the portal: it is installed, and delivery begins. Submissions are stored and wait."
            })
        }
    }
}

fn keys(given: &Keys) -> anyhow::Result<Option<AppKeys>> {
    let Some(client_id) = &given.client_id else {
        return Ok(None);
    };
    let client_secret = match given.client_secret.as_deref() {
        Some("-") | None => asked_for()?,
        Some(secret) => secret.to_owned(),
    };
    let portal = given.portal.as_deref().unwrap_or_default();
    Ok(Some(app_keys(portal, client_id, &client_secret)?))
}

/// The key: asked for at a terminal, else the first line of standard input.
fn asked_for() -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("Key of the application (client_secret): ")
            .context("while asking for the application's key");
    }
    let mut line = String::new();
    io::Read::take(io::stdin().lock(), LINE)
        .read_line(&mut line)
        .context("while reading the application's key from standard input")?;
    Ok(line)
}

/// What works badly or shows secrets on the way.
fn warn(keys: &AppKeys, admin_url: &str, oauth_url: &str) {
    let is_plain = |url: &str| url.starts_with("http://");
    if is_plain(&keys.portal) {
        output::remark(
            "Warning: http:// sends the application's tokens and your customers' data in clear; use it only inside a network you trust.",
        );
    } else if is_plain(admin_url) {
        output::remark(format_args!(
            "Warning: browsers show no page from {admin_url} inside {}; put the bridge behind https:// and say so with --admin-url.",
            keys.portal
        ));
    }
    if is_plain(oauth_url) {
        output::remark("Warning: --oauth-url begins with http:// and sends the application's key in clear.");
    }
}

fn handlers(admin_url: &str) -> [(&'static str, String); 2] {
    [
        ("handler", format!("{admin_url}/b24/app")),
        ("installation", format!("{admin_url}/b24/install")),
    ]
}

fn form(admin_url: &str) -> Value {
    let handlers: serde_json::Map<String, Value> = handlers(admin_url)
        .into_iter()
        .map(|(name, url)| (name.to_owned(), url.into()))
        .collect();
    let rights: Vec<&str> = APP_RIGHTS.iter().map(|right| right.scope).collect();
    json!({ "addresses": handlers, "rights": rights })
}

fn print_form(admin_url: &str) -> anyhow::Result<()> {
    for (name, url) in handlers(admin_url) {
        output::line(format_args!("  {name:13} {url}"))?;
    }
    for right in APP_RIGHTS {
        output::line(format_args!(
            "  right         {} ({})",
            right.scope, right.purpose
        ))?;
    }
    Ok(())
}

/// What is known of the application, without its secrets.
pub fn shown(status: &AppStatus, admin_url: &str) -> Value {
    let mut shown = form(admin_url);
    shown["portal"] = json!(status.keys.portal);
    shown["client_id"] = json!(status.keys.client_id);
    shown["delivers"] = json!(status.delivers);
    match &status.state {
        AppState::NotInstalled => shown["state"] = json!("not_installed"),
        AppState::Installed {
            user_id,
            user_name,
            scope,
            since,
            access_until,
            refresh_until,
            unproven,
        } => {
            shown["state"] = json!("installed");
            shown["user_id"] = json!(user_id);
            shown["user_name"] = json!(user_name);
            shown["scope"] = json!(scope);
            shown["since"] = json!(since.to_string());
            shown["access_until"] = json!(access_until.to_string());
            shown["refresh_until"] = json!(refresh_until.to_string());
            if let Some(reason) = unproven {
                shown["unproven"] = json!(reason);
            }
        }
        AppState::Gone(gone) => {
            shown["state"] = json!("gone");
            shown["since"] = json!(gone.since.to_string());
            shown["why"] = json!(gone.why);
        }
    }
    shown
}

/// The same for people.
pub fn show(status: &AppStatus, admin_url: &str) -> anyhow::Result<()> {
    output::line(format_args!(
        "application {} in {}",
        status.keys.client_id, status.keys.portal
    ))?;
    match &status.state {
        AppState::NotInstalled => {
            output::line("  not installed yet; the portal's form must say:")?;
            return print_form(admin_url);
        }
        AppState::Installed {
            user_id,
            user_name,
            scope,
            since,
            access_until,
            refresh_until,
            ..
        } => {
            output::line(format_args!(
                "  installed   {since} by user {user_id} {user_name}"
            ))?;
            output::line(format_args!("  rights      {}", scope.join(", ")))?;
            output::line(format_args!(
                "  access      until {access_until}, renewed when needed"
            ))?;
            output::line(format_args!("  refresh     until {refresh_until}"))?;
        }
        AppState::Gone(gone) => {
            let why = match &gone.why {
                GoneWhy::Uninstalled => "it was removed from the portal".to_owned(),
                GoneWhy::Refused { code, text } => {
                    format!("the authorization server gives no new tokens ({code} {text})")
                }
            };
            output::line(format_args!(
                "  gone        since {}: {why}; open or install it in the portal once more",
                gone.since
            ))?;
        }
    }
    if status.webhook_delivers {
        output::line("  a webhook delivers; the application takes over when it is installed once more")?;
    } else if !status.delivers {
        output::line("  submissions wait; open the application in the portal, and it delivers them")?;
    }
    match status.warning(now()) {
        Some(app::AppWarning::Unproven { reason }) => output::line(format_args!(
            "  Warning: the access could not be renewed so far ({reason}); without that it ends an hour after the installation. Check the key (client_secret), and that the bridge can reach the authorization server."
        )),
        Some(app::AppWarning::RefreshEnds { at }) => output::line(format_args!(
            "  Warning: the refresh token ends at {at}; open the application in the portal before it does."
        )),
        Some(app::AppWarning::Gone(_)) | None => Ok(()),
    }
}
