//! What a check of the connection found, in words: what is there, what is missing, and how to mend it.

use maud::{Markup, html};

use crate::portal::{Check, Connection, Report};
use crate::web::admin::explain;
use crate::web::admin::view::{Tone, badge, notice};
use crate::web::admin::visit::Visit;
use crate::web::visitor::Language;

/// The result as a card of the portal's page.
pub fn card(visit: &Visit<'_>, report: &Report, connection: &Connection) -> Markup {
    html! {
        section.card #report aria-labelledby="found" {
            h2 #found { (visit.t("Результат проверки", "What the check found")) }
            @if report.passed() {
                (notice(Tone::Good, html! { p { (visit.t("Всё, что нужно, есть: ", "Everything that is needed is there: ")) code { (connection.hint()) } } }))
            } @else if report.is_turned_away() {
                (notice(Tone::Bad, html! { p { (visit.t("Портал не принимает подключение. Запросы сохраняются и ждут.", "The portal refuses the connection. Requests are stored and wait.")) } }))
            } @else if report.is_cut_off() {
                (notice(Tone::Bad, html! { p { (visit.t("Портал не ответил. Запросы сохраняются и ждут.", "The portal did not answer. Requests are stored and wait.")) } }))
            } @else {
                (notice(Tone::Bad, html! { p { (visit.t("Не хватает того, что отмечено: пока это так, запросы не дойдут до портала.", "What is marked is missing: while that is so, requests do not reach the portal.")) } }))
            }
            (lines(visit, report))
        }
    }
}

/// Every line; methods that are there are counted, not listed.
pub fn lines(visit: &Visit<'_>, report: &Report) -> Markup {
    let is_method = |line: &&Check| line.name.starts_with("method ");
    let present = report
        .lines
        .iter()
        .filter(is_method)
        .filter(|line| line.ok)
        .count();
    html! {
        ul.checks {
            @for line in report.lines.iter().filter(|line| !(line.ok && is_method(line))) { (one(visit, line)) }
            @if present > 0 {
                li.check {
                    (badge(Tone::Good, visit.t("Есть", "Present")))
                    div {
                        p.check-name { (visit.t("Методы портала", "The portal's methods")) }
                        p.hint { (visit.t(format!("На месте: {present}."), format!("{present} of them."))) }
                    }
                }
            }
        }
        @if report.is_cut_off() { (ways_to_reach(visit)) }
    }
}

fn one(visit: &Visit<'_>, line: &Check) -> Markup {
    let mark = match (line.ok, line.needed) {
        (false, true) if line.is_turned_away() => badge(Tone::Bad, visit.t("Отказ", "Refused")),
        (false, true) if line.name == "connection" => badge(Tone::Bad, visit.t("Нет связи", "Out of reach")),
        (true, _) => badge(Tone::Good, visit.t("Есть", "Present")),
        (false, true) => badge(Tone::Bad, visit.t("Не хватает", "Missing")),
        (false, false) => badge(Tone::Warn, visit.t("Учтите", "Note")),
    };
    let words = Words::of(visit.lang, line);
    html! {
        li.check .missing[!line.ok && line.needed] {
            (mark)
            div {
                p.check-name { (words.name) }
                @if let Some(said) = &words.said { p.hint { (explain::words(visit.lang, said)) } }
                @if let Some(mend) = &words.mend { p { (mend) } }
            }
        }
    }
}

/// A line of the report in the reader's language.
struct Words {
    name: String,
    /// The portal's own words, or the bridge's, as they are.
    said: Option<String>,
    mend: Option<&'static str>,
}

