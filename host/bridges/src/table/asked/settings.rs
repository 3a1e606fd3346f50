//! How to answer, and what stands beside.

use crate::table::{
    Carried, Dropped, Emulated, Feature, Gemini, Messages, Refused, Responses, Text, cell, feature,
};

pub const ROWS: &[Feature] = &[
    feature(
        "how much to think",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"thinking": {"type": "enabled", "budget_tokens": 2048}}"#,
                r#"{"/reasoning_effort": "medium"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"reasoning": {"effort": "low"}}"#,
                r#"{"/reasoning_effort": "low"}"#,
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"generationConfig": {"thinkingConfig": {"thinkingBudget": 1024}}}"#,
                r#"{"/reasoning_effort": "low"}"#,
            ),
        ],
        "a budget is carried to Anthropic's and Google's models; else it is an effort; left out where the model has none",
    ),
    feature(
        "structured output",
        &[
            cell(
                Messages,
                Carried,
                r#"{"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}"#,
                r#"{"/response_format/json_schema/schema": {"type": "object"}}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}}"#,
                r#"{"/response_format/json_schema/schema": {"type": "object"}}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}}}"#,
                r#"{"/response_format/json_schema/schema": {"type": "object"}}"#,
            ),
        ],
        "",
    ),
    feature(
        "stop sequences",
        &[
            cell(
                Messages,
                Carried,
                r#"{"stop_sequences": ["a"]}"#,
                r#"{"/stop": ["a"]}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"stopSequences": ["a"]}}"#,
                r#"{"/stop": ["a"]}"#,
            ),
            cell(Text, Carried, r#"{"stop": ["a"]}"#, r#"{"/stop": ["a"]}"#),
        ],
        "which one came is known of Anthropic's models only",
    ),
    feature(
        "sampling and limits",
        &[
            cell(
                Messages,
                Carried,
                r#"{"temperature": 0.5, "top_p": 0.9, "top_k": 4}"#,
                r#"{"/temperature": 0.5, "/top_p": 0.9, "/top_k": 4, "/max_tokens": 9}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"temperature": 0.5, "max_output_tokens": 5}"#,
                r#"{"/temperature": 0.5, "/max_tokens": 5}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"topK": 4, "maxOutputTokens": 5}}"#,
                r#"{"/top_k": 4, "/max_tokens": 5}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"temperature": 0.5, "max_tokens": 5}"#,
                r#"{"/temperature": 0.5, "/max_tokens": 5}"#,
            ),
        ],
        "`top_k` is left out for OpenAI's own models",
    ),
    feature(
        "log probabilities",
        &[
            cell(
                Responses,
                Carried,
                r#"{"top_logprobs": 2}"#,
                r#"{"/logprobs": true, "/top_logprobs": 2}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"responseLogprobs": true, "logprobs": 2}}"#,
                r#"{"/logprobs": true, "/top_logprobs": 2}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"logprobs": 2}"#,
                r#"{"/logprobs": true, "/top_logprobs": 2}"#,
            ),
        ],
        "",
    ),
    feature(
        "several answers",
        &[
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"candidateCount": 2}}"#,
                r#"{"/n": 2}"#,
            ),
            cell(Text, Carried, r#"{"n": 2}"#, r#"{"/n": 2}"#),
        ],
        "",
    ),
    feature(
        "the user",
        &[
            cell(
                Messages,
                Carried,
                r#"{"metadata": {"user_id": "u"}}"#,
                r#"{"/user": "u"}"#,
            ),
            cell(Responses, Carried, r#"{"user": "u"}"#, r#"{"/user": "u"}"#),
            cell(Text, Carried, r#"{"user": "u"}"#, r#"{"/user": "u"}"#),
        ],
        "shortened to 64 letters, except for Anthropic",
    ),
    feature(
        "marks for the cache",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]}]}"#,
                r#"{"/messages/0/content/0/cache_control": {"type": "ephemeral"}}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"prompt_cache_key": "k"}"#,
                r#"{"/prompt_cache_key": "k"}"#,
            ),
            cell(
                Gemini,
                Refused,
                r#"{"cachedContent": "cachedContents/a"}"#,
                "cachedContent",
            ),
        ],
        "`cache_control` reaches providers that know it",
    ),
    feature(
        "editing of the conversation by the provider",
        &[
            cell(
                Messages,
                Dropped,
                r#"{"context_management": {"edits": []}}"#,
                "context_management",
            ),
            cell(
                Responses,
                Dropped,
                r#"{"truncation": "auto"}"#,
                "truncation",
            ),
        ],
        "carried to Anthropic's models",
    ),
    feature(
        "kept responses and conversations",
        &[
            cell(
                Messages,
                Refused,
                r#"{"thread": {"type": "continue", "previous_message_id": "msg_1"}}"#,
                "thread",
            ),
            cell(
                Responses,
                Refused,
                r#"{"previous_response_id": "resp_1"}"#,
                "previous_response_id",
            ),
        ],
        "responses that the gateway has made are gone on from; `tool_runner` of Anthropic's SDK sends the whole conversation where its `thread` is refused",
    ),
    feature(
        "kept prompts",
        &[cell(
            Responses,
            Refused,
            r#"{"prompt": {"id": "p"}}"#,
            "prompt",
        )],
        "",
    ),
    feature(
        "containers",
        &[cell(
            Messages,
            Refused,
            r#"{"container": "c"}"#,
            "container",
        )],
        "carried to Anthropic's models",
    ),
    feature(
        "rules of safety",
        &[
            cell(
                Responses,
                Refused,
                r#"{"moderation": {"model": "m"}}"#,
                "moderation",
            ),
            cell(
                Gemini,
                Dropped,
                r#"{"safetySettings": []}"#,
                "safetySettings",
            ),
        ],
        "carried to Google's models",
    ),
    feature(
        "several prompts, prompts of tokens",
        &[cell(Text, Refused, r#"{"prompt": ["a", "b"]}"#, "prompt")],
        "",
    ),
    feature(
        "`suffix`, `best_of`",
        &[cell(Text, Refused, r#"{"suffix": "a"}"#, "suffix")],
        "",
    ),
    feature(
        "members that are not known",
        &[
            cell(Messages, Dropped, r#"{"brand_new": 1}"#, "brand_new"),
            cell(Responses, Dropped, r#"{"brand_new": 1}"#, "brand_new"),
            cell(Gemini, Dropped, r#"{"brandNew": 1}"#, "brandNew"),
            cell(Text, Carried, r#"{"brand_new": 1}"#, r#"{"/brand_new": 1}"#),
        ],
        "",
    ),
];
