//! The settings of the bridge itself: administrators, sessions, language, what is kept and for how long.

use crate::access::{NAME, PASSWORD, sign_in, signed_in};
use crate::person::Language::{self, English, Russian};
use crate::person::Person;

const COLLEAGUE: &str = "Пётр <b>Петрович</b>";
const HIS_PASSWORD: &str = "другая длинная фраза";

/// A second administrator is added, comes in, gets another password and is removed.
fn a_colleague(language: Language) {
    let (bridge, person) = signed_in(Person::new(language));
    person.click(person.t("Настройки", "Settings"));
    person.looks_at("settings");
    person.keyboard_reaches_everything();
    person.click(person.t("Добавить администратора", "Add an administrator"));
    person.looks_at("administrator-new");
    person.fill(person.t("Имя", "Name"), NAME);
    person.fill(person.t("Новый пароль", "New password"), "short");
    person.fill(person.t("Пароль ещё раз", "Password again"), "shorter");
    person.click(person.t("Добавить", "Add"));
    person.sees(person.t("Пароли не совпадают.", "The passwords differ."));
    person.looks_at("administrator-new-refused");
    assert_eq!(
        person.value(person.t("Имя", "Name")),
        NAME,
        "what was typed is kept"
    );
    person.fill(person.t("Имя", "Name"), COLLEAGUE);
    person.fill(person.t("Новый пароль", "New password"), HIS_PASSWORD);
    person.fill(person.t("Пароль ещё раз", "Password again"), HIS_PASSWORD);
    person.click(person.t("Добавить", "Add"));
    person.sees(COLLEAGUE);

    let colleague = Person::new(language);
    colleague.visit(&bridge, "/sign-in");
    sign_in(&colleague, COLLEAGUE, HIS_PASSWORD);
    colleague.sees(COLLEAGUE);

    person.click(COLLEAGUE);
    person.looks_at("administrator");
    person.fill(person.t("Новый пароль", "New password"), PASSWORD);
    person.fill(person.t("Пароль ещё раз", "Password again"), PASSWORD);
    person.click(person.t("Сменить пароль", "Change the password"));
    person.sees(person.t("Пароль изменён.", "The password is changed."));
    colleague.visit(&bridge, "/settings");
    colleague.arrives_at("/sign-in");

    person.visit(&bridge, "/settings");
    person.click(COLLEAGUE);
    person.click(person.t("Удалить администратора", "Remove the administrator"));
    person.click(person.t("Удалить", "Remove"));
    person.sees(person.t("удалён.", "is no administrator any more."));
    sign_in(&colleague, COLLEAGUE, PASSWORD);
    colleague.sees(colleague.t(
        "Имя или пароль не подходят.",
        "The name or the password is wrong.",
    ));
}

#[test]
fn a_colleague_in_russian() {
    a_colleague(Russian);
}

#[test]
fn a_colleague_in_english() {
    a_colleague(English);
}

#[test]
fn sessions_on_other_computers_can_be_ended() {
    let (bridge, person) = signed_in(Person::new(Russian));
    let forgotten = Person::new(Russian);
    forgotten.visit(&bridge, "/sign-in");
    sign_in(&forgotten, NAME, PASSWORD);
    forgotten.sees("С чего начать");
    person.visit(&bridge, "/settings");
    person.sees("Этот сеанс");
    person.looks_at("settings-two-sessions");
    person.click("Завершить остальные");
    person.sees_no("Завершить остальные");
    forgotten.visit(&bridge, "/");
    forgotten.arrives_at("/sign-in");
    person.visit(&bridge, "/");
    person.sees("С чего начать");
}

#[test]
fn a_setting_that_makes_no_sense_is_refused_beside_its_field() {
    let (bridge, person) = signed_in(Person::new(Russian));
    person.visit(&bridge, "/settings");
    person.fill("Хранить тело запроса, дней", "1000000");
    person.under("Хранение запросов", || person.click("Сохранить"));
    person.sees("Введите число дней");
    assert_eq!(
        person.value("Хранить тело запроса, дней"),
        "1000000",
        "what was typed is kept"
    );
    person.looks_at("settings-refused");
    person.fill("Хранить тело запроса, дней", "30");
    person.under("Хранение запросов", || person.click("Сохранить"));
    person.sees("Сохранено.");

    person.fill("Страна телефонов без кода", "KZ");
    person.under("Портал и телефоны", || person.click("Сохранить"));
    person.sees("Сохранено и уже действует.");
    assert_eq!(person.value("Страна телефонов без кода"), "KZ");

    person.choose("Язык этих страниц — только для вас", "English");
    person.under("Язык", || person.click("Сохранить"));
    person.sees("Settings");
}
