//! The words of the portal's pages, in Russian and English.

pub struct Text {
    pub language: &'static str,
    pub title: &'static str,
    pub subtitle: &'static str,
    pub deals: &'static str,
    pub leads: &'static str,
    pub contacts: &'static str,
    pub contact: &'static str,
    pub comment: &'static str,
    pub activity: &'static str,
    pub responsible: &'static str,
    pub nothing_yet: &'static str,
    pub not_found: &'static str,
    pub own_name: &'static str,
    pub developers: &'static str,
    pub notifications: &'static str,
    pub who: &'static str,
    pub administrator: &'static str,
    pub which_language: &'static str,
    pub switch: &'static str,
    pub close: &'static str,
    pub name: &'static str,
    pub stage: &'static str,
    pub amount: &'static str,
    pub created: &'static str,
    pub administrators_only: &'static str,
    pub local_application: &'static str,
    pub application_title: &'static str,
    pub handler: &'static str,
    pub installation: &'static str,
    pub script_only: &'static str,
    pub menu_item: &'static str,
    pub rights: &'static str,
    pub save: &'static str,
    pub installed: &'static str,
    pub not_installed: &'static str,
    pub client_id: &'static str,
    pub client_secret: &'static str,
    pub open_application: &'static str,
    pub send_event: &'static str,
    pub delete: &'static str,
    pub events: &'static str,
    pub needs_script: &'static str,
    pub ask_administrator: &'static str,
    pub no_such_application: &'static str,
}

pub const RUSSIAN: Text = Text {
    language: "ru",
    title: "Учебный портал",
    subtitle: "Что пришло в CRM",
    deals: "Сделки",
    leads: "Лиды",
    contacts: "Контакты",
    contact: "Контакт",
    comment: "Комментарий",
    activity: "Дело",
    responsible: "Ответственный",
    nothing_yet: "Пока пусто",
    not_found: "Такой записи нет",
    own_name: "русский",
    developers: "Разработчикам",
    notifications: "Уведомления",
    who: "Кто смотрит",
    administrator: "администратор",
    which_language: "Язык",
    switch: "Сменить",
    close: "Закрыть",
    name: "Название",
    stage: "Стадия",
    amount: "Сумма",
    created: "Создано",
    administrators_only: "Этот раздел только для администраторов портала",
    local_application: "Локальное приложение",
    application_title: "Интеграция с сайтом",
    handler: "Путь вашего обработчика",
    installation: "Путь для первоначальной установки",
    script_only: "Использует только API",
    menu_item: "Название пункта меню",
    rights: "Права",
    save: "Сохранить",
    installed: "установлено",
    not_installed: "не установлено",
    client_id: "Код приложения (client_id)",
    client_secret: "Ключ приложения (client_secret)",
    open_application: "Открыть приложение",
    send_event: "Отправить событие установки ещё раз",
    delete: "Удалить",
    events: "Отправленные события",
    needs_script: "Приложению в окне портала нужен JavaScript",
    ask_administrator: "Приложение ещё не настроено: установку завершает администратор портала",
    no_such_application: "Такого приложения нет, или оно ещё не установлено",
};

pub const ENGLISH: Text = Text {
    language: "en",
    title: "Practice portal",
    subtitle: "What has arrived in the CRM",
    deals: "Deals",
    leads: "Leads",
    contacts: "Contacts",
    contact: "Contact",
    comment: "Comment",
    activity: "Activity",
    responsible: "Responsible",
    nothing_yet: "Nothing yet",
    not_found: "There is no such record",
    own_name: "English",
    developers: "Developer resources",
    notifications: "Notifications",
    who: "Who is looking",
    administrator: "administrator",
    which_language: "Language",
    switch: "Switch",
    close: "Close",
    name: "Name",
    stage: "Stage",
    amount: "Amount",
    created: "Created",
    administrators_only: "This section is for administrators of the portal",
    local_application: "Local application",
    application_title: "Website integration",
    handler: "Your handler path",
    installation: "Initial installation path",
    script_only: "Script only (no user interface)",
    menu_item: "Menu item text",
    rights: "Permissions",
    save: "Save",
    installed: "installed",
    not_installed: "not installed",
    client_id: "Application ID (client_id)",
    client_secret: "Application key (client_secret)",
    open_application: "Open the application",
    send_event: "Send the installation event again",
    delete: "Delete",
    events: "Events that were sent",
    needs_script: "An application in the portal's window needs JavaScript",
    ask_administrator: "This application is not set up yet: an administrator of the portal has to finish its installation",
    no_such_application: "There is no such application, or it is not installed yet",
};

/// The languages a person can choose.
pub const LANGUAGES: [&Text; 2] = [&RUSSIAN, &ENGLISH];

/// The first of our languages that the browser names; English when it names neither.
pub fn choose(accept_language: &str) -> &'static Text {
    accept_language
        .split(',')
        .find_map(|range| match range.trim().get(..2)? {
            "ru" | "be" | "kk" => Some(&RUSSIAN),
            "en" => Some(&ENGLISH),
            _ => None,
        })
        .unwrap_or(&ENGLISH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_wins() {
        for (header, language) in [
            ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
            ("en-US,en;q=0.5", "en"),
            ("de,ru;q=0.7", "ru"),
            ("", "en"),
            ("я", "en"),
        ] {
            assert_eq!(choose(header).language, language, "{header}");
        }
    }
}
