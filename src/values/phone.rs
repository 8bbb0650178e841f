//! Phone numbers as people type them, read by Google's metadata.
//!
//! The text must be a number and nothing else (a label before it and an extension after it may be):
//! from `89991234567 Ivan` nothing may be lost, so it is no number. The metadata sees digits only.
//!
//! Without a plus a number is first one of the default country, then an international one. What the
//! metadata calls unassigned is still a number when its length is right and its country is written
//! out (`+7 …`; for RU also 8 or 7 before ten digits): portals hold such numbers, and they must be
//! found in every notation.

use rlibphonenumber::enums::Region;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};

use super::phone_text::Typed;

/// A shorter number without a plus is rather a local one that lacks its area code.
const FEWEST_INTERNATIONAL: usize = 10;

/// A number that can be called from anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// `+74712773120`.
    pub e164: String,
    /// Digits to dial once connected.
    pub extension: Option<String>,
}

impl Phone {
    /// As the portal keeps it: the extension after `#`, which its search disregards.
    // b24: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md
    pub fn written(&self) -> String {
        match &self.extension {
            Some(extension) => format!("{}#{extension}", self.e164),
            None => self.e164.clone(),
        }
    }

    pub fn read(text: &str, country: &str) -> Option<Phone> {
        let typed = Typed::read(text)?;
        let e164 = resolve(&typed, region(country))?;
        Some(Phone {
            e164,
            extension: typed.extension,
        })
    }
}

/// The number in E.164 with its plus, without an extension; `None` for what is no phone number.
/// `country` is an ISO 3166 code; an unknown one leaves only international notations.
pub fn parse_phone(text: &str, country: &str) -> Option<String> {
    Phone::read(text, country).map(|phone| phone.e164)
}

/// The digits of a text that is written like a number, whether or not it is one.
pub(super) fn bare_digits(text: &str) -> Option<String> {
    Typed::read(text)
        .filter(|typed| typed.extension.is_none())
        .map(|typed| typed.digits)
}

/// Whether a code is that of a country with phone numbers.
pub fn knows_country(code: &str) -> bool {
    region(code).is_some()
}

pub(super) fn region(country: &str) -> Option<Region> {
    Region::from_code(country.trim())
        .ok()
        .filter(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some())
}

fn resolve(typed: &Typed, region: Option<Region>) -> Option<String> {
    let digits = &typed.digits;
    let international = read_number(&format!("+{digits}"), None);
    let national = region.and_then(|region| read_number(digits, Some(region)));
    let assigned = |number: &Option<PhoneNumber>| {
        number
            .as_ref()
            .filter(|number| PHONE_NUMBER_UTIL.is_valid_number(number))
            .map(e164)
    };
    if typed.international {
        // `+8 (999) …`: Russia's trunk prefix behind a plus that a form's mask put there.
        return assigned(&international)
            .or_else(|| assigned(&national))
            .or_else(|| {
                let text = international
                    .as_ref()
                    .filter(|number| has_right_length(number))
                    .map(e164)?;
                (text.get(1..) == Some(digits)).then_some(text)
            });
    }
    let written_out = || {
        let home = PHONE_NUMBER_UTIL.get_country_code_for_region(region?)?;
        let by_code = international
            .as_ref()
            .filter(|number| number.country_code == home);
        let by_trunk = national.as_ref();
        let e164 = [by_code, by_trunk]
            .into_iter()
            .flatten()
            .find_map(|number| with_country_written(digits, number))?;
        // Behind a plus it must be that number and no other.
        let again = Typed {
            international: true,
            digits: e164.get(1..)?.to_owned(),
            extension: None,
        };
        resolve(&again, region).filter(|again| *again == e164)
    };
    let abroad = || {
        if digits.len() >= FEWEST_INTERNATIONAL {
            assigned(&international)
        } else {
            None
        }
    };
    assigned(&national).or_else(written_out).or_else(abroad)
}

/// An unassigned number, off which the metadata took a country code or the 8 of long-distance calls.
fn with_country_written(digits: &str, number: &PhoneNumber) -> Option<String> {
    let significant = number.get_national_significant_number();
    let prefix = digits.strip_suffix(&significant)?;
    let fits = !prefix.is_empty() && !significant.starts_with('0') && has_right_length(number);
    fits.then(|| e164(number))
}

fn has_right_length(number: &PhoneNumber) -> bool {
    matches!(
        PHONE_NUMBER_UTIL.is_possible_number_with_reason(number),
        Ok(NumberLengthType::IsPossible)
    )
}

