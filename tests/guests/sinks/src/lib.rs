//! Callbacks without an SDK. `sink` posts its records to a log with its key; `breaks` does the same,
//! and traps over a record that has its setting `word` in it.

#![cfg_attr(
    target_arch = "wasm32",
    expect(
        unsafe_code,
        reason = "what the bindings export is generated, and taken over from memory"
    )
)]

use serde_json::{Value, json};

/// The contract's types.
pub mod bindings {
    wit_bindgen::generate!({
        world: "callback-plugin",
        path: "../../../wit",
        additional_derives: [PartialEq, Clone],
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_sinks",
    });
}

use bindings::exports::sluice::plugin::{callback, plugin};
use bindings::sluice::plugin::http::{self, Request, Response};
use bindings::sluice::plugin::kv;
use bindings::sluice::plugin::types::{Auth, Body, Error};

const DESCRIBE: &str = r#"{"name": "sinks", "version": "7.7.7",
 "callbacks": [
  {"name": "sink", "max_batch": 100, "base_url_env": ["SINK_HOST"], "hosts": ["declared.example"],
   "auth": {"scheme": "bearer", "secret": "api_key"},
   "secrets": {"api_key": {"env": ["SINK_API_KEY"]}},
   "config_schema": {"type": "object", "properties": {"project": {"type": "string", "default": "none", "x-env": ["SINK_PROJECT"]},
    "elsewhere": {"type": "string"}, "region": {"type": "string"}, "level": {"type": "integer", "x-env": ["SINK_LEVEL"]}}}},
  {"name": "breaks", "auth": {"scheme": "none"},
   "config_schema": {"type": "object", "required": ["word"], "properties": {"word": {"type": "string"}}}}
 ],
 "examples": [
  {"name": "records are posted", "callback": "sink", "config": {"callback": "sink", "project": "p"}, "records": [{"id": "1"}],
   "fetches": [{"method": "POST", "url": "/take", "status": 200, "reply": {}}], "expect": {}}
 ]}"#;

/// Tells one version from another; the same digits stand in `describe`.
const VERSION: &str = "7.7.7";

/// Both of them.
pub struct Sinks;

impl plugin::Guest for Sinks {
    fn describe() -> String {
        DESCRIBE.to_owned()
    }
}

impl callback::Guest for Sinks {
    fn on_batch(config: String, records: Vec<String>) -> Result<(), Error> {
        let config: Value = serde_json::from_str(&config).unwrap_or_default();
        let text = |name: &str| config.get(name).and_then(Value::as_str);
        if let Some(word) = text("word")
            && records.iter().any(|it| it.contains(word))
        {
            std::process::abort();
        }
        let read = records.iter().map(|it| serde_json::from_str(it));
        let records: Vec<Value> = read.filter_map(Result::ok).collect();
        let batches = kv::add("batches", 1, 600);
        let body = json!({"by": VERSION, "config": config, "batches": batches, "records": records});
        let url = text("elsewhere").unwrap_or("/take");
        let auth = text("region").map(|region| Auth {
            scheme: "sigv4".into(),
            params: vec![
                ("service".into(), "s3".into()),
                ("region".into(), region.into()),
            ],
        });
        judge(http::fetch(&Request {
            method: "POST".into(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::Json(body.to_string()),
            auth: auth.into_iter().collect(),
            options: vec![("timeout_ms".into(), "5000".into())],
        })?)
    }
}

fn judge(response: Response) -> Result<(), Error> {
    let kind = match response.status {
        200..300 => return Ok(()),
        400 => "invalid-request",
        401 => "authentication",
        429 => "rate-limit",
        _ => "upstream",
    };
    let mut headers = response.headers.iter();
    let after = headers.find(|(name, _)| name == "retry-after-ms");
    Err(Error {
        kind: kind.into(),
        message: format!("the log answered {}", response.status),
        status: Some(response.status),
        retry: None,
        retry_after_ms: after.and_then(|(_, value)| value.parse().ok()),
        detail: None,
    })
}

// Other targets take names with colons for no symbols.
#[cfg(target_arch = "wasm32")]
bindings::export_sinks!(Sinks with_types_in bindings);
