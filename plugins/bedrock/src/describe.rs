//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};
use sluice_wire::anthropic;

use crate::family::patterns;

/// Of every region; what a region's name is, [`crate::place`] judges.
const HOSTS: [&str; 4] = [
    "bedrock-runtime.*.amazonaws.com",
    "bedrock-runtime.*.amazonaws.com.cn",
    "bedrock-agent-runtime.*.amazonaws.com",
    "bedrock-agent-runtime.*.amazonaws.com.cn",
];

const UNSUPPORTED: [&str; 19] = [
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "store",
    "top_logprobs",
    "verbosity",
    "web_search_options",
];

/// What images cannot be told.
const NO_IMAGE_PARAMS: [&str; 5] = [
    "background",
    "moderation",
    "output_compression",
    "partial_images",
    "input_fidelity",
];

pub fn document() -> Value {
    json!({
        "name": "bedrock",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Amazon Bedrock: chat over Converse and InvokeModel, token counts, embeddings, images, rerank",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "bedrock",
            "aliases": ["bedrock_converse"],
            "title": "Amazon Bedrock",
            "base_url_env": ["AWS_BEDROCK_RUNTIME_ENDPOINT"],
            "hosts": HOSTS,
            "auth": {"scheme": "sigv4", "service": "bedrock"},
            "secrets": secrets(),
            "media": "inline",
            "operations": {
                "chat": {"stream": true, "unsupported": UNSUPPORTED, "ignored": ["user", "stream_options"], "models": [
                    {"match": patterns::CLAUDE, "supported": ["parallel_tool_calls"]},
                    {"match": patterns::NOVA, "supported": ["web_search_options"]},
                    {"match": patterns::NO_THINKING, "unsupported": ["reasoning_effort", "thinking"]},
                    {"match": no_sampling(), "unsupported": ["temperature", "top_p", "top_k"]}
                ]},
                "count-tokens": {},
                "embeddings": {"ignored": ["user"]},
                "images.generate": {"unsupported": NO_IMAGE_PARAMS, "ignored": ["user"]},
                "images.edit": {"unsupported": NO_IMAGE_PARAMS, "ignored": ["user"]},
                "rerank": {}
            },
            "errors": {"message": "/message"},
            "models": ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-opus-4-6-v1",
                "us.amazon.nova-2-lite-v1:0", "us.amazon.nova-pro-v1:0", "openai.gpt-oss-120b-1:0",
                "us.meta.llama4-maverick-17b-instruct-v1:0", "amazon.titan-embed-text-v2:0", "cohere.embed-v4:0",
                "amazon.nova-canvas-v1:0", "stability.sd3-5-large-v1:0", "cohere.rerank-v3-5:0", "amazon.rerank-v1:0"],
            "config_schema": schema(),
            "verified": true,
            "docs": "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
        }],
        "examples": [example()]
    })
}

fn no_sampling() -> Vec<String> {
    let names = anthropic::models::patterns::NO_SAMPLING.iter();
    names.map(|it| format!("*{it}")).collect()
}

/// What the host signs with, under LiteLLM's names. Without any it asks AWS's usual chain.
fn secrets() -> Value {
    json!({
        "api_key": {"env": ["AWS_BEARER_TOKEN_BEDROCK"], "title": "Bedrock API key, in place of a signature"},
        "aws_access_key_id": {"env": ["AWS_ACCESS_KEY_ID"], "title": "Access key"},
        "aws_secret_access_key": {"env": ["AWS_SECRET_ACCESS_KEY"], "title": "Secret access key"},
        "aws_session_token": {"env": ["AWS_SESSION_TOKEN"], "title": "Session token of temporary keys"},
        "aws_web_identity_token": {"title": "Web identity token, or the path of its file"},
        "aws_external_id": {"title": "External id of the role's trust"}
    })
}

fn schema() -> Value {
    let text = |title: &str| json!({"type": "string", "title": title});
    json!({"type": "object", "properties": {
        "aws_region_name": {"type": "string", "title": "Region", "pattern": "^[a-z]{2}(-[a-z]+)+-[0-9]$",
            "x-env": ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]},
        "aws_profile_name": {"type": "string", "title": "Profile of the shared files", "x-env": ["AWS_PROFILE"]},
        "aws_role_name": {"type": "string", "title": "ARN of a role to assume", "x-env": ["AWS_ROLE_ARN"]},
        "aws_session_name": {"type": "string", "title": "Name of the role's session", "x-env": ["AWS_ROLE_SESSION_NAME"]},
        "aws_sts_endpoint": text("Address of the token service"),
        "aws_bedrock_runtime_endpoint": text("Address in place of the region's; its host has to be granted"),
        "model_id": text("ARN of an inference profile or a provisioned throughput; the model's name still tells what it can do"),
        "guardrailConfig": {"type": "object", "title": "Guardrail of every chat"},
        "performanceConfig": {"type": "object", "title": "Latency of every chat"},
        "requestMetadata": {"type": "object", "title": "Metadata of every chat"}
    }})
}

fn example() -> Value {
    json!({
        "name": "translates a chat for a model of another region",
        "provider": "bedrock", "operation": "chat", "model": "eu-west-1/eu.amazon.nova-lite-v1:0",
        "body": {"model": "eu-west-1/eu.amazon.nova-lite-v1:0", "max_tokens": 10, "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        "exchanges": [{
            "request": {"method": "POST",
                "url": "https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.amazon.nova-lite-v1%3A0/converse",
                "body": {"system": [{"text": "Be brief."}], "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
                    "inferenceConfig": {"maxTokens": 10}}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "output": {"message": {"role": "assistant", "content": [{"text": "Hello!"}]}}, "stopReason": "end_turn",
                "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}, "metrics": {"latencyMs": 9}}}}
        }],
        "expect": {"response": {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "cache_creation_tokens": 0, "text_tokens": 5},
                "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
        }}
    })
}
