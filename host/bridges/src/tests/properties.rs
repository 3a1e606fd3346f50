//! Any chunking of an answer gives the whole answer, with every block begun and ended once.

use proptest::prelude::*;

use super::arbitrary::{chunks, requests};
use super::recorded::message_of;
use super::*;

#[derive(Debug, Clone)]
struct Answer {
    thought: String,
    signed: bool,
    text: String,
    calls: Vec<String>,
    reason: &'static str,
}

fn answers() -> impl Strategy<Value = Answer> {
    let word = "[a-zé\" {}\\\\\n]{0,12}";
    let argument = "[a-zé\"{}\\\\]{0,8}".prop_map(|it| json!({ "a": it }).to_string());
    (
        word,
        any::<bool>(),
        word,
        prop::collection::vec(argument, 0..4),
        any::<bool>(),
    )
        .prop_map(|(thought, signed, text, calls, long)| {
            let reason = match (long, calls.is_empty()) {
                (true, true) => "length",
                (_, false) => "tool_calls",
                _ => "stop",
            };
            Answer {
                thought,
                signed,
                text,
                calls,
                reason,
            }
        })
}

impl Answer {
    fn whole(&self) -> Value {
        let calls = self.calls.iter().enumerate();
        let calls: Vec<Value> = calls.map(|(at, it)| json!({"id": format!("c{at}"), "type": "function", "function": {"name": "f", "arguments": it}})).collect();
        let mut message = json!({"role": "assistant", "content": self.text, "tool_calls": calls});
        if self.signed {
            message["thinking_blocks"] =
                json!([{"type": "thinking", "thinking": self.thought, "signature": "S"}]);
        } else {
            message["reasoning_content"] = self.thought.as_str().into();
        }
        json!({"choices": [{"index": 0, "message": message, "finish_reason": self.reason}], "usage": USAGE.clone()})
    }

    /// The chunks, cut by a list of lengths; `mixed` lets calls take turns.
    fn chunks(&self, cuts: &[usize], mixed: bool) -> Vec<Value> {
        let mut cuts = cuts.iter().copied().cycle();
        let chunk = |delta: Value| json!({"choices": [{"index": 0, "delta": delta}]});
        let mut out = vec![chunk(json!({"role": "assistant", "content": ""}))];
        for piece in cut(&self.thought, &mut cuts) {
            out.push(chunk(match self.signed {
                true => json!({"reasoning_content": piece, "thinking_blocks": [{"type": "thinking", "thinking": piece, "index": 0}]}),
                false => json!({ "reasoning_content": piece }),
            }));
        }
        if self.signed {
            out.push(chunk(json!({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "S", "index": 0}]})));
        }
        out.extend(
            cut(&self.text, &mut cuts)
                .into_iter()
                .map(|it| chunk(json!({ "content": it }))),
        );
        let pieces: Vec<Vec<String>> = self.calls.iter().map(|it| cut(it, &mut cuts)).collect();
        let mut calls: Vec<(usize, usize, Value)> = Vec::new();
        for (at, pieces) in pieces.into_iter().enumerate() {
            let begin = json!({"index": at, "id": format!("c{at}"), "type": "function", "function": {"name": "f", "arguments": ""}});
            calls.push((at, 0, begin));
            for (turn, piece) in pieces.into_iter().enumerate() {
                calls.push((
                    at,
                    turn + 1,
                    json!({"index": at, "function": {"arguments": piece}}),
                ));
            }
        }
        if mixed {
            calls.sort_by_key(|(at, turn, _)| (*turn, *at));
        }
        out.extend(
            calls
                .into_iter()
                .map(|(_, _, call)| chunk(json!({"tool_calls": [call]}))),
        );
        out.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": self.reason}]}));
        out.push(json!({"choices": [], "usage": USAGE.clone()}));
        out
    }
}

