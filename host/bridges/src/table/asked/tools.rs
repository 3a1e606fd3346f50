//! Tools, and what comes of them.

use crate::table::{
    Carried, Emulated, Feature, Gemini, Messages, Refused, Responses, cell, feature,
};

pub const ROWS: &[Feature] = &[
    feature(
        "functions",
        &[
            cell(
                Messages,
                Carried,
                r#"{"tools": [{"name": "f", "input_schema": {"type": "object"}}]}"#,
                r#"{"/tools/0/function": {"name": "f", "parameters": {"type": "object"}}}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]}"#,
                r#"{"/tools/0/function": {"name": "f", "parameters": {"type": "object"}}}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}]}"#,
                r#"{"/tools/0/function": {"name": "f", "parameters": {"type": "object"}}}"#,
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
                r#"{"/tool_choice": {"type": "function", "function": {"name": "f"}}}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"tools": [{"type": "function", "name": "f"}], "tool_choice": {"type": "function", "name": "f"}}"#,
                r#"{"/tool_choice": {"type": "function", "function": {"name": "f"}}}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"tools": [{"functionDeclarations": [{"name": "f"}]}], "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}}"#,
                r#"{"/tool_choice": {"type": "function", "function": {"name": "f"}}}"#,
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
                r#"{"/parallel_tool_calls": false}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"tools": [{"type": "function", "name": "f"}], "parallel_tool_calls": false}"#,
                r#"{"/parallel_tool_calls": false}"#,
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
                r#"{"/messages/1/tool_call_id": "c", "/messages/1/content": "r"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "c", "output": "r"}]}"#,
                r#"{"/messages/1/tool_call_id": "c", "/messages/1/content": "r"}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "r"}}}]}]}"#,
                r#"{"/messages/1/tool_call_id": "call_0", "/messages/1/content": "r"}"#,
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
                r#"{"/messages/1/content": "Error: r"}"#,
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"error": "r"}}}]}]}"#,
                r#"{"/messages/1/content": "Error: r"}"#,
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
                r#"{"/messages/2/content/1/image_url/url": "https://e.test/a"}"#,
            ),
            cell(
                Responses,
                Emulated,
                r#"{"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": "https://e.test/a"}]}]}"#,
                r#"{"/messages/2/content/1/image_url/url": "https://e.test/a"}"#,
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}, "parts": [{"inlineData": {"mimeType": "image/png", "data": "QQ=="}}]}}]}]}"#,
                r#"{"/messages/2/content/1/image_url/url": "data:image/png;base64,QQ=="}"#,
            ),
        ],
        "carried to Anthropic's and Google's models; else in the user's next message",
    ),
    feature(
        "web search",
        &[
            cell(
                Messages,
                Emulated,
                r#"{"tools": [{"type": "web_search_20250305", "name": "web_search"}]}"#,
                r#"{"/web_search_options": {}}"#,
            ),
            cell(
                Responses,
                Emulated,
                r#"{"tools": [{"type": "web_search"}]}"#,
                r#"{"/web_search_options": {}}"#,
            ),
            cell(
                Gemini,
                Emulated,
                r#"{"tools": [{"googleSearch": {}}]}"#,
                r#"{"/web_search_options": {}}"#,
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
            r#"{"/tools/0/function/name": "c", "/tools/0/function/parameters/required": ["input"]}"#,
        )],
        "a function of one text; a grammar is said in words",
    ),
    feature(
        "`local_shell`",
        &[cell(
            Responses,
            Emulated,
            r#"{"tools": [{"type": "local_shell"}]}"#,
            r#"{"/tools/0/function/name": "local_shell"}"#,
        )],
        "a function",
    ),
    feature(
        "namespaces of tools",
        &[cell(
            Responses,
            Emulated,
            r#"{"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}]}"#,
            r#"{"/tools/0/function/name": "n__f"}"#,
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
];
