//! Currencies by code, name or sign.

use super::BadValue;
use super::bad::one_of;
use super::fold::{fold, same};
use crate::model::{Catalog, Field};

/// Signs and words next to an amount. `¥` is left out: it stands for two currencies.
const SIGNS: [(&str, &str); 34] = [
    ("₽", "RUB"),
    ("р", "RUB"),
    ("руб", "RUB"),
    ("рубль", "RUB"),
    ("рубля", "RUB"),
    ("рублей", "RUB"),
    ("rur", "RUB"),
    ("$", "USD"),
    ("us$", "USD"),
    ("долл", "USD"),
    ("доллар", "USD"),
    ("доллара", "USD"),
    ("долларов", "USD"),
    ("€", "EUR"),
    ("евро", "EUR"),
    ("£", "GBP"),
    ("₴", "UAH"),
    ("грн", "UAH"),
    ("₸", "KZT"),
    ("тг", "KZT"),
    ("тенге", "KZT"),
    ("br", "BYN"),
    ("бел.руб", "BYN"),
    ("бел. руб", "BYN"),
    ("сом", "KGS"),
    ("сум", "UZS"),
    ("₾", "GEL"),
    ("֏", "AMD"),
    ("₼", "AZN"),
    ("₺", "TRY"),
    ("₹", "INR"),
    ("₪", "ILS"),
    ("zł", "PLN"),
    ("юаней", "CNY"),
];

/// The ISO 4217 code that a sign, a word or a code stands for; `None` for any other text.
pub(super) fn code(text: &str) -> Option<String> {
    let folded = fold(text);
    let word = folded.trim_matches('.');
    if let Some((_, code)) = SIGNS.iter().find(|(sign, _)| *sign == word) {
        return Some((*code).to_owned());
    }
    let is_code = word.len() == 3 && word.chars().all(|c| c.is_ascii_alphabetic());
    is_code.then(|| word.to_ascii_uppercase())
}

/// The portal's own code for what was typed. A portal whose list is not known takes any code.
pub(super) fn known(text: &str, catalog: &Catalog) -> Option<String> {
    let typed = text.trim();
    let listed = |id: &str| {
        catalog
            .currencies
            .iter()
            .find(|c| c.id.eq_ignore_ascii_case(id))
            .map(|c| c.id.clone())
    };
    listed(typed)
        .or_else(|| {
            catalog
                .currencies
                .iter()
                .find(|c| same(&c.label, typed))
                .map(|c| c.id.clone())
        })
        .or_else(|| {
            let code = code(typed)?;
            if catalog.currencies.is_empty() {
                Some(code)
            } else {
                listed(&code)
            }
        })
}

pub(super) fn convert(field: &Field, text: &str, catalog: &Catalog) -> Result<String, BadValue> {
    known(text, catalog).ok_or_else(|| unknown(field, text, catalog))
}

pub(super) fn unknown(field: &Field, text: &str, catalog: &Catalog) -> BadValue {
    let expected = if catalog.currencies.is_empty() {
        "it takes a currency code like RUB; correct the form or the channel's row".to_owned()
    } else {
        let codes = one_of(catalog.currencies.iter().map(|c| c.id.as_str()));
        format!(
            "the portal's currencies are known by code or name: {codes}; correct the row or add the currency to the portal"
        )
    };
    BadValue::new(field, text, expected).perhaps_stale()
}
