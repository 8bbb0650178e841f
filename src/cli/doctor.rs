//! `doctor`: one line for each thing that was looked at.

use anyhow::bail;

use super::args::Global;
use super::listener_args::Doctor;
use super::{output, workplace};
use crate::doctor::{self, Finding, Report, Status, Subject};

pub fn doctor(global: &Global, command: &Doctor) -> anyhow::Result<()> {
    let subject = Subject {
        data_dir: workplace::data_dir(global)?,
        way: workplace::way(&command.way)?,
        listen: command.listeners.listen,
        admin_listen: command.listeners.admin_listen,
        tls: command.listeners.certificates.websites(),
        admin_tls: command.listeners.certificates.admin(),
    };
    let mut written = Ok(());
    let report = doctor::examine(&subject, |finding| {
        if !command.json.json && written.is_ok() {
            written = output::line(shown(finding));
        }
    });
    written?;
    if command.json.json {
        output::json(&report)?;
    } else {
        firewall(&report)?;
    }
    let failed = of(&report, Status::Failed);
    if failed > 0 {
        bail!(
            "{failed} of {} checks failed; each line says what to do",
            report.checks.len()
        );
    }
    Ok(())
}

fn shown(finding: &Finding) -> String {
    let mark = match finding.status {
        Status::Ok => "ok      ",
        Status::Warning => "warning ",
        Status::Failed => "FAILED  ",
        Status::Skipped => "skipped ",
    };
    let way_out = match &finding.way_out {
        Some(way_out) => format!("; {way_out}"),
        None => String::new(),
    };
    format!("{mark}{}: {}{way_out}", finding.check, finding.detail)
}

fn firewall(report: &Report) -> anyhow::Result<()> {
    output::line("\nFirewalls must let through (TCP):")?;
    let rows: Vec<Vec<String>> = report
        .firewall
        .iter()
        .map(|opening| vec![opening.from.clone(), opening.to.clone(), opening.purpose.clone()])
        .collect();
    output::table(&["FROM", "TO", "FOR"], &rows)
}

fn of(report: &Report, status: Status) -> usize {
    report
        .checks
        .iter()
        .filter(|finding| finding.status == status)
        .count()
}
