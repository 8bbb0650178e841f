//! The authorization server's side of an application: what it is asked, and what its answers mean.
// b24: settings/oauth/index.md, settings/oauth/auto-renewal.md, settings/oauth/error-codes.md

use std::time::Duration;

use serde_json::Value;

use super::plain::{plain_text, shortened};
use super::verdict;
use crate::model::app::scopes;
use crate::model::{Answer, AppKeys, AppTokens, Millis, Secret};

/// Where tokens are given out, below the authorization server's address.
pub const TOKEN_PATH: &str = "/oauth/token/";

/// An access token lives so long when the server does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);
/// An error that nobody has described: it may pass, and asking often does not help.
const UNKNOWN_ERROR_PAUSE: Duration = Duration::from_secs(10 * 60);
/// Longest part of the server's words that is repeated.
const WORDS: usize = 200;

/// Errors after which the same request will never be granted.
const FINAL: &[&str] = &[
    "invalid_grant",
    "invalid_client",
    "wrong_client",
    "unauthorized_client",
    "invalid_scope",
    "insufficient_scope",
    "application_not_found",
];

/// What the authorization server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    Pair(Pair),
    /// No, and it would be no again: the tokens, the code or the keys are of no use.
    Never {
        code: String,
        text: String,
    },
    /// No answer that says anything about the tokens.
    Later {
        text: String,
        not_before: Option<Millis>,
    },
}

/// A new pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub tokens: AppTokens,
    /// Of which portal, in the server's words: `https://portal/rest/`.
    pub client_endpoint: Option<String>,
}

/// The body that asks for a new pair in exchange for a refresh token.
pub fn renewal(client_id: &str, client_secret: &Secret, refresh: &Secret) -> String {
    form(&[
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("client_secret", client_secret.reveal()),
        ("refresh_token", refresh.reveal()),
    ])
}

/// The body that asks for the first pair in exchange for a code of the portal.
pub fn exchange(keys: &AppKeys, code: &Secret) -> String {
    form(&[
        ("grant_type", "authorization_code"),
        ("client_id", &keys.client_id),
        ("client_secret", keys.client_secret.reveal()),
        ("code", code.reveal()),
    ])
}

/// Where a person lets the application in; the portal then calls the application's own address with a code, which it
/// knows from its form: no address is sent along.
pub fn authorize_url(keys: &AppKeys, state: &str) -> String {
    let query = form(&[("client_id", &keys.client_id), ("state", state)]);
    format!("{}/oauth/authorize/?{query}", keys.portal)
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Reads the answer to either of the two bodies.
pub fn read(status: u16, content_type: &str, body: &[u8], now: Millis) -> Granted {
    let text = String::from_utf8_lossy(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body));
    let Ok(answer) = serde_json::from_str::<Value>(&text) else {
        return no_json(status, content_type, body);
    };
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return refused(error, &answer, now);
    }
    match pair(&answer, now) {
        Some(pair) if (200..300).contains(&status) => Granted::Pair(pair),
        _ => no_json(status, content_type, body),
    }
}

fn no_json(status: u16, content_type: &str, body: &[u8]) -> Granted {
    let text = match verdict::of_page(status, content_type, body) {
        Answer::Later(trouble) | Answer::Unknown(trouble) => trouble.text,
        Answer::Done { .. } | Answer::Refused(_) => String::new(),
    };
    // The same pages come from the same proxies; only the name of whom they stand in front of differs.
    let text = text.replace("the portal", "the authorization server");
    Granted::Later {
        text,
        not_before: None,
    }
}

fn refused(error: &Value, around: &Value, now: Millis) -> Granted {
    let words = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        shortened(&plain_text(text), WORDS)
    };
    let code = words(Some(error));
    let description = words(around.get("error_description"));
    if FINAL.contains(&code.trim().to_ascii_lowercase().as_str()) {
        return Granted::Never {
            code: code.trim().to_owned(),
            text: description,
        };
    }
    let says = match (code.is_empty(), description.is_empty()) {
        (false, false) => format!("{code}: {description}"),
        (false, true) => code,
        (true, false) => description,
        (true, true) => "an error without a name".to_owned(),
    };
    Granted::Later {
        text: format!("the authorization server answered {says}"),
        not_before: Some(now + UNKNOWN_ERROR_PAUSE),
    }
}

