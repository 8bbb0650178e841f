//! Form fields with which one chooses: folded up, as boxes, as a switch.

use maud::{Markup, Render, html};

use super::fields::{Common, common};
use crate::web::admin::form::Errors;

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
