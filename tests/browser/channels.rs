//! Channels beyond the first one: mistakes, copies, switching off, deleting; and the form without a mouse.

use serde_json::json;

use crate::access::signed_in_at;
use crate::harness::{Bridge, portal, shop_channel};
use crate::person::Language::{self, English, Russian};
use crate::person::Person;

/// A bridge with a portal and the manual's example channel, and its administrator.
fn with_a_channel(language: Language) -> (b24_bridge::practice_portal::PracticePortal, Bridge, Person) {
    let portal = portal();
    let mut bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let person = signed_in_at(&mut bridge, Person::new(language));
    person.sees(person.t("На связи", "Reachable"));
    (portal, bridge, person)
}

fn mistakes_stand_beside_their_fields(language: Language) {
    let (_portal, bridge, person) = with_a_channel(language);
    person.visit(&bridge, "/channels/shop-orders");
    let (field, value) = (person.t("Поле", "Field"), person.t("Значение", "Value"));
    let (contact, deal) = (person.t("Контакт", "Contact"), person.t("Сделка", "Deal"));
    let responsible = person.t("Ответственный за лид/сделку", "Responsible for the lead/deal");
    let limit = person.t(
        "Не больше запросов в минуту",
        "Requests a minute from one address",
    );
    person.fill(responsible, "Никто Нигде");
    person.in_row(contact, 0, || person.fill(field, "Нет такого поля"));
    person.in_row(deal, 0, || person.fill(value, "Заказ №{order_id"));
    person.fill(limit, "0");
    person.click(person.t("Сохранить", "Save"));
    person.sees(person.t(
        "Не сохранено: исправьте отмеченное.",
        "Not saved: mend what is marked.",
    ));
    person.sees(person.t(
        "Такого сотрудника на портале нет.",
        "The portal has no such user.",
    ));
    person.sees(person.t(
        "Нужно целое число больше нуля.",
        "It takes a whole number above zero.",
    ));
    // Nothing typed is lost.
    assert_eq!(person.value(responsible), "Никто Нигде");
    assert_eq!(person.value(limit), "0");
    person.in_row(contact, 0, || assert_eq!(person.value(field), "Нет такого поля"));
    person.in_row(deal, 0, || assert_eq!(person.value(value), "Заказ №{order_id"));
    person.looks_at("channel-refused");
    // Each of the four is named at the top, with a link to its field.
    person.click(person.t(
        "Такого сотрудника на портале нет.",
        "The portal has no such user.",
    ));
    person.types("1");
    assert!(
        person.value(responsible).contains('1'),
        "the link leads into the field"
    );
    assert_eq!(
        bridge.cli_json(&["channel", "show", "shop-orders", "--json"])["responsible_id"],
        1
    );
}

#[test]
fn mistakes_stand_beside_their_fields_in_russian() {
    mistakes_stand_beside_their_fields(Russian);
}

#[test]
fn mistakes_stand_beside_their_fields_in_english() {
    mistakes_stand_beside_their_fields(English);
}

#[test]
fn a_channel_is_copied_switched_off_and_deleted() {
    let (_portal, bridge, person) = with_a_channel(Russian);
    person.click("Каналы");
    person.click("Дублировать");
    person.sees("Заказы магазина");
    person.visit(&bridge, "/channels");
    person.in_row("Входящие каналы", 1, || person.click("Выключить"));
    person.sees("Выключен");
    person.looks_at("channels-two");
    person.in_row("Входящие каналы", 0, || person.click("Удалить"));
    person.sees("Адрес перестанет работать");
    person.looks_at("channel-delete");
    person.click("Оставить");
    person.in_row("Входящие каналы", 1, || person.click("Включить"));
    person.sees_no("Выключен");
    person.in_row("Входящие каналы", 0, || person.click("Удалить"));
    person.click("Удалить канал");
    person.sees("удалён");
    let left = bridge.cli_json(&["channel", "list", "--json"]);
    assert_eq!(left.as_array().expect("a list").len(), 1, "{left}");
}

#[test]
fn settings_that_make_no_sense_cannot_be_seen() {
    let (_portal, bridge, person) = with_a_channel(English);
    person.visit(&bridge, "/new-channel");
    person.tick("Leads");
    person.tick("Always create a new lead/deal");
    person.sees_no("When something was found");
    person.sees_no("Pipeline");
    person.tick("First search for an existing lead/deal to update");
    person.sees("When something was found");
    person.sees("Качественный лид");
    person.sees_no("Счёт на предоплату");
    person.tick("Deals");
    person.sees("Счёт на предоплату");
    person.sees_no("Качественный лид");
    person.sees("Change the stage on update");
    person.tick("Ignore the request");
    person.sees_no("Change the stage on update");
}

#[test]
fn the_channels_form_needs_no_mouse() {
    let (_portal, bridge, person) = with_a_channel(English);
    bridge.post_form("shop-orders", &[("order_id", "1"), ("client_name", "Мария")]);
    bridge.settle();
    person.visit(&bridge, "/channels/shop-orders");
    person.sees("{client_name}");
    person.keyboard_reaches_everything();
    person.visit(&bridge, "/new-channel");
    person.tab_to("input Name of the channel");
    person.types(" by keyboard");
    // From a field, Enter saves.
    person.press_enter();
    person.sees("The channel is there.");
    person.sees("by keyboard");
    person.visit(&bridge, "/inbox");
    person.keyboard_reaches_everything();
    person.click("Мария");
    person.keyboard_reaches_everything();
    person.visit(&bridge, "/channels/shop-orders/try");
    person.keyboard_reaches_everything();
    person.visit(&bridge, "/portal");
    person.keyboard_reaches_everything();
}
