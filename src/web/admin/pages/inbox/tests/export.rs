//! The CSV file.

use super::super::export::Clerk;
use super::*;
use crate::store::Filter;

/// Rows of cells.
fn read(csv: &str) -> Vec<Vec<String>> {
    let csv = csv.strip_prefix('\u{feff}').expect("a byte order mark");
    let rows = csv.split_terminator("\"\r\n").map(|row| {
        let row = row.strip_prefix('"').expect("quotes");
        row.split("\";\"")
            .map(|cell| cell.replace("\"\"", "\""))
            .collect()
    });
    rows.collect()
}

#[test]
fn the_file_holds_what_is_found() {
    let mut inbox = Inbox::open();
    let a = inbox.order("Мария;\"М\"", "+7 999 000-00-01", "6510");
    inbox.deliver(a);
    let b = inbox.order("=cmd|' /C calc'!A0", "+7 999 000-00-02", "6511");
    inbox.fail(b, "no");
    let shown = inbox.desk.get("/inbox/export");
    assert_eq!(shown.status, 200);
    assert_eq!(shown.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        shown
            .header("content-disposition")
            .starts_with("attachment; filename=\"inbox-20")
    );
    let rows = read(&shown.body);
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.iter().all(|row| row.len() == 11), "{rows:?}");
    assert_eq!(rows[1][0], b.to_string());
    assert!(rows[1][4].starts_with("'=cmd"), "{rows:?}");
    assert_eq!(rows[1][5], "no");
    assert_eq!(rows[2][2..4], ["Заказы магазина", "Delivered"]);
    assert_eq!(rows[2][6..9], ["Deal", "41", "17"]);
    let fields: serde_json::Value = serde_json::from_str(&rows[2][10]).unwrap();
    assert_eq!(fields["name"], "Мария;\"М\"");
    assert_eq!(read(&inbox.desk.get("/inbox/export?state=failed").body).len(), 2);
    assert_eq!(inbox.desk.get("/inbox/export?from=x").status, 303);
}

#[test]
fn a_file_that_is_not_complete_says_so() {
    let inbox = Inbox::open();
    for n in 0..5 {
        inbox.order("Мария", "+7 999 000-00-01", &n.to_string());
    }
    let of = |most_rows| {
        let clerk = Clerk {
            store: inbox.desk.site.store.clone(),
            directory: inbox.desk.site.store.directory(),
            lang: crate::web::visitor::Language::English,
            zone: jiff::tz::TimeZone::UTC,
            most_rows,
        };
        let csv = std::cell::RefCell::new(String::new());
        let whole = clerk.write(Filter::default(), |piece| {
            csv.borrow_mut().push_str(&piece);
            true
        });
        assert!(whole.unwrap());
        assert!(!clerk.write(Filter::default(), |_| false).unwrap());
        read(&csv.into_inner())
    };
    assert_eq!(of(5).len(), 6);
    let short = of(3);
    assert_eq!(short.len(), 5, "{short:?}");
    assert!(short.last().unwrap()[0].contains("not complete"), "{short:?}");
}
