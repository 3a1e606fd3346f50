//! A provider in Rust, whole: a service that takes `{"question"}` and answers `{"text", "words"}`.
//!
//! Build it with `cargo build --release --target wasm32-wasip2` and copy the `.wasm` file into
//! `plugins.directory`; grant it its key with `plugins.grants.acme.env: [ACME_API_KEY]`.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Call, Error, Outbound, Provider, Reply, Response, Step, fault, parse_body, provider,
};

/// The provider.
pub struct Acme;

impl Provider for Acme {
    fn describe() -> String {
        json!({
            "name": "acme",
            "version": env!("CARGO_PKG_VERSION"),
            "providers": [{
                "name": "acme",
                "base_url": "https://api.acme.example/v1",
                "auth": {"scheme": "bearer", "secret": "api_key"},
                "secrets": {"api_key": {"env": ["ACME_API_KEY"], "required": true}},
                "operations": {"chat": {"params": ["temperature"]}},
                "errors": {"message": "/problem"}
            }]
        })
        .to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let body: Value = parse_body(body)?;
        let last = body["messages"].as_array().and_then(|it| it.last());
        let question = last.and_then(|it| it["content"].as_str());
        let question = question.ok_or_else(|| fault::invalid_request("acme takes text only"))?;
        let asked = json!({"question": question, "temperature": body["temperature"]});
        Ok(Outbound::post(format!("/ask/{}", call.model))
            .json(&asked)
            .send())
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let answer = replies
            .first()
            .ok_or_else(|| fault::internal("no reply"))?
            .json()?;
        let message = json!({"role": "assistant", "content": answer["text"]});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        let usage = json!({"prompt_tokens": 0, "completion_tokens": answer["words"], "total_tokens": answer["words"]});
        Ok(Response::json(&json!({"choices": [choice], "usage": usage})).respond())
    }
}

provider!(Acme);

#[test]
fn fixtures_are_translated() {
    sluice_sdk::testing::run_dir::<Acme>("fixtures");
}
