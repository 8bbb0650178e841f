//! Which fields records have, as `crm.*.fields` describes them.

use serde_json::{Map, Value, json};

/// The form in which a field's value is kept and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Text,
    Double,
    /// `Y` or `N`.
    Char,
    Status,
    Currency,
    User,
    Date,
    DateTime,
    Multi,
    Contact,
    Company,
    Lead,
    Quote,
    Category,
    Location,
    File,
    Enumeration,
    /// A user field's yes or no: `1` or `0`.
    Boolean,
    Money,
    Url,
}

impl Kind {
    // b24: api-reference/crm/data-types.md
    fn type_name(self) -> &'static str {
        match self {
            Kind::Integer => "integer",
            Kind::Text => "string",
            Kind::Double => "double",
            Kind::Char => "char",
            Kind::Status => "crm_status",
            Kind::Currency => "crm_currency",
            Kind::User => "user",
            Kind::Date => "date",
            Kind::DateTime => "datetime",
            Kind::Multi => "crm_multifield",
            Kind::Contact => "crm_contact",
            Kind::Company => "crm_company",
            Kind::Lead => "crm_lead",
            Kind::Quote => "crm_quote",
            Kind::Category => "crm_category",
            Kind::Location => "location",
            Kind::File => "file",
            Kind::Enumeration => "enumeration",
            Kind::Boolean => "boolean",
            Kind::Money => "money",
            Kind::Url => "url",
        }
    }

    /// Refers to another record by its number, so `0` means none.
    pub fn is_reference(self) -> bool {
        matches!(
            self,
            Kind::User | Kind::Contact | Kind::Company | Kind::Lead | Kind::Quote | Kind::Location
        )
    }

    /// Compared as a number.
    pub fn is_number(self) -> bool {
        self.is_reference() || matches!(self, Kind::Integer | Kind::Double | Kind::Category)
    }
}

/// What only user fields have.
#[derive(Debug, Clone)]
pub struct UserField {
    pub id: u64,
    /// Items of an enumeration: id and label.
    pub items: Vec<(u64, String)>,
}

#[derive(Debug, Clone)]
pub struct FieldDef {
    pub name: String,
    pub kind: Kind,
    pub title: String,
    pub read_only: bool,
    /// Set at creation only.
    pub immutable: bool,
    pub multiple: bool,
    /// The reference book of a `crm_status` field.
    pub status_type: &'static str,
    pub user_field: Option<UserField>,
}

impl FieldDef {
    /// One entry of `crm.*.fields`.
    // b24: api-reference/crm/data-types.md#crm_rest_field_description
    pub fn describe(&self, required: bool) -> Value {
        let mut out = Map::new();
        out.insert("type".into(), json!(self.kind.type_name()));
        out.insert("isRequired".into(), json!(required));
        out.insert("isReadOnly".into(), json!(self.read_only));
        out.insert("isImmutable".into(), json!(self.immutable));
        out.insert("isMultiple".into(), json!(self.multiple));
        out.insert("isDynamic".into(), json!(self.user_field.is_some()));
        if !self.status_type.is_empty() {
            out.insert("statusType".into(), json!(self.status_type));
        }
        let Some(user_field) = &self.user_field else {
            out.insert("title".into(), json!(self.title));
            return Value::Object(out);
        };
        if self.kind == Kind::Enumeration {
            let items: Vec<Value> = user_field
                .items
                .iter()
                .map(|(id, label)| json!({"ID": id.to_string(), "VALUE": label}))
                .collect();
            out.insert("items".into(), json!(items));
        }
        // The title of a user field is its name; what people call it is in the labels.
        out.insert("title".into(), json!(self.name));
        for label in ["listLabel", "formLabel", "filterLabel"] {
            out.insert(label.into(), json!(self.title));
        }
        Value::Object(out)
    }
}

/// Read only.
const RO: u8 = 1;
/// Set at creation only.
const IMM: u8 = 2;
/// Holds a list.
const MUL: u8 = 4;

