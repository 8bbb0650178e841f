//! Somebody in front of a browser: opens pages, clicks what is written on them, types into what has a label, and
//! waits for what there is to see. Nothing here knows ids, classes or addresses of single pages.
//!
//! When a test fails, what the browser shows at that moment is kept in `target/browser/` as a picture and as HTML.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::checks::Checks;
use crate::harness::{Bridge, until};
use crate::webdriver::{Chromium, Element, Refused};

const PAGE_TOOLS: &str = include_str!("page.js");
/// Longer than any page takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(15);
/// Within this a click has brought the next page, also on a machine with much else to do.
const LEAVING: Duration = Duration::from_secs(1);

/// The languages of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Russian,
    English,
}

impl Language {
    pub fn code(self) -> &'static str {
        match self {
            Language::Russian => "ru",
            Language::English => "en",
        }
    }

    pub fn t<T>(self, russian: T, english: T) -> T {
        match self {
            Language::Russian => russian,
            Language::English => english,
        }
    }
}

/// Part of a page: what stands under a heading, or a row of it, counted from 0.
type Place = (String, Option<usize>);

pub struct Person {
    pub browser: Chromium,
    pub language: Language,
    pub(crate) has_scripts: bool,
    pub(crate) checks: Checks,
    place: RefCell<Option<Place>>,
}

impl Person {
    /// With a fresh browser that prefers this language.
    pub fn new(language: Language) -> Person {
        Person::with(language, true)
    }

    /// The same with a browser that refuses cookies to pages that another site shows in a frame.
    pub fn without_foreign_cookies(language: Language) -> Person {
        Person::with(language, false)
    }

    fn with(language: Language, foreign_cookies: bool) -> Person {
        let person = Person {
            browser: Chromium::start(language.code(), foreign_cookies),
            language,
            has_scripts: true,
            checks: Checks::default(),
            place: RefCell::default(),
        };
        person.width(WIDE);
        person
    }

    /// The one in this person's language.
    pub fn t<T>(&self, russian: T, english: T) -> T {
        self.language.t(russian, english)
    }

    /// Forbids the scripts of all pages from now on.
    pub fn without_scripts(mut self) -> Person {
        self.has_scripts = false;
        self.switch_scripts(false);
        self
    }

    pub(crate) fn switch_scripts(&self, on: bool) {
        let off = json!({"value": !on});
        self.browser
            .devtools("Emulation.setScriptExecutionDisabled", &off);
    }

    /// Sets the window's width, in CSS pixels.
    pub fn width(&self, width: u32) {
        self.window(width, u64::from(HEIGHT));
    }

    pub fn window(&self, width: u32, height: u64) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.browser.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// `light` or `dark`.
    pub fn scheme(&self, scheme: &str) {
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.browser.devtools("Emulation.setEmulatedMedia", &feature);
    }

    pub fn open(&self, url: &str) {
        self.browser.open(url);
    }

    /// A page of the bridge's administrator.
    pub fn visit(&self, bridge: &Bridge, path: &str) {
        self.open(&format!("{}{path}", bridge.admin()));
    }

    /// The path of the page in sight, with its query.
    pub fn path(&self) -> String {
        let url = self.browser.url();
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/')
            .map_or_else(String::new, |at| rest[at..].to_owned())
    }

    /// Does what the closure does in the part of the page that has this heading.
    pub fn under<T>(&self, heading: &str, act: impl FnOnce() -> T) -> T {
        self.at((heading.to_owned(), None), act)
    }

    /// The same in one row of that part, counted from 0.
    pub fn in_row<T>(&self, heading: &str, row: usize, act: impl FnOnce() -> T) -> T {
        self.at((heading.to_owned(), Some(row)), act)
    }

    fn at<T>(&self, place: Place, act: impl FnOnce() -> T) -> T {
        let before = self.place.replace(Some(place));
        let result = act();
        self.place.replace(before);
        result
    }

