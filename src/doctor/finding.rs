//! One line of the report.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// It works, and may not for long, or not as it should.
    Warning,
    Failed,
    /// Not looked at, because of what was found before.
    Skipped,
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub status: Status,
    pub detail: String,
    /// What to do; absent when nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<String>,
}

impl Finding {
    pub fn ok(check: &'static str, detail: impl Into<String>) -> Finding {
        Finding {
            check,
            status: Status::Ok,
            detail: detail.into(),
            way_out: None,
        }
    }

    pub fn warning(check: &'static str, detail: impl Into<String>, way_out: impl Into<String>) -> Finding {
        Finding {
            status: Status::Warning,
            way_out: Some(way_out.into()),
            ..Finding::ok(check, detail)
        }
    }

    pub fn failed(check: &'static str, detail: impl Into<String>, way_out: impl Into<String>) -> Finding {
        Finding {
            status: Status::Failed,
            way_out: Some(way_out.into()),
            ..Finding::ok(check, detail)
        }
    }

    pub fn skipped(check: &'static str, detail: impl Into<String>) -> Finding {
        Finding {
            status: Status::Skipped,
            ..Finding::ok(check, detail)
        }
    }
}
