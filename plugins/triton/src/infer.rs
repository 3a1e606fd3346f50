//! Tensors: texts in, and a text or vectors out.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Outbound, Response, Step, fault, parse_state, write_json};
use sluice_wire::vectors;

use crate::generate;
use crate::place::{self, Place};

/// A text and its parameters, each a tensor.
pub fn request(url: String, text: &str, asked: Map<String, Value>) -> Result<Step, Error> {
    let mut inputs = vec![tensor("text_input", "BYTES", &text.into())];
    for (name, value) in generate::parameters(asked)? {
        let kind = match &value {
            Value::Bool(_) => "BOOL",
            Value::Number(number) if number.is_f64() => "FP32",
            Value::Number(_) => "INT32",
            _ => "BYTES",
        };
        inputs.push(tensor(&name, kind, &value));
    }
    Ok(Outbound::post(url)
        .json(&json!({ "inputs": inputs }))
        .send())
}

fn tensor(name: &str, kind: &str, value: &Value) -> Value {
    json!({"name": name, "shape": [1], "datatype": kind, "data": [value]})
}

/// The text in the first tensor.
pub fn text(answer: &Value) -> Result<String, Error> {
    let data = answer.pointer("/outputs/0/data");
    let text = match data {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(texts)) => texts.iter().map(Value::as_str).collect(),
        _ => None,
    };
    text.ok_or_else(|| fault::upstream("the provider's first output is no text"))
}

#[derive(Default, Serialize, Deserialize)]
struct Asked {
    inputs: usize,
    tokens: u64,
    base64: bool,
}

pub fn vectors_request(place: &Place, asked: &Map<String, Value>) -> Result<Step, Error> {
    let texts = vectors::inputs(asked)?;
    let url = match place {
        Place::Infer(url) => url.clone(),
        Place::Generate(url) => {
            return Err(fault::invalid_request(format!(
                "`api_base` leads to `{url}`, which gives no vectors"
            )));
        }
        Place::Server => {
            let model = asked.get("model").and_then(Value::as_str);
            place::of_model(model.unwrap_or_default(), "infer")?
        }
    };
    let state = Asked {
        inputs: texts.len(),
        // Triton counts nothing.
        tokens: texts.iter().map(|it| vectors::estimate(it)).sum(),
        base64: vectors::wants_base64(asked),
    };
    let input =
        json!({"name": "input_text", "shape": [texts.len()], "datatype": "BYTES", "data": texts});
    Ok(Outbound::post(url)
        .json(&json!({ "inputs": [input] }))
        .state(write_json(&state))
        .send())
}

/// One tensor of two dimensions: a row for each text.
pub fn vectors_answer(answer: &Value, state: &str) -> Result<Step, Error> {
    let asked: Asked = parse_state(state)?;
    let numbers = answer.pointer("/outputs/0/data").and_then(Value::as_array);
    let shape = answer.pointer("/outputs/0/shape").and_then(Value::as_array);
    let sizes: Vec<usize> = shape
        .into_iter()
        .flatten()
        .filter_map(|it| usize::try_from(it.as_u64()?).ok())
        .collect();
    let rows = match (numbers, sizes.as_slice()) {
        (Some(numbers), [rows, width])
            if *rows == asked.inputs
                && *width > 0
                && rows.checked_mul(*width) == Some(numbers.len()) =>
        {
            numbers.chunks(*width)
        }
        _ => {
            return Err(fault::upstream(
                "the provider's first output has no row for each input",
            ));
        }
    };
    let entry = |(index, row): (usize, &[Value])| {
        let vector = Value::from(row.to_vec());
        let embedding = if asked.base64 {
            vectors::base64(&vector).into()
        } else {
            vector
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let data: Vec<Value> = rows.enumerate().map(entry).collect();
    let usage = json!({"prompt_tokens": asked.tokens, "total_tokens": asked.tokens});
    let document = json!({"object": "list", "data": data, "usage": usage});
    Ok(Response::json(&document).respond())
}