/// Name, kind, title, flags, reference book.
type Row = (&'static str, Kind, &'static str, u8, &'static str);

fn defs(rows: &[&[Row]]) -> Vec<FieldDef> {
    rows.concat()
        .into_iter()
        .map(|(name, kind, title, flags, status_type)| FieldDef {
            name: name.to_owned(),
            kind,
            title: title.to_owned(),
            read_only: flags & RO != 0,
            immutable: flags & IMM != 0,
            multiple: flags & MUL != 0,
            status_type,
            user_field: None,
        })
        .collect()
}

// b24: api-reference/crm/leads/crm-lead-fields.md
pub fn lead() -> Vec<FieldDef> {
    defs(&[LEAD, ADDRESS, LEAD_MONEY, PEOPLE, LEAD_LINKS, ORIGIN, MULTI])
}

// b24: api-reference/crm/deals/crm-deal-fields.md
pub fn deal() -> Vec<FieldDef> {
    defs(&[DEAL, PEOPLE, DEAL_LINKS, ORIGIN])
}

// b24: api-reference/crm/contacts/crm-contact-fields.md
pub fn contact() -> Vec<FieldDef> {
    defs(&[CONTACT, ADDRESS, PEOPLE, CONTACT_LINKS, ORIGIN, MULTI])
}

// b24: api-reference/crm/timeline/activities/activity-base/crm-activity-list.md
pub fn activity() -> Vec<FieldDef> {
    defs(&[ACTIVITY])
}

// b24: api-reference/crm/timeline/comments/crm-timeline-comment-fields.md
pub fn comment() -> Vec<FieldDef> {
    defs(&[COMMENT])
}

const LEAD: &[Row] = &[
    ("ID", Kind::Integer, "ID", RO, ""),
    ("TITLE", Kind::Text, "Название лида", 0, ""),
    ("HONORIFIC", Kind::Status, "Обращение", 0, "HONORIFIC"),
    ("NAME", Kind::Text, "Имя", 0, ""),
    ("SECOND_NAME", Kind::Text, "Отчество", 0, ""),
    ("LAST_NAME", Kind::Text, "Фамилия", 0, ""),
    ("BIRTHDATE", Kind::Date, "Дата рождения", 0, ""),
    ("COMPANY_TITLE", Kind::Text, "Название компании", 0, ""),
    ("SOURCE_ID", Kind::Status, "Источник", 0, "SOURCE"),
    (
        "SOURCE_DESCRIPTION",
        Kind::Text,
        "Дополнительно об источнике",
        0,
        "",
    ),
    ("STATUS_ID", Kind::Status, "Стадия", 0, "STATUS"),
    ("STATUS_DESCRIPTION", Kind::Text, "Дополнительно о стадии", 0, ""),
    ("STATUS_SEMANTIC_ID", Kind::Text, "Группа стадии", RO, ""),
    ("POST", Kind::Text, "Должность", 0, ""),
];

const LEAD_MONEY: &[Row] = &[
    ("CURRENCY_ID", Kind::Currency, "Валюта", 0, ""),
    ("OPPORTUNITY", Kind::Double, "Сумма", 0, ""),
    (
        "IS_MANUAL_OPPORTUNITY",
        Kind::Char,
        "IS_MANUAL_OPPORTUNITY",
        0,
        "",
    ),
    ("OPENED", Kind::Char, "Доступен для всех", 0, ""),
    ("COMMENTS", Kind::Text, "Комментарий", 0, ""),
    ("HAS_PHONE", Kind::Char, "Задан телефон", RO, ""),
    ("HAS_EMAIL", Kind::Char, "Задан e-mail", RO, ""),
    ("HAS_IMOL", Kind::Char, "Задана открытая линия", RO, ""),
];

const LEAD_LINKS: &[Row] = &[
    ("MOVED_BY_ID", Kind::User, "MOVED_BY_ID", RO, ""),
    ("MOVED_TIME", Kind::DateTime, "MOVED_TIME", RO, ""),
    ("COMPANY_ID", Kind::Company, "Компания", 0, ""),
    ("CONTACT_ID", Kind::Contact, "Контакт", 0, ""),
    ("CONTACT_IDS", Kind::Contact, "CONTACT_IDS", MUL, ""),
    ("IS_RETURN_CUSTOMER", Kind::Char, "Повторный лид", RO, ""),
    ("DATE_CLOSED", Kind::DateTime, "Дата закрытия", RO, ""),
];

const DEAL: &[Row] = &[
    ("ID", Kind::Integer, "ID", RO, ""),
    ("TITLE", Kind::Text, "Название", 0, ""),
    ("TYPE_ID", Kind::Status, "Тип", 0, "DEAL_TYPE"),
    ("CATEGORY_ID", Kind::Category, "Воронка", IMM, ""),
    ("STAGE_ID", Kind::Status, "Стадия сделки", 0, "DEAL_STAGE"),
    ("STAGE_SEMANTIC_ID", Kind::Text, "Группа стадии", RO, ""),
    ("IS_NEW", Kind::Char, "Новая сделка", RO, ""),
    ("IS_RECURRING", Kind::Char, "Регулярная сделка", 0, ""),
    ("IS_RETURN_CUSTOMER", Kind::Char, "Повторная сделка", 0, ""),
    ("IS_REPEATED_APPROACH", Kind::Char, "Повторное обращение", 0, ""),
    ("PROBABILITY", Kind::Integer, "Вероятность", 0, ""),
    ("CURRENCY_ID", Kind::Currency, "Валюта", 0, ""),
    ("OPPORTUNITY", Kind::Double, "Сумма", 0, ""),
    (
        "IS_MANUAL_OPPORTUNITY",
        Kind::Char,
        "IS_MANUAL_OPPORTUNITY",
        0,
        "",
    ),
    ("TAX_VALUE", Kind::Double, "Ставка налога", 0, ""),
    ("COMPANY_ID", Kind::Company, "Компания", 0, ""),
    ("CONTACT_ID", Kind::Contact, "Контакт", 0, ""),
    ("CONTACT_IDS", Kind::Contact, "Контакты", MUL, ""),
    ("QUOTE_ID", Kind::Quote, "Предложение", RO, ""),
    ("BEGINDATE", Kind::Date, "Дата начала", 0, ""),
    ("CLOSEDATE", Kind::Date, "Дата завершения", 0, ""),
    ("OPENED", Kind::Char, "Доступна для всех", 0, ""),
    ("CLOSED", Kind::Char, "Закрыта", 0, ""),
    ("COMMENTS", Kind::Text, "Комментарий", 0, ""),
];

const DEAL_LINKS: &[Row] = &[
    ("MOVED_BY_ID", Kind::User, "MOVED_BY_ID", RO, ""),
    ("MOVED_TIME", Kind::DateTime, "MOVED_TIME", RO, ""),
    ("SOURCE_ID", Kind::Status, "Источник", 0, "SOURCE"),
    (
        "SOURCE_DESCRIPTION",
        Kind::Text,
        "Дополнительно об источнике",
        0,
        "",
    ),
    ("LEAD_ID", Kind::Lead, "Лид", RO, ""),
    ("ADDITIONAL_INFO", Kind::Text, "Дополнительная информация", 0, ""),
    ("LOCATION_ID", Kind::Location, "Местоположение", 0, ""),
];

const CONTACT: &[Row] = &[
    ("ID", Kind::Integer, "ID", RO, ""),
    ("HONORIFIC", Kind::Status, "Обращение", 0, "HONORIFIC"),
    ("NAME", Kind::Text, "Имя", 0, ""),
    ("SECOND_NAME", Kind::Text, "Отчество", 0, ""),
    ("LAST_NAME", Kind::Text, "Фамилия", 0, ""),
    ("PHOTO", Kind::File, "Фотография", 0, ""),
    ("BIRTHDATE", Kind::Date, "Дата рождения", 0, ""),
    ("TYPE_ID", Kind::Status, "Тип контакта", 0, "CONTACT_TYPE"),
    ("SOURCE_ID", Kind::Status, "Источник", 0, "SOURCE"),
    (
        "SOURCE_DESCRIPTION",
        Kind::Text,
        "Дополнительно об источнике",
        0,
        "",
    ),
    ("POST", Kind::Text, "Должность", 0, ""),
    ("COMMENTS", Kind::Text, "Комментарий", 0, ""),
    ("OPENED", Kind::Char, "Доступен для всех", 0, ""),
    ("EXPORT", Kind::Char, "Участвует в экспорте контактов", 0, ""),
    ("HAS_PHONE", Kind::Char, "Задан телефон", RO, ""),
    ("HAS_EMAIL", Kind::Char, "Задан e-mail", RO, ""),
    ("HAS_IMOL", Kind::Char, "Задана открытая линия", RO, ""),
];

const CONTACT_LINKS: &[Row] = &[
    ("COMPANY_ID", Kind::Company, "Компания", 0, ""),
    ("COMPANY_IDS", Kind::Company, "COMPANY_IDS", MUL, ""),
    ("LEAD_ID", Kind::Lead, "Лид", RO, ""),
    ("ORIGIN_VERSION", Kind::Text, "Версия оригинала", 0, ""),
];

const ADDRESS: &[Row] = &[
    ("ADDRESS", Kind::Text, "Адрес", 0, ""),
    ("ADDRESS_2", Kind::Text, "Адрес (стр. 2)", 0, ""),
    ("ADDRESS_CITY", Kind::Text, "Город", 0, ""),
    ("ADDRESS_POSTAL_CODE", Kind::Text, "Почтовый индекс", 0, ""),
    ("ADDRESS_REGION", Kind::Text, "Район", 0, ""),
    ("ADDRESS_PROVINCE", Kind::Text, "Область", 0, ""),
    ("ADDRESS_COUNTRY", Kind::Text, "Страна", 0, ""),
    ("ADDRESS_COUNTRY_CODE", Kind::Text, "Код страны", 0, ""),
    (
        "ADDRESS_LOC_ADDR_ID",
        Kind::Integer,
        "Идентификатор адреса",
        0,
        "",
    ),
];

const PEOPLE: &[Row] = &[
    ("ASSIGNED_BY_ID", Kind::User, "Ответственный", 0, ""),
    ("CREATED_BY_ID", Kind::User, "Кем создан", RO, ""),
    ("MODIFY_BY_ID", Kind::User, "Кем изменен", RO, ""),
    ("DATE_CREATE", Kind::DateTime, "Дата создания", RO, ""),
    ("DATE_MODIFY", Kind::DateTime, "Дата изменения", RO, ""),
];

const ORIGIN: &[Row] = &[
    ("ORIGINATOR_ID", Kind::Text, "Внешний источник", 0, ""),
    (
        "ORIGIN_ID",
        Kind::Text,
        "Идентификатор элемента во внешнем источнике",
        0,
        "",
    ),
    ("UTM_SOURCE", Kind::Text, "Рекламная система", 0, ""),
    ("UTM_MEDIUM", Kind::Text, "Тип трафика", 0, ""),
    (
        "UTM_CAMPAIGN",
        Kind::Text,
        "Обозначение рекламной кампании",
        0,
        "",
    ),
    ("UTM_CONTENT", Kind::Text, "Содержание кампании", 0, ""),
    ("UTM_TERM", Kind::Text, "Условие поиска кампании", 0, ""),
    (
        "LAST_ACTIVITY_TIME",
        Kind::DateTime,
        "Последняя активность",
        RO,
        "",
    ),
    ("LAST_ACTIVITY_BY", Kind::User, "LAST_ACTIVITY_BY", RO, ""),
];

const MULTI: &[Row] = &[
    ("PHONE", Kind::Multi, "Телефон", MUL, ""),
    ("EMAIL", Kind::Multi, "E-mail", MUL, ""),
    ("WEB", Kind::Multi, "Сайт", MUL, ""),
    ("IM", Kind::Multi, "Мессенджер", MUL, ""),
    ("LINK", Kind::Multi, "LINK", MUL, ""),
];

const ACTIVITY: &[Row] = &[
    ("ID", Kind::Integer, "ID", RO, ""),
    ("OWNER_ID", Kind::Integer, "Владелец", 0, ""),
    ("OWNER_TYPE_ID", Kind::Integer, "Тип владельца", 0, ""),
    ("TYPE_ID", Kind::Integer, "Тип", 0, ""),
    ("PROVIDER_ID", Kind::Text, "Провайдер", 0, ""),
    ("PROVIDER_TYPE_ID", Kind::Text, "Тип провайдера", 0, ""),
    ("SUBJECT", Kind::Text, "Название", 0, ""),
    ("CREATED", Kind::DateTime, "Дата создания", RO, ""),
    ("LAST_UPDATED", Kind::DateTime, "Дата изменения", RO, ""),
    ("START_TIME", Kind::DateTime, "Начало", 0, ""),
    ("END_TIME", Kind::DateTime, "Завершение", 0, ""),
    ("DEADLINE", Kind::DateTime, "Срок", RO, ""),
    ("COMPLETED", Kind::Char, "Завершено", 0, ""),
    ("STATUS", Kind::Integer, "Статус", 0, ""),
    ("RESPONSIBLE_ID", Kind::User, "Ответственный", 0, ""),
    ("PRIORITY", Kind::Integer, "Важность", 0, ""),
    ("DESCRIPTION", Kind::Text, "Описание", 0, ""),
    ("DESCRIPTION_TYPE", Kind::Integer, "Вид описания", 0, ""),
    ("DIRECTION", Kind::Integer, "Направление", 0, ""),
    ("LOCATION", Kind::Text, "Место", 0, ""),
    ("ORIGINATOR_ID", Kind::Text, "Внешний источник", 0, ""),
    (
        "ORIGIN_ID",
        Kind::Text,
        "Идентификатор во внешнем источнике",
        0,
        "",
    ),
    ("AUTHOR_ID", Kind::User, "Автор", RO, ""),
    ("EDITOR_ID", Kind::User, "Редактор", RO, ""),
];

const COMMENT: &[Row] = &[
    ("ID", Kind::Integer, "ID", RO, ""),
    ("ENTITY_ID", Kind::Integer, "Элемент", IMM, ""),
    ("ENTITY_TYPE", Kind::Text, "Тип элемента", IMM, ""),
    ("CREATED", Kind::DateTime, "Дата создания", RO, ""),
    ("COMMENT", Kind::Text, "Комментарий", 0, ""),
    ("AUTHOR_ID", Kind::User, "Автор", RO, ""),
    ("FILES", Kind::File, "Файлы", MUL, ""),
];
