//! A `generateContent` answer as a chat completion; chunks of a stream are read by the same code.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

pub fn to_chat(answer: &Value) -> Result<Value, Error> {
    if let Some(error) = answer.get("error").or_else(|| answer.pointer("/0/error")) {
        return Err(crate::error_of(error));
    }
    let mut choices: Vec<Value> = Vec::new();
    for (at, candidate) in candidates(answer).enumerate() {
        let index = candidate
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(at as u64);
        let mut parts = Parts::default();
        parts.read(candidate, 0);
        let finish = finish_reason(candidate, parts.calls.is_empty());
        choices.push(with_extras(
            json!({"index": index, "message": parts.message(), "finish_reason": finish.0}),
            candidate,
            finish.1,
        ));
    }
    if choices.is_empty() {
        let blocked = answer.pointer("/promptFeedback/blockReason");
        let reason =
            blocked.ok_or_else(|| fault::upstream("the provider's answer has no candidates"))?;
        choices.push(json!({"index": 0, "message": {"role": "assistant", "content": null}, "finish_reason": "content_filter",
            "provider_specific_fields": {"native_finish_reason": reason}}));
    }
    let mut result = Map::new();
    if let Some(id) = answer.get("responseId") {
        result.insert("id".into(), id.clone());
    }
    result.insert("choices".into(), choices.into());
    if let Some(counted) = answer.get("usageMetadata") {
        result.insert("usage".into(), usage(counted));
    }
    if let Some(feedback) = answer.get("promptFeedback") {
        result.insert(
            "provider_specific_fields".into(),
            json!({"prompt_feedback": feedback}),
        );
    }
    Ok(result.into())
}

pub fn candidates(answer: &Value) -> impl Iterator<Item = &Value> {
    answer
        .get("candidates")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The parts of one candidate, sorted.
#[derive(Default)]
pub struct Parts {
    pub text: String,
    has_text: bool,
    pub reasoning: String,
    pub calls: Vec<Value>,
    pub images: Vec<Value>,
    audio: Option<Value>,
    pub signatures: Vec<Value>,
    pub others: Vec<Value>,
}

impl Parts {
    /// `calls_before` are those of earlier chunks, for the ids of calls that have none.
    pub fn read(&mut self, candidate: &Value, calls_before: usize) {
        let parts = candidate
            .pointer("/content/parts")
            .and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            self.part(part, calls_before);
        }
    }

    fn part(&mut self, part: &Value, calls_before: usize) {
        let signature = part.get("thoughtSignature");
        let thought = part.get("thought") == Some(&true.into());
        if let Some(call) = part.get("functionCall") {
            self.call(call, signature, calls_before);
            return;
        }
        if let Some(signature) = signature {
            self.signatures.push(signature.clone());
        }
        if let Some(text) = part.get("text").and_then(Value::as_str) {
            if thought {
                self.reasoning.push_str(text);
            } else {
                self.has_text = true;
                self.text.push_str(text);
            }
        } else if let Some(data) = part.get("inlineData") {
            let kind = data
                .get("mimeType")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let bytes = data.get("data").and_then(Value::as_str).unwrap_or_default();
            if kind.starts_with("audio/") {
                self.audio = Some(json!({"data": bytes, "format": kind}));
            } else {
                let url = format!("data:{kind};base64,{bytes}");
                self.images.push(json!({"type": "image_url", "image_url": {"url": url}, "index": self.images.len()}));
            }
        } else {
            self.others.push(part.clone());
        }
    }

    fn call(&mut self, call: &Value, signature: Option<&Value>, calls_before: usize) {
        let own = call
            .get("id")
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty());
        let number = calls_before + self.calls.len();
        let id = own.map_or_else(|| format!("call_{number}"), str::to_owned);
        let args = call
            .get("args")
            .filter(|it| !it.is_null())
            .cloned()
            .unwrap_or_else(|| json!({}));
        let mut result = json!({"id": id, "type": "function",
            "function": {"name": call.get("name"), "arguments": args.to_string()}});
        if let (Some(signature), Some(members)) = (signature, result.as_object_mut()) {
            members.insert(
                "provider_specific_fields".into(),
                json!({"thought_signature": signature}),
            );
        }
        self.calls.push(result);
    }

    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        if !self.signatures.is_empty() {
            fields.insert("thought_signatures".into(), self.signatures.clone().into());
        }
        if !self.others.is_empty() {
            fields.insert("parts".into(), self.others.clone().into());
        }
        fields
    }

    fn message(mut self) -> Value {
        let fields = self.fields();
        let text = std::mem::take(&mut self.text);
        let mut message = Map::new();
        message.insert("role".into(), "assistant".into());
        message.insert(
            "content".into(),
            if self.has_text {
                text.into()
            } else {
                Value::Null
            },
        );
        self.rest(&mut message, fields);
        message.into()
    }

    /// The delta of one chunk; empty if it says nothing.
    pub fn delta(self, calls_before: usize) -> Map<String, Value> {
        let fields = self.fields();
        let mut delta = Map::new();
        if !self.text.is_empty() {
            delta.insert("content".into(), self.text.clone().into());
        }
        self.rest(&mut delta, fields);
        let calls = delta.get_mut("tool_calls").and_then(Value::as_array_mut);
        for (at, call) in calls
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
            .enumerate()
        {
            call.insert("index".into(), (calls_before + at).into());
        }
        delta
    }

    fn rest(self, message: &mut Map<String, Value>, fields: Map<String, Value>) {
        if !self.reasoning.is_empty() {
            message.insert("reasoning_content".into(), self.reasoning.into());
        }
        if !self.calls.is_empty() {
            message.insert("tool_calls".into(), self.calls.into());
        }
        if !self.images.is_empty() {
            message.insert("images".into(), self.images.into());
        }
        if let Some(audio) = self.audio {
            message.insert("audio".into(), audio);
        }
        if !fields.is_empty() {
            message.insert("provider_specific_fields".into(), fields.into());
        }
    }
}

