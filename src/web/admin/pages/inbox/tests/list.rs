//! Filters and pages.

use super::*;

#[test]
fn an_empty_inbox_says_what_to_do() {
    let mut inbox = Inbox::open();
    let page = inbox.page("/inbox");
    assert!(page.contains("No request has come yet"), "{page}");
    assert!(link(&page, "To the channels").is_some());
    assert!(link(&page, "Download CSV").is_none());
}

#[test]
fn pages_lead_to_the_end_and_back() {
    let mut inbox = Inbox::open();
    let mut all: Vec<String> = (0..120)
        .map(|n| inbox.order("Иван", "+79991234567", &n.to_string()).to_string())
        .collect();
    all.reverse();

    let (mut seen, mut path, mut pages) = (Vec::new(), "/inbox".to_owned(), Vec::new());
    loop {
        let page = inbox.page(&path);
        seen.extend(ids(&page));
        pages.push(ids(&page));
        assert_eq!(
            page.contains("data-renew"),
            pages.len() == 1,
            "{path}: the first page alone renews itself"
        );
        match link(&page, "Older") {
            Some(older) => path = older,
            None => break,
        }
    }
    assert_eq!(seen, all);
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);

    let newer = link(&inbox.page(&path), "← Newer").unwrap();
    let page = inbox.page(&newer);
    assert_eq!(ids(&page), pages[1]);
    let first = link(&page, "← Newer").unwrap();
    let page = inbox.page(&first);
    assert_eq!(ids(&page), pages[0]);
    let newer = link(&page, "← Newer");
    assert!(newer.is_none() || ids(&inbox.page(&newer.unwrap())) == pages[0]);
    assert_eq!(ids(&inbox.page(&link(&page, "Older").unwrap())), pages[1]);
}

#[test]
fn every_filter_narrows_and_stays_in_the_links() {
    let mut inbox = Inbox::open();
    let a = inbox.order("Мария", "+7 999 000-00-01", "6510").to_string();
    let b = inbox.order("Пётр", "+7 999 000-00-02", "6511");
    inbox.fail(b, "no");
    let b = b.to_string();
    let other = json!({"slug": "quiz", "name": "Квиз", "entity": "lead"});
    let other = inbox
        .desk
        .site
        .store
        .put_channel(serde_json::from_value(other).unwrap())
        .unwrap();
    let c = inbox
        .receive(Arrival {
            channel: other.key,
            ..inbox.arrival("city=Курск")
        })
        .to_string();
    let today = inbox.desk.now.to_string()[..10].to_owned();
    let cases: Vec<(String, Vec<&String>)> = vec![
        (String::new(), vec![&c, &b, &a]),
        ("channel=shop".to_owned(), vec![&b, &a]),
        ("channel=quiz".to_owned(), vec![&c]),
        ("state=failed".to_owned(), vec![&b]),
        ("state=spam".to_owned(), vec![]),
        ("q=000-00-01".to_owned(), vec![&a]),
        ("q=8(999)0000001".to_owned(), vec![&a]),
        ("q=%2B79990000002".to_owned(), vec![&b]),
        ("q=89990000002&state=failed".to_owned(), vec![&b]),
        ("q=мария".to_owned(), vec![&a]),
        ("q=651".to_owned(), vec![&b, &a]),
        ("q=65".to_owned(), vec![&b, &a]),
        ("q=ПЁ".to_owned(), vec![&b]),
        ("q=651&state=failed".to_owned(), vec![&b]),
        ("q=курск&channel=shop".to_owned(), vec![]),
        (format!("q={a}"), vec![&a]),
        (format!("from={today}"), vec![&c, &b, &a]),
        (format!("to={today}"), vec![&c, &b, &a]),
        ("to=2001-01-01".to_owned(), vec![]),
        ("from=2100-01-01".to_owned(), vec![]),
    ];
    for (query, expected) in cases {
        let page = inbox.page(&format!("/inbox?{query}"));
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(page.contains(">Reset<"), !query.is_empty(), "{query}");
    }
    let page = inbox.page("/inbox?state=failed&q=651");
    assert_eq!(
        link(&page, "Download CSV").unwrap(),
        "/inbox/export?q=651&state=failed"
    );
    assert_eq!(
        link(&page, "Deliver all failed").unwrap(),
        "/inbox/again?q=651&state=failed"
    );
    assert!(
        link(&page, "7 days")
            .unwrap()
            .starts_with("/inbox?q=651&state=failed&from=")
    );
    let today_page = link(&page, "Today").unwrap();
    assert_eq!(ids(&inbox.page(&today_page)), [b]);
}

