//! A channel: the conditions and settings under one address.

use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// What a channel writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    Lead,
    Deal,
}

impl Entity {
    pub fn as_str(self) -> &'static str {
        match self {
            Entity::Lead => "lead",
            Entity::Deal => "deal",
        }
    }

    /// The number Bitrix24 knows the type by.
    // b24: api-reference/crm/data-types.md
    pub fn type_id(self) -> u32 {
        match self {
            Entity::Lead => 1,
            Entity::Deal => 2,
        }
    }

    /// The name of the field that holds the entity's stage.
    pub fn stage_field(self) -> &'static str {
        match self {
            Entity::Lead => "STATUS_ID",
            Entity::Deal => "STAGE_ID",
        }
    }
}

/// Whether the channel looks for an existing entity before it makes a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    AlwaysCreate,
    SearchFirst,
}

/// What happens to an entity that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFound {
    Update,
    Ignore,
}

/// Which record a mapping fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Contact,
    Lead,
    Deal,
}

/// One row "CRM field ← template".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub of: Of,
    /// The portal's field name: `NAME`, `PHONE`, `UF_CRM_ORDER_ID`.
    pub field: String,
    /// A template: fixed text, `{name}`, or both.
    pub value: String,
    /// Records are searched by this field's value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub search: bool,
}

/// A channel's settings, in the order and under the names of its JSON form.
///
/// Reading one from a file goes through [`crate::channel_file`], which also checks what types alone
/// cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// The last part of the address, `/in/<slug>`. Empty in a file: made unguessable when stored.
    #[serde(default)]
    pub slug: String,
    /// Shown to people only. Empty in a file: generated when stored.
    #[serde(default)]
    pub name: String,
    #[serde(default = "yes")]
    pub enabled: bool,
    pub entity: Entity,
    #[serde(default = "always_create")]
    pub mode: Mode,
    /// Stages in which found entities may be touched; empty: every stage.
    #[serde(default)]
    pub search_stages: Vec<String>,
    #[serde(default = "update")]
    pub on_found: OnFound,
    #[serde(default)]
    pub update_stage: bool,
    #[serde(default)]
    pub update_fields: bool,
    #[serde(default)]
    pub update_contact: bool,
    /// A user of the portal; absent: the user in whose name the bridge calls.
    #[serde(default)]
    pub responsible_id: Option<u64>,
    /// The pipeline of a deal channel.
    #[serde(default)]
    pub category_id: u64,
    /// The stage for new entities, and with `update_stage` for found ones; absent: the portal's first.
    #[serde(default)]
    pub stage_id: Option<String>,
    #[serde(default)]
    pub add_comment: bool,
    #[serde(default)]
    pub add_activity: bool,
    /// Takes the submissions of channels that were deleted.
    #[serde(default)]
    pub is_default: bool,
    /// Where a browser goes after it sent a form; absent: a page of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thank_you_url: Option<String>,
    /// Origins whose scripts may post here; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// A field that people do not see and leave empty; a request in which it is filled is spam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub honeypot: Option<String>,
    /// What a request must carry in the header `X-Bridge-Secret` or in the field `_secret`; otherwise it is spam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// More requests than this in one minute from one address are spam; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_minute: Option<u32>,
    #[serde(default)]
    pub fields: Vec<Mapping>,
}

impl Channel {
    /// The `of` that means this channel's own entity.
    pub fn own(&self) -> Of {
        match self.entity {
            Entity::Lead => Of::Lead,
            Entity::Deal => Of::Deal,
        }
    }
}

fn yes() -> bool {
    true
}

fn always_create() -> Mode {
    Mode::AlwaysCreate
}

fn update() -> OnFound {
    OnFound::Update
}
