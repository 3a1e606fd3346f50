//! A callback in one file: posts a line for each finished request to the operator's collector.
//!
//! ```yaml
//! litellm_settings: {callbacks: [collector]}
//! plugins: {grants: {collector: {hosts: [collect.example], env: [COLLECTOR_KEY]}}}
//! ```

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Callback, Error, FetchRequest, callback};

/// The callback.
pub struct Collector;

impl Callback for Collector {
    fn describe() -> String {
        json!({
            "name": "collector", "version": "1.0.0",
            "callbacks": [{
                "name": "collector", "max_batch": 100, "base_url": "https://collect.example",
                "auth": {"scheme": "bearer", "secret": "key"}, "secrets": {"key": {"env": ["COLLECTOR_KEY"]}}
            }],
            // They are run before a new version serves, and by `cargo test`.
            "examples": [
                {"name": "lines are posted", "callback": "collector",
                 "records": [{"model": "a", "response_cost": 0.5, "messages": []}],
                 "fetches": [{"method": "POST", "url": "/lines", "body": {"lines": [{"model": "a", "cost": 0.5}]}, "status": 202}],
                 "expect": {}},
                {"name": "what may help later is tried again", "callback": "collector", "records": [],
                 "fetches": [{"status": 503}], "expect": {"error": "overloaded"}}
            ]
        })
        .to_string()
    }

    fn on_batch(_config: &Value, records: &[Value]) -> Result<(), Error> {
        let line = |it: &Value| json!({"model": it["model"], "cost": it["response_cost"]});
        let lines: Vec<Value> = records.iter().map(line).collect();
        let request = FetchRequest::post("/lines").json(&json!({ "lines": lines }));
        request.send()?.ok().map(drop)
    }
}

callback!(Collector);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_examples_hold() {
        sluice_sdk::testing::run_callback_examples::<Collector>().unwrap();
    }
}
