//! An application's tokens on a full disk, and exchanged before they end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::test_server::{Act, json};
use super::tests::{kind, one, write};
use super::token_tests::{Instead, Purse, Site, accepting, trouble};
use super::*;
use crate::model::TroubleKind;

#[test]
fn a_pair_that_the_disk_refused_is_stored_later_and_not_asked_for_again() {
    let purse = Purse::holding("old-token", "old-refresh");
    let site = Site::start(&accepting("another"), &Instead::default(), |_| {});
    let portal = site.open(&purse);
    purse.disk_fills.store(true, Ordering::SeqCst);
    purse.disk_is_full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let (kind, text) = trouble(&portal.batch(&one(&write()), true)[0]);
        assert_eq!(kind, TroubleKind::TokenExpired);
        assert!(text.contains("the disk is full"), "{text}");
    }
    purse.disk_is_full.store(false, Ordering::SeqCst);
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    assert_eq!((site.renewals(), purse.access().as_str()), (1, "access-1-xyz"));
}

#[test]
fn nobody_renews_on_a_full_disk() {
    let purse = Purse::holding("old-token", "old-refresh");
    let site = Site::start(&accepting("another"), &Instead::default(), |_| {});
    purse.disk_is_full.store(true, Ordering::SeqCst);
    // As a page or a command: with its end all is forgotten that is not stored.
    let answer = site.open(&purse).batch(&one(&write()), true).remove(0);
    let (problem, text) = trouble(&answer);
    assert_eq!((problem, site.renewals()), (TroubleKind::TokenExpired, 0));
    assert!(text.contains("the disk is full"), "{text}");
    purse.disk_is_full.store(false, Ordering::SeqCst);
    assert_eq!(
        kind(&site.open(&purse).batch(&one(&write()), true)[0]),
        ("done", None)
    );
    assert_eq!((site.renewals(), purse.access().as_str()), (1, "access-1-xyz"));
}

#[test]
fn a_refresh_token_is_exchanged_before_it_dies_and_not_sooner() {
    let purse = Purse::holding("good-token", "old-refresh");
    let site = Site::start(&accepting("good-token"), &Instead::default(), |_| {});
    let portal = site.open(&purse);
    portal
        .refresh_before(now() + Duration::from_secs(179 * 86_400))
        .unwrap();
    assert_eq!(site.renewals(), 0);
    portal
        .refresh_before(now() + Duration::from_secs(181 * 86_400))
        .unwrap();
    assert_eq!((site.renewals(), purse.access().as_str()), (1, "access-1-xyz"));
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    assert_eq!(site.renewals(), 1);
}

#[test]
fn an_early_exchange_that_fails_leaves_the_good_token_in_use() {
    let instead = Instead::default();
    *instead.lock().unwrap() = Some(|_| Act::Reply(502, String::new(), "<html>".into()));
    let purse = Purse::holding("good-token", "old-refresh");
    let site = Site::start(&accepting("good-token"), &instead, |_| {});
    let portal = site.open(&purse);
    let soon = now() + Duration::from_secs(181 * 86_400);
    assert!(portal.refresh_before(soon).is_err());
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    assert_eq!(site.renewals(), 1, "delivery asked for another token");
    // The server grants a pair, and the disk does not take it.
    *instead.lock().unwrap() =
        Some(|_| json(r#"{"access_token":"new-token","refresh_token":"new-refresh"}"#));
    purse.disk_fills.store(true, Ordering::SeqCst);
    purse.disk_is_full.store(true, Ordering::SeqCst);
    assert!(portal.refresh_before(soon).is_err());
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    purse.disk_is_full.store(false, Ordering::SeqCst);
    assert_eq!(portal.refresh_before(soon), Ok(()));
    assert_eq!((site.renewals(), purse.access().as_str()), (2, "new-token"));
}
