//! Requests as Converse takes them.

use super::*;

const CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "us.amazon.nova-pro-v1:0";

fn chat(model: &str, body: Value) -> Value {
    body_of(&sent(&call("chat", model), &body))
}

fn asking(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

/// Cases of OpenAI's dialect for four models. `sent` was checked against Converse's reference, and
/// `differs` says where another gateway sends something else and why.
#[test]
fn known_requests_are_translated_as_written_down() {
    let mut wrong = Vec::new();
    let lines: Vec<&str> = include_str!("../../fixtures/requests.jsonl")
        .lines()
        .collect();
    assert!(lines.len() >= 80, "{}", lines.len());
    for line in lines {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = format!("{} {}", text(&case, "case"), text(&case, "model"));
        if case["sent"].is_null() {
            let asking = call("chat", text(&case, "model"));
            let refused = Bedrock::start(&asking, &case["body"].to_string()).unwrap_err();
            assert_eq!(refused.kind, fault::kind::UNSUPPORTED, "{name}");
            continue;
        }
        let got = chat(text(&case, "model"), case["body"].clone());
        if let Some(difference) = sluice_fixture::difference(&case["sent"], &got) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documents_have_names_of_their_own_and_a_word_beside_them() {
    let file = |name: &str| json!({"type": "file", "file": {"filename": name, "file_data": "data:application/pdf;base64,QQ=="}});
    let body = chat(
        NOVA,
        json!({"messages": [{"role": "user", "content": [file("a_b!.pdf"), file("x/a b.pdf")]}]}),
    );
    let content = &body["messages"][0]["content"];
    assert!(content[0]["text"].is_string(), "{content}");
    assert_eq!(
        content[1]["document"],
        json!({"format": "pdf", "name": "a b", "source": {"bytes": "QQ=="}})
    );
    assert_eq!(content[2]["document"]["name"], "a b 2");
}

#[test]
fn media_of_other_kinds_have_blocks_of_their_own() {
    let body = chat(
        NOVA,
        json!({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,QQ=="}},
        {"type": "image_url", "image_url": {"url": "s3://b/k.png"}},
        {"type": "file", "file": {"file_data": "data:video/mp4;base64,QQ=="}},
        {"type": "file", "file": {"file_id": "s3://b/k.docx"}},
        {"type": "guarded_text", "text": "g"}, {"type": "text", "text": " "}]}]}),
    );
    let blocks = list(&body["messages"][0]["content"]);
    let has = |want: &Value| assert!(blocks.contains(want), "{want} in {blocks:?}");
    has(&json!({"image": {"format": "jpeg", "source": {"bytes": "QQ=="}}}));
    has(&json!({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k.png"}}}}));
    has(&json!({"video": {"format": "mp4", "source": {"bytes": "QQ=="}}}));
    has(
        &json!({"document": {"format": "docx", "name": "k", "source": {"s3Location": {"uri": "s3://b/k.docx"}}}}),
    );
    has(&json!({"guardContent": {"text": {"text": "g"}}}));
}

#[test]
fn what_bedrock_cannot_take_is_refused_by_its_name() {
    let refused = |part: Value| {
        let body = json!({"messages": [{"role": "user", "content": [part]}]}).to_string();
        Bedrock::start(&call("chat", NOVA), &body).unwrap_err()
    };
    let file = refused(json!({"type": "file", "file": {"file_id": "file-1"}}));
    assert!(file.kind == fault::kind::UNSUPPORTED && file.message.contains("file_id"));
    let odd = refused(json!({"type": "hologram"}));
    assert!(odd.message.contains("hologram"));
    let far =
        refused(json!({"type": "image_url", "image_url": {"url": "https://x.example/i.png"}}));
    assert_eq!(far.kind, fault::kind::INVALID_REQUEST);
    let hosted = asking(json!({"tools": [{"type": "computer_use"}]})).to_string();
    let hosted = Bedrock::start(&call("chat", NOVA), &hosted).unwrap_err();
    assert!(hosted.message.contains("computer_use"));
    let body = asking(json!({"reasoning_effort": "banana"})).to_string();
    assert!(Bedrock::start(&call("chat", "openai.gpt-oss-20b-1:0"), &body).is_err());
}

#[test]
fn ids_and_names_from_elsewhere_travel_and_come_back() {
    let long = "call_1__thought__".to_owned() + &"x".repeat(90);
    let tools =
        json!([{"type": "function", "function": {"name": "files.read", "description": ""}}]);
    let body = json!({"tools": tools, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": long, "type": "function", "function": {"name": "files.read", "arguments": "[1]"}}]},
        {"role": "tool", "tool_call_id": long, "content": "", "is_error": true}]});
    let outbound = sent(&call("chat", NOVA), &body);
    let body = body_of(&outbound);
    let used = &body["messages"][1]["content"][0]["toolUse"];
    let result = &body["messages"][2]["content"][0]["toolResult"];
    assert_eq!(
        (&used["name"], &used["input"]),
        (&json!("files_read"), &json!({"value": [1]}))
    );
    assert_eq!(
        (&used["toolUseId"], &result["status"]),
        (&result["toolUseId"], &json!("error"))
    );
    assert!(text(used, "toolUseId").len() <= 64 && result["content"] == json!([{"text": "."}]));
    assert_eq!(
        body["toolConfig"]["tools"][0]["toolSpec"].get("description"),
        None
    );
    let answer = json!({"output": {"message": {"content": [{"toolUse": {"toolUseId": "a", "name": "files_read", "input": {"b": 1}}}]}}, "stopReason": "tool_use"});
    let reply = Reply {
        status: 200,
        headers: vec![],
        body: sluice_sdk::Payload::Text(answer.to_string()),
        state: outbound.state,
    };
    let Step::Respond(response) = Bedrock::resume(&call("chat", NOVA), vec![reply]).unwrap() else {
        panic!()
    };
    assert!(format!("{response:?}").contains("files.read"));
}

#[test]
fn thinking_is_told_in_each_familys_words() {
    let of = |model: &str, more: Value| {
        chat(model, asking(more))["additionalModelRequestFields"].clone()
    };
    let effort = |word: &str| json!({ "reasoning_effort": word });
    assert_eq!(
        of(CLAUDE, effort("low"))["thinking"],
        json!({"type": "enabled", "budget_tokens": 1024})
    );
    let adaptive = of("us.anthropic.claude-opus-4-6-v1", effort("medium"));
    assert_eq!(
        (
            &adaptive["thinking"]["type"],
            &adaptive["output_config"]["effort"]
        ),
        (&json!("adaptive"), &json!("medium"))
    );
    let nova = of("us.amazon.nova-2-lite-v1:0", effort("minimal"));
    assert_eq!(
        nova,
        json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}})
    );
    assert_eq!(
        of("openai.gpt-oss-120b-1:0", effort("high")),
        json!({"reasoning_effort": "high"})
    );
    assert_eq!(
        of(
            "deepseek.v3-v1:0",
            json!({"thinking": {"type": "enabled", "budget_tokens": 4096}})
        ),
        json!({"reasoning_effort": "high"})
    );
    assert_eq!(
        of("openai.gpt-5", effort("low")),
        json!({"reasoning": {"effort": "low"}})
    );
}

