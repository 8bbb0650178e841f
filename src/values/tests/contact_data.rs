//! Phones, e-mails, sites and messengers: written, compared, and what a contact lacks of them.

use serde_json::json;

use super::*;

#[test]
fn multifields() {
    let catalog = catalog();
    let entries = |name: &str, text: &str| {
        convert(
            &multiple(field(name, FieldKind::Multifield)),
            &Input::one(text),
            &context(&catalog),
        )
    };
    let of = |value: &str, value_type: &str| Ok(Arg::List(vec![entry(value, value_type)]));
    for (name, text, expected) in [
        ("PHONE", "74712773120", of("+74712773120", "WORK")),
        ("PHONE", "8 (471) 277-31-20 доб. 5", of("+74712773120#5", "WORK")),
        ("PHONE", " спросить Ивана, 12 ", of("спросить Ивана, 12", "WORK")),
        ("EMAIL", " Ivan@Firm.ru ", of("Ivan@Firm.ru", "WORK")),
        ("EMAIL", "mailto:ivan@firm.ru", of("ivan@firm.ru", "WORK")),
        ("EMAIL", "нет, почты", of("нет, почты", "WORK")),
        ("WEB", "https://firm.ru", of("https://firm.ru", "WORK")),
        ("IM", "@ivan_1", of("@ivan_1", "TELEGRAM")),
        ("IM", "https://t.me/ivan_1", of("https://t.me/ivan_1", "TELEGRAM")),
        ("IM", "https://vk.com/ivan", of("https://vk.com/ivan", "VK")),
        ("IM", "skype:ivan", of("skype:ivan", "SKYPE")),
        ("IM", "ivan", of("ivan", "OTHER")),
    ] {
        assert_eq!(entries(name, text), expected, "{name} {text:?}");
    }
    let two = Ok(Arg::List(vec![
        entry("+79991234567", "WORK"),
        entry("+79991234568", "WORK"),
    ]));
    for text in [
        "89991234567, 8 999 123-45-68",
        "89991234567;89991234568",
        "89991234567 / 89991234568",
        "89991234567\n79991234567\n79991234568",
    ] {
        assert_eq!(entries("PHONE", text), two, "{text:?}");
    }
    assert_eq!(
        entries("EMAIL", "a@b.ru; A@b.ru c@d.ru"),
        Ok(Arg::List(vec![entry("a@b.ru", "WORK"), entry("c@d.ru", "WORK")]))
    );
}

#[test]
fn what_a_contact_lacks() {
    let wanted = |values: &[&str]| Arg::List(values.iter().map(|value| entry(value, "WORK")).collect());
    let lacks = |name: &str, existing: serde_json::Value, values: &[&str]| -> Vec<Arg> {
        lacking(name, &existing, &wanted(values), "RU")
    };
    let held = json!([{"ID": "5", "VALUE": "8 (471) 277-31-20", "VALUE_TYPE": "WORK"}]);
    assert_eq!(lacks("PHONE", held.clone(), &["+74712773120"]), []);
    assert_eq!(
        lacks("PHONE", held.clone(), &["+74712773120", "+79991234567"]),
        [entry("+79991234567", "WORK")]
    );
    assert_eq!(
        lacks("PHONE", held, &["+74712773120#12"]),
        [entry("+74712773120#12", "WORK")]
    );
    assert_eq!(
        lacks("PHONE", json!([{"VALUE": "84712773120#12"}]), &["+74712773120"]),
        []
    );
    // PHP: a map for a list, a number for a text, `[]` and null for nothing.
    assert_eq!(
        lacks(
            "PHONE",
            json!({"3": {"ID": 5, "VALUE": 74712773120_u64}}),
            &["+74712773120"]
        ),
        []
    );
    for nothing in [json!([]), json!(null), json!(false), json!("")] {
        assert_eq!(lacks("PHONE", nothing, &["+74712773120"]).len(), 1);
    }
    assert_eq!(
        lacks("EMAIL", json!([{"VALUE": "Ivan@Firm.RU "}]), &["ivan@firm.ru"]),
        []
    );
    assert_eq!(
        lacks("WEB", json!([{"VALUE": "http://firm.ru/"}]), &["https://Firm.ru"]),
        []
    );
    assert_eq!(
        lacks("IM", json!([{"VALUE": "https://t.me/Ivan_1"}]), &["@ivan_1"]),
        []
    );
    assert_eq!(lacks("IM", json!([{"VALUE": "ivan"}]), &["@ivan_1"]).len(), 1);
}

#[test]
fn one_person_has_one_key() {
    let keys = |name: &str, text: &str| person_keys(name, &Input::one(text), "RU");
    for text in [
        "74712773120",
        "8 (471) 277-31-20",
        "+7 471 277 31 20",
        "84712773120 доб. 12",
    ] {
        assert_eq!(keys("PHONE", text), ["+74712773120"], "{text:?}");
    }
    assert_eq!(keys("PHONE", "277-31-20"), keys("PHONE", "2773120"));
    assert_eq!(
        keys("PHONE", "89991234567, 89991234568"),
        ["+79991234567", "+79991234568"]
    );
    assert_eq!(keys("EMAIL", " Ivan@Firm.ru"), ["ivan@firm.ru"]);
    assert_eq!(keys("IM", "https://t.me/Ivan"), keys("IM", "@ivan"));
    assert_eq!(keys("UF_CRM_CARD", " AB-12 "), ["ab-12"]);
}