    /// Clicks the button or link with this text.
    #[track_caller]
    pub fn click(&self, text: &str) {
        self.act(
            &format!("a button or link “{text}”"),
            ("buttons", &[json!(text)]),
            |button| {
                let leaves = self.tool_raw("leaves", &[button.value()])? == json!(true);
                let clicked = self.browser.click(button)?;
                if leaves {
                    self.wait_until_left();
                }
                Ok(clicked)
            },
        );
    }

    /// What the old page says must not be taken for the new one's words. Not for long: a file to be downloaded, say, brings
    /// no page, and whoever looks next waits for what he wants to see.
    fn wait_until_left(&self) {
        let started = Instant::now();
        while started.elapsed() < LEAVING && matches!(self.tool_raw("hasLeft", &[]), Ok(Value::Bool(false))) {
            std::thread::sleep(PAUSE);
        }
    }

    /// Does something that opens a new tab, looks there, and comes back.
    pub fn in_new_tab(&self, open: impl FnOnce(), look: impl FnOnce()) {
        let (here, before) = (self.browser.tab(), self.browser.tabs());
        open();
        let new = until("a new tab", || {
            let mut tabs = self.browser.tabs();
            tabs.retain(|tab| !before.contains(tab));
            tabs.pop()
        });
        self.browser.switch_to_tab(&new);
        look();
        self.browser.close_tab();
        self.browser.switch_to_tab(&here);
    }

    /// Does something in the first frame of the page, and comes back out of it.
    #[track_caller]
    pub fn in_frame<T>(&self, act: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        while let Err(refused) = self.browser.enter_frame() {
            self.wait_or_fail(started, &format!("no frame: {}", refused.message));
        }
        let result = act();
        self.browser.leave_frame();
        result
    }

    /// Types into the field with this label; what was in it goes away.
    #[track_caller]
    pub fn fill(&self, label: &str, text: &str) {
        self.on_control(label, |field| {
            self.browser.clear(field)?;
            self.browser.type_into(field, text)
        });
    }

    /// Chooses from the list with this label.
    #[track_caller]
    pub fn choose(&self, label: &str, option: &str) {
        self.on_control(label, |list| {
            let options = self.tool("options", &[list.value(), json!(option)])?;
            match Element::from(&options[0]) {
                Some(found) => self.browser.click(&found),
                None => Err(refused(
                    "no such option",
                    &format!("“{option}” is not in the list"),
                )),
            }
        });
    }

    /// Makes sure that a check box, radio button or switch is on.
    #[track_caller]
    pub fn tick(&self, label: &str) {
        self.set_box(label, true);
    }

    #[track_caller]
    pub fn untick(&self, label: &str) {
        self.set_box(label, false);
    }

    #[track_caller]
    fn set_box(&self, label: &str, on: bool) {
        let wanted = json!(on.to_string());
        self.act(
            &format!("a box “{label}”"),
            ("boxes", &[json!(label)]),
            |found| {
                if self.tool_raw("value", &[found.value()])? != wanted {
                    self.browser.click(found)?;
                }
                match self.tool_raw("value", &[found.value()])? == wanted {
                    true => Ok(Value::Null),
                    false => Err(refused("unchanged", "a click did not change it")),
                }
            },
        );
    }

    /// What the field with this label holds; `true` or `false` of a check box.
    #[track_caller]
    pub fn value(&self, label: &str) -> String {
        let mut value = String::new();
        self.on_control(label, |field| {
            value = self
                .tool_raw("value", &[field.value()])?
                .as_str()
                .unwrap_or_default()
                .to_owned();
            Ok(Value::Null)
        });
        value
    }

