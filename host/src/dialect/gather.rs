//! The chunks of a streamed chat completion, gathered into one whole answer.

use serde_json::{Map, Value, json};

/// Gathers chunks. Unknown members of choices and deltas survive: text grows, lists are joined,
/// anything else is replaced by its last value.
#[derive(Debug, Default)]
pub struct Gather {
    choices: Vec<Choice>,
    rest: Map<String, Value>,
}

#[derive(Debug, Default)]
struct Choice {
    index: u64,
    message: Map<String, Value>,
    tool_calls: Vec<Value>,
    finish_reason: Option<Value>,
    rest: Map<String, Value>,
}

/// Members of a delta that are text in pieces.
const GROWING: &[&str] = &["content", "reasoning_content", "reasoning", "refusal"];

impl Gather {
    /// The next chunk.
    pub fn push(&mut self, chunk: Value) {
        let Value::Object(members) = chunk else {
            return;
        };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("choices", Value::Array(choices)) => {
                    choices
                        .into_iter()
                        .for_each(|choice| self.push_choice(choice));
                }
                ("choices" | "usage", _) | (_, Value::Null) => {}
                (_, value) => {
                    self.rest.entry(name).or_insert(value);
                }
            }
        }
    }

    fn push_choice(&mut self, choice: Value) {
        let Value::Object(members) = choice else {
            return;
        };
        let index = members.get("index").and_then(Value::as_u64).unwrap_or(0);
        let known = self.choices.iter().position(|it| it.index == index);
        let at = known.unwrap_or_else(|| {
            self.choices.push(Choice {
                index,
                ..Choice::default()
            });
            self.choices.len() - 1
        });
        let Some(gathered) = self.choices.get_mut(at) else {
            return;
        };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("index", _) | (_, Value::Null) => {}
                ("delta", Value::Object(delta)) => gathered.push_delta(delta),
                ("finish_reason", reason) => gathered.finish_reason = Some(reason),
                ("logprobs", logprobs) => join(&mut gathered.rest, "logprobs", logprobs),
                (_, value) => join(&mut gathered.rest, &name, value),
            }
        }
    }

    /// Whether any choice has its finish reason.
    pub fn is_finished(&self) -> bool {
        self.choices
            .iter()
            .any(|choice| choice.finish_reason.is_some())
    }

    /// The whole answer, with `usage` if there is one. A choice without a finish reason stopped.
    pub fn finish(self, usage: Option<Value>) -> Value {
        self.finish_as("stop".into(), usage)
    }

    /// What there is of an answer that may have been cut off: a choice without a finish reason has
    /// none.
    pub fn so_far(self, usage: Option<Value>) -> Value {
        self.finish_as(Value::Null, usage)
    }

    fn finish_as(mut self, unfinished: Value, usage: Option<Value>) -> Value {
        self.choices.sort_by_key(|choice| choice.index);
        let choices = self.choices.into_iter();
        let choices: Vec<Value> = choices.map(|it| it.finish(&unfinished)).collect();
        let mut answer = self.rest;
        answer.remove("object");
        answer.insert("choices".into(), choices.into());
        if let Some(usage) = usage {
            answer.insert("usage".into(), usage);
        }
        answer.into()
    }
}

impl Choice {
    fn push_delta(&mut self, delta: Map<String, Value>) {
        for (name, value) in delta {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("role", role) => {
                    self.message.insert("role".into(), role);
                }
                ("tool_calls", Value::Array(calls)) => {
                    calls.into_iter().for_each(|call| self.push_call(call));
                }
                ("thinking_blocks", Value::Array(blocks)) => {
                    let mut gathered = take_list(&mut self.message, "thinking_blocks");
                    blocks
                        .into_iter()
                        .for_each(|block| push_thinking(&mut gathered, block));
                    self.message
                        .insert("thinking_blocks".into(), gathered.into());
                }
                (name, Value::String(piece)) if GROWING.contains(&name) => {
                    match self.message.get_mut(name) {
                        Some(Value::String(text)) => text.push_str(&piece),
                        _ => {
                            self.message.insert(name.to_owned(), piece.into());
                        }
                    }
                }
                (name, value) => join(&mut self.message, name, value),
            }
        }
    }

    fn push_call(&mut self, call: Value) {
        let Value::Object(mut call) = call else {
            return;
        };
        let index = call.remove("index").and_then(|it| it.as_u64());
        let index = index
            .map_or(self.tool_calls.len(), |it| it as usize)
            .min(4096);
        while self.tool_calls.len() <= index {
            self.tool_calls.push(json!({"type": "function"}));
        }
        let Some(Value::Object(gathered)) = self.tool_calls.get_mut(index) else {
            return;
        };
        for (name, value) in call {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("function", Value::Object(function)) => push_function(gathered, function),
                ("id", Value::String(id)) if id.is_empty() => {}
                (_, value) => join(gathered, &name, value),
            }
        }
    }

    fn finish(mut self, unfinished: &Value) -> Value {
        self.message
            .entry("role")
            .or_insert_with(|| "assistant".into());
        self.message.entry("content").or_insert(Value::Null);
        if !self.tool_calls.is_empty() {
            self.message
                .insert("tool_calls".into(), self.tool_calls.into());
        }
        let mut choice = Map::new();
        choice.insert("index".into(), self.index.into());
        choice.insert("message".into(), self.message.into());
        choice.insert(
            "finish_reason".into(),
            self.finish_reason.unwrap_or_else(|| unfinished.clone()),
        );
        choice.extend(self.rest);
        choice.into()
    }
}

