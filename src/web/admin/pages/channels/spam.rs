//! The parts of the form about the website: where its visitors go, which scripts may post, and what is spam.

use maud::{Markup, html};

use super::sheet::Sheet;
use crate::web::admin::view::{Area, Input, Switch, fieldset};

/// Where visitors go, and whose scripts may post.
pub fn website(sheet: &Sheet<'_>) -> Markup {
    let thanks = Input::of(
        "url",
        "thank_you_url",
        sheet.t("Страница благодарности", "Thank-you address"),
    )
    .value(&sheet.draft.thank_you_url)
    .placeholder("https://shop.example/thanks")
    .hint(sheet.t(
        "Сюда попадёт посетитель, отправив обычную HTML-форму. Пусто — встроенная страница.",
        "Where a visitor goes after sending a plain HTML form. Empty: a page of the bridge.",
    ))
    .errors(sheet.errors);
    let origins = Area::new(
        "allowed_origins",
        sheet.t("Сайты, с которых можно отправлять", "Websites that may post"),
    )
    .value(&sheet.draft.allowed_origins)
    .rows(2)
    .hint(sheet.t(
        "По одному на строке: https://shop.example. Пусто — любые. На запросы с сервера сайта это не влияет.",
        "One a line: https://shop.example. Empty: any. Requests from the website's server are not concerned.",
    ))
    .errors(sheet.errors);
    fieldset(
        sheet.t("Сайт", "Website"),
        None,
        html! { (thanks) (origins) (slug(sheet)) },
    )
}

/// The last part of the address can be chosen once.
fn slug(sheet: &Sheet<'_>) -> Markup {
    if sheet.stored.is_some() {
        return Markup::default();
    }
    let field = Input::text(
        "slug",
        sheet.t("Окончание адреса канала", "End of the channel's address"),
    )
    .value(&sheet.draft.slug)
    .placeholder("shop-orders")
    .hint(sheet.t(
        "Латинские буквы, цифры, - и _. Пусто — создадим такое, которое нельзя угадать. Потом его не изменить.",
        "Latin letters, digits, - and _. Empty: one is made that cannot be guessed. It cannot be changed later.",
    ))
    .errors(sheet.errors);
    html! { (field) }
}

/// What makes a request spam.
pub fn spam(sheet: &Sheet<'_>) -> Markup {
    let about = html! {
        (sheet.t(
            "Спам сохраняется в журнале, но не попадает на портал. Отправитель этого не заметит; ошибочно отсеянное можно обработать из журнала.",
            "Spam is kept in the inbox and does not reach the portal. The sender does not notice; what was sifted out by mistake can be delivered from the inbox.",
        ))
    };
    let honeypot = Input::text("honeypot", sheet.t("Поле-ловушка", "Trap field"))
        .value(&sheet.draft.honeypot)
        .placeholder("website")
        .hint(sheet.t(
            "Имя поля, которое на сайте скрыто от людей. Роботы его заполнят — и выдадут себя.",
            "The name of a field that your website hides from people. Robots fill it in and give themselves away.",
        ))
        .errors(sheet.errors);
    let limit = Input::of(
        "number",
        "max_per_minute",
        sheet.t("Не больше запросов в минуту с одного адреса", "Requests a minute from one address, at most"),
    )
    .value(&sheet.draft.max_per_minute)
    .hint(sheet.t(
        "Пусто — без ограничения. Если формы отправляет сервер сайта или перед мостом стоит прокси, у всех запросов один адрес: не ограничивайте.",
        "Empty: no limit. Where the website's server sends the forms, or a proxy stands before the bridge, all requests have one address: set no limit.",
    ))
    .errors(sheet.errors);
    fieldset(
        sheet.t("Защита от спама", "Protection from spam"),
        Some(about),
        html! { (secret(sheet)) (honeypot) (limit) },
    )
}

fn secret(sheet: &Sheet<'_>) -> Markup {
    let held = sheet.stored.and_then(|stored| stored.channel.secret.as_ref());
    let about = match held {
        Some(_) => sheet.t("Пусто — останется прежний.", "Empty: the present one stays."),
        None => sheet.t("Пусто — секрет не нужен.", "Empty: no secret is needed."),
    };
    let field = Input::text("secret", sheet.t("Секрет", "Secret"))
        .value(&sheet.draft.secret)
        .hint(html! {
            (sheet.t("Сайт передаёт его в заголовке ", "The website sends it in the header "))
            code { "X-Bridge-Secret" } (sheet.t(" или в поле ", " or in the field ")) code { "_secret" }
            (sheet.t("; запрос без него — спам. Не меньше 12 латинских букв, цифр и знаков; скопируйте его до сохранения, потом видны только последние четыре. ", "; a request without it is spam. At least 12 Latin letters, digits and signs; copy it before you save, later only the last four are shown. "))
            (about)
        })
        .errors(sheet.errors);
    html! {
        div.secret #secret {
            @if let Some(secret) = held {
                p.held { (sheet.t("Сейчас: ", "Now: ")) code { (secret) } }
            }
            (field)
            button type="submit" name="action" value="secret" formaction=(sheet.visit.at(&format!("{}#secret", sheet.path()))) {
                (sheet.t("Придумать секрет", "Make up a secret"))
            }
            @if held.is_some() {
                (Switch::new("drop_secret", sheet.t("Убрать секрет", "Remove the secret"), sheet.draft.drop_secret))
            }
        }
    }
}
