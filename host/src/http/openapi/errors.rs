//! Refusals: their shapes in each dialect, and who answers in which.

use serde_json::{Value, json};

use crate::pipeline::Dialect;

/// The schemas of refusals.
pub fn schemas() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "Error": {
            "type": "object", "required": ["error"],
            "description": "A refusal, as OpenAI and LiteLLM write it. docs/errors.md has every kind.",
            "properties": {"error": {
                "type": "object", "required": ["message", "type", "param", "code"],
                "properties": {
                    "message": text(),
                    "type": text(),
                    "param": {"type": ["string", "null"], "description": "the field that it is about"},
                    "code": {"type": "string", "description": "the status, or a word for the reason"},
                    "provider_specific_fields": {}
                }
            }},
            "example": {"error": {"message": "`max_budget` must be an amount of dollars from 0 to 1000000000000000",
                "type": "invalid_request_error", "param": "max_budget", "code": "400"}}
        },
        "AnthropicError": {
            "type": "object", "required": ["type", "error"],
            "description": "A refusal, as Anthropic writes it.",
            "properties": {
                "type": {"const": "error"},
                "error": {"type": "object", "required": ["type", "message"],
                    "properties": {"type": text(), "message": text()}}
            }
        },
        "GoogleError": {
            "type": "object", "required": ["error"],
            "description": "A refusal, as Google writes it.",
            "properties": {"error": {
                "type": "object", "required": ["code", "message", "status"],
                "properties": {"code": {"type": "integer"}, "message": text(), "status": text()}
            }}
        }
    })
}

/// The responses that operations refer to.
pub fn responses() -> Value {
    let one = |about: &str, schema: &str| {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        json!({"description": about, "content": {"application/json": {"schema": schema}}})
    };
    let refused = "The request was refused; the message says why, and the cure.";
    let failed = "The gateway, its database or a provider is not able to.";
    let missing = "A route of LiteLLM's that this gateway does not serve.";
    json!({
        "Refused": one(refused, "Error"), "Failed": one(failed, "Error"),
        "NotServed": one(missing, "Error"),
        "AnthropicRefused": one(refused, "AnthropicError"),
        "AnthropicFailed": one(failed, "AnthropicError"),
        "GoogleRefused": one(refused, "GoogleError"),
        "GoogleFailed": one(failed, "GoogleError"),
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/responses/{name}")})
}

/// Adds what every operation may answer beside what was asked for, where it does not say it itself.
pub fn add(responses: &mut Value, dialect: Dialect) {
    let before = match dialect {
        Dialect::Anthropic => "Anthropic",
        Dialect::Google => "Google",
        Dialect::OpenAi | Dialect::Responses | Dialect::Realtime => "",
    };
    for (class, name) in [("4XX", "Refused"), ("5XX", "Failed")] {
        if responses.get(class).is_none() {
            responses[class] = reference(&format!("{before}{name}"));
        }
    }
}

/// The answers of a route that is not served.
pub fn not_served() -> Value {
    json!({"4XX": reference("Refused"), "501": reference("NotServed")})
}
