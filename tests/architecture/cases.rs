//! Shows that the checker can fail: small trees, each with one breach, and near misses without any.

use std::collections::BTreeMap;

use super::{Layers, check, read_map, report};

const LIB: &str = "//! The map.
//!
//! # Layers
//!
//! - 0 `model`: plain values.
//! - 1 rules, pure: `intake` (bytes → fields), `template`,
//!   `plan`.
//! - 2 adapters: `http` (hyper), `store`, `portal`.
//! - 3 services: `deliver`, `web`.
//! - 4 shell: `run`, `cli`, `main`.
//!
//! What stands in `back quotes` after the list is no module.

pub mod model;
";

/// The breaches of a tree that has this one file beside `src/lib.rs`.
fn breaches(file: &str, text: &str) -> String {
    tree(&[(file, text)])
}

fn tree(files: &[(&str, &str)]) -> String {
    let mut all = BTreeMap::from([("src/lib.rs".to_owned(), LIB.to_owned())]);
    all.extend(
        files
            .iter()
            .map(|(file, text)| ((*file).to_owned(), format!("//! A room.\n{text}"))),
    );
    report(&check(&all))
}

#[test]
fn the_map_is_read_from_the_text_of_lib_rs() {
    let expected = [
        ("model", 0),
        ("intake", 1),
        ("template", 1),
        ("plan", 1),
        ("http", 2),
        ("store", 2),
        ("portal", 2),
        ("deliver", 3),
        ("web", 3),
        ("run", 4),
        ("cli", 4),
        ("main", 4),
    ];
    let expected: Layers = expected
        .into_iter()
        .map(|(name, layer)| (name.to_owned(), layer))
        .collect();
    assert_eq!(read_map(LIB), expected);
}

#[test]
fn breaches_are_found_where_they_stand() {
    #[rustfmt::skip]
    let cases = [
        // Layers.
        ("src/plan/mod.rs", "use crate::store::Inbox;", "src/plan/mod.rs:2: `crate::store::Inbox`: `plan` (layer 1) reaches up to `store` (layer 2)"),
        ("src/plan/a.rs", "use crate::{model::Id, store};", ":2: `crate::store`: `plan` (layer 1) reaches up"),
        ("src/plan/a.rs", "fn f() { crate::web::go() }", ":2: `crate::web::go`: `plan` (layer 1) reaches up"),
        ("src/plan/mod.rs", "use super::store::Inbox;", "reaches up to `store`"),
        ("src/plan/a.rs", "use super::super::{store::Inbox};", "reaches up to `store`"),
        ("src/plan/a.rs", "mod inner { use super::super::super::store::Inbox; }", "reaches up to `store`"),
        ("src/plan/a.rs", "tracing::info!(\"{}\", crate::store::count());", "reaches up to `store`"),
        ("src/model/id.rs", "use crate::plan::next;", "`model` (layer 0) reaches up to `plan` (layer 1)"),
        ("src/http/mod.rs", "use crate::store::Inbox;", "adapter `http` knows another adapter, `store`"),
        ("src/web/mod.rs", "use crate::nowhere::X;", "`nowhere` is no module of the map"),
        ("src/attic.rs", "", "src/attic.rs:1: `attic` is missing from the map"),
        // Who talks to whom outside.
        ("src/deliver/mod.rs", "fn f(c: &rusqlite::Connection) {}", "only store may use rusqlite"),
        ("src/web/mod.rs", "use ::ureq::Agent;", "only portal may use ureq"),
        ("src/store/mod.rs", "use tokio::{sync::oneshot, net::TcpListener};", "`tokio::net::TcpListener`: only http,"),
        ("src/portal/mod.rs", "use hyper::Request;", "may use hyper"),
        // Purity.
        ("src/plan/mod.rs", "\nfn f() { std::time::Instant::now(); }", ":3: `std::time::Instant::now`: layer 1 has no clock"),
        ("src/model/time.rs", "use std::time::SystemTime as Clock; fn f() { Clock::now(); }", "layer 0 has no clock"),
        ("src/intake/mod.rs", "fn f(b: &mut [u8]) { let _ = getrandom::fill(b); }", "must not touch randomness"),
        ("src/intake/mod.rs", "use std::{fs, io};", "`std::fs`: layer 1 is pure and must not touch the file system"),
        // Habits.
        ("src/web/mod.rs", "fn f(a: Option<u8>) { a\n.unwrap(); }", ":3: `unwrap` outside tests"),
        ("src/web/mod.rs", "fn f(a: Option<u8>) { a.expect(\"a\"); }", "`expect` outside tests"),
        ("src/web/mod.rs", "fn f(a: Option<Option<u8>>) { a.map(Option::unwrap); }", "`Option::unwrap` outside tests"),
        ("src/web/mod.rs", "fn f() { panic!(\"no\") }", "`panic` outside tests"),
        ("src/web/mod.rs", "// b24: crm-deal-add.md", ":2: a citation is `// b24: folder/page.md`"),
        ("src/web/mod.rs", "// b24: api-reference/crm/data-types", "a citation is"),
        ("src/web/mod.rs", "/// b24: limits.md", "a citation is"),
        ("src/web/mod.rs", "// b24: limits.md says so", "a citation is"),
        ("src/web/mod.rs", "// b24: limits.md (burst", "a citation is"),
        ("src/web/mod.rs", "// b24: crm/limits.md", "a citation is"),
        ("src/web/mod.rs", "//b24:limits.md", "a citation is"),
        ("src/web/mod.rs", "fn f( {", "not Rust"),
    ];
    for (file, text, expected) in cases {
        let found = breaches(file, text);
        assert!(
            found.contains(expected),
            "{text}\nexpected: {expected}\nfound: {found}"
        );
        assert_eq!(found.lines().count(), 1, "{text}\nfound: {found}");
    }
}

