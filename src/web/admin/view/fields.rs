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
struct Common {
    name: String,
    label: String,
    /// The label is for those who do not see the table around it.
    is_label_hidden: bool,
    hint: Option<Markup>,
    error: Option<String>,
    is_required: bool,
    is_disabled: bool,
}

impl Common {
    fn new(name: &str, label: &str) -> Common {
        Common {
            name: name.to_owned(),
            label: label.to_owned(),
            ..Common::default()
        }
    }

    fn id(&self) -> String {
        id_of(&self.name)
    }

    /// The ids of hint and error, for `aria-describedby`.
    fn described_by(&self) -> Option<String> {
        let id = self.id();
        match (&self.hint, &self.error) {
            (None, None) => None,
            (Some(_), None) => Some(format!("{id}-hint")),
            (None, Some(_)) => Some(format!("{id}-error")),
            (Some(_), Some(_)) => Some(format!("{id}-error {id}-hint")),
        }
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.as_ref().map(|_| "true")
    }

    fn hint(&self) -> Markup {
        html! { @if let Some(hint) = &self.hint { p.hint id={ (self.id()) "-hint" } { (hint) } } }
    }

    fn error(&self) -> Markup {
        html! { @if let Some(error) = &self.error { p.error id={ (self.id()) "-error" } { (error) } } }
    }

    /// Label above, control, error, hint below.
    fn around(&self, control: Markup) -> Markup {
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

/// One thing to choose.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub is_chosen: bool,
    /// Of the portal's stage: `#39a8ef`. Anything else is not shown.
    pub color: Option<String>,
    pub hint: Option<String>,
    pub is_disabled: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>, is_chosen: bool) -> Choice {
        Choice {
            value: value.into(),
            label: label.into(),
            is_chosen,
            ..Choice::default()
        }
    }

    #[must_use]
    pub fn color(mut self, color: Option<String>) -> Choice {
        self.color = color;
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Choice {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn disabled(mut self, is_disabled: bool) -> Choice {
        self.is_disabled = is_disabled;
        self
    }
}

/// One of many, folded up.
#[derive(Debug, Clone)]
pub struct Select {
    common: Common,
    groups: Vec<(Option<String>, Vec<Choice>)>,
    submits: bool,
}

impl Select {
    pub fn new(name: &str, label: &str, choices: Vec<Choice>) -> Select {
        Select {
            common: Common::new(name, label),
            groups: vec![(None, choices)],
            submits: false,
        }
    }

    common!();

    /// Adds choices under a heading.
    #[must_use]
    pub fn group(mut self, heading: impl Into<String>, choices: Vec<Choice>) -> Self {
        self.groups.push((Some(heading.into()), choices));
        self
    }

    /// With the script, a choice sends the form; without it, the form's button does.
    #[must_use]
    pub fn submits(mut self) -> Self {
        self.submits = true;
        self
    }
}

impl Render for Select {
    fn render(&self) -> Markup {
        let c = &self.common;
        let options = |choices: &[Choice]| {
            html! {
                @for choice in choices {
                    option value=(choice.value) selected[choice.is_chosen] disabled[choice.is_disabled] { (choice.label) }
                }
            }
        };
        c.around(html! {
            select id=(c.id()) name=(c.name) required[c.is_required] disabled[c.is_disabled] data-submits[self.submits]
                aria-invalid=[c.invalid()] aria-describedby=[c.described_by()] {
                @for (heading, choices) in &self.groups {
                    @match heading {
                        Some(heading) => optgroup label=(heading) { (options(choices)) },
                        None => (options(choices)),
                    }
                }
            }
        })
    }
}

/// Several of some, or one of a few, all in sight.
#[derive(Debug, Clone)]
pub struct Choices {
    common: Common,
    kind: &'static str,
    choices: Vec<Choice>,
}

impl Choices {
    /// Check boxes: the form holds the name once for each that is checked.
    pub fn many(name: &str, label: &str, choices: Vec<Choice>) -> Choices {
        Choices {
            common: Common::new(name, label),
            kind: "checkbox",
            choices,
        }
    }

    /// Radio buttons.
    pub fn one(name: &str, label: &str, choices: Vec<Choice>) -> Choices {
        Choices {
            kind: "radio",
            ..Choices::many(name, label, choices)
        }
    }

    common!();
}

impl Render for Choices {
    fn render(&self) -> Markup {
        let c = &self.common;
        html! {
            fieldset.choices id=(c.id()) .has-error[c.error.is_some()] disabled[c.is_disabled] aria-describedby=[c.described_by()] {
                legend .hidden[c.is_label_hidden] { (c.label) }
                (c.error())
                @for (n, choice) in self.choices.iter().enumerate() {
                    label.choice {
                        input type=(self.kind) name=(c.name) value=(choice.value) checked[choice.is_chosen]
                            disabled[choice.is_disabled] required[c.is_required && self.kind == "radio"]
                            aria-describedby=[choice.hint.as_ref().map(|_| format!("{}-{n}-hint", c.id()))];
                        @if let Some(color) = choice.color.as_deref().filter(|color| is_color(color)) { (swatch(color)) }
                        span {
                            (choice.label)
                            @if let Some(hint) = &choice.hint { span.hint id={ (c.id()) "-" (n) "-hint" } { (hint) } }
                        }
                    }
                }
                (c.hint())
            }
        }
    }
}

/// A patch of the portal's own colour. As an attribute of SVG: inline styles are forbidden.
fn swatch(color: &str) -> Markup {
    html! {
        svg.swatch viewBox="0 0 10 10" aria-hidden="true" { circle cx="5" cy="5" r="5" fill=(color) {} }
    }
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// On or off.
#[derive(Debug, Clone)]
pub struct Switch {
    common: Common,
    is_on: bool,
}

impl Switch {
    /// The form holds `name=on` when it is on.
    pub fn new(name: &str, label: &str, is_on: bool) -> Switch {
        Switch {
            common: Common::new(name, label),
            is_on,
        }
    }

    common!();
}

impl Render for Switch {
    fn render(&self) -> Markup {
        let c = &self.common;
        html! {
            div.field.switch .has-error[c.error.is_some()] {
                label {
                    input type="checkbox" role="switch" id=(c.id()) name=(c.name) value="on" checked[self.is_on]
                        required[c.is_required] disabled[c.is_disabled]
                        aria-invalid=[c.invalid()] aria-describedby=[c.described_by()];
                    span .hidden[c.is_label_hidden] { (c.label) }
                }
                (c.error())
                (c.hint())
            }
        }
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
