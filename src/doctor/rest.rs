//! What the portal's interface grants: `portal check`, in as few lines as there is to say.

use std::time::Duration;

use super::finding::Finding;
use super::{STEP, now, patience::later};
use crate::model::{AppKeys, Installation, Millis, Secret};
use crate::portal::{self, Check, Connection, Portal};

/// For the one request.
const ANSWER: Duration = Duration::from_secs(20);

/// An ended token is not renewed here: `doctor` changes nothing.
pub fn look(
    connection: &Connection,
    installation: Option<&Installation>,
    options: &portal::Options,
) -> Vec<Finding> {
    let options = portal::Options {
        connect_timeout: STEP,
        whole_timeout: options.whole_timeout.min(ANSWER),
        ..options.clone()
    };
    let opened = match connection {
        Connection::Webhook { .. } => Portal::open(connection.clone(), &options),
        Connection::App(keys) => match token(keys, installation, now()) {
            Ok(access) => Portal::open_as(keys, access, &options),
            Err(finding) => return vec![finding],
        },
    };
    let portal = match opened {
        Ok(portal) => portal,
        Err(error) => return vec![Finding::failed("REST", error.to_string(), "correct the flag")],
    };
    match later(move || portal.check()).within(ANSWER + STEP * 2) {
        Ok(report) => {
            let mut found = summary(&report.lines);
            found.extend(installation.and_then(|installed| unproven(connection, installed)));
            found
        }
        Err(_) => vec![Finding::failed(
            "REST",
            "the portal did not answer in time",
            "look at the portal's load and its log",
        )],
    }
}

/// Tokens that work for an hour and perhaps no longer.
fn unproven(connection: &Connection, installed: &Installation) -> Option<Finding> {
    let reason = installed.unproven.as_ref()?;
    matches!(connection, Connection::App(_)).then(|| {
        Finding::warning(
            "application",
            format!("its access could not be renewed so far: {reason}"),
            "store client_secret once more as the application's form shows it, and let the bridge through to the authorization server; otherwise requests wait from an hour after the installation on",
        )
    })
}

/// With what an application calls, or why it cannot.
fn token<'i>(
    keys: &AppKeys,
    installation: Option<&'i Installation>,
    now: Millis,
) -> Result<&'i Secret, Finding> {
    const CHECK: &str = "application";
    let installed = installation.filter(|installed| installed.client_id == keys.client_id);
    let Some(installed) = installed else {
        return Err(Finding::failed(
            CHECK,
            "it is not installed in the portal yet",
            "open it in the portal; requests wait until then",
        ));
    };
    if installed.gone.is_some() {
        return Err(Finding::failed(
            CHECK,
            "it has no access to the portal any more",
            "open it in the portal, or install it once more; requests wait until then",
        ));
    }
    if installed.tokens.expires_at <= now {
        return Err(Finding::skipped(
            "REST",
            "the application's token has ended; the next delivery, or `b24-bridge portal check`, renews it",
        ));
    }
    Ok(&installed.tokens.access)
}

/// What is there in one line, what is missing in a line each.
fn summary(lines: &[Check]) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut rights, mut methods) = (Vec::new(), 0);
    for line in lines {
        let check = place(&line.name);
        match (check, line.ok) {
            // Said of TLS already.
            _ if line.name == "encryption" => {}
            ("rights", true) => rights.push(line.name.trim_start_matches("right ")),
            ("methods", true) => methods += 1,
            (check, true) => found.push(Finding::ok(check, line.detail.clone())),
            (check, false) => {
                let detail = match check {
                    "rights" | "methods" if line.name != check => format!("{}: {}", line.name, line.detail),
                    _ => line.detail.clone(),
                };
                found.push(missing(check, line, detail));
            }
        }
    }
    if !rights.is_empty() {
        found.push(Finding::ok("rights", rights.join(", ")));
    }
    if methods > 0 {
        found.push(Finding::ok(
            "methods",
            format!("{methods} of those the bridge uses are there"),
        ));
    }
    found
}

