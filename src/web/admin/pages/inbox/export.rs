//! What is found, as CSV that a Russian Excel opens: UTF-8 with a byte order mark, parted by semicolons.
//!
//! Cells hold what strangers typed. A cell that a spreadsheet would take for a formula gets an apostrophe in front
//! (OWASP, "CSV Injection").

use super::raw::attachment;
use super::search::Search;
use crate::deliver;
use crate::http::{StatusCode, respond};
use crate::store::{Directory, Filter, Line, StoreError};
use crate::web::admin::session::Admin;
use crate::web::admin::visit::{Answer, Visit};

/// Requests in one file.
const ROWS: usize = 50_000;
/// Bytes of one file: it is put together in memory.
const BYTES: usize = 48 << 20;
/// A cell of Excel holds 32,767 characters.
const CELL_CHARS: usize = 32_000;
/// Requests read at a time, so that no reader holds up the log's checkpoints for long.
const AT_ONCE: usize = 500;

pub fn export(visit: &Visit<'_>, _: &Admin) -> Answer {
    let search = Search::read(visit, &visit.query);
    if !search.errors.is_empty() {
        return visit.go(&search.address("/inbox", &[]));
    }
    let csv = write(visit, &search.filter, ROWS, BYTES)?;
    let response = respond(StatusCode::OK, csv);
    let day = visit.now.to_string();
    let day = day.split('T').next().unwrap_or_default();
    Ok(attachment(
        response,
        "text/csv; charset=utf-8",
        &format!("inbox-{day}.csv"),
    ))
}

/// The file; it ends early, and says so, at `most_rows` rows or `most_bytes` bytes.
pub fn write(
    visit: &Visit<'_>,
    filter: &Filter,
    most_rows: usize,
    most_bytes: usize,
) -> Result<String, StoreError> {
    let directory = visit.site.store.directory();
    let mut csv = String::from('\u{feff}');
    row(&mut csv, HEAD.iter().map(|(ru, en)| visit.t(*ru, *en)));
    let mut filter = filter.clone();
    let mut rows = 0;
    loop {
        let lines = visit.site.store.list(&filter, AT_ONCE)?;
        let Some(last) = lines.last() else { return Ok(csv) };
        filter.before = Some(last.id);
        for line in &lines {
            if rows >= most_rows || csv.len() >= most_bytes {
                row(&mut csv, [ends_here(visit, rows, line).as_str()]);
                return Ok(csv);
            }
            let cells = cells(visit, line, &directory)?;
            row(&mut csv, cells.iter().map(String::as_str));
            rows += 1;
        }
    }
}

const HEAD: [(&str, &str); 11] = [
    ("Запрос", "Request"),
    ("Получен", "Received"),
    ("Канал", "Channel"),
    ("Состояние", "State"),
    ("Кратко", "Summary"),
    ("Ошибка", "Error"),
    ("Сущность", "Entity"),
    ("Номера лидов или сделок", "Numbers of leads or deals"),
    ("Номера контактов", "Numbers of contacts"),
    ("IP-адрес", "IP address"),
    ("Поля (JSON)", "Fields (JSON)"),
];

fn cells(visit: &Visit<'_>, line: &Line, directory: &Directory) -> Result<[String; HEAD.len()], StoreError> {
    let stored = directory.by_key(line.channel);
    let received = visit.site.store.received(line.id)?;
    let slug = stored.map_or("", |stored| stored.channel.slug.as_str());
    let fields = received
        .as_ref()
        .and_then(|received| deliver::submission(received, slug).ok())
        .and_then(|submission| serde_json::to_string(&submission.fields).ok());
    let standing = &line.standing;
    let numbers = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let result = standing.result.as_ref();
    Ok([
        line.id.to_string(),
        super::shown::exact(visit, line.id.at()),
        stored.map_or_else(String::new, |stored| stored.channel.name.clone()),
        visit.lang.state(standing.state).to_owned(),
        standing.summary.clone(),
        standing.error.clone().unwrap_or_default(),
        result.map_or_else(String::new, |result| result.entity.as_str().to_owned()),
        result.map_or_else(String::new, |result| numbers(&result.entity_ids)),
        result.map_or_else(String::new, |result| numbers(&result.contact_ids)),
        received.map_or_else(String::new, |received| received.ip),
        fields.unwrap_or_default(),
    ])
}

fn ends_here(visit: &Visit<'_>, rows: usize, next: &Line) -> String {
    let n = visit.lang.number(rows as u64);
    let at = visit.lang.moment(next.id.at(), visit.zone());
    visit.t(
        format!("Файл неполный: в нём {n} запросов. Следующие — от {at} и старше: сузьте период и скачайте их отдельно."),
        format!("This file is not complete: it holds {n} requests. The next ones are of {at} and older: narrow the period and download them separately."),
    )
}

fn row<'c>(csv: &mut String, cells: impl IntoIterator<Item = &'c str>) {
    for (n, text) in cells.into_iter().enumerate() {
        if n > 0 {
            csv.push(';');
        }
        cell(csv, text);
    }
    // RFC 4180 wants CR LF, and so does Excel.
    csv.push_str("\r\n");
}

/// Quoted always: a value may hold semicolons, quotes and lines.
fn cell(csv: &mut String, text: &str) {
    csv.push('"');
    if is_formula(text) {
        csv.push('\'');
    }
    for (n, c) in text.chars().enumerate() {
        match c {
            _ if n >= CELL_CHARS => {
                csv.push('…');
                break;
            }
            '"' => csv.push_str("\"\""),
            '\0' => csv.push('\u{2400}'),
            c => csv.push(c),
        }
    }
    csv.push('"');
}

/// Whether a spreadsheet would work out the text. Leading blanks do not stop all of them, nor do the full-width forms
/// of the signs.
fn is_formula(text: &str) -> bool {
    let first = text
        .trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}')
        .chars()
        .next();
    text.starts_with(['\t', '\r', '\n'])
        || first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell_of(text: &str) -> String {
        let mut csv = String::new();
        cell(&mut csv, text);
        csv
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in [
            ("Иван", r#""Иван""#),
            ("a;b\"c\nd", "\"a;b\"\"c\nd\""),
            ("+7 999", r#""'+7 999""#),
            ("=1+1", r#""'=1+1""#),
            ("-1", r#""'-1""#),
            ("@SUM(A1)", r#""'@SUM(A1)""#),
            ("  =1", r#""'  =1""#),
            ("\t=1", "\"'\t=1\""),
            ("＝1", r#""'＝1""#),
            ("1=1", r#""1=1""#),
            ("", r#""""#),
        ] {
            assert_eq!(cell_of(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_cell_can_be_read_back(text in "[=+@;\"\n\ra-я -]{0,20}") {
            let cell = cell_of(&text);
            let inside = cell.strip_prefix('"').and_then(|c| c.strip_suffix('"')).unwrap().replace("\"\"", "\u{1}");
            prop_assert!(!inside.contains('"'));
            let inside = inside.replace('\u{1}', "\"");
            prop_assert_eq!(inside.strip_prefix('\'').unwrap_or(&inside), &text);
            prop_assert!(!inside.starts_with(['=', '+', '-', '@']));
        }
    }
}
