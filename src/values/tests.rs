//! One table per CRM field type, and what holds for all of them.

mod by_type;
mod contact_data;

use proptest::prelude::*;

use super::*;
use crate::model::{Label, Millis, Stage, User};

const KINDS: [FieldKind; 17] = [
    FieldKind::Text,
    FieldKind::Integer,
    FieldKind::Double,
    FieldKind::Money,
    FieldKind::Boolean,
    FieldKind::Char,
    FieldKind::Date,
    FieldKind::DateTime,
    FieldKind::Enumeration,
    FieldKind::Status,
    FieldKind::Currency,
    FieldKind::User,
    FieldKind::Multifield,
    FieldKind::File,
    FieldKind::Url,
    FieldKind::Address,
    FieldKind::Other,
];

fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        title: "Поле".to_owned(),
        kind,
        type_name: String::new(),
        multiple: false,
        read_only: false,
        required: false,
        items: Vec::new(),
    }
}

fn with_items(name: &str, kind: FieldKind, items: &[(&str, &str)]) -> Field {
    let items = items.iter().map(|(id, label)| Label {
        id: (*id).to_owned(),
        label: (*label).to_owned(),
    });
    Field {
        items: items.collect(),
        ..field(name, kind)
    }
}

fn multiple(field: Field) -> Field {
    Field {
        multiple: true,
        ..field
    }
}

fn stage(id: &str, name: &str, category_id: u64) -> Stage {
    Stage {
        id: id.to_owned(),
        name: name.to_owned(),
        category_id,
        semantics: String::new(),
        color: String::new(),
        sort: 0,
    }
}

fn user(id: u64, name: &str, email: &str, active: bool) -> User {
    User {
        id,
        name: name.to_owned(),
        email: email.to_owned(),
        active,
    }
}

fn catalog() -> Catalog {
    let label = |id: &str, label: &str| Label {
        id: id.to_owned(),
        label: label.to_owned(),
    };
    Catalog {
        taken_at: Millis::default(),
        lead_stages: vec![
            stage("NEW", "Не обработан", 0),
            stage("IN_PROCESS", "В работе", 0),
        ],
        deal_stages: vec![
            stage("NEW", "Новая", 0),
            stage("WON", "Сделка успешна", 0),
            stage("C3:NEW", "Новая", 3),
            stage("C3:PACK", "Сборка", 3),
        ],
        categories: [(0, "Общая".to_owned()), (3, "Розница".to_owned())].into(),
        users: vec![
            user(1, "Иван Петров", "ivan@firm.ru", true),
            user(7, "Анна Королёва", "Anna@firm.ru", true),
            user(8, "Пётр Иванов", "p1@firm.ru", true),
            user(9, "Иванов Петр", "p2@firm.ru", true),
            user(10, "Олег Бывший", "oleg@firm.ru", false),
        ],
        currencies: vec![
            label("RUB", "Российский рубль"),
            label("USD", "Доллар США"),
            label("EUR", "Евро"),
        ],
        ..Catalog::default()
    }
}

fn context(catalog: &Catalog) -> Context<'_> {
    Context {
        catalog,
        country: "RU",
        category_id: Some(0),
        attachments: &[],
    }
}

/// What goes into the portal for a field of one value.
fn converted(field: &Field, text: &str) -> Result<String, BadValue> {
    let catalog = catalog();
    match convert(field, &Input::one(text), &context(&catalog))? {
        Arg::Text(text) => Ok(text),
        other => panic!("{other:?} for {text:?}"),
    }
}

fn listed(field: &Field, texts: &[&str]) -> Result<Vec<String>, BadValue> {
    let catalog = catalog();
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let Arg::List(items) = convert(field, &Input::many(&texts), &context(&catalog))? else {
        panic!("no list for {texts:?}");
    };
    Ok(items
        .into_iter()
        .map(|item| {
            if let Arg::Text(text) = item {
                text
            } else {
                panic!("{item:?}")
            }
        })
        .collect())
}

fn entry(value: &str, value_type: &str) -> Arg {
    Arg::Map(vec![
        ("VALUE".to_owned(), Arg::text(value)),
        ("VALUE_TYPE".to_owned(), Arg::text(value_type)),
    ])
}

fn size() -> Field {
    with_items(
        "UF_CRM_SIZE",
        FieldKind::Enumeration,
        &[
            ("44", "Большой"),
            ("45", " Чёрный  цвет"),
            ("46", "44"),
            ("47", "А, Б"),
        ],
    )
}

