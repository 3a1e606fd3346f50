//! The cases that the plugin contract was judged by, each a provider. Their tests here are native,
//! against the contract's types with no host; `tests/sdk/test_contract.py` drops the same
//! component into a running gateway.

mod documents;
mod exchange;
mod paused;
mod polling;
mod titan;

use sluice_sdk::serde_json::json;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Step, chat::ChatRequest, fault,
    parse_body, provider,
};

/// The providers.
pub struct HardCases;

impl Provider for HardCases {
    fn describe() -> String {
        let provider = |name: &str, operation: &str, media: &str| {
            json!({"name": name, "auth": {"scheme": "none"}, "media": media,
                "rate_limit_headers": {"remaining_tokens": "x-case-left"},
                "operations": {operation: {"stream": name == "case-paused"}}})
        };
        let mut signed = provider("case-signed", "chat", "url");
        signed["auth"] = json!({"scheme": "jwt", "key-secret": "api_key", "id-secret": "access_key_id", "ttl-seconds": "1800"});
        signed["secrets"] = json!({"api_key": {}, "access_key_id": {}});
        json!({
            "name": "hard-cases",
            "version": env!("CARGO_PKG_VERSION"),
            "providers": [
                provider("case-titan", "embeddings", "url"),
                provider("case-polling", "chat", "url"),
                provider("case-paused", "chat", "url"),
                provider("case-documents", "chat", "inline"),
                provider("case-exchange", "chat", "url"),
                signed
            ]
        })
        .to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        match call.provider.as_str() {
            "case-titan" => titan::start(call, &parse_body(body)?),
            "case-polling" => polling::start(call, &ChatRequest::parse(body)?),
            "case-paused" => paused::start(ChatRequest::parse(body)?),
            "case-documents" => documents::start(call, &ChatRequest::parse(body)?),
            "case-exchange" => exchange::start(call, &ChatRequest::parse(body)?),
            // What is hard about it is the host's to do.
            "case-signed" => Ok(Outbound::post("/chat/completions")
                .patch(Vec::new())
                .canonical()
                .send()),
            other => Err(fault::unsupported(format!("no such case: {other}"))),
        }
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        match (call.provider.as_str(), replies.as_slice()) {
            ("case-titan", replies) => titan::resume(replies),
            ("case-polling", [reply]) => polling::resume(reply),
            ("case-documents", [reply]) => documents::resume(reply),
            ("case-exchange", [reply]) => exchange::resume(call, reply),
            _ => Err(fault::internal("a reply that nobody waits for")),
        }
    }

    // `decode` is not told the call: what it needs of it, `start` puts into the state.
    fn decode(
        _head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        paused::decode(&state, &frames, last)
    }
}

provider!(HardCases);

#[cfg(test)]
fn call(provider: &str, operation: &str) -> Call {
    Call {
        id: "c".into(),
        operation: operation.into(),
        provider: provider.into(),
        model: "m".into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

#[cfg(test)]
fn reply(body: &sluice_sdk::serde_json::Value) -> Reply {
    Reply {
        status: 200,
        headers: Vec::new(),
        body: sluice_sdk::Payload::Text(body.to_string()),
        state: String::new(),
    }
}

#[cfg(test)]
fn answer(step: Step) -> sluice_sdk::serde_json::Value {
    let Step::Respond(response) = step else {
        panic!("no answer")
    };
    let sluice_sdk::Payload::Text(text) = response.body else {
        panic!("no text")
    };
    sluice_sdk::serde_json::from_str(&text).unwrap()
}