fn back(page: &str) -> String {
    let (_, rest) = page.split_once("class=\"back\" href=\"").unwrap();
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

#[test]
fn a_request_leads_back_to_where_the_list_was_left() {
    let mut inbox = Inbox::open();
    let mut last = None;
    for n in 0..60 {
        let id = inbox.order("Мария", "+7 999 000-00-01", &n.to_string());
        inbox.fail(id, "no");
        last.get_or_insert(id);
    }
    let last = last.unwrap();
    let first = inbox.page("/inbox?state=failed&q=мария");
    let list = link(&first, "Older").unwrap();
    assert!(
        list.contains("state=failed") && list.contains("before="),
        "{list}"
    );
    let page = inbox.page(&list);
    assert_eq!(ids(&page).last(), Some(&last.to_string()));
    let (_, request) = page.rsplit_once("href=\"/inbox/").unwrap();
    let request = format!(
        "/inbox/{}",
        request.split('"').next().unwrap().replace("&amp;", "&")
    );
    assert_eq!(request, format!("/inbox/{last}{}", &list["/inbox".len()..]));
    let page = inbox.page(&request);
    assert_eq!(back(&page), list);
    // Delivering it again does not forget the list.
    let (_, again) = page.split_once(&format!("action=\"/inbox/{last}/again")).unwrap();
    let again = format!(
        "/inbox/{last}/again{}",
        again.split('"').next().unwrap().replace("&amp;", "&")
    );
    let csrf = inbox.desk.get("/inbox").csrf().unwrap().to_owned();
    assert_eq!(inbox.desk.post_as(&again, &csrf, &[]).location(), request);
    assert_eq!(back(&inbox.detail(last)), "/inbox");
}

#[test]
fn what_cannot_be_searched_for_is_told_beside_its_field_and_kept() {
    let mut inbox = Inbox::open();
    inbox.order("Мария", "+7 999 000-00-01", "6510");
    for (query, field, kept) in [
        ("channel=nobody", "f-channel-error", ""),
        ("state=happy", "f-state-error", ""),
        ("from=22.11.2026", "f-from-error", r#"value="22.11.2026""#),
        ("from=2026-02-30", "f-from-error", r#"value="2026-02-30""#),
        (
            "from=2026-11-22&to=2026-11-21",
            "f-to-error",
            r#"value="2026-11-21""#,
        ),
    ] {
        let page = inbox.page(&format!("/inbox?{query}"));
        assert!(page.contains(&format!(r#"id="{field}""#)), "{query}");
        assert!(page.contains(kept), "{query}");
        assert_eq!(
            ids(&page),
            Vec::<String>::new(),
            "{query}: nothing is shown for a search that was not understood"
        );
    }
}

#[test]
fn a_line_tells_the_outcome_in_short() {
    let mut inbox = Inbox::open();
    inbox.desk.say("accept-language", "ru");
    let done = inbox.order("Мария", "+7 999 000-00-01", "6510");
    inbox.deliver(done);
    let bad = inbox.order("Пётр", "+7 999 000-00-02", "6511");
    inbox.fail(bad, "the field UF_CRM_SIZE (Размер) cannot take \"XXL\": it takes one of S, M; correct the form or add the value in the portal");
    let page = inbox.page("/inbox");
    assert!(page.contains("Сделка\u{a0}41"), "{page}");
    assert!(
        page.contains("Значение не подходит полю портала: Размер (UF_CRM_SIZE) ← XXL"),
        "{page}"
    );
    assert!(page.contains(r#"<span class="badge bad">Ошибка</span>"#));
    assert!(page.contains("Ошибка (1)"));
}

#[test]
fn nobody_sees_the_inbox_without_signing_in() {
    let mut inbox = Inbox::open();
    let id = inbox.order("Мария", "+7 999 000-00-01", "6510");
    inbox.desk.cookies.clear();
    for path in [
        "/inbox".to_owned(),
        "/inbox/export".to_owned(),
        "/inbox/again".to_owned(),
        "/inbox/again/1".to_owned(),
        format!("/inbox/{id}"),
        format!("/inbox/{id}/raw"),
    ] {
        let shown = inbox.desk.get(&path);
        assert_eq!(shown.status, 303, "{path}");
        assert!(shown.location().starts_with("/sign-in"), "{path}");
    }
}
