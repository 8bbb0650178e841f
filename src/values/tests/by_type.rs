//! The tables: one value, several values, files, stages and errors by field type.

use bytes::Bytes;

use super::*;

#[test]
fn one_value_by_type() {
    let source = with_items(
        "SOURCE_ID",
        FieldKind::Status,
        &[("CALL", "Звонок"), ("WEB", "Веб-сайт")],
    );
    let cases: Vec<(Field, &str, Option<&str>)> = vec![
        (
            field("TITLE", FieldKind::Text),
            " Заказ №6510 ",
            Some(" Заказ №6510 "),
        ),
        (field("UF_CRM_1", FieldKind::Integer), "1 500", Some("1500")),
        (field("UF_CRM_1", FieldKind::Integer), "15.5", None),
        (
            field("OPPORTUNITY", FieldKind::Double),
            "3 500,50",
            Some("3500.50"),
        ),
        (
            field("OPPORTUNITY", FieldKind::Double),
            "3500.00",
            Some("3500.00"),
        ),
        (field("OPPORTUNITY", FieldKind::Double), "3,500", Some("3500")),
        (field("OPPORTUNITY", FieldKind::Double), "3 500 ₽", Some("3500")),
        (field("UF_CRM_KG", FieldKind::Double), "1,250", Some("1.250")),
        (field("UF_CRM_KG", FieldKind::Double), "1.250", Some("1.250")),
        (field("UF_CRM_KG", FieldKind::Double), "many", None),
        (field("UF_CRM_SUM", FieldKind::Money), "3 500", Some("3500|RUB")),
        (
            field("UF_CRM_SUM", FieldKind::Money),
            "3 500,50 $",
            Some("3500.50|USD"),
        ),
        (
            field("UF_CRM_SUM", FieldKind::Money),
            "3500|eur",
            Some("3500|EUR"),
        ),
        (field("UF_CRM_SUM", FieldKind::Money), "3500|", Some("3500|RUB")),
        (field("UF_CRM_SUM", FieldKind::Money), "3500 ₸", None),
        (field("UF_CRM_SUM", FieldKind::Money), "даром", None),
        (field("UF_CRM_OK", FieldKind::Boolean), "Да", Some("1")),
        (field("UF_CRM_OK", FieldKind::Boolean), "on", Some("1")),
        (field("UF_CRM_OK", FieldKind::Boolean), "TRUE", Some("1")),
        (field("UF_CRM_OK", FieldKind::Boolean), "нет", Some("0")),
        (field("UF_CRM_OK", FieldKind::Boolean), "0", Some("0")),
        (field("UF_CRM_OK", FieldKind::Boolean), "maybe", None),
        (field("OPENED", FieldKind::Boolean), "истина", Some("Y")),
        (field("OPENED", FieldKind::Char), "1", Some("Y")),
        (field("OPENED", FieldKind::Char), "n", Some("N")),
        (field("OPENED", FieldKind::Char), "Q", None),
        (
            field("BIRTHDATE", FieldKind::Date),
            "31.12.1990",
            Some("1990-12-31"),
        ),
        (field("BIRTHDATE", FieldKind::Date), "31.02.1990", None),
        (
            field("UF_CRM_AT", FieldKind::DateTime),
            "31.12.2026 10:00",
            Some("2026-12-31T10:00:00"),
        ),
        (
            field("UF_CRM_AT", FieldKind::DateTime),
            "2026-12-31T10:00:00+03:00",
            Some("2026-12-31T10:00:00+03:00"),
        ),
        (field("UF_CRM_AT", FieldKind::DateTime), "soon", None),
        (size(), "44", Some("44")),
        (size(), "БОЛЬШОЙ ", Some("44")),
        (size(), "черный цвет", Some("45")),
        (size(), "Средний", None),
        (field("UF_CRM_SIZE", FieldKind::Enumeration), "44", Some("44")),
        (field("UF_CRM_SIZE", FieldKind::Enumeration), "Большой", None),
        (source.clone(), "web", Some("WEB")),
        (source.clone(), "веб-сайт", Some("WEB")),
        (source, "Radio", None),
        (field("TYPE_ID", FieldKind::Status), "UC_1A2B", Some("UC_1A2B")),
        (field("TYPE_ID", FieldKind::Status), "Some name", None),
        (
            field("STATUS_ID", FieldKind::Status),
            "в работе",
            Some("IN_PROCESS"),
        ),
        (field("STAGE_ID", FieldKind::Status), "Новая", Some("NEW")),
        (field("STAGE_ID", FieldKind::Status), "C3:NEW", None),
        (field("CURRENCY_ID", FieldKind::Currency), "rub", Some("RUB")),
        (field("CURRENCY_ID", FieldKind::Currency), "₽", Some("RUB")),
        (field("CURRENCY_ID", FieldKind::Currency), "руб.", Some("RUB")),
        (
            field("CURRENCY_ID", FieldKind::Currency),
            "доллар сша",
            Some("USD"),
        ),
        (field("CURRENCY_ID", FieldKind::Currency), "KZT", None),
        (field("ASSIGNED_BY_ID", FieldKind::User), "7", Some("7")),
        (field("ASSIGNED_BY_ID", FieldKind::User), "10", Some("10")),
        (field("ASSIGNED_BY_ID", FieldKind::User), "77", None),
        (
            field("ASSIGNED_BY_ID", FieldKind::User),
            "анна королева",
            Some("7"),
        ),
        (
            field("ASSIGNED_BY_ID", FieldKind::User),
            "Королёва  Анна",
            Some("7"),
        ),
        (
            field("ASSIGNED_BY_ID", FieldKind::User),
            "anna@FIRM.ru",
            Some("7"),
        ),
        (field("ASSIGNED_BY_ID", FieldKind::User), "Петр Иванов", None),
        (field("ASSIGNED_BY_ID", FieldKind::User), "Олег Бывший", None),
        (field("ASSIGNED_BY_ID", FieldKind::User), "Анна", None),
        (
            field("UF_CRM_LINK", FieldKind::Url),
            " https://a.ru/?b=1 ",
            Some("https://a.ru/?b=1"),
        ),
        (
            field("UF_CRM_ADDR", FieldKind::Address),
            "Курск, Ленина 1",
            Some("Курск, Ленина 1"),
        ),
        (field("COMPANY_ID", FieldKind::Other), "12", Some("12")),
        (field("CATEGORY_ID", FieldKind::Other), "розница", Some("3")),
        (field("CATEGORY_ID", FieldKind::Other), "4", None),
        (field("UF_CRM_FILE", FieldKind::File), "cv.pdf", None),
    ];
    for (field, text, expected) in cases {
        assert_eq!(
            converted(&field, text).ok().as_deref(),
            expected,
            "{} {text:?}",
            field.name
        );
    }
}

