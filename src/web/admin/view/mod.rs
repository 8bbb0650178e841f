//! What pages are made of: small pure functions and builders that render themselves.
//!
//! - `layout`: [`Page`], the frame around every page.
//! - `fields`, `choices`: form fields with label, hint and error. `parts`: badges, notices, copying, confirming, pages of a list.
//! - `table`: tables that become cards on a telephone. `chart`: bars as SVG.
//!
//! What the script adds is asked for by attributes; see the head of `assets/admin.js`.

mod chart;
mod choices;
mod fields;
mod layout;
mod parts;
mod table;

pub use chart::{Bar, Chart};
pub use choices::{Choice, Choices, Select, Switch};
pub use fields::{Area, Input, error_summary, fieldset, id_of, submit};
pub use layout::{Page, Section};
pub use parts::{
    Tone, badge, confirm, copy, copy_block, empty, facts, notice, pager, portal_page_link, post_button,
    state_badge,
};
pub use table::{Column, Table};
