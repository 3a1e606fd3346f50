//! The events that a client was sent, as the answer that it would have got whole. It is for whoever
//! looks at a call later, so it takes what there is: half a stream gives half an answer.

mod messages;
mod responses;
mod text;

use serde_json::{Map, Value};

use super::gather::Gather;

/// Whose events they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Chat,
    /// Text completions.
    Text,
    Responses,
    Messages,
}

/// Most pieces of one answer that are told apart by their index.
const MOST_PIECES: usize = 4096;

/// The answer so far. An error that ended the stream is its member `error`.
pub fn assemble(shape: Shape, events: impl IntoIterator<Item = Value>) -> Value {
    let mut error = None;
    let events = events.into_iter().filter_map(|event| {
        let Value::Object(mut event) = event else {
            return None;
        };
        let failed = event.get("type").is_some_and(|it| it == "error");
        match event.shift_remove("error").filter(|it| !it.is_null()) {
            Some(it) => error = Some(it),
            // Responses have no member for it: the event is the error.
            None if failed => error = Some(event.into()),
            None => return Some(event),
        }
        None
    });
    let mut answer = match shape {
        Shape::Chat => chat(events),
        Shape::Text => text::assemble(events),
        Shape::Responses => responses::assemble(events),
        Shape::Messages => messages::assemble(events),
    };
    if let Some(error) = error {
        answer.insert("error".to_owned(), error);
    }
    answer.into()
}

fn chat(events: impl Iterator<Item = Map<String, Value>>) -> Map<String, Value> {
    let (mut gather, mut usage) = (Gather::default(), None);
    for event in events {
        let said = event.get("usage").filter(|it| !it.is_null());
        usage = said.cloned().or(usage);
        gather.push(event.into());
    }
    let mut answer = match gather.so_far(usage) {
        Value::Object(answer) => answer,
        _ => Map::new(),
    };
    answer.insert("object".to_owned(), "chat.completion".into());
    answer
}

/// The entry of an index, made where it is missing; None: the index is none.
fn entry<'a>(
    list: &'a mut Vec<Map<String, Value>>,
    event: &Map<String, Value>,
    name: &str,
) -> Option<&'a mut Map<String, Value>> {
    let index = event.get(name).and_then(Value::as_u64).unwrap_or(0);
    let index = usize::try_from(index).ok().filter(|it| *it < MOST_PIECES)?;
    if list.len() <= index {
        list.resize_with(index + 1, Map::new);
    }
    list.get_mut(index)
}

/// Appends a piece of text to a member.
fn grow(object: &mut Map<String, Value>, name: &str, piece: &str) {
    match object.get_mut(name) {
        Some(Value::String(text)) => text.push_str(piece),
        _ => {
            object.insert(name.to_owned(), piece.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn half_a_chat_is_half_an_answer_and_says_no_reason() {
        let answer = assemble(
            Shape::Chat,
            [
                json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [
                    {"index": 0, "delta": {"role": "assistant", "content": "a "}, "finish_reason": null}]}),
                json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "b"}}]}),
            ],
        );
        assert_eq!(
            answer,
            json!({"id": "c", "model": "m", "object": "chat.completion", "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "a b"}, "finish_reason": null}]})
        );
    }

    #[test]
    fn the_error_that_ended_a_stream_is_a_member() {
        for (shape, event, expected) in [
            (
                Shape::Chat,
                json!({"error": {"message": "m"}}),
                json!({"message": "m"}),
            ),
            (
                Shape::Messages,
                json!({"type": "error", "error": {"type": "api_error"}}),
                json!({"type": "api_error"}),
            ),
            (
                Shape::Responses,
                json!({"type": "error", "message": "m"}),
                json!({"type": "error", "message": "m"}),
            ),
        ] {
            assert_eq!(assemble(shape, [event])["error"], expected);
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let names = prop::sample::select(vec![
            "type",
            "index",
            "delta",
            "choices",
            "text",
            "content",
            "content_block",
            "message",
            "usage",
            "output",
            "item",
            "response",
            "output_index",
            "content_index",
            "error",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<u16>().prop_map(Value::from),
            Just(json!(u64::MAX)),
            prop::sample::select(vec![
                "content_block_delta",
                "content_block_start",
                "message_start",
                "text_delta",
                "response.output_item.added",
                "response.output_text.delta",
                "x",
            ])
            .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((names.clone(), inner), 0..6).prop_map(|all| {
                    Value::Object(
                        all.into_iter()
                            .map(|(name, it)| (name.to_owned(), it))
                            .collect(),
                    )
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_the_events_are_there_is_an_object(events in prop::collection::vec(values(), 0..8)) {
            for shape in [Shape::Chat, Shape::Text, Shape::Responses, Shape::Messages] {
                prop_assert!(assemble(shape, events.clone()).is_object());
            }
        }
    }
}
