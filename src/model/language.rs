//! The two languages in which the bridge speaks to people.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Russian,
    English,
}

impl Language {
    /// The better liked of the two in an `Accept-Language` (RFC 9110, section 12.5.4); English when neither is.
    pub fn preferred(accept: &str) -> Language {
        let mut best = (Language::English, 0.0);
        for range in accept.split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let language = match tag
                .trim()
                .split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
                .as_str()
            {
                "ru" => Language::Russian,
                "en" => Language::English,
                _ => continue,
            };
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(q) => q.trim().parse().unwrap_or(0.0),
                None => 1.0,
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_better_liked_language_wins() {
        for (accept, expected) in [
            ("", Language::English),
            ("de", Language::English),
            ("ru", Language::Russian),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Language::Russian),
            ("en-US,en;q=0.9,ru;q=0.8", Language::English),
            ("kk;q=1, RU;q=0.5, en;q=0.4", Language::Russian),
            ("ru;q=0, de", Language::English),
        ] {
            assert_eq!(Language::preferred(accept), expected, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn any_header_can_be_read(accept in ".*") {
            Language::preferred(&accept);
        }
    }
}
