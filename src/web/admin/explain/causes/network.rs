//! Why the portal could not be asked, or its answer did not come home.

use super::{BY_ITSELF, Cause, Mend, PORTAL_SAYS, REASON, given, own};
use crate::web::admin::words::{Text, text};

const CHECK_NETWORK: Text = text(
    "Проверьте, что портал включён, а сеть и межсетевой экран пропускают соединения с этого сервера.",
    "Check that the portal is up and that the network and the firewall let this server through.",
);
const CHECK_ADDRESS: Text = text("Проверьте адрес вебхука.", "Check the webhook's address.");
const LOST: Text = text("Ответ портала потерялся", "The portal's answer was lost");
const WAITS: Text = text(
    "Обращение к порталу ждёт своей очереди",
    "The call waits for its turn",
);
const NOTHING: Text = text(
    "Ничего делать не нужно: оно уйдёт само.",
    "Nothing needs to be done: it goes by itself.",
);

pub(super) const CAUSES: &[Cause] = &[
    Cause::new(
        "no address is known for {}; {}",
        text(
            "Имя портала не находится: {0}",
            "The portal's name is not known: {0}",
        ),
        text(
            "Проверьте DNS на этом сервере или укажите адрес параметром --portal-resolve.",
            "Check the name service of this server, or name the address with --portal-resolve.",
        ),
    )
    .at(Mend::Portal),
    Cause::new(
        "no connection to {} in time; {}",
        text(
            "Портал {0} не отвечает на соединение",
            "The portal {0} does not take the connection",
        ),
        CHECK_NETWORK,
    )
    .at(Mend::Portal),
    Cause::new(
        "the certificate of {} is refused ({}); {}",
        text(
            "Сертификату портала {0} нельзя доверять",
            "The certificate of {0} is refused",
        ),
        text(
            "Укажите свой центр сертификации параметром --portal-ca и обращайтесь к порталу по имени из сертификата.",
            "Name its authority with --portal-ca, and call the portal by the name the certificate was made for.",
        ),
    )
    .facts(&[own(1, REASON)])
    .at(Mend::Portal),
    Cause::new(
        "no TLS connection to {} ({})",
        text("Нет защищённого соединения с {0}", "No TLS connection to {0}"),
        CHECK_NETWORK,
    )
    .facts(&[own(1, REASON)])
    .at(Mend::Portal),
    Cause::new(
        "the proxy makes no connection to {}; {}",
        text(
            "Прокси не соединяет с {0}",
            "The proxy makes no connection to {0}",
        ),
        text(
            "Проверьте правила и пароль прокси.",
            "Check the proxy's rules and password.",
        ),
    )
    .at(Mend::Portal),
    Cause::new(
        "no connection to {} ({}); {}",
        text("Нет связи с порталом {0}", "No connection to the portal {0}"),
        CHECK_NETWORK,
    )
    .facts(&[own(1, REASON)])
    .at(Mend::Portal),
    Cause::new(
        "no connection to {}",
        text("Нет связи с порталом {0}", "No connection to the portal {0}"),
        CHECK_NETWORK,
    )
    .at(Mend::Portal),
    Cause::new(
        "{} took the request and did not answer in time",
        text("Портал не успел ответить", "The portal did not answer in time"),
        BY_ITSELF,
    ),
    Cause::new(
        "{} did not take the request in time",
        text(
            "Портал не успел принять запрос",
            "The portal did not take the request in time",
        ),
        BY_ITSELF,
    ),
    Cause::new(
        "the connection to {} broke before the answer was complete ({})",
        text(
            "Связь с порталом прервалась",
            "The connection to the portal broke",
        ),
        BY_ITSELF,
    )
    .facts(&[own(1, REASON)]),
    Cause::new(
        "the answer of {} is larger than {} bytes",
        text(
            "Ответ портала слишком велик (больше {1} байт)",
            "The portal's answer is too large (more than {1} bytes)",
        ),
        BY_ITSELF,
    ),
    Cause::new("the answer of {} was lost", LOST, BY_ITSELF),
    Cause::new(
        "{} answered with something that is not HTTP",
        text(
            "По адресу {0} отвечает не веб-сервер",
            "It is no web server that answers at {0}",
        ),
        CHECK_ADDRESS,
    )
    .at(Mend::Portal),
    Cause::new(
        "{} sends calls on to {} instead of answering; {}",
        text("Портал перенаправляет на {1}", "The portal sends calls on to {1}"),
        CHECK_ADDRESS,
    )
    .at(Mend::Portal),
    Cause::new(
        "the portal blocked its REST interface by hand; {}",
        text(
            "REST портала заблокирован вручную",
            "The portal's REST interface was blocked by hand",
        ),
        text(
            "Снимите блокировку в портале или обратитесь в поддержку Битрикс24.",
            "Lift the block in the portal, or ask Bitrix24's support.",
        ),
    ),
    Cause::new(
        "{} has used up its operating time on the portal; it rests until {}",
        text(
            "Портал временно ограничил: {0}",
            "The portal limits this for a while: {0}",
        ),
        BY_ITSELF,
    ),
    Cause::new(
        "the bridge is stopping; nothing was sent",
        text(
            "Мост останавливался, на портал ничего не отправлено",
            "The bridge was stopping, and nothing was sent",
        ),
        BY_ITSELF,
    ),
    Cause::new("an earlier call of the same batch had to wait", WAITS, NOTHING),
    Cause::new(
        "{} needs the answer of {}, which is not sent before it",
        WAITS,
        NOTHING,
    ),
    Cause::new(
        "the batch was full; this call goes with the next one",
        WAITS,
        NOTHING,
    ),
    Cause::new(
        "the file of certificate authorities cannot be read: {}; {}",
        text(
            "Файл центров сертификации (--portal-ca) не читается",
            "The file of certificate authorities (--portal-ca) cannot be read",
        ),
        text(
            "В нём должны быть сертификаты в формате PEM (-----BEGIN CERTIFICATE-----).",
            "It must hold certificates in PEM form (-----BEGIN CERTIFICATE-----).",
        ),
    )
    .facts(&[own(0, REASON)]),
    Cause::new(
        "the proxy's address cannot be read; write http://host:port",
        text("Адрес прокси не читается", "The proxy's address cannot be read"),
        text(
            "Пишите его так: http://имя:порт.",
            "Write it like http://host:port.",
        ),
    ),
    Cause::new(
        "the portal refused {}: {}; give the connection the right \"CRM (crm)\"",
        text("Портал отказал: {0}", "The portal refused: {0}"),
        text(
            "Дайте подключению право «CRM (crm)».",
            "Give the connection the right “CRM (crm)”.",
        ),
    )
    .facts(&[given(1, PORTAL_SAYS)])
    .at(Mend::Portal),
    Cause::new(
        "the portal's answer to {} has an unknown form; run `portal check`",
        text(
            "Портал ответил непонятно: {0}",
            "The portal's answer has an unknown form: {0}",
        ),
        text(
            "Проверьте подключение: кнопка «Проверить» на странице «Портал».",
            "Check the connection with “Check” on the page “Portal”.",
        ),
    )
    .at(Mend::Portal),
];
