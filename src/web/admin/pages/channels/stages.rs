//! The parts of the form that are about stages: where to search, and where new ones begin. With a portal's catalogue
//! people choose among its stages; without one they write their codes.

use maud::{Markup, html};

use super::picks::{self, clip};
use super::sheet::Sheet;
use crate::model::{Catalog, Entity, Stage};
use crate::web::admin::view::{Choice, Choices, Input, Select};

/// How much of a stage's name is shown.
const NAME: usize = 60;

/// Check boxes for the stages to search in: those of leads and those of deals, of which the style sheet shows one.
pub fn searched(sheet: &Sheet<'_>) -> Markup {
    let Some(catalog) = sheet.judge.catalog else {
        return searched_by_code(sheet);
    };
    let hint = sheet.t(
        "Если ничего не отметить, поиск идёт во всех статусах.",
        "With none marked, the search goes through all of them.",
    );
    html! {
        div.for-lead { (groups(sheet, catalog, Entity::Lead)) p.hint { (hint) } }
        div.for-deal { (groups(sheet, catalog, Entity::Deal)) p.hint { (hint) } }
    }
}

fn groups(sheet: &Sheet<'_>, catalog: &Catalog, entity: Entity) -> Markup {
    let chosen = match entity {
        Entity::Lead => &sheet.draft.lead_search,
        Entity::Deal => &sheet.draft.deal_search,
    };
    let base = format!("search_stages.{}", entity.as_str());
    let label = sheet.t("Статусы, в которых искать", "Stages to search in");
    let boxes = |stages: Vec<&Stage>| -> Vec<Choice> {
        stages
            .into_iter()
            .map(|stage| {
                let is_chosen = chosen.contains(&stage.id);
                Choice::new(&stage.id, clip(&stage.name, NAME), is_chosen).color(Some(stage.color.clone()))
            })
            .collect()
    };
    let known = picks::stages(catalog, entity, None);
    let gone: Vec<Choice> = chosen
        .iter()
        .filter(|id| !known.iter().any(|stage| stage.id == **id))
        .map(|id| Choice::new(id, clip(id, NAME), true))
        .collect();
    let pipelines = match entity {
        Entity::Lead => Vec::new(),
        Entity::Deal => picks::pipelines(catalog),
    };
    html! {
        div.stages {
            @if pipelines.len() < 2 {
                (Choices::many(&base, label, boxes(known)).errors(sheet.errors))
            } @else {
                @for (id, name) in &pipelines {
                    @let heading = format!("{label}: {name}");
                    (Choices::many(&format!("{base}.{id}"), &heading, boxes(picks::stages(catalog, entity, Some(*id)))))
                }
            }
            @if !gone.is_empty() {
                (Choices::many(&format!("{base}.gone"), sheet.t("На портале их больше нет", "The portal has them no more"), gone)
                    .errors(sheet.errors))
            }
        }
    }
}

fn searched_by_code(sheet: &Sheet<'_>) -> Markup {
    let input = |name: &str, codes: &[String]| {
        Input::text(name, sheet.t("Статусы, в которых искать", "Stages to search in"))
            .value(codes.join(", "))
            .placeholder("NEW, IN_PROCESS")
            .hint(sheet.t(
                "Коды через запятую. Пусто — поиск во всех статусах.",
                "Codes, with commas. Empty: the search goes through all of them.",
            ))
            .errors(sheet.errors)
    };
    html! {
        div.for-lead { (input("search_stages.lead", &sheet.draft.lead_search)) }
        div.for-deal { (input("search_stages.deal", &sheet.draft.deal_search)) }
    }
}

/// Pipeline and stage of what is made.
pub fn begun(sheet: &Sheet<'_>) -> Markup {
    let Some(catalog) = sheet.judge.catalog else {
        return begun_by_code(sheet);
    };
    let label = sheet.t("Статус", "Stage");
    let pipelines = picks::pipelines(catalog);
    html! {
        div.for-lead {
            (choose(sheet, "stage.lead", label, picks::stages(catalog, Entity::Lead, None), &sheet.draft.lead_stage))
        }
        div.for-deal {
            @if pipelines.len() == 1 && pipelines.iter().all(|(id, _)| id.to_string() == sheet.draft.category) {
                @for (id, _) in &pipelines {
                    input type="hidden" name="category_id" value=(id);
                    (deal_stage(sheet, catalog, *id))
                }
            } @else {
                (by_pipeline(sheet, catalog, &pipelines))
            }
        }
    }
}

