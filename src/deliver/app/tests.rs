//! Keys and tokens in the store, and what becomes of a webhook beside them.

use super::*;
use crate::model::Catalog;
use crate::model::app::REFRESH_LIFE;
use crate::practice_portal::{AppForm, Options, PracticePortal};

const OLD: &str = "https://old.example";
const NEW: &str = "https://new.example";

struct Bench {
    _dir: tempfile::TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        Bench { _dir: dir, store }
    }

    /// A webhook delivers.
    fn with_webhook(portal: &str) -> Bench {
        let bench = Bench::new();
        let webhook = Connection::webhook(&format!("{portal}/rest/1/abcdef0123456789/")).unwrap();
        bench
            .store
            .put_credential(CONNECTION_CREDENTIAL, &webhook)
            .unwrap();
        bench
    }

    fn connection(&self) -> Option<Connection> {
        self.store.credential(CONNECTION_CREDENTIAL).unwrap()
    }

    fn state(&self) -> AppState {
        status(&self.store).unwrap().unwrap().state
    }
}

fn keys_of(portal: &str, client_id: &str, secret: &str) -> AppKeys {
    AppKeys {
        portal: portal.to_owned(),
        client_id: client_id.to_owned(),
        client_secret: Secret::new(secret),
    }
}

fn tokens(access: &str, member_id: &str) -> AppTokens {
    AppTokens {
        member_id: member_id.to_owned(),
        user_id: 7,
        ..AppTokens::issued(
            Secret::new(access),
            Secret::new("refresh"),
            now(),
            Duration::from_secs(3600),
        )
    }
}

#[test]
fn a_webhook_of_the_same_portal_goes_on_until_the_installation() {
    let bench = Bench::with_webhook(NEW);
    let keys = keys_of(NEW, "local.1", "secret");
    assert_eq!(status(&bench.store).unwrap(), None);
    let kept = keep_app_keys(&bench.store, &keys, None).unwrap();
    assert_eq!(
        kept,
        KeptKeys {
            webhook_goes_on: true,
            ..KeptKeys::default()
        }
    );
    assert_eq!(bench.state(), AppState::NotInstalled);
    assert!(matches!(bench.connection(), Some(Connection::Webhook { .. })));
    assert!(!status(&bench.store).unwrap().unwrap().delivers);

    keep_tokens(&bench.store, &keys, tokens("a", "m1"), "Мария", None).unwrap();
    assert_eq!(bench.connection(), Some(Connection::App(keys)));
    let AppState::Installed {
        user_id, user_name, ..
    } = bench.state()
    else {
        panic!()
    };
    assert_eq!((user_id, user_name.as_str()), (7, "Мария"));
    assert!(status(&bench.store).unwrap().unwrap().delivers);
}

#[test]
fn a_webhook_of_another_portal_is_forgotten_unless_it_is_the_same_one() {
    let keys = keys_of(NEW, "local.1", "secret");
    let bench = Bench::with_webhook(OLD);
    let kept = keep_app_keys(&bench.store, &keys, None).unwrap();
    assert!(kept.disconnected && !kept.webhook_goes_on);
    assert_eq!(bench.connection(), None);

    let bench = Bench::with_webhook(OLD);
    let kept = keep_app_keys(&bench.store, &keys, Some(HalfDone::Continue)).unwrap();
    assert!(kept.webhook_goes_on && !kept.disconnected);
    assert!(matches!(bench.connection(), Some(Connection::Webhook { .. })));
}

#[test]
fn an_application_goes_on_at_the_portals_new_address() {
    let bench = Bench::new();
    let old = keys_of(OLD, "local.1", "secret");
    keep_app_keys(&bench.store, &old, None).unwrap();
    keep_tokens(&bench.store, &old, tokens("a", "m1"), "", None).unwrap();
    let new = keys_of(NEW, "local.1", "secret");
    let kept = keep_app_keys(&bench.store, &new, None).unwrap();
    assert_eq!(kept, KeptKeys::default());
    assert_eq!(bench.connection(), Some(Connection::App(new.clone())));
    let status = status(&bench.store).unwrap().unwrap();
    assert!(status.delivers && matches!(status.state, AppState::Installed { .. }));

    // Nothing was connected, as an earlier version left it.
    bench.store.delete_credential(CONNECTION_CREDENTIAL).unwrap();
    keep_app_keys(&bench.store, &new, None).unwrap();
    assert_eq!(bench.connection(), Some(Connection::App(new)));
}

