//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

use crate::kind::Kind;

/// LiteLLM's name for hiding secrets.
pub const HIDE_SECRETS: &str = "hide-secrets";

/// The `describe` document.
pub fn document() -> Value {
    let docs = "docs/guardrails-shipped.md";
    let guardrail = |name: &str, title: &str| {
        json!({
            "name": name, "title": title, "docs": docs,
            "stages": ["pre", "during", "post", "log"], "config_schema": schema(name == HIDE_SECRETS)
        })
    };
    json!({
        "name": "pii",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Finds personal data and secrets by their form and check digits, and masks, blocks or tells them.",
        "guardrails": [
            guardrail("pii", "Personal data"),
            guardrail(HIDE_SECRETS, "Keys, tokens and passwords"),
        ],
        "examples": examples(),
    })
}

fn schema(secrets: bool) -> Value {
    let names: Vec<&str> = Kind::names().collect();
    let action = json!({
        "enum": ["mask", "block", "tag", "MASK", "BLOCK", "TAG"],
        "description": "mask: a placeholder stands in its place; block: the call is refused; tag: it is told in the findings."
    });
    let usual = match secrets {
        true => "all keys, tokens and passwords",
        false => "all personal data but URL",
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "detect_secrets_config": {
                "type": "object",
                "description": "LiteLLM's choice of detectors; taken, and without effect: say `entities`."
            },
            "entities": {
                "description": format!("What is looked for: a list of names, which are masked, or names with what is done. Without it: {usual}."),
                "oneOf": [
                    {"type": "array", "items": {"enum": names}},
                    {"type": "object", "propertyNames": {"enum": names}, "additionalProperties": action}
                ]
            },
            "pii_entities_config": {
                "type": "object", "propertyNames": {"enum": names}, "additionalProperties": action,
                "description": "The same as names with what is done, by LiteLLM's name."
            },
            "allow_list": {
                "type": "array", "items": {"type": "string", "minLength": 1},
                "description": "Values that pass, in any letter case; with a star before it, the end of values: *@example.com."
            },
            "roles": {
                "type": "array", "items": {"enum": ["system", "user", "assistant", "tool", "input", "output"]},
                "description": "Whose texts are looked at. Without it: everybody's."
            },
            "reversible": {
                "type": "boolean", "default": !secrets,
                "description": "What is masked in the request is put back in the answer; needs post_call as well."
            },
            "output_parse_pii": {"type": "boolean", "description": "LiteLLM's name of `reversible`."},
            "replacement": {
                "type": "string",
                "description": "What stands in place of something that is not put back. Without it: its kind, <EMAIL>; of hide-secrets [REDACTED]."
            },
            "mask_output": {
                "type": "boolean",
                "description": "Answers are looked at too: what the model itself says is masked. Without it: only if requests are not looked at."
            }
        }
    })
}

fn examples() -> Value {
    json!([
        {
            "name": "personal data is masked, and the same value by the same mask",
            "guardrail": "pii", "stage": "pre", "config": {"guardrail": "pii"},
            "spans": [
                {"role": "system", "text": "Be kind."},
                {"text": "I am ada@example.com, card 4111 1111 1111 1111. 电话13800138000谢谢"},
                {"role": "tool", "channel": "tool-result", "text": "ada@example.com has IBAN DE89 3704 0044 0532 0130 00"}
            ],
            "expect": {
                "verdict": "edit",
                "texts": [
                    "Be kind.", "I am <EMAIL_1>, card <CARD_1>. 电话<PHONE_1>谢谢", "<EMAIL_1> has IBAN <IBAN_1>"
                ],
                "findings": {"entities": {"CREDIT_CARD": 1, "EMAIL_ADDRESS": 2, "IBAN_CODE": 1, "PHONE_NUMBER": 1}}
            }
        },
        {
            "name": "a mask is put back, in arguments as JSON writes it",
            "guardrail": "pii", "stage": "post", "config": {"guardrail": "pii"},
            "state": "{\"masks\": {\"<SECRET_1>\": \"a\\\"b\", \"<EMAIL_1>\": \"ada@example.com\"}}",
            "spans": [
                {"role": "assistant", "text": "I write to <EMAIL_1> and not to <EMAIL_2>."},
                {"role": "assistant", "channel": "tool-arguments", "text": "{\"to\": \"<EMAIL_1>\", \"as\": \"\\u003cSECRET_1\\u003e\"}"}
            ],
            "expect": {
                "verdict": "edit",
                "texts": ["I write to ada@example.com and not to <EMAIL_2>.", "{\"to\": \"ada@example.com\", \"as\": \"a\\\"b\"}"]
            }
        },
        {
            "name": "a kind that is blocked is refused, whatever else is masked",
            "guardrail": "pii", "stage": "pre",
            "config": {"guardrail": "pii", "pii_entities_config": {"CREDIT_CARD": "BLOCK", "EMAIL_ADDRESS": "MASK"}},
            "spans": [{"text": "a@example.com pays with 4111111111111111"}],
            "expect": {"verdict": "block", "code": "pii"}
        },
        {
            "name": "what only looks like it is left alone",
            "guardrail": "pii", "stage": "pre", "config": {"guardrail": "pii"},
            "spans": [{"text": "Card 4111 1111 1111 1112, IBAN DE89 3704 0044 0532 0130 01, order 123456789, v1.2.3 @home"}],
            "expect": {"verdict": "allow"}
        },
        {
            "name": "a value that is allowed passes",
            "guardrail": "pii", "stage": "pre",
            "config": {"guardrail": "pii", "entities": ["EMAIL"], "allow_list": ["*@example.com"]},
            "spans": [{"text": "support@example.com or ada@example.org"}],
            "expect": {"verdict": "edit", "texts": ["support@example.com or <EMAIL_1>"]}
        },
        {
            "name": "secrets are hidden and not put back",
            "guardrail": HIDE_SECRETS, "stage": "pre", "config": {"guardrail": HIDE_SECRETS},
            "spans": [{"text": "Hey, how's it going, API_KEY = 'sk_1234567890abcdef'"}],
            "expect": {
                "verdict": "edit", "texts": ["Hey, how's it going, API_KEY = '[REDACTED]'"],
                "findings": {"entities": {"GENERIC_SECRET": 1}}
            }
        }
    ])
}
