//! What a text that is written like a phone number says: its digits, its extension, whether it
//! starts with a country code. Labels, punctuation and other scripts' digits are understood here.

use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::fold::is_invisible;

/// Longer texts are prose: nobody's number with its punctuation and extension takes more.
const LONGEST_TEXT: usize = 80;
/// Below five digits there is only a short code that means nothing from outside.
pub(super) const FEWEST_DIGITS: usize = 5;
/// E.164 has 15 digits; a prefix for calls abroad comes before them.
const MOST_DIGITS: usize = 20;
/// Longest extension that the metadata's own rules allow behind an ambiguous mark.
const MOST_EXTENSION_DIGITS: usize = 7;

const LABELS: [&str; 12] = [
    "телефон",
    "мобильный",
    "мобильн",
    "тел",
    "моб",
    "phone",
    "mobile",
    "whatsapp",
    "viber",
    "tel",
    "mob",
    "т",
];
const EXTENSION_MARKS: [&str; 12] = [
    "добавочный",
    "внутренний",
    "extension",
    "внутр",
    "доб",
    "доп",
    "вн",
    "ext",
    "д",
    "#",
    "x",
    "х",
];

/// A text that is written like a phone number.
pub(super) struct Typed {
    /// A plus or 00 stood before the digits.
    pub international: bool,
    pub digits: String,
    pub extension: Option<String>,
}

impl Typed {
    pub fn read(text: &str) -> Option<Typed> {
        if text.len() > LONGEST_TEXT * 4 || text.chars().count() > LONGEST_TEXT {
            return None;
        }
        let plain: String = text
            .chars()
            .filter(|c| !is_invisible(*c))
            .map(plain_char)
            .collect();
        let (number, extension) = split_extension(without_label(plain.trim()));
        let mut international = false;
        let mut digits = String::new();
        for c in number.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if digits.is_empty() => international = true,
                ' ' | '-' | '(' | ')' | '[' | ']' | '.' | '/' | '_' | '~' => {}
                _ => return None,
            }
        }
        // ITU-T E.123: 00 is the prefix for calls abroad nearly everywhere; Russia's own is 810.
        if let Some(rest) = digits.strip_prefix("00") {
            international = true;
            digits = rest.to_owned();
        }
        (FEWEST_DIGITS..=MOST_DIGITS)
            .contains(&digits.len())
            .then_some(Typed {
                international,
                digits,
                extension,
            })
    }
}

/// A number as lists show it and people look for it: its digits, in Russia with `+7` in front. It is made for every
/// request that is accepted, so without the library's metadata, which takes 5 MB and much longer.
pub fn phone_in_brief(text: &str, country: &str) -> Option<String> {
    let typed = Typed::read(text)?;
    let is_russian = country == "RU" && !typed.international;
    Some(match (typed.digits.len(), typed.digits.as_bytes().first()) {
        (11, Some(b'7' | b'8')) if is_russian => format!("+7{}", &typed.digits[1..]),
        (10, Some(b'9')) if is_russian => format!("+7{}", typed.digits),
        _ if typed.international => format!("+{}", typed.digits),
        _ => typed.digits,
    })
}

/// Digits of every script, spaces, dashes and the wide plus in their ASCII forms; small letters.
fn plain_char(c: char) -> char {
    match c {
        '\u{FF0B}' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => '-',
        '\u{FF08}' => '(',
        '\u{FF09}' => ')',
        _ if c.is_ascii() && !c.is_whitespace() => c.to_ascii_lowercase(),
        _ if c.is_whitespace() => ' ',
        _ if c.is_numeric() => {
            let digit = PHONE_NUMBER_UTIL.normalize_digits_only(c.to_string());
            digit.chars().next().unwrap_or(c)
        }
        _ => c.to_lowercase().next().unwrap_or(c),
    }
}

/// `tel:`, `моб. тел.:` and their like before the number.
fn without_label(text: &str) -> &str {
    let mut rest = text;
    while let Some(after) = LABELS.iter().find_map(|label| {
        let after = rest.strip_prefix(label)?;
        (!after.starts_with(char::is_alphabetic)).then_some(after)
    }) {
        rest = after.trim_start_matches([' ', '.', ':', '-']);
    }
    rest
}

/// The number and the digits behind `доб.`, `ext`, `#`, `x`.
fn split_extension(text: &str) -> (&str, Option<String>) {
    let whole = (text, None);
    let end = text.trim_end_matches([')', ' ', '.', ';']);
    let head = end.trim_end_matches(|c: char| c.is_ascii_digit());
    let Some(digits) = end
        .get(head.len()..)
        .filter(|digits| (1..=MOST_EXTENSION_DIGITS).contains(&digits.len()))
    else {
        return whole;
    };
    let head = head.trim_end_matches([' ', '.', ':', '=', '№', '-']);
    let number = EXTENSION_MARKS.iter().find_map(|mark| {
        let before = head.strip_suffix(mark)?;
        (!before.ends_with(char::is_alphabetic)).then_some(before)
    });
    match number {
        Some(number) => (
            number.trim_end_matches([' ', ',', ';', '(', '.', '-']),
            Some(digits.to_owned()),
        ),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_show_the_digits() {
        for (text, country, expected) in [
            ("8 (471) 277-31-20", "RU", Some("+74712773120")),
            ("74712773120", "RU", Some("+74712773120")),
            ("9161234567", "RU", Some("+79161234567")),
            ("тел. +7 471 277 31 20, доб. 5", "RU", Some("+74712773120")),
            ("8 (471) 277-31-20", "DE", Some("84712773120")),
            ("+49 30 123456", "RU", Some("+4930123456")),
            ("277-31-20", "RU", Some("2773120")),
            ("завтра", "RU", None),
        ] {
            assert_eq!(
                phone_in_brief(text, country).as_deref(),
                expected,
                "{text} {country}"
            );
        }
    }
}
