//! Requests as the API takes them, and the token that comes before.

use sluice_sdk::{Body, Payload};

use super::*;

fn call(operation: &str, config: Value, secrets: &[&str], streaming: bool) -> Call {
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "gigachat".into(),
        model: "m".into(),
        streaming,
        config: config.to_string(),
        secrets: secrets.iter().map(|it| (*it).to_owned()).collect(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

fn started(operation: &str, body: &Value) -> Result<Outbound, Error> {
    let call = call(operation, json!({}), &["access_token"], false);
    match GigaChat::start(&call, &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

/// The body that is sent.
fn sent(operation: &str, body: Value) -> Result<Value, Error> {
    let Body::Patch(members) = started(operation, &body)?.body else {
        panic!("no patch")
    };
    let mut sent = body;
    let own = sent.as_object_mut().unwrap();
    for (name, value) in members {
        match value {
            Some(value) => drop(own.insert(name, serde_json::from_str(&value).unwrap())),
            None => drop(own.shift_remove(&name)),
        }
    }
    Ok(sent)
}

fn chat(messages: Value, more: Value) -> Result<Value, Error> {
    let mut body = json!({ "messages": messages });
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    sent("chat", body)
}

fn hi() -> Value {
    json!([{"role": "user", "content": "x"}])
}

#[test]
fn instructions_at_the_beginning_are_one_system_message_and_later_ones_a_users() {
    let said = |role: &str, text: &str| json!({"role": role, "content": text});
    let messages = json!([
        said("system", "A"), said("developer", "B"), said("user", "Hi"),
        said("assistant", "ok"), said("system", "C"),
        {"role": "user", "name": "n", "content": [{"type": "text", "text": "D"}, {"type": "text", "text": "E"}]}
    ]);
    let want = json!([
        said("system", "A\n\nB"),
        said("user", "Hi"),
        said("assistant", "ok"),
        said("user", "C"),
        said("user", "D\nE")
    ]);
    assert_eq!(chat(messages, json!({})).unwrap()["messages"], want);
}

#[test]
fn several_calls_are_told_one_after_the_other_with_their_results() {
    let state = "77d3fb14-457a-46ba-937e-8d856156d003";
    let made = |id: &str, city: &str| {
        json!({"id": id, "type": "function",
        "function": {"name": "w", "arguments": format!("{{\"city\":\"{city}\"}}")}})
    };
    let messages = json!([
        {"role": "assistant", "content": "I look", "tool_calls": [made(state, "Oslo"), made("c2", "Rome")]},
        {"role": "tool", "tool_call_id": "c2", "content": "{\"t\": 30}"},
        {"role": "tool", "tool_call_id": state, "content": "cold"}
    ]);
    let want = json!([
        {"role": "assistant", "content": "I look", "function_call": {"name": "w", "arguments": {"city": "Oslo"}}, "functions_state_id": state},
        {"role": "function", "name": "w", "content": "\"cold\""},
        {"role": "assistant", "content": "", "function_call": {"name": "w", "arguments": {"city": "Rome"}}},
        {"role": "function", "name": "w", "content": "{\"t\": 30}"}
    ]);
    assert_eq!(chat(messages, json!({})).unwrap()["messages"], want);
}

#[test]
fn parameters_have_gigachats_names() {
    let tool = json!({"type": "function", "function": {"name": "f", "strict": true}});
    let function = json!({"name": "f", "parameters": {"type": "object", "properties": {}}});
    let schema = json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "object"}}});
    let asked = json!({"max_completion_tokens": 9, "temperature": 0, "user": "u", "repetition_penalty": 1.1,
        "tools": [tool], "tool_choice": "required", "response_format": schema, "stream": true});
    let want = json!({"model": "m", "messages": hi(), "max_tokens": 9, "top_p": 0, "repetition_penalty": 1.1,
        "functions": [function], "function_call": {"name": "f"}, "stream": true,
        "response_format": {"type": "json_schema", "schema": {"type": "object"}, "strict": true}});
    assert_eq!(chat(hi(), asked).unwrap(), want);
    let named = json!({"tools": [tool, tool], "tool_choice": {"type": "function", "function": {"name": "f"}}});
    assert_eq!(
        chat(hi(), named).unwrap()["function_call"],
        json!({"name": "f"})
    );
    // Without tools there is nothing to choose.
    let bare = chat(hi(), json!({"tool_choice": "none"})).unwrap();
    assert_eq!(bare, json!({"model": "m", "messages": hi()}));
}

#[test]
fn what_cannot_be_said_is_refused_by_its_name() {
    let tool = json!({"type": "function", "function": {"name": "f"}});
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,A"}}]}]);
    let lost = json!([{"role": "tool", "tool_call_id": "c9", "content": "x"}]);
    let broken = json!([{"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{"}}]}]);
    for (messages, more, says) in [
        (image, json!({}), "image_url"),
        (lost, json!({}), "`c9`"),
        (broken, json!({}), "arguments of `f`"),
        (
            hi(),
            json!({"tools": [tool, tool], "tool_choice": "required"}),
            "one of several",
        ),
        (
            hi(),
            json!({"tools": [{"type": "web_search"}]}),
            "`web_search`",
        ),
        (
            hi(),
            json!({"tools": [tool], "tool_choice": {}}),
            "names no function",
        ),
        (
            hi(),
            json!({"response_format": {"type": "json_object"}}),
            "json_schema",
        ),
    ] {
        let error = chat(messages, more).unwrap_err();
        assert!(error.message.contains(says), "{}", error.message);
    }
    assert!(sent("embeddings", json!({"input": [1, 2]})).is_err());
    assert!(started("rerank", &json!({})).is_err());
}

#[test]
fn texts_are_a_list_for_embeddings() {
    let asked = json!({"input": "a", "encoding_format": "base64"});
    assert_eq!(
        sent("embeddings", asked).unwrap(),
        json!({"input": ["a"], "model": "m"})
    );
}

#[test]
fn the_token_is_fetched_with_the_key_and_the_call_follows_with_it() {
    let config = json!({"gigachat_scope": "GIGACHAT_API_CORP"});
    let first = call("chat", config, &["api_key"], true);
    let body = json!({"messages": hi(), "stream": true}).to_string();
    let Step::Send(exchange) = GigaChat::start(&first, &body).unwrap() else {
        panic!()
    };
    assert_eq!(
        exchange.url,
        "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"
    );
    assert_eq!(
        exchange.body,
        Body::Form(vec![("scope".into(), "GIGACHAT_API_CORP".into())])
    );
    assert!(
        exchange.auth[0]
            .params
            .contains(&("prefix".into(), "Basic ".into()))
    );
    assert!(
        exchange
            .headers
            .iter()
            .any(|(name, value)| name == "rquid" && value.len() == 36)
    );
    assert!(exchange.options.iter().any(|it| it.0 == "capture"));
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(json!({"access_token": "***", "expires_at": 1}).to_string()),
        state: exchange.state,
    };
    let then = call("chat", json!({}), &["api_key", "exchanged_token"], true);
    let Step::Send(next) = GigaChat::resume(&then, vec![reply]).unwrap() else {
        panic!()
    };
    assert_eq!(
        (next.url.as_str(), next.auth[0].scheme.as_str()),
        ("/chat/completions", "bearer")
    );
    assert!(matches!(next.body, Body::Patch(_)) && next.reply == sluice_sdk::ReplyMode::Frames);
    let error = GigaChat::start(&call("models", json!({}), &[], false), "{}").unwrap_err();
    assert_eq!(error.kind, kind::AUTHENTICATION);
}
