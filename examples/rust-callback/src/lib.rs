//! A callback: a digest of each batch of finished calls is posted to a webhook. The webhook is the entry's
//! `api_base`; its key is named here, and added by the gateway.

use std::collections::BTreeMap;

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Callback, Error, FetchRequest, callback, described};

/// The callback.
pub struct Digest;

const FIXTURES: [&str; 2] = [
    include_str!("../fixtures/delivered.json"),
    include_str!("../fixtures/refused.json"),
];

impl Callback for Digest {
    fn describe() -> String {
        // The fixtures are run before a new version serves: a version that fails them never does.
        described(include_str!("../describe.json"), &FIXTURES)
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let path = config["path"].as_str().unwrap_or("/digest");
        let request = FetchRequest::post(path).json(&digest(records));
        // A status of 400 and above is an error that says whether another attempt may help.
        request.send()?.ok().map(drop)
    }
}

callback!(Digest);

fn digest(records: &[Value]) -> Value {
    let mut models = BTreeMap::<&str, u64>::new();
    for record in records {
        *models
            .entry(record["model_group"].as_str().unwrap_or_default())
            .or_default() += 1;
    }
    let failed = records
        .iter()
        .filter(|it| it["status"] != "success")
        .count();
    let tokens: u64 = records
        .iter()
        .filter_map(|it| it["total_tokens"].as_u64())
        .sum();
    let spend: f64 = records
        .iter()
        .filter_map(|it| it["response_cost"].as_f64())
        .sum();
    json!({"calls": records.len(), "failed": failed, "tokens": tokens, "spend": spend, "models": models})
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<Digest>()
        .unwrap_or_else(|wrong| panic!("{wrong}"));
}