pub(super) fn read_number(digits: &str, region: Option<Region>) -> Option<PhoneNumber> {
    PHONE_NUMBER_UTIL.parse(digits, region).ok()
}

fn e164(number: &PhoneNumber) -> String {
    PHONE_NUMBER_UTIL
        .format(number, PhoneNumberFormat::E164)
        .into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::phone_text::FEWEST_DIGITS;
    use super::*;

    /// What people type, and the number that it is (default country RU).
    const PHONES: &[(&str, &str)] = &[
        ("74712773120", "+74712773120"),
        ("84712773120", "+74712773120"),
        ("4712773120", "+74712773120"),
        ("+74712773120", "+74712773120"),
        ("8 (471) 277-31-20", "+74712773120"),
        ("8(471)2773120", "+74712773120"),
        ("+7 471 277 31 20", "+74712773120"),
        ("+7 (471) 277-31-20", "+74712773120"),
        ("+7(4712)77-31-20", "+74712773120"),
        ("7 (471) 277 31 20", "+74712773120"),
        ("7-471-277-31-20", "+74712773120"),
        ("8.471.277.31.20", "+74712773120"),
        ("8_471_277_31_20", "+74712773120"),
        ("8/471/2773120", "+74712773120"),
        ("8-471-277 31-20.", "+74712773120"),
        ("  84712773120  ", "+74712773120"),
        ("8\u{a0}471\u{2009}277\u{2011}31\u{2013}20", "+74712773120"),
        ("\u{202a}+7 471 277-31-20\u{202c}", "+74712773120"),
        ("\u{feff}+74712773120\u{200b}", "+74712773120"),
        ("＋７ ４７１ ２７７ ３１ ２０", "+74712773120"),
        ("+٧٤٧١٢٧٧٣١٢٠", "+74712773120"),
        ("۷۴۷۱۲۷۷۳۱۲۰", "+74712773120"),
        ("(+7) 471 277-31-20", "+74712773120"),
        ("+ 7 471 277 31 20", "+74712773120"),
        ("++74712773120", "+74712773120"),
        ("+7 8 471 277 31 20", "+74712773120"),
        ("+8 (471) 277-31-20", "+74712773120"),
        ("+84712773120", "+74712773120"),
        ("007 471 277 31 20", "+74712773120"),
        ("8-800-555-35-35", "+78005553535"),
        ("88005553535", "+78005553535"),
        ("+7 800 555 35 35", "+78005553535"),
        ("9991234567", "+79991234567"),
        ("7 (999) 123-45-67", "+79991234567"),
        ("999 123 45 67", "+79991234567"),
        ("8 999 1234567", "+79991234567"),
        ("тел. 8 999 123-45-67", "+79991234567"),
        ("Тел.: +7 999 123-45-67", "+79991234567"),
        ("моб. тел. 8-999-123-45-67", "+79991234567"),
        ("tel:+7-999-123-45-67", "+79991234567"),
        ("Phone: 79991234567", "+79991234567"),
        ("+7 999 000-00-00", "+79990000000"),
        ("8 (123) 456-78-90", "+71234567890"),
        ("+7 (123) 456-78-90", "+71234567890"),
        ("71234567890", "+71234567890"),
        ("8 (701) 123-45-67", "+77011234567"),
        ("+380 44 537-02-22", "+380445370222"),
        ("380445370222", "+380445370222"),
        ("+375 29 123-45-67", "+375291234567"),
        ("375291234567", "+375291234567"),
        ("998 90 123 45 67", "+998901234567"),
        ("996555123456", "+996555123456"),
        ("37412345678", "+37412345678"),
        ("0049 30 901820", "+4930901820"),
        ("00 49 30 901820", "+4930901820"),
        ("8 10 49 30 901820", "+4930901820"),
        ("8~10 49 30 901820", "+4930901820"),
        ("+49 (0) 30 901820", "+4930901820"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("1 650 253 0000", "+16502530000"),
        ("+39 06 698 12345", "+390669812345"),
        ("+86 10 6552 9988", "+861065529988"),
    ];

    #[test]
    fn what_people_type() {
        for (typed, e164) in PHONES {
            assert_eq!(parse_phone(typed, "RU").as_deref(), Some(*e164), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_phone_number() {
        for text in [
            "",
            " ",
            "+",
            "112",
            "01",
            "277-31-20",
            "12345",
            "1234567890",
            "ivan",
            "ask for Ivan 89991234567",
            "89991234567 Ivan",
            "89991234567, 89991234568",
            "8-800-FLOWERS",
            "*100#",
            "a@b.ru",
            "79991234567999912345",
            "123456789012345678901",
            "8 029 123-45-67",
            "31.12.2026",
            "2202 2000 1234 5678",
            "+7 999 123 45",
            "@name",
            "http://t.me/79991234567",
            "9991234567+7",
        ] {
            assert_eq!(parse_phone(text, "RU"), None, "{text:?}");
        }
        assert_eq!(parse_phone(&"8".repeat(1000), "RU"), None);
    }

    #[test]
    fn other_countries_read_their_own_numbers() {
        for (typed, country, e164) in [
            ("030 901820", "DE", Some("+4930901820")),
            ("030/901820", "DE", Some("+4930901820")),
            ("(650) 253-0000", "us", Some("+16502530000")),
            ("8 029 123-45-67", "BY", Some("+375291234567")),
            ("8 701 123 45 67", "KZ", Some("+77011234567")),
            ("044 537 02 22", "UA", Some("+380445370222")),
            ("06 12 34 56 78", "FR", Some("+33612345678")),
            ("02 1234 5678", "IT", Some("+390212345678")),
            ("+7 999 123-45-67", "??", Some("+79991234567")),
            ("79991234567", "", Some("+79991234567")),
            ("89991234567", "", None),
            ("89991234567", "001", None),
        ] {
            assert_eq!(
                parse_phone(typed, country).as_deref(),
                e164,
                "{typed:?} in {country:?}"
            );
        }
    }

    #[test]
    fn extensions() {
        for typed in [
            "8 (495) 123-45-67 доб. 12",
            "84951234567 доб.12",
            "+7 495 123-45-67 (доб. 12)",
            "84951234567, доб. 12",
            "84951234567 ext 12",
            "84951234567 ext. 12",
            "84951234567 extension 12",
            "84951234567;ext=12",
            "84951234567x12",
            "84951234567 х12",
            "84951234567#12",
            "84951234567 # 12",
            "84951234567 вн. 12",
            "84951234567 внутр. 12",
            "84951234567 добавочный 12",
            "84951234567 доб. №12",
            "84951234567 Доб 12",
        ] {
            let phone = Phone::read(typed, "RU");
            assert_eq!(
                phone.map(|phone| phone.written()).as_deref(),
                Some("+74951234567#12"),
                "{typed:?}"
            );
            assert_eq!(
                parse_phone(typed, "RU").as_deref(),
                Some("+74951234567"),
                "{typed:?}"
            );
        }
        assert_eq!(Phone::read("доб. 12", "RU"), None);
    }

    #[test]
    fn every_country_s_example_reads_in_every_form() {
        let mut regions = 0;
        for region in PHONE_NUMBER_UTIL.get_supported_regions() {
            let Ok(example) = PHONE_NUMBER_UTIL.get_example_number(region) else {
                continue;
            };
            if example.get_national_significant_number().len() < FEWEST_DIGITS {
                continue;
            }
            let number = e164(&example);
            let country = region.to_string();
            let national = example.format_as(PhoneNumberFormat::National);
            let international = example.format_as(PhoneNumberFormat::International);
            assert_eq!(parse_phone(&number, "RU").as_deref(), Some(number.as_str()));
            assert_eq!(
                parse_phone(&international, "RU").as_deref(),
                Some(number.as_str()),
                "{country} {international}"
            );
            assert_eq!(
                parse_phone(&national, &country).as_deref(),
                Some(number.as_str()),
                "{country} {national}"
            );
            regions += 1;
        }
        assert!(regions > 200);
    }

    proptest! {
        #[test]
        fn never_panics_and_gives_e164(text in any::<String>(), country in "[A-Za-z]{0,3}") {
            if let Some(phone) = parse_phone(&text, &country) {
                prop_assert!(phone.starts_with('+') && phone[1..].chars().all(|c| c.is_ascii_digit()));
            }
        }

        #[test]
        fn what_was_read_reads_the_same(text in "\\+?[0-9 ()-]{4,22}( доб\\. [0-9]{1,4})?", home in "RU|KZ|BY|UA|US|DE|IT|") {
            if let Some(phone) = Phone::read(&text, &home) {
                prop_assert_eq!(Phone::read(&phone.e164, &home).map(|p| p.e164), Some(phone.e164.clone()));
                prop_assert_eq!(Phone::read(&phone.written(), &home), Some(phone));
            }
        }

        #[test]
        fn russian_notations_are_one_number(significant in "9[0-9]{2}[1-9][0-9]{6}") {
            let e164 = Some(format!("+7{significant}"));
            for form in [significant.clone(), format!("7{significant}"), format!("8{significant}"), format!("+7{significant}")] {
                prop_assert_eq!(parse_phone(&form, "RU"), e164.clone());
            }
        }
    }
}
