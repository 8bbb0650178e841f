//! The errors that the bridge stores, with their Russian and English explanation. A pattern is the stored English text
//! with `{}` for what varies; `{0}`, `{1}`, … in an explanation take it up again. Tests hold the patterns against the
//! code that makes the texts.

use crate::web::admin::words::{Text, text};

/// Where a cause can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    /// In the settings of the request's channel.
    Channel,
    /// On the page of the connection.
    Portal,
    Elsewhere,
}

/// One kind of error.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    pub pattern: &'static str,
    /// What happened, in one sentence.
    pub what: Text,
    /// What to do about it.
    pub way_out: Text,
    /// Varying parts worth a line of their own, by their number.
    pub facts: &'static [(usize, Text)],
    pub mend: Mend,
}

const PORTAL_SAYS: Text = text("Ответ портала", "The portal says");
const REASON: Text = text("Причина", "Reason");
const BY_ITSELF: Text = text(
    "Ничего делать не нужно: запрос будет доставлен, как только портал ответит.",
    "Nothing needs to be done: the request is delivered as soon as the portal answers.",
);
const CHECK_NETWORK: Text = text(
    "Проверьте, что портал включён, а сеть и файрвол пропускают соединения с этого сервера.",
    "Check that the portal is up and that the network and the firewall let this server through.",
);
const MEND_FORM: Text = text(
    "Исправьте отправку на стороне сайта. Пришедшее сохранено ниже как есть.",
    "Mend what the website sends. What came is kept below as it is.",
);

