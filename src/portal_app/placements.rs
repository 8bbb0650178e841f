//! The buttons above the lists of leads and deals: what is there, what belongs there, and the calls between. Pure.

use serde_json::Value;

use crate::model::{Arg, Call, Effect, Language};

/// The places, in the order in which they are bound.
// b24: api-reference/widgets/crm/list-toolbar.md
pub const PLACEMENTS: [&str; 2] = ["CRM_LEAD_LIST_TOOLBAR", "CRM_DEAL_LIST_TOOLBAR"];

/// What stands on the button.
pub fn title(language: Language) -> &'static str {
    match language {
        Language::Russian => "Интеграция с сайтом",
        Language::English => "Website integration",
    }
}

/// The languages of the title, as the portal names them.
const LANGUAGES: [(&str, Language); 2] = [("ru", Language::Russian), ("en", Language::English)];

/// One button of this application, as the portal lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    place: String,
    handler: String,
    is_titled: bool,
}

/// The question for what is bound; it answers with this application's own alone.
// b24: api-reference/widgets/placement-get.md
pub fn ask() -> Call {
    call("placement.get", Effect::Read, Vec::new())
}

/// What has to be done so that each place has one button of ours that leads to `handler`. `listed` is what the portal
/// answered to [`ask`].
pub fn plan(listed: &Value, handler: &str) -> Vec<Call> {
    let bound: Vec<Bound> = entries(listed).filter_map(read).collect();
    let mut calls = Vec::new();
    for place in PLACEMENTS {
        let here: Vec<&Bound> = bound.iter().filter(|one| one.place == place).collect();
        let right = here
            .iter()
            .filter(|one| one.handler == handler && one.is_titled)
            .count();
        // The portal unbinds by handler: of two alike, both go.
        let keeps = right == 1 && here.iter().filter(|one| one.handler == handler).count() == 1;
        let mut gone: Vec<&str> = Vec::new();
        for stale in here.iter().filter(|one| !(keeps && one.handler == handler)) {
            if !gone.contains(&stale.handler.as_str()) {
                gone.push(&stale.handler);
                calls.push(unbind(place, &stale.handler));
            }
        }
        if !keeps {
            calls.push(bind(place, handler));
        }
    }
    calls
}

/// The portal is PHP: a list may come as a map.
fn entries(listed: &Value) -> impl Iterator<Item = &Value> {
    let list = listed.as_array().map(|list| list.iter());
    let map = listed.as_object().map(|map| map.values());
    list.into_iter().flatten().chain(map.into_iter().flatten())
}

fn read(entry: &Value) -> Option<Bound> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    // Portals that know no languages list none: their one title is looked at.
    let titles = entry.get("langAll").and_then(Value::as_object);
    let is_titled = match titles.filter(|titles| !titles.is_empty()) {
        Some(titles) => LANGUAGES.iter().all(|(code, language)| {
            let known = titles.get(*code).and_then(|texts| texts.get("TITLE"));
            known.and_then(Value::as_str) == Some(title(*language))
        }),
        None => LANGUAGES
            .iter()
            .any(|(_, language)| text("title") == Some(title(*language))),
    };
    Some(Bound {
        place: text("placement")?.to_owned(),
        handler: text("handler")?.to_owned(),
        is_titled,
    })
}

// b24: api-reference/widgets/placement-bind.md
fn bind(place: &str, handler: &str) -> Call {
    let titles = LANGUAGES.map(|(code, language)| {
        let texts = vec![("TITLE".to_owned(), Arg::text(title(language)))];
        (code.to_owned(), Arg::Map(texts))
    });
    call(
        "placement.bind",
        Effect::Write,
        vec![
            ("PLACEMENT", Arg::text(place)),
            ("HANDLER", Arg::text(handler)),
            // For everybody whose language is neither.
            ("TITLE", Arg::text(title(Language::English))),
            ("LANG_ALL", Arg::Map(titles.into())),
        ],
    )
}

