//! Holds `src/` to its own map: the layers that `src/lib.rs` draws, who may talk to the outside
//! world, and a few habits. Every breach is printed as `file:line: rule`.
//!
//! Sources are read as Rust tokens, so comments, strings and formatting cannot deceive the check;
//! code under `#[cfg(test)]` is left out, except where a rule is about the file as such.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[path = "architecture/cases.rs"]
mod cases;
#[path = "architecture/scan.rs"]
mod scan;

use scan::{PathSeen, Seen};

/// A file with its tests: what a person still reads in one sitting.
const MAX_LINES: usize = 500;

/// Rules are pure and adapters know no other adapter; services and shell may call their neighbours.
const PURE: u8 = 1;
const ADAPTERS: u8 = 2;

/// Crates and parts of the standard library that only some modules may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("ureq", &["portal"]),
    // Certificates are served, and looked at by `doctor`.
    ("rustls", &["http", "probe"]),
    ("tokio_rustls", &["http"]),
    ("rustix", &["probe"]),
    ("hyper", &["http", "practice_portal", "web", "run"]),
    ("hyper_util", &["http", "practice_portal", "web", "run"]),
    ("tokio::net", &["http", "practice_portal", "web", "run"]),
    (
        "std::net::TcpListener",
        &["http", "practice_portal", "probe", "web", "run"],
    ),
    (
        "std::net::TcpStream",
        // `doctor` hands on what `probe` connected.
        &[
            "http",
            "portal",
            "practice_portal",
            "probe",
            "doctor",
            "web",
            "run",
        ],
    ),
    (
        "tokio",
        &["http", "practice_portal", "web", "run", "signals", "store"],
    ),
];

/// What makes code depend on more than its arguments. A clock is any path that ends in `::now`.
const IMPURE: &[(&str, &str)] = &[
    ("getrandom", "randomness"),
    ("rand", "randomness"),
    ("fastrand", "randomness"),
    ("std::fs", "the file system"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("tokio", "the network or the clock"),
];

/// First folders of the documentation's repository that a citation may begin with.
const DOCUMENTATION: &[&str] = &[
    "_includes",
    "api-reference",
    "error-codes.md",
    "first-steps",
    "limits.md",
    "local-integrations",
    "sdk",
    "settings",
    "tutorials",
];

/// A breach of a rule: where, and which one.
type Breach = (String, usize, String);

/// The modules of the map in `src/lib.rs` and their layers.
type Layers = BTreeMap<String, u8>;

/// Reads `//! - 1 rules, pure: `intake` …` and the lines that continue it.
fn read_map(lib: &str) -> Layers {
    let mut layers = Layers::new();
    let mut layer = None;
    for line in lib.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.trim();
        if let Some(item) = line.strip_prefix("- ") {
            layer = item.split(' ').next().and_then(|word| word.parse::<u8>().ok());
        } else if line.is_empty() {
            layer = None;
        }
        let Some(layer) = layer else { continue };
        for name in line.split('`').skip(1).step_by(2) {
            layers.insert(name.to_owned(), layer);
        }
    }
    layers
}

/// The module path of a file: `src/plan/dedupe.rs` is `["plan", "dedupe"]`, the crate's roots are empty.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The top-level module of this crate that a path leads to.
fn leads_to<'a>(path: &'a PathSeen, module: &[String]) -> Option<&'a str> {
    let mut names = path.parts.iter().map(String::as_str).peekable();
    match names.next()? {
        "crate" | "b24_bridge" => return names.next(),
        "super" => {}
        _ => return None,
    }
    let mut left = (module.len() + path.depth).checked_sub(1)?;
    while names.peek() == Some(&"super") {
        names.next();
        left = left.checked_sub(1)?;
    }
    if left == 0 { names.next() } else { None }
}

fn begins_with(path: &PathSeen, prefix: &str) -> bool {
    let mut parts = path.parts.iter();
    prefix
        .split("::")
        .all(|wanted| parts.next().is_some_and(|part| part == wanted))
}

