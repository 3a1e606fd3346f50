//! One example of every dialect, with all that is found in it.

use serde_json::json;

use super::*;

#[test]
fn chat_requests() {
    let body = json!({
        "model": "m", "user": "u1", "stop": ["END"], "temperature": 0.5,
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "name": "ada", "content": [
                {"type": "text", "text": "Look", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}]},
            {"role": "assistant", "content": null, "refusal": "No.", "reasoning_content": "Hm.",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                    {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "free text"}}],
                "function_call": {"name": "h", "arguments": "{}"}, "audio": {"id": "a1", "transcript": "Said"}},
            {"role": "tool", "tool_call_id": "c1", "content": "Sunny"},
            {"role": "function", "name": "h", "content": "Old"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "Tells the weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Which",
                "enum": ["Paris"]}}, "required": ["city"]}}}],
        "prediction": {"type": "content", "content": "Likely"}
    });
    let reading = read_request("chat", &body);
    assert_eq!(
        shown(&reading.spans),
        [
            ("system", "text", "/messages/0/content", "Be brief."),
            ("user", "text", "/messages/1/content/0/text", "Look"),
            ("assistant", "text", "/messages/2/refusal", "No."),
            (
                "assistant",
                "reasoning",
                "/messages/2/reasoning_content",
                "Hm."
            ),
            (
                "assistant",
                "tool-arguments",
                "/messages/2/tool_calls/0/function/arguments",
                "{\"a\":1}"
            ),
            (
                "assistant",
                "text",
                "/messages/2/tool_calls/1/custom/input",
                "free text"
            ),
            (
                "assistant",
                "tool-arguments",
                "/messages/2/function_call/arguments",
                "{}"
            ),
            (
                "assistant",
                "transcript",
                "/messages/2/audio/transcript",
                "Said"
            ),
            ("tool", "tool-result", "/messages/3/content", "Sunny"),
            ("tool", "tool-result", "/messages/4/content", "Old"),
            (
                "system",
                "text",
                "/tools/0/function/description",
                "Tells the weather"
            ),
            (
                "system",
                "text",
                "/tools/0/function/parameters/properties/city/description",
                "Which"
            ),
            (
                "system",
                "text",
                "/tools/0/function/parameters/properties/city/enum/0",
                "Paris"
            ),
            ("assistant", "text", "/prediction/content", "Likely"),
        ]
    );
    let unreadable: Vec<_> = reading
        .unreadable
        .iter()
        .map(|it| it.why.as_str())
        .collect();
    assert_eq!(unreadable, ["media", "media"]);
}

#[test]
fn chat_answers_by_choice() {
    let body = json!({"id": "x", "object": "chat.completion", "model": "m", "choices": [
        {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "B"}},
        {"index": 0, "finish_reason": "stop", "logprobs": {"content": [{"token": "A"}]},
            "message": {"role": "assistant", "content": "A", "annotations": [{"type": "url_citation",
                "url_citation": {"url": "https://a.b", "title": "A page"}}]}}],
        "usage": {"prompt_tokens": 1}});
    let spans = answer("chat", &body);
    let choices: Vec<_> = spans
        .iter()
        .map(|it| (it.choice, it.text.as_str()))
        .collect();
    assert_eq!(choices, [(1, "B"), (0, "A"), (0, "A page")]);
    assert!(spans.iter().all(|it| it.role == "assistant"));
}

#[test]
fn responses_both_ways() {
    let body = json!({"model": "m", "instructions": "Be kind", "previous_response_id": "resp_1", "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}, {"type": "input_file", "file_id": "file_1"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Thought"}],
            "encrypted_content": "gAAA"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "Done"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "run it"}],
        "tools": [{"type": "mcp", "server_label": "s", "server_description": "A server", "authorization": "secret word"}]});
    let reading = read_request("responses", &body);
    assert_eq!(
        shown(&reading.spans),
        [
            ("system", "text", "/instructions", "Be kind"),
            ("user", "text", "/input/0/content/0/text", "Hi"),
            (
                "assistant",
                "reasoning",
                "/input/1/summary/0/text",
                "Thought"
            ),
            ("assistant", "tool-arguments", "/input/2/arguments", "{}"),
            ("tool", "tool-result", "/input/3/output", "Done"),
            ("assistant", "text", "/input/4/input", "run it"),
            ("system", "text", "/tools/0/server_description", "A server"),
        ]
    );
    let why: Vec<_> = reading.unreadable.iter().map(|it| it.why).collect();
    assert_eq!(why, [Why::Elsewhere, Why::Elsewhere, Why::Sealed]);

    let asked = request("responses", &json!({"input": "Hello"}));
    assert_eq!(shown(&asked), [("user", "text", "/input", "Hello")]);

    let body = json!({"id": "resp_1", "object": "response", "status": "completed", "instructions": "Be kind",
        "output": [{"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}]},
            {"type": "mcp_call", "id": "p1", "name": "f", "arguments": "{}", "output": "Found"}]});
    assert_eq!(
        shown(&answer("responses", &body)),
        [
            ("assistant", "text", "/output/0/content/0/text", "Hello"),
            ("assistant", "tool-arguments", "/output/1/arguments", "{}"),
            ("tool", "tool-result", "/output/1/output", "Found"),
        ]
    );
}

