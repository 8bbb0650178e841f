//! Plain text of what the portal wrote for a browser.

/// Refusals are shown in one place of a page and stored with every attempt; this many characters
/// hold the longest that are known (a list of required fields).
const MAX_CHARS: usize = 1_000;

/// Text without tags and entities; `<br>` and the ends of paragraphs become line breaks; other runs
/// of blanks become one. At most 1000 characters, then `…`.
pub fn plain_text(markup: &str) -> String {
    let bare = without_tags(markup);
    let decoded = html_escape::decode_html_entities(&bare);
    let mut out = String::new();
    for line in decoded.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&words.join(" "));
    }
    shortened(&out, MAX_CHARS)
}

/// The first `max` characters, with `…` for the rest.
pub(super) fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn without_tags(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        match tag_end(rest) {
            Some(end) => {
                if breaks_line(&rest[1..end]) {
                    out.push('\n');
                }
                rest = &rest[end + 1..];
            }
            // "1 < 2" is text.
            None => {
                out.push('<');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Where the tag that `text` begins with ends, if it is one.
fn tag_end(text: &str) -> Option<usize> {
    let after = text.as_bytes().get(1)?;
    if after.is_ascii_alphabetic() || matches!(after, b'/' | b'!') {
        text.find('>')
    } else {
        None
    }
}

fn breaks_line(tag: &str) -> bool {
    let name: String = tag
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    matches!(
        name.as_str(),
        "br" | "p" | "div" | "li" | "tr" | "ul" | "h1" | "h2"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_becomes_text() {
        let cases = [
            (
                "Поле &quot;Сумма&quot; обязательно<br>",
                "Поле \"Сумма\" обязательно",
            ),
            ("a<br />b<BR>c", "a\nb\nc"),
            ("<b>Access</b>  denied.", "Access denied."),
            ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
            ("<p>one</p><p>two</p>", "one\ntwo"),
            ("&lt;script&gt;", "<script>"),
            ("", ""),
            ("<", "<"),
        ];
        for (markup, expected) in cases {
            assert_eq!(plain_text(markup), expected, "{markup}");
        }
    }

    #[test]
    fn long_text_is_cut() {
        let text = plain_text(&"ж".repeat(5_000));
        assert_eq!(text.chars().count(), MAX_CHARS + 1);
        assert!(text.ends_with('…'));
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_short(text in "\\PC*") {
            prop_assert!(plain_text(&text).chars().count() <= MAX_CHARS + 1);
        }
    }
}
