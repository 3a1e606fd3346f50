//! What LiteLLM 1.109.1 gets wrong on these very exchanges, and the components must not.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::Outcome;

use crate::components::{self, Component};
use crate::list;
use crate::wire::{call, sent};

fn component(provider: &str) -> Component {
    let mut all = components::all().into_iter();
    all.find(|it| it.provider(provider).is_some()).unwrap()
}

/// An answer, whole or as a stream's bytes, through the component.
fn answered(provider: &str, model: &str, kind: &str, answer: &str) -> Outcome {
    let streaming = kind != "application/json";
    let fixture = json!({
        "name": "unlike", "provider": provider, "operation": "chat", "model": model, "streaming": streaming,
        "secrets": ["api_key"], "expect": {},
        "body": {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": streaming},
        "exchanges": [{"reply": {"status": 200, "headers": {"content-type": kind}, "body": answer}}]
    });
    let fixture = serde_json::from_value(fixture).unwrap();
    (component(provider).replay)(&fixture).unwrap()
}

fn whole(provider: &str, model: &str, answer: &Value) -> Value {
    let outcome = answered(provider, model, "application/json", &answer.to_string());
    assert_eq!(outcome.error, None, "{provider}");
    outcome.response.unwrap()
}

/// What is sent for a chat.
fn asked(provider: &str, model: &str, more: Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "x"}]});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    sent(&component(provider), &call(provider, model, false), &body)
        .unwrap()
        .1
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}})
}

#[test]
fn cohere_is_told_tool_choice_format_and_thinking() {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}});
    let asked = |more| asked("cohere", "command-a-reasoning-08-2025", more);
    let forced = asked(json!({"tools": [tool("f")], "tool_choice": "required"}));
    assert_eq!(forced["tool_choice"], "REQUIRED");
    let formatted = asked(
        json!({"response_format": format, "thinking": {"type": "enabled", "budget_tokens": 500}}),
    );
    assert_eq!(formatted["response_format"]["type"], "json_object");
    assert!(formatted["response_format"]["json_schema"].is_object());
    assert_eq!(
        formatted["thinking"],
        json!({"type": "enabled", "token_budget": 500})
    );
}

#[test]
fn coheres_reasons_and_thoughts_come_through_whole_and_streamed() {
    let thought = json!([{"type": "thinking", "thinking": "why"}, {"type": "text", "text": "so"}]);
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    for (native, reason, calls) in [
        ("TOOL_CALL", "tool_calls", json!([call])),
        ("MAX_TOKENS", "length", json!([])),
    ] {
        let answer = json!({"id": "i", "finish_reason": native, "message": {"role": "assistant", "content": thought, "tool_calls": calls}});
        let choice = whole("cohere", "command-a-reasoning-08-2025", &answer)["choices"][0].take();
        assert_eq!(choice["finish_reason"], reason);
        assert_eq!(choice["message"]["reasoning_content"], "why");
    }
    let events = [
        json!({"type": "message-start", "id": "i", "delta": {"message": {"role": "assistant", "content": []}}}),
        json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "thinking", "thinking": ""}}}}),
        json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"thinking": "why"}}}}),
        json!({"type": "content-end", "index": 0}),
        json!({"type": "message-end", "delta": {"finish_reason": "MAX_TOKENS", "usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}}}}),
    ];
    // Standard events, with their names.
    let event = |it: &Value| format!("event: {}\ndata: {it}\n\n", it["type"].as_str().unwrap());
    let lines: String = events.iter().map(event).collect();
    let outcome = answered(
        "cohere",
        "command-a-reasoning-08-2025",
        "text/event-stream",
        &lines,
    );
    let choices = outcome.events.iter().map(|it| &it["choices"][0]);
    let thoughts: String = choices
        .clone()
        .filter_map(|it| it["delta"]["reasoning_content"].as_str())
        .collect();
    let reasons: Vec<&str> = choices
        .filter_map(|it| it["finish_reason"].as_str())
        .collect();
    assert_eq!(
        (thoughts.as_str(), reasons),
        ("why", vec!["length"]),
        "{:?}",
        outcome.error
    );
}

#[test]
fn calls_are_numbered_among_calls_not_among_blocks() {
    let claude = json!({"id": "m", "type": "message", "role": "assistant", "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1},
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {}}, {"type": "tool_use", "id": "t2", "name": "f", "input": {}}]});
    let call = |id: &str| json!({"toolUse": {"toolUseId": id, "name": "f", "input": {}}});
    let converse = json!({"stopReason": "tool_use", "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "output": {"message": {"role": "assistant", "content": [{"text": "a"}, {"text": "b"}, call("t1"), call("t2")]}}});
    for (provider, model, answer) in [
        ("anthropic", "claude-sonnet-4-5", &claude),
        ("bedrock", "us.amazon.nova-pro-v1:0", &converse),
    ] {
        let answer = whole(provider, model, answer);
        let calls = list(&answer["choices"][0]["message"]["tool_calls"]);
        let ids: Vec<&Value> = calls.iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, ["t1", "t2"], "{provider}");
        for (at, call) in calls.iter().enumerate() {
            let index = call.get("index").and_then(Value::as_u64);
            assert!(index.is_none_or(|it| it == at as u64), "{provider}: {call}");
        }
    }
}

