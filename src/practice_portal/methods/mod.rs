//! The REST methods the practice portal has, and how one is called.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::world::{Kin, World};
use crate::model::Millis;

mod activity;
mod app;
mod bindings;
mod books;
mod comment;
mod duplicate;
mod entity;
mod notify;
mod people;
mod placement;
mod system;

/// What a method answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub result: Value,
    /// List methods only.
    pub total: Option<usize>,
    pub next: Option<usize>,
}

impl From<Value> for Reply {
    fn from(result: Value) -> Reply {
        Reply {
            result,
            total: None,
            next: None,
        }
    }
}

/// A refusal as the portal words it.
// b24: error-codes.md
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestError {
    pub status: u16,
    /// Empty for most refusals of the CRM.
    pub code: String,
    pub text: String,
    /// The parameter it is about, where the portal names one.
    pub argument: Option<&'static str>,
}

impl RestError {
    pub fn new(status: u16, code: &str, text: impl Into<String>) -> RestError {
        RestError {
            status,
            code: code.to_owned(),
            text: text.into(),
            argument: None,
        }
    }

    /// A refusal of the CRM: a text without a code.
    pub fn crm(text: impl Into<String>) -> RestError {
        RestError::new(400, "", text)
    }

    /// A parameter that a newer method cannot do without.
    // b24: api-reference/crm/timeline/activities/todo/crm-activity-todo-add.md (code 100)
    pub fn missing(parameter: &str) -> RestError {
        RestError::new(
            400,
            "100",
            format!("Could not find value for parameter {{{parameter}}}"),
        )
    }

    pub fn method_not_found() -> RestError {
        RestError::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    }

    // b24: _includes/system-errors.md
    pub fn insufficient_scope() -> RestError {
        RestError::new(
            403,
            "insufficient_scope",
            "The request requires higher privileges than provided by the webhook token",
        )
    }
}

pub type Answer = Result<Reply, RestError>;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub user_id: u64,
    /// The application whose token it is; a webhook has none.
    pub application: Option<String>,
}

/// What a method works with.
pub struct Desk<'a> {
    pub world: &'a mut World,
    pub caller: &'a Caller,
    pub now: Millis,
}

