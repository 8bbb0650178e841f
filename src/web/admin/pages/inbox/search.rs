//! What is looked for in the inbox: read from an address or a form, and written back into addresses and forms.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};

use crate::model::{Millis, State, SubmissionId};
use crate::store::Filter;
use crate::values;
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::shown::typed;
use crate::web::admin::visit::Visit;

pub const CHANNEL: &str = "channel";
pub const STATE: &str = "state";
pub const TEXT: &str = "q";
pub const FROM: &str = "from";
pub const TO: &str = "to";
/// The page of the list: what is older than this request, or newer.
pub const BEFORE: &str = "before";
pub const AFTER: &str = "after";
/// Nobody looks for more than a line.
pub const TEXT_CHARS: usize = 200;

/// The quick choices of the period, in days up to today.
pub const SPANS: [i64; 3] = [1, 7, 30];

/// A search, with what was typed and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A channel's slug, or empty.
    pub channel: String,
    /// A state's name, or empty.
    pub state: String,
    pub text: String,
    /// As typed: `2026-11-22`, or empty.
    pub from: String,
    /// The last day that counts.
    pub to: String,
    /// Which page of the list is looked at, or was: [`BEFORE`] or [`AFTER`] a request.
    pub page: Option<(&'static str, SubmissionId)>,
    pub errors: Errors,
    /// What the valid part of it lets through.
    pub filter: Filter,
}

impl Search {
    pub fn read(visit: &Visit<'_>, form: &Form) -> Search {
        let text: String = typed(form.text(TEXT)).chars().take(TEXT_CHARS).collect();
        let mut search = Search {
            channel: typed(form.text(CHANNEL)),
            state: typed(form.text(STATE)),
            from: typed(form.text(FROM)),
            to: typed(form.text(TO)),
            filter: wanted(&text, &visit.site.engine.conditions().country),
            text,
            page: page(form),
            errors: Errors::default(),
        };
        search.read_channel(visit);
        search.read_state(visit);
        search.read_period(visit);
        search
    }

    fn read_channel(&mut self, visit: &Visit<'_>) {
        if self.channel.is_empty() {
            return;
        }
        match visit.site.store.directory().by_slug(&self.channel) {
            Some(stored) => self.filter.channel = Some(stored.key),
            None => self.errors.add(
                CHANNEL,
                visit.t(
                    "Такого канала нет. Выберите другой.",
                    "There is no such channel. Choose another.",
                ),
            ),
        }
    }

    fn read_state(&mut self, visit: &Visit<'_>) {
        if self.state.is_empty() {
            return;
        }
        self.filter.state = State::from_name(&self.state);
        if self.filter.state.is_none() {
            self.errors.add(
                STATE,
                visit.t(
                    "Такого состояния нет. Выберите другое.",
                    "There is no such state. Choose another.",
                ),
            );
        }
    }

