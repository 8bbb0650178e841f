//! `batch`: several commands in one request, later ones built from what earlier ones answered.

use serde_json::{Map, Value, json};

use super::methods::{Answer, RestError};
use super::php;

/// Commands a batch runs; each one beyond is refused by itself.
// b24: settings/how-to-call-rest-api/batch.md
pub const MOST_COMMANDS: usize = 50;

/// One command as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    pub key: String,
    pub method: String,
    /// The query string behind the method, not yet read: references are filled in after that.
    query: String,
}

impl Command {
    /// Whether this text stands in one of the values that are sent.
    pub fn sends(&self, text: &str) -> bool {
        php::contains(&php::parse_query(self.query.as_bytes()), text)
    }
}

/// The commands of a batch in their order. A command that is no text has no method.
pub fn commands(params: &Value) -> Vec<Command> {
    let sent = php::param(params, "cmd").map(php::entries).unwrap_or_default();
    sent.into_iter()
        .map(|(key, command)| {
            let text = command.as_str().unwrap_or_default().trim();
            // What PHP's parse_url takes for a fragment is lost.
            let text = text.split('#').next().unwrap_or_default();
            let (method, query) = text.split_once('?').unwrap_or((text, ""));
            Command {
                key,
                method: method_name(method),
                query: query.to_owned(),
            }
        })
        .collect()
}

/// A method's name as it is looked up.
pub fn method_name(text: &str) -> String {
    let text = text.trim_matches('/').to_ascii_lowercase();
    match text.strip_suffix(".json") {
        Some(name) => name.to_owned(),
        None => text,
    }
}

/// Runs the commands one after another. `run` calls a method and answers with the `time` of the call.
/// Answers `result`, `result_error`, `result_total`, `result_next` and `result_time`.
/// `at_most` stops after that many commands, as if the portal had died.
// b24: settings/how-to-call-rest-api/batch.md
pub fn run(
    params: &Value,
    at_most: Option<usize>,
    mut run: impl FnMut(&str, &Value) -> (Answer, Value),
) -> Value {
    let halt = php::param(params, "halt").is_some_and(php::flag);
    let mut results: Vec<(String, Value)> = Vec::new();
    let mut errors = Vec::new();
    let mut totals = Vec::new();
    let mut nexts = Vec::new();
    let mut times = Vec::new();
    for (i, command) in commands(params).into_iter().enumerate() {
        if at_most.is_some_and(|n| i >= n) {
            break;
        }
        let (answer, time) = if i >= MOST_COMMANDS {
            let text = "Max batch length exceeded";
            let refusal = RestError::new(400, "ERROR_BATCH_LENGTH_EXCEEDED", text);
            (Err(refusal), Value::Null)
        } else if command.method == "batch" {
            let text = "Method is not allowed for batch usage";
            let refusal = RestError::new(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", text);
            (Err(refusal), Value::Null)
        } else {
            let sent = php::parse_query(command.query.as_bytes());
            run(&command.method, &fill(&sent, &results))
        };
        let key = command.key;
        if !time.is_null() {
            times.push((key.clone(), time));
        }
        match answer {
            Ok(reply) => {
                if let Some(total) = reply.total {
                    totals.push((key.clone(), json!(total)));
                }
                if let Some(next) = reply.next {
                    nexts.push((key.clone(), json!(next)));
                }
                results.push((key, reply.result));
            }
            Err(refusal) => {
                errors.push((key, error_json(&refusal)));
                if halt {
                    break;
                }
            }
        }
    }
    let mut out = Map::new();
    out.insert("result".into(), php::array(results));
    out.insert("result_error".into(), php::array(errors));
    out.insert("result_total".into(), php::array(totals));
    out.insert("result_next".into(), php::array(nexts));
    out.insert("result_time".into(), php::array(times));
    Value::Object(out)
}

/// A refusal as JSON, alone or in `result_error`.
pub fn error_json(error: &RestError) -> Value {
    let mut out = json!({"error": error.code, "error_description": error.text});
    if let Some(argument) = error.argument {
        out["argument"] = json!(argument);
    }
    out
}

/// Puts earlier results in the place of references: a value that is nothing but a reference takes the
/// earlier value as it is, lists included; a reference inside a longer text becomes text; a reference
/// to nothing leaves nothing behind, and the command runs all the same.
fn fill(value: &Value, results: &[(String, Value)]) -> Value {
    match value {
        Value::String(text) => fill_text(text, results),
        Value::Array(items) => items.iter().map(|v| fill(v, results)).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), fill(v, results))).collect()),
        other => other.clone(),
    }
}

