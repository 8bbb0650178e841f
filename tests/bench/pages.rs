//! `cargo bench --bench pages`: how long each of the administrator's pages takes, with 1,000 and with 1,000,000
//! requests in the inbox.
//!
//! The pages are served over loopback as `serve` does it, connected to a practice portal that has told its fields, so a
//! figure holds the handler, the rendering and HTTP. No speed fails the bench; a page that does not answer 200 does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement at a terminal, not a part of the program"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use b24_bridge::deliver::{self, Engine};
use b24_bridge::http::{self, Limits};
use b24_bridge::model::{Channel, Millis, SubmissionId};
use b24_bridge::portal::{self, Connection};
use b24_bridge::practice_portal::{self, PracticePortal};
use b24_bridge::store::{FILE_NAME, Store};
use b24_bridge::web::admin::{self, Site, SiteOptions, password};

/// What issue 3 asks of every page.
const WANTED_MS: f64 = 50.0;
const CHANNELS: i64 = 7;
/// One request every this many milliseconds: a million in about three months.
const PAUSE_MS: i64 = 8_000;
const NAME: &str = "bench";
const PASSWORD: &str = "correct horse battery";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    if !has("--bench") && !has("--quick") {
        println!("measures with `cargo bench --bench pages`; `-- --quick` shows that it works");
        return;
    }
    let (sizes, rounds): (&[i64], usize) = if has("--quick") {
        (&[200, 1_000], 2)
    } else {
        (&[1_000, 1_000_000], 40)
    };
    println!(
        "page, then milliseconds (median / 95 % / max of {rounds}) with {sizes:?} requests in the inbox"
    );
    let columns: Vec<Vec<(String, Spread)>> = sizes.iter().map(|rows| measure(*rows, rounds)).collect();
    for (n, (page, _)) in columns[0].iter().enumerate() {
        let figures: Vec<String> = columns.iter().map(|column| column[n].1.to_string()).collect();
        let is_over = columns.iter().any(|column| column[n].1.most > WANTED_MS);
        println!(
            "{page:<44} {}{}",
            figures.join("   "),
            if is_over { "  <-- over 50 ms" } else { "" }
        );
    }
}

struct Spread {
    median: f64,
    /// What 95 of 100 keep within.
    most: f64,
    max: f64,
}

impl Spread {
    fn of(mut times: Vec<f64>) -> Spread {
        times.sort_by(f64::total_cmp);
        let last = times.len() - 1;
        Spread {
            median: times[last / 2],
            most: times[last * 95 / 100],
            max: times[last],
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:7.1} / {:7.1} / {:7.1}", self.median, self.most, self.max)
    }
}

/// Measures every page with this many rows.
fn measure(rows: i64, rounds: usize) -> Vec<(String, Spread)> {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for n in 0..CHANNELS {
        let json = format!(
            r#"{{"slug":"c{n}","name":"Канал {n}","entity":"deal","mode":"search_first","search_stages":["NEW"],"fields":[
                {{"of":"contact","field":"NAME","value":"{{name}}"}},
                {{"of":"contact","field":"PHONE","value":"{{phone}}","search":true}},
                {{"of":"deal","field":"TITLE","value":"Заказ №{{order}}"}},
                {{"of":"deal","field":"CURRENCY_ID","value":"RUB"}}]}}"#
        );
        let channel: Channel = serde_json::from_str(&json).unwrap();
        store.put_channel(channel).unwrap();
    }
    store
        .add_account(NAME, password::hash(PASSWORD).unwrap())
        .unwrap();
    let now = deliver::now();
    let started = Instant::now();
    fill(dir.path(), rows, now);
    println!("({rows} rows stored in {:.0} s)", started.elapsed().as_secs_f64());
    let practice = PracticePortal::start(practice_portal::Options::default()).unwrap();
    connect(&store, &practice);
    let mut client = Client::new(serve(store));
    let sign_in = rounds_of(rounds, || client.get("/sign-in"));
    client.sign_in();
    let mut columns = vec![("sign-in".to_owned(), sign_in)];
    for (name, path) in pages(rows, now) {
        columns.push((name.to_owned(), rounds_of(rounds, || client.get(&path))));
    }
    for (name, path) in exports() {
        columns.push((name.to_owned(), rounds_of(rounds, || client.begin(&path))));
    }
    for (name, path, form) in posted() {
        columns.push((name.to_owned(), rounds_of(rounds, || client.post(path, &form))));
    }
    columns
}