fn push_function(call: &mut Map<String, Value>, piece: Map<String, Value>) {
    let function = call
        .entry("function")
        .or_insert_with(|| json!({"name": "", "arguments": ""}));
    let Value::Object(function) = function else {
        return;
    };
    for (name, value) in piece {
        match (function.get_mut(&name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(piece)) => text.push_str(&piece),
            (_, value) => {
                function.insert(name, value);
            }
        }
    }
}

/// A thinking block in pieces: text grows until its signature comes, which closes it.
fn push_thinking(blocks: &mut Vec<Value>, piece: Value) {
    let open = blocks.last_mut().filter(|last| {
        last.get("type") == Some(&"thinking".into())
            && piece.get("type") == Some(&"thinking".into())
            && last
                .get("signature")
                .is_none_or(|it| it.is_null() || it == "")
    });
    let Some(Value::Object(open)) = open else {
        blocks.push(piece);
        return;
    };
    let Value::Object(piece) = piece else { return };
    for (name, value) in piece {
        match (open.get_mut(&name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if name == "thinking" => {
                text.push_str(&more);
            }
            (_, value) => {
                open.insert(name, value);
            }
        }
    }
}

fn take_list(map: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match map.remove(name) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

/// Lists are joined, objects merged, the rest replaced.
fn join(map: &mut Map<String, Value>, name: &str, value: Value) {
    match (map.get_mut(name), value) {
        (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
        (Some(Value::Object(known)), Value::Object(more)) => {
            for (name, value) in more {
                join(known, &name, value);
            }
        }
        (_, value) => {
            map.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(chunks: &[Value]) -> Value {
        let mut gather = Gather::default();
        chunks.iter().cloned().for_each(|chunk| gather.push(chunk));
        gather.finish(Some(json!({"prompt_tokens": 1})))
    }

    #[test]
    fn text_and_tool_arguments_grow() {
        let answer = gather(&[
            json!({"choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}]}),
            json!({"choices":[{"index":0,"delta":{"content":"b"}}]}),
            json!({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function",
                "function":{"name":"f","arguments":""}}]}}]}),
            json!({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}}]}),
            json!({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}),
            json!({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}),
        ]);
        let message = &answer["choices"][0]["message"];
        assert_eq!(message["content"], "ab");
        assert_eq!(
            message["tool_calls"][0]["function"],
            json!({"name":"f","arguments":"{\"x\":1}"})
        );
        assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(answer["usage"]["prompt_tokens"], 1);
    }

    #[test]
    fn a_thinking_block_ends_with_its_signature() {
        let delta =
            |block: Value| json!({"choices":[{"index":0,"delta":{"thinking_blocks":[block]}}]});
        let answer = gather(&[
            delta(json!({"type":"thinking","thinking":"a"})),
            delta(json!({"type":"thinking","thinking":"b"})),
            delta(json!({"type":"thinking","signature":"S"})),
            delta(json!({"type":"thinking","thinking":"c"})),
        ]);
        let blocks = &answer["choices"][0]["message"]["thinking_blocks"];
        let want = json!([{"type":"thinking","thinking":"ab","signature":"S"},{"type":"thinking","thinking":"c"}]);
        assert_eq!(blocks, &want);
    }

    #[test]
    fn choices_stay_apart_and_unknown_members_survive() {
        let answer = gather(&[
            json!({"id":"x","system_fingerprint":"fp","choices":[{"index":1,"delta":{"content":"b"}}]}),
            json!({"id":"x","choices":[{"index":0,"delta":{"content":"a","audio":{"id":"q"}}}]}),
        ]);
        assert_eq!(answer["choices"][0]["message"]["audio"]["id"], "q");
        assert_eq!(answer["choices"][1]["message"]["content"], "b");
        assert_eq!(answer["system_fingerprint"], "fp");
    }
}
