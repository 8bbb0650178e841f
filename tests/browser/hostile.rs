//! What a website sends is text on every page, never markup, however it is named.

use b24_bridge::practice_portal::{Fault, Kin, PracticePortal};
use serde_json::json;

use crate::access::{PASSWORD, sign_in, signed_in_at};
use crate::harness::{Bridge, portal, shop_channel};
use crate::person::Language::Russian;
use crate::person::Person;

/// Would leave a mark in any place where markup is expected: text, attributes in either quotes, scripts, comments.
const EVIL: &str =
    "--></script></textarea></title>'\"><img class=evil src=x onerror=\"window.evil=1\"><b class=evil>";

/// As much of it as fits into a name.
const SHORT_EVIL: &str = "'\"><b class=evil onclick=a>";

/// Everything on a page that could run or change how the page looks, in what is shown and in what was sent: there also
/// inside `noscript` and templates.
const FIND_EVIL: &str = r#"
    const found = [];
    const look = (root, where) => {
        for (const element of root.querySelectorAll("*")) {
            const name = element.localName;
            const report = (what) => found.push(`${where}: ${what}: ${element.outerHTML.slice(0, 200)}`);
            if (element.classList.contains("evil")) report("a value became markup");
            if (name === "script" && (!element.hasAttribute("src") || element.textContent.trim())) report("an inline script");
            if (["style", "iframe", "object", "embed", "base", "frame"].includes(name)) report("does not belong here");
            if (element.hasAttribute("http-equiv")) report("acts as a header");
            for (const { name: attribute, value } of element.attributes) {
                if (/^on/iu.test(attribute) || attribute === "style" || attribute === "srcdoc") report(attribute);
                const leads = ["href", "src", "action", "formaction", "xlink:href", "data"].includes(attribute);
                if (leads && /^[\s\u0000-\u001f]*(javascript|data|vbscript):/iu.test(value)) report(attribute);
                if (leads && name !== "a" && new URL(value, location.href).origin !== location.origin) report("leads elsewhere");
            }
            if (name === "template") look(element.content, where);
        }
    };
    look(document, "shown");
    const again = new XMLHttpRequest();
    again.open("GET", location.href, false);
    again.setRequestHeader("X-Refresh", "1");
    again.send();
    if (again.status === 200) look(new DOMParser().parseFromString(again.responseText, "text/html"), "sent");
    if (window.evil) found.push("a script of a stranger ran");
    return found;
"#;

/// Nothing of a value became markup, no script of it ran, and there is none but ours.
fn is_harmless(person: &Person, page: &str) {
    let found = person.browser.script(FIND_EVIL, &[]).expect("a list");
    assert_eq!(found, json!([]), "{page}");
}

/// Whoever may change the portal's settings is a stranger, too.
fn spoil(portal: &PracticePortal) {
    portal.world(|world| {
        for status in &mut world.statuses {
            status.name = format!("{} {EVIL}", status.name);
        }
        world.statuses[0].color = EVIL.to_owned();
        for category in &mut world.categories {
            category.name = EVIL.to_owned();
        }
        for person in &mut world.people {
            person.last_name = EVIL.to_owned();
            person.email = EVIL.to_owned();
        }
        for kin in [Kin::Lead, Kin::Deal, Kin::Contact] {
            for field in &mut world.table_mut(kin).schema {
                field.title = format!("{} {EVIL}", field.title);
                for (_, label) in field.user_field.iter_mut().flat_map(|field| &mut field.items) {
                    *label = EVIL.to_owned();
                }
            }
        }
    });
}

