//! When there is no page: what went wrong, and the way on.

use maud::html;

use crate::http::header::{ALLOW, HeaderValue};
use crate::http::{BodyError, Response, StatusCode};
use crate::web::admin::visit::{Problem, Visit};
use crate::web::admin::{explain, security, session};

/// The page of a problem, in the visitor's language.
pub fn problem(visit: &Visit<'_>, problem: &Problem) -> Response {
    let (status, title, text) = match problem {
        Problem::NotFound => (
            StatusCode::NOT_FOUND,
            visit.t("Здесь ничего нет", "There is nothing here"),
            visit.t(
                "Такой страницы нет, или то, что на ней было, удалено.",
                "There is no such page, or what was on it has been removed.",
            ),
        ),
        Problem::MethodNotAllowed(_) => (
            StatusCode::METHOD_NOT_ALLOWED,
            visit.t("Так эта страница не открывается", "This page is not opened like that"),
            visit.t("Вернитесь назад и повторите.", "Go back and try again."),
        ),
        Problem::SignInFirst => return sign_in_first(visit),
        Problem::Forged => (
            StatusCode::FORBIDDEN,
            visit.t("Форма устарела", "The form is out of date"),
            visit.t(
                "Ничего не изменено: форма открыта до входа или отправлена не с этого сайта. Вернитесь назад, обновите страницу и отправьте её снова.",
                "Nothing was changed: the form was opened before you signed in, or was not sent from this site. Go back, reload the page and send it again.",
            ),
        ),
        Problem::NotInFrame => (
            StatusCode::FORBIDDEN,
            visit.t("Внутри портала этой страницы нет", "This page is not shown inside the portal"),
            visit.t(
                "Подключение портала и настройки самого моста открываются на его собственных страницах: их ведёт администратор моста.",
                "The portal's connection and the settings of the bridge itself are on its own pages, for the bridge's administrator.",
            ),
        ),
        Problem::FrameOver => (
            StatusCode::UNAUTHORIZED,
            visit.t("Сеанс закончился", "Your session has ended"),
            visit.t(
                "Ничего не изменено. Закройте это окно и снова нажмите на портале «Интеграция с сайтом».",
                "Nothing was changed. Close this window and press “Website integration” in the portal again.",
            ),
        ),
        Problem::NoForm => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            visit.t("Это не форма", "This is no form"),
            visit.t("Ожидались поля формы.", "Expected the fields of a form."),
        ),
        Problem::Body(error) => {
            let status = match error {
                BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
                BodyError::Busy => StatusCode::SERVICE_UNAVAILABLE,
                BodyError::TooSlow | BodyError::Broken => StatusCode::BAD_REQUEST,
            };
            (
                status,
                visit.t("Форма не получена", "The form did not arrive"),
                visit.t(
                    "Ничего не изменено: она слишком велика, или связь прервалась. Вернитесь назад и повторите.",
                    "Nothing was changed: it is too large, or the connection broke. Go back and try again.",
                ),
            )
        }
        Problem::Store(error) => {
            tracing::error!(%error, path = visit.path, "a page could not read or write the store");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                visit.t("Хранилище не отвечает", "The storage does not answer"),
                visit.t(
                    "Причина — ниже и в журнале сервера. Вернитесь назад и повторите.",
                    "The reason is below and in the server's log. Go back and try again.",
                ),
            )
        }
    };
    let mut response = visit
        .page(title)
        .narrow()
        .status(status)
        .body(html! {
            p { (text) }
            @if let Problem::Store(error) = problem { p.hint { (explain::of_store(visit.lang, error)) } }
            @if !matches!(problem, Problem::FrameOver) {
                p { a.button href=(visit.at("/")) { (visit.t("На главную", "To the front page")) } }
            }
        })
        .response();
    if let Problem::MethodNotAllowed(allowed) = problem {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allowed));
    }
    response
}

/// A page that was asked for is shown after the sign-in; a form that was sent is not lost while its page stays open.
fn sign_in_first(visit: &Visit<'_>) -> Response {
    if visit.is_read {
        return security::see_other(&session::sign_in_path(visit.path, visit.raw_query));
    }
    visit
        .page(visit.t("Сеанс закончился", "Your session has ended"))
        .narrow()
        .status(StatusCode::UNAUTHORIZED)
        .body(html! {
            p {
                (visit.t(
                    "Ничего не изменено. Войдите в новой вкладке; введённое останется на прежней странице — вернитесь на неё, скопируйте нужное и обновите её.",
                    "Nothing was changed. Sign in in a new tab; what you typed is still on the page before: go back to it, copy what you need and reload it.",
                ))
            }
            p { a.button.primary href="/sign-in" target="_blank" rel="noopener" { (visit.t("Войти в новой вкладке", "Sign in in a new tab")) } }
        })
        .response()
}
