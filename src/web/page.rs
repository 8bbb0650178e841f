//! The two pages that a person can meet on the public listener: thanks, and a refusal.

use std::sync::LazyLock;

use maud::{DOCTYPE, html};

use super::refusal::Refusal;
use super::visitor::{Language, Person};
use crate::model::SubmissionId;

pub const STYLE: &str = include_str!("public.css");

/// The path of the style sheet, new for each content, so that browsers may keep it for good.
pub static STYLE_PATH: LazyLock<String> =
    LazyLock::new(|| format!("/assets/public-{:016x}.css", fnv1a(STYLE.as_bytes())));

/// Shown after a form was accepted and the channel names no page of its own.
pub fn thanks(person: &Person, id: SubmissionId) -> String {
    let (title, text) = match person.language {
        Language::Russian => ("Спасибо!", "Ваш запрос принят."),
        Language::English => ("Thank you!", "Your request has been accepted."),
    };
    render(person, title, text, Some(id))
}

pub fn refused(person: &Person, refusal: &Refusal) -> String {
    let (title, text) = refusal.words(person.language);
    render(person, title, text, refusal.id())
}

fn render(person: &Person, title: &str, text: &str, id: Option<SubmissionId>) -> String {
    let (lang, number) = match person.language {
        Language::Russian => ("ru", "Номер запроса"),
        Language::English => ("en", "Request number"),
    };
    let style = format!("{}{}", person.root, STYLE_PATH.trim_start_matches('/'));
    html! {
        (DOCTYPE)
        html lang=(lang) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href=(style);
            }
            body {
                main {
                    h1 { (title) }
                    p { (text) }
                    @if let Some(id) = id {
                        p.number { (number) ": " code { (id) } }
                    }
                }
            }
        }
    }
    .into_string()
}

/// FNV-1a, 64 bits: tells contents apart, which is all that is asked of it here.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
