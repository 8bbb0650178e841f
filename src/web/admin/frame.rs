//! Pages inside the portal's frame: `/b24/f/<token>/channels` is `/channels` for whoever holds the token.

use super::session::Token;

/// Everything below it is shown inside the portal.
const ALL: &str = "/b24/";
const PREFIX: &str = "/b24/f/";

/// What stands before every path of a frame.
pub fn base(token: &Token) -> String {
    format!("{PREFIX}{}", token.reveal())
}

/// The token of a frame and the path behind it.
pub fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(PREFIX)?;
    Some(match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    })
}

/// Whether the portal may show a path in a frame.
pub fn is_framed(path: &str) -> bool {
    path.starts_with(ALL)
}

/// What the portal makes for each frame: letters and digits.
// b24: settings/oauth/simple-way.md
pub fn is_app_sid(text: &str) -> bool {
    const LONGEST: usize = 128;
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_before_the_path() {
        for (path, expected) in [
            ("/b24/f/abc/channels/x", Some(("abc", "/channels/x"))),
            ("/b24/f/abc/", Some(("abc", "/"))),
            ("/b24/f/abc", Some(("abc", "/"))),
            ("/b24/f/abc//evil", Some(("abc", "//evil"))),
            ("/b24/f//channels", Some(("", "/channels"))),
            ("/b24/app", None),
            ("/channels", None),
        ] {
            assert_eq!(split(path), expected, "{path}");
        }
        assert!(is_framed("/b24/app") && is_framed("/b24/f/x/") && !is_framed("/b24") && !is_framed("/"));
    }
}
