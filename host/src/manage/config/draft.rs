//! A change of settings in the making: laid onto the rows of all sections, judged with them as
//! one config, and written whole or not at all.

use serde_json::{Map, Value};

use super::ENDPOINTS;
use super::endpoints::masked;
use crate::auth::Caller;
use crate::config::{ENVIRONMENT, GENERAL, SECTIONS, SWITCH, Source, is_address, is_of_file};
use crate::domain::Fault;
use crate::manage::Manage;
use crate::manage::fault::{bad, shown as short};
use crate::manage::models::is_secret;
use crate::manage::redact::{self, MASK};
use crate::manage::work::Work;
use crate::store::{ConfigRow, Sealed, Stamp};

pub(in crate::manage) struct Draft<'a> {
    m: &'a Manage,
    work: Work<'a>,
    sections: Vec<Section>,
    /// Paths of the settings that are changed.
    named: Vec<String>,
}

/// The row of a section as it was, and as it shall be.
struct Section {
    before: Option<ConfigRow>,
    row: ConfigRow,
    changed: bool,
}

impl<'a> Draft<'a> {
    /// Begins a change. The rows are locked, so that of two changes at once the second is judged
    /// with what the first made.
    pub async fn open(m: &'a Manage, caller: &Caller, what: &str) -> Result<Self, Fault> {
        let rights = m.rights(caller).await?;
        rights.need_admin(what)?;
        let mut work = m.work(&rights).await?;
        let mut sections = Vec::new();
        for name in SECTIONS {
            let before = work.get::<ConfigRow>(name).await?;
            let mut row = before.clone().unwrap_or_else(|| ConfigRow {
                id: name.to_owned(),
                sealed: Sealed::default(),
                stamp: Stamp::new(work.now, &work.actor),
                doc: Value::Null,
            });
            if !row.doc.is_object() {
                row.doc = Map::new().into();
            }
            sections.push(Section {
                before,
                row,
                changed: false,
            });
        }
        Ok(Self {
            m,
            work,
            sections,
            named: Vec::new(),
        })
    }

    /// Whether the database has a setting.
    pub fn holds(&self, section: &str, name: &str) -> bool {
        let mut all = self.sections.iter();
        all.any(|it| it.row.id == section && holds(&it.row, name))
    }

    /// A setting as the database has it, if it has one and it is no secret: what a change adds to,
    /// for another one may just have been made that is not in force yet.
    pub fn value(&self, section: &str, name: &str) -> Option<Value> {
        let mut all = self.sections.iter();
        let row = &all.find(|it| it.row.id == section)?.row;
        row.doc.get(name).cloned()
    }

    /// The row of a section, secrets masked.
    pub fn shown(&self, section: &str) -> Value {
        use crate::manage::work::Audited as _;
        let mut all = self.sections.iter();
        let row = all.find(|it| it.row.id == section);
        row.map(|it| redact::nested(&it.row.shown()))
            .unwrap_or_default()
    }

    /// Lays one setting onto its section: secrets are sealed, null takes it out, a mask leaves it
    /// as it is.
    pub fn set(&mut self, section: &str, name: &str, value: &Value) -> Result<(), Fault> {
        let path = format!("{section}.{}", short(name));
        if is_of_file(section, name) {
            let message = format!("`{path}` is set in the configuration file or the environment");
            return Err(bad(&path, message));
        }
        open_for_settings(self.m, section, name)?;
        let mut all = self.sections.iter_mut();
        let Some(it) = all.find(|it| it.row.id == section) else {
            let message = format!("`{}` is no section of settings", short(section));
            return Err(bad("config_type", message));
        };
        let Some(doc) = it.row.doc.as_object_mut() else {
            return Ok(());
        };
        let sealed = &mut it.row.sealed.0;
        match value {
            Value::String(text)
                if section == ENVIRONMENT || is_secret(name) || is_address(name) =>
            {
                if text == MASK {
                    return Ok(());
                }
                doc.shift_remove(name);
                sealed.insert(name.to_owned(), self.m.salt.seal(text)?);
            }
            Value::Null => {
                doc.shift_remove(name);
                sealed.remove(name);
            }
            other => {
                let restored = redact::restored(other, doc.get(name));
                if redact::has_mask(&restored) {
                    let message = format!(
                        "`{path}` holds `{MASK}` where the database has no value: write it out"
                    );
                    return Err(bad(&path, message));
                }
                doc.shift_remove(name);
                sealed.remove(name);
                doc.insert(name.to_owned(), restored);
            }
        }
        it.changed = true;
        self.named.push(path);
        Ok(())
    }

