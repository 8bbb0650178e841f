//! Moments as the portal writes and reads them: in its own zone, whatever the caller's is.

use jiff::civil;
use jiff::tz::Offset;

use crate::model::Millis;

/// The practice portal stands in Moscow.
const ZONE: Offset = Offset::constant(3);

/// `2024-08-30T14:29:00+03:00`.
// b24: api-reference/data-types.md
pub fn datetime(at: Millis) -> String {
    let at = civil_time(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+03:00",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// A day without a time: the portal writes its UTC midnight in its own zone.
// b24: api-reference/crm/deals/crm-deal-get.md (BEGINDATE)
pub fn date(at: Millis) -> String {
    let at = civil_time(at);
    format!(
        "{:04}-{:02}-{:02}T03:00:00+03:00",
        at.year(),
        at.month(),
        at.day()
    )
}

/// `30.08.2024 14:29`, for the portal's pages.
pub fn for_people(at: Millis) -> String {
    let at = civil_time(at);
    let (day, month, year) = (at.day(), at.month(), at.year());
    format!(
        "{day:02}.{month:02}.{year:04} {:02}:{:02}",
        at.hour(),
        at.minute()
    )
}

fn civil_time(at: Millis) -> civil::DateTime {
    let stamp = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    ZONE.to_datetime(stamp)
}

/// Reads what the portal reads: ISO 8601 with or without an offset, and `31.12.2026[ 10:00[:00]]`.
/// Without an offset the portal's zone is meant.
pub fn parse(text: &str) -> Option<Millis> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return Some(Millis(stamp.as_millisecond()));
    }
    let civil = text
        .parse::<civil::DateTime>()
        .or_else(|_| civil::DateTime::strptime("%d.%m.%Y %H:%M:%S", text))
        .or_else(|_| civil::DateTime::strptime("%d.%m.%Y %H:%M", text))
        .or_else(|_| civil::Date::strptime("%d.%m.%Y", text).map(|d| d.at(0, 0, 0, 0)))
        .ok()?;
    let stamp = ZONE.to_timestamp(civil).ok()?;
    Some(Millis(stamp.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_portals_forms_and_writes_its_own() {
        let table = [
            ("2026-12-31T10:00:00+03:00", "2026-12-31T10:00:00+03:00"),
            ("2026-12-31T10:00:00Z", "2026-12-31T13:00:00+03:00"),
            ("2026-12-31T10:00:00", "2026-12-31T10:00:00+03:00"),
            ("2026-12-31 10:00:00", "2026-12-31T10:00:00+03:00"),
            ("2026-12-31", "2026-12-31T00:00:00+03:00"),
            ("31.12.2026 10:00", "2026-12-31T10:00:00+03:00"),
            ("31.12.2026", "2026-12-31T00:00:00+03:00"),
        ];
        for (given, expected) in table {
            assert_eq!(parse(given).map(datetime).as_deref(), Some(expected), "{given}");
        }
        for wrong in ["", "tomorrow", "31.02.2026", "2026-13-01", "12"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(
            parse("31.12.2026 23:30").map(date).as_deref(),
            Some("2026-12-31T03:00:00+03:00")
        );
    }
}
