//! What the portal, or something in front of it, answered.

use super::{BY_ITSELF, Cause, Mend, PORTAL_SAYS, WHAT_CAME, given, own};
use crate::web::admin::words::text;

pub(super) const CAUSES: &[Cause] = &[
    Cause::new(
        "the portal refuses the connection ({}); check the rights of the webhook or the application, or connect the portal anew",
        text(
            "Портал не принимает подключение",
            "The portal refuses the connection",
        ),
        text(
            "Проверьте права вебхука или приложения либо подключите портал заново. Запросы сохраняются и ждут.",
            "Check the rights of the webhook or the application, or connect the portal anew. Requests are stored and wait.",
        ),
    )
    .facts(&[given(0, PORTAL_SAYS)])
    .at(Mend::Portal),
    Cause::new(
        "the portal refuses the connection ({}); check the webhook's rights, or make a new one",
        text(
            "Портал не принимает подключение",
            "The portal refuses the connection",
        ),
        text(
            "Проверьте права вебхука или создайте новый и подключите его. Запросы сохраняются и ждут.",
            "Check the webhook's rights, or make a new one and connect it. Requests are stored and wait.",
        ),
    )
    .facts(&[given(0, PORTAL_SAYS)])
    .at(Mend::Portal),
    Cause::new(
        "expected JSON from the portal, got {} with HTTP {}",
        text(
            "Вместо ответа портала пришло другое",
            "Something else came instead of the portal's answer",
        ),
        text(
            "Проверьте адрес вебхука и прокси перед порталом: отвечает не Битрикс24.",
            "Check the webhook's address and the proxy before the portal: it is not Bitrix24 that answers.",
        ),
    )
    .facts(&[own(0, WHAT_CAME), given(1, text("Код HTTP", "HTTP status"))])
    .at(Mend::Portal),
    Cause::new(
        "the portal or a server in front of it failed (HTTP {}, {})",
        text(
            "Сбой на стороне портала (HTTP {0})",
            "The portal failed (HTTP {0})",
        ),
        BY_ITSELF,
    )
    .facts(&[own(1, WHAT_CAME)]),
    Cause::new(
        "a server in front of the portal refuses a request of this size (HTTP 413, {})",
        text(
            "Запрос слишком велик для сервера перед порталом (HTTP 413)",
            "The request is too large for the server in front of the portal (HTTP 413)",
        ),
        text(
            "Увеличьте на нём допустимый размер запроса (в nginx — client_max_body_size).",
            "Raise the size it takes (client_max_body_size in nginx).",
        ),
    ),
    Cause::new(
        "a server in front of the portal limits requests (HTTP 429, {})",
        text(
            "Сервер перед порталом ограничивает запросы",
            "A server in front of the portal limits requests",
        ),
        BY_ITSELF,
    ),
    Cause::new(
        "an earlier command of the same batch failed, and the batch stopped there",
        text(
            "Предыдущее обращение не удалось, до этого дело не дошло",
            "An earlier call failed, so this one was not made",
        ),
        BY_ITSELF,
    ),
    Cause::new(
        "the portal answered the batch without a word about this command",
        text(
            "Портал ничего не ответил на это обращение",
            "The portal said nothing about this call",
        ),
        BY_ITSELF,
    ),
    Cause::new(
        "the portal answered {}",
        text("Портал ответил ошибкой", "The portal answered with an error"),
        BY_ITSELF,
    )
    .facts(&[given(0, PORTAL_SAYS)]),
];