    /// The pass-through endpoints that the database has.
    pub fn endpoints(&self) -> Result<Vec<Value>, Fault> {
        let mut all = self.sections.iter();
        let row = all.find(|it| it.row.id == GENERAL);
        let Some(sealed) = row.and_then(|it| it.row.sealed.0.get(ENDPOINTS)) else {
            return Ok(Vec::new());
        };
        let opened = self.m.salt.open(ENDPOINTS, sealed)?;
        let list = serde_json::from_str(opened.reveal());
        list.map_err(|cause| {
            let message = "what the database has of pass-through endpoints cannot be read";
            Fault::ours(message, cause.to_string())
        })
    }

    /// Puts others in their place: whole under the salt key, and without their secrets for whoever
    /// looks.
    pub fn set_endpoints(&mut self, list: &[Value]) -> Result<(), Fault> {
        open_for_settings(self.m, GENERAL, ENDPOINTS)?;
        let mut all = self.sections.iter_mut();
        let Some(it) = all.find(|it| it.row.id == GENERAL) else {
            return Ok(());
        };
        let Some(doc) = it.row.doc.as_object_mut() else {
            return Ok(());
        };
        doc.shift_remove(ENDPOINTS);
        it.row.sealed.0.remove(ENDPOINTS);
        if !list.is_empty() {
            let shown = list.iter().filter_map(Value::as_object).map(masked);
            doc.insert(ENDPOINTS.to_owned(), shown.collect());
            let whole = Value::from(list.to_vec()).to_string();
            let sealed = self.m.salt.seal(&whole)?;
            it.row.sealed.0.insert(ENDPOINTS.to_owned(), sealed);
        }
        it.changed = true;
        self.named.push(format!("{GENERAL}.{ENDPOINTS}"));
        Ok(())
    }

    /// Judges the whole, writes it and waits until it is in force. What is to be said of it gives
    /// sentences.
    pub async fn put(mut self) -> Result<Vec<String>, Fault> {
        let mut whole = Map::new();
        for it in &self.sections {
            let mut settings = it.row.doc.as_object().cloned().unwrap_or_default();
            for (name, value) in self.m.salt.open_all(&it.row.sealed)? {
                settings.insert(name, value.reveal().into());
            }
            whole.insert(it.row.id.clone(), settings.into());
        }
        let said = self.m.in_force.check_settings(&whole, &self.named).await?;
        for mut it in self.sections.into_iter().filter(|it| it.changed) {
            it.row.stamp.touch(self.work.now, &self.work.actor);
            match it.before {
                Some(before) => self.work.update("updated", &before, &it.row).await?,
                None => self.work.insert(&it.row).await?,
            }
        }
        let actor = self.work.actor.clone();
        self.work.commit().await?;
        let settings = self.named.join(", ");
        tracing::info!(%actor, settings, "settings were changed through the API");
        self.m.in_force.taken_over().await?;
        Ok(said)
    }
}

pub(super) fn holds(row: &ConfigRow, name: &str) -> bool {
    row.doc.get(name).is_some() || row.sealed.0.contains_key(name)
}

/// Settings are kept where the database counts. The switch itself may be set there where neither
/// the file nor the environment says anything of it.
fn open_for_settings(m: &Manage, section: &str, name: &str) -> Result<(), Fault> {
    let path = format!("{GENERAL}.{SWITCH}");
    if name == SWITCH {
        let source = m.in_force.setting(GENERAL, SWITCH).map(|it| it.source);
        return match source {
            Some(Source::File(_) | Source::Environment(..)) => {
                let message = format!(
                    "`{path}` is set in the configuration file or the environment, which count"
                );
                Err(bad(&path, message))
            }
            _ if section != GENERAL => Err(bad(
                &format!("{section}.{SWITCH}"),
                format!("`{SWITCH}` belongs under `{GENERAL}`"),
            )),
            _ => Ok(()),
        };
    }
    if m.settings().store_models {
        return Ok(());
    }
    let message = format!(
        "settings cannot be kept in the database: set `store_model_in_db: true` in \
         `{GENERAL}`, or STORE_MODEL_IN_DB=True in the environment"
    );
    Err(bad(&path, message))
}
