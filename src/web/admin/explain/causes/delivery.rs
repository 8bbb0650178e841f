//! What stops a delivery: values, mappings, the channel, and the portal's refusals.

use super::{Cause, Mend, PORTAL_SAYS, REASON, field, given, own};
use crate::web::admin::words::{Text, text};

const UNFIT: Text = text(
    "Значение не подходит полю портала",
    "The value does not fit the portal's field",
);
const FIELD: Text = text("Поле", "Field");
const CAME: Text = text("Пришло", "What came");
const EXPECTED: Text = text("Ожидается", "Expected");
const ENTITY_CHANGED: Text = text(
    "Верните каналу прежнюю сущность, доставьте запрос снова, а потом меняйте.",
    "Set the channel's entity back, deliver again, and change it after that.",
);

pub(super) const CAUSES: &[Cause] = &[
    Cause::new(
        "its channel was switched off and then deleted; make a channel of the same address again, then deliver again",
        text(
            "Канал этого запроса был выключен, а потом удалён",
            "The request's channel was switched off and then deleted",
        ),
        text(
            "Создайте канал с тем же адресом и доставьте запрос снова.",
            "Make a channel of the same address again, then deliver the request again.",
        ),
    ),
    Cause::new(
        "the bridge failed at delivering it, which is a bug; its log says more: report it, and deliver again with a mended version",
        text(
            "Мост не справился с этим запросом: это ошибка в нём самом",
            "The bridge failed at delivering the request, which is a bug",
        ),
        text(
            "Подробности в журнале сервера. Сообщите об ошибке и доставьте запрос снова с исправленной версией.",
            "The server's log says more. Report it, and deliver the request again with a mended version.",
        ),
    ),
    Cause::new(
        "the field {} cannot take \"{}\": {}; {}",
        UNFIT,
        text("{3}", "{3}"),
    )
    .facts(&[field(0, FIELD), given(1, CAME), own(2, EXPECTED)])
    .at(Mend::Channel),
    Cause::new(
        "the field {} cannot take \"{}\": {}",
        UNFIT,
        text(
            "Исправьте форму на сайте или строку в канале.",
            "Correct the form or the channel's row.",
        ),
    )
    .facts(&[field(0, FIELD), given(1, CAME), own(2, EXPECTED)])
    .at(Mend::Channel),
    Cause::new(
        "the portal has no field {} for a {}; {}",
        text("В портале нет поля {0}", "The portal has no field {0}"),
        text(
            "Выберите в канале другое поле или создайте это поле в портале, затем доставьте запрос снова.",
            "Choose another field in the channel or make this one in the portal, then deliver again.",
        ),
    )
    .at(Mend::Channel),
    Cause::new(
        "the portal has no stage {} in deal pipeline {}; {}",
        text(
            "В воронке {1} нет статуса {0}",
            "The deal pipeline {1} has no stage {0}",
        ),
        text(
            "Выберите в канале другой статус, затем доставьте запрос снова.",
            "Choose another stage in the channel, then deliver again.",
        ),
    )
    .at(Mend::Channel),
    Cause::new(
        "the portal has no stage {} of leads; {}",
        text(
            "У лидов на портале нет статуса {0}",
            "The portal's leads have no stage {0}",
        ),
        text(
            "Выберите в канале другой статус, затем доставьте запрос снова.",
            "Choose another stage in the channel, then deliver again.",
        ),
    )
    .at(Mend::Channel),
    Cause::new(
        "the portal has no deal pipeline {}; {}",
        text(
            "На портале нет воронки {0}",
            "The portal has no deal pipeline {0}",
        ),
        text(
            "Выберите в канале другую воронку, затем доставьте запрос снова.",
            "Choose another pipeline in the channel, then deliver again.",
        ),
    )
    .at(Mend::Channel),
    Cause::new(
        "the channel's template for {} is broken: {}; mend the mapping, then deliver again",
        text(
            "Ошибка в строке заполнения поля {0}",
            "The channel's row for the field {0} is broken",
        ),
        text(
            "Исправьте эту строку в канале, затем доставьте запрос снова.",
            "Mend this row in the channel, then deliver again.",
        ),
    )
    .facts(&[own(1, REASON)])
    .at(Mend::Channel),
    Cause::new(
        "this delivery began as a lead and its channel makes a deal now; {}",
        text(
            "Запрос начали обрабатывать как лид, а канал теперь создаёт сделки",
            "This delivery began as a lead, and its channel makes deals now",
        ),
        ENTITY_CHANGED,
    )
    .at(Mend::Channel),
    Cause::new(
        "this delivery began as a deal and its channel makes a lead now; {}",
        text(
            "Запрос начали обрабатывать как сделку, а канал теперь создаёт лиды",
            "This delivery began as a deal, and its channel makes leads now",
        ),
        ENTITY_CHANGED,
    )
    .at(Mend::Channel),
    Cause::new(
        "the portal refused {} at step \"{}\": the connection lacks the right (scope) that this method needs{}; mend it in the portal or in the channel, then deliver again",
        text(
            "Подключению не хватает прав: {0}",
            "The connection lacks the right for this: {0}",
        ),
        text(
            "Дайте вебхуку в портале недостающее право, затем доставьте запрос снова.",
            "Give the webhook the missing right in the portal, then deliver again.",
        ),
    )
    .at(Mend::Portal),
    Cause::new(
        "the portal refused {} at step \"{}\": {}; mend it in the portal or in the channel, then deliver again",
        text("Портал отказал: {0}", "The portal refused: {0}"),
        text(
            "Исправьте это в портале или в настройках канала, затем доставьте запрос снова.",
            "Mend it in the portal or in the channel, then deliver again.",
        ),
    )
    .facts(&[given(2, PORTAL_SAYS)])
    .at(Mend::Channel),
    Cause::new(
        "its channel is not in the database; restore a backup that has it",
        text(
            "Канала этого запроса нет в базе",
            "The channel of this request is not in the database",
        ),
        text(
            "Восстановите резервную копию, в которой он есть.",
            "Restore a backup that has it.",
        ),
    ),
    Cause::new(
        "the Idempotency-Key is that of submission {}: nothing is delivered again",
        text("Повтор запроса {0}", "A repeat of request {0}"),
        text(
            "Ничего делать не нужно: сайт прислал тот же ключ Idempotency-Key, второй раз ничего не создаётся.",
            "Nothing needs to be done: the website sent the same Idempotency-Key, so nothing is made twice.",
        ),
    ),
    // No error, but a remark beside a result.
    Cause::new(
        "the portal works in simple CRM mode: it turns a new lead into a deal at once",
        text(
            "Портал работает в простом режиме CRM: новый лид сразу становится сделкой",
            "The portal works in simple CRM mode: it turns a new lead into a deal at once",
        ),
        text(
            "Удобнее выбрать в канале сделки.",
            "Deals are the better choice for the channel.",
        ),
    )
    .at(Mend::Channel),
];
