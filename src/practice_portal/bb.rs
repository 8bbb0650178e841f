//! BB codes of messages as markup: bold, italics, links and line breaks. Everything else stays text.
// b24: api-reference/chats/messages/formatting.md

use maud::{Markup, PreEscaped, html};

/// A message that may have come from anywhere.
pub fn markup(message: &str) -> Markup {
    let mut out = String::new();
    write(message, &mut out);
    PreEscaped(out)
}

fn write(message: &str, out: &mut String) {
    let Some((before, tag, argument, inner, after)) = first_tag(message) else {
        for (i, line) in message.split('\n').enumerate() {
            let line = html! { @if i > 0 { br; } (line) };
            out.push_str(&line.into_string());
        }
        return;
    };
    write(before, out);
    let mut content = String::new();
    write(inner, &mut content);
    let content = PreEscaped(content);
    let shown = match tag {
        "b" => html! { b { (content) } },
        "i" => html! { i { (content) } },
        _ => {
            let place = if argument.is_empty() { inner } else { argument };
            let safe = ["http://", "https://", "/"]
                .iter()
                .any(|start| place.starts_with(start));
            html! { @if safe { a href=(place) { (content) } } @else { (content) } }
        }
    };
    out.push_str(&shown.into_string());
    write(after, out);
}

/// Text before, name, argument, content, text behind.
type Found<'a> = (&'a str, &'static str, &'a str, &'a str, &'a str);

/// The first tag that is closed.
fn first_tag(message: &str) -> Option<Found<'_>> {
    let lower = message.to_ascii_lowercase();
    let tags = ["b", "i", "url"].into_iter().filter_map(|tag| {
        let start = lower
            .match_indices(&format!("[{tag}"))
            .map(|(at, _)| at)
            .find(|at| matches!(lower.as_bytes().get(at + 1 + tag.len()), Some(b']' | b'=')))?;
        let open_end = start + lower[start..].find(']')?;
        let close = open_end + lower[open_end..].find(&format!("[/{tag}]"))?;
        let head = &message[start + 1 + tag.len()..open_end];
        let found = (
            &message[..start],
            tag,
            head.trim_start_matches('='),
            &message[open_end + 1..close],
            &message[close + tag.len() + 3..],
        );
        Some((start, found))
    });
    tags.min_by_key(|(start, _)| *start).map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_become_markup_and_nothing_else_does() {
        for (message, expected) in [
            ("a<b>", "a&lt;b&gt;"),
            ("[B]да[/B]\nнет", "<b>да</b><br>нет"),
            (
                "[url=/crm/]x [i]y[/i][/url]!",
                r#"<a href="/crm/">x <i>y</i></a>!"#,
            ),
            (
                "[URL]http://a.b/[/URL]",
                r#"<a href="http://a.b/">http://a.b/</a>"#,
            ),
            ("[url=javascript:alert(1)]x[/url]", "x"),
            ("[b]open", "[b]open"),
            ("[bold]x[/bold]", "[bold]x[/bold]"),
        ] {
            assert_eq!(markup(message).into_string(), expected, "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_message_panics_or_brings_markup_of_its_own(message in r"(\[/?(b|i|url)=?\]?|<|я|/)*") {
            let shown = markup(&message).into_string();
            let known = ["<b>", "</b>", "<i>", "</i>", "<br>", "</a>"];
            let left = known.iter().fold(shown, |text, tag| text.replace(tag, "")).replace("<a href=", "");
            prop_assert!(!left.contains('<'), "{left}");
        }
    }
}
