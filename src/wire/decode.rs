//! The portal's replies, as one [`Answer`] for each call.
//!
//! PHP sends `[]` for an empty map, strings for numbers, and `error` with status 200 at times: success
//! is `result` without `error`, nothing else.
// b24: settings/how-to-call-rest-api/batch.md

use serde_json::Value;

use super::verdict::{self, Level};
use crate::model::{Answer, Millis, Trouble, TroubleKind};

/// What a request brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// One for each call, in their order.
    pub answers: Vec<Answer>,
    /// For each call, when the oldest minute of its method's operating time is forgotten
    /// (`operating_reset_at`), where the portal counts that.
    // b24: limits.md
    pub operating_reset_at: Vec<Option<Millis>>,
}

/// The reply to a `batch` of the commands `keys`, sent with `halt` or without.
pub fn batch(status: u16, content_type: &str, body: &[u8], keys: &[&str], halt: bool, now: Millis) -> Reply {
    let whole = match whole(status, content_type, body, Level::Batch, now) {
        Ok(reply) => reply,
        // One verdict on all of them.
        Err(answer) => return all(keys.len(), answer),
    };
    let parts = Parts::of(&whole["result"]);
    let first_error = keys.iter().position(|key| parts.errors.get(key).is_some());
    let mut reply = Reply {
        answers: Vec::new(),
        operating_reset_at: Vec::new(),
    };
    for (index, key) in keys.iter().enumerate() {
        let stopped_before = halt && first_error.is_some_and(|at| at < index);
        reply.answers.push(parts.answer(key, stopped_before, now));
        reply
            .operating_reset_at
            .push(parts.times.get(key).and_then(reset_at));
    }
    reply
}

/// The reply to one method called by itself.
pub fn single(status: u16, content_type: &str, body: &[u8], now: Millis) -> Reply {
    match whole(status, content_type, body, Level::Single, now) {
        Ok(mut reply) => Reply {
            operating_reset_at: vec![reset_at(&reply["time"])],
            answers: vec![Answer::Done {
                total: reply.get("total").and_then(whole_number),
                next: reply.get("next").and_then(whole_number),
                result: reply["result"].take(),
            }],
        },
        Err(answer) => all(1, answer),
    }
}

fn all(count: usize, answer: Answer) -> Reply {
    Reply {
        answers: vec![answer; count],
        operating_reset_at: vec![None; count],
    }
}

/// The reply as an object with `result` and without `error`, or the verdict on what came instead.
fn whole(status: u16, content_type: &str, body: &[u8], level: Level, now: Millis) -> Result<Value, Answer> {
    // Some installations save their PHP files with a byte order mark, which then begins every reply.
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let nonsense = || verdict::of_page(status, content_type, body);
    // Broken UTF-8 in one record must not hide that all the others were written.
    let reply: Value = serde_json::from_str(&String::from_utf8_lossy(text)).map_err(|_| nonsense())?;
    if let Some(error) = reply.get("error").filter(|e| !e.is_null()) {
        let (code, description) = words(error, &reply);
        return Err(verdict::of_error(level, status, &code, &description, now));
    }
    // `result` under a failing status has never been seen; it would be an answer all the same.
    if reply.get("result").is_some() {
        Ok(reply)
    } else {
        Err(nonsense())
    }
}

/// Code and description, whether the error is an object of its own or stands beside `error_description`.
fn words(error: &Value, around: &Value) -> (String, String) {
    if let Value::Object(own) = error {
        return (text(own.get("error")), text(own.get("error_description")));
    }
    (text(Some(error)), text(around.get("error_description")))
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The maps of a batch's result. A map that is missing or `[]` finds nothing.
struct Parts<'a> {
    results: Part<'a>,
    errors: Part<'a>,
    totals: Part<'a>,
    nexts: Part<'a>,
    times: Part<'a>,
}

struct Part<'a>(Option<&'a Value>);

impl<'a> Part<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        // Indexing an array by name gives nothing, which is what PHP's `[]` means.
        self.0?.get(key)
    }
}

