//! What a fresh practice portal holds: people, stages, reference books, currencies and user fields.

use super::schema::Kind;
use super::world::{Category, Currency, Kin, Person, Status, World};

pub fn people(webhook_owner: u64) -> Vec<Person> {
    let person = |id, name: &str, last_name: &str, email: &str, active, admin| Person {
        id,
        name: name.to_owned(),
        last_name: last_name.to_owned(),
        email: email.to_owned(),
        active,
        admin,
    };
    let mut people = vec![
        person(1, "Анна", "Смирнова", "anna@example.com", true, true),
        person(2, "Иван", "Петров", "ivan@example.com", true, false),
        person(3, "Ольга", "Кузнецова", "olga@example.com", true, false),
        person(4, "Пётр", "Ушаков", "petr@example.com", false, false),
    ];
    if !people.iter().any(|p| p.id == webhook_owner) {
        people.push(person(
            webhook_owner,
            "Елена",
            "Орлова",
            "elena@example.com",
            true,
            true,
        ));
    }
    people
}

/// Book, then its items: STATUS_ID, name, semantics, color.
type Book = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str, &'static str)],
);

// b24: api-reference/crm/status/crm-status-list.md
const BOOKS: &[Book] = &[
    (
        "STATUS",
        &[
            ("NEW", "Не обработан", "", "#39A8EF"),
            ("IN_PROCESS", "В работе", "", "#2FC6F6"),
            ("PROCESSED", "Обработан", "", "#55D0E0"),
            ("CONVERTED", "Качественный лид", "S", "#7BD500"),
            ("JUNK", "Некачественный лид", "F", "#FF5752"),
        ],
    ),
    (
        "DEAL_STAGE",
        &[
            ("NEW", "Новая", "", "#39A8EF"),
            ("PREPARATION", "Подготовка документов", "", "#2FC6F6"),
            ("PREPAYMENT_INVOICE", "Счёт на предоплату", "", "#55D0E0"),
            ("EXECUTING", "В работе", "", "#47E4C2"),
            ("FINAL_INVOICE", "Финальный счёт", "", "#FFA900"),
            ("WON", "Сделка успешна", "S", "#7BD500"),
            ("LOSE", "Сделка провалена", "F", "#FF5752"),
            ("APOLOGY", "Анализ причины провала", "F", "#FF5752"),
        ],
    ),
    (
        "DEAL_STAGE_1",
        &[
            ("C1:NEW", "Новый опт", "", "#39A8EF"),
            ("C1:PREPARATION", "Согласование условий", "", "#2FC6F6"),
            ("C1:EXECUTING", "Отгрузка", "", "#47E4C2"),
            ("C1:WON", "Отгружено", "S", "#7BD500"),
            ("C1:LOSE", "Отказ", "F", "#FF5752"),
        ],
    ),
    (
        "SOURCE",
        &[
            ("CALL", "Звонок", "", ""),
            ("EMAIL", "Электронная почта", "", ""),
            ("WEB", "Веб-сайт", "", ""),
            ("ADVERTISING", "Реклама", "", ""),
            ("PARTNER", "Существующий клиент", "", ""),
            ("RECOMMENDATION", "По рекомендации", "", ""),
            ("WEBFORM", "CRM-форма", "", ""),
            ("CALLBACK", "Обратный звонок", "", ""),
            ("OTHER", "Другое", "", ""),
        ],
    ),
    (
        "DEAL_TYPE",
        &[
            ("SALE", "Продажа", "", ""),
            ("COMPLEX", "Комплексная продажа", "", ""),
            ("GOODS", "Продажа товара", "", ""),
            ("SERVICES", "Услуги", "", ""),
        ],
    ),
    (
        "CONTACT_TYPE",
        &[
            ("CLIENT", "Клиенты", "", ""),
            ("SUPPLIER", "Поставщики", "", ""),
            ("PARTNER", "Партнёры", "", ""),
            ("OTHER", "Другое", "", ""),
        ],
    ),
    (
        "HONORIFIC",
        &[("HNR_RU_1", "г-н", "", ""), ("HNR_RU_2", "г-жа", "", "")],
    ),
];

pub fn statuses() -> Vec<Status> {
    let mut out = Vec::new();
    let mut id = 100;
    for (book, items) in BOOKS {
        let mut sort = 0;
        for (status_id, name, semantics, color) in *items {
            id += 1;
            sort += 10;
            out.push(Status {
                id,
                entity_id: (*book).to_owned(),
                status_id: (*status_id).to_owned(),
                name: (*name).to_owned(),
                sort,
                semantics,
                color: (*color).to_owned(),
            });
        }
    }
    out
}

pub fn categories() -> Vec<Category> {
    vec![
        Category {
            id: 0,
            name: "Общая".to_owned(),
            sort: 100,
        },
        Category {
            id: 1,
            name: "Опт".to_owned(),
            sort: 200,
        },
    ]
}

pub fn currencies() -> Vec<Currency> {
    let currency = |code, name, rate, base| Currency {
        code,
        name,
        rate,
        base,
    };
    vec![
        currency("RUB", "Российский рубль", "1.0000", true),
        currency("USD", "Доллар США", "78.3200", false),
        currency("EUR", "Евро", "91.1000", false),
        currency("BYN", "Белорусский рубль", "25.4000", false),
        currency("KZT", "Тенге", "0.1500", false),
    ]
}

pub fn user_fields(world: &mut World) {
    world.add_user_field(
        Kin::Deal,
        "UF_CRM_ORDER_ID",
        Kind::Text,
        false,
        "ID заказа в магазине",
        &[],
    );
    for kin in [Kin::Deal, Kin::Lead, Kin::Contact] {
        let delivery = ["Курьер", "Самовывоз", "Почта"];
        world.add_user_field(
            kin,
            "UF_CRM_DELIVERY",
            Kind::Enumeration,
            false,
            "Доставка",
            &delivery,
        );
        world.add_user_field(
            kin,
            "UF_CRM_GIFT",
            Kind::Boolean,
            false,
            "Подарочная упаковка",
            &[],
        );
        world.add_user_field(kin, "UF_CRM_PREPAID", Kind::Money, false, "Предоплата", &[]);
        world.add_user_field(kin, "UF_CRM_SHIP_DATE", Kind::Date, false, "Дата отгрузки", &[]);
        world.add_user_field(
            kin,
            "UF_CRM_CALL_AT",
            Kind::DateTime,
            false,
            "Когда позвонить",
            &[],
        );
        world.add_user_field(kin, "UF_CRM_RESUME", Kind::File, false, "Файл", &[]);
        world.add_user_field(kin, "UF_CRM_FILES", Kind::File, true, "Файлы", &[]);
        world.add_user_field(kin, "UF_CRM_TAGS", Kind::Text, true, "Метки", &[]);
    }
}
