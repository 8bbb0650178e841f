//! After a round: every answered id is in the file, once, and the file holds nothing else.

use std::path::Path;

use b24_bridge::model::SubmissionId;
use rusqlite::{Connection, OpenFlags};

/// Compares the ids of a round's answers with the rows beyond `after`. Panics when they differ. The newest id.
pub fn check(file: &Path, after: i64, answered: &[String], read: fn(&str) -> i64) -> i64 {
    let mut answered: Vec<i64> = answered.iter().map(|id| read(id)).collect();
    answered.sort_unstable();
    let count = answered.len();
    answered.dedup();
    assert_eq!(answered.len(), count, "an id was answered twice");
    let conn = open(file);
    let mut query = conn
        .prepare("SELECT id FROM inbox WHERE id > ?1 ORDER BY id")
        .expect("a query");
    let rows = query.query_map([after], |row| row.get(0)).expect("rows");
    let stored: Vec<i64> = rows.collect::<Result<_, _>>().expect("rows");
    assert_eq!(
        stored.len(),
        answered.len(),
        "rows stored, and requests answered 200"
    );
    assert_eq!(stored, answered, "what is stored is not what was answered");
    stored.last().copied().unwrap_or(after)
}

/// The number of the rows in a table.
pub fn count(file: &Path, what: &str) -> u64 {
    let sql = format!("SELECT count(*) FROM {what}");
    let count: i64 = open(file).query_row(&sql, [], |row| row.get(0)).expect("a count");
    count.cast_unsigned()
}

pub fn newest(file: &Path) -> i64 {
    let sql = "SELECT coalesce(max(id), 0) FROM inbox";
    open(file).query_row(sql, [], |row| row.get(0)).expect("an id")
}

fn open(file: &Path) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("the database")
}

pub fn number(id: &str) -> i64 {
    id.parse().expect("a number")
}

pub fn submission(id: &str) -> i64 {
    id.parse::<SubmissionId>().expect("a submission id").0
}
