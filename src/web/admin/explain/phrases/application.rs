//! Why a local application is not connected, or is not any more, in Russian.

/// What [`crate::portal`] and [`crate::deliver`] say of keys, tokens and the authorization server.
pub(super) const APPLICATION: &[(&str, &str)] = &[
    ("the authorization server", "сервер авторизации"),
    ("an error without a name", "ошибка без названия"),
    (
        "the authorization server answered {}",
        "сервер авторизации ответил: {0}",
    ),
    (
        "it sends the request on to another address; check --oauth-url",
        "он отправляет на другой адрес; проверьте --oauth-url",
    ),
    ("it did not answer", "он не ответил"),
    // `portal_app::install`
    (
        "the portal answered false",
        "портал ответил, что ничего не сделал",
    ),
    (
        "the portal does not accept the token ({}); open the application in the portal once more",
        "Портал не принимает ключ доступа ({0}). Откройте приложение на портале ещё раз.",
    ),
    (
        "the token belongs to another application of the portal; store the keys of the one that was installed",
        "Ключ доступа принадлежит другому приложению портала. Сохраните ключи того приложения, которое установлено.",
    ),
    (
        "the portal could not be asked whose the token is: {}",
        "Не удалось спросить портал, чей это ключ доступа: {0}.",
    ),
    (
        "it names no active user",
        "в ответе портала нет действующего сотрудника",
    ),
    (
        "an application's connection is opened together with its tokens",
        "подключение приложения не открывается без его ключей доступа",
    ),
    ("it cannot be read", "его не удаётся прочитать"),
    (
        "the access token has expired, and the tokens cannot be locked for a renewal ({})",
        "ключ доступа просрочен, и заблокировать ключи на время продления не удалось ({0})",
    ),
    ("the bridge is stopping", "мост останавливается"),
    (
        "another process has been renewing them for too long",
        "их слишком долго продлевает другой процесс",
    ),
    (
        "the application's tokens cannot be read ({})",
        "ключи доступа приложения не читаются ({0})",
    ),
    ("it was removed from the portal", "его удалили с портала"),
    (
        "the authorization server gives no new tokens: {}",
        "сервер авторизации не выдаёт новых ключей: {0}",
    ),
    (
        "these are not the application's keys any more; start again with the ones that are stored now",
        "Ключи приложения с тех пор изменились. Начните заново с теми, что сохранены сейчас.",
    ),
    (
        "the tokens are those of another portal; connect the portal that the bridge knows",
        "Это ключи доступа другого портала. Подключите тот портал, который указан здесь.",
    ),
    (
        "{} is connected, and the application is one of {}; store the application's keys once more if it is to take over",
        "Подключён портал {0}, а приложение — портала {1}. Если работать должно оно, сохраните ключи приложения ещё раз.",
    ),
    (
        "the authorization server does not accept the code ({}); start the connection once more",
        "Сервер авторизации не принимает код ({0}). Начните подключение ещё раз.",
    ),
    (
        "the authorization server could not be asked: {}; try again in a moment",
        "Сервер авторизации недоступен: {0}. Попробуйте ещё раз через минуту.",
    ),
    (
        "the portal calls itself {}, the application's keys were stored for {}; store them with the portal's own address, and name its network address with --portal-resolve if need be",
        "Портал называет себя {0}, а ключи приложения сохранены для {1}. Сохраните их с собственным адресом портала; если имя не находится, укажите его сетевой адрес в --portal-resolve.",
    ),
];