#[test]
fn what_is_allowed_passes() {
    let cases = [
        (
            "src/plan/mod.rs",
            "use crate::model::Id; use crate::template::Template;",
        ),
        ("src/plan/a.rs", "use super::store::Mine;"),
        ("src/plan/a.rs", "use super::{b, super::model};"),
        (
            "src/plan/mod.rs",
            "// crate::store, .unwrap()\nconst A: &str = \"crate::store .unwrap()\";",
        ),
        (
            "src/plan/mod.rs",
            "pub(crate) fn f(now: Millis) -> u8 { self.store.now() }",
        ),
        (
            "src/plan/mod.rs",
            "#[cfg(test)]\nmod tests { use crate::store::X; fn f() { X.unwrap() } }",
        ),
        (
            "src/plan/mod.rs",
            "#[cfg(test)]\nuse crate::store::{X, Y};\nfn f() {}",
        ),
        (
            "src/plan/mod.rs",
            "#[cfg(test)]\n#[allow(dead_code)]\nfn f(a: [u8; 2]) { x.unwrap(); }",
        ),
        (
            "src/deliver/mod.rs",
            "use crate::{store, portal, plan}; fn f() { std::time::Instant::now(); }",
        ),
        (
            "src/store/mod.rs",
            "use tokio::sync::oneshot; use rusqlite::Connection;",
        ),
        ("src/web/mod.rs", "fn f(a: Option<u8>) { a.unwrap_or_default(); }"),
        (
            "src/web/mod.rs",
            "// b24: limits.md\n// b24: _includes/system-errors.md\nconst A: &str = \"http://b24:80\";",
        ),
        (
            "src/web/mod.rs",
            "// b24: settings/a/b.md#c, limits.md (burst, 50)",
        ),
        ("src/main.rs", "fn main() { b24_bridge::cli::main() }"),
    ];
    for (file, text) in cases {
        assert_eq!(breaches(file, text), "", "{text}");
    }
}

#[test]
fn what_follows_a_test_item_is_checked_again() {
    for item in [
        "mod tests { fn f() {} }",
        "mod tests;",
        "use a::{b, c};",
        "const A: [u8; 1] = { [1] };",
        "fn f() {}",
    ] {
        let found = breaches(
            "src/plan/mod.rs",
            &format!("#[cfg(test)]\n{item}\nuse crate::store::X;"),
        );
        assert!(found.contains("src/plan/mod.rs:4: "), "{item}\nfound: {found}");
    }
}

#[test]
fn a_module_declared_for_tests_is_a_test() {
    let helper = ("src/plan/tests.rs", "use crate::store::X; fn f() { X.unwrap() }");
    assert_eq!(
        tree(&[("src/plan/mod.rs", "#[cfg(test)] mod tests;"), helper]),
        ""
    );
    assert_eq!(
        tree(&[
            (
                "src/plan/next.rs",
                "#[cfg(test)] #[path = \"tests.rs\"] mod tests;"
            ),
            helper
        ]),
        ""
    );
    let found = tree(&[("src/plan/mod.rs", "mod tests;"), helper]);
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[test]
fn circles_are_told_once() {
    let found = tree(&[
        ("src/intake/mod.rs", "use crate::template::T;"),
        ("src/template.rs", "use crate::plan::P;"),
        ("src/plan/mod.rs", "use crate::intake::I;"),
        ("src/deliver/mod.rs", "use crate::plan::P;"),
    ]);
    assert!(
        found.contains("modules in a circle: intake, plan, template"),
        "{found}"
    );
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[test]
fn long_and_nameless_files_are_told() {
    let long = "//\n".repeat(500);
    assert!(breaches("src/web/mod.rs", &long).contains("src/web/mod.rs:501: 501 lines"));
    assert_eq!(breaches("src/web/mod.rs", &long[3..]), "");
    let files = BTreeMap::from([
        ("src/lib.rs".to_owned(), LIB.to_owned()),
        ("src/web/mod.rs".to_owned(), "use crate::model::Id;\n".to_owned()),
    ]);
    assert!(report(&check(&files)).contains("src/web/mod.rs:1: a file begins with `//!`"));
}
