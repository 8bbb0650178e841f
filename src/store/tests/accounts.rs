//! Who may sign in, and who is signed in.

use std::time::Duration;

use super::*;

const DIGEST: TokenDigest = [7; 32];

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap()
}

fn hash() -> String {
    "$argon2id$hash".to_owned()
}

fn signed_in(bench: &Bench) -> SessionId {
    let id = bench.store.add_account("Anna", hash()).unwrap().unwrap();
    bench
        .store
        .open_session(id, DIGEST, "10.0.0.1".to_owned(), "Firefox".to_owned())
        .unwrap()
}

fn session_at(bench: &Bench, at: i64) -> Option<Session> {
    bench.store.session(&DIGEST, Millis(at)).unwrap()
}

#[test]
fn a_name_is_one_however_it_is_written() {
    let bench = Bench::new();
    assert!(!bench.store.has_accounts().unwrap());
    assert!(bench.store.add_account(" Мария ", hash()).unwrap().is_some());
    assert!(bench.store.has_accounts().unwrap());
    assert_eq!(bench.store.add_account("МАРИЯ", hash()).unwrap(), None);
    assert_eq!(bench.store.account("мария").unwrap().unwrap().0.name, "Мария");
    assert!(bench.store.delete_account("мАрия").unwrap());
    assert!(!bench.store.delete_account("Мария").unwrap());
}

#[test]
fn only_one_account_is_the_first() {
    let bench = Bench::new();
    assert!(bench.store.add_first_account("a", hash()).unwrap().is_some());
    assert_eq!(bench.store.add_first_account("b", hash()).unwrap(), None);
}

#[test]
fn a_session_ends_by_idleness_and_by_age() {
    let bench = Bench::new();
    let id = signed_in(&bench);
    let (idle, life) = (ms(SESSION_IDLE), ms(SESSION_LIFE));
    assert_eq!(session_at(&bench, MORNING).unwrap().account.name, "Anna");
    assert!(session_at(&bench, MORNING + idle - 1).is_some());
    assert!(session_at(&bench, MORNING + idle).is_none());
    bench.set_clock(MORNING + life - 2);
    bench.store.touch_session(id).unwrap();
    assert!(session_at(&bench, MORNING + life - 1).is_some());
    assert!(session_at(&bench, MORNING + life).is_none());
    assert!(
        bench
            .store
            .sessions(None, Millis(MORNING + life))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn sessions_end_when_they_are_ended_and_with_their_account() {
    let bench = Bench::new();
    let id = signed_in(&bench);
    assert!(bench.store.end_session(id).unwrap());
    assert!(!bench.store.end_session(id).unwrap());
    assert!(session_at(&bench, MORNING).is_none());

    let (account, _) = bench.store.account("anna").unwrap().unwrap();
    let open = |digest| {
        let place = ("10.0.0.1".to_owned(), String::new());
        bench
            .store
            .open_session(account.id, digest, place.0, place.1)
            .unwrap()
    };
    let (kept, _other) = (open(DIGEST), open([8; 32]));
    assert_eq!(
        bench
            .store
            .sessions(Some(account.id), Millis(MORNING))
            .unwrap()
            .len(),
        2
    );
    assert!(
        bench
            .store
            .set_password("anna", "new".to_owned(), Some(kept))
            .unwrap()
    );
    assert_eq!(bench.store.sessions(None, Millis(MORNING)).unwrap().len(), 1);
    assert!(bench.store.set_password("anna", "new".to_owned(), None).unwrap());
    assert!(session_at(&bench, MORNING).is_none());
    assert_eq!(bench.store.account("anna").unwrap().unwrap().1, "new");

    open(DIGEST);
    assert!(bench.store.delete_account("anna").unwrap());
    assert!(session_at(&bench, MORNING).is_none());
    assert!(!bench.store.set_password("anna", hash(), None).unwrap());
}

#[test]
fn what_ended_is_cleared_away_at_the_next_sign_in() {
    let bench = Bench::new();
    signed_in(&bench);
    bench.set_clock(MORNING + ms(SESSION_IDLE + Duration::from_secs(1)));
    let (account, _) = bench.store.account("anna").unwrap().unwrap();
    bench
        .store
        .open_session(account.id, [9; 32], String::new(), String::new())
        .unwrap();
    assert_eq!(bench.store.sessions(None, Millis(MORNING)).unwrap().len(), 1);
}

#[test]
fn the_last_account_stays() {
    let bench = Bench::new();
    let add = |name| bench.store.add_account(name, hash()).unwrap().unwrap();
    let (anna, boris) = (add("Anna"), add("Boris"));
    let delete = |id| bench.store.delete_account_but_last(id).unwrap();
    assert_eq!(delete(anna), Deleted::Done);
    assert_eq!(delete(anna), Deleted::NotFound);
    assert_eq!(delete(boris), Deleted::IsLast);
    assert!(bench.store.has_accounts().unwrap());
}

#[test]
fn all_sessions_but_one_end_together() {
    let bench = Bench::new();
    let first = signed_in(&bench);
    let account = bench.store.account("Anna").unwrap().unwrap().0.id;
    for n in 0..3 {
        bench
            .store
            .open_session(account, [n; 32], String::new(), String::new())
            .unwrap();
    }
    assert_eq!(bench.store.end_sessions(account, Some(first)).unwrap(), 3);
    assert!(session_at(&bench, MORNING).is_some());
    assert_eq!(bench.store.end_sessions(account, None).unwrap(), 1);
    assert!(session_at(&bench, MORNING).is_none());
}