#[test]
fn stages_belong_to_the_pipeline() {
    let catalog = catalog();
    let stage_of = |category_id, text: &str| {
        let ctx = Context {
            category_id,
            ..context(&catalog)
        };
        convert(&field("STAGE_ID", FieldKind::Status), &Input::one(text), &ctx)
    };
    assert_eq!(stage_of(Some(3), "Новая"), Ok(Arg::text("C3:NEW")));
    assert_eq!(stage_of(Some(3), "NEW"), Ok(Arg::text("C3:NEW")));
    assert_eq!(stage_of(Some(3), "c3:pack"), Ok(Arg::text("C3:PACK")));
    assert_eq!(stage_of(None, "Сборка"), Ok(Arg::text("C3:PACK")));
    let refused = stage_of(Some(3), "WON").map_err(|bad| bad.to_string());
    assert_eq!(
        refused,
        Err("the field STAGE_ID (Поле) cannot take \"WON\": it takes one of Новая, Сборка; correct the form or add the value in the portal".to_owned())
    );
}

#[test]
fn several_values() {
    let text = multiple(field("UF_CRM_T", FieldKind::Text));
    assert_eq!(listed(&text, &["a, b"]), Ok(vec!["a, b".to_owned()]));
    assert_eq!(
        listed(&text, &["a", " ", "b"]),
        Ok(vec!["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(
        listed(&multiple(size()), &["Большой, черный цвет"]),
        Ok(vec!["44".to_owned(), "45".to_owned()])
    );
    assert_eq!(listed(&multiple(size()), &["а, б"]), Ok(vec!["47".to_owned()]));
    assert_eq!(
        listed(&multiple(size()), &["44", "Большой"]),
        Ok(vec!["44".to_owned()])
    );
    assert!(listed(&multiple(size()), &["Большой, Средний"]).is_err());
    let numbers = multiple(field("UF_CRM_N", FieldKind::Double));
    assert_eq!(
        listed(&numbers, &["1,5; 2,5"]),
        Ok(vec!["1.5".to_owned(), "2.5".to_owned()])
    );
    assert_eq!(
        listed(
            &multiple(field("UF_CRM_D", FieldKind::Date)),
            &["31.12.2026\n01.01.2027"]
        ),
        Ok(vec!["2026-12-31".to_owned(), "2027-01-01".to_owned()])
    );
    assert!(listed(&text, &[" "]).is_err());

    let catalog = catalog();
    let list = ["a".to_owned(), "b".to_owned()];
    let joined = convert(
        &field("TITLE", FieldKind::Text),
        &Input::many(&list),
        &context(&catalog),
    );
    assert_eq!(joined, Ok(Arg::text("a, b")));
    assert!(convert(&size(), &Input::many(&list), &context(&catalog)).is_err());
}

#[test]
fn files_come_from_the_form() {
    let file = |path: &str| Attachment {
        path: path.to_owned(),
        file_name: format!("{path}.txt"),
        bytes: Bytes::from_static(b"hi"),
    };
    let attachments = [file("resume"), file("docs.0"), file("docs.1"), file("docs2")];
    let catalog = catalog();
    let ctx = Context {
        attachments: &attachments,
        ..context(&catalog)
    };
    let uploaded = |name: &str| {
        let pair = vec![Arg::text(name), Arg::text("aGk=")];
        Arg::Map(vec![("fileData".to_owned(), Arg::List(pair))])
    };
    let single = field("UF_CRM_FILE", FieldKind::File);
    let several = multiple(single.clone());
    let input = Input::one("cv.pdf");
    assert_eq!(
        convert(&single, &input.at("resume"), &ctx),
        Ok(uploaded("resume.txt"))
    );
    assert_eq!(
        convert(&several, &input.at("resume"), &ctx),
        Ok(Arg::List(vec![uploaded("resume.txt")]))
    );
    assert_eq!(
        convert(&several, &input.at("docs"), &ctx),
        Ok(Arg::List(vec![uploaded("docs.0.txt"), uploaded("docs.1.txt")]))
    );
    assert!(convert(&single, &input.at("docs"), &ctx).is_err());
    assert!(convert(&single, &input.at("absent"), &ctx).is_err());
    assert!(convert(&single, &input, &ctx).is_err());
    assert!(search_forms(&single, &input.at("resume"), &ctx).is_err());
}

#[test]
fn errors_say_what_is_expected_and_whether_to_look_again() {
    let stale = |field: &Field, text: &str| converted(field, text).unwrap_err().stale_possible;
    assert!(stale(&size(), "Средний"));
    assert!(stale(&field("ASSIGNED_BY_ID", FieldKind::User), "Анна"));
    assert!(stale(&field("CURRENCY_ID", FieldKind::Currency), "KZT"));
    assert!(stale(&field("UF_CRM_SUM", FieldKind::Money), "5 ₸"));
    assert!(!stale(&field("UF_CRM_SUM", FieldKind::Money), "даром"));
    assert!(!stale(&field("BIRTHDATE", FieldKind::Date), "31.02.2026"));
    assert!(!stale(&field("ASSIGNED_BY_ID", FieldKind::User), "Петр Иванов"));

    let bad = converted(&size(), "Средний").unwrap_err();
    assert_eq!(
        bad.to_string(),
        "the field UF_CRM_SIZE (Поле) cannot take \"Средний\": it takes one of Большой, Чёрный цвет, 44, А, Б; \
         correct the form or add the value in the portal"
    );
    let read_only = Field {
        read_only: true,
        ..field("ID", FieldKind::Integer)
    };
    let bad = converted(&read_only, "12").unwrap_err();
    assert!(
        bad.to_string().contains("take its row out of the channel"),
        "{bad}"
    );
}