type Run = fn(&mut Desk<'_>, &Value) -> Answer;

/// A method: its name, the right it needs (empty: none), what it does.
pub struct Method {
    pub name: &'static str,
    pub scope: &'static str,
    /// Changes the portal.
    pub writes: bool,
    run: Run,
}

const fn read(name: &'static str, scope: &'static str, run: Run) -> Method {
    Method {
        name,
        scope,
        writes: false,
        run,
    }
}

const fn write(name: &'static str, scope: &'static str, run: Run) -> Method {
    Method {
        name,
        scope,
        writes: true,
        run,
    }
}

static METHODS: &[Method] = &[
    read("methods", "", system::methods),
    read("method.get", "", system::method_get),
    read("scope", "", system::scope),
    read("app.info", "", app::info),
    write("event.bind", "", app::event_bind),
    read("event.get", "", app::event_get),
    write("event.unbind", "", app::event_unbind),
    read("profile", "", people::profile),
    read("server.time", "", system::server_time),
    read("user.admin", "", people::admin),
    read("user.current", "user", people::current),
    read("user.get", "user", people::get),
    write("im.notify.personal.add", "im", notify::personal),
    write("im.notify.system.add", "im", notify::system),
    write("placement.bind", "placement", placement::bind),
    read("placement.get", "placement", placement::get),
    read("placement.list", "placement", placement::list),
    write("placement.unbind", "placement", placement::unbind),
    read("crm.lead.fields", "crm", |d, p| entity::fields(d, Kin::Lead, p)),
    write("crm.lead.add", "crm", |d, p| entity::add(d, Kin::Lead, p)),
    write("crm.lead.update", "crm", |d, p| entity::update(d, Kin::Lead, p)),
    read("crm.lead.get", "crm", |d, p| entity::get(d, Kin::Lead, p)),
    read("crm.lead.list", "crm", |d, p| entity::list(d, Kin::Lead, p)),
    write("crm.lead.delete", "crm", |d, p| entity::delete(d, Kin::Lead, p)),
    read("crm.deal.fields", "crm", |d, p| entity::fields(d, Kin::Deal, p)),
    write("crm.deal.add", "crm", |d, p| entity::add(d, Kin::Deal, p)),
    write("crm.deal.update", "crm", |d, p| entity::update(d, Kin::Deal, p)),
    read("crm.deal.get", "crm", |d, p| entity::get(d, Kin::Deal, p)),
    read("crm.deal.list", "crm", |d, p| entity::list(d, Kin::Deal, p)),
    write("crm.deal.delete", "crm", |d, p| entity::delete(d, Kin::Deal, p)),
    read("crm.contact.fields", "crm", |d, p| {
        entity::fields(d, Kin::Contact, p)
    }),
    write("crm.contact.add", "crm", |d, p| entity::add(d, Kin::Contact, p)),
    write("crm.contact.update", "crm", |d, p| {
        entity::update(d, Kin::Contact, p)
    }),
    read("crm.contact.get", "crm", |d, p| entity::get(d, Kin::Contact, p)),
    read("crm.contact.list", "crm", |d, p| entity::list(d, Kin::Contact, p)),
    write("crm.contact.delete", "crm", |d, p| {
        entity::delete(d, Kin::Contact, p)
    }),
    read("crm.lead.contact.items.get", "crm", |d, p| {
        bindings::get(d, Kin::Lead, p)
    }),
    write("crm.lead.contact.items.set", "crm", |d, p| {
        bindings::set(d, Kin::Lead, p)
    }),
    write("crm.lead.contact.items.delete", "crm", |d, p| {
        bindings::clear(d, Kin::Lead, p)
    }),
    write("crm.lead.contact.add", "crm", |d, p| {
        bindings::add(d, Kin::Lead, p)
    }),
    write("crm.lead.contact.delete", "crm", |d, p| {
        bindings::delete(d, Kin::Lead, p)
    }),
    read("crm.deal.contact.items.get", "crm", |d, p| {
        bindings::get(d, Kin::Deal, p)
    }),
    write("crm.deal.contact.items.set", "crm", |d, p| {
        bindings::set(d, Kin::Deal, p)
    }),
    write("crm.deal.contact.items.delete", "crm", |d, p| {
        bindings::clear(d, Kin::Deal, p)
    }),
    write("crm.deal.contact.add", "crm", |d, p| {
        bindings::add(d, Kin::Deal, p)
    }),
    write("crm.deal.contact.delete", "crm", |d, p| {
        bindings::delete(d, Kin::Deal, p)
    }),
    read("crm.lead.userfield.list", "crm", |d, p| {
        books::user_fields(d, Kin::Lead, p)
    }),
    read("crm.deal.userfield.list", "crm", |d, p| {
        books::user_fields(d, Kin::Deal, p)
    }),
    read("crm.contact.userfield.list", "crm", |d, p| {
        books::user_fields(d, Kin::Contact, p)
    }),
    read("crm.duplicate.findbycomm", "crm", duplicate::find),
    read("crm.status.list", "crm", books::status_list),
    read("crm.status.fields", "crm", books::status_fields),
    read("crm.category.list", "crm", books::category_list),
    read("crm.dealcategory.list", "crm", books::deal_category_list),
    read(
        "crm.dealcategory.default.get",
        "crm",
        books::deal_category_default,
    ),
    read("crm.dealcategory.stage.list", "crm", books::deal_category_stages),
    read("crm.currency.list", "crm", books::currency_list),
    write("crm.timeline.comment.add", "crm", comment::add),
    read("crm.timeline.comment.list", "crm", comment::list),
    read("crm.timeline.comment.get", "crm", comment::get),
    write("crm.activity.todo.add", "crm", activity::todo_add),
    write("crm.activity.add", "crm", activity::add),
    read("crm.activity.list", "crm", activity::list),
    read("crm.activity.get", "crm", activity::get),
    read("crm.settings.mode.get", "crm", system::crm_mode),
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Method>> =
    LazyLock::new(|| METHODS.iter().map(|m| (m.name, m)).collect());

/// Rights that methods of this portal ask for.
pub const SCOPES: [&str; 4] = ["crm", "user", "im", "placement"];

/// Rights that open the methods that read users, with fewer fields.
// b24: api-reference/user/index.md
const LESSER_USER: [&str; 2] = ["user_basic", "user_brief"];

/// Whether a method changes the portal. A batch does what its commands do.
pub fn writes(name: &str) -> bool {
    BY_NAME.get(name).is_some_and(|m| m.writes)
}

/// Whether whoever calls has this right: an application those of its form, a webhook those of the settings.
fn grants(world: &World, caller: &Caller, needed: &str) -> bool {
    let covers = |granted: &str| granted == needed || (needed == "user" && LESSER_USER.contains(&granted));
    if needed.is_empty() {
        return true;
    }
    let client_id = caller.application.as_deref();
    match client_id.and_then(|client_id| world.apps.by_client_id(client_id)) {
        Some(app) => app.form.scope.iter().any(|granted| covers(granted)),
        None => {
            let scopes = &world.settings.scopes;
            scopes.is_empty() || scopes.iter().any(|granted| covers(granted))
        }
    }
}

fn exists(world: &World, name: &str) -> bool {
    BY_NAME.contains_key(name) && !world.settings.hidden_methods.contains(name)
}

/// Calls one method other than `batch`.
pub fn call(desk: &mut Desk<'_>, name: &str, params: &Value) -> Answer {
    let Some(method) = BY_NAME.get(name).filter(|_| exists(desk.world, name)) else {
        return Err(RestError::method_not_found());
    };
    if !grants(desk.world, desk.caller, method.scope) {
        return Err(RestError::insufficient_scope());
    }
    (method.run)(desk, params)
}

/// The id parameter of the classic methods.
// b24: api-reference/crm/deals/crm-deal-get.md
fn id_param(params: &Value) -> Result<u64, RestError> {
    super::php::id(super::php::param(params, "id"))
        .ok_or_else(|| RestError::crm("ID is not defined or invalid."))
}

/// `true`, as most writing methods answer.
fn done() -> Answer {
    Ok(json!(true).into())
}
