//! Who gets in: first start, sign-in, sign-out, and what another site cannot do.

use crate::harness::Bridge;
use crate::person::Language::{self, English, Russian};
use crate::person::Person;
use crate::website::Website;

/// The administrator of these tests.
pub const NAME: &str = "Мария";
pub const PASSWORD: &str = "верный конь и скрепка";

/// A bridge with an administrator and nothing else, and that administrator, signed in.
pub fn signed_in(person: Person) -> (Bridge, Person) {
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    let person = signed_in_at(&mut bridge, person);
    (bridge, person)
}

/// The first administrator of a running bridge.
pub fn signed_in_at(bridge: &mut Bridge, person: Person) -> Person {
    person.open(&bridge.setup_link());
    begin(&person, PASSWORD);
    person.sees(person.t("Обзор", "Overview"));
    person
}

/// Fills the form of the first start; the password's second time as given.
pub fn begin(person: &Person, again: &str) {
    person.fill(person.t("Имя", "Name"), NAME);
    person.fill(person.t("Пароль", "Password"), PASSWORD);
    person.fill(person.t("Пароль ещё раз", "Password again"), again);
    person.click(person.t("Начать", "Begin"));
}

pub fn sign_in(person: &Person, name: &str, password: &str) {
    person.fill(person.t("Имя", "Name"), name);
    person.fill(person.t("Пароль", "Password"), password);
    person.click(person.t("Войти", "Sign in"));
}

/// From the one-time link to the sign-in of the next day.
fn first_start(language: Language) {
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    let link = bridge.setup_link();
    let person = Person::new(language);

    person.visit(&bridge, "/");
    person.sees(person.t("Администратора пока нет", "There is no administrator yet"));
    person.looks_at("sign-in-nobody-yet");
    person.open(&link);
    person.looks_at("first-start");
    begin(&person, "верный конь");
    person.sees(person.t("Пароли не совпадают.", "The passwords differ."));
    assert_eq!(
        person.value(person.t("Имя", "Name")),
        NAME,
        "what was typed is kept"
    );
    person.looks_at("first-start-refused");
    begin(&person, PASSWORD);
    person.sees(person.t("С чего начать", "First steps"));
    person.sees(NAME);
    person.looks_at("overview-empty");

    person.open(&link);
    person.sees(person.t("Ссылка больше не действует", "This link is no longer good"));
    person.looks_at("first-start-over");
    person.visit(&bridge, "/nowhere");
    person.sees(person.t("Здесь ничего нет", "There is nothing here"));
    person.looks_at("not-found");
    person.click(person.t("На главную", "To the front page"));

    person.click(person.t("Выйти", "Sign out"));
    person.arrives_at("/sign-in");
    person.looks_at("sign-in");
    person.visit(&bridge, "/");
    person.arrives_at("/sign-in");
    sign_in(&person, NAME, "неверный конь");
    person.sees(person.t(
        "Имя или пароль не подходят.",
        "The name or the password is wrong.",
    ));
    assert_eq!(person.value(person.t("Имя", "Name")), NAME, "the name is kept");
    assert_eq!(
        person.value(person.t("Пароль", "Password")),
        "",
        "the password is not"
    );
    person.looks_at("sign-in-refused");
    sign_in(&person, NAME, PASSWORD);
    person.sees(person.t("С чего начать", "First steps"));
}

#[test]
fn first_start_in_russian() {
    first_start(Russian);
}

#[test]
fn first_start_in_english() {
    first_start(English);
}

#[test]
fn the_other_language_is_one_click_away_and_stays() {
    let (bridge, person) = signed_in(Person::new(Russian));
    person.click("English");
    person.sees("First steps");
    person.click("Sign out");
    person.sees("Password");
    // Whoever has chosen a language gets it on another computer, too.
    let elsewhere = Person::new(Russian);
    elsewhere.visit(&bridge, "/sign-in");
    sign_in(&elsewhere, NAME, PASSWORD);
    elsewhere.sees("First steps");
}