/// Every kind of error, the more special ones first.
pub const CAUSES: &[Cause] = &[
    Cause {
        pattern: "the field {} cannot take \"{}\": {}; {}",
        what: text(
            "Значение не подходит полю портала",
            "The value does not fit the portal's field",
        ),
        way_out: text("{3}", "{3}"),
        facts: &[
            (0, text("Поле", "Field")),
            (1, text("Пришло", "What came")),
            (2, text("Ожидается", "Expected")),
        ],
        mend: Mend::Channel,
    },
    Cause {
        pattern: "the field {} cannot take \"{}\": {}",
        what: text(
            "Значение не подходит полю портала",
            "The value does not fit the portal's field",
        ),
        way_out: text(
            "Исправьте форму на сайте или строку в канале.",
            "Correct the form or the channel's row.",
        ),
        facts: &[
            (0, text("Поле", "Field")),
            (1, text("Пришло", "What came")),
            (2, text("Ожидается", "Expected")),
        ],
        mend: Mend::Channel,
    },
    Cause {
        pattern: "the portal has no field {} for a {}; {}",
        what: text("В портале нет поля {0}", "The portal has no field {0}"),
        way_out: text(
            "Выберите в канале другое поле или создайте это поле в портале, затем доставьте запрос снова.",
            "Choose another field in the channel or make this one in the portal, then deliver again.",
        ),
        facts: &[],
        mend: Mend::Channel,
    },
    Cause {
        pattern: "the channel's template for {} is broken: {}; mend the mapping, then deliver again",
        what: text(
            "Ошибка в строке заполнения поля {0}",
            "The channel's row for the field {0} is broken",
        ),
        way_out: text(
            "Исправьте эту строку в канале, затем доставьте запрос снова.",
            "Mend this row in the channel, then deliver again.",
        ),
        facts: &[(1, REASON)],
        mend: Mend::Channel,
    },
    Cause {
        pattern: "the portal refused {} at step \"{}\": the connection lacks the right (scope) that this method needs{}; mend it in the portal or in the channel, then deliver again",
        what: text(
            "Подключению не хватает прав: {0}",
            "The connection lacks the right for this: {0}",
        ),
        way_out: text(
            "Дайте вебхуку в портале недостающее право, затем доставьте запрос снова.",
            "Give the webhook the missing right in the portal, then deliver again.",
        ),
        facts: &[],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the portal refused {} at step \"{}\": {}; mend it in the portal or in the channel, then deliver again",
        what: text("Портал отказал: {0}", "The portal refused: {0}"),
        way_out: text(
            "Исправьте это в портале или в настройках канала, затем доставьте запрос снова.",
            "Mend it in the portal or in the channel, then deliver again.",
        ),
        facts: &[(2, PORTAL_SAYS)],
        mend: Mend::Channel,
    },
    Cause {
        pattern: "its channel is not in the database; restore a backup that has it",
        what: text(
            "Канала этого запроса нет в базе",
            "The channel of this request is not in the database",
        ),
        way_out: text(
            "Восстановите резервную копию, в которой он есть.",
            "Restore a backup that has it.",
        ),
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the Idempotency-Key is that of submission {}: nothing is delivered again",
        what: text("Повтор запроса {0}", "A repeat of request {0}"),
        way_out: text(
            "Ничего делать не нужно: сайт прислал тот же ключ Idempotency-Key, второй раз ничего не создаётся.",
            "Nothing needs to be done: the website sent the same Idempotency-Key, so nothing is made twice.",
        ),
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the portal refuses the connection ({}); check the rights of the webhook or the application, or connect the portal anew",
        what: text(
            "Портал не принимает подключение",
            "The portal refuses the connection",
        ),
        way_out: text(
            "Проверьте права вебхука или приложения либо подключите портал заново. Запросы сохраняются и ждут.",
            "Check the rights of the webhook or the application, or connect the portal anew. Requests are stored and wait.",
        ),
        facts: &[(0, PORTAL_SAYS)],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the portal refuses the connection ({}); check the webhook's rights, or make a new one",
        what: text(
            "Портал не принимает подключение",
            "The portal refuses the connection",
        ),
        way_out: text(
            "Проверьте права вебхука или создайте новый и подключите его. Запросы сохраняются и ждут.",
            "Check the webhook's rights, or make a new one and connect it. Requests are stored and wait.",
        ),
        facts: &[(0, PORTAL_SAYS)],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the application cannot be used since {} ({}); connect it anew in the portal, requests wait until then",
        what: text(
            "Приложение больше не имеет доступа к порталу",
            "The application has no access to the portal any more",
        ),
        way_out: text(
            "Откройте или установите приложение на портале ещё раз. Запросы сохраняются и ждут.",
            "Open the application in the portal, or install it once more. Requests are stored and wait.",
        ),
        facts: &[(1, REASON)],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the application has no tokens yet; {}",
        what: text(
            "Приложение ещё не установлено на портале",
            "The application is not installed in the portal yet",
        ),
        way_out: text(
            "Откройте приложение на портале. Запросы сохраняются и ждут.",
            "Open the application in the portal. Requests are stored and wait.",
        ),
        facts: &[],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the access token has expired and cannot be renewed at the moment: {}; nothing was sent",
        what: text(
            "Сервер авторизации не продлевает доступ к порталу",
            "The authorization server does not renew the access to the portal",
        ),
        way_out: text(
            "Проверьте, что этот сервер достигает сервера авторизации (--oauth-url). Запрос будет доставлен, как только тот ответит.",
            "Check that this server reaches the authorization server (--oauth-url). The request is delivered as soon as that one answers.",
        ),
        facts: &[(0, REASON)],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the portal calls even a new access token expired; {}",
        what: text(
            "Портал считает новый ключ доступа просроченным",
            "The portal calls a new access token expired",
        ),
        way_out: text(
            "Проверьте часы портала и этого сервера.",
            "Check the clocks of the portal and of this server.",
        ),
        facts: &[],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the new tokens cannot be stored and are not used before they are ({})",
        what: text(
            "Новые ключи доступа не записались на диск",
            "The new tokens could not be stored",
        ),
        way_out: text(
            "Освободите место на диске или почините его: доставка продолжится сама.",
            "Free space or mend the disk: delivery goes on by itself.",
        ),
        facts: &[(0, REASON)],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "no address is known for {}; {}",
        what: text(
            "Имя портала не находится: {0}",
            "The portal's name is not known: {0}",
        ),
        way_out: text(
            "Проверьте DNS на этом сервере или укажите адрес параметром --portal-resolve.",
            "Check the name service of this server, or name the address with --portal-resolve.",
        ),
        facts: &[],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "no connection to {} in time; {}",
        what: text(
            "Портал {0} не отвечает на соединение",
            "The portal {0} does not take the connection",
        ),
        way_out: CHECK_NETWORK,
        facts: &[],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the certificate of {} is refused ({}); {}",
        what: text(
            "Сертификату портала {0} нельзя доверять",
            "The certificate of {0} is refused",
        ),
        way_out: text(
            "Укажите свой центр сертификации параметром --portal-ca и обращайтесь к порталу по имени из сертификата.",
            "Name its authority with --portal-ca, and call the portal by the name the certificate was made for.",
        ),
        facts: &[(1, REASON)],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "no TLS connection to {} ({})",
        what: text("Нет защищённого соединения с {0}", "No TLS connection to {0}"),
        way_out: CHECK_NETWORK,
        facts: &[(1, REASON)],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the proxy makes no connection to {}; {}",
        what: text(
            "Прокси не соединяет с {0}",
            "The proxy makes no connection to {0}",
        ),
        way_out: text(
            "Проверьте правила и пароль прокси.",
            "Check the proxy's rules and password.",
        ),
        facts: &[],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "no connection to {} ({}); {}",
        what: text("Нет связи с порталом {0}", "No connection to the portal {0}"),
        way_out: CHECK_NETWORK,
        facts: &[(1, REASON)],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "{} took the request and did not answer in time",
        what: text("Портал не успел ответить", "The portal did not answer in time"),
        way_out: BY_ITSELF,
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "{} did not take the request in time",
        what: text(
            "Портал не успел принять запрос",
            "The portal did not take the request in time",
        ),
        way_out: BY_ITSELF,
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the connection to {} broke before the answer was complete ({})",
        what: text(
            "Связь с порталом прервалась",
            "The connection to the portal broke",
        ),
        way_out: BY_ITSELF,
        facts: &[(1, REASON)],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "{} sends calls on to {} instead of answering; {}",
        what: text("Портал перенаправляет на {1}", "The portal sends calls on to {1}"),
        way_out: text("Проверьте адрес вебхука.", "Check the webhook's address."),
        facts: &[],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "expected JSON from the portal, got {} with HTTP {}",
        what: text(
            "Вместо ответа портала пришло другое",
            "Something else came instead of the portal's answer",
        ),
        way_out: text(
            "Проверьте адрес вебхука и прокси перед порталом: отвечает не Битрикс24.",
            "Check the webhook's address and the proxy before the portal: it is not Bitrix24 that answers.",
        ),
        facts: &[
            (0, text("Что пришло", "What came")),
            (1, text("Код HTTP", "HTTP status")),
        ],
        mend: Mend::Portal,
    },
    Cause {
        pattern: "the portal or a server in front of it failed (HTTP {}, {})",
        what: text(
            "Сбой на стороне портала (HTTP {0})",
            "The portal failed (HTTP {0})",
        ),
        way_out: BY_ITSELF,
        facts: &[(1, text("Что пришло", "What came"))],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "a server in front of the portal refuses a request of this size (HTTP 413, {})",
        what: text(
            "Запрос слишком велик для сервера перед порталом (HTTP 413)",
            "The request is too large for the server in front of the portal (HTTP 413)",
        ),
        way_out: text(
            "Увеличьте на нём допустимый размер запроса (в nginx — client_max_body_size).",
            "Raise the size it takes (client_max_body_size in nginx).",
        ),
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "a server in front of the portal limits requests (HTTP 429, {})",
        what: text(
            "Сервер перед порталом ограничивает запросы",
            "A server in front of the portal limits requests",
        ),
        way_out: BY_ITSELF,
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the portal blocked its REST interface by hand; {}",
        what: text(
            "REST портала заблокирован вручную",
            "The portal's REST interface was blocked by hand",
        ),
        way_out: text(
            "Снимите блокировку в портале или обратитесь в поддержку Битрикс24.",
            "Lift the block in the portal, or ask Bitrix24's support.",
        ),
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "{} has used up its operating time on the portal; it rests until {}",
        what: text(
            "Портал временно ограничил: {0}",
            "The portal limits this for a while: {0}",
        ),
        way_out: BY_ITSELF,
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the portal answered {}",
        what: text("Портал ответил ошибкой", "The portal answered with an error"),
        way_out: BY_ITSELF,
        facts: &[(0, PORTAL_SAYS)],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the body starts like JSON and is broken ({}): {}",
        what: text(
            "Тело запроса похоже на JSON, но в нём ошибка",
            "The body starts like JSON and is broken",
        ),
        way_out: MEND_FORM,
        facts: &[(0, REASON)],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the multipart body is broken ({}): {}",
        what: text(
            "Тело multipart-запроса повреждено",
            "The multipart body is broken",
        ),
        way_out: MEND_FORM,
        facts: &[(0, REASON)],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the body is neither JSON nor form fields: {}",
        what: text(
            "В теле запроса нет ни JSON, ни полей формы",
            "The body is neither JSON nor form fields",
        ),
        way_out: MEND_FORM,
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the request has more than {} values: {}",
        what: text(
            "В запросе больше {0} значений",
            "The request has more than {0} values",
        ),
        way_out: MEND_FORM,
        facts: &[],
        mend: Mend::Elsewhere,
    },
    Cause {
        pattern: "the request nests its values more than {} deep: {}",
        what: text(
            "Вложенность запроса больше {0}",
            "The request nests its values more than {0} deep",
        ),
        way_out: MEND_FORM,
        facts: &[],
        mend: Mend::Elsewhere,
    },
];
