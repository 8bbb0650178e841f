//! Several processes on one file, and copies of it.

use std::time::Duration;

use super::*;

/// Far beyond what is promised; a healthy store needs a quarter of a second.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn what_another_process_changes_is_noticed() {
    let bench = Bench::new();
    let changes = bench.store.changes();
    let other = bench.another();

    let seen = changes.now();
    other
        .put_channel(serde_json::from_str(r#"{"slug":"new","entity":"lead"}"#).unwrap())
        .unwrap();
    let news = changes.wait(seen, LONG);
    assert_eq!(
        news,
        Generation {
            channels: seen.channels + 1,
            ..seen
        }
    );
    assert!(matches!(bench.store.resolve("new"), Address::Known(_)));

    other.put_setting("country", &"KZ").unwrap();
    let seen = changes.wait(news, LONG);
    assert_eq!(
        seen,
        Generation {
            settings: news.settings + 1,
            ..news
        }
    );

    let id = block_on(other.accept(arrival("a=1"))).unwrap().id();
    let news = changes.wait(seen, LONG);
    assert_eq!(
        news,
        Generation {
            work: seen.work + 1,
            ..seen
        }
    );
    assert_eq!(bench.store.take_up(10, |_| String::new()).unwrap()[0].id, id);
    other.retry(vec![id]).unwrap();
    assert!(changes.wait(news, LONG).retries > news.retries);
}

#[test]
fn accepting_tells_the_engine_at_once() {
    let bench = Bench::new();
    let changes = bench.store.changes();
    let seen = changes.now();
    bench.accept(arrival("a=1"));
    assert!(changes.wait(seen, LONG).work > seen.work);
}

#[test]
fn processes_write_side_by_side() {
    let bench = Bench::new();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let store = bench.another();
            std::thread::spawn(move || {
                for _ in 0..20 {
                    block_on(store.accept(arrival("a=1"))).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(bench.store.counts(None).unwrap()[&State::Queued], 60);
}

#[test]
fn a_backup_made_while_writing_is_a_whole_database() {
    let bench = Bench::new();
    let ids = bench.taken(20);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let busy = {
        let (store, stop) = (bench.store.clone(), stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                block_on(store.accept(arrival("more"))).unwrap();
            }
        })
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.sqlite3");
    bench.store.backup_to(&copy).unwrap();
    bench.store.backup_to(&copy).unwrap();
    stop.store(true, Ordering::SeqCst);
    busy.join().unwrap();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        std::fs::read_dir(elsewhere.path()).unwrap().count(),
        1,
        "one file and nothing beside it"
    );

    let fresh = elsewhere.path().join("data");
    restore(&fresh, &copy, false).unwrap();
    let restored = Store::open(&fresh).unwrap();
    assert!(restored.load(ids[19]).unwrap().is_some());
}

#[test]
fn a_restore_replaces_only_when_told_to_and_only_by_a_sound_backup() {
    let bench = Bench::new();
    let first = bench.accept(arrival("a=1"));
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.sqlite3");
    bench.store.backup_to(&copy).unwrap();
    let second = bench.accept(arrival("a=2"));
    let Bench { dir, clock, store } = bench;
    drop(store);

    assert!(matches!(
        restore(dir.path(), &copy, false),
        Err(StoreError::Exists(_))
    ));
    let lock = ServeLock::take(dir.path()).unwrap();
    assert!(matches!(
        restore(dir.path(), &copy, true),
        Err(StoreError::InUse(_))
    ));
    drop(lock);
    let nonsense = elsewhere.path().join("nonsense");
    std::fs::write(&nonsense, "not a database at all, though long enough to look at").unwrap();
    for _ in 0..2 {
        assert!(matches!(
            restore(dir.path(), &nonsense, true),
            Err(StoreError::NoBackup { .. })
        ));
    }
    for force in [false, true] {
        assert!(matches!(
            restore(dir.path(), &elsewhere.path().join("absent"), force),
            Err(StoreError::NoFile { .. })
        ));
    }
    assert!(
        open(dir.path(), &clock).load(second).unwrap().is_some(),
        "a refused restore changes nothing"
    );

    restore(dir.path(), &copy, true).unwrap();
    let store = open(dir.path(), &clock);
    assert!(store.load(first).unwrap().is_some());
    assert!(store.load(second).unwrap().is_none());
}

#[test]
fn the_log_moves_into_the_file_by_itself() {
    let bench = Bench::new();
    let size = || std::fs::metadata(bench.store.path()).unwrap().len();
    let before = size();
    let body = "x".repeat(1_000_000);
    for _ in 0..10 {
        bench.accept(arrival(&body));
    }
    let until = std::time::Instant::now() + LONG;
    while size() < before + 8_000_000 {
        assert!(std::time::Instant::now() < until, "no checkpoint came");
        std::thread::yield_now();
    }
}

#[test]
fn a_download_is_a_whole_database_and_leaves_no_file() {
    use std::io::Read;

    let bench = Bench::new();
    bench.taken(2);
    let mut bytes = Vec::new();
    bench
        .store
        .backup_file()
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    let left: Vec<_> = std::fs::read_dir(bench.dir.path())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.contains("download"))
        .collect();
    assert_eq!(left, [] as [String; 0]);
    let copy = tempfile::tempdir().unwrap();
    let file = copy.path().join("backup");
    std::fs::write(&file, bytes).unwrap();
    restore(copy.path(), &file, false).unwrap();
    assert_eq!(
        Store::open(copy.path())
            .unwrap()
            .list(&Filter::default(), 9)
            .unwrap()
            .len(),
        2
    );
}
