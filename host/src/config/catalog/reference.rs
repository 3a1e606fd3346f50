//! Every key of the file, for the document that operators look them up in: what has an effect, as the
//! catalog describes it, and what is taken without one.

use serde_json::Value;

use super::super::names::{GENERAL, LITELLM, ROUTER, TOP};
use super::super::section::Names;
use super::super::{
    allowance, caching, credentials, deployment, guardrails, params, plugins, policies, strategy,
    through,
};
use super::{Described, Type, models, of_section, parts};

/// Whose a key is, and whether it does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// LiteLLM's, and honoured.
    Litellm,
    /// Not known to LiteLLM.
    Ours,
    /// LiteLLM's, taken without effect.
    Accepted,
    /// The same, with a warning where it is set: somebody may rely on it.
    Unenforced,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub standing: Standing,
    described: Option<&'static Described>,
}

impl Key {
    /// None: nothing reads it.
    pub fn kind(&self) -> Option<Type> {
        self.described.map(|it| it.kind)
    }

    /// Null: none, or it has none.
    pub fn default(&self) -> Value {
        self.described.map_or(Value::Null, Described::default)
    }

    /// What it does; empty: nothing.
    pub fn about(&self) -> &'static str {
        self.described.map_or("", |it| it.about)
    }

    /// The environment's variable that counts where it is silent, and whether it counts before it.
    pub fn variable(&self) -> Option<(&'static str, bool)> {
        let described = self.described?;
        Some((described.variable?, described.variable_first))
    }

    /// The section and the setting there that count where it is silent.
    pub fn other(&self) -> Option<(&'static str, &'static str)> {
        self.described?.other
    }

    /// A change takes effect at the next start.
    pub fn at_start(&self) -> bool {
        self.described.is_some_and(|it| it.at_start)
    }
}

/// The keys of one place of the file.
#[derive(Debug, Clone)]
pub struct Table {
    /// Where they stand, as `model_list[].litellm_params`; empty: the file itself.
    pub place: &'static str,
    pub keys: Vec<Key>,
}

/// Keys that a place knows by name, beside those that go on to plugins.
const PARAMS: Names = Names {
    known: params::READ,
    accepted: params::ACCEPTED,
    unenforced: params::UNENFORCED,
};

/// Every place with its keys, in the order of a file.
pub fn reference() -> Vec<Table> {
    let section = |name: &'static str, names: &Names| table(name, names, of_section(name));
    vec![
        table("", &TOP, parts::SECTIONS),
        table("model_list[]", &deployment::NAMES, models::ENTRY),
        table("model_list[].litellm_params", &PARAMS, models::PARAMS),
        alone("model_list[].model_info", models::INFO),
        table(
            "credential_list[]",
            &credentials::NAMES,
            models::CREDENTIALS,
        ),
        section("litellm_settings", &LITELLM),
        table(
            "litellm_settings.cache_params",
            &caching::NAMES,
            parts::CACHE,
        ),
        table(
            "litellm_settings.tag_budget_config.*",
            &allowance::ENTRY,
            parts::ALLOWANCE,
        ),
        section("router_settings", &ROUTER),
        table(
            "router_settings.routing_strategy_args",
            &strategy::ARGS,
            parts::STRATEGY,
        ),
        table(
            "router_settings.retry_policy",
            &policies::RETRIES,
            parts::RETRIES,
        ),
        table(
            "router_settings.allowed_fails_policy",
            &policies::ALLOWED_FAILS,
            parts::ALLOWED_FAILS,
        ),
        table(
            "router_settings.provider_budget_config.*",
            &allowance::ENTRY,
            parts::ALLOWANCE,
        ),
        section("general_settings", &GENERAL),
        table(
            "general_settings.pass_through_endpoints[]",
            &through::NAMES,
            parts::ENDPOINTS,
        ),
        table("guardrails[]", &guardrails::NAMES, parts::GUARDRAILS),
        alone("guardrails[].litellm_params", parts::GUARDRAIL),
        section("plugins", &plugins::NAMES),
        table("plugins.limits", &plugins::LIMITS, parts::LIMITS),
        table("plugins.trust", &plugins::TRUST, parts::TRUST),
        table("plugins.grants.*", &plugins::GRANT, parts::GRANT),
        table("plugins.rollback", &plugins::ROLLBACK, parts::ROLLBACK),
    ]
}

