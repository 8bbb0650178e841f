//! Which rights and methods the connection has.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{Connection, Portal};
use crate::model::{Answer, Arg, Call, Effect};

/// Methods without which a submission cannot be delivered.
pub const NEEDED_METHODS: &[&str] = &[
    "crm.lead.fields",
    "crm.lead.list",
    "crm.lead.get",
    "crm.lead.add",
    "crm.lead.update",
    "crm.lead.contact.items.set",
    "crm.deal.fields",
    "crm.deal.list",
    "crm.deal.get",
    "crm.deal.add",
    "crm.deal.update",
    "crm.deal.contact.items.set",
    "crm.contact.fields",
    "crm.contact.list",
    "crm.contact.get",
    "crm.contact.add",
    "crm.contact.update",
    "crm.duplicate.findbycomm",
    "crm.status.list",
    "crm.timeline.comment.add",
    "crm.timeline.comment.list",
    "crm.activity.add",
    "crm.activity.list",
];

/// Methods that the bridge can do without, and what is lost.
pub const OPTIONAL_METHODS: &[(&str, &str)] = &[
    (
        "crm.activity.todo.add",
        "activities are made by the older crm.activity.add",
    ),
    (
        "crm.category.list",
        "pipelines are read by the older crm.dealcategory.list",
    ),
    ("crm.currency.list", "currencies are sent as they were typed"),
    ("user.get", "people can be named by number only"),
];

/// A right of a local application, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    pub scope: &'static str,
    pub purpose: &'static str,
}

/// The least that has to be ticked in the portal's form of a local application.
// b24: api-reference/scopes/permissions.md, api-reference/user/user-scope.md, api-reference/widgets/crm/list-toolbar.md
pub const APP_RIGHTS: &[Right] = &[
    Right {
        scope: "crm",
        purpose: "leads, deals and contacts",
    },
    Right {
        scope: "user_basic",
        purpose: "people by name and e-mail; `user` will do as well",
    },
    Right {
        scope: "placement",
        purpose: "the button above the lists of leads and deals",
    },
    Right {
        scope: "im",
        purpose: "the notification after the installation",
    },
];

/// The line that tells whether the portal answered.
const CONNECTION: &str = "connection";
/// The line that is no right and no method: it warns, and nothing is absent.
const ENCRYPTION: &str = "encryption";

/// One line of `portal check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `right crm`, `method crm.lead.add`, `connection`.
    pub name: String,
    pub ok: bool,
    /// Without it the bridge cannot deliver.
    pub needed: bool,
    pub detail: String,
}

impl Check {
    /// It answered, and would not let the bridge in: the way there is all right.
    pub fn is_turned_away(&self) -> bool {
        self.name == CONNECTION && self.detail.starts_with("the portal refuses the connection")
    }

    /// How the line begins.
    pub fn mark(&self) -> &'static str {
        match (self.ok, self.needed) {
            (true, _) => "ok",
            (false, true) => "MISSING",
            (false, false) if self.name == ENCRYPTION => "warning",
            (false, false) => "absent",
        }
    }
}

/// What `portal check` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub lines: Vec<Check>,
}

impl Report {
    /// Everything that is needed is there.
    pub fn passed(&self) -> bool {
        self.lines.iter().all(|line| line.ok || !line.needed)
    }

    /// The portal did not answer at all.
    pub fn is_cut_off(&self) -> bool {
        self.lines
            .iter()
            .any(|line| line.name == CONNECTION && !line.ok && !line.is_turned_away())
    }

    pub fn is_turned_away(&self) -> bool {
        self.lines.iter().any(Check::is_turned_away)
    }

    fn put(&mut self, name: impl Into<String>, ok: bool, needed: bool, detail: impl Into<String>) {
        self.lines.push(Check {
            name: name.into(),
            ok,
            needed,
            detail: detail.into(),
        });
    }
}

impl Portal {
    /// Asks the portal, in one request, what this connection may do. Changes nothing.
    pub fn check(&self) -> Report {
        let calls = questions();
        let commands: Vec<(String, &Call)> = calls.iter().map(|call| (String::new(), call)).collect();
        let answers = self.batch(&commands, false);
        let of = |key: &str| {
            calls
                .iter()
                .position(|call| call.key == key)
                .and_then(|at| answers.get(at))
        };
        let mut report = Report { lines: Vec::new() };
        let connection = self.connection();

        // Trouble with one is trouble with all: the rest would only repeat it.
        if let Some(Answer::Later(trouble) | Answer::Unknown(trouble)) = of("scope") {
            report.put(CONNECTION, false, true, trouble.text.clone());
            return report;
        }
        report.put(
            CONNECTION,
            true,
            true,
            who(&[of("profile"), of("current")], &connection.to_string()),
        );
        if connection.is_insecure() {
            report.put(
                ENCRYPTION,
                false,
                false,
                match &connection {
                    Connection::Webhook { .. } => {
                        "http:// lets everybody on the way read the webhook's code; use it on a closed network only"
                    }
                    Connection::App(_) => {
                        "http:// lets everybody on the way read the application's tokens; use it on a closed network only"
                    }
                },
            );
        } else {
            report.put(ENCRYPTION, true, false, "https");
        }
        rights(&mut report, of("scope"), &connection);
        for (key, name) in [
            ("leads", "reading leads"),
            ("deals", "reading deals"),
            ("contacts", "reading contacts"),
        ] {
            reading(&mut report, name, of(key));
        }
        methods(&mut report, of("methods"));
        mode(&mut report, of("mode"));
        report
    }
}

