//! Comparing what people typed: without case, outer and doubled spaces, and the dots of `ё`.

/// Characters that are not seen and come along when a text is copied from a telephone or a page:
/// soft hyphen, zero-width and direction marks, byte order mark.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Equal for texts that a person would call the same.
pub(super) fn fold(text: &str) -> String {
    let lower: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ё' { 'е' } else { c })
        .collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn same(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}

/// Adds what is not there yet, keeping the order.
pub(super) fn push_new(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_s_differences_do_not_count() {
        assert!(same(" Чёрный\u{a0} цвет ", "ЧЕРНЫЙ ЦВЕТ"));
        assert!(same("\u{202a}Red\u{202c}", "red"));
        assert!(!same("чёрный", "чёрныи"));
    }
}