fn rounds_of(rounds: usize, mut ask: impl FnMut() -> Duration) -> Spread {
    Spread::of((0..rounds).map(|_| ask().as_secs_f64() * 1e3).collect())
}

/// As `portal connect` does.
fn connect(store: &Store, practice: &PracticePortal) {
    let connection = Connection::webhook(&practice.webhook_url()).unwrap();
    let trial = deliver::connect::try_out(connection, &portal::Options::default()).unwrap();
    deliver::connect::keep(store, &trial.connection, &trial.catalog.unwrap(), None).unwrap();
}

/// The id of the row `n` of `rows`, the newest of which came just now.
fn id(n: i64, rows: i64, now: Millis) -> SubmissionId {
    SubmissionId::first_at(Millis(now.0 - (rows - n) * PAUSE_MS))
}

fn pages(rows: i64, now: Millis) -> Vec<(&'static str, String)> {
    let middle = id(rows / 2, rows, now);
    let day = |back: i64| Millis(now.0 - back * 86_400_000).to_string()[..10].to_owned();
    let query = |pairs: &[(&str, &str)]| format!("/inbox?{}", serde_urlencoded::to_string(pairs).unwrap());
    vec![
        ("overview", "/".to_owned()),
        ("channels", "/channels".to_owned()),
        ("a new channel", "/new-channel".to_owned()),
        ("a channel with its mappings", "/channels/c3".to_owned()),
        ("deleting a channel", "/channels/c3/delete".to_owned()),
        ("try it", "/channels/c3/try".to_owned()),
        (
            "try it, with a request",
            format!("/channels/c3/try?from={}", id(rows / 7 * 7 - 4, rows, now)),
        ),
        ("portal", "/portal".to_owned()),
        ("settings", "/settings".to_owned()),
        (
            "settings, a new administrator",
            "/settings/administrators/new".to_owned(),
        ),
        (
            "settings, an administrator",
            "/settings/administrators/1".to_owned(),
        ),
        ("inbox", "/inbox".to_owned()),
        (
            "inbox, older from the middle",
            query(&[("before", &middle.to_string())]),
        ),
        (
            "inbox, newer from the middle",
            query(&[("after", &middle.to_string())]),
        ),
        ("inbox, a channel", query(&[("channel", "c3")])),
        ("inbox, failed", query(&[("state", "failed")])),
        (
            "inbox, failed of a channel",
            query(&[("state", "failed"), ("channel", "c3")]),
        ),
        ("inbox, spam (none)", query(&[("state", "spam")])),
        (
            "inbox, failed in 7 days",
            query(&[("state", "failed"), ("from", &day(7))]),
        ),
        ("inbox, a common word", query(&[("q", "иванов")])),
        (
            "inbox, a common word, rare state",
            query(&[("q", "иванов"), ("state", "failed")]),
        ),
        (
            "inbox, a common word, state without it",
            query(&[("q", "иванов"), ("state", "ignored")]),
        ),
        (
            "inbox, a common word, a channel",
            query(&[("q", "иванов"), ("channel", "c3")]),
        ),
        (
            "inbox, a common word, newer",
            query(&[("q", "иванов"), ("after", &middle.to_string())]),
        ),
        ("inbox, a phone", query(&[("q", "8 (900) 000-79-19")])),
        ("inbox, a phone's digits", query(&[("q", "+79000007919")])),
        ("inbox, a part of a phone", query(&[("q", "000-79-19")])),
        ("inbox, common and rare together", query(&[("q", "иванов №77")])),
        ("inbox, digits", query(&[("q", "0007919")])),
        (
            "inbox, digits, delivered, a channel",
            query(&[("q", "000"), ("state", "delivered"), ("channel", "c3")]),
        ),
        ("inbox, a word that is nowhere", query(&[("q", "петров")])),
        ("inbox, two letters", query(&[("q", "ив")])),
        ("inbox, two letters that are nowhere", query(&[("q", "zz")])),
        ("inbox, an id", query(&[("q", &middle.to_string())])),
        ("a request", format!("/inbox/{}", id(rows / 2 + 1, rows, now))),
        (
            "a failed request",
            format!("/inbox/{}", id(failed_one(rows), rows, now)),
        ),
        ("deliver again, failed", "/inbox/again?state=failed".to_owned()),
        (
            "deliver again, failed with a word",
            format!(
                "/inbox/again{}",
                &query(&[("state", "failed"), ("q", "иванов")])["/inbox".len()..]
            ),
        ),
        (
            "deliver again, ignored in 30 days",
            format!(
                "/inbox/again{}",
                &query(&[("state", "ignored"), ("from", &day(30))])["/inbox".len()..]
            ),
        ),
    ]
}

