//! A headless Chromium for one test, driven by chromedriver over the WebDriver protocol
//! (<https://www.w3.org/TR/webdriver2/>).
//!
//! The protocol is JSON over HTTP and the tests need a dozen of its commands, so this is a blocking client over
//! `ureq`, which the program uses anyway. The crates for it are async and bring another HTTP client along.

use std::cell::RefCell;

use serde_json::{Value, json};

use crate::driver::Driver;
use crate::harness::{PATIENCE, until};

/// The key under which the protocol names an element (section 12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Quiet and cut off: no sandbox (it needs rights that a container has not), nothing fetched in the background.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--hide-scrollbars",
    // No page of these tests reaches further than this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/// A running browser. Dropping it ends it.
pub struct Chromium {
    session: String,
    agent: ureq::Agent,
    _driver: Driver,
    /// Of the request that brought the page in sight, as far as the log was read.
    page_number: RefCell<String>,
}

/// Something on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Element(String);

impl Element {
    /// From what a script returned.
    pub fn from(value: &Value) -> Option<Element> {
        value[ELEMENT].as_str().map(|id| Element(id.to_owned()))
    }

    /// To hand to a script.
    pub fn value(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }
}

/// A command that was refused: the protocol's error code (section 6.6) and the driver's words.
#[derive(Debug)]
pub struct Refused {
    pub code: String,
    pub message: String,
}

