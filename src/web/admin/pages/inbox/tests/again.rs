//! Who may deliver what again, and the progress of many.

use super::*;

#[test]
fn one_is_queued_again_by_an_administrator_alone() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    inbox.fail(id, "no");
    let path = format!("/inbox/{id}/again");
    let csrf = inbox.desk.get("/inbox").csrf().unwrap().to_owned();
    assert_eq!(inbox.desk.get(&path).status, 405);
    assert_eq!(inbox.desk.post_as(&path, "", &[]).status, 403);
    let cookies = std::mem::take(&mut inbox.desk.cookies);
    let stranger = inbox.desk.post("/language", &[("language", "en")]);
    assert_eq!(stranger.status, 303);
    let own = inbox.desk.get("/sign-in").csrf().unwrap().to_owned();
    assert_eq!(inbox.desk.post_as(&path, &own, &[]).status, 401);
    assert_eq!(inbox.state(id), State::Failed, "nothing was changed so far");

    inbox.desk.cookies = cookies;
    let shown = inbox.desk.post_as(&path, &csrf, &[]);
    assert_eq!(
        (shown.status, shown.location().to_owned()),
        (303, format!("/inbox/{id}"))
    );
    assert_eq!(inbox.state(id), State::Queued);
    assert!(inbox.detail(id).contains("The request is queued."));
}

#[test]
fn what_is_done_is_not_done_again() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    inbox.deliver(id);
    let csrf = inbox.desk.get("/inbox").csrf().unwrap().to_owned();
    inbox.desk.post_as(&format!("/inbox/{id}/again"), &csrf, &[]);
    assert_eq!(inbox.state(id), State::Delivered);
    assert!(inbox.detail(id).contains("nothing to deliver again"));
    assert_eq!(
        inbox
            .desk
            .post_as("/inbox/0000000000001/again", &csrf, &[])
            .status,
        404
    );
}

#[test]
fn all_that_are_found_are_queued_and_followed_to_their_end() {
    let mut inbox = Inbox::open();
    let failed: Vec<SubmissionId> = (0..5)
        .map(|n| inbox.order("Мария", &format!("+7 999 000-00-0{n}"), &format!("651{n}")))
        .collect();
    for id in &failed {
        inbox.fail(*id, "no");
    }
    let other = inbox.order("Пётр", "+7 999 000-00-09", "7000");
    inbox.fail(other, "no");

    let page = inbox.page("/inbox/again?q=651");
    assert!(
        page.contains("5\u{a0}requests") && page.contains("No portal is connected."),
        "{page}"
    );
    assert_eq!(inbox.state(failed[0]), State::Failed, "asking changes nothing");
    let csrf = inbox.desk.get("/inbox").csrf().unwrap().to_owned();
    assert_eq!(
        inbox.desk.post_as("/inbox/again", "", &[("q", "651")]).status,
        403
    );
    let started = inbox.desk.post_as("/inbox/again", &csrf, &[("q", "651")]);
    assert_eq!((started.status, started.location()), (303, "/inbox/again/1"));

    let begun = Instant::now();
    let mut page = inbox.page("/inbox/again/1");
    while !page.contains("Done: 0 of 5") {
        assert!(begun.elapsed() < PATIENCE, "{page}");
        page = inbox.page("/inbox/again/1");
    }
    assert!(
        page.contains("data-renew") && page.contains("<noscript><p><a"),
        "{page}"
    );
    assert_eq!(
        inbox.state(other),
        State::Failed,
        "it was not found by the filter"
    );

    inbox.deliver(failed[0]);
    inbox.deliver(failed[1]);
    inbox.fail(failed[2], "no");
    assert!(inbox.page("/inbox/again/1").contains("Done: 3 of 5"));
    inbox.record(
        failed[3],
        Vec::new(),
        Change::Ignored(outcome(EntityAction::Ignored)),
    );
    inbox.deliver(failed[4]);
    let page = inbox.page("/inbox/again/1");
    assert!(
        page.contains("Done.") && page.contains("Look into them"),
        "{page}"
    );
    assert!(
        !page.contains("data-renew") && !page.contains("http-equiv"),
        "{page}"
    );
    assert_eq!(
        link(&page, "<span aria-hidden=\"true\">← </span>Inbox"),
        Some("/inbox?q=651".to_owned())
    );
}

#[test]
fn states_in_which_nothing_can_be_done_are_left_alone() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    inbox.deliver(id);
    let csrf = inbox.desk.get("/inbox").csrf().unwrap().to_owned();
    for query in ["state=delivered", "state=queued", "state=happy", ""] {
        let page = inbox.page(&format!("/inbox/again?{query}"));
        assert!(!page.contains("Deliver again: "), "{query}: {page}");
    }
    let shown = inbox
        .desk
        .post_as("/inbox/again", &csrf, &[("state", "delivered")]);
    assert_eq!(shown.location(), "/inbox/again?state=delivered");
    assert_eq!(inbox.state(id), State::Delivered);
    assert!(inbox.page("/inbox/again/77").contains("not known any more"));
}