/// Files: what counts is when their first rows come.
fn exports() -> Vec<(&'static str, String)> {
    let query =
        |pairs: &[(&str, &str)]| format!("/inbox/export?{}", serde_urlencoded::to_string(pairs).unwrap());
    vec![
        ("CSV, its beginning", "/inbox/export".to_owned()),
        ("CSV, failed", query(&[("state", "failed")])),
        ("CSV, a word", query(&[("q", "иванов")])),
        ("CSV, a phone", query(&[("q", "+79000007919")])),
        (
            "CSV, a word, a rare state",
            query(&[("q", "иванов"), ("state", "failed")]),
        ),
    ]
}

/// A page's name, its address and the form that is sent there.
type Posted = (&'static str, &'static str, Vec<(&'static str, &'static str)>);

/// Pages that are answers to a form. The dry run and the check ask the practice portal.
fn posted() -> Vec<Posted> {
    let body = r#"{"name": "Мария", "phone": "74712773120", "order": "6510"}"#;
    vec![
        (
            "try it, shown",
            "/channels/c3/try",
            vec![("do", "show"), ("body", body)],
        ),
        ("portal, checked", "/portal/check", vec![]),
        (
            "a channel, a row added",
            "/channels/c3",
            vec![
                ("action", "add.deal"),
                ("name", "Канал"),
                ("entity", "deal"),
                ("mode", "always_create"),
            ],
        ),
    ]
}

/// A row that failed.
fn failed_one(rows: i64) -> i64 {
    rows / 2 / 1_000 * 1_000 + if rows < 1_000 { 0 } else { 7 }
}

/// Writes the rows by SQL, as the bridge would have left them; its triggers keep the counts and the text's index.
fn fill(dir: &Path, rows: i64, now: Millis) {
    let mut conn = rusqlite::Connection::open(dir.join(FILE_NAME)).unwrap();
    conn.busy_timeout(Duration::from_secs(60)).unwrap();
    conn.pragma_update(None, "cache_size", -262_144).unwrap();
    let mut n = 0;
    while n < rows {
        let tx = conn.transaction().unwrap();
        {
            let mut inbox = tx
                .prepare_cached(
                    "INSERT INTO inbox (id, channel, post, query, content_type, ip, referer, user_agent, body) \
                     VALUES (?1, ?2, 1, '', 'application/x-www-form-urlencoded', '203.0.113.7', 'https://shop.example/', 'Mozilla/5.0', ?3)",
                )
                .unwrap();
            let mut delivery = tx
                .prepare_cached(
                    "INSERT INTO delivery (id, channel, state, attempts, since, error, error_step, decision, result, changed_at, summary) \
                     VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?4, ?9)",
                )
                .unwrap();
            let mut step = tx
                .prepare_cached(
                    "INSERT INTO step (submission, seq, key, method, effect, sent, state, detail, begun_at, took_ms) \
                     VALUES (?1, ?2, 'entity', 'crm.deal.add', 'write', ?3, 'done', '41', ?4, 120)",
                )
                .unwrap();
            for _ in 0..20_000 {
                if n >= rows {
                    break;
                }
                let at = id(n, rows, now);
                let channel = 1 + n % CHANNELS;
                // One in a thousand failed; a tenth was ignored, and those have another name.
                let state = match n % 1_000 {
                    7 => "failed",
                    n if n % 10 == 3 => "ignored",
                    _ => "delivered",
                };
                let name = if state == "ignored" {
                    "Анна Кузьмина"
                } else {
                    "Иван Иванов"
                };
                let phone = format!("+79{:09}", n * 7_919 % 1_000_000_000);
                let body = serde_urlencoded::to_string([
                    ("name", name),
                    ("phone", &phone),
                    ("order", &n.to_string()),
                ])
                .unwrap();
                inbox
                    .execute(rusqlite::params![at.0, channel, body.as_bytes()])
                    .unwrap();
                let is_failed = state == "failed";
                let action = if state == "ignored" { "ignored" } else { "created" };
                let result = format!(
                    r#"{{"action":"{action}","entity":"deal","entity_ids":[{n}],"contact_ids":[{n}],"contact_action":"found","comment_ids":[],"activity_ids":[]}}"#
                );
                delivery
                    .execute(rusqlite::params![
                        at.0,
                        channel,
                        state,
                        at.at().0,
                        is_failed.then_some("the field UF_CRM_SIZE (Размер) cannot take \"XXL\": it takes one of S, M, L; correct the form or add the value in the portal"),
                        is_failed.then_some("values"),
                        r#"{"contact":{"found":{"ids":[17]}},"entity":"create"}"#,
                        (!is_failed).then_some(result),
                        format!("{phone} · {name} · Заказ №{n}"),
                    ])
                    .unwrap();
                // Steps make the file large and the pages no slower: every hundredth has some.
                if n % 100 == 1 {
                    for seq in 1..=6 {
                        let sent = r#"{"fields":{"TITLE":"Заказ","CONTACT_IDS":["17"]}}"#;
                        step.execute(rusqlite::params![at.0, seq, sent, at.at().0])
                            .unwrap();
                    }
                }
                n += 1;
            }
        }
        tx.commit().unwrap();
    }
    let last = id(rows - 1, rows, now);
    conn.execute("UPDATE meta SET value = ?1 WHERE name = 'watermark'", [last.0])
        .unwrap();
}

