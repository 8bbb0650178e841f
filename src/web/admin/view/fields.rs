//! Form fields. Each has a label, may have a hint, and shows its error beside it; hint and error are tied to it for
//! those who do not see them.
//!
//! A field's id is `f-` and its name; errors are taken from an [`Errors`] by its name.

use maud::{Markup, Render, html};

use crate::web::admin::form::Errors;
use crate::web::visitor::Language;

/// The id of a field.
pub fn id_of(name: &str) -> String {
    format!("f-{name}")
}

/// What all fields have.
#[derive(Debug, Clone, Default)]
pub struct Common {
    pub name: String,
    pub label: String,
    /// The label is for those who do not see the table around it.
    pub is_label_hidden: bool,
    pub hint: Option<Markup>,
    pub error: Option<String>,
    pub is_required: bool,
    pub is_disabled: bool,
}

impl Common {
    pub fn new(name: &str, label: &str) -> Common {
        Common {
            name: name.to_owned(),
            label: label.to_owned(),
            ..Common::default()
        }
    }

    pub fn id(&self) -> String {
        id_of(&self.name)
    }

    /// The ids of hint and error, for `aria-describedby`.
    pub fn described_by(&self) -> Option<String> {
        let id = self.id();
        match (&self.hint, &self.error) {
            (None, None) => None,
            (Some(_), None) => Some(format!("{id}-hint")),
            (None, Some(_)) => Some(format!("{id}-error")),
            (Some(_), Some(_)) => Some(format!("{id}-error {id}-hint")),
        }
    }

    pub fn invalid(&self) -> Option<&'static str> {
        self.error.as_ref().map(|_| "true")
    }

    pub fn hint(&self) -> Markup {
        html! { @if let Some(hint) = &self.hint { p.hint id={ (self.id()) "-hint" } { (hint) } } }
    }

    pub fn error(&self) -> Markup {
        html! { @if let Some(error) = &self.error { p.error id={ (self.id()) "-error" } { (error) } } }
    }

    /// Label above, control, error, hint below.
    pub fn around(&self, control: Markup) -> Markup {
        html! {
            div.field .has-error[self.error.is_some()] {
                label for=(self.id()) .hidden[self.is_label_hidden] { (self.label) }
                (control)
                (self.error())
                (self.hint())
            }
        }
    }
}

/// The builder methods that all fields share.
macro_rules! common {
    () => {
        /// Explains below the field.
        #[must_use]
        pub fn hint(mut self, hint: impl Render) -> Self {
            self.common.hint = Some(hint.render());
            self
        }

        /// Shows the error of this field, if there is one.
        #[must_use]
        pub fn errors(mut self, errors: &Errors) -> Self {
            self.common.error = errors.of(&self.common.name).map(str::to_owned);
            self
        }

        #[must_use]
        pub fn required(mut self) -> Self {
            self.common.is_required = true;
            self
        }

        #[must_use]
        pub fn disabled(mut self, is_disabled: bool) -> Self {
            self.common.is_disabled = is_disabled;
            self
        }

        /// Keeps the label for screen readers alone.
        #[must_use]
        pub fn hide_label(mut self) -> Self {
            self.common.is_label_hidden = true;
            self
        }
    };
}

pub(super) use common;

/// One line of text.
#[derive(Debug, Clone)]
pub struct Input {
    common: Common,
    kind: &'static str,
    value: String,
    placeholder: Option<String>,
    autocomplete: &'static str,
    list: Option<String>,
    takes_inserts: bool,
    max: Option<usize>,
}

impl Input {
    pub fn text(name: &str, label: &str) -> Input {
        Input {
            common: Common::new(name, label),
            kind: "text",
            value: String::new(),
            placeholder: None,
            autocomplete: "off",
            list: None,
            takes_inserts: false,
            max: None,
        }
    }