    /// Waits until this text can be read on the page.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        let (wanted, started) = (fold(text), Instant::now());
        while !fold(&self.text()).contains(&wanted) {
            self.wait_or_fail(started, &format!("“{text}” is not to be seen"));
        }
    }

    /// Waits until this text is gone.
    #[track_caller]
    pub fn sees_no(&self, text: &str) {
        let (unwanted, started) = (fold(text), Instant::now());
        while fold(&self.text()).contains(&unwanted) {
            self.wait_or_fail(started, &format!("“{text}” is still to be seen"));
        }
    }

    /// Waits for a page whose path begins like this.
    #[track_caller]
    pub fn arrives_at(&self, path: &str) {
        let started = Instant::now();
        while !self.path().starts_with(path) {
            self.wait_or_fail(started, &format!("{path} is not reached"));
        }
    }

    /// Everything that can be read on the page now; nothing while it changes.
    pub fn text(&self) -> String {
        let text = self.tool("text", &[]).unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a tool of `page.js` in the place at hand.
    fn tool(&self, name: &str, given: &[Value]) -> Result<Value, Refused> {
        match name {
            "options" => self.tool_raw(name, given),
            _ => {
                let place = self.place.borrow();
                let place = place
                    .as_ref()
                    .map(|(part, row)| json!({"part": part, "row": row}));
                let given: Vec<Value> = std::iter::once(json!(place))
                    .chain(given.iter().cloned())
                    .collect();
                self.tool_raw(name, &given)
            }
        }
    }

    /// Runs a tool of `page.js`.
    pub fn tool_raw(&self, name: &str, given: &[Value]) -> Result<Value, Refused> {
        let args: Vec<Value> = std::iter::once(json!(name))
            .chain(given.iter().cloned())
            .collect();
        self.browser.script(PAGE_TOOLS, &args)
    }

    #[track_caller]
    fn on_control(&self, label: &str, act: impl FnMut(&Element) -> Result<Value, Refused>) {
        self.act(&format!("a field “{label}”"), ("controls", &[json!(label)]), act);
    }

    /// Finds the one thing that is meant and does something with it; again, while the page changes under it.
    #[track_caller]
    fn act(
        &self,
        what: &str,
        (tool, given): (&str, &[Value]),
        mut act: impl FnMut(&Element) -> Result<Value, Refused>,
    ) {
        let started = Instant::now();
        loop {
            let trouble = match self.tool(tool, given) {
                Ok(found) => {
                    let found: Vec<Element> = found
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Element::from)
                        .collect();
                    match &found[..] {
                        [one] => match self.scroll_to(one).and_then(|_| act(one)) {
                            Ok(_) => return,
                            Err(refused) => format!("{what}: {}: {}", refused.code, refused.message),
                        },
                        [] => format!("{what} is not to be seen"),
                        several => format!("{what}: there are {} of them", several.len()),
                    }
                }
                Err(refused) => format!("{what}: {}: {}", refused.code, refused.message),
            };
            self.wait_or_fail(started, &trouble);
        }
    }

    /// Into the middle of the window: what sticks to its edge covers nothing there.
    fn scroll_to(&self, element: &Element) -> Result<Value, Refused> {
        let scroll = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})";
        self.browser.script(scroll, &[element.value()])
    }

    #[track_caller]
    fn wait_or_fail(&self, started: Instant, trouble: &str) {
        if started.elapsed() > PATIENCE {
            let (url, text) = (self.browser.url(), self.text());
            panic!("{trouble}\n  page: {url}\n  it says: {text}");
        }
        std::thread::sleep(PAUSE);
    }
}

/// A desktop and the narrowest telephone, in CSS pixels.
pub const WIDE: u32 = 1280;
pub const NARROW: u32 = 360;
pub const HEIGHT: u32 = 800;

fn refused(code: &str, message: &str) -> Refused {
    Refused {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// For comparing what is read: style sheets may set capitals, numbers are grouped with spaces that do not break.
fn fold(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// A folder beside the other results of the build.
pub fn results(name: &str) -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.parent().expect("the target folder").join(name);
    std::fs::create_dir_all(&folder).expect("a folder for results");
    folder
}

/// The running test, as a file name.
pub fn test_name() -> String {
    let thread = std::thread::current();
    thread.name().unwrap_or("test").replace("::", "-")
}

impl Drop for Person {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let path = results("browser").join(test_name());
            self.keep_evidence(&path);
            eprintln!("what the browser showed: {}.png and .html", path.display());
        } else {
            self.checks.settle();
        }
    }
}
