//! Requests as the API takes them.

use sluice_sdk::Body;

use super::*;

fn start(model: &str, mut body: Value) -> Result<Step, Error> {
    body["model"] = json!(model);
    let call = Call {
        id: "t".into(),
        operation: "chat".into(),
        provider: "anthropic".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    };
    Anthropic::start(&call, &body.to_string())
}

/// The body we send for a chat.
pub fn sent(model: &str, body: Value) -> Value {
    match start(model, body).unwrap() {
        Step::Send(outbound) => match outbound.body {
            Body::Json(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn asking(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

fn turns(model: &str, messages: Value) -> Value {
    sent(model, json!({ "messages": messages }))["messages"].clone()
}

const TOOL: &str = r#"[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}]"#;

fn tools() -> Value {
    serde_json::from_str(TOOL).unwrap()
}

#[test]
fn the_limit_is_the_clients_or_the_models() {
    let limit = |model: &str, more: Value| sent(model, asking(more))["max_tokens"].clone();
    assert_eq!(limit("claude-haiku-4-5", json!({})), 64_000);
    assert_eq!(
        limit("claude-opus-5-5", json!({"max_tokens": null})),
        128_000
    );
    assert_eq!(limit("some-model", json!({})), 4096);
    assert_eq!(
        limit(
            "claude-haiku-4-5",
            json!({"max_tokens": 5, "max_completion_tokens": 7})
        ),
        7
    );
}

#[test]
fn effort_is_a_budget_or_an_effort_by_the_model() {
    let of = |model: &str, more: Value| {
        let body = sent(model, asking(more));
        json!([body["thinking"], body["output_config"], body["max_tokens"]])
    };
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    let effort = |word: &str| json!({ "effort": word });
    for (model, more, want) in [
        (
            "claude-haiku-4-5",
            json!({"reasoning_effort": "high"}),
            json!([budget(4096), null, 64_000]),
        ),
        (
            "claude-haiku-4-5",
            json!({"reasoning_effort": "none"}),
            json!([null, null, 64_000]),
        ),
        // The budget stays under the client's limit.
        (
            "claude-haiku-4-5",
            json!({"reasoning_effort": "high", "max_tokens": 3000}),
            json!([budget(1500), null, 3000]),
        ),
        (
            "claude-haiku-4-5",
            json!({"reasoning_effort": "low", "max_tokens": 1000}),
            json!([null, null, 1000]),
        ),
        (
            "some-model",
            json!({"reasoning_effort": "high"}),
            json!([budget(4096), null, 8192]),
        ),
        (
            "claude-sonnet-4-6",
            json!({"reasoning_effort": "minimal"}),
            json!([adaptive, effort("low"), 128_000]),
        ),
        (
            "claude-sonnet-4-6",
            json!({"reasoning_effort": "xhigh"}),
            json!([adaptive, effort("high"), 128_000]),
        ),
        (
            "claude-opus-4-7",
            json!({"reasoning_effort": {"effort": "xhigh"}}),
            json!([adaptive, effort("xhigh"), 128_000]),
        ),
        (
            "claude-mythos-preview",
            json!({"reasoning_effort": "max"}),
            json!([adaptive, effort("max"), 128_000]),
        ),
        // `thinking` as it was written, where the model still takes it.
        (
            "claude-sonnet-4-6",
            json!({"thinking": budget(2048), "max_tokens": 4096}),
            json!([budget(2048), null, 4096]),
        ),
        (
            "claude-opus-5-5",
            json!({"thinking": budget(2048)}),
            json!([adaptive, effort("medium"), 128_000]),
        ),
        (
            "claude-opus-5-5",
            json!({"thinking": budget(32_000)}),
            json!([adaptive, effort("max"), 128_000]),
        ),
        (
            "claude-opus-5-5",
            json!({"thinking": {"type": "disabled"}}),
            json!([null, null, 128_000]),
        ),
        (
            "claude-opus-4-8",
            json!({"thinking": {"type": "disabled"}}),
            json!([{"type": "disabled"}, null, 128_000]),
        ),
        (
            "claude-opus-5-5",
            json!({"reasoning_effort": "low", "output_config": {"effort": "max"}}),
            json!([adaptive, effort("max"), 128_000]),
        ),
    ] {
        assert_eq!(of(model, more.clone()), want, "{model} {more}");
    }
    let refusal = start(
        "claude-haiku-4-5",
        asking(json!({"reasoning_effort": "banana"})),
    )
    .unwrap_err();
    assert!(refusal.message.contains("banana"), "{}", refusal.message);
}

#[test]
fn a_forced_choice_is_free_where_it_would_be_refused() {
    let choice = |model: &str, more: Value| {
        let mut body = asking(more);
        body["tools"] = tools();
        sent(model, body)["tool_choice"].clone()
    };
    let named = json!({"type": "function", "function": {"name": "f"}});
    assert_eq!(
        choice("claude-opus-5", json!({"tool_choice": "required"})),
        json!({"type": "any"})
    );
    assert_eq!(
        choice("claude-haiku-5-5", json!({"tool_choice": named})),
        json!({"type": "tool", "name": "f"})
    );
    assert_eq!(
        choice("claude-opus-5-5", json!({"tool_choice": named})),
        json!({"type": "auto"})
    );
    assert_eq!(
        choice(
            "claude-haiku-4-5",
            json!({"tool_choice": "required", "reasoning_effort": "low"})
        ),
        json!({"type": "auto"})
    );
    assert_eq!(
        choice(
            "claude-opus-5",
            json!({"tool_choice": null, "function_call": "none"})
        ),
        json!({"type": "none"})
    );
}

#[test]
fn tools_not_allowed_are_not_sent() {
    let mut body = asking(
        json!({"tool_choice": {"type": "allowed_tools", "allowed_tools": {
        "mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}}}),
    );
    body["tools"] = json!([tools()[0], {"type": "function", "function": {"name": "g"}}]);
    let sent = sent("claude-sonnet-4-5", body);
    assert_eq!(sent["tool_choice"], json!({"type": "any"}));
    assert_eq!(
        (list(&sent["tools"]).len(), text(&sent["tools"][0], "name")),
        (1, "f")
    );
}

#[test]
fn strict_tools_are_strict_where_they_can_be() {
    let strict = |model: &str, parameters: Value| {
        let tool = json!({"type": "function", "function": {"name": "f", "strict": true, "parameters": parameters}});
        sent(model, asking(json!({"tools": [tool]})))["tools"][0].clone()
    };
    let plain = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}});
    let closed = json!({"type": "object", "properties": {"n": {"type": "integer", "description": "(minimum: 0)"}}, "additionalProperties": false});
    assert_eq!(
        strict("claude-sonnet-4-5", plain.clone()),
        json!({"name": "f", "input_schema": closed, "strict": true})
    );
    assert_eq!(
        strict("claude-sonnet-4-0", plain.clone()),
        json!({"name": "f", "input_schema": plain})
    );
    let tree = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
    assert_eq!(
        strict("claude-sonnet-4-5", tree.clone()),
        json!({"name": "f", "input_schema": tree})
    );
    let many: Vec<Value> = (0..25).map(|at| json!({"type": "function", "function": {"name": format!("f{at}"), "strict": true, "parameters": plain}})).collect();
    let sent = sent("claude-sonnet-4-5", asking(json!({ "tools": many })));
    assert_eq!(
        list(&sent["tools"])
            .iter()
            .filter(|it| it["strict"] == true)
            .count(),
        20
    );
}

#[test]
fn structured_output_is_native_or_a_tool() {
    let format = |schema: Value| json!({"response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": schema}}});
    let person = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let native = sent("claude-haiku-4-5", asking(format(person.clone())));
    assert_eq!(
        native["output_config"]["format"]["schema"]["additionalProperties"],
        false
    );
    assert!(native["tools"].is_null());
    let old = sent("claude-3-5-haiku-latest", asking(format(person.clone())));
    assert_eq!(
        old["tool_choice"],
        json!({"type": "tool", "name": "json_tool_call"})
    );
    // A map of free names would lose its entries in the native form.
    let free = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    let map = sent("claude-haiku-4-5", asking(format(free)));
    assert!(
        map["output_config"].is_null()
            && map["tools"][0]["input_schema"]["additionalProperties"].is_object()
    );
    // The client's tools stay, and so does its choice.
    let mut both = asking(format(person.clone()));
    both["tools"] = tools();
    both["tool_choice"] = json!("required");
    let both = sent("claude-3-7-sonnet", both);
    assert_eq!(
        (list(&both["tools"]).len(), &both["tool_choice"]),
        (2, &json!({"type": "any"}))
    );
    let effort = format(person);
    let mut effort = asking(effort);
    effort["reasoning_effort"] = json!("low");
    let config = &sent("claude-opus-5-5", effort)["output_config"];
    assert!(config["effort"] == "low" && config["format"].is_object());
}

#[test]
fn system_messages_in_the_middle_keep_their_place() {
    let messages = json!([
        {"role": "system", "content": "A"}, {"role": "developer", "content": "B"},
        {"role": "user", "content": "Hi"}, {"role": "user", "content": "again"},
        {"role": "assistant", "content": "ok"}, {"role": "system", "content": "C"}, {"role": "user", "content": "go"}]);
    let says = |text: &str| json!({"type": "text", "text": text});
    let opening = json!([{"role": "user", "content": [says("Hi"), says("again")]}, {"role": "assistant", "content": [says("ok")]}]);
    let mut want = list(&opening).to_vec();
    want.push(json!({"role": "user", "content": [says("[The next text is a system message, not the user's.]"), says("C"), says("go")]}));
    assert_eq!(turns("claude-haiku-4-5", messages.clone()), json!(want));
    want.truncate(2);
    want.push(json!({"role": "user", "content": [says("go")]}));
    want.push(json!({"role": "system", "content": [says("C")]}));
    assert_eq!(turns("claude-opus-4-8", messages.clone()), json!(want));
    let body = sent("claude-opus-4-8", json!({ "messages": messages }));
    assert_eq!(body["system"], json!([says("A"), says("B")]));
}

#[test]
fn what_says_nothing_makes_no_turn_and_the_user_begins() {
    let says = |text: &str| json!([{"type": "text", "text": text}]);
    let messages = json!([{"role": "user", "content": ""}, {"role": "assistant", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": " "}]}, {"role": "assistant", "content": "b \n"}]);
    let want = json!([{"role": "user", "content": says(".")},
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]);
    assert_eq!(turns("claude-haiku-4-5", messages), want);
    let only = turns(
        "claude-haiku-4-5",
        json!([{"role": "system", "content": "s"}]),
    );
    assert_eq!(only, json!([{"role": "user", "content": says(".")}]));
}

#[test]
fn calls_of_other_providers_get_names_that_anthropic_takes() {
    let messages = json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "functions.f:0", "type": "function", "function": {"name": "files.read", "arguments": "[1]"}}]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": {"ok": true}}]);
    let tool = json!({"type": "function", "function": {"name": "files.read"}});
    let body = sent(
        "claude-haiku-4-5",
        json!({"messages": messages, "tools": [tool]}),
    );
    assert_eq!(
        body["messages"][1]["content"][0],
        json!({"type": "tool_use", "id": "functions_f_0", "name": "files_read", "input": {"value": [1]}})
    );
    assert_eq!(
        body["messages"][2]["content"][0],
        json!({"type": "tool_result", "tool_use_id": "functions_f_0", "content": "{\"ok\":true}"})
    );
    assert_eq!(body["tools"][0]["name"], "files_read");
}

#[test]
fn the_client_gets_its_own_names_of_tools_back() {
    let fixture = |streaming: bool, reply: Value| {
        json!({
        "name": "names", "provider": "anthropic", "operation": "chat", "model": "claude-x", "streaming": streaming,
        "body": {"model": "claude-x", "messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "files.read"}}]},
        "exchanges": [{"reply": reply}], "expect": {}})
    };
    let block = json!({"type": "tool_use", "id": "t", "name": "files_read", "input": {}});
    let whole = json!({"status": 200, "body": {"json": {"content": [block], "stop_reason": "tool_use", "usage": {}}}});
    let events = [
        json!({"type": "message_start", "message": {}}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        json!({"type": "message_stop"}),
    ];
    let body: String = events.iter().map(|it| format!("data: {it}\n\n")).collect();
    let stream =
        json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body});
    for (streaming, reply) in [(false, whole), (true, stream)] {
        let outcome = testing::replay::<Anthropic>(
            &serde_json::from_value(fixture(streaming, reply)).unwrap(),
        )
        .unwrap();
        assert_eq!(
            oracle::of_ours(&outcome).calls,
            [("t".into(), "files.read".into(), json!({}))]
        );
    }
}

#[test]
fn results_with_images_and_marks_are_carried_once() {
    let mark = json!({"type": "ephemeral"});
    let messages = json!([{"role": "user", "content": "x", "cache_control": mark},
        {"role": "assistant", "content": null, "cache_control": mark, "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "t", "cache_control": mark, "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}]}]);
    let want = json!([
        {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": mark}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}, "cache_control": mark}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "see"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}], "cache_control": mark}]}]);
    assert_eq!(turns("claude-haiku-4-5", messages), want);
}

#[test]
fn the_form_before_tool_calls_is_understood() {
    let messages = json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{\"a\":1}"}}, {"role": "function", "name": "f", "content": "one"},
        {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}}, {"role": "function", "name": "f", "content": "two"}]);
    let body = sent(
        "claude-haiku-4-5",
        json!({"messages": messages, "functions": [{"name": "f", "parameters": {"type": "object", "properties": {}}}], "function_call": {"name": "f"}}),
    );
    let ids = |at: usize, name: &str| body["messages"][at]["content"][0][name].clone();
    assert_eq!(
        (ids(1, "id"), ids(3, "id")),
        (ids(2, "tool_use_id"), ids(4, "tool_use_id"))
    );
    assert_ne!(ids(1, "id"), ids(3, "id"));
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "f"}));
    assert_eq!(body["tools"][0]["name"], "f");
}

