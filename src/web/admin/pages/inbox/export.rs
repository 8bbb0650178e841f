//! What is found, as CSV that a Russian Excel opens: UTF-8 with a byte order mark, parted by semicolons.
//!
//! Cells hold what strangers typed. A cell that a spreadsheet would take for a formula gets an apostrophe in front
//! (OWASP, "CSV Injection").

use jiff::tz::TimeZone;

use super::raw::attachment;
use super::search::Search;
use crate::deliver;
use crate::http::{BodyWriter, respond_while_written};
use crate::model::Entity;
use crate::store::{Directory, Filter, Line, Store, StoreError};
use crate::web::admin::explain;
use crate::web::admin::session::Admin;
use crate::web::admin::visit::{Answer, Visit};
use crate::web::visitor::Language;

/// Requests in one file: a sheet of Excel holds 1,048,576 rows.
const ROWS: usize = 1_000_000;
/// A cell of Excel holds 32,767 characters.
const CELL_CHARS: usize = 32_000;
/// Requests read at a time, so that no reader holds up the log's checkpoints for long; a few at first, so that the
/// browser sees at once that the file is coming.
const AT_ONCE: usize = 100;
const AT_FIRST: usize = 10;
/// Bytes handed on at a time.
const PIECE: usize = 16 << 10;

pub fn export(visit: &Visit<'_>, _: &Admin) -> Answer {
    let search = Search::read(visit, &visit.query);
    if !search.errors.is_empty() {
        return visit.go(&search.address("/inbox", &[]));
    }
    let clerk = Clerk {
        store: visit.site.store.clone(),
        directory: visit.site.store.directory(),
        lang: visit.lang,
        zone: visit.zone().clone(),
        most_rows: ROWS,
    };
    let (writer, response) = respond_while_written();
    let thread = std::thread::Builder::new().name("export".to_owned());
    let started = thread.spawn(move || clerk.write_to(writer, search.filter));
    started.map_err(|error| StoreError::Refused(format!("cannot start a thread: {error}")))?;
    let day = visit.now.to_string();
    let day = day.split('T').next().unwrap_or_default();
    Ok(attachment(
        response,
        "text/csv; charset=utf-8",
        &format!("inbox-{day}.csv"),
    ))
}

/// Writes the file while the browser takes it.
pub struct Clerk {
    pub store: Store,
    pub directory: std::sync::Arc<Directory>,
    pub lang: Language,
    pub zone: TimeZone,
    /// Where the file ends early, and says so.
    pub most_rows: usize,
}

impl Clerk {
    /// A file that cannot be written to its end breaks off, and the browser says so.
    fn write_to(&self, writer: BodyWriter, filter: Filter) {
        match self.write(filter, |piece| writer.write(piece)) {
            Ok(true) => writer.end(),
            Ok(false) => tracing::info!("an export was given up by the browser"),
            Err(error) => tracing::error!(%error, "an export broke off"),
        }
    }

    /// Hands the file over piece by piece; false when nobody takes the pieces any more.
    pub fn write(&self, mut filter: Filter, take: impl Fn(String) -> bool) -> Result<bool, StoreError> {
        let mut csv = String::from('\u{feff}');
        row(&mut csv, HEAD.iter().map(|(ru, en)| self.lang.t(*ru, *en)));
        let mut rows = 0;
        loop {
            let is_first = rows == 0;
            let lines = self
                .store
                .list(&filter, if is_first { AT_FIRST } else { AT_ONCE })?;
            let Some(last) = lines.last() else {
                return Ok(take(csv));
            };
            filter.before = Some(last.id);
            for line in &lines {
                if rows >= self.most_rows {
                    row(&mut csv, [self.ends_here(rows, line).as_str()]);
                    return Ok(take(csv));
                }
                let cells = self.cells(line)?;
                row(&mut csv, cells.iter().map(String::as_str));
                rows += 1;
                if csv.len() >= PIECE && !take(std::mem::take(&mut csv)) {
                    return Ok(false);
                }
            }
            if is_first && !take(std::mem::take(&mut csv)) {
                return Ok(false);
            }
        }
    }

    fn cells(&self, line: &Line) -> Result<[String; HEAD.len()], StoreError> {
        let stored = self.directory.by_key(line.channel);
        let received = self.store.received(line.id)?;
        let slug = stored.map_or("", |stored| stored.channel.slug.as_str());
        let fields = received
            .as_ref()
            .and_then(|received| deliver::submission(received, slug).ok())
            .and_then(|submission| serde_json::to_string(&submission.fields).ok());
        let standing = &line.standing;
        let numbers = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let result = standing.result.as_ref();
        let error = standing.error.as_deref();
        Ok([
            line.id.to_string(),
            self.lang.exact(line.id.at(), &self.zone),
            stored.map_or_else(String::new, |stored| stored.channel.name.clone()),
            self.lang.state(standing.state).to_owned(),
            standing.summary.clone(),
            error.map_or_else(String::new, |error| explain::in_full(self.lang, error)),
            result.map_or_else(String::new, |result| self.entity(result.entity).to_owned()),
            result.map_or_else(String::new, |result| numbers(&result.entity_ids)),
            result.map_or_else(String::new, |result| numbers(&result.contact_ids)),
            received.map_or_else(String::new, |received| received.ip),
            fields.unwrap_or_default(),
        ])
    }

    fn entity(&self, entity: Entity) -> &'static str {
        match entity {
            Entity::Lead => self.lang.t("Лид", "Lead"),
            Entity::Deal => self.lang.t("Сделка", "Deal"),
        }
    }

    fn ends_here(&self, rows: usize, next: &Line) -> String {
        let n = self.lang.number(rows as u64);
        let at = self.lang.moment(next.id.at(), &self.zone);
        self.lang.t(
            format!("Файл неполный: в нём {n} запросов. Следующие — от {at} и старше: сузьте период и скачайте их отдельно."),
            format!("This file is not complete: it holds {n} requests. The next ones are of {at} and older: narrow the period and download them separately."),
        )
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
