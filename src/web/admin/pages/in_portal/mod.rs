//! The application's two addresses in the portal: where it is installed and where it is opened.
//!
//! Neither carries a CSRF token: the portal posts there, from its page or by itself. What proves a request is its token,
//! which the portal is asked about before anything else happens (`portal_app::door`).
//!
//! - `denied`: why somebody does not come in. `installed`: what the installation came to.
//! - `code`: the way back from an authorization outside the frame.

mod code;
pub(super) mod denied;
mod installed;
#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod tests;

use maud::html;

use super::portal::hasty;
use crate::deliver::app;
use crate::http::StatusCode;
use crate::model::{Entity, Secret};
use crate::portal_app::frames::FrameUser;
use crate::portal_app::request::{Event, EventKind, FrameCall, Placement};
use crate::portal_app::{Caller, Denied, Installer, Received, Verified, door, event, install};
use crate::web::admin::early::Kept;
use crate::web::admin::form::Form;
use crate::web::admin::router::{Route, call, greet};
use crate::web::admin::view::copy;
use crate::web::admin::visit::{Answer, Problem, Visit};
use crate::web::admin::{frame, security, session};
use crate::web::reply;

pub const ROUTES: &[Route] = &[
    greet("/b24/install", arrive),
    call("/b24/install", set_up),
    greet("/b24/app", arrive),
    call("/b24/app", open),
    greet(installed::LAST_RESORT, installed::by_library),
];

/// GET: a person who tries the address, or the portal that sends one back with a code.
fn arrive(visit: &Visit<'_>) -> Answer {
    match visit.query.get("code") {
        Some(code) => code::take(visit, &Secret::new(code)),
        None => explain(visit),
    }
}

/// Where these addresses belong.
fn explain(visit: &Visit<'_>) -> Answer {
    let site = visit.site;
    visit
        .page(visit.t("Этот адрес — для портала", "This address is for the portal"))
        .narrow()
        .body(html! {
            p { (visit.t(
                "Сам по себе он ничего не показывает. Впишите эти адреса в форму локального приложения Битрикс24 — страница откроется внутри портала.",
                "By itself it shows nothing. Enter these addresses in the form of a local application of Bitrix24: the page opens inside the portal.",
            )) }
            p { (visit.t("Путь вашего обработчика", "Your handler path")) }
            (copy(visit.lang, "handler", visit.t("Путь вашего обработчика", "Your handler path"), &site.app_address()))
            p { (visit.t("Путь для первоначальной установки", "Initial installation path")) }
            (copy(visit.lang, "installer", visit.t("Путь для первоначальной установки", "Initial installation path"), &site.install_address()))
            p { a.button href="/portal" target="_top" { (visit.t("Настройка по шагам", "The steps one by one")) } }
        })
        .show()
}

/// POST to the installer's address, in the portal's frame or as an event.
fn set_up(visit: &Visit<'_>, form: &Form) -> Answer {
    if let Some(event) = Event::read(form.pairs()) {
        return told(visit, event);
    }
    let verified = match knock(visit, form) {
        Ok((verified, _)) => verified,
        Err(denied) => return denied::page(visit, denied),
    };
    take_up(visit, &verified)
}

/// POST to the application's address.
fn open(visit: &Visit<'_>, form: &Form) -> Answer {
    if let Some(event) = Event::read(form.pairs()) {
        return told(visit, event);
    }
    let (verified, place) = match knock(visit, form) {
        Ok(known) => known,
        Err(denied) => return denied::page(visit, denied),
    };
    // Without an installer's address in its form the application is opened at once, and one that cannot deliver is
    // connected anew by whoever opens it.
    let status = app::status(&visit.site.store)?;
    if !status.is_some_and(|status| status.is_in_use()) || is_refused(visit, &verified)? {
        return take_up(visit, &verified);
    }
    if let Err(error) = install::learn_signature(&visit.site.store, &verified) {
        tracing::warn!(reason = %error, "the portal's signature could not be stored");
    }
    if place == Placement::Other {
        // The bridge may have got another address since.
        let _one = visit.site.installing();
        let handler = visit.site.app_address();
        if let Err(missed) = install::mend_buttons(&verified, &hasty(visit.site), &handler) {
            tracing::warn!(?missed, "the buttons in the portal could not be looked after");
        }
    }
    let base = come_in(visit, &verified)?;
    let list = match place {
        Placement::Toolbar(Entity::Lead) => "/channels?entity=lead",
        Placement::Toolbar(Entity::Deal) => "/channels?entity=deal",
        Placement::Other => "/channels",
    };
    Ok(security::see_other(&format!("{base}{list}")))
}

/// Whether the portal does not accept the tokens in use, though it calls none of them expired, and the caller brings others:
/// whoever installed the application was dismissed, or lost his rights.
fn is_refused(visit: &Visit<'_>, verified: &Verified) -> Result<bool, Problem> {
    if !visit.site.engine.is_refused() || verified.caller.tokens.refresh.is_none() {
        return Ok(false);
    }
    Ok(app::status(&visit.site.store)?.is_some_and(|status| status.delivers))
}

/// Who is at the door, as the portal confirms it.
fn knock(visit: &Visit<'_>, form: &Form) -> Result<(Verified, Placement), denied::Why> {
    let sent = FrameCall::read(visit.query.pairs(), form.pairs());
    let sent = sent.ok_or_else(|| turned_away(visit, Denied::Forged("it carries none".to_owned())))?;
    let place = sent.place;
    let verified = guarded(visit, || {
        let caller = Caller {
            domain: sent.domain,
            member_id: sent.member_id,
            tokens: sent.tokens,
            application_token: sent.application_token,
        };
        door::verify(&visit.site.store, &hasty(visit.site), caller)
    })?;
    Ok((verified, place))
}

