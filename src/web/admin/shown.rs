//! Values from outside as text that can be read: nothing invisible, nothing that turns the line around.

use std::borrow::Cow;

use crate::model::Millis;
use crate::web::admin::visit::Visit;

/// Control characters as their pictures; marks that change the direction of writing as U+FFFD, since they can make a
/// file name read as another. HTML forbids the former (WHATWG HTML, 13.2.3.5), and nobody types the latter.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().filter(|c| *c != '\r').map(|c| match c {
        _ if !is_hidden(c) => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ => '\u{fffd}',
    });
    Cow::Owned(shown.collect())
}

/// What was typed, without what nobody types.
pub fn typed(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect()
}

fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        // Characters that are none: HTML forbids them as well.
        || matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// At most `most` characters, then an ellipsis.
pub fn short(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default().trim_end())),
        None => Cow::Borrowed(text),
    }
}

/// A moment to the second.
pub fn exact(visit: &Visit<'_>, at: Millis) -> String {
    visit.lang.exact(at, visit.zone())
}

/// A size for people.
pub fn size(visit: &Visit<'_>, bytes: usize) -> String {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    let tenths = |n: usize, unit: usize| {
        let tenths = (n * 10 + unit / 2) / unit;
        format!("{}{}{}", tenths / 10, visit.t(",", "."), tenths % 10)
    };
    match bytes {
        0..KIB => format!("{bytes}\u{a0}{}", visit.t("Б", "B")),
        KIB..MIB => format!("{}\u{a0}{}", tenths(bytes, KIB), visit.t("КБ", "KB")),
        _ => format!("{}\u{a0}{}", tenths(bytes, MIB), visit.t("МБ", "MB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_made_visible() {
        for (text, expected) in [
            ("Иван\tИванов\nстрока", "Иван\tИванов\nстрока"),
            ("a\r\nb", "a\nb"),
            ("a\0b\u{1b}[31m\u{7f}", "a␀b␛[31m␡"),
            ("invoice\u{202e}gpj.exe", "invoice\u{fffd}gpj.exe"),
            ("\u{85}\u{fffe}", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
        }
        assert_eq!(short("абвгд", 3), "абв…");
        assert_eq!(short("абв", 3), "абв");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(is_hidden));
        }
    }
}
