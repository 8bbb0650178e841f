//! The measurements.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use b24_bridge::store::FILE_NAME;
use rusqlite::Connection;

use super::figures::{self, Round, median, spread};
use super::server::{Folder, PATH, Server, prepare, tell};
use super::{Plan, committed, load, reference};

/// Connections settle, caches fill, and the first pages of the file are made.
const WARM_UP: Duration = Duration::from_millis(300);
/// At which delivery and a full database are compared with accepting alone.
const BUSY: usize = 32;
/// Starts of which the median is printed.
const STARTS: usize = 7;
/// Submissions that wait when accepting beside delivery begins: more than are delivered in a round.
const BACKLOG: u64 = 20_000;

/// Which machine, which executable.
pub fn conditions(plan: &Plan) {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = file("/proc/cpuinfo");
    let name = processor.lines().find_map(|line| line.strip_prefix("model name"));
    let load = file("/proc/loadavg");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{cores} cores, {}; load before the start {}",
        name.unwrap_or_default().trim_start_matches([':', '\t', ' ']),
        load.split(' ').next().unwrap_or_default()
    );
    let size = std::fs::metadata(&plan.binary).expect("the executable").len();
    println!("executable {:.2} MiB", size as f64 / f64::from(1 << 20));
    println!(
        "a form of {} bytes by POST on keep-alive connections; {} rounds of {:?} each; medians\n",
        load::form().len(),
        plan.rounds,
        plan.span
    );
}

fn measured(plan: &Plan, server: &Server, connections: usize) -> (Round, Vec<String>) {
    let mut before = Duration::ZERO;
    let outcome = load::run(server.address, PATH, connections, WARM_UP, plan.span, || {
        before = server.cpu()
    });
    let cpu = server.cpu() - before;
    (Round::of(&outcome, cpu), outcome.ids)
}

fn echo(plan: &Plan, connections: usize) -> Round {
    measured(plan, &Server::role(&[reference::ECHO]), connections).0
}

fn group(plan: &Plan, connections: usize) -> Round {
    let (folder, server) = Folder::group();
    let (round, ids) = measured(plan, &server, connections);
    committed::check(&folder.0.join(reference::FILE), 0, &ids, committed::number);
    round
}

fn bridge(plan: &Plan, connections: usize) -> Round {
    let folder = Folder::new("bridge");
    prepare(&plan.binary, &folder.0);
    accepting(plan, &folder.0, connections)
}

/// Starts the bridge in a folder, and measures one round of it.
fn accepting(plan: &Plan, folder: &Path, connections: usize) -> Round {
    let file = folder.join(FILE_NAME);
    let newest = committed::newest(&file);
    let server = Server::bridge(&plan.binary, folder);
    let (round, ids) = measured(plan, &server, connections);
    committed::check(&file, newest, &ids, committed::submission);
    round
}

/// (a), (b) and (c) in turn, the latter two in changing order.
pub fn compare(plan: &Plan) {
    figures::heading();
    for &connections in &plan.connections {
        let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..plan.rounds {
            a.push(echo(plan, connections));
            if turn % 2 == 0 {
                b.push(group(plan, connections));
                c.push(bridge(plan, connections));
            } else {
                c.push(bridge(plan, connections));
                b.push(group(plan, connections));
            }
        }
        figures::row("a  hyper, no disk", connections, &a);
        figures::row("b  hyper + group commit", connections, &b);
        figures::row("c  b24-bridge serve", connections, &c);
        let ratios =
            |of: fn(&Round) -> f64| -> Vec<f64> { c.iter().zip(&b).map(|(c, b)| of(c) / of(b)).collect() };
        println!(
            "   c/b: accepts {}, CPU {}\n",
            spread(&ratios(|round| round.a_second)),
            spread(&ratios(|round| round.cpu.as_secs_f64()))
        );
    }
    println!("every answered id of every round was found committed, once, and nothing besides\n");
}

/// Start, memory.
pub fn start(plan: &Plan) {
    let folder = Folder::new("start");
    prepare(&plan.binary, &folder.0);
    let (mut first, mut said, mut resident) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begun = Instant::now();
        let server = Server::bridge(&plan.binary, &folder.0);
        let mut stream = TcpStream::connect(server.address).expect("a connection");
        stream.write_all(&load::request(PATH)).expect("the server reads");
        let mut answer = [0u8; 1024];
        let mut filled = 0;
        while load::id_of(&answer[..filled]).is_none() {
            let read = stream.read(&mut answer[filled..]).expect("an answer");
            assert!(read > 0, "the server closed the connection");
            filled += read;
        }
        first.push(begun.elapsed().as_secs_f64() * 1e3);
        said.push(server.said_after.as_secs_f64() * 1e3);
        // The delivery's threads start after the doors are open.
        std::thread::sleep(Duration::from_millis(300));
        resident.push(server.memory("VmRSS"));
    }
    println!(
        "start to the first 200        {} ms (address printed after {} ms)",
        spread(&first),
        spread(&said)
    );
    println!("resident after start          {} MB", spread(&resident));
    let server = Server::bridge(&plan.binary, &folder.0);
    measured(plan, &server, 256);
    println!(
        "resident after 256 connections {:.1} MB, at most {:.1} MB\n",
        server.memory("VmRSS"),
        server.memory("VmHWM")
    );
}