/// Lets the portal be asked, by so many at once and so often as it can bear.
fn guarded<T>(visit: &Visit<'_>, look: impl FnOnce() -> Result<T, Denied>) -> Result<T, denied::Why> {
    let place = visit.site.knocks.begin(visit.now).map_err(denied::Why::Full)?;
    look().map_err(|denied| {
        if denied.was_asked_in_vain() {
            place.was_fruitless();
        }
        turned_away(visit, denied)
    })
}

fn turned_away(visit: &Visit<'_>, denied: Denied) -> denied::Why {
    tracing::warn!(address = %visit.peer, path = visit.path, reason = %denied, "nobody came in from the portal");
    denied::Why::Denied(denied)
}

/// Installs, and shows what came of it.
fn take_up(visit: &Visit<'_>, verified: &Verified) -> Answer {
    let site = visit.site;
    let is_refused = is_refused(visit, verified)?;
    let installer = Installer {
        store: &site.store,
        options: &hasty(site),
        verified,
        handler: &site.app_address(),
        language: visit.lang,
        now: visit.now,
    };
    let installed = {
        let _one = site.installing();
        if is_refused {
            installer.install_anew()
        } else {
            installer.install()
        }
    };
    match installed {
        Ok(installed) => {
            site.engine.look_again();
            let base = come_in(visit, verified)?;
            installed::page(visit, verified, &installed, &base)
        }
        Err(denied) => denied::page(visit, turned_away(visit, denied)),
    }
}

/// Opens a frame for a verified administrator.
fn come_in(visit: &Visit<'_>, verified: &Verified) -> Result<String, Problem> {
    let owner = &verified.owner;
    let app_sid = visit.query.get("APP_SID").filter(|sid| frame::is_app_sid(sid));
    let user = FrameUser {
        id: owner.user_id,
        name: owner.name.clone(),
        language: visit.lang,
        app_sid: app_sid.unwrap_or_default().to_owned(),
        client_id: verified.keys.client_id.clone(),
    };
    tracing::info!(user = owner.user_id, address = %visit.peer, "an administrator of the portal came in");
    Ok(session::open_frame(visit.site, user, visit.now)?)
}

fn take(visit: &Visit<'_>, event: Event) -> Result<Received, Denied> {
    let site = visit.site;
    let received = {
        let alone = || site.installing();
        event::receive(
            &site.store,
            &hasty(site),
            event,
            &site.app_address(),
            visit.now,
            alone,
        )?
    };
    match received {
        Received::Installed(_) => site.engine.look_again(),
        Received::Removed(_) => {
            site.frames().close_all();
            site.engine.look_again();
        }
        Received::Nothing => {}
    }
    Ok(received)
}

/// Installations that came before the keys: now they can be verified. What the portal cannot be asked about, and what
/// needs another key, stays for later; the reason is returned.
pub fn take_early(visit: &Visit<'_>) -> Result<Option<Denied>, Problem> {
    let site = visit.site;
    let Some(keys) = app::keys(&site.store)? else {
        return Ok(None);
    };
    let mut kept = site.early().take(&keys.portal, visit.now).into_iter();
    while let Some(one) = kept.next() {
        let place = site.knocks.begin(visit.now).ok();
        let taken = place.as_ref().map(|_| take(visit, one.event.clone()));
        match taken {
            Some(Ok(_)) => {}
            None => {
                put_back(visit, one, kept);
                return Ok(None);
            }
            Some(Err(denied)) if denied.may_pass() => {
                tracing::warn!(address = %one.from, reason = %denied, "an early installation cannot be taken yet; it is kept");
                put_back(visit, one, kept);
                return Ok(Some(denied));
            }
            Some(Err(denied)) => {
                if let Some(place) = place.filter(|_| denied.was_asked_in_vain()) {
                    place.was_fruitless();
                }
                tracing::warn!(address = %one.from, reason = %denied, "an early installation was not taken");
            }
        }
    }
    Ok(None)
}

fn put_back(visit: &Visit<'_>, one: Kept, others: impl Iterator<Item = Kept>) {
    let rest = std::iter::once(one).chain(others).collect();
    visit.site.early().put_back(rest, visit.now);
}

/// An event: nobody reads the answer.
fn told(visit: &Visit<'_>, event: Event) -> Answer {
    let site = visit.site;
    let sent = event.clone();
    let received = guarded(visit, || take(visit, event));
    let (status, text) = match received {
        Ok(_) => (StatusCode::OK, "taken"),
        Err(denied::Why::Denied(Denied::NoKeys)) if sent.kind == EventKind::Install => {
            site.early().keep(sent, visit.peer, visit.now);
            (
                StatusCode::ACCEPTED,
                "kept until the application's keys are entered",
            )
        }
        // It is sent once only, and nobody sees the refusal.
        Err(denied::Why::Denied(Denied::WrongKey(_) | Denied::NoRenewal(_)))
            if sent.kind == EventKind::Install =>
        {
            site.early().keep(sent, visit.peer, visit.now);
            (StatusCode::ACCEPTED, "kept until its tokens can be renewed")
        }
        Err(why) => (why.status(), "refused"),
    };
    Ok(security::harden(reply::text(status, text)))
}