/// What has an effect in the order of the catalog, then what has none.
fn table(place: &'static str, names: &Names, described: &'static [Described]) -> Table {
    let mut keys = alone(place, described).keys;
    for (list, standing) in [
        (names.accepted, Standing::Accepted),
        (names.unenforced, Standing::Unenforced),
    ] {
        keys.extend(list.iter().copied().map(|name| Key {
            name,
            standing,
            described: None,
        }));
    }
    Table { place, keys }
}

/// A place where every other key is a plugin's, or only shown.
fn alone(place: &'static str, described: &'static [Described]) -> Table {
    let keys = described.iter().map(|it| Key {
        name: it.name,
        standing: if it.ours {
            Standing::Ours
        } else {
            Standing::Litellm
        },
        described: Some(it),
    });
    Table {
        place,
        keys: keys.collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names that are read at each place with a list of its own.
    fn known() -> Vec<(&'static str, Names)> {
        vec![
            ("", TOP),
            ("model_list[]", deployment::NAMES),
            ("credential_list[]", credentials::NAMES),
            ("litellm_settings.cache_params", caching::NAMES),
            ("litellm_settings.tag_budget_config.*", allowance::ENTRY),
            ("router_settings.routing_strategy_args", strategy::ARGS),
            ("router_settings.retry_policy", policies::RETRIES),
            (
                "router_settings.allowed_fails_policy",
                policies::ALLOWED_FAILS,
            ),
            ("general_settings.pass_through_endpoints[]", through::NAMES),
            ("guardrails[]", guardrails::NAMES),
            ("plugins.limits", plugins::LIMITS),
            ("plugins.trust", plugins::TRUST),
            ("plugins.grants.*", plugins::GRANT),
            ("plugins.rollback", plugins::ROLLBACK),
        ]
    }

    fn described(table: &Table) -> BTreeSet<&'static str> {
        let all = table.keys.iter().filter(|it| it.described.is_some());
        all.map(|it| it.name).collect()
    }

    #[test]
    fn every_key_that_is_read_is_in_the_reference_and_no_other() {
        let tables = reference();
        for (place, names) in known() {
            let table = tables.iter().find(|it| it.place == place).unwrap();
            let read: BTreeSet<&str> = names.known.iter().copied().collect();
            assert_eq!(described(table), read, "{place}");
        }
    }

    #[test]
    fn every_parameter_of_a_deployment_is_in_the_reference() {
        let tables = reference();
        let of_params = |it: &&Table| it.place == "model_list[].litellm_params";
        let written = described(tables.iter().find(of_params).unwrap());
        let read: BTreeSet<&str> = params::READ.iter().copied().collect();
        // It is read with the settings of the plugins.
        let more: Vec<_> = written.difference(&read).copied().collect();
        assert_eq!(more, ["guardrails"]);
        let missing: Vec<_> = read.difference(&written).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_default_is_json_and_no_key_stands_twice() {
        for table in reference() {
            let names: BTreeSet<_> = table.keys.iter().map(|it| it.name).collect();
            assert_eq!(names.len(), table.keys.len(), "{}", table.place);
            for key in table.keys.iter().filter_map(|it| it.described) {
                let default = serde_json::from_str::<Value>(key.default);
                assert!(default.is_ok(), "{}.{}", table.place, key.name);
                assert!(!key.about.is_empty(), "{}.{}", table.place, key.name);
            }
        }
    }
}
