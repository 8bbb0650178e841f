//! Dates and times as people, forms and programs write them.
//!
//! The day comes first in `05/06/2026`, the month only where the country writes so (US). A time
//! without an offset stays without: the portal reads it in its own zone; one with an offset keeps it.
// b24: api-reference/data-types.md

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;

const MONTHS: [(&str, &str); 12] = [
    ("января", "january"),
    ("февраля", "february"),
    ("марта", "march"),
    ("апреля", "april"),
    ("мая", "may"),
    ("июня", "june"),
    ("июля", "july"),
    ("августа", "august"),
    ("сентября", "september"),
    ("октября", "october"),
    ("ноября", "november"),
    ("декабря", "december"),
];
/// Two-digit years from here on belong to the twentieth century, as POSIX has it.
const FIRST_OLD_YEAR: i16 = 69;

/// `2026-12-31`; the date as it was written, whatever offset a time behind it has.
pub(super) fn date(text: &str, country: &str) -> Option<String> {
    read(text, country).map(|(date, _)| date.to_string())
}

/// `2026-12-31T10:00:00`, with `+03:00` when an offset came; midnight when no time came. A number of
/// 10 or 13 digits is Unix time in seconds or milliseconds.
pub(super) fn date_time(text: &str, country: &str) -> Option<String> {
    if let Some(moment) = unix_time(text.trim()) {
        return Some(moment);
    }
    let (date, time) = read(text, country)?;
    Some(format!(
        "{date}T{}",
        time.unwrap_or_else(|| "00:00:00".to_owned())
    ))
}

/// The date, and the time with its offset as ISO 8601 text.
fn read(text: &str, country: &str) -> Option<(Date, Option<String>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if let Some(moment) = mail_date(&text) {
        return Some(moment);
    }
    let Some(colon) = text.find(':') else {
        return Some((read_date(&text, country)?, None));
    };
    let head = text.get(..colon)?;
    let time_at =
        head.rfind(|c: char| !c.is_ascii_digit())? + head.chars().rfind(|c| !c.is_ascii_digit())?.len_utf8();
    let date = head.get(..time_at)?.trim_end();
    let date = [",", "T", "t", "в", "at"]
        .iter()
        .find_map(|mark| date.strip_suffix(mark))
        .unwrap_or(date);
    let date = read_date(date.trim_end(), country)?;
    Some((date, Some(read_time(date, text.get(time_at..)?)?)))
}

fn read_date(text: &str, country: &str) -> Option<Date> {
    let text = text.trim();
    let all_digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if text.len() == 8 && all_digits(text) {
        return civil(text.get(..4)?, text.get(4..6)?, text.get(6..)?);
    }
    for separator in ['-', '.', '/'] {
        let parts: Vec<&str> = text.split(separator).collect();
        let [a, b, c] = parts.as_slice() else { continue };
        if ![a, b, c].iter().all(|part| all_digits(part)) {
            continue;
        }
        if a.len() == 4 {
            return civil(a, b, c);
        }
        let month_first = separator == '/' && country.eq_ignore_ascii_case("US");
        let (day, month) = if month_first { (b, a) } else { (a, b) };
        // `12/31/2026` can only be read one way.
        return civil(c, month, day).or_else(|| {
            if separator == '/' {
                civil(c, day, month)
            } else {
                None
            }
        });
    }
    with_month_name(text)
}

/// `31 декабря 2026 г.`, `December 31, 2026`, `31-Dec-2026`.
fn with_month_name(text: &str) -> Option<Date> {
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = lower
        .split([' ', ',', '.', '-', '\u{a0}'])
        .filter(|word| !word.is_empty())
        .collect();
    if words.len() == 4 && words.last().is_some_and(|last| matches!(*last, "г" | "года")) {
        words.pop();
    }
    let [a, b, c] = words.as_slice() else { return None };
    let (day, name) = if a.starts_with(|c: char| c.is_ascii_digit()) {
        (a, b)
    } else {
        (b, a)
    };
    let month = MONTHS
        .iter()
        .position(|(ru, en)| is_month(name, ru) || is_month(name, en))?;
    (c.len() == 4)
        .then(|| civil(c, &(month + 1).to_string(), day))
        .flatten()
}

