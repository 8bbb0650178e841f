//! What an unhappy answer means for a call that must be done exactly once.
//!
//! The code is read before the status: 503 is a rate limit under one code and a block by hand under
//! another. Three questions decide: was the call surely not done (`Later`), may it have been done
//! (`Unknown`), would it be refused again (`Refused`)? What is not known is taken for `Unknown`,
//! which costs one look-up and never a duplicate.
// b24: _includes/system-errors.md
// b24: error-codes.md

use std::time::Duration;

use super::plain::{plain_text, shortened};
use crate::model::{Answer, Millis, Refusal, Trouble, TroubleKind};

/// Operating time is counted in baskets of one minute, so asking more often than that cannot help.
// b24: limits.md
pub const OPERATING_PAUSE: Duration = Duration::from_secs(60);

/// A block by hand is lifted by hand: asking rarely is all there is to do.
pub const OVERLOAD_PAUSE: Duration = Duration::from_secs(600);

/// The user may not work with the application.
pub const NO_ACCESS: &str = "user_access_error";

/// Where an error stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Beside one command of a batch: an error of that command alone.
    Command,
    /// The answer to a method that was called by itself.
    Single,
    /// In place of a whole batch's answer. A batch answers 200 whatever its commands do, so this
    /// speaks of the connection and never of one submission.
    Batch,
}

/// An error in Bitrix24's own form. `status` is the HTTP status, 200 for a command of a batch.
pub fn of_error(level: Level, status: u16, code: &str, description: &str, now: Millis) -> Answer {
    // The documentation itself shows codes with blanks around them.
    // b24: api-reference/crm/currency/crm-currency-base-get.md
    let code = code.trim();
    let text = plain_text(description);
    let (kind, not_before) = match code.to_ascii_uppercase().as_str() {
        "QUERY_LIMIT_EXCEEDED" => (TroubleKind::RateLimit, None),
        "OPERATION_TIME_LIMIT" => (TroubleKind::OperatingTime, Some(now + OPERATING_PAUSE)),
        "OVERLOAD_LIMIT" => (TroubleKind::Overload, Some(now + OVERLOAD_PAUSE)),
        "EXPIRED_TOKEN" => (TroubleKind::TokenExpired, None),
        "NO_AUTH_FOUND" | "INVALID_CREDENTIALS" | "INVALID_TOKEN" => (TroubleKind::ConnectionRefused, None),
        // The portal is closed for everybody.
        "PORTAL_DELETED" => (TroubleKind::NotServed, None),
        // "Https required": the portal's word for the whole connection. Beside a command it is a
        // method's own.
        "INVALID_REQUEST" if level != Level::Command => (TroubleKind::NotServed, None),
        "INTERNAL_SERVER_ERROR" | "ERROR_UNEXPECTED_ANSWER" => {
            return Answer::Unknown(trouble(TroubleKind::ServerError, status, code, &text, None));
        }
        "ERROR_BATCH_LENGTH_EXCEEDED" => (TroubleKind::NotRun, None),
        _ => return of_other_code(level, status, code, text),
    };
    Answer::Later(trouble(kind, status, code, &text, not_before))
}

/// A code that is a method's own, empty, or new to us.
fn of_other_code(level: Level, status: u16, code: &str, text: String) -> Answer {
    match (level, status) {
        (Level::Single | Level::Batch, 429) => {
            Answer::Later(trouble(TroubleKind::RateLimit, status, code, &text, None))
        }
        (Level::Single | Level::Batch, 500..) => {
            Answer::Unknown(trouble(TroubleKind::ServerError, status, code, &text, None))
        }
        // ACCESS_DENIED, insufficient_scope, ERROR_METHOD_NOT_FOUND and whatever else is said to `batch` itself, a
        // method that needs no rights. One of them is a word on the user.
        (Level::Batch, _) => {
            let kind = match code.eq_ignore_ascii_case(NO_ACCESS) {
                true => TroubleKind::ConnectionRefused,
                false => TroubleKind::NotServed,
            };
            Answer::Later(trouble(kind, status, code, &text, None))
        }
        (Level::Command | Level::Single, _) => {
            let text = if text.is_empty() { reason_of(code) } else { text };
            Answer::Refused(Refusal {
                code: code.to_owned(),
                text,
            })
        }
    }
}

/// The portal sent a code alone.
fn reason_of(code: &str) -> String {
    match code.to_ascii_lowercase().as_str() {
        "" => "the portal refused without giving a reason".to_owned(),
        "insufficient_scope" => "the connection lacks the right (scope) that this method needs".to_owned(),
        "access_denied" => "the connection's user has no access to this".to_owned(),
        "error_method_not_found" => "the portal has no such method".to_owned(),
        _ => code.to_owned(),
    }
}

