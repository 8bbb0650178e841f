//! Who gets in: first start, sign-in, sign-out, and what another site cannot do.

use crate::harness::Bridge;
use crate::person::Language::{English, Russian};
use crate::person::{Language, Person};

/// The administrator of these tests.
const NAME: &str = "Мария";
const PASSWORD: &str = "верный конь и скрепка";

/// A bridge with an administrator, and that administrator at a browser, signed in.
fn signed_in(language: Language) -> (Bridge, Person) {
    let mut bridge = Bridge::folder(&[]);
    bridge.serve();
    let person = Person::new(language);
    person.open(&bridge.setup_link());
    person.fill(person.t("Имя", "Name"), NAME);
    person.fill(person.t("Пароль", "Password"), PASSWORD);
    person.fill(person.t("Пароль ещё раз", "Password again"), PASSWORD);
    person.click(person.t("Начать", "Begin"));
    person.sees(person.t("С чего начать", "First steps"));
    (bridge, person)
}

#[test]
fn the_overview() {
    for language in [Russian, English] {
        let (_bridge, person) = signed_in(language);
        person.looks_at("overview");
    }
}
