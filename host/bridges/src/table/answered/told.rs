//! What is told of answers: tokens, and why they ended.

use crate::table::{Carried, Dropped, Feature, Gemini, Messages, Responses, Text, cell, feature};

pub const ROWS: &[Feature] = &[
    feature(
        "tokens of request and answer",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/input_tokens": 30, "/usage/output_tokens": 30}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/input_tokens": 100, "/usage/output_tokens": 30, "/usage/total_tokens": 130}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usageMetadata/promptTokenCount": 100, "/usageMetadata/totalTokenCount": 130}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/prompt_tokens": 100, "/usage/completion_tokens": 30}"#,
            ),
        ],
        "Anthropic counts without what the cache held or took",
    ),
    feature(
        "tokens that a cache held",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/cache_read_input_tokens": 60}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/input_tokens_details/cached_tokens": 60}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usageMetadata/cachedContentTokenCount": 60}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/prompt_tokens_details/cached_tokens": 60}"#,
            ),
        ],
        "",
    ),
    feature(
        "tokens that a cache took",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/cache_creation_input_tokens": 10}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/input_tokens_details/cache_write_tokens": 10}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/cache_creation_input_tokens": 10}"#,
            ),
        ],
        "",
    ),
    feature(
        "tokens of thoughts",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/output_tokens_details/thinking_tokens": 20}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/output_tokens_details/reasoning_tokens": 20}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usageMetadata/thoughtsTokenCount": 20, "/usageMetadata/candidatesTokenCount": 10}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 20}}}"#,
                r#"{"/usage/completion_tokens_details/reasoning_tokens": 20}"#,
            ),
        ],
        "Google counts them beside the answer's",
    ),
    feature(
        "the end: all was said",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/stop_reason": "end_turn"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/status": "completed", "/incomplete_details": null}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/0/finishReason": "STOP"}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/choices/0/finish_reason": "stop"}"#,
            ),
        ],
        "",
    ),
    feature(
        "the end: its limit",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "length"}]}"#,
                r#"{"/stop_reason": "max_tokens"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "length"}]}"#,
                r#"{"/status": "incomplete", "/incomplete_details": {"reason": "max_output_tokens"}}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "length"}]}"#,
                r#"{"/candidates/0/finishReason": "MAX_TOKENS"}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "length"}]}"#,
                r#"{"/choices/0/finish_reason": "length"}"#,
            ),
        ],
        "",
    ),
    feature(
        "the end: calls",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#"{"/stop_reason": "tool_use"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#"{"/status": "completed", "/incomplete_details": null}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#"{"/candidates/0/finishReason": "STOP"}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#"{"/choices/0/finish_reason": "stop"}"#,
            ),
        ],
        "",
    ),
    feature(
        "the end: a filter",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "content_filter"}]}"#,
                r#"{"/stop_reason": "refusal"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "content_filter"}]}"#,
                r#"{"/status": "incomplete", "/incomplete_details": {"reason": "content_filter"}}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "content_filter"}]}"#,
                r#"{"/candidates/0/finishReason": "SAFETY"}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "content_filter"}]}"#,
                r#"{"/choices/0/finish_reason": "content_filter"}"#,
            ),
        ],
        "",
    ),
    feature(
        "which stop sequence came",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"stop_sequence": "END"}}, "finish_reason": "stop"}]}"#,
                r#"{"/stop_reason": "stop_sequence", "/stop_sequence": "END"}"#,
            ),
            cell(
                Responses,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"stop_sequence": "END"}}, "finish_reason": "stop"}]}"#,
                r#""END""#,
            ),
            cell(
                Gemini,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"stop_sequence": "END"}}, "finish_reason": "stop"}]}"#,
                r#""END""#,
            ),
            cell(
                Text,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"stop_sequence": "END"}}, "finish_reason": "stop"}]}"#,
                r#""END""#,
            ),
        ],
        "of Anthropic's models only",
    ),
];
