//! Reads the program's own sources for sentences, so that a new one is not forgotten.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

use super::*;

/// Folders whose sentences can reach a page, and files.
const SOURCES: &[&str] = &[
    "values",
    "plan",
    "wire",
    "portal",
    "intake",
    "template",
    "deliver",
    "channel_file/checks.rs",
    "web/letter.rs",
    "web/sieve.rs",
];

/// Sentences that no page shows, each with its reason.
const ELSEWHERE: &[&str] = &[
    // `pages::portal` has words of its own for each line of the check and for a wrong address.
    "portal/check.rs",
    "portal/connection.rs",
    "portal/keys.rs",
    "portal/test_server.rs",
    // A phone's notations and the like: parts of values, not of sentences.
    "{} · {} {}",
    // Parts of sentences that are looked at whole below.
    "one of {}",
    "one of {} and {} more",
    "in deal pipeline {}",
    // Is always around a sentence of its own.
    "it takes {}; correct the form or add the value in the portal",
    // The portal's own values follow, or another sentence does; `every_refused_value…` and `what_the_portal…` have them.
    "the portal's currencies are known by code or name: {}; correct the row or add the currency to the portal",
    "the portal has no stage {} {}; choose another stage in the channel, then deliver again",
    "this delivery began as a {} and its channel makes a {} now; set the channel's entity back to {}, deliver again, and change it after that",
    "the portal could not be read: {}",
    "the portal did not answer: {}; check the connection with `b24-bridge portal check`",
    // `pages::portal` asks instead.
    "{} submissions are half delivered to the portal known so far",
    // To the log, to a terminal, or to the other end of the wire.
    "cannot start a thread: {}",
    "Mozilla/5.0 (compatible; b24-bridge/{})",
];

/// The text of every string in a file of ours that reads like a sentence, tests, logging and documentation left out.
fn sentences(file: &Path) -> Vec<String> {
    fn walk(stream: TokenStream, out: &mut Vec<String>) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let is = |token: Option<&TokenTree>, text: &str| token.is_some_and(|token| token.to_string() == text);
        let mut i = 0;
        while let Some(token) = tokens.get(i) {
            if is(Some(token), "#")
                && tokens
                    .get(i + 1)
                    .is_some_and(|next| next.to_string().replace(' ', "") == "[cfg(test)]")
            {
                // The item ends with a block or a semicolon.
                i += 2;
                while let Some(token) = tokens.get(i) {
                    let is_block = matches!(token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace);
                    i += 1;
                    if is_block || token.to_string() == ";" {
                        break;
                    }
                }
                continue;
            }
            let is_log = is(Some(token), "tracing") && is(tokens.get(i + 4), "!");
            let hash = usize::from(is(tokens.get(i + 1), "!"));
            let is_documentation = is(Some(token), "#")
                && tokens
                    .get(i + 1 + hash)
                    .is_some_and(|next| next.to_string().starts_with("[doc"));
            if is_log {
                i += 6;
                continue;
            }
            if is_documentation {
                i += 2 + hash;
                continue;
            }
            match token {
                TokenTree::Group(group) => walk(group.stream(), out),
                TokenTree::Literal(literal) => out.extend(text_of(&literal.to_string())),
                _ => {}
            }
            i += 1;
        }
    }
    let text = std::fs::read_to_string(file).unwrap();
    let mut out = Vec::new();
    walk(text.parse().unwrap(), &mut out);
    out.retain(|text| {
        let words = text.split(' ').filter(|word| {
            word.len() > 1
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == ',' || c == ';')
        });
        words.count() >= 3
    });
    out
}

/// What a literal holds, with `{}` for every placeholder of a format.
fn text_of(literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            '{' | '}' if chars.next_if_eq(&c).is_some() => text.push(c),
            '{' => {
                while chars.next_if(|c| *c != '}').is_some() {}
                chars.next();
                text.push_str("{}");
            }
            c => text.push(c),
        }
    }
    Some(text)
}

fn files(at: &Path, out: &mut Vec<std::path::PathBuf>) {
    if at.is_file() {
        out.push(at.to_owned());
        return;
    }
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains("test") {
            files(&path, out);
        }
    }
}

/// Reads the sources: no sentence of ours reaches a Russian page in English, and a new one is not forgotten.
#[test]
fn every_sentence_of_the_engine_is_known_in_russian() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    for source in SOURCES {
        files(&root.join(source), &mut all);
    }
    let mut unknown = Vec::new();
    let mut known = 0;
    for file in &all {
        let name = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        if ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        for pattern in sentences(file) {
            if ELSEWHERE.contains(&pattern.as_str()) {
                continue;
            }
            // As it would be filled: numbers fit everywhere.
            let text = pattern.replace("{}", "7");
            match russian(&text) {
                Some(words) if is_russian(&words) => known += 1,
                other => unknown.push(format!("{name}: {text} -> {other:?}")),
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "{} sentences without Russian:\n{}",
        unknown.len(),
        unknown.join("\n")
    );
    assert!(known > 90, "only {known} sentences were found");
}

/// Everything that is shown for a sentence, or for the two halves of what a field takes.
fn russian(text: &str) -> Option<String> {
    let halves = text.split_once("; ").and_then(|(expected, way_out)| {
        Some(format!("{} {}", in_words(RU, expected)?, in_words(RU, way_out)?))
    });
    halves.or_else(|| (lang_of(RU, text).is_none()).then(|| in_full(RU, text)))
}
