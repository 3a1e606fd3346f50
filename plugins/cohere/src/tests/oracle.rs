//! What Cohere said, read from its own JSON, and what we made of it.

use super::*;

/// What has to be found again of an answer.
#[derive(Debug, Default, PartialEq)]
pub struct Gist {
    pub text: String,
    pub thoughts: String,
    /// Id, name, arguments.
    pub calls: Vec<(String, String, Value)>,
    pub citations: Vec<Value>,
    pub finish: String,
    pub logprobs: Vec<(String, f64)>,
    /// Input, output, cached, thought.
    pub tokens: [u64; 4],
}

fn arguments(said: &str) -> Value {
    if matches!(said, "" | "null") {
        json!({})
    } else {
        serde_json::from_str(said).unwrap()
    }
}

impl Gist {
    fn end(&mut self, said: &Value) {
        let count = |pointer: &str| said.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        self.tokens = [
            count("/usage/tokens/input_tokens"),
            count("/usage/tokens/output_tokens"),
            count("/usage/cached_tokens"),
            count("/usage/tokens/reasoning_tokens"),
        ];
        self.finish = match text(said, "finish_reason") {
            "MAX_TOKENS" => "length",
            "TOOL_CALL" => "tool_calls",
            "COMPLETE" | "STOP_SEQUENCE" => "stop",
            other => other,
        }
        .into();
    }

    fn logprob(&mut self, said: &Value) {
        if said.is_object() {
            self.logprobs.push((
                text(said, "text").into(),
                list(&said["logprobs"])
                    .iter()
                    .filter_map(Value::as_f64)
                    .sum(),
            ));
        }
    }
}

pub fn of_answer(answer: &Value) -> Gist {
    let message = &answer["message"];
    let mut gist = Gist {
        thoughts: text(message, "tool_plan").into(),
        ..Gist::default()
    };
    for part in list(&message["content"]) {
        gist.text += text(part, "text");
        gist.thoughts += text(part, "thinking");
    }
    for call in list(&message["tool_calls"]) {
        let function = &call["function"];
        gist.calls.push((
            text(call, "id").into(),
            text(function, "name").into(),
            arguments(text(function, "arguments")),
        ));
    }
    gist.citations = list(&message["citations"]).to_vec();
    list(&answer["logprobs"])
        .iter()
        .for_each(|it| gist.logprob(it));
    gist.end(answer);
    gist
}

pub fn of_stream(body: &str) -> Gist {
    let mut gist = Gist::default();
    let mut calls: Vec<(String, String, String)> = Vec::new();
    for line in body.lines().filter_map(|it| it.strip_prefix("data:")) {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let message = &event["delta"]["message"];
        gist.text += text(&message["content"], "text");
        gist.thoughts += text(&message["content"], "thinking");
        gist.thoughts += text(message, "tool_plan");
        gist.logprob(&event["logprobs"]);
        let function = &message["tool_calls"]["function"];
        match text(&event, "type") {
            "tool-call-start" => calls.push((
                text(&message["tool_calls"], "id").into(),
                text(function, "name").into(),
                String::new(),
            )),
            "tool-call-delta" => calls.last_mut().unwrap().2 += text(function, "arguments"),
            "citation-start" => gist.citations.push(message["citations"].clone()),
            "message-end" => gist.end(&event["delta"]),
            _ => {}
        }
    }
    gist.calls = calls
        .into_iter()
        .map(|(id, name, said)| (id, name, arguments(&said)))
        .collect();
    gist
}

/// The choice of our answer, put together as a client does.
pub fn choice(outcome: &Outcome) -> Value {
    match &outcome.response {
        Some(response) => response["choices"][0].clone(),
        None => testing::gathered(&outcome.events, 0).unwrap(),
    }
}

pub fn of_ours(outcome: &Outcome) -> Gist {
    let choice = choice(outcome);
    let message = &choice["message"];
    let usage = outcome.usage.clone();
    let usage = usage.or_else(|| outcome.response.as_ref().map(|it| it["usage"].clone()));
    let usage = usage.unwrap_or_default();
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let mut logprobs = list(&choice["logprobs"]["content"]).to_vec();
    for event in &outcome.events {
        logprobs.extend(
            list(&event["choices"][0]["logprobs"]["content"])
                .iter()
                .cloned(),
        );
    }
    let mut citations = list(&message["provider_specific_fields"]["citations"]).to_vec();
    if !outcome.events.is_empty() {
        citations
            .iter_mut()
            .for_each(|it| drop(it.as_object_mut().unwrap().shift_remove("index")));
    }
    Gist {
        text: text(message, "content").into(),
        thoughts: text(message, "reasoning_content").into(),
        calls: list(&message["tool_calls"])
            .iter()
            .map(|it| {
                (
                    text(it, "id").into(),
                    text(&it["function"], "name").into(),
                    serde_json::from_str(text(&it["function"], "arguments")).unwrap(),
                )
            })
            .collect(),
        citations,
        finish: text(&choice, "finish_reason").into(),
        logprobs: logprobs
            .iter()
            .map(|it| (text(it, "token").into(), it["logprob"].as_f64().unwrap()))
            .collect(),
        tokens: [
            count("/prompt_tokens"),
            count("/completion_tokens"),
            count("/prompt_tokens_details/cached_tokens"),
            count("/completion_tokens_details/reasoning_tokens"),
        ],
    }
}
