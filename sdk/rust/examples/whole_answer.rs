//! The least that a provider is: a service that takes `{"question"}` and answers `{"text", "words"}`.
//!
//! `cargo build --release --target wasm32-wasip2 -p sluice-sdk --example whole_answer` makes the component;
//! copy it into `plugins.directory` and grant it what it asks for, or it is not loaded:
//! `plugins.grants: {acme: {hosts: [api.acme.example], env: [ACME_API_KEY]}}`.

use sluice_sdk::chat::{ChatAnswer, ChatRequest, usage};
use sluice_sdk::serde_json::json;
use sluice_sdk::{Call, Error, Outbound, Provider, Reply, Step, fault, provider};

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
        let request = ChatRequest::parse(body)?;
        let question = request.messages().last().map(|it| it.text());
        let asked = json!({"question": question, "temperature": request.get("temperature")});
        Ok(Outbound::post(format!("/ask/{}", call.model))
            .json(&asked)
            .send())
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first();
        let answer = reply.ok_or_else(|| fault::internal("no reply"))?.json()?;
        let (text, words) = (answer["text"].as_str(), answer["words"].as_u64());
        let text = text.ok_or_else(|| fault::upstream("the answer has no `text`"))?;
        Ok(ChatAnswer::new()
            .content(text)
            .usage(usage(0, words.unwrap_or(0)))
            .respond())
    }
}

provider!(Acme);

#[test]
fn fixtures_are_translated() {
    sluice_sdk::testing::run_dir::<Acme>("examples/fixtures");
}