/// Accepting while a backlog is delivered into a practice portal on the same machine, beside accepting alone.
pub fn beside_delivery(plan: &Plan) {
    let (mut alone, mut beside, mut delivered, mut undisturbed) = (vec![], vec![], vec![], vec![]);
    for _ in 0..plan.rounds {
        alone.push(bridge(plan, BUSY));
        let folder = Folder::new("beside");
        prepare(&plan.binary, &folder.0);
        let mut portal = Server::role(&[reference::PORTAL]);
        let webhook = portal.line();
        tell(
            &plan.binary,
            &folder.0,
            &["portal", "connect", "--webhook", &webhook],
            "",
        );
        fill(&folder.0, BACKLOG, false);
        let file = folder.0.join(FILE_NAME);
        let done = || committed::count(&file, "delivery WHERE state NOT IN ('queued', 'delivering')");
        let newest = committed::newest(&file);
        let server = Server::bridge(&plan.binary, &folder.0);
        let begun = Instant::now();
        while done() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is delivered");
            std::thread::sleep(Duration::from_millis(20));
        }
        let a_second = |span: Duration, before: u64| (done() - before) as f64 / span.as_secs_f64();
        let (begun, before) = (Instant::now(), done());
        std::thread::sleep(plan.span);
        undisturbed.push(a_second(begun.elapsed(), before));
        let (begun, before) = (Instant::now(), done());
        let (round, ids) = measured(plan, &server, BUSY);
        delivered.push(a_second(begun.elapsed(), before));
        beside.push(round);
        committed::check(&file, newest, &ids, committed::submission);
        assert!(
            done() < committed::count(&file, "inbox"),
            "the backlog did not last; make it larger"
        );
    }
    figures::heading();
    figures::row("c  alone", BUSY, &alone);
    figures::row("c  while delivering", BUSY, &beside);
    println!(
        "   while delivering/alone {}; deliveries a second: {:.0} before the load, {:.0} under it\n",
        spread(&ratios(&beside, &alone)),
        median(undisturbed),
        median(delivered)
    );
}

/// Accepting into a file that holds many submissions already, beside an empty one.
pub fn into_a_full_database(plan: &Plan) {
    let folder = Folder::new("full");
    prepare(&plan.binary, &folder.0);
    let begun = Instant::now();
    fill(&folder.0, plan.rows, true);
    let file = folder.0.join(FILE_NAME);
    println!(
        "{} rows stored in {:.0?}, {:.1} GB",
        plan.rows,
        begun.elapsed(),
        std::fs::metadata(&file).expect("the file").len() as f64 / 1e9
    );
    let (mut empty, mut full) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        empty.push(bridge(plan, BUSY));
        full.push(accepting(plan, &folder.0, BUSY));
    }
    figures::heading();
    figures::row("c  empty database", BUSY, &empty);
    figures::row(&format!("c  {} rows stored", plan.rows), BUSY, &full);
    println!("   full/empty {}\n", spread(&ratios(&full, &empty)));
}

fn ratios(of: &[Round], to: &[Round]) -> Vec<f64> {
    of.iter()
        .zip(to)
        .map(|(of, to)| of.a_second / to.a_second)
        .collect()
}

/// Stores submissions by SQL, ten milliseconds apart and up to now; delivered ones, or such that wait.
fn fill(folder: &Path, rows: u64, delivered: bool) {
    let mut conn = Connection::open(folder.join(FILE_NAME)).expect("the database");
    // Nobody else is at work, and what a power cut would lose is made again.
    conn.pragma_update(None, "synchronous", "OFF").expect("a pragma");
    let form = load::form();
    let first = now() - i64::try_from(rows).expect("few rows") * 10;
    let tx = conn.transaction().expect("a transaction");
    {
        let mut inbox = tx
            .prepare(
                "INSERT INTO inbox (id, channel, post, query, content_type, ip, referer, user_agent, body) \
                 VALUES (?1, 1, 1, '', 'application/x-www-form-urlencoded', '127.0.0.1', '', 'bench', ?2)",
            )
            .expect("a statement");
        let mut delivery = tx
            .prepare(
                "INSERT INTO delivery (id, channel, state, since, changed_at) VALUES (?1, 1, 'delivered', ?2, ?2)",
            )
            .expect("a statement");
        for n in 0..rows {
            let at = first + i64::try_from(n).expect("few rows") * 10;
            let id = at << 20;
            // Orders and persons of their own: submissions of one person wait for each other.
            let phone = format!("{:03}-{:02}-{:02}", n / 10_000 % 1000, n / 100 % 100, n % 100);
            let body = form
                .replace("277-31-20", &phone)
                .replace("=6510&", &format!("={n}&"));
            inbox.execute((id, body.as_bytes())).expect("a row");
            if delivered {
                delivery.execute((id, at)).expect("a row");
            }
        }
        if delivered {
            tx.execute(
                "UPDATE meta SET value = (SELECT max(id) FROM inbox) WHERE name = 'watermark'",
                [],
            )
            .expect("the watermark");
        }
    }
    tx.commit().expect("a commit");
}

fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a date")
}
