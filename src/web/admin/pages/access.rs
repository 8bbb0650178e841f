//! Coming in and going out: first start, sign-in, sign-out, language.

use maud::{Markup, html};

use crate::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use crate::http::{Response, StatusCode};
use crate::store::AccountId;
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::password::{self, LONGEST, LONGEST_NAME, SHORTEST, Weak};
use crate::web::admin::router::{Route, greet, knock, manage};
use crate::web::admin::security;
use crate::web::admin::session::{self, Operator};
use crate::web::admin::view::{Input, Tone, error_summary, notice, submit};
use crate::web::admin::visit::{Answer, Problem, Visit, local};
use crate::web::admin::words::{Text, text};
use crate::web::visitor::Language;

pub const ROUTES: &[Route] = &[
    greet("/setup/{token}", first_start),
    knock("/setup/{token}", begin),
    greet("/sign-in", sign_in),
    knock("/sign-in", enter),
    manage("/sign-out", leave),
    knock("/language", choose_language),
];

const NAME: Text = text("Имя", "Name");
const PASSWORD: Text = text("Пароль", "Password");

/// The first administrator's page, behind a link that `serve` printed.
fn first_start(visit: &Visit<'_>) -> Answer {
    if !is_admitted(visit) {
        return link_is_over(visit);
    }
    first_start_form(visit, &Form::default(), &Errors::default(), StatusCode::OK)
}

fn is_admitted(visit: &Visit<'_>) -> bool {
    visit
        .site
        .setup()
        .as_ref()
        .is_some_and(|link| link.admits(visit.param("token"), visit.now))
}

fn link_is_over(visit: &Visit<'_>) -> Answer {
    let has_accounts = visit.site.store.has_accounts()?;
    visit
        .page(visit.t("Ссылка больше не действует", "This link is no longer good"))
        .narrow()
        .status(StatusCode::GONE)
        .body(html! {
            @if has_accounts {
                p { (visit.t("Администратор уже есть. Войдите под его именем.", "There is an administrator already. Sign in by that name.")) }
                p { a.button.primary href="/sign-in" { (visit.t("Войти", "Sign in")) } }
            } @else {
                p { (visit.t("Она действует 15 минут и один раз. Чтобы получить новую, перезапустите ", "It is good for 15 minutes and once. For a new one, restart ")) code { "b24-bridge serve" } "." }
                (how_without_link(visit))
            }
        })
        .show()
}

fn how_without_link(visit: &Visit<'_>) -> Markup {
    html! {
        p { (visit.t("Можно и без ссылки — командой на сервере:", "It works without a link, too, by a command on the server:")) }
        pre { code { "b24-bridge user add " (visit.t("ИМЯ", "NAME")) } }
    }
}

fn first_start_form(visit: &Visit<'_>, form: &Form, errors: &Errors, status: StatusCode) -> Answer {
    visit
        .page(visit.t("Первый администратор", "The first administrator"))
        .narrow()
        .status(status)
        .body(html! {
            p { (visit.t("Этими именем и паролем вы будете входить сюда. Других администраторов можно добавить позже.", "You will sign in here by this name and password. Other administrators can be added later.")) }
            (error_summary(visit.lang, errors))
            form method="post" action=(visit.path) {
                (visit.csrf())
                (name_field(visit, form).errors(errors))
                (Input::password("password", visit.lang.of(PASSWORD), "new-password").required().max(LONGEST)
                    .hint(visit.t(format!("Не короче {SHORTEST} знаков; подойдёт и целая фраза."), format!("At least {SHORTEST} characters; a whole sentence will do.")))
                    .errors(errors))
                (Input::password("again", visit.t("Пароль ещё раз", "Password again"), "new-password").required().max(LONGEST).errors(errors))
                (submit(visit.t("Начать", "Begin")))
            }
        })
        .show()
}

fn name_field(visit: &Visit<'_>, form: &Form) -> Input {
    Input::text("name", visit.lang.of(NAME))
        .value(form.text("name"))
        .autocomplete("username")
        .max(LONGEST_NAME)
        .required()
}

