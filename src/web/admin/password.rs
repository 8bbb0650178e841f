//! Passwords: which ones are taken, and how they are kept (argon2id, as a PHC string). Hashing takes tens of
//! milliseconds and 19 MiB: never on the reactor.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// What NIST SP 800-63B asks for, and two more.
pub const SHORTEST: usize = 10;
/// Beyond it nothing is gained but work for us.
pub const LONGEST: usize = 256;
/// Names are shown in the top bar.
pub const LONGEST_NAME: usize = 60;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("the password is shorter than {SHORTEST} characters; take a longer one, a sentence is fine")]
    Short,
    #[error("the password is longer than {LONGEST} characters; take a shorter one")]
    Long,
    #[error("the password repeats a few characters or the name; take one that nobody guesses")]
    Guessable,
}

/// Refuses what is guessed first.
pub fn check(name: &str, password: &str) -> Result<(), Weak> {
    /// Fewer different characters make no secret.
    const DIFFERENT: usize = 4;
    let count = password.chars().count();
    let different: std::collections::HashSet<char> = password.chars().collect();
    if count < SHORTEST {
        Err(Weak::Short)
    } else if count > LONGEST {
        Err(Weak::Long)
    } else if different.len() < DIFFERENT || password.to_lowercase() == name.trim().to_lowercase() {
        Err(Weak::Guessable)
    } else {
        Ok(())
    }
}

/// Whether a name will do: something to read, on one line.
pub fn is_name(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

/// The system gave no random salt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the password cannot be hashed: {0}")]
pub struct NotHashed(String);

/// The text to keep of a password: `$argon2id$…`.
pub fn hash(password: &str) -> Result<String, NotHashed> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| NotHashed(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a password is the one of a hash. Without a hash it takes the same time, so that nobody learns which
/// names exist.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let Some(hash) = hash else {
        let _same_work = self::hash(password);
        return false;
    };
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        for (name, password, expected) in [
            ("anna", "корабль-на-якоре", Ok(())),
            ("anna", "123456789", Err(Weak::Short)),
            ("anna", "ключключк", Err(Weak::Short)),
            ("anna", "aaaaaaaaaaaa", Err(Weak::Guessable)),
            ("administrator", "Administrator", Err(Weak::Guessable)),
            ("anna", &"ab3d".repeat(65), Err(Weak::Long)),
        ] {
            assert_eq!(check(name, password), expected, "{password}");
        }
    }

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let hash = hash("корабль-на-якоре").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("корабль-на-якоре", Some(&hash)));
        assert!(!verify("корабль-на-якор", Some(&hash)));
        assert!(!verify("", Some("nonsense")));
        assert!(!verify("корабль-на-якоре", None));
    }
}
