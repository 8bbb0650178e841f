//! An application's tokens: their renewal, and its failures.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json as value};

use super::test_server::{Act, Request, Server, json};
use super::tests::{echo, kind, one, write};
use super::*;
use crate::model::{AppTokens, Gone, GoneWhy, Installation, TroubleKind};

pub(super) const ID: &str = "local.5c8bb1b0891cf2.87252039";
pub(super) const KEY: &str = "SakeVG5mbRdcQet45UUrt6q72AMTo7fk";

/// Tokens kept in memory.
#[derive(Default)]
pub(super) struct Purse {
    kept: Mutex<Option<Installation>>,
    locked: Arc<AtomicBool>,
    pub(super) disk_is_full: AtomicBool,
    /// It fills while the server is asked.
    pub(super) disk_fills: AtomicBool,
}

struct Unlock(Arc<AtomicBool>);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl TokenStore for Purse {
    fn load(&self) -> Result<Option<Installation>, String> {
        Ok(self.kept.lock().unwrap().clone())
    }

    fn try_disk(&self) -> Result<(), String> {
        match self.disk_is_full.load(Ordering::SeqCst) && !self.disk_fills.load(Ordering::SeqCst) {
            true => Err("the disk is full".to_owned()),
            false => Ok(()),
        }
    }

    fn replace(&self, refresh: &Secret, new: &AppTokens) -> Result<bool, String> {
        self.change(refresh, |kept| {
            kept.tokens = new.clone();
            kept.gone = None;
        })
    }

    fn mark_gone(&self, refresh: &Secret, gone: Gone) -> Result<(), String> {
        self.change(refresh, |kept| kept.gone = Some(gone)).map(|_| ())
    }

    fn lock(&self, patience: Duration) -> Result<Option<Box<dyn Any>>, String> {
        let end = Instant::now() + patience;
        while self.locked.swap(true, Ordering::SeqCst) {
            if Instant::now() >= end {
                return Ok(None);
            }
            thread::yield_now();
        }
        Ok(Some(Box::new(Unlock(self.locked.clone()))))
    }
}

impl Purse {
    pub(super) fn holding(access: &str, refresh: &str) -> Arc<Purse> {
        let purse = Arc::new(Purse::default());
        purse.put(access, refresh);
        purse
    }

    fn put(&self, access: &str, refresh: &str) {
        let tokens = AppTokens::issued(
            Secret::new(access),
            Secret::new(refresh),
            now(),
            Duration::from_secs(3600),
        );
        *self.kept.lock().unwrap() = Some(Installation {
            since: tokens.issued_at,
            tokens: AppTokens {
                member_id: "m1".to_owned(),
                ..tokens
            },
            client_id: ID.to_owned(),
            user_name: String::new(),
            gone: None,
            unproven: None,
        });
    }

    pub(super) fn access(&self) -> String {
        let kept = self.kept.lock().unwrap();
        kept.as_ref().unwrap().tokens.access.reveal().to_owned()
    }

