//! What the operator wants.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_sdk::{Error, Inspection, fault};

use crate::kind::{Kind, Kinds};

/// What is done with what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    #[serde(alias = "MASK")]
    Mask,
    #[serde(alias = "BLOCK")]
    Block,
    /// Only told, in the findings.
    #[serde(alias = "TAG")]
    Tag,
}

/// Names, or names with what is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Entities {
    Names(Vec<String>),
    Actions(BTreeMap<String, Action>),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    guardrail: String,
    entities: Option<Entities>,
    pii_entities_config: Option<BTreeMap<String, Action>>,
    allow_list: Vec<String>,
    roles: Option<Vec<String>>,
    reversible: Option<bool>,
    output_parse_pii: Option<bool>,
    replacement: Option<String>,
    mask_output: Option<bool>,
}

/// The settings, checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Settings {
    written: Written,
    actions: Vec<(Kind, Action)>,
    /// Everything that is looked for.
    pub kinds: Kinds,
    /// What is masked is put back in the answer.
    pub reversible: bool,
    /// None: what the setting does not say.
    pub mask_output: Option<bool>,
}

impl TryFrom<Written> for Settings {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let secrets = written.guardrail == crate::describe::HIDE_SECRETS;
        let mut actions: Vec<(Kind, Action)> = Vec::new();
        let mut set = |name: &str, action: Action| -> Result<(), String> {
            let kind = Kind::of(name);
            let kind = kind.ok_or_else(|| format!("`{name}` is no entity that is found here"))?;
            actions.retain(|it| it.0 != kind);
            actions.push((kind, action));
            Ok(())
        };
        match &written.entities {
            Some(Entities::Names(names)) => {
                names.iter().try_for_each(|it| set(it, Action::Mask))?
            }
            Some(Entities::Actions(all)) => {
                all.iter().try_for_each(|(it, action)| set(it, *action))?
            }
            None => {}
        }
        let named = written.pii_entities_config.iter().flatten();
        named
            .into_iter()
            .try_for_each(|(it, action)| set(it, *action))?;
        if written.entities.is_none() && written.pii_entities_config.is_none() {
            // An address of a page is seldom anybody's.
            let usual = Kind::all().filter(|it| it.is_secret() == secrets && *it != Kind::Url);
            actions.extend(usual.map(|it| (it, Action::Mask)));
        }
        Ok(Self {
            kinds: actions.iter().map(|it| it.0).collect(),
            actions,
            reversible: written
                .output_parse_pii
                .or(written.reversible)
                .unwrap_or(!secrets),
            mask_output: written.mask_output,
            written,
        })
    }
}

impl From<Settings> for Written {
    fn from(settings: Settings) -> Self {
        settings.written
    }
}

impl Settings {
    /// What the guardrail was set to.
    ///
    /// # Errors
    /// A kind that is not found here, or settings that do not fit the schema.
    pub fn of(inspection: &Inspection) -> Result<Self, Error> {
        let written: Written = inspection.settings()?;
        Self::try_from(written).map_err(fault::invalid_request)
    }

    /// What is done with a kind.
    pub fn action(&self, kind: Kind) -> Action {
        let found = self.actions.iter().find(|it| it.0 == kind);
        found.map_or(Action::Tag, |it| it.1)
    }

    /// Whether texts of this role are looked at.
    pub fn looks_at(&self, role: &str) -> bool {
        let roles = self.written.roles.as_ref();
        roles.is_none_or(|it| it.iter().any(|it| it == role))
    }

    /// Whether the operator lets a value pass: as it is listed, in any letter case, or by its end
    /// after a star.
    pub fn allows(&self, value: &str) -> bool {
        let small = value.to_lowercase();
        self.written.allow_list.iter().any(|listed| {
            let listed = listed.to_lowercase();
            match listed.strip_prefix('*') {
                Some(end) => small.ends_with(end),
                None => small == listed,
            }
        })
    }

    /// What stands in place of something that is not put back.
    pub fn replacement(&self, kind: Kind) -> String {
        match &self.written.replacement {
            Some(text) => text.clone(),
            None if kind.is_secret() && self.written.guardrail == crate::describe::HIDE_SECRETS => {
                "[REDACTED]".to_owned()
            }
            None => format!("<{}>", kind.label()),
        }
    }
}
