//! The application inside the portal, from the portal's form to a deal: everything by clicking.

use b24_bridge::practice_portal::{AppForm, AppKeys, PracticePortal};

use crate::access::{PASSWORD, begin};
use crate::forms::{order, shop_page};
use crate::harness::{Bridge, portal, until};
use crate::person::Language::{English, Russian};
use crate::person::Person;
use crate::story::map;
use crate::website::Website;

/// The portal under a name that browsers take for another site than the bridge's.
fn foreign(portal: &PracticePortal) -> String {
    portal.answer_as("localhost");
    portal.portal_url()
}

fn the_whole_way(person: &Person, portal: &PracticePortal, home: &str) {
    let mut bridge = Bridge::folder(&["--oauth-url", &portal.oauth_url()]);
    bridge.serve();
    person.open(&bridge.setup_link());
    begin(person, PASSWORD);
    make_the_application(person, &bridge, home);
    enter_the_keys(person, &bridge, portal, home);
    install(person, portal, home);
    is_told(person, home);
    let address = make_a_channel(person, &bridge, home);

    let shop = Website::start(shop_page(&address));
    order(person, &shop, "6510", "3500");
    person.sees(person.t("Спасибо!", "Thank you!"));
    person.open(&format!("{home}/crm/deal/list/"));
    person.sees("Заказ №6510");

    connects_through_the_portal(person, &bridge, portal);
    colleagues_stay_outside(person, portal, home);
    hears_nothing_from_the_portal(person, &bridge, portal, home);
    looks_at_all_pages(person, &bridge, portal, home);
}

#[test]
fn the_application_in_russian() {
    let portal = portal();
    let home = portal.portal_url();
    the_whole_way(&Person::new(Russian), &portal, &home);
}

#[test]
fn the_application_in_english_where_cookies_are_refused() {
    let portal = portal();
    let home = foreign(&portal);
    the_whole_way(&Person::without_foreign_cookies(English), &portal, &home);
}

/// A slip in the key shows when the application is opened, and not an hour later: before the webhook is given up for it,
/// and as a warning where there is none.
fn a_slip_in_the_key(person: &Person) {
    let portal = portal();
    let mut bridge = Bridge::folder(&["--oauth-url", &portal.oauth_url()]);
    bridge.serve();
    person.open(&bridge.setup_link());
    begin(person, PASSWORD);
    let keys = portal.register_app(AppForm::of_bridge(bridge.admin()));
    let open = || {
        let (query, body) = portal.frame_post(&keys, 1, "DEFAULT", person.language.code());
        let page = Website::start(posting(&format!("{}/b24/install?{query}", bridge.admin()), &body));
        person.open(&page.url());
        person.click("go");
    };
    bridge.cli_ok(&["portal", "connect", "--webhook", &portal.webhook_url()]);
    let home = portal.portal_url();
    let words = ["portal", "connect", "--app", "--portal", &home];
    let slip = ["--client-id", &keys.client_id, "--client-secret", "no-key-of-it"];
    bridge.cli_ok(&[&words[..], &slip].concat());
    open();
    person.sees(person.t(
        "Ключ приложения не подошёл",
        "The application's key is not the right one",
    ));
    person.looks_at("in-portal-wrong-key");
    assert!(portal.placements().is_empty());

    person.visit(&bridge, "/portal");
    person.click(person.t("Отключить портал", "Disconnect the portal"));
    person.click(person.t("Отключить", "Disconnect"));
    person.sees(person.t("Портал отключён", "is disconnected"));
    open();
    person.sees(person.t("Продление доступа", "Renewal of the access"));
    person.looks_at("in-portal-unproven");
    person.visit(&bridge, "/");
    let warning = person.t("пока не удалось продлить", "could not be renewed so far");
    person.sees(warning);
    person.looks_at("overview-unproven");
    person.visit(&bridge, "/portal");
    person.sees(warning);
    person.looks_at("portal-unproven");
}

#[test]
fn a_slip_in_the_key_in_russian() {
    a_slip_in_the_key(&Person::new(Russian));
}

#[test]
fn a_slip_in_the_key_in_english() {
    a_slip_in_the_key(&Person::new(English));
}

/// The form of a local application, as the bridge's page tells to fill it.
fn make_the_application(person: &Person, bridge: &Bridge, home: &str) {
    person.visit(bridge, "/portal");
    person.click(person.t(
        "Подключить как локальное приложение",
        "Connect as a local application",
    ));
    let (handler, installer) = (
        person.t("Путь вашего обработчика", "Your handler path"),
        person.t("Путь для первоначальной установки", "Initial installation path"),
    );
    let addresses = [person.value(handler), person.value(installer)];
    person.looks_at("portal-application-steps");
    person.open(&format!("{home}/devops/"));
    person.fill(handler, &addresses[0]);
    person.fill(installer, &addresses[1]);
    for right in ["crm", "user_basic", "placement", "im"] {
        person.tick(right);
    }
    person.click(person.t("Сохранить", "Save"));
    person.sees("local.");
}