#[test]
fn messages_both_ways() {
    let body = json!({"model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "Be brief."}], "messages": [
        {"role": "user", "content": [
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A letter"}, "title": "Mail"},
            {"type": "document", "source": {"type": "base64", "media_type": "text/plain", "data": "QUJD"}},
            {"type": "search_result", "source": "https://a.b", "title": "Page", "content": [{"type": "text", "text": "Found"}]}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "c2VhbGVk"},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"to": "Ada \"C\"", "n": 3, "cc": ["Bob"]}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "Sent"}]},
            {"type": "tool_result", "tool_use_id": "t2", "content": "Plain"}]}]});
    let reading = read_request("messages", &body);
    assert_eq!(
        shown(&reading.spans),
        [
            ("system", "text", "/system/0/text", "Be brief."),
            (
                "user",
                "text",
                "/messages/0/content/0/source/data",
                "A letter"
            ),
            ("user", "text", "/messages/0/content/0/title", "Mail"),
            (
                "user",
                "text",
                "/messages/0/content/2/source",
                "https://a.b"
            ),
            ("user", "text", "/messages/0/content/2/title", "Page"),
            (
                "user",
                "text",
                "/messages/0/content/2/content/0/text",
                "Found"
            ),
            (
                "assistant",
                "reasoning",
                "/messages/1/content/0/thinking",
                "Hm."
            ),
            (
                "assistant",
                "tool-arguments",
                "/messages/1/content/2/input/to",
                "Ada \\\"C\\\""
            ),
            (
                "assistant",
                "tool-arguments",
                "/messages/1/content/2/input/cc/0",
                "Bob"
            ),
            (
                "tool",
                "tool-result",
                "/messages/2/content/0/content/0/text",
                "Sent"
            ),
            (
                "tool",
                "tool-result",
                "/messages/2/content/1/content",
                "Plain"
            ),
        ]
    );
    let why: Vec<_> = reading.unreadable.iter().map(|it| it.why).collect();
    assert_eq!(why, [Why::Encoded, Why::Sealed]);

    let body = json!({"id": "m1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hello", "citations": [{"type": "char_location", "cited_text": "Quote",
            "document_title": "Mail"}]}], "usage": {"service_tier": "standard"}});
    assert_eq!(
        shown(&answer("messages", &body)),
        [
            ("assistant", "text", "/content/0/text", "Hello"),
            (
                "assistant",
                "text",
                "/content/0/citations/0/cited_text",
                "Quote"
            ),
            (
                "assistant",
                "text",
                "/content/0/citations/0/document_title",
                "Mail"
            ),
        ]
    );
    let count =
        json!({"model": "m", "system": "S", "messages": [{"role": "user", "content": "U"}]});
    assert_eq!(
        shown(&request("count-tokens", &count)),
        [
            ("system", "text", "/system", "S"),
            ("user", "text", "/messages/0/content", "U")
        ]
    );
}

#[test]
fn generate_content_both_ways() {
    let body = json!({"system_instruction": {"role": "user", "parts": [{"text": "Be brief."}]}, "contents": [
        {"parts": [{"text": "Hi"}, {"inline_data": {"mime_type": "image/png", "data": "QUJD"}}]},
        {"role": "model", "parts": [{"text": "Hm.", "thought": true},
            {"functionCall": {"name": "f", "args": {"to": "Ada"}}, "thoughtSignature": "c2ln"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"result": "Sent", "note": ["x y"]}}}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "description": "Sends"}]}, {"googleSearch": {}}],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "STRING", "description": "A word"}}});
    assert_eq!(
        shown(&request("generate-content", &body)),
        [
            (
                "system",
                "text",
                "/system_instruction/parts/0/text",
                "Be brief."
            ),
            ("user", "text", "/contents/0/parts/0/text", "Hi"),
            ("assistant", "reasoning", "/contents/1/parts/0/text", "Hm."),
            (
                "assistant",
                "tool-arguments",
                "/contents/1/parts/1/functionCall/args/to",
                "Ada"
            ),
            (
                "tool",
                "tool-result",
                "/contents/2/parts/0/functionResponse/response/result",
                "Sent"
            ),
            (
                "tool",
                "tool-result",
                "/contents/2/parts/0/functionResponse/response/note/0",
                "x y"
            ),
            (
                "system",
                "text",
                "/tools/0/functionDeclarations/0/description",
                "Sends"
            ),
            (
                "system",
                "text",
                "/generationConfig/responseSchema/description",
                "A word"
            ),
        ]
    );
    let body = json!({"candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model",
        "parts": [{"text": "Hello"}, {"executableCode": {"language": "PYTHON", "code": "1 + 1"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2 "}}]}}], "modelVersion": "g"});
    assert_eq!(
        shown(&answer("generate-content", &body)),
        [
            (
                "assistant",
                "text",
                "/candidates/0/content/parts/0/text",
                "Hello"
            ),
            (
                "assistant",
                "text",
                "/candidates/0/content/parts/1/executableCode/code",
                "1 + 1"
            ),
            (
                "tool",
                "tool-result",
                "/candidates/0/content/parts/2/codeExecutionResult/output",
                "2 "
            ),
        ]
    );
    let count = json!({"contents": [{"role": "user", "parts": [{"text": "U"}]}]});
    assert_eq!(
        shown(&request("count-tokens", &count)),
        [("user", "text", "/contents/0/parts/0/text", "U")]
    );
    let count = json!({"model": "m", "instructions": "S", "previous_response_id": "resp_1",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "U"}]}]});
    assert_eq!(
        shown(&request("count-tokens", &count)),
        [
            ("system", "text", "/instructions", "S"),
            ("user", "text", "/input/0/content/0/text", "U")
        ]
    );
}

