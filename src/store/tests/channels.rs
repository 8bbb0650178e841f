//! Channels, addresses, settings.

use super::*;
use crate::model::Channel;

fn channel(json: &str) -> Channel {
    serde_json::from_str(json).unwrap()
}

fn put(store: &Store, json: &str) -> StoredChannel {
    store.put_channel(channel(json)).unwrap()
}

#[test]
fn a_slug_and_a_name_are_made_when_absent() {
    let bench = Bench::new();
    let first = put(&bench.store, r#"{"entity":"lead"}"#);
    let second = put(&bench.store, r#"{"entity":"lead"}"#);
    assert!(first.channel.slug.len() >= 20);
    assert!(
        first
            .channel
            .slug
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    );
    assert_ne!(first.channel.slug, second.channel.slug);
    assert_eq!(second.channel.name, "Входящий канал 2");
    put(&bench.store, r#"{"entity":"lead","name":"Входящий канал 4"}"#);
    assert_eq!(
        put(&bench.store, r#"{"entity":"lead"}"#).channel.name,
        "Входящий канал 5"
    );
}

#[test]
fn replacing_keeps_the_key_and_a_name_that_is_not_given() {
    let bench = Bench::new();
    let first = put(
        &bench.store,
        r#"{"slug":"shop","name":"Магазин","entity":"lead"}"#,
    );
    bench.set_clock(MORNING + 5);
    let second = put(&bench.store, r#"{"slug":"shop","entity":"deal","category_id":3}"#);
    assert_eq!((second.key, second.channel.name.as_str()), (first.key, "Магазин"));
    assert_eq!(
        (second.created_at, second.changed_at),
        (Millis(MORNING), Millis(MORNING + 5))
    );
    assert_eq!(bench.store.channel("shop").unwrap(), Some(second.clone()));
    assert_eq!(
        bench.store.resolve("shop"),
        Address::Known(Arc::new(second.clone()))
    );
    assert_eq!(bench.store.channels().unwrap(), [second]);
}

#[test]
fn the_default_flag_moves() {
    let bench = Bench::new();
    put(&bench.store, r#"{"slug":"a","entity":"lead","is_default":true}"#);
    put(&bench.store, r#"{"slug":"b","entity":"lead","is_default":true}"#);
    let flags: Vec<_> = bench
        .store
        .channels()
        .unwrap()
        .iter()
        .map(|c| c.channel.is_default)
        .collect();
    assert_eq!(flags, [false, true]);
    put(&bench.store, r#"{"slug":"b","entity":"lead"}"#);
    assert!(bench.store.directory().default_channel().is_none());
}

#[test]
fn the_address_of_a_deleted_channel_goes_to_the_default_one_and_can_come_back() {
    let bench = Bench::new();
    let store = &bench.store;
    let old = put(store, r#"{"slug":"old","entity":"lead"}"#);
    assert_eq!(store.resolve("never"), Address::Unknown);
    store.delete_channel("old").unwrap();
    assert_eq!(store.resolve("old"), Address::Deleted);
    assert_eq!(
        store.delete_channel("old"),
        Err(StoreError::NoSuchChannel("old".to_owned()))
    );
    assert_eq!(store.channel("old").unwrap(), None);
    assert!(store.directory().by_key(old.key).unwrap().deleted_at.is_some());

    let default = put(store, r#"{"slug":"all","entity":"lead","is_default":true}"#);
    let moved = Address::Moved {
        to: Arc::new(default),
        via: "old".to_owned(),
    };
    assert_eq!(store.resolve("old"), moved);
    let bench = bench.reopen();
    assert_eq!(bench.store.resolve("old"), moved);

    let back = put(&bench.store, r#"{"slug":"old","entity":"deal"}"#);
    assert_eq!(back.key, old.key);
    assert_eq!(bench.store.resolve("old"), Address::Known(Arc::new(back)));
    bench.store.delete_channel("all").unwrap();
    assert_eq!(
        bench.store.resolve("all"),
        Address::Deleted,
        "a deleted default is no default"
    );
}

#[test]
fn settings_and_credentials_are_kept_apart() {
    let bench = Bench::new();
    let store = &bench.store;
    assert_eq!(store.setting::<String>("country").unwrap(), None);
    store.put_setting("country", &"RU").unwrap();
    store.put_setting("country", &"KZ").unwrap();
    store.put_credential("user:anna", &"hash").unwrap();
    store.put_credential("user:boris", &"hash").unwrap();
    store.put_credential("portal", &"secret").unwrap();
    let bench = bench.reopen();
    let store = &bench.store;
    assert_eq!(store.setting::<String>("country").unwrap().as_deref(), Some("KZ"));
    assert_eq!(store.setting::<String>("portal").unwrap(), None);
    assert_eq!(
        store.credential_names("user:").unwrap(),
        ["user:anna", "user:boris"]
    );
    assert!(store.delete_credential("user:anna").unwrap());
    assert!(!store.delete_credential("user:anna").unwrap());
    assert!(store.delete_setting("country").unwrap());
    let wrong = store.credential::<Vec<i64>>("portal").unwrap_err().to_string();
    assert!(!wrong.contains("secret"), "{wrong}");
}
