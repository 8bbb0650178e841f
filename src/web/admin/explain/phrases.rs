//! The bridge's own words inside errors, in Russian. Patterns as in [`super::causes`].

mod application;

use crate::web::admin::words::{Text, text};
use application::APPLICATION;

/// All of them.
pub const PHRASES: &[&[(&str, &str)]] = &[
    EXPECTED,
    WAYS_OUT,
    REASONS,
    TEMPLATES,
    CHANNEL,
    PORTAL_CHECK,
    APPLICATION,
    OUTSIDE,
];

/// What a field takes, as [`crate::values`] says it, in Russian.
const EXPECTED: &[(&str, &str)] = &[
    ("it takes a whole number like {}", "целое число, например {0}"),
    ("it takes a number like {} or {}", "число, например {0} или {1}"),
    ("it takes an amount like {} or {}", "сумма, например {0} или {1}"),
    ("it takes a date like {} or {}", "дата, например {0} или {1}"),
    (
        "it takes a date and time like {} or {}",
        "дата и время, например {0} или {1}",
    ),
    ("it takes yes or no ({})", "да или нет ({0})"),
    ("it takes a currency code like {}", "код валюты, например {0}"),
    (
        "it takes a user by number, e-mail or full name, and no user of the portal is called so",
        "сотрудник по номеру, e-mail или полному имени; в портале такого нет",
    ),
    (
        "it fits several users ({})",
        "подходят несколько сотрудников ({0})",
    ),
    (
        "no user of the portal has this number",
        "номер сотрудника; в портале такого нет",
    ),
    (
        "this user is dismissed in the portal",
        "действующий сотрудник; этот уволен",
    ),
    (
        "the portal's currencies are known by code or name: one of {}",
        "валюта портала — код или название: {0}",
    ),
    ("it takes one of {} and {} more", "одно из: {0} и ещё {1}"),
    ("it takes one of {}", "одно из: {0}"),
    (
        "the portal offers no values for it",
        "в портале у поля нет ни одного значения",
    ),
    (
        "the portal fills this field itself",
        "ничего: это поле портал заполняет сам",
    ),
    ("nothing but blanks came for it", "значение; пришли одни пробелы"),
    (
        "it takes one file and several came",
        "один файл; пришло несколько",
    ),
    (
        "the portal cannot search by a file",
        "не файл: по файлу портал не ищет",
    ),
    (
        "it takes a file sent with the form (multipart/form-data), named by a row that is this one placeholder and nothing else",
        "файл из формы (multipart/form-data); в строке канала — только имя этого файла в фигурных скобках",
    ),
];

/// The ways out of the same, in Russian.
const WAYS_OUT: &[(&str, &str)] = &[
    (
        "correct the form or the channel's row",
        "Исправьте форму на сайте или строку в канале",
    ),
    (
        "correct the form or add the value in the portal",
        "Исправьте форму на сайте или добавьте значение в портале",
    ),
    (
        "correct the row or add the currency to the portal",
        "Исправьте строку в канале или добавьте валюту в портал",
    ),
    (
        "add some there or take the row out of the channel",
        "Добавьте значения в портале или уберите строку из канала",
    ),
    ("take its row out of the channel", "Уберите эту строку из канала"),
    (
        "take the search flag off this row",
        "Снимите с этой строки флаг поиска",
    ),
    ("name another one", "Укажите другого"),
    (
        "name the one you mean by number or e-mail",
        "Укажите нужного по номеру или e-mail",
    ),
    (
        "make the field multiple in the portal or send one file",
        "Сделайте поле в портале множественным или отправляйте один файл",
    ),
];

/// What the bridge says where the portal or the network gave no words of its own, in Russian.
const REASONS: &[(&str, &str)] = &[
    ("the portal refused without giving a reason", "причина не названа"),
    ("no reason given", "причина не названа"),
    ("HTTP {} without a reason", "HTTP {0} без объяснения"),
    (
        "the connection lacks the right (scope) that this method needs",
        "у подключения нет нужного права",
    ),
    (
        "the connection's user has no access to this",
        "у пользователя подключения нет доступа",
    ),
    ("the portal has no such method", "в портале нет такого метода"),
    ("a page titled {}", "страница с заголовком «{0}»"),
    ("one more address", "ещё один адрес"),
    ("an empty answer", "пустой ответ"),
    ("an HTML page", "страница HTML"),
    ("something else", "что-то непонятное"),
    ("an unreadable answer of type {}", "нечитаемый ответ типа {0}"),
    (
        "the portal has no address that {} can reach",
        "у портала нет адреса, доступного с {0}",
    ),
    ("it holds no certificate", "в нём нет ни одного сертификата"),
    ("it ends in the middle of a part", "тело обрывается посреди части"),
];

