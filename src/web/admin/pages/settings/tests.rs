//! Administrators, sessions, limits, the copy.

use std::time::{Duration, Instant};

use crate::deliver::{Given, Preferences};
use crate::throttle::Profile;
use crate::web::admin::testing::{Desk, NAME, PASSWORD};

const OTHER: &str = "ещё-один-пароль";
const HOSTILE: &str = r#""><script>alert(1)</script>"#;

fn until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn preferences(desk: &Desk) -> Preferences {
    Preferences::read(&desk.site.store).unwrap()
}

#[test]
fn administrators_are_added_once_and_with_a_good_password() {
    let mut desk = Desk::signed_in();
    let path = "/settings/administrators/new";
    let add = |desk: &mut Desk, name: &str, password: &str, again: &str| {
        desk.post(path, &[("name", name), ("password", password), ("again", again)])
    };
    for (name, password, again, field) in [
        ("", OTHER, OTHER, "name"),
        ("анна", OTHER, OTHER, "name"),
        ("Борис", "short", "short", "password"),
        ("Борис", OTHER, "другой-пароль", "again"),
    ] {
        let shown = add(&mut desk, name, password, again);
        assert_eq!(shown.status, 422, "{name}");
        assert!(
            shown.body.contains(&format!(r##"href="#f-{field}""##)),
            "{name}: {}",
            shown.body
        );
        assert!(
            !shown.body.contains(password) || password == "short",
            "no password comes back"
        );
    }
    let kept = add(&mut desk, "Борис", "short", "short");
    assert!(kept.body.contains(r#"value="Борис""#));
    assert_eq!(add(&mut desk, HOSTILE, OTHER, OTHER).location(), "/settings");
    let list = desk.get("/settings");
    assert!(!list.body.contains("<script>alert"), "{}", list.body);
    assert_eq!(desk.site.store.accounts().unwrap().len(), 2);
}

#[test]
fn ones_own_password_needs_the_current_one_and_ends_the_other_sessions() {
    let mut desk = Desk::signed_in();
    let account = desk.site.store.account(NAME).unwrap().unwrap().0.id;
    desk.site
        .store
        .open_session(
            account,
            [7; 32],
            "10.9.9.9".to_owned(),
            "Firefox/1 Windows".to_owned(),
        )
        .unwrap();
    let settings = desk.get("/settings").body;
    assert!(
        settings.contains("10.9.9.9") && settings.contains("Firefox, Windows"),
        "{settings}"
    );
    let path = format!("/settings/administrators/{}/password", account.0);
    let change = |desk: &mut Desk, current: &str| {
        desk.post(
            &path,
            &[("current", current), ("password", OTHER), ("again", OTHER)],
        )
    };
    let wrong = change(&mut desk, "не-тот-пароль");
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains(r##"href="#f-current""##));
    assert_eq!(change(&mut desk, PASSWORD).status, 303);
    assert_eq!(
        desk.site.store.sessions(Some(account), desk.now).unwrap().len(),
        1
    );
    assert_eq!(desk.get("/settings").status, 200, "this session goes on");
}

#[test]
fn the_last_administrator_stays_and_one_may_leave() {
    let mut desk = Desk::signed_in();
    let me = desk.site.store.account(NAME).unwrap().unwrap().0.id.0;
    let delete = format!("/settings/administrators/{me}/delete");
    assert!(
        desk.get(&format!("/settings/administrators/{me}"))
            .body
            .contains("only administrator")
    );
    desk.post(&delete, &[]);
    assert_eq!(desk.site.store.accounts().unwrap().len(), 1);
    desk.site
        .store
        .add_account("Борис", "hash".to_owned())
        .unwrap()
        .unwrap();
    desk.post(&delete, &[]);
    let left = desk.site.store.accounts().unwrap();
    assert_eq!(
        left.iter()
            .map(|account| account.name.as_str())
            .collect::<Vec<_>>(),
        ["Борис"]
    );
    assert!(desk.get("/settings").location().starts_with("/sign-in"));
    assert!(
        desk.get("/settings/administrators/x")
            .location()
            .starts_with("/sign-in")
    );
}

#[test]
fn sessions_end_one_by_one_all_others_or_all() {
    let mut desk = Desk::signed_in();
    let store = desk.site.store.clone();
    let me = store.account(NAME).unwrap().unwrap().0.id;
    let other = store.add_account("Борис", "hash".to_owned()).unwrap().unwrap();
    let open = |account, n: u8| {
        store
            .open_session(account, [n; 32], String::new(), String::new())
            .unwrap()
    };
    let (mine, theirs) = (open(me, 1), open(other, 2));
    open(me, 3);
    open(me, 4);
    let count = |account| store.sessions(Some(account), desk.now).unwrap().len();
    assert_eq!((count(me), count(other)), (4, 1));
    let now = desk.now;
    let count = |account| store.sessions(Some(account), now).unwrap().len();
    desk.post(&format!("/settings/sessions/{}/end", mine.0), &[]);
    let foreign = desk.post(&format!("/settings/sessions/{}/end", theirs.0), &[]);
    assert_eq!(
        (foreign.status, count(me), count(other)),
        (404, 3, 1),
        "only one's own"
    );
    desk.post("/settings/sessions/end-others", &[]);
    assert_eq!((count(me), count(other)), (1, 1));
    let out = desk.post("/settings/sessions/end-all", &[]);
    assert_eq!((out.location(), count(me)), ("/sign-in", 0));
    assert!(desk.get("/settings").location().starts_with("/sign-in"));
}

#[test]
fn limits_are_checked_kept_and_taken_up_by_the_running_engine() {
    let mut desk = Desk::signed_in();
    let set = |desk: &mut Desk, profile: &str, rate: &str, country: &str| {
        desk.post(
            "/settings/limits",
            &[("profile", profile), ("rate", rate), ("country", country)],
        )
    };
    for (profile, rate, country, field) in [
        ("box", "0", "RU", "rate"),
        ("box", "много", "RU", "rate"),
        ("moon", "", "RU", "profile"),
        ("cloud", "", "ZZ", "country"),
        ("cloud", "", "", "country"),
    ] {
        let shown = set(&mut desk, profile, rate, country);
        assert_eq!(shown.status, 422, "{profile} {rate} {country}");
        assert!(
            shown.body.contains(&format!(r##"href="#f-{field}""##)),
            "{field}: {}",
            shown.body
        );
        assert!(
            shown.body.contains(&format!(r#"value="{country}""#)),
            "what was typed is kept"
        );
    }
    assert_eq!(preferences(&desk), Preferences::default());

    assert_eq!(set(&mut desk, "box", "7", "kz").location(), "/settings");
    until(|| {
        let conditions = desk.site.engine.conditions();
        conditions.country == "KZ" && conditions.portal.profile == Profile::Box { per_second: Some(7) }
    });
    let page = desk.get("/settings").body;
    assert!(
        page.contains(r#"value="KZ""#) && page.contains(r#"value="7""#),
        "{page}"
    );
    set(&mut desk, "enterprise", "", "RU");
    until(|| desk.site.engine.conditions().portal.profile == Profile::Enterprise);
    assert_eq!(desk.site.engine.conditions().country, "RU");
}

#[test]
fn what_was_said_at_start_is_told_and_not_changed() {
    let mut desk = Desk::signed_in_where(Given {
        country: Some("BY".to_owned()),
        profile: None,
    });
    let page = desk.get("/settings").body;
    assert!(
        page.contains("--phone-country") && !page.contains("--portal-profile"),
        "{page}"
    );
    desk.post("/settings/limits", &[("profile", "cloud"), ("country", "KZ")]);
    until(|| desk.site.engine.conditions().portal.profile == Profile::Cloud);
    assert_eq!(desk.site.engine.conditions().country, "BY");
    assert_eq!(preferences(&desk).phone_country, None);
}

#[test]
fn keeping_takes_whole_days() {
    let mut desk = Desk::signed_in();
    for wrong in ["", "-1", "1.5", "36501", "завтра"] {
        let shown = desk.post("/settings/keeping", &[("keep_days", wrong)]);
        assert_eq!(shown.status, 422, "{wrong}");
        assert!(shown.body.contains(r##"href="#f-keep_days""##));
    }
    assert_eq!(
        desk.post("/settings/keeping", &[("keep_days", " 30 ")]).status,
        303
    );
    assert_eq!(preferences(&desk).keep_days, 30);
}

#[test]
fn the_copy_is_a_database_and_asks_for_the_forms_token() {
    let mut desk = Desk::signed_in();
    let copy = desk.post("/settings/backup", &[]);
    assert_eq!(copy.status, 200);
    assert!(copy.body.starts_with("SQLite format 3\0"));
    assert!(
        copy.header("content-disposition")
            .starts_with("attachment; filename=\"b24-bridge-20")
    );
    assert_eq!(copy.header("cache-control"), "no-store");
    assert_eq!(desk.post_as("/settings/backup", "forged", &[]).status, 403);
    assert_eq!(desk.get("/settings/backup").location(), "/settings");
}

#[test]
fn the_language_is_ones_own_or_the_browsers() {
    let mut desk = Desk::signed_in();
    desk.post("/settings/language", &[("language", "ru")]);
    assert!(desk.get("/settings").body.contains("Резервная копия"));
    desk.post("/settings/language", &[("language", "")]);
    assert!(desk.get("/settings").body.contains("Backup"));
    desk.say("accept-language", "ru");
    assert!(desk.get("/settings").body.contains("Резервная копия"));
}