#[test]
fn a_signature_of_geminis_makes_no_id_longer() {
    let part = |length: usize| json!({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "A".repeat(length)});
    let id = |length: usize| {
        let answer = json!({"candidates": [{"content": {"role": "model", "parts": [part(length)]}, "finishReason": "STOP"}]});
        let answer = whole("gemini", "gemini-3-pro-preview", &answer);
        let id = answer["choices"][0]["message"]["tool_calls"][0]["id"]
            .as_str()
            .unwrap()
            .len();
        assert!(id <= 40, "{answer}");
        id
    };
    assert_eq!(id(4), id(4000));
}

#[test]
fn ollama_has_a_frequency_penalty_of_its_own_and_streams_need_no_counts() {
    let sent = asked("ollama", "llama3.2", json!({"frequency_penalty": 0.5}));
    assert_eq!(sent["options"]["frequency_penalty"], 0.5);
    assert!(sent["options"].get("repeat_penalty").is_none());
    let message = |text: &str, done: bool| {
        let reason = if done { "stop" } else { "" };
        let line = json!({"model": "m", "message": {"role": "assistant", "content": text}, "done": done, "done_reason": reason});
        format!("{line}\n")
    };
    let lines = message("a", false) + &message("", true);
    let outcome = answered("ollama", "llama3.2", "application/x-ndjson", &lines);
    assert_eq!(outcome.error, None);
    let last = &outcome.events.last().unwrap()["choices"][0];
    assert_eq!(last["finish_reason"], "stop");
    let counted = r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}"#;
    let outcome = answered("ollama", "llama3.2", "application/x-ndjson", counted);
    assert_eq!(outcome.usage.unwrap()["total_tokens"], 5);
}

#[test]
fn mistral_is_told_which_tool_to_call() {
    let named = json!({"type": "function", "function": {"name": "f"}});
    let sent = asked(
        "mistral",
        "mistral-large-latest",
        json!({"tools": [tool("f"), tool("g")], "tool_choice": named}),
    );
    assert_eq!(sent["tool_choice"], named);
}

#[test]
fn groqs_answer_needs_no_tier_and_its_reasoning_is_found() {
    let message = json!({"role": "assistant", "content": "so", "reasoning": "why"});
    let answer = json!({"id": "i", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}});
    let answer = whole("groq", "qwen/qwen3-32b", &answer);
    assert_eq!(answer["choices"][0]["message"]["reasoning_content"], "why");
    assert!(answer.get("service_tier").is_none());
}

#[test]
fn perplexitys_citations_are_annotations_too() {
    let answer = json!({"id": "i", "object": "chat.completion", "created": 1, "model": "sonar",
        "citations": ["https://a.test", "https://b.test"], "search_results": [{"title": "B", "url": "https://b.test"}],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris.[2]"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}});
    let answer = whole("perplexity", "sonar", &answer);
    let cited = &answer["choices"][0]["message"]["annotations"][0];
    assert_eq!(cited["type"], "url_citation");
    let want = json!({"start_index": 6, "end_index": 9, "url": "https://b.test", "title": "B"});
    assert_eq!(cited["url_citation"], want);
    assert_eq!(
        list(&answer["citations"]).len(),
        2,
        "they stay where they were"
    );
}

#[test]
fn what_the_gateway_knows_of_a_deployment_stays_out_of_bodies() {
    for (provider, model, allowed) in [
        (
            "watsonx",
            "ibm/granite-3-3-8b-instruct",
            &["messages", "model_id", "project_id", "time_limit"][..],
        ),
        ("sagemaker_chat", "ep", &["messages", "model"][..]),
    ] {
        let sent = asked(provider, model, json!({}));
        for name in sent.as_object().unwrap().keys() {
            assert!(
                allowed.contains(&name.as_str()),
                "{provider}: {name} in {sent}"
            );
        }
    }
}