    fn change(&self, refresh: &Secret, change: impl FnOnce(&mut Installation)) -> Result<bool, String> {
        if self.disk_is_full.load(Ordering::SeqCst) {
            return Err("the disk is full".to_owned());
        }
        let mut kept = self.kept.lock().unwrap();
        match kept.as_mut().filter(|kept| kept.tokens.refresh == *refresh) {
            Some(kept) => {
                change(kept);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// A portal that takes one access token at a time, and the authorization server beside it.
pub(super) struct Site {
    server: Server,
    renewals: Arc<AtomicUsize>,
}

/// What the authorization server does instead of renewing.
pub(super) type Instead = Arc<Mutex<Option<fn(&Request) -> Act>>>;

impl Site {
    /// `seen` is called with each token that the portal accepts.
    pub(super) fn start(
        accepts: &Arc<Mutex<String>>,
        instead: &Instead,
        seen: impl Fn(&str) + Send + Sync + 'static,
    ) -> Site {
        let renewals = Arc::new(AtomicUsize::new(0));
        let (accepts, instead, count) = (accepts.clone(), instead.clone(), renewals.clone());
        let server = Server::start(move |_, request| {
            if request.line.starts_with("POST /oauth/token/ ") {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                if let Some(act) = *instead.lock().unwrap() {
                    return act(request);
                }
                let (access, refresh) = (format!("access-{number}-xyz"), format!("refresh-{number}-xyz"));
                accepts.lock().unwrap().clone_from(&access);
                return json(
                    value!({"access_token": access, "refresh_token": refresh, "expires_in": 3600})
                        .to_string(),
                );
            }
            let token = token_of(&request.body);
            if token != *accepts.lock().unwrap() {
                return expired();
            }
            seen(&token);
            echo(request)
        });
        Site { server, renewals }
    }

    fn keys(&self) -> AppKeys {
        app_keys(&format!("http://{}", self.server.address), ID, KEY).unwrap()
    }

    fn options(&self) -> Options {
        Options {
            oauth_url: format!("http://{}", self.server.address),
            ..Options::default()
        }
    }

    pub(super) fn open(&self, purse: &Arc<Purse>) -> Portal {
        Portal::open_with(Connection::App(self.keys()), purse.clone(), &self.options()).unwrap()
    }

    pub(super) fn renewals(&self) -> usize {
        self.renewals.load(Ordering::SeqCst)
    }
}

pub(super) fn token_of(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    body["auth"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn expired() -> Act {
    let body = r#"{"error":"expired_token","error_description":"The access token provided has expired."}"#;
    Act::Reply(401, "Content-Type: application/json\r\n".into(), body.into())
}

pub(super) fn accepting(token: &str) -> Arc<Mutex<String>> {
    Arc::new(Mutex::new(token.to_owned()))
}

pub(super) fn trouble(answer: &Answer) -> (TroubleKind, String) {
    match answer {
        Answer::Later(trouble) => (trouble.kind, trouble.text.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_travels_in_the_body_and_never_in_an_address() {
    let site = Site::start(&accepting("good-token"), &Instead::default(), |_| {});
    let portal = site.open(&Purse::holding("good-token", "r"));
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    let seen = site.server.seen();
    assert_eq!(seen[0].line, "POST /rest/batch HTTP/1.1");
    assert!(
        seen[0].body.starts_with(r#"{"auth":"good-token","halt":1"#),
        "{}",
        seen[0].body
    );
    assert_eq!(site.renewals(), 0);
}

#[test]
fn one_renewal_serves_all_who_wait_and_is_stored_before_it_is_used() {
    let purse = Purse::holding("old-token", "old-refresh");
    let looked_at = purse.clone();
    let site = Site::start(&accepting("another"), &Instead::default(), move |token| {
        assert_eq!(looked_at.access(), token, "used before it was stored");
    });
    let portal = Arc::new(site.open(&purse));
    // A second portal stands for another process: it shares nothing but the store.
    let other = Arc::new(site.open(&purse));
    let threads: Vec<_> = (0..12)
        .map(|n| {
            let portal = if n % 3 == 0 { other.clone() } else { portal.clone() };
            thread::spawn(move || portal.batch(&one(&write()), true).remove(0))
        })
        .collect();
    for thread in threads {
        assert_eq!(kind(&thread.join().unwrap()), ("done", None));
    }
    assert_eq!(site.renewals(), 1);
    let kept = purse.load().unwrap().unwrap().tokens;
    assert_eq!(
        (kept.refresh.reveal(), kept.member_id.as_str()),
        ("refresh-1-xyz", "m1"),
        "what the renewal did not say was kept"
    );
    let renewal = site.server.seen();
    let renewal = renewal
        .iter()
        .find(|request| request.line.contains("oauth"))
        .unwrap();
    assert_eq!(renewal.line, "POST /oauth/token/ HTTP/1.1");
    assert!(
        renewal.body.contains("refresh_token=old-refresh"),
        "{}",
        renewal.body
    );
}

#[test]
fn what_was_done_before_the_token_expired_is_not_done_again() {
    // b24: settings/how-to-call-rest-api/batch.md
    let batches = Arc::new(AtomicUsize::new(0));
    let counted = batches.clone();
    let server = Server::start(move |_, request| {
        if request.line.contains("/oauth/") {
            return json(r#"{"access_token":"new-token","refresh_token":"new-refresh"}"#);
        }
        counted.fetch_add(1, Ordering::SeqCst);
        match token_of(&request.body).as_str() {
            "old-token" => json(
                r#"{"result":{"result":{"k1__w":1},"result_error":{"k2__w":{"error":"expired_token","error_description":"x"}}}}"#,
            ),
            _ => echo(request),
        }
    });
    let url = format!("http://{}", server.address);
    let options = Options {
        oauth_url: url.clone(),
        ..Options::default()
    };
    let keys = app_keys(&url, ID, KEY).unwrap();
    let purse = Purse::holding("old-token", "old-refresh");
    let portal = Portal::open_with(Connection::App(keys), purse.clone(), &options).unwrap();
    let (first, second) = (write(), write());
    let answers = portal.batch(&[("1".into(), &first), ("2".into(), &second)], true);
    assert_eq!(kind(&answers[0]), ("done", None));
    assert_eq!(kind(&answers[1]), ("later", Some(TroubleKind::TokenExpired)));
    assert_eq!(batches.load(Ordering::SeqCst), 1, "the batch went out twice");
    // The next one begins with a renewal: the portal is not asked with the old token again.
    let answers = portal.batch(&[("2".into(), &second)], true);
    assert_eq!(kind(&answers[0]), ("done", None));
    assert_eq!(
        (purse.access().as_str(), batches.load(Ordering::SeqCst)),
        ("new-token", 2)
    );
}

#[test]
fn an_authorization_server_that_is_away_is_waited_for() {
    let instead = Instead::default();
    let acts: [fn(&Request) -> Act; 4] = [
        |_| Act::Raw(Vec::new()),
        |_| Act::Reply(502, String::new(), "<html><title>Bad Gateway</title>".into()),
        |_| Act::Reply(200, String::new(), "<html>log in</html>".into()),
        |_| {
            Act::Reply(
                302,
                "Location: http://evil.invalid/oauth/token/\r\n".into(),
                String::new(),
            )
        },
    ];
    for act in acts {
        *instead.lock().unwrap() = Some(act);
        let purse = Purse::holding("old-token", "old-refresh");
        let site = Site::start(&accepting("another"), &instead, |_| {});
        let portal = site.open(&purse);
        for _ in 0..3 {
            let (kind, text) = trouble(&portal.batch(&one(&write()), true)[0]);
            assert_eq!(kind, TroubleKind::Unreachable, "{text}");
        }
        let rest = |site: &Site| {
            let seen = site.server.seen();
            seen.iter()
                .filter(|request| request.line.contains("/rest/"))
                .count()
        };
        assert_eq!(rest(&site), 1, "the portal was asked again with a dead token");
        *instead.lock().unwrap() = None;
        assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
        assert_eq!(rest(&site), 2);
    }
}

#[test]
fn dead_tokens_are_asked_with_once_and_new_ones_are_taken_up() {
    let instead = Instead::default();
    *instead.lock().unwrap() = Some(|request| {
        // A server that repeats what it was sent.
        let body = value!({"error": "invalid_grant", "error_description": request.body}).to_string();
        Act::Reply(400, "Content-Type: application/json\r\n".into(), body)
    });
    let accepts = accepting("another");
    let purse = Purse::holding("old-token", "old-refresh");
    let site = Site::start(&accepts, &instead, |_| {});
    let portal = site.open(&purse);
    for opened_anew in [false, false, true] {
        let again = opened_anew.then(|| site.open(&purse));
        let answers = again.as_ref().unwrap_or(&portal).batch(&one(&write()), true);
        let (kind, text) = trouble(&answers[0]);
        assert_eq!(kind, TroubleKind::AuthorizationLost);
        for secret in ["old-token", "old-refresh", KEY] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert_eq!((site.renewals(), site.server.seen().len()), (1, 2));
    let gone = purse.load().unwrap().unwrap().gone.unwrap();
    assert!(matches!(gone.why, GoneWhy::Refused { code, .. } if code == "invalid_grant"));

    purse.put("third-token", "third-refresh");
    accepts.lock().unwrap().replace_range(.., "third-token");
    portal.look_for_tokens();
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
}

#[test]
fn tokens_that_another_process_has_stored_are_used() {
    for refusal in ["expired_token", "NO_AUTH_FOUND"] {
        let server = Server::start(move |_, request| match token_of(&request.body).as_str() {
            "new-token" => echo(request),
            _ => Act::Reply(
                401,
                String::new(),
                format!(r#"{{"error":"{refusal}","error_description":"x"}}"#),
            ),
        });
        let purse = Purse::holding("new-token", "r");
        let url = format!("http://{}", server.address);
        let keys = app_keys(&url, ID, KEY).unwrap();
        let options = Options {
            oauth_url: "http://nobody.invalid".to_owned(),
            ..Options::default()
        };
        let portal = Portal::open_with(Connection::App(keys), purse.clone(), &options).unwrap();
        assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
        purse.put("old-token", "r");
        portal.look_for_tokens();
        // It is read, and then replaced by somebody else.
        let stale = portal.auth.token(&portal.agent, now()).unwrap().unwrap();
        assert_eq!(stale.reveal(), "old-token");
        purse.put("new-token", "r2");
        assert_eq!(
            kind(&portal.batch(&one(&write()), true)[0]),
            ("done", None),
            "{refusal}"
        );
    }
}

#[test]
fn a_stop_does_not_wait_for_another_process() {
    let purse = Purse::holding("old-token", "old-refresh");
    let site = Site::start(&accepting("another"), &Instead::default(), |_| {});
    let held = purse.lock(Duration::ZERO).unwrap();
    let portal = Arc::new(site.open(&purse));
    let waiting = {
        let portal = portal.clone();
        thread::spawn(move || portal.batch(&one(&write()), true).remove(0))
    };
    site.server.wait_for_request();
    portal.stop();
    let (kind, _) = trouble(&waiting.join().unwrap());
    assert_eq!((kind, site.renewals()), (TroubleKind::TokenExpired, 0));
    drop(held);
}

#[test]
fn a_portal_that_calls_every_token_expired_makes_no_nuisance_of_us() {
    let server = Server::start(|number, request| {
        if request.line.contains("/oauth/") {
            return json(format!(
                r#"{{"access_token":"a{number}","refresh_token":"r{number}"}}"#
            ));
        }
        expired()
    });
    let url = format!("http://{}", server.address);
    let options = Options {
        oauth_url: url.clone(),
        ..Options::default()
    };
    let keys = app_keys(&url, ID, KEY).unwrap();
    let purse = Purse::holding("old-token", "old-refresh");
    let portal = Portal::open_with(Connection::App(keys), purse, &options).unwrap();
    for _ in 0..6 {
        let answer = portal.batch(&one(&write()), true).remove(0);
        assert_eq!(trouble(&answer).0, TroubleKind::TokenExpired);
    }
    let renewals = server
        .seen()
        .iter()
        .filter(|request| request.line.contains("/oauth/"))
        .count();
    assert_eq!(renewals, 2);
}

#[test]
fn a_renamed_portal_is_followed_with_the_token() {
    let new = Server::start(|_, request| echo(request));
    let location = format!("Location: http://{}/rest/batch\r\n", new.address);
    let old = Server::start(move |_, _| Act::Reply(302, location.clone(), String::new()));
    let keys = app_keys(&format!("http://{}", old.address), ID, KEY).unwrap();
    let portal = Portal::open_with(
        Connection::App(keys),
        Purse::holding("good-token", "r"),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(kind(&portal.batch(&one(&write()), true)[0]), ("done", None));
    assert_eq!(token_of(&new.seen()[0].body), "good-token");
    assert_eq!(portal.connection().portal(), format!("http://{}", new.address));
}

#[test]
fn without_its_tokens_an_application_asks_nobody() {
    let site = Site::start(&accepting("x"), &Instead::default(), |_| {});
    let connection = Connection::App(site.keys());
    assert!(matches!(
        Portal::open(connection, &site.options()),
        Err(OpenError::NoTokens)
    ));
    let portal = site.open(&Arc::new(Purse::default()));
    let (kind, _) = trouble(&portal.batch(&one(&write()), true)[0]);
    assert_eq!(kind, TroubleKind::AuthorizationLost);
    // Tokens of another application are none.
    let foreign = Purse::holding("x", "r");
    foreign.kept.lock().unwrap().as_mut().unwrap().client_id = "local.other".to_owned();
    let (kind, _) = trouble(&site.open(&foreign).batch(&one(&write()), true)[0]);
    assert_eq!(kind, TroubleKind::AuthorizationLost);
    assert!(site.server.seen().is_empty());
}
