//! Text that must never reach a log, a page or an error.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A webhook code, token or password. `Debug` and `Display` show its last four characters at most;
/// only [`Secret::reveal`] gives the text, and only the adapters that send or store it call that.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not tell where the texts differ.
    pub fn is_same(&self, given: &str) -> bool {
        let differences = given
            .bytes()
            .zip(self.0.bytes())
            .fold(0, |sum, (a, b)| sum | (a ^ b));
        given.len() == self.0.len() && differences == 0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.chars().count();
        // Of a short secret even four characters would tell too much.
        if count >= 12 {
            let tail: String = self.0.chars().skip(count - 4).collect();
            write!(f, "…{tail}")
        } else {
            f.write_str("…")
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_four_characters_at_most() {
        assert_eq!(format!("{:?}", Secret::new("abcdefghijkl1234")), "Secret(…1234)");
        assert_eq!(Secret::new("short").to_string(), "…");
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(Secret::new("abc").is_same("abc"));
        for (a, b) in [("abc", "abd"), ("ab", "abc"), ("abc", "ab"), ("", "a")] {
            assert!(!Secret::new(a).is_same(b), "{a} {b}");
        }
    }
}