/// An answer that is not Bitrix24's: a page of a proxy, a login form, broken JSON.
pub fn of_page(status: u16, content_type: &str, body: &[u8]) -> Answer {
    let what = describe(content_type, body);
    match status {
        // A proxy's own limiter: the request was never let through.
        429 => Answer::Later(Trouble {
            kind: TroubleKind::RateLimit,
            text: format!("a server in front of the portal limits requests (HTTP 429, {what})"),
            not_before: None,
        }),
        413 => Answer::Later(Trouble {
            kind: TroubleKind::ServerError,
            text: format!(
                "a server in front of the portal refuses a request of this size (HTTP 413, {what})"
            ),
            not_before: None,
        }),
        // 502 and 504 come after the portal was asked and perhaps worked.
        500.. => Answer::Unknown(Trouble {
            kind: TroubleKind::ServerError,
            text: format!("the portal or a server in front of it failed (HTTP {status}, {what})"),
            not_before: None,
        }),
        _ => Answer::Unknown(Trouble {
            kind: TroubleKind::Nonsense,
            text: format!("expected JSON from the portal, got {what} with HTTP {status}"),
            not_before: None,
        }),
    }
}

/// What came instead of JSON, for people: a page's title tells a login form from a proxy.
fn describe(content_type: &str, body: &[u8]) -> String {
    // Titles stand at the top; a page may be megabytes.
    let start = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let lower = start.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(shortened(&plain_text(&start[from..to]).replace('\n', " "), 80))
    });
    match title {
        Some(title) if !title.is_empty() => format!("a page titled {title:?}"),
        _ if body.is_empty() => "an empty answer".to_owned(),
        _ if lower.contains("<html") => "an HTML page".to_owned(),
        _ if content_type.is_empty() => "something else".to_owned(),
        _ => format!("an unreadable answer of type {:?}", shortened(content_type, 60)),
    }
}