// b24: api-reference/widgets/placement-unbind.md
fn unbind(place: &str, handler: &str) -> Call {
    let args = vec![("PLACEMENT", Arg::text(place)), ("HANDLER", Arg::text(handler))];
    call("placement.unbind", Effect::Write, args)
}

pub(super) fn call(method: &str, effect: Effect, args: Vec<(&str, Arg)>) -> Call {
    Call {
        key: "app".to_owned(),
        method: method.to_owned(),
        args: args
            .into_iter()
            .map(|(name, arg)| (name.to_owned(), arg))
            .collect(),
        effect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HANDLER: &str = "https://bridge.example/b24/app";

    fn entry(place: &str, handler: &str) -> Value {
        json!({
            "placement": place, "userId": 0, "handler": handler, "options": [], "title": "Website integration",
            "description": "",
            "langAll": {"ru": {"TITLE": "Интеграция с сайтом"}, "en": {"TITLE": "Website integration"}},
        })
    }

    /// `method place handler` of each call.
    fn planned(listed: &Value) -> Vec<String> {
        let text = |call: &Call, name: &str| {
            let found = call.args.iter().find(|(key, _)| key == name);
            match found {
                Some((_, Arg::Text(text))) => text.clone(),
                _ => String::new(),
            }
        };
        let line = |call: &Call| {
            let method = call.method.trim_start_matches("placement.");
            format!(
                "{method} {} {}",
                &text(call, "PLACEMENT")[4..8],
                text(call, "HANDLER")
            )
        };
        plan(listed, HANDLER).iter().map(line).collect()
    }

    #[test]
    fn each_place_gets_one_button() {
        let [leads, deals] = PLACEMENTS;
        let old = "https://old.example/b24/app";
        let untitled =
            json!({"placement": leads, "handler": HANDLER, "title": "x", "langAll": {"ru": {"TITLE": "x"}}});
        for (listed, expected) in [
            (json!([]), vec!["bind LEAD new", "bind DEAL new"]),
            (json!(null), vec!["bind LEAD new", "bind DEAL new"]),
            (json!([entry(leads, HANDLER), entry(deals, HANDLER)]), vec![]),
            (
                json!({"1": entry(leads, HANDLER), "2": entry(deals, HANDLER)}),
                vec![],
            ),
            (json!([entry(deals, HANDLER)]), vec!["bind LEAD new"]),
            (
                json!([entry(leads, old), entry(deals, HANDLER)]),
                vec!["unbind LEAD old", "bind LEAD new"],
            ),
            (
                json!([entry(leads, HANDLER), entry(leads, old), entry(deals, HANDLER)]),
                vec!["unbind LEAD old"],
            ),
            (
                json!([
                    entry(leads, HANDLER),
                    entry(leads, HANDLER),
                    entry(deals, HANDLER)
                ]),
                vec!["unbind LEAD new", "bind LEAD new"],
            ),
            (
                json!([untitled, entry(deals, HANDLER)]),
                vec!["unbind LEAD new", "bind LEAD new"],
            ),
            (
                json!([
                    entry("CRM_CONTACT_LIST_TOOLBAR", old),
                    entry(leads, HANDLER),
                    entry(deals, HANDLER)
                ]),
                vec![],
            ),
        ] {
            let named: Vec<String> = planned(&listed)
                .iter()
                .map(|line| line.replace(HANDLER, "new").replace(old, "old"))
                .collect();
            assert_eq!(named, expected, "{listed}");
        }
    }

    #[test]
    fn a_portal_without_languages_shows_one_title() {
        let [leads, deals] = PLACEMENTS;
        let plain = |place| json!({"placement": place, "handler": HANDLER, "title": "Website integration", "langAll": []});
        assert!(planned(&json!([plain(leads), plain(deals)])).is_empty());
    }

    #[test]
    fn the_title_comes_in_both_languages() {
        let calls = plan(&json!([]), HANDLER);
        let (_, Arg::Map(titles)) = &calls[0].args[3] else {
            panic!("{calls:?}");
        };
        let codes: Vec<&str> = titles.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(codes, ["ru", "en"]);
    }
}
