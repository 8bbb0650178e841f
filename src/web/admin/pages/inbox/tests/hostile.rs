//! What strangers send is text on every page.

use super::*;
use crate::web::admin::testing::Shown;

const MARKUP: &str = r#""><script>alert(1)</script><img src=x onerror='a'>"#;

fn is_harmless(shown: &Shown) {
    for part in ["<script>alert", "<img src=x", "\u{202e}", "\0", "\u{1b}"] {
        assert!(!shown.body.contains(part), "{part:?} in {}", shown.body);
    }
}

#[test]
fn names_files_fields_keys_and_answers_are_text() {
    let mut inbox = Inbox::open();
    let hostile = format!("{MARKUP}\u{202e}\0\u{1b}[31m");
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{hostile}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"f<script>alert(1)</script>\"; filename=\"<img src=x onerror=a>\u{202e}gpj.exe\"\r\n\
         Content-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n--b--\r\n"
    );
    let by_form = inbox.receive(Arrival {
        content_type: Some(format!("multipart/form-data; boundary=b; {MARKUP}")),
        referer: format!("https://x/{MARKUP}"),
        user_agent: hostile.clone(),
        query: format!("a={MARKUP}"),
        via: Some(hostile.clone()),
        ..inbox.arrival(&multipart)
    });
    let mut object = serde_json::Map::new();
    object.insert(hostile.clone(), json!({ MARKUP: [hostile.clone()] }));
    object.insert("name".to_owned(), json!(hostile));
    object.insert("phone".to_owned(), json!(MARKUP));
    let by_json = inbox.receive(inbox.arrival(&serde_json::to_string(&object).unwrap()));
    let step = Step {
        method: hostile.clone(),
        sent: serde_json::Value::Object(object.clone()),
        ..step("entity", "x", serde_json::Value::Object(object))
    };
    let failure = Failure {
        step: hostile.clone(),
        text: format!("the field {hostile} cannot take \"{hostile}\": {hostile}; {hostile}"),
    };
    inbox.record(by_json, vec![step], Change::Failed(failure));
    let broken = inbox.receive(Arrival {
        state: State::Unreadable,
        error: Some(format!(
            "the body starts like JSON and is broken ({hostile}): send valid JSON"
        )),
        ..inbox.arrival(&format!("{{{hostile}"))
    });
    let query = serde_urlencoded::to_string([
        ("q", MARKUP),
        ("channel", MARKUP),
        ("state", MARKUP),
        ("from", MARKUP),
        ("to", MARKUP),
    ])
    .unwrap();
    for path in [
        "/inbox".to_owned(),
        format!("/inbox?{query}"),
        format!("/inbox/again?{query}"),
        format!(
            "/inbox?{}",
            serde_urlencoded::to_string([("q", &hostile)]).unwrap()
        ),
        format!("/inbox/{by_form}"),
        format!("/inbox/{by_json}"),
        format!("/inbox/{broken}"),
    ] {
        for language in ["ru", "en"] {
            inbox.desk.say("accept-language", language);
            let shown = inbox.desk.get(&path);
            assert_eq!(shown.status, 200, "{path}");
            is_harmless(&shown);
            for inline in [" style=", " onclick=", " onerror=a", "javascript:"] {
                let outside = shown.body.replace("&quot;", "").replace("&lt;", "<!");
                assert!(
                    !outside.split("<!").next().unwrap_or_default().contains(inline),
                    "{path} has {inline}"
                );
            }
        }
    }
    let page = inbox.desk.get(&format!("/inbox/{by_form}")).body;
    assert!(
        page.contains("&lt;img src=x onerror=a&gt;\u{fffd}gpj.exe"),
        "{page}"
    );
    assert!(page.contains("25\u{a0}B"), "{page}");

    let csv = inbox.desk.get("/inbox/export");
    assert!(csv.header("content-disposition").starts_with("attachment"));
    assert!(csv.header("content-security-policy").contains("sandbox"));
    assert!(!csv.body.contains('\0'));
}

/// The secret by which a website proves itself is none of an administrator's business, in whatever way it came.
#[test]
fn a_channels_secret_is_on_no_page_and_in_no_file() {
    const SECRET: &str = "correct-horse-battery";
    let mut inbox = Inbox::open();
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nМария\r\n--b\r\n\
         Content-Disposition: form-data; name=\"_secret\"\r\n\r\n{SECRET}\r\n--b--\r\n"
    );
    let mut kinds = vec![
        inbox.arrival(&format!("name=Мария&_secret={SECRET}")),
        Arrival {
            content_type: Some("multipart/form-data; boundary=b".to_owned()),
            ..inbox.arrival(&multipart)
        },
        inbox.arrival(&json!({"name": "Мария", "_secret": SECRET}).to_string()),
        Arrival {
            post: false,
            query: format!("name=Мария&_secret={SECRET}"),
            ..inbox.arrival("")
        },
    ];
    // What cannot be read is shown as it came.
    let broken = [
        format!("{{\"_secret\": \"{SECRET}\", "),
        multipart.replace("--b--", ""),
    ];
    kinds.extend(broken.iter().map(|body| Arrival {
        state: State::Unreadable,
        error: Some("the body is broken".to_owned()),
        ..inbox.arrival(body)
    }));
    let all: Vec<SubmissionId> = kinds.into_iter().map(|arrival| inbox.receive(arrival)).collect();
    let mut pages: Vec<String> = vec![
        "/".to_owned(),
        "/inbox".to_owned(),
        "/inbox/export".to_owned(),
        "/channels/shop".to_owned(),
    ];
    for id in &all {
        let request = format!("/inbox/{id}");
        let raw = inbox.page(&request);
        assert!(
            raw.contains("****"),
            "{id} is shown without a mark of its secret: {raw}"
        );
        pages.extend([
            request,
            format!("/inbox/{id}/raw"),
            format!("/channels/shop/try?from={id}"),
        ]);
    }
    for page in &pages {
        let shown = inbox.desk.get(page);
        assert_eq!(shown.status, 200, "{page}");
        assert!(!shown.body.contains(SECRET), "{page}: {}", shown.body);
    }
}