    fn read_period(&mut self, visit: &Visit<'_>) {
        let wrong = || visit.t("Дата пишется так: 2026-11-22.", "Write the date like 2026-11-22.");
        let mut read = |name: &str, typed: &str| {
            let date = (!typed.is_empty()).then(|| typed.parse::<Date>());
            date.and_then(|date| date.inspect_err(|_| self.errors.add(name, wrong())).ok())
        };
        let (from, to) = (read(FROM, &self.from), read(TO, &self.to));
        self.filter.from = from.and_then(|day| start(visit, day));
        // The last day counts to its end.
        self.filter.to = to
            .and_then(|day| day.tomorrow().ok())
            .and_then(|day| start(visit, day));
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            self.errors.add(
                TO,
                visit.t(
                    "Конец периода раньше его начала.",
                    "The period ends before it begins.",
                ),
            );
        }
    }

    /// Whether anything narrows the list.
    pub fn is_narrow(&self) -> bool {
        self.pairs().next().is_some()
    }

    /// The state of what can be delivered again among what is found.
    pub fn state_to_repeat(&self) -> Option<State> {
        match self.filter.state {
            None if self.state.is_empty() => Some(State::Failed),
            Some(state @ (State::Failed | State::Ignored | State::Spam)) => Some(state),
            _ => None,
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            (TEXT, self.text.as_str()),
            (CHANNEL, self.channel.as_str()),
            (STATE, self.state.as_str()),
            (FROM, self.from.as_str()),
            (TO, self.to.as_str()),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }

    /// An address with this search in it, and these fields in addition.
    pub fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.pairs())
            .extend_pairs(more)
            .finish();
        if query.is_empty() {
            return path.to_owned();
        }
        format!("{path}?{query}")
    }

    /// A request's page, from which one comes back to this page of the list.
    pub fn request(&self, id: SubmissionId) -> String {
        self.here(&format!("/inbox/{id}"))
    }

    /// The list where it was left.
    pub fn back(&self) -> String {
        self.here("/inbox")
    }

    /// An address with this search and this page of the list in it.
    pub fn here(&self, path: &str) -> String {
        match &self.page {
            Some((name, id)) => self.address(path, &[(name, &id.to_string())]),
            None => self.address(path, &[]),
        }
    }

    /// The same search over the last days.
    pub fn over(&self, visit: &Visit<'_>, days: i64) -> Search {
        Search {
            from: today(visit)
                .and_then(|today| today.checked_sub(jiff::Span::new().days(days - 1)).ok())
                .map(|day| day.to_string())
                .unwrap_or_default(),
            to: String::new(),
            ..self.clone()
        }
    }

    /// The same search over all time.
    pub fn always(&self) -> Search {
        Search {
            from: String::new(),
            to: String::new(),
            ..self.clone()
        }
    }

    /// Hidden fields that carry this search in a form.
    pub fn hidden(&self) -> Markup {
        html! { @for (name, value) in self.pairs() { input type="hidden" name=(name) value=(value); } }
    }
}

/// Letters of a phone that are the same however its country is written: `+7…`, `7…` and `8…` of Russia.
const OWN_DIGITS: usize = 10;
/// So few digits are a part of anything.
const FEW_DIGITS: usize = 5;

/// What is looked for when somebody types this. Summaries hold phones in one notation, people type them in many.
fn wanted(text: &str, country: &str) -> Filter {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= FEW_DIGITS
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '\u{a0}' | '+' | '-' | '(' | ')' | '.'));
    let other = match values::parse_phone(text, country).filter(|_| is_number) {
        Some(phone) => Some(
            phone[phone.len().saturating_sub(OWN_DIGITS)..]
                .trim_start_matches('+')
                .to_owned(),
        ),
        None => is_number.then(|| digits.clone()),
    };
    let is_plain = text.trim_start_matches('+') == digits;
    let (text, or_text) = match other {
        // Whatever holds the one holds the other.
        Some(other) if is_plain => (other, None),
        other => (text.to_owned(), other.filter(|other| other != text)),
    };
    Filter {
        text: (!text.is_empty()).then_some(text),
        or_text,
        ..Filter::default()
    }
}

fn page(form: &Form) -> Option<(&'static str, SubmissionId)> {
    let find = |name: &'static str| Some((name, form.text(name).parse().ok()?));
    find(BEFORE).or_else(|| find(AFTER))
}

fn today(visit: &Visit<'_>) -> Option<Date> {
    let now = Timestamp::from_millisecond(visit.now.0).ok()?;
    Some(now.to_zoned(visit.zone().clone()).date())
}

/// The first moment of a day in the server's zone.
fn start(visit: &Visit<'_>, day: Date) -> Option<Millis> {
    let start = day.to_zoned(visit.zone().clone()).ok()?;
    Some(Millis(start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_looked_for_in_the_notation_of_summaries() {
        for (typed, text, other) in [
            ("8 (471) 277-31-20", "8 (471) 277-31-20", Some("4712773120")),
            ("+7 471 277 31 20", "+7 471 277 31 20", Some("4712773120")),
            ("84712773120", "4712773120", None),
            ("+74712773120", "4712773120", None),
            ("277-31-20", "277-31-20", Some("2773120")),
            ("6510", "6510", None),
            ("123456", "123456", None),
            ("65-10", "65-10", None),
            ("Мария", "Мария", None),
            ("Заказ 2026-11-28", "Заказ 2026-11-28", None),
        ] {
            let filter = wanted(typed, "RU");
            assert_eq!(filter.text.as_deref(), Some(text), "{typed}");
            assert_eq!(filter.or_text.as_deref(), other, "{typed}");
        }
        assert_eq!(wanted("", "RU"), Filter::default());
    }
}
