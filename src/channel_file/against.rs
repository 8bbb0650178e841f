//! What a channel asks of its portal that the portal does not have.

use super::{ChannelProblem, likest};
use crate::model::{Catalog, Channel, Entity, Mapping, Mode, Of, Stage, User};
use crate::wire::catalog::MAX_RECORDS;

/// Everything in a channel that a portal does not know, in the order of the channel's keys. No reason to refuse it:
/// the catalogue tells what the portal had when it was asked last.
pub fn unknown_to(catalog: &Catalog, channel: &Channel) -> Vec<ChannelProblem> {
    let mut problems = Vec::new();
    let mut report = |path: &str, reason: Option<String>| {
        problems.extend(reason.map(|reason| ChannelProblem::new(path, reason)));
    };
    let stages = match channel.entity {
        Entity::Lead => &catalog.lead_stages,
        Entity::Deal => &catalog.deal_stages,
    };
    if channel.mode == Mode::SearchFirst {
        for (number, id) in channel.search_stages.iter().enumerate() {
            report(&format!("search_stages[{number}]"), no_stage(id, stages));
        }
    }
    if let Some(id) = channel.responsible_id {
        report("responsible_id", no_user(id, &catalog.users));
    }
    let pipeline = channel.category_id;
    let has_pipeline = channel.entity == Entity::Lead || catalog.categories.contains_key(&pipeline);
    if !has_pipeline && !catalog.categories.is_empty() {
        report(
            "category_id",
            Some(format!("the portal has no pipeline {pipeline}")),
        );
    } else if let Some(id) = &channel.stage_id {
        report(
            "stage_id",
            no_stage(id, stages).or_else(|| elsewhere(id, stages, channel)),
        );
    }
    for (number, mapping) in channel.fields.iter().enumerate() {
        report(&format!("fields[{number}].field"), no_field(mapping, catalog));
    }
    problems
}

/// The name that was meant, if one is alike. What all names of a kind begin with (`UF_CRM_`, a pipeline's `C1:`) must be
/// the same and makes no two of them alike.
fn meant<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let (kind, own) = split(name);
    let rests = known.map(split).filter(|(other, _)| *other == kind);
    match likest(own, rests.map(|(_, rest)| rest)) {
        Some(rest) => format!(" (did you mean {kind}{rest}?)"),
        None => String::new(),
    }
}

fn split(name: &str) -> (&str, &str) {
    const USERS_OWN: &str = "UF_CRM_";
    let pipeline = name.find(':').map_or(0, |colon| colon + 1);
    let length = if name.starts_with(USERS_OWN) {
        USERS_OWN.len()
    } else {
        pipeline
    };
    name.split_at(length)
}

fn no_stage(id: &str, stages: &[Stage]) -> Option<String> {
    let is_known = stages.is_empty() || stages.iter().any(|stage| stage.id == id);
    (!is_known).then(|| {
        let ids = stages.iter().map(|stage| stage.id.as_str());
        format!("the portal has no stage {id}{}", meant(id, ids))
    })
}

/// A stage of another pipeline than the channel's.
fn elsewhere(id: &str, stages: &[Stage], channel: &Channel) -> Option<String> {
    let stage = stages.iter().find(|stage| stage.id == id)?;
    let is_elsewhere = channel.entity == Entity::Deal && stage.category_id != channel.category_id;
    is_elsewhere.then(|| {
        format!(
            "the stage {id} belongs to pipeline {}, and the channel to {}",
            stage.category_id, channel.category_id
        )
    })
}

fn no_user(id: u64, users: &[User]) -> Option<String> {
    match users.iter().find(|user| user.id == id) {
        None if users.is_empty() || is_full(users) => None,
        None => Some(format!("{id} is none of the portal's employees")),
        Some(user) if !user.active => Some(format!("user {id} ({}) is no longer active", user.name)),
        Some(_) => None,
    }
}

/// A catalogue holds no more people, so that nobody can be called unknown.
fn is_full(users: &[User]) -> bool {
    u64::try_from(users.len()).is_ok_and(|count| count >= MAX_RECORDS)
}

