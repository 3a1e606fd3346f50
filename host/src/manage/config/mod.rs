//! Settings in the database, laid over the file's; what is in force and where it comes from.
//! `/config/*`, `/router/*`, `/fallback`, callbacks, alerts.

mod alerting;
mod callbacks;
mod change;
mod costs;
mod draft;
mod endpoints;
mod fallbacks;
mod router;
mod shown;

use serde_json::{Value, json};

pub(super) use alerting::settings as alerting_settings;
pub(super) use callbacks::{
    active, delete as delete_callback, list as list_callbacks, with_router,
};
pub(super) use change::{delete_field, reload, update, update_field};
pub(super) use costs::{discounts, margins, set_discounts, set_margins};
pub(super) use draft::Draft;
pub(super) use endpoints::{
    create as create_endpoint, delete as delete_endpoint, list as list_endpoints,
    update as update_endpoint,
};
pub(super) use fallbacks::{
    delete as delete_fallbacks, get as get_fallbacks, set as set_fallbacks,
};
pub(super) use router::{fields as router_fields, settings as router_settings};
pub(super) use shown::{document, field_info, list};

use super::fields::{Field, Kind};
use super::redact::MASK;
use super::work::Audited;
use crate::config::{ENVIRONMENT, GENERAL};
use crate::store::ConfigRow;

pub(super) const LITELLM: &str = "litellm_settings";
const ROUTER: &str = "router_settings";
/// The setting that has a way of its own into the database.
const ENDPOINTS: &str = "pass_through_endpoints";

/// A setting, and the section that it is of: `general_settings` unless said.
const FIELD: &[Field] = &[
    Field("field_name", Kind::Id),
    Field(
        "config_type",
        Kind::Choice(&[GENERAL, LITELLM, ROUTER, ENVIRONMENT]),
    ),
];

impl Audited for ConfigRow {
    fn shown(&self) -> Value {
        let mut whole = self.doc.as_object().cloned().unwrap_or_default();
        for name in self.sealed.0.keys() {
            // Some have a copy without their secrets.
            whole.entry(name.clone()).or_insert_with(|| MASK.into());
        }
        json!({"param_name": self.id, "param_value": whole})
    }
}

/// An answer, with what is to be said of a change if there is anything.
pub(super) fn with_warnings(mut answer: Value, said: Vec<String>) -> Value {
    if let (false, Some(members)) = (said.is_empty(), answer.as_object_mut()) {
        members.insert("warnings".to_owned(), said.into());
    }
    answer
}
