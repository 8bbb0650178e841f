//! The notations under which people have stored a phone number.
//!
//! The portal's search compares notations, not numbers (`+7…` does not find `8…`), so it is asked for all.
// b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md

use rlibphonenumber::enums::Region;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

use super::fold::push_new;
use super::phone::{self, Phone};

/// The notations of one phone, the likeliest first.
pub(super) fn notations(text: &str, country: &str) -> Vec<String> {
    let typed = text.trim();
    let mut forms = Vec::new();
    let mut add = |form: String| {
        if !form.is_empty() {
            push_new(&mut forms, form);
        }
    };
    match Phone::read(text, country) {
        Some(phone) => {
            add(phone.written());
            add(phone.e164.clone());
            add(phone.e164.trim_start_matches('+').to_owned());
            let local = at_home(&phone, country);
            for form in local.iter().flat_map(|home| &home.dialled) {
                add(form.clone());
            }
            add(typed.to_owned());
            add(without_spaces(typed));
            for form in local.into_iter().flat_map(|home| home.printed) {
                add(form);
            }
        }
        None => {
            add(typed.to_owned());
            add(without_spaces(typed));
            add(phone::bare_digits(typed).unwrap_or_default());
        }
    }
    forms
}

struct AtHome {
    /// Digits only: with the trunk prefix, without any prefix.
    dialled: Vec<String>,
    /// With the usual punctuation.
    printed: Vec<String>,
}

/// The notations that only make sense in the number's own country.
fn at_home(phone: &Phone, country: &str) -> Option<AtHome> {
    let region = phone::region(country)?;
    let number = phone::read_number(&phone.e164, None)?;
    if PHONE_NUMBER_UTIL.get_country_code_for_region(region) != Some(number.country_code) {
        return None;
    }
    let significant = number.get_national_significant_number();
    let international = number.format_as(PhoneNumberFormat::International).into_owned();
    let national = number.format_as(PhoneNumberFormat::National).into_owned();
    let trunk = trunk_prefix(region);
    let mut printed = vec![international];
    // The mask of most Russian forms: +7 (471) 277-31-20.
    if let Some(rest) = national.strip_prefix(&trunk).filter(|_| !trunk.is_empty()) {
        printed.push(format!("+{} {}", number.country_code, rest.trim_start()));
    }
    printed.push(national);
    Some(AtHome {
        dialled: vec![format!("{trunk}{significant}"), significant],
        printed,
    })
}

/// What is dialled before a number of another town: 8 in Russia, 0 in Germany, nothing in some
/// countries. Read off the country's example number, written as it is at home.
fn trunk_prefix(region: Region) -> String {
    let Ok(example) = PHONE_NUMBER_UTIL.get_example_number(region) else {
        return String::new();
    };
    let national = example.format_as(PhoneNumberFormat::National);
    let dialled: String = national.chars().filter(char::is_ascii_digit).collect();
    let significant = example.get_national_significant_number();
    dialled.strip_suffix(&significant).unwrap_or_default().to_owned()
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_a_number_of_this_country() {
        assert_eq!(
            notations("8 (471) 277 31 20", "RU"),
            [
                "+74712773120",
                "74712773120",
                "84712773120",
                "4712773120",
                "8 (471) 277 31 20",
                "8(471)2773120",
                "+7 471 277-31-20",
                "+7 (471) 277-31-20",
                "8 (471) 277-31-20",
            ]
        );
        assert_eq!(
            notations("030 901820", "DE")[..4],
            ["+4930901820", "4930901820", "030901820", "30901820"]
        );
    }

    #[test]
    fn an_unassigned_number_has_its_notations_too() {
        let forms = notations("+7 (123) 456-78-90", "RU");
        for form in ["+71234567890", "71234567890", "81234567890", "+7 (123) 456-78-90"] {
            assert!(forms.iter().any(|f| f == form), "{form} is missing in {forms:?}");
        }
    }

    #[test]
    fn a_foreign_number_has_no_domestic_notation() {
        assert_eq!(
            notations("+380 44 537-02-22", "RU"),
            [
                "+380445370222",
                "380445370222",
                "+380 44 537-02-22",
                "+38044537-02-22"
            ]
        );
    }

    #[test]
    fn what_is_no_number_is_searched_as_typed() {
        assert_eq!(notations(" 277-31-20 ", "RU"), ["277-31-20", "2773120"]);
        assert_eq!(notations("ask Ivan", "RU"), ["ask Ivan", "askIvan"]);
    }

    #[test]
    fn an_extension_is_asked_for_with_and_without() {
        let forms = notations("8 (495) 123-45-67 доб. 12", "RU");
        assert_eq!(forms[..3], ["+74951234567#12", "+74951234567", "74951234567"]);
    }
}
