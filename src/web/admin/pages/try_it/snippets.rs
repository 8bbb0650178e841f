//! Ready code that sends the example to the channel's address. Everything that varies is quoted as its language asks.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::model::Channel;
use crate::template::text_of;
use crate::web::admin::view::copy_block;
use crate::web::admin::visit::Visit;
use crate::web::visitor::Language;

type Fields = Map<String, Value>;

/// What a channel asks of a request besides its fields. The secret itself is never shown here: the place for it is.
#[derive(Debug, Clone, Copy, Default)]
struct Guard<'a> {
    /// The words that stand in the secret's place.
    secret: Option<&'a str>,
    /// The field that people do not see, and robots fill in.
    trap: Option<&'a str>,
}

impl<'a> Guard<'a> {
    fn of(channel: &'a Channel, lang: Language) -> Guard<'a> {
        Guard {
            secret: channel
                .secret
                .as_ref()
                .map(|_| lang.t("<ваш секрет>", "<your secret>")),
            trap: channel.honeypot.as_deref(),
        }
    }
}

/// All of them, folded up but for the first.
pub fn all(visit: &Visit<'_>, channel: &Channel, address: &str, fields: &Fields) -> Markup {
    let lang = visit.lang;
    let guard = Guard::of(channel, lang);
    html! {
        @if guard.secret.is_some() {
            p.hint { (visit.t("Канал принимает запросы только с секретом, остальные — спам: замените «<ваш секрет>» секретом из настроек канала. В форме на странице его может прочесть любой посетитель; отправлять с сервера надёжнее.", "The channel takes requests with its secret only, others are spam: put the secret from the channel's settings in place of “<your secret>”. In a form on a page every visitor can read it; sending from a server is safer.")) }
        }
        @if let Some(trap) = guard.trap {
            p.hint { (visit.t("Поле-ловушка ", "The trap field ")) code { (trap) } (visit.t(" скрыто от людей: заполняют его только роботы, и такие запросы — спам. Со своего сервера его не отправляйте.", " is hidden from people: only robots fill it in, and such requests are spam. Do not send it from your server.")) }
        }
        (one(lang, "curl", "curl", true, Markup::default(), &curl(address, fields, guard)))
        (one(lang, "php", "PHP", false, Markup::default(), &php(address, fields, guard)))
        (one(lang, "html", visit.t("Форма HTML", "HTML form"), false, html! {
            p.hint { (visit.t("После отправки посетитель увидит страницу благодарности или перейдёт по адресу из настроек канала.", "After sending, the visitor sees a thank-you page or goes to the address in the channel's settings.")) }
        }, &form(lang, address, fields, guard)))
        (one(lang, "javascript", "JavaScript", false, html! {
            p.hint { (visit.t("Отправляет форму без перехода на другую страницу.", "Sends a form without leaving the page.")) }
        }, &javascript(lang, address, fields, guard)))
        (one(lang, "tilda", "Tilda", false, tilda(visit, guard), &names(fields)))
        (one(lang, "wordpress", "WordPress (Contact Form 7)", false, wordpress_steps(visit), &wordpress(lang, address, fields, guard)))
    }
}

fn one(lang: Language, id: &str, title: &str, is_open: bool, about: Markup, code: &str) -> Markup {
    html! {
        details.snippet #{ "as-" (id) } open[is_open] {
            summary { (title) }
            (about)
            (copy_block(lang, &format!("code-{id}"), code))
        }
    }
}

/// Names and values as a form has them: `order[items][0][sku]`.
fn flat(fields: &Fields) -> Vec<(String, String)> {
    fn walk(name: String, value: &Value, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(inner) => {
                for (key, value) in inner {
                    walk(format!("{name}[{key}]"), value, out);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    walk(format!("{name}[{index}]"), value, out);
                }
            }
            other => out.push((name, text_of(other).into_owned())),
        }
    }
    let mut out = Vec::new();
    for (name, value) in fields {
        walk(name.clone(), value, &mut out);
    }
    out
}

/// One line of text: a break would end a quoted line in a shell.
fn line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn shell(text: &str) -> String {
    format!("'{}'", line(text).replace('\'', r"'\''"))
}

fn curl(address: &str, fields: &Fields, guard: Guard<'_>) -> String {
    let mut out = format!("curl {}", shell(address));
    if let Some(secret) = guard.secret {
        out.push_str(&format!(
            " \\\n  -H {}",
            shell(&format!("X-Bridge-Secret: {secret}"))
        ));
    }
    for (name, value) in flat(fields) {
        out.push_str(&format!(
            " \\\n  --data-urlencode {}",
            shell(&format!("{name}={value}"))
        ));
    }
    out
}

fn php_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn php_value(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent + 4);
    match value {
        Value::Object(fields) => {
            let rows: String = fields
                .iter()
                .map(|(name, value)| {
                    format!("{pad}{} => {},\n", php_text(name), php_value(value, indent + 4))
                })
                .collect();
            format!("[\n{rows}{}]", " ".repeat(indent))
        }
        Value::Array(items) => {
            let rows: String = items
                .iter()
                .map(|value| format!("{pad}{},\n", php_value(value, indent + 4)))
                .collect();
            format!("[\n{rows}{}]", " ".repeat(indent))
        }
        other => php_text(&text_of(other)),
    }
}