fn no_field(mapping: &Mapping, catalog: &Catalog) -> Option<String> {
    let fields = catalog.fields(mapping.of);
    let whose = match mapping.of {
        Of::Contact => "contacts",
        Of::Lead => "leads",
        Of::Deal => "deals",
    };
    let name = &mapping.field;
    match fields.get(name) {
        None if fields.is_empty() => None,
        None => {
            let names = fields.keys().map(String::as_str);
            Some(format!("{whose} have no field {name}{}", meant(name, names)))
        }
        Some(field) if field.read_only => Some(format!("the portal fills {name} of {whose} itself")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel_file::parse;
    use crate::model::{Field, FieldKind};

    fn field(name: &str, read_only: bool) -> (String, Field) {
        let field = Field {
            name: name.to_owned(),
            title: String::new(),
            kind: FieldKind::Text,
            type_name: "string".to_owned(),
            multiple: false,
            read_only,
            required: false,
            items: Vec::new(),
        };
        (name.to_owned(), field)
    }

    fn stage(id: &str, category_id: u64) -> Stage {
        Stage {
            id: id.to_owned(),
            name: String::new(),
            category_id,
            semantics: String::new(),
            color: String::new(),
            sort: 0,
        }
    }

    fn user(id: u64, active: bool) -> User {
        User {
            id,
            name: "Анна".to_owned(),
            email: String::new(),
            active,
        }
    }

    fn catalog() -> Catalog {
        Catalog {
            contact: [field("NAME", false), field("PHONE", false)].into(),
            deal: [
                field("TITLE", false),
                field("OPPORTUNITY", false),
                field("DATE_CREATE", true),
                field("UF_CRM_COLOR", false),
                field("UF_CRM_DELIVERY", false),
            ]
            .into(),
            deal_stages: vec![stage("NEW", 0), stage("WON", 0), stage("C1:NEW", 1)],
            categories: [(0, String::new()), (1, "Опт".to_owned())].into(),
            users: vec![user(1, true), user(2, false)],
            ..Catalog::default()
        }
    }

    #[test]
    fn what_the_portal_lacks_is_named_by_its_path() {
        let table = [
            (
                r#"{"entity":"deal","search_stages":["nobody looks there"]}"#,
                &[][..],
            ),
            (
                r#"{"entity":"deal","category_id":1,"stage_id":"C1:NEW","responsible_id":1,"fields":[
                    {"of":"contact","field":"PHONE","value":"{p}"},{"of":"deal","field":"TITLE","value":"{t}"}]}"#,
                &[],
            ),
            (
                r#"{"entity":"deal","mode":"search_first","search_stages":["NEW","WONN","C9:NEW"],"responsible_id":2,"stage_id":"C1:NEW","fields":[
                    {"of":"deal","field":"OPORTUNITY","value":"1"},{"of":"deal","field":"DATE_CREATE","value":"1"},
                    {"of":"contact","field":"UF_CRM_7","value":"1"},{"of":"deal","field":"UF_CRM_ORDER_ID","value":"1"},
                    {"of":"deal","field":"UF_CRM_COLOUR","value":"1"}]}"#,
                &[
                    "search_stages[1]: the portal has no stage WONN (did you mean WON?)",
                    "search_stages[2]: the portal has no stage C9:NEW",
                    "responsible_id: user 2 (Анна) is no longer active",
                    "stage_id: the stage C1:NEW belongs to pipeline 1, and the channel to 0",
                    "fields[0].field: deals have no field OPORTUNITY (did you mean OPPORTUNITY?)",
                    "fields[1].field: the portal fills DATE_CREATE of deals itself",
                    "fields[2].field: contacts have no field UF_CRM_7",
                    "fields[3].field: deals have no field UF_CRM_ORDER_ID",
                    "fields[4].field: deals have no field UF_CRM_COLOUR (did you mean UF_CRM_COLOR?)",
                ],
            ),
            (
                r#"{"entity":"deal","category_id":9,"stage_id":"C9:NEW","responsible_id":3}"#,
                &[
                    "responsible_id: 3 is none of the portal's employees",
                    "category_id: the portal has no pipeline 9",
                ],
            ),
        ];
        for (json, expected) in table {
            let problems = unknown_to(&catalog(), &parse(json).unwrap());
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(problems, expected, "{json}");
        }
    }

    #[test]
    fn a_portal_that_told_nothing_lacks_nothing() {
        let json = r#"{"entity":"lead","stage_id":"X","responsible_id":7,"search_stages":["Y"],
            "fields":[{"of":"lead","field":"TITLE","value":"a"}]}"#;
        assert!(unknown_to(&Catalog::default(), &parse(json).unwrap()).is_empty());
    }
}