#[test]
fn what_is_searched() {
    let catalog = catalog();
    let forms = |field: &Field, text: &str| search_forms(field, &Input::one(text), &context(&catalog));
    for (field, text, expected) in [
        (field("UF_CRM_ORDER_ID", FieldKind::Text), "6510", vec!["6510"]),
        (
            field("UF_CRM_ORDER_ID", FieldKind::Text),
            " 6510 ",
            vec![" 6510 ", "6510"],
        ),
        (field("UF_CRM_OK", FieldKind::Boolean), "да", vec!["1"]),
        (field("OPENED", FieldKind::Boolean), "да", vec!["Y"]),
        (size(), "большой", vec!["44"]),
        (
            field("UF_CRM_SUM", FieldKind::Money),
            "3 500",
            vec!["3500|RUB", "3500.00|RUB"],
        ),
        (
            field("UF_CRM_DAY", FieldKind::Date),
            "31.12.2026",
            vec!["2026-12-31"],
        ),
        (
            field("EMAIL", FieldKind::Multifield),
            " Ivan@Firm.ru ",
            vec!["Ivan@Firm.ru", "ivan@firm.ru"],
        ),
        (
            field("IM", FieldKind::Multifield),
            "@ivan",
            vec!["@ivan", "ivan", "https://t.me/ivan"],
        ),
        (field("ID", FieldKind::Integer), "12", vec!["12"]),
    ] {
        assert_eq!(
            forms(&field, text),
            Ok(expected.into_iter().map(str::to_owned).collect()),
            "{} {text:?}",
            field.name
        );
    }
    let read_only = Field {
        read_only: true,
        ..field("ID", FieldKind::Integer)
    };
    assert_eq!(forms(&read_only, "12"), Ok(vec!["12".to_owned()]));

    // The limit of one search leaves every number its likeliest notation.
    let phones: Vec<String> = (0..15).map(|n| format!("8 999 123-45-{n:02}")).collect();
    let forms = search_forms(
        &field("PHONE", FieldKind::Multifield),
        &Input::many(&phones),
        &context(&catalog),
    )
    .unwrap();
    assert_eq!(forms.len(), 20);
    assert!((0..15).all(|n| forms.contains(&format!("+799912345{n:02}"))));
}

fn any_field() -> impl Strategy<Value = Field> {
    let names = [
        "PHONE",
        "EMAIL",
        "WEB",
        "IM",
        "UF_CRM_1",
        "STAGE_ID",
        "STATUS_ID",
        "OPPORTUNITY",
        "CATEGORY_ID",
    ];
    (
        prop::sample::select(names.to_vec()),
        prop::sample::select(KINDS.to_vec()),
        any::<bool>(),
    )
        .prop_map(|(name, kind, multiple)| Field {
            name: name.to_owned(),
            kind,
            multiple,
            ..size()
        })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[+]?[0-9 ()-]{3,18}",
        "[0-9 .,]{1,9} ?(₽|руб\\.|USD)?",
        "[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{4}( [0-9]{2}:[0-9]{2})?",
        prop::sample::select(vec![
            "да",
            "Большой, 45",
            "Новая",
            "44",
            "RUB",
            "7",
            "Иван Петров",
            "a@b.ru, C@d.ru",
            "@ivan"
        ])
        .prop_map(str::to_owned),
    ]
}

/// The values that a converted argument writes.
fn values_of(arg: &Arg) -> Vec<String> {
    match arg {
        Arg::Text(text) => vec![text.clone()],
        Arg::List(items) => items.iter().flat_map(values_of).collect(),
        Arg::Map(pairs) => pairs
            .iter()
            .filter(|(name, _)| name == "VALUE")
            .flat_map(|(_, arg)| values_of(arg))
            .collect(),
        Arg::Answer { .. } => Vec::new(),
    }
}

proptest! {
    #[test]
    fn never_panics_and_what_is_written_is_searched(field in any_field(), texts in prop::collection::vec(any_text(), 1..4), list in any::<bool>()) {
        let catalog = catalog();
        let ctx = context(&catalog);
        let input = if list { Input::many(&texts) } else { Input::one(&texts[0]) };
        let _ = person_keys(&field.name, &input, "RU");
        match (convert(&field, &input, &ctx), search_forms(&field, &input, &ctx)) {
            (Ok(written), Ok(forms)) => {
                for value in values_of(&written) {
                    prop_assert!(forms.contains(&value), "{value:?} is not in {forms:?}");
                }
                if field.kind == FieldKind::Multifield {
                    let now = serde_json::Value::from(values_of(&written));
                    prop_assert_eq!(lacking(&field.name, &now, &written, "RU"), vec![]);
                    prop_assert!(forms.len() <= 20);
                }
            }
            (Err(bad), _) => prop_assert!(!bad.to_string().contains('\n')),
            (Ok(_), Err(bad)) => prop_assert!(false, "written, but not searched: {}", bad),
        }
    }

    #[test]
    fn what_was_written_is_written_the_same_again(field in any_field(), text in any_text()) {
        // A label may look like another item's id (`44`), so lists of items are left out.
        if field.multiple || matches!(field.kind, FieldKind::Enumeration | FieldKind::Status | FieldKind::File) {
            return Ok(());
        }
        let catalog = catalog();
        if let Ok(written) = convert(&field, &Input::one(&text), &context(&catalog)) {
            for value in values_of(&written) {
                let again = convert(&field, &Input::one(&value), &context(&catalog));
                prop_assert_eq!(again.map(|arg| values_of(&arg)), Ok(vec![value.clone()]), "{}", value);
            }
        }
    }
}