fn pair(answer: &Value, now: Millis) -> Option<Pair> {
    let text = |name: &str| {
        answer
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let number = |name: &str| {
        let value = answer.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
    };
    let lifetime = number("expires_in").map_or(USUAL_LIFE, Duration::from_secs);
    let mut tokens = AppTokens::issued(
        Secret::new(text("access_token")?),
        Secret::new(text("refresh_token")?),
        now,
        lifetime,
    );
    tokens.member_id = text("member_id").unwrap_or_default();
    tokens.scope = text("scope").map(|list| scopes(&list)).unwrap_or_default();
    tokens.user_id = number("user_id").unwrap_or_default();
    Some(Pair {
        tokens,
        client_endpoint: text("client_endpoint"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_795_341_600_000);

    // b24: settings/oauth/auto-renewal.md
    const ANSWER: &str = r#"{"access_token":"new-access","client_endpoint":"https://portal.example/rest/",
        "domain":"oauth.bitrix.info","expires":1780319382,"expires_in":3600,"member_id":"a223c6",
        "refresh_token":"new-refresh","scope":"crm,user,im","server_endpoint":"https://oauth.bitrix.info/rest/",
        "status":"L","user_id":67}"#;

    fn keys() -> AppKeys {
        AppKeys {
            portal: "https://portal.example".to_owned(),
            client_id: "local.5f.1".to_owned(),
            client_secret: Secret::new("s&cret"),
        }
    }

    fn answer(status: u16, body: &str) -> Granted {
        read(status, "application/json", body.as_bytes(), NOW)
    }

    #[test]
    fn a_pair_is_read_whole() {
        let Granted::Pair(Pair {
            tokens,
            client_endpoint,
        }) = answer(200, ANSWER)
        else {
            panic!()
        };
        assert_eq!(tokens.access.reveal(), "new-access");
        assert_eq!(tokens.refresh.reveal(), "new-refresh");
        assert_eq!(tokens.expires_at.since(NOW).as_secs(), 3600);
        assert_eq!(tokens.refresh_until.since(NOW).as_secs(), 180 * 86_400);
        assert_eq!((tokens.member_id.as_str(), tokens.user_id), ("a223c6", 67));
        assert_eq!(tokens.scope, ["crm", "user", "im"]);
        assert_eq!(client_endpoint.as_deref(), Some("https://portal.example/rest/"));
        // The first pair names no user, and PHP likes strings.
        let Granted::Pair(short) = answer(
            200,
            r#"{"access_token":"a","refresh_token":"r","expires_in":"60"}"#,
        ) else {
            panic!()
        };
        assert_eq!(
            (short.tokens.user_id, short.tokens.expires_at.since(NOW).as_secs()),
            (0, 60)
        );
    }

    #[test]
    fn some_refusals_are_final_and_others_pass() {
        for code in [
            "invalid_grant",
            "invalid_client",
            "wrong_client",
            "INVALID_GRANT",
            "insufficient_scope",
        ] {
            for status in [200, 400, 401] {
                let body = format!(r#"{{"error":"{code}","error_description":"no <b>more</b>"}}"#);
                let Granted::Never { code: told, text } = answer(status, &body) else {
                    panic!("{code}")
                };
                assert_eq!((told.as_str(), text.as_str()), (code, "no more"));
            }
        }
        for code in ["PAYMENT_REQUIRED", "invalid_request", "SOMETHING_NEW", ""] {
            let Granted::Later { not_before, .. } = answer(400, &format!(r#"{{"error":"{code}"}}"#)) else {
                panic!("{code}")
            };
            assert_eq!(not_before, Some(NOW + UNKNOWN_ERROR_PAUSE), "{code}");
        }
    }

    #[test]
    fn pages_and_half_pairs_say_nothing_of_the_tokens() {
        for (status, body) in [
            (502, "<html><title>Bad Gateway</title>"),
            (500, ""),
            (500, ANSWER),
            (200, "<html>"),
            (200, "{}"),
            (200, "[]"),
            (200, r#"{"access_token":"a"}"#),
            (200, r#"{"access_token":"","refresh_token":"r"}"#),
            (200, &ANSWER[..60]),
        ] {
            let read = answer(status, body);
            let Granted::Later { text, not_before } = read else {
                panic!("{body}: {read:?}")
            };
            assert_eq!(not_before, None);
            assert!(text.contains("authorization server"), "{text}");
        }
    }

    #[test]
    fn requests_carry_the_keys_in_their_bodies() {
        let keys = keys();
        let refresh = Secret::new("r=1");
        assert_eq!(
            renewal(&keys.client_id, &keys.client_secret, &refresh),
            "grant_type=refresh_token&client_id=local.5f.1&client_secret=s%26cret&refresh_token=r%3D1"
        );
        assert_eq!(
            exchange(&keys, &Secret::new("c")),
            "grant_type=authorization_code&client_id=local.5f.1&client_secret=s%26cret&code=c"
        );
        assert_eq!(
            authorize_url(&keys, "st/1"),
            "https://portal.example/oauth/authorize/?client_id=local.5f.1&state=st%2F1"
        );
    }

    proptest! {
        #[test]
        fn any_answer_is_read(status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _read = read(status, "", &body, NOW);
        }
    }
}
