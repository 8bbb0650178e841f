//! What a website sent: where from, the fields by the names that templates use, the files, and the body as it came.

use std::borrow::Cow;

use maud::{Markup, html};

use crate::intake;
use crate::model::Submission;
use crate::store::{Received, StoredChannel};
use crate::template;
use crate::web::admin::shown::{exact, short, size, visible};
use crate::web::admin::view::{Column, Table, facts};
use crate::web::admin::visit::Visit;

/// Fields shown; a form has dozens, and whoever sends thousands finds them in the body.
const FIELDS: usize = 500;
/// What is shown of a body; the whole of it can be saved.
const BODY_BYTES: usize = 64 << 10;
/// What is shown of one value.
const VALUE_CHARS: usize = 4_000;

/// The card; `submission` is absent when the request cannot be read.
pub fn card(
    visit: &Visit<'_>,
    received: &Received,
    channel: Option<&StoredChannel>,
    submission: Option<&Submission>,
) -> Markup {
    html! {
        section.card aria-labelledby="arrived" {
            h2 #arrived { (visit.t("Что пришло", "What came")) }
            @if let Some(submission) = submission {
                (fields(visit, submission))
                (files(visit, submission))
            }
            (source(visit, received, channel))
            (body(visit, received, submission.is_none()))
        }
    }
}

fn fields(visit: &Visit<'_>, submission: &Submission) -> Markup {
    let all = template::flatten(&submission.fields);
    let mut table = Table::new(
        visit.t("Поля запроса", "Fields of the request"),
        [
            Column::main(visit.t("Поле", "Field")),
            Column::new(visit.t("Значение", "Value")),
        ],
    );
    for (name, value) in all.iter().take(FIELDS) {
        let value = short(value, VALUE_CHARS);
        table.row([
            html! { code { (visible(name)) } },
            html! { @if value.is_empty() { span.hint { (visit.t("пусто", "empty")) } } @else { bdi.value { (visible(&value)) } } },
        ]);
    }
    html! {
        @if all.is_empty() {
            p.hint { (visit.t("В запросе не было ни одного поля.", "The request had no fields.")) }
        } @else {
            div.pairs { (table) }
        }
        @if all.len() > FIELDS {
            p.hint {
                (visit.t("Показаны первые ", "The first ")) (visit.lang.number(FIELDS as u64))
                (visit.t(" полей из ", " fields of ")) (visit.lang.number(all.len() as u64))
                (visit.t("; остальные — в теле запроса.", " are shown; the others are in the body."))
            }
        }
    }
}

fn files(visit: &Visit<'_>, submission: &Submission) -> Markup {
    if submission.attachments.is_empty() {
        return html! {};
    }
    let mut table = Table::new(
        visit.t("Файлы", "Files"),
        [
            Column::main(visit.t("Поле", "Field")),
            Column::new(visit.t("Имя файла", "File name")),
            Column::number(visit.t("Размер", "Size")),
        ],
    );
    for file in &submission.attachments {
        table.row([
            html! { code { (visible(&file.path)) } },
            html! { bdi { (visible(&file.file_name)) } },
            html! { (size(visit, file.bytes.len())) },
        ]);
    }
    html! {
        h3 { (visit.t("Файлы", "Files")) }
        (table)
    }
}

fn source(visit: &Visit<'_>, received: &Received, channel: Option<&StoredChannel>) -> Markup {
    let own = channel.map_or("", |stored| stored.channel.slug.as_str());
    let slug = received.via.as_deref().unwrap_or(own);
    let query = if received.query.is_empty() {
        String::new()
    } else {
        format!("?{}", intake::masked_query(&received.query))
    };
    let method = if received.post { "POST" } else { "GET" };
    let mut rows = vec![
        (
            visit.t("Получен", "Received"),
            html! { time datetime=(received.id.at()) { (exact(visit, received.id.at())) } },
        ),
        (
            visit.t("Запрос", "Request"),
            html! { code { (method) " /in/" (visible(slug)) (visible(&query)) } },
        ),
    ];
    let mut add = |name, value: &str| {
        if !value.is_empty() {
            rows.push((name, html! { bdi { (visible(value)) } }));
        }
    };
    add(
        "Content-Type",
        received.content_type.as_deref().unwrap_or_default(),
    );
    add(visit.t("IP-адрес", "IP address"), &received.ip);
    add(
        visit.t("Страница сайта", "Page of the website"),
        &received.referer,
    );
    add(
        visit.t("Браузер или программа", "Browser or program"),
        &received.user_agent,
    );
    html! {
        h3 { (visit.t("Откуда", "Where from")) }
        (facts(&rows))
    }
}

/// Unfolded when there are no fields to look at.
fn body(visit: &Visit<'_>, received: &Received, is_open: bool) -> Markup {
    if received.body.is_empty() {
        return html! {};
    }
    let body = intake::masked_body(&received.body, received.content_type.as_deref());
    let total = received.body.len();
    let start = body.get(..BODY_BYTES).unwrap_or(&body);
    html! {
        details #raw .raw open[is_open] {
            summary {
                (visit.t("Тело запроса как есть", "The body as it came")) ", " (size(visit, total))
            }
            pre tabindex="0" { code { (visible(&as_text(start))) } }
            @if body.len() > BODY_BYTES {
                p.hint {
                    (visit.t("Показаны первые ", "The first ")) (size(visit, BODY_BYTES)) (visit.t(".", " are shown."))
                }
            }
            p { a.button href=(visit.at(&format!("/inbox/{}/raw", received.id))) download { (visit.t("Сохранить как файл", "Save as a file")) } }
        }
    }
}

/// Bytes as text: UTF-8, else windows-1251, as the bridge reads them.
fn as_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // Cut in the middle of a character.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default())
        }
        Err(_) => encoding_rs::WINDOWS_1251.decode_without_bom_handling(bytes).0,
    }
}

#[cfg(test)]
mod tests {
    use super::as_text;

    #[test]
    fn bodies_are_read_as_the_bridge_reads_them() {
        for (bytes, expected) in [
            ("имя=Анна".as_bytes(), "имя=Анна"),
            (b"\xc8\xec\xff=1", "Имя=1"),
            (&"а=Анна".as_bytes()[..9], "а=Анн"),
        ] {
            assert_eq!(as_text(bytes), expected);
        }
    }
}