#[test]
fn pieces_of_thinking_are_put_together() {
    let messages = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "a", "thinking_blocks": [
        {"type": "thinking", "thinking": "let ", "index": 0}, {"type": "thinking", "thinking": "me", "index": 0},
        {"type": "thinking", "thinking": "", "signature": "SIG", "index": 0}, {"type": "redacted_thinking", "data": "D", "index": 1},
        {"type": "thinking", "thinking": "unsigned"}]}, {"role": "user", "content": "y"}]);
    let want = json!([{"type": "thinking", "thinking": "let me", "signature": "SIG"}, {"type": "redacted_thinking", "data": "D"}, {"type": "text", "text": "a"}]);
    assert_eq!(turns("claude-haiku-4-5", messages)[1]["content"], want);
}

#[test]
fn what_anthropic_has_not_is_refused_by_name() {
    let custom = json!({"type": "custom", "custom": {"name": "c"}});
    let refusal = start("claude-haiku-4-5", asking(json!({"tools": [custom]}))).unwrap_err();
    assert_eq!(refusal.kind, fault::kind::UNSUPPORTED);
    let bad = json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{oops"}}]}]});
    assert!(
        start("claude-haiku-4-5", bad)
            .unwrap_err()
            .message
            .contains("arguments")
    );
}

#[test]
fn what_is_allowed_against_the_rules_is_sent_as_it_came() {
    let allowed = json!({"seed": 7, "n": 2, "logprobs": true, "verbosity": "low", "store": false});
    let body = sent("claude-haiku-4-5", asking(allowed.clone()));
    for (name, value) in allowed.as_object().unwrap() {
        assert_eq!(body[name], *value, "{name}");
    }
}

#[test]
fn files_have_openais_form_and_are_asked_for_with_their_beta() {
    let file = |operation: &str,
                id: &str,
                body: Value|
     -> Result<sluice_sdk::Outbound, sluice_sdk::Error> {
        let call = Call {
            id: "t".into(),
            operation: operation.into(),
            provider: "anthropic".into(),
            model: "m".into(),
            streaming: false,
            config: "{}".into(),
            secrets: vec!["api_key".into()],
            params: vec![("id".into(), id.into())],
            headers: Vec::new(),
            files: vec![sluice_sdk::File {
                id: 4,
                field: "file".into(),
                filename: "a.pdf".into(),
                content_type: "application/pdf".into(),
                size: 9,
            }],
            context: "{}".into(),
        };
        match Anthropic::start(&call, &body.to_string())? {
            Step::Send(outbound) => Ok(outbound),
            other => panic!("{other:?}"),
        }
    };
    for (operation, method, url) in [
        ("files.create", "POST", "/v1/files"),
        ("files.get", "GET", "/v1/files/file_1"),
        ("files.content", "GET", "/v1/files/file_1/content"),
        ("files.delete", "DELETE", "/v1/files/file_1"),
    ] {
        let sent = file(operation, "file_1", json!({"purpose": "user_data"})).unwrap();
        assert_eq!((sent.method.as_str(), sent.url.as_str()), (method, url));
        let beta = (
            "anthropic-beta".to_owned(),
            "files-api-2025-04-14".to_owned(),
        );
        assert!(sent.headers.contains(&beta), "{:?}", sent.headers);
        match (&sent.body, operation) {
            (Body::Multipart(parts), "files.create") => {
                assert!(parts.len() == 1 && parts[0].name == "file", "{parts:?}");
            }
            (body, _) => assert!(
                operation != "files.create" && matches!(body, Body::None),
                "{body:?}"
            ),
        }
    }
    let batch = file("files.create", "", json!({"purpose": "batch"})).unwrap_err();
    assert!(batch.message.contains("the gateway"), "{}", batch.message);
    assert!(file("files.get", "../messages", json!({})).is_err());
}
