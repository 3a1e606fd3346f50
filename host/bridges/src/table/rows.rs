//! The rows.

use super::{
    Carried, Dropped, Emulated, Feature, Gemini, Messages, Refused, Responses, Text, cell, feature,
};

/// Every feature, in the order of the documentation.
pub const FEATURES: &[Feature] = &[
    feature(
        "system prompt",
        &[
            cell(
                Messages,
                Carried,
                r#"{"system": [{"type": "text", "text": "s"}]}"#,
                "/messages/0/content",
            ),
            cell(
                Responses,
                Carried,
                r#"{"instructions": "s"}"#,
                "/messages/1",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"systemInstruction": {"parts": [{"text": "s"}]}}"#,
                "/messages/1",
            ),
        ],
        "",
    ),
    feature(
        "images, inline and by address",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}}]}]}"#,
                "/messages/0/content/0/image_url/url",
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "https://e.test/a.png"}]}]}"#,
                "/messages/0/content/0/image_url/url",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "QQ=="}}]}]}"#,
                "/messages/0/content/0/image_url/url",
            ),
        ],
        "",
    ),
    feature(
        "documents",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}}]}]}"#,
                "/messages/0/content/0/file/file_data",
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"role": "user", "content": [{"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}]}]}"#,
                "/messages/0/content/0/file/file_data",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"inlineData": {"mimeType": "application/pdf", "data": "QQ=="}}]}]}"#,
                "/messages/0/content/0/file/file_data",
            ),
        ],
        "plain text as text",
    ),
    feature(
        "files uploaded to the dialect's own provider",
        &[
            cell(
                Messages,
                Refused,
                r#"{"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]}]}"#,
                "messages.0.content.0",
            ),
            cell(
                Responses,
                Refused,
                r#"{"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}"#,
                "input[0].content[0]",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"fileData": {"fileUri": "files/a"}}]}]}"#,
                "/messages/0/content/0/file/file_id",
            ),
        ],
        "Google's addresses go on: the provider may be Google",
    ),
    feature(
        "audio",
        &[
            cell(
                Responses,
                Carried,
                r#"{"input": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}]}]}"#,
                "/messages/0/content/0/input_audio/data",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}}]}]}"#,
                "/messages/0/content/0/input_audio/data",
            ),
        ],
        "",
    ),
    feature(
        "functions",
        &[
            cell(
                Messages,
                Carried,
                r#"{"tools": [{"name": "f", "input_schema": {"type": "object"}}]}"#,
                "/tools/0/function/parameters",
            ),
            cell(
                Responses,
                Carried,
                r#"{"tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]}"#,
                "/tools/0/function/parameters",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}]}"#,
                "/tools/0/function/parameters",
            ),
        ],
        "names that OpenAI would refuse are shortened, and are the client's again in the answer",
    ),
    feature(
        "choice of a tool",
        &[
            cell(
                Messages,
                Carried,
                r#"{"tools": [{"name": "f", "input_schema": {}}], "tool_choice": {"type": "tool", "name": "f"}}"#,
                "/tool_choice/function/name",
            ),
            cell(
                Responses,
                Carried,
                r#"{"tools": [{"type": "function", "name": "f"}], "tool_choice": {"type": "function", "name": "f"}}"#,
                "/tool_choice/function/name",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"tools": [{"functionDeclarations": [{"name": "f"}]}], "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}}"#,
                "/tool_choice/function/name",
            ),
        ],
        "",
    ),
    feature(
        "one call at a time",
        &[
            cell(
                Messages,
                Carried,
                r#"{"tools": [{"name": "f", "input_schema": {}}], "tool_choice": {"type": "auto", "disable_parallel_tool_use": true}}"#,
                "/parallel_tool_calls",
            ),
            cell(
                Responses,
                Carried,
                r#"{"tools": [{"type": "function", "name": "f"}], "parallel_tool_calls": false}"#,
                "/parallel_tool_calls",
            ),
        ],
        "",
    ),
    feature(
        "results of tools",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]}, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "r"}]}]}"#,
                "/messages/1/tool_call_id",
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "c", "output": "r"}]}"#,
                "/messages/1/tool_call_id",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "r"}}}]}]}"#,
                "/messages/1/tool_call_id",
            ),
        ],
        "Google's, which may have no ids, by name and order",
    ),
    feature(
        "results that are errors",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]}, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "is_error": true, "content": "r"}]}]}"#,
                "/messages/1/content",
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"error": "r"}}}]}]}"#,
                "/messages/1/content",
            ),
        ],
        "carried to Anthropic's and Google's models; else said in the text",
    ),
    feature(
        "images in results",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]}, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [{"type": "image", "source": {"type": "url", "url": "https://e.test/a"}}]}]}]}"#,
                "/messages/2/content/1/image_url",
            ),
            cell(
                Responses,
                Emulated,
                r#"{"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": "https://e.test/a"}]}]}"#,
                "/messages/2/content/1/image_url",
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}, "parts": [{"inlineData": {"mimeType": "image/png", "data": "QQ=="}}]}}]}]}"#,
                "/messages/2/content/1/image_url",
            ),
        ],
        "carried to Anthropic's and Google's models; else in the user's next message",
    ),
    feature(
        "thoughts of earlier turns",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "S"}, {"type": "text", "text": "x"}]}, {"role": "user", "content": "y"}]}"#,
                "/messages/0/reasoning_content",
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]}"#,
                "/messages/0/reasoning_content",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"role": "model", "parts": [{"text": "t", "thought": true}, {"text": "x"}]}, {"role": "user", "parts": [{"text": "y"}]}]}"#,
                "/messages/0/reasoning_content",
            ),
        ],
        "signatures of every provider travel through the client and come back to it",
    ),
    feature(
        "thoughts sealed by another provider",
        &[cell(
            Responses,
            Dropped,
            r#"{"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}, {"role": "user", "content": "y"}]}"#,
            "input[0]",
        )],
        "",
    ),
    feature(
        "how much to think",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"thinking": {"type": "enabled", "budget_tokens": 2048}}"#,
                "/reasoning_effort",
            ),
            cell(
                Responses,
                Carried,
                r#"{"reasoning": {"effort": "low"}}"#,
                "/reasoning_effort",
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"generationConfig": {"thinkingConfig": {"thinkingBudget": 1024}}}"#,
                "/reasoning_effort",
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
                "/response_format/json_schema/schema",
            ),
            cell(
                Responses,
                Carried,
                r#"{"text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}}"#,
                "/response_format/json_schema/schema",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}}}"#,
                "/response_format/json_schema/schema",
            ),
        ],
        "",
    ),
    feature(
        "stop sequences",
        &[
            cell(Messages, Carried, r#"{"stop_sequences": ["a"]}"#, "/stop/0"),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"stopSequences": ["a"]}}"#,
                "/stop/0",
            ),
            cell(Text, Carried, r#"{"stop": ["a"]}"#, "/stop/0"),
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
                "/top_k",
            ),
            cell(
                Responses,
                Carried,
                r#"{"temperature": 0.5, "max_output_tokens": 5}"#,
                "/max_tokens",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"topK": 4, "maxOutputTokens": 5}}"#,
                "/max_tokens",
            ),
            cell(
                Text,
                Carried,
                r#"{"temperature": 0.5, "max_tokens": 5}"#,
                "/max_tokens",
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
                "/top_logprobs",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"generationConfig": {"responseLogprobs": true, "logprobs": 2}}"#,
                "/top_logprobs",
            ),
            cell(Text, Carried, r#"{"logprobs": 2}"#, "/top_logprobs"),
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
                "/n",
            ),
            cell(Text, Carried, r#"{"n": 2}"#, "/n"),
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
                "/user",
            ),
            cell(Responses, Carried, r#"{"user": "u"}"#, "/user"),
            cell(Text, Carried, r#"{"user": "u"}"#, "/user"),
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
                "/messages/0/content/0/cache_control",
            ),
            cell(
                Responses,
                Carried,
                r#"{"prompt_cache_key": "k"}"#,
                "/prompt_cache_key",
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
        "web search",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"tools": [{"type": "web_search_20250305", "name": "web_search"}]}"#,
                "/web_search_options",
            ),
            cell(
                Responses,
                Emulated,
                r#"{"tools": [{"type": "web_search"}]}"#,
                "/web_search_options",
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"tools": [{"googleSearch": {}}]}"#,
                "/web_search_options",
            ),
        ],
        "the provider's own search; among other tools, left out where it has none",
    ),
    feature(
        "tools of free text",
        &[cell(
            Responses,
            Emulated,
            r#"{"tools": [{"type": "custom", "name": "c"}]}"#,
            "/tools/0/function/parameters/properties/input",
        )],
        "a function of one text; a grammar is said in words",
    ),
    feature(
        "`local_shell`",
        &[cell(
            Responses,
            Emulated,
            r#"{"tools": [{"type": "local_shell"}]}"#,
            "/tools/0/function/name",
        )],
        "a function",
    ),
    feature(
        "namespaces of tools",
        &[cell(
            Responses,
            Emulated,
            r#"{"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}]}"#,
            "/tools/0/function/name",
        )],
        "one name of both",
    ),
    feature(
        "other tools that run at the provider",
        &[
            cell(
                Messages,
                Refused,
                r#"{"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}"#,
                "tools.0",
            ),
            cell(
                Responses,
                Refused,
                r#"{"tools": [{"type": "file_search"}]}"#,
                "tools[0]",
            ),
            cell(
                Gemini,
                Refused,
                r#"{"tools": [{"codeExecution": {}}]}"#,
                "tools[0].codeExecution",
            ),
        ],
        "carried where the provider is the dialect's own (Anthropic, Google)",
    ),
    feature(
        "MCP servers",
        &[
            cell(
                Messages,
                Refused,
                r#"{"mcp_servers": [{"name": "a"}]}"#,
                "mcp_servers",
            ),
            cell(
                Responses,
                Refused,
                r#"{"tools": [{"type": "mcp", "server_label": "a"}]}"#,
                "tools[0]",
            ),
        ],
        "carried to Anthropic's models",
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
            cell(Text, Carried, r#"{"brand_new": 1}"#, "/brand_new"),
        ],
        "",
    ),
];
