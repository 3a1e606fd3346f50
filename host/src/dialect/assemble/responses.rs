//! Responses: the last event has the whole answer. Of one that was cut off, the items so far.

use serde_json::{Map, Value};

use super::{entry, grow};

/// An event that brings a piece of text, the list of the item's parts that it is in with the index
/// of that part, and the member that grows. No list: it is in the item itself.
type Piece = (
    &'static str,
    Option<(&'static str, &'static str)>,
    &'static str,
);

const PIECES: [Piece; 5] = [
    (
        "response.output_text.delta",
        Some(("content", "content_index")),
        "text",
    ),
    (
        "response.refusal.delta",
        Some(("content", "content_index")),
        "refusal",
    ),
    (
        "response.reasoning_summary_text.delta",
        Some(("summary", "summary_index")),
        "text",
    ),
    ("response.function_call_arguments.delta", None, "arguments"),
    ("response.custom_tool_call_input.delta", None, "input"),
];

pub fn assemble(events: impl Iterator<Item = Map<String, Value>>) -> Map<String, Value> {
    let (mut answer, mut items) = (Map::new(), Vec::new());
    for mut event in events {
        if let Some(Value::Object(whole)) = event.shift_remove("response") {
            answer = whole;
            continue;
        }
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if matches!(
            kind,
            "response.output_item.added" | "response.output_item.done"
        ) {
            let item = event.get("item").and_then(Value::as_object);
            let place = entry(&mut items, &event, "output_index");
            if let (Some(item), Some(place)) = (item, place) {
                place.clone_from(item);
            }
        } else if let Some((_, list, member)) = PIECES.iter().find(|it| it.0 == kind) {
            let piece = event.get("delta").and_then(Value::as_str);
            let place = entry(&mut items, &event, "output_index");
            if let (Some(piece), Some(item)) = (piece, place) {
                push(item, &event, *list, (member, piece));
            }
        }
    }
    let known = answer.get("output").and_then(Value::as_array);
    if known.is_none_or(|it| it.is_empty()) {
        answer.insert("output".to_owned(), items.into());
    }
    answer
}

fn push(
    item: &mut Map<String, Value>,
    event: &Map<String, Value>,
    list: Option<(&str, &str)>,
    (member, piece): (&str, &str),
) {
    let Some((list, index)) = list else {
        return grow(item, member, piece);
    };
    let parts = match item.shift_remove(list) {
        Some(Value::Array(parts)) => parts,
        _ => Vec::new(),
    };
    let mut parts: Vec<Map<String, Value>> = parts
        .into_iter()
        .map(|part| match part {
            Value::Object(part) => part,
            _ => Map::new(),
        })
        .collect();
    if let Some(part) = entry(&mut parts, event, index) {
        grow(part, member, piece);
    }
    item.insert(list.to_owned(), parts.into());
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, assemble};
    use serde_json::{Value, json};

    fn begun() -> Vec<Value> {
        vec![
            json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}),
            json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "he"}),
            json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "llo"}),
            json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}),
        ]
    }

    #[test]
    fn the_completed_answer_is_the_answer() {
        let whole = json!({"id": "r", "status": "completed", "output": [{"type": "message"}]});
        let mut events = begun();
        events.push(json!({"type": "response.completed", "response": whole.clone()}));
        assert_eq!(assemble(Shape::Responses, events), whole);
    }

    #[test]
    fn one_that_was_cut_off_has_its_items_so_far() {
        assert_eq!(
            assemble(Shape::Responses, begun()),
            json!({"id": "r", "status": "in_progress", "output": [
                {"type": "message", "content": [{"text": "hello"}]},
                {"arguments": "{}"}]})
        );
    }
}
