//! What is wrong with what a website sent.

use super::{Cause, Mend, REASON, own};
use crate::web::admin::words::{Text, text};

const MEND_FORM: Text = text(
    "Исправьте отправку на стороне сайта. Пришедшее сохранено как есть.",
    "Mend what the website sends. What came is kept as it is.",
);
const SEND_LESS: Text = text("Отправляйте меньше за один раз.", "Send less in one request.");
const SECRET: Text = text(
    "Если это ваш сайт, отправляйте секрет канала в заголовке X-Bridge-Secret или в поле _secret.",
    "If it is your website, send the channel's secret in the header X-Bridge-Secret or in the field _secret.",
);

pub(super) const CAUSES: &[Cause] = &[
    Cause::new(
        "the body starts like JSON and is broken ({}): {}",
        text(
            "Тело запроса похоже на JSON, но в нём ошибка",
            "The body starts like JSON and is broken",
        ),
        MEND_FORM,
    )
    .facts(&[own(0, REASON)]),
    Cause::new(
        "the multipart body is broken ({}): {}",
        text(
            "Тело multipart-запроса повреждено",
            "The multipart body is broken",
        ),
        MEND_FORM,
    )
    .facts(&[own(0, REASON)]),
    Cause::new(
        "the body is neither JSON nor form fields: {}",
        text(
            "В теле запроса нет ни JSON, ни полей формы",
            "The body is neither JSON nor form fields",
        ),
        MEND_FORM,
    ),
    Cause::new(
        "the request has more than {} values: {}",
        text(
            "В запросе больше {0} значений",
            "The request has more than {0} values",
        ),
        SEND_LESS,
    ),
    Cause::new(
        "the request nests its values more than {} deep: {}",
        text(
            "Вложенность запроса больше {0}",
            "The request nests its values more than {0} deep",
        ),
        MEND_FORM,
    ),
    Cause::new(
        "the request holds more than {} bytes of fields: {}",
        text(
            "Полей в запросе больше {0} байт",
            "The request holds more than {0} bytes of fields",
        ),
        SEND_LESS,
    ),
    Cause::new(
        "the request's files hold more than {} bytes together: {}",
        text(
            "Файлов в запросе больше {0} байт",
            "The request's files hold more than {0} bytes together",
        ),
        text(
            "Отправляйте меньше файлов или файлы поменьше.",
            "Send smaller or fewer files.",
        ),
    ),
    Cause::new(
        "the bridge failed at reading the request, which is a bug; its log says more",
        text(
            "Мост не смог прочитать запрос, и это ошибка моста",
            "The bridge failed at reading the request, which is a bug",
        ),
        text(
            "Пришедшее сохранено как есть, подробности — в журнале работы моста.",
            "What came is kept as it is; the bridge's log says more.",
        ),
    ),
    Cause::new(
        "it came without the channel's secret",
        text(
            "Запрос пришёл без секрета канала",
            "It came without the channel's secret",
        ),
        SECRET,
    )
    .at(Mend::Channel),
    Cause::new(
        "it came with another secret than the channel's",
        text(
            "Запрос пришёл с чужим секретом",
            "It came with another secret than the channel's",
        ),
        SECRET,
    )
    .at(Mend::Channel),
    Cause::new(
        "the hidden field \"{}\" was filled in",
        text(
            "Заполнено скрытое поле «{0}», которого люди не видят",
            "The hidden field “{0}” was filled in, which people do not see",
        ),
        text(
            "Если запрос от человека, доставьте его и проверьте, что поле действительно скрыто.",
            "If a person sent it, deliver it, and check that the field is really hidden.",
        ),
    )
    .at(Mend::Channel),
    Cause::new(
        "more requests came from one address within a minute than the channel's limit of {}",
        text(
            "За минуту с одного адреса пришло больше {0} запросов — столько разрешает канал",
            "More requests came from one address within a minute than the channel's limit of {0}",
        ),
        text(
            "Если формы отправляет сервер вашего сайта, снимите это ограничение в канале.",
            "If it is your website's server that sends the forms, take this limit off in the channel.",
        ),
    )
    .at(Mend::Channel),
];