    /// `kind` as in `<input type>`: `url`, `number`, `search`, `date`.
    pub fn of(kind: &'static str, name: &str, label: &str) -> Input {
        Input {
            kind,
            ..Input::text(name, label)
        }
    }

    /// Never shows what was typed; `autocomplete` is `current-password` or `new-password`.
    pub fn password(name: &str, label: &str, autocomplete: &'static str) -> Input {
        Input {
            kind: "password",
            autocomplete,
            ..Input::text(name, label)
        }
    }

    common!();

    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    #[must_use]
    pub fn placeholder(mut self, text: impl Into<String>) -> Self {
        self.placeholder = Some(text.into());
        self
    }

    #[must_use]
    pub fn autocomplete(mut self, what: &'static str) -> Self {
        self.autocomplete = what;
        self
    }

    /// The id of a `<datalist>` with suggestions.
    #[must_use]
    pub fn list(mut self, id: impl Into<String>) -> Self {
        self.list = Some(id.into());
        self
    }

    /// Buttons with `data-insert` write into this field.
    #[must_use]
    pub fn takes_inserts(mut self) -> Self {
        self.takes_inserts = true;
        self
    }

    #[must_use]
    pub fn max(mut self, characters: usize) -> Self {
        self.max = Some(characters);
        self
    }
}

impl Render for Input {
    fn render(&self) -> Markup {
        let c = &self.common;
        c.around(html! {
            input type=(self.kind) id=(c.id()) name=(c.name) value=[(self.kind != "password").then_some(&self.value)]
                placeholder=[&self.placeholder] autocomplete=(self.autocomplete) list=[&self.list] maxlength=[self.max]
                required[c.is_required] disabled[c.is_disabled] data-insert-target[self.takes_inserts]
                spellcheck=[(self.autocomplete == "off").then_some("false")]
                aria-invalid=[c.invalid()] aria-describedby=[c.described_by()];
        })
    }
}

/// Several lines of text.
#[derive(Debug, Clone)]
pub struct Area {
    common: Common,
    value: String,
    rows: u32,
    takes_inserts: bool,
}

impl Area {
    pub fn new(name: &str, label: &str) -> Area {
        Area {
            common: Common::new(name, label),
            value: String::new(),
            rows: 4,
            takes_inserts: false,
        }
    }

    common!();

    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    #[must_use]
    pub fn rows(mut self, rows: u32) -> Self {
        self.rows = rows;
        self
    }

    #[must_use]
    pub fn takes_inserts(mut self) -> Self {
        self.takes_inserts = true;
        self
    }
}

impl Render for Area {
    fn render(&self) -> Markup {
        let c = &self.common;
        c.around(html! {
            textarea id=(c.id()) name=(c.name) rows=(self.rows) required[c.is_required] disabled[c.is_disabled]
                data-insert-target[self.takes_inserts] spellcheck="false"
                // The parser drops the first line break.
                aria-invalid=[c.invalid()] aria-describedby=[c.described_by()] { "\n" (self.value) }
        })
    }
}

/// A part of a long form, with a heading and, if need be, words below it.
pub fn fieldset(legend: &str, about: Option<Markup>, fields: Markup) -> Markup {
    html! {
        fieldset.card {
            legend { h2 { (legend) } }
            @if let Some(about) = about { div.about { (about) } }
            (fields)
        }
    }
}

/// The form's main button.
pub fn submit(text: &str) -> Markup {
    html! { button.primary type="submit" { (text) } }
}

/// At the top of a form that was refused: what is wrong, with links to the fields. Nothing when nothing is.
pub fn error_summary(lang: Language, errors: &Errors) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.notice.bad role="alert" tabindex="-1" data-focus {
                p { strong { (lang.t("Не сохранено: исправьте отмеченное.", "Not saved: mend what is marked.")) } }
                ul {
                    @for (field, text) in errors.iter() { li { a href={ "#" (id_of(field)) } { (text) } } }
                }
            }
        }
    }
}
