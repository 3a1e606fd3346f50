//! What the gateway of the tests runs with.

use std::future::ready;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::config::{Setting, Source, Type};
use crate::domain::Fault;
use crate::manage::fault::bad;
use crate::manage::{CacheAsk, Deployment, InForce, PriceTable};

/// Ends of the paths of settings that this gateway does not know.
const UNKNOWN: &[&str] = &[".bad", ".nobody", ".nope"];

/// A gateway with three deployments and one setting.
#[derive(Debug)]
pub(super) struct Running;

impl InForce for Running {
    fn deployments(&self, _: &Caller) -> Vec<Deployment> {
        [("d1", "alpha"), ("d2", "beta"), ("d3", "gamma")]
            .map(|(id, name)| Deployment {
                id: id.to_owned(),
                model_name: name.to_owned(),
                model_info: json!({"id": id, "access_groups": [name]})
                    .as_object()
                    .cloned()
                    .unwrap(),
                ..Deployment::default()
            })
            .into()
    }

    fn groups(&self, _: &Caller) -> Vec<Value> {
        ["alpha", "beta", "gamma"]
            .map(|it| json!({"model_group": it}))
            .into()
    }

    fn check_model(&self, _: &str, params: &Map<String, Value>) -> Result<(), Fault> {
        if params["model"].as_str().unwrap().starts_with("bad/") {
            return Err(bad("litellm_params.model", "there is no provider `bad`"));
        }
        Ok(())
    }

    fn check_settings<'a>(
        &'a self,
        _: &'a Map<String, Value>,
        named: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        let ends = |it: &&String| UNKNOWN.iter().any(|name| it.ends_with(name));
        let unknown = named.iter().find(ends);
        Box::pin(ready(match unknown {
            Some(path) => Err(bad(path, format!("`{path}` is not known"))),
            None => Ok(Vec::new()),
        }))
    }

    fn taken_over(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(ready(Ok(())))
    }

    fn reload(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(ready(Ok(())))
    }

    fn settings(&self, section: &str) -> Vec<Setting> {
        let all = [("general_settings", "max_parallel_requests", json!(3))];
        let own = all.into_iter().filter(|it| it.0 == section);
        own.map(|(_, name, value)| Setting {
            name: name.to_owned(),
            kind: Type::Whole,
            about: "calls at once",
            value,
            default: Value::Null,
            source: Source::Default,
            at_start: false,
            has_effect: true,
        })
        .collect()
    }

    fn setting(&self, section: &str, name: &str) -> Option<Setting> {
        let mut all = self.settings(section).into_iter();
        all.find(|it| it.name == name)
    }

    fn section(&self, name: &str) -> Map<String, Value> {
        let section = json!({"of": name, "api_key": "********",
            "success_callback": ["langfuse"], "fallbacks": [{"alpha": ["beta"]}]});
        section.as_object().cloned().unwrap()
    }

    fn document(&self) -> Map<String, Value> {
        let document = json!({"general_settings": self.section("general_settings")});
        document.as_object().cloned().unwrap()
    }

    fn cache(&self, ask: CacheAsk) -> BoxFuture<'_, Result<Value, Fault>> {
        Box::pin(ready(Ok(json!({"asked": format!("{ask:?}")}))))
    }

    fn serves(&self, provider: &str) -> bool {
        matches!(provider, "openai" | "anthropic")
    }

    fn knows_callback(&self, name: &str) -> bool {
        matches!(name, "langfuse" | "langsmith")
    }

    fn callback_fault(&self, name: &str) -> Option<Option<String>> {
        let why = "no plugin has the callback";
        (name == "langfuse").then(|| Some(why.to_owned()))
    }

    fn price_table(&self) -> PriceTable {
        PriceTable {
            version: "v1".to_owned(),
            models: 3,
            url: Some("https://example.com/prices.json".to_owned()),
            ..PriceTable::default()
        }
    }

    fn price_map(&self) -> Map<String, Value> {
        let map = json!({"m": {"input_cost_per_token": 1e-6}});
        map.as_object().cloned().unwrap()
    }

    fn fetch_prices(&self, _: i64) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(ready(Ok(())))
    }
}
