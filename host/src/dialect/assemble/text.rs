//! Text completions: each choice's text grows.

use serde_json::{Map, Value};

use super::{entry, grow};

pub fn assemble(events: impl Iterator<Item = Map<String, Value>>) -> Map<String, Value> {
    let (mut answer, mut choices) = (Map::new(), Vec::new());
    for event in events {
        for (name, value) in event {
            match (name.as_str(), value) {
                ("choices", Value::Array(list)) => {
                    for choice in list.iter().filter_map(Value::as_object) {
                        push(&mut choices, choice);
                    }
                }
                ("choices", _) | (_, Value::Null) => {}
                ("usage", usage) => {
                    answer.insert(name, usage);
                }
                (_, value) => {
                    answer.entry(name).or_insert(value);
                }
            }
        }
    }
    answer.insert("object".to_owned(), "text_completion".into());
    answer.insert("choices".to_owned(), choices.into());
    answer
}

fn push(choices: &mut Vec<Map<String, Value>>, piece: &Map<String, Value>) {
    let Some(choice) = entry(choices, piece, "index") else {
        return;
    };
    for (name, value) in piece {
        match value {
            Value::Null => {
                choice.entry(name.clone()).or_insert(Value::Null);
            }
            Value::String(text) if name == "text" => grow(choice, name, text),
            value => {
                choice.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, assemble};
    use serde_json::json;

    #[test]
    fn texts_of_choices_grow_apart() {
        let piece = |index: u8, text: &str, reason: Option<&str>| {
            json!({"id": "c", "object": "text_completion", "choices": [
                {"index": index, "text": text, "finish_reason": reason}]})
        };
        let events = [
            piece(0, "a", None),
            piece(1, "x", None),
            piece(0, "b", Some("stop")),
        ];
        assert_eq!(
            assemble(Shape::Text, events),
            json!({"id": "c", "object": "text_completion", "choices": [
                {"index": 0, "text": "ab", "finish_reason": "stop"},
                {"index": 1, "text": "x", "finish_reason": null}]})
        );
    }
}
