//! Formats of answers beside functions: what is sent for which model and choice. Whole exchanges are
//! among the fixtures (`format_beside_functions*.json`).

use super::*;

const SECOND: &str = "gemini-2.5-pro";
const THIRD: &str = "gemini-3-pro-preview";
const JSON: &str = "application/json";

fn schema() -> Value {
    json!({"type": "object", "properties": {"x": {"type": "string"}}})
}

fn format() -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "r", "schema": schema()}})
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": schema()}})
}

/// The format, the functions and the choice among them, for these members beside a function `f`.
fn sent(model: &str, more: Value) -> (Value, Value, Value) {
    let mut body = json!({"model": model, "tools": [tool("f")], "response_format": format(),
        "messages": [{"role": "user", "content": "x"}]});
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let sent = requests::sent(model, body);
    let functions = list(&sent["tools"])
        .iter()
        .flat_map(|it| list(&it["functionDeclarations"]));
    (
        sent["generationConfig"]["responseMimeType"].clone(),
        functions.map(|it| it["name"].clone()).collect(),
        sent["toolConfig"]["functionCallingConfig"].clone(),
    )
}

#[test]
fn a_format_stands_beside_functions_from_the_third_generation_on() {
    let auto = json!({"mode": "AUTO"});
    for model in [THIRD, "gemini-4-argon", "gemini-flash-latest"] {
        let asked = json!({"tool_choice": "auto"});
        assert_eq!(
            sent(model, asked),
            (JSON.into(), json!(["f"]), auto.clone()),
            "{model}"
        );
    }
    let any = json!({"mode": "ANY"});
    let both = json!(["f", "gateway_json_answer"]);
    for model in ["gemini-1.5-pro-002", "gemini-2.0-flash", SECOND] {
        let asked = json!({"tool_choice": "auto"});
        assert_eq!(
            sent(model, asked),
            (Value::Null, both.clone(), any.clone()),
            "{model}"
        );
    }
    // Without functions it is sent as it is.
    for more in [
        json!({"tools": null}),
        json!({"tools": [{"googleSearch": {}}]}),
    ] {
        assert_eq!(sent(SECOND, more), (JSON.into(), json!([]), Value::Null));
    }
}

#[test]
fn the_choice_says_what_becomes_of_a_format() {
    let ours = "gateway_json_answer";
    let f = json!({"type": "function", "function": {"name": "f"}});
    let some = |mode: &str| json!({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [f]}}});
    let of_old = json!({"tools": null, "functions": [{"name": "f", "parameters": schema()}], "function_call": "auto"});
    let named = json!({"mode": "ANY", "allowedFunctionNames": ["f"]});
    let any = json!({"mode": "ANY"});
    for (more, want) in [
        (json!({}), (Value::Null, json!(["f", ours]), any.clone())),
        // The forms of functions before tools: theirs stand last.
        (of_old, (Value::Null, json!([ours, "f"]), any.clone())),
        (
            some("auto"),
            (
                Value::Null,
                json!(["f", ours]),
                json!({"mode": "ANY", "allowedFunctionNames": ["f", ours]}),
            ),
        ),
        // A call is demanded, so no text comes.
        (some("required"), (Value::Null, json!(["f"]), named.clone())),
        (
            json!({"tool_choice": f}),
            (Value::Null, json!(["f"]), named),
        ),
        (
            json!({"tool_choice": "required"}),
            (Value::Null, json!(["f"]), any),
        ),
        (
            json!({"tool_choice": {"allowed_tools": "x"}}),
            (Value::Null, json!(["f"]), Value::Null),
        ),
        // None may be called.
        (
            json!({"tool_choice": "none"}),
            (JSON.into(), json!([]), Value::Null),
        ),
        (
            json!({"response_format": {"type": "text"}}),
            (Value::Null, json!(["f"]), Value::Null),
        ),
    ] {
        assert_eq!(sent(SECOND, more.clone()), want, "{more}");
    }
}

/// What comes of a call of the function that stands for a format.
fn answered(format: Value, name: &str, args: Value) -> Value {
    let part = json!({"functionCall": {"name": name, "args": args}});
    let answer = json!({"responseId": "r", "candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]});
    let fixture = json!({"name": "x", "provider": "gemini", "operation": "chat", "model": SECOND,
        "body": {"model": SECOND, "tools": [tool("f")], "response_format": format, "messages": [{"role": "user", "content": "x"}]},
        "exchanges": [{"reply": {"status": 200, "body": {"json": answer}}}], "expect": {}});
    let outcome = testing::replay::<Gemini>(&serde_json::from_value(fixture).unwrap()).unwrap();
    let choice = outcome.response.unwrap()["choices"][0].clone();
    assert_eq!(choice["finish_reason"], "stop");
    assert!(choice["message"].get("tool_calls").is_none(), "{choice}");
    choice["message"]["content"].clone()
}

#[test]
fn a_format_without_a_schema_is_called_with_its_text() {
    let object = json!({"type": "json_object"});
    let (format, functions, _) = sent(SECOND, json!({"response_format": object}));
    assert_eq!(
        (format, functions),
        (Value::Null, json!(["f", "gateway_text_answer"]))
    );
    let said = "{\"a\": [1]}";
    let text = json!({"answer": said});
    assert_eq!(answered(object.clone(), "gateway_text_answer", text), said);
    let other = json!({"a": 1});
    assert_eq!(answered(object, "gateway_text_answer", other), "{\"a\":1}");
    assert_eq!(
        answered(self::format(), "gateway_json_answer", Value::Null),
        "{}"
    );
    // LiteLLM's clients give Google's models a schema so.
    let named = json!({"response_format": {"type": "json_object", "response_schema": schema()}});
    assert_eq!(sent(SECOND, named).1, json!(["f", "gateway_json_answer"]));
}