/// A radio button for each pipeline; the stages of the chosen one stand below it.
fn by_pipeline(sheet: &Sheet<'_>, catalog: &Catalog, pipelines: &[(u64, String)]) -> Markup {
    let chosen = sheet.draft.category.as_str();
    let is_known = pipelines.iter().any(|(id, _)| id.to_string() == chosen);
    let error = sheet.errors.of("category_id");
    html! {
        fieldset.choices #f-category_id .has-error[error.is_some()] aria-describedby=[error.map(|_| "f-category_id-error")] {
            legend { (sheet.t("Воронка", "Pipeline")) }
            @if let Some(error) = error { p.error #f-category_id-error { (error) } }
            @for (id, name) in pipelines {
                div.pipeline {
                    label.choice {
                        input type="radio" name="category_id" value=(id) checked[id.to_string() == chosen];
                        span { (name) }
                    }
                    div.pipeline-body { (deal_stage(sheet, catalog, *id)) }
                }
            }
            @if !is_known {
                label.choice {
                    input type="radio" name="category_id" value=(chosen) checked;
                    span { (sheet.t("Воронка, которой на портале больше нет: ", "A pipeline that the portal has no more: ")) (clip(chosen, NAME)) }
                }
            }
        }
    }
}

fn deal_stage(sheet: &Sheet<'_>, catalog: &Catalog, category: u64) -> Markup {
    let pipeline = category.to_string();
    let stages = picks::stages(catalog, Entity::Deal, Some(category));
    let chosen = if pipeline == sheet.draft.category {
        sheet.draft.deal_stage(&pipeline)
    } else {
        sheet.draft.deal_stages.get(&pipeline).map_or("", String::as_str)
    };
    choose(
        sheet,
        &format!("stage.deal.{pipeline}"),
        sheet.t("Статус", "Stage"),
        stages,
        chosen,
    )
}

fn choose(sheet: &Sheet<'_>, name: &str, label: &str, stages: Vec<&Stage>, chosen: &str) -> Markup {
    let first = sheet.t(
        "Первый по порядку — как решит портал",
        "The first one, as the portal decides",
    );
    let mut choices = vec![Choice::new("", first, chosen.is_empty())];
    let is_known = chosen.is_empty() || stages.iter().any(|stage| stage.id == chosen);
    choices.extend(
        stages
            .into_iter()
            .map(|stage| Choice::new(&stage.id, clip(&stage.name, NAME), stage.id == chosen)),
    );
    if !is_known {
        let gone = sheet.t(" — на портале такого нет", " — the portal has none of this code");
        choices.push(Choice::new(chosen, format!("{}{gone}", clip(chosen, NAME)), true));
    }
    html! { (Select::new(name, label, choices).errors(sheet.errors)) }
}

fn begun_by_code(sheet: &Sheet<'_>) -> Markup {
    let stage = |name: &str, value: &str| {
        Input::text(name, sheet.t("Статус", "Stage"))
            .value(value)
            .placeholder("NEW")
            .hint(sheet.t(
                "Код статуса. Пусто — первый по порядку.",
                "The stage's code. Empty: the first one.",
            ))
            .errors(sheet.errors)
    };
    let pipeline = Input::of(
        "number",
        "category_id",
        sheet.t("Номер воронки", "Number of the pipeline"),
    )
    .value(&sheet.draft.category)
    .hint(sheet.t("0 — общая воронка.", "0 is the general pipeline."))
    .errors(sheet.errors);
    html! {
        div.for-lead { (stage("stage.lead", &sheet.draft.lead_stage)) }
        div.for-deal { (pipeline) (stage("stage.deal", sheet.draft.deal_stage(""))) }
    }
}
