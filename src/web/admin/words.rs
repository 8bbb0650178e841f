//! Texts in two languages, kept where they are shown: `visit.t("Каналы", "Channels")`. Numbers and dates as each
//! language writes them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::model::{Millis, State};
use crate::web::visitor::Language;

/// A text in both languages, for tables and constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    pub ru: &'static str,
    pub en: &'static str,
}

/// Names a [`Text`]: `const TITLE: Text = text("Каналы", "Channels");`
pub const fn text(ru: &'static str, en: &'static str) -> Text {
    Text { ru, en }
}

/// The forms of a counted noun: Russian for 1, 2 and 5 of it, English for 1 and 2.
#[derive(Debug, Clone, Copy)]
pub struct Noun {
    pub ru: [&'static str; 3],
    pub en: [&'static str; 2],
}

pub const REQUESTS: Noun = Noun {
    ru: ["запрос", "запроса", "запросов"],
    en: ["request", "requests"],
};
const SECONDS: Noun = Noun {
    ru: ["секунда", "секунды", "секунд"],
    en: ["second", "seconds"],
};
const MINUTES: Noun = Noun {
    ru: ["минута", "минуты", "минут"],
    en: ["minute", "minutes"],
};
const HOURS: Noun = Noun {
    ru: ["час", "часа", "часов"],
    en: ["hour", "hours"],
};
const DAYS: Noun = Noun {
    ru: ["день", "дня", "дней"],
    en: ["day", "days"],
};

impl Language {
    /// The one in this language.
    pub fn t<T>(self, russian: T, english: T) -> T {
        match self {
            Language::Russian => russian,
            Language::English => english,
        }
    }

    pub fn of(self, text: Text) -> &'static str {
        self.t(text.ru, text.en)
    }

    /// As in `lang="ru"` and in the settings.
    pub fn code(self) -> &'static str {
        self.t("ru", "en")
    }

    pub fn from_code(code: &str) -> Option<Language> {
        match code {
            "ru" => Some(Language::Russian),
            "en" => Some(Language::English),
            _ => None,
        }
    }

    /// `1 234 567`, with the spaces or commas of the language.
    pub fn number(self, n: u64) -> String {
        let digits = n.to_string();
        let mut grouped = String::with_capacity(digits.len() + 8);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(self.t('\u{a0}', ','));
            }
            grouped.push(digit);
        }
        grouped
    }

    /// The noun as it follows the number.
    pub fn noun(self, n: u64, noun: Noun) -> &'static str {
        match self {
            Language::Russian => match (n % 10, n % 100) {
                (_, 11..=14) => noun.ru[2],
                (1, _) => noun.ru[0],
                (2..=4, _) => noun.ru[1],
                _ => noun.ru[2],
            },
            Language::English => noun.en[usize::from(n != 1)],
        }
    }

    /// `5 запросов`, `1 request`.
    pub fn count(self, n: u64, noun: Noun) -> String {
        format!("{}\u{a0}{}", self.number(n), self.noun(n, noun))
    }

    /// A span in its largest whole unit: `3 hours`.
    pub fn span(self, span: Duration) -> String {
        let seconds = span.as_secs();
        let (n, noun) = match seconds {
            0..60 => (seconds, SECONDS),
            60..3_600 => (seconds / 60, MINUTES),
            3_600..172_800 => (seconds / 3_600, HOURS),
            _ => (seconds / 86_400, DAYS),
        };
        self.count(n, noun)
    }

    /// A moment as people write it, to the minute.
    pub fn moment(self, at: Millis, zone: &TimeZone) -> String {
        self.strftime(at, zone, self.t("%d.%m.%Y %H:%M", "%-d %b %Y, %H:%M"))
    }

    /// The same to the second.
    pub fn exact(self, at: Millis, zone: &TimeZone) -> String {
        self.strftime(at, zone, self.t("%d.%m.%Y %H:%M:%S", "%-d %b %Y, %H:%M:%S"))
    }

    /// The day alone, without its year.
    pub fn day(self, at: Millis, zone: &TimeZone) -> String {
        self.strftime(at, zone, self.t("%d.%m", "%-d %b"))
    }

    pub fn hour(self, at: Millis, zone: &TimeZone) -> String {
        self.strftime(at, zone, "%H:%M")
    }

    fn strftime(self, at: Millis, zone: &TimeZone, format: &str) -> String {
        match Timestamp::from_millisecond(at.0) {
            Ok(time) => time.to_zoned(zone.clone()).strftime(format).to_string(),
            Err(_) => at.to_string(),
        }
    }

    /// `<time>` with the moment for people and for machines.
    pub fn time(self, at: Millis, zone: &TimeZone) -> Markup {
        html! { time datetime=(at) { (self.moment(at, zone)) } }
    }

    /// A state's name.
    pub fn state(self, state: State) -> &'static str {
        match state {
            State::Queued => self.t("В очереди", "Queued"),
            State::Delivering => self.t("Обрабатывается", "Delivering"),
            State::Delivered => self.t("Обработан", "Delivered"),
            State::Ignored => self.t("Проигнорирован", "Ignored"),
            State::Failed => self.t("Ошибка", "Failed"),
            State::Unreadable => self.t("Не прочитан", "Unreadable"),
            State::Test => self.t("Проверка связи", "Connection test"),
            State::Repeat => self.t("Повтор", "Repeat"),
            State::Spam => self.t("Спам", "Spam"),
        }
    }
}