fn begin(visit: &Visit<'_>, form: &Form) -> Answer {
    if !is_admitted(visit) {
        return link_is_over(visit);
    }
    let (name, password) = (form.text("name"), form.get("password").unwrap_or_default());
    let mut errors = check_account(visit.lang, name, password);
    if form.get("again").unwrap_or_default() != password {
        errors.add("again", visit.t("Пароли не совпадают.", "The passwords differ."));
    }
    if !errors.is_empty() {
        return first_start_form(visit, form, &errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let hash = hash(visit, password)?;
    // Two browsers with the link: one of them is the first.
    let Some(account) = visit.site.store.add_first_account(name, hash)? else {
        return link_is_over(visit);
    };
    *visit.site.setup() = None;
    tracing::info!(name, address = %visit.peer, "the first administrator has come in");
    signed_in(visit, account, "/")
}

/// What is wrong with a name and a password for a new account: beside the fields `name` and `password`.
pub fn check_account(lang: Language, name: &str, password: &str) -> Errors {
    let mut errors = Errors::default();
    if !password::is_name(name) {
        errors.add(
            "name",
            lang.t(
                format!("Введите имя, не длиннее {LONGEST_NAME} знаков."),
                format!("Enter a name of at most {LONGEST_NAME} characters."),
            ),
        );
    }
    if let Err(weak) = password::check(name, password) {
        let text = match weak {
            Weak::Short => lang.t(
                format!("Пароль короче {SHORTEST} знаков."),
                format!("The password is shorter than {SHORTEST} characters."),
            ),
            Weak::Long => lang.t(
                format!("Пароль длиннее {LONGEST} знаков."),
                format!("The password is longer than {LONGEST} characters."),
            ),
            Weak::Guessable => lang.t(
                "Такой пароль легко угадать: он повторяет имя или несколько знаков.".to_owned(),
                "This password is easily guessed: it repeats the name or a few characters.".to_owned(),
            ),
        };
        errors.add("password", text);
    }
    errors
}

/// Hashes a password; one at a time.
pub fn hash(visit: &Visit<'_>, password: &str) -> Result<String, Problem> {
    let _one = visit.site.hashing();
    password::hash(password)
        .map_err(|error| Problem::Store(crate::store::StoreError::NoRandomness(error.to_string())))
}

fn signed_in(visit: &Visit<'_>, account: AccountId, next: &str) -> Answer {
    let cookie = session::open(visit.site, account, visit.peer.to_string(), visit.headers)?;
    Ok(with_cookie(security::see_other(local(next)), cookie))
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

fn sign_in(visit: &Visit<'_>) -> Answer {
    let next = local(visit.query.text("next"));
    if visit.admin().is_some() {
        return visit.go(next);
    }
    if !visit.site.store.has_accounts()? {
        return nobody_yet(visit);
    }
    sign_in_form(visit, &Form::default(), next, None, StatusCode::OK)
}

/// No account: the link is in the terminal, and is not shown to whoever comes by.
fn nobody_yet(visit: &Visit<'_>) -> Answer {
    visit
        .page(visit.t("Администратора пока нет", "There is no administrator yet"))
        .narrow()
        .body(html! {
            p { (visit.t("Откройте одноразовую ссылку, которую напечатал сервер при запуске: строка ", "Open the one-time link that the server printed when it started: the line ")) code { "setup" } "." }
            (how_without_link(visit))
        })
        .show()
}

fn sign_in_form(
    visit: &Visit<'_>,
    form: &Form,
    next: &str,
    error: Option<&str>,
    status: StatusCode,
) -> Answer {
    visit
        .page(visit.t("Вход", "Sign in"))
        .narrow()
        .status(status)
        .body(html! {
            @if let Some(error) = error { (notice(Tone::Bad, html! { p { (error) } })) }
            form method="post" action="/sign-in" {
                (visit.csrf())
                input type="hidden" name="next" value=(next);
                (name_field(visit, form))
                (Input::password("password", visit.lang.of(PASSWORD), "current-password").required().max(LONGEST))
                (submit(visit.t("Войти", "Sign in")))
            }
        })
        .show()
}

fn enter(visit: &Visit<'_>, form: &Form) -> Answer {
    let (name, password) = (form.text("name"), form.get("password").unwrap_or_default());
    let next = local(form.text("next"));
    let began = visit.site.attempts().begin(visit.peer, name, visit.now);
    if let Err(wait) = began {
        let wait_text = visit.lang.span(wait);
        let error = visit.t(
            format!("Слишком много попыток. Подождите: {wait_text}."),
            format!("Too many attempts. Wait for {wait_text}."),
        );
        let answer = sign_in_form(visit, form, next, Some(&error), StatusCode::TOO_MANY_REQUESTS);
        return answer.map(|mut response| {
            let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
            response.headers_mut().insert(RETRY_AFTER, seconds);
            response
        });
    }
    // A longer one is nobody's, and costs time to hash.
    let is_sane = password.chars().count() <= LONGEST;
    let found = visit.site.store.account(name)?.filter(|_| is_sane);
    let is_right = {
        let _one = visit.site.hashing();
        let hash = found.as_ref().map(|(_, hash)| hash.as_str());
        password::verify(if is_sane { password } else { "" }, hash)
    };
    match found {
        Some((account, _)) if is_right => {
            visit.site.attempts().succeeded(visit.peer, name);
            tracing::info!(name = account.name, address = %visit.peer, "signed in");
            signed_in(visit, account.id, next)
        }
        _ => {
            // The name is not logged: people type passwords into the wrong field.
            tracing::warn!(address = %visit.peer, "a sign-in failed");
            let error = visit.t(
                "Имя или пароль не подходят.",
                "The name or the password is wrong.",
            );
            sign_in_form(visit, form, next, Some(error), StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

fn leave(visit: &Visit<'_>, admin: &Operator, _: &Form) -> Answer {
    let cookie = session::close(visit.site, admin)?;
    Ok(with_cookie(security::see_other("/sign-in"), cookie))
}

fn choose_language(visit: &Visit<'_>, form: &Form) -> Answer {
    let language = Language::from_code(form.text("language")).ok_or(Problem::NotFound)?;
    if let Some(operator) = visit.who.operator() {
        visit
            .site
            .store
            .set_language(operator.account(), Some(language.code()))?;
    }
    Ok(with_cookie(
        security::see_other(&visit.came_from()),
        session::language_cookie(language),
    ))
}