/// Serves the pages on a free port, until the process ends.
fn serve(store: Store) -> String {
    let options = deliver::Options {
        given: deliver::Given::default(),
        settle: Duration::from_secs(1),
        portal: portal::Options::default(),
    };
    let engine = Arc::new(Engine::start(store.clone(), options).unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let options = SiteOptions {
        admin_url: format!("http://{address}"),
        public_url: "http://shop.example".to_owned(),
        setup: None,
        zone: jiff::tz::TimeZone::UTC,
    };
    let site = Arc::new(Site::new(store, engine, options));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let (_stop, stopped) = tokio::sync::watch::channel(false);
            let handler = Arc::new(move |request| admin::handle(request, Arc::clone(&site), deliver::now()));
            http::serve(listener, Limits::default(), stopped, handler).await;
        });
    });
    address
}

/// A browser of one connection.
struct Client {
    address: String,
    stream: BufReader<TcpStream>,
    cookie: String,
    /// Of the last page with a form.
    csrf: String,
}

impl Client {
    fn new(address: String) -> Client {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client {
            stream: BufReader::new(stream),
            address,
            cookie: String::new(),
            csrf: String::new(),
        }
    }

    fn sign_in(&mut self) {
        let (status, page) = self.ask("GET", "/sign-in", "");
        assert_eq!(status, 200, "{page}");
        let csrf = self.csrf.clone();
        let form =
            serde_urlencoded::to_string([("csrf", csrf.as_str()), ("name", NAME), ("password", PASSWORD)])
                .unwrap();
        let (status, page) = self.ask("POST", "/sign-in", &form);
        assert_eq!(status, 303, "{page}");
    }

    /// How long a page took, which must be there.
    fn get(&mut self, path: &str) -> Duration {
        let started = Instant::now();
        let (status, page) = self.ask("GET", path, "");
        let took = started.elapsed();
        assert_eq!(status, 200, "{path}: {page}");
        took
    }

    /// How long the answer to a form took, which must be a page.
    fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Duration {
        let mut form = form.to_vec();
        let csrf = self.csrf.clone();
        form.push(("csrf", &csrf));
        let body = serde_urlencoded::to_string(form).unwrap();
        let started = Instant::now();
        let (status, page) = self.ask("POST", path, &body);
        let took = started.elapsed();
        assert_eq!(status, 200, "{path}: {page}");
        took
    }

    /// How long the first piece of a file took; the rest is not taken.
    fn begin(&mut self, path: &str) -> Duration {
        let mut other = Client {
            stream: BufReader::new(TcpStream::connect(&self.address).unwrap()),
            address: self.address.clone(),
            cookie: self.cookie.clone(),
            csrf: String::new(),
        };
        let started = Instant::now();
        other.send("GET", path, "");
        let (status, _) = other.read_head();
        assert_eq!(status, 200, "{path}");
        let mut line = String::new();
        other.stream.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{path} is empty");
        started.elapsed()
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.send(method, path, body);
        let (status, length) = self.read_head();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        let page = String::from_utf8(body).unwrap();
        if let Some((_, rest)) = page.split_once(r#"name="csrf" value=""#) {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        (status, page)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.cookie,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes()).unwrap();
    }

    /// The status, and the length of what follows.
    fn read_head(&mut self) -> (u16, usize) {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "set-cookie" => self.cookie = value.split(';').next().unwrap().to_owned(),
                _ => {}
            }
        }
        (status, length)
    }
}
