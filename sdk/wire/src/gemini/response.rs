//! A `generateContent` answer as a chat completion; chunks of a stream are read by the same code.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault, host};

use crate::gemini::{errors, formats, grounding, usage};

pub fn to_chat(answer: &Value) -> Result<Value, Error> {
    if let Some(error) = errors::find(answer) {
        return Err(errors::of(error));
    }
    let mut result = Map::new();
    if let Some(id) = answer.get("responseId") {
        result.insert("id".into(), id.clone());
    }
    let mut choices: Vec<Value> = Vec::new();
    for (at, candidate) in candidates(answer).enumerate() {
        let index = candidate
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(at as u64);
        let mut parts = Parts::default();
        parts.read(candidate, &Names::of(answer));
        let (finish, native) = finish_reason(candidate, parts.calls.is_empty());
        let annotations = grounding::annotations(candidate, &parts.text);
        let mut message = parts.message();
        if !annotations.is_empty() {
            message["annotations"] = annotations.into();
        }
        let choice = json!({"index": index, "message": message, "finish_reason": finish});
        choices.push(with_extras(choice, candidate, native));
        grounding::add(&mut result, candidate);
    }
    if choices.is_empty() {
        let message = json!({"role": "assistant", "content": null});
        let blocked = blocked(answer, "message", message);
        choices.push(
            blocked.ok_or_else(|| fault::upstream("the provider's answer has no candidates"))?,
        );
    }
    result.insert("choices".into(), choices.into());
    if let Some(counted) = answer.get("usageMetadata") {
        result.insert("usage".into(), usage::canonical(counted));
    }
    if let Some(feedback) = answer.get("promptFeedback") {
        result.insert(
            "provider_specific_fields".into(),
            json!({"prompt_feedback": feedback}),
        );
    }
    Ok(result.into())
}

/// The choice of an answer whose prompt was refused.
pub fn blocked(answer: &Value, member: &str, said: Value) -> Option<Value> {
    let reason = answer.pointer("/promptFeedback/blockReason")?;
    let mut choice = json!({"index": 0, "finish_reason": "content_filter",
        "provider_specific_fields": {"native_finish_reason": reason}});
    choice[member] = said;
    Some(choice)
}

/// Names for calls that come without one. Clients tell calls apart over a whole conversation, so
/// the answer's id is in them.
pub struct Names {
    answer: String,
    /// Calls before these, in earlier chunks.
    pub before: usize,
}

/// Ids longer than 40 letters are refused by OpenAI, where a conversation may go on.
const MAX_ANSWER_ID: usize = 24;