fn questions() -> Vec<Call> {
    let call = |key: &str, method: &str, args: Vec<(String, Arg)>| Call {
        key: key.to_owned(),
        method: method.to_owned(),
        args,
        effect: Effect::Read,
    };
    // The newest record's number: the smallest answer that shows a right to read.
    // b24: settings/performance/huge-data.md
    let newest = || {
        vec![
            (
                "order".to_owned(),
                Arg::Map(vec![("ID".to_owned(), Arg::text("DESC"))]),
            ),
            ("select".to_owned(), Arg::List(vec![Arg::text("ID")])),
            ("start".to_owned(), Arg::text("-1")),
        ]
    };
    vec![
        // b24: api-reference/common/system/scope.md
        call("scope", "scope", vec![]),
        // b24: api-reference/common/system/methods.md
        call("methods", "methods", vec![]),
        // b24: api-reference/common/users/profile.md
        call("profile", "profile", vec![]),
        // b24: api-reference/user/user-current.md
        call("current", "user.current", vec![]),
        // b24: api-reference/crm/crm-settings-mode-get.md
        call("mode", "crm.settings.mode.get", vec![]),
        // b24: api-reference/crm/leads/crm-lead-list.md
        call("leads", "crm.lead.list", newest()),
        // b24: api-reference/crm/deals/crm-deal-list.md
        call("deals", "crm.deal.list", newest()),
        // b24: api-reference/crm/contacts/crm-contact-list.md
        call("contacts", "crm.contact.list", newest()),
    ]
}

/// Names in a list of the portal; nothing when it did not give one.
fn names(answer: Option<&Answer>) -> Option<BTreeSet<String>> {
    let Some(Answer::Done {
        result: Value::Array(items),
        ..
    }) = answer
    else {
        return None;
    };
    Some(
        items
            .iter()
            .filter_map(|item| Some(item.as_str()?.to_lowercase()))
            .collect(),
    )
}

fn who(answers: &[Option<&Answer>], address: &str) -> String {
    for answer in answers.iter().flatten() {
        let Answer::Done { result, .. } = answer else {
            continue;
        };
        let at = |name: &str| match result.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        if at("ID").is_empty() {
            continue;
        }
        let name = format!("{} {}", at("NAME"), at("LAST_NAME"));
        let admin = match result.get("ADMIN") {
            Some(Value::Bool(true)) => ", administrator",
            _ => "",
        };
        return format!("{address} as user {} {}{admin}", at("ID"), name.trim());
    }
    address.to_owned()
}

fn rights(report: &mut Report, scope: Option<&Answer>, connection: &Connection) {
    let Some(scopes) = names(scope) else {
        report.put(
            "right crm",
            false,
            true,
            "the portal did not list the connection's rights",
        );
        return;
    };
    let crm = scopes.contains("crm");
    let is_app = matches!(connection, Connection::App(_));
    let way_out = if is_app {
        "missing; tick \"CRM (crm)\" in the application's settings and install it once more"
    } else {
        "missing; tick \"CRM (crm)\" in the webhook's settings"
    };
    report.put("right crm", crm, true, if crm { "present" } else { way_out });
    let user = ["user", "user_brief", "user_basic"]
        .into_iter()
        .find(|name| scopes.contains(*name));
    match user {
        Some(name) => report.put(format!("right {name}"), true, false, "present"),
        None => report.put(
            "right user_brief",
            false,
            false,
            "missing; people can be named by number only",
        ),
    }
    if is_app {
        for (scope, loss) in [
            (
                "placement",
                "missing; no button stands above the lists of leads and deals",
            ),
            ("im", "missing; nobody is told of the installation"),
        ] {
            let there = scopes.contains(scope);
            report.put(
                format!("right {scope}"),
                there,
                false,
                if there { "present" } else { loss },
            );
        }
    }
}

fn reading(report: &mut Report, name: &str, answer: Option<&Answer>) {
    match answer {
        Some(Answer::Done { .. }) => report.put(name, true, true, "allowed"),
        Some(Answer::Refused(refusal)) => report.put(name, false, true, refusal.text.clone()),
        Some(Answer::Later(trouble) | Answer::Unknown(trouble)) => {
            report.put(name, false, true, trouble.text.clone());
        }
        None => report.put(name, false, true, "not asked"),
    }
}

fn methods(report: &mut Report, answer: Option<&Answer>) {
    let Some(methods) = names(answer) else {
        report.put(
            "methods",
            false,
            false,
            "the portal did not list its methods; they are taken to be there",
        );
        return;
    };
    for name in NEEDED_METHODS {
        let there = methods.contains(*name);
        let detail = if there {
            "present"
        } else {
            "missing; the bridge cannot deliver without it"
        };
        report.put(format!("method {name}"), there, true, detail);
    }
    for (name, loss) in OPTIONAL_METHODS {
        let there = methods.contains(*name);
        let detail = if there {
            "present".to_owned()
        } else {
            format!("missing; {loss}")
        };
        report.put(format!("method {name}"), there, false, detail);
    }
}

fn mode(report: &mut Report, answer: Option<&Answer>) {
    let Some(Answer::Done { result, .. }) = answer else {
        report.put(
            "CRM mode",
            true,
            false,
            "the portal did not tell whether it works with leads",
        );
        return;
    };
    // b24: api-reference/crm/auxiliary/enum/crm-enum-settings-mode.md
    let simple = result.as_u64() == Some(2) || result.as_str() == Some("2");
    let detail = if simple {
        "simple CRM: a lead that is added turns into a deal at once; prefer deal channels"
    } else {
        "the portal works with leads"
    };
    report.put("CRM mode", !simple, false, detail);
}
