//! The form of a channel as a page, in the order and the words of the manual.
//!
//! What does not apply to what is chosen is hidden by the style sheet (`.for-lead`, `.for-deal`, `.for-search`,
//! `.for-update`), so that it works without a script; whatever is sent, `verdict` leaves it out.

use maud::{Markup, html};

use super::draft::Draft;
use super::picks::user_list;
use super::verdict::Judge;
use super::{path, rows, spam, stages};
use crate::model::{Channel, Entity, Mode, OnFound, Submission};
use crate::store::StoredChannel;
use crate::web::admin::form::Errors;
use crate::web::admin::view::{
    Choice, Choices, Input, Switch, Tone, copy, fieldset, notice, portal_page_link, submit,
};
use crate::web::admin::visit::Visit;

/// Everything that the form is shown from.
pub struct Sheet<'a> {
    pub visit: &'a Visit<'a>,
    pub judge: Judge<'a>,
    pub draft: &'a Draft,
    pub errors: &'a Errors,
    /// The channel that the draft comes to.
    pub channel: &'a Channel,
    /// The channel as it is; absent while it is being made.
    pub stored: Option<&'a StoredChannel>,
    /// Latest first.
    pub submissions: &'a [Submission],
    /// The one of them whose values are shown.
    pub chosen: Option<&'a Submission>,
}

