//! Tables that become a card a row where the page is narrow.

use maud::{Markup, Render, html};

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    name: &'a str,
    is_number: bool,
    is_main: bool,
}

impl<'a> Column<'a> {
    pub fn new(name: &'a str) -> Column<'a> {
        Column {
            name,
            is_number: false,
            is_main: false,
        }
    }

    /// Set to the right.
    pub fn number(name: &'a str) -> Column<'a> {
        Column {
            is_number: true,
            ..Column::new(name)
        }
    }

    /// What the row is about: its heading, and the title of its card.
    pub fn main(name: &'a str) -> Column<'a> {
        Column {
            is_main: true,
            ..Column::new(name)
        }
    }
}

/// A table that renders itself; `caption` is for those who do not see it.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    caption: &'a str,
    columns: Vec<Column<'a>>,
    rows: Vec<Vec<Markup>>,
}

impl<'a> Table<'a> {
    pub fn new(caption: &'a str, columns: impl IntoIterator<Item = Column<'a>>) -> Table<'a> {
        Table {
            caption,
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; a cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Markup>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Render for Table<'_> {
    fn render(&self) -> Markup {
        html! {
            div.table-box {
                table.cards {
                    caption.hidden { (self.caption) }
                    thead {
                        tr { @for column in &self.columns { th scope="col" .number[column.is_number] { (column.name) } } }
                    }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (column, cell) in self.columns.iter().zip(row) {
                                    @if column.is_main {
                                        th scope="row" data-label=(column.name) { (cell) }
                                    } @else {
                                        td .number[column.is_number] data-label=(column.name) { (cell) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
