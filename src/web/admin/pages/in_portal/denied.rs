//! Why somebody does not come in from the portal, and what to do about it.

use maud::html;

use crate::http::StatusCode;
use crate::http::header::{HeaderValue, RETRY_AFTER};
use crate::portal_app::Denied;
use crate::web::admin::explain;
use crate::web::admin::knocks::Full;
use crate::web::admin::view::{Tone, notice};
use crate::web::admin::visit::{Answer, Problem, Visit};

/// Why there is no way in.
#[derive(Debug)]
pub enum Why {
    Denied(Denied),
    /// The portal cannot be asked for so many.
    Full(Full),
}

impl Why {
    pub fn status(&self) -> StatusCode {
        match self {
            Why::Full(Full::TooOften(_)) => StatusCode::TOO_MANY_REQUESTS,
            Why::Full(Full::Busy(_))
            | Why::Denied(Denied::Unreachable(_) | Denied::NoRenewal(_) | Denied::Store(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Why::Denied(Denied::NoRefresh | Denied::NoCrm | Denied::WrongKey(_)) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Why::Denied(_) => StatusCode::FORBIDDEN,
        }
    }
}

/// What there is to say.
struct Words {
    title: &'static str,
    what: String,
    way_out: &'static str,
}

fn words(visit: &Visit<'_>, why: &Why) -> Words {
    let t = |title: (&'static str, &'static str),
             what: (String, String),
             way_out: (&'static str, &'static str)| Words {
        title: visit.t(title.0, title.1),
        what: visit.t(what.0, what.1),
        way_out: visit.t(way_out.0, way_out.1),
    };
    let plain = |ru: &str, en: &str| (ru.to_owned(), en.to_owned());
    let denied = match why {
        Why::Full(full) => {
            let (title, wait) = match full {
                Full::Busy(wait) => (("Мост занят", "The bridge is busy"), wait),
                Full::TooOften(wait) => (("Слишком много попыток", "Too many attempts"), wait),
            };
            let wait = visit.lang.span(*wait);
            return t(
                title,
                (
                    format!("Мост уже спрашивает портал о других. Подождите: {wait}."),
                    format!("The portal is being asked about others. Wait for {wait}."),
                ),
                (
                    "Потом откройте приложение снова.",
                    "Then open the application again.",
                ),
            );
        }
        Why::Denied(denied) => denied,
    };
    match denied {
        Denied::NotAdmin { .. } => t(
            (
                "Это для администраторов портала",
                "This is for administrators of the portal",
            ),
            plain(
                "Входящие каналы настраивают администраторы портала. У вашей учётной записи таких прав нет.",
                "Channels are set up by administrators of the portal. Your account has no such rights.",
            ),
            (
                "Если вам нужно это изменить, обратитесь к администратору портала.",
                "If you need a change, ask an administrator of the portal.",
            ),
        ),
        Denied::NoKeys => t(
            (
                "Мост ещё не знает этого приложения",
                "The bridge does not know this application yet",
            ),
            plain(
                "В мосте не сохранены код приложения (client_id) и ключ (client_secret).",
                "The bridge has no application code (client_id) and key (client_secret).",
            ),
            (
                "Скопируйте их из формы приложения на страницу «Портал» моста и откройте приложение снова.",
                "Copy them from the application's form to the page “Portal” of the bridge, and open the application again.",
            ),
        ),
        Denied::OtherPortal { ours } => t(
            ("Это не тот портал", "This is another portal"),
            (
                format!(
                    "Мост обслуживает портал {ours}, а страница открыта из другого или по другому имени."
                ),
                format!(
                    "The bridge serves {ours}; this page was opened from another portal, or under another name."
                ),
            ),
            (
                "Откройте портал по этому адресу. Если адрес портала сменился, сохраните на странице «Портал» моста новый.",
                "Open the portal at that address. If its address has changed, store the new one on the page “Portal” of the bridge.",
            ),
        ),
        Denied::Forged(_) | Denied::WrongSignature => t(
            (
                "Портал не подтвердил, кто вы",
                "The portal does not confirm who you are",
            ),
            plain(
                "Пропуск, с которым открыта страница, портал не признаёт: он просрочен или выдан не этим порталом.",
                "The portal does not accept the token with which this page was opened: it has expired, or is not the portal's.",
            ),
            (
                "Закройте это окно и откройте приложение на портале ещё раз.",
                "Close this window and open the application in the portal once more.",
            ),
        ),
        Denied::OtherApplication => t(
            ("Это другое приложение", "This is another application"),
            plain(
                "Страницу открыло не то приложение портала, код которого сохранён в мосте.",
                "This page was opened by another application of the portal than the one whose code the bridge has.",
            ),
            (
                "Сохраните на странице «Портал» моста код и ключ этого приложения — или удалите лишнее приложение на портале.",
                "Store this application's code and key on the page “Portal” of the bridge, or delete the one too many in the portal.",
            ),
        ),
        Denied::Stale => t(
            ("Эта страница уже использована", "This page was used before"),
            plain(
                "Она открыта до того, как приложение отключили или его ключи сменились, поэтому ничего не изменено.",
                "It was opened before the application was disconnected or its keys were changed, so nothing was changed.",
            ),
            (
                "Закройте это окно и откройте приложение на портале ещё раз.",
                "Close this window and open the application in the portal once more.",
            ),
        ),
        Denied::NoRefresh => t(
            ("Портал прислал не всё", "The portal has not sent everything"),
            plain(
                "Среди присланного нет ключа продления (REFRESH_ID): без него мост проработает только час.",
                "The refresh token (REFRESH_ID) is missing: without it the bridge could work for an hour only.",
            ),
            (
                "Подключите приложение со страницы «Портал» моста: «Подключить через портал».",
                "Connect the application from the page “Portal” of the bridge: “Connect through the portal”.",
            ),
        ),
        Denied::NoCrm => t(
            (
                "Приложению не хватает права «CRM»",
                "The application lacks the right “CRM”",
            ),
            plain(
                "Без него мост не может создавать лиды и сделки, поэтому ничего не изменено.",
                "Without it the bridge cannot make leads and deals, so nothing was changed.",
            ),
            (
                "Отметьте в форме приложения право «CRM (crm)», сохраните её и откройте приложение снова.",
                "Tick “CRM (crm)” in the application's form, save it, and open the application again.",
            ),
        ),
        Denied::WrongKey(_) => t(
            (
                "Ключ приложения не подошёл",
                "The application's key is not the right one",
            ),
            plain(
                "Сервер авторизации Битрикс24 не принимает ключ приложения (client_secret), сохранённый в мосте, поэтому ничего не изменено: доставка идёт как раньше.",
                "Bitrix24's authorization server does not accept the application's key (client_secret) that the bridge has, so nothing was changed: what delivers now goes on.",
            ),
            (
                "Скопируйте ключ из формы приложения на портале ещё раз, сохраните его на странице «Портал» моста и откройте приложение снова. Если ключ верный, отключите портал на той же странице и откройте приложение: мост возьмёт его без этой проверки.",
                "Copy the key from the application's form in the portal once more, store it on the page “Portal” of the bridge, and open the application again. If the key is right, disconnect the portal on that page and open the application: the bridge then takes it without this check.",
            ),
        ),
        Denied::NoRenewal(_) => t(
            (
                "Доступ приложения не удалось продлить",
                "The application's access could not be renewed",
            ),
            plain(
                "Без продления приложение проработало бы только час, поэтому ничего не изменено: доставка идёт как раньше. Причина — ниже.",
                "Without that the application could work for an hour only, so nothing was changed: what delivers now goes on. The reason is below.",
            ),
            (
                "Проверьте доступ моста к серверу авторизации и откройте приложение снова. Если доступ дать нельзя, оставайтесь на вебхуке.",
                "Check that the bridge can reach the authorization server, and open the application again. Where that may not be, stay with the webhook.",
            ),
        ),
        Denied::Unreachable(_) | Denied::Store(_) => t(
            (
                "Мост не смог спросить портал",
                "The bridge could not ask the portal",
            ),
            plain(
                "Ничего не изменено. Причина — ниже.",
                "Nothing was changed. The reason is below.",
            ),
            (
                "Откройте приложение ещё раз; если не поможет, посмотрите страницу «Портал» моста.",
                "Open the application once more; if that does not help, look at the page “Portal” of the bridge.",
            ),
        ),
    }
}

/// The same in a few sentences, for another page.
pub fn sentences(visit: &Visit<'_>, denied: Denied) -> String {
    let words = words(visit, &Why::Denied(denied));
    format!("{}. {} {}", words.title, words.what, words.way_out)
}

pub fn page(visit: &Visit<'_>, why: Why) -> Answer {
    let why = match why {
        Why::Denied(Denied::Store(error)) => return Err(Problem::Store(error)),
        why => why,
    };
    let words = words(visit, &why);
    let said = match &why {
        Why::Denied(Denied::Unreachable(text) | Denied::NoRenewal(text) | Denied::WrongKey(text)) => {
            Some(text.as_str())
        }
        _ => None,
    };
    let mut response = visit
        .page(words.title)
        .narrow()
        .status(why.status())
        .body(html! {
            (notice(Tone::Bad, html! { p { (words.what) } @if let Some(said) = said { (explain::paragraph(visit.lang, said)) } }))
            p { (words.way_out) }
        })
        .response();
    if let Why::Full(Full::Busy(wait) | Full::TooOften(wait)) = why {
        let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    Ok(response)
}