#[test]
fn no_tokens_outlive_the_portal_that_gave_them() {
    let bench = Bench::new();
    let old = keys_of(OLD, "local.1", "secret");
    keep_app_keys(&bench.store, &old, None).unwrap();
    keep_tokens(&bench.store, &old, tokens("a", "m1"), "", None).unwrap();
    let copy = keys_of(NEW, "local.1", "secret");
    let kept = keep_app_keys(&bench.store, &copy, Some(HalfDone::StartOver)).unwrap();
    assert!(kept.disconnected);
    assert_eq!(
        (bench.connection(), bench.state()),
        (None, AppState::NotInstalled)
    );
}

#[test]
fn a_webhook_of_another_portal_is_not_left_for_an_old_application() {
    let bench = Bench::new();
    let keys = keys_of(OLD, "local.1", "secret");
    let webhook = |host: &str| Connection::webhook(&format!("{host}/rest/1/abcdef0123456789/")).unwrap();
    let connect =
        |host: &str, choice| connect::keep(&bench.store, &webhook(host), &Catalog::default(), choice);
    keep_app_keys(&bench.store, &keys, None).unwrap();
    keep_tokens(&bench.store, &keys, tokens("a", "m1"), "", None).unwrap();
    // One of the same portal leaves the application where it is.
    connect("https://old.example:443", None).unwrap();
    assert_eq!(super::keys(&bench.store).unwrap(), Some(keys.clone()));
    connect(NEW, None).unwrap();
    assert!(bench.store.credential_names("app").unwrap().is_empty());

    // As an earlier version left it: the keys are still there.
    bench.store.put_credential(APP_KEYS_CREDENTIAL, &keys).unwrap();
    let refused = keep_tokens(&bench.store, &keys, tokens("a", "m1"), "", None);
    assert!(
        matches!(&refused, Err(AppError::ServedElsewhere { connected, .. }) if connected == NEW),
        "{refused:?}"
    );
    assert_eq!(bench.connection(), Some(webhook(NEW)));
    assert_eq!(installation(&bench.store).unwrap(), None);

    // Somebody says that both addresses are one portal's.
    keep_app_keys(&bench.store, &keys, Some(HalfDone::Continue)).unwrap();
    keep_tokens(&bench.store, &keys, tokens("a", "m1"), "", None).unwrap();
    assert_eq!(bench.connection(), Some(Connection::App(keys)));
}

#[test]
fn tokens_of_other_keys_or_of_another_portal_are_not_taken() {
    let bench = Bench::new();
    let keys = keys_of(NEW, "local.1", "secret");
    let keep =
        |keys: &AppKeys, member_id: &str| keep_tokens(&bench.store, keys, tokens("a", member_id), "", None);
    assert!(matches!(keep(&keys, "m1"), Err(AppError::OtherKeys)));
    keep_app_keys(&bench.store, &keys, None).unwrap();
    for other in [
        keys_of(NEW, "local.2", "secret"),
        keys_of(OLD, "local.1", "secret"),
    ] {
        assert!(matches!(keep(&other, "m1"), Err(AppError::OtherKeys)));
    }
    assert_eq!(bench.state(), AppState::NotInstalled);
    keep(&keys, "m1").unwrap();
    let before = installation(&bench.store).unwrap();
    assert!(matches!(keep(&keys, "m2"), Err(AppError::OtherPortal)));
    assert_eq!(installation(&bench.store).unwrap(), before);
    // A connection made anew does not tell everything again.
    keep(&keys, "").unwrap();
    assert_eq!(
        installation(&bench.store).unwrap().unwrap().tokens.member_id,
        "m1"
    );
}

