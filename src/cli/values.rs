//! How single values of flags are read, and what is said about wrong ones.

use std::net::IpAddr;

use crate::model::State;
use crate::values::knows_country;

/// Scheme, host and port alone: the pages' links begin at the root.
pub fn origin(text: &str) -> Result<String, String> {
    let wrong =
        || "expected http:// or https:// with a host and no path, like https://bridge.example".to_owned();
    let url = text.trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or_else(wrong)?;
    if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
        return Err(wrong());
    }
    Ok(url.to_owned())
}

/// Scheme and host, and the path below which a proxy may have put us.
pub fn address(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', '@', ' ']) => {
            Ok(url.to_owned())
        }
        _ => Err("expected http:// or https:// with a host, like https://forms.example.ru".to_owned()),
    }
}

pub fn state(text: &str) -> Result<State, String> {
    State::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
        format!("there is no such state; one of {}", names.join(", "))
    })
}

pub fn country(text: &str) -> Result<String, String> {
    let code = text.to_ascii_uppercase();
    // A code of nobody's would leave numbers without their country unread, and people would be made twice.
    if code.len() == 2 && knows_country(&code) {
        Ok(code)
    } else {
        Err("expected the two letters of a country, like RU, BY or KZ".to_owned())
    }
}

pub fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if (0.0..=86_400.0).contains(&n) => Ok(n),
        _ => Err("expected seconds, from 0 to 86400".to_owned()),
    }
}

pub fn host_and_address(text: &str) -> Result<(String, IpAddr), String> {
    let wrong = || "expected HOST=ADDR, like portal.example=10.0.0.5".to_owned();
    let (host, address) = text.split_once('=').ok_or_else(wrong)?;
    let address = address.parse().map_err(|_| wrong())?;
    if host.is_empty() {
        Err(wrong())
    } else {
        Ok((host.to_owned(), address))
    }
}

/// A whole number of days, hours, minutes or seconds.
pub fn age(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || "expected a number with d, h, m or s behind it, like 90d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number
        .checked_mul(seconds)
        .map(std::time::Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_that_have_phones() {
        assert_eq!(country("kz").unwrap(), "KZ");
        for wrong in ["XX", "UK", "RUS", "7", ""] {
            assert!(country(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_have_a_scheme_and_a_host() {
        assert_eq!(address("https://a.example/in/").unwrap(), "https://a.example/in");
        for wrong in [
            "",
            "a.example",
            "https://",
            "https:///in",
            "ftp://a",
            "https://a?b",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ages() {
        assert_eq!(age("90d").unwrap().as_secs(), 90 * 86_400);
        assert_eq!(age("30m").unwrap().as_secs(), 1_800);
        for wrong in ["", "d", "90", "-1d", "1y", "99999999999999999999d", "д"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