/// The name itself, its beginning (`дек`, `sept`), or another ending (`май` for `мая`).
fn is_month(name: &str, full: &str) -> bool {
    let stem = |word: &str| {
        word.chars()
            .count()
            .checked_sub(1)
            .map(|n| word.chars().take(n).collect::<String>())
    };
    name.chars().count() >= 3 && (full.starts_with(name) || stem(full) == stem(name))
}

fn civil(year: &str, month: &str, day: &str) -> Option<Date> {
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    let number: i16 = year.parse().ok()?;
    let year = match (year.len(), number) {
        (4, 1..) => number,
        (2, FIRST_OLD_YEAR..) => 1900 + number,
        (2, _) => 2000 + number,
        _ => return None,
    };
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `10:00`, `10:00:30.5`, `9:05 pm`, each with `Z`, `+03:00`, `+0300` or `GMT+3` behind it or not.
fn read_time(date: Date, text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let clock_end = lower
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ',')))
        .unwrap_or(lower.len());
    let (clock, rest) = lower.split_at(clock_end);
    let rest = rest.trim_start();
    let (half, zone) = match (rest.strip_prefix("am"), rest.strip_prefix("pm")) {
        (Some(zone), _) => (Some(0), zone),
        (_, Some(zone)) => (Some(12), zone),
        _ => (None, rest),
    };
    let (hour, minutes) = clock.split_once(':')?;
    let mut hour: u8 = hour.parse().ok()?;
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
    }
    let zone = zone.trim();
    let offset = ["gmt", "utc"]
        .iter()
        .find_map(|name| zone.strip_prefix(name))
        .map(str::trim);
    let zone = match offset {
        Some("") => "z".to_owned(),
        Some(offset) if offset.len() == 2 => format!("{}0{}", offset.get(..1)?, offset.get(1..)?),
        Some(offset) => offset.to_owned(),
        None => zone.to_owned(),
    };
    let iso = format!("{date}T{hour:02}:{minutes}{zone}");
    let pieces = Pieces::parse(&iso).ok()?;
    let time = pieces.time()?.strftime("%H:%M:%S").to_string();
    let offset = pieces
        .to_numeric_offset()
        .map_or_else(String::new, |offset| offset_text(offset.seconds()));
    Some(format!("{time}{offset}"))
}

fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `Thu, 31 Dec 2026 10:00:00 +0300`.
fn mail_date(text: &str) -> Option<(Date, Option<String>)> {
    let moment = jiff::fmt::rfc2822::parse(text).ok()?;
    let time = moment.time().strftime("%H:%M:%S").to_string();
    Some((
        moment.date(),
        Some(format!("{time}{}", offset_text(moment.offset().seconds()))),
    ))
}

