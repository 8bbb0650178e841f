//! Numbers and amounts of money as people and programs write them.
//!
//! Where a comma or a point stands alone, once, with exactly three digits behind it and one to three
//! before it, it can be read both ways. A point is then a decimal point, for that is what programs
//! print, unless a currency sign shows that a person wrote `3.500 €`. A comma is then a thousands
//! separator in money and whole numbers (PHP's `number_format` prints `3,500`; no amount has three
//! decimals), and a decimal comma in other numbers (`1,250` kg).

use super::fold::push_new;
use super::{BadValue, currency};
use crate::model::{Catalog, Field};

/// No sum needs more; longer rows of digits are account or card numbers.
const MOST_DIGITS: usize = 30;
/// What fits into PHP's integer for sure.
const MOST_INTEGER_DIGITS: usize = 18;

/// A number with the currency that stood by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// Decimal text: `-3500.50`. The decimals are those that were typed.
    pub digits: String,
    /// ISO 4217, when a sign, a word or a code stood by the number.
    pub currency: Option<String>,
}

/// Reads an amount of money; `None` for what is no amount.
pub fn parse_amount(text: &str) -> Option<Amount> {
    parse(text, true)
}

/// A number field. The portal's sums of money (`OPPORTUNITY`, `TAX_VALUE`) are number fields too.
pub(super) fn number(field: &Field, text: &str) -> Option<String> {
    let is_money = field.name.starts_with("OPPORTUNITY") || field.name.starts_with("TAX_VALUE");
    parse(text, is_money).map(|amount| amount.digits)
}

/// A whole number; `1500.00` is one.
pub(super) fn integer(text: &str) -> Option<String> {
    let amount = parse(text, true)?;
    let (whole, fraction) = amount.digits.split_once('.').unwrap_or((&amount.digits, ""));
    let fits =
        fraction.chars().all(|c| c == '0') && whole.trim_start_matches('-').len() <= MOST_INTEGER_DIGITS;
    let whole = if whole == "-0" { "0" } else { whole };
    fits.then(|| whole.to_owned())
}

/// `3500|RUB`: the currency from the text, else the portal's base currency.
// b24: api-reference/crm/universal/crm-item-add.md
pub(super) fn money(field: &Field, text: &str, catalog: &Catalog) -> Result<String, BadValue> {
    let bad = || {
        BadValue::new(
            field,
            text,
            "it takes an amount like 3500.50 or 3\u{a0}500,50\u{a0}₽; correct the form or the channel's row",
        )
    };
    let (amount, code) = match text.rsplit_once('|') {
        Some((amount, code)) => (
            parse_amount(amount).ok_or_else(bad)?,
            Some(code.trim().to_owned()).filter(|c| !c.is_empty()),
        ),
        None => {
            let amount = parse_amount(text).ok_or_else(bad)?;
            let code = amount.currency.clone();
            (amount, code)
        }
    };
    let currency = match code {
        Some(code) => currency::known(&code, catalog),
        None => catalog.currencies.first().map(|base| base.id.clone()),
    };
    let currency = currency.ok_or_else(|| currency::unknown(field, text, catalog))?;
    Ok(format!("{}|{currency}", amount.digits))
}

