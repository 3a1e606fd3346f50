//! `litellm_params` in a row: texts are sealed, the rest is not; and what of them may be shown.

use serde_json::{Map, Value, json};

use crate::config::looks_secret;
use crate::domain::Fault;
use crate::manage::credentials::seal;
use crate::manage::redact::{self, MASK};
use crate::manage::work::Audited;
use crate::manage::{Manage, time};
use crate::store::ModelRow;

/// Whether a parameter of this name is never shown.
pub(in crate::manage) fn is_secret(name: &str) -> bool {
    looks_secret(name)
}

/// Parameters that the request names onto the row; null takes one out.
pub(super) fn apply(
    m: &Manage,
    params: &Map<String, Value>,
    row: &mut ModelRow,
) -> Result<(), Fault> {
    let mut texts = Map::new();
    for (name, value) in params {
        // A parameter is in one of the two places, whatever it was before.
        let old = row.doc.params.shift_remove(name);
        match value {
            Value::String(_) => {
                texts.insert(name.clone(), value.clone());
            }
            // A key file as an object: its JSON text is taken as well, and can be sealed.
            Value::Object(_) | Value::Array(_) if is_secret(name) => {
                texts.insert(name.clone(), value.to_string().into());
            }
            Value::Null => {
                row.sealed.0.remove(name);
            }
            other => {
                row.sealed.0.remove(name);
                let whole = redact::restored(other, old.as_ref());
                row.doc.params.insert(name.clone(), whole);
            }
        }
    }
    seal(m, &texts, &mut row.sealed)
}

/// One sealed parameter; None if it is not there, or not to be opened with this salt key.
pub(in crate::manage) fn opened(m: &Manage, row: &ModelRow, name: &str) -> Option<String> {
    let sealed = row.sealed.0.get(name)?;
    let text = m.salt.open(name, sealed).ok()?;
    Some(text.reveal().to_owned())
}

/// Every parameter, opened, for the check whether the deployment could be run.
pub(super) fn whole(m: &Manage, row: &ModelRow) -> Map<String, Value> {
    let mut all = row.doc.params.clone();
    for name in row.sealed.0.keys() {
        if let Some(text) = opened(m, row, name) {
            all.insert(name.clone(), text.into());
        }
    }
    all
}

/// The row as LiteLLM shows it: secrets masked.
pub(super) fn show(m: &Manage, row: &ModelRow) -> Value {
    let mut shown = row.shown();
    let mut params = row.doc.params.clone();
    for name in row.sealed.0.keys() {
        let text = if is_secret(name) {
            Some(MASK.to_owned())
        } else {
            opened(m, row, name)
        };
        params.insert(name.clone(), text.into());
    }
    for (name, value) in &mut params {
        if is_secret(name) {
            *value = MASK.into();
        }
    }
    if let Some(shown) = shown.as_object_mut() {
        let params = redact::nested(&params.into());
        shown.insert("litellm_params".to_owned(), params);
    }
    shown
}

/// Sealed texts are not opened for the log: their names have to do.
impl Audited for ModelRow {
    fn shown(&self) -> Value {
        let names: Vec<&String> = self.sealed.0.keys().collect();
        let plain = self.doc.params.iter().filter(|(name, _)| !is_secret(name));
        let plain: Map<String, Value> = plain
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        json!({
            "model_id": self.id,
            "model_name": self.model_name,
            "litellm_params": plain,
            "sealed": names,
            "model_info": self.doc.model_info,
            "team_id": self.team_id,
            "blocked": self.blocked,
            "created_at": time::iso(self.stamp.created_at),
            "updated_at": time::iso(self.stamp.updated_at),
            "created_by": self.stamp.created_by,
            "updated_by": self.stamp.updated_by,
        })
    }
}
