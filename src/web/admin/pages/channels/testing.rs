//! For the tests of these pages: a portal's catalogue, channels, requests, and a browser that fills the form in.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::samples::nothing_sent;
use crate::deliver::CATALOG_SETTING;
use crate::model::{Catalog, Channel, State, Submission};
use crate::store::{Arrival, ChannelKey};
use crate::web::admin::testing::{Desk, Shown};

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
            plain("UF_CRM_ORDER_ID", "ID заказа в магазине", "text"),
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

pub fn channel(settings: Value) -> Channel {
    let mut all = json!({"slug": "shop", "name": "Магазин", "entity": "deal"});
    all.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

pub fn full() -> Channel {
    channel(json!({
        "mode": "search_first", "search_stages": ["NEW", "C1:NEW"], "on_found": "update", "update_stage": true,
        "update_fields": true, "update_contact": true, "responsible_id": 1, "category_id": 1, "stage_id": "C1:NEW",
        "add_comment": true, "add_activity": true, "is_default": true, "thank_you_url": "https://shop.example/ok",
        "allowed_origins": ["https://shop.example", "http://localhost:3000"], "honeypot": "website",
        "secret": "correct-horse-battery", "max_per_minute": 30,
        "fields": [
            {"of": "contact", "field": "NAME", "value": "{name}"},
            {"of": "contact", "field": "PHONE", "value": "{phone}", "search": true},
            {"of": "contact", "field": "PHONE", "value": " {other} "},
            {"of": "deal", "field": "TITLE", "value": "Заказ №{id}"},
            {"of": "deal", "field": "UF_CRM_ORDER_ID", "value": "{id}", "search": true},
        ],
    }))
}

/// A desk whose portal has told its fields.
pub fn desk(catalog: Option<&Catalog>) -> Desk {
    Desk::signed_in_with(|store| {
        if let Some(catalog) = catalog {
            store.put_setting(CATALOG_SETTING, catalog).unwrap();
        }
    })
}

/// What a browser would send of a form: its controls with their values, in order; buttons left out.
pub fn controls(html: &str) -> Vec<(String, String)> {
    let form = html.split_once(r#"<form class="channel-form""#).unwrap().1;
    let form = form.split_once("</form>").unwrap().0;
    // A template's controls are no controls.
    let mut parts = form.split("<template");
    let mut live = parts.next().unwrap().to_owned();
    for part in parts {
        live.push_str(part.split_once("</template>").unwrap().1);
    }
    let attribute = |tag: &str, name: &str| -> Option<String> {
        let rest = tag.split_once(&format!(" {name}=\""))?.1;
        let value = rest.split_once('"')?.0;
        Some(html_escape::decode_html_entities(value).into_owned())
    };
    let mut sent = Vec::new();
    let mut select = String::new();
    let mut rest = live.as_str();
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, text) = after.split_once('>').unwrap();
        rest = text;
        let has = |word: &str| format!(" {tag} ").contains(&format!(" {word} "));
        match tag.split(' ').next().unwrap() {
            "input" => {
                let kind = attribute(tag, "type").unwrap();
                let is_box = kind == "checkbox" || kind == "radio";
                if let Some(name) = attribute(tag, "name")
                    && (!is_box || has("checked"))
                {
                    sent.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
            "textarea" => {
                let text = text.split_once("</textarea>").unwrap().0.trim_start_matches('\n');
                let text = html_escape::decode_html_entities(text).into_owned();
                sent.push((attribute(tag, "name").unwrap(), text));
            }
            "select" => select = attribute(tag, "name").unwrap(),
            "/select" => select.clear(),
            "option" if !select.is_empty() && has("selected") => {
                sent.push((select.clone(), attribute(tag, "value").unwrap()));
            }
            _ => {}
        }
    }
    sent
}

pub fn send(desk: &mut Desk, path: &str, sent: &[(String, String)]) -> Shown {
    let csrf = &sent.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let fields: Vec<(&str, &str)> = sent
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    desk.post_as(path, csrf, &fields)
}

/// Opens the settings, types these over what stands there and saves. An empty name takes a control away.
pub fn retyped(desk: &mut Desk, typed: &[(&str, &str)]) -> Shown {
    let mut sent = controls(&desk.get("/channels/shop").body);
    for (name, value) in typed {
        sent.retain(|(had, _)| had != name);
        if *value != "(off)" {
            sent.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    send(desk, "/channels/shop", &sent)
}

pub fn stored(desk: &Desk) -> Channel {
    desk.site.store.channel("shop").unwrap().unwrap().channel
}

/// Something came to a channel and has been taken up.
pub fn receive(desk: &Desk, key: ChannelKey, body: &str) {
    let arrival = Arrival {
        channel: key,
        via: None,
        post: true,
        query: String::new(),
        content_type: None,
        body: Bytes::copy_from_slice(body.as_bytes()),
        ip: String::new(),
        referer: String::new(),
        user_agent: String::new(),
        state: State::Queued,
        error: None,
        idempotency_key: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let id = runtime.block_on(desk.site.store.accept(arrival)).unwrap().id();
    let until = Instant::now() + Duration::from_secs(20);
    while !desk
        .site
        .store
        .samples(key, 20, 1 << 20)
        .unwrap()
        .iter()
        .any(|one| one.id == id)
    {
        assert!(Instant::now() < until, "it is not taken up");
        std::thread::yield_now();
    }
}