#[test]
fn guessing_a_password_is_slowed_down() {
    let (bridge, owner) = signed_in(Person::new(Russian));
    let person = Person::new(English);
    person.visit(&bridge, "/sign-in");
    for n in 0..5 {
        sign_in(&person, NAME, &format!("a guess, number {n}"));
        person.sees("The name or the password is wrong.");
    }
    sign_in(&person, NAME, PASSWORD);
    person.sees("Too many attempts. Wait for");
    person.looks_at("sign-in-slowed-down");
    // Who is in stays in.
    owner.visit(&bridge, "/");
    owner.sees("С чего начать");
}

#[test]
fn after_a_session_has_ended_the_way_leads_back() {
    let (bridge, person) = signed_in(Person::new(Russian));
    // A new password ends the sessions that were begun with the old one.
    bridge.cli_ok_with(&["user", "passwd", NAME], "другой верный конь\n".as_bytes());
    person.visit(&bridge, "/?from=bookmark");
    person.arrives_at("/sign-in");
    sign_in(&person, NAME, "другой верный конь");
    person.sees("С чего начать");
    assert_eq!(person.path(), "/?from=bookmark");

    // A form that is sent after the end changes nothing and says so.
    bridge.cli_ok_with(&["user", "passwd", NAME], "третий верный конь\n".as_bytes());
    person.click("Выйти");
    person.sees("Сеанс закончился");
    person.looks_at("session-ended");
}

/// A page that has the browser post to the bridge, with a token as good as our own pages have it.
fn trap(bridge: &Bridge, token: &str) -> String {
    let action = format!("{}/language", bridge.admin());
    format!(
        r#"<!doctype html><html lang="en"><title>Prizes</title><form method="post" action="{action}">
        <input type="hidden" name="csrf" value="{token}"><input type="hidden" name="language" value="en">
        <button>Win</button></form></html>"#
    )
}

#[test]
fn another_site_cannot_use_a_session() {
    let (bridge, person) = signed_in(Person::new(Russian));
    let token = person
        .browser
        .script("return document.querySelector('[name=csrf]').value", &[]);
    let token = token.expect("a token").as_str().expect("text").to_owned();
    let site = Website::start(trap(&bridge, &token));
    // Another port of this host gets the cookie sent along, another host does not: neither comes through.
    for url in [site.url(), site.foreign_url()] {
        person.open(&url);
        person.click("Win");
        person.sees("Форма устарела");
        person.visit(&bridge, "/");
        person.sees("С чего начать");
    }
}

#[test]
fn no_other_site_can_show_the_pages_in_a_frame() {
    let (bridge, person) = signed_in(Person::new(Russian));
    let frame = format!(
        "<!doctype html><title>x</title><iframe src=\"{}/\"></iframe><p>Outside",
        bridge.admin()
    );
    let site = Website::start(frame);
    person.open(&site.url());
    person.sees("Outside");
    let inside = person
        .browser
        .script("return document.querySelector('iframe').contentDocument", &[]);
    assert!(
        inside.expect("an answer").is_null(),
        "the frame holds a page of another origin"
    );
    let shown = person.browser.frame_text(0);
    assert!(!shown.contains("С чего начать"), "{shown}");
}

#[test]
fn everything_up_to_the_overview_works_without_scripts() {
    let (_bridge, person) = signed_in(Person::new(Russian).without_scripts());
    person.click("Выйти");
    sign_in(&person, NAME, PASSWORD);
    person.sees("С чего начать");
    person.click("English");
    person.sees("First steps");
}

#[test]
fn sign_in_needs_no_mouse() {
    let (bridge, person) = signed_in(Person::new(English));
    person.keyboard_reaches_everything();
    person.click("Sign out");
    person.arrives_at("/sign-in");
    person.keyboard_reaches_everything();
    person.visit(&bridge, "/sign-in");
    // Skip link, brand, name.
    person.tab_to("input Name");
    person.types(NAME);
    person.tab_to("input Password");
    person.types(PASSWORD);
    person.press_enter();
    person.sees("First steps");
}
