//! `logging` in the metadata of a key or a team: its own callbacks. What they are called with is
//! sealed on its way into the database, and is never given back.

use serde_json::{Map, Value};

use super::fault::{bad, forbidden};
use super::fields::{Field, Kind, read};
use super::redact::{self, MASK};
use super::work::Work;
use crate::config::REFERENCE;
use crate::domain::Fault;

/// Where they stand in the metadata.
pub(super) const LOGGING: &str = "logging";
/// Where LiteLLM had them before.
const SETTINGS: &str = "callback_settings";
const VARS: &str = "callback_vars";

pub(super) const TYPES: &[&str] = &["success", "failure", "success_and_failure"];

/// One entry.
pub(super) const ENTRY: &[Field] = &[
    Field("callback_name", Kind::Id),
    Field("callback_type", Kind::Choice(TYPES)),
    Field(VARS, Kind::Object),
];

/// Metadata as it is shown: with nothing of what its callbacks are called with.
pub(super) fn masked(metadata: &mut Map<String, Value>) {
    for name in [LOGGING, SETTINGS] {
        if let Some(value) = metadata.get_mut(name) {
            *value = redact::nested(&Value::from_iter([(name, value.clone())]))
                .get_mut(name)
                .map(Value::take)
                .unwrap_or_default();
        }
    }
}

impl Work<'_> {
    /// Seals what new callbacks are called with. What a form shows for a value that it does not know
    /// keeps the old value.
    pub fn seal_logging(
        &self,
        before: Option<&Map<String, Value>>,
        metadata: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        self.seal_list(before, metadata, false)
    }

    /// The same of what was added to a list: what stood there is sealed.
    pub fn seal_new_logging(
        &self,
        before: &Map<String, Value>,
        metadata: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        self.seal_list(Some(before), metadata, true)
    }

    fn seal_list(
        &self,
        before: Option<&Map<String, Value>>,
        metadata: &mut Map<String, Value>,
        keeps: bool,
    ) -> Result<(), Fault> {
        let old = before.and_then(|it| it.get(LOGGING));
        let Some(new) = metadata.get_mut(LOGGING).filter(|it| Some(&**it) != old) else {
            return Ok(());
        };
        let list = match new {
            Value::Null => return Ok(()),
            Value::Array(list) => list,
            _ => return Err(bad("metadata.logging", "`metadata.logging` must be a list")),
        };
        let old = old.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (at, entry) in list.iter_mut().enumerate() {
            let path = format!("metadata.{LOGGING}.{at}");
            if keeps && old.contains(entry) {
                continue;
            }
            let Some(members) = entry.as_object_mut() else {
                return Err(bad(&path, format!("`{path}` must be an object")));
            };
            read(members, &[ENTRY])
                .and_then(|it| it.need("callback_name"))
                .map_err(|it| it.with_param(path.as_str()))?;
            let same = |it: &&Value| {
                let same = |name: &str| it.get(name) == members.get(name);
                same("callback_name") && same("callback_type")
            };
            let known = old.iter().find(same).and_then(|it| it.get(VARS)).cloned();
            if let Some(Value::Object(vars)) = members.get_mut(VARS) {
                self.seal_vars(&path, known.as_ref(), vars)?;
            }
        }
        Ok(())
    }

    fn seal_vars(
        &self,
        path: &str,
        known: Option<&Value>,
        vars: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        for (name, value) in vars.iter_mut() {
            let Value::String(text) = value else {
                if value.is_object() || value.is_array() {
                    let at = format!("{path}.{VARS}.{name}");
                    return Err(bad(
                        &at,
                        format!("`{at}` must be a text, a number or a flag"),
                    ));
                }
                continue;
            };
            if text == MASK {
                let old = known.and_then(|it| it.get(name)).cloned();
                *value = old.ok_or_else(|| {
                    let at = format!("{path}.{VARS}.{name}");
                    bad(
                        &at,
                        format!("`{at}` is a mask, and there is no value behind it"),
                    )
                })?;
                continue;
            }
            if text.starts_with(REFERENCE) && !self.may_refer() {
                let message =
                    format!("only a proxy admin may refer to the environment, as `{name}` does");
                return Err(forbidden(VARS, message));
            }
            *value = self.seal(text)?.into();
        }
        vars.retain(|_, value| !value.is_null());
        Ok(())
    }
}