/// Checks one file's code, and adds to `edges` which top-level module it takes which other one from.
fn check_code(
    file: &str,
    seen: &Seen,
    layers: &Layers,
    edges: &mut BTreeMap<(String, String), (String, usize)>,
) -> Vec<Breach> {
    let module = module_of(file);
    let own = match (file, module.first()) {
        ("src/main.rs", _) => "main",
        ("src/lib.rs", _) => "lib",
        (_, Some(first)) => first.as_str(),
        (_, None) => "lib",
    };
    let mut breaches = Vec::new();
    let mut breach = |line: usize, rule: String| breaches.push((file.to_owned(), line, rule));
    let layer = match layers.get(own) {
        Some(layer) => *layer,
        None if own == "lib" => u8::MAX,
        None => {
            breach(
                1,
                format!("`{own}` is missing from the map of layers in src/lib.rs"),
            );
            return breaches;
        }
    };
    for (word, line) in &seen.panics {
        breach(*line, format!("`{word}` outside tests: return an error instead"));
    }
    for path in &seen.paths {
        let written = path.parts.join("::");
        for (name, owners) in RESERVED {
            if begins_with(path, name) && !owners.contains(&own) {
                breach(
                    path.line,
                    format!("`{written}`: only {} may use {name}", owners.join(", ")),
                );
            }
        }
        if layer <= PURE {
            for (name, what) in IMPURE {
                if begins_with(path, name) {
                    breach(
                        path.line,
                        format!("`{written}`: layer {layer} is pure and must not touch {what}"),
                    );
                }
            }
            if path.parts.len() > 1 && path.parts.last().is_some_and(|last| last == "now") {
                breach(
                    path.line,
                    format!("`{written}`: layer {layer} has no clock, `now` is an argument"),
                );
            }
        }
        if matches!(path.parts.last().map(String::as_str), Some("unwrap" | "expect")) && path.parts.len() > 1
        {
            breach(
                path.line,
                format!("`{written}` outside tests: return an error instead"),
            );
        }
        let Some(target) = leads_to(path, &module).filter(|target| *target != own) else {
            continue;
        };
        if own == "lib" {
            breach(
                path.line,
                format!("`{written}`: src/lib.rs names the modules and nothing else"),
            );
            continue;
        }
        let Some(below) = layers.get(target) else {
            breach(
                path.line,
                format!("`{written}`: `{target}` is no module of the map in src/lib.rs"),
            );
            continue;
        };
        if *below > layer {
            breach(
                path.line,
                format!("`{written}`: `{own}` (layer {layer}) reaches up to `{target}` (layer {below})"),
            );
        } else if *below == layer && layer == ADAPTERS {
            breach(
                path.line,
                format!("`{written}`: adapter `{own}` knows another adapter, `{target}`"),
            );
        }
        edges
            .entry((own.to_owned(), target.to_owned()))
            .or_insert((file.to_owned(), path.line));
    }
    breaches
}

/// Checks what holds for a file as such, its tests and comments included.
fn check_text(file: &str, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut breach = |line: usize, rule: String| breaches.push((file.to_owned(), line, rule));
    if !text.starts_with("//! ") {
        breach(1, "a file begins with `//!` and says what it is for".to_owned());
    }
    let count = text.lines().count();
    if count > MAX_LINES {
        breach(
            MAX_LINES + 1,
            format!("{count} lines: a file has at most {MAX_LINES}, with its tests"),
        );
    }
    for (number, line) in text.lines().enumerate() {
        let Some((before, page)) = line.split_once("b24:") else {
            continue;
        };
        let before = before.trim_end();
        // `http://b24:80` is an address.
        let comment = before.ends_with("//") || before.ends_with("//!");
        if !comment || before.ends_with("://") {
            continue;
        }
        let marked = line.contains("// b24: ") && !line.contains("/// b24: ");
        if !marked || !is_citation(page.trim()) {
            let rule = "a citation is `// b24: folder/page.md`: pages of the REST documentation, `, ` between \
                        them, at the end a remark in parentheses if need be";
            breach(number + 1, rule.to_owned());
        }
    }
    breaches
}

