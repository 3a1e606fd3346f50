//! Formats of answers at a provider that takes none beside tools: what is sent for which choice, and
//! what of an answer is text. Whole exchanges are among the fixtures (`groq_schema_*.json`).

use super::*;
use crate::structured::JSON_TOOL;

const TAKES_SCHEMAS: &str = "openai/gpt-oss-20b";
const TAKES_NONE: &str = "llama-3.3-70b-versatile";

/// A call with these members that sends those, and what comes of the reply.
fn goes(model: &str, row: &Value, asked: &Value, sent: &Value, reply: Value) -> Outcome {
    let with = |more: &Value| {
        let mut body = json!({"model": model, "messages": [{"role": "user", "content": "x"}]});
        let members = body.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        body
    };
    let config = match row {
        Value::Null => json!({}),
        row => json!({ "row": row }),
    };
    let fixture = json!({"name": asked.to_string(), "provider": "groq", "operation": "chat", "model": model,
        "streaming": asked["stream"] == true, "secrets": ["api_key"], "config": config, "body": with(asked),
        "exchanges": [{"request": {"body": with(sent)}, "reply": reply}], "expect": {}});
    replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap())
        .unwrap_or_else(|what| panic!("{model} {asked}: {what}"))
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": schema()}})
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"x": {"type": "string"}}})
}

fn format() -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "r", "schema": schema()}})
}

fn ours(parameters: Value) -> Value {
    let description = "Gives the final answer, in JSON. Call it instead of answering in text.";
    json!({"type": "function", "function": {"name": JSON_TOOL, "description": description, "parameters": parameters}})
}

fn named(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name}})
}

#[test]
fn a_format_goes_as_the_provider_takes_it() {
    let (f, tools, both) = (
        format(),
        json!([tool("f")]),
        json!([tool("f"), ours(schema())]),
    );
    let any = json!({"type": "object", "properties": {}, "additionalProperties": true});
    let object = json!({"type": "json_object"});
    let alone = json!({"tools": [ours(schema())], "tool_choice": named(JSON_TOOL)});
    let by_tool = json!({"tools": both, "tool_choice": "required"});
    for (model, asked, sent) in [
        // Alone: as it is, unless the model takes no schemas.
        (
            TAKES_SCHEMAS,
            json!({"response_format": f}),
            json!({"response_format": f}),
        ),
        (TAKES_NONE, json!({"response_format": f}), alone.clone()),
        (
            TAKES_NONE,
            json!({"response_format": f, "tools": []}),
            alone.clone(),
        ),
        (
            TAKES_NONE,
            json!({"response_format": object}),
            json!({"response_format": object}),
        ),
        // Beside tools: a tool more, and one is called.
        (
            TAKES_SCHEMAS,
            json!({"response_format": f, "tools": tools}),
            by_tool.clone(),
        ),
        (
            TAKES_NONE,
            json!({"response_format": f, "tools": tools, "tool_choice": "auto"}),
            by_tool.clone(),
        ),
        (
            TAKES_NONE,
            json!({"response_format": object, "tools": tools}),
            json!({"tools": [tool("f"), ours(any)], "tool_choice": "required"}),
        ),
        // A call of the client's tools is demanded: no answer comes, and no format is asked for.
        (
            TAKES_SCHEMAS,
            json!({"response_format": f, "tools": tools, "tool_choice": named("f")}),
            json!({"tools": tools, "tool_choice": named("f")}),
        ),
        (
            TAKES_NONE,
            json!({"response_format": f, "tools": tools, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("f")]}}}),
            json!({"response_format": f, "tools": tools, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("f")]}}}),
        ),
        (
            TAKES_SCHEMAS,
            json!({"response_format": f, "tools": tools, "tool_choice": "required"}),
            json!({"tools": tools, "tool_choice": "required"}),
        ),
        // None of them may be called: they stay here.
        (
            TAKES_SCHEMAS,
            json!({"response_format": f, "tools": tools, "tool_choice": "none", "parallel_tool_calls": false}),
            json!({"response_format": f}),
        ),
        (
            TAKES_NONE,
            json!({"response_format": f, "tools": tools, "tool_choice": "none"}),
            alone,
        ),
        // No format, or none that could be a tool.
        (
            TAKES_SCHEMAS,
            json!({"response_format": {"type": "text"}, "tools": tools}),
            json!({"response_format": {"type": "text"}, "tools": tools}),
        ),
        (TAKES_NONE, json!({"tools": tools}), json!({"tools": tools})),
        (
            TAKES_NONE,
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "r"}}}),
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "r"}}}),
        ),
    ] {
        goes(model, &Value::Null, &asked, &sent, json!({"status": 500}));
    }
}