impl Names {
    pub fn of(answer: &Value) -> Self {
        let id = answer.get("responseId").and_then(Value::as_str);
        let letters = id.unwrap_or_default().chars();
        let letters = letters.filter(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'));
        let mut answer: String = letters.take(MAX_ANSWER_ID).collect();
        if answer.is_empty() {
            let random = host::random(8);
            answer = random.iter().map(|byte| format!("{byte:02x}")).collect();
        }
        Self { answer, before: 0 }
    }

    fn name(&self, calls: usize) -> String {
        format!("call_{}_{}", self.answer, self.before + calls)
    }
}

pub fn candidates(answer: &Value) -> impl Iterator<Item = &Value> {
    answer
        .get("candidates")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Entries of lists that earlier chunks of a choice held.
#[derive(Default, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
pub struct Before {
    pub calls: usize,
    pub images: usize,
    pub others: usize,
    /// A call stood for the answer.
    pub answered: bool,
}

/// Numbers entries from `from` on; gives the next number.
fn number(list: &mut [Value], from: usize) -> usize {
    for (at, entry) in list.iter_mut().enumerate() {
        entry["index"] = (from + at).into();
    }
    from + list.len()
}

/// The parts of one candidate, sorted.
#[derive(Default)]
pub struct Parts {
    pub text: String,
    has_text: bool,
    /// The answer by a call that stands for it: it is the whole text.
    answer: Option<String>,
    pub reasoning: String,
    pub calls: Vec<Value>,
    pub images: Vec<Value>,
    audio: Option<Value>,
    pub signatures: Vec<Value>,
    pub others: Vec<Value>,
}

impl Parts {
    pub fn read(&mut self, candidate: &Value, names: &Names) {
        let parts = candidate
            .pointer("/content/parts")
            .and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            self.part(part, names);
        }
    }

    fn part(&mut self, part: &Value, names: &Names) {
        let signature = part.get("thoughtSignature");
        let thought = part.get("thought") == Some(&true.into());
        if let Some(call) = part.get("functionCall") {
            self.call(call, signature, names);
        } else if let Some(text) = part.get("text").and_then(Value::as_str) {
            self.signatures.extend(signature.cloned());
            if thought {
                self.reasoning.push_str(text);
            } else {
                self.has_text = true;
                self.text.push_str(text);
            }
        } else if let Some(data) = part.get("inlineData") {
            self.signatures.extend(signature.cloned());
            self.media(data);
        } else {
            // What ran at the provider; with its signature, if it has one.
            self.others.push(part.clone());
        }
    }

    fn media(&mut self, data: &Value) {
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, bytes) = (text("mimeType"), text("data"));
        if kind.starts_with("audio/") {
            self.audio = Some(json!({"data": bytes, "format": kind}));
        } else {
            let url = format!("data:{kind};base64,{bytes}");
            self.images
                .push(json!({"type": "image_url", "image_url": {"url": url}}));
        }
    }

    fn call(&mut self, call: &Value, signature: Option<&Value>, names: &Names) {
        let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
        let args = call.get("args").filter(|it| !it.is_null()).cloned();
        let args = args.unwrap_or_else(|| json!({}));
        if let Some(answer) = formats::answer(name, &args) {
            self.signatures.extend(signature.cloned());
            self.answer.get_or_insert(answer);
            return;
        }
        let own = call
            .get("id")
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty());
        let id = own.map_or_else(|| names.name(self.calls.len()), str::to_owned);
        let mut result = json!({"id": id, "type": "function",
            "function": {"name": call.get("name"), "arguments": args.to_string()}});
        if let Some(signature) = signature {
            result["provider_specific_fields"] = json!({"thought_signature": signature});
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
        number(&mut self.images, 0);
        let fields = self.fields();
        let text = std::mem::take(&mut self.text);
        let mut message = Map::new();
        message.insert("role".into(), "assistant".into());
        let text = Some(text).filter(|_| self.has_text);
        let text = self.answer.take().or(text);
        message.insert("content".into(), text.map_or(Value::Null, Value::from));
        self.rest(&mut message, fields);
        message.into()
    }

    /// The delta of one chunk; empty if it says nothing. Entries of lists carry an `index`, by
    /// which clients put the lists together.
    pub fn delta(mut self, before: &mut Before) -> Map<String, Value> {
        before.calls = number(&mut self.calls, before.calls);
        before.images = number(&mut self.images, before.images);
        before.others = number(&mut self.others, before.others);
        let fields = self.fields();
        let answer = self.answer.take();
        if let Some(answer) = answer.filter(|_| !std::mem::replace(&mut before.answered, true)) {
            self.text = answer;
        }
        let mut delta = Map::new();
        if !self.text.is_empty() {
            delta.insert("content".into(), self.text.clone().into());
        }
        self.rest(&mut delta, fields);
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
        ("finishMessage", "finish_message"),
        ("avgLogprobs", "avg_logprobs"),
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
        "MAX_TOKENS" | "CONTINUATION" => "length",
        _ if !no_calls => "tool_calls",
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "OTHER"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "ESCALATION"
        | "NO_IMAGE"
        | "MODEL_ARMOR"
        | "PUP_LIMITED_DISABLED" => "content_filter",
        image if image.starts_with("IMAGE_") => "content_filter",
        _ => "stop",
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