fn php(address: &str, fields: &Fields, guard: Guard<'_>) -> String {
    let secret = guard.secret.map_or_else(String::new, |secret| {
        format!(", {}", php_text(&format!("X-Bridge-Secret: {secret}")))
    });
    format!(
        "<?php\n$fields = {};\n\n$request = curl_init({});\ncurl_setopt_array($request, [\n    \
         CURLOPT_POSTFIELDS => json_encode($fields, JSON_UNESCAPED_UNICODE),\n    \
         CURLOPT_HTTPHEADER => ['Content-Type: application/json'{secret}],\n    \
         CURLOPT_RETURNTRANSFER => true,\n    CURLOPT_CONNECTTIMEOUT => 3,\n    CURLOPT_TIMEOUT => 10,\n]);\n\
         $answer = curl_exec($request); // {{\"status\":\"accepted\",\"id\":\"…\"}}\n",
        php_value(&Value::Object(fields.clone()), 0),
        php_text(address),
    )
}

fn attribute(text: &str) -> String {
    line(text)
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn inputs(fields: &Fields) -> String {
    flat(fields)
        .iter()
        .map(|(name, _)| {
            let lower = name.to_lowercase();
            let kind = match () {
                () if lower.contains("phone") || lower.contains("tel") => " type=\"tel\"",
                () if lower.contains("mail") => " type=\"email\"",
                () => "",
            };
            let name = attribute(name);
            format!("  <p><label>{name} <input name=\"{name}\"{kind}></label></p>\n")
        })
        .collect()
}

/// What people do not see. The trap stands outside the page rather than being `type="hidden"`, which robots know.
fn unseen(lang: Language, guard: Guard<'_>) -> String {
    let mut out = String::new();
    if let Some(secret) = guard.secret {
        out.push_str(&format!(
            "  <input type=\"hidden\" name=\"_secret\" value=\"{}\">\n",
            attribute(secret)
        ));
    }
    if let Some(trap) = guard.trap {
        out.push_str(&format!(
            "  <p style=\"position:absolute;left:-9999px\" aria-hidden=\"true\"><label>{} <input name=\"{}\" tabindex=\"-1\" autocomplete=\"off\"></label></p>\n",
            lang.t("Не заполняйте", "Leave this empty"),
            attribute(trap)
        ));
    }
    out
}

fn form(lang: Language, address: &str, fields: &Fields, guard: Guard<'_>) -> String {
    format!(
        "<form method=\"post\" action=\"{}\" accept-charset=\"utf-8\">\n{}{}  <p><button>{}</button></p>\n</form>\n",
        attribute(address),
        inputs(fields),
        unseen(lang, guard),
        lang.t("Отправить", "Send"),
    )
}

/// A text for a script inside a page: no `</script>` may end it early.
fn script_text(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.replace('<', "\\u003c")
}

fn javascript(lang: Language, address: &str, fields: &Fields, guard: Guard<'_>) -> String {
    let (thanks, sorry) = lang.t(
        (
            "Спасибо! Заявка принята.",
            "Не удалось отправить. Попробуйте ещё раз.",
        ),
        ("Thank you! We got it.", "It could not be sent. Please try again."),
    );
    format!(
        "<form id=\"request\">\n{}{}  <p><button>{}</button> <output></output></p>\n</form>\n<script>\n\
         const form = document.getElementById(\"request\");\n\
         form.addEventListener(\"submit\", async (event) => {{\n  event.preventDefault();\n  \
         const said = form.querySelector(\"output\");\n  try {{\n    \
         const answer = await fetch({}, {{ method: \"POST\", body: new FormData(form) }});\n    \
         if (!answer.ok) throw new Error(answer.status);\n    form.reset();\n    said.textContent = {};\n  \
         }} catch {{\n    said.textContent = {};\n  }}\n}});\n</script>\n",
        inputs(fields),
        unseen(lang, guard),
        lang.t("Отправить", "Send"),
        script_text(address),
        script_text(thanks),
        script_text(sorry),
    )
}

/// One name a line.
fn names(fields: &Fields) -> String {
    let names: Vec<String> = flat(fields).into_iter().map(|(name, _)| name).collect();
    names.join("\n")
}

fn tilda(visit: &Visit<'_>, guard: Guard<'_>) -> Markup {
    html! {
        ol.plain-steps {
            li { (visit.t("Настройки сайта → Формы → Webhook: вставьте адрес канала и сохраните. Tilda пришлёт проверку — мост на неё ответит.", "Site settings → Forms → Webhook: paste the channel's address and save. Tilda sends a test, which the bridge answers.")) }
            li { (visit.t("Блок с формой → Контент → Приём данных: отметьте этот Webhook. Так — в каждой форме.", "The block with the form → Content → Data collection: tick this webhook, in each form.")) }
            @if let Some(secret) = guard.secret {
                li { (visit.t("Добавьте в форму скрытое поле ", "Add a hidden field ")) code { "_secret" } (visit.t(" со значением ", " with the value ")) code { (secret) } (visit.t(".", " to the form.")) }
            }
            li { (visit.t("В полях формы задайте «Имя переменной» из списка ниже (большие и маленькие буквы различаются) и опубликуйте страницу.", "Give the form's fields these variable names (capital and small letters differ), and publish the page.")) }
        }
        p.hint { (visit.t("Имена переменных:", "Variable names:")) }
    }
}

fn wordpress_steps(visit: &Visit<'_>) -> Markup {
    html! {
        p.hint { (visit.t("Сохраните как wp-content/mu-plugins/b24-bridge.php (папку при необходимости создайте). Слева — имена полей канала, справа — имена полей вашей формы.", "Save as wp-content/mu-plugins/b24-bridge.php (make the folder if there is none). On the left the channel's names, on the right those of your form.")) }
    }
}

fn wordpress(lang: Language, address: &str, fields: &Fields, guard: Guard<'_>) -> String {
    let rows: String = flat(fields)
        .iter()
        .map(|(name, _)| {
            let own = format!(
                "your-{}",
                name.trim_matches(']')
                    .replace(['[', ']', '_'], "-")
                    .replace("--", "-")
            );
            format!("        {} => $data[{}] ?? '',\n", php_text(name), php_text(&own))
        })
        .collect();
    let secret = guard.secret.map_or_else(String::new, |secret| {
        format!(
            "        'headers' => ['X-Bridge-Secret' => {}],\n",
            php_text(secret)
        )
    });
    let remark = lang.t(
        "После проверки формы и спам-фильтра, до письма.",
        "After validation and the spam check, before the letter.",
    );
    format!(
        "<?php\n// {remark}\nadd_action('wpcf7_before_send_mail', function ($form, &$abort, $submission) {{\n    \
         $data = $submission->get_posted_data();\n    $fields = [\n{rows}    ];\n    \
         $answer = wp_remote_post({}, [\n        'timeout' => 5,\n{secret}        'body' => $fields,\n    ]);\n    \
         if (is_wp_error($answer)) {{\n        error_log('b24-bridge: ' . $answer->get_error_message());\n    }}\n}}, 10, 3);\n",
        php_text(address),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ADDRESS: &str = "https://forms.example/in/it's";

    fn fields() -> Fields {
        let Value::Object(fields) = json!({
            "client": {"name": "О'Нил <b>"},
            "items": [{"sku": "a\"b"}],
            "x</script>": "1\n2",
        }) else {
            panic!()
        };
        fields
    }

    #[test]
    fn names_are_nested_as_php_does_it() {
        assert_eq!(names(&fields()), "client[name]\nitems[0][sku]\nx</script>");
    }

    #[test]
    fn each_language_quotes_in_its_own_way() {
        let fields = fields();
        assert_eq!(
            curl(ADDRESS, &fields, Guard::default()),
            "curl 'https://forms.example/in/it'\\''s' \\\n  --data-urlencode 'client[name]=О'\\''Нил <b>' \\\n  \
             --data-urlencode 'items[0][sku]=a\"b' \\\n  --data-urlencode 'x</script>=1 2'"
        );
        let php = php(ADDRESS, &fields, Guard::default());
        assert!(
            php.contains(r"'name' => 'О\'Нил <b>',")
                && php.contains(r"curl_init('https://forms.example/in/it\'s')"),
            "{php}"
        );
        let form = form(Language::English, ADDRESS, &fields, Guard::default());
        assert!(
            form.contains(r#"name="x&lt;/script&gt;""#) && !form.contains("</script>"),
            "{form}"
        );
        let script = javascript(
            Language::English,
            "https://a/</script>",
            &fields,
            Guard::default(),
        );
        assert_eq!(script.matches("</script>").count(), 1, "{script}");
    }

    #[test]
    fn what_a_channel_asks_for_is_in_all_of_them() {
        let (fields, lang) = (fields(), Language::English);
        let guard = Guard {
            secret: Some("<your secret>"),
            trap: Some("web\"site"),
        };
        let header = "X-Bridge-Secret: <your secret>'";
        assert!(curl(ADDRESS, &fields, guard).contains(&format!("-H '{header}")));
        assert!(
            php(ADDRESS, &fields, guard).contains(&format!("'Content-Type: application/json', '{header}]"))
        );
        assert!(wordpress(lang, ADDRESS, &fields, guard).contains("['X-Bridge-Secret' => '<your secret>']"));
        for form in [
            form(lang, ADDRESS, &fields, guard),
            javascript(lang, ADDRESS, &fields, guard),
        ] {
            for field in [
                r#"<input type="hidden" name="_secret" value="&lt;your secret&gt;">"#,
                r#"<input name="web&quot;site" tabindex="-1""#,
            ] {
                assert!(form.contains(field), "{field}: {form}");
            }
        }
    }
}
