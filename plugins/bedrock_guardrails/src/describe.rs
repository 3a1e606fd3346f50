//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, from_str, json};

/// Run before the plugin serves.
const EXAMPLES: [&str; 4] = [
    include_str!("../fixtures/blocked.json"),
    include_str!("../fixtures/masked.json"),
    include_str!("../fixtures/passes.json"),
    include_str!("../fixtures/denied.json"),
];

/// The region's endpoints: public, FIPS, China, and those in a network of the operator's own.
const HOSTS: [&str; 4] = [
    "bedrock-runtime.*.amazonaws.com",
    "bedrock-runtime-fips.*.amazonaws.com",
    "bedrock-runtime.*.amazonaws.com.cn",
    "*.vpce.amazonaws.com",
];

pub fn document() -> Value {
    let examples = EXAMPLES.iter().map(|it| from_str(it).unwrap_or_default());
    json!({
        "name": "bedrock_guardrails",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Asks a guardrail of Amazon Bedrock (ApplyGuardrail)",
        "license": "MIT OR Apache-2.0",
        "guardrails": [{
            "name": "bedrock",
            "title": "Amazon Bedrock Guardrails",
            "stages": ["pre", "during", "post"],
            "hosts": HOSTS,
            "auth": {"scheme": "sigv4", "service": "bedrock"},
            "secrets": {
                "aws_access_key_id": {"env": ["AWS_ACCESS_KEY_ID"], "title": "Access key"},
                "aws_secret_access_key": {"env": ["AWS_SECRET_ACCESS_KEY"], "title": "Secret access key"},
                "aws_session_token": {"env": ["AWS_SESSION_TOKEN"], "title": "Session token of temporary keys"},
                "aws_web_identity_token": {"title": "Web identity token, or the path of its file"},
                "aws_external_id": {"title": "External id of the role's trust"}
            },
            "config_schema": schema(),
            "docs": "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html"
        }],
        "examples": examples.collect::<Vec<Value>>()
    })
}

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["guardrailIdentifier", "guardrailVersion"],
        "if": {"properties": {"guardrailIdentifier": {"pattern": "^arn:"}}},
        "else": {"required": ["aws_region_name"]},
        "properties": {
            "guardrailIdentifier": {
                "type": "string",
                "pattern": "^([a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)$",
                "description": "The guardrail's id or ARN at Bedrock"
            },
            "guardrailVersion": {
                "type": ["string", "integer"], "pattern": "^([1-9][0-9]{0,7}|DRAFT)$", "minimum": 1,
                "description": "Its version: a number, or DRAFT"
            },
            "aws_region_name": {
                "type": "string", "minLength": 1,
                "description": "Where it was made; an ARN says it itself"
            },
            "aws_bedrock_runtime_endpoint": {
                "type": ["string", "null"], "pattern": "^https?://",
                "description": "Endpoint in the place of the region's public one. One that is not AWS's has to stand in `api_base` as well"
            },
            "aws_role_name": {"type": "string", "description": "ARN of a role to take on"},
            "aws_session_name": {"type": "string", "description": "Name of the role's session"},
            "aws_profile_name": {"type": "string", "description": "Profile of the machine's AWS configuration"},
            "aws_sts_endpoint": {"type": "string", "description": "Endpoint of STS, if not the region's"},
            "chunk_budget_chars": {
                "type": "integer", "minimum": 100, "maximum": 1_000_000, "default": 25_000,
                "description": "Most characters in one request; longer texts are cut at blanks. 1000 characters are a text unit of AWS's quotas"
            },
            "experimental_use_latest_role_message_only": {
                "type": "boolean", "default": false,
                "description": "Of a request, only the user's newest message is looked at"
            }
        }
    })
}