/// What a candidate says besides its parts.
pub fn with_extras(mut choice: Value, candidate: &Value, native: Option<Value>) -> Value {
    let mut fields = Map::new();
    if let Some(native) = native {
        fields.insert("native_finish_reason".into(), native);
    }
    for (from, to) in [
        ("groundingMetadata", "grounding_metadata"),
        ("urlContextMetadata", "url_context_metadata"),
        ("safetyRatings", "safety_ratings"),
        ("citationMetadata", "citation_metadata"),
        ("finishMessage", "finish_message"),
    ] {
        if let Some(value) = candidate.get(from) {
            fields.insert(to.into(), value.clone());
        }
    }
    let Some(members) = choice.as_object_mut() else {
        return choice;
    };
    if !fields.is_empty() {
        members.insert("provider_specific_fields".into(), fields.into());
    }
    if let Some(result) = candidate.get("logprobsResult") {
        members.insert("logprobs".into(), logprobs(result));
    }
    choice
}

fn logprobs(result: &Value) -> Value {
    let list = |name: &str| {
        result
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let entry = |it: &Value| json!({"token": it.get("token"), "logprob": it.get("logProbability"), "bytes": null});
    let tops = list("topCandidates");
    let content: Vec<Value> = list("chosenCandidates")
        .iter()
        .enumerate()
        .map(|(at, chosen)| {
            let top = tops
                .get(at)
                .and_then(|it| it.get("candidates"))
                .and_then(Value::as_array);
            let mut one = entry(chosen);
            one["top_logprobs"] = top
                .into_iter()
                .flatten()
                .map(entry)
                .collect::<Vec<_>>()
                .into();
            one
        })
        .collect();
    json!({ "content": content })
}

/// OpenAI's finish reason, and Google's own word where it says more. Enums may be numbers.
pub fn finish_reason(candidate: &Value, no_calls: bool) -> (Value, Option<Value>) {
    let word = match candidate.get("finishReason") {
        Some(Value::String(word)) => word.clone(),
        Some(Value::Number(number)) => by_number(number.as_u64().unwrap_or(0)).to_owned(),
        _ => return (Value::Null, None),
    };
    let mapped = match word.as_str() {
        "STOP"
        | "FINISH_REASON_UNSPECIFIED"
        | "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MALFORMED_RESPONSE"
        | "MISSING_THOUGHT_SIGNATURE"
            if no_calls =>
        {
            "stop"
        }
        "MAX_TOKENS" | "CONTINUATION" => "length",
        "STOP" => "tool_calls",
        _ if !no_calls => "tool_calls",
        _ => "content_filter",
    };
    let native = (!matches!(word.as_str(), "STOP" | "MAX_TOKENS")).then(|| word.into());
    (mapped.into(), native)
}

/// The order of `FinishReason` in the API's definition.
fn by_number(number: u64) -> &'static str {
    match number {
        1 => "STOP",
        2 => "MAX_TOKENS",
        3 => "SAFETY",
        4 => "RECITATION",
        5 => "OTHER",
        6 => "BLOCKLIST",
        7 => "PROHIBITED_CONTENT",
        8 => "SPII",
        9 => "MALFORMED_FUNCTION_CALL",
        10 => "LANGUAGE",
        _ => "FINISH_REASON_UNSPECIFIED",
    }
}

/// Google counts thoughts beside the candidates, OpenAI within the completion.
pub fn usage(counted: &Value) -> Value {
    let count = |name: &str| counted.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (prompt, tools) = (count("promptTokenCount"), count("toolUsePromptTokenCount"));
    let (answer, thoughts, total) = (
        count("candidatesTokenCount"),
        count("thoughtsTokenCount"),
        count("totalTokenCount"),
    );
    // Some models count the thoughts into the candidates already.
    let within = thoughts > 0 && prompt + tools + answer == total;
    let completion = if within { answer } else { answer + thoughts };
    let input = prompt + tools;
    let mut prompt_details = Map::new();
    prompt_details.insert(
        "cached_tokens".into(),
        count("cachedContentTokenCount").into(),
    );
    modalities(counted.get("promptTokensDetails"), &mut prompt_details);
    let mut details = Map::new();
    details.insert("reasoning_tokens".into(), thoughts.into());
    modalities(counted.get("candidatesTokensDetails"), &mut details);
    json!({"prompt_tokens": input, "completion_tokens": completion, "total_tokens": input + completion,
        "prompt_tokens_details": prompt_details, "completion_tokens_details": details})
}

fn modalities(list: Option<&Value>, details: &mut Map<String, Value>) {
    for entry in list.and_then(Value::as_array).into_iter().flatten() {
        if let (Some(kind), Some(count)) = (
            entry.get("modality").and_then(Value::as_str),
            entry.get("tokenCount"),
        ) {
            details.insert(
                format!("{}_tokens", kind.to_ascii_lowercase()),
                count.clone(),
            );
        }
    }
}
