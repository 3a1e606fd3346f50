//! Requests as the API takes them.

use sluice_sdk::Body;

use super::*;

fn start(operation: &str, model: &str, mut body: Value) -> Result<Step, Error> {
    body["model"] = json!(model);
    let call = Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "gemini".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    };
    Gemini::start(&call, &body.to_string())
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The body we send for a chat.
pub fn sent(model: &str, body: Value) -> Value {
    match start("chat", model, body).unwrap() {
        Step::Send(outbound) => body_of(&outbound),
        other => panic!("{other:?}"),
    }
}

fn asking(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

#[test]
fn thinking_is_a_budget_or_a_level_by_the_model() {
    let of = |model: &str, more: Value| {
        sent(model, asking(more))["generationConfig"]["thinkingConfig"].clone()
    };
    let effort = |word: &str| json!({ "reasoning_effort": word });
    let budget = |tokens: u64| json!({"thinkingBudget": tokens, "includeThoughts": true});
    let level = |word: &str| json!({"thinkingLevel": word, "includeThoughts": true});
    for (model, more, want) in [
        (
            "gemini-2.5-flash",
            effort("none"),
            json!({"thinkingBudget": 0, "includeThoughts": false}),
        ),
        // It refuses 0.
        (
            "gemini-2.5-pro",
            effort("none"),
            json!({"thinkingBudget": 128, "includeThoughts": false}),
        ),
        ("gemini-2.5-flash-lite", effort("minimal"), budget(512)),
        ("gemini-2.5-flash", effort("high"), budget(4096)),
        (
            "gemini-2.5-flash",
            json!({"reasoning_effort": {"effort": "low", "summary": "auto"}}),
            budget(1024),
        ),
        ("gemini-3-pro-preview", effort("minimal"), level("low")),
        (
            "gemini-3-flash-preview",
            effort("minimal"),
            level("minimal"),
        ),
        ("gemini-3.8-flash", effort("minimal"), level("low")),
        ("gemini-flash-latest", effort("medium"), level("medium")),
        ("gemini-4-argon", effort("max"), level("high")),
        (
            "gemini-3-pro-preview",
            effort("none"),
            json!({"thinkingLevel": "low", "includeThoughts": false}),
        ),
        (
            "gemini-2.5-flash",
            json!({"thinking": {"type": "enabled", "budget_tokens": 2048}}),
            budget(2048),
        ),
        (
            "gemini-3-pro-preview",
            json!({"thinking": {"type": "enabled", "budget_tokens": 2048}}),
            json!({"includeThoughts": true}),
        ),
        (
            "gemini-2.5-flash",
            json!({"reasoning_effort": null}),
            Value::Null,
        ),
    ] {
        assert_eq!(of(model, more.clone()), want, "{model} {more}");
    }
    assert!(start("chat", "gemini-2.5-flash", asking(effort("banana"))).is_err());
}

fn history(result: Value) -> Value {
    json!([{"role": "user", "content": "w?"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
            {"id": "call_2__thought__U0lH", "type": "function", "function": {"name": "g", "arguments": "[2]"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "cold"},
        {"role": "tool", "tool_call_id": "call_2__thought__U0lH", "content": result},
        {"role": "user", "content": "thanks"}])
}

#[test]
fn results_are_a_turn_of_their_own_and_third_generation_gets_ids() {
    let old = sent(
        "gemini-2.5-flash",
        json!({"messages": history(json!("warm"))}),
    );
    assert_eq!(
        old["contents"],
        json!([
        {"role": "user", "parts": [{"text": "w?"}]},
        {"role": "model", "parts": [
            {"functionCall": {"name": "f", "args": {"a": 1}}},
            {"functionCall": {"name": "g", "args": {"value": [2]}}, "thoughtSignature": "U0lH"}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "f", "response": {"content": "cold"}}},
            {"functionResponse": {"name": "g", "response": {"content": "warm"}}}]},
        {"role": "user", "parts": [{"text": "thanks"}]}])
    );
    let new = sent(
        "gemini-3-pro-preview",
        json!({"messages": history(json!("warm"))}),
    );
    assert_eq!(
        new["contents"][1]["parts"],
        json!([
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "call_1"}, "thoughtSignature": "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="},
        {"functionCall": {"name": "g", "args": {"value": [2]}, "id": "call_2"}, "thoughtSignature": "U0lH"}])
    );
    assert_eq!(
        new["contents"][2]["parts"][1]["functionResponse"]["id"],
        "call_2"
    );
}

