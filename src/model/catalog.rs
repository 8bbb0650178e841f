//! What the portal told us of itself: fields, stages, users, currencies, methods.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::channel::Of;
use super::time::Millis;

/// The form in which a field's value travels.
// b24: api-reference/crm/data-types.md
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    /// Whole numbers.
    Integer,
    Double,
    /// `3500|RUB`: a user field of type `money`.
    Money,
    Boolean,
    /// `Y` or `N`: the portal's type `char`.
    Char,
    Date,
    DateTime,
    /// A user field with a fixed list of items, written as the item's id.
    Enumeration,
    /// A value of a reference book (`SOURCE_ID`, `STAGE_ID`), written as its STATUS_ID.
    Status,
    Currency,
    User,
    /// PHONE, EMAIL, WEB, IM: a list of `{VALUE, VALUE_TYPE}`.
    Multifield,
    File,
    Url,
    Address,
    /// Another record by its number (`crm_contact`, `crm_company`, `iblock_element`, …), or a type
    /// that we do not know: sent as typed.
    Other,
}

/// A value that a field may take, with the words people know it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub id: String,
    pub label: String,
}

/// One field of a lead, deal or contact, as `crm.*.fields` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    pub title: String,
    pub kind: FieldKind,
    /// The portal's own word for the type (`string`, `crm_multifield`, …), for people.
    pub type_name: String,
    pub multiple: bool,
    pub read_only: bool,
    pub required: bool,
    /// What an enumeration or a reference book offers; empty when the field has no fixed list.
    pub items: Vec<Label>,
}

pub type Fields = BTreeMap<String, Field>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// `NEW`, `C1:NEW`.
    pub id: String,
    pub name: String,
    /// The pipeline it belongs to; 0 for leads and the general pipeline.
    pub category_id: u64,
    /// `S` won, `F` lost, empty while in work.
    pub semantics: String,
    /// `#39A8EF`, or empty.
    pub color: String,
    pub sort: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: u64,
    /// First and last name as the portal shows them.
    pub name: String,
    pub email: String,
    pub active: bool,
}

/// Everything that values are converted by. Read as a whole and replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Catalog {
    pub taken_at: Millis,
    pub lead: Fields,
    pub deal: Fields,
    pub contact: Fields,
    pub lead_stages: Vec<Stage>,
    pub deal_stages: Vec<Stage>,
    /// Deal pipelines by number, the general one (0) included.
    pub categories: BTreeMap<u64, String>,
    pub users: Vec<User>,
    /// ISO codes, the base currency first.
    pub currencies: Vec<Label>,
    /// What the `methods` method lists; empty when the portal would not say.
    pub methods: BTreeSet<String>,
    /// The portal works without leads: a lead that is added turns into a deal at once.
    // b24: tutorials/crm/how-to-add-crm-objects/how-to-add-objects-with-crm-mode.md
    pub simple_crm: bool,
}

impl Catalog {
    pub fn fields(&self, of: Of) -> &Fields {
        match of {
            Of::Contact => &self.contact,
            Of::Lead => &self.lead,
            Of::Deal => &self.deal,
        }
    }

    /// Whether the portal has a method; a portal that would not list its methods is taken to.
    pub fn has_method(&self, name: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(name)
    }
}
