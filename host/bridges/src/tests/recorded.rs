//! Recorded answers, through their plugin and a bridge: a client of the provider's own dialect gets
//! what the provider said, and what any client brings back is what the provider said, too.

use super::cases::{self, Case, gathered};
use super::*;

/// What has to be found again of an answer of Anthropic's.
#[derive(Debug, Default, PartialEq)]
struct Gist {
    text: String,
    thinking: Vec<Value>,
    calls: Vec<Value>,
    server: Vec<Value>,
    citations: Vec<Value>,
    stop: Value,
    sequence: Value,
    counts: [u64; 4],
}

impl Gist {
    fn of(message: &Value) -> Self {
        let mut gist = Self {
            stop: message["stop_reason"].clone(),
            sequence: message["stop_sequence"].clone(),
            ..Self::default()
        };
        for block in list(&message["content"]) {
            match text(block, "type") {
                "text" => {
                    gist.text += text(block, "text");
                    gist.citations.extend_from_slice(list(&block["citations"]));
                }
                "thinking" => gist
                    .thinking
                    .push(json!([block["thinking"], block["signature"]])),
                "redacted_thinking" => gist.thinking.push(block["data"].clone()),
                "tool_use" => gist
                    .calls
                    .push(json!([block["id"], block["name"], block["input"]])),
                _ => gist.server.push(block.clone()),
            }
        }
        let usage = &message["usage"];
        let names = [
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        ];
        if !usage["iterations"].is_array() {
            gist.counts = names.map(|it| usage[it].as_u64().unwrap_or(0));
        }
        gist
    }
}

/// The message that events come to.
pub fn message_of(events: &[Value]) -> Value {
    let (mut message, mut blocks) = (json!({}), Vec::<Value>::new());
    let mut input = String::new();
    for event in events {
        match text(event, "type") {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                input.clear();
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let (delta, block) = (&event["delta"], blocks.last_mut().unwrap());
                for (name, value) in delta.as_object().unwrap() {
                    match (name.as_str(), value.as_str()) {
                        ("type", _) => {}
                        ("partial_json", Some(piece)) => input += piece,
                        ("citation", _) => {
                            let mut all = list(&block["citations"]).to_vec();
                            all.push(value.clone());
                            block["citations"] = all.into();
                        }
                        (name, Some(piece)) => {
                            block[name] = format!("{}{piece}", text(block, name)).into()
                        }
                        (name, None) => block[name] = value.clone(),
                    }
                }
            }
            "content_block_stop" if !input.is_empty() => {
                blocks.last_mut().unwrap()["input"] = serde_json::from_str(&input).unwrap();
            }
            "message_delta" => {
                for (name, value) in event["delta"].as_object().unwrap() {
                    message[name] = value.clone();
                }
                let usage = event["usage"].as_object().cloned().unwrap_or_default();
                for (name, value) in usage {
                    message["usage"][&name] = value;
                }
            }
            _ => {}
        }
    }
    message["content"] = blocks.into();
    message
}

#[test]
fn an_answer_of_anthropics_is_the_same_for_a_client_of_anthropics() {
    let plan = plan(Dialect::Messages);
    let mut seen = 0;
    for case in cases::all().iter().filter(|it| it.provider == "anthropic") {
        let (ours, theirs) = match &case.answer {
            Some(answer) => (
                plan.answer(&identity(), answer).unwrap(),
                case.theirs[0].clone(),
            ),
            None => {
                let events = data(&events(&plan, &case.chunks));
                grammar::messages(&events).unwrap_or_else(|why| panic!("{}: {why}", case.id));
                (message_of(&events), message_of(&case.theirs))
            }
        };
        seen += 1;
        let (ours, mut theirs) = (Gist::of(&ours), Gist::of(&theirs));
        if theirs.counts == [0; 4] {
            theirs.counts = ours.counts;
        }
        assert_eq!(ours, theirs, "{}", case.id);
    }
    assert!(seen > 95, "{seen}");
}

/// What a client brings back of an answer, in its next request.
fn next_turn(dialect: Dialect, answer: &Value) -> Value {
    match dialect {
        Dialect::Messages => body(
            dialect,
            &json!({"messages": [{"role": "user", "content": "x"},
            {"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "y"}]}),
        ),
        Dialect::Responses => {
            let mut input = vec![json!({"role": "user", "content": "x"})];
            input.extend_from_slice(list(&answer["output"]));
            input.push(json!({"role": "user", "content": "y"}));
            body(dialect, &json!({ "input": input }))
        }
        Dialect::GenerateContent => body(
            dialect,
            &json!({"contents": [{"role": "user", "parts": [{"text": "x"}]},
            answer["candidates"][0]["content"], {"role": "user", "parts": [{"text": "y"}]}]}),
        ),
        Dialect::Completions => body(dialect, &json!({})),
    }
}

fn bare(list: &Value) -> Vec<Value> {
    let list = list.as_array().into_iter().flatten().cloned();
    list.map(|mut it| {
        if let Some(members) = it.as_object_mut() {
            members.remove("index");
        }
        it
    })
    .collect()
}

/// What the provider has to get back of its message.
fn kept(message: &Value) -> Value {
    let calls = list(&message["tool_calls"]).iter().map(|call| {
        let arguments: Value = serde_json::from_str(text(&call["function"], "arguments")).unwrap();
        json!([
            call["id"],
            call["function"]["name"],
            arguments,
            call["provider_specific_fields"]["thought_signature"]
        ])
    });
    let said = match &message["content"] {
        Value::Array(parts) => parts.iter().map(|it| text(it, "text")).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let fields = &message["provider_specific_fields"];
    let signed = bare(&message["thinking_blocks"]);
    let signed: Vec<Value> = signed
        .into_iter()
        .filter(|it| it["signature"] != "")
        .collect();
    json!({"calls": calls.collect::<Vec<_>>(), "text": said, "thinking": signed,
        "server": bare(&fields["server_blocks"]), "parts": bare(&fields["parts"]),
        "signature": list(&fields["thought_signatures"]).last()})
}

fn comes_back(case: &Case, dialect: Dialect, target: Target) {
    let canonical = case
        .answer
        .clone()
        .unwrap_or_else(|| gathered(&case.chunks));
    let message = &canonical["choices"][0]["message"];
    // Pictures are shown, and a refusal is no text.
    if message["images"].is_array()
        || message["audio"].is_object()
        || message["refusal"].is_string()
    {
        return;
    }
    let answer = plan(dialect).answer(&identity(), &canonical).unwrap();
    let next = bridged(dialect, &next_turn(dialect, &answer), target);
    let messages = list(&next.chat["messages"]);
    let brought = messages.iter().find(|it| it["role"] == "assistant");
    let said = kept(message);
    let nothing = kept(&json!({}));
    assert_eq!(
        brought.map_or(nothing, kept),
        said,
        "{} in {dialect:?}",
        case.id
    );
}

#[test]
fn what_any_client_brings_back_is_what_the_provider_said() {
    for case in cases::all() {
        let target = if case.provider == "anthropic" {
            Target::ANTHROPIC
        } else {
            Target::GEMINI
        };
        for dialect in [
            Dialect::Messages,
            Dialect::Responses,
            Dialect::GenerateContent,
        ] {
            comes_back(&case, dialect, target);
        }
    }
}
