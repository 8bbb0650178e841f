//! Where the manual warns: a search by what many have in common binds strangers to one another.

use crate::model::{Catalog, Channel, FieldKind, Mapping, Mode};
use crate::web::visitor::Language;

/// Why a search by this mapping finds the wrong records; `None` when it is not searched by, or may well be.
pub fn of_search(mapping: &Mapping, catalog: Option<&Catalog>, lang: Language) -> Option<&'static str> {
    if !mapping.search {
        return None;
    }
    let field = catalog.and_then(|catalog| catalog.fields(mapping.of).get(&mapping.field));
    let is = |kinds: &[FieldKind]| field.is_some_and(|field| kinds.contains(&field.kind));
    let (ru, en) = match mapping.field.as_str() {
        "NAME" | "SECOND_NAME" | "LAST_NAME" => (
            "По имени искать нельзя: к запросу от Ивана привяжутся все ваши Иваны. Ищите по телефону или почте.",
            "Do not search by a name: a request from Ivan would be tied to every Ivan you know. Search by phone or e-mail.",
        ),
        _ if mapping.field == "OPPORTUNITY" || is(&[FieldKind::Money, FieldKind::Double]) => (
            "По сумме искать нельзя: одинаковые суммы бывают у разных заказов. Ищите по номеру заказа.",
            "Do not search by an amount: different orders can have the same one. Search by the order's number.",
        ),
        _ if is(&[
            FieldKind::Enumeration,
            FieldKind::Status,
            FieldKind::Boolean,
            FieldKind::Char,
            FieldKind::Currency,
            FieldKind::User,
        ]) =>
        {
            (
                "По этому полю искать нельзя: одно и то же значение (пол, категория, источник) у многих. Ищите по тому, что не повторяется.",
                "Do not search by this field: many share one value (sex, category, source). Search by what is unique.",
            )
        }
        "COMMENTS" | "TITLE" | "SOURCE_DESCRIPTION" => (
            "Этот текст редко повторяется дословно или, наоборот, один у всех. Ищите по телефону, почте или номеру заказа.",
            "This text is hardly ever the same twice, or the same for all. Search by phone, e-mail or order number.",
        ),
        _ => return None,
    };
    Some(lang.t(ru, en))
}

/// The channel is to search first and has nothing to search by.
pub fn of_channel(channel: &Channel, lang: Language) -> Option<&'static str> {
    let searches = channel.fields.iter().any(|mapping| mapping.search);
    (channel.mode == Mode::SearchFirst && !searches).then(|| {
        lang.t(
            "Искать не по чему: отметьте «Поиск» у телефона, почты или номера заказа. Пока отметок нет, каждый запрос создаст новую запись.",
            "There is nothing to search by: mark “Search” at the phone, the e-mail or the order number. Without a mark each request makes a new record.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::catalog;
    use super::*;
    use crate::model::Of;

    #[test]
    fn the_manuals_warnings() {
        let catalog = catalog();
        for (of, field, warned) in [
            (Of::Contact, "NAME", true),
            (Of::Contact, "LAST_NAME", true),
            (Of::Contact, "PHONE", false),
            (Of::Contact, "EMAIL", false),
            (Of::Contact, "UF_CRM_SEX", true),
            (Of::Deal, "OPPORTUNITY", true),
            (Of::Deal, "UF_CRM_ORDER_ID", false),
            (Of::Deal, "UF_CRM_DELIVERY", true),
        ] {
            let mapping = |search: bool| Mapping {
                of,
                field: field.to_owned(),
                value: "{x}".to_owned(),
                search,
            };
            let warning = |search: bool| of_search(&mapping(search), Some(&catalog), Language::Russian);
            assert_eq!(warning(true).is_some(), warned, "{field}");
            assert_eq!(warning(false), None, "{field}");
        }
    }
}
