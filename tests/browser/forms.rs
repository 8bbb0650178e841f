//! What visitors of a company's website see, and what becomes of their forms.

use b24_bridge::practice_portal::PracticePortal;
use serde_json::json;

use crate::access::signed_in_at;
use crate::harness::{Bridge, portal, shop_channel};
use crate::person::Language::{self, English, Russian};
use crate::person::Person;
use crate::website::Website;

/// The manual's example order, as a page of the shop sends it; amount and number may be typed over.
pub fn shop_page(address: &str) -> String {
    format!(
        r#"<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Магазин</title></head><body>
        <h1>Заказ</h1><form method="post" action="{address}">
        <label>Имя <input name="client_name" value="Мария"></label>
        <label>Телефон <input name="client_phone" value="8 (471) 277-31-20"></label>
        <label>Заказ <input name="order_id" value="6510"></label>
        <label>Сумма <input name="order_amount" value="3500"></label>
        <button>Заказать</button></form></body></html>"#
    )
}

/// Sends the shop's form with this order number and amount.
pub fn order(person: &Person, site: &Website, number: &str, amount: &str) {
    person.open(&site.url());
    person.fill("Заказ", number);
    person.fill("Сумма", amount);
    person.click("Заказать");
}

/// Waits until the portal's own pages show the deal, opens it, and finds all of it there.
pub fn sees_the_deal(person: &Person, portal: &PracticePortal, number: &str) {
    person.open(&portal.base_url());
    person.click(&format!("Заказ №{number}"));
    for text in [&format!("Заказ №{number}"), "Мария", number, "3500", "RUB"] {
        person.sees(text);
    }
    person.click("Мария");
    person.sees("+74712773120");
}

fn a_form_becomes_a_deal(language: Language) {
    let portal = portal();
    let bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({})));
    let site = Website::start(shop_page(&bridge.address("shop-orders")));
    let person = Person::new(language);
    order(&person, &site, "6510", "3500");
    person.sees(person.t("Спасибо!", "Thank you!"));
    person.looks_at("thanks");
    sees_the_deal(&person, &portal, "6510");

    person.open(&bridge.address("nowhere"));
    person.sees(person.t("Адрес формы устарел", "out of date or mistyped"));
    person.looks_at("no-such-channel");
}

#[test]
fn a_form_becomes_a_deal_in_russian() {
    a_form_becomes_a_deal(Russian);
}

#[test]
fn a_form_becomes_a_deal_in_english() {
    a_form_becomes_a_deal(English);
}

/// The front page of a bridge that has work behind it: orders that went well and one that did not.
fn a_busy_overview(language: Language) {
    let portal = portal();
    let mut bridge = Bridge::folder(&[]);
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    bridge.serve();
    bridge.channel(&shop_channel(json!({})));
    for (number, amount) in [
        ("1", "3500"),
        ("2", "abc"),
        ("3", "100"),
        ("4", "<script>alert(1)</script>"),
    ] {
        bridge.post_json(
            "shop-orders",
            &serde_json::json!({"order_id": number, "order_amount": amount}),
        );
    }
    bridge.settle();
    let person = signed_in_at(&mut bridge, Person::new(language));
    person.visit(&bridge, "/");
    person.sees(person.t("На связи", "Reachable"));
    person.sees("alert(1)");
    person.looks_at("overview-busy");
    person.keyboard_reaches_everything();

    portal.stop_listening();
    bridge.post_json(
        "shop-orders",
        &serde_json::json!({"order_id": "5", "order_amount": "5"}),
    );
    person.visit(&bridge, "/");
    // The page renews itself.
    person.sees(person.t("Нет связи", "Out of reach"));
    person.looks_at("overview-portal-down");
}

#[test]
fn a_busy_overview_in_russian() {
    a_busy_overview(Russian);
}

#[test]
fn a_busy_overview_in_english() {
    a_busy_overview(English);
}