/// The same number with other decimals (`3500.50`, `3500.5`): the portal compares money as text.
pub(super) fn variants(written: &str) -> Vec<String> {
    let (number, tail) = match written.split_once('|') {
        Some((number, currency)) => (number, format!("|{currency}")),
        None => (written, String::new()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut forms = Vec::new();
    let shortest = if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    };
    push_new(&mut forms, format!("{shortest}{tail}"));
    if fraction.len() <= 2 {
        push_new(&mut forms, format!("{whole}.{fraction:0<2}{tail}"));
    }
    forms
}

fn parse(text: &str, is_money: bool) -> Option<Amount> {
    let text = text.trim();
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let last = text.rfind(|c: char| c.is_ascii_digit())?;
    let before = text.get(..first)?.trim();
    let core = text.get(first..=last)?;
    let after = text.get(last + 1..)?.trim();

    // `.5` and `,5`, but not the point of `руб.5`.
    let (before, leading_point) = match before.strip_suffix(['.', ',']) {
        Some(rest) if rest.is_empty() || rest == "-" => (rest, true),
        _ => (before, false),
    };
    let negative = before.contains(['-', '−']);
    let sign_before: String = before
        .chars()
        .filter(|c| !matches!(c, '-' | '−' | '+') && !c.is_whitespace())
        .collect();
    // `3500.-`, `3500,—`: no kopecks.
    let sign_after = after
        .trim_start_matches(['.', ','])
        .trim_start_matches(['-', '–', '—'])
        .trim();
    if before.matches(['-', '−', '+']).count() > 1 {
        return None;
    }
    let currency = match (sign_before.as_str(), sign_after) {
        ("", "") => None,
        ("", sign) | (sign, "") => Some(currency::code(sign)?),
        _ => return None,
    };
    let is_money = is_money || currency.is_some();
    let (whole, fraction) = if leading_point && core.chars().all(|c| c.is_ascii_digit()) {
        (String::new(), core.to_owned())
    } else if leading_point {
        return None;
    } else {
        split_number(core, is_money, currency.is_some())?
    };
    if whole.len() + fraction.len() > MOST_DIGITS {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    let is_zero = whole == "0" && fraction.chars().all(|c| c == '0');
    let minus = if negative && !is_zero { "-" } else { "" };
    Some(Amount {
        digits: format!("{minus}{whole}{point}{fraction}"),
        currency,
    })
}

/// Parts digits with separators into the whole and the decimals.
fn split_number(core: &str, is_money: bool, has_sign: bool) -> Option<(String, String)> {
    let points = core.matches('.').count();
    let commas = core.matches(',').count();
    let decimal_at = match (points, commas) {
        (0, 0) => None,
        (0, 1) | (1, 0) => {
            let at = core.find(['.', ','])?;
            let whole = core.get(..at)?;
            let either_way = core.len() - at == 4
                && (1..=3).contains(&whole.len())
                && !whole.starts_with('0')
                && whole.chars().all(|c| c.is_ascii_digit());
            let groups = either_way && if commas == 1 { is_money } else { has_sign };
            (!groups).then_some(at)
        }
        // Both: the last one is the decimal point, the other one groups.
        (1.., 1) if core.rfind(',') > core.rfind('.') => core.rfind(','),
        (1, 1..) if core.rfind('.') > core.rfind(',') => core.rfind('.'),
        (0, _) | (_, 0) => None,
        _ => return None,
    };
    let (whole, fraction) = match decimal_at {
        Some(at) => (core.get(..at)?, core.get(at + 1..)?),
        None => (core, ""),
    };
    if !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    Some((ungrouped(whole)?, fraction.to_owned()))
}

/// `3 500 000`, `3.500.000`, `3'500`: one to three digits, then groups of three, one separator for all.
fn ungrouped(whole: &str) -> Option<String> {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, '.' | ',' | '\'' | '’' | '_');
    let mut separators = whole.chars().filter(|c| !c.is_ascii_digit());
    let Some(first) = separators.next() else {
        return Some(whole.to_owned());
    };
    // Spaces come in several widths within one number.
    let alike = |c: char| {
        if first.is_whitespace() {
            c.is_whitespace()
        } else {
            c == first
        }
    };
    if !is_separator(first) || !separators.all(alike) {
        return None;
    }
    let mut groups = whole.split(alike);
    let head = groups.next()?;
    let fits = (1..=3).contains(&head.len()) && groups.all(|group| group.len() == 3);
    fits.then(|| whole.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits(text: &str) -> Option<String> {
        parse_amount(text).map(|amount| amount.digits)
    }

    #[test]
    fn amounts_people_and_programs_write() {
        for (typed, expected) in [
            ("3500", "3500"),
            ("3500.00", "3500.00"),
            ("3500,5", "3500.5"),
            ("3 500,50", "3500.50"),
            ("3\u{a0}500,50", "3500.50"),
            ("3\u{2009}500\u{202f}000,50", "3500000.50"),
            ("3,500.50", "3500.50"),
            ("3.500,50", "3500.50"),
            ("1.234.567,89", "1234567.89"),
            ("1,234,567.89", "1234567.89"),
            ("1,234,567", "1234567"),
            ("1.234.567", "1234567"),
            ("1'234.50", "1234.50"),
            ("1 234", "1234"),
            ("1,234", "1234"),
            ("1.234", "1.234"),
            ("1.234 €", "1234"),
            ("0,125", "0.125"),
            ("0.125", "0.125"),
            ("1 234,567", "1234.567"),
            ("3500,000", "3500.000"),
            (".5", "0.5"),
            ("-,5", "-0.5"),
            ("007", "7"),
            ("0", "0"),
            ("-0", "0"),
            ("-3 500", "-3500"),
            ("−3500", "-3500"),
            ("+3500", "3500"),
            ("3500.", "3500"),
            ("3500,-", "3500"),
            ("12345678901234567890.12", "12345678901234567890.12"),
        ] {
            assert_eq!(digits(typed).as_deref(), Some(expected), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_amount() {
        for text in [
            "",
            " ",
            "free",
            "от 3500",
            "3500 - 4000",
            "3500/2",
            "12 34",
            "1 5000",
            "1,23,456",
            "1.2.3",
            "3,500,50",
            "1.234,567.8",
            "3 500 5",
            "5%",
            "12:30",
            "1e5",
            "$3500$",
            "--5",
            "9999999999999999999999999999999",
            "٣٥٠٠",
            "1,2 3",
        ] {
            assert_eq!(digits(text), None, "{text:?}");
        }
    }

    #[test]
    fn currencies_beside_the_amount() {
        for (typed, number, code) in [
            ("3 500,50 ₽", "3500.50", "RUB"),
            ("3500₽", "3500", "RUB"),
            ("3500 руб.", "3500", "RUB"),
            ("3500руб", "3500", "RUB"),
            ("3500р.", "3500", "RUB"),
            ("3 500 рублей", "3500", "RUB"),
            ("руб. 3500", "3500", "RUB"),
            ("3500 RUB", "3500", "RUB"),
            ("3500rur", "3500", "RUB"),
            ("$3,500.50", "3500.50", "USD"),
            ("-$5", "-5", "USD"),
            ("$ -5", "-5", "USD"),
            ("USD 5", "5", "USD"),
            ("5 €", "5", "EUR"),
            ("3.500 €", "3500", "EUR"),
            ("5 евро", "5", "EUR"),
            ("5 грн.", "5", "UAH"),
            ("5 ₸", "5", "KZT"),
            ("5 byn", "5", "BYN"),
            ("3500,- руб.", "3500", "RUB"),
        ] {
            let expected = Amount {
                digits: number.to_owned(),
                currency: Some(code.to_owned()),
            };
            assert_eq!(parse_amount(typed), Some(expected), "{typed:?}");
        }
        assert_eq!(parse_amount("3500").and_then(|amount| amount.currency), None);
    }

    #[test]
    fn whole_numbers() {
        for (typed, expected) in [
            ("15", Some("15")),
            ("1 500", Some("1500")),
            ("1,500", Some("1500")),
            ("15.00", Some("15")),
            ("-0.0", Some("0")),
            ("15.5", None),
            ("1234567890123456789", None),
            ("x", None),
        ] {
            assert_eq!(integer(typed).as_deref(), expected, "{typed:?}");
        }
    }

    #[test]
    fn other_decimals_of_the_same_money() {
        assert_eq!(variants("3500|RUB"), ["3500|RUB", "3500.00|RUB"]);
        assert_eq!(variants("3500.50|RUB"), ["3500.5|RUB", "3500.50|RUB"]);
        assert_eq!(variants("3500.125"), ["3500.125"]);
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse_amount(&text);
            let _ = integer(&text);
        }

        #[test]
        fn never_panics_near_numbers(text in "[-+−]?[$€]?[0-9., \u{a0}'|]{0,14}[-,. ]{0,3}(руб|р)?\\.?") {
            if let Some(amount) = parse_amount(&text) {
                prop_assert_eq!(parse_amount(&amount.digits).map(|again| again.digits), Some(amount.digits.clone()));
                prop_assert!(amount.digits.parse::<f64>().is_ok());
            }
        }

        #[test]
        fn amounts_round_trip(kopecks in -10_000_000_000_i64..10_000_000_000) {
            let (sign, whole, fraction) = (if kopecks < 0 { "-" } else { "" }, kopecks.abs() / 100, kopecks.abs() % 100);
            let plain = format!("{sign}{whole}.{fraction:02}");
            let mut grouped = String::new();
            for (at, digit) in whole.to_string().chars().rev().enumerate() {
                if at > 0 && at % 3 == 0 {
                    grouped.insert(0, ' ');
                }
                grouped.insert(0, digit);
            }
            let russian = format!("{sign}{grouped},{fraction:02} ₽");
            let american = format!("{sign}${}.{fraction:02}", grouped.replace(' ', ","));
            let german = format!("{sign}{},{fraction:02} €", grouped.replace(' ', "."));
            for form in [plain.clone(), russian, american, german] {
                prop_assert_eq!(digits(&form), Some(plain.clone()), "{}", form);
            }
        }
    }
}
