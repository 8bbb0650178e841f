//! What every page has to stand: its HTML is valid, axe-core objects to nothing in light or dark, wide or narrow,
//! nothing is wider than the window, and no sentence of ours is English on a Russian page. Complaints are gathered, so
//! that one run shows them all.
//!
//! The validator's recommended rules hold, with two loosened to what HTML itself says (an id may contain dots, and
//! check boxes of one list share a name) and one left out that is about search engines, which these pages turn away
//! (the length of a title).
//!
//! With `B24_BRIDGE_SHOTS=FOLDER` each page that is looked at is also photographed there, for people to look at:
//! `NAME-ru-light-1280.png` and so on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::harness::repository;
use crate::person::{HEIGHT, Language, NARROW, Person, WIDE, results};

const RUN_AXE: &str = include_str!("axe.js");
/// Where `tests/run` installs what `package.json` names, beside the other results of the build.
const TOOLS: &str = "browser-tools";
const MISSING: &str = "the checkers of the pages are not installed: run tests/run, which installs them";

/// What was found so far, by one person.
#[derive(Default)]
pub struct Checks {
    looked_at: RefCell<BTreeSet<String>>,
    /// Pages as they were sent, by name.
    html: RefCell<Vec<(String, String)>>,
    complaints: RefCell<Vec<String>>,
}

impl Person {
    /// Examines the page in sight, under a name; the second time under the same name does nothing.
    pub fn looks_at(&self, name: &str) {
        if !self.checks.looked_at.borrow_mut().insert(name.to_owned()) {
            return;
        }
        self.checks
            .html
            .borrow_mut()
            .push((name.to_owned(), self.browser.document()));
        // axe-core waits for timers, which do not run where scripts are off. The page's own scripts stay out.
        self.switch_scripts(true);
        self.load_axe();
        if self.language == Language::Russian {
            self.complain(name, &self.tool_raw("english", &[]).expect("a list"));
        }
        for scheme in ["dark", "light"] {
            self.scheme(scheme);
            for width in [NARROW, WIDE] {
                self.width(width);
                let view = format!("{name}-{}-{scheme}-{width}", self.language.code());
                self.complain(&view, &self.run_axe());
                self.complain(&view, &self.tool_raw("tooWide", &[]).expect("a measurement"));
                if let Some(folder) = std::env::var_os("B24_BRIDGE_SHOTS") {
                    std::fs::create_dir_all(&folder).expect("the folder for pictures");
                    self.photograph(width, &Path::new(&folder).join(view + ".png"));
                }
            }
        }
        self.switch_scripts(self.has_scripts);
    }

    fn complain(&self, view: &str, complaints: &Value) {
        let lines = complaints.as_array().expect("complaints").iter();
        let lines = lines.map(|line| format!("{view}: {}", line.as_str().unwrap_or_default()));
        self.checks.complaints.borrow_mut().extend(lines);
    }

    fn load_axe(&self) {
        let source = std::fs::read_to_string(tool("axe-core/axe.min.js")).expect(MISSING);
        // A script's own variables end with it; axe wants to be found in the window.
        self.browser
            .script(&format!("{source}\nwindow.axe = axe;"), &[])
            .expect("axe-core loads");
    }

    fn run_axe(&self) -> Value {
        let run = json!({"script": RUN_AXE, "args": []});
        self.browser
            .ask("POST", "execute/async", &run)
            .expect("axe-core runs")
    }

    /// A picture of the whole page, in a window as high as the page.
    fn photograph(&self, width: u32, file: &Path) {
        self.browser.script("scrollTo(0, 0)", &[]).expect("scrolled");
        let height = "return Math.ceil(document.documentElement.getBoundingClientRect().height)";
        let height = self
            .browser
            .script(height, &[])
            .expect("a height")
            .as_u64()
            .expect("a number");
        self.window(width, height.max(u64::from(HEIGHT)));
        let picture = self
            .browser
            .devtools("Page.captureScreenshot", &json!({"format": "png"}));
        let png = BASE64.decode(picture["data"].as_str().expect("a picture").as_bytes());
        std::fs::write(file, png.expect("base64")).expect("a picture is written");
        self.width(width);
    }

