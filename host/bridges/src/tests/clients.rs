//! Requests as the well-known command-line clients write them, before providers of every kind.

use sluice_plugin_anthropic::Anthropic;
use sluice_plugin_gemini::Gemini;

use super::*;

fn claude_code() -> Value {
    serde_json::from_str(include_str!("../../fixtures/claude_code.json")).unwrap()
}

fn codex() -> Value {
    serde_json::from_str(include_str!("../../fixtures/codex.json")).unwrap()
}

fn gemini_cli() -> Value {
    serde_json::from_str(include_str!("../../fixtures/gemini_cli.json")).unwrap()
}

pub fn roles(chat: &Value) -> Vec<&str> {
    list(&chat["messages"])
        .iter()
        .map(|it| text(it, "role"))
        .collect()
}

/// Every result answers a call of the message before, and every call is answered.
fn is_paired(chat: &Value) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for message in list(&chat["messages"]) {
        if message["role"] == "tool" {
            let Some(at) = open
                .iter()
                .position(|it| *it == text(message, "tool_call_id"))
            else {
                return false;
            };
            open.remove(at);
        } else if !open.is_empty() {
            return false;
        }
        open.extend(list(&message["tool_calls"]).iter().map(|it| text(it, "id")));
    }
    open.is_empty()
}

#[test]
fn claude_code_reaches_anthropics_models_as_it_wrote() {
    let body = claude_code();
    let chat = bridged(Dialect::Messages, &body, Target::ANTHROPIC).chat;
    let sent = sent::<Anthropic>("anthropic", "claude-sonnet-4-5", chat.into());
    for name in [
        "system",
        "messages",
        "thinking",
        "metadata",
        "context_management",
        "max_tokens",
        "temperature",
        "stream",
    ] {
        assert_eq!(sent[name], body[name], "{name}");
    }
    let schemas = |tools: &Value| {
        list(tools)
            .iter()
            .map(|it| it["input_schema"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(schemas(&sent["tools"]), schemas(&body["tools"]));
    assert_eq!(
        sent["tools"][2]["cache_control"],
        body["tools"][2]["cache_control"]
    );
}

#[test]
fn claude_code_reaches_openais_models() {
    let got = bridged(Dialect::Messages, &claude_code(), Target::STRICT);
    let chat = Value::from(got.chat);
    let want = [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
        "assistant",
        "tool",
        "user",
    ];
    assert_eq!(roles(&chat), want);
    assert!(is_paired(&chat));
    assert_eq!(
        chat["messages"][4]["content"],
        "Error: File does not exist."
    );
    assert_eq!(
        chat["messages"][8]["content"][1]["image_url"]["url"],
        "data:image/png;base64,AAAA"
    );
    assert_eq!(chat["reasoning_effort"], "high");
    assert!(text(&chat, "user").len() <= 64);
    let short = text(&chat["tools"][2]["function"], "name");
    assert!(short.len() <= 64);
    for soft in ["reasoning_effort", "user", "temperature"] {
        assert!(got.soft.contains(&soft), "{soft}");
    }
    assert_eq!(
        got.notes
            .iter()
            .map(|it| it.param.as_str())
            .collect::<Vec<_>>(),
        ["context_management"]
    );
    // The client's own name comes back.
    let chunk = json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c",
        "function": {"name": short, "arguments": "{}"}}]}, "finish_reason": "tool_calls"}]});
    let events = data(&events(&got.plan, &[chunk]));
    let block = events
        .iter()
        .find(|it| it["type"] == "content_block_start")
        .unwrap();
    assert_eq!(
        block["content_block"]["name"],
        claude_code()["tools"][2]["name"]
    );
}

#[test]
fn codex_reaches_any_chat() {
    let got = bridged(Dialect::Responses, &codex(), Target::STRICT);
    let chat = Value::from(got.chat);
    let want = [
        "system",
        "system",
        "user",
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "tool",
        "assistant",
        "tool",
        "user",
    ];
    assert_eq!(roles(&chat), want);
    assert!(is_paired(&chat));
    let calls = list(&chat["messages"][4]["tool_calls"]);
    let names: Vec<&str> = calls
        .iter()
        .map(|it| text(&it["function"], "name"))
        .collect();
    assert_eq!(names, ["exec_command", "local_shell"]);
    assert_eq!(
        calls[1]["function"]["arguments"],
        r#"{"command":["cat","a.txt"],"timeout_ms":1000}"#
    );
    let patch = &chat["messages"][7];
    assert_eq!(patch["content"], "Patching.");
    assert_eq!(
        patch["tool_calls"][0]["function"]["arguments"],
        r#"{"input":"*** Begin Patch\n*** End Patch"}"#
    );
    let tools: Vec<&str> = list(&chat["tools"])
        .iter()
        .map(|it| text(&it["function"], "name"))
        .collect();
    assert_eq!(
        tools,
        [
            "exec_command",
            "apply_patch",
            "local_shell",
            "mcp__docs__search"
        ]
    );
    assert!(text(&chat["tools"][1]["function"], "description").contains("start: begin_patch"));
    assert_eq!(
        (&chat["verbosity"], &chat["reasoning_effort"]),
        (&json!("low"), &json!("medium"))
    );
    assert!(got.soft.contains(&"web_search_options"));
    assert!(!got.keep.store && got.keep.previous_response_id.is_none());
    let notes: Vec<&str> = got.notes.iter().map(|it| it.param.as_str()).collect();
    assert_eq!(notes, ["input[3]", "input[13]", "client_metadata"]);
}

