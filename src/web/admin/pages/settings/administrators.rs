//! Administrators: the list, a new one, another password, removal.

use maud::{Markup, html};

use super::number;
use crate::http::StatusCode;
use crate::store::{Account, AccountId, Deleted};
use crate::web::admin::form::{Errors, Form};
use crate::web::admin::pages::access::{check_account, hash};
use crate::web::admin::password::{self, LONGEST, LONGEST_NAME, SHORTEST};
use crate::web::admin::session::Operator;
use crate::web::admin::view::{
    Column, Input, Section, Table, Tone, badge, confirm, error_summary, facts, notice, submit,
};
use crate::web::admin::visit::{Answer, Problem, Visit};

/// The list, as a card of the settings.
pub fn card(visit: &Visit<'_>, admin: &Operator) -> Result<Markup, Problem> {
    let accounts = visit.site.store.accounts()?;
    let mut table = Table::new(
        visit.t("Администраторы", "Administrators"),
        [
            Column::main(visit.t("Имя", "Name")),
            Column::new(visit.t("Добавлен", "Added")),
            Column::new(visit.t("Последний вход", "Last sign-in")),
        ],
    );
    for account in &accounts {
        table.row([
            html! {
                a href=(path(account)) { (account.name) }
                @if account.id == admin.account() { " " (badge(Tone::Plain, visit.t("Это вы", "You"))) }
            },
            visit.lang.time(account.created_at, visit.zone()),
            html! {
                @match account.seen_at {
                    Some(at) => (visit.lang.time(at, visit.zone())),
                    None => (visit.t("ещё не входил", "never")),
                }
            },
        ]);
    }
    Ok(html! {
        section.card aria-labelledby="administrators" {
            h2 #administrators { (visit.t("Администраторы", "Administrators")) }
            (table)
            div.buttons { a.button href="/settings/administrators/new" { (visit.t("Добавить администратора", "Add an administrator")) } }
        }
    })
}

fn path(account: &Account) -> String {
    format!("/settings/administrators/{}", account.id.0)
}

pub fn new(visit: &Visit<'_>, _: &Operator) -> Answer {
    new_page(visit, &Form::default(), &Errors::default(), StatusCode::OK)
}

fn new_page(visit: &Visit<'_>, form: &Form, errors: &Errors, status: StatusCode) -> Answer {
    visit
        .page(visit.t("Новый администратор", "A new administrator"))
        .section(Section::Settings)
        .back("/settings", visit.t("Настройки", "Settings"))
        .status(status)
        .body(html! {
            (error_summary(visit.lang, errors))
            form.card method="post" action="/settings/administrators/new" {
                (visit.csrf())
                p.about { (visit.t("Администратор видит и меняет всё. Передайте ему имя и пароль лично; пароль он сможет сменить здесь же.", "An administrator sees and changes everything. Hand over name and password in person; the password can be changed here later.")) }
                (Input::text("name", visit.t("Имя", "Name")).value(form.text("name")).max(LONGEST_NAME).required().errors(errors))
                (password_fields(visit, errors))
                div.buttons {
                    (submit(visit.t("Добавить", "Add")))
                    a.button href="/settings" { (visit.t("Отмена", "Cancel")) }
                }
            }
        })
        .show()
}

fn password_fields(visit: &Visit<'_>, errors: &Errors) -> Markup {
    html! {
        (Input::password("password", visit.t("Новый пароль", "New password"), "new-password").required().max(LONGEST)
            .hint(visit.t(format!("Не короче {SHORTEST} знаков; подойдёт и целая фраза."), format!("At least {SHORTEST} characters; a whole sentence will do.")))
            .errors(errors))
        (Input::password("again", visit.t("Пароль ещё раз", "Password again"), "new-password").required().max(LONGEST).errors(errors))
    }
}

/// What is wrong with a name and a password typed twice.
fn check(visit: &Visit<'_>, name: &str, form: &Form) -> Errors {
    let password = form.get("password").unwrap_or_default();
    let mut errors = check_account(visit.lang, name, password);
    if form.get("again").unwrap_or_default() != password {
        errors.add("again", visit.t("Пароли не совпадают.", "The passwords differ."));
    }
    errors
}

pub fn add(visit: &Visit<'_>, admin: &Operator, form: &Form) -> Answer {
    let name = form.text("name");
    let mut errors = check(visit, name, form);
    let taken = |errors: &mut Errors| {
        errors.add(
            "name",
            visit.t(
                "Администратор с таким именем уже есть.",
                "There is an administrator of this name already.",
            ),
        );
    };
    if visit.site.store.account(name)?.is_some() {
        taken(&mut errors);
    }
    if errors.is_empty() {
        let hash = hash(visit, form.get("password").unwrap_or_default())?;
        if visit.site.store.add_account(name, hash)?.is_some() {
            tracing::info!(name, by = admin.name(), "an administrator was added");
            return visit.done(
                "/settings",
                visit.t(
                    format!("Администратор «{name}» добавлен."),
                    format!("{name} can sign in now."),
                ),
            );
        }
        taken(&mut errors);
    }
    new_page(visit, form, &errors, StatusCode::UNPROCESSABLE_ENTITY)
}

fn find(visit: &Visit<'_>) -> Result<Account, Problem> {
    let id = AccountId(number(visit)?);
    let accounts = visit.site.store.accounts()?;
    accounts
        .into_iter()
        .find(|account| account.id == id)
        .ok_or(Problem::NotFound)
}

pub fn one(visit: &Visit<'_>, admin: &Operator) -> Answer {
    one_page(visit, admin, &find(visit)?, &Errors::default(), StatusCode::OK)
}