fn missing(check: &'static str, line: &Check, detail: String) -> Finding {
    let way_out = match check {
        "REST" => "mend what it says; `b24-bridge portal connect` takes another connection",
        "rights" => {
            "change the rights of the webhook or the application, or those of its user, in the portal"
        }
        "methods" => "update the portal, or install the module that the method belongs to",
        _ => "look at the portal's settings",
    };
    if line.needed {
        Finding::failed(check, detail, way_out)
    } else {
        Finding::warning(check, detail, way_out)
    }
}

fn place(name: &str) -> &'static str {
    match name {
        "connection" => "REST",
        "CRM mode" => "CRM mode",
        name if name.starts_with("method") => "methods",
        _ => "rights",
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use crate::model::{AppTokens, Gone, GoneWhy};

    fn line(name: &str, ok: bool, needed: bool) -> Check {
        Check {
            name: name.to_owned(),
            ok,
            needed,
            detail: "so it is".to_owned(),
        }
    }

    #[test]
    fn an_application_calls_with_what_it_has() {
        let keys = AppKeys {
            portal: "https://portal.example".to_owned(),
            client_id: "local.1".to_owned(),
            client_secret: Secret::new("s"),
        };
        let (access, refresh) = (Secret::new("a"), Secret::new("r"));
        let installed = Installation {
            tokens: AppTokens::issued(access.clone(), refresh, Millis(0), Duration::from_secs(1)),
            client_id: keys.client_id.clone(),
            user_name: String::new(),
            since: Millis(0),
            gone: None,
            unproven: None,
        };
        let found = |installation, now| {
            token(&keys, installation, Millis(now))
                .cloned()
                .map_err(|finding| finding.status)
        };
        assert_eq!(found(Some(&installed), 0), Ok(access));
        assert_eq!(found(Some(&installed), 1_000), Err(Status::Skipped));
        assert_eq!(found(None, 0), Err(Status::Failed));
        let connection = Connection::App(keys.clone());
        assert_eq!(unproven(&connection, &installed), None);
        let doubtful = Installation {
            unproven: Some("no route".to_owned()),
            ..installed.clone()
        };
        let finding = unproven(&connection, &doubtful).unwrap();
        assert!(
            finding.status == Status::Warning && finding.detail.contains("no route"),
            "{finding:?}"
        );
        let other = Installation {
            client_id: "local.2".to_owned(),
            ..installed.clone()
        };
        assert_eq!(found(Some(&other), 0), Err(Status::Failed));
        let gone = Installation {
            gone: Some(Gone {
                since: Millis(0),
                why: GoneWhy::Uninstalled,
            }),
            ..installed.clone()
        };
        assert_eq!(found(Some(&gone), 0), Err(Status::Failed));
    }

    #[test]
    fn what_is_there_is_told_in_one_line() {
        let lines = [
            line("connection", true, true),
            line("encryption", false, false),
            line("right crm", true, true),
            line("reading leads", true, true),
            line("reading deals", false, true),
            line("method crm.lead.add", true, true),
            line("method crm.deal.add", true, true),
            line("method user.get", false, false),
            line("CRM mode", true, false),
        ];
        let found: Vec<(&str, Status, String)> = summary(&lines)
            .into_iter()
            .map(|finding| (finding.check, finding.status, finding.detail))
            .collect();
        let of = |check, status, detail: &str| (check, status, detail.to_owned());
        assert_eq!(
            found,
            [
                of("REST", Status::Ok, "so it is"),
                of("rights", Status::Failed, "reading deals: so it is"),
                of("methods", Status::Warning, "method user.get: so it is"),
                of("CRM mode", Status::Ok, "so it is"),
                of("rights", Status::Ok, "crm, reading leads"),
                of("methods", Status::Ok, "2 of those the bridge uses are there"),
            ]
        );
    }
}
