//! Calls in an answer of chat for a client that asked for it in the words of a response and waits for
//! a chat: tools have the names that it gave them, and those of free text are such again.

use serde_json::{Value, json};

use crate::blocks::is_complete;
use crate::object::{items, set, text};
use crate::plan::{Disguise, Plan};
use crate::responses::free_text;

/// Gives the client's own tools back.
#[derive(Debug, Clone)]
pub struct OwnTools {
    plan: Plan,
    begun: Vec<Begun>,
}

/// A call of free text that has begun in a stream.
#[derive(Debug, Clone)]
struct Begun {
    /// Of the choice, and of the call in it.
    place: (u64, u64),
    /// As far as they came. None: they were whole, and are given.
    arguments: Option<String>,
}

impl Plan {
    /// What gives tools back in an answer of chat. None: they are those of the client as they are.
    pub fn own_tools(&self) -> Option<OwnTools> {
        let is_custom = |it: &Disguise| *it == Disguise::Custom;
        let changed = self.names.any() || self.disguises.values().any(is_custom);
        changed.then(|| OwnTools {
            plan: self.clone(),
            begun: Vec::new(),
        })
    }
}

impl OwnTools {
    /// In a whole answer.
    pub fn whole(&self, answer: &mut Value) {
        for choice in list_mut(answer, "choices") {
            let Some(message) = choice.get_mut("message") else {
                continue;
            };
            for call in list_mut(message, "tool_calls") {
                if self.is_custom(call) {
                    let input = free_text(arguments(call));
                    self.become_custom(call, &input);
                } else {
                    self.rename(call);
                }
            }
        }
    }

    /// In a chunk of a stream. What a tool of free text is called with comes when it is whole.
    pub fn chunk(&mut self, chunk: &mut Value) {
        for (at, choice) in list_mut(chunk, "choices").iter_mut().enumerate() {
            let chosen = number(choice, at);
            let ends = choice.get("finish_reason").is_some_and(Value::is_string);
            let Some(delta) = choice.get_mut("delta").filter(|it| it.is_object()) else {
                continue;
            };
            let mut calls = Vec::new();
            for (at, call) in items(delta.get("tool_calls")).iter().enumerate() {
                let place = (chosen, number(call, at));
                calls.extend(self.piece(place, call.clone()));
            }
            if ends {
                calls.extend(self.rest_of(chosen));
            }
            match calls.is_empty() {
                true => drop(
                    delta
                        .as_object_mut()
                        .map(|it| it.shift_remove("tool_calls")),
                ),
                false => set(delta, "tool_calls", calls),
            }
        }
    }

    /// Whether a call waits for the rest of its arguments.
    pub fn waits(&self) -> bool {
        self.begun.iter().any(|it| it.arguments.is_some())
    }

    /// What a piece of a call is to the client; None: nothing yet, or nothing more.
    fn piece(&mut self, place: (u64, u64), mut call: Value) -> Option<Value> {
        let begins = self.begun.iter().all(|it| it.place != place) && self.is_custom(&call);
        if begins {
            let arguments = Some(String::new());
            self.begun.push(Begun { place, arguments });
        }
        let Some(begun) = self.begun.iter_mut().find(|it| it.place == place) else {
            self.rename(&mut call);
            return Some(call);
        };
        let so_far = begun.arguments.as_mut()?;
        so_far.push_str(arguments(&call));
        let whole = is_complete(so_far).then(|| free_text(so_far));
        if whole.is_some() {
            begun.arguments = None;
        }
        if begins {
            self.become_custom(&mut call, &whole.unwrap_or_default());
            return Some(call);
        }
        whole.map(|it| filled(place.1, &it))
    }

    /// A choice has ended: what did not become whole is given as it came.
    fn rest_of(&mut self, choice: u64) -> Vec<Value> {
        let ended = self.begun.iter_mut().filter(|it| it.place.0 == choice);
        let rest = ended.filter_map(|it| Some((it.place.1, it.arguments.take()?)));
        rest.map(|(index, it)| filled(index, &free_text(&it)))
            .collect()
    }

    fn is_custom(&self, call: &Value) -> bool {
        let known = self.plan.disguises.get(name(call));
        known == Some(&Disguise::Custom)
    }

    fn rename(&self, call: &mut Value) {
        let own = self.plan.names.own(name(call)).to_owned();
        if let Some(function) = call.get_mut("function").filter(|_| !own.is_empty()) {
            set(function, "name", own);
        }
    }

    fn become_custom(&self, call: &mut Value, input: &str) {
        let own = self.plan.names.own(name(call)).to_owned();
        if let Some(members) = call.as_object_mut() {
            members.shift_remove("function");
        }
        set(call, "type", "custom");
        set(call, "custom", json!({"name": own, "input": input}));
    }
}

fn name(call: &Value) -> &str {
    text(call.get("function").unwrap_or(&Value::Null), "name")
}