impl Words {
    fn of(lang: Language, line: &Check) -> Words {
        let bad = !line.ok;
        let mend = |ru, en| bad.then(|| lang.t(ru, en));
        let said = Some(line.detail.clone()).filter(|detail| bad && !detail.is_empty());
        let words = |name: &str, said: Option<String>, mend| Words {
            name: name.to_owned(),
            said,
            mend,
        };
        match line.name.as_str() {
            "connection" if line.is_turned_away() => words(
                lang.t("Подключение к порталу", "The connection to the portal"),
                said,
                None,
            ),
            "connection" if bad => words(
                lang.t("Портал не отвечает", "The portal does not answer"),
                said,
                None,
            ),
            "connection" => words(lang.t("Портал отвечает", "The portal answers"), None, None),
            "encryption" => words(
                lang.t("Шифрование (https)", "Encryption (https)"),
                None,
                mend(
                    "Адрес начинается с http://: ключ видят все на пути к порталу. Допустимо только в закрытой сети.",
                    "The address begins with http://: everybody on the way can read the code. Only for closed networks.",
                ),
            ),
            "right crm" => words(
                lang.t("Право «CRM (crm)»", "The right “CRM (crm)”"),
                None,
                mend(
                    "Откройте вебхук или приложение на портале, в настройке прав отметьте «CRM (crm)» и сохраните.",
                    "Open the webhook or the application in the portal, tick “CRM (crm)” among its permissions and save.",
                ),
            ),
            name if name.starts_with("right user") => words(
                lang.t("Право «Пользователи (user)»", "The right “Users (user)”"),
                None,
                mend(
                    "Без него ответственного можно указать только номером. Отметьте «Пользователи (user)» в настройке прав вебхука, «Пользователи (user_basic)» — у приложения.",
                    "Without it a responsible person can be named by number only. Tick “Users (user)” among the webhook's permissions, “Users (user_basic)” among an application's.",
                ),
            ),
            "reading leads" => words(lang.t("Чтение лидов", "Reading leads"), said, mend(RIGHTS.0, RIGHTS.1)),
            "reading deals" => words(lang.t("Чтение сделок", "Reading deals"), said, mend(RIGHTS.0, RIGHTS.1)),
            "reading contacts" => words(
                lang.t("Чтение контактов", "Reading contacts"),
                said,
                mend(RIGHTS.0, RIGHTS.1),
            ),
            "CRM mode" => words(
                lang.t("Работа с лидами", "Work with leads"),
                None,
                mend(
                    "Включён режим «Простая CRM»: новый лид сразу превращается в сделку. Выбирайте в каналах сделки.",
                    "Simple CRM mode is on: a new lead turns into a deal at once. Choose deals in your channels.",
                ),
            ),
            "methods" => words(
                lang.t("Список методов", "The list of methods"),
                None,
                mend(
                    "Портал его не дал; мост считает, что все методы на месте.",
                    "The portal did not give it; the bridge takes all of them to be there.",
                ),
            ),
            name => match name.strip_prefix("method ") {
                Some(method) => Words {
                    name: lang.t(format!("Метод {method}"), format!("Method {method}")),
                    said: said.filter(|_| !line.needed),
                    mend: mend("", "").and(line.needed.then(|| {
                        lang.t(
                            "Без него запрос не доставить. Дайте вебхуку или приложению право «CRM (crm)»; если оно есть — обновите модули «CRM» и «REST API» портала.",
                            "Nothing can be delivered without it. Grant the webhook or the application “CRM (crm)”; if it has it, update the portal's modules CRM and REST API.",
                        )
                    })),
                },
                None => words(name, Some(line.detail.clone()), None),
            },
        }
    }
}

const RIGHTS: (&str, &str) = (
    "Дайте сотруднику, от имени которого работает мост, роль с правом на чтение: CRM → Настройки → Права доступа.",
    "Give the person in whose name the bridge works a role that may read: CRM → Settings → Access permissions.",
);

/// What to look at when the portal does not answer.
pub fn ways_to_reach(visit: &Visit<'_>) -> Markup {
    html! {
        p { (visit.t("Что проверить:", "What to look at:")) }
        ul.ways {
            li { (visit.t("открывается ли адрес портала с этого сервера (не с вашего компьютера) и пропускает ли его межсетевой экран;", "whether the portal's address opens on this server (not on your computer), and whether a firewall lets it through;")) }
            li { (visit.t("знает ли сервер имя портала; если нет — запустите мост с ", "whether this server knows the portal's name; if not, start the bridge with ")) code { "--portal-resolve" } ";" }
            li { (visit.t("если сертификат портала выдан вашим удостоверяющим центром — ", "if the portal's certificate is from an authority of your own: ")) code { "--portal-ca" } ";" }
            li { (visit.t("не удалены ли вебхук или приложение.", "whether the webhook or the application was deleted.")) }
        }
    }
}