impl Sheet<'_> {
    /// The text in the visitor's language.
    pub fn t<T>(&self, russian: T, english: T) -> T {
        self.judge.lang.t(russian, english)
    }

    /// Where the form is sent.
    pub fn path(&self) -> String {
        match self.stored {
            Some(stored) => path(&stored.channel.slug),
            None => "/new-channel".to_owned(),
        }
    }

    /// The same, coming back to the mappings.
    pub fn here(&self) -> String {
        self.visit.at(&format!("{}#mappings", self.path()))
    }

    /// The whole form.
    pub fn form(&self) -> Markup {
        html! {
            form.channel-form method="post" action=(self.visit.at(&self.path())) novalidate {
                (self.visit.csrf())
                // The Enter key presses the first button of a form.
                button.hidden type="submit" name="action" value="save" tabindex="-1" aria-hidden="true" {}
                @if self.judge.catalog.is_none() { (self.no_portal()) }
                (self.address())
                (self.name())
                (self.entity())
                (self.mechanics())
                (self.responsible())
                (fieldset(self.t("Статус для создания/обновления лида/сделки", "Stage for creating/updating the lead/deal"), Some(self.about_stage()), html! { div { (stages::begun(self)) } }))
                (fieldset(self.t("Заполнение дополнительных полей", "Filling in additional fields"), Some(self.about_mappings()), rows::mappings(self)))
                (self.extras())
                (spam::website(self))
                (spam::spam(self))
                div.save-bar {
                    @match self.stored {
                        Some(_) => (submit(self.t("Сохранить", "Save"))),
                        None => (submit(self.t("Создать канал", "Create the channel"))),
                    }
                    a.button.quiet href=(self.visit.at("/channels")) { (self.t("Отмена", "Cancel")) }
                }
            }
        }
    }

    fn no_portal(&self) -> Markup {
        notice(
            Tone::Warn,
            html! {
                (self.t("Портал ещё не ответил, поэтому списков полей, статусов и сотрудников нет: впишите их коды. ", "The portal has not answered yet, so there are no lists of fields, stages and users: write their codes. "))
                (portal_page_link(self.visit, self.t("Подключить портал", "Connect the portal")))
            },
        )
    }

    fn address(&self) -> Markup {
        let Some(stored) = self.stored else {
            return Markup::default();
        };
        let label = self.t("Адрес канала", "The channel's address");
        let address = self.visit.site.address(&stored.channel.slug);
        let about = self.t(
            "Выключенный канал принимает и хранит запросы, но не передаёт их на портал. После включения передаст.",
            "A channel that is off takes and keeps requests but brings none to the portal. Once on again, it does.",
        );
        html! {
            section.card.channel-address {
                h2 { (label) }
                (copy(self.judge.lang, "address", label, &address))
                (Switch::new("enabled", self.t("Канал включён", "The channel is on"), self.draft.enabled).hint(about))
            }
        }
    }

    fn name(&self) -> Markup {
        let label = self.t("Наименование канала", "Name of the channel");
        let hint = self.t(
            "Видите только вы. Если оставить пустым, придумаем сами.",
            "Only you see it. Left empty, one is made up.",
        );
        let field = Input::text("name", label)
            .hide_label()
            .value(&self.draft.name)
            .hint(hint)
            .errors(self.errors);
        // A new channel is on.
        let on = html! { @if self.stored.is_none() { input type="hidden" name="enabled" value="on"; } };
        fieldset(label, None, html! { (on) (field) })
    }

    fn entity(&self) -> Markup {
        let label = self.t("Тип сущности для данного канала", "Entity of this channel");
        let is = |entity: Entity| self.draft.entity == entity;
        let choices = vec![
            Choice::new("lead", self.t("Лиды", "Leads"), is(Entity::Lead)),
            Choice::new("deal", self.t("Сделки", "Deals"), is(Entity::Deal)),
        ];
        let is_simple = self.judge.catalog.is_some_and(|catalog| catalog.simple_crm);
        fieldset(
            label,
            None,
            html! {
                (Choices::one("entity", label, choices).hide_label())
                @if is_simple {
                    div.for-lead {
                        (notice(Tone::Warn, html! { (self.t(
                            "На портале включён простой режим CRM: лидов в нём нет, и каждый лид сразу становится сделкой. Выберите «Сделки».",
                            "The portal works in simple CRM mode: it has no leads, and each lead turns into a deal at once. Choose “Deals”.",
                        )) }))
                    }
                }
            },
        )
    }

    fn mechanics(&self) -> Markup {
        let label = self.t("Механика работы канала", "How the channel works");
        let modes = vec![
            Choice::new(
                "always_create",
                self.t(
                    "Всегда создавать новый лид/сделку",
                    "Always create a new lead/deal",
                ),
                self.draft.mode == Mode::AlwaysCreate,
            )
            .hint(self.t(
                "Независимо от того, есть ли у контакта другие открытые лиды или сделки.",
                "Whether or not the contact has other open leads or deals.",
            )),
            Choice::new(
                "search_first",
                self.t(
                    "Сперва искать существующий лид/сделку для обновления",
                    "First search for an existing lead/deal to update",
                ),
                self.draft.mode == Mode::SearchFirst,
            )
            .hint(self.t(
                "Защита от дублей: сперва находится контакт, затем его лиды или сделки в отмеченных статусах. Если их нет, будет создана новая запись.",
                "Protection from duplicates: first the contact is found, then its leads or deals in the marked stages. Where there is none, a new one is made.",
            )),
        ];
        let found = vec![
            Choice::new(
                "update",
                self.t("Обновить найденное", "Update what was found"),
                self.draft.on_found == OnFound::Update,
            ),
            Choice::new(
                "ignore",
                self.t("Проигнорировать запрос", "Ignore the request"),
                self.draft.on_found == OnFound::Ignore,
            ),
        ];
        let update_contact = Switch::new(
            "update_contact",
            self.t("Обновление контакта", "Update the contact"),
            self.draft.update_contact,
        )
        .hint(self.t(
            "Записывать и остальные поля найденного контакта. Недостающие телефон и почта добавляются всегда.",
            "Write the other fields of a found contact, too. A phone or e-mail that it lacks is always added.",
        ));
        fieldset(
            label,
            None,
            html! {
                (Choices::one("mode", label, modes).hide_label())
                div.for-search.nested {
                    (stages::searched(self))
                    (Choices::one("on_found", self.t("Если нашлось", "When something was found"), found))
                    div.for-update.nested { (self.update_switches()) }
                }
                (update_contact)
            },
        )
    }

    fn update_switches(&self) -> Markup {
        let stage = Switch::new(
            "update_stage",
            self.t("Изменять статус при обновлении", "Change the stage on update"),
            self.draft.update_stage,
        )
        .hint(self.t(
            "Переводить найденное в статус, выбранный ниже.",
            "Move what was found to the stage chosen below.",
        ));
        let fields = Switch::new(
            "update_fields",
            self.t("Обновление дополнительных полей", "Update additional fields"),
            self.draft.update_fields,
        )
        .hint(self.t(
            "Записывать в найденное новые значения полей.",
            "Write the new values of the fields into what was found.",
        ));
        html! { (stage) (fields) }
    }

    fn responsible(&self) -> Markup {
        let label = self.t("Ответственный за лид/сделку", "Responsible for the lead/deal");
        let mut field = Input::text("responsible_id", label)
            .hide_label()
            .value(&self.draft.responsible)
            .hint(self.t(
                "За новые лиды и сделки; у найденных он не меняется. Начните вводить имя. Пусто — тот, от чьего имени подключён портал.",
                "For new leads and deals; those that are found keep theirs. Start typing a name. Empty: the user in whose name the portal is connected.",
            ))
            .errors(self.errors);
        if self.judge.catalog.is_some() {
            field = field.list("users");
        }
        fieldset(
            label,
            None,
            html! {
                div {
                    @if let Some(catalog) = self.judge.catalog { (user_list("users", catalog)) }
                    (field)
                }
            },
        )
    }

    fn about_stage(&self) -> Markup {
        html! {
            (self.t("В этом статусе создаются новые лиды и сделки.", "New leads and deals are made in this stage."))
            span.for-search { span.for-update {
                " " (self.t("При включённом «Изменять статус при обновлении» в него переводятся и найденные.", "With “Change the stage on update” those that are found are moved to it, too."))
            } }
        }
    }

    fn about_mappings(&self) -> Markup {
        html! {
            (self.t("Слева поле на портале, справа значение: ", "On the left a field of the portal, on the right its value: "))
            code { (self.t("{имя_поля}", "{field}")) }
            (self.t(" из запроса, готовый текст или то и другое. «Поиск» отмечайте только там, где значение не повторяется: телефон, почта, номер заказа.",
                " of the request, plain text, or both. Mark “Search” only where values are unique: phone, e-mail, order number."))
        }
    }

    fn extras(&self) -> Markup {
        let comment = Switch::new(
            "add_comment",
            self.t("Добавление комментариев", "Add comments"),
            self.draft.add_comment,
        )
        .hint(self.t(
            "Полное тело запроса — комментарием к лиду или сделке. Удобно, пока вы настраиваете канал: видно, что именно пришло.",
            "The whole request as a comment to the lead or deal. Handy while you set the channel up: it shows what really came.",
        ));
        let activity = Switch::new(
            "add_activity",
            self.t("Создание нового дела", "Create a new activity"),
            self.draft.add_activity,
        )
        .hint(self.t(
            "Дело на ответственного при создании и обновлении.",
            "An activity for the responsible user, on creating and on updating.",
        ));
        let is_default = Switch::new(
            "is_default",
            self.t("Входящий канал по умолчанию", "Default channel"),
            self.draft.is_default,
        )
        .hint(self.about_default());
        let title = self.t(
            "Комментарий, дело, канал по умолчанию",
            "Comment, activity, default channel",
        );
        fieldset(title, None, html! { (comment) (activity) (is_default) })
    }

    fn about_default(&self) -> Markup {
        let directory = self.visit.site.store.directory();
        let other = directory
            .default_channel()
            .filter(|default| self.stored.is_none_or(|stored| stored.key != default.key));
        html! {
            (self.t("Принимает запросы каналов, которые были удалены: адреса на сайте менять не придётся.", "Takes the requests of channels that were deleted: no address on the website needs to be changed."))
            @if let Some(other) = other {
                " " (self.t("Сейчас это «", "Now it is “")) bdi { (super::picks::clip(&other.channel.name, 80)) }
                (self.t("»; отметка перейдёт сюда.", "”; the mark moves here."))
            }
        }
    }
}