/// What is wrong with a template.
const TEMPLATES: &[(&str, &str)] = &[
    (
        "the `{` at character {} is not closed: add `}`, or write `{{` for a literal brace",
        "скобка «{» (знак {0}) не закрыта: допишите «}» или удвойте её",
    ),
    (
        "the `}` at character {} closes nothing: remove it, or write `}}` for a literal brace",
        "скобка «}» (знак {0}) лишняя: уберите её или удвойте",
    ),
    (
        "the braces at character {} are empty: name a field between them",
        "скобки (знак {0}) пусты: впишите имя поля запроса",
    ),
];

/// What is wrong with a channel, as [`crate::channel_file`] says it.
const CHANNEL: &[(&str, &str)] = &[
    (
        "0 is no user: give a user's number, or null",
        "Сотрудника с номером 0 нет. Выберите другого.",
    ),
    (
        "it is empty: give a stage's id, or null for the portal's first",
        "Статус не указан. Выберите его или оставьте первый по умолчанию.",
    ),
    (
        "leads have no pipelines: remove it, or make entity `deal`",
        "У лидов нет воронок. Выберите сделки.",
    ),
    (
        "0 would let no request through: give a number, or leave it out for no limit",
        "С нулём не пройдёт ни один запрос. Впишите число или оставьте пустым.",
    ),
    (
        "use at most {} of the characters A-Z a-z 0-9 _ -, or leave it out to have one made",
        "Только латинские буквы, цифры, «_» и «-», не больше {0} знаков. Если оставить пустым, адрес придумаем сами.",
    ),
    (
        "this channel writes a {}: use `contact` or `{}`",
        "Этот канал пишет другое. Уберите строку.",
    ),
    (
        "{} is no field of the CRM: names are made of A-Z 0-9 _, such as NAME or UF_CRM_ORDER_ID",
        "«{0}» — не поле CRM: код поля пишется латиницей, например NAME или UF_CRM_ORDER_ID.",
    ),
    (
        "the portal numbers its records itself: remove this row",
        "Номер записи портал назначает сам. Уберите строку.",
    ),
    (
        "the bridge marks its own records with it: remove this row",
        "Этим полем мост помечает свои записи. Уберите строку.",
    ),
    (
        "the stage comes from the channel's stage_id: set that and remove this row",
        "Статус выбирается в настройке «Статус для создания/обновления лида/сделки». Уберите строку.",
    ),
    (
        "the pipeline comes from the channel's category_id: set that and remove this row",
        "Воронка выбирается в настройках канала. Уберите строку.",
    ),
    (
        "contacts are bound by the rows of `contact`: remove this row",
        "Контакт привязывается по строкам контакта. Уберите строку.",
    ),
    (
        "{} is already filled by fields[{}]: keep one of the two",
        "{0} уже заполняется другой строкой. Оставьте одну из двух.",
    ),
    (
        "{} is the hidden field, which people leave empty: name another field",
        "{0} — скрытое поле, люди оставляют его пустым. Укажите другое.",
    ),
    (
        "{} is no name for the hidden field: use at most {} characters such as `website`, without `_` at the start",
        "«{0}» не подходит как имя скрытого поля: не больше {1} знаков, без «_» в начале, например website.",
    ),
    (
        "use {} to {} Latin letters, digits and signs, without spaces, so that it fits into a header",
        "От {0} до {1} латинских букв, цифр и знаков, без пробелов: секрет передаётся в заголовке.",
    ),
    (
        "{} is no web address: start it with https:// and a host, and write it the way browsers send it (xn--…, %D0…)",
        "«{0}» — не адрес страницы. Начните с https:// и имени сайта; кириллица пишется в виде xn--… и %D0….",
    ),
    (
        "leave the list empty to allow every origin",
        "Чтобы разрешить все сайты, оставьте список пустым.",
    ),
    (
        "{} is no origin: write scheme, host and port in small letters, such as https://shop.example",
        "«{0}» — не адрес сайта. Пишите так: https://shop.example",
    ),
];

/// What [`crate::portal`] found missing.
const PORTAL_CHECK: &[(&str, &str)] = &[
    (
        "missing; activities are made by the older crm.activity.add",
        "Дела создаются прежним методом crm.activity.add.",
    ),
    (
        "missing; pipelines are read by the older crm.dealcategory.list",
        "Воронки читаются прежним методом crm.dealcategory.list.",
    ),
    (
        "missing; currencies are sent as they were typed",
        "Валюты отправляются так, как написаны.",
    ),
    (
        "missing; people can be named by number only",
        "Сотрудника можно указать только номером.",
    ),
];