/// The zone's name and offset at a moment: `Europe/Moscow, UTC+03:00`.
pub fn zone_name(zone: &TimeZone, now: Millis) -> String {
    let offset = Timestamp::from_millisecond(now.0).map(|time| zone.to_offset(time));
    let seconds = offset.map_or(0, |offset| offset.seconds());
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    let offset = match minutes {
        0 => "UTC".to_owned(),
        _ => format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    };
    match zone.iana_name() {
        // `Etc/UTC` is no place, and its offset says the same.
        Some(name) if name != "UTC" && !name.starts_with("Etc/") => format!("{name}, {offset}"),
        _ => offset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RU: Language = Language::Russian;
    const EN: Language = Language::English;

    #[test]
    fn nouns_follow_their_numbers() {
        for (n, ru, en) in [
            (0, "0\u{a0}запросов", "0\u{a0}requests"),
            (1, "1\u{a0}запрос", "1\u{a0}request"),
            (3, "3\u{a0}запроса", "3\u{a0}requests"),
            (11, "11\u{a0}запросов", "11\u{a0}requests"),
            (21, "21\u{a0}запрос", "21\u{a0}requests"),
            (112, "112\u{a0}запросов", "112\u{a0}requests"),
            (
                1_234_567,
                "1\u{a0}234\u{a0}567\u{a0}запросов",
                "1,234,567\u{a0}requests",
            ),
        ] {
            assert_eq!(RU.count(n, REQUESTS), ru);
            assert_eq!(EN.count(n, REQUESTS), en);
        }
    }

    #[test]
    fn spans_have_one_unit() {
        for (seconds, expected) in [
            (0, "0\u{a0}seconds"),
            (59, "59\u{a0}seconds"),
            (119, "1\u{a0}minute"),
            (7_200, "2\u{a0}hours"),
            (172_800, "2\u{a0}days"),
        ] {
            assert_eq!(EN.span(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn moments_stand_in_the_zone_of_the_server() {
        let at = Millis(1_795_341_600_000);
        let moscow = TimeZone::fixed(jiff::tz::offset(3));
        assert_eq!(RU.moment(at, &moscow), "22.11.2026 13:00");
        assert_eq!(EN.moment(at, &TimeZone::UTC), "22 Nov 2026, 10:00");
        assert_eq!(
            RU.time(at, &moscow).into_string(),
            r#"<time datetime="2026-11-22T10:00:00Z">22.11.2026 13:00</time>"#
        );
        assert_eq!(zone_name(&moscow, at), "UTC+03:00");
        assert_eq!(zone_name(&TimeZone::UTC, at), "UTC");
        let servers = TimeZone::get("Etc/UTC").unwrap();
        assert_eq!(zone_name(&servers, at), "UTC");
    }
}