#[test]
fn images_in_results_are_not_lost() {
    let result = json!([{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}]);
    let image = json!({"inlineData": {"mimeType": "image/png", "data": "QUJD"}});
    let new = sent(
        "gemini-3-pro-preview",
        json!({"messages": history(result.clone())}),
    );
    let response = &new["contents"][2]["parts"][1]["functionResponse"];
    assert_eq!(
        (&response["response"], &response["parts"]),
        (&json!({"content": "see"}), &json!([image]))
    );
    let old = sent("gemini-2.5-flash", json!({"messages": history(result)}));
    assert_eq!(list(&old["contents"][2]["parts"]).len(), 2);
    assert_eq!(
        old["contents"][3],
        json!({"role": "user", "parts": [image, {"text": "thanks"}]})
    );
}

#[test]
fn the_form_before_tool_calls_is_understood() {
    let messages = json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{\"a\":1}"}},
        {"role": "function", "name": "f", "content": "{\"one\":1}"}]);
    let body = sent(
        "gemini-2.5-flash",
        json!({"messages": messages, "function_call": {"name": "f"},
        "functions": [{"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}]}),
    );
    assert_eq!(
        body["contents"][1]["parts"],
        json!([{"functionCall": {"name": "f", "args": {"a": 1}}}])
    );
    assert_eq!(
        body["contents"][2]["parts"][0]["functionResponse"]["response"],
        json!({"one": 1})
    );
    assert_eq!(
        body["toolConfig"]["functionCallingConfig"],
        json!({"mode": "ANY", "allowedFunctionNames": ["f"]})
    );
}

#[test]
fn a_choice_among_functions_needs_functions() {
    let searching = sent(
        "gemini-2.5-flash",
        asking(json!({"web_search_options": {}, "tool_choice": "auto"})),
    );
    assert_eq!(
        (&searching["tools"], &searching["toolConfig"]),
        (&json!([{"googleSearch": {}}]), &Value::Null)
    );
    let allowed = json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}});
    let tools = json!([{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}]);
    let body = sent(
        "gemini-2.5-flash",
        asking(json!({"tools": tools, "tool_choice": allowed})),
    );
    assert_eq!(
        body["toolConfig"]["functionCallingConfig"],
        json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]})
    );
}

#[test]
fn models_without_system_instructions_are_told_in_the_first_turn() {
    let messages = json!([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]);
    let body = sent("gemma-3-27b-it", json!({ "messages": messages }));
    assert_eq!(
        body["contents"],
        json!([{"role": "user", "parts": [{"text": "s"}, {"text": "u"}]}])
    );
    assert!(body["systemInstruction"].is_null());
}

#[test]
fn what_says_nothing_makes_no_turn() {
    let messages = json!([{"role": "system", "content": "s"}, {"role": "user", "content": ""}]);
    let body = sent("gemini-2.5-flash", json!({ "messages": messages }));
    assert_eq!(
        body["contents"],
        json!([{"role": "user", "parts": [{"text": "."}]}])
    );
}

#[test]
fn many_inputs_go_in_batches_and_come_back_in_order() {
    let inputs: Vec<String> = (0..250).map(|at| format!("t{at}")).collect();
    let step = start(
        "embeddings",
        "gemini-embedding-001",
        json!({"input": inputs, "dimensions": 2}),
    )
    .unwrap();
    let Step::SendAll(batches) = step else {
        panic!("{step:?}")
    };
    let sizes: Vec<usize> = batches
        .iter()
        .map(|it| list(&body_of(it)["requests"]).len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    let first = &body_of(&batches[2])["requests"][0];
    assert_eq!(first["content"]["parts"][0]["text"], "t200");
    let replies = batches.into_iter().enumerate().map(|(at, it)| Reply {
        status: 200,
        headers: Vec::new(),
        body: sluice_sdk::Payload::Text(
            json!({"embeddings": vec![json!({"values": [at]}); sizes[at]]}).to_string(),
        ),
        state: it.state,
    });
    let answer = embeddings::answer(&replies.collect::<Vec<_>>()).unwrap();
    assert_eq!(list(&answer["data"]).len(), 250);
    assert_eq!(
        (
            &answer["data"][249]["index"],
            &answer["data"][249]["embedding"]
        ),
        (&json!(249), &json!([2]))
    );
    assert_eq!(answer["usage"]["prompt_tokens"], 250);
    assert!(start("embeddings", "m", json!({"input": []})).is_err());
}

#[test]
fn a_models_name_does_not_choose_the_path() {
    for operation in ["chat", "generate-content", "embeddings"] {
        let refusal = start(operation, "../files?x=", asking(json!({"input": "a"}))).unwrap_err();
        assert_eq!(refusal.kind, fault::kind::INVALID_REQUEST, "{operation}");
    }
}

#[test]
fn what_is_allowed_against_the_rules_is_sent_as_it_came() {
    let allowed = json!({"store": true, "logit_bias": {"5": 1}, "verbosity": "low", "user": "u"});
    let body = sent("gemini-2.5-flash", asking(allowed.clone()));
    for (name, value) in allowed.as_object().unwrap() {
        assert_eq!(body[name], *value, "{name}");
    }
}
