//! What answers say.

use crate::table::{
    Carried, Dropped, Emulated, Feature, Gemini, Messages, Responses, Text, cell, feature,
};

pub const ROWS: &[Feature] = &[
    feature(
        "text",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/content/0/text": "t"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/output/0/content/0/text": "t"}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/0/content/parts/0/text": "t"}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop"}]}"#,
                r#"{"/choices/0/text": "t"}"#,
            ),
        ],
        "",
    ),
    feature(
        "thoughts",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t", "reasoning_content": "r"}, "finish_reason": "stop"}]}"#,
                r#"{"/content/0/thinking": "r"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t", "reasoning_content": "r"}, "finish_reason": "stop"}]}"#,
                r#"{"/output/0/summary/0/text": "r"}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t", "reasoning_content": "r"}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/0/content/parts/0": {"text": "r", "thought": true}}"#,
            ),
            cell(
                Text,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "reasoning_content": "r"}, "finish_reason": "stop"}]}"#,
                r#""r""#,
            ),
        ],
        "Google's clients have to ask for them",
    ),
    feature(
        "calls of tools",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#"{"/content/0/name": "f", "/content/0/id": "c", "/content/0/input": {"a": 1}}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#"{"/output/0/name": "f", "/output/0/call_id": "c", "/output/0/arguments": "{\"a\": 1}"}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#"{"/candidates/0/content/parts/0/functionCall": {"name": "f", "args": {"a": 1}, "id": "c"}}"#,
            ),
            cell(
                Text,
                Dropped,
                r#"{"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, "finish_reason": "tool_calls"}]}"#,
                r#""f""#,
            ),
        ],
        "with their ids",
    ),
    feature(
        "refusals",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"choices": [{"message": {"content": null, "refusal": "n"}, "finish_reason": "stop"}]}"#,
                r#"{"/content/0/text": "n", "/stop_reason": "refusal"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": null, "refusal": "n"}, "finish_reason": "stop"}]}"#,
                r#"{"/output/0/content/0": {"type": "refusal", "refusal": "n"}}"#,
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"choices": [{"message": {"content": null, "refusal": "n"}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/0/content/parts/0/text": "n"}"#,
            ),
        ],
        "as a text where there is no place for them",
    ),
    feature(
        "citations of documents",
        &[
            cell(
                Messages,
                Carried,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"citations": [[{"type": "char_location", "cited_text": "t", "document_index": 0, "document_title": "d", "start_char_index": 0, "end_char_index": 1}]]}}, "finish_reason": "stop"}]}"#,
                r#"{"/content/0/citations": [{"type": "char_location", "cited_text": "t", "document_index": 0, "document_title": "d", "start_char_index": 0, "end_char_index": 1}]}"#,
            ),
            cell(
                Responses,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"citations": [[{"type": "char_location", "cited_text": "t", "document_index": 0, "document_title": "d", "start_char_index": 0, "end_char_index": 1}]]}}, "finish_reason": "stop"}]}"#,
                r#"char_location"#,
            ),
            cell(
                Gemini,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"citations": [[{"type": "char_location", "cited_text": "t", "document_index": 0, "document_title": "d", "start_char_index": 0, "end_char_index": 1}]]}}, "finish_reason": "stop"}]}"#,
                r#"char_location"#,
            ),
            cell(
                Text,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "provider_specific_fields": {"citations": [[{"type": "char_location", "cited_text": "t", "document_index": 0, "document_title": "d", "start_char_index": 0, "end_char_index": 1}]]}}, "finish_reason": "stop"}]}"#,
                r#"char_location"#,
            ),
        ],
        "Anthropic's own",
    ),
    feature(
        "web pages that a text rests on",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"choices": [{"message": {"content": "t", "annotations": [{"type": "url_citation", "url_citation": {"url": "https://e.test/a", "title": "A", "start_index": 0, "end_index": 1}}]}, "finish_reason": "stop"}]}"#,
                r#"{"/content/0/citations/0/type": "web_search_result_location", "/content/0/citations/0/url": "https://e.test/a", "/content/0/citations/0/cited_text": "t"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t", "annotations": [{"type": "url_citation", "url_citation": {"url": "https://e.test/a", "title": "A", "start_index": 0, "end_index": 1}}]}, "finish_reason": "stop"}]}"#,
                r#"{"/output/0/content/0/annotations": [{"type": "url_citation", "url": "https://e.test/a", "title": "A", "start_index": 0, "end_index": 1}]}"#,
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"choices": [{"message": {"content": "t", "annotations": [{"type": "url_citation", "url_citation": {"url": "https://e.test/a", "title": "A", "start_index": 0, "end_index": 1}}]}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/0/groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://e.test/a", "title": "A"}}], "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 1, "text": "t"}, "groundingChunkIndices": [0]}]}}"#,
            ),
            cell(
                Text,
                Dropped,
                r#"{"choices": [{"message": {"content": "t", "annotations": [{"type": "url_citation", "url_citation": {"url": "https://e.test/a", "title": "A", "start_index": 0, "end_index": 1}}]}, "finish_reason": "stop"}]}"#,
                r#"e.test"#,
            ),
        ],
        "",
    ),
    feature(
        "pictures",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"choices": [{"message": {"content": null, "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]}, "finish_reason": "stop"}]}"#,
                r#"{"/content/0/text": "![image](data:image/png;base64,QQ==)"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": null, "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]}, "finish_reason": "stop"}]}"#,
                r#"{"/output/0/type": "image_generation_call", "/output/0/result": "QQ=="}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": null, "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/0/content/parts/0/inlineData": {"mimeType": "image/png", "data": "QQ=="}}"#,
            ),
            cell(
                Text,
                Dropped,
                r#"{"choices": [{"message": {"content": null, "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]}, "finish_reason": "stop"}]}"#,
                r#"QQ=="#,
            ),
        ],
        "in Markdown where there is no place for them",
    ),
    feature(
        "sound",
        &[
            cell(
                Messages,
                Dropped,
                r#"{"choices": [{"message": {"content": null, "audio": {"id": "a", "data": "QQ==", "format": "wav"}}, "finish_reason": "stop"}]}"#,
                r#"QQ=="#,
            ),
            cell(
                Responses,
                Dropped,
                r#"{"choices": [{"message": {"content": null, "audio": {"id": "a", "data": "QQ==", "format": "wav"}}, "finish_reason": "stop"}]}"#,
                r#"QQ=="#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": null, "audio": {"id": "a", "data": "QQ==", "format": "wav"}}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/0/content/parts/0/inlineData": {"mimeType": "audio/wav", "data": "QQ=="}}"#,
            ),
            cell(
                Text,
                Dropped,
                r#"{"choices": [{"message": {"content": null, "audio": {"id": "a", "data": "QQ==", "format": "wav"}}, "finish_reason": "stop"}]}"#,
                r#"QQ=="#,
            ),
        ],
        "",
    ),
    feature(
        "log probabilities",
        &[
            cell(
                Messages,
                Dropped,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "t", "logprob": -0.5, "top_logprobs": []}]}}]}"#,
                r#"-0.5"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "t", "logprob": -0.5, "top_logprobs": []}]}}]}"#,
                r#"{"/output/0/content/0/logprobs/0/logprob": -0.5}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "t", "logprob": -0.5, "top_logprobs": []}]}}]}"#,
                r#"{"/candidates/0/logprobsResult/chosenCandidates": [{"token": "t", "logProbability": -0.5}]}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"message": {"content": "t"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "t", "logprob": -0.5, "top_logprobs": []}]}}]}"#,
                r#"{"/choices/0/logprobs/token_logprobs": [-0.5]}"#,
            ),
        ],
        "",
    ),
    feature(
        "several answers",
        &[
            cell(
                Messages,
                Dropped,
                r#"{"choices": [{"index": 0, "message": {"content": "t"}, "finish_reason": "stop"}, {"index": 1, "message": {"content": "second"}, "finish_reason": "stop"}]}"#,
                r#"second"#,
            ),
            cell(
                Responses,
                Dropped,
                r#"{"choices": [{"index": 0, "message": {"content": "t"}, "finish_reason": "stop"}, {"index": 1, "message": {"content": "second"}, "finish_reason": "stop"}]}"#,
                r#"second"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"choices": [{"index": 0, "message": {"content": "t"}, "finish_reason": "stop"}, {"index": 1, "message": {"content": "second"}, "finish_reason": "stop"}]}"#,
                r#"{"/candidates/1/content/parts/0/text": "second"}"#,
            ),
            cell(
                Text,
                Carried,
                r#"{"choices": [{"index": 0, "message": {"content": "t"}, "finish_reason": "stop"}, {"index": 1, "message": {"content": "second"}, "finish_reason": "stop"}]}"#,
                r#"{"/choices/1/text": "second"}"#,
            ),
        ],
        "",
    ),
];