#[test]
fn codex_gets_its_own_tools_back() {
    let plan = bridged(Dialect::Responses, &codex(), Target::COMPATIBLE).plan;
    let call = |index: u64, name: &str, arguments: &str| {
        json!({"index": index, "id": format!("c{index}"),
        "function": {"name": name, "arguments": arguments}})
    };
    let calls = [
        call(0, "apply_patch", r#"{"input":"*** Begin Patch"}"#),
        call(1, "local_shell", r#"{"command":["ls"]}"#),
        call(2, "mcp__docs__search", "{}"),
    ];
    let chunk = json!({"choices": [{"index": 0, "delta": {"reasoning_content": "hm", "tool_calls": calls}, "finish_reason": "tool_calls"}]});
    let events = data(&events(&plan, &[chunk]));
    grammar::responses(&events).unwrap();
    let output = &events.last().unwrap()["response"]["output"];
    let kinds: Vec<&str> = list(output).iter().map(|it| text(it, "type")).collect();
    assert_eq!(
        kinds,
        [
            "reasoning",
            "custom_tool_call",
            "local_shell_call",
            "function_call"
        ]
    );
    assert_eq!(output[1]["input"], "*** Begin Patch");
    assert_eq!(output[2]["action"]["command"], json!(["ls"]));
    assert_eq!(
        (&output[3]["namespace"], &output[3]["name"]),
        (&json!("mcp__docs"), &json!("search"))
    );
    // And understands what it brings back.
    let mut next = codex();
    next["input"] = output.clone();
    let chat = bridged(Dialect::Responses, &next, Target::COMPATIBLE).chat;
    let names: Vec<&str> = list(&chat["messages"][1]["tool_calls"])
        .iter()
        .map(|it| text(&it["function"], "name"))
        .collect();
    assert_eq!(names, ["apply_patch", "local_shell", "mcp__docs__search"]);
    assert_eq!(chat["messages"][1]["reasoning_content"], "hm");
}

#[test]
fn gemini_cli_reaches_any_chat() {
    let got = bridged(Dialect::GenerateContent, &gemini_cli(), Target::STRICT);
    let chat = Value::from(got.chat);
    assert_eq!(
        roles(&chat),
        [
            "system",
            "user",
            "assistant",
            "user",
            "assistant",
            "tool",
            "tool"
        ]
    );
    assert!(is_paired(&chat));
    assert_eq!(chat["messages"][6]["content"], "Error: no such file");
    assert_eq!(
        chat["tools"][1]["function"]["parameters"]["properties"]["path"]["type"],
        "string"
    );
    assert_eq!(
        (&chat["top_k"], &chat["reasoning_effort"]),
        (&Value::Null, &json!("high"))
    );
    assert_eq!(
        got.notes
            .iter()
            .map(|it| it.param.as_str())
            .collect::<Vec<_>>(),
        ["top_k"]
    );
}

#[test]
fn gemini_cli_reaches_googles_models_as_it_wrote() {
    let body = gemini_cli();
    let chat = bridged(Dialect::GenerateContent, &body, Target::GEMINI).chat;
    let sent = sent::<Gemini>("gemini", "gemini-2.5-pro", chat.into());
    assert_eq!(
        sent["systemInstruction"]["parts"],
        body["systemInstruction"]["parts"]
    );
    for at in 0..4 {
        assert_eq!(sent["contents"][at], body["contents"][at], "{at}");
    }
    for name in ["temperature", "topP", "topK", "thinkingConfig"] {
        assert_eq!(
            sent["generationConfig"][name], body["generationConfig"][name],
            "{name}"
        );
    }
    let names = |it: &Value| {
        list(&it["tools"][0]["functionDeclarations"])
            .iter()
            .map(|it| it["name"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&sent), names(&body));
}
