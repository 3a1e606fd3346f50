//! What is sent.

use super::*;

fn sent(model: &str, body: Value) -> Result<Value, Error> {
    let call = call("chat", model, body["stream"] == true);
    request::from_chat(&call, serde_json::from_value(body).unwrap())
}

fn asking(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn canonical_requests_are_sent_as_cohere_takes_them() {
    let cases = include_str!("../../fixtures/cases.jsonl").lines();
    let cases: Vec<Value> = cases.map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(cases.len(), 25);
    for case in cases {
        match sent("command-a-reasoning-08-2025", case["body"].clone()) {
            Ok(body) => assert_eq!(body, case["sent"], "{}", case["case"]),
            Err(error) => assert_eq!(error.kind, text(&case, "refused"), "{}", case["case"]),
        }
    }
}

#[test]
fn results_of_tools_may_be_documents() {
    let document = json!({"type": "document", "document": {"id": "d", "data": {"output": "5"}}});
    let messages = json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "reasoning_content": "plan", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": "c", "content": [document, {"type": "text", "text": "five"}]}]);
    let body = sent("command-a-03-2025", json!({ "messages": messages })).unwrap();
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "tool_plan": "plan", "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
    );
    assert_eq!(
        body["messages"][2]["content"],
        json!([document, {"type": "text", "text": "five"}])
    );
}

#[test]
fn a_choice_of_one_tool_leaves_the_others_out() {
    let tools = json!([{"type": "function", "function": {"name": "f", "strict": true}}, {"type": "function", "function": {"name": "g"}}]);
    let choice = |choice: Value| {
        sent(
            "command-a-03-2025",
            asking(json!({"tools": tools, "tool_choice": choice})),
        )
    };
    let body = choice(json!({"type": "function", "function": {"name": "f"}})).unwrap();
    assert_eq!(
        body["tools"],
        json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}])
    );
    assert_eq!(
        (&body["tool_choice"], &body["strict_tools"]),
        (&json!("REQUIRED"), &json!(true))
    );
    let allowed = json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "g"}}]}});
    let body = choice(allowed).unwrap();
    assert_eq!(
        (list(&body["tools"]).len(), &body["tool_choice"]),
        (1, &Value::Null)
    );
    for wrong in [
        json!({"type": "function", "function": {"name": "h"}}),
        json!("sometimes"),
    ] {
        assert_eq!(
            choice(wrong).unwrap_err().kind,
            fault::kind::INVALID_REQUEST
        );
    }
}

#[test]
fn what_cannot_be_said_is_refused_by_its_name() {
    let user = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    for (body, word) in [
        (
            user(json!({"type": "video_url", "video_url": {"url": "https://a.example"}})),
            "video_url",
        ),
        (
            user(json!({"type": "document", "document": {}})),
            "document",
        ),
        (
            json!({"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ"}}]}]}),
            "image_url",
        ),
        (
            json!({"messages": [{"role": "function", "name": "f", "content": "x"}]}),
            "function",
        ),
        (
            json!({"messages": [{"role": "tool", "content": "x"}]}),
            "tool_call_id",
        ),
        (json!({"messages": "hi"}), "messages"),
        (
            json!({"messages": [{"role": "user", "content": 5}]}),
            "content",
        ),
        (
            asking(json!({"reasoning_effort": "much"})),
            "reasoning_effort",
        ),
        (
            asking(json!({"response_format": {"type": "json_schema"}})),
            "json_schema.schema",
        ),
        (asking(json!({"tool_choice": "required"})), "tool_choice"),
        (
            asking(json!({"tools": [{"type": "custom", "custom": {"name": "c"}}]})),
            "custom",
        ),
    ] {
        let error = sent("m", body).unwrap_err();
        assert!(error.message.contains(word), "{word}: {}", error.message);
    }
}

#[test]
fn coheres_own_members_and_names_go_on() {
    let own = json!({"documents": [{"id": "d", "data": {"text": "t"}}], "safety_mode": "OFF",
        "citation_options": {"mode": "FAST"}, "seed": 7, "temperature": null});
    let mut body = asking(own.clone());
    body["top_k"] = json!(3);
    let body = sent("command-r", body).unwrap();
    for name in ["documents", "safety_mode", "citation_options", "seed"] {
        assert_eq!(body[name], own[name]);
    }
    assert_eq!((&body["k"], body.get("temperature")), (&json!(3), None));
}

#[test]
fn a_base_that_is_an_endpoint_or_an_older_api_is_understood() {
    for (base, want) in [
        ("https://api.cohere.com", "/v2/chat"),
        ("https://a.example/cohere", "/v2/chat"),
        ("https://api.cohere.ai/v1", "https://api.cohere.ai/v2/chat"),
        (
            "https://api.cohere.com/v2/chat/",
            "https://api.cohere.com/v2/chat",
        ),
        (
            "https://a.example/p/v2/rerank",
            "https://a.example/p/v2/chat",
        ),
    ] {
        let mut call = call("chat", "m", false);
        call.context = json!({ "base_url": base }).to_string();
        assert_eq!(path::of(&call, "/v2/chat"), want, "{base}");
    }
}

#[test]
fn models_that_do_not_think_are_known() {
    for (model, thinks) in [
        ("command-r7b-12-2024", false),
        ("command-a-03-2025", false),
        ("command-a-reasoning-08-2025", true),
        ("new", true),
    ] {
        assert_eq!(thinking::of_model(model), thinks, "{model}");
    }
}

#[test]
fn a_sound_is_a_form_whose_fields_come_first() {
    let file = sluice_sdk::File {
        id: 3,
        field: "file".into(),
        filename: "a.wav".into(),
        content_type: "audio/wav".into(),
        size: 9,
    };
    let mut call = call("audio.transcribe", "cohere-transcribe-03-2026", false);
    call.files = vec![file];
    let form = |body: Value| Cohere::start(&call, &body.to_string());
    let said =
        json!({"language": "de", "temperature": 0.5, "response_format": "text", "model": "x"});
    let Step::Send(Outbound {
        url,
        body: sluice_sdk::Body::Multipart(parts),
        ..
    }) = form(said).unwrap()
    else {
        panic!()
    };
    let names: Vec<&str> = parts.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        (url.as_str(), names),
        (
            "/v2/audio/transcriptions",
            vec!["language", "temperature", "model", "file"]
        )
    );
    for (body, word) in [
        (json!({}), "language"),
        (
            json!({"language": "en", "response_format": "srt"}),
            "response_format",
        ),
    ] {
        assert!(form(body).unwrap_err().message.contains(word));
    }
}
