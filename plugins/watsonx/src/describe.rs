//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const CHAT_LACKS: [&str; 13] = [
    "audio",
    "function_call",
    "functions",
    "modalities",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "store",
    "thinking",
    "verbosity",
    "web_search_options",
];

const TEXT_LACKS: [&str; 9] = [
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "n",
    "presence_penalty",
    "suffix",
];

const HEARING_LACKS: [&str; 9] = [
    "chunking_strategy",
    "include",
    "known_speaker_names",
    "known_speaker_references",
    "prompt",
    "stream",
    "temperature",
    "timestamp_granularities",
    "timestamp_granularities[]",
];

const IGNORED: [&str; 2] = ["stream_options", "user"];

pub fn document() -> Value {
    json!({
        "name": "watsonx",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "IBM watsonx.ai: chat, text generation, embeddings, rerank, transcripts, models",
        "license": "MIT OR Apache-2.0",
        "providers": [provider("watsonx", "IBM watsonx.ai", json!({
            "chat": {"stream": true, "unsupported": CHAT_LACKS, "ignored": IGNORED},
            "completions": {"stream": true, "unsupported": TEXT_LACKS, "ignored": IGNORED},
            "embeddings": {"unsupported": ["dimensions"], "ignored": ["user"]},
            "rerank": {},
            "audio.transcribe": {"unsupported": HEARING_LACKS, "ignored": ["user"]},
            "models": {}
        })), provider("watsonx_text", "IBM watsonx.ai text generation", json!({
            "completions": {"stream": true, "unsupported": TEXT_LACKS, "ignored": IGNORED}
        }))],
        "examples": [example()]
    })
}

fn provider(name: &str, title: &str, operations: Value) -> Value {
    let text = || json!({"type": "string"});
    json!({
        "name": name,
        "title": title,
        "base_url_env": ["WATSONX_API_BASE", "WATSONX_URL", "WX_URL", "WML_URL"],
        "hosts": ["iam.cloud.ibm.com", "*.iam.cloud.ibm.com"],
        "auth": {"scheme": "oauth2", "secret": "api_key"},
        "secrets": {
            "api_key": {"env": ["WATSONX_APIKEY", "WATSONX_API_KEY", "WX_API_KEY"], "required": false, "title": "IBM Cloud API key"},
            "token": {"env": ["WATSONX_TOKEN"], "required": false, "title": "A ready IAM token"},
            "zen_api_key": {"env": ["WATSONX_ZENAPIKEY"], "required": false, "title": "Cloud Pak for Data key"}
        },
        "operations": operations,
        "errors": {"message": "/errors/0/message", "code": "/errors/0/code"},
        "models": ["ibm/granite-3-8b-instruct", "meta-llama/llama-3-3-70b-instruct", "ibm/slate-125m-english-rtrvr"],
        "config_schema": {"type": "object", "properties": {
            "project_id": text(), "space_id": text(), "watsonx_deployment_space_id": text(), "api_version": text(),
            // Where the deployment names neither: a space of its own is not to meet another's project.
            "default_project_id": {"type": "string", "x-env": ["WATSONX_PROJECT_ID", "WX_PROJECT_ID"]},
            "default_space_id": {"type": "string", "x-env": ["WATSONX_DEPLOYMENT_SPACE_ID", "WATSONX_SPACE_ID"]},
            "iam_url": {"type": "string", "x-env": ["WATSONX_IAM_URL"],
                "description": "one of IBM Cloud's; `token_url` names any other"}}},
        "verified": true,
        "docs": "https://cloud.ibm.com/apidocs/watsonx-ai"
    })
}

fn example() -> Value {
    json!({
        "name": "names model and project",
        "provider": "watsonx", "operation": "chat", "model": "ibm/granite-3-8b-instruct",
        "config": {"project_id": "p1"}, "secrets": ["token"],
        "body": {"model": "ibm/granite-3-8b-instruct", "max_tokens": 10, "tool_choice": "auto", "messages": [{"role": "user", "content": "Hi"}]},
        "exchanges": [{
            "request": {"method": "POST", "url": "/ml/v1/text/chat?version=2024-03-13", "body": {
                "model_id": "ibm/granite-3-8b-instruct", "project_id": "p1",
                "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 10, "tool_choice_option": "auto"}},
            "reply": {"status": 200, "body": {"json": {
                "id": "c1", "model_id": "ibm/granite-3-8b-instruct", "model": "ibm/granite-3-8b-instruct", "created": 5,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
                "usage": {"completion_tokens": 3, "prompt_tokens": 14, "total_tokens": 17}}}}
        }],
        "expect": {"response": {
            "id": "c1", "model": "ibm/granite-3-8b-instruct", "created": 5,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
            "usage": {"completion_tokens": 3, "prompt_tokens": 14, "total_tokens": 17}
        }}
    })
}
