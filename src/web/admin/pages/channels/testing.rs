//! For the tests of these pages: a portal's catalogue, and requests.

use serde_json::{Value, json};

use super::samples::nothing_sent;
use crate::model::{Catalog, Submission};

/// A small portal: two pipelines, a field of each kind that matters, a namesake, somebody who left.
pub fn catalog() -> Catalog {
    let field = |name: &str, title: &str, kind: &str, items: Value, read_only: bool| {
        json!({"name": name, "title": title, "kind": kind, "type_name": kind, "multiple": false,
            "read_only": read_only, "required": false, "items": items})
    };
    let stage = |id: &str, name: &str, category: u64, color: &str| json!({"id": id, "name": name, "category_id": category, "semantics": "", "color": color, "sort": 1});
    let user = |id: u64, name: &str, email: &str, active: bool| json!({"id": id, "name": name, "email": email, "active": active});
    let plain =
        |name: &str, title: &str, kind: &str| (name.to_owned(), field(name, title, kind, json!([]), false));
    let delivery = json!([{"id": "61", "label": "Курьер"}, {"id": "62", "label": "Почта"}]);
    let fields = |more: Vec<(String, Value)>| -> Value {
        let mut all = vec![
            plain("TITLE", "Название", "text"),
            plain("COMMENTS", "Комментарий", "text"),
            plain("ASSIGNED_BY_ID", "Ответственный", "user"),
            plain("OPPORTUNITY", "Сумма", "double"),
        ];
        all.extend(more);
        all.into_iter().collect::<serde_json::Map<_, _>>().into()
    };
    serde_json::from_value(json!({
        "taken_at": 0,
        "contact": fields(vec![
            plain("NAME", "Имя", "text"),
            plain("LAST_NAME", "Фамилия", "text"),
            plain("PHONE", "Телефон", "multifield"),
            plain("EMAIL", "E-mail", "multifield"),
            ("UF_CRM_SEX".to_owned(), field("UF_CRM_SEX", "Пол", "enumeration", delivery.clone(), false)),
        ]),
        "lead": fields(vec![plain("STATUS_ID", "Стадия", "status"), plain("SOURCE_ID", "Источник", "text")]),
        "deal": fields(vec![
            plain("STAGE_ID", "Стадия сделки", "status"),
            plain("UF_CRM_ORDER_ID", "Номер заказа", "text"),
            plain("UF_A", "Двойник", "text"),
            plain("UF_B", "Двойник", "text"),
            ("UF_CRM_DELIVERY".to_owned(), field("UF_CRM_DELIVERY", "Доставка", "enumeration", delivery, false)),
            ("DATE_CREATE".to_owned(), field("DATE_CREATE", "Создана", "date_time", json!([]), true)),
        ]),
        "lead_stages": [stage("NEW", "Не обработан", 0, "#39A8EF"), stage("IN_PROCESS", "В работе", 0, "red")],
        "deal_stages": [
            stage("NEW", "Новая", 0, "#39A8EF"), stage("PREPARATION", "Подготовка", 0, ""),
            stage("C1:NEW", "Опт: новая", 1, "#ABC"),
        ],
        "categories": {"0": "Общая", "1": "Опт"},
        "users": [
            user(1, "Анна Петрова", "anna@portal.example", true), user(2, "Иван Тёзка", "a@portal.example", true),
            user(3, "Иван Тёзка", "b@portal.example", true), user(9, "Уволенный", "", false),
        ],
        "currencies": [{"id": "RUB", "label": "Рубль"}],
        "methods": [],
        "simple_crm": false,
    }))
    .unwrap()
}

/// A request with these fields.
pub fn submission(fields: Value) -> Submission {
    Submission {
        fields: serde_json::from_value(fields).unwrap(),
        ..nothing_sent()
    }
}
