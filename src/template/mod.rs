//! Templates: what a mapping writes into a CRM field.
//!
//! `{name}` takes a field, `{order.items.0.sku}` or `{order[items][0][sku]}` walks down the tree, `{{`
//! and `}}` are literal braces, everything else is fixed text. Built-in names start with `_` and win
//! over fields of the same name, so that no sender can pass off an address as `{_ip}`.

mod path;
mod render;

use std::fmt;

pub use path::{attachments_at, flatten, lookup};
pub use render::{Extras, Rendered, listed, render, text_of};

use path::Path;

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    BuiltIn(BuiltIn),
    Field(Path),
}

/// What a template can name besides the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltIn {
    /// The submission's id.
    Id,
    /// When it was received: RFC 3339 in UTC, which date fields of the CRM take.
    Time,
    Ip,
    Referer,
    UserAgent,
    /// The channel's name.
    Channel,
    /// All fields, one `name: value` a line.
    All,
}

impl BuiltIn {
    pub const ALL: [BuiltIn; 7] = [
        BuiltIn::Id,
        BuiltIn::Time,
        BuiltIn::Ip,
        BuiltIn::Referer,
        BuiltIn::UserAgent,
        BuiltIn::Channel,
        BuiltIn::All,
    ];

    /// The name between the braces.
    pub fn as_str(self) -> &'static str {
        match self {
            BuiltIn::Id => "_id",
            BuiltIn::Time => "_time",
            BuiltIn::Ip => "_ip",
            BuiltIn::Referer => "_referer",
            BuiltIn::UserAgent => "_user_agent",
            BuiltIn::Channel => "_channel",
            BuiltIn::All => "_all",
        }
    }

    fn from_name(name: &str) -> Option<BuiltIn> {
        BuiltIn::ALL
            .into_iter()
            .find(|built_in| built_in.as_str() == name)
    }
}

/// Why a text is no template. Positions count characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the `{{` at character {at} is not closed: add `}}`, or write `{{{{` for a literal brace")]
    Unclosed { at: usize },
    #[error("the `}}` at character {at} closes nothing: remove it, or write `}}}}` for a literal brace")]
    Stray { at: usize },
    #[error("the braces at character {at} are empty: name a field between them")]
    EmptyName { at: usize },
}

impl Template {
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut fixed = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            fixed.push_str(&rest[..brace]);
            let open = rest[brace..].starts_with('{');
            let from = &rest[brace + 1..];
            // The character count is needed for errors alone.
            let at = || text[..text.len() - from.len()].chars().count();
            if from.starts_with(if open { '{' } else { '}' }) {
                fixed.push(if open { '{' } else { '}' });
                rest = &from[1..];
                continue;
            }
            if !open {
                return Err(TemplateError::Stray { at: at() });
            }
            let end = from.find(['{', '}']).filter(|end| from[*end..].starts_with('}'));
            let end = end.ok_or_else(|| TemplateError::Unclosed { at: at() })?;
            let name = from[..end].trim();
            if name.is_empty() {
                return Err(TemplateError::EmptyName { at: at() });
            }
            if !fixed.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut fixed)));
            }
            parts.push(match BuiltIn::from_name(name) {
                Some(built_in) => Part::BuiltIn(built_in),
                None => Part::Field(Path::new(name)),
            });
            rest = &from[end + 1..];
        }
        fixed.push_str(rest);
        if !fixed.is_empty() {
            parts.push(Part::Text(fixed));
        }
        Ok(Template { parts })
    }

    /// The names between braces, as typed, built-in ones included.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::BuiltIn(built_in) => Some(built_in.as_str()),
            Part::Field(path) => Some(path.typed()),
        })
    }

    /// Whether every submission gives the same text.
    pub fn is_fixed(&self) -> bool {
        self.placeholders().next().is_none()
    }
}

/// The template's source; it parses to an equal template.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&escape(text))?,
                Part::BuiltIn(built_in) => write!(f, "{{{}}}", built_in.as_str())?,
                Part::Field(path) => write!(f, "{{{}}}", path.typed())?,
            }
        }
        Ok(())
    }
}

/// The template that renders as exactly this text.
pub fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        Template::parse(text)
            .unwrap()
            .placeholders()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn names_stand_between_braces() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("Заказ №{order_id}", &["order_id"]),
            ("{a}{b}", &["a", "b"]),
            ("{ your-name }", &["your-name"]),
            ("{order[items][0][sku]}, {_ip}", &["order[items][0][sku]", "_ip"]),
            ("{{a}}", &[]),
            ("{{{a}}}", &["a"]),
        ];
        for (text, expected) in cases {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases = [
            ("{", TemplateError::Unclosed { at: 1 }),
            ("№ {a", TemplateError::Unclosed { at: 3 }),
            ("{a{b}", TemplateError::Unclosed { at: 1 }),
            ("{a {{b}}", TemplateError::Unclosed { at: 1 }),
            ("№}", TemplateError::Stray { at: 2 }),
            ("{a}}", TemplateError::Stray { at: 4 }),
            ("x{}", TemplateError::EmptyName { at: 2 }),
            ("{ }", TemplateError::EmptyName { at: 1 }),
        ];
        for (text, expected) in cases {
            assert_eq!(Template::parse(text), Err(expected), "{text}");
        }
        assert_eq!(
            TemplateError::Unclosed { at: 3 }.to_string(),
            "the `{` at character 3 is not closed: add `}`, or write `{{` for a literal brace"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_template_or_an_error(text in "[{}a_. \\[\\]é]{0,20}") {
            if let Ok(template) = Template::parse(&text) {
                prop_assert_eq!(Template::parse(&template.to_string()), Ok(template));
            }
        }

        #[test]
        fn escaped_text_is_fixed(text in "[{}a é]{0,20}") {
            let template = Template::parse(&escape(&text)).unwrap();
            prop_assert!(template.is_fixed());
        }
    }
}