/// The one application there is.
fn keys_of(portal: &PracticePortal) -> AppKeys {
    let keys = portal.world(|world| world.apps.iter().next().map(|app| app.keys.clone()));
    keys.expect("an application")
}

fn enter_the_keys(person: &Person, bridge: &Bridge, portal: &PracticePortal, home: &str) {
    let keys = keys_of(portal);
    person.sees(&keys.client_id);
    person.visit(bridge, "/portal");
    person.click(person.t(
        "Подключить как локальное приложение",
        "Connect as a local application",
    ));
    person.fill(person.t("Адрес портала", "The portal's address"), home);
    person.fill(
        person.t("Код приложения (client_id)", "Application code (client_id)"),
        &keys.client_id,
    );
    person.fill(
        person.t(
            "Ключ приложения (client_secret)",
            "Application key (client_secret)",
        ),
        keys.client_secret.reveal(),
    );
    person.click(person.t("Сохранить", "Save"));
    person.sees(person.t("Ключи приложения сохранены", "The application's keys are stored"));
    person.looks_at("portal-application-waiting");
}

/// The portal shows the installer in its frame; when that is done, it shows the application.
fn install(person: &Person, portal: &PracticePortal, home: &str) {
    person.open(&format!("{home}/devops/"));
    person.click(person.t("Открыть приложение", "Open the application"));
    until("the installation to end", || {
        let is_installed = portal.world(|world| world.apps.iter().all(|app| app.installed));
        is_installed.then_some(())
    });
    person.in_frame(|| person.sees(person.t("Входящие каналы", "Channels")));
    assert_eq!(portal.placements().len(), 2);
}

fn is_told(person: &Person, home: &str) {
    person.open(home);
    person.click(person.t("Уведомления", "Notifications"));
    person.sees(person.t(
        "Интеграция с сайтом установлена",
        "The website integration is installed",
    ));
}

fn button(person: &Person) -> &'static str {
    person.t("Интеграция с сайтом", "Website integration")
}

/// From the list of deals, inside the portal; the channel's address.
fn make_a_channel(person: &Person, bridge: &Bridge, home: &str) -> String {
    person.open(&format!("{home}/crm/deal/list/"));
    press_the_button(person);
    let address = person.in_frame(|| {
        person.sees(person.t("Входящие каналы сделок", "Channels for deals"));
        person.click(person.t("Создать канал", "Create a channel"));
        person.fill(person.t("Наименование канала", "Name of the channel"), "Магазин");
        assert_eq!(
            person.value(person.t("Сделки", "Deals")),
            "true",
            "the list that it was"
        );
        let deal = person.t("Сделка", "Deal");
        person.in_row(deal, 0, || {
            map(person, "Название (TITLE)", "Заказ №{order_id}", false);
        });
        person.click(person.t("Создать канал", "Create the channel"));
        person.sees(person.t("Канал создан", "The channel is there"));
        person.value(person.t("Адрес канала", "The channel's address"))
    });
    assert!(address.starts_with(bridge.websites()), "{address}");
    assert_eq!(cookies_in_frame(person), "", "the frame needs none");
    fits(person);
    let top = person
        .browser
        .script("return document.querySelector('dialog').scrollTop", &[]);
    assert_eq!(top.expect("a position"), 0, "a page begins at its top");
    address
}

/// The application's button above a list; its menu entry bears the same name.
fn press_the_button(person: &Person) {
    let press = "const all = [...document.querySelectorAll('main button')];
                 all.find((one) => one.innerText.trim() === arguments[0]).click();";
    person.sees(button(person));
    person
        .browser
        .script(press, &[serde_json::json!(button(person))])
        .expect("the button is there");
}

fn cookies_in_frame(person: &Person) -> String {
    person.in_frame(|| {
        let cookies = person.browser.script("return document.cookie", &[]);
        cookies
            .expect("a script runs")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    })
}

/// The frame is as high as the page in it, so that only the portal's page scrolls.
fn fits(person: &Person) {
    let inner = "return Math.ceil(document.body.getBoundingClientRect().height)";
    let outer = "return document.querySelector('iframe').getBoundingClientRect().height";
    until("the frame to be as high as its page", || {
        let number = |script| {
            person
                .browser
                .script(script, &[])
                .ok()
                .and_then(|value| value.as_f64())
        };
        let inside = person.in_frame(|| number(inner))?;
        let outside = number(outer)?;
        ((inside - outside).abs() <= 2.0).then_some(())
    });
}

/// The other way to tokens: the portal asks, and brings the browser back to the bridge.
fn connects_through_the_portal(person: &Person, bridge: &Bridge, portal: &PracticePortal) {
    let before = portal.token_requests();
    person.visit(bridge, "/portal");
    person.click(person.t("Подключить через портал", "Connect through the portal"));
    person.sees(person.t(
        "Портал подключён через приложение, от имени: Анна Смирнова",
        "The portal is connected through the application, as Анна Смирнова",
    ));
    person.arrives_at("/portal");
    assert!(portal.token_requests() > before, "the code was exchanged");
}

