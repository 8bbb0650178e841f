//! Why a local application has no access to its portal.

use super::{Cause, Mend, REASON, own};
use crate::web::admin::words::text;

pub(super) const CAUSES: &[Cause] = &[
    Cause::new(
        "the application cannot be used since {} (the authorization server gives no new tokens: invalid_client{}); connect it anew in the portal, requests wait until then",
        text(
            "Сервер авторизации не принимает ключ приложения",
            "The authorization server does not accept the application's key",
        ),
        text(
            "Скопируйте client_secret с портала заново и сохраните его на странице «Портал».",
            "Copy client_secret from the portal once more and store it on the page Portal.",
        ),
    )
    .at(Mend::Portal),
    Cause::new(
        "the application cannot be used since {} ({}); connect it anew in the portal, requests wait until then",
        text(
            "Приложение больше не имеет доступа к порталу",
            "The application has no access to the portal any more",
        ),
        text(
            "Откройте или установите приложение на портале ещё раз. Запросы сохраняются и ждут.",
            "Open the application in the portal, or install it once more. Requests are stored and wait.",
        ),
    )
    .facts(&[own(1, REASON)])
    .at(Mend::Portal),
    Cause::new(
        "the application has no tokens yet; {}",
        text(
            "Приложение ещё не установлено на портале",
            "The application is not installed in the portal yet",
        ),
        text(
            "Откройте приложение на портале. Запросы сохраняются и ждут.",
            "Open the application in the portal. Requests are stored and wait.",
        ),
    )
    .at(Mend::Portal),
    Cause::new(
        "the access token has expired and cannot be renewed at the moment: {}; nothing was sent",
        text(
            "Сервер авторизации не продлевает доступ к порталу",
            "The authorization server does not renew the access to the portal",
        ),
        text(
            "Проверьте, что этот сервер достигает сервера авторизации (--oauth-url). Запрос будет доставлен, как только тот ответит.",
            "Check that this server reaches the authorization server (--oauth-url). The request is delivered as soon as that one answers.",
        ),
    )
    .facts(&[own(0, REASON)])
    .at(Mend::Portal),
    Cause::new(
        "the portal calls even a new access token expired; {}",
        text(
            "Портал считает новый ключ доступа просроченным",
            "The portal calls a new access token expired",
        ),
        text(
            "Проверьте часы портала и этого сервера.",
            "Check the clocks of the portal and of this server.",
        ),
    )
    .at(Mend::Portal),
    Cause::new(
        "the disk takes no writes, and the application's tokens are not renewed before it does ({})",
        text(
            "Диск не принимает записи, поэтому ключи доступа не продлеваются",
            "The disk takes no writes, so the tokens are not renewed",
        ),
        text(
            "Освободите место на диске или почините его: доставка продолжится сама.",
            "Free space or mend the disk: delivery goes on by itself.",
        ),
    )
    .facts(&[own(0, REASON)]),
    Cause::new(
        "the new tokens cannot be stored and are not used before they are ({})",
        text(
            "Новые ключи доступа не записались на диск",
            "The new tokens could not be stored",
        ),
        text(
            "Освободите место на диске или почините его: доставка продолжится сама.",
            "Free space or mend the disk: delivery goes on by itself.",
        ),
    )
    .facts(&[own(0, REASON)]),
];