#[test]
fn converses_own_members_and_the_models_stand_where_they_belong() {
    let guard = json!({"guardrailIdentifier": "g", "guardrailVersion": "1"});
    let more = json!({"guardrailConfig": guard, "top_k": 5, "novel": 1, "metadata": {"a": "b", "n": 1},
        "additionalModelRequestFields": {"own": true}, "performanceConfig": {"latency": "optimized"}});
    let body = chat(NOVA, asking(more));
    assert_eq!(
        (&body["guardrailConfig"], &body["requestMetadata"]),
        (&guard, &json!({"a": "b", "n": "1"}))
    );
    assert_eq!(
        body["additionalModelRequestFields"],
        json!({"inferenceConfig": {"topK": 5}, "novel": 1, "own": true})
    );
    let mut configured = call("chat", NOVA);
    configured.config = json!({ "guardrailConfig": guard }).to_string();
    assert_eq!(
        body_of(&sent(&configured, &asking(json!({}))))["guardrailConfig"],
        guard
    );
}

#[test]
fn marks_of_the_cache_are_points_behind_what_they_mark() {
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let point = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    let tools = json!([{"type": "function", "function": {"name": "f"}, "cache_control": mark}]);
    let messages = json!([{"role": "user", "content": "q", "cache_control": mark},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "r", "cache_control": mark}]}]);
    let body = chat(CLAUDE, json!({"messages": messages, "tools": tools}));
    assert_eq!(body["toolConfig"]["tools"][1], point);
    assert_eq!(body["messages"][0]["content"][1], point);
    assert_eq!(body["messages"][2]["content"][1], point);
    let none = chat(
        "meta.llama3-3-70b-instruct-v1:0",
        json!({"messages": messages, "tools": tools}),
    );
    assert!(!none.to_string().contains("cachePoint"));
}