fn unix_time(text: &str) -> Option<String> {
    if !text.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let moment = match text.len() {
        10 => Timestamp::from_second(text.parse().ok()?),
        13 => Timestamp::from_millisecond(text.parse().ok()?),
        _ => return None,
    };
    moment
        .ok()
        .map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates() {
        for text in [
            "2026-12-31",
            "31.12.2026",
            "31/12/2026",
            "31-12-2026",
            "2026/12/31",
            "2026.12.31",
            "20261231",
            "31.12.26",
            " 31.12.2026 ",
            "12/31/2026",
            "2026-12-31T10:00:00+03:00",
            "2026-12-31T23:59:59Z",
            "31.12.2026 10:00",
            "31 декабря 2026",
            "31 декабря 2026 г.",
            "31 дек. 2026",
            "31 December 2026",
            "December 31, 2026",
            "Dec 31 2026",
            "31-Dec-2026",
            "Thu, 31 Dec 2026 10:00:00 +0300",
            "31.12.2026, 10:00",
        ] {
            assert_eq!(date(text, "RU").as_deref(), Some("2026-12-31"), "{text:?}");
        }
        assert_eq!(date("1.2.2026", "RU").as_deref(), Some("2026-02-01"));
        assert_eq!(date("05/06/2026", "RU").as_deref(), Some("2026-06-05"));
        assert_eq!(date("05/06/2026", "US").as_deref(), Some("2026-05-06"));
        assert_eq!(date("01.05.85", "RU").as_deref(), Some("1985-05-01"));
        assert_eq!(date("29.02.2028", "RU").as_deref(), Some("2028-02-29"));
        assert_eq!(date("9 мая 2026", "RU").as_deref(), Some("2026-05-09"));
        assert_eq!(date("1 Сент 2026", "RU").as_deref(), Some("2026-09-01"));
        assert_eq!(date("1 июль 2026", "RU").as_deref(), Some("2026-07-01"));
        assert_eq!(date("8 марта 2026 года", "RU").as_deref(), Some("2026-03-08"));
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "tomorrow",
            "31.02.2026",
            "29.02.2026",
            "2026-13-01",
            "32.12.2026",
            "31.12",
            "0000-00-00",
            "31.12.20266",
            "2026-12-31-01",
            "31.12/2026",
            "12.31.2026",
            "1798700400",
            "31.12.2026 25:00",
            "31.12.2026 10:00 foo",
            "10:00",
            "001.02.2026",
            "31 машина 2026",
            "31 marathon 2026",
            "31 2026 2026",
        ] {
            assert_eq!(date(text, "RU"), None, "{text:?}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("2026-12-31", "2026-12-31T00:00:00"),
            ("2026-12-31 10:00", "2026-12-31T10:00:00"),
            ("31.12.2026 10:00", "2026-12-31T10:00:00"),
            ("31.12.2026 9:05", "2026-12-31T09:05:00"),
            ("31.12.2026, 10:00:30", "2026-12-31T10:00:30"),
            ("31.12.2026 в 10:00", "2026-12-31T10:00:00"),
            ("2026-12-31T10:00", "2026-12-31T10:00:00"),
            ("2026-12-31T10:00:00+03:00", "2026-12-31T10:00:00+03:00"),
            ("2026-12-31T10:00:00.123Z", "2026-12-31T10:00:00+00:00"),
            ("2026-12-31 10:00:00 +0300", "2026-12-31T10:00:00+03:00"),
            ("2026-12-31 10:00:00-05:30", "2026-12-31T10:00:00-05:30"),
            ("2026-12-31 10:00 GMT+3", "2026-12-31T10:00:00+03:00"),
            ("2026-12-31 10:00 UTC", "2026-12-31T10:00:00+00:00"),
            ("12/31/2026 9:05 PM", "2026-12-31T21:05:00"),
            ("12/31/2026 12:05 am", "2026-12-31T00:05:00"),
            ("Thu, 31 Dec 2026 10:00:00 +0300", "2026-12-31T10:00:00+03:00"),
            ("31 декабря 2026 10:00", "2026-12-31T10:00:00"),
            ("1798700400", "2026-12-31T07:00:00+00:00"),
            ("1798700400123", "2026-12-31T07:00:00+00:00"),
        ] {
            assert_eq!(date_time(text, "RU").as_deref(), Some(expected), "{text:?}");
        }
        for text in [
            "2026-12-31 24:30",
            "2026-12-31 10:60",
            "2026-12-31 13:00 pm",
            "2026-12-31 10:00+99:00",
            "now",
            "",
            "+10:00",
            "17987004001",
        ] {
            assert_eq!(date_time(text, "RU"), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = date(&text, "RU");
            let _ = date_time(&text, "US");
        }

        #[test]
        fn never_panics_near_dates(text in "[0-9]{1,4}[-./ ][0-9а-яa-z]{1,4}[-./, ][0-9]{1,4}[ T,]{0,2}([0-9]{1,2}:[0-9]{1,2}([+-][0-9:]{1,5}| ?pm)?)?") {
            if let Some(moment) = date_time(&text, "RU") {
                prop_assert_eq!(date_time(&moment, "RU"), Some(moment.clone()));
                prop_assert_eq!(date(&text, "RU"), moment.get(..10).map(str::to_owned));
            }
        }

        #[test]
        fn dates_round_trip(day in 1_i8..=28, month in 1_i8..=12, year in 1900_i16..2100) {
            let iso = format!("{year}-{month:02}-{day:02}");
            for form in [iso.clone(), format!("{day}.{month}.{year}"), format!("{day:02}/{month:02}/{year}")] {
                prop_assert_eq!(date(&form, "RU"), Some(iso.clone()));
            }
        }
    }
}
