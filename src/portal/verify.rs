//! Whose token is it? What a frame or an event brings is believed only after the configured portal has confirmed it.

use serde_json::Value;

use super::{OpenError, Options, Portal};
use crate::model::{Answer, AppKeys, Call, Effect, Secret, Trouble, TroubleKind};
use crate::wire::verdict::NO_ACCESS;

/// Who stands behind a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwner {
    pub user_id: u64,
    /// First and last name; empty when the portal has neither.
    pub name: String,
    /// May change the settings of applications.
    pub is_admin: bool,
    /// Rights of the application.
    pub scope: Vec<String>,
    /// False until the installation was finished.
    pub is_installed: bool,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Forged, expired, of another portal, or of a person who may not come in.
    #[error("the portal does not accept the token ({0}); open the application in the portal once more")]
    Refused(String),
    #[error(
        "the token belongs to another application of the portal; store the keys of the one that was installed"
    )]
    OtherApplication,
    /// Nothing is known of the token.
    #[error("the portal could not be asked whose the token is: {}", .0.text)]
    Trouble(Trouble),
}

/// Asks the portal that the keys name, in one request that needs no rights.
pub fn verify_token(keys: &AppKeys, access: &Secret, options: &Options) -> Result<TokenOwner, VerifyError> {
    let portal = Portal::open_as(keys, access, options)?;
    let calls = questions();
    let commands: Vec<(String, &Call)> = calls.iter().map(|call| (String::new(), call)).collect();
    let mut answers = portal.batch(&commands, false).into_iter().map(result);
    let mut next = || answers.next().unwrap_or(Ok(Value::Null));
    let (app, profile, scope) = (next()?, next()?, next()?);

    // The documentation calls this the application's code, and names the client_id of a local application so, too; that
    // the two are one it does not say. So the log shows what came, which is no secret.
    // b24: api-reference/common/system/app-info.md, settings/oauth/index.md
    let code = app.get("CODE").and_then(Value::as_str);
    if code != Some(keys.client_id.as_str()) {
        tracing::warn!(
            code = code.unwrap_or_default(), client_id = %keys.client_id,
            "the portal names another application as the token's than the one whose keys are stored"
        );
        return Err(VerifyError::OtherApplication);
    }
    // Of a dismissed user there is nothing to tell.
    let user_id = number(profile.get("ID"))
        .ok_or_else(|| VerifyError::Refused("it names no active user".to_owned()))?;
    let text = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or_default();
    Ok(TokenOwner {
        user_id,
        name: format!("{} {}", text("NAME"), text("LAST_NAME"))
            .trim()
            .to_owned(),
        is_admin: is_true(profile.get("ADMIN")),
        scope: scope
            .as_array()
            .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default(),
        is_installed: is_true(app.get("INSTALLED")),
    })
}

fn questions() -> [Call; 3] {
    [
        // b24: api-reference/common/system/app-info.md
        "app.info", // b24: api-reference/common/users/profile.md
        "profile",  // b24: api-reference/common/system/scope.md
        "scope",
    ]
    .map(|method| Call {
        key: method.to_owned(),
        method: method.to_owned(),
        args: Vec::new(),
        effect: Effect::Read,
    })
}

fn result(answer: Answer) -> Result<Value, VerifyError> {
    match answer {
        Answer::Done { result, .. } => Ok(result),
        Answer::Refused(refusal) if refusal.code.eq_ignore_ascii_case(NO_ACCESS) => {
            Err(VerifyError::Refused(refusal.text))
        }
        // Not a word on the token: the portal does not do what it does for everybody.
        Answer::Refused(refusal) => Err(VerifyError::Trouble(Trouble {
            kind: TroubleKind::NotServed,
            text: refusal.text,
            not_before: None,
        })),
        Answer::Later(trouble) | Answer::Unknown(trouble) => Err(match trouble.kind {
            TroubleKind::TokenExpired | TroubleKind::ConnectionRefused => VerifyError::Refused(trouble.text),
            _ => VerifyError::Trouble(trouble),
        }),
    }
}

fn number(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// PHP says it in several ways.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => matches!(text.as_str(), "Y" | "1" | "true"),
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        _ => false,
    }
}