fn fill_text(text: &str, results: &[(String, Value)]) -> Value {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(REFERENCE) {
        let Some((path, end)) = reference(&rest[at + REFERENCE.len()..]) else {
            let past = at + REFERENCE.len();
            out.push_str(&rest[..past]);
            rest = &rest[past..];
            continue;
        };
        let end = at + REFERENCE.len() + end;
        let found = look_up(&path, results);
        if at == 0 && end == rest.len() && out.is_empty() {
            return found.cloned().unwrap_or_else(|| Value::String(String::new()));
        }
        out.push_str(&rest[..at]);
        out.push_str(&found.map(php::text).unwrap_or_default());
        rest = &rest[end..];
    }
    out.push_str(rest);
    Value::String(out)
}

const REFERENCE: &str = "$result";

/// Reads `[key][path]…`; gives the parts and where they end.
fn reference(text: &str) -> Option<(Vec<&str>, usize)> {
    let mut path = Vec::new();
    let mut end = 0;
    while let Some(inner) = text[end..].strip_prefix('[') {
        let close = inner.find(']')?;
        path.push(&inner[..close]);
        end += close + 2;
    }
    (!path.is_empty()).then_some((path, end))
}

fn look_up<'a>(path: &[&str], results: &'a [(String, Value)]) -> Option<&'a Value> {
    let (key, rest) = path.split_first()?;
    let (_, first) = results.iter().find(|(k, _)| k == key)?;
    rest.iter().try_fold(first, |value, part| php::item(value, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice_portal::methods::Reply;
    use proptest::prelude::*;

    /// Answers with the parameters it got; `fail` fails, `list` is a list of 60.
    fn echo(method: &str, params: &Value) -> (Answer, Value) {
        let answer = match method {
            "fail" => Err(RestError::crm("no")),
            "list" => Ok(Reply {
                result: json!([{"ID": "7"}, {"ID": "8"}]),
                total: Some(60),
                next: Some(50),
            }),
            "empty" => Ok(json!([]).into()),
            "found" => Ok(json!({"CONTACT": [5, 6]}).into()),
            _ => Ok(params.clone().into()),
        };
        (answer, json!({"duration": 0}))
    }

    fn outcome(params: Value) -> Value {
        run(&params, None, echo)
    }

    #[test]
    fn references_take_values_text_or_nothing() {
        let table = [
            ("id=$result[list][0][ID]", json!({"id": "7"})),
            ("id[]=$result[list][1][ID]&id[]=x", json!({"id": ["8", "x"]})),
            ("ids=$result[found][CONTACT]", json!({"ids": [5, 6]})),
            ("id=$result[found][CONTACT][1]", json!({"id": 6})),
            ("t=deal%20$result[list][0][ID]!", json!({"t": "deal 7!"})),
            ("t=$result[list][0][ID]$result[list][1][ID]", json!({"t": "78"})),
            ("t=a$result[found][CONTACT]", json!({"t": "aArray"})),
            ("f[>ID]=$result[empty][0][ID]", json!({"f": {">ID": ""}})),
            ("f[ID]=$result[failed][ID]", json!({"f": {"ID": ""}})),
            ("f[ID]=$result[nowhere]", json!({"f": {"ID": ""}})),
            ("t=x$result[nowhere]y", json!({"t": "xy"})),
            ("t=$result", json!({"t": "$result"})),
            ("t=$result[open", json!({"t": "$result[open"})),
            ("t=%24result%5Blist%5D%5B0%5D%5BID%5D", json!({"t": "7"})),
            ("t=a%26b%20c%2Bd+e", json!({"t": "a&b c+d e"})),
            ("t=a#b", json!({"t": "a"})),
        ];
        for (query, expected) in table {
            let cmd = json!({"list": "list", "found": "found", "empty": "empty", "failed": "fail", "x": format!("echo?{query}")});
            assert_eq!(outcome(json!({"cmd": cmd}))["result"]["x"], expected, "{query}");
        }
    }

    #[test]
    fn maps_are_lists_where_php_makes_them_lists() {
        let named = outcome(json!({"cmd": {"a": "list", "b": "fail"}}));
        assert_eq!(named["result"], json!({"a": [{"ID": "7"}, {"ID": "8"}]}));
        assert_eq!(
            named["result_error"],
            json!({"b": {"error": "", "error_description": "no"}})
        );
        assert_eq!(named["result_total"], json!({"a": 60}));
        assert_eq!(named["result_next"], json!({"a": 50}));
        let listed = outcome(json!({"cmd": ["echo?a=1", "fail", "echo?a=2"]}));
        assert_eq!(listed["result"], json!({"0": {"a": "1"}, "2": {"a": "2"}}));
        assert_eq!(
            listed["result_error"],
            json!({"1": {"error": "", "error_description": "no"}})
        );
        let all = outcome(json!({"cmd": ["echo?a=1", "echo?a=2"]}));
        assert_eq!(all["result"], json!([{"a": "1"}, {"a": "2"}]));
        for part in ["result_error", "result_total", "result_next"] {
            assert_eq!(all[part], json!([]), "{part}");
        }
        assert_eq!(outcome(json!({}))["result"], json!([]));
    }

    #[test]
    fn halt_stops_and_its_absence_does_not() {
        let cmd = json!({"a": "echo", "b": "fail", "c": "echo"});
        for (halt, expected) in [
            (json!(1), false),
            (json!(true), false),
            (json!("0"), true),
            (json!(0), true),
        ] {
            let result = outcome(json!({"halt": halt, "cmd": cmd}));
            assert_eq!(result["result"].get("c").is_some(), expected, "{halt}");
            assert!(result["result_time"].get("a").is_some());
        }
    }

    #[test]
    fn nested_batches_and_the_fifty_first_command_fail_alone() {
        let mut cmd: Map<String, Value> = (0..52).map(|i| (format!("k{i}"), json!("echo?a=1"))).collect();
        cmd.insert("k3".into(), json!("batch?cmd[a]=echo"));
        let result = outcome(json!({"cmd": cmd}));
        assert_eq!(
            result["result_error"]["k3"]["error"],
            "ERROR_BATCH_METHOD_NOT_ALLOWED"
        );
        assert!(result["result"].get("k49").is_some());
        for key in ["k50", "k51"] {
            assert_eq!(
                result["result_error"][key]["error"],
                "ERROR_BATCH_LENGTH_EXCEEDED"
            );
        }
    }

    #[test]
    fn a_batch_that_dies_has_done_its_first_commands() {
        let mut done = Vec::new();
        let cmd = json!({"cmd": {"a": "one", "b": "two", "c": "three"}});
        run(&cmd, Some(2), |method, params| {
            done.push(method.to_owned());
            echo(method, params)
        });
        assert_eq!(done, ["one", "two"]);
    }

    proptest! {
        #[test]
        fn text_without_a_reference_stays_as_it_is(text in "[^$]*") {
            prop_assert_eq!(fill_text(&text, &[]), Value::String(text));
        }

        #[test]
        fn odd_references_never_panic(text in r"(\$result|\[|\]|a|я)*") {
            let _ = fill_text(&text, &[("a".to_owned(), json!([1]))]);
        }
    }
}