#[test]
fn what_websites_send_is_text_on_every_page() {
    let portal = portal();
    spoil(&portal);
    let mut bridge = Bridge::start(&portal, &[]);
    bridge.channel(&shop_channel(json!({"name": EVIL, "thank_you_url": null})));
    bridge.channel(&shop_channel(
        json!({"slug": "spam", "name": EVIL, "honeypot": "trap"}),
    ));
    let mut evil = json!({"client_name": EVIL, "client_phone": EVIL, "order_id": EVIL, "order_amount": "1", "nested": {}});
    evil[EVIL] = json!(EVIL);
    evil["nested"][EVIL] = json!([EVIL, {"a]": EVIL}]);
    let delivered = bridge.post_json("shop-orders", &evil).id();
    evil["order_amount"] = json!(EVIL);
    let failed = bridge.post_json("shop-orders", &evil).id();
    let refusal = Fault::FailCommand {
        method: "crm.deal.add".to_owned(),
        code: EVIL.to_owned(),
        text: EVIL.to_owned(),
    };
    portal.faults().for_text("9009", refusal);
    let refused = bridge
        .post_json("shop-orders", &json!({"client_name": EVIL, "order_id": "9009"}))
        .id();
    let unreadable = bridge.send(
        "POST",
        "/in/shop-orders",
        &[("content-type", EVIL)],
        format!("{{{EVIL}").as_bytes(),
    );
    let spam = bridge
        .post_json("spam", &json!({"trap": EVIL, "client_name": EVIL}))
        .id();
    let file = file_upload();
    let headers = [
        ("content-type", "multipart/form-data; boundary=b"),
        ("referer", EVIL),
        ("user-agent", EVIL),
        ("accept", "text/html"),
    ];
    let uploaded = bridge.send("POST", "/in/shop-orders", &headers, file.as_bytes());
    assert_eq!(uploaded.status, 200, "{}", uploaded.body);
    bridge.settle();

    let person = signed_in_at(&mut bridge, Person::new(Russian));
    let mut pages: Vec<String> = [
        "/",
        "/channels",
        "/channels/shop-orders",
        "/channels/shop-orders/try",
        "/channels/shop-orders/delete",
        "/channels/spam",
        "/new-channel",
        "/inbox",
        "/inbox?state=failed",
        "/inbox/again?state=failed",
        "/portal",
        "/settings",
        "/settings/administrators/new",
        "/settings/administrators/1",
    ]
    .map(str::to_owned)
    .into();
    let query =
        serde_urlencoded::to_string([("q", EVIL), ("channel", EVIL), ("state", EVIL), ("from", EVIL)]);
    pages.push(format!("/inbox?{}", query.expect("a query")));
    let query = serde_urlencoded::to_string([("next", EVIL)]).expect("a query");
    pages.push(format!("/nowhere?{query}"));
    pages.push(format!(
        "/{}",
        percent_encoding::utf8_percent_encode(EVIL, percent_encoding::NON_ALPHANUMERIC)
    ));
    let all = bridge.cli_json(&["inbox", "list", "--json"]);
    let all = all.as_array().expect("a list");
    assert!(all.len() >= 4 && unreadable.status < 500, "{all:?}");
    for submission in all {
        let id = submission["id"].as_str().expect("an id");
        pages.push(format!("/inbox/{id}"));
        pages.push(format!("/channels/shop-orders/try?from={id}"));
    }
    for id in [&delivered, &failed, &refused, &spam] {
        assert!(pages.contains(&format!("/inbox/{id}")), "{id} is in the inbox");
    }
    for (n, page) in pages.iter().enumerate() {
        person.visit(&bridge, page);
        is_harmless(&person, page);
        person.looks_at(&format!("hostile-{n}"));
    }
    answers_to_forms(&person, &bridge);
    // The portal's own pages show the same values.
    person.open(&portal.base_url());
    let evil = "return document.querySelectorAll('.evil').length + (window.evil ?? 0)";
    assert_eq!(
        person.browser.script(evil, &[]).expect("a count"),
        0,
        "the practice portal"
    );
}

/// Pages that come of a click: what was typed is shown again, and what the portal answered.
fn answers_to_forms(person: &Person, bridge: &Bridge) {
    let seen = |name: &str| {
        is_harmless(person, name);
        person.looks_at(&format!("hostile-{name}"));
    };
    person.visit(bridge, "/channels/shop-orders/try");
    let body = json!({"client_name": EVIL, "client_phone": EVIL, "order_id": EVIL, EVIL: EVIL}).to_string();
    person.fill("Содержимое запроса", &body);
    person.click("Показать, что произойдёт");
    person.sees("Будет сделано");
    seen("try-shown");
    person.fill("Содержимое запроса", &format!("{{{EVIL}"));
    person.click("Показать, что произойдёт");
    person.sees("Такой запрос канал не прочитает");
    seen("try-broken");

    person.visit(bridge, "/channels/shop-orders");
    person.fill("Наименование канала", EVIL);
    person.fill("Ответственный за лид/сделку", EVIL);
    person.fill("Страница благодарности", EVIL);
    person.in_row("Сделка", 0, || {
        person.fill("Поле", EVIL);
        person.fill("Значение", &format!("{EVIL}{{{{"));
    });
    person.click("Показать");
    person.sees("Такого поля на портале нет");
    seen("channel-shown");
    person.click("Сохранить");
    person.sees("Так зовут нескольких");
    seen("channel-refused");

    person.visit(bridge, "/portal");
    person.click("Проверить");
    person.sees("Результат проверки");
    seen("portal-checked");

    person.visit(bridge, "/settings/administrators/new");
    person.fill("Имя", SHORT_EVIL);
    person.fill("Новый пароль", PASSWORD);
    person.fill("Пароль ещё раз", PASSWORD);
    person.click("Добавить");
    person.sees(SHORT_EVIL);
    seen("administrators");

    person.click("Выйти");
    sign_in(person, SHORT_EVIL, "не тот пароль");
    person.sees("Имя или пароль");
    is_harmless(person, "the sign-in");
    sign_in(person, SHORT_EVIL, PASSWORD);
    person.sees("Обзор");
    seen("overview-of-another");
}

/// A form with a file, both named badly.
fn file_upload() -> String {
    let name = EVIL.replace('"', "%22");
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.txt\"\r\nContent-Type: text/plain\r\n\r\n\
         {EVIL}\r\n--b\r\nContent-Disposition: form-data; name=\"client_name\"\r\n\r\n{EVIL}\r\n--b--\r\n"
    )
}