fn arguments(call: &Value) -> &str {
    text(call.get("function").unwrap_or(&Value::Null), "arguments")
}

/// The text with which a call that has begun goes on.
fn filled(index: u64, input: &str) -> Value {
    json!({"index": index, "custom": {"input": input}})
}

fn number(value: &Value, at: usize) -> u64 {
    let index = value.get("index").and_then(Value::as_u64);
    index.unwrap_or(at as u64)
}

fn list_mut<'v>(value: &'v mut Value, name: &str) -> &'v mut [Value] {
    let list = value.get_mut(name).and_then(Value::as_array_mut);
    list.map_or(&mut [], Vec::as_mut_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dialect, Options, request};

    const LONG: &str = "files.read_the_whole_of_it";

    /// What gives these tools back, with the names that they have in chat.
    fn tools(tools: &Value) -> (Option<OwnTools>, Vec<String>) {
        let body = json!({"model": "m", "input": "hi", "tools": tools});
        let options = Options::default();
        let bridged = request(Dialect::Responses, body.as_object().unwrap(), &options).unwrap();
        let named = items(bridged.chat.get("tools")).iter();
        let names = named.map(|it| name(it).to_owned()).collect();
        (bridged.plan.own_tools(), names)
    }

    fn changed() -> (OwnTools, Vec<String>) {
        let given = json!([
            {"type": "function", "name": LONG, "parameters": {}},
            {"type": "custom", "name": "my.patch"},
            {"type": "function", "name": "weather", "parameters": {}},
        ]);
        let (tools, names) = tools(&given);
        assert!(names[0] != LONG && names[1] != "my.patch" && names[2] == "weather");
        (tools.unwrap(), names)
    }

    fn call(index: u64, name: &str, arguments: &str) -> Value {
        json!({"index": index, "id": format!("call_{index}"), "type": "function",
            "function": {"name": name, "arguments": arguments}})
    }

    fn chunk(calls: &[Value], reason: Option<&str>) -> Value {
        let delta = json!({"role": "assistant", "tool_calls": calls});
        json!({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    }

    #[test]
    fn tools_that_nothing_happened_to_are_not_looked_for() {
        let (tools, _) =
            tools(&json!([{"type": "function", "name": "weather"}, {"type": "local_shell"}]));
        assert!(tools.is_none());
    }

    #[test]
    fn calls_of_a_whole_answer_have_the_clients_names_and_kinds() {
        let (tools, names) = changed();
        let calls = [
            call(0, &names[0], "{}"),
            call(1, &names[1], "{\"input\": \"*** Begin\"}"),
            call(2, &names[2], "{}"),
        ];
        let mut answer =
            json!({"choices": [{"message": {"content": null, "tool_calls": calls}}], "usage": {}});
        tools.whole(&mut answer);
        let told = list_mut(&mut answer["choices"][0]["message"], "tool_calls");
        assert_eq!(
            told[0]["function"],
            json!({"name": LONG, "arguments": "{}"})
        );
        let custom = json!({"name": "my.patch", "input": "*** Begin"});
        assert_eq!(
            told[1],
            json!({"index": 1, "id": "call_1", "type": "custom", "custom": custom})
        );
        assert_eq!(told[2], call(2, "weather", "{}"));
    }

    #[test]
    fn free_text_is_streamed_when_it_is_whole_and_the_rest_as_it_comes() {
        let (mut tools, names) = changed();
        let goes_on =
            |index: u64, more: &str| json!({"index": index, "function": {"arguments": more}});
        let mut told = Vec::new();
        for (calls, reason) in [
            (
                vec![call(0, &names[0], ""), call(1, &names[1], "{\"inp")],
                None,
            ),
            (vec![goes_on(0, "{}"), goes_on(1, "ut\": \"a\\n\"")], None),
            (vec![goes_on(1, "}"), call(2, &names[1], "no JSON")], None),
            // Some servers say the name with every piece.
            (
                vec![call(1, &names[1], ""), call(2, &names[1], " yet")],
                None,
            ),
            (vec![], Some("tool_calls")),
        ] {
            let mut chunk = chunk(&calls, reason);
            tools.chunk(&mut chunk);
            assert_eq!(tools.waits(), reason.is_none());
            let delta = &chunk["choices"][0]["delta"];
            assert_eq!(delta["role"], "assistant");
            told.push(items(delta.get("tool_calls")).to_vec());
        }
        let begun = |index: u64| {
            let custom = json!({"name": "my.patch", "input": ""});
            json!({"index": index, "id": format!("call_{index}"), "type": "custom", "custom": custom})
        };
        assert_eq!(told[0], [call(0, LONG, ""), begun(1)]);
        assert_eq!(told[1], [goes_on(0, "{}")]);
        assert_eq!(told[2], [filled(1, "a\n"), begun(2)]);
        assert_eq!(told[3], [] as [Value; 0]);
        assert_eq!(told[4], [filled(2, "no JSON yet")]);
    }
}
