//! The bridge's own words inside stored errors, in Russian. Patterns as in [`super::causes`].

/// What a field takes, as [`crate::values`] says it, in Russian.
pub const EXPECTED: &[(&str, &str)] = &[
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
pub const WAYS_OUT: &[(&str, &str)] = &[
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

/// What the bridge says where the portal gave no words of its own, in Russian.
pub const REASONS: &[(&str, &str)] = &[
    ("the portal refused without giving a reason", "причина не названа"),
    ("no reason given", "причина не названа"),
    (
        "the connection's user has no access to this",
        "у пользователя подключения нет доступа",
    ),
    ("the portal has no such method", "в портале нет такого метода"),
];
