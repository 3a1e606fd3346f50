//! What the provider said, read from its own JSON, and what we made of it.

use super::*;

/// What has to be found again of the first choice.
#[derive(Debug, Default, PartialEq)]
pub struct Gist {
    pub text: String,
    pub thoughts: String,
    pub calls: Vec<(String, Value)>,
    pub finish: String,
    /// Input and output.
    pub tokens: [u64; 2],
}

/// Google's answer, or the chunks of its stream.
pub fn of_google(chunks: &[Value]) -> Gist {
    let mut gist = Gist::default();
    for chunk in chunks {
        if let Some(counted) = chunk.get("usageMetadata") {
            let count = |name: &str| counted[name].as_u64().unwrap_or(0);
            let input = count("promptTokenCount") + count("toolUsePromptTokenCount");
            let (said, thought) = (count("candidatesTokenCount"), count("thoughtsTokenCount"));
            let within = thought > 0 && input + said == count("totalTokenCount");
            gist.tokens = [input, if within { said } else { said + thought }];
        }
        if chunk["promptFeedback"]["blockReason"].is_string() {
            gist.finish = "content_filter".into();
        }
        let candidate = &chunk["candidates"][0];
        for part in list(&candidate["content"]["parts"]) {
            let call = &part["functionCall"];
            if call.is_object() {
                let args = call.get("args").cloned();
                gist.calls
                    .push((text(call, "name").into(), args.unwrap_or_else(|| json!({}))));
            } else if part["thought"] == true {
                gist.thoughts += text(part, "text");
            } else {
                gist.text += text(part, "text");
            }
        }
        // Some recorders keep enums as numbers.
        let finish = match candidate["finishReason"].as_u64() {
            Some(1) => "STOP",
            Some(2) => "MAX_TOKENS",
            _ => text(candidate, "finishReason"),
        };
        match finish {
            "" => {}
            "MAX_TOKENS" => gist.finish = "length".into(),
            _ if !gist.calls.is_empty() => gist.finish = "tool_calls".into(),
            "STOP" => gist.finish = "stop".into(),
            _ => gist.finish = "content_filter".into(),
        }
    }
    gist
}

/// The events of a stream of Anthropic's.
pub fn of_claude(events: &[Value]) -> Gist {
    let mut gist = Gist::default();
    let mut arguments = Vec::new();
    for event in events {
        let usage = if event["type"] == "message_start" {
            &event["message"]["usage"]
        } else {
            &event["usage"]
        };
        for (place, name) in ["input_tokens", "output_tokens"].into_iter().enumerate() {
            if let Some(count) = usage[name].as_u64() {
                gist.tokens[place] = count;
            }
        }
        if event["content_block"]["type"] == "tool_use" {
            let name = text(&event["content_block"], "name").to_owned();
            gist.calls.push((name, Value::Null));
            arguments.push(String::new());
        }
        gist.text += text(&event["delta"], "text");
        if let Some(last) = arguments.last_mut() {
            last.push_str(text(&event["delta"], "partial_json"));
        }
        gist.finish = match text(&event["delta"], "stop_reason") {
            "" => continue,
            "tool_use" => "tool_calls",
            "max_tokens" => "length",
            _ => "stop",
        }
        .into();
    }
    for (call, said) in gist.calls.iter_mut().zip(arguments) {
        call.1 = serde_json::from_str(&said).unwrap_or_else(|_| json!({}));
    }
    gist
}

/// Our answer, put together as a client does.
pub fn of_ours(outcome: &Outcome) -> Gist {
    let choice = match &outcome.response {
        Some(response) => response["choices"][0].clone(),
        None => testing::gathered(&outcome.events, 0).unwrap(),
    };
    let message = &choice["message"];
    let usage = outcome.usage.clone();
    let usage = usage.or_else(|| outcome.response.as_ref().map(|it| it["usage"].clone()));
    let usage = usage.unwrap_or_default();
    let call = |call: &Value| {
        let arguments = serde_json::from_str(text(&call["function"], "arguments")).unwrap();
        (text(&call["function"], "name").to_owned(), arguments)
    };
    Gist {
        text: text(message, "content").into(),
        thoughts: text(message, "reasoning_content").into(),
        calls: list(&message["tool_calls"]).iter().map(call).collect(),
        finish: text(&choice, "finish_reason").into(),
        tokens: ["prompt_tokens", "completion_tokens"].map(|it| usage[it].as_u64().unwrap_or(0)),
    }
}
