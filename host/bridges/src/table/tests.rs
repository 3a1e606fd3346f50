//! The tables, held to what the bridges do.

use super::*;
use crate::tests::{events, identity, list, message_of, text};
use crate::{Event, Options, RefusalKind, Target, request};
use serde_json::{Map, Value, json};

/// A request for a stream with everything that clients have to ask for.
fn asking(dialect: Dialect) -> Map<String, Value> {
    let wants = match dialect {
        Gemini => r#"{"generationConfig": {"thinkingConfig": {"includeThoughts": true}}}"#,
        Text => r#"{"stream": true, "stream_options": {"include_usage": true}}"#,
        _ => "{}",
    };
    body(&cell(dialect, Carried, wants, ""))
}

/// An answer as the chunks of a stream: all of it, and then the usage.
fn chunks(answer: &Value) -> Vec<Value> {
    let mut said = json!({"choices": answer["choices"]});
    for choice in said["choices"].as_array_mut().unwrap() {
        choice["delta"] = choice["message"].take();
    }
    vec![said, json!({"choices": [], "usage": answer["usage"]})]
}

/// What the events of a stream come to, in the form of a whole answer.
fn streamed(dialect: Dialect, events: &[Event]) -> Value {
    let data: Vec<Value> = events.iter().filter_map(Event::data).cloned().collect();
    let last = data.last().unwrap();
    match dialect {
        Messages => message_of(&data),
        Responses => last["response"].clone(),
        Gemini => joined(last, "candidates", &data, |earlier, sum| {
            let mut parts = list(&earlier["content"]["parts"]).to_vec();
            parts.extend_from_slice(list(&sum["content"]["parts"]));
            sum["content"]["parts"] = parts.into();
        }),
        Text => joined(last, "choices", &data, |earlier, sum| {
            sum["text"] = format!("{}{}", text(earlier, "text"), text(sum, "text")).into();
        }),
    }
}

/// The last event with the choices of all, each put together of its own.
fn joined(last: &Value, name: &str, data: &[Value], join: fn(&Value, &mut Value)) -> Value {
    let mut sums = Vec::<Value>::new();
    for more in data.iter().flat_map(|it| list(&it[name])) {
        match sums.iter_mut().find(|it| it["index"] == more["index"]) {
            None => sums.push(more.clone()),
            Some(sum) => {
                let earlier = std::mem::replace(sum, more.clone());
                join(&earlier, sum);
            }
        }
    }
    let mut whole = last.clone();
    whole[name] = sums.into();
    whole
}

fn body(cell: &Cell) -> Map<String, Value> {
    let mut body = match cell.dialect {
        Messages => {
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
        }
        Responses => json!({"model": "m", "input": "x"}),
        Gemini => json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}]}),
        Text => json!({"model": "m", "prompt": "x"}),
    };
    let more: Value = serde_json::from_str(cell.of).unwrap();
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    members.clone()
}

/// What a document has otherwise than a cell says.
fn otherwise(place: &str, cell: &Cell, document: &Value) -> Vec<String> {
    let values: Map<String, Value> = serde_json::from_str(cell.shows).unwrap();
    assert!(!values.is_empty(), "{place}");
    let wrong = values
        .iter()
        .filter(|(at, want)| document.pointer(at) != Some(want));
    wrong
        .map(|(at, want)| format!("{place}: {at} is not {want} in {document}"))
        .collect()
}

#[test]
fn every_row_is_as_the_table_says() {
    let mut wrong = Vec::new();
    for feature in FEATURES.into_iter().flatten() {
        for cell in feature.cells {
            let place = format!("{} in {:?}", feature.name, cell.dialect);
            let options = Options::default();
            let got = request(cell.dialect, &body(cell), &options);
            match cell.fate {
                Carried | Emulated => {
                    let got = got.unwrap_or_else(|why| panic!("{place}: {why}"));
                    wrong.extend(otherwise(&place, cell, &Value::from(got.chat)));
                }
                Dropped => {
                    let got = got.unwrap_or_else(|why| panic!("{place}: {why}"));
                    let named = got.notes.iter().any(|it| it.param == cell.shows);
                    assert!(named, "{place}: {:?}", got.notes);
                }
                Refused => {
                    let why = got.expect_err(&place);
                    assert_eq!(why.param.as_deref(), Some(cell.shows), "{place}");
                    assert_ne!(why.kind, RefusalKind::Invalid, "{place}");
                    assert!(
                        why.message.contains(cell.shows) || why.kind == RefusalKind::NotFound,
                        "{place}: {why}"
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_of_answers_is_as_the_table_says_whole_and_streamed() {
    let mut wrong = Vec::new();
    for feature in ANSWERS.into_iter().flatten() {
        for cell in feature.cells {
            let place = format!("{} in {:?}", feature.name, cell.dialect);
            let answer: Value = serde_json::from_str(cell.of).unwrap();
            let plan = request(cell.dialect, &asking(cell.dialect), &Options::default());
            let plan = plan.unwrap().plan;
            let whole = plan.answer(&identity(), &answer).unwrap();
            let streamed = streamed(cell.dialect, &events(&plan, &chunks(&answer)));
            for (how, told) in [("whole", whole), ("streamed", streamed)] {
                let place = format!("{place}, {how}");
                match cell.fate {
                    Carried | Emulated => wrong.extend(otherwise(&place, cell, &told)),
                    Dropped => assert!(!told.to_string().contains(cell.shows), "{place}: {told}"),
                    Refused => panic!("{place}: an answer is not refused"),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_of_a_strict_target_is_left_that_openai_does_not_know() {
    for feature in FEATURES.into_iter().flatten() {
        for cell in feature.cells {
            let options = Options {
                target: Target::STRICT,
                drop_params: true,
                ..Options::default()
            };
            let Ok(got) = request(cell.dialect, &body(cell), &options) else {
                continue;
            };
            let text = Value::from(got.chat).to_string();
            for word in [
                "cache_control",
                "thinking_blocks",
                "provider_specific_fields",
                "is_error",
                "top_k",
            ] {
                assert!(
                    !text.contains(word),
                    "{} in {:?}: {text}",
                    feature.name,
                    cell.dialect
                );
            }
        }
    }
}

#[test]
fn the_documentation_has_this_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialects.md");
    let docs = std::fs::read_to_string(path).unwrap();
    for table in [markdown(), markdown_of_answers()] {
        assert!(
            docs.contains(&table),
            "docs/dialects.md should hold:\n{table}"
        );
    }
}