/// Whoever is no administrator sees why, in his language.
fn colleagues_stay_outside(person: &Person, portal: &PracticePortal, home: &str) {
    person.open(&format!("{home}/crm/lead/list/"));
    person.choose(person.t("Кто смотрит", "Who is looking"), "Иван Петров");
    until("somebody else to look", || {
        let chosen = person.value(person.t("Кто смотрит", "Who is looking"));
        (chosen == "2").then_some(())
    });
    press_the_button(person);
    person.in_frame(|| {
        person.sees(person.t(
            "Это для администраторов портала",
            "This is for administrators of the portal",
        ));
    });
    person.choose(person.t("Кто смотрит", "Who is looking"), "Анна Смирнова");
    let _ = portal;
}

/// A page of the portal that answers no message: the installation is done, and its page says how to go on.
fn hears_nothing_from_the_portal(person: &Person, bridge: &Bridge, portal: &PracticePortal, home: &str) {
    let (query, body) = portal.frame_post(&keys_of(portal), 1, "DEFAULT", person.language.code());
    let form = posting(&format!("{}/b24/install?{query}", bridge.admin()), &body);
    let frame = "const frame = document.createElement('iframe');
                 frame.name = 'deaf';
                 const holder = document.createElement('div');
                 holder.innerHTML = arguments[0];
                 const form = holder.querySelector('form');
                 form.target = 'deaf';
                 document.querySelector('main').append(frame, form);
                 form.submit();";
    let open = || {
        person.open(&format!("{home}/devops/"));
        let opened = person.browser.script(frame, &[serde_json::json!(form)]);
        opened.expect("a frame");
    };
    open();
    person.in_frame(|| {
        person.sees(person.t(
            "Портал не отвечает этой странице",
            "The portal does not answer this page",
        ));
        // Nothing from elsewhere is loaded unasked; the page for it stands alone.
        person.sees(person.t("Завершить скриптом Битрикс24", "End it by Bitrix24's script"));
        let unasked = "return [...document.scripts].every(script => script.src.startsWith(location.origin))";
        let unasked = person.browser.script(unasked, &[]).expect("a word");
        assert_eq!(unasked, serde_json::json!(true));
        person.click(person.t("К входящим каналам", "To the channels"));
        person.sees("Магазин");
    });
    open();
    person.in_frame(|| {
        person.click(person.t("Завершить скриптом Битрикс24", "End it by Bitrix24's script"));
        person.sees(person.t("Если ничего не происходит", "If nothing happens"));
        let asked =
            "return [...document.scripts].some(script => script.src.startsWith('https://api.bitrix24.com/'))";
        let asked = person.browser.script(asked, &[]).expect("a word");
        assert_eq!(asked, serde_json::json!(true));
    });
}

/// Every page of the frame, once in a window of its own: what is checked of all pages cannot be checked inside another.
fn looks_at_all_pages(person: &Person, bridge: &Bridge, portal: &PracticePortal, home: &str) {
    person.open(&format!("{home}/crm/deal/list/"));
    press_the_button(person);
    let list = person.in_frame(|| {
        person.sees("Магазин");
        let here = person
            .browser
            .script("return location.href", &[])
            .expect("an address");
        here.as_str().expect("text").to_owned()
    });
    let (base, _) = list.split_once("/channels").expect("the list");
    for (path, name) in [
        ("/channels?entity=deal", "frame-channels"),
        ("/new-channel?entity=lead", "frame-channel-new"),
        ("/inbox", "frame-inbox"),
        ("/", "frame-overview"),
        ("/nowhere", "frame-nothing-there"),
        ("/portal", "frame-not-here"),
    ] {
        person.open(&format!("{base}{path}"));
        person.looks_at(name);
    }
    person.open(&format!("{base}/channels"));
    person.keyboard_reaches_everything();
    person.visit(bridge, "/b24/f/abc/channels");
    person.looks_at("frame-over");
    person.visit(bridge, "/b24/app");
    person.looks_at("in-portal-explained");
    person.visit(bridge, "/portal");
    person.looks_at("portal-application-installed");
    for (user, name) in [(1, "in-portal-installed"), (2, "in-portal-colleague")] {
        let (query, body) = portal.frame_post(&keys_of(portal), user, "DEFAULT", person.language.code());
        let page = Website::start(posting(&format!("{}/b24/install?{query}", bridge.admin()), &body));
        person.open(&page.url());
        person.click("go");
        person.sees(person.t("портал", "portal"));
        person.looks_at(name);
    }
}

/// A page that sends what the portal's page sends.
fn posting(action: &str, body: &str) -> String {
    let fields: String = form_urlencoded::parse(body.as_bytes())
        .map(|(name, value)| {
            let value = value.replace('&', "&amp;").replace('"', "&quot;");
            format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
        })
        .collect();
    let action = action.replace('&', "&amp;");
    format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Portal</title></head><body>
        <form method="post" action="{action}">{fields}<button>go</button></form></body></html>"#
    )
}