impl<'a> Parts<'a> {
    fn of(result: &'a Value) -> Parts<'a> {
        let part = |name: &str| Part(result.get(name));
        Parts {
            results: part("result"),
            errors: part("result_error"),
            totals: part("result_total"),
            nexts: part("result_next"),
            times: part("result_time"),
        }
    }

    fn answer(&self, key: &str, stopped_before: bool, now: Millis) -> Answer {
        if let Some(error) = self.errors.get(key) {
            let (code, description) = words(error, error);
            return verdict::of_error(Level::Command, 200, &code, &description, now);
        }
        if let Some(result) = self.results.get(key) {
            return Answer::Done {
                result: result.clone(),
                total: self.totals.get(key).and_then(whole_number),
                next: self.nexts.get(key).and_then(whole_number),
            };
        }
        if stopped_before {
            return Answer::Later(Trouble {
                kind: TroubleKind::NotRun,
                text: "an earlier command of the same batch failed, and the batch stopped there".to_owned(),
                not_before: None,
            });
        }
        Answer::Unknown(Trouble {
            kind: TroubleKind::Nonsense,
            text: "the portal answered the batch without a word about this command".to_owned(),
            not_before: None,
        })
    }
}

fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// `operating_reset_at`, in seconds on the wire.
fn reset_at(time: &Value) -> Option<Millis> {
    let seconds = i64::try_from(whole_number(time.get("operating_reset_at")?)?).ok()?;
    Some(Millis(seconds.checked_mul(1_000)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Refusal;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: Millis = Millis(1_795_341_600_000);

    fn read(body: &str, keys: &[&str], halt: bool) -> Vec<Answer> {
        batch(200, "application/json", body.as_bytes(), keys, halt, NOW).answers
    }

    fn done(result: Value) -> Answer {
        Answer::Done {
            result,
            total: None,
            next: None,
        }
    }

    #[test]
    fn results_errors_totals_and_pages_find_their_commands() {
        let body = r#"{"result":{
            "result":{"ka__a":41,"kb__a":[{"ID":"1"}],"kd__a":null},
            "result_error":{"kc__a":{"error":"","error_description":"Not found"}},
            "result_total":{"kb__a":"120"},"result_next":{"kb__a":50},
            "result_time":{"ka__a":{"operating_reset_at":1778747792,"operating":3.3},"kb__a":{"duration":1}}},
            "time":{"start":1}}"#;
        let keys = ["ka__a", "kb__a", "kc__a", "kd__a"];
        let reply = batch(200, "application/json", body.as_bytes(), &keys, false, NOW);
        assert_eq!(
            reply.answers,
            [
                done(json!(41)),
                Answer::Done {
                    result: json!([{"ID": "1"}]),
                    total: Some(120),
                    next: Some(50)
                },
                Answer::Refused(Refusal {
                    code: String::new(),
                    text: "Not found".into()
                }),
                done(Value::Null),
            ]
        );
        assert_eq!(
            reply.operating_reset_at,
            [Some(Millis(1_778_747_792_000)), None, None, None]
        );
    }

    #[test]
    fn phps_empty_lists_are_empty_maps() {
        let body = r#"{"result":{"result":{"ka":true},"result_error":[],"result_total":[],"result_next":[],"result_time":[]}}"#;
        assert_eq!(read(body, &["ka"], true), [done(json!(true))]);
    }

    #[test]
    fn what_a_halted_batch_did_not_reach_was_not_done() {
        // b24: settings/how-to-call-rest-api/batch.md
        let body = r#"{"result":{"result":{"k1":7},"result_error":{"k2":{"error":"insufficient_scope","error_description":""}},
            "result_total":[],"result_next":[],"result_time":[]}}"#;
        let answers = read(body, &["k1", "k2", "k3"], true);
        assert_eq!(answers[0], done(json!(7)));
        assert!(matches!(&answers[1], Answer::Refused(r) if r.code == "insufficient_scope"));
        assert!(matches!(&answers[2], Answer::Later(t) if t.kind == TroubleKind::NotRun));
    }

    #[test]
    fn a_command_without_a_word_may_have_been_done() {
        let missing = |body: &str, halt| read(body, &["k1", "k2"], halt)[0].clone();
        let error_after = r#"{"result":{"result":[],"result_error":{"k2":{"error":"X"}}}}"#;
        for (body, halt) in [
            (error_after, true),
            (error_after, false),
            (r#"{"result":{"result":{"k2":1},"result_error":[]}}"#, true),
            (r#"{"result":[]}"#, true),
            (r#"{"result":null}"#, true),
        ] {
            let answer = missing(body, halt);
            assert!(
                matches!(&answer, Answer::Unknown(t) if t.kind == TroubleKind::Nonsense),
                "{body}: {answer:?}"
            );
        }
    }

    #[test]
    fn a_failed_request_speaks_of_every_command() {
        let cases = [
            (
                401,
                r#"{"error":"expired_token","error_description":"gone"}"#,
                TroubleKind::TokenExpired,
                true,
            ),
            (
                503,
                r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#,
                TroubleKind::RateLimit,
                true,
            ),
            (
                500,
                r#"{"error":"INTERNAL_SERVER_ERROR"}"#,
                TroubleKind::ServerError,
                false,
            ),
            (
                502,
                "<html><title>Bad Gateway</title>",
                TroubleKind::ServerError,
                false,
            ),
            (
                200,
                "<!DOCTYPE html><title>Авторизация</title>",
                TroubleKind::Nonsense,
                false,
            ),
            (
                200,
                r#"{"result":{"result":{"k1":1"#,
                TroubleKind::Nonsense,
                false,
            ),
            (200, "", TroubleKind::Nonsense, false),
            (200, "{}", TroubleKind::Nonsense, false),
            (200, "[]", TroubleKind::Nonsense, false),
        ];
        for (status, body, kind, surely_not_done) in cases {
            let answers = batch(status, "", body.as_bytes(), &["k1", "k2"], true, NOW).answers;
            assert_eq!(answers.len(), 2);
            for answer in answers {
                match answer {
                    Answer::Later(t) => assert!(surely_not_done && t.kind == kind, "{body}"),
                    Answer::Unknown(t) => assert!(!surely_not_done && t.kind == kind, "{body}"),
                    other => panic!("{body}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_server_error_inside_a_batch_may_hide_work_done() {
        let body = r#"{"result":{"result":[],"result_error":{"k1":{"error":"INTERNAL_SERVER_ERROR","error_description":"x"}}}}"#;
        assert!(
            matches!(&read(body, &["k1"], false)[0], Answer::Unknown(t) if t.kind == TroubleKind::ServerError)
        );
    }

    #[test]
    fn a_single_method() {
        let body = br#"{"result":[1],"total":3,"next":"50","time":{"operating_reset_at":"10"}}"#;
        let reply = single(200, "application/json", body, NOW);
        assert_eq!(
            reply.answers,
            [Answer::Done {
                result: json!([1]),
                total: Some(3),
                next: Some(50)
            }]
        );
        assert_eq!(reply.operating_reset_at, [Some(Millis(10_000))]);
    }

    #[test]
    fn an_error_with_status_200_is_an_error() {
        // b24: api-reference/widgets/placement-bind.md
        let body =
            br#"{"error":"ERROR_HANDLER_ALREADY_EXIST","error_description":"Handler already exists!"}"#;
        let reply = single(200, "application/json", body, NOW);
        assert!(matches!(&reply.answers[0], Answer::Refused(r) if r.text == "Handler already exists!"));
        let both = br#"{"result":true,"error":"X","error_description":"y"}"#;
        assert!(matches!(
            single(200, "", both, NOW).answers[0],
            Answer::Refused(_)
        ));
    }

    #[test]
    fn a_byte_order_mark_and_broken_utf8_do_not_hide_the_answer() {
        let mut body = b"\xEF\xBB\xBF{\"result\":\"".to_vec();
        body.push(0xC3);
        body.extend(b"\"}");
        assert_eq!(single(200, "", &body, NOW).answers, [done(json!("\u{FFFD}"))]);
    }

    proptest! {
        #[test]
        fn one_answer_for_each_key_whatever_comes(
            status in 100u16..600,
            body in proptest::collection::vec(any::<u8>(), 0..60),
            halt: bool,
            count in 0usize..5,
        ) {
            let keys: Vec<String> = (0..count).map(|n| format!("k{n}")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let reply = batch(status, "", &body, &keys, halt, NOW);
            prop_assert_eq!(reply.answers.len(), count);
            prop_assert_eq!(reply.operating_reset_at.len(), count);
        }

        #[test]
        fn cutting_a_reply_short_never_makes_a_success(cut in 0usize..100) {
            let body = r#"{"result":{"result":{"k1":{"ID":"1"}},"result_error":[]}}"#;
            prop_assume!(cut < body.len());
            let answers = read(&body[..cut], &["k1"], false);
            prop_assert!(matches!(answers[0], Answer::Unknown(_)));
        }
    }
}