/// `folder/page.md`, `folder/page.md#section, limits.md (a remark)`.
fn is_citation(text: &str) -> bool {
    let pages = match text.split_once(" (") {
        Some((pages, remark)) if remark.ends_with(')') => pages,
        Some(_) => return false,
        None => text,
    };
    pages.split(", ").all(is_page)
}

fn is_page(text: &str) -> bool {
    let (page, section) = text.split_once('#').unwrap_or((text, "top"));
    let first = page.split('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '/');
    page.ends_with(".md")
        && page.chars().all(plain)
        && !page.contains("//")
        && !page.contains("..")
        && DOCUMENTATION.contains(&first)
        && !section.is_empty()
        && !section.contains(char::is_whitespace)
}

/// Groups of modules that need each other, each reported once, at one of its imports.
fn check_cycles(edges: &BTreeMap<(String, String), (String, usize)>) -> Vec<Breach> {
    let reaches = |from: &str| -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(module) = open.pop() {
            for (_, to) in edges.keys().filter(|(source, _)| *source == module) {
                if found.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        found
    };
    let mut told = BTreeSet::new();
    let mut breaches = Vec::new();
    for ((from, to), (file, line)) in edges {
        let forward = reaches(from);
        if !forward.contains(from) {
            continue;
        }
        let group: Vec<String> = forward
            .into_iter()
            .filter(|module| reaches(module).contains(from))
            .collect();
        if group.contains(to) && told.insert(group.clone()) {
            breaches.push((
                file.clone(),
                *line,
                format!("modules in a circle: {}", group.join(", ")),
            ));
        }
    }
    breaches
}

/// Checks a whole tree, given as file names from the project's root and their texts.
fn check(files: &BTreeMap<String, String>) -> Vec<Breach> {
    let layers = read_map(files.get("src/lib.rs").map_or("", String::as_str));
    let mut breaches = Vec::new();
    let mut scans = BTreeMap::new();
    let mut tests = BTreeSet::new();
    for (file, text) in files {
        breaches.extend(check_text(file, text));
        let seen = scan::scan(text).unwrap_or_else(|reason| {
            breaches.push((file.clone(), 1, format!("not Rust: {reason}")));
            Seen::default()
        });
        let (beside, name) = file.rsplit_once('/').unwrap_or_default();
        let below = match name {
            "mod.rs" | "lib.rs" | "main.rs" => beside,
            _ => file.trim_end_matches(".rs"),
        };
        tests.extend(seen.test_modules.iter().map(|name| format!("{below}/{name}")));
        tests.extend(
            seen.test_files
                .iter()
                .map(|name| format!("{beside}/{}", name.trim_end_matches(".rs"))),
        );
        scans.insert(file, seen);
    }
    let mut edges = BTreeMap::new();
    for (file, seen) in scans {
        let is_test = tests.iter().any(|test| {
            file.strip_prefix(test.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
        if !is_test {
            breaches.extend(check_code(file, &seen, &layers, &mut edges));
        }
    }
    breaches.extend(check_cycles(&edges));
    breaches.sort();
    breaches
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn report(breaches: &[Breach]) -> String {
    breaches
        .iter()
        .map(|(file, line, rule)| format!("{file}:{line}: {rule}\n"))
        .collect()
}

#[test]
fn the_sources_keep_to_the_map() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    sources(&root.join("src"), &mut paths)?;
    let mut files = BTreeMap::new();
    for path in paths {
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        files.insert(name, std::fs::read_to_string(&path)?);
    }
    let breaches = check(&files);
    assert!(
        breaches.is_empty(),
        "{} breaches of the rules:\n{}",
        breaches.len(),
        report(&breaches)
    );
    Ok(())
}
