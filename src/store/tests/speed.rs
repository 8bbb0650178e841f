//! Measurements, to be run by hand on a quiet machine:
//! `cargo test --release --lib store::tests::speed -- --ignored --nocapture --test-threads 1`

use std::time::{Duration, Instant};

use super::*;

const FOR: Duration = Duration::from_secs(4);

/// 311 bytes, as in the other measurements.
fn form() -> Arrival {
    arrival(&"client_name=Ivan&client_phone=74712773120&order_id=1234567890&x=".repeat(5)[..311])
}

fn rows_a_second(store: &Store, tasks: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let start = Instant::now();
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            let store = store.clone();
            runtime.spawn(async move {
                let mut done = 0u32;
                while start.elapsed() < FOR {
                    store.accept(form()).await.unwrap();
                    done += 1;
                }
                done
            })
        })
        .collect();
    let done: u32 = handles
        .into_iter()
        .map(|handle| runtime.block_on(handle).unwrap())
        .sum();
    f64::from(done) / start.elapsed().as_secs_f64()
}

/// One thread, one connection, groups of a given size: what SQLite itself can do here.
fn plain_rows_a_second(group: u32) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let path = schema::prepare_files(dir.path()).unwrap();
    let mut conn = schema::connect(&path, schema::Purpose::Writer).unwrap();
    conn.pragma_update(None, "wal_autocheckpoint", 1000).unwrap();
    schema::migrate(&mut conn, &path).unwrap();
    let (start, mut done) = (Instant::now(), 0u32);
    let form = form();
    while start.elapsed() < FOR {
        let tx = conn.transaction().unwrap();
        for _ in 0..group {
            tx.prepare_cached(accept::INSERT)
                .unwrap()
                .execute(rusqlite::params![
                    done,
                    1,
                    None::<&str>,
                    true,
                    "",
                    form.content_type,
                    form.ip,
                    form.referer,
                    form.user_agent,
                    &form.body[..]
                ])
                .unwrap();
            done += 1;
        }
        tx.commit().unwrap();
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

#[test]
#[ignore = "a measurement"]
fn accepting() {
    for round in 0..2 {
        for tasks in [1usize, 32, 256] {
            let plain = plain_rows_a_second(u32::try_from(tasks).unwrap());
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path()).unwrap();
            let ours = rows_a_second(&store, tasks);
            let log = std::fs::metadata(dir.path().join(format!("{FILE_NAME}-wal")))
                .unwrap()
                .len()
                >> 20;
            println!(
                "round {round}: {tasks} tasks {ours:.0}/s, plain groups of {tasks} {plain:.0}/s, ratio {:.2}, log {log} MiB",
                ours / plain
            );
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn a_million_rows() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let started = Instant::now();
    let rows = 1_000_000u32;
    store
        .inner
        .writer
        .write(move |conn, now| {
            let mut insert = conn.prepare(accept::INSERT)?;
            for n in 0..rows {
                let id = (now.0 - i64::from(rows - n)) << 20;
                insert.execute(rusqlite::params![
                    id,
                    n % 7,
                    None::<&str>,
                    true,
                    "",
                    None::<&str>,
                    "203.0.113.7",
                    "",
                    "curl/8",
                    &form().body[..]
                ])?;
            }
            Ok(())
        })
        .unwrap();
    println!("stored in {:?}", started.elapsed());
    let started = Instant::now();
    let mut n = 0u64;
    while !store
        .take_up(10_000, |r| {
            n += 1;
            format!("+7 9{:09} Иван Иванов №{}", n * 7919 % 1_000_000_000, r.id)
        })
        .unwrap()
        .is_empty()
    {}
    println!("taken up in {:?}", started.elapsed());
    let all = store.unfinished(SubmissionId(0), 1_000_000).unwrap();
    let started = Instant::now();
    for chunk in all[..900_000].chunks(50) {
        let batch = chunk.iter().map(|w| Record {
            id: w.id,
            steps: vec![],
            change: if w.id.0 >> 20 & 1023 == 0 {
                Change::Failed(crate::model::Failure {
                    step: "entity".to_owned(),
                    text: "no".to_owned(),
                })
            } else {
                Change::Again {
                    at: Millis(0),
                    error: String::new(),
                    count_attempt: false,
                }
            },
        });
        store.record(batch.collect()).unwrap();
    }
    println!("900,000 recorded by fifties in {:?}", started.elapsed());
    // A month of a busy bridge: twenty channels, each hour, four outcomes.
    let month_ago = Millis(all[0].id.at().0 - 30 * 24 * HOUR_MS);
    store
        .inner
        .writer
        .write(move |conn, _| {
            let mut insert =
                conn.prepare("INSERT INTO traffic (hour, channel, outcome, n) VALUES (?1, ?2, ?3, 9)")?;
            for hour in 0..30 * 24 {
                for channel in 0..20 {
                    for outcome in ["received", "delivered", "ignored", "failed"] {
                        insert.execute(rusqlite::params![
                            month_ago.0 / HOUR_MS + hour,
                            100 + channel,
                            outcome
                        ])?;
                    }
                }
            }
            Ok(())
        })
        .unwrap();
    let show = |what: &str, filter: Filter| {
        let mut worst = Duration::ZERO;
        let mut found = 0;
        for _ in 0..5 {
            let started = Instant::now();
            found = store.list(&filter, 50).unwrap().len();
            worst = worst.max(started.elapsed());
        }
        println!("list {what}: {found} lines, worst {worst:?}");
    };
    let base = Filter::default();
    let text = |text: &str| Some(text.to_owned());
    show("all", base.clone());
    show(
        "in the middle",
        Filter {
            before: Some(all[500_000].id),
            ..base.clone()
        },
    );
    show(
        "channel",
        Filter {
            channel: Some(ChannelKey(3)),
            ..base.clone()
        },
    );
    show(
        "failed",
        Filter {
            state: Some(State::Failed),
            ..base.clone()
        },
    );
    show(
        "failed of a channel",
        Filter {
            state: Some(State::Failed),
            channel: Some(ChannelKey(3)),
            ..base.clone()
        },
    );
    show(
        "spam (none)",
        Filter {
            state: Some(State::Spam),
            ..base.clone()
        },
    );
    show(
        "a common word",
        Filter {
            text: text("иванов"),
            ..base.clone()
        },
    );
    show(
        "a rare phone",
        Filter {
            text: text("+7 9000007919"),
            ..base.clone()
        },
    );
    show(
        "digits",
        Filter {
            text: text("0007919"),
            ..base.clone()
        },
    );
    show(
        "nothing",
        Filter {
            text: text("петров"),
            ..base.clone()
        },
    );
    show(
        "a common word, rare state",
        Filter {
            text: text("иванов"),
            state: Some(State::Failed),
            ..base.clone()
        },
    );
    show(
        "two letters",
        Filter {
            text: text("zz"),
            ..base
        },
    );
    for (what, run) in [
        (
            "counts",
            (&|| store.counts(None).map(|_| ())) as &dyn Fn() -> Result<(), StoreError>,
        ),
        ("activity", &|| store.activity(Millis(0)).map(|_| ())),
        ("traffic of a month", &|| {
            store.traffic(month_ago, None).map(|_| ())
        }),
        ("backlog", &|| store.backlog().map(|_| ())),
        ("unfinished", &|| {
            store.unfinished(SubmissionId(0), 50).map(|_| ())
        }),
        ("load", &|| store.load(all[7].id).map(|_| ())),
    ] {
        let started = Instant::now();
        run().unwrap();
        println!("{what}: {:?}", started.elapsed());
    }
    println!(
        "accepting with a million rows at 256 tasks: {:.0}/s",
        rows_a_second(&store, 256)
    );
    let started = Instant::now();
    println!(
        "purged {} in {:?}",
        store.purge(all[300_000].id.at()).unwrap(),
        started.elapsed()
    );
}