static USAGE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| {
    json!({"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}})
});

fn cut(text: &str, cuts: &mut impl Iterator<Item = usize>) -> Vec<String> {
    let mut letters = text.chars().peekable();
    let mut out = Vec::new();
    while letters.peek().is_some() {
        let length = cuts.next().unwrap_or(1).max(1);
        out.push(letters.by_ref().take(length).collect());
    }
    out
}

/// Google's chunks as one answer: neighbouring texts of a kind are one.
fn joined(chunks: &[Value]) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    for part in chunks
        .iter()
        .flat_map(|it| list(&it["candidates"][0]["content"]["parts"]))
    {
        let plain = |it: &Value| it["text"].is_string() && it["thoughtSignature"].is_null();
        match parts.last_mut() {
            Some(last) if plain(last) && plain(part) && last["thought"] == part["thought"] => {
                last["text"] = format!("{}{}", text(last, "text"), text(part, "text")).into();
            }
            _ => parts.push(part.clone()),
        }
    }
    parts.retain(|it| it["text"] != "" || it["thoughtSignature"].is_string());
    let last = chunks.last().unwrap();
    json!([
        parts,
        last["candidates"][0]["finishReason"],
        last["usageMetadata"]
    ])
}

proptest! {
    #[test]
    fn any_chunking_comes_to_the_whole_answer(answer in answers(), cuts in prop::collection::vec(1usize..6, 1..8), mixed in any::<bool>()) {
        let chunks = answer.chunks(&cuts, mixed);
        let whole = answer.whole();

        let plan = plan(Dialect::Messages);
        let events = data(&super::events(&plan, &chunks));
        prop_assert_eq!(grammar::messages(&events), Ok(()));
        prop_assert_eq!(message_of(&events), plan.answer(&identity(), &whole).unwrap());

        let plan = super::plan(Dialect::Responses);
        let events = data(&super::events(&plan, &chunks));
        prop_assert_eq!(grammar::responses(&events), Ok(()));
        prop_assert_eq!(&events.last().unwrap()["response"], &plan.answer(&identity(), &whole).unwrap());

        let plan = super::plan(Dialect::GenerateContent);
        let events = data(&super::events(&plan, &chunks));
        prop_assert_eq!(grammar::google(&events), Ok(()));
        prop_assert_eq!(joined(&events), joined(&[plan.answer(&identity(), &whole).unwrap()]));
    }

    #[test]
    fn a_stream_cut_anywhere_never_ends_well(answer in answers(), cuts in prop::collection::vec(1usize..6, 1..8), at in 0usize..40) {
        let chunks = answer.chunks(&cuts, false);
        let at = at.min(chunks.len() - 3);
        for dialect in Dialect::ALL {
            let mut stream = super::plan(dialect).stream(identity());
            for chunk in &chunks[..=at] {
                stream.push(chunk);
            }
            stream.finish();
            prop_assert!(stream.failure().is_some());
        }
    }

    #[test]
    fn whatever_a_provider_says_no_stream_ends_well_without_a_reason(chunks in prop::collection::vec(chunks(), 0..6)) {
        let ends = chunks.iter().any(|it| it.to_string().contains("finish_reason\":\""));
        for dialect in Dialect::ALL {
            let mut stream = super::plan(dialect).stream(identity());
            for chunk in &chunks {
                stream.push(chunk);
            }
            stream.finish();
            prop_assert!(ends || stream.failure().is_some());
            let whole = super::plan(dialect).answer(&identity(), chunks.first().unwrap_or(&Value::Null));
            prop_assert!(ends || whole.is_err());
        }
    }

    #[test]
    fn whatever_a_request_is_there_is_an_answer(request in requests()) {
        for dialect in Dialect::ALL {
            for target in [Target::STRICT, Target::ANTHROPIC, Target::GEMINI] {
                let options = Options { target, drop_params: true, ..Options::default() };
                if let Ok(bridged) = crate::request(dialect, request.as_object().unwrap(), &options) {
                    prop_assert!(bridged.chat["messages"].is_array());
                }
            }
        }
    }
}
