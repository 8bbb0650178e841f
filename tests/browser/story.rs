//! The whole way, as the portal's administrator goes it for the first time: from the one-time link to a deal, and
//! from a mistake in the settings to a request that is delivered after all.

use b24_bridge::practice_portal::PracticePortal;
use serde_json::json;

use crate::access::{NAME, PASSWORD, begin, sign_in};
use crate::forms::{order, sees_the_deal, shop_page};
use crate::harness::{Bridge, portal};
use crate::person::Language::{self, English, Russian};
use crate::person::Person;
use crate::website::Website;

/// A channel's name, in whatever language the pages are.
const CHANNEL: &str = "Заказы магазина";

fn the_whole_story(language: Language) {
    let portal = portal();
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    let person = Person::new(language);

    person.open(&bridge.setup_link());
    begin(&person, PASSWORD);
    person.click(person.t("Выйти", "Sign out"));
    sign_in(&person, NAME, PASSWORD);
    connect(&person, &portal);
    make_the_channel(&person);
    let address = person.value(person.t("Адрес канала", "The channel's address"));
    let shop = Website::start(shop_page(&address));
    sees_what_would_happen(&person);

    order(&person, &shop, "6510", "3500");
    person.sees(person.t("Спасибо!", "Thank you!"));
    sees_the_deal(&person, &portal, "6510");
    sees_it_delivered(&person, &bridge);

    break_the_mapping(&person, &bridge);
    for number in ["6511", "6512"] {
        order(&person, &shop, number, "4200");
        person.sees(person.t("Спасибо!", "Thank you!"));
    }
    understands_the_failure(&person, &bridge);
    mend_the_mapping(&person);
    deliver_one_again(&person, &bridge);
    deliver_the_rest_again(&person);
    for number in ["6511", "6512"] {
        person.open(&portal.base_url());
        person.click(&format!("Заказ №{number}"));
        person.sees("4200");
    }
    person.visit(&bridge, "/");
    person.sees(person.t("Ошибок нет", "No failures"));
    person.looks_at("overview-after-all");
}

#[test]
fn the_whole_story_in_russian() {
    the_whole_story(Russian);
}

#[test]
fn the_whole_story_in_english() {
    the_whole_story(English);
}

#[test]
fn a_channel_is_made_without_scripts() {
    let portal = portal();
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    let person = Person::new(Russian).without_scripts();
    person.open(&bridge.setup_link());
    begin(&person, PASSWORD);
    connect(&person, &portal);
    make_the_channel(&person);
    let address = person.value("Адрес канала");
    let shop = Website::start(shop_page(&address));
    order(&person, &shop, "6510", "3500");
    person.sees("Спасибо!");
    sees_the_deal(&person, &portal, "6510");
}

/// By the webhook that the portal's own page showed; first with a slip.
pub fn connect(person: &Person, portal: &PracticePortal) {
    let (address, go) = (
        person.t("Адрес вебхука", "The webhook's address"),
        person.t("Проверить и подключить", "Check and connect"),
    );
    person.click(person.t("Портал", "Portal"));
    person.looks_at("portal-none");
    person.fill(address, &portal.base_url());
    person.click(go);
    person.sees(person.t("В адресе нет части", "the address has no"));
    person.looks_at("portal-wrong-address");
    person.fill(
        address,
        &portal
            .webhook_url()
            .replace("practice0webhook", "another0webhook"),
    );
    person.click(go);
    person.sees(person.t("Портал не подключён", "The portal was not connected"));
    person.looks_at("portal-refused");
    person.click(person.t("Вставить другой адрес", "Paste another address"));
    person.fill(address, &portal.webhook_url());
    person.click(go);
    person.sees(person.t("подключён.", "is connected."));
    person.sees(person.t("Что известно о портале", "What is known of the portal"));
    person.looks_at("portal");
    person.click(person.t("Проверить", "Check"));
    person.sees(person.t("Всё, что нужно, есть", "Everything that is needed is there"));
    person.looks_at("portal-checked");
}

/// The manual's example, by clicking.
fn make_the_channel(person: &Person) {
    person.click(person.t("Каналы", "Channels"));
    person.looks_at("channels-none");
    person.click(person.t("Создать канал", "Create a channel"));
    person.looks_at("channel-new");
    person.fill(person.t("Наименование канала", "Name of the channel"), CHANNEL);
    person.tick(person.t("Сделки", "Deals"));
    person.tick(person.t(
        "Сперва искать существующий лид/сделку для обновления",
        "First search for an existing lead/deal to update",
    ));
    // The portal's own names.
    person.tick("Новая");
    person.tick("В работе");
    person.tick(person.t("Обновить найденное", "Update what was found"));
    person.tick(person.t("Изменять статус при обновлении", "Change the stage on update"));
    person.tick(person.t("Обновление дополнительных полей", "Update additional fields"));
    person.choose(person.t("Статус", "Stage"), "Новая");

    let contact = person.t("Контакт", "Contact");
    person.in_row(contact, 0, || map(person, "Имя (NAME)", "{client_name}", false));
    person.in_row(contact, 1, || {
        map(person, "Телефон (PHONE)", "{client_phone}", true)
    });
    person.in_row(contact, 2, || {
        person.click(person.t("Удалить строку", "Remove the row"))
    });
    let deal = person.t("Сделка", "Deal");
    let rows = [
        ("Название (TITLE)", "Заказ №{order_id}", false),
        // A title is enough where one field has it, and so is a code.
        ("ID заказа в магазине", "{order_id}", true),
        ("OPPORTUNITY", "{order_amount}", false),
        ("CURRENCY_ID", "RUB", false),
    ];
    for (n, (field, value, search)) in rows.into_iter().enumerate() {
        if n > 0 {
            person.under(deal, || person.click(person.t("Добавить строку", "Add a row")));
        }
        person.in_row(deal, n, || map(person, field, value, search));
    }
    person.tick(person.t("Создание нового дела", "Create a new activity"));
    person.looks_at("channel-new-filled");
    person.click(person.t("Создать канал", "Create the channel"));
    person.sees(person.t("Канал создан", "The channel is there"));
    person.looks_at("channel-created");
}

