//! What was typed into a form, and what is wrong with it.

use std::collections::BTreeMap;

/// Fields in the order in which they came. Names may repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

/// The fields `fields.7.field`, `fields.7.value`, … of one row of a list.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    form: &'a Form,
    prefix: &'a str,
    /// What stands between the dots.
    pub key: &'a str,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded`; a query string as well. Anything can be read.
    pub fn read(body: &[u8]) -> Form {
        Form {
            pairs: form_urlencoded::parse(body).into_owned().collect(),
        }
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value, without spaces around it; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    /// Every value of a name: check boxes.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a box or switch is checked, or a button was pressed.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The rows of a list, in the order in which they stand on the page: fields named `prefix.KEY.name`.
    pub fn rows<'a>(&'a self, prefix: &'a str) -> Vec<Row<'a>> {
        let mut rows: Vec<Row<'a>> = Vec::new();
        for (name, _) in &self.pairs {
            let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
            let Some((key, _)) = rest.and_then(|rest| rest.split_once('.')) else {
                continue;
            };
            if !rows.iter().any(|row| row.key == key) {
                rows.push(Row {
                    form: self,
                    prefix,
                    key,
                });
            }
        }
        rows
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

impl<'a> Row<'a> {
    /// The full name of a field of this row.
    pub fn name(&self, field: &str) -> String {
        format!("{}.{}.{field}", self.prefix, self.key)
    }

    pub fn get(&self, field: &str) -> Option<&'a str> {
        self.form.get(&self.name(field))
    }

    pub fn text(&self, field: &str) -> &'a str {
        self.get(field).unwrap_or_default().trim()
    }

    pub fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }
}

/// What is wrong, by the name of the field it stands beside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors {
    by_field: BTreeMap<String, String>,
}

impl Errors {
    /// The first error of a field stays.
    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.by_field.entry(field.into()).or_insert_with(|| text.into());
    }

    pub fn of(&self, field: &str) -> Option<&str> {
        self.by_field.get(field).map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.by_field.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_field
            .iter()
            .map(|(field, text)| (field.as_str(), text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_stand_in_the_order_of_the_page() {
        let form = Form::read(
            b"fields.7.field=NAME&fields.7.value=%7Bname%7D&fields.2.field=PHONE&fields.2.search=1&fields.x=1&other.1.a=b",
        );
        let rows = form.rows("fields");
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.key, row.text("field"), row.has("search")))
            .collect();
        assert_eq!(seen, [("7", "NAME", false), ("2", "PHONE", true)]);
        assert_eq!(rows[0].text("value"), "{name}");
    }

    #[test]
    fn names_may_repeat() {
        let form = Form::read("stages=NEW&stages=WON&name=+%D0%98+".as_bytes());
        assert_eq!(form.all("stages").collect::<Vec<_>>(), ["NEW", "WON"]);
        assert_eq!((form.text("name"), form.has("on")), ("И", false));
    }

    proptest! {
        #[test]
        fn any_body_can_be_read(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let form = Form::read(&body);
            form.rows("a");
        }
    }
}
