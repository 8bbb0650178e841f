//! What the portal's interface grants: `portal check`, in as few lines as there is to say.

use std::time::Duration;

use super::finding::Finding;
use super::{STEP, patience::later};
use crate::portal::{self, Check, Connection, Portal};

/// For the one request.
const ANSWER: Duration = Duration::from_secs(20);

pub fn look(connection: &Connection, options: &portal::Options) -> Vec<Finding> {
    let options = portal::Options {
        connect_timeout: STEP,
        whole_timeout: options.whole_timeout.min(ANSWER),
        ..options.clone()
    };
    let portal = match Portal::open(connection.clone(), &options) {
        Ok(portal) => portal,
        Err(error) => return vec![Finding::failed("REST", error.to_string(), "correct the flag")],
    };
    match later(move || portal.check()).within(ANSWER + STEP * 2) {
        Ok(report) => summary(&report.lines),
        Err(_) => vec![Finding::failed(
            "REST",
            "the portal did not answer in time",
            "look at the portal's load and its log",
        )],
    }
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
        "REST" => "mend what it says; `b24-bridge portal connect --webhook URL` takes another webhook",
        "rights" => "change the webhook's rights, or those of its user, in the portal",
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

    fn line(name: &str, ok: bool, needed: bool) -> Check {
        Check {
            name: name.to_owned(),
            ok,
            needed,
            detail: "so it is".to_owned(),
        }
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
