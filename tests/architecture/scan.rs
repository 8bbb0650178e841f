//! Reads one source file as Rust tokens, so that comments, strings and formatting deceive nobody, and
//! takes down what the rules are about. Code under `#[cfg(test)]` is left out.

use proc_macro2::{Delimiter, Group, LexError, TokenStream, TokenTree};

/// One path as written, `use` groups taken apart: `["crate", "store", "inbox"]`.
#[derive(Debug, PartialEq)]
pub struct PathSeen {
    pub parts: Vec<String>,
    pub line: usize,
    /// How many inline modules deep it stands: `super` counts from there.
    pub depth: usize,
}

/// What is read from one file, tests left out.
#[derive(Debug, Default)]
pub struct Seen {
    pub paths: Vec<PathSeen>,
    /// `.unwrap(`, `panic!`, … by name.
    pub panics: Vec<(String, usize)>,
    /// `#[cfg(test)] mod name;`: the file `name` is a test.
    pub test_modules: Vec<String>,
    /// The same with `#[path = "file.rs"]`: the file beside this one.
    pub test_files: Vec<String>,
}

pub fn scan(text: &str) -> Result<Seen, LexError> {
    let mut seen = Seen::default();
    walk(text.parse()?, 0, &mut seen);
    Ok(seen)
}

fn walk(stream: TokenStream, depth: usize, seen: &mut Seen) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        if is_cfg_test(&tokens[i..]) {
            i = skip_item(&tokens, i + 2, seen);
            continue;
        }
        match &tokens[i] {
            TokenTree::Ident(name) => {
                note_panic(&tokens, i, seen);
                let continues =
                    i >= 3 && is_colons(&tokens[i - 2..]) && ends_a_path(&tokens[i - 3], &tokens[i - 2]);
                if !continues && !is_punct(tokens.get(i.wrapping_sub(1)), '.') {
                    let line = name.span().start().line;
                    i = read_path(&tokens, i, Vec::new(), depth, line, seen);
                    continue;
                }
            }
            TokenTree::Group(group) => {
                let inline_module = group.delimiter() == Delimiter::Brace
                    && i >= 2
                    && matches!(&tokens[i - 2], TokenTree::Ident(word) if word == "mod");
                walk(group.stream(), depth + usize::from(inline_module), seen);
            }
            _ => {}
        }
        i += 1;
    }
}

/// Takes down the path that begins at `i`, every branch of a `{…}` for itself, and returns where the
/// path ends.
fn read_path(
    tokens: &[TokenTree],
    mut i: usize,
    mut parts: Vec<String>,
    depth: usize,
    line: usize,
    seen: &mut Seen,
) -> usize {
    loop {
        match tokens.get(i) {
            Some(TokenTree::Ident(name)) => parts.push(name.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' && !parts.is_empty() => {
                parts.push("*".to_owned());
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                read_branches(group, &parts, depth, seen);
                return i + 1;
            }
            _ => break,
        }
        i += 1;
        if !is_colons(tokens.get(i..).unwrap_or_default()) || !ends_a_path(&tokens[i - 1], &tokens[i]) {
            break;
        }
        i += 2;
    }
    seen.paths.push(PathSeen { parts, line, depth });
    i
}

fn read_branches(group: &Group, parts: &[String], depth: usize, seen: &mut Seen) {
    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
    for branch in inner.split(|token| is_punct(Some(token), ',')) {
        if let Some(first) = branch.first() {
            read_path(branch, 0, parts.to_vec(), depth, first.span().start().line, seen);
        }
    }
}

fn note_panic(tokens: &[TokenTree], i: usize, seen: &mut Seen) {
    let TokenTree::Ident(name) = &tokens[i] else {
        return;
    };
    let word = name.to_string();
    let call =
        matches!(tokens.get(i + 1), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Parenthesis);
    let method = is_punct(tokens.get(i.wrapping_sub(1)), '.') && call;
    let bang = is_punct(tokens.get(i + 1), '!');
    if (method && matches!(word.as_str(), "unwrap" | "expect"))
        || (bang && matches!(word.as_str(), "panic" | "todo" | "unimplemented"))
    {
        seen.panics.push((word, name.span().start().line));
    }
}

/// `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_cfg_test(tokens: &[TokenTree]) -> bool {
    let [hash, TokenTree::Group(attribute), ..] = tokens else {
        return false;
    };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    is_punct(Some(hash), '#') && (text == "cfg(test)" || text.starts_with("cfg(all(test,"))
}

/// Where the item ends that begins at `i`, further attributes included.
fn skip_item(tokens: &[TokenTree], mut i: usize, seen: &mut Seen) -> usize {
    let word = |i: usize| match tokens.get(i) {
        Some(TokenTree::Ident(name)) => name.to_string(),
        _ => String::new(),
    };
    let mut until_semicolon = false;
    let mut file = None;
    while let Some(token) = tokens.get(i) {
        match token {
            TokenTree::Punct(p) if p.as_char() == '#' => {
                i += 1;
                file = file.or(tokens.get(i).and_then(path_attribute));
            }
            TokenTree::Punct(p) if p.as_char() == ';' => return i + 1,
            TokenTree::Group(g) if g.delimiter() == Delimiter::Brace && !until_semicolon => return i + 1,
            TokenTree::Ident(name) => match name.to_string().as_str() {
                "mod" if is_punct(tokens.get(i + 2), ';') => match file.take() {
                    Some(file) => seen.test_files.push(file),
                    None => seen.test_modules.push(word(i + 1)),
                },
                "use" | "static" | "type" => until_semicolon = true,
                "const" if !matches!(word(i + 1).as_str(), "fn" | "unsafe" | "async" | "extern") => {
                    until_semicolon = true;
                }
                _ => {}
            },
            _ => {}
        }
        i += 1;
    }
    i
}

/// `file.rs` of `[path = "file.rs"]`.
fn path_attribute(token: &TokenTree) -> Option<String> {
    let TokenTree::Group(attribute) = token else {
        return None;
    };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    Some(text.strip_prefix("path=\"")?.strip_suffix('"')?.to_owned())
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == wanted)
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    is_punct(tokens.first(), ':') && is_punct(tokens.get(1), ':')
}

/// Whether the colons go on a path that `before` ends, as in `a::b` and `Vec<u8>::new`, and do not
/// begin one, as in `use ::a`.
fn ends_a_path(before: &TokenTree, colons: &TokenTree) -> bool {
    let path = matches!(before, TokenTree::Ident(_)) || is_punct(Some(before), '>');
    path && before.span().end() == colons.span().start()
}
