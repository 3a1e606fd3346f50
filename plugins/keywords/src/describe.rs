//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

/// The `describe` document.
pub fn document() -> Value {
    json!({
        "name": "keywords",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Blocks, masks, replaces or tells words and patterns of the operator's.",
        "guardrails": [{
            "name": "keywords", "title": "Words and patterns", "docs": "docs/guardrails-shipped.md",
            "stages": ["pre", "during", "post", "log"], "config_schema": schema()
        }],
        "examples": examples(),
    })
}

fn schema() -> Value {
    let word = json!({"type": "string", "minLength": 1, "maxLength": 200});
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "words": {"type": "array", "items": word, "description": "Words that are blocked: a rule of its own."},
            "blocked_words": {
                "type": "array", "description": "The same as LiteLLM's content filter has it.",
                "items": {
                    "type": "object", "required": ["keyword"], "additionalProperties": false,
                    "properties": {
                        "keyword": word, "action": {"enum": ["BLOCK", "MASK", "block", "mask"], "default": "BLOCK"},
                        "description": {"type": "string", "description": "For the operator."}
                    }
                }
            },
            "rules": {
                "type": "array", "maxItems": 1000,
                "items": {
                    "type": "object", "additionalProperties": false,
                    "anyOf": [{"required": ["words"]}, {"required": ["patterns"]}],
                    "properties": {
                        "words": {"type": "array", "items": word, "maxItems": 10000, "description": "Looked for as they are written, whatever letters they have."},
                        "patterns": {
                            "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 1000}, "maxItems": 100,
                            "description": "Regular expressions without look-around and back-references. In a stream a match has 256 bytes at most."
                        },
                        "action": {
                            "enum": ["block", "mask", "replace", "tag", "BLOCK", "MASK"], "default": "block",
                            "description": "block: the call is refused; mask: [REDACTED] stands there; replace: `replacement` does; tag: it is told in the findings."
                        },
                        "replacement": {"type": "string", "description": "What stands in place of what was found."},
                        "category": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$", "description": "Its name in findings and refusals."},
                        "direction": {"enum": ["input", "output", "both"], "default": "both", "description": "Requests, answers, or both."},
                        "whole_words": {"type": "boolean", "default": true, "description": "Not inside of longer words. Scripts without blanks between words have no such words."},
                        "case_sensitive": {"type": "boolean", "default": false, "description": "Of patterns, only the letters of ASCII have a case."}
                    }
                }
            }
        }
    })
}

fn examples() -> Value {
    json!([
        {
            "name": "a word is blocked in any case, and no longer word",
            "guardrail": "keywords", "stage": "pre", "config": {"guardrail": "keywords", "words": ["Straße"]},
            "spans": [{"text": "in der STRASSE"}], "expect": {"verdict": "block", "code": "keyword", "findings": {"rules": {"keyword": 1}}}
        },
        {
            "name": "inside of a longer word it is another word",
            "guardrail": "keywords", "stage": "pre", "config": {"guardrail": "keywords", "words": ["acme"]},
            "spans": [{"text": "acmeism is a school of poets"}], "expect": {"verdict": "allow"}
        },
        {
            "name": "words and patterns are masked and replaced by rule",
            "guardrail": "keywords", "stage": "post",
            "config": {"guardrail": "keywords", "rules": [
                {"words": ["夜鹰", "Nightjar"], "action": "mask", "category": "projects"},
                {"patterns": ["PRJ-[0-9]{4}"], "action": "replace", "replacement": "a project", "direction": "output"},
                {"words": ["soon"], "action": "tag", "category": "promises"}
            ]},
            "spans": [{"role": "assistant", "text": "夜鹰项目 (nightjar, prj-1234) starts soon"}],
            "expect": {
                "verdict": "edit", "texts": ["[REDACTED]项目 ([REDACTED], a project) starts soon"],
                "findings": {"rules": {"projects": 2, "keyword": 1, "promises": 1}}
            }
        },
        {
            "name": "LiteLLM's list of words",
            "guardrail": "keywords", "stage": "pre",
            "config": {"guardrail": "keywords", "blocked_words": [{"keyword": "langchain", "action": "MASK", "description": "of another house"}]},
            "spans": [{"text": "Is LangChain good?"}], "expect": {"verdict": "edit", "texts": ["Is [REDACTED] good?"]}
        },
        {
            "name": "a pattern that is none is refused",
            "guardrail": "keywords", "stage": "pre", "config": {"guardrail": "keywords", "rules": [{"patterns": ["(a"]}]},
            "spans": [{"text": "a"}], "expect": {"error": "invalid-request"}
        }
    ])
}
