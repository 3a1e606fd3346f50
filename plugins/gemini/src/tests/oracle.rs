//! What Gemini said, read from its own JSON, and what we made of it.

use super::*;

/// What has to be found again of one candidate.
#[derive(Debug, Default, PartialEq)]
pub struct Gist {
    pub text: String,
    pub thoughts: String,
    pub calls: Vec<(String, Value)>,
    /// Signatures of calls and of everything else but what ran at the provider.
    pub call_signatures: Vec<String>,
    pub signatures: Vec<String>,
    pub media: Vec<String>,
    /// Parts of what ran at the provider, whole.
    pub others: Vec<Value>,
    pub finish: String,
    pub grounding: Vec<Value>,
    pub safety: Vec<Value>,
    /// Input, output, cached, thought.
    pub tokens: [u64; 4],
}

impl Gist {
    /// A part of Google's, in an answer or in a request.
    pub fn part(&mut self, part: &Value) {
        let signature = part["thoughtSignature"].as_str().map(str::to_owned);
        if part["functionCall"].is_object() {
            let args = Some(part["functionCall"]["args"].clone()).filter(|it| !it.is_null());
            let name = text(&part["functionCall"], "name").to_owned();
            self.calls.push((name, args.unwrap_or_else(|| json!({}))));
            self.call_signatures.extend(signature);
        } else if let Some(said) = part["text"].as_str() {
            self.signatures.extend(signature);
            if part["thought"] == true {
                self.thoughts += said;
            } else {
                self.text += said;
            }
        } else if part["inlineData"].is_object() {
            self.signatures.extend(signature);
            self.media.push(text(&part["inlineData"], "data").into());
        } else {
            self.others.push(part.clone());
        }
    }

    fn usage(&mut self, counted: &Value) {
        let count = |name: &str| counted[name].as_u64().unwrap_or(0);
        let input = count("promptTokenCount") + count("toolUsePromptTokenCount");
        let (said, thought) = (count("candidatesTokenCount"), count("thoughtsTokenCount"));
        let within = thought > 0 && input + said == count("totalTokenCount");
        let output = if within { said } else { said + thought };
        self.tokens = [input, output, count("cachedContentTokenCount"), thought];
    }
}

/// Google's names by the order of its definition, for answers with numbers for enums.
const FINISHES: [&str; 6] = ["", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"];

/// The answer, or the chunks of a stream.
pub fn of_theirs<'v>(chunks: impl Iterator<Item = &'v Value>, index: u64) -> Gist {
    let mut gist = Gist::default();
    for chunk in chunks {
        if chunk["usageMetadata"].is_object() {
            gist.usage(&chunk["usageMetadata"]);
        }
        if list(&chunk["candidates"]).is_empty()
            && chunk["promptFeedback"]["blockReason"].is_string()
        {
            gist.finish = "content_filter".into();
        }
        for (at, candidate) in list(&chunk["candidates"]).iter().enumerate() {
            if candidate["index"].as_u64().unwrap_or(at as u64) != index {
                continue;
            }
            list(&candidate["content"]["parts"])
                .iter()
                .for_each(|part| gist.part(part));
            let known = |it: &&Value| it.as_object().is_some_and(|it| !it.is_empty());
            gist.grounding
                .extend(Some(&candidate["groundingMetadata"]).filter(known).cloned());
            let some = |it: &&Value| !list(it).is_empty();
            gist.safety
                .extend(Some(&candidate["safetyRatings"]).filter(some).cloned());
            let number = candidate["finishReason"].as_u64();
            let finish = number.map_or(text(candidate, "finishReason"), |it| FINISHES[it as usize]);
            gist.finish = match finish {
                "" => continue,
                "MAX_TOKENS" => "length",
                _ if !gist.calls.is_empty() => "tool_calls",
                "SAFETY" | "MODEL_ARMOR" | "RECITATION" | "PROHIBITED_CONTENT" => "content_filter",
                _ => "stop",
            }
            .into();
        }
    }
    gist
}

/// The choice of our answer, put together as a client does.
pub fn choice(outcome: &Outcome, index: u64) -> Value {
    match &outcome.response {
        Some(response) => {
            let found = list(&response["choices"])
                .iter()
                .find(|it| it["index"] == index);
            found.unwrap().clone()
        }
        None => testing::gathered(&outcome.events, index).unwrap(),
    }
}

pub fn of_ours(outcome: &Outcome, index: u64) -> Gist {
    let choice = choice(outcome, index);
    let message = &choice["message"];
    let fields = &message["provider_specific_fields"];
    let usage = outcome.usage.clone();
    let usage = usage.or_else(|| outcome.response.as_ref().map(|it| it["usage"].clone()));
    let usage = usage.unwrap_or_default();
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let call = |call: &Value| {
        let arguments = serde_json::from_str(text(&call["function"], "arguments")).unwrap();
        (text(&call["function"], "name").to_owned(), arguments)
    };
    let signature = |call: &Value| {
        let own = &call["provider_specific_fields"]["thought_signature"];
        own.as_str().map(str::to_owned)
    };
    let image = |it: &Value| {
        it["image_url"]["url"]
            .as_str()?
            .split_once(',')?
            .1
            .to_owned()
            .into()
    };
    let audio = message["audio"]["data"].as_str().map(str::to_owned);
    let bare = |it: &Value| {
        let mut members = it.as_object().unwrap().clone();
        members.shift_remove("index");
        Value::from(members)
    };
    let mut gist = Gist {
        text: text(message, "content").into(),
        thoughts: text(message, "reasoning_content").into(),
        calls: list(&message["tool_calls"]).iter().map(call).collect(),
        call_signatures: list(&message["tool_calls"])
            .iter()
            .filter_map(signature)
            .collect(),
        signatures: list(&fields["thought_signatures"])
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect(),
        media: list(&message["images"])
            .iter()
            .filter_map(image)
            .chain(audio)
            .collect(),
        others: list(&fields["parts"]).iter().map(bare).collect(),
        finish: text(&choice, "finish_reason").into(),
        tokens: [
            count("/prompt_tokens"),
            count("/completion_tokens"),
            count("/prompt_tokens_details/cached_tokens"),
            count("/completion_tokens_details/reasoning_tokens"),
        ],
        ..Gist::default()
    };
    // These stand on the answer, with one entry for each candidate that has it.
    for document in outcome.response.iter().chain(&outcome.events) {
        gist.grounding
            .extend_from_slice(list(&document["vertex_ai_grounding_metadata"]));
        gist.safety
            .extend_from_slice(list(&document["vertex_ai_safety_results"]));
    }
    gist
}
