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
}

pub const RUSSIAN: Text = Text {
    language: "ru",
    title: "Учебный портал",
    subtitle: "здесь видно, что пришло в CRM",
    deals: "Сделки",
    leads: "Лиды",
    contacts: "Контакты",
    contact: "Контакт",
    comment: "Комментарий",
    activity: "Дело",
    responsible: "Ответственный",
    nothing_yet: "Пока пусто",
    not_found: "Такой записи нет",
};

pub const ENGLISH: Text = Text {
    language: "en",
    title: "Practice portal",
    subtitle: "what has arrived in the CRM",
    deals: "Deals",
    leads: "Leads",
    contacts: "Contacts",
    contact: "Contact",
    comment: "Comment",
    activity: "Activity",
    responsible: "Responsible",
    nothing_yet: "Nothing yet",
    not_found: "There is no such record",
};

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