    /// What the browser shows, as a picture and as HTML. Runs while a test fails, and must not fail itself.
    pub fn keep_evidence(&self, file: &Path) {
        if let Ok(picture) = self.browser.ask("GET", "screenshot", &Value::Null) {
            let png = BASE64.decode(picture.as_str().unwrap_or_default().as_bytes());
            let _ = std::fs::write(file.with_extension("png"), png.unwrap_or_default());
        }
        if let Ok(source) = self.browser.ask("GET", "source", &Value::Null) {
            let _ = std::fs::write(file.with_extension("html"), source.as_str().unwrap_or_default());
        }
    }
}

impl Checks {
    /// All complaints so far; they are settled thereby.
    fn take(&self) -> Vec<String> {
        let mut complaints = self.complaints.take();
        complaints.extend(invalid_html(&self.html.take()));
        complaints
    }

    /// Fails when there was anything to complain about.
    pub fn settle(&self) {
        let complaints = self.take();
        let count = complaints.len();
        assert!(
            count == 0,
            "{count} complaints about the pages:\n{}",
            complaints.join("\n")
        );
    }
}

/// A file of an installed package.
fn tool(path: &str) -> PathBuf {
    let file = results(TOOLS).join("node_modules").join(path);
    assert!(file.is_file(), "{MISSING} ({} is not there)", file.display());
    file
}

/// What the validator says of these pages.
fn invalid_html(pages: &[(String, String)]) -> Vec<String> {
    if pages.is_empty() {
        return Vec::new();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, html) in pages {
        std::fs::write(folder.path().join(format!("{name}.html")), html).expect("a file");
    }
    let output = Command::new("node")
        .arg(tool("html-validate/bin/html-validate.mjs"))
        .arg("--config")
        .arg(repository("tests/browser/html-validate.json"))
        .args(["--formatter", "text", "*.html"])
        .current_dir(folder.path())
        .output()
        .unwrap_or_else(|error| panic!("Node.js does not start ({error}); {MISSING}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let here = folder.path().display().to_string();
    let mut lines: Vec<String> = said.replace(&here, "").lines().map(str::to_owned).collect();
    if !output.status.success() {
        lines.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

/// The checks can fail: a page with a mistake of each kind.
#[test]
fn the_checks_find_what_is_wrong() {
    let page = r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Wrong</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
            .wide { width: 500px } .frame { border: 1px solid } .frame b { white-space: nowrap }
            @media (prefers-color-scheme: dark) { p { color: #333; background: #222 } }
        </style></head>
        <body><main><h1>Wrong</h1><p>Hard to read in the dark</p><input name="unlabelled">
        <div class="wide">wide</div><div class="frame" style="width: 9em"><b>longer than what is around it</b></div>
        <p id="twice">One<p id="twice">Two</p></div></main></body></html>"#;
    let site = crate::website::Website::start(page.to_owned());
    let person = Person::new(crate::person::Language::English);
    person.open(&site.url());
    person.looks_at("wrong");
    let complaints = person.checks.take();
    let has = |parts: &[&str]| {
        complaints
            .iter()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    for expected in [
        &["wrong-en-dark-1280: color-contrast"][..],
        &["wrong-en-light-360: label", "unlabelled"],
        &["wrong-en-light-360: the page is wider than the window"],
        &["wrong-en-light-360: sticks out", "wide"],
        &["wrong-en-dark-1280: sticks out", "longer"],
        &["wrong.html", "no-dup-id"],
        &["wrong.html", "close-order"],
    ] {
        assert!(has(expected), "{expected:?} is missing in {complaints:#?}");
    }
    for unexpected in [&["light-1280: color-contrast"][..], &["1280: the page is wider"]] {
        assert!(!has(unexpected), "{unexpected:?} is in {complaints:#?}");
    }
}

/// The check of the language can fail, and leaves aside what is not ours.
#[test]
fn english_on_a_russian_page_is_found() {
    let page = r#"<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Страница</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main><h1>Страница</h1>
        <p>the portal did not answer in time</p><p lang="en">Refused</p><p><bdi>a name from a website</bdi></p>
        <p><code>curl with all its flags</code></p><p>Ответ портала: INVALID_CREDENTIALS: Invalid credentials</p>
        <details><summary>Текст</summary><p lang="en">the error as it is stored</p></details></main></body></html>"#;
    let site = crate::website::Website::start(page.to_owned());
    let person = Person::new(Language::Russian);
    person.open(&site.url());
    person.looks_at("english");
    let complaints = person.checks.take();
    let about = |text: &str| complaints.iter().filter(|line| line.contains(text)).count();
    assert_eq!(about("English"), 2, "{complaints:#?}");
    assert_eq!(about("did not answer") + about("Refused"), 2, "{complaints:#?}");
}
