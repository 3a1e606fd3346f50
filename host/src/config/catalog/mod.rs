//! Every setting that has an effect: its type, its default, what it does, and what counts where
//! nobody wrote it. Forms and lists of the API are made of it; the readers of the sections do not
//! know it, and a test holds the two together.

mod general;
mod litellm;
mod plugins;
mod router;

use serde_json::Value;

/// As LiteLLM's forms name types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    Whole,
    Number,
    Flag,
    List,
    Mapping,
}

impl Type {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Whole => "Integer",
            Self::Number => "Float",
            Self::Flag => "Boolean",
            Self::List => "List",
            Self::Mapping => "Dict",
        }
    }

    /// The type that a value has by itself.
    pub const fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Self::Flag,
            Value::Number(_) => Self::Number,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Mapping,
            Value::String(_) | Value::Null => Self::Text,
        }
    }
}

/// One setting, described.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    pub name: &'static str,
    pub kind: Type,
    /// As JSON.
    default: &'static str,
    pub about: &'static str,
    /// The environment's variable that counts where nobody wrote the setting.
    pub variable: Option<&'static str>,
    /// That variable counts before what is written.
    pub variable_first: bool,
    /// The setting of another section (and its name there) that counts where this one is silent.
    pub other: Option<(&'static str, &'static str)>,
    /// A change takes effect at the next start.
    pub at_start: bool,
}

impl Described {
    pub fn default(&self) -> Value {
        serde_json::from_str(self.default).unwrap_or_default()
    }

    const fn env(self, name: &'static str) -> Self {
        Self {
            variable: Some(name),
            ..self
        }
    }

    const fn env_first(self, name: &'static str) -> Self {
        Self {
            variable: Some(name),
            variable_first: true,
            ..self
        }
    }

    const fn or(self, section: &'static str, name: &'static str) -> Self {
        Self {
            other: Some((section, name)),
            ..self
        }
    }

    const fn at_start(self) -> Self {
        Self {
            at_start: true,
            ..self
        }
    }
}

const fn one(
    name: &'static str,
    kind: Type,
    default: &'static str,
    about: &'static str,
) -> Described {
    Described {
        name,
        kind,
        default,
        about,
        variable: None,
        variable_first: false,
        other: None,
        at_start: false,
    }
}

/// The settings of a section that have an effect.
pub fn of_section(section: &str) -> &'static [Described] {
    match section {
        "general_settings" => general::ALL,
        "litellm_settings" => litellm::ALL,
        "router_settings" => router::ALL,
        "plugins" => plugins::ALL,
        _ => &[],
    }
}

/// One of them.
pub fn find(section: &str, name: &str) -> Option<&'static Described> {
    of_section(section).iter().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::names::{GENERAL, LITELLM, ROUTER};
    use super::super::plugins::NAMES as PLUGINS;
    use super::*;

    #[test]
    fn every_setting_that_has_an_effect_is_described_and_no_other() {
        for (section, names) in [
            ("general_settings", &GENERAL),
            ("litellm_settings", &LITELLM),
            ("router_settings", &ROUTER),
            ("plugins", &PLUGINS),
        ] {
            let known: BTreeSet<&str> = names.known.iter().copied().collect();
            let described: BTreeSet<&str> = of_section(section).iter().map(|it| it.name).collect();
            let missing: Vec<_> = known.difference(&described).collect();
            assert!(
                missing.is_empty(),
                "{section}: config/catalog does not describe {missing:?}"
            );
            let more: Vec<_> = described.difference(&known).collect();
            assert!(
                more.is_empty(),
                "{section}: nothing reads {more:?}, which config/catalog describes"
            );
            assert_eq!(
                described.len(),
                of_section(section).len(),
                "one stands twice"
            );
        }
    }

    #[test]
    fn every_default_is_of_its_settings_type_or_none() {
        for section in [
            "general_settings",
            "litellm_settings",
            "router_settings",
            "plugins",
        ] {
            for it in of_section(section) {
                let default = serde_json::from_str::<Value>(it.default).unwrap();
                let own = Type::of(&default);
                let fits = own == it.kind || (own == Type::Number && it.kind == Type::Whole);
                assert!(default.is_null() || fits, "{section}.{}", it.name);
                assert!(!it.about.is_empty(), "{section}.{}", it.name);
                if let Some((section, name)) = it.other {
                    assert!(find(section, name).is_some(), "{section}.{name}");
                }
            }
        }
    }
}