#[test]
fn a_deployment_says_for_itself_what_its_model_takes() {
    let asked = json!({"response_format": format(), "tools": [tool("f")]});
    let alone = json!({"response_format": format()});
    let of_new = json!({"format_tool": "beside-tools"});
    goes("new/model", &of_new, &alone, &alone, json!({"status": 500}));
    let never = json!({"models": [], "format_tool": null});
    goes(
        TAKES_SCHEMAS,
        &never,
        &asked,
        &asked,
        json!({"status": 500}),
    );
    // The choice has another name there.
    let sent = json!({"tools": [tool("f"), ours(schema())], "tool_choice": "any"});
    let other = json!({"tool_choice": {"required": "any"}});
    goes(TAKES_NONE, &other, &asked, &sent, json!({"status": 500}));
}

#[test]
fn an_answer_in_text_is_the_text_and_calls_of_the_client_are_calls() {
    let asked = json!({"response_format": format(), "tools": [tool("f")]});
    let sent = json!({"tools": [tool("f"), ours(schema())], "tool_choice": "required"});
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    for (message, reason) in [
        (json!({"role": "assistant", "content": "{\"x\":1}"}), "stop"),
        (
            json!({"role": "assistant", "content": "See:", "tool_calls": [call]}),
            "tool_calls",
        ),
    ] {
        let choice = json!({"index": 0, "message": message, "finish_reason": reason});
        let reply = json!({"status": 200, "body": {"json": {"id": "1", "choices": [choice]}}});
        let outcome = goes(TAKES_SCHEMAS, &Value::Null, &asked, &sent, reply);
        assert_eq!(outcome.response.unwrap()["choices"][0], choice);
    }
}

#[test]
fn text_of_a_stream_waits_and_is_given_if_no_call_stands_for_it() {
    let asked = json!({"response_format": format(), "tools": [tool("f")], "stream": true});
    let sent = json!({"tools": [tool("f"), ours(schema())], "tool_choice": "required",
        "stream": true, "stream_options": {"include_usage": true}});
    let call = json!({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    // Half of a letter in each of two pieces; the last of three ends says nothing of why.
    for (more, end, text, calls, reason) in [
        (None, r#""stop""#, "\u{1F600}!", 0, "stop"),
        (Some(call), r#""tool_calls""#, "\u{1F600}!", 1, "tool_calls"),
        (None, r#""""#, "\u{1F600}!", 0, "stop"),
    ] {
        let mut deltas = vec![
            (
                r#"{"role":"assistant","content":"\ud83d"}"#.to_owned(),
                "null",
            ),
            (r#"{"content":"\ude00!"}"#.to_owned(), "null"),
        ];
        deltas.extend(more.map(|it| (json!({"tool_calls": [it]}).to_string(), "null")));
        deltas.push(("{}".to_owned(), end));
        let event = |(delta, end): &(String, &str)| {
            format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{end}}}]}}\n\n"
            )
        };
        let body: String = deltas.iter().map(event).collect();
        let reply =
            json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body});
        let outcome = goes(TAKES_SCHEMAS, &Value::Null, &asked, &sent, reply);
        assert_eq!(outcome.error, None);
        let choices: Vec<&Value> = outcome.events.iter().map(|it| &it["choices"][0]).collect();
        let said = choices
            .iter()
            .filter_map(|it| it["delta"]["content"].as_str());
        let called = choices
            .iter()
            .filter_map(|it| it["delta"]["tool_calls"].as_array());
        assert_eq!(said.collect::<String>(), text);
        assert_eq!(called.count(), calls);
        assert_eq!(choices.last().unwrap()["finish_reason"], reason);
    }
}

#[test]
fn a_called_answer_that_is_cut_is_no_whole_answer() {
    let asked = json!({"response_format": format(), "tools": [tool("f")], "stream": true});
    let sent = json!({"tools": [tool("f"), ours(schema())], "tool_choice": "required",
        "stream": true, "stream_options": {"include_usage": true}});
    let call = json!({"index": 0, "id": "a", "type": "function", "function": {"name": JSON_TOOL, "arguments": "{\"x\":"}});
    for (end, reason, failed) in [
        (Value::Null, Value::Null, true),
        ("length".into(), "length".into(), false),
    ] {
        let choice = json!({"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": end});
        let body = format!("data: {}\n\n", json!({"choices": [choice]}));
        let reply =
            json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body});
        let outcome = goes(TAKES_SCHEMAS, &Value::Null, &asked, &sent, reply);
        let last = &outcome.events.last().unwrap()["choices"][0];
        assert_eq!(
            (&last["finish_reason"], outcome.error.is_some()),
            (&reason, failed)
        );
        assert_eq!(last["delta"]["content"], "{\"x\":");
    }
}
