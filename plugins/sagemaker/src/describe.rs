//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

/// What `base_url` is where the deployment names none; the region then makes the address.
pub const DEFAULT_BASE: &str = "https://runtime.sagemaker.us-east-1.amazonaws.com";

const TEXT_LACKS: [&str; 9] = [
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "presence_penalty",
    "seed",
    "suffix",
    "max_completion_tokens",
];

const IGNORED: [&str; 2] = ["stream_options", "user"];

pub fn document() -> Value {
    json!({
        "name": "sagemaker",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "AWS SageMaker endpoints: OpenAI's chat completions, Hugging Face's text generation, embeddings",
        "license": "MIT OR Apache-2.0",
        "providers": [
            provider("sagemaker_chat", "AWS SageMaker chat", json!({
                "chat": {"stream": true, "unsupported": ["reasoning_effort", "thinking"], "ignored": IGNORED}})),
            // Nova's containers take `reasoning_effort`.
            provider("sagemaker_nova", "Amazon Nova on SageMaker", json!({
                "chat": {"stream": true, "unsupported": ["thinking"], "ignored": IGNORED}})),
            provider("sagemaker", "AWS SageMaker", json!({
                "completions": {"stream": true, "unsupported": TEXT_LACKS, "ignored": IGNORED},
                "embeddings": {"unsupported": ["dimensions"], "ignored": ["user"]}}))
        ],
        "examples": [{
            "name": "asks an endpoint for a chat",
            "provider": "sagemaker_chat", "operation": "chat", "model": "ep", "config": {"aws_region_name": "eu-west-1"},
            "body": {"model": "ep", "messages": [{"role": "user", "content": "Hi"}]},
            "exchanges": [{
                "request": {"method": "POST", "url": "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/ep/invocations",
                    "body": {"model": "ep", "messages": [{"role": "user", "content": "Hi"}]}},
                "reply": {"status": 200, "body": {"json": {"id": "c1",
                    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}}}
            }],
            "expect": {"response": {"id": "c1",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}}
        }]
    })
}

fn provider(name: &str, title: &str, operations: Value) -> Value {
    json!({
        "name": name,
        "title": title,
        "base_url": DEFAULT_BASE,
        "hosts": ["runtime.sagemaker.*.amazonaws.com", "runtime.sagemaker.*.amazonaws.com.cn"],
        "auth": {"scheme": "sigv4", "service": "sagemaker"},
        "secrets": {
            "aws_access_key_id": {"env": ["AWS_ACCESS_KEY_ID"], "required": false},
            "aws_secret_access_key": {"env": ["AWS_SECRET_ACCESS_KEY"], "required": false},
            "aws_session_token": {"env": ["AWS_SESSION_TOKEN"], "required": false}
        },
        "operations": operations,
        "errors": {"message": "/Message"},
        "config_schema": {"type": "object", "properties": {
            "aws_region_name": {"type": "string", "x-env": ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]}, "model_id": {"type": "string", "description": "the inference component"}}},
        "verified": false,
        "docs": "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html"
    })
}
