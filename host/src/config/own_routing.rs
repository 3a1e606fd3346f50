//! `router_settings` of a key or a team: what of the router's settings is another for its calls.

use std::time::Duration;

use serde_json::{Map, Value};

use super::env::Env;
use super::fallbacks::Fallbacks;
use super::names::ROUTER;
use super::remarks::{Remarks, Taken, hint};
use super::routing::{self, RouterSettings};

/// The settings that a key or a team may have of its own; others of LiteLLM's are kept without effect.
const OWN: [&str; 17] = [
    "routing_strategy",
    "routing_strategy_args",
    "num_retries",
    "timeout",
    "stream_timeout",
    "retry_after",
    "retry_policy",
    "model_group_retry_policy",
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "default_fallbacks",
    "max_fallbacks",
    "enable_tag_filtering",
    "tag_filtering_match_any",
    "hedge_after",
    "hedge_most_percent",
];

/// The router's settings for the calls of one key.
#[derive(Debug, Clone)]
pub struct OwnRouting {
    /// With everything that is not its own.
    pub settings: RouterSettings,
    /// For calls that say nothing else. None: as the deployment has it.
    pub timeout: Option<Duration>,
    pub stream_timeout: Option<Duration>,
    pub num_retries: Option<u32>,
    /// Groups that its own fallbacks name.
    pub fallbacks: Vec<String>,
}

impl OwnRouting {
    /// These settings over those of the gateway.
    ///
    /// # Errors
    /// What is wrong with them, by their names.
    pub fn over(base: &RouterSettings, own: &Map<String, Value>) -> Result<Self, String> {
        let is_set = |(_, value): &(&String, &Value)| !value.is_null();
        let set = || own.iter().filter(is_set);
        let known: Vec<&str> = ROUTER.all().collect();
        if let Some((name, _)) = set().find(|(name, _)| !known.contains(&name.as_str())) {
            let hint = hint(name, known.iter().copied());
            return Err(format!("`{name}` is no setting of the router{hint}"));
        }
        let effective = set().filter(|(name, _)| OWN.contains(&name.as_str()));
        let effective = effective.map(|(name, value)| (name.clone(), value.clone()));
        let effective: Map<String, Value> = effective.collect();
        // Nothing of the environment: whoever makes keys may not read it.
        let (env, mut remarks) = (Env::default(), Remarks::default());
        let value = Some(Value::Object(effective.clone()));
        let (mut said, lists, _) = routing::read(value, &env, &mut remarks);
        Fallbacks::settle(lists, Fallbacks::default(), &mut said);
        let wrong = remarks.0.iter().find(|it| it.taken == Taken::Wrong);
        if let Some(wrong) = wrong {
            let name = wrong.path.trim_start_matches("router_settings.");
            return Err(format!("`{name}` {}", wrong.text));
        }
        let named = |it: &RouterSettings| {
            let maps = [
                &it.fallbacks,
                &it.context_window_fallbacks,
                &it.content_policy_fallbacks,
            ];
            let lists = maps.into_iter().flat_map(|it| it.values()).flatten();
            let mut all: Vec<String> = lists.chain(&it.default_fallbacks).cloned().collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let mut routing = Self {
            settings: base.clone(),
            timeout: said.timeout,
            stream_timeout: said.stream_timeout,
            num_retries: said.num_retries,
            fallbacks: named(&said),
        };
        let settings = &mut routing.settings;
        for name in effective.keys() {
            match name.as_str() {
                "routing_strategy" | "routing_strategy_args" => settings.strategy = said.strategy,
                "num_retries" => settings.num_retries = said.num_retries,
                "retry_after" => settings.retry_after = said.retry_after,
                "retry_policy" => settings.retry_policy = said.retry_policy.clone(),
                "model_group_retry_policy" => {
                    settings.retry_by_group.extend(said.retry_by_group.clone());
                }
                "fallbacks" => settings.fallbacks.extend(said.fallbacks.clone()),
                "context_window_fallbacks" => {
                    let own = said.context_window_fallbacks.clone();
                    settings.context_window_fallbacks.extend(own);
                }
                "content_policy_fallbacks" => {
                    let own = said.content_policy_fallbacks.clone();
                    settings.content_policy_fallbacks.extend(own);
                }
                "default_fallbacks" => {
                    settings
                        .default_fallbacks
                        .clone_from(&said.default_fallbacks);
                }
                "max_fallbacks" => settings.max_fallbacks = said.max_fallbacks,
                "enable_tag_filtering" => settings.filters_tags = said.filters_tags,
                "tag_filtering_match_any" => settings.tags_match_any = said.tags_match_any,
                "hedge_after" => settings.hedge_after = said.hedge_after,
                "hedge_most_percent" => settings.hedge_most_percent = said.hedge_most_percent,
                // Times are the call's: see above.
                _ => {}
            }
        }
        Ok(routing)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Config, Strategy};

    fn base() -> RouterSettings {
        let text = "router_settings: {num_retries: 4, fallbacks: [{a: [b]}, {c: [d]}], timeout: 9}";
        let (config, _) = Config::parse(text, Env::default()).unwrap();
        config.router.clone()
    }

    fn over(own: Value) -> Result<OwnRouting, String> {
        OwnRouting::over(&base(), own.as_object().unwrap())
    }

    #[test]
    fn what_a_key_says_counts_and_the_rest_is_the_gateways() {
        let own = over(
            json!({"routing_strategy": "least-busy", "fallbacks": [{"a": ["x"]}],
            "timeout": 3, "cache_responses": true, "num_retries": null}),
        );
        let own = own.unwrap();
        assert_eq!(own.settings.strategy, Strategy::LeastBusy);
        assert_eq!(own.settings.fallbacks["a"], ["x"]);
        assert_eq!(own.settings.fallbacks["c"], ["d"]);
        assert_eq!(own.fallbacks, ["x"]);
        assert_eq!(own.timeout, Some(Duration::from_secs(3)));
        assert_eq!((own.num_retries, own.settings.num_retries), (None, Some(4)));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (own, said) in [
            (json!({"num_retries": "often"}), "num_retries"),
            (json!({"routing_strategy": "best"}), "routing_strategy"),
            (json!({"num_retrys": 1}), "did you mean `num_retries`"),
            (json!({"fallbacks": ["x"]}), "fallbacks"),
            (json!({"hedge_most_percent": 0}), "hedge_most_percent"),
        ] {
            let wrong = over(own).unwrap_err();
            assert!(wrong.contains(said), "{wrong}");
        }
    }
}