fn trouble(kind: TroubleKind, status: u16, code: &str, text: &str, not_before: Option<Millis>) -> Trouble {
    let says = match (code.is_empty(), text.is_empty()) {
        (false, false) => format!("{code}: {text}"),
        (false, true) => code.to_owned(),
        (true, false) => text.to_owned(),
        (true, true) => format!("HTTP {status} without a reason"),
    };
    let text = match kind {
        TroubleKind::ConnectionRefused | TroubleKind::NotServed => {
            format!(
                "the portal refuses the connection ({says}); check the rights of the webhook or the application, or connect the portal anew"
            )
        }
        _ => format!("the portal answered {says}"),
    };
    Trouble {
        kind,
        text,
        not_before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_795_341_600_000);

    /// How an answer is sorted, without its words.
    #[derive(Debug, PartialEq)]
    enum Sort {
        Later(TroubleKind),
        Unknown(TroubleKind),
        Refused,
        Done,
    }

    fn sort(answer: &Answer) -> Sort {
        match answer {
            Answer::Later(t) => Sort::Later(t.kind),
            Answer::Unknown(t) => Sort::Unknown(t.kind),
            Answer::Refused(_) => Sort::Refused,
            Answer::Done { .. } => Sort::Done,
        }
    }

    #[test]
    fn every_documented_code() {
        use Sort::{Later, Refused, Unknown};
        use TroubleKind::{
            ConnectionRefused, NotRun, NotServed, OperatingTime, Overload, RateLimit, ServerError,
            TokenExpired,
        };
        // Status and code, then: beside a command, alone, in place of a whole batch.
        let cases = [
            (
                500,
                "INTERNAL_SERVER_ERROR",
                Unknown(ServerError),
                Unknown(ServerError),
                Unknown(ServerError),
            ),
            (
                500,
                "ERROR_UNEXPECTED_ANSWER",
                Unknown(ServerError),
                Unknown(ServerError),
                Unknown(ServerError),
            ),
            (
                503,
                "QUERY_LIMIT_EXCEEDED",
                Later(RateLimit),
                Later(RateLimit),
                Later(RateLimit),
            ),
            (
                405,
                "ERROR_BATCH_METHOD_NOT_ALLOWED",
                Refused,
                Refused,
                Later(NotServed),
            ),
            (
                400,
                "ERROR_BATCH_LENGTH_EXCEEDED",
                Later(NotRun),
                Later(NotRun),
                Later(NotRun),
            ),
            (
                401,
                "NO_AUTH_FOUND",
                Later(ConnectionRefused),
                Later(ConnectionRefused),
                Later(ConnectionRefused),
            ),
            (
                400,
                "INVALID_REQUEST",
                Refused,
                Later(NotServed),
                Later(NotServed),
            ),
            (
                503,
                "OVERLOAD_LIMIT",
                Later(Overload),
                Later(Overload),
                Later(Overload),
            ),
            (403, "ACCESS_DENIED", Refused, Refused, Later(NotServed)),
            (
                403,
                "INVALID_CREDENTIALS",
                Later(ConnectionRefused),
                Later(ConnectionRefused),
                Later(ConnectionRefused),
            ),
            (
                404,
                "ERROR_MANIFEST_IS_NOT_AVAILABLE",
                Refused,
                Refused,
                Later(NotServed),
            ),
            (403, "insufficient_scope", Refused, Refused, Later(NotServed)),
            (
                401,
                "expired_token",
                Later(TokenExpired),
                Later(TokenExpired),
                Later(TokenExpired),
            ),
            (
                403,
                "user_access_error",
                Refused,
                Refused,
                Later(ConnectionRefused),
            ),
            (
                500,
                "PORTAL_DELETED",
                Later(NotServed),
                Later(NotServed),
                Later(NotServed),
            ),
            (404, "ERROR_METHOD_NOT_FOUND", Refused, Refused, Later(NotServed)),
            (
                429,
                "OPERATION_TIME_LIMIT",
                Later(OperatingTime),
                Later(OperatingTime),
                Later(OperatingTime),
            ),
            (400, "", Refused, Refused, Later(NotServed)),
            (400, "ERROR_CORE", Refused, Refused, Later(NotServed)),
            (
                200,
                "ERROR_HANDLER_ALREADY_EXIST",
                Refused,
                Refused,
                Later(NotServed),
            ),
        ];
        for (status, code, command, single, batch) in cases {
            let of = |level, status| sort(&of_error(level, status, code, "Some text", NOW));
            // A command's error comes within a reply of status 200.
            assert_eq!(of(Level::Command, 200), command, "{code} beside a command");
            assert_eq!(of(Level::Single, status), single, "{code} alone");
            assert_eq!(of(Level::Batch, status), batch, "{code} for a batch");
        }
    }

    #[test]
    fn an_unknown_code_with_a_failing_status_may_hide_work_done() {
        let answer = of_error(Level::Single, 500, "SOMETHING_NEW", "", NOW);
        assert_eq!(sort(&answer), Sort::Unknown(TroubleKind::ServerError));
        let answer = of_error(Level::Batch, 503, "", "", NOW);
        assert_eq!(sort(&answer), Sort::Unknown(TroubleKind::ServerError));
        let answer = of_error(Level::Batch, 429, "", "", NOW);
        assert_eq!(sort(&answer), Sort::Later(TroubleKind::RateLimit));
    }

    #[test]
    fn codes_are_read_without_blanks_and_case() {
        let answer = of_error(Level::Command, 200, " Error_Unexpected_Answer ", "x", NOW);
        assert_eq!(sort(&answer), Sort::Unknown(TroubleKind::ServerError));
    }

    #[test]
    fn refusals_carry_the_portals_words_as_plain_text() {
        let answer = of_error(
            Level::Command,
            200,
            "",
            "Поле &laquo;Сумма&raquo; обязательно.<br>",
            NOW,
        );
        let Answer::Refused(refusal) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(refusal.code, "");
        assert_eq!(refusal.text, "Поле «Сумма» обязательно.");
        let answer = of_error(Level::Command, 200, "insufficient_scope", "", NOW);
        let Answer::Refused(refusal) = answer else {
            panic!("{answer:?}")
        };
        assert!(refusal.text.contains("scope"));
    }

    #[test]
    fn limits_say_when_to_come_back() {
        let at = |code| match of_error(Level::Single, 429, code, "", NOW) {
            Answer::Later(t) => t.not_before,
            other => panic!("{other:?}"),
        };
        assert_eq!(at("OPERATION_TIME_LIMIT"), Some(NOW + OPERATING_PAUSE));
        assert_eq!(at("OVERLOAD_LIMIT"), Some(NOW + OVERLOAD_PAUSE));
        assert_eq!(at("QUERY_LIMIT_EXCEEDED"), None);
    }

    #[test]
    fn pages_instead_of_json() {
        let page = b"<html><head><TITLE>502 Bad Gateway</title></head></html>";
        let cases: [(u16, &[u8], Sort, &str); 6] = [
            (
                502,
                page,
                Sort::Unknown(TroubleKind::ServerError),
                "502 Bad Gateway",
            ),
            (
                504,
                b"",
                Sort::Unknown(TroubleKind::ServerError),
                "an empty answer",
            ),
            (
                200,
                b"<html><title>Log in</title>",
                Sort::Unknown(TroubleKind::Nonsense),
                "Log in",
            ),
            (
                200,
                b"{\"result\":",
                Sort::Unknown(TroubleKind::Nonsense),
                "text/html",
            ),
            (
                429,
                b"<html>",
                Sort::Later(TroubleKind::RateLimit),
                "an HTML page",
            ),
            (413, b"<html>", Sort::Later(TroubleKind::ServerError), "size"),
        ];
        for (status, body, expected, words) in cases {
            let answer = of_page(status, "text/html", body);
            assert_eq!(sort(&answer), expected, "{status}");
            let (Answer::Later(t) | Answer::Unknown(t)) = answer else {
                panic!()
            };
            assert!(t.text.contains(words), "{} lacks {words}", t.text);
        }
    }

    proptest! {
        #[test]
        fn any_page_is_described(status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = of_page(status, "x", &body);
            let mut html = b"<title>".to_vec();
            html.extend(&body);
            html.extend(b"</title>");
            let _ = of_page(status, "x", &html);
        }
    }
}