/// The texts of a request.
fn asked(operation: &str, body: Value) -> Vec<(String, String)> {
    let spans = request(operation, &body);
    let whose = |it: &Span| it.role == "input" || it.pointer == "/instructions";
    assert!(spans.iter().all(whose), "{spans:?}");
    let own = spans.into_iter();
    own.map(|it| (it.pointer, it.text)).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = list.iter();
    own.map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

#[test]
fn operations_without_conversations() {
    let completions = json!({"model": "m", "prompt": ["a", "b"], "suffix": "c"});
    let all = pairs(&[("/prompt/0", "a"), ("/prompt/1", "b"), ("/suffix", "c")]);
    assert_eq!(asked("completions", completions), all);
    let embeddings = json!({"model": "m", "input": ["a", "b"], "encoding_format": "base64"});
    assert_eq!(
        asked("embeddings", embeddings),
        pairs(&[("/input/0", "a"), ("/input/1", "b")])
    );
    let rerank = json!({"model": "m", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1});
    let all = pairs(&[
        ("/query", "q"),
        ("/documents/0", "a"),
        ("/documents/1/text", "b"),
    ]);
    assert_eq!(asked("rerank", rerank), all);
    let moderations = json!({"input": [{"type": "text", "text": "a"}]});
    assert_eq!(
        asked("moderations", moderations),
        pairs(&[("/input/0/text", "a")])
    );
    let images = json!({"model": "m", "prompt": "a cat", "size": "1024x1024"});
    assert_eq!(
        asked("images.generate", images),
        pairs(&[("/prompt", "a cat")])
    );
    let speech =
        json!({"model": "m", "input": "Hello", "voice": "alloy", "instructions": "Softly"});
    let all = pairs(&[("/input", "Hello"), ("/instructions", "Softly")]);
    assert_eq!(asked("audio.speech", speech), all);
    let heard =
        json!({"model": "m", "prompt": "Names: Ada", "language": "en", "response_format": "json"});
    assert_eq!(
        asked("audio.transcribe", heard),
        pairs(&[("/prompt", "Names: Ada")])
    );
    let batch = json!({"input_file_id": "file_1", "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    assert_eq!(asked("batches.create", batch), pairs(&[]));

    let tokens = read_request("embeddings", &json!({"input": [[1, 2], [3]]}));
    assert!(tokens.spans.is_empty());
    assert!(
        tokens.unreadable.iter().all(|it| it.why == Why::Tokens) && tokens.unreadable.len() == 2
    );

    let body = json!({"choices": [{"index": 0, "text": "done", "finish_reason": "stop"}]});
    assert_eq!(
        shown(&answer("completions", &body)),
        [("output", "text", "/choices/0/text", "done")]
    );
    let body =
        json!({"created": 1, "data": [{"b64_json": "QUJD", "revised_prompt": "a grey cat"}]});
    let spans = answer("images.generate", &body);
    assert_eq!(
        shown(&spans),
        [("output", "text", "/data/0/revised_prompt", "a grey cat")]
    );
    let body = json!({"task": "transcribe", "text": "Hi Ada", "segments": [{"id": 0, "text": "Hi Ada", "tokens": [1, 2]}],
        "words": [{"word": "Hi", "start": 0.0}]});
    assert_eq!(
        shown(&answer("audio.transcribe", &body)),
        [
            ("output", "transcript", "/text", "Hi Ada"),
            ("output", "transcript", "/segments/0/text", "Hi Ada"),
            ("output", "transcript", "/words/0/word", "Hi"),
        ]
    );
    let body = json!({"data": [{"embedding": "AAAA", "index": 0}], "model": "m"});
    assert!(answer("embeddings", &body).is_empty());
}