/// Fills one row.
pub fn map(person: &Person, field: &str, value: &str, search: bool) {
    person.fill(person.t("Поле", "Field"), field);
    person.fill(person.t("Значение", "Value"), value);
    if search {
        person.tick(person.t("Поиск", "Search"));
    } else {
        person.untick(person.t("Поиск", "Search"));
    }
}

/// The dry run, before anything is sent.
fn sees_what_would_happen(person: &Person) {
    person.click(person.t("Проверка канала", "Try the channel"));
    person.looks_at("try");
    person.click(person.t("Показать, что произойдёт", "Show what would happen"));
    person.sees(person.t("Новая сделка", "A new deal"));
    person.sees(person.t("Пока ничего не записано", "Nothing has been written yet"));
    person.looks_at("try-shown");
}

/// The first order in the inbox, with what became of it, and the way into the portal.
fn sees_it_delivered(person: &Person, bridge: &Bridge) {
    person.visit(bridge, "/inbox");
    person.sees(person.t("Обработан", "Delivered"));
    person.looks_at("inbox");
    person.click("Мария");
    person.sees(person.t("Что пришло", "What came"));
    person.sees("8 (471) 277-31-20");
    person.looks_at("request-delivered");
    person.in_new_tab(
        || person.click(person.t("Сделка 1", "Deal 1")),
        || person.sees("Заказ №6510"),
    );
    person.click(person.t("Каналы", "Channels"));
    person.sees(CHANNEL);
    person.looks_at("channels");
}

/// The customer's name for an amount.
fn break_the_mapping(person: &Person, bridge: &Bridge) {
    person.visit(bridge, "/channels");
    person.click(CHANNEL);
    person.looks_at("channel");
    let deal = person.t("Сделка", "Deal");
    person.in_row(deal, 2, || {
        person.fill(person.t("Значение", "Value"), "{client_name}")
    });
    person.click(person.t("Показать", "Show"));
    // One is warned, and may go on.
    person.sees(person.t("Портал этого не примет", "The portal would not take this"));
    person.looks_at("channel-warned");
    person.click(person.t("Сохранить", "Save"));
    person.sees(person.t("Сохранено", "Saved"));
}

fn understands_the_failure(person: &Person, bridge: &Bridge) {
    person.visit(bridge, "/");
    person.sees("Мария");
    person.looks_at("overview-failed");
    person.click(person.t("Разобраться", "Look into them"));
    person.arrives_at("/inbox?state=failed");
    for number in ["6511", "6512"] {
        person.sees(number);
    }
    person.looks_at("inbox-failed");
    person.in_row(person.t("Запросы", "Requests"), 0, || {
        person.click("Мария")
    });
    person.sees(person.t(
        "Значение не подходит полю портала",
        "The value does not fit the portal's field",
    ));
    person.sees("Мария");
    person.looks_at("request-failed");
    person.click(person.t("Открыть настройки канала", "Open the channel's settings"));
}

/// With a click on the field that was meant.
fn mend_the_mapping(person: &Person) {
    let deal = person.t("Сделка", "Deal");
    person.in_row(deal, 2, || person.fill(person.t("Значение", "Value"), ""));
    person.click("{order_amount}");
    person.in_row(deal, 2, || {
        assert_eq!(person.value(person.t("Значение", "Value")), "{order_amount}");
    });
    person.click(person.t("Сохранить", "Save"));
    person.sees(person.t("Сохранено", "Saved"));
}

fn deliver_one_again(person: &Person, bridge: &Bridge) {
    person.visit(bridge, "/inbox");
    person.fill(
        person.t(
            "Телефон, имя, номер заказа или запроса",
            "Phone, name, order or request number",
        ),
        "6511",
    );
    person.click(person.t("Найти", "Search"));
    person.sees_no("6512");
    person.click("Мария");
    person.click(person.t("Доставить снова", "Deliver again"));
    // The page renews itself.
    person.sees(person.t("Обработан", "Delivered"));
}

fn deliver_the_rest_again(person: &Person) {
    person.click(person.t("Журнал запросов", "Inbox"));
    person.choose(
        person.t("Состояние", "State"),
        person.t("Ошибка (1)", "Failed (1)"),
    );
    person.click(person.t("Найти", "Search"));
    person.click(person.t("Доставить снова все с ошибкой", "Deliver all failed ones again"));
    person.looks_at("again");
    person.click(person.t("Доставить снова", "Deliver again"));
    person.sees(person.t("Готово.", "Done."));
    is_still(person);
    person.looks_at("again-done");
}

/// What is over is not asked for any more.
fn is_still(person: &Person) {
    let count = "const [done] = arguments;
        let asked = 0;
        window.fetch = () => { asked += 1; return new Promise(() => {}); };
        setTimeout(() => done(asked), 100);";
    let asked = person
        .browser
        .ask("POST", "execute/async", &json!({"script": count, "args": []}))
        .expect("a count");
    assert_eq!(asked, 0, "the page goes on renewing itself");
}