/// Words of the operating system and of the libraries.
const OUTSIDE: &[(&str, &str)] = &[
    ("Connection refused{}", "соединение отклонено"),
    ("Connection reset by peer{}", "портал оборвал соединение"),
    ("Connection timed out{}", "портал не отвечает"),
    ("Broken pipe{}", "портал оборвал соединение"),
    ("No route to host{}", "до портала нет маршрута"),
    ("Network is unreachable{}", "сеть недоступна"),
    ("Host is down{}", "портал выключен"),
    (
        "Cannot assign requested address{}",
        "на этом сервере нет адреса из --outbound-ip",
    ),
    ("{} (os error {})", "системная ошибка {1}"),
    ("Peer disconnected", "портал оборвал соединение"),
    ("unexpected end of file", "ответ обрывается"),
    (
        "invalid peer certificate: UnknownIssuer",
        "сертификат выдан неизвестным центром",
    ),
    (
        "invalid peer certificate: certificate expired: {}",
        "срок сертификата истёк",
    ),
    (
        "invalid peer certificate: certificate not valid yet: {}",
        "срок сертификата ещё не начался; проверьте часы сервера",
    ),
    (
        "invalid peer certificate: certificate not valid for name {}; {}",
        "сертификат выдан на другое имя, а не на {0}",
    ),
    ("invalid peer certificate: {}", "сертификат не прошёл проверку"),
    ("received corrupt message{}", "на этом порту отвечают не по TLS"),
    ("received fatal alert: {}", "портал прервал защищённое соединение"),
    ("incomplete multipart stream", "тело обрывается"),
    (
        "failed to read field complete headers",
        "заголовки части обрываются",
    ),
    ("failed to {}", "заголовки части не читаются"),
    (
        "field {} received with incomplete data",
        "данные поля {0} обрываются",
    ),
    (
        "Expected comma on line {} column {}",
        "строка {0}, знак {1}: не хватает запятой",
    ),
    (
        "Expected colon after the string or word in object property on line {} column {}",
        "строка {0}, знак {1}: после имени нужно двоеточие",
    ),
    (
        "Expected value after colon in object property on line {} column {}",
        "строка {0}, знак {1}: после двоеточия нужно значение",
    ),
    (
        "Unterminated object on line {} column {}",
        "строка {0}, знак {1}: не закрыта скобка {",
    ),
    (
        "Unterminated array on line {} column {}",
        "строка {0}, знак {1}: не закрыта скобка [",
    ),
    (
        "Unterminated string literal on line {} column {}",
        "строка {0}, знак {1}: не закрыты кавычки",
    ),
    (
        "Text cannot contain more than one JSON value on line {} column {}",
        "строка {0}, знак {1}: после JSON есть что-то ещё",
    ),
    (
        "{} on line {} column {}",
        "строка {1}, знак {2}: здесь что-то лишнее",
    ),
];

/// What a method is called for.
pub const METHODS: &[(&str, Text)] = &[
    (
        "crm.duplicate.findbycomm",
        text("Поиск по телефону или e-mail", "Search by phone or e-mail"),
    ),
    (
        "crm.contact.list",
        text("Поиск контакта", "Search for the contact"),
    ),
    ("crm.contact.get", text("Чтение контакта", "Reading the contact")),
    (
        "crm.contact.add",
        text("Создание контакта", "Creating the contact"),
    ),
    (
        "crm.contact.update",
        text("Обновление контакта", "Updating the contact"),
    ),
    ("crm.lead.list", text("Поиск лида", "Search for the lead")),
    ("crm.lead.get", text("Чтение лида", "Reading the lead")),
    ("crm.lead.add", text("Создание лида", "Creating the lead")),
    ("crm.lead.update", text("Обновление лида", "Updating the lead")),
    (
        "crm.lead.contact.items.set",
        text("Привязка контакта к лиду", "Binding the contact to the lead"),
    ),
    ("crm.deal.list", text("Поиск сделки", "Search for the deal")),
    ("crm.deal.get", text("Чтение сделки", "Reading the deal")),
    ("crm.deal.add", text("Создание сделки", "Creating the deal")),
    ("crm.deal.update", text("Обновление сделки", "Updating the deal")),
    (
        "crm.deal.contact.items.set",
        text("Привязка контакта к сделке", "Binding the contact to the deal"),
    ),
    (
        "crm.timeline.comment.add",
        text("Комментарий с запросом", "Comment with the request"),
    ),
    (
        "crm.timeline.comment.list",
        text(
            "Проверка, добавлен ли комментарий",
            "Looking whether the comment is there",
        ),
    ),
    (
        "crm.activity.todo.add",
        text("Создание дела", "Creating the activity"),
    ),
    ("crm.activity.add", text("Создание дела", "Creating the activity")),
    (
        "crm.activity.list",
        text(
            "Проверка, создано ли дело",
            "Looking whether the activity is there",
        ),
    ),
];
