//! A bridge, a portal and a website for one test: the real executable on port 0, nothing left behind.

// Two test programs share this file, and neither uses all of it.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use b24_bridge::practice_portal::{self, PracticePortal};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes on a loaded machine; a test that reaches it has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` finds what it looks for.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A data folder with the bridge that works in it. Starts connected to a practice portal, if there is one.
pub struct Bridge {
    pub dir: TempDir,
    flags: Vec<String>,
    process: Option<Process>,
}

struct Process {
    child: Child,
    websites: String,
    admin: String,
    /// What `serve` says after its addresses.
    said: Mutex<Receiver<String>>,
}

/// What a website was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The submission's id, from an answer that must carry one.
    pub fn id(&self) -> String {
        let id = self.json()["id"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| panic!("no id in {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A practice portal on a free port.
pub fn portal() -> PracticePortal {
    PracticePortal::start(practice_portal::Options::default()).expect("a practice portal")
}

impl Bridge {
    /// A running bridge that knows this portal, with the usual flags for tests and these.
    pub fn start(portal: &PracticePortal, flags: &[&str]) -> Bridge {
        let mut bridge = Bridge::folder(flags);
        bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
        bridge.serve();
        bridge
    }

    /// A data folder where nothing runs yet.
    pub fn folder(flags: &[&str]) -> Bridge {
        let dir = tempfile::tempdir().expect("a temporary folder");
        // Tests that lose answers need not wait as long as a slow portal could work on.
        let mut all: Vec<String> = Vec::new();
        if !flags.contains(&"--settle") {
            all.extend(["--settle", "0.3"].map(str::to_owned));
        }
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Bridge {
            dir,
            flags: all,
            process: None,
        }
    }

    /// Starts `serve` in the folder; returns once it listens.
    pub fn serve(&mut self) {
        let mut command = self.serve_command();
        self.serve_as(&mut command);
    }

    /// The command that `serve` starts: for tests that wrap it.
    pub fn serve_command(&self) -> Command {
        let mut command = executable();
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--data-dir",
        ]);
        command.arg(self.dir.path()).args(&self.flags);
        command
    }

    pub fn serve_as(&mut self, command: &mut Command) {
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.log_file())
            .expect("a log file");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the executable starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let mut address = |name: &str| {
            let line = lines
                .next()
                .and_then(Result::ok)
                .unwrap_or_else(|| panic!("serve ended: {}", self.log()));
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            assert_eq!(word, name, "{line}");
            rest.trim().to_owned()
        };
        let websites = address("websites");
        let admin = address("admin");
        // Read to its end: a server that says more must not find the pipe closed.
        let (say, said) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));
        self.process = Some(Process {
            child,
            websites,
            admin,
            said: Mutex::new(said),
        });
    }

    pub fn log_file(&self) -> PathBuf {
        self.dir.path().join("test.log")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("serve runs")
    }

    pub fn pid(&self) -> u32 {
        self.process().child.id()
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }

    /// SIGTERM; waits for an orderly end and tells its exit status.
    pub fn stop(&mut self) -> Option<i32> {
        let mut process = self.process.take().expect("serve runs");
        let sent = Command::new("kill")
            .args(["-TERM", &process.child.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
        until("serve to stop", || process.child.try_wait().expect("wait")).code()
    }

    /// `http://127.0.0.1:PORT` of the websites' listener.
    pub fn websites(&self) -> &str {
        &self.process().websites
    }

    pub fn admin(&self) -> &str {
        &self.process().admin
    }

    /// The one-time link for the first administrator.
    pub fn setup_link(&self) -> String {
        let said = self.process().said.lock().expect("no panic");
        loop {
            let line = said.recv_timeout(PATIENCE).expect("a line with the link");
            if let Some(link) = line.strip_prefix("setup") {
                return link.trim().to_owned();
            }
        }
    }

    pub fn address(&self, slug: &str) -> String {
        format!("{}/in/{slug}", self.websites())
    }

    /// Posts a form to a channel.
    pub fn post_form(&self, slug: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        self.send(
            "POST",
            &format!("/in/{slug}"),
            &[("content-type", "application/x-www-form-urlencoded")],
            body.as_bytes(),
        )
    }

    /// Posts JSON to a channel.
    pub fn post_json(&self, slug: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            &format!("/in/{slug}"),
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    /// One request to the websites' listener.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|e| panic!("{e}; the log: {}", self.log()))
    }

    /// The same, where the bridge may die under it.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        request(&format!("{}{path}", self.websites()), method, headers, body)
    }

    /// A command beside the server, on the same data folder.
    pub fn cli(&self, args: &[&str]) -> Output {
        self.cli_with(args, b"")
    }

    pub fn cli_with(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = executable();
        command.args(args).arg("--data-dir").arg(self.dir.path());
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the executable starts");
        // A command that fails before it reads its input closes the pipe.
        let _ = child.stdin.take().expect("stdin").write_all(input);
        child.wait_with_output().expect("output")
    }

    /// A command that must succeed; its stdout.
    pub fn cli_ok(&self, args: &[&str]) -> String {
        self.cli_ok_with(args, b"")
    }

    pub fn cli_ok_with(&self, args: &[&str], input: &[u8]) -> String {
        let output = self.cli_with(args, input);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {out}{err}");
        out
    }

    /// A command's JSON.
    pub fn cli_json(&self, args: &[&str]) -> Value {
        let out = self.cli_ok(args);
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}: {out}"))
    }

    /// Makes or replaces a channel, and waits until a running server knows it.
    pub fn channel(&self, channel: &Value) -> Value {
        let out = self.cli_ok_with(&["channel", "apply", "-"], channel.to_string().as_bytes());
        let applied: Value = serde_json::from_str(&out).expect("JSON");
        if self.process.is_some() {
            let path = format!("/in/{}", applied["slug"].as_str().expect("a slug"));
            until("the channel to be taken up", || {
                (self.send("HEAD", &path, &[], b"").status != 404).then_some(())
            });
        }
        applied
    }

    pub fn show(&self, id: &str) -> Value {
        self.cli_json(&["inbox", "show", id, "--json"])
    }

    /// Waits until a submission is in this state; returns it.
    pub fn wait_for(&self, id: &str, state: &str) -> Value {
        let mut last = Value::Null;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            last = self.show(id);
            if last["state"] == state {
                return last;
            }
            let is_final = !matches!(last["state"].as_str(), Some("queued" | "delivering"));
            assert!(
                !is_final,
                "{id} should become {state}: {last:#}\nthe log: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{id} never became {state}: {last:#}\nthe log: {}", self.log());
    }

    /// Submissions in a state, newest first.
    pub fn in_state(&self, state: &str) -> Vec<Value> {
        let list = self.cli_json(&["inbox", "list", "--state", state, "--limit", "100000", "--json"]);
        list.as_array().expect("a list").clone()
    }

    /// Waits until nothing is queued or under way.
    pub fn settle(&self) {
        until("the inbox to settle", || {
            (self.in_state("queued").is_empty() && self.in_state("delivering").is_empty()).then_some(())
        });
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.kill();
        // A thread that panicked must not pass for a success.
        if !std::thread::panicking() {
            let log = self.log();
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}

/// One HTTP request; any status is an answer.
pub fn request(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let (answer, body) = download(url, method, headers, body)?;
    Ok(Answer {
        body: text(&body),
        ..answer
    })
}

/// The same for what is no text: the body stands apart.
pub fn download(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(Answer, Vec<u8>), ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = if body.is_empty() && method != "POST" {
        agent.run(request.body(()).expect("a request"))?
    } else {
        agent.run(request.body(body).expect("a request"))?
    };
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let answer = Answer {
        status: response.status().as_u16(),
        headers,
        body: String::new(),
    };
    Ok((answer, response.body_mut().read_to_vec()?))
}

/// The executable under test, without anything of the developer's environment.
pub fn executable() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_b24-bridge"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("B24_BRIDGE_")) {
        command.env_remove(name);
    }
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The manual's example channel, with changes: `{"mode": "always_create"}` replaces that key.
pub fn shop_channel(changes: Value) -> Value {
    let text = std::fs::read_to_string(repository("examples/channel-shop-orders.json")).expect("the example");
    let mut channel: Value = serde_json::from_str(&text).expect("JSON");
    for (key, value) in changes.as_object().expect("an object") {
        channel[key] = value.clone();
    }
    channel
}

/// The manual's example order, with this number.
pub fn order(number: u32) -> Value {
    json!({"client_phone": 74_712_773_120_u64, "client_name": "Мария", "order_id": number, "order_amount": 3500})
}
