//! Whose token it is, as portals tell it.

use serde_json::{Value, json as value};

use super::test_server::{Act, Server, json};
use super::token_tests::{ID, KEY, expired, token_of};
use super::*;

/// A portal that answers the three questions about a token.
fn asked_whose(app: Value, profile: Value) -> Result<TokenOwner, VerifyError> {
    let server = Server::start(move |_, request| {
        if token_of(&request.body) != "frame-token" {
            return expired();
        }
        let result = value!({"k__app_2einfo": app, "k__profile": profile, "k__scope": ["crm", "im"]});
        json(value!({"result": {"result": result, "result_error": []}}).to_string())
    });
    let keys = app_keys(&format!("http://{}", server.address), ID, KEY).unwrap();
    let forged = verify_token(&keys, &Secret::new("forged"), &Options::default());
    assert!(matches!(forged, Err(VerifyError::Refused(_))), "{forged:?}");
    verify_token(&keys, &Secret::new("frame-token"), &Options::default())
}

#[test]
fn a_tokens_owner_is_who_the_portal_says() {
    let app = value!({"ID": 5, "CODE": ID, "STATUS": "L", "INSTALLED": true});
    let profile = value!({"ID": "7", "ADMIN": true, "NAME": "Анна", "LAST_NAME": ""});
    assert_eq!(
        asked_whose(app.clone(), profile).unwrap(),
        TokenOwner {
            user_id: 7,
            name: "Анна".to_owned(),
            is_admin: true,
            scope: vec!["crm".to_owned(), "im".to_owned()],
            is_installed: true,
        }
    );
    let employee = value!({"ID": "8", "ADMIN": false, "NAME": "Пётр", "LAST_NAME": "Ли"});
    let owner = asked_whose(app.clone(), employee).unwrap();
    assert_eq!((owner.name.as_str(), owner.is_admin), ("Пётр Ли", false));
    // A dismissed user's profile is empty.
    assert!(matches!(
        asked_whose(app, value!([])),
        Err(VerifyError::Refused(_))
    ));
    for other in [value!({"CODE": "local.other"}), value!({}), value!([])] {
        let owner = asked_whose(other, value!({"ID": "1", "ADMIN": true}));
        assert_eq!(owner, Err(VerifyError::OtherApplication));
    }
}

#[test]
fn a_portal_that_does_not_answer_is_no_proof_of_anything() {
    let keys = app_keys("http://nobody.invalid", ID, KEY).unwrap();
    let asked = verify_token(&keys, &Secret::new("t"), &Options::default());
    assert!(matches!(asked, Err(VerifyError::Trouble(_))), "{asked:?}");
}

#[test]
fn a_portal_that_serves_nobody_says_nothing_of_the_token() {
    let answers: [fn() -> Act; 4] = [
        || {
            Act::Reply(
                302,
                "Location: https://portal.example/login/\r\n".into(),
                String::new(),
            )
        },
        || said(400, "INVALID_REQUEST", "Https required"),
        || {
            said(
                403,
                "ACCESS_DENIED",
                "REST API is available only on commercial plans",
            )
        },
        || said(500, "PORTAL_DELETED", "Portal was deleted"),
    ];
    for answer in answers {
        let asked = asked_of(answer);
        assert!(matches!(asked, Err(VerifyError::Trouble(_))), "{asked:?}");
    }
    let answers: [fn() -> Act; 4] = [
        expired,
        || said(401, "NO_AUTH_FOUND", "Wrong authorization data"),
        || said(403, "INVALID_CREDENTIALS", "Invalid request credentials"),
        || said(403, "user_access_error", "The user does not have access"),
    ];
    for answer in answers {
        let asked = asked_of(answer);
        assert!(matches!(asked, Err(VerifyError::Refused(_))), "{asked:?}");
    }
}

fn said(status: u16, code: &str, text: &str) -> Act {
    let body = value!({"error": code, "error_description": text}).to_string();
    Act::Reply(status, "Content-Type: application/json\r\n".into(), body)
}

fn asked_of(answer: fn() -> Act) -> Result<TokenOwner, VerifyError> {
    let server = Server::start(move |_, _| answer());
    let keys = app_keys(&format!("http://{}", server.address), ID, KEY).unwrap();
    verify_token(&keys, &Secret::new("frame-token"), &Options::default())
}