fn one_page(
    visit: &Visit<'_>,
    admin: &Operator,
    account: &Account,
    errors: &Errors,
    status: StatusCode,
) -> Answer {
    let is_me = account.id == admin.account();
    let sessions = visit.site.store.sessions(Some(account.id), visit.now)?.len();
    let is_last = visit.site.store.accounts()?.len() == 1;
    let path = path(account);
    visit
        .page(&account.name)
        .section(Section::Settings)
        .back("/settings", visit.t("Настройки", "Settings"))
        .status(status)
        .body(html! {
            (error_summary(visit.lang, errors))
            section.card aria-label=(visit.t("Сведения", "Facts")) {
                (facts(&[
                    (visit.t("Добавлен", "Added"), visit.lang.time(account.created_at, visit.zone())),
                    (visit.t("Последний вход", "Last sign-in"), html! {
                        @match account.seen_at {
                            Some(at) => (visit.lang.time(at, visit.zone())),
                            None => (visit.t("ещё не входил", "never")),
                        }
                    }),
                    (visit.t("Открытых сеансов", "Open sessions"), html! { (sessions) }),
                ]))
            }
            form.card method="post" action={ (path) "/password" } aria-labelledby="password" {
                (visit.csrf())
                h2 #password { (visit.t("Сменить пароль", "Change the password")) }
                // Password managers keep the new password under this name.
                input type="text" name="username" value=(account.name) autocomplete="username" hidden;
                @if is_me {
                    (Input::password("current", visit.t("Нынешний пароль", "Current password"), "current-password").required().max(LONGEST).errors(errors))
                }
                (password_fields(visit, errors))
                p.hint { @if is_me {
                    (visit.t("Все ваши сеансы, кроме этого, закончатся.", "All your sessions but this one end."))
                } @else {
                    (visit.t("Все сеансы этого администратора закончатся, ему придётся войти заново.", "All sessions of this administrator end; they have to sign in again."))
                } }
                div.buttons { (submit(visit.t("Сменить пароль", "Change the password"))) }
            }
            section.card aria-labelledby="removal" {
                h2 #removal { (visit.t("Удаление", "Removal")) }
                @if is_last {
                    (notice(Tone::Plain, html! { p { (visit.t("Это единственный администратор: без него никто не сможет войти. Сначала добавьте другого.", "This is the only administrator: nobody could sign in without it. Add another one first.")) } }))
                } @else {
                    (confirm(visit, &format!("{path}/delete"), visit.t("Удалить администратора", "Remove the administrator"), html! {
                        p { @if is_me {
                            (visit.t("Вы удаляете себя: сеанс сразу закончится, и войти под этим именем будет нельзя.", "You are removing yourself: your session ends at once, and this name signs in no more."))
                        } @else {
                            (visit.t("Его сеансы сразу закончатся, и войти под этим именем будет нельзя. Каналы и запросы остаются.", "Their sessions end at once, and this name signs in no more. Channels and requests stay."))
                        } }
                    }, visit.t("Удалить", "Remove")))
                }
            }
        })
        .show()
}

pub fn set_password(visit: &Visit<'_>, admin: &Operator, form: &Form) -> Answer {
    let account = find(visit)?;
    let is_me = account.id == admin.account();
    let mut errors = check(visit, &account.name, form);
    if is_me {
        check_current(visit, &account, form, &mut errors)?;
    }
    if !errors.is_empty() {
        return one_page(visit, admin, &account, &errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let hash = hash(visit, form.get("password").unwrap_or_default())?;
    let keep = is_me.then(|| admin.session());
    if !visit.site.store.set_password(&account.name, hash, keep)? {
        return Err(Problem::NotFound);
    }
    tracing::info!(name = account.name, by = admin.name(), "a password was changed");
    visit.done(
        &path(&account),
        visit.t("Пароль изменён.", "The password is changed."),
    )
}

/// A browser left open must not be enough to take the account over. Guessing is throttled as at the sign-in.
fn check_current(
    visit: &Visit<'_>,
    account: &Account,
    form: &Form,
    errors: &mut Errors,
) -> Result<(), Problem> {
    if let Err(wait) = visit.site.attempts().begin(visit.peer, &account.name, visit.now) {
        let wait = visit.lang.span(wait);
        errors.add(
            "current",
            visit.t(
                format!("Слишком много попыток. Подождите: {wait}."),
                format!("Too many attempts. Wait for {wait}."),
            ),
        );
        return Ok(());
    }
    let typed = form.get("current").unwrap_or_default();
    let is_sane = typed.chars().count() <= LONGEST;
    let found = visit.site.store.account(&account.name)?;
    let is_right = is_sane && {
        let _one = visit.site.hashing();
        password::verify(typed, found.as_ref().map(|(_, hash)| hash.as_str()))
    };
    if is_right {
        visit.site.attempts().succeeded(visit.peer, &account.name);
    } else {
        errors.add(
            "current",
            visit.t("Нынешний пароль не подходит.", "The current password is wrong."),
        );
    }
    Ok(())
}

pub fn delete(visit: &Visit<'_>, admin: &Operator, _: &Form) -> Answer {
    let account = find(visit)?;
    match visit.site.store.delete_account_but_last(account.id)? {
        Deleted::Done => {
            tracing::info!(
                name = account.name,
                by = admin.name(),
                "an administrator was removed"
            );
            let text = visit.t(
                format!("Администратор «{}» удалён.", account.name),
                format!("{} is no administrator any more.", account.name),
            );
            visit.done("/settings", text)
        }
        Deleted::NotFound => Err(Problem::NotFound),
        Deleted::IsLast => visit.failed(
            &path(&account),
            visit.t(
                "Это единственный администратор; сначала добавьте другого.",
                "This is the only administrator; add another one first.",
            ),
        ),
    }
}
