//! Guardrails without an SDK. `mask` puts names of people out of sight and back again, in streams
//! too; `whole` does the same and has to see the whole answer; `deeds` does what its settings say, as
//! a guardrail that blocks, that fails, or that tries what it may not.

#![cfg_attr(
    target_arch = "wasm32",
    expect(
        unsafe_code,
        reason = "what the bindings export is generated, and taken over from memory"
    )
)]

mod deeds;
mod mask;

use serde_json::Value;

/// The contract's types.
pub mod bindings {
    wit_bindgen::generate!({
        world: "guardrail-stream-plugin",
        path: "../../../wit",
        additional_derives: [PartialEq, Clone],
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_guards",
    });
}

use bindings::exports::sluice::plugin::{guardrail, guardrail_stream, plugin};
use bindings::sluice::plugin::types::Error;
use guardrail::{Decision, Inspection, Verdict};
use guardrail_stream::{Piece, StreamVerdict};

const DESCRIBE: &str = r#"{"name": "guards", "version": "0.1.0",
 "guardrails": [
  {"name": "mask", "stages": ["pre", "post", "log"],
   "config_schema": {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}, "default": ["Ada Lovelace"]}}}},
  {"name": "whole", "stages": ["pre", "post"], "needs": ["response"],
   "config_schema": {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}, "default": ["Ada Lovelace"]}}}},
  {"name": "deeds", "hosts": ["declared.example"],
   "auth": {"scheme": "bearer", "secret": "api_key"}, "secrets": {"api_key": {"env": ["GUARDS_API_KEY"]}},
   "config_schema": {"type": "object", "required": ["deed"], "properties": {"deed": {"type": "string"}, "word": {"type": "string"}}}}
 ],
 "examples": [
  {"name": "a name is masked", "guardrail": "mask", "stage": "pre", "config": {"guardrail": "mask", "names": ["Ada Lovelace"]},
   "spans": [{"text": "I am Ada Lovelace"}, {"text": "hi"}],
   "expect": {"verdict": "edit", "texts": ["I am <NAME_1>", "hi"], "findings": {"names": 1}}},
  {"name": "a word is refused", "guardrail": "deeds", "config": {"guardrail": "deeds", "deed": "block", "word": "secret"},
   "spans": [{"text": "a secret"}], "expect": {"verdict": "block", "code": "word"}},
  {"name": "what it asks elsewhere is the example's", "guardrail": "deeds", "config": {"guardrail": "deeds", "deed": "fetch"},
   "spans": [{"text": "hi"}], "fetches": [{"method": "POST", "url": "/judge", "body": {"texts": ["hi"]}, "status": 200, "reply": {"block": true}}],
   "expect": {"verdict": "block", "code": "judged"}}
 ]}"#;

/// All of them.
pub struct Guards;

/// Which of them is asked, and with which settings.
fn settings(inspection: &Inspection) -> (String, Value) {
    let config: Value = serde_json::from_str(&inspection.config).unwrap_or_default();
    let name = config.get("guardrail").and_then(Value::as_str);
    (name.unwrap_or_default().to_owned(), config)
}

impl plugin::Guest for Guards {
    fn describe() -> String {
        DESCRIBE.to_owned()
    }
}

impl guardrail::Guest for Guards {
    fn inspect(inspection: Inspection) -> Result<Decision, Error> {
        match settings(&inspection) {
            (name, config) if name == "deeds" => deeds::commit(&inspection, &config),
            (_, config) => Ok(match inspection.stage.as_str() {
                "post" => mask::undo(&inspection),
                _ => mask::mask(&inspection, &config),
            }),
        }
    }
}

impl guardrail_stream::Guest for Guards {
    fn open(inspection: Inspection) -> Result<String, Error> {
        match settings(&inspection) {
            (name, config) if name == "deeds" => Ok(config.to_string()),
            _ => Ok(inspection.state),
        }
    }

    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        let read: Value = serde_json::from_str(&state).unwrap_or_default();
        match read.get("deed").and_then(Value::as_str) {
            Some(deed) => deeds::feed(deed, &read, pieces),
            None => Ok(mask::feed(read, pieces, last)),
        }
    }
}

/// A decision without findings.
pub fn decide(verdict: Verdict) -> Decision {
    Decision {
        verdict,
        findings: None,
        state: String::new(),
    }
}

// Other targets take names with colons for no symbols.
#[cfg(target_arch = "wasm32")]
bindings::export_guards!(Guards with_types_in bindings);