impl Chromium {
    /// A fresh browser that asks for pages in this language, `ru` or `en`. It may refuse cookies to pages that another
    /// site shows in a frame, as more and more browsers do.
    pub fn start(language: &str, foreign_cookies: bool) -> Chromium {
        let driver = Driver::start();
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE * 2))
            .proxy(None)
            .build()
            .into();
        let mut args: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        args.push(format!(
            "--user-data-dir={}",
            driver.home().join("profile").display()
        ));
        args.push(format!("--lang={language}"));
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            // The only place where it tells under which number it keeps a page's bytes.
            "goog:loggingPrefs": {"performance": "ALL"},
            "timeouts": {"pageLoad": PATIENCE.as_millis(), "script": PATIENCE.as_millis()},
            "goog:chromeOptions": {
                "binary": driver.browser(),
                "args": args,
                "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false},
                "prefs": {
                    "intl.accept_languages": language,
                    "profile.block_third_party_cookies": !foreign_cookies,
                    "profile.cookie_controls_mode": u8::from(!foreign_cookies),
                },
            },
        }}});
        let base = format!("http://127.0.0.1:{}/session", driver.port());
        let answer = send(&agent, "POST", &base, &wanted);
        let answer = answer.unwrap_or_else(|refused| panic!("Chromium does not start: {refused:?}"));
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        Chromium {
            session: format!("{base}/{id}"),
            agent,
            _driver: driver,
            page_number: RefCell::default(),
        }
    }

    /// One command of the session.
    pub fn ask(&self, method: &str, command: &str, body: &Value) -> Result<Value, Refused> {
        send(&self.agent, method, &format!("{}/{command}", self.session), body)
    }

    fn command(&self, method: &str, command: &str, body: &Value) -> Value {
        self.ask(method, command, body)
            .unwrap_or_else(|refused| panic!("{command}: {refused:?}"))
    }

    /// Chromium's own protocol: emulation, screenshots of whole pages.
    pub fn devtools(&self, command: &str, params: &Value) -> Value {
        self.command(
            "POST",
            "goog/cdp/execute",
            &json!({"cmd": command, "params": params}),
        )
    }

    pub fn open(&self, url: &str) {
        self.command("POST", "url", &json!({"url": url}));
    }

    pub fn url(&self) -> String {
        let url = self.command("GET", "url", &Value::Null);
        url.as_str().expect("an address").to_owned()
    }

    /// Runs a script in the page; its `return`. Refused when the page goes away meanwhile.
    pub fn script(&self, script: &str, args: &[Value]) -> Result<Value, Refused> {
        self.ask("POST", "execute/sync", &json!({"script": script, "args": args}))
    }

    /// The page in sight as it was sent, before the browser mended anything.
    pub fn document(&self) -> String {
        // The bytes of a page that is just being replaced are gone, and the log tells of the next page a moment later.
        until("the bytes of the page in sight", || {
            self.read_log();
            let wanted = json!({"requestId": *self.page_number.borrow()});
            let asked = json!({"cmd": "Network.getResponseBody", "params": wanted});
            let content = self.ask("POST", "goog/cdp/execute", &asked).ok()?;
            content["body"].as_str().map(str::to_owned)
        })
    }

    /// Takes up which request brought the newest page.
    fn read_log(&self) {
        let log = self.command("POST", "se/log", &json!({"type": "performance"}));
        let events = log.as_array().expect("a log").iter().filter_map(|entry| {
            let text = entry["message"].as_str()?;
            Some(serde_json::from_str::<Value>(text).ok()?["message"].take())
        });
        let pages = events.filter(|event| {
            event["method"] == "Network.responseReceived" && event["params"]["type"] == "Document"
        });
        if let Some(page) = pages.reduce(|_, latest| latest) {
            let number = page["params"]["requestId"].as_str().expect("a number");
            *self.page_number.borrow_mut() = number.to_owned();
        }
    }

    /// Presses and releases keys one after the other, wherever the focus is; `\u{E004}` is Tab (section 17.4.2).
    pub fn press(&self, keys: &str) {
        let both =
            |key: char| ["keyDown", "keyUp"].map(|what| json!({"type": what, "value": key.to_string()}));
        let keys: Vec<Value> = keys.chars().flat_map(both).collect();
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": keys}]});
        self.command("POST", "actions", &actions);
    }

    /// The tabs there are.
    pub fn tabs(&self) -> Vec<Value> {
        let tabs = self.command("GET", "window/handles", &Value::Null);
        tabs.as_array().expect("tabs").clone()
    }

    /// The tab that all commands are about.
    pub fn tab(&self) -> Value {
        self.command("GET", "window", &Value::Null)
    }

    pub fn switch_to_tab(&self, tab: &Value) {
        self.command("POST", "window", &json!({"handle": tab}));
    }

    pub fn close_tab(&self) {
        self.command("DELETE", "window", &Value::Null);
    }

    /// From now on all commands are about the first frame of the page in sight.
    pub fn enter_frame(&self) -> Result<Value, Refused> {
        self.ask("POST", "frame", &json!({"id": 0}))
    }

    /// All commands are about the page itself again.
    pub fn leave_frame(&self) {
        self.command("POST", "frame", &json!({"id": null}));
    }

    /// What stands in the nth frame of the page.
    pub fn frame_text(&self, nth: usize) -> String {
        self.command("POST", "frame", &json!({"id": nth}));
        let text = self.script("return document.body?.innerText ?? ''", &[]);
        self.command("POST", "frame", &json!({"id": null}));
        text.map_or_else(
            |_| String::new(),
            |text| text.as_str().unwrap_or_default().to_owned(),
        )
    }

    pub fn click(&self, element: &Element) -> Result<Value, Refused> {
        self.ask("POST", &format!("element/{}/click", element.0), &json!({}))
    }

    /// Empties a field.
    pub fn clear(&self, element: &Element) -> Result<Value, Refused> {
        self.ask("POST", &format!("element/{}/clear", element.0), &json!({}))
    }

    /// Types into a field.
    pub fn type_into(&self, element: &Element, text: &str) -> Result<Value, Refused> {
        self.ask(
            "POST",
            &format!("element/{}/value", element.0),
            &json!({"text": text}),
        )
    }
}

fn send(agent: &ureq::Agent, method: &str, url: &str, body: &Value) -> Result<Value, Refused> {
    let request = ureq::http::Request::builder().method(method).uri(url);
    let answer = if method == "POST" {
        agent.run(request.body(body.to_string()).expect("a request"))
    } else {
        agent.run(request.body(()).expect("a request"))
    };
    let mut answer = answer.unwrap_or_else(|error| panic!("the driver does not answer: {error}"));
    // A screenshot of a long page takes some megabytes.
    let text = answer.body_mut().with_config().limit(100 << 20).read_to_string();
    let mut value: Value = serde_json::from_str(&text.expect("an answer")).expect("JSON");
    let value = value["value"].take();
    if answer.status().is_success() {
        return Ok(value);
    }
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    Err(Refused {
        code: text("error"),
        message: text("message"),
    })
}