#[test]
fn another_application_begins_without_tokens_and_a_new_secret_goes_on_with_them() {
    let bench = Bench::new();
    let first = keys_of(NEW, "local.1", "wrong");
    keep_app_keys(&bench.store, &first, None).unwrap();
    keep_tokens(&bench.store, &first, tokens("a", "m1"), "", None).unwrap();
    let refuse = |why: GoneWhy| {
        let gone = Some(Gone { since: now(), why });
        bench
            .store
            .change_credential(APP_TOKENS_CREDENTIAL, move |installation: Installation| {
                Some(Installation { gone, ..installation })
            })
            .unwrap();
    };
    refuse(GoneWhy::Refused {
        code: "invalid_client".to_owned(),
        text: String::new(),
    });
    assert!(matches!(bench.state(), AppState::Gone(_)));
    let mended = keys_of(NEW, "local.1", "right");
    keep_app_keys(&bench.store, &mended, None).unwrap();
    assert!(matches!(bench.state(), AppState::Installed { .. }));
    assert_eq!(bench.connection(), Some(Connection::App(mended.clone())));

    // What the portal removed does not come back by a secret.
    assert!(mark_uninstalled(&bench.store).unwrap());
    assert!(!mark_uninstalled(&bench.store).unwrap());
    keep_app_keys(&bench.store, &mended, None).unwrap();
    assert!(matches!(bench.state(), AppState::Gone(gone) if gone.why == GoneWhy::Uninstalled));

    keep_app_keys(&bench.store, &keys_of(NEW, "local.2", "other"), None).unwrap();
    assert_eq!(bench.state(), AppState::NotInstalled);
    assert_eq!(bench.connection(), None);
    assert!(
        !bench
            .store
            .credential_names("app_tokens")
            .unwrap()
            .contains(&APP_TOKENS_CREDENTIAL.to_owned())
    );
}

#[test]
fn forgetting_leaves_a_webhook_alone_and_no_secret_behind() {
    for installed in [true, false] {
        let bench = Bench::with_webhook(NEW);
        let keys = keys_of(NEW, "local.1", "secret");
        assert!(!forget(&bench.store).unwrap());
        keep_app_keys(&bench.store, &keys, None).unwrap();
        if installed {
            keep_tokens(&bench.store, &keys, tokens("a", "m1"), "", None).unwrap();
        }
        assert!(forget(&bench.store).unwrap());
        assert_eq!(bench.connection().is_none(), installed);
        assert!(bench.store.credential_names("app").unwrap().is_empty());
        assert_eq!(status(&bench.store).unwrap(), None);
    }
}

#[test]
fn a_refresh_token_is_warned_of_a_fortnight_before_its_end() {
    let bench = Bench::new();
    let keys = keys_of(NEW, "local.1", "secret");
    keep_app_keys(&bench.store, &keys, None).unwrap();
    let fresh = tokens("a", "m1");
    let ends = fresh.issued_at + REFRESH_LIFE;
    keep_tokens(&bench.store, &keys, fresh, "", None).unwrap();
    let warning = |at: Millis| status(&bench.store).unwrap().unwrap().warning(at);
    assert_eq!(warning(ends - REFRESH_WARNING), None);
    assert_eq!(
        warning(ends - REFRESH_WARNING + Duration::from_secs(1)),
        Some(AppWarning::RefreshEnds { at: ends })
    );
    mark_uninstalled(&bench.store).unwrap();
    assert!(matches!(warning(now()), Some(AppWarning::Gone(_))));
}

#[test]
fn a_code_is_exchanged_once_and_only_for_the_portal_that_is_known() {
    let practice = PracticePortal::start(Options::default()).unwrap();
    let app = practice.register_app(AppForm::of_bridge("http://127.0.0.1:9"));
    let options = portal::Options {
        oauth_url: practice.oauth_url(),
        ..portal::Options::default()
    };
    let keys = AppKeys {
        portal: practice.portal_url(),
        client_id: app.client_id.clone(),
        client_secret: app.client_secret.clone(),
    };
    let code = || Secret::new(practice.world(|world| world.issue_code(&app.client_id, 1, now())));
    let first = code();
    let tokens = exchange_code(&keys, &first, &options).unwrap();
    assert_eq!(tokens.member_id, practice.member_id());
    let owner = portal::verify_token(&keys, &tokens.access, &options).unwrap();
    assert_eq!((owner.user_id, owner.is_admin), (1, true));
    // A code lives once.
    let again = exchange_code(&keys, &first, &options);
    assert!(matches!(&again, Err(AppError::Refused(code)) if code.contains("invalid_grant")));
    let elsewhere = AppKeys {
        portal: NEW.to_owned(),
        ..keys.clone()
    };
    let refused = exchange_code(&elsewhere, &code(), &options);
    assert!(
        matches!(&refused, Err(AppError::OtherAddress { .. })),
        "{refused:?}"
    );
    let away = portal::Options {
        oauth_url: "http://nobody.invalid".to_owned(),
        ..options
    };
    assert!(matches!(
        exchange_code(&keys, &code(), &away),
        Err(AppError::Later(_))
    ));
}
