//! A server as a process: started in a folder of its own, watched through `/proc`, killed at the end.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::reference;

/// The kernel counts a process's time in hundredths of a second on every Linux (`USER_HZ`, proc(5)).
const TICK: Duration = Duration::from_millis(10);
const CHANNEL: &str = include_str!("../../../examples/channel-shop-orders.json");
/// The channel's address in the bridge.
pub const PATH: &str = "/in/shop-orders";

/// A process that is killed when it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// What it printed after its address, as far as it was asked for.
    lines: std::io::Lines<BufReader<ChildStdout>>,
    /// From before the process was made until its address was printed.
    pub said_after: Duration,
}

impl Server {
    /// This executable in another role.
    pub fn role(arguments: &[&str]) -> Server {
        let own = std::env::current_exe().expect("this executable");
        Server::start(Command::new(own).args(arguments))
    }

    /// The bridge, in a folder that [`prepare`] made.
    pub fn bridge(binary: &Path, folder: &Path) -> Server {
        let log = fs::File::create(folder.join("serve.log")).expect("a log file");
        let mut command = executable(binary, folder);
        let command = command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
            ])
            .stderr(log);
        Server::start(command)
    }

    fn start(command: &mut Command) -> Server {
        let started = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the executable starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let line = lines
            .next()
            .and_then(Result::ok)
            .expect("the server ended at once; see serve.log");
        let said_after = started.elapsed();
        let address = line.rsplit("http://").next().and_then(|text| text.parse().ok());
        Server {
            child,
            address: address.unwrap_or_else(|| panic!("no address in {line:?}")),
            lines,
            said_after,
        }
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        self.lines.next().and_then(Result::ok).expect("a line")
    }

    /// Processor time so far, of all its threads.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("/proc");
        // The name in brackets may hold anything; utime and stime are the 12th and 13th word behind it.
        let (_, rest) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks: u32 = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|word| word.parse::<u32>().expect("ticks"))
            .sum();
        TICK * ticks
    }

    /// A line of `/proc/PID/status` in MB: `VmRSS`, `VmHWM`.
    pub fn memory(&self, what: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("/proc");
        let line = status
            .lines()
            .find(|line| line.starts_with(what))
            .expect("a figure");
        let kib: f64 = line
            .split_whitespace()
            .nth(1)
            .and_then(|word| word.parse().ok())
            .expect("kB");
        kib / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder on the disk that holds the build, removed when it is dropped: `/tmp` may be in memory, where a sync of
/// the disk costs nothing.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("accept-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub fn group() -> (Folder, Server) {
        let folder = Folder::new("group");
        let server = Server::role(&[reference::GROUP, &folder.0.to_string_lossy()]);
        (folder, server)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A data folder with a channel.
pub fn prepare(binary: &Path, folder: &Path) {
    tell(binary, folder, &["channel", "apply", "-"], CHANNEL);
}

/// Runs a command of the bridge on a data folder.
pub fn tell(binary: &Path, folder: &Path, words: &[&str], input: &str) {
    let mut child = executable(binary, folder)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the executable starts");
    let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
    assert!(child.wait().expect("an end").success(), "{words:?} failed");
}

fn executable(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("B24_BRIDGE_")) {
        command.env_remove(name);
    }
    command.arg("--data-dir").arg(folder);
    command
}
