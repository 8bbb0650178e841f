//! Why a request is not accepted: one code, one status, one sentence, for programs and for people.

use std::borrow::Cow;

use crate::http::StatusCode;
use crate::http::header::{ALLOW, HeaderValue, RETRY_AFTER};
use serde::Serialize;

use super::visitor::{Language, Visitor};
use super::{page, reply};
use crate::http::{BodyError, Response};
use crate::model::SubmissionId;

/// What a channel's address answers to.
pub const ALLOWED_METHODS: &str = "GET, POST, OPTIONS";
/// Seconds after which a full disk or a crowd may have passed.
const RETRY_SECONDS: &str = "30";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The address is none of ours.
    NotFound,
    UnknownChannel,
    ChannelDeleted,
    MethodNotAllowed {
        allowed: &'static str,
    },
    OriginNotAllowed,
    /// A browser that only guesses what its user will open next.
    FetchedAhead,
    /// The `Idempotency-Key` is too long.
    BadKey,
    /// With a sentence that names the bound.
    TooLarge(String),
    TooSlow,
    Broken,
    Busy,
    /// Stored as it came; nothing is lost.
    Unreadable {
        id: SubmissionId,
        why: String,
    },
    StorageUnavailable,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Refusal {
        match error {
            BodyError::TooLarge(_) => Refusal::TooLarge(capital(&error.to_string())),
            BodyError::TooSlow => Refusal::TooSlow,
            BodyError::Broken => Refusal::Broken,
            BodyError::Busy => Refusal::Busy,
        }
    }
}

/// A refusal's JSON form.
#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<SubmissionId>,
}

impl Refusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::NotFound | Refusal::UnknownChannel => StatusCode::NOT_FOUND,
            Refusal::ChannelDeleted => StatusCode::GONE,
            Refusal::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::OriginNotAllowed | Refusal::FetchedAhead => StatusCode::FORBIDDEN,
            Refusal::BadKey | Refusal::Broken | Refusal::Unreadable { .. } => StatusCode::BAD_REQUEST,
            Refusal::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::Busy | Refusal::StorageUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `error` of the JSON form.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotFound => "not_found",
            Refusal::UnknownChannel => "unknown_channel",
            Refusal::ChannelDeleted => "channel_deleted",
            Refusal::MethodNotAllowed { .. } => "method_not_allowed",
            Refusal::OriginNotAllowed => "origin_not_allowed",
            Refusal::FetchedAhead => "fetched_ahead",
            Refusal::BadKey => "bad_idempotency_key",
            Refusal::TooLarge(_) => "too_large",
            Refusal::TooSlow => "too_slow",
            Refusal::Broken => "broken_body",
            Refusal::Busy => "busy",
            Refusal::Unreadable { .. } => "unreadable",
            Refusal::StorageUnavailable => "storage_unavailable",
        }
    }

    /// One English sentence: the thing, the reason, the way out.
    pub fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Refusal::NotFound => {
                "There is nothing at this address; forms are posted to /in/ and the name of a channel."
            }
            Refusal::UnknownChannel => {
                "No channel has this address; copy the address from the channel's settings."
            }
            Refusal::ChannelDeleted => {
                "The channel of this address was deleted and no channel takes its requests; make one the default channel."
            }
            Refusal::MethodNotAllowed { allowed } => {
                return Cow::Owned(format!(
                    "This address does not take this method; use one of: {allowed}."
                ));
            }
            Refusal::OriginNotAllowed => {
                "The channel does not take requests from this website; add its origin to the channel's allowed origins."
            }
            Refusal::FetchedAhead => {
                "The request was made in advance only, so it was not taken; open the address itself."
            }
            Refusal::BadKey => "The Idempotency-Key is longer than 255 characters; send a shorter one.",
            Refusal::TooSlow => "The body did not arrive in time; send it again over a better connection.",
            Refusal::Broken => "The body broke off before its end; send it again.",
            Refusal::Busy => "Too many large requests are under way; try again later.",
            Refusal::StorageUnavailable => {
                "The request could not be stored and was not accepted; send it again later."
            }
            Refusal::TooLarge(why) => return Cow::Owned(why.clone()),
            Refusal::Unreadable { why, .. } => return Cow::Owned(capital(why)),
        })
    }

    /// The heading and the sentence of the page that a person sees. People who fill in a form can rarely mend
    /// anything but its size, so the rest is told in few words.
    pub fn words(&self, language: Language) -> (&'static str, &'static str) {
        let russian = language == Language::Russian;
        let pick = |ru, en| if russian { ru } else { en };
        match self {
            Refusal::NotFound | Refusal::UnknownChannel | Refusal::ChannelDeleted => pick(
                (
                    "Здесь ничего нет",
                    "Адрес формы устарел или указан с ошибкой. Сообщите об этом владельцу сайта.",
                ),
                (
                    "Nothing here",
                    "The address of the form is out of date or mistyped. Please tell the owner of the website.",
                ),
            ),
            Refusal::TooLarge(_) => pick(
                (
                    "Слишком большой запрос",
                    "Уменьшите файлы или текст и отправьте форму ещё раз.",
                ),
                (
                    "Too large",
                    "Make the files or the text smaller and send the form again.",
                ),
            ),
            Refusal::TooSlow | Refusal::Broken | Refusal::Busy | Refusal::StorageUnavailable => pick(
                (
                    "Запрос не принят",
                    "Вернитесь назад и отправьте форму ещё раз немного позже.",
                ),
                ("Not accepted", "Go back and send the form again a little later."),
            ),
            Refusal::Unreadable { .. } => pick(
                (
                    "Запрос не удалось прочитать",
                    "Он сохранён. Назовите его номер владельцу сайта.",
                ),
                (
                    "The request could not be read",
                    "It has been kept. Please give its number to the owner of the website.",
                ),
            ),
            Refusal::MethodNotAllowed { .. }
            | Refusal::OriginNotAllowed
            | Refusal::FetchedAhead
            | Refusal::BadKey => pick(
                (
                    "Запрос не принят",
                    "Форма настроена неверно. Сообщите об этом владельцу сайта.",
                ),
                (
                    "Not accepted",
                    "The form is set up wrongly. Please tell the owner of the website.",
                ),
            ),
        }
    }

    /// The submission under which an unreadable request was stored.
    pub fn id(&self) -> Option<SubmissionId> {
        match self {
            Refusal::Unreadable { id, .. } => Some(*id),
            _ => None,
        }
    }

    pub fn answer(&self, visitor: &Visitor) -> Response {
        let mut response = match visitor {
            Visitor::Person(person) => reply::page(self.status(), page::refused(person, self)),
            Visitor::Program => {
                let body = Body {
                    error: self.code(),
                    message: &self.message(),
                    id: self.id(),
                };
                reply::json(self.status(), serde_json::to_vec(&body).unwrap_or_default())
            }
        };
        let headers = response.headers_mut();
        if let Refusal::MethodNotAllowed { allowed } = self {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        response
    }
}

/// An error's text as a sentence: errors begin in lower case and end without a full stop.
pub fn capital(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).chain(['.']).collect(),
        None => String::new(),
    }
}
