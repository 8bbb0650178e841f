//! chromedriver as a process: started on a free port, gone without a trace when it is dropped.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::harness::until;

/// It takes the same port for IPv4 and IPv6, and gives up when one of them is taken.
const TRIES: usize = 5;
const MISSING: &str = "the browser tests need Chromium and its driver: run tests/run, which installs them, or as root \
                       `apt-get install chromium chromium-driver`";

/// A running driver, with a folder for what its browser writes.
pub struct Driver {
    process: Child,
    says: BufReader<ChildStdout>,
    home: Option<TempDir>,
    port: u16,
    browser: PathBuf,
}

impl Driver {
    pub fn start() -> Driver {
        let (driver, browser) = (program("chromedriver"), program("chromium"));
        let mut said = String::new();
        for _ in 0..TRIES {
            let mut started = Driver::spawn(&driver, &browser);
            said.clear();
            while started.says.read_line(&mut said).expect("the driver's words") > 0 {
                if let Some(port) = port(&said) {
                    started.port = port;
                    return started;
                }
            }
        }
        panic!("chromedriver does not start; it says: {said}")
    }

    /// The shell around the driver ends it and all browsers of it when its input closes: that is, also when the
    /// test's process is killed.
    fn spawn(driver: &Path, browser: &Path) -> Driver {
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "\"$0\" --port=0 </dev/null & exec >/dev/null; cat; kill -KILL 0",
            ])
            .arg(driver)
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .env("XDG_CONFIG_HOME", home.path().join("config"))
            .env("XDG_CACHE_HOME", home.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let mut process = command.spawn().expect("sh starts");
        Driver {
            says: BufReader::new(process.stdout.take().expect("stdout")),
            process,
            home: Some(home),
            port: 0,
            browser: browser.to_owned(),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The browser's executable.
    pub fn browser(&self) -> &Path {
        &self.browser
    }

    /// A folder that goes away with the driver.
    pub fn home(&self) -> &Path {
        self.home.as_ref().expect("a folder").path()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
        // The browser's last process may still be writing.
        if let Some(home) = self.home.take() {
            let path = home.keep();
            until("the browser's folder to be removed", || {
                let _ = std::fs::remove_dir_all(&path);
                (!path.exists()).then_some(())
            });
        }
    }
}

/// Where a program stands that cannot be done without.
fn program(name: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join(name));
    let found = places.find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("there is no {name} here; {MISSING}"))
}

/// From its last line: `ChromeDriver was started successfully on port 39417.`
fn port(said: &str) -> Option<u16> {
    let (_, port) = said.trim_end().rsplit_once("successfully on port ")?;
    port.trim_end_matches('.').parse().ok()
}