#[test]
fn the_answer_of_a_format_is_text_again() {
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object", "additionalProperties": false}}}});
    let outbound = sent(&call("chat", NOVA), &asking(format));
    let config = &body_of(&outbound)["toolConfig"];
    assert_eq!(
        config["toolChoice"],
        json!({"tool": {"name": "json_tool_call"}})
    );
    assert_eq!(
        config["tools"][0]["toolSpec"]["inputSchema"]["json"],
        json!({"type": "object"})
    );
    let content =
        json!([{"toolUse": {"toolUseId": "a", "name": "json_tool_call", "input": {"b": 1}}}]);
    let answer = json!({"output": {"message": {"content": content}}, "stopReason": "tool_use"});
    let body = sluice_sdk::Payload::Text(answer.to_string());
    let reply = Reply {
        status: 200,
        headers: vec![],
        body,
        state: outbound.state,
    };
    let Step::Respond(response) = Bedrock::resume(&call("chat", NOVA), vec![reply]).unwrap() else {
        panic!()
    };
    let sluice_sdk::Payload::Text(text) = response.body else {
        panic!()
    };
    let choice = serde_json::from_str::<Value>(&text).unwrap()["choices"][0].clone();
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("{\"b\":1}"), &json!("stop"))
    );
    assert!(choice["message"].get("tool_calls").is_none());
}

#[test]
fn claudes_own_dialect_has_its_version_in_the_body() {
    let outbound = sent(
        &call("chat", &format!("invoke/{CLAUDE}")),
        &asking(json!({"max_tokens": 9})),
    );
    let body = body_of(&outbound);
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    assert!(body.get("model").is_none() && body.get("stream").is_none());
    assert_eq!(
        (&*outbound.auth[0].scheme, &body["max_tokens"]),
        ("sigv4", &json!(9))
    );
}

#[test]
fn tokens_are_counted_by_the_models_own_name() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "a"}], "system": "b"});
    let arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc";
    for (model, config, id) in [
        (
            "us.anthropic.claude-sonnet-4-5-v1:0",
            json!({}),
            "anthropic.claude-sonnet-4-5-v1%3A0",
        ),
        (
            "anthropic.claude-v2",
            json!({"model_id": arn}),
            "anthropic.claude-v2",
        ),
    ] {
        let mut asking = call("count-tokens", model);
        asking.config = config.to_string();
        asking.headers = vec![("anthropic-beta".into(), "a,b".into())];
        let outbound = sent(&asking, &body);
        let end = format!("/model/{id}/count-tokens");
        assert!(outbound.url.ends_with(&end), "{}", outbound.url);
        let document = body_of(&outbound)["input"]["invokeModel"]["body"].take();
        let want = json!({"messages": body["messages"], "system": "b", "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 1, "anthropic_beta": ["a", "b"]});
        assert_eq!(
            document,
            sluice_wire::base64::encoded(want.to_string().as_bytes())
        );
    }
    for (model, body, kind) in [
        ("amazon.nova-pro-v1:0", &body, fault::kind::UNSUPPORTED),
        (
            "anthropic.claude-v2",
            &json!({}),
            fault::kind::INVALID_REQUEST,
        ),
    ] {
        let refused = Bedrock::start(&call("count-tokens", model), &body.to_string());
        assert_eq!(refused.unwrap_err().kind, kind, "{model}");
    }
}
