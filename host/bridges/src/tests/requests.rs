//! Requests that real providers answered, through a bridge and the provider's plugin: what reaches
//! the provider is what the client wrote.

use sluice_plugin_anthropic::Anthropic;

use super::*;

pub fn recorded(dialect: &str) -> Vec<Value> {
    let all = lines(include_str!("../../fixtures/requests.jsonl"));
    all.into_iter()
        .filter(|it| it["dialect"] == dialect)
        .collect()
}

/// Blocks as both forms of a content: a text is one block.
fn blocks(content: &Value) -> Vec<Value> {
    let blocks = match content {
        Value::String(said) => vec![json!({"type": "text", "text": said})],
        Value::Array(blocks) => blocks.clone(),
        _ => Vec::new(),
    };
    blocks
        .into_iter()
        .map(block)
        .filter(|it| !says_nothing(it))
        .collect()
}

fn says_nothing(block: &Value) -> bool {
    block["type"] == "text" && text(block, "text").trim().is_empty()
}

fn block(mut block: Value) -> Value {
    let members = block.as_object_mut().unwrap();
    members.retain(|_, it| !it.is_null());
    let kind = text(&block, "type").to_owned();
    match kind.as_str() {
        "tool_result" => {
            let content = blocks(&block["content"]);
            block["content"] = content.into();
            if block["is_error"] == false {
                block.as_object_mut().unwrap().remove("is_error");
            }
        }
        "tool_use" if block["caller"]["type"] == "direct" => {
            block.as_object_mut().unwrap().remove("caller");
        }
        // Every plugin has a name for a document.
        "document" => {
            if matches!(text(&block["source"], "type"), "text" | "content") {
                return block;
            }
            block.as_object_mut().unwrap().remove("title");
        }
        "text" if list(&block["citations"]).is_empty() => {
            block.as_object_mut().unwrap().remove("citations");
        }
        _ => {}
    }
    block
}

/// Turns, neighbours of one role joined, what ran at the provider before the rest.
fn turns(messages: &Value) -> Vec<Value> {
    let mut out: Vec<(String, Vec<Value>)> = Vec::new();
    for message in list(messages) {
        let (role, mut said) = (
            text(message, "role").to_owned(),
            blocks(&message["content"]),
        );
        match out.last_mut() {
            Some((last, turn)) if *last == role => turn.append(&mut said),
            _ => out.push((role, said)),
        }
    }
    let rank = |it: &Value| match text(it, "type") {
        "thinking" | "redacted_thinking" => 0,
        "tool_result" => 1,
        "text" | "image" | "document" | "search_result" => 3,
        "tool_use" => 4,
        _ => 2,
    };
    let sorted = |(role, mut said): (String, Vec<Value>)| {
        said.sort_by_key(rank);
        json!([role, said])
    };
    out.into_iter().map(sorted).collect()
}

#[test]
fn recorded_messages_come_out_of_the_plugin_as_they_went_in() {
    let mut seen = 0;
    for item in recorded("messages") {
        let body = &item["body"];
        let uploaded = body.to_string().contains("\"file_id\"");
        if uploaded {
            continue;
        }
        seen += 1;
        let model = text(body, "model");
        let chat = bridged(Dialect::Messages, body, Target::ANTHROPIC).chat;
        let sent = sent::<Anthropic>("anthropic", model, chat.into());
        let id = &item["id"];
        assert_eq!(turns(&sent["messages"]), turns(&body["messages"]), "{id}");
        assert_eq!(blocks(&sent["system"]), blocks(&body["system"]), "{id}");
        for name in [
            "max_tokens",
            "stop_sequences",
            "context_management",
            "mcp_servers",
            "container",
            "metadata",
        ] {
            let empty = list(&body[name]).is_empty() && body[name].is_array();
            if !empty {
                assert_eq!(sent[name], body[name], "{id}: {name}");
            }
        }
        let tools = |it: &Value| {
            list(&it["tools"])
                .iter()
                .map(|it| {
                    json!([
                        it["name"],
                        it["type"].as_str().unwrap_or("custom"),
                        it["description"]
                    ])
                })
                .collect::<Vec<_>>()
        };
        if !list(&body["tools"]).is_empty() {
            let named = |it: Value| {
                if it[1] == "custom" {
                    it
                } else {
                    json!([it[0], it[1]])
                }
            };
            let ours: Vec<Value> = tools(&sent)
                .into_iter()
                .map(named)
                .filter(|it| it[0] != "json_tool_call")
                .collect();
            let theirs: Vec<Value> = tools(body).into_iter().map(named).collect();
            assert_eq!(ours, theirs, "{id}");
        }
    }
    assert!(seen > 70, "{seen}");
}

/// Every text that a client wrote into its items.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    (
                        "text" | "output" | "instructions" | "input" | "content",
                        Value::String(said),
                    ) => out.push(said.clone()),
                    ("tools" | "metadata" | "outputs" | "action", _) => {}
                    (_, value) => texts(value, out),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|it| texts(it, out)),
        _ => {}
    }
}

#[test]
fn recorded_requests_for_responses_lose_no_word_or_are_refused_by_name() {
    let (mut seen, mut refused) = (0, Vec::new());
    for item in recorded("responses") {
        let body = &item["body"];
        let options = Options {
            target: Target::COMPATIBLE,
            ..Options::default()
        };
        match request(Dialect::Responses, body.as_object().unwrap(), &options) {
            Ok(got) => {
                seen += 1;
                let hosted = got.notes.iter().any(|it| it.param.starts_with("input["));
                let chat = Value::from(got.chat);
                let mut wrote = Vec::new();
                texts(body, &mut wrote);
                for said in wrote.iter().filter(|_| !hosted) {
                    let quoted = Value::from(said.as_str()).to_string();
                    let inner = quoted.trim_matches('"').to_owned();
                    let twice = Value::from(inner.as_str()).to_string();
                    let sent = chat.to_string();
                    assert!(
                        sent.contains(&inner) || sent.contains(twice.trim_matches('"')),
                        "{}: {said}",
                        item["id"]
                    );
                }
            }
            Err(why) => refused.push(why.param.unwrap_or_default()),
        }
    }
    assert!(seen > 65, "{seen}, refused: {refused:?}");
    let known = ["tools[", "input[", "prompt", "previous_response_id"];
    assert!(
        refused
            .iter()
            .all(|it| known.iter().any(|known| it.starts_with(known))),
        "{refused:?}"
    );
}
